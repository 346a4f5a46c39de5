//! A worker: one replica of a function's state, kept by taking frames.
//!
//! ```text
//!  frame ──▶ check ──▶ rows missing? ──▶ hole? ask peers' logs ──▶ apply oldest first ──▶ verdict from row 0
//!            reject     (own seq −        (recovery)                append each to own log
//!                        last applied)
//! ```
//!
//! [`Worker`] knows nothing of threads and queues and never blocks: where it has to wait for a peer it says
//! [`Pause::Waiting`] and is called again with the same frame. [`task`] feeds it from a queue, [`threads`] runs many
//! worker tasks on few threads. Where it cannot be told what became of a row, a worker goes on from a peer's replica, for
//! which it asks at the [`exchange`].
//!
//! Rows are counted by *position*, from 0 over all epochs; the position of a row is the same for all workers. Within an
//! epoch position and sequence number differ by a constant.

pub mod ahead;
pub mod events;
pub mod exchange;
pub mod outcome;
pub mod task;
pub mod threads;
mod transfer;

use scr_nf::{NetworkFunction, Verdict};
use scr_wire::profile::MAX_ROW_BYTES;
use scr_wire::{Frame, Profile, Seq};

use crate::recovery::guard::{Guard, stands};
use crate::recovery::{Fenced, LogWriter, Peers, Settlement};
use events::{Recorder, What};
use transfer::Transfer;

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
    /// Missing rows that could not be had, and of which it is not known whether a peer had them; given up, for no peer could
    /// lend its replica.
    pub rows_unrecovered: u64,
    /// Peers' replicas taken over, because it could not be told what became of a row.
    pub state_transfers: u64,
}

/// Why a worker has not come to the end of what it was called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// A peer has to go on first, or the worker stands somewhere else now. Call again with the same arguments.
    Waiting,
    /// The worker has been declared dead and must not be called again: what it did since it published last does not
    /// count.
    Fenced,
}

impl From<Fenced> for Pause {
    fn from(Fenced: Fenced) -> Self {
        Self::Fenced
    }
}

/// How a call ended.
pub type Progress = Result<(), Pause>;

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

/// A replica at a position, from which another one goes on.
#[derive(Clone)]
pub struct Snapshot<S> {
    state: S,
    next: u64,
    expected: Seq,
    epoch: Option<u8>,
    newest: u64,
    phase: u64,
}

impl<S> Snapshot<S> {
    /// Position of the first row that the replica has not applied.
    pub fn position(&self) -> u64 {
        self.next
    }

    /// Barriers' phases that are behind it.
    pub fn phase(&self) -> u64 {
        self.phase
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
    transfer: Transfer<F::State>,
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
            transfer: Transfer::default(),
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

    /// The replica, the counts and the right to write to the log, at the end.
    pub fn into_parts(self) -> (F::State, Counters, Option<LogWriter>) {
        (self.state, self.counters, self.log)
    }

    /// Takes a frame and appends what belongs to its outcome to `out` (but not the outcome itself).
    #[inline]
    ///
    /// # Errors
    ///
    /// [`Pause`], when the frame cannot be taken yet, or not any more.
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
            && !stands(Guard::AppendBeforeSeen)
        {
            log.publish_seen(position + 1)?;
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

    /// Applies consecutive rows, newest first in `rows`, oldest first; the verdict on the packet is by the effect of the
    /// newest.
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

    /// The same for rows of `BYTES` bytes. Apart from the rest of the loop, for here every register counts; and what comes
    /// back is a byte, for an effect would come back through memory, which the loop would have to wait for.
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

    /// `count` rows have been applied.
    #[inline(always)]
    fn applied(&mut self, count: u64) {
        self.advance(count);
        self.newest = self.next;
        self.counters.rows_applied += count;
    }

    /// The same, with a record of every row; rows but the newest `ordinary` ones were missed before.
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

    /// Rows that the frame at `position`, which carries `carried` rows, does not reach back to.
    #[cold]
    fn fill_hole(&mut self, position: u64, carried: u64) -> Progress {
        if let Some(log) = &mut self.log
            && stands(Guard::PublishBeforeWaiting)
        {
            // The frames before this one are in the log, and this one does not hold what is missing.
            log.publish_seen(position)?;
        }
        self.fetch(position + 1 - carried, carried)
    }

    /// Settles all rows before `end` with the peers; `window` is the most rows a frame carries.
    fn fetch(&mut self, end: u64, window: u64) -> Progress {
        let mut row = [0; MAX_ROW_BYTES];
        while self.next < end {
            match self.peers.settle(self.next, window, &mut row) {
                Settlement::NotYet if stands(Guard::NotYetWaits) => return Err(Pause::Waiting),
                Settlement::Held { peer } => {
                    self.withdraw();
                    self.fetched.rows_from_logs += 1;
                    self.recorder
                        .record(self.expected.get(), What::FromLog { peer });
                    self.apply_one(&row[..self.profile.row_bytes()]);
                    self.publish_copied()?;
                }
                lost => {
                    if self.skip_gulf(end, window) {
                        continue;
                    }
                    let what = if !self.is_unknown(lost) {
                        self.withdraw();
                        self.fetched.rows_lost_everywhere += 1;
                        What::LostEverywhere
                    } else if self.take_over()? {
                        // What this was called for may lie behind it now.
                        return Err(Pause::Waiting);
                    } else {
                        self.fetched.rows_unrecovered += 1;
                        What::Unrecovered
                    };
                    self.recorder.record(self.expected.get(), what);
                    self.advance(1);
                }
            }
        }
        Ok(())
    }

    /// A row that was copied from a peer's log counts here at once, for it counts there, where it may be written over.
    fn publish_copied(&mut self) -> Progress {
        match &mut self.log {
            Some(log) => Ok(log.publish_rows()?),
            None => Ok(()),
        }
    }

    /// Skips rows that no log holds, all at once, where more are missing than logs can hold: a jump in the sequence
    /// numbers may be as wide as 2³⁹. They are counted, without an event for each.
    fn skip_gulf(&mut self, end: u64, window: u64) -> bool {
        let all_seen =
            || self.peers.all_seen(end - 1 + window) || !stands(Guard::AllSeenBeforeJump);
        if end - self.next <= self.gulf() || !all_seen() {
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

    /// Tells the worker that it has been given all its frames up to sequence number `last`, of frames that carry at
    /// most `window` rows: the frames before count from here on. A worker whose frames do not come falls behind; before
    /// its peers' logs forget what it misses, it takes from them what none of its coming frames can hold.
    ///
    /// # Errors
    ///
    /// [`Pause`].
    pub fn seen_up_to(&mut self, last: Seq, window: u64) -> Progress {
        self.note_window(window);
        let Some(log) = &mut self.log else {
            return Ok(());
        };
        let ahead = last.plus(1).since(self.expected);
        // Where the last frame was the worker's own, nothing lies ahead.
        let end = self.next + if ahead < HALF { ahead } else { 0 };
        if stands(Guard::IdlePublishes) {
            log.publish_seen(end)?;
        }
        let slack = window + IDLE_SLACK;
        if end - self.next <= slack {
            return Ok(());
        }
        self.fetch(end - window, window)
    }

    /// Brings the replica to the newest row that any replica has, when all frames there are have been given to all
    /// workers, and its position to the furthest that any worker has published: all go on from the same one, and none
    /// has said of a later one that it is past it. With `wait` set, does not return before all others are there too: nobody
    /// writes new rows into a log that another one still needs.
    ///
    /// # Errors
    ///
    /// [`Pause`].
    pub fn drain(&mut self, wait: bool) -> Progress {
        loop {
            match self.barrier {
                Barrier::Away => {
                    self.forget_overtaken();
                    self.settle_fetched();
                    self.enter_phase();
                    self.barrier = Barrier::Ended;
                }
                Barrier::Ended => {
                    if stands(Guard::DrainsWhenAllEnded)
                        && let Err(pause) = self.all_here()
                    {
                        self.catch_up()?;
                        return Err(pause);
                    }
                    let own = self.log.as_ref().map_or(self.next, LogWriter::seen);
                    self.barrier = Barrier::Draining(self.peers.furthest_seen().max(own));
                }
                Barrier::Draining(end) => {
                    self.drain_to(end)?;
                    self.enter_phase();
                    self.barrier = Barrier::Drained;
                }
                Barrier::Drained => {
                    if wait && stands(Guard::GoesOnWhenAllDrained) {
                        self.all_here()?;
                    }
                    self.barrier = Barrier::Away;
                    return Ok(());
                }
            }
        }
    }

    fn all_here(&self) -> Progress {
        if self.peers.all_in_phase(self.phase) {
            Ok(())
        } else {
            Err(Pause::Waiting)
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
            log.enter_phase(self.phase);
        }
    }

    fn drain_to(&mut self, end: u64) -> Progress {
        let mut row = [0; MAX_ROW_BYTES];
        while self.next < end {
            match self.peers.settle_ended(self.next, &mut row) {
                Settlement::NotYet => return Err(Pause::Waiting),
                Settlement::Held { .. } => {
                    self.withdraw();
                    let row = &row[..self.profile.row_bytes()];
                    self.function.apply(&mut self.state, row);
                    if let Some(log) = &mut self.log {
                        log.append(self.next, row);
                    }
                    self.counters.rows_applied += 1;
                    self.advance(1);
                    self.newest = self.next;
                    self.publish_copied()?;
                }
                lost => {
                    let gulf = end - self.next > self.gulf();
                    let to = match self.peers.first_held(self.next) {
                        Some(held) if gulf => held.min(end),
                        None if gulf => end,
                        _ => self.next + 1,
                    };
                    // In a jump the rows behind it may lie over places where none ever was.
                    if !gulf && self.is_unknown(lost) {
                        if self.take_over()? {
                            continue;
                        }
                        self.counters.rows_unrecovered += 1;
                    } else {
                        self.withdraw();
                    }
                    self.advance(to.max(self.next + 1) - self.next);
                }
            }
        }
        Ok(())
    }

    /// The replica as it is, for a worker that joins. Not to be taken at a barrier.
    pub fn snapshot(&self) -> Snapshot<F::State> {
        debug_assert_eq!(self.barrier, Barrier::Away);
        self.copy()
    }

    fn copy(&self) -> Snapshot<F::State> {
        Snapshot {
            state: self.state.clone(),
            next: self.next,
            expected: self.expected,
            epoch: self.epoch,
            newest: self.newest,
            phase: self.phase,
        }
    }

    /// The worker leaves: its log counts as far as it goes, and nothing more will come.
    pub fn leave(&mut self) {
        self.bequeath();
        if let Some(log) = &mut self.log {
            log.leave();
        }
    }

    /// Takes a peer's replica in place of the empty one. The worker's log has been
    /// [opened](crate::recovery::Log::open), there or behind it.
    #[must_use]
    pub fn resumed(mut self, snapshot: Snapshot<F::State>) -> Self {
        self.peers = self.peers.inheriting();
        self.state = snapshot.state;
        self.next = snapshot.next;
        self.expected = snapshot.expected;
        self.epoch = snapshot.epoch;
        self.newest = snapshot.newest;
        self.phase = snapshot.phase;
        if let Some(log) = &mut self.log {
            log.resume(snapshot.next);
        }
        self
    }

    /// Behind a barrier within an epoch: rows behind the newest one, which nobody has, may still come in later frames. All
    /// workers go on from there, also those that had given them up.
    pub fn reopen(&mut self) {
        let beyond = self.next.saturating_sub(self.newest);
        self.next -= beyond;
        self.expected = self.expected.minus(beyond);
    }

    /// Starts an epoch, whose first row has sequence number `first`. The state stays: a new epoch is a new numbering,
    /// not a new network.
    pub fn start_epoch(&mut self, epoch: u8, first: Seq) {
        self.epoch = Some(epoch);
        self.expected = first;
    }
}

/// See [`Worker::gulf`].
const GULF: u64 = if cfg!(loom) { 1 } else { 1 << 16 };

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
