//! The SCR sequencer in rust-hdl.
pub mod port;
pub use port::{Direction, Dut, Port};
