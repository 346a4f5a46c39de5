//! One thread, one state, the surviving rows in order: every replica must match it.

use std::fmt;

use scr_nf::{NetworkFunction, Verdict};
use scr_wire::{Frame, Profile};

use crate::worker::{Outcome, Reason};

/// The reference run of a function.
#[derive(Debug)]
pub struct Reference<F: NetworkFunction> {
    function: F,
    state: F::State,
    profile: Profile,
    rewritten: Vec<u8>,
}

impl<F: NetworkFunction> Reference<F> {
    /// A reference before the first row.
    pub fn new(function: F, profile: &Profile) -> Self {
        Self {
            state: function.new_state(),
            function,
            profile: *profile,
            rewritten: Vec::new(),
        }
    }

    /// Applies the `new` leading rows of a frame and returns the expected outcome, with the packet's new bytes if it is
    /// to be rewritten.
    #[inline]
    pub fn apply(&mut self, frame: &Frame<'_>, new: usize) -> (Outcome, &[u8]) {
        self.rewritten.clear();
        let row_bytes = self.profile.row_bytes();
        let rows = frame.rows().get(..new * row_bytes).unwrap_or(&[]);
        let mut effect = None;
        for row in rows.chunks_exact(row_bytes).rev() {
            effect = Some(self.function.apply(&mut self.state, row));
        }
        let outcome = match effect {
            Some(effect) => Outcome::Verdict(self.function.verdict(
                effect,
                frame.packet(),
                &mut self.rewritten,
            )),
            None => Outcome::Rejected(Reason::OutOfOrder),
        };
        (outcome, &self.rewritten)
    }

    /// The state.
    pub fn into_state(self) -> F::State {
        self.state
    }
}

/// The first difference between workers and reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// A packet had another outcome.
    Packet {
        /// Number of the packet, from 1.
        packet: u64,
        /// Sequence number of the packet, if its frame is valid.
        seq: Option<u64>,
        /// The core that handled it.
        core: u16,
        /// The expected outcome.
        expected: Outcome,
        /// The actual outcome.
        got: Outcome,
    },
    /// A packet was rewritten to other bytes.
    Bytes {
        /// Number of the packet, from 1.
        packet: u64,
        /// The core that handled it.
        core: u16,
    },
    /// A replica ended in another state.
    State {
        /// The core.
        core: u16,
        /// The first entry that differs, or another difference.
        what: String,
    },
}

struct Shown(Outcome);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Outcome::Verdict(Verdict::Pass) => f.write_str("pass"),
            Outcome::Verdict(Verdict::Drop) => f.write_str("drop"),
            Outcome::Verdict(Verdict::Rewrite) => f.write_str("rewrite"),
            Outcome::Rejected(reason) => {
                write!(f, "rejected ({})", Reason::name_of(reason.index()))
            }
            Outcome::Overtaken => f.write_str("overtaken"),
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Packet {
                packet,
                seq,
                core,
                expected,
                got,
            } => {
                write!(f, "packet {packet}")?;
                if let Some(seq) = seq {
                    write!(f, " (seq {seq})")?;
                }
                let (expected, got) = (Shown(*expected), Shown(*got));
                write!(
                    f,
                    ": core {core} says {got}, the single thread says {expected}"
                )
            }
            Self::Bytes { packet, core } => write!(
                f,
                "packet {packet}: core {core} rewrote it to other bytes than the single thread"
            ),
            Self::State { core, what } => {
                write!(
                    f,
                    "the state of core {core} differs from that of the single thread: {what}"
                )
            }
        }
    }
}
