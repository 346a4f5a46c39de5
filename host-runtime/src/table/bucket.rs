//! One cache line of a table's index: twelve tags, twelve entry numbers and a count of entries that found no room.

/// Places in a bucket.
pub(super) const PLACES: usize = 12;

/// The low bit of every tag.
const LOW: u128 = u128::from_le_bytes([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
/// The high bit of every tag.
const HIGH: u128 = LOW << 7;

/// A cache line. Bytes 0..12 of `tags` hold one tag per place, 0 for an empty place; bytes 12..16 count the entries
/// whose home is at or before this bucket and whose place is behind it, so a search knows where it may stop.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
#[repr(C, align(64))]
pub(super) struct Bucket {
    tags: [u8; 16],
    entries: [u32; PLACES],
}

impl Bucket {
    /// The tag of a hash: its top seven bits, never 0.
    #[inline(always)]
    pub(super) const fn tag(hash: u64) -> u8 {
        (hash >> 57) as u8 | 0x80
    }

    /// Places whose tag is `tag`, and rarely another one behind such a place: the key decides.
    #[inline(always)]
    pub(super) fn candidates(&self, tag: u8) -> Places {
        Places::zeros_of(u128::from_le_bytes(self.tags) ^ (LOW * tag as u128))
    }

    /// An empty place.
    #[inline(always)]
    pub(super) fn vacancy(&self) -> Option<usize> {
        Places::of(!u128::from_le_bytes(self.tags) & HIGH).next()
    }

    /// The entry number at `place`.
    #[inline(always)]
    pub(super) fn entry(&self, place: usize) -> u32 {
        self.entries[place]
    }

    pub(super) fn put(&mut self, place: usize, tag: u8, entry: u32) {
        self.tags[place] = tag;
        self.entries[place] = entry;
    }

    pub(super) fn clear(&mut self, place: usize) {
        self.tags[place] = 0;
        self.entries[place] = 0;
    }

    /// Entries that passed by this bucket on the way to their place.
    #[inline(always)]
    pub(super) fn overflow(&self) -> u32 {
        let [.., a, b, c, d] = self.tags;
        u32::from_le_bytes([a, b, c, d])
    }

    pub(super) fn set_overflow(&mut self, count: u32) {
        self.tags[PLACES..].copy_from_slice(&count.to_le_bytes());
    }

    /// The entry numbers in the bucket.
    pub(super) fn occupied(&self) -> impl Iterator<Item = u32> + '_ {
        (0..PLACES)
            .filter(|&place| self.tags[place] != 0)
            .map(|place| self.entries[place])
    }
}

/// A set of places, a bit each.
#[derive(Clone, Copy)]
pub(super) struct Places(u32);

impl Places {
    /// The zero bytes of `x`, and perhaps some behind one of them.
    #[inline(always)]
    fn zeros_of(x: u128) -> Self {
        Self::of(x.wrapping_sub(LOW) & !x & HIGH)
    }

    /// Gathers the top bits of bytes. Without a branch: which half the first one lies in cannot be predicted.
    #[inline(always)]
    fn of(tops: u128) -> Self {
        const GATHER: u64 = 0x0002_0408_1020_4081;
        let low = (tops as u64 >> 7).wrapping_mul(GATHER) >> 49 & 0xff;
        let high = ((tops >> 64) as u64 >> 7).wrapping_mul(GATHER) >> 49 & 0xff;
        Self((low | high << 8) as u32)
    }
}

impl Iterator for Places {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let place = self.0.trailing_zeros() as usize;
        self.0 &= self.0 - 1;
        Some(place.min(PLACES - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_a_cache_line() {
        assert_eq!(size_of::<Bucket>(), 64);
    }

    #[test]
    fn finds_tags_and_vacancies() {
        let mut bucket = Bucket::default();
        assert_eq!(bucket.vacancy(), Some(0));
        for place in 0..PLACES {
            bucket.put(place, 0x80 | place as u8, place as u32);
        }
        bucket.set_overflow(u32::MAX);
        assert_eq!(bucket.vacancy(), None);
        assert_eq!(bucket.overflow(), u32::MAX);
        for place in 0..PLACES {
            let tag = 0x80 | place as u8;
            assert_eq!(bucket.candidates(tag).next(), Some(place));
        }
        assert_eq!(bucket.candidates(0xff).next(), None);
        bucket.clear(11);
        assert_eq!(bucket.vacancy(), Some(11));
        assert_eq!(bucket.occupied().count(), 11);
    }
}
