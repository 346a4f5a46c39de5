//! A worker: one replica of a function's state, kept by taking frames.
//!
//! ```text
//!  frame ──▶ check ──▶ rows missing? ──▶ hole? ask peers' logs ──▶ apply oldest first ──▶ verdict from row 0
//!            reject     (own seq −        (recovery)                append each to own log
//!                        last applied)
//! ```
//!
//! [`Worker`] knows nothing of threads and queues and never blocks: where it has to wait for a peer it says
//! [`Handled::Waiting`] and is called again with the same frame. [`station`] feeds it from a queue, [`threads`] runs many
//! stations on few threads.
//!
//! Rows are counted by *position*, from 0 over all epochs; the position of a row is the same for all workers. Within an
//! epoch position and sequence number differ by a constant.

pub mod ahead;
pub mod events;
pub mod outcome;
pub mod station;
pub mod threads;

use scr_wire::profile::MAX_ROW_BYTES;
use scr_wire::{Frame, Profile, Seq};

use crate::nf::NetworkFunction;
use crate::recovery::{LogWriter, Peers, Settlement};
use events::{Recorder, What};

pub use events::EventLevel;
pub use outcome::{Outcome, Output, Reason};

/// Half of all sequence numbers: what lies further ahead lies behind.
const HALF: u64 = 1 << (Seq::BITS - 1);

/// What a worker counted. On cache lines of its own (two, for they are fetched in pairs): no other core's writes disturb it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(align(128))]
pub struct Counters {
    /// Frames taken.
    pub frames: u64,
    /// Rows applied, those of the final drain included.
    pub rows_applied: u64,
    /// Missing rows beyond the ordinary k that the worker's own frames held.
    pub rows_from_frames: u64,
    /// Missing rows that a peer's log held.
    pub rows_from_logs: u64,
    /// Missing rows that no surviving frame held.
    pub rows_lost_everywhere: u64,
    /// Missing rows that could not be had, and of which it is not known whether a peer had them.
    pub rows_unrecovered: u64,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handled {
    /// The frame is done with.
    Done(Outcome),
    /// A peer has to go on first. Call again with the same frame.
    Waiting,
}

/// Whether a worker must be called again because a peer has to go on first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Progress {
    /// Done.
    Done,
    /// A peer has to go on first.
    Waiting,
}

/// Where a worker stands on the way through a barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Barrier {
    Away,
    /// Waiting until all have taken their last frame.
    Ended,
    /// Taking the rows up to this position from logs.
    Draining(u64),
    /// Waiting until all have drained.
    Drained,
}

/// Everything a worker needs besides its function.
#[derive(Debug)]
pub struct WorkerConfig {
    /// Number of the worker, from 0.
    pub core: u16,
    /// Profile of the rows.
    pub profile: Profile,
    /// Sequence number of the first row there is to be.
    pub first_seq: Seq,
    /// Most rows taken from one frame.
    pub max_rows: u8,
    /// The worker's log; `None` for a worker without peers.
    pub log: Option<LogWriter>,
    /// The logs of its peers.
    pub peers: Peers,
    /// Which events are recorded.
    pub events: EventLevel,
}

/// One replica and the way to keep it.
pub struct Worker<F: NetworkFunction> {
    function: F,
    state: F::State,
    core: u16,
    profile: Profile,
    max_rows: u64,
    log: Option<LogWriter>,
    peers: Peers,
    /// Position of the next row to apply, and its sequence number in the current epoch.
    next: u64,
    expected: Seq,
    epoch: Option<u8>,
    /// One past the newest row applied.
    newest: u64,
    barrier: Barrier,
    phase: u64,
    counters: Counters,
    recorder: Recorder,
    /// Counts of rows fetched since the last frame, to be counted with the next.
    fetched: Counters,
}

impl<F: NetworkFunction> Worker<F> {
    /// A worker before its first frame.
    pub fn new(function: F, config: WorkerConfig) -> Self {
        Self {
            state: function.new_state(),
            function,
            core: config.core,
            profile: config.profile,
            max_rows: u64::from(config.max_rows.max(1)),
            log: config.log,
            peers: config.peers,
            next: 0,
            expected: config.first_seq,
            epoch: None,
            newest: 0,
            barrier: Barrier::Away,
            phase: 0,
            counters: Counters::default(),
            recorder: Recorder::new(config.events),
            fetched: Counters::default(),
        }
    }

    /// Number of the worker.
    pub fn core(&self) -> u16 {
        self.core
    }

    /// The replica.
    pub fn state(&self) -> &F::State {
        &self.state
    }

    /// What the worker counted.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The replica and the counts, at the end.
    pub fn into_parts(self) -> (F::State, Counters) {
        (self.state, self.counters)
    }

    /// Takes a frame and appends what belongs to its outcome to `out` (but not the outcome itself).
    #[inline]
    pub fn handle(&mut self, bytes: &[u8], out: &mut Output) -> Handled {
        let frame = match Frame::parse(bytes, &self.profile) {
            Ok(frame) => frame,
            Err(rejection) => return Handled::Done(Outcome::Rejected(Reason::Invalid(rejection))),
        };
        let header = frame.header();
        if self.epoch.is_some_and(|epoch| epoch != header.epoch) {
            return Handled::Done(Outcome::Rejected(Reason::Epoch));
        }
        let ahead = header.seq.since(self.expected);
        if ahead >= HALF {
            return Handled::Done(Outcome::Rejected(Reason::OutOfOrder));
        }
        let position = self.next + ahead;
        let carried = u64::from(header.valid_rows).min(self.max_rows);
        if ahead >= carried && self.fill_hole(position, carried) == Progress::Waiting {
            return Handled::Waiting;
        }
        let missing = position + 1 - self.next;
        let row_bytes = self.profile.row_bytes();
        let rows = &frame.rows()[..missing as usize * row_bytes];
        let ordinary = u64::from(header.cores);
        let effect = if missing > ordinary || self.recorder.is_on() {
            self.apply_recorded(rows, ordinary)
        } else {
            self.apply_rows(rows)
        };
        let Some(effect) = effect else {
            // There is at least row 0.
            return Handled::Done(Outcome::Rejected(Reason::OutOfOrder));
        };
        if let Some(log) = &mut self.log {
            log.publish_seen(position + 1);
        }
        self.counters.frames += 1;
        self.settle_accounts(header.seq, out);
        let verdict = self
            .function
            .verdict(effect, frame.packet(), &mut out.rewritten);
        Handled::Done(Outcome::Verdict(verdict))
    }

    /// Applies consecutive rows, newest first in `rows`, oldest first; the effect is that of the newest.
    #[inline(always)]
    fn apply_rows(&mut self, rows: &[u8]) -> Option<F::Effect> {
        // With the length of rows a constant no access to a field is checked, and the log copies without a loop. The
        // guards are constants, too: one of these remains.
        match self.profile.row_bytes() {
            4 if F::ROW_BYTES == 4 => self.apply_sized::<4>(rows),
            8 if F::ROW_BYTES == 8 => self.apply_sized::<8>(rows),
            16 if F::ROW_BYTES == 16 => self.apply_sized::<16>(rows),
            32 if F::ROW_BYTES == 32 => self.apply_sized::<32>(rows),
            64 if F::ROW_BYTES == 64 => self.apply_sized::<64>(rows),
            _ => self.apply_unsized(rows),
        }
    }

    #[inline(never)]
    fn apply_unsized(&mut self, mut rows: &[u8]) -> Option<F::Effect> {
        let size = self.profile.row_bytes();
        let mut effect = None;
        // Not by chunks of the slice, which would take a division.
        while let Some((before, row)) = rows
            .len()
            .checked_sub(size)
            .and_then(|at| rows.split_at_checked(at))
        {
            effect = Some(self.function.apply(&mut self.state, row));
            if let Some(log) = &mut self.log {
                log.append(self.next, row);
            }
            self.advance(1);
            self.counters.rows_applied += 1;
            rows = before;
        }
        self.newest = self.next;
        effect
    }

    #[inline(always)]
    fn apply_sized<const BYTES: usize>(&mut self, rows: &[u8]) -> Option<F::Effect> {
        let (rows, _) = rows.as_chunks::<BYTES>();
        let mut effect = None;
        for (position, row) in (self.next..).zip(rows.iter().rev()) {
            effect = Some(self.function.apply(&mut self.state, row));
            if let Some(log) = &mut self.log {
                log.append(position, row);
            }
        }
        let count = rows.len() as u64;
        self.advance(count);
        self.newest = self.next;
        self.counters.rows_applied += count;
        effect
    }

    /// The same, with a record of every row; rows but the newest `ordinary` ones were missed before.
    #[cold]
    fn apply_recorded(&mut self, rows: &[u8], ordinary: u64) -> Option<F::Effect> {
        let mut effect = None;
        let mut left = (rows.len() / self.profile.row_bytes()) as u64;
        for row in rows.chunks_exact(self.profile.row_bytes()).rev() {
            if left > ordinary {
                self.counters.rows_from_frames += 1;
                self.recorder.record(self.expected.get(), What::FromFrame);
            }
            effect = Some(self.apply_one(row));
            left -= 1;
        }
        effect
    }

    fn apply_one(&mut self, row: &[u8]) -> F::Effect {
        let effect = self.function.apply(&mut self.state, row);
        if self.recorder.records_states()
            && let Some(description) = self.function.describe(row, effect)
        {
            let seq = self.expected.get();
            self.recorder.record(seq, What::State(description));
        }
        if let Some(log) = &mut self.log {
            log.append(self.next, row);
        }
        self.advance(1);
        self.newest = self.next;
        self.counters.rows_applied += 1;
        effect
    }

    #[inline(always)]
    fn advance(&mut self, rows: u64) {
        self.next += rows;
        self.expected = self.expected.plus(rows);
    }

    /// Rows that the frame at `position`, which carries `carried` rows, does not reach back to.
    #[cold]
    fn fill_hole(&mut self, position: u64, carried: u64) -> Progress {
        if let Some(log) = &mut self.log {
            // The frames before this one are in the log, and this one does not hold what is missing.
            log.publish_seen(position);
        }
        self.fetch(position + 1 - carried, carried)
    }

    /// Settles all rows before `end` with the peers; `window` is the most rows a frame carries.
    fn fetch(&mut self, end: u64, window: u64) -> Progress {
        let mut row = [0; MAX_ROW_BYTES];
        while self.next < end {
            match self.peers.settle(self.next, window, &mut row) {
                Settlement::NotYet => return Progress::Waiting,
                Settlement::Held { peer } => {
                    self.fetched.rows_from_logs += 1;
                    self.recorder
                        .record(self.expected.get(), What::FromLog { peer });
                    self.apply_one(&row[..self.profile.row_bytes()]);
                }
                lost => {
                    if self.skip_gulf(end, window) {
                        continue;
                    }
                    let what = if lost == Settlement::LostEverywhere {
                        self.fetched.rows_lost_everywhere += 1;
                        What::LostEverywhere
                    } else {
                        self.fetched.rows_unrecovered += 1;
                        What::Unrecovered
                    };
                    self.recorder.record(self.expected.get(), what);
                    self.advance(1);
                }
            }
        }
        Progress::Done
    }

    /// Skips rows that no log holds, all at once, where more are missing than logs can hold: a jump in the sequence
    /// numbers may be as wide as 2³⁹. They are counted, without an event for each.
    fn skip_gulf(&mut self, end: u64, window: u64) -> bool {
        if end - self.next <= self.gulf() || !self.peers.all_seen(end - 1 + window) {
            return false;
        }
        let to = self
            .peers
            .first_held(self.next)
            .map_or(end, |at| at.min(end));
        let skipped = to - self.next;
        self.fetched.rows_lost_everywhere += skipped;
        self.advance(skipped);
        skipped > 0
    }

    /// More missing rows than this are no hole but a jump.
    fn gulf(&self) -> u64 {
        self.peers.span().max(GULF)
    }

    /// Counts and writes down what happened since the last frame, with this frame's sequence number.
    #[inline]
    fn settle_accounts(&mut self, seq: Seq, out: &mut Output) {
        if self.fetched != Counters::default() {
            self.counters.rows_from_logs += self.fetched.rows_from_logs;
            self.counters.rows_lost_everywhere += self.fetched.rows_lost_everywhere;
            self.counters.rows_unrecovered += self.fetched.rows_unrecovered;
            self.fetched = Counters::default();
        }
        if self.recorder.is_on() {
            self.recorder.write(self.core, seq.get(), &mut out.events);
        }
    }

    /// Tells the worker that it has been given all its frames up to sequence number `last`, of frames that carry at
    /// most `window` rows. A worker whose frames do not come falls behind; before its peers' logs forget what it
    /// misses, it takes from them what none of its coming frames can hold.
    pub fn seen_up_to(&mut self, last: Seq, window: u64) -> Progress {
        let Some(log) = &mut self.log else {
            return Progress::Done;
        };
        let ahead = last.since(self.expected);
        if ahead >= HALF {
            return Progress::Done;
        }
        let end = self.next + ahead + 1;
        log.publish_seen(end);
        let slack = window + IDLE_SLACK;
        if end - self.next <= slack {
            return Progress::Done;
        }
        self.fetch(end - window, window)
    }

    /// Brings the replica to the newest row that any replica has, when all frames there are have been given to all
    /// workers. With `wait` set, does not return before all others are there too: nobody writes new rows into a log
    /// that another one still needs.
    pub fn drain(&mut self, wait: bool) -> Progress {
        loop {
            match self.barrier {
                Barrier::Away => {
                    self.settle_fetched();
                    self.enter_phase();
                    self.barrier = Barrier::Ended;
                }
                Barrier::Ended => {
                    if !self.peers.all_in_phase(self.phase) {
                        return Progress::Waiting;
                    }
                    self.barrier = Barrier::Draining(self.peers.newest().max(self.newest));
                }
                Barrier::Draining(end) => {
                    if self.drain_to(end) == Progress::Waiting {
                        return Progress::Waiting;
                    }
                    self.enter_phase();
                    self.barrier = Barrier::Drained;
                }
                Barrier::Drained => {
                    if wait && !self.peers.all_in_phase(self.phase) {
                        return Progress::Waiting;
                    }
                    self.barrier = Barrier::Away;
                    return Progress::Done;
                }
            }
        }
    }

    /// What was fetched for frames that did not come belongs to the drain, which makes no events.
    fn settle_fetched(&mut self) {
        self.counters.rows_unrecovered += self.fetched.rows_unrecovered;
        self.fetched = Counters::default();
        self.recorder.forget();
    }

    fn enter_phase(&mut self) {
        self.phase += 1;
        if let Some(log) = &mut self.log {
            log.enter_phase(self.newest, self.phase);
        }
    }

    fn drain_to(&mut self, end: u64) -> Progress {
        let mut row = [0; MAX_ROW_BYTES];
        while self.next < end {
            match self.peers.settle_ended(self.next, &mut row) {
                Settlement::NotYet => return Progress::Waiting,
                Settlement::Held { .. } => {
                    let row = &row[..self.profile.row_bytes()];
                    self.function.apply(&mut self.state, row);
                    if let Some(log) = &mut self.log {
                        log.append(self.next, row);
                    }
                    self.counters.rows_applied += 1;
                    self.advance(1);
                    self.newest = self.next;
                }
                lost => {
                    let gulf = end - self.next > self.gulf();
                    let to = match self.peers.first_held(self.next) {
                        Some(held) if gulf => held.min(end),
                        None if gulf => end,
                        _ => self.next + 1,
                    };
                    if lost == Settlement::Unknown {
                        self.counters.rows_unrecovered += 1;
                    }
                    self.advance(to.max(self.next + 1) - self.next);
                }
            }
        }
        Progress::Done
    }

    /// Starts an epoch, whose first row has sequence number `first`. The state stays: a new epoch is a new numbering,
    /// not a new network.
    pub fn start_epoch(&mut self, epoch: u8, first: Seq) {
        self.epoch = Some(epoch);
        self.expected = first;
    }
}

/// See [`Worker::gulf`].
const GULF: u64 = 1 << 16;

/// Rows beyond a window that a worker may fall behind before it asks its peers without a frame.
pub const IDLE_SLACK: u64 = 128;

impl<F: NetworkFunction> std::fmt::Debug for Worker<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker")
            .field("core", &self.core)
            .field("next", &self.next)
            .field("epoch", &self.epoch)
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}
