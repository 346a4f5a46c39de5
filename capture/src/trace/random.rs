//! Random numbers whose values never change between releases or platforms.
//!
//! xoshiro256++ is specified by its authors, and the conversions below are written out, because general libraries may
//! change the values of theirs between versions.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

pub(super) struct Random(Xoshiro256PlusPlus);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    pub(super) fn u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number in 0..`bound`, or 0 if `bound` is 0. The bias of at most `bound`/2³² does not matter here.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        (((self.u64() >> 32) * u64::from(bound)) >> 32) as u32
    }

    /// A number in `low..=high`.
    pub(super) fn within(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// A number from 0.0 up to but excluding 1.0, in steps of 2⁻⁵³.
    pub(super) fn unit(&mut self) -> f64 {
        (self.u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    pub(super) fn chance(&mut self, share: f64) -> bool {
        share > 0.0 && self.unit() < share
    }

    /// An exponentially distributed number with this mean.
    pub(super) fn exponential(&mut self, mean: f64) -> f64 {
        -libm::log(1.0 - self.unit()) * mean
    }
}

/// A number whose every bit depends on both arguments (the finaliser of SplitMix64).
pub(super) fn mix(seed: u64, value: u64) -> u64 {
    let mut z =
        (seed ^ value.wrapping_mul(0x9E37_79B9_7F4A_7C15)).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
