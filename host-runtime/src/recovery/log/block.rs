//! A block's header: which block it is now, and which of its rows are none.

use std::cmp::Ordering as Order;

use super::super::guard::{Guard, stands};
use super::super::sync::{AtomicU64, Ordering, fence};

/// Rows in a block: as many as a word has bits. In models few, so that rings of a few rows have several.
pub(super) const BLOCK: u64 = if cfg!(loom) { 2 } else { u64::BITS as u64 };

/// Bits of the rows from the `from`th of a block on; none from its end on.
const fn from(from: u64) -> u64 {
    if from < u64::BITS as u64 {
        u64::MAX << from
    } else {
        0
    }
}

/// Which block lies in a place, against one that belongs there.
pub(super) enum Is {
    Earlier,
    This,
    Later,
}

/// What is known of all rows of a block.
#[derive(Debug, Default)]
pub(super) struct Header {
    /// The block's number plus one; 0 where there was none yet.
    stamp: AtomicU64,
    /// A bit for each row that the log never had. Those of rows that have not come yet mean nothing.
    gaps: AtomicU64,
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
        self.gaps.load(Ordering::Relaxed) >> row & 1 != 0
    }

    /// Makes it block `number`, whose first row will be the `first`th. By the writer, before any row of the block.
    pub(super) fn enter(&self, number: u64, first: u64) {
        let before = if self.stamp.load(Ordering::Relaxed) == number + 1 {
            // A worker before this one had begun it.
            self.gaps.load(Ordering::Relaxed)
        } else {
            if stands(Guard::StampOnEntry) {
                self.stamp.store(number + 1, Ordering::Relaxed);
            }
            if stands(Guard::StampBeforeRows) {
                fence(Ordering::Release);
            }
            u64::MAX
        };
        self.gaps.store(before & !from(first), Ordering::Relaxed);
    }

    /// Rows `first..end` will never come.
    pub(super) fn mark(&self, first: u64, end: u64) {
        if stands(Guard::GapsAreMarked) {
            let gaps = self.gaps.load(Ordering::Relaxed) | from(first) & !from(end);
            self.gaps.store(gaps, Ordering::Relaxed);
        }
    }

    /// No row from position `head` on was ever there. Nobody may write meanwhile.
    pub(super) fn end_at(&self, head: u64) {
        if let Some(number) = self.stamp.load(Ordering::Relaxed).checked_sub(1) {
            let first = head.saturating_sub(number * BLOCK).min(BLOCK);
            let gaps = self.gaps.load(Ordering::Relaxed);
            self.gaps.store(gaps | from(first), Ordering::Relaxed);
        }
    }

    /// Positions of the rows that are no gaps.
    pub(super) fn positions(&self) -> impl Iterator<Item = u64> + use<> {
        let stamp = self.stamp.load(Ordering::Relaxed);
        let gaps = self.gaps.load(Ordering::Relaxed);
        (0..BLOCK)
            .filter(move |row| stamp > 0 && gaps >> row & 1 == 0)
            .map(move |row| (stamp - 1) * BLOCK + row)
    }
}
