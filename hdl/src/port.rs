//! Ports of a generated block and the one interface through which every simulation of it is driven.

/// Direction of a port, seen from the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Driven from outside.
    Input,
    /// Driven by the block.
    Output,
}

/// One port of the top module.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Port {
    /// Verilog name.
    pub name: String,
    /// Direction.
    pub direction: Direction,
    /// Width in bits, at least 1.
    pub bits: usize,
}

impl Port {
    /// Bytes that hold a value of the port, little-endian: bit 0 is bit 0 of byte 0.
    pub fn bytes(&self) -> usize {
        self.bits.div_ceil(8)
    }
}

/// A simulated block: the same for rust-hdl's own simulator and for a Verilator model.
///
/// Ports are named by their index in [`ports`](Dut::ports). Values are little-endian bytes, exactly
/// [`Port::bytes`] long; bits above the port's width are zero. The clock port (`clk`) is driven by
/// [`tick`](Dut::tick) alone. No output of a generated block depends combinationally on an input, so outputs
/// are read before a cycle's inputs are chosen:
///
/// ```text
/// loop { read outputs; set inputs; tick(); }
/// ```
pub trait Dut {
    /// All ports, in the order of the module's port list.
    fn ports(&self) -> &[Port];

    /// Drives input `port`. Takes effect at the next [`tick`](Self::tick).
    ///
    /// # Panics
    ///
    /// When `port` is not an input or `value` has the wrong length.
    fn set(&mut self, port: usize, value: &[u8]);

    /// Reads output `port` as it stands after the last [`tick`](Self::tick).
    ///
    /// # Panics
    ///
    /// When `port` is out of range or `value` has the wrong length.
    fn get(&self, port: usize, value: &mut [u8]);

    /// One whole clock cycle: inputs settle, rising edge, outputs settle.
    fn tick(&mut self);

    /// Index of the port called `name`.
    fn port(&self, name: &str) -> Option<usize> {
        self.ports().iter().position(|p| p.name == name)
    }
}

impl<D: Dut + ?Sized> Dut for Box<D> {
    fn ports(&self) -> &[Port] {
        (**self).ports()
    }

    fn set(&mut self, port: usize, value: &[u8]) {
        (**self).set(port, value);
    }

    fn get(&self, port: usize, value: &mut [u8]) {
        (**self).get(port, value);
    }

    fn tick(&mut self) {
        (**self).tick();
    }
}
