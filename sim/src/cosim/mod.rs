//! Cosimulation: a block compared with the golden model, every byte and every cycle.
//!
//! ```text
//!            ┌──▶ the block ──▶ rules of AXI4-Stream ──┐
//!  steps ────┤    (source and sink in patterns)        ├──▶ equal, or a Mismatch with packet, cycle, byte
//!            └──▶ scr_wire::Sequencer ─────────────────┘
//! ```
//!
//! | module | content |
//! |---|---|
//! | `packets` | the nasty mix: every boundary case of the parser and of the datapath |
//! | `steps` | the steps of a run: packets, changes of settings, resets, pauses |
//! | `config`, `report` | what a run is to do, and what it saw |
//! | `engine` | a run, cycle by cycle |
//! | `stimulus` | what is done to the block: beats and garbage, register writes, resets |
//! | `observe` | what is expected of it: frames, rules, times, counters |
//! | `mismatch` | the mismatch and its place |
//! | `lockstep` | two blocks with the same inputs, every output compared in every cycle |
//! | `evidence` | the files that a failure leaves: packets, waveform, a note |
//! | `strategies` | the mix as proptest strategies, which shrink (feature `testing`) |
//!
//! # When settings change
//!
//! Hardware samples its settings between two frames, some cycles after a register was written, so between the start of
//! a write and its response either may apply. Writes follow each other without a pause, so while a frame waits inside
//! there may be many. A frame whose first output beat was at the output when a write began does not have the new
//! setting; one whose first beat was accepted after the response (and [`grace_cycles`](CosimConfig::grace_cycles)) has
//! it; after the first frame that has it, all have it. Each frame is checked byte for byte against the possible
//! results.

mod config;
mod engine;
mod evidence;
mod lockstep;
mod mismatch;
mod observe;
mod packets;
mod report;
mod steps;
mod stimulus;
#[cfg(feature = "testing")]
pub mod strategies;

pub use config::CosimConfig;
pub use engine::run;
pub use evidence::{Evidence, EvidenceError, keep_evidence};
pub use lockstep::{Divergence, lockstep};
pub use mismatch::{Mismatch, MismatchKind};
pub use packets::{Fragment, Network, Shape, TestPacket, Transport, random_packets};
pub use report::CosimReport;
pub use steps::{Plan, Setting, Step};
pub use stimulus::writes::SettingError;
