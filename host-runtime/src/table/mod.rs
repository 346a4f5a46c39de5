//! The flow table: bounded, deterministic, and in memory only as large as it is full.
//!
//! ```text
//!  hash ──▶ home: a pair of places in a cache line of sixteen ──▶ entry in its slot: key and value
//!           each place: tag and slot                               full keys compared
//! ```
//!
//! Entries lie densely in one array of *slots* and are found through an index of cache lines. A key's hash names a pair
//! of places in a line; there its slot is, mostly, and the pair is searched without a branch. Otherwise it is somewhere in
//! that line, whose sixteen tags are compared at once, or in a line behind it. A tag that matches is followed by the
//! comparison of full keys, so hash collisions cost time and never correctness. The index doubles while the table fills;
//! both arrays are as large as the table was full at its fullest.
//!
//! **Eviction** depends on nothing but the calls made, hence on nothing but the rows, and so all replicas evict alike.
//! A new entry takes the slot freed last, or else the next unused slot. When all `capacity` slots are taken, a hand
//! moves over them in order, one slot for each eviction, and the entry in it makes room: without removals that is
//! always the entry inserted longest ago. How entries are found has no part in it.
//!
//! **Prefetching.** An update of a large table waits twice for memory, for the place and then for the entry. Who knows
//! the keys to come calls [`Table::prefetch`] for each of them, some keys ahead, once per [`Step`]. That pays when the
//! table [is larger than L2](Table::outgrows_l2) and costs when it is not; what the table holds is the same either way.

mod hash;
mod line;
mod memory;

pub use hash::{Hash, Key, Seed};
use line::PAIRS;
pub use memory::l2_bytes;
use memory::{Circle, Lines};

/// Average entries in a line above which the index doubles. Few, so that almost every entry is in its home pair.
const FULL: usize = 4;

/// Most pairs in an index: the number of a slot takes as many bits as that of a pair, and leaves one for the tag.
const MAX_PAIRS: usize = 1 << 31;

/// Evictions that the victim's place is fetched ahead.
const AHEAD: usize = 4;

/// The two accesses to memory of an update, in order; the second needs what the first has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The place in the index.
    Index,
    /// The entry.
    Entry,
}

/// A table of at most `capacity` entries.
#[derive(Clone)]
pub struct Table<K, V> {
    seed: Seed,
    /// The bits of a pair that are tags.
    tag_bits: u64,
    /// Pairs of places, [`PAIRS`] in a cache line.
    index: Circle<u64>,
    /// The slots. Slot 0 has no entry: it is the slot of empty places.
    entries: Lines<(K, V)>,
    /// For each line the entries whose home is in or before it and whose place is behind it: where it is 0, a search may
    /// stop.
    passed: Vec<u32>,
    /// Slots that were freed, last on top. Their entries are default ones.
    free: Vec<u32>,
    capacity: usize,
    /// The slot that is evicted next.
    hand: usize,
    evictions: u64,
}

/// Tables are equal when they hold the same in the same slots and will evict alike. How they find it is their affair.
impl<K: PartialEq, V: PartialEq> PartialEq for Table<K, V> {
    fn eq(&self, other: &Self) -> bool {
        (self.capacity, self.hand, self.evictions) == (other.capacity, other.hand, other.evictions)
            && self.free == other.free
            && *self.entries == *other.entries
    }
}

impl<K: Key, V: Copy + Default> Table<K, V> {
    /// Largest capacity: slots are numbered from 1, with 31 bits.
    pub const MAX_CAPACITY: usize = (1 << 31) - 1;

    /// An empty table. `capacity` is brought into 1..=[`MAX_CAPACITY`](Self::MAX_CAPACITY).
    pub fn new(capacity: usize) -> Self {
        Self {
            seed: Seed::new::<K>(),
            tag_bits: line::tag_bits(PAIRS.ilog2()),
            index: Circle::of(PAIRS.ilog2()),
            entries: Lines::of(1),
            passed: vec![0],
            free: Vec::new(),
            capacity: capacity.clamp(1, Self::MAX_CAPACITY),
            hand: 1,
            evictions: 0,
        }
    }

    /// Entries in the table.
    pub fn len(&self) -> usize {
        self.entries.len() - 1 - self.free.len()
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

    /// Bytes of memory that updates reach into.
    #[inline]
    pub fn bytes(&self) -> usize {
        size_of_val(self.index.all()) + self.entries.bytes()
    }

    /// Whether the table is larger than a core's L2, so that [`prefetch`](Self::prefetch) pays.
    #[inline]
    pub fn outgrows_l2(&self) -> bool {
        self.bytes() > l2_bytes()
    }

    /// Starts to bring what an update of `key` will touch into the cache.
    #[inline(always)]
    pub fn prefetch(&self, key: &K, step: Step) {
        let hash = key.hash(&self.seed);
        let pair = self.index.get(hash.home());
        match step {
            Step::Index => memory::prefetch(pair),
            // Seldom another key's, or none because the key is not in its home pair.
            Step::Entry => {
                let slot = line::slot_of(*pair, hash.tags(self.tag_bits)) as usize;
                if let Some(entry) = self.entries.get(slot) {
                    memory::prefetch_all(entry);
                }
            }
        }
    }

    /// The value of `key`.
    #[inline(always)]
    pub fn get(&self, key: &K) -> Option<&V> {
        let slot = self.likely(key);
        if self.holds(slot, key) {
            return Some(&self.entries[slot].1);
        }
        self.get_elsewhere(*key)
    }

    /// The value of `key`, to change it.
    #[inline(always)]
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let slot = self.likely(key);
        if self.holds(slot, key) {
            return Some(&mut self.entries[slot].1);
        }
        self.get_mut_elsewhere(*key)
    }

    /// The value of `key`, created as `V::default()` where it is missing (which may evict another entry), and whether
    /// it was created.
    #[inline(always)]
    pub fn get_or_insert(&mut self, key: &K) -> (&mut V, bool) {
        let slot = self.likely(key);
        if self.holds(slot, key) {
            return (&mut self.entries[slot].1, false);
        }
        self.get_elsewhere_or_insert(*key)
    }

    /// Removes `key` and returns its value.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let slot = self.find(key)?;
        self.free.push(slot as u32);
        Some(self.vacate(slot))
    }

    /// All entries, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let places = self
            .index
            .all()
            .iter()
            .flat_map(|&pair| [pair as u32, (pair >> 32) as u32]);
        places.filter(|&place| place != 0).map(|place| {
            let (key, value) = &self.entries[(place & !self.tag_bits as u32) as usize];
            (key, value)
        })
    }

    /// The slot that the home pair of `key` has for it, or a number that is no slot's.
    #[inline(always)]
    fn likely(&self, key: &K) -> usize {
        let hash = key.hash(&self.seed);
        line::slot_of(*self.index.get(hash.home()), hash.tags(self.tag_bits)) as usize
    }

    /// Whether there is a slot with this number, and `key` in it. For slot 0 the answer is of use only where an empty
    /// place has led there: then it is no, for an empty place has tag 0 and the key of unused entries has not.
    #[inline(always)]
    fn holds(&self, slot: usize, key: &K) -> bool {
        self.entries
            .get(slot)
            .is_some_and(|entry| entry.0.same(key))
    }

    /// The slot of `key`.
    fn find(&self, key: &K) -> Option<usize> {
        let slot = self.likely(key);
        if self.holds(slot, key) {
            Some(slot)
        } else {
            self.find_elsewhere(*key)
        }
    }

    #[inline(never)]
    fn get_elsewhere(&self, key: K) -> Option<&V> {
        let slot = self.find_elsewhere(key)?;
        Some(&self.entries[slot].1)
    }

    #[inline(never)]
    fn get_mut_elsewhere(&mut self, key: K) -> Option<&mut V> {
        let slot = self.find_elsewhere(key)?;
        Some(&mut self.entries[slot].1)
    }

    #[inline(never)]
    fn get_elsewhere_or_insert(&mut self, key: K) -> (&mut V, bool) {
        match self.find_elsewhere(key) {
            Some(slot) => (&mut self.entries[slot].1, false),
            None => (self.insert_new(key), true),
        }
    }

    /// The slot of `key`, wherever it is.
    fn find_elsewhere(&self, key: K) -> Option<usize> {
        let hash = key.hash(&self.seed);
        let tags = hash.tags(self.tag_bits);
        // Mostly the neighbour.
        let slot = line::slot_of(*self.index.get(hash.home() ^ 1), tags) as usize;
        if self.holds(slot, &key) {
            return Some(slot);
        }
        let mut at = self.index.wrap(hash.home()) / PAIRS;
        loop {
            let line = &self.index.all().as_chunks::<PAIRS>().0[at];
            let mut places = line::candidates(line, tags, self.tag_bits);
            while places != 0 {
                let place = line::word(line, places.trailing_zeros() as usize);
                let slot = (place & !self.tag_bits as u32) as usize;
                if self.holds(slot, &key) {
                    return Some(slot);
                }
                places &= places - 1;
            }
            if self.passed[at] == 0 {
                return None;
            }
            at = self.next_line(at);
        }
    }

    #[inline(always)]
    fn next_line(&self, at: usize) -> usize {
        self.index.wrap((at + 1) * PAIRS) / PAIRS
    }

    fn insert_new(&mut self, key: K) -> &mut V {
        let slot = self.take_slot();
        self.entries[slot].0 = key;
        let lines = self.passed.len();
        if self.len() > lines * FULL && lines * PAIRS < MAX_PAIRS {
            self.double();
        } else {
            self.link(slot);
        }
        &mut self.entries[slot].1
    }

    /// A slot for a new entry, by the rule of eviction where there is none. Its entry is the default one.
    fn take_slot(&mut self) -> usize {
        if let Some(slot) = self.free.pop() {
            return slot as usize;
        }
        let next = self.entries.len();
        if next <= self.capacity {
            self.entries.push(Default::default(), self.capacity + 1);
            return next;
        }
        let slot = self.hand;
        self.hand = self.following(slot, 1);
        self.evictions += 1;
        self.fetch_victims(slot);
        self.vacate(slot);
        slot
    }

    /// The slot that comes `steps` (at most `capacity`) behind `slot` on the hand's way.
    fn following(&self, slot: usize, steps: usize) -> usize {
        let next = slot + steps;
        if next > self.capacity {
            next - self.capacity
        } else {
            next
        }
    }

    /// Evictions come in series, and the hand's way is known: what they will touch is fetched ahead.
    fn fetch_victims(&self, slot: usize) {
        if self.capacity >= AHEAD {
            let victim = self.entries[self.following(slot, AHEAD)].0;
            memory::prefetch(self.index.get(victim.hash(&self.seed).home()));
        }
    }

    /// Puts `slot` into the index, under its entry's key: into its home pair, else its home line, else the first line
    /// behind that has room.
    fn link(&mut self, slot: usize) {
        let hash = self.entries[slot].0.hash(&self.seed);
        let home = self.index.wrap(hash.home());
        let (mut at, mut from) = (home / PAIRS, home % PAIRS);
        loop {
            let line = &mut self.index.all_mut().as_chunks_mut::<PAIRS>().0[at];
            if line::put(line, from, hash.tags(self.tag_bits), slot as u32) {
                return;
            }
            self.passed[at] += 1;
            (at, from) = (self.next_line(at), 0);
        }
    }

    /// Takes `slot`, which has an entry, out of the index and gives back its value.
    fn vacate(&mut self, slot: usize) -> V {
        let (key, value) = std::mem::take(&mut self.entries[slot]);
        let hash = key.hash(&self.seed);
        let tags = hash.tags(self.tag_bits);
        let mut at = self.index.wrap(hash.home()) / PAIRS;
        for _ in 0..self.passed.len() {
            let line = &mut self.index.all_mut().as_chunks_mut::<PAIRS>().0[at];
            let mut places = line::candidates(line, tags, self.tag_bits);
            while places != 0 {
                let place = places.trailing_zeros() as usize;
                if (line::word(line, place) & !self.tag_bits as u32) as usize == slot {
                    line::clear(line, place);
                    return value;
                }
                places &= places - 1;
            }
            self.passed[at] -= 1;
            at = self.next_line(at);
        }
        value
    }

    /// Twice as many pairs, filled in the order of slots.
    #[cold]
    fn double(&mut self) {
        let pairs = self.index.all().len() * 2;
        self.tag_bits = line::tag_bits(pairs.ilog2());
        self.index = Circle::of(pairs.ilog2());
        self.passed.clear();
        self.passed.resize(pairs / PAIRS, 0);
        let mut taken = vec![true; self.entries.len()];
        for &slot in &self.free {
            taken[slot as usize] = false;
        }
        for slot in (1..self.entries.len()).filter(|&slot| taken[slot]) {
            self.link(slot);
        }
    }
}

impl<K, V> std::fmt::Debug for Table<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table")
            .field("len", &(self.entries.len() - 1 - self.free.len()))
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
                // Changes nothing, for keys that are there and for those that are not.
                table.prefetch(&key, if what < 4 { Step::Index } else { Step::Entry });
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
            // A copy is equal and goes on alike, and one row more makes a difference.
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

    /// A key whose hash is the same for all: the worst that can happen to an index.
    #[derive(Clone, Copy, PartialEq, Eq, Default)]
    struct Colliding(u32);

    impl Key for Colliding {
        fn hash(&self, seed: &Seed) -> Hash {
            7u32.hash(seed)
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
        assert!(table.index.all().iter().all(|&pair| pair == 0));
        assert!(table.passed.iter().all(|&passed| passed == 0));
    }

    #[test]
    fn the_key_of_unused_entries_is_a_key_like_any_other() {
        for _ in 0..50 {
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
    fn a_million_entries_fit_a_million() {
        let mut table = Table::<[u64; 2], u64>::new(1 << 20);
        for n in 0..1u64 << 20 {
            *table.get_or_insert(&[n, n << 32]).0 = n;
        }
        assert_eq!((table.len(), table.evictions()), (1 << 20, 0));
        assert!((0..1u64 << 20).all(|n| table.get(&[n, n << 32]) == Some(&n)));
    }
}
