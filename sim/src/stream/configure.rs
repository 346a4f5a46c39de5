//! Settings, and the seam through which they reach the hardware.

use scr_hdl::{Direction, Dut, Port};
use scr_wire::{Config, MAX_CORES};

use super::PortError;
use super::ports::Field;

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

    /// Steers a core to a queue.
    pub fn steer(&mut self, core: u8, queue: u16) {
        while self.steering.len() <= usize::from(core) {
            self.steering.push(self.steering.len() as u16);
        }
        self.steering[usize::from(core)] = queue;
    }
}

/// Why settings are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// A value does not fit the hardware.
    #[error("{name} {value} does not fit the hardware, which takes at most {max}")]
    TooLarge {
        /// The setting.
        name: &'static str,
        /// The value asked for.
        value: u64,
        /// The largest possible.
        max: u64,
    },
}

/// The way by which settings reach the hardware: ports of their own, or a register bus.
///
/// ```text
/// request(settings) … then, in every cycle while busy(): drive(dut); dut.tick();
/// ```
pub trait Configure: Send {
    /// Asks for `settings`. What differs from the settings in force is written by
    /// [`drive`](Self::drive) in the following cycles.
    ///
    /// # Errors
    ///
    /// [`SettingError`]; nothing is written then.
    fn request(&mut self, settings: &Settings) -> Result<(), SettingError>;

    /// Chooses the configuration inputs of the coming cycle.
    fn drive(&mut self, dut: &mut dyn Dut);

    /// Whether there is something left to write.
    fn busy(&self) -> bool;

    /// The hardware was reset: what a reset clears will have to be written again.
    fn was_reset(&mut self);
}

/// Configuration by ports: one for each setting, and a write port for the steering table.
#[derive(Clone, Debug)]
pub struct ConfigPorts {
    enable: Field,
    sequence_all: Field,
    cores: Field,
    prefix_words: Field,
    default_queue: Field,
    steer_write: Field,
    steer_core: Field,
    steer_queue: Field,
    wanted: Settings,
    /// The scalar ports must be driven.
    changed: bool,
    /// The steering table as the hardware has it.
    steering: [u16; MAX_CORES as usize],
    /// The steering table has to be compared with what is wanted, from this core on.
    next_core: u8,
    writing: bool,
}

impl ConfigPorts {
    /// Finds the ports `cfg_*`.
    ///
    /// # Errors
    ///
    /// [`PortError`] when one is missing.
    pub fn find(ports: &[Port]) -> Result<Self, PortError> {
        let find = |name| Field::find(ports, name, Direction::Input);
        Ok(Self {
            enable: find("cfg_enable")?,
            sequence_all: find("cfg_sequence_all")?,
            cores: find("cfg_cores")?,
            prefix_words: find("cfg_prefix_words")?,
            default_queue: find("cfg_default_queue")?,
            steer_write: find("cfg_steer_write")?,
            steer_core: find("cfg_steer_core")?,
            steer_queue: find("cfg_steer_queue")?,
            wanted: Settings::new(Config::new(1, 1)),
            changed: true,
            steering: std::array::from_fn(|core| core as u16),
            next_core: 0,
            writing: false,
        })
    }

    /// The next core whose entry is not as wanted.
    fn next_difference(&self) -> Option<u8> {
        (self.next_core..MAX_CORES)
            .find(|&core| self.steering[usize::from(core)] != self.wanted.queue(core))
    }
}

impl Configure for ConfigPorts {
    fn request(&mut self, settings: &Settings) -> Result<(), SettingError> {
        let fits = |field: Field, name, value: u64| {
            let max = field.max() as u64;
            if value <= max {
                Ok(())
            } else {
                Err(SettingError::TooLarge { name, value, max })
            }
        };
        let config = settings.sequencer;
        fits(self.cores, "k =", config.cores.into())?;
        fits(self.prefix_words, "B =", config.prefix_words.into())?;
        fits(
            self.default_queue,
            "default queue",
            settings.default_queue.into(),
        )?;
        for (core, &queue) in settings.steering.iter().enumerate() {
            fits(self.steer_core, "steered core", core as u64)?;
            fits(self.steer_queue, "queue", queue.into())?;
        }
        self.wanted.clone_from(settings);
        self.changed = true;
        self.next_core = 0;
        Ok(())
    }

    fn drive(&mut self, dut: &mut dyn Dut) {
        if self.changed {
            let config = self.wanted.sequencer;
            self.enable.set_bit(dut, config.enable);
            self.sequence_all.set_bit(dut, config.sequence_all);
            self.cores.set(dut, config.cores.into());
            self.prefix_words.set(dut, config.prefix_words.into());
            self.default_queue
                .set(dut, self.wanted.default_queue.into());
            self.changed = false;
        }
        let next = self.next_difference();
        if let Some(core) = next {
            let queue = self.wanted.queue(core);
            self.steer_core.set(dut, core.into());
            self.steer_queue.set(dut, queue.into());
            self.steering[usize::from(core)] = queue;
        }
        self.next_core = next.map_or(MAX_CORES, |core| core + 1);
        if self.writing != next.is_some() {
            self.writing = next.is_some();
            self.steer_write.set_bit(dut, self.writing);
        }
    }

    fn busy(&self) -> bool {
        self.changed || self.writing || self.next_core < MAX_CORES
    }

    fn was_reset(&mut self) {
        self.steering = std::array::from_fn(|core| core as u16);
        self.next_core = 0;
    }
}
