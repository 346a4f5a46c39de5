//! Whether a frame is right, also near a change of settings.

use scr_wire::{ConfigError, Disposition, MAX_PREFIX_BYTES, Profile, Sequencer};

use super::mismatch::{MismatchKind, place};
use super::packets::TestPacket;
use crate::stream::{Settings, User};

/// A frame as it came out.
#[derive(Debug, Default)]
pub(super) struct Frame {
    pub(super) bytes: Vec<u8>,
    pub(super) user: User,
    pub(super) id: u16,
    pub(super) dest: u16,
}

/// When a frame was where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// Its first input beat was accepted.
    pub(super) accepted: u64,
    /// Its first output beat was first seen.
    pub(super) presented: u64,
}

/// The golden model and what it is told.
#[derive(Clone)]
struct Golden {
    sequencer: Box<Sequencer>,
    settings: Settings,
}

impl Golden {
    /// The same under other settings.
    fn under(&self, settings: &Settings) -> Result<Self, ConfigError> {
        let mut sequencer = self.sequencer.clone();
        if self.settings.sequencer != settings.sequencer {
            sequencer.configure(settings.sequencer)?;
        }
        Ok(Self {
            sequencer,
            settings: settings.clone(),
        })
    }
}

/// A change of settings that is not certainly in force.
struct Change {
    settings: Settings,
    /// The cycle in which it began to be written.
    issued: u64,
    /// The cycle in which all of it was written.
    written: Option<u64>,
    /// The golden model under the new settings, if the frames since could have had them.
    ahead: Option<Golden>,
}

/// Checks frames in their order against the golden model.
pub(super) struct Checker {
    golden: Golden,
    change: Option<Change>,
    grace: u64,
    max_id: u16,
    prefix: Box<[u8; MAX_PREFIX_BYTES]>,
    pub(super) sequenced: u64,
    pub(super) passed_by: u64,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was passed by.
    PassedBy,
    /// It was sequenced, for this core.
    Sequenced(u8),
}

/// How far a frame agreed before it did not, and what was wrong there.
type Disagreement = (usize, MismatchKind);

impl Checker {
    pub(super) fn new(
        profile: &Profile,
        history: usize,
        settings: &Settings,
        grace: u64,
        max_id: u16,
    ) -> Result<Self, ConfigError> {
        let sequencer = Box::new(Sequencer::new(profile, history, settings.sequencer)?);
        Ok(Self {
            golden: Golden {
                sequencer,
                settings: settings.clone(),
            },
            change: None,
            grace,
            max_id,
            prefix: Box::new([0; MAX_PREFIX_BYTES]),
            sequenced: 0,
            passed_by: 0,
        })
    }

    /// The settings last asked for.
    pub(super) fn settings(&self) -> &Settings {
        match &self.change {
            Some(change) => &change.settings,
            None => &self.golden.settings,
        }
    }

    /// Whether a change may or may not be in force.
    pub(super) fn changing(&self) -> bool {
        self.change.is_some()
    }

    /// The block is told of new settings from this cycle on. No other change may be pending.
    pub(super) fn begin(&mut self, settings: Settings, cycle: u64) -> Result<(), ConfigError> {
        self.golden.under(&settings)?;
        debug_assert!(self.change.is_none());
        self.change = Some(Change {
            settings,
            issued: cycle,
            written: None,
            ahead: None,
        });
        Ok(())
    }

    /// Looks whether the change is certainly in force. `busy` says that it is still being written, `oldest` is
    /// when the first beat of the oldest frame inside was accepted, if one is inside.
    pub(super) fn settle(&mut self, cycle: u64, busy: bool, oldest: Option<u64>) {
        let Some(change) = &mut self.change else {
            return;
        };
        if busy {
            return;
        }
        let sure = *change.written.get_or_insert(cycle) + self.grace;
        if cycle > sure
            && oldest.is_none_or(|accepted| accepted > sure)
            && let Some(change) = self.change.take()
        {
            let ahead = change.ahead.map(Ok);
            // It was valid when the change began, and the model's validity depends on nothing else.
            if let Ok(golden) = ahead.unwrap_or_else(|| self.golden.under(&change.settings)) {
                self.golden = golden;
            }
        }
    }

    /// The block was reset, with no change pending.
    pub(super) fn reset(&mut self) {
        self.golden.sequencer.reset();
    }

    /// Checks the next frame.
    pub(super) fn check(
        &mut self,
        packet: &TestPacket,
        frame: &Frame,
        times: Times,
    ) -> Result<Outcome, MismatchKind> {
        self.check_beside(packet, frame)?;
        let Some(mut change) = self.change.take() else {
            let result = compare(&mut self.golden, &mut self.prefix[..], packet, frame);
            return Ok(self.count(result.map_err(|(_, kind)| kind)?));
        };
        let may_be_new = times.presented > change.issued;
        let must_be_new = change
            .written
            .is_some_and(|written| times.accepted > written + self.grace);

        let mut disagreements: Vec<Disagreement> = Vec::new();
        let mut old = None;
        if !must_be_new {
            let mut golden = self.golden.clone();
            match compare(&mut golden, &mut self.prefix[..], packet, frame) {
                Ok(outcome) => old = Some((golden, outcome)),
                Err(d) => disagreements.push(d),
            }
        }
        let mut new = None;
        if may_be_new {
            let mut golden = match change.ahead.take() {
                Some(golden) => golden,
                None => self.golden.under(&change.settings)?,
            };
            match compare(&mut golden, &mut self.prefix[..], packet, frame) {
                Ok(outcome) => new = Some((golden, outcome)),
                Err(d) => disagreements.push(d),
            }
        }
        match (old, new) {
            // The frame does not tell.
            (Some((old, outcome)), new) => {
                self.golden = old;
                change.ahead = new.map(|(new, _)| new);
                self.change = Some(change);
                Ok(self.count(outcome))
            }
            // From here on all have the new settings.
            (None, Some((new, outcome))) => {
                self.golden = new;
                Ok(self.count(outcome))
            }
            // What agreed longest is likelier to be what was meant.
            (None, None) => Err(disagreements
                .into_iter()
                .max_by_key(|(agreed, _)| *agreed)
                .map_or(MismatchKind::Unexpected, |(_, kind)| kind)),
        }
    }

    /// What does not depend on settings.
    fn check_beside(&self, packet: &TestPacket, frame: &Frame) -> Result<(), MismatchKind> {
        let expected = packet.user();
        if frame.user != expected {
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

    /// Epoch and next sequence number, with no change pending.
    pub(super) fn position(&self) -> (u8, u64) {
        let sequencer = &self.golden.sequencer;
        (sequencer.epoch(), sequencer.next_seq().get())
    }
}

/// Sequences the packet with `golden`, compares, and says what became of it.
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
