//! 40-bit sequence numbers.

use core::fmt;

/// A sequence number: 40 bits, counting sequenced packets from 0 within an epoch and wrapping.
///
/// Two numbers are compared by serial arithmetic (RFC 1982 with SERIAL_BITS = 40), which is only meaningful if they are
/// less than 2³⁹ apart; the type is therefore not `Ord`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Seq(u64);

impl Seq {
    /// Width of a sequence number in bits.
    pub const BITS: u32 = 40;
    /// The first number of an epoch.
    pub const ZERO: Self = Self(0);

    const MASK: u64 = (1 << Self::BITS) - 1;

    /// The number congruent to `n` modulo 2⁴⁰.
    pub const fn new(n: u64) -> Self {
        Self(n & Self::MASK)
    }

    /// The number as an integer, 0..2⁴⁰.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number `n` places later.
    #[must_use]
    pub const fn plus(self, n: u64) -> Self {
        Self::new(self.0.wrapping_add(n))
    }

    /// The number `n` places earlier.
    #[must_use]
    pub const fn minus(self, n: u64) -> Self {
        Self::new(self.0.wrapping_sub(n))
    }

    /// How many places `self` lies after `earlier`, 0..2⁴⁰ (modulo 2⁴⁰).
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.wrapping_sub(earlier.0) & Self::MASK
    }

    /// Whether `self` comes after `other` in serial arithmetic (RFC 1982, section 3.2). False for
    /// equal numbers and for numbers exactly 2³⁹ apart, whose order is undefined.
    pub const fn is_after(self, other: Self) -> bool {
        let d = self.since(other);
        d != 0 && d < (1 << (Self::BITS - 1))
    }

    /// The five bytes of header bytes 7..12, big-endian.
    pub const fn to_be_bytes(self) -> [u8; 5] {
        let b = self.0.to_be_bytes();
        [b[3], b[4], b[5], b[6], b[7]]
    }

    /// The number in the five bytes, big-endian.
    pub const fn from_be_bytes(b: [u8; 5]) -> Self {
        Self(u64::from_be_bytes([0, 0, 0, b[0], b[1], b[2], b[3], b[4]]))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wraps_at_forty_bits() {
        let last = Seq::new((1 << 40) - 1);
        assert_eq!(last.plus(1), Seq::ZERO);
        assert_eq!(Seq::ZERO.minus(1), last);
        assert!(Seq::ZERO.is_after(last));
        assert!(!last.is_after(Seq::ZERO));
        assert_eq!(Seq::ZERO.since(last), 1);
    }

    proptest! {
        #[test]
        fn bytes_round_trip(n: u64) {
            let s = Seq::new(n);
            prop_assert_eq!(Seq::from_be_bytes(s.to_be_bytes()), s);
        }

        #[test]
        fn later_is_after(n: u64, d in 1u64..(1 << 39)) {
            let s = Seq::new(n);
            prop_assert!(s.plus(d).is_after(s));
            prop_assert!(!s.is_after(s.plus(d)));
            prop_assert_eq!(s.plus(d).since(s), d);
            prop_assert_eq!(s.plus(d).minus(d), s);
        }
    }
}
