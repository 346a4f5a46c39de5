//! A cache line of the index: sixteen places, two to a pair, and how they are compared.
//!
//! A place is a 32-bit word: the number of a slot in its low bits, a tag of the key's hash above it, 0 where it is empty.
//! The two places of a pair take their tags from different halves of the hash, so that one 64-bit operation compares both.
//!
//! SSE2 is part of every x86-64; elsewhere, and under Miri, the same is done word by word. Both are compiled in tests and
//! held against each other.
#![allow(unsafe_code)]

/// Pairs in a cache line.
pub(super) const PAIRS: usize = 8;

/// Bits of a pair that hold tags, where slots have numbers below 2ᵇ, b at most 31.
pub(super) const fn tag_bits(b: u32) -> u64 {
    let tag = (u32::MAX << b) as u64;
    tag << 32 | tag
}

/// The slot that a pair has for a hash with these `tags`, or a number that is no slot's: a tag that matches becomes 0,
/// and any other makes the word larger than the number of every slot.
#[inline(always)]
pub(super) const fn slot_of(pair: u64, tags: u64) -> u32 {
    let x = pair ^ tags;
    let (even, odd) = (x as u32, (x >> 32) as u32);
    if even < odd { even } else { odd }
}

/// A bit for every place of a line that has the tag, even places lowest in each pair.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline]
pub(super) fn candidates(line: &[u64; PAIRS], tags: u64, tag_bits: u64) -> u32 {
    use std::arch::x86_64::{
        __m128i, _mm_and_si128, _mm_cmpeq_epi32, _mm_loadu_si128, _mm_movemask_epi8,
        _mm_packs_epi16, _mm_packs_epi32, _mm_set1_epi64x, _mm_setzero_si128, _mm_xor_si128,
    };
    // SAFETY: every x86-64 has SSE2, and the four loads together are the 64 bytes of `line`, at any alignment.
    unsafe {
        let (tags, tag_bits) = (
            _mm_set1_epi64x(tags as i64),
            _mm_set1_epi64x(tag_bits as i64),
        );
        let equal = |quarter: usize| {
            let words = _mm_loadu_si128(line.as_ptr().cast::<__m128i>().add(quarter));
            let other = _mm_and_si128(_mm_xor_si128(words, tags), tag_bits);
            _mm_cmpeq_epi32(other, _mm_setzero_si128())
        };
        let low = _mm_packs_epi32(equal(0), equal(1));
        let high = _mm_packs_epi32(equal(2), equal(3));
        _mm_movemask_epi8(_mm_packs_epi16(low, high)) as u32
    }
}

/// A bit for every place of a line that has the tag, even places lowest in each pair.
#[cfg(not(all(target_arch = "x86_64", not(miri))))]
#[inline]
pub(super) fn candidates(line: &[u64; PAIRS], tags: u64, tag_bits: u64) -> u32 {
    portable(line, tags, tag_bits)
}

/// [`candidates`] without vector instructions.
#[cfg(any(test, miri, not(target_arch = "x86_64")))]
fn portable(line: &[u64; PAIRS], tags: u64, tag_bits: u64) -> u32 {
    let mut places = 0;
    for (pair, word) in line.iter().enumerate() {
        let other = (word ^ tags) & tag_bits;
        places |= u32::from(other as u32 == 0) << (2 * pair);
        places |= u32::from(other >> 32 == 0) << (2 * pair + 1);
    }
    places
}

/// The word at `place` (0..16) of a line.
#[inline]
pub(super) fn word(line: &[u64; PAIRS], place: usize) -> u32 {
    (line[place / 2] >> (32 * (place % 2))) as u32
}

/// Empties `place` (0..16) of a line.
pub(super) fn clear(line: &mut [u64; PAIRS], place: usize) {
    line[place / 2] &= !(0xffff_ffff << (32 * (place % 2)));
}

/// Puts `slot` into an empty place of a line: in pair `from`, else in its neighbour, else anywhere. Returns whether there
/// was one.
pub(super) fn put(line: &mut [u64; PAIRS], from: usize, tags: u64, slot: u32) -> bool {
    for i in 0..PAIRS {
        let pair = &mut line[from ^ i];
        if *pair as u32 == 0 {
            *pair |= tags & 0xffff_ffff | u64::from(slot);
            return true;
        }
        if *pair >> 32 == 0 {
            *pair |= tags >> 32 << 32 | u64::from(slot) << 32;
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_found_and_nothing_else() {
        let bits = tag_bits(8);
        assert_eq!(bits, 0xffff_ff00_ffff_ff00);
        for from in 0..PAIRS {
            let mut line = [0; PAIRS];
            let tags = |slot: u32| (u64::from(slot) << 40 | u64::from(slot) << 9) & bits;
            for slot in 1..=16 {
                assert!(put(&mut line, from, tags(slot), slot));
            }
            assert!(!put(&mut line, from, tags(17), 17));
            for slot in 1..=16 {
                let found = candidates(&line, tags(slot), bits);
                assert_eq!(found.count_ones(), 1);
                let place = found.trailing_zeros() as usize;
                assert_eq!(word(&line, place) & 0xff, slot);
                let slots: Vec<u32> = line.iter().map(|&pair| slot_of(pair, tags(slot))).collect();
                assert_eq!(slots[place / 2], slot);
                assert!((0..PAIRS).all(|p| p == place / 2 || slots[p] > 0xff));
                let mut other = line;
                clear(&mut other, place);
                assert_eq!(candidates(&other, tags(slot), bits), 0);
                assert_eq!(word(&other, place), 0);
            }
            assert_eq!(candidates(&line, tags(17), bits), 0);
        }
    }

    #[test]
    fn both_ways_to_compare_agree() {
        let mut random = 1u64;
        let mut next = || {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            random >> 33
        };
        for b in 3..=31 {
            for _ in 0..200 {
                // Few values, so that many match.
                let line = std::array::from_fn(|_| {
                    ((next() % 3) << 62) | ((next() % 3) << 30) | (next() % 3)
                });
                let tags = ((next() % 3) << 62 | (next() % 3) << 30) & tag_bits(b);
                assert_eq!(
                    candidates(&line, tags, tag_bits(b)),
                    portable(&line, tags, tag_bits(b))
                );
            }
        }
    }
}
