//! The parameters' values in one design.

use super::expression::evaluate;
use super::{PARAMETERS, ports};
use crate::port::Port;

/// A value for each parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values(Vec<i64>);

impl Values {
    /// What Corundum sets for a 100G design on the Alveo U250, as far as it is not a default and of use here: two interfaces of
    /// 512 bits with a timestamp, 9 bits of tdest, 16 MB of registers, and only the hook that this block uses.
    pub const U250_100G: &[(&str, i64)] = &[
        ("IF_COUNT", 2),
        ("AXIS_IF_RX_DEST_WIDTH", 9),
        ("AXIL_APP_CTRL_ADDR_WIDTH", 24),
        ("AXIL_CTRL_ADDR_WIDTH", 24),
        ("APP_AXIS_DIRECT_ENABLE", 0),
        ("APP_AXIS_SYNC_ENABLE", 0),
    ];

    /// These values, and defaults for the other parameters, of which some follow from these.
    ///
    /// # Panics
    ///
    /// If there is no such parameter.
    pub fn with(chosen: &[(&str, i64)]) -> Self {
        if let Some((name, _)) = chosen.iter().find(|(name, _)| place(name).is_none()) {
            panic!("Corundum has no parameter {name}");
        }
        let mut values = Self(Vec::new());
        for parameter in PARAMETERS {
            let value = chosen.iter().find(|(name, _)| *name == parameter.name);
            let value = value.map_or_else(|| values.of(parameter.default), |(_, value)| *value);
            values.0.push(value);
        }
        values
    }

    /// The value of an expression.
    ///
    /// # Panics
    ///
    /// If it has none.
    pub fn of(&self, expression: &str) -> i64 {
        let known = |name: &str| self.0.get(place(name)?).copied();
        evaluate(expression, &known).unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// The ports with their widths.
    ///
    /// # Panics
    ///
    /// If a port has no width.
    pub fn ports(&self) -> Vec<Port> {
        let port = |port: &super::BlockPort| Port {
            name: port.name.to_owned(),
            direction: port.direction(),
            bits: usize::try_from(self.of(port.width)).expect("a width"),
        };
        ports().map(port).collect()
    }
}

fn place(name: &str) -> Option<usize> {
    PARAMETERS.iter().position(|known| known.name == name)
}
