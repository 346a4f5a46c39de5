//! From a device's batches to the workers' queues.
//!
//! ```text
//!            ┌──────────── free bursts ◀────────────┐
//!            ▼                                     │
//!  device ─▶ burst ──▶ queue of worker 0 ──▶ ┐      │
//!                 ──▶ queue of worker 1 ──▶ ├─▶ egress
//!                 ──▶ …                ──▶ ┘
//! ```
//!
//! All workers that are there get every burst, in order, and each takes the frames of its own lane: nothing is copied per
//! queue, no partial batch can be left behind, and a worker without frames learns how far the others are. A burst
//! circulates: when all workers have handed it to the egress, it returns to be filled again.
//!
//! **Nothing can block for ever.** Every queue has room for all bursts there are, so putting one never waits; only taking
//! does, and the chain of who waits for whom (dispatcher for egress, egress for workers, workers for the dispatcher or
//! for peers that have the same burst) ends at a worker that can go on. One that does not is declared dead by the receive loop
//! ([`membership`](crate::membership)), and its share of the burst is no longer waited for.

mod burst;
mod dispatcher;

pub use burst::{Burst, Entry, Message, Segment};
pub use dispatcher::Dispatcher;
