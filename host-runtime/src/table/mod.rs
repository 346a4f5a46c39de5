//! The flow table: bounded, deterministic, and in memory only as large as it is full.
//!
//! ```text
//!  hash ──▶ bucket (64 B: 12 tags, 12 entry numbers) ──▶ entries: key and value, dense
//! ```
//!
//! Entries lie densely in one array and are found through an index of cache-line buckets. A search compares twelve
//! tags at once and then the full key, so hash collisions cost time and never correctness. The index doubles while the
//! table fills; both arrays are as large as the table was full at its fullest.
//!
//! **Eviction** depends on nothing but the calls made, hence on nothing but the rows, and so all replicas evict alike.
//! A new entry takes the slot freed last, or else the next unused slot. When all `capacity` slots are taken, a hand
//! moves over them in order, one slot for each eviction, and the entry under it makes room: without removals that is
//! always the entry inserted longest ago.

mod bucket;
mod hash;

use bucket::Bucket;
pub use hash::Key;

/// Average entries in a bucket above which the index doubles.
const FULL: usize = 8;
/// Buckets of a new table.
const FIRST_BUCKETS: usize = 16;

/// A table of at most `capacity` entries.
#[derive(Clone, PartialEq)]
pub struct Table<K, V> {
    index: Box<[Bucket]>,
    entries: Vec<(K, V)>,
    /// Slots that were freed, last on top.
    free: Vec<u32>,
    capacity: usize,
    hand: usize,
    evictions: u64,
}

impl<K: Key, V: Copy + Default> Table<K, V> {
    /// Largest capacity: entries are numbered with 31 bits.
    pub const MAX_CAPACITY: usize = 1 << 31;

    /// An empty table. `capacity` is brought into 1..=[`MAX_CAPACITY`](Self::MAX_CAPACITY).
    pub fn new(capacity: usize) -> Self {
        Self {
            index: vec![Bucket::default(); FIRST_BUCKETS].into_boxed_slice(),
            entries: Vec::new(),
            free: Vec::new(),
            capacity: capacity.clamp(1, Self::MAX_CAPACITY),
            hand: 0,
            evictions: 0,
        }
    }

    /// Entries in the table.
    pub fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// Whether the table has no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Entries that the table can hold.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Entries that were evicted so far.
    pub fn evictions(&self) -> u64 {
        self.evictions
    }

    /// The value of `key`.
    #[inline]
    pub fn get(&self, key: &K) -> Option<&V> {
        let slot = self.find(key.hash(), key)?;
        Some(&self.entries[slot].1)
    }

    /// The value of `key`, to change it.
    #[inline]
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let slot = self.find(key.hash(), key)?;
        Some(&mut self.entries[slot].1)
    }

    /// The value of `key`, created as `V::default()` where it is missing (which may evict another entry), and whether
    /// it was created.
    #[inline]
    pub fn get_or_insert(&mut self, key: &K) -> (&mut V, bool) {
        let hash = key.hash();
        match self.find(hash, key) {
            Some(slot) => (&mut self.entries[slot].1, false),
            None => (self.insert_new(hash, key), true),
        }
    }

    /// Removes `key` and returns its value.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let slot = self.find(key.hash(), key)?;
        self.unlink(slot);
        self.free.push(slot as u32);
        Some(self.entries[slot].1)
    }

    /// All entries, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.index.iter().flat_map(Bucket::occupied).map(|slot| {
            let (key, value) = &self.entries[slot as usize];
            (key, value)
        })
    }

    #[inline(always)]
    fn home(&self, hash: u64) -> usize {
        hash as usize & (self.index.len() - 1)
    }

    #[inline(always)]
    fn find(&self, hash: u64, key: &K) -> Option<usize> {
        let tag = Bucket::tag(hash);
        let mut at = self.home(hash);
        loop {
            let bucket = &self.index[at];
            for place in bucket.candidates(tag) {
                let slot = bucket.entry(place) as usize;
                if self
                    .entries
                    .get(slot)
                    .is_some_and(|entry| entry.0.same(key))
                {
                    return Some(slot);
                }
            }
            if bucket.overflow() == 0 {
                return None;
            }
            at = (at + 1) & (self.index.len() - 1);
        }
    }

    #[inline(never)]
    fn insert_new(&mut self, hash: u64, key: &K) -> &mut V {
        let slot = self.take_slot();
        let entry = (*key, V::default());
        if slot == self.entries.len() {
            self.entries.push(entry);
        } else {
            self.entries[slot] = entry;
        }
        if self.len() > self.index.len() * FULL {
            self.double();
        } else {
            self.link(hash, slot);
        }
        &mut self.entries[slot].1
    }

    /// A slot for a new entry, by the rule of eviction where there is none.
    fn take_slot(&mut self) -> usize {
        if let Some(slot) = self.free.pop() {
            return slot as usize;
        }
        if self.entries.len() < self.capacity {
            return self.entries.len();
        }
        let slot = self.hand;
        self.hand = if slot + 1 == self.capacity {
            0
        } else {
            slot + 1
        };
        self.evictions += 1;
        self.unlink(slot);
        slot
    }

    /// Puts `slot` into the first bucket from home on that has room.
    fn link(&mut self, hash: u64, slot: usize) {
        let mut at = self.home(hash);
        loop {
            let last = self.index.len() - 1;
            let bucket = &mut self.index[at];
            if let Some(place) = bucket.vacancy() {
                bucket.put(place, Bucket::tag(hash), slot as u32);
                return;
            }
            bucket.set_overflow(bucket.overflow() + 1);
            at = (at + 1) & last;
        }
    }

    /// Takes `slot` out of the index.
    fn unlink(&mut self, slot: usize) {
        let hash = self.entries[slot].0.hash();
        let mut at = self.home(hash);
        for _ in 0..self.index.len() {
            let last = self.index.len() - 1;
            let bucket = &mut self.index[at];
            let place = bucket
                .candidates(Bucket::tag(hash))
                .find(|&place| bucket.entry(place) as usize == slot);
            if let Some(place) = place {
                bucket.clear(place);
                return;
            }
            bucket.set_overflow(bucket.overflow() - 1);
            at = (at + 1) & last;
        }
    }

    /// Twice as many buckets, filled in the order of slots.
    #[cold]
    fn double(&mut self) {
        let buckets = self.index.len() * 2;
        self.index = vec![Bucket::default(); buckets].into_boxed_slice();
        let mut freed = vec![];
        if !self.free.is_empty() {
            freed = vec![false; self.entries.len()];
            for &slot in &self.free {
                freed[slot as usize] = true;
            }
        }
        for slot in 0..self.entries.len() {
            if !freed.get(slot).copied().unwrap_or(false) {
                let hash = self.entries[slot].0.hash();
                self.link(hash, slot);
            }
        }
    }
}

impl<K, V> std::fmt::Debug for Table<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table")
            .field("len", &(self.entries.len() - self.free.len()))
            .field("capacity", &self.capacity)
            .field("evictions", &self.evictions)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    /// The same contract on plain collections: slots by the documented rule.
    #[derive(Default)]
    struct Model {
        slots: Vec<Option<(u32, u64)>>,
        free: Vec<usize>,
        capacity: usize,
        hand: usize,
    }

    impl Model {
        fn position(&self, key: u32) -> Option<usize> {
            self.slots
                .iter()
                .position(|s| s.is_some_and(|s| s.0 == key))
        }

        fn add(&mut self, key: u32, amount: u64) {
            if let Some(at) = self.position(key) {
                self.slots[at].as_mut().unwrap().1 += amount;
                return;
            }
            let at = match self.free.pop() {
                Some(at) => at,
                None if self.slots.len() < self.capacity => {
                    self.slots.push(None);
                    self.slots.len() - 1
                }
                None => {
                    let at = self.hand;
                    self.hand = (self.hand + 1) % self.capacity;
                    at
                }
            };
            self.slots[at] = Some((key, amount));
        }

        fn remove(&mut self, key: u32) -> Option<u64> {
            let at = self.position(key)?;
            self.free.push(at);
            self.slots[at].take().map(|s| s.1)
        }
    }

    proptest! {
        #[test]
        fn behaves_like_the_model(
            capacity in 1usize..300,
            keys in 1u32..600,
            steps in proptest::collection::vec((any::<u32>(), 0u8..8), 0..2000),
        ) {
            let mut table = Table::<u32, u64>::new(capacity);
            let mut model = Model { capacity, ..Model::default() };
            for (n, (key, what)) in steps.into_iter().enumerate() {
                let key = key % keys;
                if what == 0 {
                    prop_assert_eq!(table.remove(&key), model.remove(key));
                } else {
                    *table.get_or_insert(&key).0 += n as u64;
                    model.add(key, n as u64);
                }
                prop_assert_eq!(table.get(&key).copied(), model.position(key).map(|at| model.slots[at].unwrap().1));
            }
            let ours: HashMap<u32, u64> = table.iter().map(|(&k, &v)| (k, v)).collect();
            let theirs: HashMap<u32, u64> = model.slots.iter().flatten().copied().collect();
            prop_assert_eq!(table.len(), theirs.len());
            prop_assert_eq!(ours, theirs);
        }
    }

    /// A key whose hash is the same for all: the worst that can happen to an index.
    #[derive(Clone, Copy, PartialEq, Eq, Default)]
    struct Colliding(u32);

    impl Key for Colliding {
        fn hash(&self) -> u64 {
            0x1234_5678_9abc_def0
        }

        fn same(&self, other: &Self) -> bool {
            self == other
        }
    }

    #[test]
    fn colliding_keys_stay_apart() {
        let mut table = Table::<Colliding, u32>::new(1000);
        for n in 0..1500 {
            *table.get_or_insert(&Colliding(n)).0 = n;
        }
        assert_eq!((table.len(), table.evictions()), (1000, 500));
        for n in 0..500 {
            assert_eq!(table.get(&Colliding(n)), None);
        }
        for n in 500..1500 {
            assert_eq!(table.remove(&Colliding(n)), Some(n));
        }
        assert!(table.is_empty());
        assert!(
            table
                .index
                .iter()
                .all(|bucket| *bucket == Bucket::default())
        );
    }

    #[test]
    fn a_million_entries_fit_a_million() {
        let mut table = Table::<[u64; 2], u64>::new(1 << 20);
        for n in 0..1u64 << 20 {
            *table.get_or_insert(&[n, n << 32]).0 = n;
        }
        assert_eq!((table.len(), table.evictions()), (1 << 20, 0));
        assert!((0..1u64 << 20).all(|n| table.get(&[n, n << 32]) == Some(&n)));
    }
}
