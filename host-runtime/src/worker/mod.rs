//! A worker: one replica of a function's state, kept by taking frames.
//!
//! ```text
//!  frame ──▶ check ──▶ rows missing? ──▶ hole? ask peers' logs ──▶ apply oldest first ──▶ verdict from row 0
//!            reject     (own seq −        (recovery)                append each to own log
//!                        last applied)
//! ```
//!
//! [`Worker`] knows nothing of threads and queues and never blocks: where it has to wait for a peer it returns
//! [`Pause::Waiting`] and is called again with the same frame.
//!
//! ```text
//!  source ──▶ task (a place) ──▶ Worker ──▶ outputs, handed on through the source
//! ```
//!
//! | module | one idea |
//! |---|---|
//! | [`source`] | where frames come from: bursts that all workers share, or a queue of the worker's own |
//! | [`task`] | a place: feeds its worker from a source, and outlives it |
//! | [`threads`] | many tasks on few threads |
//! | [`outcome`] | what is handed on for each frame |
//! | [`events`] | what happened to rows, as JSON lines |
//! | [`ahead`] | looking ahead, so that entries are in the cache when they are wanted |
//! | `holes` | rows that the worker's own frames do not hold, settled with peers |
//! | `barrier` | all workers come to the same row before any goes on |
//! | [`independent`] | watermark and epoch from the worker's own frames, where no dispatcher knows them |
//! | `transfer` | going on from a peer's replica, where logs do not tell what became of a row |
//! | [`board`] | where workers ask each other for replicas |
//!
//! Rows are counted by *position*, from 0 over all epochs; the position of a row is the same for all workers. Within an
//! epoch position and sequence number differ by a constant.

pub mod ahead;
mod barrier;
pub mod board;
pub mod events;
mod holes;
pub mod independent;
pub mod outcome;
pub mod source;
pub mod task;
pub mod threads;
mod transfer;

use scr_nf::{NetworkFunction, Verdict};
use scr_wire::{Frame, Profile, Seq};

use crate::recovery::guard::{Guard, stands};
use crate::recovery::{Fenced, LogWriter, Peers};
use barrier::Stage;
use events::{Recorder, What};
use independent::Independent;
use transfer::Transfer;

pub use events::EventLevel;
pub use holes::IDLE_SLACK;
pub use outcome::{Outcome, Output, Reason};

/// Half of all sequence numbers: what lies further ahead lies behind.
const HALF: u64 = 1 << (Seq::BITS - 1);

/// A worker's counters, on cache lines of their own (two, for they are fetched in pairs), so that writes of other cores do
/// not disturb them.
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
    /// Missing rows that were given up: it is unknown whether a peer had them, and no peer could lend its replica.
    pub rows_unrecovered: u64,
    /// Peers' replicas taken over, because the logs did not tell what became of a row.
    pub state_transfers: u64,
}

/// Reason why a call to a worker is not finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// A peer has to go on first, or the worker took over a replica. Call again with the same arguments.
    Waiting,
    /// The worker has been declared dead and must not be called again. Whatever it did since it published last does not
    /// count.
    Fenced,
}

impl From<Fenced> for Pause {
    fn from(Fenced: Fenced) -> Self {
        Self::Fenced
    }
}

/// Result of a call to a worker.
pub type Progress = Result<(), Pause>;

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

/// A copy of a replica at a position, from which another worker goes on.
#[derive(Clone)]
pub struct Snapshot<S> {
    state: S,
    next: u64,
    expected: Seq,
    epoch: Option<u8>,
    newest: u64,
    barrier: u64,
}

impl<S> Snapshot<S> {
    /// Position of the first row that the replica has not applied.
    pub fn position(&self) -> u64 {
        self.next
    }

    /// Number of the last barrier, or end of one, that is behind the replica.
    pub fn barrier(&self) -> u64 {
        self.barrier
    }
}

impl<S> std::fmt::Debug for Snapshot<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot")
            .field("next", &self.next)
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

/// One replica, kept by taking frames.
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
    stage: Stage,
    barrier: u64,
    counters: Counters,
    recorder: Recorder,
    /// Counts of rows fetched since the last frame, to be counted with the next.
    fetched: Counters,
    transfer: Transfer<F::State>,
    /// Set for a worker on a queue of its own; none where a dispatcher has seen all frames.
    independent: Option<Independent>,
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
            stage: Stage::Away,
            barrier: 0,
            counters: Counters::default(),
            recorder: Recorder::new(config.events),
            fetched: Counters::default(),
            transfer: Transfer::default(),
            independent: None,
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

    /// The worker's counters.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The replica, the counts and the right to write to the log, at the end.
    pub fn into_parts(self) -> (F::State, Counters, Option<LogWriter>) {
        (self.state, self.counters, self.log)
    }

    /// Takes a frame, and returns its outcome. New bytes of the packet and events are appended to `out`.
    ///
    /// # Errors
    ///
    /// [`Pause`], when the frame cannot be taken yet, or not any more.
    #[inline]
    pub fn handle(&mut self, bytes: &[u8], out: &mut Output) -> Result<Outcome, Pause> {
        let frame = match Frame::parse(bytes, &self.profile) {
            Ok(frame) => frame,
            Err(rejection) => return Ok(Outcome::Rejected(Reason::Invalid(rejection))),
        };
        let header = frame.header();
        if self.epoch.is_some_and(|epoch| epoch != header.epoch) {
            return Ok(Outcome::Rejected(Reason::Epoch));
        }
        let ahead = header.seq.since(self.expected);
        if ahead >= HALF {
            return Ok(self.behind(header.seq, out));
        }
        let position = self.next + ahead;
        let carried = u64::from(header.valid_rows).min(self.max_rows);
        if ahead >= carried {
            self.fill_hole(position, carried)?;
        }
        if let Some(log) = &mut self.log
            && !stands(Guard::AppendBeforeWatermark)
        {
            log.publish_watermark(position + 1)?;
        }
        let missing = position + 1 - self.next;
        let row_bytes = self.profile.row_bytes();
        let rows = &frame.rows()[..missing as usize * row_bytes];
        let ordinary = u64::from(header.cores);
        let verdict = if missing > ordinary || self.recorder.is_on() {
            self.apply_recorded(rows, ordinary, frame.packet(), out)
        } else {
            self.apply_rows(rows, frame.packet(), out)
        };
        let Some(verdict) = verdict else {
            // There is at least row 0.
            return Ok(Outcome::Rejected(Reason::OutOfOrder));
        };
        self.counters.frames += 1;
        self.settle_accounts(header.seq, out);
        Ok(Outcome::Verdict(verdict))
    }

    /// Applies consecutive rows, oldest first; in `rows` the newest comes first. Returns the verdict on the packet, by the
    /// effect of the newest row.
    #[inline(always)]
    fn apply_rows(&mut self, rows: &[u8], packet: &[u8], out: &mut Output) -> Option<Verdict> {
        // With the length of rows a constant no access to a field is checked, and the log copies without a loop. The
        // guards are constants, too: one of these remains.
        match self.profile.row_bytes() {
            4 if F::ROW_BYTES == 4 => self.apply_sized::<4>(rows, packet, out),
            8 if F::ROW_BYTES == 8 => self.apply_sized::<8>(rows, packet, out),
            16 if F::ROW_BYTES == 16 => self.apply_sized::<16>(rows, packet, out),
            32 if F::ROW_BYTES == 32 => self.apply_sized::<32>(rows, packet, out),
            64 if F::ROW_BYTES == 64 => self.apply_sized::<64>(rows, packet, out),
            _ => self.apply_unsized(rows, packet, out),
        }
    }

    #[inline(never)]
    fn apply_unsized(&mut self, rows: &[u8], packet: &[u8], out: &mut Output) -> Option<Verdict> {
        let size = self.profile.row_bytes();
        let (mut left, mut count) = (rows, 0);
        let mut effect = None;
        // Not by chunks of the slice, which would take a division.
        while let Some((before, row)) = left
            .len()
            .checked_sub(size)
            .and_then(|at| left.split_at_checked(at))
        {
            effect = Some(self.function.apply(&mut self.state, row));
            count += 1;
            left = before;
        }
        if let Some(log) = &mut self.log {
            log.append_rows(self.next, rows);
        }
        self.applied(count);
        let verdict = self.function.verdict(effect?, packet, &mut out.rewritten);
        Some(verdict)
    }

    /// Applies rows of `BYTES` bytes, as [`apply_rows`](Self::apply_rows). A function of its own, because every register
    /// counts here; it returns a byte, because an effect would be returned through memory, and the loop would wait for it.
    #[inline(never)]
    fn apply_sized<const BYTES: usize>(
        &mut self,
        rows: &[u8],
        packet: &[u8],
        out: &mut Output,
    ) -> Option<Verdict> {
        let rows = rows.as_chunks::<BYTES>().0;
        let (newest, older) = rows.split_first()?;
        if let Some(log) = &mut self.log {
            log.append_rows_of::<BYTES>(self.next, rows.as_flattened());
        }
        self.applied(rows.len() as u64);
        for row in older.iter().rev() {
            self.function.apply(&mut self.state, row);
        }
        // Apart from the others: of those, what makes the effect is left out.
        let effect = self.function.apply(&mut self.state, newest);
        let verdict = self.function.verdict(effect, packet, &mut out.rewritten);
        Some(verdict)
    }

    /// Notes that `count` rows have been applied.
    #[inline(always)]
    fn applied(&mut self, count: u64) {
        self.advance(count);
        self.newest = self.next;
        self.counters.rows_applied += count;
    }

    /// Applies rows as [`apply_rows`](Self::apply_rows), and records every one; all but the newest `ordinary` ones were
    /// missed before.
    #[cold]
    fn apply_recorded(
        &mut self,
        rows: &[u8],
        ordinary: u64,
        packet: &[u8],
        out: &mut Output,
    ) -> Option<Verdict> {
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
        let verdict = self.function.verdict(effect?, packet, &mut out.rewritten);
        Some(verdict)
    }

    fn apply_one(&mut self, row: &[u8]) -> F::Effect {
        let effect = self.function.apply(&mut self.state, row);
        if self.recorder.records_states() {
            let seq = self.expected.get();
            for description in self.function.describe_all(&self.state, row, effect) {
                self.recorder.record(seq, What::State(description));
            }
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

    /// Counts and writes the events since the last frame, with this frame's sequence number.
    #[inline]
    fn settle_accounts(&mut self, seq: Seq, out: &mut Output) {
        let Counters {
            rows_from_logs,
            rows_lost_everywhere,
            rows_unrecovered,
            ..
        } = self.fetched;
        if rows_from_logs | rows_lost_everywhere | rows_unrecovered != 0 {
            self.counters.rows_from_logs += rows_from_logs;
            self.counters.rows_lost_everywhere += rows_lost_everywhere;
            self.counters.rows_unrecovered += rows_unrecovered;
            self.fetched = Counters::default();
        }
        if self.recorder.is_on() {
            self.recorder.write(self.core, seq.get(), &mut out.events);
        }
    }

    /// A copy of the replica for a worker that joins. Not to be called at a barrier.
    pub fn snapshot(&self) -> Snapshot<F::State> {
        debug_assert_eq!(self.stage, Stage::Away);
        self.copy()
    }

    fn copy(&self) -> Snapshot<F::State> {
        Snapshot {
            state: self.state.clone(),
            next: self.next,
            expected: self.expected,
            epoch: self.epoch,
            newest: self.newest,
            barrier: self.barrier,
        }
    }

    /// Lets the worker leave: its log counts as far as it goes, and nothing more will come.
    pub fn leave(&mut self) {
        self.offer_replica();
        if let Some(log) = &mut self.log {
            log.leave();
        }
    }

    /// Starts with a peer's replica in place of the empty one. The worker's log has been
    /// [opened](crate::recovery::Log::open) at the replica's position or behind it.
    #[must_use]
    pub fn resumed(mut self, snapshot: Snapshot<F::State>) -> Self {
        self.peers = self.peers.inheriting();
        self.state = snapshot.state;
        self.next = snapshot.next;
        self.expected = snapshot.expected;
        self.epoch = snapshot.epoch;
        self.newest = snapshot.newest;
        self.barrier = snapshot.barrier;
        if let Some(log) = &mut self.log {
            log.resume(snapshot.next);
        }
        self
    }
}

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
