//! Bursts that one worker gets, from one queue of the NIC that is filled whatever the other queues do.
//!
//! No thread sees all frames in order, so nobody says how far they go. See [`independent`](super::super::independent) for
//! how the worker finds that out.

use rtrb::{Consumer, Producer};
use scr_nf::NetworkFunction;

use super::super::{Output, Progress, Worker};
use super::{Break, InHand, Lane, Source};
use crate::device::{Batch, WorkerFault};
use crate::dispatch::Message;

/// Frames that a worker is done with.
#[derive(Debug)]
pub struct Handled {
    /// The frames.
    pub frames: Box<Batch>,
    /// Their outcomes.
    pub output: Output,
}

/// One queue of the NIC, all frames of which are one worker's. Its order is that of sequence numbers.
#[derive(Debug)]
pub struct OwnQueue {
    /// Bursts of frames. When the other end is dropped, the queue is closed.
    pub bursts: Consumer<Box<Batch>>,
    /// Frames that the worker is done with. There must be room for as many bursts as circulate here: one for which there
    /// is none is dropped.
    pub done: Producer<Handled>,
    /// Used outputs.
    pub spare: Consumer<Output>,
    /// The epoch in which the queues were opened, the same for all of them.
    pub epoch: u8,
}

impl Lane for Batch {
    #[inline(always)]
    fn len(&self) -> usize {
        self.len()
    }

    #[inline(always)]
    fn bytes(&self, at: usize) -> &[u8] {
        self.bytes(at)
    }

    #[inline(always)]
    fn prefetch(&self, at: usize) {
        self.prefetch(at);
    }

    #[inline(always)]
    fn fault(&self, at: usize) -> Option<WorkerFault> {
        self.faults(at).worker
    }
}

impl<S> Source<S> for OwnQueue {
    type Burst = Box<Batch>;
    type Place = ();

    fn take(&mut self) -> Option<Message<S, Box<Batch>>> {
        self.bursts.pop().ok().map(Message::Burst)
    }

    fn is_closed(&self) -> bool {
        self.bursts.is_abandoned()
    }

    fn output(&mut self) -> Output {
        self.spare.pop().unwrap_or_default()
    }

    fn hand_on(&mut self, frames: Box<Batch>, output: Output) {
        let _ = self.done.push(Handled { frames, output });
    }

    fn prepare<F: NetworkFunction<State = S>>(&self, worker: Worker<F>) -> Worker<F> {
        worker.independent(self.epoch)
    }

    fn handle<F: NetworkFunction<State = S>>(
        worker: &mut Worker<F>,
        hand: &mut InHand<Self, S>,
    ) -> Result<(), Break> {
        let InHand { burst, frames, .. } = hand;
        let lane: &Batch = burst;
        frames.handle(worker, lane, lane.len(), Worker::handle_own)?;
        worker.publish_taken()?;
        Ok(())
    }

    fn end<F: NetworkFunction<State = S>>(worker: &mut Worker<F>) -> Progress {
        worker.end()
    }
}
