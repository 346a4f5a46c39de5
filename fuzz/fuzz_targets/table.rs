//! The flow table under arbitrary calls, against its documented rules on plain collections.
#![no_main]

use scr_nf::table::{Key, Table};
use libfuzzer_sys::fuzz_target;
use scr_fuzz::Input;

/// Slots by the rules of eviction: the slot freed last, else the next unused one, else the hand's.
struct Model<K> {
    slots: Vec<Option<(K, u64)>>,
    free: Vec<usize>,
    capacity: usize,
    hand: usize,
    evictions: u64,
}

impl<K: Key> Model<K> {
    fn position(&self, key: &K) -> Option<usize> {
        self.slots
            .iter()
            .position(|slot| slot.is_some_and(|slot| slot.0 == *key))
    }

    fn get(&self, key: &K) -> Option<u64> {
        self.slots[self.position(key)?].map(|slot| slot.1)
    }

    /// Sets the value of `key`; returns whether it was created.
    fn set(&mut self, key: K, value: u64) -> bool {
        let old = self.position(&key);
        let at = match old.or_else(|| self.free.pop()) {
            Some(at) => at,
            None if self.slots.len() < self.capacity => {
                self.slots.push(None);
                self.slots.len() - 1
            }
            None => {
                self.evictions += 1;
                self.hand = (self.hand + 1) % self.capacity;
                (self.hand + self.capacity - 1) % self.capacity
            }
        };
        self.slots[at] = Some((key, value));
        old.is_none()
    }

    fn remove(&mut self, key: &K) -> Option<u64> {
        let at = self.position(key)?;
        self.free.push(at);
        self.slots[at].take().map(|slot| slot.1)
    }
}

fn run<K: Key + Ord + std::fmt::Debug>(mut input: Input, capacity: usize, key: impl Fn(u16) -> K) {
    let mut table = Table::<K, u64>::new(capacity);
    let mut copy = table.clone();
    let mut model = Model {
        slots: Vec::new(),
        free: Vec::new(),
        capacity,
        hand: 0,
        evictions: 0,
    };
    let mut value = 0;
    while let (Some(step), Some(n)) = (input.byte(), input.byte()) {
        let number = u16::from(step >> 4) << 8 | u16::from(n);
        let one = key(number);
        match step & 15 {
            0..=2 => assert_eq!(table.remove(&one), model.remove(&one)),
            3 => table.prefetch(&one),
            4 => {
                let there = table.get_mut(&one).map(|value| *value += 1).is_some();
                assert_eq!(there, model.position(&one).is_some());
                if let Some(value) = model.get(&one) {
                    model.set(one, value + 1);
                }
            }
            // What was copied earlier may go its own way.
            5 => *copy.get_or_insert(&one).0 += 1,
            6 => copy = table.clone(),
            // A series of new ones.
            8 => {
                for n in number..number.saturating_add(50) {
                    value += 1;
                    let (place, created) = table.get_or_insert(&key(n));
                    assert_eq!(
                        *place,
                        if created {
                            0
                        } else {
                            model.get(&key(n)).unwrap()
                        }
                    );
                    *place = value;
                    assert_eq!(created, model.set(key(n), value));
                }
            }
            _ => {
                value += 1;
                let (place, created) = table.get_or_insert(&one);
                *place = value;
                assert_eq!(created, model.set(one, value));
            }
        }
        assert_eq!(table.get(&one).copied(), model.get(&one));
    }
    let mut ours: Vec<(K, u64)> = table.iter().map(|(&key, &value)| (key, value)).collect();
    let mut theirs: Vec<(K, u64)> = model.slots.iter().flatten().copied().collect();
    ours.sort_unstable();
    theirs.sort_unstable();
    assert_eq!(ours, theirs);
    assert_eq!(table.len(), theirs.len());
    assert_eq!(table.is_empty(), theirs.is_empty());
    assert_eq!(
        (table.capacity(), table.evictions()),
        (capacity, model.evictions)
    );
    assert!(table.clone() == table);
}

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let (Some(width), Some(capacity)) = (input.byte(), input.byte()) else {
        return;
    };
    let capacity = usize::from(capacity) + 1;
    match width % 3 {
        0 => run(input, capacity, u32::from),
        1 => run(input, capacity, |n| {
            [u64::from(n >> 4), u64::from(n & 15) << 48]
        }),
        _ => run(input, capacity, |n| {
            [0, u64::from(n & 7), 0, u64::from(n >> 3), 6]
        }),
    }
});
