//! After warm-up the worker loop allocates nothing, whatever the function.
#![allow(unsafe_code)]

#[path = "../benches/support/frames.rs"]
mod frames;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use frames::{Lane, flags, options};
use scr_nf::{NAMES, NetworkFunction, Selected, Visitor};
use scr_wire::{Profile, profile};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counting.
struct Counting;

// SAFETY: every call goes on to the system's allocator as it is; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are the system's.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Count<'a> {
    name: &'a str,
    profile: &'a Profile,
    cores: u8,
    flows: u64,
}

impl Visitor for Count<'_> {
    type Output = (u64, u64);

    /// Allocations and releases in the first round and in the ten after.
    fn visit<F: NetworkFunction>(self, function: F) -> (u64, u64) {
        let flags = flags(self.name);
        let mut lane = Lane::new(
            function.clone(),
            self.profile,
            self.cores,
            self.flows,
            1 << 16,
            flags,
        );
        let start = ALLOCATIONS.get();
        lane.round();
        let warm = ALLOCATIONS.get();
        for _ in 0..10 {
            lane.round();
        }
        let after = ALLOCATIONS.get() - warm;
        // It had something to do.
        let entries = function.entries(lane.state()).len() as u64;
        assert!(
            entries >= self.flows.min(20_000) / 2,
            "{}: {entries}",
            self.name
        );
        (warm - start, after)
    }
}

#[test]
fn the_worker_loop_allocates_nothing() {
    let mut counted = 0;
    for &name in NAMES {
        let bound: &[&str] = match name {
            "nat" => &["ports=1024-21023", "no-timeout"],
            _ => &["capacity=20000"],
        };
        // Of NAT as many mappings as others have entries, so at one address.
        let served = options(name).iter().filter(|_| name != "nat");
        let options: Vec<_> = served.chain(bound).copied().collect();
        let selected = Selected::new(name, &options).unwrap();
        let smallest = selected.smallest_profile();
        // Tables that fit L2, tables that are looked ahead in, and tables that evict all the time.
        for flows in [1_000, 20_000, 60_000] {
            for (profile, cores) in [(smallest, 1), (smallest, 7), (&profile::FLOW6_TIME, 4)] {
                let count = Count {
                    name,
                    profile,
                    cores,
                    flows,
                };
                let (warm_up, after) = selected.with(profile, count).unwrap();
                counted += warm_up;
                assert_eq!(after, 0, "{name}, {flows} flows, k = {cores}");
            }
        }
    }
    assert!(counted > 0, "the count does not count");
}
