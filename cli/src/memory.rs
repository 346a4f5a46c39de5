//! Running out of memory: an error and its exit status, as for any other failure.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::output::staged;

/// The user's way to make a command need less memory.
static REMEDY: OnceLock<&'static str> = OnceLock::new();

/// Sets the advice on how this run can need less memory.
pub fn remedy(text: &'static str) {
    // A run has only one command.
    let _ = REMEDY.set(text);
}

/// The system's allocator. If it runs out of memory, the program ends with an error.
pub struct Reporting;

// SAFETY: every call goes to `System` with the caller's own arguments, so whatever holds for them and for the results
// of `System` holds here; the only difference is that null is never returned, because the program has ended instead.
unsafe impl GlobalAlloc for Reporting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        had(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        had(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise; `old` is from `System`, because all memory here is.
        had(unsafe { System.realloc(old, layout, size) }, size)
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(old, layout) }
    }
}

#[inline(always)]
fn had(memory: *mut u8, bytes: usize) -> *mut u8 {
    if memory.is_null() {
        out_of_memory(bytes);
    }
    memory
}

#[cold]
#[inline(never)]
fn out_of_memory(bytes: usize) -> ! {
    static SAID: AtomicBool = AtomicBool::new(false);
    // The following may need memory, too, and other threads may run out at the same time: only the first reports.
    if SAID.swap(true, Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(200));
    } else {
        let mut text = [0; 512];
        let mut rest = &mut text[..];
        let remedy = REMEDY
            .get()
            .unwrap_or(&"allow the program more memory (`ulimit -v`)");
        // The text fits; if it did not, most of it would be there.
        let _ = write!(
            rest,
            "error: out of memory: {bytes} bytes more could not be had\nhelp: {remedy}\n"
        );
        let free = rest.len();
        let said = text.len() - free;
        // If standard error cannot be written either, the exit status has to do.
        let _ = io::stderr().write_all(&text[..said]);
        staged::remove_all();
    }
    signal_hook::low_level::exit(2)
}
