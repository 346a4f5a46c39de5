//! Storing runs of words while others may read them.
//!
//! Each word is stored separately, relaxed and in no particular order; the caller must establish any necessary order
//! with fences. On x86-64 four words are stored with one instruction, which the compiler does not do for atomics by
//! itself. Under loom, under Miri and on other machines they are stored one by one; tests compile both ways and compare
//! them.
#![allow(unsafe_code)]

use std::array::from_ref;

use super::sync::{AtomicU32, Ordering};

/// Bytes of a word, which is the shortest row.
pub(super) const WORD: usize = 4;

/// Four consecutive words, and the bytes to store there, lowest byte first.
type Quad = [AtomicU32; 4];
type Bytes = [[u8; WORD]; 4];

/// Copies `from` into as many words; lowest byte first.
#[inline(always)]
pub(super) fn copy(words: &[AtomicU32], from: &[[u8; WORD]]) {
    debug_assert_eq!(words.len(), from.len());
    let (quads, rest) = words.as_chunks();
    let (from_quads, from_rest) = from.as_chunks();
    // Most frames bring a few quads. Those are copied without a loop: its branches would cost more than the copy.
    if let (Ok(place), Ok(from)) = (quads.try_into(), from_quads.try_into()) {
        ways::four(place, from);
    } else if let (Ok(place), Ok(from)) = (quads.try_into(), from_quads.try_into()) {
        ways::two(place, from);
    } else if let (Ok(place), Ok(from)) = (quads.try_into(), from_quads.try_into()) {
        ways::three(place, from);
    } else if let (Ok(place), Ok(from)) = (quads.try_into(), from_quads.try_into()) {
        ways::one(place, from);
    } else if let (Ok(place), Ok(from)) = (quads.try_into(), from_quads.try_into()) {
        ways::six(place, from);
    } else {
        copy_many(quads, from_quads);
    }
    for (word, &value) in rest.iter().zip(from_rest) {
        word.store(u32::from_le_bytes(value), Ordering::Relaxed);
    }
}

/// Copies any number of quads.
#[inline(always)]
fn copy_many(quads: &[Quad], from: &[Bytes]) {
    let (fours, few) = quads.as_chunks();
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
    use std::arch::x86_64::{__m128i, _mm_loadu_si128};

    use super::{Bytes, Quad};

    #[inline(always)]
    fn loaded(bytes: &Bytes) -> __m128i {
        // SAFETY: it reads 16 bytes wherever they lie, and there are as many. Every x86-64 has SSE2.
        unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
    }

    /// A function that stores this many quads, each with one instruction.
    macro_rules! stores {
        ($name:ident, $count:literal: $($quad:ident at $offset:literal),+) => {
            #[inline(always)]
            pub(super) fn $name(place: &[Quad; $count], [$($quad),+]: &[Bytes; $count]) {
                // SAFETY: the instructions write 16 bytes for each quad of `place`, which is as long, alive, and made of
                // atomics, so that writing through a shared reference is allowed. Each does what four relaxed stores may
                // do: processors store each aligned four bytes of a vector at once (Intel SDM 3A, section 9.1.1,
                // promises all sixteen where there is AVX and they are aligned), and what a reader makes of words from
                // two moments is the log's affair. The compiler moves no access to memory past them.
                unsafe {
                    asm!(
                        $(concat!(
                            "movups xmmword ptr [{place} + ", $offset, "], {", stringify!($quad), "}"
                        ),)+
                        place = in(reg) place.as_ptr(),
                        $($quad = in(xmm_reg) loaded($quad),)+
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
    stores!(six, 6: a at 0, b at 16, c at 32, d at 48, e at 64, f at 80);
}

#[cfg(any(test, loom, miri, not(target_arch = "x86_64")))]
mod words {
    use super::{AtomicU32, Bytes, Ordering, Quad};

    fn store<const COUNT: usize>(place: &[Quad; COUNT], from: &[Bytes; COUNT]) {
        let words: &[AtomicU32] = place.as_flattened();
        for (word, &value) in words.iter().zip(from.as_flattened()) {
            word.store(u32::from_le_bytes(value), Ordering::Relaxed);
        }
    }

    pub(super) fn one(place: &[Quad; 1], from: &[Bytes; 1]) {
        store(place, from);
    }

    pub(super) fn two(place: &[Quad; 2], from: &[Bytes; 2]) {
        store(place, from);
    }

    pub(super) fn three(place: &[Quad; 3], from: &[Bytes; 3]) {
        store(place, from);
    }

    pub(super) fn four(place: &[Quad; 4], from: &[Bytes; 4]) {
        store(place, from);
    }

    pub(super) fn six(place: &[Quad; 6], from: &[Bytes; 6]) {
        store(place, from);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn loaded(words: &[AtomicU32]) -> Vec<u32> {
        words.iter().map(|w| w.load(Ordering::Relaxed)).collect()
    }

    #[test]
    fn runs_of_every_length_at_every_place() {
        let step = if cfg!(miri) { 7 } else { 1 };
        for start in 0..5 {
            for len in (0..48).step_by(step) {
                let words: Vec<AtomicU32> = (0..64).map(|_| AtomicU32::new(7)).collect();
                let run = &words[start..start + len];
                let expect = |expected: &dyn Fn(u32) -> u32| {
                    let all = loaded(&words);
                    let inside = start..start + len;
                    for (i, &word) in all.iter().enumerate() {
                        let due = if inside.contains(&i) {
                            expected((i - start) as u32)
                        } else {
                            7
                        };
                        assert_eq!(word, due, "{start} {len} {i}");
                    }
                };
                let bytes: Vec<[u8; WORD]> = (0..len as u32)
                    .map(|i| (i << 24 | 3).to_le_bytes())
                    .collect();
                copy(run, &bytes);
                expect(&|i| i << 24 | 3);
            }
        }
    }

    #[test]
    fn both_ways_store_the_same() {
        let [a, b, c, d]: [Bytes; 4] =
            std::array::from_fn(|i| [0x0123_4567, i as u32, 254, !0].map(u32::to_le_bytes));
        let both: [[Quad; 16]; 2] = Default::default();
        let [one_way, other] = both.each_ref().map(|quads| {
            let (one, rest) = quads.split_first_chunk().unwrap();
            let (two, rest) = rest.split_first_chunk().unwrap();
            let (three, rest) = rest.split_first_chunk().unwrap();
            let (four, rest) = rest.split_first_chunk().unwrap();
            (one, two, three, four, rest.first_chunk().unwrap())
        });
        let (one, two, three, four, six) = one_way;
        ways::one(one, &[a]);
        ways::two(two, &[b, c]);
        ways::three(three, &[d, a, b]);
        ways::four(four, &[c, d, a, b]);
        ways::six(six, &[c, d, a, b, c, d]);
        let (one, two, three, four, six) = other;
        words::one(one, &[a]);
        words::two(two, &[b, c]);
        words::three(three, &[d, a, b]);
        words::four(four, &[c, d, a, b]);
        words::six(six, &[c, d, a, b, c, d]);
        let expected = [a, b, c, d].map(|quad| quad.map(u32::from_le_bytes));
        for quads in &both {
            assert_eq!(
                loaded(quads.as_flattened()),
                [expected; 4].as_flattened().as_flattened()
            );
        }
    }
}
