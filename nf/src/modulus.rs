//! Remainders by a divisor that stays the same, without division.
//!
//! D. Lemire, O. Kaser, N. Kurz, "Faster remainder by direct computation", 2019: with c = ⌈2¹²⁸ / d⌉ the fraction of n
//! / d is c · n modulo 2¹²⁸, and the remainder is the whole part of d times that fraction. 128 bits are enough for
//! every n and d below 2⁶⁴.

use std::num::NonZeroU64;

/// A divisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modulus {
    divisor: u64,
    /// 2¹²⁸ divided by the divisor, rounded up; 0 for the divisor 1.
    reciprocal: u128,
}

impl Modulus {
    /// The divisor for indices into a list of this length. For an empty list all indices are 0.
    pub const fn of_len(len: usize) -> Self {
        match NonZeroU64::new(len as u64) {
            Some(len) => Self::new(len),
            None => Self::new(NonZeroU64::MIN),
        }
    }

    /// Computes the reciprocal, with the only division.
    pub const fn new(divisor: NonZeroU64) -> Self {
        let divisor = divisor.get();
        Self {
            divisor,
            reciprocal: (u128::MAX / divisor as u128).wrapping_add(1),
        }
    }

    /// `n` modulo the divisor.
    #[inline]
    pub const fn remainder(self, n: u64) -> u64 {
        let divisor = self.divisor as u128;
        let fraction = self.reciprocal.wrapping_mul(n as u128);
        let low = (fraction as u64 as u128 * divisor) >> 64;
        (((fraction >> 64) * divisor + low) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(n: u64, divisor: u64) {
        let modulus = Modulus::new(NonZeroU64::new(divisor).unwrap());
        assert_eq!(modulus.remainder(n), n % divisor, "{n} modulo {divisor}");
    }

    proptest! {
        #[test]
        fn is_what_division_leaves(n: u64, divisor in 1u64.., bits in 0u32..64) {
            check(n, divisor);
            check(n, (divisor >> bits).max(1));
            check(n >> bits, divisor);
        }
    }

    #[test]
    fn at_the_ends() {
        let ends = |n: u64| [n.wrapping_sub(1), n, n.wrapping_add(1)];
        for divisor in [
            1,
            2,
            3,
            256,
            65_537,
            1 << 32,
            1 << 63,
            u64::MAX - 1,
            u64::MAX,
        ] {
            for multiple in [0, 1, 2, 1000, u64::MAX / divisor] {
                for n in ends(multiple.wrapping_mul(divisor)) {
                    check(n, divisor);
                }
            }
        }
    }
}
