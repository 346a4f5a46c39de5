//! Where a worker's frames come from, and where they go with what became of them.
//!
//! ```text
//!  shared:  one receive loop ──▶ the same burst for every worker ──▶ each handles its lane of it
//!  own:     NIC queue i ──▶ bursts of worker i alone ──▶ handled at once, or long after the others'
//! ```
//!
//! A worker task takes messages from a [`Source`], and a burst's frames are handled as its kind of source demands. On
//! *shared* bursts the dispatcher, which saw all frames in order, says where the configuration changes and how far the
//! frames go. On a *queue of its own* a worker knows nothing but its own frames, and finds both in their headers.
//!
//! | module | one idea |
//! |---|---|
//! | [`shared`] | bursts that every worker gets, with what the dispatcher found out about them |
//! | [`own`] | bursts that one worker gets, from one queue of the NIC |
//!
//! The source is a type parameter of the task: nothing is called through a pointer.

pub mod own;
pub mod shared;

use scr_nf::{NetworkFunction, Verdict};

use super::ahead::Ahead;
use super::{Outcome, Output, Pause, Progress, Worker};
use crate::device::WorkerFault;
use crate::dispatch::Message;

/// Frames of a lane that are brought from the core that made them before they are handled.
const FRAMES_AHEAD: usize = 4;

/// Origin of a worker's messages. `S` is the state of the worker's function.
pub trait Source<S>: Sized {
    /// Frames that come at once.
    type Burst;
    /// Where in a burst the worker stands, besides the frame.
    type Place: Copy + Default + PartialEq;

    /// The next message, if one is there.
    fn take(&mut self) -> Option<Message<S, Self::Burst>>;

    /// Whether nothing will be put in any more. What was put in before may still be there.
    fn is_closed(&self) -> bool;

    /// An empty output, one that was used before if possible.
    fn output(&mut self) -> Output;

    /// Hands a burst on with what became of its frames.
    fn hand_on(&mut self, burst: Self::Burst, output: Output);

    /// Prepares a worker that is to be fed from here.
    #[must_use]
    fn prepare<F: NetworkFunction<State = S>>(&self, worker: Worker<F>) -> Worker<F> {
        worker
    }

    /// Handles the frames of the burst in hand as far as possible.
    ///
    /// # Errors
    ///
    /// [`Break`]: to be called again, or never again.
    fn handle<F: NetworkFunction<State = S>>(
        worker: &mut Worker<F>,
        hand: &mut InHand<Self, S>,
    ) -> Result<(), Break>;

    /// Brings the worker to the last row when nothing comes any more, and keeps it until nobody needs anything from it.
    ///
    /// # Errors
    ///
    /// [`Pause`].
    fn end<F: NetworkFunction<State = S>>(worker: &mut Worker<F>) -> Progress;
}

/// A burst that is being handled.
pub struct InHand<Q: Source<S>, S> {
    burst: Q::Burst,
    place: Q::Place,
    frames: Frames,
}

/// How far the frames of a burst have been handled.
struct Frames {
    output: Output,
    /// The next one.
    at: usize,
    /// Whether the fault that this one carries has struck.
    struck: bool,
    ahead: Ahead,
    /// Whether events are recorded.
    events: bool,
}

impl<Q: Source<S>, S> InHand<Q, S> {
    /// The start of a burst.
    pub(super) fn new<F: NetworkFunction<State = S>>(
        worker: &Worker<F>,
        burst: Q::Burst,
        mut output: Output,
    ) -> Self {
        output.clear();
        Self {
            burst,
            place: Q::Place::default(),
            frames: Frames {
                output,
                at: 0,
                struck: false,
                ahead: Ahead::new(worker),
                events: worker.recorder.is_on(),
            },
        }
    }

    /// Where the worker stands: another one after each step forward.
    pub(super) fn place(&self) -> (Q::Place, usize) {
        (self.place, self.frames.at)
    }

    /// The burst and what became of its frames.
    pub(super) fn into_parts(self) -> (Q::Burst, Output) {
        (self.burst, self.frames.output)
    }
}

/// Why the handling of a burst was broken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// The worker waits, or is dead.
    Pause(Pause),
    /// A frame carries a fault that is to strike the worker.
    Fault(WorkerFault),
}

impl From<Pause> for Break {
    fn from(pause: Pause) -> Self {
        Self::Pause(pause)
    }
}

/// One worker's frames of a burst.
trait Lane {
    /// How many there are.
    fn len(&self) -> usize;

    /// Bytes of a frame.
    fn bytes(&self, at: usize) -> &[u8];

    /// Starts to bring a frame to this core.
    fn prefetch(&self, at: usize);

    /// The fault that strikes the worker before it takes a frame.
    fn fault(&self, at: usize) -> Option<WorkerFault>;
}

impl Frames {
    /// Handles the frames before place `end` of a lane; `take` gives each to the worker.
    #[inline(always)]
    fn handle<F: NetworkFunction>(
        &mut self,
        worker: &mut Worker<F>,
        lane: &impl Lane,
        end: usize,
        take: impl Fn(&mut Worker<F>, &[u8], &mut Output) -> Result<Outcome, Pause>,
    ) -> Result<(), Break> {
        while self.at < end {
            if let Some(fault) = lane.fault(self.at)
                && !std::mem::replace(&mut self.struck, true)
            {
                return Err(Break::Fault(fault));
            }
            self.ahead
                .advance(worker, self.at, lane.len(), |at| lane.bytes(at));
            if self.at + FRAMES_AHEAD < lane.len() {
                lane.prefetch(self.at + FRAMES_AHEAD);
            }
            let outcome = take(worker, lane.bytes(self.at), &mut self.output)?;
            let output = &mut self.output;
            if outcome == Outcome::Verdict(Verdict::Rewrite) {
                output.rewritten_ends.push(output.rewritten.len() as u32);
            }
            if self.events {
                output.event_ends.push(output.events.len() as u32);
            }
            output.outcomes.push(outcome);
            self.at += 1;
            self.struck = false;
        }
        Ok(())
    }
}
