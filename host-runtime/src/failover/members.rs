//! A set of places.

use scr_wire::MAX_CORES;

/// A set of places, numbered from 0 below 128.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Members(u128);

const _: () = assert!(MAX_CORES as u32 <= u128::BITS);

impl Members {
    /// The places 0 to `count` − 1.
    pub fn first(count: usize) -> Self {
        (0..count as u16).collect()
    }

    /// Whether `place` is in the set.
    #[inline]
    pub fn has(self, place: u16) -> bool {
        self.0
            .checked_shr(place.into())
            .is_some_and(|bits| bits & 1 != 0)
    }

    /// Adds `place`.
    pub fn add(&mut self, place: u16) {
        self.0 |= 1_u128.checked_shl(place.into()).unwrap_or(0);
    }

    /// Takes `place` out; whether it was in.
    pub fn remove(&mut self, place: u16) -> bool {
        let was = self.has(place);
        self.0 &= !1_u128.checked_shl(place.into()).unwrap_or(0);
        was
    }

    /// Places in the set.
    pub fn count(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The places, ascending.
    pub fn iter(self) -> impl Iterator<Item = u16> {
        (0..u128::BITS as u16).filter(move |&place| self.has(place))
    }
}

impl FromIterator<u16> for Members {
    fn from_iter<I: IntoIterator<Item = u16>>(places: I) -> Self {
        let mut members = Self::default();
        places.into_iter().for_each(|place| members.add(place));
        members
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_set() {
        let mut members = Members::first(3);
        members.add(127);
        members.add(128);
        assert!(members.remove(1) && !members.remove(1) && !members.has(128));
        assert_eq!(members.iter().collect::<Vec<_>>(), [0, 2, 127]);
        assert_eq!((members.count(), Members::first(128).count()), (3, 128));
    }
}
