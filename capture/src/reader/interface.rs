//! A pcapng interface: how to read the packets captured on it.

use crate::{LinkType, Timestamp};

/// The part of an Interface Description Block that packets depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interface {
    pub(super) link_type: LinkType,
    /// Snap length; 0 means no limit.
    pub(super) snaplen: u32,
    pub(super) clock: Clock,
}

/// An interface's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    unit: Unit,
    /// Seconds to add, possibly negative.
    pub(super) offset: i64,
}

/// The unit of raw timestamps. The two common units have variants of their own, so that the compiler divides by
/// constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Micros,
    Nanos,
    /// 10⁻ⁿ seconds.
    Decimal(u8),
    /// 2⁻ⁿ seconds.
    Binary(u8),
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            unit: Unit::Micros,
            offset: 0,
        }
    }
}

impl Clock {
    /// Sets the unit from the byte of option `if_tsresol`: a power of ten, or of two if the top bit is set. Every value
    /// is valid.
    pub(super) fn set_resolution(&mut self, if_tsresol: u8) {
        self.unit = match (if_tsresol & 0x80 != 0, if_tsresol & 0x7F) {
            (false, 6) => Unit::Micros,
            (false, 9) => Unit::Nanos,
            (false, power) => Unit::Decimal(power),
            (true, power) => Unit::Binary(power),
        };
    }

    /// The time of a raw timestamp, with fractions below 1 ns truncated.
    #[inline]
    pub(super) fn decode(&self, raw: u64) -> Timestamp {
        let (seconds, nanos) = match self.unit {
            Unit::Micros => (raw / 1_000_000, (raw % 1_000_000) as u32 * 1000),
            Unit::Nanos => (raw / 1_000_000_000, (raw % 1_000_000_000) as u32),
            Unit::Decimal(power) => decimal(raw, power),
            Unit::Binary(power) => binary(raw, power),
        };
        Timestamp {
            seconds: seconds.wrapping_add_signed(self.offset),
            nanos,
        }
    }
}

fn decimal(raw: u64, power: u8) -> (u64, u32) {
    // At 10⁻²⁹ and finer, even the largest raw value is below 1 ns.
    if power >= 29 {
        return (0, 0);
    }
    let per_second = 10_u128.pow(power.into());
    let (seconds, rest) = (u128::from(raw) / per_second, u128::from(raw) % per_second);
    (seconds as u64, (rest * 1_000_000_000 / per_second) as u32)
}

fn binary(raw: u64, power: u8) -> (u64, u32) {
    let raw = u128::from(raw);
    let seconds = raw >> power;
    let rest = raw - (seconds << power);
    (seconds as u64, ((rest * 1_000_000_000) >> power) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(if_tsresol: u8, offset: i64, raw: u64) -> (i64, u32) {
        let mut clock = Clock {
            offset,
            ..Clock::default()
        };
        clock.set_resolution(if_tsresol);
        let timestamp = clock.decode(raw);
        (timestamp.seconds as i64, timestamp.nanos)
    }

    #[test]
    fn decimal_resolutions_become_nanoseconds() {
        assert_eq!(decode(0, 0, 7), (7, 0));
        assert_eq!(decode(3, 0, 1_234), (1, 234_000_000));
        assert_eq!(decode(6, 0, 1_234_567), (1, 234_567_000));
        assert_eq!(decode(9, 0, 1_234_567_891), (1, 234_567_891));
        assert_eq!(decode(12, 0, 1_234_567_891_999), (1, 234_567_891));
        assert_eq!(decode(28, 0, u64::MAX), (0, 1));
        assert_eq!(decode(127, 0, u64::MAX), (0, 0));
    }

    #[test]
    fn binary_resolutions_become_nanoseconds() {
        assert_eq!(decode(0x80, 0, 7), (7, 0));
        assert_eq!(decode(0x80 | 10, 0, 1536), (1, 500_000_000));
        assert_eq!(
            decode(0x80 | 40, 0, (1 << 41) | 7_777_777_777),
            (2, 7_073_847)
        );
        assert_eq!(decode(0x80 | 64, 0, 1 << 63), (0, 500_000_000));
        assert_eq!(decode(0x80 | 127, 0, u64::MAX), (0, 0));
    }

    #[test]
    fn offsets_may_be_negative_and_lead_before_1970() {
        assert_eq!(decode(6, 100, 1_500_000), (101, 500_000_000));
        assert_eq!(decode(6, -1, 1_500_000), (0, 500_000_000));
        assert_eq!(decode(6, -100, 1_500_000), (-99, 500_000_000));
        assert_eq!(decode(0, i64::MIN, u64::MAX).1, 0);
    }
}
