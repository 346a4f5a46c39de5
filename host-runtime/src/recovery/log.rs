//! A ring log with one writer and many readers: the rows a worker applied, newest `len` of them.
//!
//! Every slot is a sequence lock of its own: a stamp and the row's bytes in atomic words. The stamp has the row's
//! *position* plus one, and in its lowest byte how far behind it the frame came that carried it. Positions count rows
//! over all epochs, so a stamp says epoch and sequence number at once and never goes back.
//!
//! How far a log can be relied on is one word, **seen**: every row that the worker's own frames before that position
//! carried is in the log. It is published behind each stretch of frames and before each wait. Rows that frames from there
//! on carried do not count, even where a slot already has them. The word has one more bit, **fenced**, set by whoever declares the worker
//! dead ([`Log::fence`]): the writer publishes by comparing and exchanging, so it finds out and never publishes again,
//! and every reader, whenever it reads, sees the same rows: those of the frames before the position at which the log was
//! fenced. Rows copied from a peer's log always count: they count there.
//!
//! | step | writer | reader |
//! |---|---|---|
//! | 1 | stamp ← BUSY | stamp (acquire): is it this position? |
//! | 2 | release fence, then the words | the words, then acquire fence |
//! | 3 | release fence, then stamp ← position + 1, carrier | stamp again: unchanged, or what was read is torn |
//!
//! A worker writes the rows of a whole frame at once: first BUSY into all their slots, then a fence, all words, a fence, all
//! stamps. Each slot still goes through the steps in this order. Stamps and words lie in arrays of their own, in the order
//! that rows have in frames, so that a frame's rows are one straight copy ([`store`]).

use std::sync::Arc;

use scr_wire::geometry::MAX_VALID_ROWS;
use scr_wire::profile::MAX_ROW_BYTES;

use super::guard::{Guard, ordering, stands};
use super::store;
use super::sync::{AtomicU64, Ordering, fence};

/// Stamp of a slot that is being written.
const BUSY: u64 = u64::MAX;

/// Bits of a stamp below the position.
const CARRIER_BITS: u32 = 8;
/// In place of a carrier: the row was copied from a peer's log.
const COPIED: u64 = (1 << CARRIER_BITS) - 1;

const _: () = assert!(
    MAX_VALID_ROWS as u64 <= COPIED,
    "a frame's rows lie less than that behind it"
);

/// Which row is in a slot, and where it came from.
#[derive(Clone, Copy)]
struct Stamp(u64);

impl Stamp {
    #[inline(always)]
    fn new(position: u64, origin: Origin) -> Self {
        let behind = match origin {
            Origin::Frame(carrier) => (carrier - position).min(COPIED),
            Origin::Peer => COPIED,
        };
        Self((position + 1) << CARRIER_BITS | behind)
    }

    /// One past the position of the row; 0 when there is none yet.
    fn end(self) -> u64 {
        self.0 >> CARRIER_BITS
    }

    /// Whether the row counts in a log that has been seen up to a position.
    fn counts(self, seen: u64) -> bool {
        let behind = self.0 & COPIED;
        behind == COPIED || self.end() + behind <= seen
    }
}

/// Where a row comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The own frame at this position carried it.
    Frame(u64),
    /// A peer's log held it.
    Peer,
}

impl Origin {
    /// How much less a row's stamp is than that of the row behind it.
    const fn step(self) -> u64 {
        match self {
            Self::Frame(_) => (1 << CARRIER_BITS) - 1,
            Self::Peer => 1 << CARRIER_BITS,
        }
    }
}

/// Words in the longest row.
const MAX_WORDS: usize = MAX_ROW_BYTES / 8;

/// What a log has at a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// The row; its bytes have been copied.
    Row,
    /// The row, but of a frame that has not been published: it does not count yet, or never will.
    Unpublished,
    /// Nothing, so far.
    Nothing,
    /// A later row: whether this one ever was here cannot be told.
    Overwritten,
    /// The slot is being written: ask again.
    Busy,
}

/// Lowest bit of the word [`Log::seen`]: the log is closed.
const FENCED: u64 = 1;

/// How far a log goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Every frame of this worker before this position has been taken into the log; rows from here on do not count.
    pub position: u64,
    /// Nothing more will come: the worker is dead, has left, or has not joined yet.
    pub fenced: bool,
}

impl Seen {
    const fn of(word: u64) -> Self {
        Self {
            position: word >> 1,
            fenced: word & FENCED != 0,
        }
    }
}

/// The log has been fenced: its writer counts as dead and must stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the worker was declared dead")]
pub struct Fenced;

/// On a cache line of its own, so that readers of one counter do not disturb the writer of another.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Padded(AtomicU64);

/// The part of a log that is shared.
#[derive(Debug)]
pub struct Log {
    stamps: Box<[AtomicU64]>,
    words: Box<[AtomicU64]>,
    row_bytes: usize,
    /// Words in a row.
    stride: usize,
    mask: u64,
    seen: Padded,
    phase: Padded,
}

impl Log {
    /// A log of at least `len` rows of `row_bytes` bytes, and the only right to write to it.
    pub fn new(len: usize, row_bytes: usize) -> (Arc<Self>, LogWriter) {
        let len = len.max(1).next_power_of_two();
        let stride = row_bytes.min(MAX_ROW_BYTES).div_ceil(8);
        let log = Arc::new(Self {
            stamps: (0..len).map(|_| AtomicU64::new(0)).collect(),
            words: (0..len * stride).map(|_| AtomicU64::new(0)).collect(),
            row_bytes,
            stride,
            mask: len as u64 - 1,
            seen: Padded::default(),
            phase: Padded::default(),
        });
        let writer = LogWriter {
            log: Arc::clone(&log),
            published: 0,
        };
        (log, writer)
    }

    /// Rows that the log keeps.
    pub fn span(&self) -> u64 {
        self.mask + 1
    }

    /// Later rows lie before earlier ones, as they do in frames.
    #[inline]
    fn slot(&self, position: u64) -> usize {
        (!position & self.mask) as usize
    }

    /// Copies the row at `position` to the start of `row`, if it is there. It counts if its frame came before position
    /// `seen`, as [`Log::seen`] said before.
    pub fn read(&self, position: u64, seen: u64, row: &mut [u8; MAX_ROW_BYTES]) -> Held {
        let slot = self.slot(position);
        let stamp = &self.stamps[slot];
        let before = stamp.load(ordering(Guard::StampBeforeWords, Ordering::Acquire));
        if before == BUSY && stands(Guard::BusyIsNoRow) {
            return Held::Busy;
        }
        let held = Stamp(before);
        if held.end() <= position {
            return Held::Nothing;
        }
        if held.end() > position + 1 && stands(Guard::ExactStamp) {
            return Held::Overwritten;
        }
        let words = &self.words[slot * self.stride..][..self.stride];
        for (word, bytes) in words.iter().zip(row.chunks_exact_mut(8)) {
            bytes.copy_from_slice(&word.load(Ordering::Relaxed).to_le_bytes());
        }
        if stands(Guard::WordsBeforeCheck) {
            fence(Ordering::Acquire);
        }
        if stamp.load(Ordering::Relaxed) != before && stands(Guard::SecondLook) {
            Held::Busy
        } else if held.counts(seen) || !stands(Guard::PublishedCounts) {
            Held::Row
        } else {
            Held::Unpublished
        }
    }

    /// The lowest position from `from` on that the log holds and has published, if any.
    pub fn first_held(&self, from: u64) -> Option<u64> {
        self.held().filter(|&position| position >= from).min()
    }

    fn held(&self) -> impl Iterator<Item = u64> {
        let seen = self.seen().position;
        // No order is needed: what counts lies behind `seen`, which has been acquired, and the row itself is read with
        // care.
        let stamps = self
            .stamps
            .iter()
            .map(|stamp| stamp.load(Ordering::Relaxed));
        stamps
            .filter(|&stamp| stamp != BUSY && stamp > 0)
            .map(Stamp)
            .filter(move |stamp| stamp.counts(seen))
            .map(|stamp| stamp.end() - 1)
    }

    /// How far the log goes.
    pub fn seen(&self) -> Seen {
        let order = ordering(Guard::SeenAcquire, Ordering::Acquire);
        Seen::of(self.seen.0.load(order))
    }

    /// Closes the log: its worker counts as dead from here on. Returns the position before which its rows count. Fencing
    /// again changes nothing.
    pub fn fence(&self) -> u64 {
        Seen::of(self.seen.0.fetch_or(FENCED, Ordering::AcqRel)).position
    }

    /// Opens a fenced log for a worker that joins with the state at `position`, at barrier `phase`. The worker must be
    /// given no frame before this, and every worker must be able to see it before it takes a frame behind that one.
    pub fn open(&self, position: u64, phase: u64) {
        // What the worker before wrote and never published must not come to count now. Nobody writes here meanwhile.
        let seen = self.seen().position;
        for stamp in &self.stamps {
            let held = stamp.load(Ordering::Relaxed);
            if held == BUSY || !Stamp(held).counts(seen) {
                stamp.store(0, Ordering::Relaxed);
            }
        }
        self.phase.0.store(phase, Ordering::Release);
        self.seen.0.store(position << 1, Ordering::Release);
    }

    /// The barrier that this worker has come to.
    pub fn phase(&self) -> u64 {
        self.phase
            .0
            .load(ordering(Guard::PhaseAcquire, Ordering::Acquire))
    }
}

/// The only right to write to a log.
#[derive(Debug)]
pub struct LogWriter {
    log: Arc<Log>,
    /// What was published last.
    published: u64,
}

impl LogWriter {
    /// Goes on from `position`, at which the log was [opened](Log::open).
    pub fn resume(&mut self, position: u64) {
        self.published = position;
    }

    /// Closes the log of a worker that leaves.
    pub fn leave(&mut self) {
        self.log.fence();
    }

    /// Appends a row, in place of the one `span` positions before.
    #[inline]
    pub fn append(&mut self, position: u64, origin: Origin, row: &[u8]) {
        self.append_rows(position, origin, row);
    }

    /// Appends consecutive rows, newest first in `rows`; the oldest one, which is last, is that of `position`.
    #[inline(never)]
    pub fn append_rows(&mut self, position: u64, origin: Origin, rows: &[u8]) {
        match self.log.row_bytes {
            4 => self.append_rows_of::<4>(position, origin, rows),
            8 => self.append_rows_of::<8>(position, origin, rows),
            16 => self.append_rows_of::<16>(position, origin, rows),
            32 => self.append_rows_of::<32>(position, origin, rows),
            64 => self.append_rows_of::<64>(position, origin, rows),
            _ => debug_assert!(false, "no profile has such rows"),
        }
    }

    /// The same, of a log whose rows have `BYTES` bytes.
    #[inline(always)]
    pub fn append_rows_of<const BYTES: usize>(
        &mut self,
        position: u64,
        origin: Origin,
        rows: &[u8],
    ) {
        debug_assert_eq!(BYTES, self.log.row_bytes);
        match BYTES {
            4 => self.append_short(position, origin, rows),
            8 => self.write_words::<1>(position, origin, rows),
            16 => self.write_words::<2>(position, origin, rows),
            32 => self.write_words::<4>(position, origin, rows),
            64 => self.write_words::<8>(position, origin, rows),
            _ => debug_assert!(false, "no profile has such rows"),
        }
    }

    /// Rows shorter than a word, made as long as one.
    #[inline(never)]
    fn append_short(&mut self, position: u64, origin: Origin, rows: &[u8]) {
        let (rows, mut position) = (rows.as_chunks::<4>().0, position);
        for part in rows.rchunks(MAX_WORDS) {
            let mut words = [[0; 8]; MAX_WORDS];
            for (word, row) in words.iter_mut().zip(part) {
                word[..4].copy_from_slice(row);
            }
            self.write::<1>(position, origin, &words[..part.len()]);
            position += part.len() as u64;
        }
    }

    #[inline(always)]
    fn write_words<const WORDS: usize>(&mut self, position: u64, origin: Origin, rows: &[u8]) {
        let rows = rows.as_chunks::<8>().0.as_chunks::<WORDS>().0;
        self.write::<WORDS>(position, origin, rows.as_flattened());
    }

    /// `rows` are the words of whole rows, newest row first.
    #[inline(always)]
    fn write<const WORDS: usize>(&mut self, position: u64, origin: Origin, rows: &[[u8; 8]]) {
        let last = self.log.slot(position);
        let count = rows.len() / WORDS;
        if count <= last + 1 {
            self.write_run::<WORDS>(last + 1 - count, position, origin, rows);
        } else {
            self.write_around::<WORDS>(position, origin, rows);
        }
    }

    /// Rows that lie on both sides of the start of the ring.
    #[cold]
    #[inline(never)]
    fn write_around<const WORDS: usize>(
        &mut self,
        mut position: u64,
        origin: Origin,
        mut rows: &[[u8; 8]],
    ) {
        while !rows.is_empty() {
            let last = self.log.slot(position);
            let count = (rows.len() / WORDS).min(last + 1);
            let (newer, older) = rows.split_at(rows.len() - count * WORDS);
            self.write_run::<WORDS>(last + 1 - count, position, origin, older);
            position += count as u64;
            rows = newer;
        }
    }

    /// Rows into the slots from `first` on; the last one is the row of `position`.
    #[inline(always)]
    fn write_run<const WORDS: usize>(
        &mut self,
        first: usize,
        position: u64,
        origin: Origin,
        rows: &[[u8; 8]],
    ) {
        let count = rows.len() / WORDS;
        let stamps = &self.log.stamps[first..first + count];
        let words = &self.log.words[first * WORDS..(first + count) * WORDS];
        if stands(Guard::BusyStamp) {
            store::fill(stamps, BUSY);
        }
        if stands(Guard::BusyBeforeWords) {
            fence(Ordering::Release);
        }
        store::copy(words, rows);
        if stands(Guard::WordsBeforeStamp) {
            fence(Ordering::Release);
        }
        let newest = (position + count as u64).saturating_sub(1);
        store::count_down(stamps, Stamp::new(newest, origin).0, origin.step());
    }

    /// Publishes that every own frame before `position` has been taken into the log. A position before the last one
    /// published is none.
    ///
    /// # Errors
    ///
    /// [`Fenced`] when somebody has declared the worker dead. What it did since it published last does not count.
    #[inline]
    pub fn publish_seen(&mut self, position: u64) -> Result<(), Fenced> {
        let position = position.max(self.published);
        let (before, after) = (self.published << 1, position << 1);
        let seen = &self.log.seen.0;
        let order = ordering(Guard::SeenRelease, Ordering::Release);
        if stands(Guard::PublishIfNotFenced) {
            seen.compare_exchange(before, after, order, Ordering::Relaxed)
                .map_err(|_| Fenced)?;
        } else {
            seen.store(after, order);
        }
        self.published = position;
        Ok(())
    }

    /// What was published last.
    pub fn seen(&self) -> u64 {
        self.published
    }

    /// Publishes the arrival at a barrier. All that was written and published before belongs to it.
    pub fn enter_phase(&mut self, phase: u64) {
        self.log
            .phase
            .0
            .store(phase, ordering(Guard::PhaseRelease, Ordering::Release));
    }
}

const _: () = assert!(MAX_WORDS * 8 == MAX_ROW_BYTES);

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn keeps_the_newest_rows() {
        for row_bytes in [4usize, 8, 16, 32, 64] {
            let (log, mut writer) = Log::new(8, row_bytes);
            let mut row = [0; MAX_ROW_BYTES];
            assert_eq!(log.read(0, 100, &mut row), Held::Nothing);
            for position in 0..20u64 {
                let carrier = Origin::Frame(position | 1);
                writer.append(position, carrier, &vec![position as u8; row_bytes]);
            }
            assert_eq!(log.read(11, 100, &mut row), Held::Overwritten);
            for position in 12..20u64 {
                assert_eq!(log.read(position, 20, &mut row), Held::Row);
                assert!(row[..row_bytes].iter().all(|&b| b == position as u8));
            }
            assert_eq!(log.read(16, 17, &mut row), Held::Unpublished);
            assert_eq!(log.read(16, 18, &mut row), Held::Row);
            assert_eq!(log.read(20, 100, &mut row), Held::Nothing);
            // What has not been published does not count.
            assert_eq!(log.first_held(3), None);
            writer.publish_seen(15).unwrap();
            assert_eq!((log.first_held(3), log.first_held(14)), (Some(12), None));
            writer.publish_seen(20).unwrap();
            assert_eq!(
                (log.first_held(3), log.first_held(19)),
                (Some(12), Some(19))
            );
            assert_eq!(log.first_held(20), None);
        }
    }

    #[test]
    fn rows_of_a_frame_go_around_the_ring() {
        for row_bytes in [4usize, 8, 16, 32, 64] {
            let (log, mut writer) = Log::new(8, row_bytes);
            let mut row = [0; MAX_ROW_BYTES];
            let mut position = 0;
            // 11 rows are more than the ring has slots: the older ones are written over at once.
            for count in [3u64, 1, 5, 7, 8, 2, 11] {
                let frame: Vec<u8> = (position..position + count)
                    .rev()
                    .flat_map(|n| vec![n as u8; row_bytes])
                    .collect();
                writer.append_rows(position, Origin::Frame(position + count - 1), &frame);
                position += count;
                for held in position.saturating_sub(8)..position {
                    assert_eq!(log.read(held, 100, &mut row), Held::Row);
                    assert!(row[..row_bytes].iter().all(|&b| b == held as u8));
                }
                assert_eq!(log.read(position, 100, &mut row), Held::Nothing);
            }
            assert_eq!(log.read(position - 9, 100, &mut row), Held::Overwritten);
        }
    }

    #[test]
    fn readers_never_see_a_torn_row() {
        let (log, mut writer) = Log::new(4, 64);
        let last = 200_000u64;
        thread::scope(|scope| {
            scope.spawn(move || {
                for position in 0..=last {
                    let mut row = [0; 64];
                    for word in row.chunks_exact_mut(8) {
                        word.copy_from_slice(&position.to_le_bytes());
                    }
                    writer.append(position, Origin::Frame(position), &row);
                    writer.publish_seen(position + 1).unwrap();
                }
            });
            let mut row = [0; MAX_ROW_BYTES];
            while log.seen().position <= last {
                let position = log.seen().position;
                for position in position.saturating_sub(3)..=position {
                    if log.read(position, last + 1, &mut row) == Held::Row {
                        assert!(row.chunks_exact(8).all(|w| w == position.to_le_bytes()));
                    }
                }
            }
        });
    }

    #[test]
    fn a_fenced_writer_finds_out() {
        let (log, mut writer) = Log::new(8, 4);
        writer.append(0, Origin::Frame(0), &[1; 4]);
        writer.publish_seen(1).unwrap();
        writer.append(1, Origin::Frame(1), &[2; 4]);
        assert_eq!((log.fence(), log.fence()), (1, 1));
        assert_eq!(writer.publish_seen(2), Err(Fenced));
        assert_eq!(writer.publish_seen(3), Err(Fenced));
        let closed = Seen {
            position: 1,
            fenced: true,
        };
        assert_eq!(
            (log.seen(), log.first_held(0), log.first_held(1)),
            (closed, Some(0), None)
        );
        log.open(5, 2);
        writer.resume(5);
        // Row 1 had not been published.
        assert_eq!(log.read(1, 5, &mut [0; MAX_ROW_BYTES]), Held::Nothing);
        assert_eq!(log.read(0, 5, &mut [0; MAX_ROW_BYTES]), Held::Row);
        writer.append(5, Origin::Frame(5), &[3; 4]);
        writer.publish_seen(6).unwrap();
        assert_eq!((log.first_held(2), log.phase()), (Some(5), 2));
    }
}
