//! Settings, and how they are written into the registers while the clock runs.

use std::collections::VecDeque;

use scr_hdl::{Dut, Port};
use scr_wire::registers::{self, Capabilities};
use scr_wire::{Config, MAX_CORES, Profile};

use super::PortError;
use super::registers::{Access, Answer, NoAnswer, RegisterBus};

/// Everything that can be changed in a running sequencer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// k, B, enable, `sequence_all`.
    pub sequencer: Config,
    /// Queue of frames that are not sequenced.
    pub default_queue: u16,
    /// Queue of each core. Cores behind the end of the list have the queue of their own number, as after a
    /// reset.
    pub steering: Vec<u16>,
}

impl Settings {
    /// These k, B, enable and `sequence_all`; queue 0 for what is not sequenced, queue c for core c.
    pub fn new(sequencer: Config) -> Self {
        Self {
            sequencer,
            default_queue: 0,
            steering: Vec::new(),
        }
    }

    /// Queue of a core.
    pub fn queue(&self, core: u8) -> u16 {
        self.steering
            .get(usize::from(core))
            .copied()
            .unwrap_or(u16::from(core))
    }

    /// The settings of hardware after a reset, with beats of `beat_bytes`.
    pub fn after_reset(profile: &Profile, beat_bytes: usize) -> Self {
        let mut config = registers::reset_config(profile);
        let words_per_beat = beat_bytes.div_ceil(scr_wire::WORD_BYTES) as u8;
        config.prefix_words = config.prefix_words.next_multiple_of(words_per_beat);
        Self::new(config)
    }

    /// The settings with what a write to a register makes of them; one to a register without a setting changes nothing.
    #[must_use]
    pub fn written(mut self, offset: u16, value: u32) -> Self {
        let steering = registers::STEERING;
        if offset == registers::CONTROL.offset {
            self.sequencer.enable = value & registers::CONTROL_ENABLE != 0;
            self.sequencer.sequence_all = value & registers::CONTROL_SEQUENCE_ALL != 0;
        } else if offset == registers::CORES.offset {
            self.sequencer.cores = value as u8;
        } else if offset == registers::PREFIX_WORDS.offset {
            self.sequencer.prefix_words = value as u8;
        } else if offset == registers::DEFAULT_QUEUE.offset {
            self.default_queue = value as u16;
        } else if (steering.offset..steering.of_core(MAX_CORES)).contains(&offset) {
            let core = (offset - steering.offset) / 4;
            self.steer(core as u8, value as u16);
        }
        self
    }

    /// Steers a core to a queue.
    pub fn steer(&mut self, core: u8, queue: u16) {
        while self.steering.len() <= usize::from(core) {
            self.steering.push(self.steering.len() as u16);
        }
        self.steering[usize::from(core)] = queue;
    }
}

/// Why settings are not in force.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// The hardware refuses a value.
    #[error("the hardware refuses {value} for {name}")]
    Refused {
        /// The register.
        name: String,
        /// The value.
        value: u32,
    },
    /// A register cannot be read.
    #[error("the hardware has no register {name}: this is no sequencer of ours, or a newer one")]
    NoRegister {
        /// The register.
        name: String,
    },
    /// The registers do not answer.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
}

/// Writes settings into the registers, one access after the other, in an order that keeps each step valid.
///
/// ```text
/// request(settings) … then, in every cycle while busy(): drive(dut)?; dut.tick();
/// ```
#[derive(Clone, Debug)]
pub struct Configurator {
    bus: RegisterBus,
    wanted: Settings,
    /// What the hardware can do, once it is read.
    capabilities: Option<Capabilities>,
    /// The settings in the registers, `prefix_words` 0 when it is not known.
    standing: Settings,
    /// `wanted` has to be compared with what stands in the registers.
    compare: bool,
    writes: VecDeque<(u16, u32)>,
    access: Option<Access>,
    /// It is the caller's own.
    own: bool,
    answer: Option<Answer>,
}

impl Configurator {
    /// Finds the ports `s_axil_*`.
    ///
    /// # Errors
    ///
    /// [`PortError`] when one is missing.
    pub fn find(ports: &[Port]) -> Result<Self, PortError> {
        let unknown = Settings::new(Config::new(1, 0));
        Ok(Self {
            bus: RegisterBus::find(ports)?,
            wanted: unknown.clone(),
            capabilities: None,
            standing: unknown,
            compare: false,
            writes: VecDeque::new(),
            access: None,
            own: false,
            answer: None,
        })
    }

    /// Asks for `settings`. What differs from those in the registers is written by [`drive`](Self::drive) in the
    /// following cycles.
    pub fn request(&mut self, settings: &Settings) {
        self.wanted.clone_from(settings);
        self.compare = true;
    }

    /// Chooses the register inputs of the coming cycle.
    ///
    /// # Errors
    ///
    /// [`SettingError`]; the writes behind the refused one are not made.
    pub fn drive(&mut self, dut: &mut (impl Dut + ?Sized)) -> Result<(), SettingError> {
        if self.access.is_none() {
            self.access = self.next();
            if let Some(access) = self.access {
                self.bus.start(access);
            }
        }
        if let Some(answer) = self.bus.step(dut)?
            && let Some(access) = self.access.take()
        {
            if std::mem::take(&mut self.own) {
                self.answer = Some(answer);
                if let (Access::Write { offset, value, .. }, false) = (access, answer.refused) {
                    self.stands(offset, value);
                }
            } else {
                self.note(access, answer)?;
            }
        }
        Ok(())
    }

    /// Whether there is something left to write.
    pub fn busy(&self) -> bool {
        self.compare || !self.writes.is_empty() || self.access.is_some() || self.bus.lingers()
    }

    /// The hardware is being reset: what was under way is lost, and what a reset clears will be written again.
    pub fn reset(&mut self, dut: &mut (impl Dut + ?Sized)) {
        self.bus.reset(dut);
        self.access = None;
        self.own = false;
        self.writes.clear();
        self.standing = Settings::new(Config::new(1, 0));
        self.compare = true;
    }

    /// Starts an access of the caller's own, made by [`drive`](Self::drive) like the others. None may be under way.
    pub(crate) fn start(&mut self, access: Access) {
        self.bus.start(access);
        self.access = Some(access);
        self.own = true;
    }

    /// The write that is under way: offset and value.
    pub(crate) fn writing(&self) -> Option<(u16, u32)> {
        match self.access? {
            Access::Write { offset, value, .. } => Some((offset, value)),
            Access::Read { .. } => None,
        }
    }

    /// The answer to the caller's own access, when it is there.
    pub(crate) fn answer(&mut self) -> Option<Answer> {
        self.answer.take()
    }

    /// The next access that leads to what is wanted.
    fn next(&mut self) -> Option<Access> {
        if self.compare {
            let Some(capabilities) = self.capabilities else {
                let offset = registers::CAPABILITIES.offset;
                return Some(Access::Read { offset });
            };
            if self.standing.sequencer.prefix_words == 0 {
                let offset = registers::PREFIX_WORDS.offset;
                return Some(Access::Read { offset });
            }
            self.compare = false;
            self.plan(capabilities);
        }
        let (offset, value) = self.writes.pop_front()?;
        Some(Access::write(offset, value))
    }

    fn plan(&mut self, capabilities: Capabilities) {
        let (now, to) = (&self.standing, &self.wanted);
        let mut writes: VecDeque<_> =
            registers::plan(capabilities, &now.sequencer, &to.sequencer).collect();
        // Queues first, so that no frame is sent under the new configuration to an old queue.
        for core in (0..MAX_CORES).rev() {
            if now.queue(core) != to.queue(core) {
                writes.push_front((registers::STEERING.of_core(core), to.queue(core).into()));
            }
        }
        if now.default_queue != to.default_queue {
            let offset = registers::DEFAULT_QUEUE.offset;
            writes.push_front((offset, to.default_queue.into()));
        }
        self.writes = writes;
    }

    /// An access of [`drive`](Self::drive) is done.
    fn note(&mut self, access: Access, answer: Answer) -> Result<(), SettingError> {
        match access {
            Access::Write { offset, value, .. } if answer.refused => {
                self.writes.clear();
                self.compare = false;
                let name = registers::name(offset).to_string();
                return Err(SettingError::Refused { name, value });
            }
            Access::Write { offset, value, .. } => self.stands(offset, value),
            Access::Read { offset } if answer.refused => {
                self.compare = false;
                return Err(SettingError::NoRegister {
                    name: registers::name(offset).to_string(),
                });
            }
            Access::Read { offset } if offset == registers::CAPABILITIES.offset => {
                self.capabilities = Some(Capabilities::from_word(answer.value));
            }
            Access::Read { .. } => {
                self.standing.sequencer.prefix_words = answer.value as u8;
            }
        }
        Ok(())
    }

    /// A register has been written.
    fn stands(&mut self, offset: u16, value: u32) {
        self.standing = self.standing.clone().written(offset, value);
    }
}
