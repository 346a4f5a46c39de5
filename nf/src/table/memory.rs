//! The table's view of the machine's memory: alignment, large pages, the size of L2.
//!
//! This module affects only how fast a table is, never what it holds.
#![allow(unsafe_code)]

use std::sync::OnceLock;

use crate::prefetch::{self, LINE};

/// Elements in a chunk: with 16, every element size that is a multiple of four fills whole cache lines.
const CHUNK: usize = 16;

/// Elements, the first of which lies at the start of a cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Chunk<T>([T; CHUNK]);

impl<T> Chunk<T> {
    /// Chunks follow each other without gaps.
    const WHOLE: () = assert!(size_of::<Self>() == CHUNK * size_of::<T>());
}

/// Elements of a [`Runway`] behind its last number: a distance is a byte.
const BEYOND: usize = 1 << 8;

/// Elements by number and distance: a power of two of them, so that every number names one, and [`BEYOND`] more, so
/// that there is one at every distance behind it. They begin at the start of a cache line, so that an element whose
/// size is a power of two (up to 64 bytes) never straddles two. A `Vec` of the same elements would begin wherever the
/// allocator puts it, usually 16 bytes into a line.
pub(super) struct Runway<T> {
    /// At least as many elements as numbers, plus [`BEYOND`].
    chunks: Vec<Chunk<T>>,
    /// Mask of the bits of a number that count.
    mask: usize,
}

impl<T> Runway<T> {
    /// Numbers count in units of 2 to the `SHIFT`: if an element's size is a power of two, the bits of a number that
    /// count are those of the element's offset in bytes and need no shift.
    pub(super) const SHIFT: u32 = if size_of::<T>().is_power_of_two() {
        size_of::<T>().ilog2()
    } else {
        0
    };

    /// The index of the element at `distance` behind number `n`.
    #[inline(always)]
    pub(super) const fn bucket(&self, n: usize, distance: u8) -> usize {
        ((n & self.mask) >> Self::SHIFT) + distance as usize
    }

    /// How many different numbers there are: a power of two.
    pub(super) const fn numbers(&self) -> usize {
        (self.mask >> Self::SHIFT) + 1
    }

    /// The bytes from the first element to the one at `distance` behind number `n`.
    #[inline(always)]
    const fn offset(&self, n: usize, distance: u8) -> usize {
        let size = size_of::<T>();
        ((n & self.mask) * (size >> Self::SHIFT)) + distance as usize * size
    }

    /// The element at `distance` behind number `n`.
    #[inline(always)]
    pub(super) fn get(&self, n: usize, distance: u8) -> &T {
        let offset = self.offset(n, distance);
        // SAFETY: the bucket is at most `numbers` - 1 + 255, and `offset` is its size times that: `mask` has zeros where
        // `SHIFT` would take bits away. There are `numbers` + 256 elements, all initialised (`Building::finish` ensures
        // this, and nothing changes their number), one after the other: `WHOLE` has checked that a chunk is its
        // elements and nothing else. The borrow of `self` keeps them alive and unchanged.
        unsafe { &*self.chunks.as_ptr().cast::<T>().byte_add(offset) }
    }

    /// The element at `distance` behind number `n`, mutably.
    #[inline(always)]
    pub(super) fn get_mut(&mut self, n: usize, distance: u8) -> &mut T {
        let offset = self.offset(n, distance);
        // SAFETY: as for `get`; the borrow of `self` is exclusive.
        unsafe { &mut *self.chunks.as_mut_ptr().cast::<T>().byte_add(offset) }
    }
}

impl<T: Clone> Clone for Runway<T> {
    fn clone(&self) -> Self {
        Self {
            chunks: copy(&self.chunks, self.chunks.len()),
            mask: self.mask,
        }
    }
}

impl<T> std::ops::Index<usize> for Runway<T> {
    type Output = T;

    fn index(&self, bucket: usize) -> &T {
        &self.chunks[bucket / CHUNK].0[bucket % CHUNK]
    }
}

impl<T> std::ops::IndexMut<usize> for Runway<T> {
    fn index_mut(&mut self, bucket: usize) -> &mut T {
        &mut self.chunks[bucket / CHUNK].0[bucket % CHUNK]
    }
}

/// A [`Runway`] built in steps, because writing all of a large one takes long.
pub(super) struct Building<T> {
    chunks: Vec<Chunk<T>>,
    numbers: usize,
}

impl<T: Copy + Default> Building<T> {
    /// Begins a runway with 2ⁿ numbers.
    pub(super) fn new(n: u32) -> Self {
        const { Chunk::<T>::WHOLE };
        let numbers = 1 << n;
        Self {
            chunks: with_room(Self::chunks(numbers)),
            numbers,
        }
    }

    const fn chunks(numbers: usize) -> usize {
        (numbers + BEYOND).div_ceil(CHUNK)
    }

    /// Writes some more default elements: at least `elements`, as long as any are missing.
    pub(super) fn go_on(&mut self, elements: usize) {
        let all = Self::chunks(self.numbers);
        let to = all.min(self.chunks.len() + elements.div_ceil(CHUNK));
        self.chunks.resize(to, Chunk([T::default(); CHUNK]));
    }

    /// Writes the missing elements.
    pub(super) fn finish(mut self) -> Runway<T> {
        self.go_on(self.numbers + BEYOND);
        Runway {
            chunks: self.chunks,
            mask: (self.numbers - 1) << Runway::<T>::SHIFT,
        }
    }
}

impl<T: Clone> Clone for Building<T> {
    fn clone(&self) -> Self {
        Self {
            chunks: copy(&self.chunks, self.chunks.capacity()),
            numbers: self.numbers,
        }
    }
}

/// Elements in a circle; their number is a power of two, so every number names one.
#[derive(Clone)]
pub(super) struct Circle<T> {
    all: Vec<T>,
    /// One less than the number of elements.
    mask: usize,
}

impl<T: Copy + Default> Circle<T> {
    /// 2ⁿ default elements.
    pub(super) fn of(n: u32) -> Self {
        let all = vec![T::default(); 1 << n];
        let mask = all.len() - 1;
        Self { all, mask }
    }
}

impl<T> Circle<T> {
    /// The index that number `n` names.
    #[inline(always)]
    pub(super) const fn wrap(&self, n: usize) -> usize {
        n & self.mask
    }

    /// The element that `n` names.
    #[inline(always)]
    pub(super) fn get(&self, n: usize) -> &T {
        // SAFETY: there are `mask` + 1 elements (`of` allocates them, and nothing changes their number).
        unsafe { self.all.get_unchecked(n & self.mask) }
    }

    /// The element that `n` names, mutably.
    pub(super) fn get_mut(&mut self, n: usize) -> &mut T {
        &mut self.all[n & self.mask]
    }
}

/// An empty vector with room for `len` elements. Large pages have to be requested before anything is written there.
fn with_room<T>(len: usize) -> Vec<T> {
    let mut vec = Vec::with_capacity(len);
    advise(&mut vec);
    vec
}

/// A copy of the elements, with room for `room` in all.
fn copy<T: Clone>(of: &[T], room: usize) -> Vec<T> {
    let mut copy = with_room(room);
    copy.extend_from_slice(of);
    copy
}

/// Requests large pages for the whole capacity of `chunks`, if it is large: a million entries are 8,000 small pages,
/// more than a core's TLB holds, and then every access walks the page table, too.
#[cfg(all(target_os = "linux", not(miri)))]
fn advise<T>(chunks: &mut Vec<T>) {
    const PAGE: usize = 2 << 20;
    let spare = chunks.spare_capacity_mut();
    let start = spare.as_mut_ptr() as usize;
    let end = start + size_of_val(spare);
    let (start, end) = (start.next_multiple_of(4096), end & !4095);
    if end.saturating_sub(start) < 2 * PAGE {
        return;
    }
    // SAFETY: the range lies within memory that `chunks` owns and that is borrowed exclusively here. The advice changes
    // neither contents nor mapping. If it is refused, small pages serve as well.
    unsafe {
        libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_HUGEPAGE);
    }
}

#[cfg(not(all(target_os = "linux", not(miri))))]
fn advise<T>(_: &mut Vec<T>) {}

/// Starts to bring every cache line of `bucket` into L1, at whatever offset in a line it begins.
#[inline(always)]
pub(super) fn prefetch_all<T>(bucket: &T) {
    let first = std::ptr::from_ref(bucket).cast::<u8>();
    prefetch::read(first);
    // An element that is no larger than a line and does not straddle two touches only the first.
    if size_of::<T>() > LINE || !LINE.is_multiple_of(size_of::<T>().max(1)) {
        prefetch::read(first.wrapping_add(size_of::<T>() - 1));
    }
}

/// Bytes of L2 per core, queried from the system once; 1 MiB if unknown.
pub fn l2_bytes() -> usize {
    static BYTES: OnceLock<usize> = OnceLock::new();
    *BYTES.get_or_init(|| ask_l2().unwrap_or(1 << 20))
}

/// Reads Linux's description of the first core's caches.
fn ask_l2() -> Option<usize> {
    if cfg!(miri) {
        return None;
    }
    (0..8).find_map(|index| {
        let read = |what: &str| {
            let path = format!("/sys/devices/system/cpu/cpu0/cache/index{index}/{what}");
            std::fs::read_to_string(path).ok()
        };
        if read("level")?.trim() != "2" {
            return None;
        }
        size(&read("size")?)
    })
}

/// Parses a size as Linux writes it: `1024K`, `2M`.
fn size(text: &str) -> Option<usize> {
    let text = text.trim();
    let (digits, unit) = match text.as_bytes().last()? {
        b'K' => (&text[..text.len() - 1], 1 << 10),
        b'M' => (&text[..text.len() - 1], 1 << 20),
        _ => (text, 1),
    };
    let number: usize = digits.parse().ok()?;
    number.checked_mul(unit).filter(|&bytes| bytes > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runways_hold_what_was_written_and_start_on_a_line() {
        fn check<T: Copy + Default + PartialEq + std::fmt::Debug>(element: impl Fn(usize) -> T) {
            for n in 0..9 {
                let mut building = Building::<T>::new(n);
                if n % 2 == 0 {
                    (0..n).for_each(|_| building.go_on(20));
                }
                let mut runway = building.clone().finish();
                let numbers = 1 << n;
                assert_eq!(runway.numbers(), numbers);
                assert!((0..numbers + BEYOND).all(|bucket| runway[bucket] == T::default()));
                for bucket in 0..numbers + BEYOND {
                    runway[bucket] = element(bucket);
                }
                let copy = runway.clone();
                assert_eq!(copy.get(0, 0) as *const T as usize % LINE, 0);
                for number in [0, 1, numbers - 1, numbers, 1000, usize::MAX] {
                    let unit = number % numbers;
                    // Bits beyond those that count must not matter.
                    let number = number << Runway::<T>::SHIFT | ((1 << Runway::<T>::SHIFT) - 1);
                    for distance in [0, 1, 254, 255] {
                        let bucket = unit + usize::from(distance);
                        assert_eq!(copy.bucket(number, distance), bucket);
                        assert_eq!(*copy.get(number, distance), element(bucket));
                        prefetch_all(copy.get(number, distance));
                        *runway.get_mut(number, distance) = T::default();
                        assert_eq!(runway[bucket], T::default());
                    }
                }
            }
        }
        check(|n| (n as u32, n as u8));
        check(|n| ([n as u64; 2], [n as u64; 2]));
        check(|n| ([n as u64; 5], n as u8));
        check(|n| (n as u32, n as u64, n as u64));
        // Large enough for the advice on pages, which is not given under Miri.
        let n = if cfg!(miri) { 10 } else { 20 };
        let copy = Building::<u64>::new(n).finish().clone();
        assert!((0..1 << n).all(|bucket| copy[bucket] == 0));
    }

    #[test]
    fn circles_have_no_end() {
        for n in 0..8 {
            let mut circle = Circle::<u64>::of(n);
            for at in 0..1 << n {
                *circle.get_mut(at) = at as u64;
            }
            for number in [0, 1, 7, 100, 1 << 40, usize::MAX] {
                assert_eq!(*circle.get(number), number as u64 % (1 << n));
                assert_eq!(circle.wrap(number), number % (1 << n));
            }
        }
    }

    #[test]
    fn sizes_are_read() {
        assert_eq!(size("1024K\n"), Some(1 << 20));
        assert_eq!(size("2M"), Some(2 << 20));
        assert_eq!(size("512"), Some(512));
        for bad in ["", "K", "x", "0K", "99999999999999999999K"] {
            assert_eq!(size(bad), None, "{bad}");
        }
        assert!(l2_bytes() > 0);
    }
}
