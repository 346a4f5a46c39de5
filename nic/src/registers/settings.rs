//! Everything that can be changed in a running sequencer, and the order in which it is written.

use scr_wire::registers::{self, Capabilities};
use scr_wire::{Config, MAX_CORES, Profile};

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
    /// The settings with k, B, enable and `sequence_all` of `sequencer`, queue 0 for frames that are not sequenced, and queue c for core c.
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

    /// The writes that lead from the settings `now` to these, one valid step at a time: offsets and values.
    ///
    /// Queues come first, so that no frame is sent under the new configuration to an old queue.
    pub fn writes_from(
        &self,
        now: &Self,
        capabilities: Capabilities,
    ) -> impl Iterator<Item = (u16, u32)> + use<> {
        let mut queues = Vec::new();
        if now.default_queue != self.default_queue {
            let offset = registers::DEFAULT_QUEUE.offset;
            queues.push((offset, self.default_queue.into()));
        }
        for core in 0..MAX_CORES {
            if now.queue(core) != self.queue(core) {
                queues.push((registers::STEERING.of_core(core), self.queue(core).into()));
            }
        }
        let rest = registers::plan(capabilities, &now.sequencer, &self.sequencer);
        queues.into_iter().chain(rest)
    }

    /// Steers a core to a queue.
    pub fn steer(&mut self, core: u8, queue: u16) {
        while self.steering.len() <= usize::from(core) {
            self.steering.push(self.steering.len() as u16);
        }
        self.steering[usize::from(core)] = queue;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scr_wire::profile;

    #[test]
    fn writes_lead_from_one_setting_to_the_other_queues_first() {
        let capabilities = Capabilities::new(&profile::FLOW, 16, 64);
        let mut now = Settings::new(Config::new(3, 1));
        let mut wanted = Settings::new(Config::new(7, 4));
        wanted.default_queue = 9;
        wanted.steer(5, 40);
        let writes: Vec<_> = wanted.writes_from(&now, capabilities).collect();
        assert_eq!(writes[0], (registers::DEFAULT_QUEUE.offset, 9));
        assert_eq!(writes[1], (registers::STEERING.of_core(5), 40));
        for &(offset, value) in &writes {
            now = now.written(offset, value);
            assert!(capabilities.limits().check(&now.sequencer).is_ok());
        }
        assert_eq!(now.sequencer, wanted.sequencer);
        assert!((0..MAX_CORES).all(|core| now.queue(core) == wanted.queue(core)));
        assert_eq!(wanted.writes_from(&now, capabilities).count(), 0);
    }
}
