//! A ring log with one writer and many readers: the newest rows that a worker applied.
//!
//! ```text
//!  position ──▶ block ──▶ header: stamp, gaps      published: watermark, head, fenced
//!                         rows, newest first                       (one word and a half that it names)
//! ```
//!
//! Rows lie in *blocks* of 64 or 256, ordered by *position*, which counts rows over all epochs. A block's header says
//! for all its rows which block it is now, and which of its rows the log never had. So a row costs only its copy; what
//! a sequence lock does per row is done per block, and the writer never marks a place as being written: rows from the
//! published *head* on do not count, and those before it do not change until another block takes their place, which is
//! stamped before that.
//!
//! How far a log can be relied on is [published](Extent) as one: the **watermark**, the position before which the worker has taken
//! all its own frames, and **head**, the position before which rows in the log count. It is published after each
//! stretch of frames and before each wait. Whoever declares the worker dead sets one more bit, **fenced**
//! ([`Log::fence`]): the writer publishes by compare-and-exchange, so it notices and never publishes again, and every
//! reader, whenever it reads, sees the same rows.
//!
//! | step | writer | reader |
//! |---|---|---|
//! | 1 | enters a block: its stamp, then a release fence | what is published (acquire): is the row before the head? |
//! | 2 | gaps and rows of the block | the gaps and the row, then an acquire fence |
//! | 3 | publishes the head (release) | the stamp: this very block, or what was read is another's |

mod block;
mod published;
mod writer;

use std::sync::Arc;

use scr_wire::profile::MAX_ROW_BYTES;

use super::guard::{Guard, ordering, stands};
use super::store::WORD;
use super::sync::{AtomicU32, AtomicU64, Ordering, fence};
use block::{Division, Header, Is};
use published::Published;

pub use published::{Extent, Fenced};
pub use writer::LogWriter;

/// The content of a log at a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// The row; its bytes have been copied.
    Row,
    /// Nothing that counts, so far.
    Nothing,
    /// Later rows; whether the log ever had this row is unknown.
    Overwritten,
}

/// Placed on cache lines of its own (two, because they are fetched in pairs), so that readers of one word do not
/// disturb the writer of another.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Padded<T>(T);

/// The shared part of a log.
#[derive(Debug)]
pub struct Log {
    division: Division,
    headers: Box<[Header]>,
    /// Consecutive blocks; in each, later rows lie before earlier ones, as they do in frames.
    words: Box<[AtomicU32]>,
    row_bytes: usize,
    /// Words in a row.
    stride: usize,
    published: Padded<Published>,
    barrier: Padded<AtomicU64>,
}

impl Log {
    /// A log of at least the newest `len` rows of `row_bytes` bytes, and the exclusive right to write to it.
    pub fn new(len: usize, row_bytes: usize) -> (Arc<Self>, LogWriter) {
        // While one is being filled, the others are complete.
        let division = Division::of(len);
        let blocks = len.max(1).div_ceil(division.rows() as usize) + 1;
        let stride = row_bytes.min(MAX_ROW_BYTES).div_ceil(WORD);
        let words = blocks * division.rows() as usize * stride;
        let log = Arc::new(Self {
            division,
            headers: (0..blocks).map(|_| Header::default()).collect(),
            words: (0..words).map(|_| AtomicU32::new(0)).collect(),
            row_bytes,
            stride,
            published: Padded::default(),
            barrier: Padded::default(),
        });
        let writer = LogWriter::new(Arc::clone(&log));
        (log, writer)
    }

    /// Minimum number of rows that the log keeps.
    pub fn span(&self) -> u64 {
        (self.headers.len() as u64 - 1) * self.division.rows()
    }

    /// The place of block `number` in the ring.
    fn index(&self, number: u64) -> usize {
        (number % self.headers.len() as u64) as usize
    }

    /// The first slot of a place in the ring.
    fn slot(&self, index: usize) -> usize {
        index * self.division.rows() as usize
    }

    /// Copies the row at `position` to the start of `row`, if it is there and counts by the log's [extent](Log::extent)
    /// that was loaded before.
    pub fn read(&self, position: u64, extent: Extent, row: &mut [u8; MAX_ROW_BYTES]) -> Held {
        if position >= extent.head && stands(Guard::PublishedCounts) {
            return Held::Nothing;
        }
        let (number, within) = (
            self.division.number(position),
            self.division.within(position),
        );
        let index = self.index(number);
        let header = &self.headers[index];
        let gap = header.is_gap(within);
        let slot = self.slot(index) + (self.division.rows() - 1 - within) as usize;
        let words = &self.words[slot * self.stride..][..self.stride];
        for (word, bytes) in words.iter().zip(row.chunks_exact_mut(WORD)) {
            bytes.copy_from_slice(&word.load(Ordering::Relaxed).to_le_bytes());
        }
        if stands(Guard::RowBeforeStamp) {
            fence(Ordering::Acquire);
        }
        match header.is(number) {
            Is::This if gap && stands(Guard::GapIsNoRow) => Held::Nothing,
            Is::This => Held::Row,
            Is::Earlier => Held::Nothing,
            Is::Later if stands(Guard::ThisBlock) => Held::Overwritten,
            Is::Later => Held::Row,
        }
    }

    /// The lowest position from `from` on that the log holds and that counts, if any.
    pub fn first_held(&self, from: u64) -> Option<u64> {
        let head = self.extent().head;
        // No order is needed: what counts lies before the head, which has been acquired, and the row itself is read with
        // care.
        let held = self.headers.iter().flat_map(|h| h.positions(self.division));
        held.filter(|position| (from..head).contains(position))
            .min()
    }

    /// The extent of the log: its watermark and head, and whether it is fenced.
    pub fn extent(&self) -> Extent {
        self.published.0.load()
    }

    /// Whether the worker has taken all its frames before `position`, or is fenced.
    pub fn is_past(&self, position: u64) -> bool {
        self.published.0.is_past(position)
    }

    /// The position before which the worker has taken all its frames.
    pub fn watermark(&self) -> u64 {
        self.published.0.watermark()
    }

    /// Whether the worker has come to `barrier`, or is no more.
    pub fn has_entered(&self, barrier: u64) -> bool {
        self.published.0.is_fenced() || self.barrier() >= barrier
    }

    /// Closes the log: its worker counts as dead from now on. Returns the position before which its own frames count.
    /// Fencing again changes nothing.
    pub fn fence(&self) -> u64 {
        self.published.0.fence()
    }

    /// Opens a fenced log for a worker that joins, at `barrier`: it takes no frame before `position`. What counted
    /// goes on to count. Every worker must be able to see it before it takes a frame behind that one.
    pub fn open(&self, position: u64, barrier: u64) {
        // Rows that the worker before appended and never published must not count now. Nobody writes here meanwhile.
        let head = self.extent().head;
        for header in &self.headers {
            header.end_at(head, self.division);
        }
        self.barrier.0.store(barrier, Ordering::Release);
        self.published.0.open(position, head);
    }

    /// The barrier that this worker has come to.
    pub fn barrier(&self) -> u64 {
        self.barrier
            .0
            .load(ordering(Guard::BarrierAcquire, Ordering::Acquire))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::thread;

    /// Row sizes, and kinds of logs, to test: few under Miri, which is slow.
    const SIZES: &[usize] = if cfg!(miri) {
        &[4, 64]
    } else {
        &[4, 8, 16, 32, 64]
    };
    const KINDS: usize = if cfg!(miri) { 1 } else { usize::MAX };

    #[test]
    fn keeps_the_newest_rows() {
        let lengths = [(100, 64), (1023, 64), (1024, 256), (1025, 256)];
        for (len, block) in lengths.into_iter().take(KINDS) {
            for &row_bytes in SIZES {
                let (log, mut writer) = Log::new(len, row_bytes);
                let span = log.span();
                assert_eq!(span, (len as u64).next_multiple_of(block));
                let end = 2 * span + block + 10;
                let mut row = [0; MAX_ROW_BYTES];
                assert_eq!(log.read(0, all(&log), &mut row), Held::Nothing);
                for position in 0..end {
                    writer.append(position, &vec![position as u8; row_bytes]);
                }
                // Rows that have not been published do not count.
                assert_eq!(log.read(end - 50, log.extent(), &mut row), Held::Nothing);
                assert_eq!(log.first_held(0), None);
                writer.publish_watermark(end + 10).unwrap();
                // The block that is being filled has taken the place of the one before these.
                let oldest = span + block;
                let overwritten = log.read(oldest - 1, log.extent(), &mut row);
                assert_eq!(overwritten, Held::Overwritten);
                for position in oldest..end {
                    assert_eq!(log.read(position, log.extent(), &mut row), Held::Row);
                    assert!(row[..row_bytes].iter().all(|&b| b == position as u8));
                }
                assert_eq!(log.read(end, log.extent(), &mut row), Held::Nothing);
                assert_eq!(
                    [3, oldest + 9, end - 1, end].map(|from| log.first_held(from)),
                    [Some(oldest), Some(oldest + 9), Some(end - 1), None]
                );
            }
        }
    }

    #[test]
    fn rows_of_a_frame_go_around_the_ring() {
        let kinds = [(64, 64, 2), (1024, 256, 5)].into_iter().take(KINDS);
        let reach = if cfg!(miri) { 140 } else { 1500 };
        for ((len, block, blocks), row_bytes) in
            kinds.flat_map(|kind| SIZES.iter().map(move |&size| (kind, size)))
        {
            let (log, mut writer) = Log::new(len, row_bytes);
            let mut row = [0; MAX_ROW_BYTES];
            let (mut position, mut gaps) = (0, HashSet::new());
            // 300 rows are more than the slots of a short ring: the older ones are overwritten at once. Behind some
            // frames rows are skipped, within a block, to the next one, and beyond the ring.
            for (count, skipped) in [
                (3u64, 0),
                (1, 7),
                (50, 0),
                (64, 1),
                (7, 90),
                (300, 0),
                (2, 1000),
                (5, 64),
                (63, 2),
                (255, 200),
                (1, 256),
                (1, 3000),
                (255, 0),
                (254, 1),
                (255, 300),
                (9, 0),
            ] {
                let frame: Vec<u8> = (position..position + count)
                    .rev()
                    .flat_map(|n| vec![n as u8; row_bytes])
                    .collect();
                writer.append_rows(position, &frame);
                writer.publish_watermark(position + count).unwrap();
                position += count;
                let newest = position - 1;
                for held in position.saturating_sub(reach)..position + 10 {
                    let found = log.read(held, log.extent(), &mut row);
                    // The block of the newest row is kept, and those before it.
                    let kept = held / block + blocks > newest / block;
                    match found {
                        Held::Row => {
                            assert!(held < position && !gaps.contains(&held), "{held}");
                            assert!(row[..row_bytes].iter().all(|&b| b == held as u8), "{held}");
                        }
                        Held::Nothing => {
                            assert!(held >= position || gaps.contains(&held), "{held}")
                        }
                        Held::Overwritten => assert!(!kept, "{held}"),
                    }
                }
                gaps.extend(position..position + skipped);
                position += skipped;
            }
        }
    }

    /// An extent in which all rows count.
    fn all(log: &Log) -> Extent {
        Extent {
            head: 1 << 60,
            ..log.extent()
        }
    }

    #[test]
    fn readers_never_see_a_torn_row() {
        let (log, mut writer) = Log::new(4, 64);
        let last = if cfg!(miri) { 300 } else { 200_000u64 };
        thread::scope(|scope| {
            let writing = scope.spawn(move || {
                for position in 0..=last {
                    let mut row = [0; 64];
                    for word in row.chunks_exact_mut(8) {
                        word.copy_from_slice(&position.to_le_bytes());
                    }
                    writer.append(position, &row);
                    writer.publish_watermark(position + 1).unwrap();
                }
            });
            let mut row = [0; MAX_ROW_BYTES];
            while !writing.is_finished() {
                let extent = log.extent();
                for position in extent.head.saturating_sub(150)..=extent.head {
                    if log.read(position, extent, &mut row) == Held::Row {
                        assert!(row.chunks_exact(8).all(|w| w == position.to_le_bytes()));
                    }
                }
            }
        });
    }

    #[test]
    fn a_fenced_writer_finds_out() {
        let (log, mut writer) = Log::new(8, 4);
        writer.append(0, &[1; 4]);
        writer.publish_watermark(1).unwrap();
        writer.append(1, &[2; 4]);
        assert_eq!((log.fence(), log.fence()), (1, 1));
        assert_eq!(writer.publish_watermark(2), Err(Fenced));
        assert_eq!(writer.publish_watermark(3), Err(Fenced));
        let closed = Extent {
            watermark: 1,
            head: 1,
            fenced: true,
        };
        assert_eq!(
            (log.extent(), log.first_held(0), log.first_held(1)),
            (closed, Some(0), None)
        );
        for position in 1..200 {
            writer.append(position, &[3; 4]);
        }
        log.open(130, 2);
        writer.resume(130);
        let mut row = [0; MAX_ROW_BYTES];
        // Rows that had not been published never were, but have taken the places of others.
        assert_eq!(log.read(0, log.extent(), &mut row), Held::Overwritten);
        for position in 1..300 {
            assert_ne!(log.read(position, log.extent(), &mut row), Held::Row);
        }
        writer.append(130, &[4; 4]);
        writer.append(132, &[5; 4]);
        writer.publish_watermark(133).unwrap();
        assert_eq!(
            (log.first_held(2), log.first_held(131)),
            (Some(130), Some(132))
        );
        assert_eq!(log.read(129, log.extent(), &mut row), Held::Nothing);
        assert_eq!(log.read(131, log.extent(), &mut row), Held::Nothing);
        assert_eq!(log.barrier(), 2);
    }

    #[test]
    fn a_log_goes_on_in_a_block_that_was_begun() {
        let (log, mut writer) = Log::new(8, 8);
        let mut row = [0; MAX_ROW_BYTES];
        for position in [0, 1, 3] {
            writer.append(position, &[position as u8; 8]);
        }
        writer.publish_watermark(4).unwrap();
        writer.append(4, &[9; 8]);
        log.fence();
        log.open(10, 0);
        // With an earlier replica: existing rows stay, a gap stays a gap, and discarded rows may come again.
        writer.resume(2);
        for position in 2..6 {
            writer.append(position, &[position as u8; 8]);
        }
        writer.append_rows(8, &[10, 9, 8].map(|n| [n; 8]).concat());
        writer.publish_watermark(11).unwrap();
        let held = (0..12).filter(|&at| log.read(at, log.extent(), &mut row) == Held::Row);
        assert_eq!(held.collect::<Vec<_>>(), [0, 1, 3, 4, 5, 8, 9, 10]);
        log.read(4, log.extent(), &mut row);
        assert_eq!(row[..8], [4; 8]);
        assert_eq!(log.extent().watermark, 11);
    }
}
