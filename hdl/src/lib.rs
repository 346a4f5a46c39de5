//! The sequencer of State-Compute Replication as synthesizable rust-hdl, and its Verilog.
//!
//! ```text
//!  CoreConfig ──▶ core (rust-hdl blocks) ──┬─▶ verilog ──▶ emit: files, manifest, ports
//!  (profile,        └─▶ primitive          └─▶ simulate: rust-hdl's own simulator ──▶ Dut
//!   N, width)           (memories, wiring)
//! ```
//!
//! | module | one idea |
//! |---|---|
//! | [`config`] | what a sequencer is generated from |
//! | [`mod@core`] | the datapath, block by block, in the order in which a packet meets them |
//! | [`primitive`] | memories and wiring, which rust-hdl's language cannot express |
//! | [`verilog`] | from rust-hdl's syntax tree to Verilog that reads as if written by hand |
//! | [`mod@emit`] | files, manifest and ports of a configuration |
//! | [`shell`] | the blocks of NIC shells around it |
//! | [`mod@simulate`] | the same design on rust-hdl's simulator |
//! | [`interface`] | the ports of the top module, described once |
//! | [`port`] | the interface through which every simulation is driven |
//!
//! ```
//! use scr_hdl::{CoreConfig, emit};
//! use scr_wire::profile;
//!
//! let design = emit(&CoreConfig::new(&profile::FLOW))?;
//! assert_eq!(design.top, "scr_sequencer");
//! assert!(design.files[0].1.contains("input  wire [511:0] s_axis_tdata,"));
//! # Ok::<(), scr_hdl::BuildError>(())
//! ```
#![forbid(unsafe_code)]

pub mod config;
pub mod core;
pub mod emit;
pub mod interface;
pub mod port;
pub mod primitive;
pub mod shell;
pub mod simulate;
pub mod verilog;

pub use config::{BuildError, CoreConfig, TopProblem};
pub use emit::{Emitted, Manifest, emit};
pub use port::{Direction, Dut, Port};
pub use simulate::simulate;
