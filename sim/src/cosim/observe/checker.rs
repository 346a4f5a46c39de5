//! Decides whether a frame is correct, also near a change of settings.

use std::collections::VecDeque;

use scr_wire::{ConfigError, Disposition, MAX_PREFIX_BYTES, Profile, Sequencer};

use super::frame::Frame;
use crate::cosim::mismatch::{MismatchKind, place};
use crate::cosim::packets::TestPacket;
use crate::stream::Settings;

/// Times of a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// Cycle in which its first input beat was accepted.
    pub(super) accepted: u64,
    /// Cycle in which its first output beat was first seen.
    pub(super) presented: u64,
}

/// The golden model and its settings.
#[derive(Clone)]
struct Golden {
    sequencer: Box<Sequencer>,
    settings: Settings,
}

impl Golden {
    /// Puts other settings in force.
    fn take(&mut self, settings: &Settings) -> Result<(), ConfigError> {
        if self.settings.sequencer != settings.sequencer {
            self.sequencer.configure(settings.sequencer)?;
        }
        self.settings.clone_from(settings);
        Ok(())
    }
}

/// Settings that differ from the previous ones by one register write.
struct Version {
    settings: Settings,
    /// The cycle in which the write began.
    issued: u64,
    /// The cycle in which the response came.
    written: Option<u64>,
}

/// A possible past: the golden model if its frames so far had these settings.
struct Past {
    golden: Golden,
    /// Number of versions in force, counted from power-up.
    version: u64,
}

impl Past {
    /// The state that distinguishes pasts: two with the same key give the same frames from now on.
    fn key(&self) -> (u64, u8, u64) {
        let sequencer = &self.golden.sequencer;
        (self.version, sequencer.epoch(), sequencer.next_seq().get())
    }
}

/// Checks frames in order against the golden model.
///
/// Between the start of a register write and its response, a frame may have the settings before or after the write, and
/// while a frame waits inside, many writes may be made. So several pasts may explain all frames; a frame that none
/// explains is wrong.
pub(super) struct Checker {
    pasts: Vec<Past>,
    /// Versions that are not in force in all pasts.
    versions: VecDeque<Version>,
    /// Number of versions before them.
    settled: u64,
    grace: u64,
    max_id: u16,
    prefix: Box<[u8; MAX_PREFIX_BYTES]>,
    pub(super) sequenced: u64,
    pub(super) passed_by: u64,
}

/// How a frame was handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The frame was passed by.
    PassedBy,
    /// The frame was sequenced, for this core.
    Sequenced(u8),
}

/// The position up to which a frame agreed, and the mismatch there.
type Disagreement = (usize, MismatchKind);

impl Checker {
    /// A checker for hardware with `settings` after a reset.
    pub(super) fn new(
        profile: &Profile,
        history: usize,
        settings: &Settings,
        grace: u64,
        max_id: u16,
    ) -> Result<Self, ConfigError> {
        let sequencer = Box::new(Sequencer::new(profile, history, settings.sequencer)?);
        let golden = Golden {
            sequencer,
            settings: settings.clone(),
        };
        Ok(Self {
            pasts: vec![Past { golden, version: 0 }],
            versions: VecDeque::new(),
            settled: 0,
            grace,
            max_id,
            prefix: Box::new([0; MAX_PREFIX_BYTES]),
            sequenced: 0,
            passed_by: 0,
        })
    }

    /// The settings last written.
    pub(super) fn settings(&self) -> &Settings {
        match self.versions.back() {
            Some(version) => &version.settings,
            None => &self.pasts[0].golden.settings,
        }
    }

    /// Whether it is uncertain that settings are in force. There may still be several pasts when all are: no frame
    /// since has shown which one is true.
    pub(super) fn changing(&self) -> bool {
        !self.versions.is_empty()
    }

    /// Records that a register write begins in this cycle, with these settings as the result.
    pub(super) fn begin(&mut self, settings: Settings, cycle: u64) {
        debug_assert!(self.versions.iter().all(|v| v.written.is_some()));
        self.versions.push_back(Version {
            settings,
            issued: cycle,
            written: None,
        });
    }

    /// Records that the response to the last write came in this cycle.
    pub(super) fn written(&mut self, cycle: u64) {
        if let Some(version) = self.versions.back_mut() {
            version.written = Some(cycle);
        }
    }

    /// Applies the versions that are certainly in force for every frame still to come out, the oldest of which, if one
    /// is inside, was accepted in cycle `oldest`.
    pub(super) fn settle(&mut self, cycle: u64, oldest: Option<u64>) -> Result<(), ConfigError> {
        if self.versions.is_empty() {
            return Ok(());
        }
        let sure = self.certain_at(oldest.unwrap_or(cycle));
        for past in &mut self.pasts {
            advance(past, sure, &self.versions, self.settled)?;
        }
        self.tidy();
        Ok(())
    }

    /// Number of versions certainly in force for a frame accepted in `cycle`.
    fn certain_at(&self, cycle: u64) -> u64 {
        let certain = |v: &&Version| {
            v.written
                .is_some_and(|written| cycle > written + self.grace)
        };
        self.settled + self.versions.iter().take_while(certain).count() as u64
    }

    /// Merges equal pasts, and drops versions that are in force in all.
    fn tidy(&mut self) {
        let mut keys: Vec<_> = self.pasts.iter().map(Past::key).collect();
        let mut index = 0;
        self.pasts.retain(|_| {
            index += 1;
            !keys[..index - 1].contains(&keys[index - 1])
        });
        keys.clear();
        let least = self.pasts.iter().map(|p| p.version).min();
        while least.is_some_and(|least| least > self.settled) && self.versions.pop_front().is_some()
        {
            self.settled += 1;
        }
    }

    /// Records a reset of the block, after which it has `settings`.
    pub(super) fn reset(&mut self, settings: &Settings) -> Result<(), ConfigError> {
        let newest = self.settled + self.versions.len() as u64;
        let mut pasts = Vec::new();
        for past in self.pasts.drain(..) {
            for version in past.version..=newest {
                let mut past = Past {
                    golden: past.golden.clone(),
                    version: past.version,
                };
                advance(&mut past, version, &self.versions, self.settled)?;
                // One epoch, even if the reset also enables what was disabled.
                if past.golden.settings.sequencer.enable {
                    past.golden.sequencer.reset();
                }
                past.golden.take(settings)?;
                past.version = newest;
                pasts.push(past);
            }
        }
        self.pasts = pasts;
        self.tidy();
        Ok(())
    }

    /// Checks the next frame.
    pub(super) fn check(
        &mut self,
        packet: &TestPacket,
        frame: &Frame,
        times: Times,
    ) -> Result<Outcome, MismatchKind> {
        self.check_beside(packet, frame)?;
        if let ([past], true) = (&mut self.pasts[..], self.versions.is_empty()) {
            let result = compare(&mut past.golden, &mut self.prefix[..], packet, frame);
            return Ok(self.count(result.map_err(|(_, kind)| kind)?));
        }
        let least = self.certain_at(times.accepted);
        let possible = |v: &&Version| v.issued < times.presented;
        let most = self.settled + self.versions.iter().take_while(possible).count() as u64;

        let mut outcome = None;
        let mut explaining = Vec::new();
        let mut disagreements: Vec<Disagreement> = Vec::new();
        for past in std::mem::take(&mut self.pasts) {
            for version in past.version.max(least)..=most {
                let mut past = Past {
                    golden: past.golden.clone(),
                    version: past.version,
                };
                advance(&mut past, version, &self.versions, self.settled)?;
                match compare(&mut past.golden, &mut self.prefix[..], packet, frame) {
                    Ok(what) => {
                        outcome = Some(what);
                        explaining.push(past);
                    }
                    Err(d) => disagreements.push(d),
                }
            }
        }
        let Some(outcome) = outcome else {
            // The past that agreed longest is the most likely one.
            return Err(disagreements
                .into_iter()
                .max_by_key(|(agreed, _)| *agreed)
                .map_or(MismatchKind::Unexpected, |(_, kind)| kind));
        };
        self.pasts = explaining;
        self.tidy();
        Ok(self.count(outcome))
    }

    /// Checks everything that does not depend on settings.
    fn check_beside(&self, packet: &TestPacket, frame: &Frame) -> Result<(), MismatchKind> {
        let expected = packet.user();
        if frame.user.without_flag() != expected.without_flag() {
            return Err(MismatchKind::User {
                expected: expected.0,
                got: frame.user.0,
                time: packet.time,
            });
        }
        let expected = packet.id & self.max_id;
        if frame.id != expected {
            return Err(MismatchKind::Id {
                expected,
                got: frame.id,
            });
        }
        Ok(())
    }

    fn count(&mut self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Sequenced(_) => self.sequenced += 1,
            Outcome::PassedBy => self.passed_by += 1,
        }
        outcome
    }

    /// Epoch and next sequence number, in each past.
    pub(super) fn positions(&self) -> impl Iterator<Item = (u8, u64)> {
        self.pasts.iter().map(|past| {
            let (_, epoch, next_seq) = past.key();
            (epoch, next_seq)
        })
    }
}

/// Puts versions in force in a past, one after the other, until `version` of them are.
fn advance(
    past: &mut Past,
    version: u64,
    versions: &VecDeque<Version>,
    settled: u64,
) -> Result<(), ConfigError> {
    while past.version < version {
        let next = &versions[(past.version - settled) as usize];
        past.golden.take(&next.settings)?;
        past.version += 1;
    }
    Ok(())
}

/// Sequences the packet with `golden`, compares, and returns how it was handled.
fn compare(
    golden: &mut Golden,
    prefix: &mut [u8],
    packet: &TestPacket,
    frame: &Frame,
) -> Result<Outcome, Disagreement> {
    let disposition = golden
        .sequencer
        .sequence(&packet.bytes, packet.time, prefix);
    let (prefix, queue, outcome) = match disposition {
        Disposition::PassedBy => {
            let queue = golden.settings.default_queue;
            (&prefix[..0], queue, Outcome::PassedBy)
        }
        Disposition::Sequenced {
            core, prefix_bytes, ..
        } => {
            let queue = golden.settings.queue(core);
            (&prefix[..prefix_bytes], queue, Outcome::Sequenced(core))
        }
    };
    let length = prefix.len() + packet.bytes.len();
    let expected = prefix.iter().chain(&packet.bytes);
    let wrong = expected
        .zip(&frame.bytes)
        .position(|(expected, got)| expected != got);
    if let Some(offset) = wrong {
        let expected = match offset.checked_sub(prefix.len()) {
            None => prefix[offset],
            Some(at) => packet.bytes[at],
        };
        let geometry = (!prefix.is_empty()).then(|| golden.sequencer.geometry());
        let kind = MismatchKind::Byte {
            offset,
            place: place(offset, geometry),
            expected,
            got: frame.bytes[offset],
        };
        return Err((offset, kind));
    }
    if frame.bytes.len() != length {
        let (expected, got) = (length, frame.bytes.len());
        return Err((got, MismatchKind::Length { expected, got }));
    }
    if frame.dest != queue {
        let (expected, got) = (queue, frame.dest);
        return Err((usize::MAX, MismatchKind::Queue { expected, got }));
    }
    Ok(outcome)
}
