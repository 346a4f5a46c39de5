//! What a NIC with a sequencer is to the host, whatever is behind it: hardware, its simulation, or the golden model.
//!
//! ```text
//!  packet ──▶ Nic::offer ──▶ [parse, number, prefix, steer] ──▶ FrameSink::frame(queue, bytes)
//!                                        ▲
//!  SequencerControl ──▶ RegisterAccess ──┘  simulated AXI4-Lite bus, PCI BAR, …
//!  identify, check,      read, write
//!  configure, counters
//! ```
//!
//! | module | one idea |
//! |---|---|
//! | [`mod@nic`] | packets in, frames out, in order |
//! | [`steering`] | which queue each of the sequencer's cores has |
//! | [`model`] | the golden sequencer as a NIC |
//! | [`registers`] | the sequencer behind its registers: identify, check, configure, read counters |
//!
//! Nothing here knows captures, workers or threads. A driver for a NIC implements [`Nic`] for its data path and
//! [`RegisterAccess`] for its register window; `scr_sim::nic` does for simulated hardware.
#![forbid(unsafe_code)]

pub mod model;
pub mod nic;
pub mod registers;
pub mod steering;

pub use model::Model;
pub use nic::{Activity, FrameSink, Nic, NicReport};
pub use registers::{Counters, RegisterAccess, SequencerControl};
pub use steering::SteeringMap;

/// An error of a part that other crates supply.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
