//! Outcomes of frames, which a worker hands on.

use scr_nf::Verdict;
use scr_wire::Rejection;

/// Why a frame was not taken. The state is as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The frame is no valid SCR frame.
    Invalid(Rejection),
    /// The sequence number does not come after the ones before.
    OutOfOrder,
    /// The frame is of another epoch.
    Epoch,
    /// The frame carries fewer rows than workers on queues of their own agreed on.
    TooFewRows,
}

impl Reason {
    /// Reasons there are.
    pub const COUNT: usize = Rejection::ALL.len() + 3;

    /// A number below [`COUNT`](Self::COUNT), for arrays of counters.
    pub const fn index(self) -> usize {
        match self {
            Self::Invalid(rejection) => rejection.index(),
            Self::OutOfOrder => Rejection::ALL.len(),
            Self::Epoch => Rejection::ALL.len() + 1,
            Self::TooFewRows => Rejection::ALL.len() + 2,
        }
    }

    /// Name in metrics and JSON of the reason with this [`index`](Self::index).
    pub fn name_of(index: usize) -> &'static str {
        match Rejection::ALL.get(index) {
            Some(rejection) => rejection.name(),
            None if index == Rejection::ALL.len() => "out_of_order",
            None if index == Rejection::ALL.len() + 1 => "epoch",
            None => "too_few_rows",
        }
    }
}

/// Outcome of a delivered frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The frame was taken, and this is the verdict on its packet.
    Verdict(Verdict),
    /// The frame was not taken.
    Rejected(Reason),
    /// The worker took over a peer's replica that already had the frame's rows: what verdict its packet was due cannot be
    /// told any more. The packet is dropped.
    Overtaken,
}

/// Outcomes of one worker's frames of one batch, in order, with what belongs to them. Reused.
#[derive(Debug, Default)]
pub struct Output {
    /// One for each frame.
    pub outcomes: Vec<Outcome>,
    /// The new bytes of all rewritten packets.
    pub rewritten: Vec<u8>,
    /// Where each rewritten packet's bytes end.
    pub rewritten_ends: Vec<u32>,
    /// Events as JSON lines.
    pub events: Vec<u8>,
    /// Where each frame's events end; empty when no events are recorded.
    pub event_ends: Vec<u32>,
}

impl Output {
    /// Empties it; memory is kept.
    pub fn clear(&mut self) {
        self.outcomes.clear();
        self.rewritten.clear();
        self.rewritten_ends.clear();
        self.events.clear();
        self.event_ends.clear();
    }
}
