//! The output of one place's workers, frame by frame.

use std::collections::VecDeque;

use rtrb::{Consumer, Producer};
use scr_nf::Verdict;

use crate::dispatch::Burst;
use crate::worker::task::Done;
use crate::worker::{Outcome, Output};

/// A worker's output for one frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handed<'a> {
    /// The outcome.
    pub outcome: Outcome,
    /// The packet's new bytes, if it is rewritten.
    pub rewritten: &'a [u8],
    /// Events as JSON lines.
    pub events: &'a [u8],
}

/// A burst that a worker handed on, and how much of it has gone out.
struct Outgoing {
    done: Done,
    /// Index of the next outcome.
    next: usize,
    /// Index of the next rewritten packet.
    next_rewritten: usize,
}

impl Outgoing {
    #[inline]
    fn next(&mut self) -> Handed<'_> {
        let output = &self.done.output;
        let outcome = output.outcomes[self.next];
        let events = piece(&output.events, &output.event_ends, self.next);
        self.next += 1;
        let mut rewritten = &[][..];
        if outcome == Outcome::Verdict(Verdict::Rewrite) {
            rewritten = piece(
                &output.rewritten,
                &output.rewritten_ends,
                self.next_rewritten,
            );
            self.next_rewritten += 1;
        }
        Handed {
            outcome,
            rewritten,
            events,
        }
    }
}

/// Piece `i` of `all`, whose pieces end at `ends`; empty if there is none.
#[inline]
fn piece<'a>(all: &'a [u8], ends: &[u32], i: usize) -> &'a [u8] {
    let Some(&end) = ends.get(i) else {
        return &[];
    };
    let start = if i == 0 { 0 } else { ends[i - 1] };
    &all[start as usize..end as usize]
}

/// The egress' side of one place.
pub(super) struct Lane {
    done: Consumer<Done>,
    spare: Producer<Output>,
    /// Bursts that were handed on and have not gone out completely, oldest first.
    held: VecDeque<Outgoing>,
}

impl Lane {
    pub(super) fn new((done, spare): (Consumer<Done>, Producer<Output>)) -> Self {
        Self {
            done,
            spare,
            held: VecDeque::new(),
        }
    }

    /// Number of the next burst that was handed on.
    pub(super) fn next_serial(&self) -> Option<u64> {
        self.done.peek().ok().map(|done| done.burst.serial)
    }

    /// Takes the next burst that was handed on.
    pub(super) fn take(&mut self) -> Option<Done> {
        self.done.pop().ok()
    }

    /// Keeps a burst until it has gone out.
    pub(super) fn hold(&mut self, done: Done) {
        self.held.push_back(Outgoing {
            done,
            next: 0,
            next_rewritten: 0,
        });
    }

    /// The worker's output for its next frame in `burst`.
    #[inline]
    pub(super) fn next(&mut self, burst: &Burst) -> Option<Handed<'_>> {
        let mut held = self.held.iter_mut();
        let outgoing = held.find(|outgoing| outgoing.done.burst.serial == burst.serial);
        outgoing.map(Outgoing::next)
    }

    /// Returns the output of the oldest burst, which has gone out, for reuse.
    pub(super) fn recycle(&mut self) {
        if let Some(Outgoing { done, .. }) = self.held.pop_front() {
            // A worker that has ended takes none.
            let _ = self.spare.push(done.output);
        }
    }
}
