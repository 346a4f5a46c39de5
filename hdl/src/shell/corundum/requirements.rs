//! What Corundum's parameters must be for the block that was emitted.

use std::fmt;

use scr_wire::registers::shell::WINDOW_BITS;

use super::{APP_ID, DEST};
use crate::CoreConfig;
use crate::core::{ID, TIME, USER};

/// What a parameter must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Name of the parameter.
    pub parameter: &'static str,
    /// How its value and the next compare, in Verilog.
    pub relation: &'static str,
    /// The value.
    pub value: u64,
    /// What makes it so.
    pub why: &'static str,
}

impl Requirement {
    /// The value as Verilog writes it.
    pub fn literal(&self) -> String {
        match self.parameter {
            "APP_ID" => format!("32'h{:08x}", self.value),
            _ => self.value.to_string(),
        }
    }
}

/// The requirement's row in the documentation's table.
impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let relation = match self.relation {
            "==" => "",
            "<=" => "at most ",
            _ => "at least ",
        };
        let (parameter, value) = (self.parameter, self.literal());
        write!(f, "| `{parameter}` | {relation}`{value}` | {} |", self.why)
    }
}

/// Address bits of the registers of so many interfaces.
pub fn address_bits(interfaces: usize) -> usize {
    WINDOW_BITS + interfaces.next_power_of_two().trailing_zeros() as usize
}

/// What the parameters must be where the sequencers are of `config` and there are so many interfaces.
pub fn requirements(config: &CoreConfig, interfaces: usize) -> Vec<Requirement> {
    let is = |parameter, relation, value: usize, why| Requirement {
        parameter,
        relation,
        value: value as u64,
        why,
    };
    let width = config.width;
    vec![
        is(
            "APP_ID",
            "==",
            APP_ID as usize,
            "this is another application",
        ),
        is("IF_COUNT", "==", interfaces, "--interfaces of scr emit"),
        is("AXIS_IF_DATA_WIDTH", "==", width, "--width of scr emit"),
        is("AXIS_IF_KEEP_WIDTH", "==", width / 8, "bytes of the width"),
        is("PTP_TS_WIDTH", "==", TIME, "layout of the timestamp"),
        is("AXIS_IF_RX_USER_WIDTH", "==", USER, "timestamp and flag"),
        is("AXIS_IF_RX_DEST_WIDTH", "==", DEST, "direct, and a queue"),
        is(
            "AXIS_IF_RX_ID_WIDTH",
            "<=",
            ID,
            "most ports of an interface",
        ),
        is("APP_AXIS_IF_ENABLE", "==", 1, "else no packet comes here"),
        is("APP_CTRL_ENABLE", "==", 1, "else no register is reached"),
        is("AXIL_APP_CTRL_DATA_WIDTH", "==", 32, "registers are words"),
        is(
            "AXIL_APP_CTRL_ADDR_WIDTH",
            ">=",
            address_bits(interfaces),
            "registers of all interfaces",
        ),
        is("AXIL_APP_CTRL_ADDR_WIDTH", "<=", 32, "most address bits"),
    ]
}
