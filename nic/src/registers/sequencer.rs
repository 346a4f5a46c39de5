//! The driver of the hardware sequencer: identify, check, configure, read counters.

use scr_wire::registers::{self, Capabilities, Register};
use scr_wire::{Config, MAX_CORES, Profile, Seq};

use super::{ControlError, RegisterAccess, Settings};

/// A sequencer found behind its registers.
#[derive(Debug)]
pub struct SequencerControl<A> {
    access: A,
    capabilities: Capabilities,
    design_version: u16,
}

/// The sequencer's counters since its last reset.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counters {
    /// Frames received completely.
    pub packets_in: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Frames given a number.
    pub sequenced: u64,
    /// Frames passed by.
    pub passed_by: u64,
    /// Bytes sent, prefixes included.
    pub bytes_out: u64,
    /// Cycles in which a beat was offered at the input and not accepted.
    pub input_stall_cycles: u64,
    /// Cycles in which a beat was offered at the output and not accepted.
    pub output_stall_cycles: u64,
    /// Frames with an IP EtherType that are not IP packets.
    pub malformed: u64,
    /// Frames sent to each core, one entry per core that the hardware can have.
    pub sent: Vec<u64>,
}

/// The register STATUS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// A write was refused since this was last cleared.
    pub refused: bool,
    /// The epoch, 0..64.
    pub epoch: u8,
}

impl<A: RegisterAccess> SequencerControl<A> {
    /// Finds the sequencer and reads its capabilities.
    ///
    /// # Errors
    ///
    /// [`ControlError::NoSequencer`] and [`ControlError::Format`] if the registers are not those of a supported
    /// sequencer.
    pub fn identify(access: A) -> Result<Self, ControlError> {
        let mut control = Self {
            access,
            capabilities: Capabilities::from_word(0),
            design_version: 0,
        };
        let id = control.read(registers::ID.offset)?;
        if id != registers::ID_VALUE {
            return Err(ControlError::NoSequencer(id));
        }
        let version = control.read(registers::VERSION.offset)?;
        let (found, known) = (
            (version >> 16) as u16,
            (registers::VERSION_VALUE >> 16) as u16,
        );
        if found != known {
            return Err(ControlError::Format { found, known });
        }
        control.design_version = version as u16;
        let word = control.read(registers::CAPABILITIES.offset)?;
        control.capabilities = Capabilities::from_word(word);
        Ok(control)
    }

    /// The parameters the sequencer was generated for.
    pub fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    /// Version of the hardware's design.
    pub fn design_version(&self) -> u16 {
        self.design_version
    }

    /// The access to the registers; if the NIC itself provides it, a way to the NIC's other functions.
    pub fn access(&mut self) -> &mut A {
        &mut self.access
    }

    /// Checks that the sequencer's rows are those of `profile`.
    ///
    /// # Errors
    ///
    /// [`ControlError::Profile`].
    pub fn expect_profile(&self, profile: &Profile) -> Result<(), ControlError> {
        let wanted = Capabilities::new(profile, 1, 0);
        let found = self.capabilities;
        if (found.profile_id, found.row_log2) == (wanted.profile_id, wanted.row_log2) {
            return Ok(());
        }
        Err(ControlError::Profile {
            found: found.profile_id,
            found_bytes: found.row_bytes(),
            wanted: wanted.profile_id,
            wanted_bytes: wanted.row_bytes(),
        })
    }

    /// Checks that a configuration fits, without changing the hardware's.
    ///
    /// # Errors
    ///
    /// [`ControlError::DoesNotFit`].
    pub fn check(&self, config: &Config) -> Result<(), ControlError> {
        let checked = self.capabilities.limits().check(config);
        checked
            .map(drop)
            .map_err(|reason| ControlError::DoesNotFit {
                reason,
                capabilities: self.capabilities,
            })
    }

    /// The configuration in the registers.
    ///
    /// # Errors
    ///
    /// [`ControlError::Bus`].
    pub fn config(&mut self) -> Result<Config, ControlError> {
        let control = self.read(registers::CONTROL.offset)?;
        Ok(Config {
            cores: self.read(registers::CORES.offset)? as u8,
            prefix_words: self.read(registers::PREFIX_WORDS.offset)? as u8,
            enable: control & registers::CONTROL_ENABLE != 0,
            sequence_all: control & registers::CONTROL_SEQUENCE_ALL != 0,
        })
    }

    /// Writes a configuration to the registers, one valid step at a time. It takes effect between two frames; if both k
    /// and B change, some frames may be sent under the intermediate step, which is valid, too.
    ///
    /// # Errors
    ///
    /// [`ControlError::DoesNotFit`], and nothing is written; [`ControlError::Refused`] if the hardware has rules of its
    /// own, such as whole beats.
    pub fn configure(&mut self, config: &Config) -> Result<(), ControlError> {
        self.check(config)?;
        let now = Settings::new(self.config()?);
        self.change(&now, &Settings::new(*config))
    }

    /// All settings in the registers.
    ///
    /// # Errors
    ///
    /// [`ControlError::Bus`].
    pub fn settings(&mut self) -> Result<Settings, ControlError> {
        let steering = (0..self.capabilities.max_cores).map(|core| self.steering(core));
        let steering = steering.collect::<Result<_, _>>()?;
        Ok(Settings {
            sequencer: self.config()?,
            default_queue: self.read(registers::DEFAULT_QUEUE.offset)? as u16,
            steering,
        })
    }

    /// Writes settings to the registers, where they differ from those there: queues first, then as
    /// [`configure`](Self::configure) does.
    ///
    /// # Errors
    ///
    /// As for [`configure`](Self::configure); [`ControlError::Refused`] also if the hardware has no such core or queue.
    pub fn apply(&mut self, settings: &Settings) -> Result<(), ControlError> {
        self.check(&settings.sequencer)?;
        let now = self.settings()?;
        self.change(&now, settings)
    }

    fn change(&mut self, now: &Settings, wanted: &Settings) -> Result<(), ControlError> {
        for (offset, value) in wanted.writes_from(now, self.capabilities) {
            self.write(offset, value)?;
        }
        Ok(())
    }

    /// The queue that a core's frames are steered to.
    ///
    /// # Errors
    ///
    /// [`ControlError::Bus`].
    pub fn steering(&mut self, core: u8) -> Result<u16, ControlError> {
        let offset = registers::STEERING.of_core(core.min(MAX_CORES));
        Ok(self.read(offset)? as u16)
    }

    /// Reads the refusal flag and the epoch.
    ///
    /// # Errors
    ///
    /// [`ControlError::Bus`].
    pub fn status(&mut self) -> Result<Status, ControlError> {
        let word = self.read(registers::STATUS.offset)?;
        Ok(Status {
            refused: word & registers::STATUS_REFUSED != 0,
            epoch: (word >> registers::STATUS_EPOCH_SHIFT) as u8,
        })
    }

    /// The sequence number of the next sequenced frame.
    ///
    /// # Errors
    ///
    /// [`ControlError::Bus`].
    pub fn next_seq(&mut self) -> Result<Seq, ControlError> {
        Ok(Seq::new(self.read_wide(registers::SEQ.offset)?))
    }

    /// Reads all counters. Each is exact; they are read one after the other, so under traffic they belong to different
    /// moments.
    ///
    /// # Errors
    ///
    /// [`ControlError::Bus`].
    pub fn counters(&mut self) -> Result<Counters, ControlError> {
        let mut read = |register: Register| self.read_wide(register.offset);
        let mut counters = Counters {
            packets_in: read(registers::PACKETS_IN)?,
            bytes_in: read(registers::BYTES_IN)?,
            sequenced: read(registers::PACKETS_SEQUENCED)?,
            passed_by: read(registers::PACKETS_PASSED_BY)?,
            bytes_out: read(registers::BYTES_OUT)?,
            input_stall_cycles: read(registers::INPUT_STALL_CYCLES)?,
            output_stall_cycles: read(registers::OUTPUT_STALL_CYCLES)?,
            malformed: read(registers::MALFORMED)?,
            sent: Vec::new(),
        };
        for core in 0..self.capabilities.max_cores {
            let count = self.read_wide(registers::SENT.of_core(core))?;
            counters.sent.push(count);
        }
        Ok(counters)
    }

    fn read(&mut self, offset: u16) -> Result<u32, ControlError> {
        self.access.read(offset).map_err(ControlError::Bus)
    }

    /// Reads the low half first, which latches the high one.
    fn read_wide(&mut self, offset: u16) -> Result<u64, ControlError> {
        let low = self.read(offset)?;
        let high = self.read(offset + 4)?;
        Ok(u64::from(high) << 32 | u64::from(low))
    }

    /// Writes, and checks whether the write was refused: a write into a PCI BAR has no response.
    fn write(&mut self, offset: u16, value: u32) -> Result<(), ControlError> {
        let clear = |control: &mut Self| {
            control
                .access
                .write(registers::STATUS.offset, registers::STATUS_REFUSED)
                .map_err(ControlError::Bus)
        };
        if self.status()?.refused {
            clear(self)?;
        }
        self.access
            .write(offset, value)
            .map_err(ControlError::Bus)?;
        if self.status()?.refused {
            clear(self)?;
            let name = registers::name(offset).to_string();
            return Err(ControlError::Refused { name, value });
        }
        Ok(())
    }
}
