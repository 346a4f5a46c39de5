//! Signs of life.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What a place says of its worker. On cache lines of its own: it is written with every call.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct Place {
    beats: AtomicU64,
    vacant: AtomicBool,
    finished: AtomicBool,
}

impl Place {
    /// The worker was called and came back. Only the thread that serves the worker says so.
    #[inline]
    pub fn beat(&self) {
        // One writer: no other may come between.
        let beats = self.beats.load(Ordering::Relaxed);
        self.beats.store(beats.wrapping_add(1), Ordering::Relaxed);
    }

    /// Calls so far.
    pub fn beats(&self) -> u64 {
        self.beats.load(Ordering::Relaxed)
    }

    /// There is no worker here (any more), and the place may be used again. A member's place that becomes vacant is how
    /// a crash shows.
    pub fn vacate(&self) {
        self.vacant.store(true, Ordering::Release);
    }

    /// Whether there is no worker here.
    pub fn is_vacant(&self) -> bool {
        self.vacant.load(Ordering::Acquire)
    }

    /// A worker is on its way here.
    pub fn occupy(&self) {
        self.vacant.store(false, Ordering::Release);
    }

    /// The worker has come to its end and handed everything on.
    pub fn finish(&self) {
        self.finished.store(true, Ordering::Release);
    }

    /// Whether it has.
    pub fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }
}

/// All places.
#[derive(Debug)]
pub struct Roster(Box<[Place]>);

impl Roster {
    /// `places` places.
    pub fn new(places: usize) -> Self {
        Self((0..places).map(|_| Place::default()).collect())
    }

    /// Place `place`, if there is one.
    pub fn get(&self, place: u16) -> Option<&Place> {
        self.0.get(usize::from(place))
    }

    /// Places there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no place.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
