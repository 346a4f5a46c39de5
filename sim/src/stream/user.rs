//! tuser as Corundum lays it out: bit 0 the bad-frame flag, bits 96..1 the receive timestamp.
//!
//! The timestamp is the frame's, the flag the beat's: shells set it beside the last.

use scr_wire::Timestamp;

/// The value of tuser, up to 128 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct User(pub u128);

impl User {
    /// Bits of the timestamp and the flag.
    pub const BITS: usize = 97;

    /// The flag and the timestamp: 48-bit seconds, 32-bit nanoseconds, 16-bit fraction of a nanosecond,
    /// seconds most significant. The fraction is 0.
    #[inline]
    pub const fn new(time: Timestamp, bad_frame: bool) -> Self {
        let nanos = (time.nanos as u128) << 16;
        let seconds = (time.seconds as u128) << 48;
        Self((seconds | nanos) << 1 | bad_frame as u128)
    }

    /// The same with the bits that [`Timestamp`] does not have: the fraction of a nanosecond in the lower half of `rest`, the
    /// upper 16 bits of the seconds in the upper half.
    #[inline]
    #[must_use]
    pub const fn with_rest(self, rest: u32) -> Self {
        let (high, low) = ((rest >> 16) as u128, (rest & 0xffff) as u128);
        Self(self.0 | high << 81 | low << 1)
    }

    /// The timestamp; seconds modulo 2³², fractions of a nanosecond cut off.
    #[inline]
    pub const fn time(self) -> Timestamp {
        Timestamp {
            seconds: (self.0 >> 49) as u32,
            nanos: (self.0 >> 17) as u32,
        }
    }

    /// Without the flag: what all beats of a frame have alike.
    #[inline]
    #[must_use]
    pub const fn without_flag(self) -> Self {
        Self(self.0 & !1)
    }

    /// The same with this flag.
    #[inline]
    #[must_use]
    pub const fn with_flag(self, bad_frame: bool) -> Self {
        Self(self.0 & !1 | bad_frame as u128)
    }

    /// The bad-frame flag.
    #[inline]
    pub const fn bad_frame(self) -> bool {
        self.0 & 1 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamp_and_flag_lie_where_corundum_has_them() {
        let time = Timestamp {
            seconds: 0x1234_5678,
            nanos: 999_999_999,
        };
        let user = User::new(time, true);
        assert_eq!(user.0 & 1, 1);
        assert_eq!(user.0 >> 1 & 0xffff, 0, "fraction");
        assert_eq!(user.0 >> 17 & 0xffff_ffff, 999_999_999, "nanoseconds");
        assert_eq!(user.0 >> 49, 0x1234_5678, "seconds");
        assert_eq!((user.time(), user.bad_frame()), (time, true));
        let rest = user.with_rest(0xfedc_8001);
        assert_eq!((rest.0 >> 81, rest.0 >> 1 & 0xffff), (0xfedc, 0x8001));
        assert_eq!((rest.time(), rest.bad_frame()), (time, true));
        assert!(
            User::new(
                Timestamp {
                    seconds: u32::MAX,
                    nanos: u32::MAX
                },
                true
            )
            .0 < 1 << User::BITS
        );
    }
}
