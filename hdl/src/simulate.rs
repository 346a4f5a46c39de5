//! The sequencer on rust-hdl's own simulator, for machines without Verilator and for the lockstep test.

use rust_hdl::prelude::*;

use crate::config::{BuildError, CoreConfig};
use crate::core::Sequencer;
use crate::emit::{with_room, with_sequencer};
use crate::interface::{self, with_ports};
use crate::port::{Dut, Port};

/// Iterations within which one edge must settle.
const SETTLE: usize = 100;

/// The sequencer of `config`, simulated by rust-hdl: some 7 thousand cycles a second in release.
///
/// # Errors
///
/// [`BuildError`] when a parameter is out of range, or there is no thread to be had.
pub fn simulate(config: &CoreConfig) -> Result<Box<dyn Dut + Send>, BuildError> {
    config.check()?;
    with_room(|| -> Box<dyn Dut + Send> {
        with_sequencer!(config, uut => Box::new(Simulated::new(uut)))
    })
}

struct Simulated<const W: usize, const K: usize, const R: usize, const F: usize, const D: usize> {
    uut: Box<Sequencer<W, K, R, F, D>>,
    ports: Vec<Port>,
}

impl<const W: usize, const K: usize, const R: usize, const F: usize, const D: usize>
    Simulated<W, K, R, F, D>
{
    fn new(mut uut: Box<Sequencer<W, K, R, F, D>>) -> Self {
        uut.connect_inputs();
        uut.connect_all();
        let ports = interface::ports(W);
        let mut simulated = Self { uut, ports };
        simulated.settle();
        simulated
    }

    fn settle(&mut self) {
        let settled = rust_hdl::prelude::simulate(&mut *self.uut, SETTLE);
        assert!(settled, "rust-hdl's simulation does not settle");
    }
}

/// A port's value as bytes, the lowest first.
trait PortValue: Copy {
    fn from_bytes(bytes: &[u8]) -> Self;
    fn into_bytes(self, bytes: &mut [u8]);
}

impl PortValue for bool {
    fn from_bytes(bytes: &[u8]) -> Self {
        assert_eq!(bytes.len(), 1, "length of a port value");
        bytes[0] & 1 == 1
    }

    fn into_bytes(self, bytes: &mut [u8]) {
        assert_eq!(bytes.len(), 1, "length of a port value");
        bytes[0] = self.into();
    }
}

impl<const N: usize> PortValue for Bits<N> {
    fn from_bytes(bytes: &[u8]) -> Self {
        assert_eq!(bytes.len(), N.div_ceil(8), "length of a port value");
        let mut value = Self::default();
        for i in (0..N).filter(|i| bytes[i / 8] >> (i % 8) & 1 == 1) {
            value = value.replace_bit(i, true);
        }
        value
    }

    fn into_bytes(self, bytes: &mut [u8]) {
        assert_eq!(bytes.len(), N.div_ceil(8), "length of a port value");
        bytes.fill(0);
        for i in (0..N).filter(|&i| self.get_bit(i)) {
            bytes[i / 8] |= 1 << (i % 8);
        }
    }
}

/// Statements for the ports of one kind.
macro_rules! connect {
    (output $port:expr) => {};
    ($input:ident $port:expr) => {
        $port.connect();
    };
}
macro_rules! set {
    (input $port:expr, $is_it:expr, $value:expr) => {
        if $is_it {
            $port.next = PortValue::from_bytes($value);
            return;
        }
    };
    ($other:ident $port:expr, $is_it:expr, $value:expr) => {};
}
macro_rules! get {
    (output $port:expr, $is_it:expr, $value:expr) => {
        if $is_it {
            $port.val().into_bytes($value);
            return;
        }
    };
    ($other:ident $port:expr, $is_it:expr, $value:expr) => {};
}

macro_rules! ways_to_ports {
    ($($constant:ident $name:ident $kind:ident $width:expr, $meaning:literal;)*) => {
        impl<const W: usize, const K: usize, const R: usize, const F: usize, const D: usize>
            Sequencer<W, K, R, F, D>
        {
            /// Marks the inputs as driven from outside.
            pub(crate) fn connect_inputs(&mut self) {
                $(connect!($kind self.$name);)*
            }

            fn set_port(&mut self, port: usize, value: &[u8]) {
                $(set!($kind self.$name, port == interface::$constant.place, value);)*
                panic!("port {port} is not an input that can be driven");
            }

            fn get_port(&self, port: usize, value: &mut [u8]) {
                $(get!($kind self.$name, port == interface::$constant.place, value);)*
                panic!("port {port} is not an output");
            }
        }
    };
}
with_ports!(ways_to_ports);

impl<const W: usize, const K: usize, const R: usize, const F: usize, const D: usize> Dut
    for Simulated<W, K, R, F, D>
{
    fn ports(&self) -> &[Port] {
        &self.ports
    }

    fn set(&mut self, port: usize, value: &[u8]) {
        self.uut.set_port(port, value);
    }

    fn get(&self, port: usize, value: &mut [u8]) {
        self.uut.get_port(port, value);
    }

    fn tick(&mut self) {
        self.settle();
        self.uut.clk.next = true.into();
        self.settle();
        self.uut.clk.next = false.into();
        self.settle();
    }
}
