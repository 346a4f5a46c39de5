//! The SCR sequencer in rust-hdl.
#![forbid(unsafe_code)]
#![allow(missing_docs)]
pub mod config;
pub mod core;
pub mod emit;
pub mod port;
pub mod primitive;
pub mod simulate;
pub mod verilog;
pub use config::{BuildError, CoreConfig};
pub use emit::{Emitted, Manifest, emit};
pub use port::{Direction, Dut, Port};
pub use simulate::simulate;
