//! The steps of a run.

use fastrand::Rng;
use scr_wire::{Limits, MAX_PREFIX_WORDS, Profile};

use super::packets::{Fragment, Network, Shape, TestPacket, Transport, random_packet};
use crate::stream::Settings;

/// One change of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Enable; from false to true starts a new epoch.
    Enable(bool),
    /// Sequence every frame, not only IP.
    SequenceAll(bool),
    /// Number of cores k.
    Cores(u8),
    /// Prefix words B.
    PrefixWords(u8),
    /// Queue of frames that are not sequenced.
    DefaultQueue(u16),
    /// Queue of a core.
    Steer {
        /// Number of the core.
        core: u8,
        /// Queue for the core.
        queue: u16,
    },
}

impl Setting {
    /// The settings with this one changed.
    #[must_use]
    pub fn applied(self, settings: &Settings) -> Settings {
        let mut settings = settings.clone();
        match self {
            Self::Enable(on) => settings.sequencer.enable = on,
            Self::SequenceAll(on) => settings.sequencer.sequence_all = on,
            Self::Cores(cores) => settings.sequencer.cores = cores,
            Self::PrefixWords(words) => settings.sequencer.prefix_words = words,
            Self::DefaultQueue(queue) => settings.default_queue = queue,
            Self::Steer { core, queue } => settings.steer(core, queue),
        }
        settings
    }
}

/// Adds changes that disable the block, if it is enabled, and enable it at once.
fn toggle(settings: &mut Settings, steps: &mut Vec<Step>) {
    for on in [false, true] {
        if settings.sequencer.enable != on {
            let setting = Setting::Enable(on);
            *settings = setting.applied(settings);
            steps.push(Step::Set(setting));
        }
    }
}

/// One step of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send a packet.
    Packet(TestPacket),
    /// Change a setting at some moment while the previous packet is being sent, or at once after the previous change
    /// has been written. Packets do not wait for it.
    Set(Setting),
    /// Reset the block for this many cycles, at some moment while the previous packet is being sent. Whatever is inside
    /// is lost.
    Reset(u8),
    /// Wait until every frame is out.
    Drain,
}

/// Parameters of random runs.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Number of packets.
    pub packets: usize,
    /// Row profile, which bounds k and B.
    pub profile: Profile,
    /// History depth N, which bounds k.
    pub history: usize,
    /// Largest k.
    pub max_cores: u8,
    /// Largest queue number.
    pub max_queue: u16,
    /// The initial settings.
    pub settings: Settings,
    /// Change settings about once in this many packets; 0 means never.
    pub change_every: usize,
    /// Reset about once in this many packets; 0 means never.
    pub reset_every: usize,
    /// Drain about once in this many packets; 0 means never.
    pub drain_every: usize,
    /// B stays a multiple of this: 2 if a beat has two words (1024 bits), else 1.
    pub words_per_beat: u8,
}

impl Plan {
    /// The steps of this plan for `seed`. Settings are valid after each of them.
    pub fn steps(&self, seed: u64) -> Vec<Step> {
        let mut rng = Rng::with_seed(seed);
        let mut settings = self.settings.clone();
        let mut steps = Vec::with_capacity(self.packets + self.packets / 4);
        let once_in = |rng: &mut Rng, n: usize| n != 0 && rng.usize(..n) == 0;
        for _ in 0..self.packets {
            steps.push(Step::Packet(random_packet(&mut rng)));
            if once_in(&mut rng, self.change_every) {
                let setting = self.setting(&mut rng, &settings);
                settings = setting.applied(&settings);
                steps.push(Step::Set(setting));
                // A brief bypass while packets wait inside; also directly after a change of k.
                let toggles = match setting {
                    Setting::Enable(false) => rng.bool(),
                    Setting::Cores(_) => rng.u8(..4) == 0,
                    _ => false,
                };
                if toggles {
                    toggle(&mut settings, &mut steps);
                }
            }
            if once_in(&mut rng, self.reset_every) {
                // A single cycle is the shortest possible reset, and the hardest case.
                let most = if rng.bool() { 2 } else { 20 };
                steps.push(Step::Reset(rng.u8(1..=most)));
            }
            if once_in(&mut rng, self.drain_every) {
                steps.push(Step::Drain);
            }
        }
        steps
    }

    /// Steps of this plan with packets of at most 64 bytes, most of them IP, which pile up behind a stalling sink,
    /// while epochs and k change often: about once in [`change_every`](Self::change_every) packets, or 24. Nothing is
    /// reset or drained.
    pub fn crowded(&self, seed: u64) -> Vec<Step> {
        let mut rng = Rng::with_seed(seed);
        let mut settings = self.settings.clone();
        let mut steps = Vec::new();
        let change_every = match self.change_every {
            0 => 24,
            n => n,
        };
        for _ in 0..self.packets {
            let mut packet = random_packet(&mut rng);
            if rng.u8(..4) != 0 {
                let shape = Shape {
                    vlan_tags: 0,
                    tpids: 0,
                    network: Network::Ipv4 {
                        first: 0x45,
                        fragment: Fragment::Whole,
                        transport: Transport::Udp,
                    },
                    length: 64,
                    seed: rng.u64(..),
                };
                packet.bytes = shape.bytes();
            }
            packet.bytes.truncate(64);
            steps.push(Step::Packet(packet));
            if rng.usize(..change_every) != 0 {
                continue;
            }
            let kind = rng.u8(..4);
            if kind < 3 {
                let setting = self.setting(&mut rng, &settings);
                settings = setting.applied(&settings);
                steps.push(Step::Set(setting));
            }
            if kind > 0 {
                toggle(&mut settings, &mut steps);
            }
        }
        steps
    }

    /// A change that leaves the settings valid.
    fn setting(&self, rng: &mut Rng, now: &Settings) -> Setting {
        let config = now.sequencer;
        let limits = Limits::new(&self.profile, self.history, self.max_cores);
        let cores_with = |words| limits.map_or(0, |limits| limits.most_cores(words));
        match rng.u8(..16) {
            // Bypass is left again soon, because it tests little.
            0..2 => Setting::Enable(!config.enable),
            _ if !config.enable && rng.bool() => Setting::Enable(true),
            2..4 => Setting::SequenceAll(!config.sequence_all),
            4..8 => Setting::Cores(match cores_with(config.prefix_words) {
                0 => config.cores,
                most => rng.u8(1..=most),
            }),
            8..12 => {
                let largest = if rng.u8(..4) == 0 {
                    MAX_PREFIX_WORDS
                } else {
                    6
                };
                let fitting: Vec<u8> = (1..=largest)
                    .filter(|&words| words % self.words_per_beat == 0)
                    .filter(|&words| cores_with(words) >= config.cores)
                    .collect();
                let words = if fitting.is_empty() {
                    config.prefix_words
                } else {
                    fitting[rng.usize(..fitting.len())]
                };
                Setting::PrefixWords(words)
            }
            12..14 => Setting::DefaultQueue(rng.u16(..=self.max_queue)),
            _ => Setting::Steer {
                core: rng.u8(..self.max_cores),
                queue: rng.u16(..=self.max_queue),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scr_wire::{Config, Geometry, Sequencer, profile};

    #[test]
    fn plans_stay_valid() {
        for profile in profile::BUILTIN {
            let words = Geometry::fewest_words(profile, 1).unwrap().prefix_words();
            let config = Config::new(1, words);
            let plan = Plan {
                packets: 2_000,
                profile: *profile,
                history: 16,
                max_cores: 128,
                max_queue: 511,
                settings: Settings::new(config),
                change_every: 2,
                reset_every: 50,
                drain_every: 20,
                words_per_beat: 1,
            };
            let mut golden = Box::new(Sequencer::new(profile, 16, config).unwrap());
            let mut settings = plan.settings.clone();
            let mut changes = 0;
            for step in plan.steps(3) {
                if let Step::Set(setting) = step {
                    settings = setting.applied(&settings);
                    golden.configure(settings.sequencer).unwrap();
                    changes += 1;
                }
            }
            assert!(changes > 500);
        }
    }
}
