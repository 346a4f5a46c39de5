//! Hashing of small fixed-size keys.
//!
//! Two words, each with a secret word added, are multiplied to 128 bits and both halves folded together; that is multiplied
//! and folded once more. The secret is drawn once per process, so that nobody can choose keys that all collide. It decides
//! how entries are found, and nothing else: not what is evicted, not what two tables are compared by.

use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;
use std::sync::OnceLock;

/// What a table adds to keys before it multiplies them.
#[derive(Clone, Copy, Debug)]
pub struct Seed {
    words: [u64; 2],
    /// What is taken from every key's folded words, so that the hash of `K::default()` is 0.
    zero: u64,
}

impl Seed {
    /// A seed under which `K::default()` has hash 0, and a key whose home is odd: the first such seed from `number` on.
    pub(super) fn new<K: Key>(mut number: u64) -> (Self, K) {
        static SECRET: OnceLock<RandomState> = OnceLock::new();
        let secret = SECRET.get_or_init(RandomState::new);
        loop {
            let mut seed = Self {
                // The second word multiplies short keys: odd, so that it loses nothing.
                words: [
                    secret.hash_one((number, 0)),
                    secret.hash_one((number, 1)) | 1,
                ],
                zero: 0,
            };
            seed.zero = K::default().hash(&seed).folded;
            let odd = (1..=64)
                .filter_map(NonZeroU32::new)
                .map(K::numbered)
                .find(|key| key.hash(&seed).home() & 1 == 1);
            if let Some(odd) = odd {
                return (seed, odd);
            }
            number += 1;
        }
    }

    /// One product alone follows keys that are much alike too closely: for a port that counts up, half of all seeds gave
    /// some homes several times as many keys as others.
    #[inline(always)]
    const fn spread(&self, folded: u64) -> Hash {
        let folded = folded ^ self.zero;
        Hash {
            folded,
            product: product(folded, SPREAD),
        }
    }
}

/// The hash of a key: a product, of which the middle is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hash {
    folded: u64,
    product: u128,
}

impl Hash {
    /// A number, of which as many low bits are good as are wanted, up to 32.
    #[inline(always)]
    pub(super) const fn home(self) -> usize {
        (self.product >> 64) as u32 as usize
    }

    /// Another one, independent of it.
    #[inline(always)]
    pub(super) const fn group(self) -> usize {
        (self.product as u64 >> 32) as usize
    }
}

/// A key of a [`Table`](super::Table): small, and cheap to compare and hash.
pub trait Key: Copy + Eq + Default + Send + 'static {
    /// A well mixed hash. It must not be the same for all keys.
    fn hash(&self, seed: &Seed) -> Hash;

    /// A key for each number, none of them the default one.
    fn numbered(n: NonZeroU32) -> Self;

    /// Whether two keys are equal, as few instructions inline.
    fn same(&self, other: &Self) -> bool;
}

impl Key for u32 {
    #[inline(always)]
    fn hash(&self, seed: &Seed) -> Hash {
        let [a, b] = seed.words;
        seed.spread(fold(u64::from(*self) ^ a, b))
    }

    fn numbered(n: NonZeroU32) -> Self {
        n.get()
    }

    #[inline(always)]
    fn same(&self, other: &Self) -> bool {
        self == other
    }
}

impl Key for [u64; 2] {
    #[inline(always)]
    fn hash(&self, seed: &Seed) -> Hash {
        let [a, b] = seed.words;
        seed.spread(fold(self[0] ^ a, self[1] ^ b))
    }

    fn numbered(n: NonZeroU32) -> Self {
        [n.get().into(), 0]
    }

    /// Word by word: compared as a whole, the key would be written to memory first and read back before it is there.
    #[inline(always)]
    fn same(&self, other: &Self) -> bool {
        (self[0] ^ other[0]) | (self[1] ^ other[1]) == 0
    }
}

impl Key for [u64; 5] {
    #[inline(always)]
    fn hash(&self, seed: &Seed) -> Hash {
        let [a, b] = seed.words;
        let first = fold(self[0] ^ a, self[1] ^ b);
        let second = fold(self[2] ^ b, self[3] ^ a);
        seed.spread(fold(first ^ self[4], second ^ b))
    }

    fn numbered(n: NonZeroU32) -> Self {
        [n.get().into(), 0, 0, 0, 0]
    }

    #[inline(always)]
    fn same(&self, other: &Self) -> bool {
        let differing = self.iter().zip(other).map(|(a, b)| a ^ b);
        differing.fold(0, |all, bits| all | bits) == 0
    }
}

/// Digits of π, odd, as good as any multiplier without pattern.
const SPREAD: u64 = 0x243f_6a88_85a3_08d3;

#[inline(always)]
const fn product(a: u64, b: u64) -> u128 {
    a as u128 * b as u128
}

/// Low and high half of the product, exclusive-ored.
#[inline(always)]
const fn fold(a: u64, b: u64) -> u64 {
    let product = product(a, b);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys as traffic has them, much alike, must spread like random ones over homes and groups.
    fn spreads<K: Key>(what: &str, keys: impl Iterator<Item = K>) {
        const HOMES: usize = 1 << 10;
        let seed = Seed::new::<K>(0).0;
        let mut homes = vec![0u32; HOMES];
        let mut groups = [0u32; 256];
        let mut both = std::collections::HashSet::new();
        let mut count = 0.0;
        for key in keys {
            let hash = key.hash(&seed);
            let (home, group) = (hash.home() % HOMES, hash.group() % 256);
            homes[home] += 1;
            groups[group] += 1;
            both.insert((home, group));
            count += 1.0;
        }
        // Chi-squared, per degree of freedom: 1 for random ones.
        let spread = |counts: &[u32]| {
            let due = count / counts.len() as f64;
            let squares: f64 = counts.iter().map(|&n| (f64::from(n) - due).powi(2)).sum();
            squares / due / counts.len() as f64
        };
        for counts in [&homes[..], &groups] {
            assert!(spread(counts) < 4.0, "{what}: {}", spread(counts));
        }
        let pairs = (HOMES * 256) as f64;
        let due = pairs * (1.0 - (-count / pairs).exp());
        assert!(both.len() as f64 > 0.9 * due, "{what}: {}", both.len());
    }

    #[test]
    fn like_keys_spread() {
        let tuple = |src: u64, dst: u64, sport: u64, dport: u64| {
            [src << 32 | dst, sport << 48 | dport << 32 | 6]
        };
        let all = 0..10_000u64;
        spreads("addresses", all.clone().map(|n| 0x0a00_0000 | n as u32));
        spreads("networks", all.clone().map(|n| (n << 16) as u32));
        spreads("sources", all.clone().map(|n| tuple(n, 1, 2, 80)));
        spreads("destinations", all.clone().map(|n| tuple(1, n << 8, 2, 80)));
        spreads("source ports", all.clone().map(|n| tuple(1, 2, n, 80)));
        spreads("ports", all.clone().map(|n| tuple(1, 2, 80, n)));
        spreads("both", all.clone().map(|n| tuple(n & 0xff, 7, n >> 8, 80)));
        let wide = |n: u64| [0x2001 << 48, n, 0x2001 << 48, 1, 2 << 48 | 80 << 32 | 6];
        spreads("wide", all.clone().map(wide));
        spreads("wide destinations", all.clone().map(|n| [1, 2, 3, n, 6]));
        spreads("wide ports", all.map(|n| [1, 2, 3, 4, n << 48 | 6]));
    }

    #[test]
    fn the_default_key_has_hash_0_and_another_one_an_odd_hash() {
        fn check<K: Key>() {
            for number in 0..20 {
                let (seed, odd) = Seed::new::<K>(number);
                assert_eq!(K::default().hash(&seed).product, 0);
                assert_eq!(odd.hash(&seed).home() & 1, 1);
                assert!(odd != K::default());
            }
        }
        check::<u32>();
        check::<[u64; 2]>();
        check::<[u64; 5]>();
    }
}
