//! Small workers, frames for them, and waiting that loom understands.

use std::fmt::Debug;
use std::sync::Arc;

use loom::thread;
use scr_nf::{Action, Description, NetworkFunction, Verdict};
use scr_runtime::EventLevel;
use scr_runtime::recovery::{Log, LogWriter, Peers};
use scr_runtime::worker::{Counters, Outcome, Output, Pause, Worker, WorkerConfig};
use scr_wire::{Config, Disposition, Frame, MAX_PREFIX_BYTES, Seq, Sequencer, Timestamp, profile};

/// Rows that a worker takes from a frame: as many as there are workers.
pub const WINDOW: u64 = 2;

/// A function whose state is the list of rows that it was given.
#[derive(Clone, Debug)]
pub struct Trace;

impl NetworkFunction for Trace {
    type State = Vec<u8>;
    type Effect = ();
    type Entry = u8;

    fn new_state(&self) -> Vec<u8> {
        Vec::new()
    }

    fn apply(&self, state: &mut Vec<u8>, row: &[u8]) {
        state.push(row[3]);
    }

    fn action(&self, (): ()) -> Action {
        Action::Pass
    }

    fn entries(&self, state: &Vec<u8>) -> Vec<u8> {
        state.clone()
    }

    fn describe(&self, _: &[u8], (): ()) -> Option<Description> {
        None
    }
}

/// Frames for two workers, each of the rows that the trace shows as its packet's number over all epochs. A new epoch
/// starts with each of the packets `epochs`.
pub fn frames(count: u8, epochs: &[u8]) -> Arc<Vec<Vec<u8>>> {
    let mut sequencer =
        Sequencer::new(&profile::SOURCE, 16, Config::new(2, 1)).expect("a valid configuration");
    let mut prefix = [0; MAX_PREFIX_BYTES];
    let frames = (0..count).map(|n| {
        if epochs.contains(&n) {
            sequencer.reset();
        }
        let mut packet = [0u8; 34];
        packet[12] = 8;
        packet[14] = 0x45;
        packet[26..30].copy_from_slice(&[10, 0, 0, n]);
        let Disposition::Sequenced { prefix_bytes, .. } =
            sequencer.sequence(&packet, Timestamp::default(), &mut prefix)
        else {
            panic!("IP is sequenced");
        };
        [&prefix[..prefix_bytes], &packet].concat()
    });
    Arc::new(frames.collect())
}

/// A worker with what it needs to be called.
#[derive(Debug)]
pub struct Core {
    worker: Worker<Trace>,
    out: Output,
    frames: Arc<Vec<Vec<u8>>>,
    /// Sequence number of the last frame taken, if it has not been published.
    taken: Option<u64>,
}

/// Two workers whose logs keep `span` rows.
pub fn pair(span: usize, frames: &Arc<Vec<Vec<u8>>>) -> [Core; 2] {
    let (logs, writers): (Vec<Arc<Log>>, Vec<LogWriter>) =
        (0..2).map(|_| Log::new(span, 4)).unzip();
    let mut cores = (0..).zip(writers).map(|(core, log)| Core {
        worker: Worker::new(
            Trace,
            WorkerConfig {
                core,
                profile: profile::SOURCE,
                first_seq: Seq::ZERO,
                max_rows: WINDOW as u8,
                log: Some(log),
                peers: Peers::of(core, &logs),
                events: EventLevel::Off,
            },
        ),
        out: Output::default(),
        frames: Arc::clone(frames),
        taken: None,
    });
    std::array::from_fn(|_| cores.next().expect("two"))
}

impl Core {
    /// Takes frame `n`, however long it must wait. It is published with what follows.
    pub fn take(&mut self, n: usize) {
        let frames = Arc::clone(&self.frames);
        loop {
            match self.worker.handle(&frames[n], &mut self.out) {
                Err(Pause::Waiting) => thread::yield_now(),
                Err(Pause::Fenced) => panic!("nobody fences"),
                Ok(outcome) => {
                    assert_eq!(outcome, Outcome::Verdict(Verdict::Pass));
                    break;
                }
            }
        }
        let frame = Frame::parse(&frames[n], &profile::SOURCE).expect("a valid frame");
        self.taken = Some(frame.header().seq.get());
    }

    /// Comes to the end of a stretch of frames, the last of them its own.
    fn publish(&mut self) {
        if let Some(last) = self.taken.take() {
            self.idle(last);
        }
    }

    /// Has been given all frames up to sequence number `last`.
    pub fn idle(&mut self, last: u64) {
        self.taken = None;
        while self.worker.note_watermark(Seq::new(last), WINDOW) == Err(Pause::Waiting) {
            thread::yield_now();
        }
    }

    /// Goes through a barrier, and into epoch `epoch` behind it.
    pub fn epoch(&mut self, epoch: u8) {
        self.publish();
        while self.worker.drain(true) == Err(Pause::Waiting) {
            thread::yield_now();
        }
        self.worker.start_epoch(epoch, Seq::ZERO);
    }

    /// Drains; the rows applied, and what was counted.
    pub fn finish(mut self) -> (Vec<u8>, Counters) {
        self.publish();
        while self.worker.drain(false) == Err(Pause::Waiting) {
            thread::yield_now();
        }
        let (state, counters, _) = self.worker.into_parts();
        (state, counters)
    }
}

/// Runs two cores at once; what each of them gave.
pub fn both<A, B: Send + 'static>(
    here: impl FnOnce() -> A,
    there: impl FnOnce() -> B + Send + 'static,
) -> (A, B)
where
    B: Debug,
{
    let there = thread::spawn(there);
    let here = here();
    (here, there.join().expect("the other thread ends"))
}
