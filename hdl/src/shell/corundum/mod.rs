//! The application block of Corundum, `mqnic_app_block`: one sequencer on the receive path of each interface.
//!
//! Corundum instantiates the block by the names of its parameters and ports. [`PARAMETERS`] and [`GROUPS`] list them, once; the
//! Verilog of the block, its documentation and the simulations of it are made from these lists, and a test holds them against a
//! table of facts taken from Corundum (`hdl/tests/hardware/data/corundum_app_block.csv`).
//!
//! | module | one idea |
//! |---|---|
//! | `table` | the lists |
//! | [`expression`] | the value of an expression of parameters, such as a port's width |
//! | [`values`] | the parameters' values in one design, and the widths of its ports |
//! | [`requirements`] | what the parameters' values must be |
//! | `block` | the block as Verilog |
//! | `emit` | all files, with the sequencer's and the manifest |

mod block;
mod emit;
pub mod expression;
pub mod requirements;
mod table;
pub mod values;

use scr_wire::registers;

use crate::port::Direction;

pub use emit::{MAX_INTERFACES, emit};
use table::{with_groups, with_parameters};
pub use values::Values;

/// Name of the module that Corundum instantiates.
pub const MODULE: &str = "mqnic_app_block";

/// What Corundum's parameter `APP_ID` must be: "SCR1", as the sequencer's register `ID` says. The host's driver is found by it.
pub const APP_ID: u32 = registers::ID_VALUE;

/// Bits of the parts of `tdest` that Corundum looks at: 8 bits of a queue, and the bit that says that they are one.
pub const DEST: usize = 9;

/// A parameter of the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Name.
    pub name: &'static str,
    /// The expression that is its default: of parameters before it.
    pub default: &'static str,
}

/// What drives an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drive {
    /// All zeros.
    Low,
    /// All ones.
    High,
    /// The input of this name.
    Same(&'static str),
    /// The sequencers and what is around them.
    Logic,
}

/// A port of the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockPort {
    /// Name.
    pub name: &'static str,
    /// Width: an expression of parameters.
    pub width: &'static str,
    /// What drives it, if it is an output.
    pub drive: Option<Drive>,
}

impl BlockPort {
    /// Direction.
    pub const fn direction(&self) -> Direction {
        match self.drive {
            None => Direction::Input,
            Some(_) => Direction::Output,
        }
    }
}

/// Ports that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// What they are.
    pub name: &'static str,
    /// What the block does with them, and why.
    pub treatment: &'static str,
    /// The ports.
    pub ports: &'static [BlockPort],
}

macro_rules! parameters {
    ($($name:ident $default:literal;)*) => {
        /// All parameters, in the order of Corundum's list.
        pub const PARAMETERS: &[Parameter] = &[
            $(Parameter { name: stringify!($name), default: $default },)*
        ];
    };
}
with_parameters!(parameters);

macro_rules! drive {
    (input) => {
        None
    };
    (output low) => {
        Some(Drive::Low)
    };
    (output high) => {
        Some(Drive::High)
    };
    (output logic) => {
        Some(Drive::Logic)
    };
    (output same $input:ident) => {
        Some(Drive::Same(stringify!($input)))
    };
}

macro_rules! groups {
    ($(group $group:literal, $treatment:literal {
        $($direction:ident $name:ident $width:literal $($drive:ident)*;)*
    })*) => {
        /// All ports by groups, in the order of Corundum's list.
        pub const GROUPS: &[Group] = &[
            $(Group {
                name: $group,
                treatment: $treatment,
                ports: &[
                    $(BlockPort {
                        name: stringify!($name),
                        width: $width,
                        drive: drive!($direction $($drive)*),
                    },)*
                ],
            },)*
        ];
    };
}
with_groups!(groups);

/// All ports, in the order of Corundum's list.
pub fn ports() -> impl Iterator<Item = &'static BlockPort> {
    GROUPS.iter().flat_map(|group| group.ports)
}

/// The group's row in the documentation's table.
impl std::fmt::Display for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let outputs = self.ports.iter().filter(|port| port.drive.is_some());
        let (ports, outputs) = (self.ports.len(), outputs.count());
        let (first, last) = (self.ports[0].name, self.ports[ports - 1].name);
        write!(
            f,
            "| {} | `{first}` … `{last}` | {} | {outputs} | {} |",
            self.name,
            ports - outputs,
            self.treatment
        )
    }
}
