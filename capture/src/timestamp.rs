//! Receive times of packets.

use std::fmt;

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// A time since 1970-01-01 00:00:00 UTC, to the nanosecond.
///
/// `nanos` is below 1,000,000,000. Times before 1970, which pcapng can express, have `seconds` in two's complement
/// (modulo 2⁶⁴), so that the low 32 bits are right for formats that keep only those.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Whole seconds.
    pub seconds: u64,
    /// Nanoseconds within the second, 0..1,000,000,000.
    pub nanos: u32,
}

impl Timestamp {
    /// A time from seconds and nanoseconds; nanoseconds of a second or more are carried into the seconds.
    #[must_use]
    pub const fn new(seconds: u64, nanos: u32) -> Self {
        let carry = nanos as u64 / NANOS_PER_SECOND;
        Self {
            seconds: seconds.wrapping_add(carry),
            nanos: nanos - (carry * NANOS_PER_SECOND) as u32,
        }
    }

    /// A time from nanoseconds since 1970.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self {
            seconds: nanos / NANOS_PER_SECOND,
            nanos: (nanos % NANOS_PER_SECOND) as u32,
        }
    }

    /// Nanoseconds since 1970.
    #[must_use]
    pub const fn as_nanos(self) -> u128 {
        self.seconds as u128 * NANOS_PER_SECOND as u128 + self.nanos as u128
    }

    /// The time `nanos` nanoseconds later.
    #[must_use]
    pub const fn plus_nanos(self, nanos: u64) -> Self {
        let later = Self::from_nanos(nanos);
        Self::new(
            self.seconds.wrapping_add(later.seconds),
            self.nanos + later.nanos,
        )
    }
}

impl fmt::Display for Timestamp {
    /// `seconds.nanoseconds`, nine digits after the point.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}", self.seconds as i64, self.nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nanoseconds_of_a_second_or_more_are_carried() {
        assert_eq!(
            Timestamp::new(10, 1_500_000_000),
            Timestamp {
                seconds: 11,
                nanos: 500_000_000
            }
        );
        assert_eq!(
            Timestamp::new(10, u32::MAX),
            Timestamp {
                seconds: 14,
                nanos: 294_967_295
            }
        );
        assert_eq!(
            Timestamp::new(1, 999_999_999).plus_nanos(2_000_000_001),
            Timestamp {
                seconds: 4,
                nanos: 0
            }
        );
    }

    #[test]
    fn prints_nine_digits_and_negative_seconds() {
        assert_eq!(Timestamp::new(7, 5).to_string(), "7.000000005");
        assert_eq!(Timestamp::new(u64::MAX, 0).to_string(), "-1.000000000");
    }
}
