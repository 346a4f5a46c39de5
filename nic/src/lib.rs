//! A NIC with a sequencer as the host sees it, whatever implements it: hardware, its simulation, or the golden model.
//!
//! ```text
//!  packet ──▶ Nic::offer ──▶ [parse, number, prefix, steer] ──▶ FrameSink::frame(queue, bytes)
//!                                        ▲
//!  SequencerControl ──▶ RegisterAccess ──┘  simulated AXI4-Lite bus, PCI BAR, …
//!  identify, check,      read, write
//!  configure, counters
//! ```
//!
//! | module | content |
//! |---|---|
//! | [`mod@nic`] | packets in, frames out, in order |
//! | [`steering`] | the queue of each of the sequencer's cores |
//! | [`model`] | the golden sequencer as a NIC |
//! | [`registers`] | the sequencer's registers: identify, check, configure, read counters |
//! | [`pci`] | the registers of a PCI device: those of its sequencers, and of the NIC around them (Linux only) |
//!
//! This crate knows nothing of captures, workers or threads. A driver for a NIC implements [`Nic`] for its data path
//! and [`RegisterAccess`] for its register window; `scr_sim::nic` does so for simulated hardware.
#![deny(unsafe_code)]

pub mod model;
pub mod nic;
#[cfg(target_os = "linux")]
pub mod pci;
pub mod registers;
pub mod steering;

pub use model::Model;
pub use nic::{Activity, FrameSink, Nic, NicReport};
pub use registers::{Counters, RegisterAccess, SequencerControl, Settings};
pub use steering::SteeringMap;

/// An error from a part that another crate supplies.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
