//! Writing a log.

use std::sync::Arc;

use super::super::guard::{Guard, ordering};
use super::super::store::{self, WORD};
use super::super::sync::Ordering;
use super::Log;
use super::published::{Fenced, Publisher};

/// The exclusive right to write to a log.
#[derive(Debug)]
pub struct LogWriter {
    log: Arc<Log>,
    publisher: Publisher,
    /// One past the newest row.
    head: u64,
    /// The end of the block being filled, its place in the ring, and its first slot.
    end: u64,
    index: usize,
    first: usize,
}

impl LogWriter {
    pub(super) fn new(log: Arc<Log>) -> Self {
        let mut writer = Self {
            log,
            publisher: Publisher::default(),
            head: 0,
            end: 0,
            index: 0,
            first: 0,
        };
        writer.resume(0);
        writer
    }

    /// Continues a log that has been [opened](Log::open), with rows from `position` on. Existing rows stay.
    pub fn resume(&mut self, position: u64) {
        let extent = self.log.extent();
        self.publisher.resume(extent.watermark);
        self.head = extent.head.max(position);
        // The block there, which may have rows of the worker before, has yet to be entered: it follows.
        let number = self.log.division.number(self.head);
        self.end = self.log.division.first(number);
        let index = self.log.index(number + self.log.headers.len() as u64 - 1);
        self.turn_to(index);
    }

    /// Closes the log of a worker that leaves.
    pub fn leave(&mut self) {
        self.log.fence();
    }

    /// Appends a row.
    #[inline]
    pub fn append(&mut self, position: u64, row: &[u8]) {
        self.append_rows(position, row);
    }

    /// Appends consecutive rows, newest first in `rows`; the oldest one, which is last, is that of `position`. Rows
    /// between these and the previous ones are gaps, which the log never had. Rows up to the newest one are there
    /// already.
    #[inline(never)]
    pub fn append_rows(&mut self, position: u64, rows: &[u8]) {
        self.append_sized(self.log.row_bytes, position, rows);
    }

    /// As above, for a log whose rows have `BYTES` bytes.
    #[inline(always)]
    pub fn append_rows_of<const BYTES: usize>(&mut self, position: u64, rows: &[u8]) {
        debug_assert_eq!(BYTES, self.log.row_bytes);
        self.append_sized(BYTES, position, rows);
    }

    /// `row_bytes` is a constant where speed matters.
    #[inline(always)]
    fn append_sized(&mut self, row_bytes: usize, position: u64, rows: &[u8]) {
        match row_bytes {
            4 => self.append_words::<1>(position, rows),
            8 => self.append_words::<2>(position, rows),
            16 => self.append_words::<4>(position, rows),
            32 => self.append_words::<8>(position, rows),
            64 => self.append_words::<16>(position, rows),
            _ => debug_assert!(false, "no profile has such rows"),
        }
    }

    #[inline(always)]
    fn append_words<const WORDS: usize>(&mut self, position: u64, rows: &[u8]) {
        let rows = rows.as_chunks::<WORD>().0.as_chunks::<WORDS>().0;
        self.append_whole::<WORDS>(position, rows.as_flattened());
    }

    /// `rows` are the words of whole rows, newest row first.
    #[inline(always)]
    fn append_whole<const WORDS: usize>(&mut self, position: u64, rows: &[[u8; WORD]]) {
        let head = position + (rows.len() / WORDS) as u64;
        if position == self.head
            && let Some(free) = self.end.checked_sub(head)
        {
            self.copy::<WORDS>(free, rows);
            self.head = head;
        } else {
            self.append_anywhere::<WORDS>(position, rows);
        }
    }

    /// Appends rows that span several blocks, lie behind a gap, or are there already.
    #[cold]
    #[inline(never)]
    fn append_anywhere<const WORDS: usize>(&mut self, mut position: u64, mut rows: &[[u8; WORD]]) {
        let known = self.head.saturating_sub(position) as usize;
        let unknown = (rows.len() / WORDS).saturating_sub(known);
        if unknown == 0 {
            return;
        }
        rows = &rows[..unknown * WORDS];
        position = position.max(self.head);
        let skipped_to = position.min(self.end);
        if self.head < skipped_to {
            let begin = self.end - self.log.division.rows();
            let header = &self.log.headers[self.index];
            header.mark(self.head - begin, skipped_to - begin);
        }
        while !rows.is_empty() {
            if position >= self.end {
                self.enter(position);
            }
            let count = ((self.end - position) as usize).min(rows.len() / WORDS);
            let (newer, older) = rows.split_at(rows.len() - count * WORDS);
            position += count as u64;
            self.copy::<WORDS>(self.end - position, older);
            rows = newer;
        }
        self.head = position;
    }

    fn enter(&mut self, position: u64) {
        let division = self.log.division;
        let number = division.number(position);
        let index = if position - self.end < division.rows() {
            // Avoids a division, because this is on the path without loss.
            let next = self.index + 1;
            if next < self.log.headers.len() {
                next
            } else {
                0
            }
        } else {
            self.log.index(number)
        };
        self.turn_to(index);
        self.end = division.first(number + 1);
        self.log.headers[index].enter(number, division.within(position));
    }

    fn turn_to(&mut self, index: usize) {
        self.index = index;
        self.first = self.log.slot(index);
    }

    /// Rows of the block being filled, behind which `free` others fit.
    #[inline(always)]
    fn copy<const WORDS: usize>(&mut self, free: u64, rows: &[[u8; WORD]]) {
        let slot = self.first + free as usize;
        store::copy(&self.log.words[slot * WORDS..][..rows.len()], rows);
    }

    /// Publishes that every own frame before `position` has been taken into the log, and all rows in it. A position
    /// before the last one published has no effect.
    ///
    /// # Errors
    ///
    /// [`Fenced`] if somebody has declared the worker dead. Whatever it did since it last published does not count.
    #[inline]
    pub fn publish_watermark(&mut self, position: u64) -> Result<(), Fenced> {
        self.publisher
            .publish(&self.log.published.0, position, self.head)
    }

    /// Publishes all rows in the log: of own frames up to the position published last, and copied ones.
    ///
    /// # Errors
    ///
    /// As [`publish_watermark`](Self::publish_watermark).
    pub fn publish_rows(&mut self) -> Result<(), Fenced> {
        self.publish_watermark(self.watermark())
    }

    /// The position that was published last.
    pub fn watermark(&self) -> u64 {
        self.publisher.watermark()
    }

    /// Publishes the arrival at a barrier. All that was written and published before belongs to it.
    pub fn enter_barrier(&mut self, barrier: u64) {
        self.log
            .barrier
            .0
            .store(barrier, ordering(Guard::BarrierRelease, Ordering::Release));
    }
}
