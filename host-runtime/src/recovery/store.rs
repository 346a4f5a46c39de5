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

/// Stores `value` in all words.
#[inline(always)]
pub(super) fn fill(words: &[AtomicU64], value: u64) {
    let (pairs, rest) = words.as_chunks();
    for pair in pairs {
        store_pair(pair, [value, value]);
    }
    for word in rest {
        word.store(value, Ordering::Relaxed);
    }
}

/// Stores `first` and then what is less by `step` from word to word.
#[inline(always)]
pub(super) fn count_down(words: &[AtomicU64], first: u64, step: u64) {
    let (pairs, rest) = words.as_chunks();
    let mut next = first;
    for pair in pairs {
        store_pair(pair, [next, next.wrapping_sub(step)]);
        next = next.wrapping_sub(2 * step);
    }
    for word in rest {
        word.store(next, Ordering::Relaxed);
    }
}

/// Copies `from` into as many words; lowest byte first.
#[inline(always)]
pub(super) fn copy(words: &[AtomicU64], from: &[[u8; 8]]) {
    debug_assert_eq!(words.len(), from.len());
    let (pairs, rest) = words.as_chunks();
    let (from_pairs, from_rest) = from.as_chunks();
    for (pair, &values) in pairs.iter().zip(from_pairs) {
        store_pair(pair, values.map(u64::from_le_bytes));
    }
    for (word, &value) in rest.iter().zip(from_rest) {
        word.store(u64::from_le_bytes(value), Ordering::Relaxed);
    }
}

#[cfg(all(target_arch = "x86_64", not(any(loom, miri))))]
#[inline(always)]
fn store_pair(pair: &Pair, values: [u64; 2]) {
    use std::arch::asm;
    use std::arch::x86_64::{__m128i, _mm_set_epi64x};
    // SAFETY: every x86-64 has SSE2, with which the vector is made.
    let values: __m128i = unsafe { _mm_set_epi64x(values[1] as i64, values[0] as i64) };
    // SAFETY: the instruction writes 16 bytes at `pair`, which is as long, alive, and made of atomics, so that writing
    // through a shared reference is allowed. It does what two relaxed stores may do: processors store each aligned eight
    // bytes of a vector at once (Intel SDM 3A, section 9.1.1, promises the whole sixteen where there is AVX and they are
    // aligned), and what a reader makes of words from two moments is the log's affair. The compiler moves no access to
    // memory past it.
    unsafe {
        asm!("movups xmmword ptr [{}], {}", in(reg) pair.as_ptr(), in(xmm_reg) values,
            options(nostack, preserves_flags));
    }
}

#[cfg(not(all(target_arch = "x86_64", not(any(loom, miri)))))]
#[inline(always)]
fn store_pair(pair: &Pair, values: [u64; 2]) {
    portable(pair, values);
}

#[cfg(any(test, loom, miri, not(target_arch = "x86_64")))]
#[inline(always)]
fn portable(pair: &Pair, values: [u64; 2]) {
    for (word, value) in pair.iter().zip(values) {
        word.store(value, Ordering::Relaxed);
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
                fill(run, u64::MAX);
                expect(&|_| u64::MAX);
                count_down(run, 1_000, 255);
                expect(&|i| 1_000u64.wrapping_sub(255 * i));
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
        let values = [0x0123_4567_89ab_cdef, u64::MAX - 1];
        let [one, other]: [Pair; 2] = Default::default();
        store_pair(&one, values);
        portable(&other, values);
        assert_eq!(loaded(&one), values);
        assert_eq!(loaded(&other), values);
    }
}
