//! A sequencer's ports as streams: what the simulated NIC and the cosimulation have in common.
//!
//! | module | one idea |
//! |---|---|
//! | `ports` | the AXI4-Stream ports of a block, found by name, widths from the port list |
//! | `user` | tuser: the receive timestamp and the bad-frame flag in Corundum's layout |
//! | `registers` | the AXI4-Lite ports of a block, and a master on them |
//! | `pattern` | when a source offers and a sink takes: always, at random, in bursts, … |
//! | `rules` | the rules of AXI4-Stream that an output must keep, checked every cycle |
//!
//! In each cycle outputs are read, then inputs are chosen, then the clock ticks. A beat is accepted in the
//! cycle in which `tvalid` and `tready` are both high before the tick.

mod pattern;
mod ports;
mod registers;
mod rules;
mod user;

pub use pattern::{Pattern, PatternState};
pub use ports::{Beat, MAX_BEAT_BYTES, PortError, StreamPorts};
pub use registers::{Access, Answer, Delays, NoAnswer, RegisterBus};
pub use rules::{Rules, Signal, Violation};
pub use scr_nic::Settings;
pub use user::User;
