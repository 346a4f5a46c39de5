//! A set of cores: places for workers, by number.

use scr_wire::MAX_CORES;

/// A set of places, numbered from 0 below 128.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CoreSet(u128);

const _: () = assert!(MAX_CORES as u32 <= u128::BITS);

impl CoreSet {
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

    /// Removes `place` and returns whether it was in the set.
    pub fn remove(&mut self, place: u16) -> bool {
        let was = self.has(place);
        self.0 &= !1_u128.checked_shl(place.into()).unwrap_or(0);
        was
    }

    /// The places of both sets.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The places of this set that are not in the other.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Number of places in the set.
    pub fn count(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether the set is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The places, ascending.
    pub fn iter(self) -> impl Iterator<Item = u16> {
        (0..u128::BITS as u16).filter(move |&place| self.has(place))
    }
}

impl FromIterator<u16> for CoreSet {
    fn from_iter<I: IntoIterator<Item = u16>>(places: I) -> Self {
        let mut cores = Self::default();
        places.into_iter().for_each(|place| cores.add(place));
        cores
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_set() {
        let mut cores = CoreSet::first(3);
        cores.add(127);
        cores.add(128);
        assert!(cores.remove(1) && !cores.remove(1) && !cores.has(128));
        assert_eq!(cores.iter().collect::<Vec<_>>(), [0, 2, 127]);
        assert_eq!((cores.count(), CoreSet::first(128).count()), (3, 128));
        let low = CoreSet::first(2);
        assert_eq!(cores.union(low).iter().collect::<Vec<_>>(), [0, 1, 2, 127]);
        assert_eq!(cores.without(low).iter().collect::<Vec<_>>(), [2, 127]);
        assert!(cores.without(cores).is_empty() && !cores.is_empty());
    }
}
