//! A worker at its place: takes bursts, hands them on with outcomes, and never blocks.
//!
//! A place may be vacant, and is again when its worker crashes, leaves, or finds out that it was declared dead.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use rtrb::{Consumer, Producer};
use scr_nf::{NetworkFunction, Verdict};
use scr_wire::Profile;

use super::ahead::Ahead;
use super::exchange::Exchange;
use super::threads::{Poll, Task};
use super::{Counters, Outcome, Output, Pause, Worker, WorkerConfig};
use crate::device::{Path, WorkerFault};
use crate::dispatch::{Burst, Entry, Message};
use crate::failover::Roster;
use crate::recovery::{LogWriter, Peers};

/// Frames of a lane that are brought from the core that made them before they are handled.
const FRAMES_AHEAD: usize = 4;

/// A burst that a worker is done with.
#[derive(Debug)]
pub struct Done {
    /// The burst.
    pub burst: Arc<Burst>,
    /// What became of the worker's frames in it.
    pub output: Output,
}

/// A worker's state and counts at its end.
pub struct Finished<S> {
    /// Its place.
    pub core: u16,
    /// Its replica; none of a worker that was gone before the end.
    pub state: Option<S>,
    /// What it counted.
    pub counters: Counters,
    /// Stalls that the end of the traffic cut short, since the one before.
    pub stalls_cut_short: u64,
}

/// Where in a burst the worker stands.
struct Cursor {
    burst: Arc<Burst>,
    output: Output,
    segment: usize,
    /// Whether the segment's barrier, if it has one, is behind.
    entered: bool,
    /// Place in the lane.
    at: usize,
    /// Whether the fault that the frame there carries has struck.
    struck: bool,
    ahead: Ahead,
}

/// Why going through a burst was broken off.
enum Break {
    Pause(Pause),
    Fault(WorkerFault),
}

impl From<Pause> for Break {
    fn from(pause: Pause) -> Self {
        Self::Pause(pause)
    }
}

/// What a place needs to make a worker for itself.
#[derive(Debug)]
pub struct Spec<S> {
    /// Number of the place.
    pub core: u16,
    /// Profile of the rows.
    pub profile: Profile,
    /// Sequence number of the first row there is to be.
    pub first_seq: scr_wire::Seq,
    /// Most rows taken from one frame.
    pub max_rows: u8,
    /// The logs of the other places.
    pub peers: Peers,
    /// Which events are recorded.
    pub events: super::EventLevel,
    /// Where workers ask each other for replicas; none without peers.
    pub exchange: Option<Arc<Exchange<S>>>,
}

/// The queues of a place.
#[derive(Debug)]
pub struct Queues<S> {
    /// Loads and requests, in order.
    pub items: Consumer<Message<S>>,
    /// Loads that the worker is done with.
    pub done: Producer<Done>,
    /// Used outputs.
    pub spare: Consumer<Output>,
}

/// A place with its queues, and its worker if it has one.
pub struct WorkerTask<F: NetworkFunction> {
    function: F,
    spec: Spec<F::State>,
    worker: Option<Worker<F>>,
    /// The right to write to the place's log, while there is no worker.
    log: Option<LogWriter>,
    queues: Queues<F::State>,
    cursor: Option<Cursor>,
    stalled: Option<Instant>,
    stalls_cut_short: u64,
    roster: Arc<Roster>,
    results: Sender<Finished<F::State>>,
}

impl<F: NetworkFunction> WorkerTask<F> {
    /// A vacant place. A worker's replica, or at least its counts, go to `results` at its end.
    pub fn new(
        function: F,
        spec: Spec<F::State>,
        log: Option<LogWriter>,
        queues: Queues<F::State>,
        roster: Arc<Roster>,
        results: Sender<Finished<F::State>>,
    ) -> Self {
        Self {
            function,
            spec,
            worker: None,
            log,
            queues,
            cursor: None,
            stalled: None,
            stalls_cut_short: 0,
            roster,
            results,
        }
    }

    /// The same with a worker that starts with an empty state.
    #[must_use]
    pub fn occupied(mut self) -> Self {
        self.worker = Some(self.new_worker());
        self
    }

    /// Says that there is no worker yet.
    pub fn vacant_from_the_start(&self) {
        if let Some(place) = self.roster.get(self.spec.core) {
            place.vacate();
        }
    }

    fn new_worker(&mut self) -> Worker<F> {
        let spec = &self.spec;
        let config = WorkerConfig {
            core: spec.core,
            profile: spec.profile,
            first_seq: spec.first_seq,
            max_rows: spec.max_rows,
            log: self.log.take(),
            peers: spec.peers.clone(),
            events: spec.events,
        };
        let worker = Worker::new(self.function.clone(), config);
        match &spec.exchange {
            Some(exchange) => worker.trading(Arc::clone(exchange)),
            None => worker,
        }
    }

    /// The worker is gone: what it had not handed on is lost with it.
    #[cold]
    fn vacate(&mut self) {
        self.cursor = None;
        if let Some(mut worker) = self.worker.take() {
            worker.withdraw();
            let core = worker.core;
            let (_, counters, log) = worker.into_parts();
            self.log = log;
            // Nobody listens when the run was given up.
            let _ = self.results.send(Finished {
                core,
                state: None,
                counters,
                stalls_cut_short: std::mem::take(&mut self.stalls_cut_short),
            });
        }
        if let Some(place) = self.roster.get(self.spec.core) {
            place.vacate();
        }
    }

    fn take_item(&mut self) -> bool {
        let Ok(item) = self.queues.items.pop() else {
            return false;
        };
        match (item, &mut self.worker) {
            (Message::Burst(burst), Some(worker)) => {
                let mut output = self.queues.spare.pop().unwrap_or_default();
                output.clear();
                self.cursor = Some(Cursor {
                    burst,
                    output,
                    segment: 0,
                    entered: false,
                    at: 0,
                    struck: false,
                    ahead: Ahead::new(worker),
                });
            }
            (Message::Lend(to), Some(worker)) => {
                // Whoever asked may have asked somebody else meanwhile.
                let _ = to.send(Box::new(worker.snapshot()));
            }
            (Message::Join(entry), None) => {
                let Entry { snapshot, sent } = *entry;
                let mut worker = self.new_worker().resumed(snapshot);
                // None of the frames sent before were its own: nobody need wait for it because of them. What it has to
                // wait for itself it waits for later.
                let fenced = sent.is_some_and(|(last, window)| {
                    worker.seen_up_to(last, window) == Err(Pause::Fenced)
                });
                self.worker = Some(worker);
                if fenced {
                    self.vacate();
                }
            }
            (Message::Leave, Some(worker)) => {
                worker.leave();
                self.vacate();
            }
            // What was meant for a worker that is gone.
            (Message::Burst(_) | Message::Lend(_) | Message::Leave, None)
            | (Message::Join(_), Some(_)) => {}
        }
        true
    }

    fn finish(&mut self) {
        if let Some(worker) = self.worker.take() {
            let core = worker.core;
            let (state, counters, _) = worker.into_parts();
            // Nobody listens when the run was given up.
            let _ = self.results.send(Finished {
                core,
                state: Some(state),
                counters,
                stalls_cut_short: std::mem::take(&mut self.stalls_cut_short),
            });
        }
        if let Some(place) = self.roster.get(self.spec.core) {
            place.finish();
        }
    }
}

/// Goes through a burst as far as possible.
fn run<F: NetworkFunction>(
    worker: &mut Worker<F>,
    cursor: &mut Cursor,
    events: bool,
) -> Result<(), Break> {
    let Cursor {
        burst,
        output,
        segment,
        entered,
        at,
        struck,
        ahead,
    } = cursor;
    let lane = &burst.lanes[usize::from(worker.core)];
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
        let end = burst.segment_end(*segment);
        while let Some(&frame) = lane.get(*at)
            && (frame as usize) < end
        {
            let info = &burst.batch.frames()[frame as usize];
            if let Some(fault) = burst.batch.faults(frame as usize).worker
                && !std::mem::replace(struck, true)
            {
                return Err(Break::Fault(fault));
            }
            ahead.advance(worker, *at, lane.len(), |i| {
                burst.batch.bytes(lane[i] as usize)
            });
            if let Some(&coming) = lane.get(*at + FRAMES_AHEAD) {
                burst.batch.prefetch(coming as usize);
            }
            let outcome = worker.handle(burst.batch.bytes(frame as usize), output)?;
            debug_assert!(info.path != Path::PassedBy);
            if outcome == Outcome::Verdict(Verdict::Rewrite) {
                output.rewritten_ends.push(output.rewritten.len() as u32);
            }
            if events {
                output.event_ends.push(output.events.len() as u32);
            }
            output.outcomes.push(outcome);
            *at += 1;
            *struck = false;
        }
        if let Some(last) = stretch.last {
            worker.seen_up_to(last, stretch.window)?;
        }
        *segment += 1;
        *entered = false;
    }
    Ok(())
}

impl<F: NetworkFunction> WorkerTask<F> {
    /// Goes on with the burst in hand.
    fn go_on(&mut self) -> Poll {
        let (Some(worker), Some(cursor)) = (&mut self.worker, &mut self.cursor) else {
            return Poll::Idle;
        };
        let events = worker.recorder.is_on();
        let before = (cursor.segment, cursor.at, worker.next);
        match run(worker, cursor, events) {
            Ok(()) => {
                if let Some(Cursor { burst, output, .. }) = self.cursor.take() {
                    // There is room for every burst; only an egress that has gone takes none.
                    let _ = self.queues.done.push(Done { burst, output });
                }
                Poll::Busy
            }
            Err(Break::Pause(Pause::Waiting)) => {
                if before == (cursor.segment, cursor.at, worker.next) {
                    Poll::Idle
                } else {
                    Poll::Busy
                }
            }
            Err(Break::Fault(WorkerFault::Stall(ms))) => {
                self.stalled = Some(Instant::now() + Duration::from_millis(ms.into()));
                Poll::Busy
            }
            Err(Break::Fault(WorkerFault::Crash) | Break::Pause(Pause::Fenced)) => {
                self.vacate();
                Poll::Busy
            }
        }
    }

    /// A worker that has nothing to do may have been declared dead and not know: then it makes room, so that it can
    /// come back. And peers may need to know how far it is.
    fn rest(&mut self) -> Poll {
        let Some(worker) = &mut self.worker else {
            return Poll::Idle;
        };
        let lives = worker.publish_again().and_then(|()| worker.catch_up());
        if lives == Err(Pause::Fenced) {
            self.vacate();
            return Poll::Busy;
        }
        Poll::Idle
    }

    fn work(&mut self) -> Poll {
        if let Some(worker) = &mut self.worker
            && worker.lend().is_err()
        {
            self.vacate();
            return Poll::Busy;
        }
        if self.cursor.is_some() {
            return self.go_on();
        }
        // Asked before the queue is looked at: what was put before it was left is seen then.
        let ended = self.queues.items.is_abandoned();
        if self.take_item() {
            return Poll::Busy;
        }
        if !ended {
            return self.rest();
        }
        if let Some(worker) = &mut self.worker {
            // All stay until nobody needs anything from them any more.
            match worker.drain(true) {
                Ok(()) => {}
                Err(Pause::Waiting) => return Poll::Idle,
                Err(Pause::Fenced) => self.vacate(),
            }
        }
        self.finish();
        Poll::Finished
    }
}

impl<F: NetworkFunction> Task for WorkerTask<F> {
    fn poll(&mut self) -> Poll {
        if let Some(until) = self.stalled {
            if Instant::now() < until {
                if !self.queues.items.is_abandoned() {
                    return Poll::Idle;
                }
                // At the end of a run nobody waits for it.
                self.stalls_cut_short += 1;
            }
            self.stalled = None;
        }
        if let Some(place) = self.roster.get(self.spec.core) {
            place.beat();
        }
        // A function that panics takes its worker with it, not the run. The worker is not looked at again: its log counts
        // as far as it was published, and what is behind that is in no state to be broken.
        match catch_unwind(AssertUnwindSafe(|| self.work())) {
            Ok(poll) => poll,
            Err(_) => {
                self.vacate();
                Poll::Busy
            }
        }
    }
}
