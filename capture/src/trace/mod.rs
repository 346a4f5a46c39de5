//! Synthetic traffic: whole traces from a description and a seed.
//!
//! ```
//! use scr_capture::trace::{Skew, TraceConfig, TraceGenerator};
//!
//! let config = TraceConfig { packets: 1_000, skew: Skew::Zipf(1.2), ..TraceConfig::default() };
//! let mut generator = TraceGenerator::new(&config)?;
//! let mut bytes = 0;
//! while let Some(packet) = generator.next_packet() {
//!     bytes += packet.data.len();
//! }
//! assert!(bytes > 60_000);
//! # Ok::<(), scr_capture::trace::OptionError>(())
//! ```
//!
//! Packets are generated one by one, so memory grows only with the number of flows. Nothing depends on the platform:
//! the random numbers are specified, logarithms and powers come from a portable library, and no clock is read.

mod alias;
mod config;
mod distribution;
mod flow;
mod generator;
mod malformed;
mod options;
mod random;

pub use config::{MAX_FLOWS, Preset, TraceConfig};
pub use distribution::FlowSizes;
pub use generator::TraceGenerator;
pub use options::{Arrivals, Oddities, OptionError, Pattern, Protocols, Sizes, Skew};
