//! Doubling the buckets without a pause: a small step with every insertion.
//!
//! ```text
//!  entries:  15/32 of the buckets ───────▶ 5/8: the new ones take over ───────▶ 15/16 at the latest
//!            new ones are written         old entries are moved
//! ```

use super::bits::Bits;
use super::buckets::{Buckets, Slot};
use super::hash::Key;
use super::memory::Building;

/// Elements written per step: thirteen per new entry would do.
const WRITTEN: usize = 16;

/// Slots moved per step: one would do.
const MOVED: usize = 2;

/// Progress of a doubling.
#[derive(Clone)]
pub(super) enum Growth<K, V> {
    /// The new buckets are being written.
    Writing(Building<(K, V)>),
    /// Entries are being moved from the old buckets.
    Moving(Moving<K, V>),
}

/// Buckets being left behind.
#[derive(Clone)]
pub(super) struct Moving<K, V> {
    pub(super) old: Buckets<K, V>,
    /// Slots whose entry, if any, lies in the new buckets.
    moved: Bits,
    /// All slots before this one have been moved.
    next: usize,
}

impl<K, V> Moving<K, V> {
    /// Whether the entry of `slot`, if any, lies in the new buckets.
    pub(super) fn has_moved(&self, slot: usize) -> bool {
        self.moved.has(slot)
    }
}

impl<K: Key, V: Copy + Default> Moving<K, V> {
    /// The start of moving: all entries lie in `old`.
    pub(super) fn new(old: Buckets<K, V>, slots: &[Slot]) -> Self {
        let mut moved = Bits::below(slots.len());
        for (slot, _) in slots
            .iter()
            .enumerate()
            .filter(|(_, s)| s.bucket().is_none())
        {
            moved.insert(slot);
        }
        Self {
            old,
            moved,
            next: 0,
        }
    }

    /// Takes out the entry at an old bucket.
    pub(super) fn remove(&mut self, slots: &mut [Slot], bucket: usize) -> (usize, (K, V)) {
        let (slot, entry) = self.old.remove(slots, bucket);
        self.moved.insert(slot);
        (slot, entry)
    }

    /// Moves the entry at an old bucket, and returns its new bucket.
    pub(super) fn carry(
        &mut self,
        buckets: &mut Buckets<K, V>,
        slots: &mut [Slot],
        bucket: usize,
    ) -> usize {
        let (slot, entry) = self.remove(slots, bucket);
        buckets.insert(slots, slot, entry)
    }

    /// Moves some entries; returns whether none is left.
    pub(super) fn go_on(&mut self, buckets: &mut Buckets<K, V>, slots: &mut [Slot]) -> bool {
        for _ in 0..MOVED {
            let Some(slot) = self.moved.first_missing(self.next) else {
                return true;
            };
            self.next = slot;
            if let Some(bucket) = slots[slot].bucket() {
                self.carry(buckets, slots, bucket);
            }
        }
        false
    }
}

impl<K: Key, V: Copy + Default> Growth<K, V> {
    /// Takes one step; returns whether the doubling is complete.
    #[inline(never)]
    pub(super) fn go_on(&mut self, buckets: &mut Buckets<K, V>, slots: &mut [Slot]) -> bool {
        match self {
            Self::Writing(larger) => {
                larger.go_on(WRITTEN);
                false
            }
            Self::Moving(moving) => moving.go_on(buckets, slots),
        }
    }
}
