//! Bursts that every worker gets, of which each handles its own lane.
//!
//! The dispatcher has written beside the batch what a worker must know of the other lanes: where the configuration
//! changes, and the number of the last frame.

use std::sync::Arc;

use rtrb::{Consumer, Producer};
use scr_nf::NetworkFunction;

use super::super::{Output, Progress, Worker};
use super::{Break, InHand, Lane, Source};
use crate::device::{Batch, Path, WorkerFault};
use crate::dispatch::{Burst, Message};

/// A burst that a worker is done with.
#[derive(Debug)]
pub struct Done {
    /// The burst.
    pub burst: Arc<Burst>,
    /// Outcomes of the worker's frames in it.
    pub output: Output,
}

/// The queues of a place between dispatcher and egress.
#[derive(Debug)]
pub struct Queues<S> {
    /// Bursts and requests, in order.
    pub items: Consumer<Message<S>>,
    /// Bursts that the worker is done with.
    pub done: Producer<Done>,
    /// Used outputs.
    pub spare: Consumer<Output>,
}

/// The segment in hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AtSegment {
    segment: usize,
    /// Whether the segment's barrier, if it has one, is behind.
    entered: bool,
}

/// The frames of a batch that were steered to one queue.
struct Steered<'a> {
    batch: &'a Batch,
    frames: &'a [u32],
}

impl Lane for Steered<'_> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.frames.len()
    }

    #[inline(always)]
    fn bytes(&self, at: usize) -> &[u8] {
        self.batch.bytes(self.frames[at] as usize)
    }

    #[inline(always)]
    fn prefetch(&self, at: usize) {
        self.batch.prefetch(self.frames[at] as usize);
    }

    #[inline(always)]
    fn fault(&self, at: usize) -> Option<WorkerFault> {
        let frame = self.frames[at] as usize;
        debug_assert!(self.batch.frames()[frame].path != Path::PassedBy);
        self.batch.faults(frame).worker
    }
}

impl<S> Source<S> for Queues<S> {
    type Burst = Arc<Burst>;
    type Place = AtSegment;

    fn take(&mut self) -> Option<Message<S>> {
        self.items.pop().ok()
    }

    fn is_closed(&self) -> bool {
        self.items.is_abandoned()
    }

    fn output(&mut self) -> Output {
        self.spare.pop().unwrap_or_default()
    }

    fn hand_on(&mut self, burst: Arc<Burst>, output: Output) {
        // There is room for every burst; only an egress that has gone takes none.
        let _ = self.done.push(Done { burst, output });
    }

    fn handle<F: NetworkFunction<State = S>>(
        worker: &mut Worker<F>,
        hand: &mut InHand<Self, S>,
    ) -> Result<(), Break> {
        let InHand {
            burst,
            place: AtSegment { segment, entered },
            frames,
        } = hand;
        let lane = Steered {
            batch: &burst.batch,
            frames: &burst.lanes[usize::from(worker.core)],
        };
        while let Some(stretch) = burst.segments.get(*segment) {
            if !*entered {
                if stretch.barrier {
                    worker.drain(true)?;
                }
                match stretch.epoch {
                    Some((epoch, first)) => worker.start_epoch(epoch, first),
                    None if stretch.barrier => worker.reopen(),
                    None => {}
                }
                *entered = true;
            }
            let end = match burst.segments.get(*segment + 1) {
                Some(next) => lane.frames.partition_point(|&i| (i as usize) < next.start),
                None => lane.len(),
            };
            frames.handle(worker, &lane, end, Worker::handle)?;
            if let Some(last) = stretch.last {
                worker.note_watermark(last, stretch.window)?;
            }
            *segment += 1;
            *entered = false;
        }
        Ok(())
    }

    fn end<F: NetworkFunction<State = S>>(worker: &mut Worker<F>) -> Progress {
        worker.drain(true)
    }
}
