//! Cycle-accurate simulation of the SCR sequencer.
//!
//! ```text
//!  Verilog ──▶ build ──▶ verilator ──┐
//!                                    ├─▶ Dut ──▶ stream ──▶ nic    (packets in, frames out)
//!             rust-hdl's simulator ──┘                └───▶ cosim  (checked against the golden model)
//! ```
//!
//! | module | content |
//! |---|---|
//! | [`build`] | a Verilator model of exactly the given Verilog, built on demand, cached by content |
//! | [`verilator`] | this model as a [`Dut`](scr_hdl::Dut) |
//! | [`stream`] | a sequencer's ports as AXI4-Streams, its settings, the rules of its output |
//! | [`nic`] | the simulated NIC: packets in, frames out, cycles counted |
//! | [`cosim`] | a block compared with the golden model, every byte and every cycle; two blocks in lockstep |
//! | [`sequencer`] | building a sequencer's model from its parameters |
//! | `software` | a stand-in for the hardware, with faults on request, for tests (feature `testing`) |
#![deny(unsafe_code)]

pub mod build;
pub mod cosim;
pub mod nic;
pub mod sequencer;
#[cfg(feature = "testing")]
pub mod software;
pub mod stream;
pub mod verilator;
