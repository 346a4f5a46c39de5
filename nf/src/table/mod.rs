//! The flow table: bounded, deterministic, and no larger in memory than its entries need.
//!
//! ```text
//!  hash ──▶ home, and distance of the group ──▶ bucket: key and value        full keys compared
//!           slot ──▶ bucket                                                  insertion, removal, eviction
//! ```
//!
//! Every entry has a *slot*, a number in order of creation, and a *bucket* in memory (`buckets`), which the hash of its
//! key and one byte determine. Full keys are compared there, so hash collisions cost time but never correctness. The
//! buckets double while the table fills, a step with every new entry (`growth`).
//!
//! **Eviction** depends only on the calls made, hence only on the rows, so all replicas evict alike. A new entry takes
//! the slot freed last, or else the next unused slot. When all `capacity` slots are taken, a hand moves over them in
//! order, one slot per eviction, and the entry in that slot is evicted: without removals this is always the entry
//! inserted longest ago. How entries are found plays no part in it.
//!
//! **Prefetching.** An update of a large table waits for memory. A caller that knows upcoming keys calls
//! [`Table::prefetch`] for each of them, some keys ahead. This pays when the table [is larger than
//! L2](Table::outgrows_l2) and costs when it is not; what the table holds is the same either way.

mod bits;
mod buckets;
mod growth;
mod hash;
mod memory;

use buckets::{Buckets, Slot};
use growth::{Growth, Moving};
pub use hash::{Hash, Key, Seed};
pub use memory::l2_bytes;

/// Number of evictions by which a victim's group is fetched ahead; its entry is fetched as many before that.
const AHEAD: usize = 4;

/// A table of at most `capacity` entries.
#[derive(Clone)]
pub struct Table<K, V> {
    buckets: Buckets<K, V>,
    /// Slot 0 never has an entry.
    slots: Vec<Slot>,
    growth: Option<Box<Growth<K, V>>>,
    /// Slots that were freed, last on top.
    free: Vec<u32>,
    capacity: usize,
    /// The slot to evict next.
    hand: usize,
    evictions: u64,
}

/// Tables are equal if they hold the same entries in the same slots and will evict alike, however they find them.
impl<K: PartialEq, V: PartialEq> PartialEq for Table<K, V> {
    fn eq(&self, other: &Self) -> bool {
        (self.capacity, self.hand, self.evictions) == (other.capacity, other.hand, other.evictions)
            && self.slots.len() == other.slots.len()
            && self.free == other.free
            && (0..self.slots.len()).all(|slot| self.entry(slot) == other.entry(slot))
    }
}

impl<K, V> Table<K, V> {
    /// Number of entries in the table.
    pub fn len(&self) -> usize {
        self.slots.len() - 1 - self.free.len()
    }

    /// Whether the table has no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The buckets that hold the entry of `slot`, if it has one, and its bucket in them.
    fn bucket(&self, slot: usize) -> Option<(&Buckets<K, V>, usize)> {
        let bucket = self.slots[slot].bucket()?;
        let buckets = match self.growth.as_deref() {
            Some(Growth::Moving(moving)) if !moving.has_moved(slot) => &moving.old,
            _ => &self.buckets,
        };
        Some((buckets, bucket))
    }

    /// The entry of `slot`.
    fn entry(&self, slot: usize) -> Option<&(K, V)> {
        self.bucket(slot)
            .map(|(buckets, bucket)| buckets.entry(bucket))
    }
}

impl<K: Key, V: Copy + Default> Table<K, V> {
    /// Largest capacity: slots are numbered from 1, with 31 bits.
    pub const MAX_CAPACITY: usize = (1 << 31) - 1;

    /// An empty table. `capacity` is brought into 1..=[`MAX_CAPACITY`](Self::MAX_CAPACITY).
    pub fn new(capacity: usize) -> Self {
        Self {
            buckets: Buckets::new(),
            slots: vec![Slot::FREE],
            growth: None,
            free: Vec::new(),
            capacity: capacity.clamp(1, Self::MAX_CAPACITY),
            hand: 1,
            evictions: 0,
        }
    }

    /// Number of entries that the table can hold.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Number of entries evicted so far.
    pub fn evictions(&self) -> u64 {
        self.evictions
    }

    /// Bytes of memory that updates touch.
    #[inline]
    pub fn bytes(&self) -> usize {
        self.buckets.bytes()
    }

    /// Whether the table is larger than a core's L2, so that [`prefetch`](Self::prefetch) pays.
    #[inline]
    pub fn outgrows_l2(&self) -> bool {
        self.bytes() > l2_bytes()
    }

    /// Prefetches what an update of `key` will touch.
    #[inline(always)]
    pub fn prefetch(&self, key: &K) {
        memory::prefetch_all(self.buckets.at(self.buckets.likely(key)));
    }

    /// The value of `key`.
    #[inline(always)]
    pub fn get(&self, key: &K) -> Option<&V> {
        let entry = self.buckets.at(self.buckets.likely(key));
        if entry.0.same(key) {
            return Some(&entry.1);
        }
        self.get_elsewhere(*key)
    }

    /// The value of `key`, mutably.
    #[inline(always)]
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let at = self.buckets.likely(key);
        if self.buckets.at(at).0.same(key) {
            return Some(&mut self.buckets.at_mut(at).1);
        }
        self.get_mut_elsewhere(*key)
    }

    /// The value of `key`, created as `V::default()` if missing (which may evict another entry), and whether it was
    /// created.
    #[inline(always)]
    pub fn get_or_insert(&mut self, key: &K) -> (&mut V, bool) {
        let at = self.buckets.likely(key);
        let (entry, created) = if self.buckets.at(at).0.same(key) {
            (self.buckets.at_mut(at), false)
        } else {
            self.get_elsewhere_or_insert(*key)
        };
        (&mut entry.1, created)
    }

    /// Removes `key` and returns its value.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let (slot, (_, value)) = match self.buckets.find(&self.slots, key) {
            Some(bucket) => self.buckets.remove(&mut self.slots, bucket),
            None => {
                let moving = moving_mut(&mut self.growth)?;
                let bucket = moving.old.find(&self.slots, key)?;
                moving.remove(&mut self.slots, bucket)
            }
        };
        self.free.push(slot as u32);
        Some(value)
    }

    /// All entries, in unspecified order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let entries = (0..self.slots.len()).filter_map(|slot| self.entry(slot));
        entries.map(|(key, value)| (key, value))
    }

    #[cold]
    #[inline(never)]
    fn get_elsewhere(&self, key: K) -> Option<&V> {
        if let Some(bucket) = self.buckets.find(&self.slots, &key) {
            return Some(&self.buckets.entry(bucket).1);
        }
        let Some(Growth::Moving(moving)) = self.growth.as_deref() else {
            return None;
        };
        let bucket = moving.old.find(&self.slots, &key)?;
        Some(&moving.old.entry(bucket).1)
    }

    #[cold]
    #[inline(never)]
    fn get_mut_elsewhere(&mut self, key: K) -> Option<&mut V> {
        let bucket = self.find_elsewhere(&key)?;
        Some(&mut self.buckets.entry_mut(bucket).1)
    }

    #[cold]
    #[inline(never)]
    fn get_elsewhere_or_insert(&mut self, key: K) -> (&mut (K, V), bool) {
        let found = self.find_elsewhere(&key);
        let bucket = found.unwrap_or_else(|| self.insert_new(key));
        (self.buckets.entry_mut(bucket), found.is_none())
    }

    /// The bucket of `key`, moved to the new buckets if it was still in the old ones.
    fn find_elsewhere(&mut self, key: &K) -> Option<usize> {
        let found = self.buckets.find(&self.slots, key);
        if found.is_some() || moving_mut(&mut self.growth).is_none() {
            return found;
        }
        // Move the others first: each move may move its group.
        self.grow();
        let found = self.buckets.find(&self.slots, key);
        if found.is_some() {
            return found;
        }
        let moving = moving_mut(&mut self.growth)?;
        let bucket = moving.old.find(&self.slots, key)?;
        Some(moving.carry(&mut self.buckets, &mut self.slots, bucket))
    }

    fn insert_new(&mut self, key: K) -> usize {
        let slot = self.take_slot();
        self.grow();
        self.buckets
            .insert(&mut self.slots, slot, (key, V::default()))
    }

    /// A slot for a new entry, by eviction if none is free.
    fn take_slot(&mut self) -> usize {
        if let Some(slot) = self.free.pop() {
            return slot as usize;
        }
        let next = self.slots.len();
        if next <= self.capacity {
            self.slots.push(Slot::FREE);
            return next;
        }
        let slot = self.hand;
        self.hand = self.following(slot, 1);
        self.evictions += 1;
        self.fetch_victims(slot);
        if let Some(bucket) = self.slots[slot].bucket() {
            match moving_mut(&mut self.growth) {
                Some(moving) if !moving.has_moved(slot) => moving.remove(&mut self.slots, bucket),
                _ => self.buckets.remove(&mut self.slots, bucket),
            };
        }
        slot
    }

    /// The slot `steps` (at most `capacity`) after `slot` in the hand's order.
    fn following(&self, slot: usize, steps: usize) -> usize {
        let next = slot + steps;
        if next > self.capacity {
            next - self.capacity
        } else {
            next
        }
    }

    /// Evictions come in series and the hand's order is known, so what they will touch is prefetched.
    fn fetch_victims(&self, slot: usize) {
        if self.capacity < 2 * AHEAD {
            return;
        }
        if let Some((buckets, bucket)) = self.bucket(self.following(slot, 2 * AHEAD)) {
            memory::prefetch_all(buckets.entry(bucket));
        }
        if let Some((buckets, bucket)) = self.bucket(self.following(slot, AHEAD)) {
            buckets.prefetch_group(bucket);
        }
    }

    /// Takes the step of doubling that is due before another entry.
    fn grow(&mut self) {
        let limit = self.buckets.limit();
        if self.len() > limit {
            self.take_over();
        }
        match self.growth.as_deref_mut() {
            Some(growth) => {
                if growth.go_on(&mut self.buckets, &mut self.slots) {
                    self.growth = None;
                }
            }
            // No doubling if there will never be as many entries.
            None => {
                if self.capacity > limit && self.len() > limit / 4 * 3 {
                    self.growth = Some(Box::new(Growth::Writing(self.buckets.larger())));
                }
            }
        }
    }

    /// Switches to the larger buckets for new entries.
    #[cold]
    fn take_over(&mut self) {
        let larger = match self.growth.take().map(|growth| *growth) {
            Some(Growth::Writing(larger)) => larger,
            Some(Growth::Moving(mut moving)) => {
                while !moving.go_on(&mut self.buckets, &mut self.slots) {}
                self.buckets.larger()
            }
            None => self.buckets.larger(),
        };
        let larger = self.buckets.grown(larger);
        let old = std::mem::replace(&mut self.buckets, larger);
        let moving = Moving::new(old, &self.slots);
        self.growth = Some(Box::new(Growth::Moving(moving)));
    }
}

/// The buckets being left behind, if any.
fn moving_mut<K, V>(growth: &mut Option<Box<Growth<K, V>>>) -> Option<&mut Moving<K, V>> {
    match growth.as_deref_mut() {
        Some(Growth::Moving(moving)) => Some(moving),
        _ => None,
    }
}

impl<K, V> std::fmt::Debug for Table<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table")
            .field("len", &self.len())
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
    use std::num::NonZeroU32;

    /// Fewer steps under an interpreter, which takes hundreds of times as long for each.
    const fn steps(n: u64) -> u64 {
        if cfg!(miri) { n / 20 } else { n }
    }

    /// A model of the same contract on plain collections: slots by the documented rule.
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
            // The same table under another seed.
            let mut twin = Table { buckets: Buckets::seeded(1), ..table.clone() };
            let mut model = Model { capacity, ..Model::default() };
            for (n, (key, what)) in steps.into_iter().enumerate() {
                let key = key % keys;
                // Prefetching changes nothing, for existing and for missing keys.
                table.prefetch(&key);
                if what == 0 {
                    prop_assert_eq!(table.remove(&key), model.remove(key));
                    twin.remove(&key);
                } else {
                    *table.get_or_insert(&key).0 += n as u64;
                    *twin.get_or_insert(&key).0 += n as u64;
                    model.add(key, n as u64);
                }
                prop_assert_eq!(table.get(&key).copied(), model.position(key).map(|at| model.slots[at].unwrap().1));
            }
            let ours: HashMap<u32, u64> = table.iter().map(|(&k, &v)| (k, v)).collect();
            let theirs: HashMap<u32, u64> = model.slots.iter().flatten().copied().collect();
            prop_assert_eq!(table.len(), theirs.len());
            prop_assert_eq!(ours, theirs);
            prop_assert_eq!(&twin, &table);
            // A copy is equal and continues alike, and one more row makes a difference.
            let mut copy = table.clone();
            prop_assert_eq!(&copy, &table);
            for key in keys..keys + 5 {
                *copy.get_or_insert(&key).0 = 7;
                prop_assert_ne!(&copy, &table);
                *table.get_or_insert(&key).0 = 7;
                prop_assert_eq!(&copy, &table);
            }
        }
    }

    /// A key whose hash is the same for all but the default one: the worst case.
    #[derive(Clone, Copy, PartialEq, Eq, Default)]
    struct Colliding(u32);

    impl Key for Colliding {
        fn hash(&self, seed: &Seed) -> Hash {
            u32::from(self.0 != 0).hash(seed)
        }

        fn numbered(n: NonZeroU32) -> Self {
            Self(n.get())
        }

        fn same(&self, other: &Self) -> bool {
            self == other
        }
    }

    #[test]
    fn colliding_keys_stay_apart() {
        let (evicted, kept) = (steps(500), steps(1000));
        let mut table = Table::<Colliding, u32>::new(kept as usize);
        let all = (evicted + kept) as u32;
        for n in 0..all {
            *table.get_or_insert(&Colliding(n)).0 = n;
        }
        assert_eq!((table.len() as u64, table.evictions()), (kept, evicted));
        for n in 0..evicted as u32 {
            assert_eq!(table.get(&Colliding(n)), None);
        }
        for n in evicted as u32..all {
            assert_eq!(table.remove(&Colliding(n)), Some(n));
        }
        assert!(table.is_empty());
    }

    #[test]
    fn the_key_of_unused_entries_is_a_key_like_any_other() {
        for _ in 0..steps(50) {
            let mut table = Table::<u32, u32>::new(1000);
            assert_eq!(table.get(&0), None);
            assert_eq!(table.remove(&0), None);
            for key in 1..500 {
                *table.get_or_insert(&key).0 = key;
                assert_eq!(table.get(&0), None);
            }
            assert!(table.get_or_insert(&0).1);
            assert_eq!((table.get(&0), table.len()), (Some(&0), 500));
            assert_eq!(table.remove(&7), Some(7));
            assert_eq!(table.remove(&0), Some(0));
            assert_eq!((table.get(&0), table.len()), (None, 498));
        }
    }

    #[test]
    fn entries_are_found_and_removed_while_the_places_double() {
        for removed in [3, 5, 100] {
            let mut table = Table::<[u64; 2], u64>::new(100_000);
            let mut model = HashMap::new();
            let mut moving = 0;
            for n in 0..steps(30_000) {
                *table.get_or_insert(&[n, 7]).0 = n;
                model.insert(n, n);
                let earlier = n * 7919 % (n + 1);
                assert_eq!(table.get(&[earlier, 7]), model.get(&earlier));
                if n % removed == 0 {
                    assert_eq!(table.remove(&[earlier, 7]), model.remove(&earlier));
                } else if let Some(value) = table.get_mut(&[earlier, 7]) {
                    *value += 1;
                    *model.get_mut(&earlier).unwrap() += 1;
                }
                moving += usize::from(moving_mut(&mut table.growth).is_some());
                if n % steps(1000) == 0 {
                    assert!(table.clone() == table);
                    let all: HashMap<u64, u64> = table.iter().map(|(k, &v)| (k[0], v)).collect();
                    assert_eq!(all, model);
                }
            }
            assert!(moving as u64 > steps(1000), "{moving}");
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "too many entries to interpret")]
    fn a_million_entries_fit_a_million() {
        let mut table = Table::<[u64; 2], u64>::new(1 << 20);
        for n in 0..1u64 << 20 {
            *table.get_or_insert(&[n, n << 32]).0 = n;
        }
        assert_eq!((table.len(), table.evictions()), (1 << 20, 0));
        assert!((0..1u64 << 20).all(|n| table.get(&[n, n << 32]) == Some(&n)));
    }
}
