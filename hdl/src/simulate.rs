//! The sequencer on rust-hdl's own simulator, for machines without Verilator and for the lockstep test.

use rust_hdl::prelude::*;

use crate::config::{BuildError, CoreConfig};
use crate::core::Sequencer;
use crate::emit::{connect_inputs, ports_of, with_sequencer};
use crate::port::{Dut, Port};

/// Iterations within which one edge must settle.
const SETTLE: usize = 100;

/// The sequencer of `config`, simulated by rust-hdl: some 7 thousand cycles a second in release.
///
/// # Errors
///
/// [`BuildError`] when a parameter is out of range.
pub fn simulate(config: &CoreConfig) -> Result<Box<dyn Dut + Send>, BuildError> {
    config.check()?;
    Ok(with_sequencer!(config, uut => Box::new(Simulated::new(uut))))
}

struct Simulated<const W: usize, const K: usize, const R: usize, const F: usize, const D: usize> {
    uut: Box<Sequencer<W, K, R, F, D>>,
    ports: Vec<Port>,
}

impl<const W: usize, const K: usize, const R: usize, const F: usize, const D: usize>
    Simulated<W, K, R, F, D>
{
    fn new(mut uut: Box<Sequencer<W, K, R, F, D>>) -> Self {
        connect_inputs(&mut uut);
        uut.connect_all();
        let ports = ports_of(&*uut);
        let mut simulated = Self { uut, ports };
        simulated.settle();
        simulated
    }

    fn settle(&mut self) {
        let settled = rust_hdl::prelude::simulate(&mut *self.uut, SETTLE);
        assert!(settled, "rust-hdl's simulation does not settle");
    }
}

fn from_bytes<const N: usize>(bytes: &[u8]) -> Bits<N> {
    assert_eq!(bytes.len(), N.div_ceil(8), "length of a port value");
    let mut value = Bits::<N>::default();
    for i in (0..N).filter(|i| bytes[i / 8] >> (i % 8) & 1 == 1) {
        value = value.replace_bit(i, true);
    }
    value
}

fn into_bytes<const N: usize>(value: Bits<N>, bytes: &mut [u8]) {
    assert_eq!(bytes.len(), N.div_ceil(8), "length of a port value");
    bytes.fill(0);
    for i in (0..N).filter(|&i| value.get_bit(i)) {
        bytes[i / 8] |= 1 << (i % 8);
    }
}

impl<const W: usize, const K: usize, const R: usize, const F: usize, const D: usize> Dut
    for Simulated<W, K, R, F, D>
{
    fn ports(&self) -> &[Port] {
        &self.ports
    }

    fn set(&mut self, port: usize, value: &[u8]) {
        let uut = &mut self.uut;
        match self.ports[port].name.as_str() {
            "rst" => uut.rst.next = value[0] & 1 == 1,
            "s_axis_tdata" => uut.s_axis_tdata.next = from_bytes(value),
            "s_axis_tkeep" => uut.s_axis_tkeep.next = from_bytes(value),
            "s_axis_tvalid" => uut.s_axis_tvalid.next = value[0] & 1 == 1,
            "s_axis_tlast" => uut.s_axis_tlast.next = value[0] & 1 == 1,
            "s_axis_tuser" => uut.s_axis_tuser.next = from_bytes(value),
            "s_axis_tid" => uut.s_axis_tid.next = from_bytes(value),
            "m_axis_tready" => uut.m_axis_tready.next = value[0] & 1 == 1,
            "s_axil_awaddr" => uut.s_axil_awaddr.next = from_bytes(value),
            "s_axil_awprot" => uut.s_axil_awprot.next = from_bytes(value),
            "s_axil_awvalid" => uut.s_axil_awvalid.next = value[0] & 1 == 1,
            "s_axil_wdata" => uut.s_axil_wdata.next = from_bytes(value),
            "s_axil_wstrb" => uut.s_axil_wstrb.next = from_bytes(value),
            "s_axil_wvalid" => uut.s_axil_wvalid.next = value[0] & 1 == 1,
            "s_axil_bready" => uut.s_axil_bready.next = value[0] & 1 == 1,
            "s_axil_araddr" => uut.s_axil_araddr.next = from_bytes(value),
            "s_axil_arprot" => uut.s_axil_arprot.next = from_bytes(value),
            "s_axil_arvalid" => uut.s_axil_arvalid.next = value[0] & 1 == 1,
            "s_axil_rready" => uut.s_axil_rready.next = value[0] & 1 == 1,
            other => panic!("{other} is not an input that can be driven"),
        }
    }

    fn get(&self, port: usize, value: &mut [u8]) {
        let uut = &self.uut;
        match self.ports[port].name.as_str() {
            "s_axis_tready" => value[0] = uut.s_axis_tready.val().into(),
            "m_axis_tdata" => into_bytes(uut.m_axis_tdata.val(), value),
            "m_axis_tkeep" => into_bytes(uut.m_axis_tkeep.val(), value),
            "m_axis_tvalid" => value[0] = uut.m_axis_tvalid.val().into(),
            "m_axis_tlast" => value[0] = uut.m_axis_tlast.val().into(),
            "m_axis_tuser" => into_bytes(uut.m_axis_tuser.val(), value),
            "m_axis_tid" => into_bytes(uut.m_axis_tid.val(), value),
            "m_axis_tdest" => into_bytes(uut.m_axis_tdest.val(), value),
            "s_axil_awready" => value[0] = uut.s_axil_awready.val().into(),
            "s_axil_wready" => value[0] = uut.s_axil_wready.val().into(),
            "s_axil_bresp" => into_bytes(uut.s_axil_bresp.val(), value),
            "s_axil_bvalid" => value[0] = uut.s_axil_bvalid.val().into(),
            "s_axil_arready" => value[0] = uut.s_axil_arready.val().into(),
            "s_axil_rdata" => into_bytes(uut.s_axil_rdata.val(), value),
            "s_axil_rresp" => into_bytes(uut.s_axil_rresp.val(), value),
            "s_axil_rvalid" => value[0] = uut.s_axil_rvalid.val().into(),
            other => panic!("{other} is not an output"),
        }
    }

    fn tick(&mut self) {
        self.settle();
        self.uut.clk.next = true.into();
        self.settle();
        self.uut.clk.next = false.into();
        self.settle();
    }
}
