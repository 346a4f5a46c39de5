//! A ring log with one writer and many readers: the rows a worker applied, newest `len` of them.
//!
//! Every slot is a sequence lock of its own: a stamp and the row's bytes in atomic words. The stamp is the row's
//! *position* plus one. Positions count rows over all epochs, so a stamp says epoch and sequence number at once and
//! never repeats.
//!
//! | step | writer | reader |
//! |---|---|---|
//! | 1 | stamp ← BUSY | stamp (acquire): is it this position? |
//! | 2 | release fence, then the words | the words, then acquire fence |
//! | 3 | stamp ← position + 1 (release) | stamp again: unchanged, or what was read is torn |
//!
//! A worker writes the rows of a whole frame at once: first BUSY into all their slots, then one fence, all words, all
//! stamps. Each slot still goes through the steps in this order. Stamps and words lie in arrays of their own, so that a
//! frame's rows are a few straight copies.

use std::sync::Arc;

use scr_wire::profile::MAX_ROW_BYTES;

use super::guard::{Guard, ordering, stands};
use super::sync::{AtomicU64, Ordering, fence};

/// Stamp of a slot that is being written.
const BUSY: u64 = u64::MAX;

/// Words in the longest row.
const MAX_WORDS: usize = MAX_ROW_BYTES / 8;

/// What a log has at a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// The row; its bytes have been copied.
    Row,
    /// Nothing, so far.
    Nothing,
    /// A later row: whether this one ever was here cannot be told.
    Overwritten,
    /// The slot is being written: ask again.
    Busy,
}

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
        (Arc::clone(&log), LogWriter { log })
    }

    /// Rows that the log keeps.
    pub fn span(&self) -> u64 {
        self.mask + 1
    }

    #[inline]
    fn slot(&self, position: u64) -> usize {
        (position & self.mask) as usize
    }

    /// Copies the row at `position` to the start of `row`, if it is there.
    pub fn read(&self, position: u64, row: &mut [u8; MAX_ROW_BYTES]) -> Held {
        let slot = self.slot(position);
        let stamp = &self.stamps[slot];
        let before = stamp.load(ordering(Guard::StampBeforeWords, Ordering::Acquire));
        if before == BUSY && stands(Guard::BusyIsNoRow) {
            return Held::Busy;
        }
        if before <= position {
            return Held::Nothing;
        }
        if before > position + 1 && stands(Guard::ExactStamp) {
            return Held::Overwritten;
        }
        let words = &self.words[slot * self.stride..][..self.stride];
        for (word, bytes) in words.iter().zip(row.chunks_exact_mut(8)) {
            bytes.copy_from_slice(&word.load(Ordering::Relaxed).to_le_bytes());
        }
        if stands(Guard::WordsBeforeCheck) {
            fence(Ordering::Acquire);
        }
        if stamp.load(Ordering::Relaxed) == before || !stands(Guard::SecondLook) {
            Held::Row
        } else {
            Held::Busy
        }
    }

    /// The lowest position from `from` on that the log holds, if any. Of rows that the writer is not known to have
    /// written it may miss some.
    pub fn first_held(&self, from: u64) -> Option<u64> {
        // No order is needed: who relies on a row being seen here has acquired `seen` or a phase before, and the row
        // itself is read with care.
        self.stamps
            .iter()
            .map(|stamp| stamp.load(Ordering::Relaxed))
            .filter(|&stamp| stamp != BUSY && stamp > from)
            .map(|stamp| stamp - 1)
            .min()
    }

    /// Every frame of this worker before this position has been taken into the log.
    pub fn seen(&self) -> u64 {
        self.seen
            .0
            .load(ordering(Guard::SeenAcquire, Ordering::Acquire))
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
}

impl LogWriter {
    /// Appends a row, in place of the one `span` positions before.
    #[inline]
    pub fn append(&mut self, position: u64, row: &[u8]) {
        self.append_rows(position, row);
    }

    /// Appends consecutive rows, newest first in `rows`; the oldest one, which is last, is that of `position`.
    #[inline]
    pub fn append_rows(&mut self, position: u64, rows: &[u8]) {
        match self.log.row_bytes {
            4 => self.write(position, rows.as_chunks::<4>().0, |&row| {
                [u64::from(u32::from_le_bytes(row))]
            }),
            8 => self.write_words::<1>(position, rows),
            16 => self.write_words::<2>(position, rows),
            32 => self.write_words::<4>(position, rows),
            64 => self.write_words::<8>(position, rows),
            _ => debug_assert!(false, "no profile has such rows"),
        }
    }

    #[inline(always)]
    fn write_words<const WORDS: usize>(&mut self, position: u64, rows: &[u8]) {
        let rows = rows.as_chunks::<8>().0.as_chunks::<WORDS>().0;
        self.write(position, rows, |row| row.map(u64::from_le_bytes));
    }

    #[inline(always)]
    fn write<const WORDS: usize, R>(
        &mut self,
        mut position: u64,
        mut rows: &[R],
        words_of: impl Fn(&R) -> [u64; WORDS],
    ) {
        let log = &*self.log;
        let slots = log.words.as_chunks::<WORDS>().0;
        while !rows.is_empty() {
            // As many as there are slots up to the end of the ring.
            let first = log.slot(position);
            let count = rows.len().min(log.stamps.len() - first);
            let (newer, older) = rows.split_at(rows.len() - count);
            let stamps = &log.stamps[first..first + count];
            if stands(Guard::BusyStamp) {
                for stamp in stamps {
                    stamp.store(BUSY, Ordering::Relaxed);
                }
            }
            if stands(Guard::BusyBeforeWords) {
                fence(Ordering::Release);
            }
            for (slot, row) in slots[first..first + count].iter().rev().zip(older) {
                for (word, value) in slot.iter().zip(words_of(row)) {
                    word.store(value, Ordering::Relaxed);
                }
            }
            for stamp in stamps {
                position += 1;
                stamp.store(
                    position,
                    ordering(Guard::WordsBeforeStamp, Ordering::Release),
                );
            }
            rows = newer;
        }
    }

    /// Publishes that every own frame before `position` has been taken into the log.
    #[inline]
    pub fn publish_seen(&mut self, position: u64) {
        self.log
            .seen
            .0
            .store(position, ordering(Guard::SeenRelease, Ordering::Release));
    }

    /// What was published last.
    pub fn seen(&self) -> u64 {
        self.log.seen()
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
            assert_eq!(log.read(0, &mut row), Held::Nothing);
            for position in 0..20u64 {
                writer.append(position, &vec![position as u8; row_bytes]);
            }
            assert_eq!(log.read(11, &mut row), Held::Overwritten);
            for position in 12..20u64 {
                assert_eq!(log.read(position, &mut row), Held::Row);
                assert!(row[..row_bytes].iter().all(|&b| b == position as u8));
            }
            assert_eq!(log.read(20, &mut row), Held::Nothing);
            assert_eq!(log.first_held(3), Some(12));
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
                writer.append_rows(position, &frame);
                position += count;
                for held in position.saturating_sub(8)..position {
                    assert_eq!(log.read(held, &mut row), Held::Row);
                    assert!(row[..row_bytes].iter().all(|&b| b == held as u8));
                }
                assert_eq!(log.read(position, &mut row), Held::Nothing);
            }
            assert_eq!(log.read(position - 9, &mut row), Held::Overwritten);
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
                    writer.append(position, &row);
                    writer.publish_seen(position + 1);
                }
            });
            let mut row = [0; MAX_ROW_BYTES];
            while log.seen() <= last {
                let position = log.seen();
                for position in position.saturating_sub(3)..=position {
                    if log.read(position, &mut row) == Held::Row {
                        assert!(row.chunks_exact(8).all(|w| w == position.to_le_bytes()));
                    }
                }
            }
        });
    }
}
