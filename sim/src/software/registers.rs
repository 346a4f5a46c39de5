//! The registers as software: what each access must answer and change.

use std::collections::HashMap;

use scr_wire::registers::{self, Capabilities, Register};
use scr_wire::{Config, Geometry, MAX_CORES, Profile};

/// The register block: configuration, status and counters.
///
/// This is the golden model of the hardware's register block, and the register block of the stand-in. Its caller keeps `epoch`, `next_seq` and the
/// counters current.
#[derive(Clone, Debug)]
pub struct RegisterModel {
    capabilities: Capabilities,
    words_per_beat: u8,
    reset_words: u8,
    /// CONTROL, CORES and PREFIX_WORDS.
    pub config: Config,
    /// DEFAULT_QUEUE.
    pub default_queue: u16,
    /// STEERING.
    pub steering: [u16; MAX_CORES as usize],
    /// STATUS, bit 0.
    pub refused: bool,
    /// STATUS, bits 15..8.
    pub epoch: u8,
    /// SEQ.
    pub next_seq: u64,
    /// The counters in the order of [`registers::COUNTERS`].
    pub counters: [u64; 8],
    /// SENT.
    pub sent: [u64; MAX_CORES as usize],
    /// The high half of each 64-bit register whose low half has been read, by its offset.
    latched: HashMap<u16, u32>,
}

/// Largest value of tdest.
const MAX_QUEUE: u32 = 511;

impl RegisterModel {
    /// Registers of hardware for rows of `profile`, N = `history` rows, at most `max_cores` cores and beats of
    /// `beat_bytes`.
    pub fn new(profile: &Profile, history: usize, max_cores: u8, beat_bytes: usize) -> Self {
        let words_per_beat = beat_bytes.div_ceil(scr_wire::WORD_BYTES) as u8;
        let fewest = Geometry::fewest_words(profile, 1).map_or(1, Geometry::prefix_words);
        let reset_words = fewest.next_multiple_of(words_per_beat);
        Self {
            capabilities: Capabilities::new(profile, max_cores, history),
            words_per_beat,
            reset_words,
            config: Config::new(1, reset_words),
            default_queue: 0,
            steering: std::array::from_fn(|core| core as u16),
            refused: false,
            epoch: 0,
            next_seq: 0,
            counters: [0; 8],
            sent: [0; MAX_CORES as usize],
            latched: HashMap::new(),
        }
    }

    /// A reset: all but epoch and sequence number, which are the datapath's.
    pub fn reset(&mut self) {
        self.config = Config::new(1, self.reset_words);
        self.default_queue = 0;
        self.steering = std::array::from_fn(|core| core as u16);
        self.refused = false;
        self.counters = [0; 8];
        self.sent = [0; MAX_CORES as usize];
        self.latched.clear();
    }

    /// A read; `None` is SLVERR, with data 0.
    pub fn read(&mut self, offset: u16) -> Option<u32> {
        let offset = offset & !3;
        let (high, wide) = (offset & 4 != 0, offset & !7);
        if let Some(value) = self.wide(wide) {
            let (low_half, high_half) = (value as u32, (value >> 32) as u32);
            if high {
                return Some(*self.latched.get(&wide).unwrap_or(&high_half));
            }
            self.latched.insert(wide, high_half);
            return Some(low_half);
        }
        let config = &self.config;
        let is = |r: Register| offset == r.offset;
        Some(match offset {
            _ if is(registers::ID) => registers::ID_VALUE,
            _ if is(registers::VERSION) => registers::VERSION_VALUE,
            _ if is(registers::CAPABILITIES) => self.capabilities.to_word(),
            _ if is(registers::CONTROL) => registers::control(config),
            _ if is(registers::CORES) => config.cores.into(),
            _ if is(registers::PREFIX_WORDS) => config.prefix_words.into(),
            _ if is(registers::DEFAULT_QUEUE) => self.default_queue.into(),
            _ if is(registers::STATUS) => {
                u32::from(self.refused) | u32::from(self.epoch) << registers::STATUS_EPOCH_SHIFT
            }
            _ => self.steering[self.core_of(registers::STEERING, offset)?].into(),
        })
    }

    /// A write; false is SLVERR.
    pub fn write(&mut self, offset: u16, value: u32, strobes: u8) -> bool {
        let done = match strobes {
            0 => true,
            0xf => self.write_whole(offset & !3, value),
            _ => false,
        };
        self.refused |= !done;
        done
    }

    fn write_whole(&mut self, offset: u16, value: u32) -> bool {
        let is = |r: Register| offset == r.offset;
        if is(registers::CONTROL) {
            self.config.enable = value & registers::CONTROL_ENABLE != 0;
            self.config.sequence_all = value & registers::CONTROL_SEQUENCE_ALL != 0;
            return true;
        }
        if is(registers::STATUS) {
            self.refused &= value & registers::STATUS_REFUSED == 0;
            return true;
        }
        if is(registers::CORES) || is(registers::PREFIX_WORDS) {
            let Ok(value) = u8::try_from(value) else {
                return false;
            };
            let mut config = self.config;
            if is(registers::CORES) {
                config.cores = value;
            } else {
                config.prefix_words = value;
            }
            let valid = self.is_valid(&config);
            if valid {
                self.config = config;
            }
            return valid;
        }
        if value > MAX_QUEUE {
            return false;
        }
        if is(registers::DEFAULT_QUEUE) {
            self.default_queue = value as u16;
            return true;
        }
        let Some(core) = self.core_of(registers::STEERING, offset) else {
            return false;
        };
        self.steering[core] = value as u16;
        true
    }

    /// Whether k and B go together on this hardware.
    pub fn is_valid(&self, config: &Config) -> bool {
        config.prefix_words.is_multiple_of(self.words_per_beat)
            && self.capabilities.limits().check(config).is_ok()
    }

    /// The 64-bit register at an offset.
    fn wide(&self, offset: u16) -> Option<u64> {
        if offset == registers::SEQ.offset {
            return Some(self.next_seq);
        }
        if let Some(core) = self.core_of(registers::SENT, offset) {
            return Some(self.sent[core]);
        }
        let place = registers::COUNTERS.iter().position(|r| r.offset == offset);
        place.map(|place| self.counters[place])
    }

    /// The core whose register `offset` is in.
    fn core_of(&self, register: Register, offset: u16) -> Option<usize> {
        let end = register.of_core(self.capabilities.max_cores);
        let place = (offset - register.offset.min(offset)) / (u16::from(register.bits) / 8);
        (register.offset..end)
            .contains(&offset)
            .then_some(place.into())
    }
}
