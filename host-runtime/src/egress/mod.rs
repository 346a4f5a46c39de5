//! The way out: workers' outcomes, merged in order of arrival.
//!
//! ```text
//!  worker 0 ─▶ ┐
//!  worker 1 ─▶ ├─▶ resequencer ─▶ compared with the single thread ─▶ report, packets, events
//!  …        ─▶ │   (window)
//!  passed by ▶ ┘
//! ```

mod burial;
mod merge;
pub mod resequencer;

pub use burial::{Burial, Burials};
pub use merge::{Egress, EgressConfig, EgressReport, Outcomes, PacketSink};
pub use resequencer::Resequencer;
