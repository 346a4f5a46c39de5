//! Doubling the places without a pause: a small step with every insertion.
//!
//! ```text
//!  entries:  15/32 of the places ───────▶ 5/8: the new ones take over ───────▶ 15/16 at the latest
//!            new ones are written         old entries are moved
//! ```

use super::bits::Bits;
use super::hash::Key;
use super::memory::Building;
use super::places::{Places, Slot};

/// Elements written per step: thirteen per new entry would do.
const WRITTEN: usize = 16;

/// Slots moved per step: one would do.
const MOVED: usize = 2;

/// Progress of a doubling.
#[derive(Clone)]
pub(super) enum Growth<K, V> {
    /// The new places are being written.
    Writing(Building<(K, V)>),
    /// Entries are being moved from the old places.
    Moving(Moving<K, V>),
}

/// Places being left behind.
#[derive(Clone)]
pub(super) struct Moving<K, V> {
    pub(super) old: Places<K, V>,
    /// Slots whose entry, if any, lies in the new places.
    moved: Bits,
    /// All slots before this one have been moved.
    next: usize,
}

impl<K, V> Moving<K, V> {
    /// Whether the entry of `slot`, if any, lies in the new places.
    pub(super) fn has_moved(&self, slot: usize) -> bool {
        self.moved.has(slot)
    }
}

impl<K: Key, V: Copy + Default> Moving<K, V> {
    /// The start of moving: all entries lie in `old`.
    pub(super) fn new(old: Places<K, V>, slots: &[Slot]) -> Self {
        let mut moved = Bits::below(slots.len());
        for (slot, _) in slots
            .iter()
            .enumerate()
            .filter(|(_, s)| s.place().is_none())
        {
            moved.insert(slot);
        }
        Self {
            old,
            moved,
            next: 0,
        }
    }

    /// Takes out the entry at an old place.
    pub(super) fn remove(&mut self, slots: &mut [Slot], place: usize) -> (usize, (K, V)) {
        let (slot, entry) = self.old.remove(slots, place);
        self.moved.insert(slot);
        (slot, entry)
    }

    /// Moves the entry at an old place, and returns its new place.
    pub(super) fn carry(
        &mut self,
        places: &mut Places<K, V>,
        slots: &mut [Slot],
        place: usize,
    ) -> usize {
        let (slot, entry) = self.remove(slots, place);
        places.insert(slots, slot, entry)
    }

    /// Moves some entries; returns whether none is left.
    pub(super) fn go_on(&mut self, places: &mut Places<K, V>, slots: &mut [Slot]) -> bool {
        for _ in 0..MOVED {
            let Some(slot) = self.moved.first_missing(self.next) else {
                return true;
            };
            self.next = slot;
            if let Some(place) = slots[slot].place() {
                self.carry(places, slots, place);
            }
        }
        false
    }
}

impl<K: Key, V: Copy + Default> Growth<K, V> {
    /// Takes one step; returns whether the doubling is complete.
    #[inline(never)]
    pub(super) fn go_on(&mut self, places: &mut Places<K, V>, slots: &mut [Slot]) -> bool {
        match self {
            Self::Writing(larger) => {
                larger.go_on(WRITTEN);
                false
            }
            Self::Moving(moving) => moving.go_on(places, slots),
        }
    }
}
