//! Where entries lie, and how to find one with a single access to memory plus a byte.
//!
//! ```text
//!  hash ──▶ group: distance ──┐
//!      └──▶ home ─────────────┴──▶ bucket = home + distance: key and value
//! ```
//!
//! The hash of a key names a home and, independently, a *group* of a few keys. All keys of a group lie at the same
//! distance behind their homes. If the bucket of a new key is taken, the key's group moves to the first distance at
//! which all of its keys find room. So nearly every key is in its expected bucket, however full the buckets are, and the
//! processor has nothing to guess.
//!
//! A group that finds no distance, because it is too large or two of its keys have the same home, is *scattered*: its
//! keys lie wherever there is room, and are searched one after the other.
//!
//! **Unused buckets** hold the default key, which must not be found there. Its hash is 0, so its home and group are 0,
//! too; group 0 stays at distance 0, and bucket 0 is reserved for the default key. While that key has no entry, bucket 0
//! holds another key whose home is never 0.

use super::bits::Bits;
use super::hash::{Hash, Key, Seed};
use super::memory::{Building, Circle, Runway};
use crate::prefetch;

/// Buckets per group, as a power of two. With more there would be fewer bytes to keep in the cache, and more groups that
/// find no distance.
const PLACES_PER_GROUP: u32 = 1;

/// Minimum number of buckets, as a power of two: so many that a handful of flows, which may be all the traffic there is,
/// nearly never share home and group.
const FEW: u32 = 10;

/// Fewer in tests, so that small tables grow.
const LEAST: u32 = if cfg!(any(test, fuzzing)) { 4 } else { FEW };

/// Maximum number of buckets, as a power of two: homes have as many bits as slots.
const MOST: u32 = 31;

/// Marks the distance of scattered groups.
const SCATTERED: u8 = u8::MAX;

/// Largest group that may still move, in keys.
const LARGEST: usize = 16;

/// A slot's record, besides its entry.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    /// Bucket of the slot's entry; none if the slot is free.
    bucket: u32,
    /// The next slot of the same group, 0 for none.
    next: u32,
}

impl Slot {
    /// A slot without an entry.
    pub(super) const FREE: Self = Self {
        bucket: u32::MAX,
        next: 0,
    };

    /// Bucket of the slot's entry.
    #[inline]
    pub(super) fn bucket(self) -> Option<usize> {
        (self.bucket != u32::MAX).then_some(self.bucket as usize)
    }
}

/// The buckets.
#[derive(Clone)]
pub(super) struct Buckets<K, V> {
    seed: Seed,
    /// Distance of each group.
    distances: Circle<u8>,
    entries: Runway<(K, V)>,
    /// First slot of each group, 0 for none.
    heads: Circle<u32>,
    taken: Bits,
    /// The key in bucket 0 while the default key has no entry.
    other: K,
}

impl<K, V> Buckets<K, V> {
    /// The entry at a bucket.
    pub(super) fn entry(&self, bucket: usize) -> &(K, V) {
        &self.entries[bucket]
    }
}

impl<K: Key, V: Copy + Default> Buckets<K, V> {
    /// Empty buckets of the minimum size.
    pub(super) fn new() -> Self {
        Self::seeded(0)
    }

    /// Empty buckets of the minimum size, with the seed of this number.
    pub(super) fn seeded(number: u64) -> Self {
        let (seed, other) = Seed::new(number, Runway::<(K, V)>::SHIFT);
        Self::on(seed, other, Building::new(LEAST))
    }

    fn on(seed: Seed, other: K, entries: Building<(K, V)>) -> Self {
        let mut entries = entries.finish();
        let groups = entries.numbers().ilog2() - PLACES_PER_GROUP;
        // The last bucket is that of the last home of scattered groups.
        let mut taken = Bits::below(entries.bucket(usize::MAX, SCATTERED));
        taken.insert(0);
        entries[0].0 = other;
        Self {
            seed,
            distances: Circle::of(groups),
            entries,
            heads: Circle::of(groups),
            taken,
            other,
        }
    }

    /// Number of entries above which there should be more buckets: at that load some three keys in a thousand are
    /// scattered. At three quarters it would be one in fifty.
    pub(super) fn limit(&self) -> usize {
        let numbers = self.entries.numbers();
        if numbers == 1 << MOST {
            return usize::MAX;
        }
        numbers / 8 * 5
    }

    /// Entries for twice as many buckets, not yet written.
    pub(super) fn larger(&self) -> Building<(K, V)> {
        Building::new(self.entries.numbers().ilog2() + 1)
    }

    /// Empty buckets made of those begun by [`larger`](Self::larger).
    pub(super) fn grown(&self, entries: Building<(K, V)>) -> Self {
        Self::on(self.seed, self.other, entries)
    }

    /// Bytes of memory that updates touch.
    #[inline]
    pub(super) fn bytes(&self) -> usize {
        self.entries.numbers() * size_of::<(K, V)>() + (self.entries.numbers() >> PLACES_PER_GROUP)
    }

    /// Home and distance of `key`, which give its bucket unless its group is scattered.
    #[inline(always)]
    pub(super) fn likely(&self, key: &K) -> (usize, u8) {
        let hash = key.hash(&self.seed);
        (hash.home(), *self.distances.get(hash.group()))
    }

    /// The entry at such a home and distance, for comparison.
    #[inline(always)]
    pub(super) fn at(&self, (home, distance): (usize, u8)) -> &(K, V) {
        self.entries.get(home, distance)
    }

    /// The entry at such a home and distance, mutably.
    #[inline(always)]
    pub(super) fn at_mut(&mut self, (home, distance): (usize, u8)) -> &mut (K, V) {
        self.entries.get_mut(home, distance)
    }

    /// The entry at a bucket, mutably.
    pub(super) fn entry_mut(&mut self, bucket: usize) -> &mut (K, V) {
        &mut self.entries[bucket]
    }

    /// The bucket of `key`.
    pub(super) fn find(&self, slots: &[Slot], key: &K) -> Option<usize> {
        let hash = key.hash(&self.seed);
        let (home, group) = (hash.home(), self.heads.wrap(hash.group()));
        let distance = *self.distances.get(group);
        let bucket = self.entries.bucket(home, distance);
        if self.entries[bucket].0.same(key) {
            return Some(bucket);
        }
        if group != 0 && distance != SCATTERED {
            return None;
        }
        self.members(slots, group)
            .map(|(_, bucket)| bucket)
            .find(|&bucket| self.entries[bucket].0.same(key))
    }

    /// Slots and buckets of a group's keys.
    fn members(&self, slots: &[Slot], group: usize) -> impl Iterator<Item = (usize, usize)> {
        let mut at = *self.heads.get(group) as usize;
        std::iter::from_fn(move || {
            let slot = at;
            at = slots[slot].next as usize;
            (slot != 0).then(|| (slot, slots[slot].bucket as usize))
        })
    }

    /// Stores an entry, whose key must have none yet, under the number `slot`, and returns its bucket.
    pub(super) fn insert(&mut self, slots: &mut [Slot], slot: usize, entry: (K, V)) -> usize {
        let hash = entry.0.hash(&self.seed);
        let group = self.heads.wrap(hash.group());
        let bucket = if entry.0 == K::default() {
            0
        } else {
            self.room(slots, group, hash)
        };
        self.taken.insert(bucket);
        self.entries[bucket] = entry;
        let head = self.heads.get_mut(group);
        slots[slot] = Slot {
            bucket: bucket as u32,
            next: *head,
        };
        *head = slot as u32;
        bucket
    }

    /// A free bucket for a key of this group, which may move or be scattered for it.
    fn room(&mut self, slots: &mut [Slot], group: usize, hash: Hash) -> usize {
        let distance = *self.distances.get(group);
        let bucket = self.entries.bucket(hash.home(), distance);
        if distance != SCATTERED && !self.taken.has(bucket) {
            return bucket;
        }
        let home = self.entries.bucket(hash.home(), 0);
        if group != 0 {
            if let Some(distance) = self.shift(slots, group, home) {
                return home + usize::from(distance);
            }
            *self.distances.get_mut(group) = SCATTERED;
        }
        // There are always more buckets than entries.
        self.taken.first_missing(home).unwrap_or(0)
    }

    /// Moves the keys of `group` to the first distance at which they and a new key with this home find room.
    fn shift(&mut self, slots: &mut [Slot], group: usize, home: usize) -> Option<u8> {
        let mut members = [(0, 0, home); LARGEST];
        let mut count = 1;
        for (slot, bucket) in self.members(slots, group) {
            let home = self.entries[bucket].0.hash(&self.seed).home();
            let home = self.entries.bucket(home, 0);
            if count == LARGEST || members[..count].iter().any(|&(_, _, other)| other == home) {
                return None;
            }
            members[count] = (slot, bucket, home);
            count += 1;
        }
        let members = &members[..count];
        let distance = self.common_room(members)?;
        for &(slot, bucket, home) in &members[1..] {
            let entry = self.clear(bucket);
            let bucket = home + usize::from(distance);
            self.taken.insert(bucket);
            self.entries[bucket] = entry;
            slots[slot].bucket = bucket as u32;
        }
        *self.distances.get_mut(group) = distance;
        Some(distance)
    }

    /// The first distance at which none of the buckets behind these homes is taken.
    fn common_room(&self, members: &[(usize, usize, usize)]) -> Option<u8> {
        (0..SCATTERED).step_by(64).find_map(|start| {
            let windows = members
                .iter()
                .map(|&(_, _, home)| self.taken.window(home + usize::from(start)));
            let taken = windows.fold(0, |all, window| all | window);
            let distance = u32::from(start) + taken.trailing_ones();
            let here = taken != u64::MAX && distance < u32::from(SCATTERED);
            here.then_some(distance as u8)
        })
    }

    /// Takes out the entry at `bucket`, whose key is `key`, and returns its slot.
    pub(super) fn remove(&mut self, slots: &mut [Slot], bucket: usize) -> (usize, (K, V)) {
        let entry = self.clear(bucket);
        let group = self.heads.wrap(entry.0.hash(&self.seed).group());
        let mut before = 0;
        let mut slot = *self.heads.get(group) as usize;
        while slots[slot].bucket as usize != bucket {
            before = slot;
            slot = slots[slot].next as usize;
        }
        let next = std::mem::replace(&mut slots[slot], Slot::FREE).next;
        if before != 0 {
            slots[before].next = next;
        } else {
            *self.heads.get_mut(group) = next;
            if next == 0 {
                *self.distances.get_mut(group) = 0;
            }
        }
        (slot, entry)
    }

    /// Empties a bucket.
    fn clear(&mut self, bucket: usize) -> (K, V) {
        let mut unused = (K::default(), V::default());
        if bucket == 0 {
            unused.0 = self.other;
        } else {
            self.taken.remove(bucket);
        }
        std::mem::replace(&mut self.entries[bucket], unused)
    }

    /// Prefetches what [`remove`](Self::remove) will touch besides the entry at this bucket.
    pub(super) fn prefetch_group(&self, bucket: usize) {
        let hash = self.entries[bucket].0.hash(&self.seed);
        prefetch::read(self.heads.get(hash.group()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Buckets, slots and their expected content.
    struct Filled {
        buckets: Buckets<u32, u64>,
        slots: Vec<Slot>,
    }

    impl Filled {
        /// Buckets of which `part` in 16 are taken, by keys from 0 on.
        fn new(doublings: u32, part: usize) -> Self {
            let mut buckets = Buckets::seeded(1);
            for _ in 0..doublings {
                buckets = buckets.grown(buckets.larger());
            }
            let mut slots = vec![Slot::FREE];
            for key in 0..(buckets.entries.numbers() * part / 16) as u32 {
                slots.push(Slot::FREE);
                buckets.insert(&mut slots, key as usize + 1, (key, key.into()));
            }
            Self { buckets, slots }
        }

        /// Checks that every key from `keys` on is found, in its slot, and none before.
        fn check(&self, keys: u32) {
            let Self { buckets, slots } = self;
            for key in 0..slots.len() as u32 - 1 {
                let bucket = buckets.find(slots, &key);
                assert_eq!(bucket, slots[key as usize + 1].bucket());
                assert_eq!(bucket.is_some(), key >= keys, "{key}");
                if let Some(bucket) = bucket {
                    assert_eq!(*buckets.entry(bucket), (key, key.into()));
                    assert!(buckets.taken.has(bucket));
                }
            }
            let mut members: Vec<_> = (0..buckets.heads.wrap(usize::MAX) + 1)
                .flat_map(|group| buckets.members(slots, group))
                .collect();
            members.sort_unstable();
            let all = slots.iter().enumerate();
            let all = all.filter_map(|(slot, at)| Some((slot, at.bucket()?)));
            assert!(members.into_iter().eq(all));
        }
    }

    #[test]
    fn what_is_inserted_is_found_until_it_is_removed() {
        let six = if cfg!(miri) { 3 } else { 6 };
        for (doublings, part) in [(0, 10), (1, 16), (3, 16), (six, 10), (six, 15), (six, 17)] {
            let mut filled = Filled::new(doublings, part);
            filled.check(0);
            for key in 0..filled.slots.len() as u32 - 1 {
                let Filled { buckets, slots } = &mut filled;
                let bucket = buckets.find(slots, &key).unwrap();
                assert_eq!(
                    buckets.remove(slots, bucket),
                    (key as usize + 1, (key, key.into()))
                );
                if key % 61 == 0 {
                    filled.check(key + 1);
                }
            }
            let buckets = &filled.buckets;
            assert!((1..buckets.entries.numbers()).all(|bucket| *buckets.entry(bucket) == (0, 0)));
            assert!((1..buckets.entries.numbers()).all(|bucket| !buckets.taken.has(bucket)));
            let groups = 0..buckets.heads.wrap(usize::MAX) + 1;
            assert!(groups.clone().all(|group| *buckets.heads.get(group) == 0));
            assert!(
                groups
                    .clone()
                    .all(|group| *buckets.distances.get(group) == 0)
            );
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "statistics")]
    fn a_handful_of_keys_is_where_it_is_looked_for() {
        for count in [1, 2, 10] {
            let seeds = 2000;
            let elsewhere = (0..seeds).filter(|&number| {
                let (seed, other) = Seed::new(100 * number, Runway::<([u64; 2], u64)>::SHIFT);
                let mut buckets = Buckets::<[u64; 2], u64>::on(seed, other, Building::new(FEW));
                let mut slots = vec![Slot::FREE];
                let key = |n: u64| [0x0101_a8c0_0100_000a, 6 << 32 | n << 8 | 0x5000_0000];
                for n in 0..count {
                    slots.push(Slot::FREE);
                    buckets.insert(&mut slots, n as usize + 1, (key(n), n));
                }
                (0..count).any(|n| buckets.at(buckets.likely(&key(n))).0 != key(n))
            });
            let elsewhere = elsewhere.count();
            assert!(elsewhere <= 5, "{count} keys: {elsewhere} of {seeds} seeds");
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "statistics")]
    fn few_keys_are_scattered() {
        let Filled { buckets, slots } = Filled::new(10, 10);
        let keys = 0..slots.len() as u32 - 1;
        let elsewhere = keys
            .clone()
            .filter(|key| buckets.at(buckets.likely(key)).0 != *key);
        let elsewhere = elsewhere.count() as f64 / keys.len() as f64;
        assert!(elsewhere < 0.01, "{elsewhere}");
    }
}
