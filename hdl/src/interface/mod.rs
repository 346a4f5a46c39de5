//! The top module's ports, described once: AXI4-Stream in and out, AXI4-Lite, clock and reset.
//!
//! [`PORTS`] is the list, a constant for each port an entry of it. What drives the ports, stands in for the block or finds them in
//! a model takes names, directions, widths and places from here. rust-hdl's macros want the ports as fields of
//! [`Sequencer`](crate::core::Sequencer); a test holds those, and their documentation, against the list.

mod table;

use scr_wire::registers::ADDRESS_BITS;

use crate::core::{DEST, ID, USER};
use crate::port::{Direction, Port};

use Width::{Data, Fixed, Keep};
pub(crate) use table::with_ports;

/// Width of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// The data width W.
    Data,
    /// A bit for each byte of data, K = W / 8.
    Keep,
    /// So many bits, whatever W is.
    Fixed(usize),
}

impl Width {
    /// In bits, where data have `width`.
    pub const fn bits(self, width: usize) -> usize {
        match self {
            Self::Data => width,
            Self::Keep => width / 8,
            Self::Fixed(bits) => bits,
        }
    }
}

/// The description of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortSpec {
    /// Name, in Verilog and in Rust.
    pub name: &'static str,
    /// Index in the port list.
    pub place: usize,
    /// Direction.
    pub direction: Direction,
    /// Width.
    pub width: Width,
    /// Meaning of the port, as its documentation in the Verilog says it.
    pub meaning: &'static str,
}

impl PortSpec {
    /// The port where data have `width` bits.
    pub fn port(&self, width: usize) -> Port {
        Port {
            name: self.name.to_owned(),
            direction: self.direction,
            bits: self.width.bits(width),
        }
    }
}

macro_rules! direction {
    (output) => {
        Direction::Output
    };
    ($input:ident) => {
        Direction::Input
    };
}

macro_rules! list {
    ($($constant:ident $name:ident $kind:ident $width:expr, $meaning:literal;)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        enum Place { $($constant),* }

        $(
            #[doc = $meaning]
            pub const $constant: PortSpec = PortSpec {
                name: stringify!($name),
                place: Place::$constant as usize,
                direction: direction!($kind),
                width: $width,
                meaning: $meaning,
            };
        )*

        /// All ports, in the order of the module's port list.
        pub const PORTS: &[PortSpec] = &[$($constant),*];
    };
}

with_ports!(list);

/// The ports where data have `width` bits.
pub fn ports(width: usize) -> Vec<Port> {
    PORTS.iter().map(|spec| spec.port(width)).collect()
}
