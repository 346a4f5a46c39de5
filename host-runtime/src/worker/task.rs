//! A place as a task: takes messages from its [`Source`], hands bursts on with outcomes, and never blocks.
//!
//! A place may be vacant, and is again when its worker crashes, leaves, or finds out that it was declared dead.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use scr_nf::NetworkFunction;
use scr_wire::Profile;

use super::board::SnapshotBoard;
use super::source::{Break, InHand, Source};
use super::threads::{Poll, Task};
use super::{Counters, EventLevel, Pause, Worker, WorkerConfig};
use crate::device::WorkerFault;
use crate::dispatch::{Entry, Message};
use crate::membership::Heartbeats;
use crate::recovery::{LogWriter, Peers};

pub use super::source::shared::{Done, Queues};

/// State and counts of a worker at its end.
pub struct Finished<S> {
    /// The worker's place.
    pub core: u16,
    /// The replica; none of a worker that was gone before the end.
    pub state: Option<S>,
    /// The worker's counters.
    pub counters: Counters,
    /// Stalls that the end of the traffic cut short, since the one before.
    pub stalls_cut_short: u64,
}

/// Everything a place needs to make a worker for itself.
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
    pub events: EventLevel,
    /// Where workers ask each other for replicas; none without peers.
    pub board: Option<Arc<SnapshotBoard<S>>>,
}

/// A place with its source of messages, and its worker if there is one.
pub struct WorkerTask<
    F: NetworkFunction,
    Q: Source<F::State> = Queues<<F as NetworkFunction>::State>,
> {
    function: F,
    spec: Spec<F::State>,
    worker: Option<Worker<F>>,
    /// The right to write to the place's log, while there is no worker.
    log: Option<LogWriter>,
    source: Q,
    hand: Option<InHand<Q, F::State>>,
    stalled: Option<Instant>,
    stalls_cut_short: u64,
    heartbeats: Arc<Heartbeats>,
    results: Sender<Finished<F::State>>,
}

impl<F: NetworkFunction, Q: Source<F::State>> WorkerTask<F, Q> {
    /// A vacant place. A worker's replica, or at least its counts, go to `results` at its end.
    pub fn new(
        function: F,
        spec: Spec<F::State>,
        log: Option<LogWriter>,
        source: Q,
        heartbeats: Arc<Heartbeats>,
        results: Sender<Finished<F::State>>,
    ) -> Self {
        Self {
            function,
            spec,
            worker: None,
            log,
            source,
            hand: None,
            stalled: None,
            stalls_cut_short: 0,
            heartbeats,
            results,
        }
    }

    /// Puts a worker that starts with an empty state into the place.
    #[must_use]
    pub fn occupied(mut self) -> Self {
        self.worker = Some(self.new_worker());
        self
    }

    /// Says that there is no worker yet.
    pub fn vacant_from_the_start(&self) {
        if let Some(place) = self.heartbeats.get(self.spec.core) {
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
        let mut worker = Worker::new(self.function.clone(), config);
        if let Some(board) = &spec.board {
            worker = worker.trading(Arc::clone(board));
        }
        self.source.prepare(worker)
    }

    /// Removes the worker; what it had not handed on is lost with it.
    #[cold]
    fn vacate(&mut self) {
        self.hand = None;
        if let Some(mut worker) = self.worker.take() {
            worker.withdraw();
            let core = worker.core;
            let (_, counters, log) = worker.into_parts();
            self.log = log;
            self.report(core, None, counters);
        }
        if let Some(place) = self.heartbeats.get(self.spec.core) {
            place.vacate();
        }
    }

    fn finish(&mut self) {
        if let Some(worker) = self.worker.take() {
            let core = worker.core;
            let (state, counters, _) = worker.into_parts();
            self.report(core, Some(state), counters);
        }
        if let Some(place) = self.heartbeats.get(self.spec.core) {
            place.finish();
        }
    }

    fn report(&mut self, core: u16, state: Option<F::State>, counters: Counters) {
        // Nobody listens when the run was given up.
        let _ = self.results.send(Finished {
            core,
            state,
            counters,
            stalls_cut_short: std::mem::take(&mut self.stalls_cut_short),
        });
    }

    /// One call: a message or a part of a burst, if there is any.
    fn work(&mut self) -> Poll {
        if let Some(worker) = &mut self.worker
            && worker.lend().is_err()
        {
            self.vacate();
            return Poll::Busy;
        }
        if self.hand.is_some() {
            return self.go_on();
        }
        // Asked before the queue is looked at: what was put in before it was closed is seen then.
        let closed = self.source.is_closed();
        if let Some(message) = self.source.take() {
            self.receive(message);
            return Poll::Busy;
        }
        if closed { self.end() } else { self.rest() }
    }

    fn receive(&mut self, message: Message<F::State, Q::Burst>) {
        match (message, &mut self.worker) {
            (Message::Burst(burst), Some(worker)) => {
                self.hand = Some(InHand::new(worker, burst, self.source.output()));
            }
            (Message::Lend(to), Some(worker)) => {
                // Whoever asked may have asked somebody else meanwhile.
                let _ = to.send(Box::new(worker.snapshot()));
            }
            (Message::Join(entry), None) => self.join(*entry),
            (Message::Leave, Some(worker)) => {
                worker.leave();
                self.vacate();
            }
            // Messages for a worker that is gone.
            (Message::Burst(_) | Message::Lend(_) | Message::Leave, None)
            | (Message::Join(_), Some(_)) => {}
        }
    }

    fn join(&mut self, Entry { snapshot, sent }: Entry<F::State>) {
        let mut worker = self.new_worker().resumed(snapshot);
        // None of the frames sent before were this worker's: nobody need wait for it because of them. What it has to wait
        // for itself it waits for later.
        let fenced = sent.is_some_and(|(last, window)| {
            worker.note_watermark(last, window) == Err(Pause::Fenced)
        });
        self.worker = Some(worker);
        if fenced {
            self.vacate();
        }
    }

    /// Goes on with the burst in hand.
    fn go_on(&mut self) -> Poll {
        let (Some(worker), Some(hand)) = (&mut self.worker, &mut self.hand) else {
            return Poll::Idle;
        };
        let before = (hand.place(), worker.next);
        match Q::handle(worker, hand) {
            Ok(()) => {
                if let Some(hand) = self.hand.take() {
                    let (burst, output) = hand.into_parts();
                    self.source.hand_on(burst, output);
                }
                Poll::Busy
            }
            Err(Break::Pause(Pause::Waiting)) => {
                if before == (hand.place(), worker.next) {
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

    /// Called when nothing is there to do. A worker that was declared dead finds out here and vacates its place, so that it
    /// can come back; and a worker copies rows that peers are asking for.
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

    /// Called when nothing will come any more. A worker stays until nobody needs anything from it.
    fn end(&mut self) -> Poll {
        if let Some(worker) = &mut self.worker {
            let before = worker.next;
            match Q::end(worker) {
                Ok(()) => {}
                Err(Pause::Waiting) if before == worker.next => return Poll::Idle,
                Err(Pause::Waiting) => return Poll::Busy,
                Err(Pause::Fenced) => self.vacate(),
            }
        }
        self.finish();
        Poll::Finished
    }
}

impl<F: NetworkFunction, Q: Source<F::State>> Task for WorkerTask<F, Q> {
    fn poll(&mut self) -> Poll {
        if let Some(until) = self.stalled {
            if Instant::now() < until {
                if !self.source.is_closed() {
                    return Poll::Idle;
                }
                // At the end of a run nobody waits for it.
                self.stalls_cut_short += 1;
            }
            self.stalled = None;
        }
        if let Some(place) = self.heartbeats.get(self.spec.core) {
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
