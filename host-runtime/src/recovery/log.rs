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
//! | 3 | stamp ← position + 1, carrier (release) | stamp again: unchanged, or what was read is torn |

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use scr_wire::geometry::MAX_VALID_ROWS;
use scr_wire::profile::MAX_ROW_BYTES;

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
    slots: Box<[AtomicU64]>,
    row_bytes: usize,
    /// Words in a slot: stamp and row.
    stride: usize,
    mask: u64,
    seen: Padded,
    newest: AtomicU64,
    phase: Padded,
}

impl Log {
    /// A log of at least `len` rows of `row_bytes` bytes, and the only right to write to it.
    pub fn new(len: usize, row_bytes: usize) -> (Arc<Self>, LogWriter) {
        let len = len.max(1).next_power_of_two();
        let stride = 1 + row_bytes.min(MAX_ROW_BYTES).div_ceil(8);
        let log = Arc::new(Self {
            slots: (0..len * stride).map(|_| AtomicU64::new(0)).collect(),
            row_bytes,
            stride,
            mask: len as u64 - 1,
            seen: Padded::default(),
            newest: AtomicU64::new(0),
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

    #[inline]
    fn slot(&self, position: u64) -> &[AtomicU64] {
        let at = (position & self.mask) as usize * self.stride;
        &self.slots[at..at + self.stride]
    }

    /// Copies the row at `position` to the start of `row`, if it is there. It counts if its frame came before position
    /// `seen`, as [`Log::seen`] said before.
    pub fn read(&self, position: u64, seen: u64, row: &mut [u8; MAX_ROW_BYTES]) -> Held {
        let [stamp, words @ ..] = self.slot(position) else {
            return Held::Nothing;
        };
        let before = stamp.load(Ordering::Acquire);
        if before == BUSY {
            return Held::Busy;
        }
        let held = Stamp(before);
        if held.end() != position + 1 {
            return if held.end() > position + 1 {
                Held::Overwritten
            } else {
                Held::Nothing
            };
        }
        for (word, bytes) in words.iter().zip(row.chunks_exact_mut(8)) {
            bytes.copy_from_slice(&word.load(Ordering::Relaxed).to_le_bytes());
        }
        fence(Ordering::Acquire);
        if stamp.load(Ordering::Relaxed) != before {
            Held::Busy
        } else if held.counts(seen) {
            Held::Row
        } else {
            Held::Unpublished
        }
    }

    /// The lowest position from `from` on that the log holds and has published, if any.
    pub fn first_held(&self, from: u64) -> Option<u64> {
        self.held().filter(|&position| position >= from).min()
    }

    /// One past the newest row that the log holds and has published.
    pub fn newest_held(&self) -> u64 {
        self.held().max().map_or(0, |position| position + 1)
    }

    fn held(&self) -> impl Iterator<Item = u64> {
        let seen = self.seen().position;
        let stamps = self.slots.iter().step_by(self.stride);
        stamps
            .map(|stamp| stamp.load(Ordering::Acquire))
            .filter(|&stamp| stamp != BUSY && stamp > 0)
            .map(Stamp)
            .filter(move |stamp| stamp.counts(seen))
            .map(|stamp| stamp.end() - 1)
    }

    /// How far the log goes.
    pub fn seen(&self) -> Seen {
        Seen::of(self.seen.0.load(Ordering::Acquire))
    }

    /// Closes the log: its worker counts as dead from here on. Returns the position before which its rows count. Fencing
    /// again changes nothing.
    pub fn fence(&self) -> u64 {
        Seen::of(self.seen.0.fetch_or(FENCED, Ordering::AcqRel)).position
    }

    /// Opens a fenced log for a worker that joins with the state at `position`, at barrier `phase`. The worker must be
    /// given no frame before this, and every worker must be able to see it before it takes a frame behind that one.
    pub fn open(&self, position: u64, phase: u64) {
        self.phase.0.store(phase, Ordering::Release);
        self.seen.0.store(position << 1, Ordering::Release);
    }

    /// One past the newest row that this worker applied. Meaningful once the worker has entered a phase.
    pub fn newest(&self) -> u64 {
        self.newest.load(Ordering::Acquire)
    }

    /// The barrier that this worker has come to.
    pub fn phase(&self) -> u64 {
        self.phase.0.load(Ordering::Acquire)
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
        debug_assert_eq!(row.len(), self.log.row_bytes);
        let [stamp, words @ ..] = self.log.slot(position) else {
            return;
        };
        stamp.store(BUSY, Ordering::Relaxed);
        fence(Ordering::Release);
        let (chunks, rest) = row.as_chunks::<8>();
        for (word, &bytes) in words.iter().zip(chunks) {
            word.store(u64::from_le_bytes(bytes), Ordering::Relaxed);
        }
        if let (Some(word), Some(&bytes)) = (words.get(chunks.len()), rest.first_chunk::<4>()) {
            word.store(u64::from(u32::from_le_bytes(bytes)), Ordering::Relaxed);
        }
        stamp.store(Stamp::new(position, origin).0, Ordering::Release);
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
        self.log
            .seen
            .0
            .compare_exchange(before, after, Ordering::Release, Ordering::Relaxed)
            .map_err(|_| Fenced)?;
        self.published = position;
        Ok(())
    }

    /// Publishes one past the newest row applied, and then the arrival at a barrier.
    pub fn enter_phase(&mut self, newest: u64, phase: u64) {
        self.log.newest.store(newest, Ordering::Release);
        self.log.phase.0.store(phase, Ordering::Release);
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
            assert_eq!((log.first_held(3), log.newest_held()), (None, 0));
            writer.publish_seen(15).unwrap();
            assert_eq!((log.first_held(3), log.newest_held()), (Some(12), 14));
            writer.publish_seen(20).unwrap();
            assert_eq!((log.first_held(3), log.newest_held()), (Some(12), 20));
            assert_eq!(log.first_held(20), None);
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
        assert_eq!((log.seen(), log.newest_held()), (closed, 1));
        log.open(5, 2);
        writer.resume(5);
        writer.append(5, Origin::Frame(5), &[3; 4]);
        writer.publish_seen(6).unwrap();
        assert_eq!((log.newest_held(), log.phase()), (6, 2));
    }
}
