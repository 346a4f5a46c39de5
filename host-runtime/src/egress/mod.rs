//! The way out: workers' outcomes, merged in order of arrival.
//!
//! ```text
//!  worker 0 ─▶ ┐                ┌─▶ judge   (crate::verify: is it what the single thread says?)
//!  worker 1 ─▶ ├─▶ order ─▶ exit├─▶ tally   (how many went which way)
//!  …        ─▶ │   (window)     └─▶ sink    (packets, events)
//!  passed by ▶ ┘
//! ```
//!
//! | module | one idea |
//! |---|---|
//! | [`order`] | outcomes into order of arrival |
//! | `tally` | how many packets went which way |
//! | `sink` | packets out, and events |
//! | `task` | what each frame meets when its turn has come; the egress as a task |

pub mod order;
mod sink;
mod tally;
mod task;

pub use order::{Resequencer, Tombstone, Tombstones};
pub use sink::PacketSink;
pub use tally::EgressReport;
pub use task::{Egress, EgressConfig, Outcomes};
