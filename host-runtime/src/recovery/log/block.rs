//! A block's header: which block it is now, and which of its rows are none.

use std::cmp::Ordering as Order;

use super::super::guard::{Guard, stands};
use super::super::sync::{AtomicU64, Ordering, fence};

/// Rows of a word of gaps.
const ROWS: u64 = u64::BITS as u64;

/// Words of gaps in a header; in models one, for each store is a step more to go through.
const WORDS: usize = if cfg!(loom) { 1 } else { 4 };

/// How positions are divided into blocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Division {
    /// Two to this power are the rows of a block.
    bits: u32,
}

impl Division {
    /// In models blocks are short, so that rings of a few rows have several.
    const SHORT: Self = Self {
        bits: if cfg!(loom) { 1 } else { ROWS.ilog2() },
    };
    const LONG: Self = Self {
        bits: (WORDS as u64 * ROWS).ilog2(),
    };

    /// The division of a log of `len` rows. Blocks are long, because each new one takes the writer off its fast path, but
    /// short where a long one would be a good part of the log.
    pub(super) const fn of(len: usize) -> Self {
        if len as u64 >= 4 * Self::LONG.rows() {
            Self::LONG
        } else {
            Self::SHORT
        }
    }

    /// Rows of a block.
    pub(super) const fn rows(self) -> u64 {
        1 << self.bits
    }

    /// The number of the block of a position.
    pub(super) const fn number(self, position: u64) -> u64 {
        position >> self.bits
    }

    /// The place of a position in its block.
    pub(super) const fn within(self, position: u64) -> u64 {
        position & (self.rows() - 1)
    }

    /// The position of a block's first row.
    pub(super) const fn first(self, number: u64) -> u64 {
        number << self.bits
    }
}

/// Bits of the rows from the `from`th of a block on, in one of its words; none from its end on.
const fn from(word: usize, from: u64) -> u64 {
    let from = from.saturating_sub(word as u64 * ROWS);
    if from < ROWS { u64::MAX << from } else { 0 }
}

/// Which block lies in a place, against one that belongs there.
pub(super) enum Is {
    Earlier,
    This,
    Later,
}

/// Facts about all rows of a block.
#[derive(Debug, Default)]
pub(super) struct Header {
    /// The block's number plus one; 0 where there was none yet.
    stamp: AtomicU64,
    /// A bit for each row that the log never had. Bits of rows that have not come yet mean nothing.
    gaps: [AtomicU64; WORDS],
}

impl Header {
    pub(super) fn is(&self, number: u64) -> Is {
        match self.stamp.load(Ordering::Relaxed).cmp(&(number + 1)) {
            Order::Less => Is::Earlier,
            Order::Equal => Is::This,
            Order::Greater => Is::Later,
        }
    }

    pub(super) fn is_gap(&self, row: u64) -> bool {
        self.gaps[(row / ROWS) as usize].load(Ordering::Relaxed) >> (row % ROWS) & 1 != 0
    }

    /// Turns the header into that of block `number`, whose first row will be the `first`th. The writer calls this before it
    /// writes any row of the block.
    pub(super) fn enter(&self, number: u64, first: u64) {
        // Unless a worker before this one had begun it.
        let is_new = self.stamp.load(Ordering::Relaxed) != number + 1;
        if is_new {
            if stands(Guard::StampOnEntry) {
                self.stamp.store(number + 1, Ordering::Relaxed);
            }
            if stands(Guard::StampBeforeRows) {
                fence(Ordering::Release);
            }
        }
        self.change(|word, gaps| if is_new { u64::MAX } else { gaps } & !from(word, first));
    }

    /// The writer's way to change gaps.
    fn change(&self, new: impl Fn(usize, u64) -> u64) {
        for (word, gaps) in self.gaps.iter().enumerate() {
            gaps.store(new(word, gaps.load(Ordering::Relaxed)), Ordering::Relaxed);
        }
    }

    /// Marks rows `first..end` as gaps: they will never come.
    pub(super) fn mark(&self, first: u64, end: u64) {
        if stands(Guard::GapsAreMarked) {
            self.change(|word, gaps| gaps | from(word, first) & !from(word, end));
        }
    }

    /// Marks all rows from position `head` on as gaps. Nobody may write meanwhile.
    pub(super) fn end_at(&self, head: u64, division: Division) {
        if let Some(number) = self.stamp.load(Ordering::Relaxed).checked_sub(1) {
            let first = head.saturating_sub(division.first(number));
            self.change(|word, gaps| gaps | from(word, first));
        }
    }

    /// Positions of the rows that are no gaps.
    pub(super) fn positions(&self, division: Division) -> impl Iterator<Item = u64> + '_ {
        let number = self.stamp.load(Ordering::Relaxed).checked_sub(1);
        number.into_iter().flat_map(move |number| {
            let rows = (0..division.rows()).filter(|&row| !self.is_gap(row));
            rows.map(move |row| division.first(number) + row)
        })
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn gaps_may_lie_in_several_words() {
        let division = Division::of(1 << 20);
        assert_eq!(division.rows(), 256);
        let header = Header::default();
        let held = || header.positions(division).collect::<Vec<_>>();
        assert_eq!(held().len(), 0);
        header.enter(3, 60);
        assert_eq!(held(), (828..1024).collect::<Vec<_>>());
        header.mark(70, 200);
        assert!(!header.is_gap(69) && header.is_gap(70) && header.is_gap(199));
        let expected = [828..838, 968..1024].into_iter().flatten();
        assert_eq!(held(), expected.collect::<Vec<_>>());
        // A worker that comes after goes on there: what was a gap stays one, but for what it brings.
        header.end_at(970, division);
        header.enter(3, 195);
        let expected = [828..838, 963..1024].into_iter().flatten();
        assert_eq!(held(), expected.collect::<Vec<_>>());
        header.end_at(0, division);
        assert_eq!(held().len(), 0);
        header.enter(5, 0);
        header.end_at(5000, division);
        assert_eq!(held().len(), 256);
    }

    #[test]
    fn short_logs_have_short_blocks() {
        assert_eq!([0, 1, 1023].map(|len| Division::of(len).rows()), [64; 3]);
        let division = Division::of(1024);
        assert_eq!((division.number(511), division.within(511)), (1, 255));
        assert_eq!(division.first(division.number(512)), 512);
    }
}
