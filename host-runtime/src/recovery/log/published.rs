//! How far a log can be relied on: two numbers and a bit, published as one.
//!
//! A word has one number, the bit, and the index of one of two *halves*, which has the other number. The writer fills
//! the half that is not published and then exchanges the word. If somebody has set the bit meanwhile, the exchange
//! fails, and the valid half is unchanged.

use super::super::guard::{Guard, ordering, stands};
use super::super::sync::{AtomicU64, Ordering, fence};

/// Lowest bit of the word: whether the log is closed.
const FENCED: u64 = 1;
/// The next bit: which half has the head.
const HALF: u64 = 2;
/// Number of bits below the position.
const BITS: u32 = 2;

/// The extent of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Every frame of this worker before this position has been taken into the log.
    pub watermark: u64,
    /// Rows from here on do not count.
    pub head: u64,
    /// Nothing more will come: the worker is dead, has left, or has not joined yet.
    pub fenced: bool,
}

/// The log has been fenced: its writer counts as dead and must stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the worker was declared dead")]
pub struct Fenced;

/// The part that readers see.
#[derive(Debug, Default)]
pub(super) struct Published {
    word: AtomicU64,
    halves: [AtomicU64; 2],
}

impl Published {
    fn half(&self, word: u64) -> &AtomicU64 {
        &self.halves[usize::from(word & HALF != 0)]
    }

    fn word(&self) -> u64 {
        self.word
            .load(ordering(Guard::WatermarkAcquire, Ordering::Acquire))
    }

    /// The position.
    pub(super) fn watermark(&self) -> u64 {
        self.word() >> BITS
    }

    /// Whether the bit is set.
    pub(super) fn is_fenced(&self) -> bool {
        self.word() & FENCED != 0
    }

    /// Whether the position is `position` or beyond, or the bit is set.
    pub(super) fn is_past(&self, position: u64) -> bool {
        let word = self.word();
        word & FENCED != 0 || word >> BITS >= position
    }

    /// Both numbers and the bit, as they were published together.
    pub(super) fn load(&self) -> Extent {
        loop {
            let word = self.word();
            let head = self.half(word).load(Ordering::Relaxed);
            if stands(Guard::HeadBeforeLook) {
                fence(Ordering::Acquire);
            }
            // A half is refilled only after the word has named the other one.
            if self.word.load(Ordering::Relaxed) == word || !stands(Guard::HeadOfThisWord) {
                return Extent {
                    watermark: word >> BITS,
                    head,
                    fenced: word & FENCED != 0,
                };
            }
        }
    }

    /// Sets the bit; returns the position.
    pub(super) fn fence(&self) -> u64 {
        self.word.fetch_or(FENCED, Ordering::AcqRel) >> BITS
    }

    /// Sets both numbers, and clears the bit.
    pub(super) fn open(&self, position: u64, head: u64) {
        self.halves[0].store(head, Ordering::Release);
        self.word.store(position << BITS, Ordering::Release);
    }
}

/// The exclusive right to publish.
#[derive(Debug, Default)]
pub(super) struct Publisher {
    /// The word published last.
    word: u64,
}

impl Publisher {
    /// Continues from where the log was [opened](Published::open).
    pub(super) fn resume(&mut self, position: u64) {
        self.word = position << BITS;
    }

    /// The position published last.
    pub(super) fn watermark(&self) -> u64 {
        self.word >> BITS
    }

    /// Publishes `position`, or the last one if that is higher, and `head`.
    #[inline]
    pub(super) fn publish(
        &mut self,
        published: &Published,
        position: u64,
        head: u64,
    ) -> Result<(), Fenced> {
        let other = !self.word & HALF;
        let next = position.max(self.watermark()) << BITS | other;
        let half = if stands(Guard::OtherHalf) {
            published.half(next)
        } else {
            published.half(self.word)
        };
        // Release: a reader that sees this head also sees that the word had named the other half.
        half.store(head, ordering(Guard::HeadRelease, Ordering::Release));
        let order = ordering(Guard::WatermarkRelease, Ordering::Release);
        if stands(Guard::PublishIfNotFenced) {
            published
                .word
                .compare_exchange(self.word, next, order, Ordering::Relaxed)
                .map_err(|_| Fenced)?;
        } else {
            published.word.store(next, order);
        }
        self.word = next;
        Ok(())
    }
}
