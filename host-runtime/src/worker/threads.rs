//! Many tasks on few threads.
//!
//! Tasks never block, so one thread can serve any number of them in turn, and a task that waits for another one on the
//! same thread does not keep it from going on.

use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Result of a call to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Poll {
    /// Something was done, and there may be more to do.
    Busy,
    /// Nothing could be done now.
    Idle,
    /// Nothing is left to do, ever.
    Finished,
}

/// Something that a thread does in small pieces.
pub trait Task {
    /// Does a piece of work, without waiting for anything.
    fn poll(&mut self) -> Poll;
}

/// Raised when a run has to be given up: a task failed or panicked.
#[derive(Debug, Default)]
pub struct StopFlag(AtomicBool);

impl StopFlag {
    /// Gives the run up.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether the run has been given up.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Raises [`StopFlag`] when a thread panics, so that the others do not wait for it.
pub(crate) struct OnPanic<'a>(&'a StopFlag);

impl<'a> OnPanic<'a> {
    pub(crate) fn new(stop: &'a StopFlag) -> Self {
        Self(stop)
    }
}

impl Drop for OnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.raise();
        }
    }
}

/// Serves `tasks` until all are finished or the run is given up.
pub fn serve(mut tasks: Vec<Box<dyn Task + Send + '_>>, stop: &StopFlag) {
    let _guard = OnPanic(stop);
    let mut backoff = Backoff::default();
    while !tasks.is_empty() && !stop.is_raised() {
        let mut busy = false;
        tasks.retain_mut(|task| match task.poll() {
            Poll::Busy => {
                busy = true;
                true
            }
            Poll::Idle => true,
            Poll::Finished => {
                busy = true;
                false
            }
        });
        if busy {
            backoff.reset();
        } else {
            backoff.wait();
        }
    }
}

/// Threads that serve tasks, next to the one that feeds them: as many as the machine runs at once, less that one.
pub fn available() -> usize {
    thread::available_parallelism()
        .map_or(1, NonZero::get)
        .saturating_sub(1)
        .max(1)
}

/// Waiting that costs little when it is short and little when it is long: spin, then yield, then sleep.
#[derive(Debug, Default)]
pub struct Backoff {
    rounds: u32,
}

impl Backoff {
    const SPINS: u32 = 32;
    const YIELDS: u32 = 64;
    const SLEEP: Duration = Duration::from_micros(50);

    /// There was something to do.
    pub fn reset(&mut self) {
        self.rounds = 0;
    }

    /// There was nothing to do, again.
    pub fn wait(&mut self) {
        if self.rounds < Self::SPINS {
            std::hint::spin_loop();
        } else if self.rounds < Self::SPINS + Self::YIELDS {
            thread::yield_now();
        } else {
            thread::sleep(Self::SLEEP);
        }
        self.rounds = self.rounds.saturating_add(1);
    }
}
