//! The rules of AXI4-Stream that an output must keep.

use std::fmt;

use super::Beat;

/// A payload signal of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The bytes.
    Tdata,
    /// Which bytes count.
    Tkeep,
    /// The frame's last beat.
    Tlast,
    /// Timestamp and flag. Only the timestamp is constant over a frame.
    Tuser,
    /// Source.
    Tid,
    /// Queue.
    Tdest,
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tdata => "tdata",
            Self::Tkeep => "tkeep",
            Self::Tlast => "tlast",
            Self::Tuser => "tuser",
            Self::Tid => "tid",
            Self::Tdest => "tdest",
        })
    }
}

/// A broken rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// tvalid was withdrawn before tready.
    #[error("tvalid fell before tready came")]
    ValidFell,
    /// A payload signal changed while the beat waited for tready.
    #[error("{0} changed while the beat waited for tready")]
    Unstable(Signal),
    /// A beat before the last one was not full.
    #[error("tkeep is {0:#x} on a beat that is not the last")]
    KeepNotFull(u128),
    /// tkeep of the last beat was empty or had a hole.
    #[error("tkeep is {0:#x} on the last beat: empty, or not contiguous from bit 0")]
    KeepNotContiguous(u128),
    /// A signal changed within a frame that must not.
    #[error("{0} changed within a frame")]
    NotConstant(Signal),
}

/// A checker that looks at an output in every cycle.
#[derive(Clone, Debug)]
pub struct Rules {
    beat_bytes: usize,
    /// The beat of the cycle before, when it waits for tready.
    waiting: bool,
    /// Inside a frame: its first beat was taken and its last one was not.
    inside: bool,
    previous: Box<Beat>,
}

impl Rules {
    /// A checker for a datapath of `beat_bytes` bytes, before the first cycle.
    pub fn new(beat_bytes: usize) -> Self {
        Self {
            beat_bytes,
            waiting: false,
            inside: false,
            previous: Box::default(),
        }
    }

    /// Forgets the past, as a reset of the block does.
    pub fn reset(&mut self) {
        self.waiting = false;
        self.inside = false;
    }

    /// Whether the cycle's tdata counts: only of a beat that waits, for that it stays.
    #[inline]
    pub(crate) fn looks_at_data(&self, ready: bool) -> bool {
        self.waiting || !ready
    }

    /// Looks at a cycle: the payload if tvalid is high, and tready.
    ///
    /// # Errors
    ///
    /// The [`Violation`] of this cycle.
    #[inline]
    pub fn check(&mut self, beat: Option<&Beat>, ready: bool) -> Result<(), Violation> {
        let Some(beat) = beat else {
            return if self.waiting {
                Err(Violation::ValidFell)
            } else {
                Ok(())
            };
        };
        let looks_at_data = self.looks_at_data(ready);
        let before = &mut *self.previous;
        let held = [
            (
                Signal::Tuser,
                beat.user.without_flag() == before.user.without_flag(),
            ),
            (Signal::Tid, beat.id == before.id),
            (Signal::Tdest, beat.dest == before.dest),
        ];
        if self.waiting {
            let bytes = ..self.beat_bytes;
            let still = [
                (Signal::Tdata, beat.data[bytes] == before.data[bytes]),
                (Signal::Tkeep, beat.keep == before.keep),
                (Signal::Tlast, beat.last == before.last),
                // Its flag, too: that is the beat's.
                (Signal::Tuser, beat.user == before.user),
            ];
            if let Some((signal, _)) = still.iter().chain(&held).find(|(_, same)| !same) {
                return Err(Violation::Unstable(*signal));
            }
        } else if self.inside
            && let Some((signal, _)) = held.iter().find(|(_, same)| !same)
        {
            return Err(Violation::NotConstant(*signal));
        }
        let full = u128::MAX >> (128 - self.beat_bytes);
        if !beat.last && beat.keep != full {
            return Err(Violation::KeepNotFull(beat.keep));
        }
        if beat.last && !contiguous(beat.keep) {
            return Err(Violation::KeepNotContiguous(beat.keep));
        }
        self.waiting = !ready;
        self.inside = if ready { !beat.last } else { self.inside };
        if looks_at_data {
            *before = *beat;
        } else {
            (before.user, before.id, before.dest) = (beat.user, beat.id, beat.dest);
        }
        Ok(())
    }
}

/// Whether tkeep has at least bit 0 and no hole.
#[inline]
pub(crate) fn contiguous(keep: u128) -> bool {
    keep & 1 != 0 && keep & keep.wrapping_add(1) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::User;

    fn beat(last: bool) -> Beat {
        Beat {
            keep: if last { 0xff } else { u128::from(u64::MAX) },
            last,
            ..Beat::default()
        }
    }

    #[test]
    fn good_frames_pass() {
        let mut rules = Rules::new(64);
        for _ in 0..3 {
            assert_eq!(rules.check(None, true), Ok(()));
            assert_eq!(rules.check(Some(&beat(false)), false), Ok(()));
            assert_eq!(rules.check(Some(&beat(false)), true), Ok(()));
            let mut end = beat(true);
            assert_eq!(rules.check(Some(&end), false), Ok(()));
            assert_eq!(rules.check(Some(&end), true), Ok(()));
            // The next frame may have another queue.
            end.dest = 5;
            assert_eq!(rules.check(Some(&end), true), Ok(()));
        }
    }

    #[test]
    fn each_rule_is_checked() {
        let stalled = |second: Option<&Beat>| {
            let mut rules = Rules::new(64);
            rules.check(Some(&beat(false)), false).unwrap();
            rules.check(second, true).unwrap_err()
        };
        let inside = |second: &Beat| {
            let mut rules = Rules::new(64);
            rules.check(Some(&beat(false)), true).unwrap();
            rules.check(Some(second), true).unwrap_err()
        };
        assert_eq!(stalled(None), Violation::ValidFell);
        let change = |f: fn(&mut Beat)| {
            let mut beat = beat(false);
            f(&mut beat);
            beat
        };
        use Signal::*;
        for (signal, changed) in [
            (Tdata, change(|b| b.data[63] = 1)),
            (Tkeep, change(|b| b.keep = 1)),
            (Tlast, change(|b| b.last = true)),
            (Tuser, change(|b| b.user = User(2))),
            (Tid, change(|b| b.id = 2)),
            (Tdest, change(|b| b.dest = 2)),
        ] {
            assert_eq!(stalled(Some(&changed)), Violation::Unstable(signal));
            if matches!(signal, Tuser | Tid | Tdest) {
                assert_eq!(inside(&changed), Violation::NotConstant(signal));
            }
        }
        assert_eq!(inside(&change(|b| b.keep = 3)), Violation::KeepNotFull(3));
        for keep in [0, 2, 5, 0xfe] {
            let mut end = beat(true);
            end.keep = keep;
            assert_eq!(inside(&end), Violation::KeepNotContiguous(keep));
        }
        // The flag is the beat's: it may change from beat to beat, but not while a beat waits.
        let flagged = change(|b| b.user = User(1));
        assert_eq!(stalled(Some(&flagged)), Violation::Unstable(Tuser));
        let mut rules = Rules::new(64);
        assert_eq!(rules.check(Some(&beat(false)), true), Ok(()));
        assert_eq!(rules.check(Some(&flagged), true), Ok(()));
        assert!(contiguous(1) && contiguous(u128::MAX));
    }

    #[test]
    fn a_reset_forgives() {
        let mut rules = Rules::new(64);
        rules.check(Some(&beat(false)), false).unwrap();
        rules.reset();
        assert_eq!(rules.check(None, true), Ok(()));
    }
}
