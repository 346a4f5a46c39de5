//! The parts of a run except its device, connected.
//!
//! ```text
//!                    queues                lanes
//!  links ──▶ task 0 … task places−1 ──▶ egress ──▶ outcomes
//!    ▲                │ results at the end              │
//!    │                ▼                                 │
//!    │             workers          free bursts         │
//!    └──────────────────────────────────────────────────┘
//! ```

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};

use rtrb::{Consumer, Producer, RingBuffer};
use scr_nf::NetworkFunction;

use super::config::{Outputs, ReplayConfig};
use super::links::{Links, Wiring};
use crate::dispatch::{Burst, Dispatcher, Message};
use crate::egress::{Egress, EgressConfig, Outcomes};
use crate::membership::{Heartbeats, LEAD, Membership, MembershipConfig};
use crate::recovery::{Log, LogWriter, Peers};
use crate::verify::{Judge, Ledger, Reference};
use crate::worker::board::SnapshotBoard;
use crate::worker::task::{Done, Finished, Queues, Spec, WorkerTask};
use crate::worker::threads::{StopFlag, Task};
use crate::worker::{EventLevel, IDLE_SLACK, Output};

/// Room in a worker's queue for requests, besides bursts.
const REQUESTS: usize = 4;

/// A task that any thread can serve.
pub type Part<'a> = Box<dyn Task + Send + 'a>;

/// The parts of a run except its device and the membership.
pub struct Pipeline<'a, S> {
    /// The task of each place, in order, and the egress.
    pub tasks: Vec<Part<'a>>,
    /// Links to all of them.
    pub links: Links<S>,
    /// Replica and counts of each worker that finished or is gone.
    pub workers: Receiver<Finished<S>>,
    /// Results of the egress.
    pub egress: Receiver<Outcomes<S>>,
}

/// Sizes of a run's parts.
#[derive(Clone, Copy, Debug)]
struct Size {
    /// Number of places.
    places: usize,
    /// Number of bursts in circulation.
    bursts: usize,
    /// Number of frames in a burst.
    frames: usize,
}

impl Size {
    fn of<C>(config: &ReplayConfig<C>) -> Self {
        Self {
            places: config.plan.most_cores(config.cores).into(),
            bursts: config.batches.max(2),
            frames: config.batch_frames.max(1),
        }
    }

    /// Number of frames in circulation.
    fn window(self) -> usize {
        self.bursts * self.frames
    }
}

/// The ends of a place's queues opposite to its task.
struct Ends<S> {
    queue: Producer<Message<S>>,
    lane: (Consumer<Done>, Producer<Output>),
}

impl<'a, S: Clone + Send + 'a> Pipeline<'a, S> {
    /// The parts of a run of `function`; `stop` is raised if the run has to be given up.
    pub fn new<F, C>(
        function: &F,
        config: &ReplayConfig<C>,
        outputs: &mut Outputs<'a>,
        stop: &Arc<StopFlag>,
    ) -> Self
    where
        F: NetworkFunction<State = S>,
    {
        let size = Size::of(config);
        let (logs, writers) = logs(config, size);
        let shared = Shared::new(config, size, logs, outputs.events.is_some());
        let (worker_results, workers) = mpsc::channel();
        let (egress_results, egress) = mpsc::channel();
        let (tombstones, deaths) = mpsc::channel();

        let mut tasks: Vec<Part<'a>> = Vec::with_capacity(size.places + 1);
        let (mut queues, mut lanes) = (Vec::new(), Vec::new());
        for (core, log) in (0..).zip(writers) {
            let (task, ends) = shared.task(function, core, log, &worker_results);
            tasks.push(Box::new(task));
            queues.push(ends.queue);
            lanes.push(ends.lane);
        }
        let (fresh, free) = bursts(size);
        let (out, filled) = RingBuffer::new(size.bursts);
        tasks.push(Box::new(Egress::<F>::new(EgressConfig {
            bursts: filled,
            lanes,
            tombstones: deaths,
            free: fresh,
            window: size.window(),
            profile: config.profile,
            judge: judge(function, config),
            packets: outputs.packets.take(),
            events: outputs.events.take(),
            stop: Arc::clone(stop),
            results: egress_results,
        })));
        let wiring = Wiring {
            queues,
            egress: out,
            tombstones,
            free,
            logs: shared.logs,
            board: shared.board,
            heartbeats: shared.heartbeats,
        };
        let dispatcher = Dispatcher::new(
            &config.profile,
            size.places,
            config.first_seq,
            config.max_rows,
        );
        Self {
            tasks,
            links: Links::new(wiring, dispatcher, size.frames),
            workers,
            egress,
        }
    }
}

/// Everything that the worker tasks of all places share.
struct Shared<'c, S, C> {
    config: &'c ReplayConfig<C>,
    size: Size,
    events: EventLevel,
    /// The log of each place; empty with only one place.
    logs: Vec<Arc<Log>>,
    board: Option<Arc<SnapshotBoard<S>>>,
    heartbeats: Arc<Heartbeats>,
}

impl<'c, S, C> Shared<'c, S, C> {
    fn new(config: &'c ReplayConfig<C>, size: Size, logs: Vec<Arc<Log>>, has_events: bool) -> Self {
        let board = (!logs.is_empty())
            .then(|| Arc::new(SnapshotBoard::new(size.places, config.log_rows.is_some())));
        Self {
            config,
            size,
            events: if has_events {
                config.events
            } else {
                EventLevel::Off
            },
            logs,
            board,
            heartbeats: Arc::new(Heartbeats::new(size.places)),
        }
    }

    /// The task of place `core`, with a worker if the run starts with one there.
    fn task<F: NetworkFunction<State = S>>(
        &self,
        function: &F,
        core: u16,
        log: Option<LogWriter>,
        results: &Sender<Finished<S>>,
    ) -> (WorkerTask<F>, Ends<S>) {
        let bursts = self.size.bursts;
        let (queue, items) = RingBuffer::new(bursts + REQUESTS);
        let (done, finished) = RingBuffer::new(bursts);
        let (spare, used) = RingBuffer::new(bursts);
        let spec = Spec {
            core,
            profile: self.config.profile,
            first_seq: self.config.first_seq,
            max_rows: self.config.max_rows,
            peers: Peers::of(core, &self.logs),
            events: self.events,
            board: self.board.clone(),
        };
        let queues = Queues {
            items,
            done,
            spare: used,
        };
        let heartbeats = Arc::clone(&self.heartbeats);
        let results = results.clone();
        let mut task = WorkerTask::new(function.clone(), spec, log, queues, heartbeats, results);
        if core < u16::from(self.config.cores) {
            task = task.occupied();
        } else {
            task.vacant_from_the_start();
        }
        let lane = (finished, spare);
        (task, Ends { queue, lane })
    }
}

/// The queue of free bursts, with all bursts in it.
fn bursts(size: Size) -> (Producer<Arc<Burst>>, Consumer<Arc<Burst>>) {
    let (mut fresh, free) = RingBuffer::new(size.bursts);
    for _ in 0..size.bursts {
        // The ring has room for exactly these.
        let _ = fresh.push(Arc::new(Burst::new(size.places, size.frames)));
    }
    (fresh, free)
}

fn judge<F: NetworkFunction, C>(function: &F, config: &ReplayConfig<C>) -> Judge<F> {
    let reference = config
        .verify
        .then(|| Reference::new(function.clone(), &config.profile));
    Judge::new(Ledger::new(config.first_seq, config.max_rows), reference)
}

type Logs = (Vec<Arc<Log>>, Vec<Option<LogWriter>>);

/// A log for each place, as long as a worker may fall behind: all frames in circulation, the rows of a frame, and the rows
/// that it waits for before it asks without a frame; as much again for a worker that joins. A single worker needs no log.
fn logs<C>(config: &ReplayConfig<C>, size: Size) -> Logs {
    if size.places == 1 || !config.logs {
        return (Vec::new(), (0..size.places).map(|_| None).collect());
    }
    let frame = scr_wire::geometry::MAX_VALID_ROWS;
    let mut len = size.window() + config.batch_frames + 2 * frame + IDLE_SLACK as usize;
    if !config.plan.is_empty() {
        len += size.window() + LEAD as usize;
    }
    let len = config.log_rows.unwrap_or(len);
    let row_bytes = config.profile.row_bytes();
    (0..size.places)
        .map(|place| {
            let (log, writer) = Log::new(len, row_bytes);
            if place >= usize::from(config.cores) {
                log.fence();
            }
            (log, Some(writer))
        })
        .unzip()
}

/// The membership at the start of a run.
pub fn membership<C>(config: &ReplayConfig<C>) -> Membership {
    Membership::new(MembershipConfig {
        cores: config.cores,
        places: Size::of(config).places,
        stall_timeout: config.stall_timeout,
        rejoin: config.rejoin,
        plan: config.plan.clone(),
    })
}
