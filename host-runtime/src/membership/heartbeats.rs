//! Signs of life, written by the threads that serve workers and read by the receive loop.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Signs of life of one place's worker. Written with every call, hence on cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct Heartbeat {
    beats: AtomicU64,
    vacant: AtomicBool,
    finished: AtomicBool,
}

impl Heartbeat {
    /// Records that the worker was called and returned. Only for the thread that serves the worker.
    #[inline]
    pub fn beat(&self) {
        // One writer: no other may come between.
        let beats = self.beats.load(Ordering::Relaxed);
        self.beats.store(beats.wrapping_add(1), Ordering::Relaxed);
    }

    /// Number of calls so far.
    pub fn beats(&self) -> u64 {
        self.beats.load(Ordering::Relaxed)
    }

    /// Records that there is no worker here (any more) and that the place may be used again. A crash shows as a member's
    /// place that becomes vacant.
    pub fn vacate(&self) {
        self.vacant.store(true, Ordering::Release);
    }

    /// Whether there is no worker here.
    pub fn is_vacant(&self) -> bool {
        self.vacant.load(Ordering::Acquire)
    }

    /// Records that a worker is about to start here.
    pub fn occupy(&self) {
        self.vacant.store(false, Ordering::Release);
    }

    /// Records that the worker has finished and has handed everything on.
    pub fn finish(&self) {
        self.finished.store(true, Ordering::Release);
    }

    /// Whether the worker has finished.
    pub fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }
}

/// The heartbeats of all places.
#[derive(Debug)]
pub struct Heartbeats(Box<[Heartbeat]>);

impl Heartbeats {
    /// Heartbeats for `places` places, all occupied.
    pub fn new(places: usize) -> Self {
        Self((0..places).map(|_| Heartbeat::default()).collect())
    }

    /// The heartbeat of place `place`, if there is such a place.
    pub fn get(&self, place: u16) -> Option<&Heartbeat> {
        self.0.get(usize::from(place))
    }

    /// Number of places.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no place.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
