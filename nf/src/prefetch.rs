//! Prefetching of cache lines, for reading or for writing.
//!
//! Prefetching changes only how long a program waits, never what it does. On machines other than x86-64, and under
//! Miri, these functions do nothing.
#![allow(unsafe_code)]

/// Bytes of a cache line.
pub const LINE: usize = 64;

/// Starts to bring the cache line of any address into L1.
#[inline(always)]
pub fn read<T>(address: *const T) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the instruction reads nothing into the program and never faults, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = address;
}

/// Starts to take the cache line of any address from other cores, to be written here. A store does so, too, but stores
/// wait for each other: if another core has read every line since it was last written, as with circulating buffers,
/// each store would cost a round trip.
#[inline(always)]
pub fn write<T>(address: *const T) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: the instruction changes nothing that a program can see and never faults, whatever the address. Processors
    // that do not know it (Intel's before Broadwell) do nothing.
    unsafe {
        std::arch::asm!("prefetchw byte ptr [{}]", in(reg) address,
            options(nostack, preserves_flags, readonly));
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = address;
}

/// [`write()`] for every line of the `bytes` bytes from an address on.
#[inline(always)]
pub fn write_all<T>(address: *const T, bytes: usize) {
    for offset in (0..bytes).step_by(LINE) {
        write(address.wrapping_byte_add(offset));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_changes_whatever_the_address() {
        let bytes = vec![7u8; 1000];
        for offset in [0, 1, 999, 1000, 1 << 40, usize::MAX] {
            let address = bytes.as_ptr().wrapping_add(offset);
            read(address);
            write(address);
            write_all(address, 300);
        }
        read(std::ptr::null::<u8>());
        write(std::ptr::null::<u8>());
        assert!(bytes.iter().all(|&byte| byte == 7));
    }
}
