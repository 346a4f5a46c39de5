//! Cosimulation: a block against the golden model, every byte and every cycle.
//!
//! ```text
//!            ┌──▶ the block ──▶ rules of AXI4-Stream ──┐
//!  steps ────┤    (source and sink in patterns)        ├──▶ equal, or a Mismatch with packet, cycle, byte
//!            └──▶ scr_wire::Sequencer ─────────────────┘
//! ```
//!
//! | module | one idea |
//! |---|---|
//! | `packets` | the nasty mix: every boundary case of the parser and of the datapath |
//! | `steps` | what a run does: packets, changes of settings, resets, pauses |
//! | `engine` | drives the block and collects what comes out |
//! | `checker` | decides whether a frame is right, also near a change of settings |
//! | `counts` | what the block's counters must show at the end |
//! | `mismatch` | what went wrong, where |
//! | `lockstep` | two blocks, the same inputs, every output compared in every cycle |
//! | `evidence` | what a failure leaves behind: packets, waveform, a note |
//! | `strategies` | the mix as proptest strategies, which shrink (feature `testing`) |
//!
//! # When settings change
//!
//! Hardware samples its settings between two frames, some cycles after a register was written, so between the beginning of a
//! write and its response either may be right. Writes follow each other without a pause, so while a frame waits inside
//! there may be many. A frame whose first output beat stood at the output when a write began does not have it; one whose first
//! beat was accepted after the response (and [`grace_cycles`](CosimConfig::grace_cycles)) has it; after the first frame
//! that has it, all have it. Each frame is checked byte for byte against what it can then be.

mod checker;
mod counts;
mod engine;
mod evidence;
mod lockstep;
mod mismatch;
mod packets;
mod steps;
#[cfg(feature = "testing")]
pub mod strategies;

pub use engine::{CosimConfig, CosimReport, run};
pub use evidence::{Evidence, EvidenceError, keep_evidence};
pub use lockstep::{Divergence, lockstep};
pub use mismatch::{Mismatch, MismatchKind};
pub use packets::{Fragment, Network, Shape, TestPacket, Transport, random_packets};
pub use steps::{Plan, Setting, Step};
