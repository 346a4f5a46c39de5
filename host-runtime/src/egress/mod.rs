//! The way out: workers' outcomes, merged in order of arrival.
//!
//! ```text
//!  worker 0 ─▶ ┐                ┌─▶ judge   (crate::verify: is it what the single thread gives?)
//!  worker 1 ─▶ ├─▶ order ─▶ exit├─▶ tally   (counts)
//!  …        ─▶ │   (window)     └─▶ sink    (packets, events)
//!  passed by ▶ ┘
//! ```
//!
//! | module | one idea |
//! |---|---|
//! | [`order`] | outcomes into order of arrival |
//! | `tally` | counts of packets by what became of them |
//! | `sink` | packets out, and events |
//! | `task` | the egress as a task: what each frame passes in its turn |

pub mod order;
mod sink;
mod tally;
mod task;

pub use order::{Resequencer, Tombstone, Tombstones};
pub use sink::PacketSink;
pub use tally::EgressReport;
pub use task::{Egress, EgressConfig, Outcomes};
