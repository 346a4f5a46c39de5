//! Storing runs of words while others may read them.
//!
//! Each word is stored for itself, relaxed and in no particular order; what order there must be is the caller's to make
//! with fences. On x86-64 two words go with one instruction, which the compiler does not do for atomics of its own accord.
//! Under loom, under Miri and on other machines they go one by one; both ways are compiled in tests and held against each
//! other.
#![allow(unsafe_code)]

use std::array::from_ref;

use super::sync::{AtomicU64, Ordering};

/// Two words that lie one behind the other, and what is to be stored there, lowest byte first.
type Pair = [AtomicU64; 2];
type Bytes = [[u8; 8]; 2];

/// Copies `from` into as many words; lowest byte first.
#[inline(always)]
pub(super) fn copy(words: &[AtomicU64], from: &[[u8; 8]]) {
    debug_assert_eq!(words.len(), from.len());
    let (pairs, rest) = words.as_chunks();
    let (from_pairs, from_rest) = from.as_chunks();
    // What most frames bring is a pair or a few. Those are copied without a loop: its branches would cost more than the copy.
    if let (Ok(place), Ok(from)) = (pairs.try_into(), from_pairs.try_into()) {
        ways::four(place, from);
    } else if let (Ok(place), Ok(from)) = (pairs.try_into(), from_pairs.try_into()) {
        ways::two(place, from);
    } else if let (Ok(place), Ok(from)) = (pairs.try_into(), from_pairs.try_into()) {
        ways::three(place, from);
    } else if let (Ok(place), Ok(from)) = (pairs.try_into(), from_pairs.try_into()) {
        ways::one(place, from);
    } else {
        copy_many(pairs, from_pairs);
    }
    for (word, &value) in rest.iter().zip(from_rest) {
        word.store(u64::from_le_bytes(value), Ordering::Relaxed);
    }
}

/// Copies any number of pairs.
#[inline(always)]
fn copy_many(pairs: &[Pair], from: &[Bytes]) {
    let (fours, few) = pairs.as_chunks();
    let (from_fours, from_few) = from.as_chunks();
    for (place, from) in fours.iter().zip(from_fours) {
        ways::four(place, from);
    }
    for (place, from) in few.iter().zip(from_few) {
        ways::one(from_ref(place), from_ref(from));
    }
}

#[cfg(all(target_arch = "x86_64", not(any(loom, miri))))]
use vector as ways;
#[cfg(not(all(target_arch = "x86_64", not(any(loom, miri)))))]
use words as ways;

#[cfg(all(target_arch = "x86_64", not(any(loom, miri))))]
mod vector {
    use std::arch::asm;
    use std::arch::x86_64::{__m128i, _mm_set_epi64x};

    use super::{Bytes, Pair};

    #[inline(always)]
    fn loaded(bytes: &Bytes) -> __m128i {
        let [low, high] = bytes.map(i64::from_le_bytes);
        // SAFETY: every x86-64 has SSE2.
        unsafe { _mm_set_epi64x(high, low) }
    }

    /// A function that stores so many pairs, each with one instruction.
    macro_rules! stores {
        ($name:ident, $count:literal: $($pair:ident at $offset:literal),+) => {
            #[inline(always)]
            pub(super) fn $name(place: &[Pair; $count], [$($pair),+]: &[Bytes; $count]) {
                // SAFETY: the instructions write 16 bytes for each pair of `place`, which is as long, alive, and made of
                // atomics, so that writing through a shared reference is allowed. Each does what two relaxed stores may
                // do: processors store each aligned eight bytes of a vector at once (Intel SDM 3A, section 9.1.1,
                // promises all sixteen where there is AVX and they are aligned), and what a reader makes of words from
                // two moments is the log's affair. The compiler moves no access to memory past them.
                unsafe {
                    asm!(
                        $(concat!(
                            "movups xmmword ptr [{place} + ", $offset, "], {", stringify!($pair), "}"
                        ),)+
                        place = in(reg) place.as_ptr(),
                        $($pair = in(xmm_reg) loaded($pair),)+
                        options(nostack, preserves_flags)
                    );
                }
            }
        };
    }

    stores!(one, 1: a at 0);
    stores!(two, 2: a at 0, b at 16);
    stores!(three, 3: a at 0, b at 16, c at 32);
    stores!(four, 4: a at 0, b at 16, c at 32, d at 48);
}

#[cfg(any(test, loom, miri, not(target_arch = "x86_64")))]
mod words {
    use super::{AtomicU64, Bytes, Ordering, Pair};

    fn store<const COUNT: usize>(place: &[Pair; COUNT], from: &[Bytes; COUNT]) {
        let words: &[AtomicU64] = place.as_flattened();
        for (word, &value) in words.iter().zip(from.as_flattened()) {
            word.store(u64::from_le_bytes(value), Ordering::Relaxed);
        }
    }

    pub(super) fn one(place: &[Pair; 1], from: &[Bytes; 1]) {
        store(place, from);
    }

    pub(super) fn two(place: &[Pair; 2], from: &[Bytes; 2]) {
        store(place, from);
    }

    pub(super) fn three(place: &[Pair; 3], from: &[Bytes; 3]) {
        store(place, from);
    }

    pub(super) fn four(place: &[Pair; 4], from: &[Bytes; 4]) {
        store(place, from);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn loaded(words: &[AtomicU64]) -> Vec<u64> {
        words.iter().map(|w| w.load(Ordering::Relaxed)).collect()
    }

    #[test]
    fn runs_of_every_length_at_every_place() {
        for start in 0..3 {
            for len in 0..24 {
                let words: Vec<AtomicU64> = (0..32).map(|_| AtomicU64::new(7)).collect();
                let run = &words[start..start + len];
                let expect = |expected: &dyn Fn(u64) -> u64| {
                    let all = loaded(&words);
                    let inside = start..start + len;
                    for (i, &word) in all.iter().enumerate() {
                        let due = if inside.contains(&i) {
                            expected((i - start) as u64)
                        } else {
                            7
                        };
                        assert_eq!(word, due, "{start} {len} {i}");
                    }
                };
                let bytes: Vec<[u8; 8]> = (0..len as u64)
                    .map(|i| (i << 56 | 3).to_le_bytes())
                    .collect();
                copy(run, &bytes);
                expect(&|i| i << 56 | 3);
            }
        }
    }

    #[test]
    fn both_ways_store_the_same() {
        let word = |i: u64| (0x0123_4567_89ab_cdef ^ i << 56).to_le_bytes();
        let [a, b, c, d]: [Bytes; 4] = std::array::from_fn(|i| [word(i as u64), word(!0)]);
        let both: [[Pair; 10]; 2] = Default::default();
        let [one_way, other] = both.each_ref().map(|pairs| {
            let (one, rest) = pairs.split_first_chunk().unwrap();
            let (two, rest) = rest.split_first_chunk().unwrap();
            let (three, rest) = rest.split_first_chunk().unwrap();
            (one, two, three, rest.first_chunk().unwrap())
        });
        let (one, two, three, four) = one_way;
        ways::one(one, &[a]);
        ways::two(two, &[b, c]);
        ways::three(three, &[d, a, b]);
        ways::four(four, &[c, d, a, b]);
        let (one, two, three, four) = other;
        words::one(one, &[a]);
        words::two(two, &[b, c]);
        words::three(three, &[d, a, b]);
        words::four(four, &[c, d, a, b]);
        let expected = [a, b, c, d, a, b, c, d, a, b].map(|pair| pair.map(u64::from_le_bytes));
        for pairs in &both {
            assert_eq!(loaded(pairs.as_flattened()), expected.as_flattened());
        }
    }
}
