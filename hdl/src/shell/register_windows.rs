use rust_hdl::prelude::*;
use scr_wire::registers::ADDRESS_BITS;

use super::window_read::WindowRead;
use super::window_write::WindowWrite;

/// The registers of several sequencers and of the shell around them, behind one AXI4-Lite slave with 32-bit data: a window for each
/// sequencer, one behind the other. One read and one write at a time, independent of each other. The map is
/// `scr_wire::registers::shell`.
///
/// A window has the registers of its sequencer, which answers for itself, and behind these the shell's. Where there is no window,
/// the answer is DECERR.
#[derive(LogicBlock, Default)]
pub struct RegisterWindows {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Synchronous reset.
    pub rst: Signal<In, Bit>,
    /// Write address, a byte offset from the first window.
    pub s_axil_awaddr: Signal<In, Bits<32>>,
    /// A write address is offered.
    pub s_axil_awvalid: Signal<In, Bit>,
    /// The write address is taken. A register.
    pub s_axil_awready: Signal<Out, Bit>,
    /// Write data.
    pub s_axil_wdata: Signal<In, Bits<32>>,
    /// Write strobes.
    pub s_axil_wstrb: Signal<In, Bits<4>>,
    /// Write data are offered.
    pub s_axil_wvalid: Signal<In, Bit>,
    /// The write data are taken. A register.
    pub s_axil_wready: Signal<Out, Bit>,
    /// Response to a write: OKAY, SLVERR or DECERR. A register.
    pub s_axil_bresp: Signal<Out, Bits<2>>,
    /// A response to a write is offered. A register.
    pub s_axil_bvalid: Signal<Out, Bit>,
    /// The response to a write is taken.
    pub s_axil_bready: Signal<In, Bit>,
    /// Read address, a byte offset from the first window.
    pub s_axil_araddr: Signal<In, Bits<32>>,
    /// A read address is offered.
    pub s_axil_arvalid: Signal<In, Bit>,
    /// The read address is taken. A register.
    pub s_axil_arready: Signal<Out, Bit>,
    /// Data read. A register.
    pub s_axil_rdata: Signal<Out, Bits<32>>,
    /// Response to a read: OKAY, SLVERR or DECERR. A register.
    pub s_axil_rresp: Signal<Out, Bits<2>>,
    /// Data read are offered. A register.
    pub s_axil_rvalid: Signal<Out, Bit>,
    /// The data read are taken.
    pub s_axil_rready: Signal<In, Bit>,

    /// To all sequencers: write address. A register.
    pub m_awaddr: Signal<Out, Bits<ADDRESS_BITS>>,
    /// To all sequencers: write data. A register.
    pub m_wdata: Signal<Out, Bits<32>>,
    /// To all sequencers: write strobes. A register.
    pub m_wstrb: Signal<Out, Bits<4>>,
    /// To all sequencers: read address. A register.
    pub m_araddr: Signal<Out, Bits<ADDRESS_BITS>>,
    /// To a window's sequencer: the write address is offered.
    pub m_awvalid: Vec<Signal<Out, Bit>>,
    /// From a window's sequencer: the write address is taken.
    pub m_awready: Vec<Signal<In, Bit>>,
    /// To a window's sequencer: the write data are offered.
    pub m_wvalid: Vec<Signal<Out, Bit>>,
    /// From a window's sequencer: the write data are taken.
    pub m_wready: Vec<Signal<In, Bit>>,
    /// From a window's sequencer: write response.
    pub m_bresp: Vec<Signal<In, Bits<2>>>,
    /// From a window's sequencer: the write response is offered.
    pub m_bvalid: Vec<Signal<In, Bit>>,
    /// To a window's sequencer: the write response is taken.
    pub m_bready: Vec<Signal<Out, Bit>>,
    /// To a window's sequencer: the read address is offered.
    pub m_arvalid: Vec<Signal<Out, Bit>>,
    /// From a window's sequencer: the read address is taken.
    pub m_arready: Vec<Signal<In, Bit>>,
    /// From a window's sequencer: data read.
    pub m_rdata: Vec<Signal<In, Bits<32>>>,
    /// From a window's sequencer: response to the read.
    pub m_rresp: Vec<Signal<In, Bits<2>>>,
    /// From a window's sequencer: data read are offered.
    pub m_rvalid: Vec<Signal<In, Bit>>,
    /// To a window's sequencer: the data read are taken.
    pub m_rready: Vec<Signal<Out, Bit>>,
    /// Register TDEST of a window, bit 0.
    pub indirect: Vec<Signal<Out, Bit>>,

    window_write: WindowWrite,
    window_read: WindowRead,
}

/// One for each window.
pub(super) fn each<T: Default>(windows: usize) -> Vec<T> {
    (0..windows).map(|_| T::default()).collect()
}

impl RegisterWindows {
    /// The registers of so many sequencers, in a shell whose register `SHELL` has the value `shell`.
    pub fn new(windows: usize, shell: u32) -> Self {
        Self {
            m_awvalid: each(windows),
            m_awready: each(windows),
            m_wvalid: each(windows),
            m_wready: each(windows),
            m_bresp: each(windows),
            m_bvalid: each(windows),
            m_bready: each(windows),
            m_arvalid: each(windows),
            m_arready: each(windows),
            m_rdata: each(windows),
            m_rresp: each(windows),
            m_rvalid: each(windows),
            m_rready: each(windows),
            indirect: each(windows),
            window_write: WindowWrite::new(windows),
            window_read: WindowRead::new(windows, shell),
            ..Self::default()
        }
    }

    /// Marks the inputs as driven from outside.
    pub(crate) fn connect_inputs(&mut self) {
        self.clk.connect();
        self.rst.connect();
        self.s_axil_awaddr.connect();
        self.s_axil_awvalid.connect();
        self.s_axil_wdata.connect();
        self.s_axil_wstrb.connect();
        self.s_axil_wvalid.connect();
        self.s_axil_bready.connect();
        self.s_axil_araddr.connect();
        self.s_axil_arvalid.connect();
        self.s_axil_rready.connect();
        for bits in [
            &mut self.m_awready,
            &mut self.m_wready,
            &mut self.m_bvalid,
            &mut self.m_arready,
            &mut self.m_rvalid,
        ] {
            bits.iter_mut().for_each(Signal::connect);
        }
        self.m_bresp.iter_mut().for_each(Signal::connect);
        self.m_rresp.iter_mut().for_each(Signal::connect);
        self.m_rdata.iter_mut().for_each(Signal::connect);
    }
}

impl Logic for RegisterWindows {
    #[hdl_gen]
    fn update(&mut self) {
        self.window_write.clk.next = self.clk.val();
        self.window_write.rst.next = self.rst.val();
        self.window_write.awaddr.next = self.s_axil_awaddr.val();
        self.window_write.awvalid.next = self.s_axil_awvalid.val();
        self.s_axil_awready.next = self.window_write.awready.val();
        self.window_write.wdata.next = self.s_axil_wdata.val();
        self.window_write.wstrb.next = self.s_axil_wstrb.val();
        self.window_write.wvalid.next = self.s_axil_wvalid.val();
        self.s_axil_wready.next = self.window_write.wready.val();
        self.s_axil_bresp.next = self.window_write.bresp.val();
        self.s_axil_bvalid.next = self.window_write.bvalid.val();
        self.window_write.bready.next = self.s_axil_bready.val();
        self.m_awaddr.next = self.window_write.m_awaddr.val();
        self.m_wdata.next = self.window_write.m_wdata.val();
        self.m_wstrb.next = self.window_write.m_wstrb.val();

        self.window_read.clk.next = self.clk.val();
        self.window_read.rst.next = self.rst.val();
        self.window_read.araddr.next = self.s_axil_araddr.val();
        self.window_read.arvalid.next = self.s_axil_arvalid.val();
        self.s_axil_arready.next = self.window_read.arready.val();
        self.s_axil_rdata.next = self.window_read.rdata.val();
        self.s_axil_rresp.next = self.window_read.rresp.val();
        self.s_axil_rvalid.next = self.window_read.rvalid.val();
        self.window_read.rready.next = self.s_axil_rready.val();
        self.m_araddr.next = self.window_read.m_araddr.val();

        for i in 0..self.indirect.len() {
            self.m_awvalid[i].next = self.window_write.m_awvalid[i].val();
            self.window_write.m_awready[i].next = self.m_awready[i].val();
            self.m_wvalid[i].next = self.window_write.m_wvalid[i].val();
            self.window_write.m_wready[i].next = self.m_wready[i].val();
            self.window_write.m_bresp[i].next = self.m_bresp[i].val();
            self.window_write.m_bvalid[i].next = self.m_bvalid[i].val();
            self.m_bready[i].next = self.window_write.m_bready[i].val();
            self.m_arvalid[i].next = self.window_read.m_arvalid[i].val();
            self.window_read.m_arready[i].next = self.m_arready[i].val();
            self.window_read.m_rdata[i].next = self.m_rdata[i].val();
            self.window_read.m_rresp[i].next = self.m_rresp[i].val();
            self.window_read.m_rvalid[i].next = self.m_rvalid[i].val();
            self.m_rready[i].next = self.window_read.m_rready[i].val();
            self.indirect[i].next = self.window_write.indirect[i].val();
            self.window_read.indirect[i].next = self.window_write.indirect[i].val();
        }
    }
}
