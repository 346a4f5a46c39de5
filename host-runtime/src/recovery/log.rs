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

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use scr_wire::profile::MAX_ROW_BYTES;

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
        (Arc::clone(&log), LogWriter { log })
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

    /// Copies the row at `position` to the start of `row`, if it is there.
    pub fn read(&self, position: u64, row: &mut [u8; MAX_ROW_BYTES]) -> Held {
        let [stamp, words @ ..] = self.slot(position) else {
            return Held::Nothing;
        };
        let before = stamp.load(Ordering::Acquire);
        if before == BUSY {
            return Held::Busy;
        }
        if before != position + 1 {
            return if before > position + 1 {
                Held::Overwritten
            } else {
                Held::Nothing
            };
        }
        for (word, bytes) in words.iter().zip(row.chunks_exact_mut(8)) {
            bytes.copy_from_slice(&word.load(Ordering::Relaxed).to_le_bytes());
        }
        fence(Ordering::Acquire);
        if stamp.load(Ordering::Relaxed) == before {
            Held::Row
        } else {
            Held::Busy
        }
    }

    /// The lowest position from `from` on that the log holds, if any.
    pub fn first_held(&self, from: u64) -> Option<u64> {
        let stamps = self.slots.iter().step_by(self.stride);
        stamps
            .map(|stamp| stamp.load(Ordering::Acquire))
            .filter(|&stamp| stamp != BUSY && stamp > from)
            .map(|stamp| stamp - 1)
            .min()
    }

    /// Every frame of this worker before this position has been taken into the log.
    pub fn seen(&self) -> u64 {
        self.seen.0.load(Ordering::Acquire)
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
}

impl LogWriter {
    /// Appends a row, in place of the one `span` positions before.
    #[inline(always)]
    pub fn append(&mut self, position: u64, row: &[u8]) {
        debug_assert_eq!(row.len(), self.log.row_bytes);
        let [stamp, words @ ..] = self.log.slot(position) else {
            return;
        };
        stamp.store(BUSY, Ordering::Relaxed);
        fence(Ordering::Release);
        let (chunks, rest) = row.as_chunks::<8>();
        // Checked once, so that a row of constant length is copied without a loop.
        if let Some(words) = words.get(..chunks.len()) {
            for (word, &bytes) in words.iter().zip(chunks) {
                word.store(u64::from_le_bytes(bytes), Ordering::Relaxed);
            }
        }
        if let (Some(word), Some(&bytes)) = (words.get(chunks.len()), rest.first_chunk::<4>()) {
            word.store(u64::from(u32::from_le_bytes(bytes)), Ordering::Relaxed);
        }
        stamp.store(position + 1, Ordering::Release);
    }

    /// Publishes that every own frame before `position` has been taken into the log.
    #[inline]
    pub fn publish_seen(&mut self, position: u64) {
        self.log.seen.0.store(position, Ordering::Release);
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
