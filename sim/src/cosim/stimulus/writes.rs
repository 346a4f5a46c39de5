//! Registers written under traffic, one after the other. What is written in which order is the driver's to say
//! ([`Settings::writes_from`]); here is how that goes on from cycle to cycle, through resets in the middle of a write.

use std::collections::VecDeque;

use scr_hdl::{Dut, Port};
use scr_wire::Config;
use scr_wire::registers::{self, Capabilities};

use crate::cosim::steps::Setting;
use crate::stream::{Access, Answer, NoAnswer, PortError, RegisterBus, Settings};

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

/// An event of a write in a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    /// The write began: offset and value.
    Began(u16, u32),
    /// The write's response came.
    Ended,
}

/// The part that waits for the answer to an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asker {
    /// The writes, which need it to go on.
    Writes,
    /// The caller of [`RegisterWrites::read`].
    Caller,
}

/// Brings the registers from the settings that stand in them to those that are wanted.
///
/// ```text
/// change(setting) … then, in every cycle while busy(): drive(dut)?; dut.tick();
/// ```
pub(crate) struct RegisterWrites {
    bus: RegisterBus,
    wanted: Settings,
    /// The capabilities of the hardware, once they are read.
    capabilities: Option<Capabilities>,
    /// The settings in the registers, `prefix_words` 0 when it is not known.
    standing: Settings,
    /// `wanted` has to be compared with what stands in the registers.
    compare: bool,
    writes: VecDeque<(u16, u32)>,
    under_way: Option<(Access, Asker)>,
    answer: Option<u32>,
}

impl RegisterWrites {
    /// Finds the ports `s_axil_*` of a block that is to have the settings `wanted` after each reset.
    pub(crate) fn new(ports: &[Port], wanted: Settings) -> Result<Self, PortError> {
        Ok(Self {
            bus: RegisterBus::find(ports)?,
            wanted,
            capabilities: None,
            standing: unknown(),
            compare: true,
            writes: VecDeque::new(),
            under_way: None,
            answer: None,
        })
    }

    /// Wants one setting changed. What differs from the registers is written by [`drive`](Self::drive) in the
    /// following cycles.
    pub(crate) fn change(&mut self, setting: Setting) {
        self.wanted = setting.applied(&self.wanted);
        self.compare = true;
    }

    /// Whether there is something left to do.
    pub(crate) fn busy(&self) -> bool {
        self.compare || !self.writes.is_empty() || self.under_way.is_some() || self.bus.lingers()
    }

    /// Chooses the register inputs of the coming cycle.
    ///
    /// # Errors
    ///
    /// [`SettingError`]; the writes behind the refused one are not made.
    pub(crate) fn drive(
        &mut self,
        dut: &mut (impl Dut + ?Sized),
    ) -> Result<Option<Write>, SettingError> {
        if !self.busy() {
            return Ok(None);
        }
        let mut event = None;
        if self.under_way.is_none()
            && let Some(access) = self.next()
        {
            self.start(access, Asker::Writes);
            if let Access::Write { offset, value, .. } = access {
                event = Some(Write::Began(offset, value));
            }
        }
        if let Some(answer) = self.bus.step(dut)?
            && let Some((access, asker)) = self.under_way.take()
        {
            match asker {
                Asker::Caller => self.answer = Some(answer.value),
                Asker::Writes => self.note(access, answer)?,
            }
            if let Access::Write { .. } = access {
                event = Some(Write::Ended);
            }
        }
        Ok(event)
    }

    /// Reads a register, when nothing else is to be done: [`drive`](Self::drive) until the [answer](Self::answer)
    /// is there.
    ///
    /// # Panics
    ///
    /// When an access is under way.
    pub(crate) fn read(&mut self, offset: u16) {
        self.start(Access::Read { offset }, Asker::Caller);
    }

    /// What was read, when it is there.
    pub(crate) fn answer(&mut self) -> Option<u32> {
        self.answer.take()
    }

    /// The bus that is written over.
    pub(crate) fn bus(&mut self) -> &mut RegisterBus {
        &mut self.bus
    }

    /// The hardware and the bus have been reset: what was under way is lost, and what the reset cleared will be
    /// written again.
    pub(crate) fn forget(&mut self) {
        self.under_way = None;
        self.writes.clear();
        self.standing = unknown();
        self.compare = true;
    }

    fn start(&mut self, access: Access, asker: Asker) {
        self.bus.start(access);
        self.under_way = Some((access, asker));
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

    /// An access of the writes' own is done.
    fn note(&mut self, access: Access, answer: Answer) -> Result<(), SettingError> {
        match access {
            Access::Write { offset, value, .. } if answer.refused => {
                let name = registers::name(offset).to_string();
                return Err(SettingError::Refused { name, value });
            }
            Access::Write { offset, value, .. } => {
                self.standing = self.standing.clone().written(offset, value);
            }
            Access::Read { offset } if answer.refused => {
                let name = registers::name(offset).to_string();
                return Err(SettingError::NoRegister { name });
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
}

/// The settings behind a reset: B is then what the hardware was generated for.
fn unknown() -> Settings {
    Settings::new(Config::new(1, 0))
}
