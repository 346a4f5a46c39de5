//! The host side of State-Compute Replication (SCR).
//!
//! k workers, each with a private replica of a network function's state. A worker takes frames from its queue, applies
//! the rows that it has not applied yet, oldest first, and decides its own packet's verdict from the effect of row 0.
//!
//! ```text
//!  device ──▶ dispatch ──▶ worker 0 … worker k−1 ──▶ egress ──▶ report, packets, state, events
//!  (frames     (lanes,      (nf on a table;           (in order of arrival,
//!   in order)   back-        recovery: holes           verified against one thread)
//!               pressure)    from peers' logs)
//! ```
//!
//! | module | one idea |
//! |---|---|
//! | [`device`] | where frames come from: sources, NICs and wrappers around them |
//! | [`dispatch`] | batches on their way to the workers, with back-pressure and without copies |
//! | [`worker`] | one replica, kept by taking frames; its queue; threads |
//! | [`recovery`] | rows that a worker's own frames do not hold, from its peers' logs |
//! | [`membership`] | workers that die, leave and join, while traffic goes on |
//! | [`egress`] | outcomes in order of arrival |
//! | [`verify`] | the single thread they are compared with |
//! | [`run`] | a whole run and its report |
//!
//! **The theorem.** With S(n) the state after a single thread has applied rows 0..=n in order: after handling the packet
//! with sequence number s a replica equals S(s), and the packet's verdict is the one that the single thread gives. Rows
//! that no surviving frame carried are applied by no replica, all others by every one. [`replay()`] checks it on every
//! run.
//!
//! ```
//! use scr_nic::Model;
//! use scr_runtime::device::{MemorySource, NicDevice};
//! use scr_nf::Selected;
//! use scr_runtime::{Outputs, ReplayConfig, replay};
//!
//! let function = Selected::new("heavy-hitter", &["threshold=1000"])?;
//! let profile = function.smallest_profile();
//! let mut packets = MemorySource::default();
//! packets.push(&[0; 60]); // not IP: passes by
//!
//! let nic = Model::new(profile, 64, scr_wire::Config::new(4, 2))?;
//! let config = ReplayConfig::new(function, profile, 4, 2);
//! let mut device = NicDevice::new(packets, nic);
//! let report = replay(&config, &mut device, Outputs::default(), &mut |_| {})?;
//! assert_eq!((report.packets, report.passed_by, report.verified), (1, 1, Some(true)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(unsafe_code)]
// The parts that only whole runs use.
#![cfg_attr(not(feature = "run"), allow(dead_code))]

pub mod device;
pub mod dispatch;
pub mod egress;
pub mod membership;
pub mod recovery;
pub mod run;
pub mod verify;
pub mod worker;

pub use device::Device;
pub use egress::PacketSink;
pub use run::{Outputs, PerCore, Progress, ReplayConfig, ReplayError, ReplayReport};
#[cfg(feature = "run")]
pub use run::{replay, replay_own};
pub use worker::EventLevel;
