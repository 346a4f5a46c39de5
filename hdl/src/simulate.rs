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
            "cfg_enable" => uut.cfg_enable.next = value[0] & 1 == 1,
            "cfg_sequence_all" => uut.cfg_sequence_all.next = value[0] & 1 == 1,
            "cfg_cores" => uut.cfg_cores.next = from_bytes(value),
            "cfg_prefix_words" => uut.cfg_prefix_words.next = from_bytes(value),
            "cfg_default_queue" => uut.cfg_default_queue.next = from_bytes(value),
            "cfg_steer_write" => uut.cfg_steer_write.next = value[0] & 1 == 1,
            "cfg_steer_core" => uut.cfg_steer_core.next = from_bytes(value),
            "cfg_steer_queue" => uut.cfg_steer_queue.next = from_bytes(value),
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
            "stat_epoch" => into_bytes(uut.stat_epoch.val(), value),
            "stat_next_seq" => into_bytes(uut.stat_next_seq.val(), value),
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
