//! Storing runs of words while others may read them.
//!
//! Each word is stored for itself, relaxed and in no particular order; what order there must be is the caller's to make
//! with fences. On x86-64 two words go with one instruction, which the compiler does not do for atomics of its own accord.
//! Under loom, under Miri and on other machines they go one by one; both ways are compiled in tests and held against each
//! other.
#![allow(unsafe_code)]

use super::sync::{AtomicU64, Ordering};

/// Two words that lie one behind the other.
type Pair = [AtomicU64; 2];

/// Copies `from` into as many words; lowest byte first.
#[inline(always)]
pub(super) fn copy(words: &[AtomicU64], from: &[[u8; 8]]) {
    debug_assert_eq!(words.len(), from.len());
    let (pairs, rest) = words.as_chunks();
    let (from_pairs, from_rest) = from.as_chunks();
    for (pair, &values) in pairs.iter().zip(from_pairs) {
        Values::of(values.map(u64::from_le_bytes)).store(pair);
    }
    for (word, &value) in rest.iter().zip(from_rest) {
        word.store(u64::from_le_bytes(value), Ordering::Relaxed);
    }
}

#[cfg(all(target_arch = "x86_64", not(any(loom, miri))))]
use vector::Values;
#[cfg(not(all(target_arch = "x86_64", not(any(loom, miri)))))]
use words::Values;

#[cfg(all(target_arch = "x86_64", not(any(loom, miri))))]
mod vector {
    use std::arch::asm;
    use std::arch::x86_64::{__m128i, _mm_set_epi64x};

    use super::Pair;

    /// Two words to be stored.
    #[derive(Clone, Copy)]
    pub(super) struct Values(__m128i);

    impl Values {
        #[inline(always)]
        pub(super) fn of([low, high]: [u64; 2]) -> Self {
            // SAFETY: every x86-64 has SSE2.
            Self(unsafe { _mm_set_epi64x(high as i64, low as i64) })
        }

        #[inline(always)]
        pub(super) fn store(self, pair: &Pair) {
            // SAFETY: the instruction writes 16 bytes at `pair`, which is as long, alive, and made of atomics, so that
            // writing through a shared reference is allowed. It does what two relaxed stores may do: processors store each
            // aligned eight bytes of a vector at once (Intel SDM 3A, section 9.1.1, promises all sixteen where there is AVX
            // and they are aligned), and what a reader makes of words from two moments is the log's affair. The compiler
            // moves no access to memory past it.
            unsafe {
                asm!("movups xmmword ptr [{}], {}", in(reg) pair.as_ptr(), in(xmm_reg) self.0,
                    options(nostack, preserves_flags));
            }
        }
    }
}

#[cfg(any(test, loom, miri, not(target_arch = "x86_64")))]
mod words {
    use super::{Ordering, Pair};

    /// Two words to be stored.
    #[derive(Clone, Copy)]
    pub(super) struct Values([u64; 2]);

    impl Values {
        pub(super) fn of(values: [u64; 2]) -> Self {
            Self(values)
        }

        pub(super) fn store(self, pair: &Pair) {
            for (word, value) in pair.iter().zip(self.0) {
                word.store(value, Ordering::Relaxed);
            }
        }
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
            for len in 0..10 {
                let words: Vec<AtomicU64> = (0..16).map(|_| AtomicU64::new(7)).collect();
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
        let values = [0x0123_4567_89ab_cdef, 254];
        let [one, other]: [Pair; 2] = Default::default();
        Values::of(values).store(&one);
        words::Values::of(values).store(&other);
        assert_eq!(loaded(&one), values);
        assert_eq!(loaded(&one), loaded(&other));
    }
}
