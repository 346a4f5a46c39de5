//! Corundum's application block as one design: with the parameters that Corundum gives it, and ports that have numbers for widths.
//!
//! ```text
//!  cosimulation of interface 0 ──▶ Interface ──┐
//!  cosimulation of interface 1 ──▶ Interface ──┼─▶ Shared: one model, one clock, one register bus
//!  master on the registers ──────▶ Control ────┘         └─▶ watch: what tdest says
//! ```
//!
//! | module | one idea |
//! |---|---|
//! | `bits` | a part of a bus |
//! | `bus` | whose turn it is on the register bus |
//! | [`shared`] | one model for several users, each on a thread of its own, in step |
//! | `watch` | what tdest says beside a queue |

mod bits;
mod bus;
pub mod shared;
mod watch;

use std::fmt::Write as _;

use scr_hdl::shell::corundum::{self, MODULE, Values};
use scr_hdl::{CoreConfig, Direction, Emitted, Port};
use scr_sim::build::{Design, ModelBuilder, Source};
use scr_sim::verilator::ModelLibrary;

use crate::sources;

/// Name of the module that stands around the block, in Corundum's place.
pub const TOP: &str = "corundum";

/// The block in its surroundings.
#[derive(Clone, Debug)]
pub struct Application {
    /// The block.
    pub emitted: Emitted,
    /// Its Verilog, and the module around it.
    pub sources: Vec<Source>,
    /// Ports of the module around it: those of the block.
    pub ports: Vec<Port>,
}

impl Application {
    /// The block with sequencers of `config`, one for each of `interfaces`, in a design with these parameters.
    pub fn new(config: &CoreConfig, interfaces: usize, parameters: &[(&str, i64)]) -> Self {
        let emitted = corundum::emit(config, interfaces, "scr_sequencer");
        let emitted = emitted.expect("a valid configuration");
        let ports = Values::with(parameters).ports();
        let mut sources = sources(&emitted);
        sources.push(Source {
            name: format!("{TOP}.v"),
            text: surroundings(parameters, &ports),
        });
        Self {
            emitted,
            sources,
            ports,
        }
    }

    /// What Corundum sets in a 100G design on the Alveo U250 with so many interfaces of `width` bits.
    pub fn u250(width: usize, interfaces: usize) -> Vec<(&'static str, i64)> {
        let mut parameters = Values::U250_100G.to_vec();
        parameters.retain(|(name, _)| *name != "IF_COUNT");
        parameters.push(("IF_COUNT", interfaces as i64));
        parameters.push(("AXIS_DATA_WIDTH", width as i64));
        parameters
    }
}

impl Application {
    /// The Verilator model of it, from the cache or built.
    pub fn model(&self) -> ModelLibrary {
        let design = Design {
            sources: &self.sources,
            top: TOP,
            ports: &self.ports,
        };
        let built = ModelBuilder::new().build(&design, &mut |_| {});
        built.unwrap_or_else(|error| panic!("{error}"))
    }
}

/// A module that has the block's ports and passes them on.
fn surroundings(parameters: &[(&str, i64)], ports: &[Port]) -> String {
    let declared = ports.iter().map(|port| {
        let direction = match port.direction {
            Direction::Input => "input",
            Direction::Output => "output",
        };
        let range = match port.bits {
            1 => String::new(),
            bits => format!("[{}:0] ", bits - 1),
        };
        format!("    {direction} wire {range}{}", port.name)
    });
    let chosen = parameters
        .iter()
        .map(|(name, value)| format!("    .{name}({value})"));
    let connected = ports.iter().map(|port| format!("    .{0}({0})", port.name));
    let join = |lines: Vec<String>| lines.join(",\n");
    let mut text = String::from("`default_nettype none\n\n");
    let _ = write!(
        text,
        "module {TOP} (\n{}\n);\n\n{MODULE} #(\n{}\n) application (\n{}\n);\n\nendmodule\n",
        join(declared.collect()),
        join(chosen.collect()),
        join(connected.collect())
    );
    text
}
