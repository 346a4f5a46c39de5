//! What the table needs to know of and ask from the machine's memory: alignment, large pages, prefetching, the size of L2.
//!
//! Nothing here changes what a table holds; it only changes how fast it is.
#![allow(unsafe_code)]

use std::sync::OnceLock;

/// Bytes of a cache line.
const LINE: usize = 64;

/// Elements in a chunk: as many as make every element size that is a multiple of four fill whole cache lines.
const CHUNK: usize = 16;

/// Elements whose first lies at the start of a cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Chunk<T>([T; CHUNK]);

/// A growing array that starts at the start of a cache line, so that an element whose size is a power of two (up to 64
/// bytes) never lies on two. `Vec` of the same elements starts where the allocator likes: 16 bytes into a line, mostly.
pub(super) struct Lines<T> {
    chunks: Vec<Chunk<T>>,
    len: usize,
}

impl<T: Copy + Default> Lines<T> {
    /// Chunks follow each other without a gap.
    const WHOLE: () = assert!(size_of::<Chunk<T>>() == CHUNK * size_of::<T>());

    /// An array of `len` default elements.
    pub(super) fn of(len: usize) -> Self {
        const { Self::WHOLE };
        let mut chunks = with_room(len.div_ceil(CHUNK));
        chunks.resize(len.div_ceil(CHUNK), Chunk([T::default(); CHUNK]));
        Self { chunks, len }
    }

    /// Appends an element. Memory doubles where there is no room, but does not grow beyond `limit` elements (rounded up
    /// to a chunk) before there are as many.
    pub(super) fn push(&mut self, element: T, limit: usize) {
        if self.len == self.chunks.len() * CHUNK {
            if self.chunks.len() == self.chunks.capacity() {
                let room = limit.div_ceil(CHUNK).saturating_sub(self.chunks.len());
                let more = self.chunks.len().min(room).max(1);
                let mut larger = with_room(self.chunks.len() + more);
                larger.extend_from_slice(&self.chunks);
                self.chunks = larger;
            }
            self.chunks.push(Chunk([T::default(); CHUNK]));
        }
        self.len += 1;
        let last = self.len - 1;
        self[last] = element;
    }
}

impl<T: Clone> Clone for Lines<T> {
    fn clone(&self) -> Self {
        let mut chunks = with_room(self.chunks.len());
        chunks.extend_from_slice(&self.chunks);
        Self {
            chunks,
            len: self.len,
        }
    }
}

impl<T> Lines<T> {
    /// Bytes of the elements that there are.
    pub(super) const fn bytes(&self) -> usize {
        self.len * size_of::<T>()
    }
}

impl<T> std::ops::Deref for Lines<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        // SAFETY: `chunks` holds at least `len` elements, all initialised (`of`, `push`), one after the other: `WHOLE`
        // has checked that a chunk is its elements and nothing else. The borrow of `self` keeps them alive and unchanged.
        unsafe { std::slice::from_raw_parts(self.chunks.as_ptr().cast(), self.len) }
    }
}

impl<T> std::ops::DerefMut for Lines<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as for `deref`; the borrow of `self` is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.chunks.as_mut_ptr().cast(), self.len) }
    }
}

/// Elements in a circle, a power of two of them: every number names one.
#[derive(Clone)]
pub(super) struct Circle<T> {
    lines: Lines<T>,
    /// One less than the number of elements.
    mask: usize,
}

impl<T: Copy + Default> Circle<T> {
    /// 2ⁿ default elements.
    pub(super) fn of(n: u32) -> Self {
        let lines = Lines::of(1 << n);
        let mask = lines.len() - 1;
        Self { lines, mask }
    }
}

impl<T> Circle<T> {
    /// The place of number `n`.
    #[inline(always)]
    pub(super) fn wrap(&self, n: usize) -> usize {
        n & self.mask
    }

    /// The element that `n` names.
    #[inline(always)]
    pub(super) fn get(&self, n: usize) -> &T {
        // SAFETY: there are `mask` + 1 elements (`of` makes them so, and there is no way to change their number), and
        // `lines` holds them one after the other from its start (see `deref`).
        unsafe { &*self.lines.chunks.as_ptr().cast::<T>().add(n & self.mask) }
    }

    /// All elements.
    pub(super) fn all(&self) -> &[T] {
        &self.lines
    }

    /// All elements, to change them.
    pub(super) fn all_mut(&mut self) -> &mut [T] {
        &mut self.lines
    }
}

/// An empty vector with room for `len` elements. Large pages have to be asked for before anything is written there.
fn with_room<T>(len: usize) -> Vec<T> {
    let mut vec = Vec::with_capacity(len);
    advise(&mut vec);
    vec
}

/// Asks for large pages behind the whole capacity of `chunks`, if it is large: a million entries are 8,000 small pages,
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
    // neither contents nor mapping. Where it is refused, small pages serve as well.
    unsafe {
        libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_HUGEPAGE);
    }
}

#[cfg(not(all(target_os = "linux", not(miri))))]
fn advise<T>(_: &mut Vec<T>) {}

/// Brings the cache line of `place` into L1, without waiting for it.
#[inline(always)]
pub(super) fn prefetch<T>(place: &T) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the instruction reads nothing into the program and never faults; the address is that of a reference.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(place).cast()) };
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = place;
}

/// [`prefetch`] for every cache line of `place`, wherever in its line it begins.
#[inline(always)]
pub(super) fn prefetch_all<T>(place: &T) {
    prefetch(place);
    // An element that is no larger than a line and does not straddle one takes the first only.
    if size_of::<T>() > LINE || !LINE.is_multiple_of(size_of::<T>().max(1)) {
        // SAFETY: the pointer is to the element's last byte.
        prefetch(unsafe {
            &*std::ptr::from_ref(place)
                .cast::<u8>()
                .add(size_of::<T>() - 1)
        });
    }
}

/// Bytes of L2 that a core has, asked from the system once; 1 MiB where it does not say.
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

/// A size as Linux writes it: `1024K`, `2M`.
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
    fn lines_hold_what_was_written_and_start_on_a_line() {
        fn check<T: Copy + Default + PartialEq + std::fmt::Debug>(element: impl Fn(u8) -> T) {
            let mut lines = Lines::<T>::of(3);
            assert!(lines.len() == 3 && lines.iter().all(|&e| e == T::default()));
            for n in 0..3 {
                lines[usize::from(n)] = element(n);
            }
            for n in 3..200 {
                lines.push(element(n), 150);
                assert_eq!(lines.as_ptr() as usize % LINE, 0);
                assert_eq!(lines.len(), usize::from(n) + 1);
                prefetch_all(&lines[usize::from(n)]);
            }
            let mut copy = lines.clone();
            assert_eq!(copy.as_ptr() as usize % LINE, 0);
            assert!((0..200).all(|n| copy[usize::from(n)] == element(n)));
            copy[199] = element(7);
            assert_eq!((lines[199], copy[199]), (element(199), element(7)));
            assert_eq!(copy.bytes(), 200 * size_of::<T>());
        }
        check(|n| (u32::from(n), n));
        check(|n| ([u64::from(n); 2], [u64::from(n); 2]));
        check(|n| ([u64::from(n); 5], n));
        check(|n| (u32::from(n), u64::from(n), u64::from(n)));
        assert!(Lines::<u64>::of(0).is_empty());
        // Large enough for the advice on pages.
        let large = Lines::<u64>::of(1 << 20);
        assert!(large.clone().iter().all(|&n| n == 0));
    }

    #[test]
    fn circles_have_no_end() {
        for n in 0..8 {
            let mut circle = Circle::<u64>::of(n);
            for (at, element) in circle.all_mut().iter_mut().enumerate() {
                *element = at as u64;
            }
            for number in [0, 1, 7, 100, 1 << 40, usize::MAX] {
                assert_eq!(*circle.get(number), number as u64 % (1 << n));
                assert_eq!(circle.wrap(number), number % (1 << n));
            }
            assert_eq!(circle.clone().all(), circle.all());
        }
    }

    #[test]
    fn memory_does_not_outgrow_the_limit() {
        let mut lines = Lines::of(1);
        for n in 1..100u64 {
            lines.push(n, 100);
        }
        assert_eq!(lines.chunks.capacity(), 100usize.div_ceil(CHUNK));
    }

    #[test]
    fn prefetching_changes_nothing() {
        let place = 5u64;
        prefetch(&place);
        assert_eq!(place, 5);
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
