//! The first difference between workers and the single thread.

use std::fmt;

use scr_nf::Verdict;

use crate::worker::{Outcome, Reason};

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
