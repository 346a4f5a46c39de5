//! The traffic of a cosimulation: rounds, each of one kind of traffic from power-up on.

use std::path::{Path, PathBuf};

use scr_capture::{CaptureError, CaptureReader};
use scr_hdl::core::DEST;
use scr_sim::cosim::{CosimConfig, Plan, Step, TestPacket};
use scr_sim::stream::{Pattern, Settings};
use scr_wire::Profile;

use crate::error::Result;
use crate::input::{InputArgs, Remarks};
use crate::text;

/// Largest number of packets in a random round; each round has different patterns.
const ROUND_PACKETS: u64 = 500;

/// Random rounds change settings about once in this many packets; the next two constants do the same for resets and
/// drains.
const CHANGE_EVERY: usize = 10;
const RESET_EVERY: usize = 80;
const DRAIN_EVERY: usize = 40;

/// The packets of a round.
#[derive(Clone, Debug)]
pub enum Traffic {
    /// The packets of a capture.
    Capture(PathBuf, InputArgs),
    /// The nasty mix, with changes of settings and resets.
    Random {
        /// Number of packets.
        packets: u64,
        /// Seed of the packets.
        seed: u64,
    },
}

/// A run of the block from power-up.
#[derive(Clone, Debug)]
pub struct Round {
    /// The traffic sent.
    pub traffic: Traffic,
    /// When beats are offered.
    pub source: Pattern,
    /// When beats are taken.
    pub sink: Pattern,
    /// Seed of both patterns, and of the times at which settings change.
    pub seed: u64,
}

impl Round {
    /// Rounds for a capture: at full rate, and then with stalls on both sides.
    pub fn of_capture(path: &Path, input: InputArgs, seed: u64) -> Vec<Self> {
        [Pattern::Always, Pattern::Random(128)]
            .map(|pattern| Self {
                traffic: Traffic::Capture(path.to_owned(), input),
                source: pattern,
                sink: pattern,
                seed,
            })
            .to_vec()
    }

    /// Rounds of `packets` random packets in total, which go through all pairs of patterns.
    pub fn random(packets: u64, seed: u64) -> Vec<Self> {
        let kinds = Pattern::MIX.len() as u64;
        (0..packets.div_ceil(ROUND_PACKETS))
            .map(|round| Self {
                traffic: Traffic::Random {
                    packets: ROUND_PACKETS.min(packets - round * ROUND_PACKETS),
                    seed: seed.wrapping_add(round),
                },
                source: Pattern::MIX[(round % kinds) as usize],
                sink: Pattern::MIX[((round + round / kinds) % kinds) as usize],
                seed: seed.wrapping_add(round),
            })
            .collect()
    }

    /// The configuration `base` with the round's patterns.
    pub fn config(&self, base: &CosimConfig) -> CosimConfig {
        CosimConfig {
            source: self.source,
            sink: self.sink,
            seed: self.seed,
            ..base.clone()
        }
    }

    /// The steps of the round.
    ///
    /// # Errors
    ///
    /// If the capture cannot be opened.
    pub fn steps(&self, target: &Target) -> Result<Steps> {
        Ok(match &self.traffic {
            Traffic::Capture(path, input) => Steps::Capture {
                reader: Box::new(input.open(path)?),
                failure: None,
            },
            Traffic::Random { packets, seed } => {
                Steps::Random(target.plan(*packets).steps(*seed).into_iter())
            }
        })
    }
}

/// The block under test, as far as random traffic depends on it.
#[derive(Clone, Debug)]
pub struct Target {
    /// Row profile.
    pub profile: Profile,
    /// History depth N.
    pub history: usize,
    /// Largest number of cores.
    pub max_cores: u8,
    /// The initial settings.
    pub settings: Settings,
}

impl Target {
    fn plan(&self, packets: u64) -> Plan {
        Plan {
            packets: packets as usize,
            profile: self.profile,
            history: self.history,
            max_cores: self.max_cores,
            max_queue: (1 << DEST) - 1,
            settings: self.settings.clone(),
            change_every: CHANGE_EVERY,
            reset_every: RESET_EVERY,
            drain_every: DRAIN_EVERY,
            words_per_beat: 1,
        }
    }
}

/// The steps of a round, one by one.
pub enum Steps {
    /// Packets of a capture; those without captured bytes never reach a NIC.
    Capture {
        /// The capture.
        reader: Box<CaptureReader>,
        /// The error that ended the capture early.
        failure: Option<CaptureError>,
    },
    /// Steps made beforehand.
    Random(std::vec::IntoIter<Step>),
}

impl Steps {
    /// Remarks on the capture, if there is one.
    ///
    /// # Errors
    ///
    /// The error that ended it early.
    pub fn finish(self) -> Result<Option<Remarks>> {
        match self {
            Self::Capture {
                failure: Some(failure),
                ..
            } => Err(failure.into()),
            Self::Capture { reader, .. } => Ok(Some(Remarks::on(&reader))),
            Self::Random(_) => Ok(None),
        }
    }
}

impl Iterator for Steps {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        match self {
            Self::Random(steps) => steps.next(),
            Self::Capture { reader, failure } => loop {
                match reader.next_packet() {
                    Ok(Some(packet)) if packet.data.is_empty() => {}
                    Ok(Some(packet)) => {
                        return Some(Step::Packet(TestPacket {
                            time: text::wire_time(packet.timestamp),
                            ..TestPacket::new(packet.data.to_vec())
                        }));
                    }
                    Ok(None) => return None,
                    Err(error) => {
                        *failure = Some(error);
                        return None;
                    }
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_rounds_have_all_packets_and_all_patterns() {
        let rounds = Round::random(64 * ROUND_PACKETS + 7, 3);
        let packets = |round: &Round| match round.traffic {
            Traffic::Random { packets, .. } => packets,
            Traffic::Capture(..) => 0,
        };
        assert_eq!(rounds.len(), 65);
        assert_eq!(
            rounds.iter().map(packets).sum::<u64>(),
            64 * ROUND_PACKETS + 7
        );
        let mut pairs: Vec<_> = rounds.iter().take(64).map(|r| (r.source, r.sink)).collect();
        pairs.sort_by_key(|pair| format!("{pair:?}"));
        pairs.dedup();
        assert_eq!(pairs.len(), 64);
        assert!(Round::random(0, 1).is_empty());
    }
}
