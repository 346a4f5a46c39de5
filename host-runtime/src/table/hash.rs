//! Hashing of small fixed-size keys.
//!
//! A 64 × 64 → 128-bit multiplication per two words, both halves of the product folded together. The constants are
//! fixed, so that every replica, on every machine, lays out the same table.

/// Fractional digits of π, as good as any odd numbers without pattern.
const SALT: [u64; 6] = [
    0x243f_6a88_85a3_08d3,
    0x1319_8a2e_0370_7345,
    0xa409_3822_299f_31d1,
    0x082e_fa98_ec4e_6c89,
    0x4528_21e6_38d0_1377,
    0xbe54_66cf_34e9_0c6d,
];

/// A key of a [`Table`](super::Table): small, and cheap to compare and hash.
pub trait Key: Copy + Eq + Default + Send + 'static {
    /// A well mixed hash, the same in every process.
    fn hash(&self) -> u64;

    /// Whether two keys are equal, as few instructions inline.
    fn same(&self, other: &Self) -> bool;
}

impl Key for u32 {
    #[inline(always)]
    fn hash(&self) -> u64 {
        fold(u64::from(*self) ^ SALT[0], SALT[1])
    }

    #[inline(always)]
    fn same(&self, other: &Self) -> bool {
        self == other
    }
}

impl Key for [u64; 2] {
    #[inline(always)]
    fn hash(&self) -> u64 {
        fold(
            fold(self[0] ^ SALT[0], self[1] ^ SALT[1]) ^ SALT[2],
            SALT[3],
        )
    }

    #[inline(always)]
    fn same(&self, other: &Self) -> bool {
        (self[0] ^ other[0]) | (self[1] ^ other[1]) == 0
    }
}

impl Key for [u64; 5] {
    #[inline(always)]
    fn hash(&self) -> u64 {
        let a = fold(self[0] ^ SALT[0], self[1] ^ SALT[1]);
        let b = fold(self[2] ^ SALT[2], self[3] ^ SALT[3]);
        fold(a ^ self[4] ^ SALT[4], b ^ SALT[5])
    }

    #[inline(always)]
    fn same(&self, other: &Self) -> bool {
        let differing = self.iter().zip(other).map(|(a, b)| a ^ b);
        differing.fold(0, |all, bits| all | bits) == 0
    }
}

/// Low and high half of the product, exclusive-ored.
#[inline(always)]
const fn fold(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    product as u64 ^ (product >> 64) as u64
}
