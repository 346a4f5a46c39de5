//! Settings written into the registers while the clock runs. What is written in which order is the driver's to say
//! ([`Settings::writes_from`]); here is when.

use std::collections::VecDeque;

use scr_hdl::{Dut, Port};
use scr_nic::registers::Settings;
use scr_wire::Config;
use scr_wire::registers::{self, Capabilities};

use super::PortError;
use super::registers::{Access, Answer, NoAnswer, RegisterBus};

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

    /// The bus that it writes over.
    pub(crate) fn bus(&mut self) -> &mut RegisterBus {
        &mut self.bus
    }

    /// The hardware and the bus have been reset: what was under way is lost, and what a reset clears will be written
    /// again.
    pub(crate) fn forget(&mut self) {
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
            self.writes = self
                .wanted
                .writes_from(&self.standing, capabilities)
                .collect();
        }
        let (offset, value) = self.writes.pop_front()?;
        Some(Access::write(offset, value))
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
