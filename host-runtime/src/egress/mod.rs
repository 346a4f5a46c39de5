//! The way out: workers' outcomes, merged in order of arrival.
//!
//! ```text
//!  worker 0 ─▶ ┐
//!  worker 1 ─▶ ├─▶ resequencer ─▶ compared with the single thread ─▶ report, packets, events
//!  …        ─▶ │   (window)
//!  passed by ▶ ┘
//! ```

mod merge;
pub mod resequencer;
mod tombstone;

pub use merge::{Egress, EgressConfig, EgressReport, Outcomes, PacketSink};
pub use resequencer::Resequencer;
pub use tombstone::{Tombstone, Tombstones};
