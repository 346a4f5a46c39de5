//! A worker at its queue: takes loads, hands them on with outcomes, and never blocks.

use std::sync::Arc;

use rtrb::{Consumer, Producer};

use super::ahead::Ahead;
use super::threads::{Poll, Task};
use super::{Counters, Handled, Outcome, Output, Progress, Worker};
use crate::device::Path;
use crate::dispatch::Load;
use crate::nf::{NetworkFunction, Verdict};

/// A load that a worker is done with.
#[derive(Debug)]
pub struct Done {
    /// The load.
    pub load: Arc<Load>,
    /// What became of the worker's frames in it.
    pub output: Output,
}

/// A worker's state and counts at the end.
pub struct Finished<S> {
    /// Number of the worker.
    pub core: u16,
    /// Its replica.
    pub state: S,
    /// What it counted.
    pub counters: Counters,
}

/// Where in a load the worker stands.
struct Cursor {
    load: Arc<Load>,
    output: Output,
    segment: usize,
    /// Whether the segment's barrier, if it has one, is behind.
    entered: bool,
    /// Place in the lane.
    at: usize,
    ahead: Ahead,
}

/// A worker with its queues.
pub struct Station<F: NetworkFunction> {
    worker: Option<Worker<F>>,
    loads: Consumer<Arc<Load>>,
    done: Producer<Done>,
    spare: Consumer<Output>,
    cursor: Option<Cursor>,
    events: bool,
    results: std::sync::mpsc::Sender<Finished<F::State>>,
}

impl<F: NetworkFunction> Station<F> {
    /// `worker` between its queues: loads come in order from `loads` and leave through `done`; used outputs come back
    /// through `spare`. At the end its replica goes to `results`.
    pub fn new(
        worker: Worker<F>,
        loads: Consumer<Arc<Load>>,
        done: Producer<Done>,
        spare: Consumer<Output>,
        results: std::sync::mpsc::Sender<Finished<F::State>>,
    ) -> Self {
        Self {
            events: worker.recorder.is_on(),
            worker: Some(worker),
            loads,
            done,
            spare,
            cursor: None,
            results,
        }
    }

    fn take_load(&mut self) -> bool {
        let Some(worker) = &self.worker else {
            return false;
        };
        let ahead = Ahead::new(worker);
        let Ok(load) = self.loads.pop() else {
            return false;
        };
        let mut output = self.spare.pop().unwrap_or_default();
        output.clear();
        self.cursor = Some(Cursor {
            load,
            output,
            segment: 0,
            entered: false,
            at: 0,
            ahead,
        });
        true
    }
}

/// Goes through a load as far as possible.
fn run<F: NetworkFunction>(worker: &mut Worker<F>, cursor: &mut Cursor, events: bool) -> Progress {
    let Cursor {
        load,
        output,
        segment,
        entered,
        at,
        ahead,
    } = cursor;
    let lane = &load.lanes[usize::from(worker.core)];
    while let Some(stretch) = load.segments.get(*segment) {
        if !*entered {
            if stretch.barrier && worker.drain(true) == Progress::Waiting {
                return Progress::Waiting;
            }
            if let Some((epoch, first)) = stretch.epoch {
                worker.start_epoch(epoch, first);
            }
            *entered = true;
        }
        let end = load.segment_end(*segment);
        while let Some(&frame) = lane.get(*at)
            && (frame as usize) < end
        {
            ahead.advance(worker, *at, lane.len(), |i| {
                load.batch.bytes(lane[i] as usize)
            });
            let Handled::Done(outcome) = worker.handle(load.batch.bytes(frame as usize), output)
            else {
                return Progress::Waiting;
            };
            debug_assert!(load.batch.frames()[frame as usize].path != Path::PassedBy);
            if outcome == Outcome::Verdict(Verdict::Rewrite) {
                output.rewritten_ends.push(output.rewritten.len() as u32);
            }
            if events {
                output.event_ends.push(output.events.len() as u32);
            }
            output.outcomes.push(outcome);
            *at += 1;
        }
        if let Some(last) = stretch.last
            && worker.seen_up_to(last, stretch.window) == Progress::Waiting
        {
            return Progress::Waiting;
        }
        *segment += 1;
        *entered = false;
    }
    Progress::Done
}

impl<F: NetworkFunction> Task for Station<F> {
    fn poll(&mut self) -> Poll {
        let Some(worker) = &mut self.worker else {
            return Poll::Finished;
        };
        if let Some(cursor) = &mut self.cursor {
            let before = (cursor.segment, cursor.at, worker.next);
            if run(worker, cursor, self.events) == Progress::Waiting {
                let moved = before != (cursor.segment, cursor.at, worker.next);
                return if moved { Poll::Busy } else { Poll::Idle };
            }
            if let Some(Cursor { load, output, .. }) = self.cursor.take() {
                // There is room for every load; only an egress that has gone takes none.
                let _ = self.done.push(Done { load, output });
            }
            return Poll::Busy;
        }
        // Asked before the queue is looked at: what was put before it was left is seen then.
        let ended = self.loads.is_abandoned();
        if self.take_load() {
            return Poll::Busy;
        }
        if !ended {
            return Poll::Idle;
        }
        if let Some(worker) = &mut self.worker
            && worker.drain(false) == Progress::Waiting
        {
            return Poll::Idle;
        }
        if let Some(worker) = self.worker.take() {
            let core = worker.core;
            let (state, counters) = worker.into_parts();
            let finished = Finished {
                core,
                state,
                counters,
            };
            // Nobody listens when the run was given up.
            let _ = self.results.send(finished);
        }
        Poll::Finished
    }
}
