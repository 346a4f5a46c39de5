//! Compares the actual outcome of each frame with the expected one.

use scr_nf::NetworkFunction;
use scr_wire::{Frame, Rejection};

use super::{Ledger, Mismatch, Reference};
use crate::dispatch::Segment;
use crate::worker::{Outcome, Reason};

/// A worker's output for a frame.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// Number of the packet, from 1.
    pub packet: u64,
    /// The worker's core.
    pub core: u16,
    /// The outcome.
    pub outcome: Outcome,
    /// The packet's new bytes, if it is rewritten.
    pub rewritten: &'a [u8],
}

/// The findings of a judge.
#[derive(Clone, Debug)]
pub struct Judgement<S> {
    /// The surviving rows.
    pub ledger: Ledger,
    /// The first packet whose outcome was not the expected one.
    pub mismatch: Option<Mismatch>,
    /// The final state of the reference, if there was one.
    pub reference: Option<S>,
}

/// A difference between a worker's output and the expected one.
enum Difference {
    /// Another outcome was expected.
    Outcome(Outcome),
    /// Other bytes were expected.
    Bytes,
}

/// Follows all frames in order of arrival, and runs the reference on them if there is one.
pub struct Judge<F: NetworkFunction> {
    ledger: Ledger,
    reference: Option<Reference<F>>,
    mismatch: Option<Mismatch>,
}

impl<F: NetworkFunction> Judge<F> {
    /// A judge before the first frame. Without a reference it compares no verdicts.
    pub fn new(ledger: Ledger, reference: Option<Reference<F>>) -> Self {
        Self {
            ledger,
            reference,
            mismatch: None,
        }
    }

    /// Begins a segment.
    pub fn begin(&mut self, segment: &Segment) {
        if let Some((_, first)) = segment.epoch {
            self.ledger.start_epoch(first);
        }
    }

    /// Ends a segment.
    pub fn end(&mut self, segment: &Segment) {
        self.ledger.sent(segment);
    }

    /// Records a frame that was lost with its worker; rows before `position` survive in the worker's log.
    pub fn lost(&mut self, frame: &Frame<'_>, position: u64) {
        if self.ledger.position(frame.header().seq) < position
            && let Some(new) = self.ledger.take(frame.header())
            && let Some(reference) = &mut self.reference
        {
            reference.apply(frame, new);
        }
    }

    /// Compares a worker's output for a frame, valid or not, with the expected one.
    #[inline]
    pub fn delivered(&mut self, frame: &Result<Frame<'_>, Rejection>, said: Said<'_>) {
        if let Some(difference) = self.difference(frame, said)
            && self.mismatch.is_none()
        {
            let seq = frame.as_ref().ok().map(|frame| frame.header().seq.get());
            self.mismatch = Some(difference.into_mismatch(said, seq));
        }
    }

    #[inline]
    fn difference(
        &mut self,
        frame: &Result<Frame<'_>, Rejection>,
        said: Said<'_>,
    ) -> Option<Difference> {
        let got = said.outcome;
        let frame = match frame {
            Ok(frame) => frame,
            Err(rejection) => {
                let due = Outcome::Rejected(Reason::Invalid(*rejection));
                return (got != due).then_some(Difference::Outcome(due));
            }
        };
        let new = self.ledger.take(frame.header());
        let reference = self.reference.as_mut()?;
        let Some(new) = new else {
            // It lies behind: there is no verdict on it.
            let due = Outcome::Rejected(Reason::OutOfOrder);
            return matches!(got, Outcome::Verdict(_)).then_some(Difference::Outcome(due));
        };
        let (due, bytes) = reference.apply(frame, new);
        if got == Outcome::Overtaken {
            // Its rows are in all replicas; its verdict was never given.
            return None;
        }
        if got != due {
            return Some(Difference::Outcome(due));
        }
        // Mostly both are empty. Comparing empty slices would call memcmp on their dangling pointers, and where that is
        // made of masked vector loads, each costs an assist of hundreds of cycles.
        let empty = bytes.is_empty() && said.rewritten.is_empty();
        (!empty && bytes != said.rewritten).then_some(Difference::Bytes)
    }

    /// Returns the findings, at the end.
    pub fn conclude(&mut self) -> Judgement<F::State> {
        Judgement {
            ledger: self.ledger.clone(),
            mismatch: self.mismatch.take(),
            reference: self.reference.take().map(Reference::into_state),
        }
    }
}

impl Difference {
    #[cold]
    fn into_mismatch(self, said: Said<'_>, seq: Option<u64>) -> Mismatch {
        let Said { packet, core, .. } = said;
        match self {
            Self::Bytes => Mismatch::Bytes { packet, core },
            Self::Outcome(expected) => Mismatch::Packet {
                packet,
                seq,
                core,
                expected,
                got: said.outcome,
            },
        }
    }
}
