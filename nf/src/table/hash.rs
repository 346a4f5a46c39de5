//! Hashing of small fixed-size keys.
//!
//! Two words, each with a secret word added, are multiplied to 128 bits and both halves folded together; the result is
//! multiplied once more, and the middle of the product used. The secret, one of 2⁶¹, is drawn once per process, so that
//! nobody can choose keys that all collide. It affects only how entries are found, not what is evicted or how two
//! tables compare.

use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;
use std::sync::OnceLock;

/// Words that a table adds to keys before multiplying; their product has two equal halves, so that the all-zero key has
/// hash 0.
#[derive(Clone, Copy, Debug)]
pub struct Seed {
    words: [u64; 2],
}

impl Seed {
    /// Their product is 2⁶⁴ + 1. That of x times one and y times the other is x · y times as much: both halves are x ·
    /// y.
    const FACTORS: [u64; 2] = [274_177, 67_280_421_310_721];

    /// A seed, and a key whose home is odd in units of 2 to the `shift`: the first seed from `number` on that has such
    /// a key.
    pub(super) fn new<K: Key>(mut number: u64, shift: u32) -> (Self, K) {
        static SECRET: OnceLock<RandomState> = OnceLock::new();
        let secret = SECRET.get_or_init(RandomState::new);
        loop {
            let seed = Self::of(secret.hash_one((number, 0)), secret.hash_one((number, 1)));
            let odd = (1..=64)
                .filter_map(NonZeroU32::new)
                .map(K::numbered)
                .find(|key| key.hash(&seed).home() >> shift & 1 == 1);
            if let Some(odd) = odd {
                return (seed, odd);
            }
            number += 1;
        }
    }

    /// The seed made of these two numbers. x and y lie in the upper half of the range that keeps x · y and both words
    /// below 2⁶⁴.
    const fn of(x: u64, y: u64) -> Self {
        let [first, second] = Self::FACTORS;
        // The second word multiplies short keys; it is odd, so the product loses nothing.
        let x = (1 << 45) + x % (second - (1 << 45));
        let y = (1 << 17) + ((y % (1 << 17)) | 1);
        Self {
            words: [first * x, second * y],
        }
    }

    /// A single product follows keys that are much alike too closely: for a port that counts up, half of all seeds gave
    /// some homes several times as many keys as others.
    #[inline(always)]
    const fn spread(folded: u64) -> Hash {
        Hash {
            product: product(folded, SPREAD),
        }
    }
}

/// The hash of a key: a product, whose middle is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hash {
    product: u128,
}

impl Hash {
    /// A number of which any count of low bits, up to 40, is usable.
    #[inline(always)]
    pub(super) const fn home(self) -> usize {
        (self.product >> 64) as usize
    }

    /// A second number, independent of the first, of which up to 32 low bits are usable.
    #[inline(always)]
    pub(super) const fn group(self) -> usize {
        (self.product as u64 >> 32) as usize
    }
}

/// A key of a [`Table`](super::Table): small, and cheap to compare and hash.
pub trait Key: Copy + Eq + Default + Send + 'static {
    /// A well-mixed hash, which must not be the same for all keys.
    fn hash(&self, seed: &Seed) -> Hash;

    /// A distinct key for each number, never the default one.
    fn numbered(n: NonZeroU32) -> Self;

    /// Whether two keys are equal, in few instructions, inline.
    fn same(&self, other: &Self) -> bool;
}

impl Key for u32 {
    #[inline(always)]
    fn hash(&self, seed: &Seed) -> Hash {
        let [a, b] = seed.words;
        Seed::spread(fold(u64::from(*self) ^ a, b))
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
        Seed::spread(fold(self[0] ^ a, self[1] ^ b))
    }

    fn numbered(n: NonZeroU32) -> Self {
        [n.get().into(), 0]
    }

    /// Word by word: compared as a whole, the key would be written to memory first and read back before the store
    /// completes.
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
        Seed::spread(fold(first ^ self[4], second ^ b))
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

/// Digits of π, odd: as good as any multiplier without a pattern.
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

    /// Keys as in real traffic, much alike, must spread over homes and groups like random ones.
    fn spreads<K: Key>(what: &str, keys: impl Iterator<Item = K>) {
        const HOMES: usize = 1 << 10;
        let seed = Seed::new::<K>(0, 0).0;
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
        // Chi-squared per degree of freedom: 1 for random keys.
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
    #[cfg_attr(miri, ignore = "statistics")]
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
    fn seeds_are_words_whose_product_has_equal_halves() {
        let [first, second] = Seed::FACTORS;
        assert_eq!(product(first, second), (1 << 64) + 1);
        for x in [0, 1, 12_345, 1 << 45, u64::MAX >> 1, u64::MAX] {
            for y in [0, 1, 12_345, 1 << 17, u64::MAX >> 1, u64::MAX] {
                let [a, b] = Seed::of(x, y).words;
                assert!(a >= 1 << 63 && b >= 1 << 62 && b % 2 == 1, "{a:x} {b:x}");
                assert_eq!(fold(a, b), 0, "{a:x} {b:x}");
            }
        }
    }

    #[test]
    fn the_default_key_has_hash_0_and_another_one_an_odd_hash() {
        fn check<K: Key>() {
            for number in 0..20 {
                for shift in 0..7 {
                    let (seed, odd) = Seed::new::<K>(number, shift);
                    assert_eq!(K::default().hash(&seed).product, 0);
                    assert_eq!(odd.hash(&seed).home() >> shift & 1, 1);
                    assert!(odd != K::default());
                }
            }
        }
        check::<u32>();
        check::<[u64; 2]>();
        check::<[u64; 5]>();
    }
}
