use rust_hdl::prelude::*;
use scr_wire::Profile;
use scr_wire::registers::ADDRESS_BITS;

use super::datapath::Datapath;
use super::registers::Registers;
use super::types::{DEST, ID, USER};

/// The SCR sequencer.
///
/// Numbers IP packets, keeps their metadata as rows, puts the newest rows in front of every packet and
/// steers packets to cores in rotation. Frames that are not sequenced pass unaltered to the default
/// queue. Nothing is ever dropped.
#[derive(LogicBlock, Default)]
pub struct Sequencer<const W: usize, const K: usize, const R: usize, const F: usize, const D: usize>
{
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Synchronous reset.
    pub rst: Signal<In, Bit>,

    /// Input stream: data, first byte in the lowest bits.
    pub s_axis_tdata: Signal<In, Bits<W>>,
    /// Input stream: valid bytes; all but on the last beat, where they are contiguous from the lowest.
    pub s_axis_tkeep: Signal<In, Bits<K>>,
    /// Input stream: a beat is offered.
    pub s_axis_tvalid: Signal<In, Bit>,
    /// Input stream: a beat is taken. A register.
    pub s_axis_tready: Signal<Out, Bit>,
    /// Input stream: last beat of a frame.
    pub s_axis_tlast: Signal<In, Bit>,
    /// Input stream: timestamp (bits 96..1), as it stands on the frame's first beat, and the shell's flag of each beat (bit 0).
    pub s_axis_tuser: Signal<In, Bits<USER>>,
    /// Input stream: source port, as it stands on the frame's first beat.
    pub s_axis_tid: Signal<In, Bits<ID>>,

    /// Output stream: data.
    pub m_axis_tdata: Signal<Out, Bits<W>>,
    /// Output stream: valid bytes.
    pub m_axis_tkeep: Signal<Out, Bits<K>>,
    /// Output stream: a beat is offered. A register, as is all of this stream.
    pub m_axis_tvalid: Signal<Out, Bit>,
    /// Output stream: a beat is taken.
    pub m_axis_tready: Signal<In, Bit>,
    /// Output stream: last beat of a frame.
    pub m_axis_tlast: Signal<Out, Bit>,
    /// Output stream: timestamp (bits 96..1), constant over a frame, and the shell's flag of each beat (bit 0; 0 beside a prefix).
    pub m_axis_tuser: Signal<Out, Bits<USER>>,
    /// Output stream: source port; constant over a frame.
    pub m_axis_tid: Signal<Out, Bits<ID>>,
    /// Output stream: receive queue; constant over a frame.
    pub m_axis_tdest: Signal<Out, Bits<DEST>>,

    /// Registers: write address, a byte offset. Its two lowest bits are not looked at.
    pub s_axil_awaddr: Signal<In, Bits<ADDRESS_BITS>>,
    /// Registers: protection of the write. Not looked at.
    pub s_axil_awprot: Signal<In, Bits<3>>,
    /// Registers: a write address is offered.
    pub s_axil_awvalid: Signal<In, Bit>,
    /// Registers: the write address is taken.
    pub s_axil_awready: Signal<Out, Bit>,
    /// Registers: write data.
    pub s_axil_wdata: Signal<In, Bits<32>>,
    /// Registers: write strobes; all four, or nothing is written.
    pub s_axil_wstrb: Signal<In, Bits<4>>,
    /// Registers: write data are offered.
    pub s_axil_wvalid: Signal<In, Bit>,
    /// Registers: the write data are taken.
    pub s_axil_wready: Signal<Out, Bit>,
    /// Registers: response to a write, OKAY or SLVERR.
    pub s_axil_bresp: Signal<Out, Bits<2>>,
    /// Registers: a response to a write is offered.
    pub s_axil_bvalid: Signal<Out, Bit>,
    /// Registers: the response to a write is taken.
    pub s_axil_bready: Signal<In, Bit>,
    /// Registers: read address, a byte offset. Its two lowest bits are not looked at.
    pub s_axil_araddr: Signal<In, Bits<ADDRESS_BITS>>,
    /// Registers: protection of the read. Not looked at.
    pub s_axil_arprot: Signal<In, Bits<3>>,
    /// Registers: a read address is offered.
    pub s_axil_arvalid: Signal<In, Bit>,
    /// Registers: the read address is taken.
    pub s_axil_arready: Signal<Out, Bit>,
    /// Registers: data read.
    pub s_axil_rdata: Signal<Out, Bits<32>>,
    /// Registers: response to a read, OKAY or SLVERR.
    pub s_axil_rresp: Signal<Out, Bits<2>>,
    /// Registers: data read are offered.
    pub s_axil_rvalid: Signal<Out, Bit>,
    /// Registers: the data read are taken.
    pub s_axil_rready: Signal<In, Bit>,
    unused_axil_bits: Signal<Local, Bits<3>>,
    registers: Registers,
    datapath: Datapath<W, K, R, F, D>,
}

impl<const W: usize, const K: usize, const R: usize, const F: usize, const D: usize>
    Sequencer<W, K, R, F, D>
{
    /// A sequencer with W-bit beats of K = W / 8 bytes for rows of `profile`, which have R bits, a history
    /// of N = `history` rows, at most `max_cores` cores, and input FIFOs of D = 2ᶠ beats.
    ///
    /// # Panics
    ///
    /// When W, K and R do not belong together.
    pub fn new(profile: &Profile, history: usize, max_cores: u8) -> Self {
        Self {
            registers: Registers::new(profile, history, K, max_cores),
            datapath: Datapath::new(profile, history, max_cores),
            ..Self::default()
        }
    }
}

impl<const W: usize, const K: usize, const R: usize, const F: usize, const D: usize> Logic
    for Sequencer<W, K, R, F, D>
{
    #[hdl_gen]
    fn update(&mut self) {
        self.datapath.clk.next = self.clk.val();
        self.datapath.rst.next = self.rst.val();
        self.datapath.s_axis_tdata.next = self.s_axis_tdata.val();
        self.datapath.s_axis_tkeep.next = self.s_axis_tkeep.val();
        self.datapath.s_axis_tvalid.next = self.s_axis_tvalid.val();
        self.s_axis_tready.next = self.datapath.s_axis_tready.val();
        self.datapath.s_axis_tlast.next = self.s_axis_tlast.val();
        self.datapath.s_axis_tuser.next = self.s_axis_tuser.val();
        self.datapath.s_axis_tid.next = self.s_axis_tid.val();
        self.m_axis_tdata.next = self.datapath.m_axis_tdata.val();
        self.m_axis_tkeep.next = self.datapath.m_axis_tkeep.val();
        self.m_axis_tvalid.next = self.datapath.m_axis_tvalid.val();
        self.datapath.m_axis_tready.next = self.m_axis_tready.val();
        self.m_axis_tlast.next = self.datapath.m_axis_tlast.val();
        self.m_axis_tuser.next = self.datapath.m_axis_tuser.val();
        self.m_axis_tid.next = self.datapath.m_axis_tid.val();
        self.m_axis_tdest.next = self.datapath.m_axis_tdest.val();
        self.datapath.cfg_enable.next = self.registers.enable.val();
        self.datapath.cfg_sequence_all.next = self.registers.sequence_all.val();
        self.datapath.cfg_cores.next = self.registers.cores.val();
        self.datapath.cfg_prefix_words.next = self.registers.prefix_words.val();
        self.datapath.cfg_default_queue.next = self.registers.default_queue.val();
        self.datapath.cfg_steer_write.next = self.registers.steer_write.val();
        self.datapath.cfg_steer_core.next = self.registers.steer_write_core.val();
        self.datapath.cfg_steer_queue.next = self.registers.steer_write_queue.val();
        self.datapath.cfg_steer_read_core.next = self.registers.steer_read_core.val();

        self.registers.clk.next = self.clk.val();
        self.registers.rst.next = self.rst.val();
        self.registers.s_awaddr.next = self.s_axil_awaddr.val();
        self.registers.s_awvalid.next = self.s_axil_awvalid.val();
        self.s_axil_awready.next = self.registers.s_awready.val();
        self.registers.s_wdata.next = self.s_axil_wdata.val();
        self.registers.s_wstrb.next = self.s_axil_wstrb.val();
        self.registers.s_wvalid.next = self.s_axil_wvalid.val();
        self.s_axil_wready.next = self.registers.s_wready.val();
        self.s_axil_bresp.next = self.registers.s_bresp.val();
        self.s_axil_bvalid.next = self.registers.s_bvalid.val();
        self.registers.s_bready.next = self.s_axil_bready.val();
        self.registers.s_araddr.next = self.s_axil_araddr.val();
        self.registers.s_arvalid.next = self.s_axil_arvalid.val();
        self.s_axil_arready.next = self.registers.s_arready.val();
        self.s_axil_rdata.next = self.registers.s_rdata.val();
        self.s_axil_rresp.next = self.registers.s_rresp.val();
        self.s_axil_rvalid.next = self.registers.s_rvalid.val();
        self.registers.s_rready.next = self.s_axil_rready.val();
        self.unused_axil_bits.next = self.s_axil_awprot.val() ^ self.s_axil_arprot.val();
        self.registers.steer_read_queue.next = self.datapath.stat_steer_read_queue.val();
        self.registers.changing.next = self.datapath.stat_changing.val();
        self.registers.epoch.next = self.datapath.stat_epoch.val();
        self.registers.next_seq.next = self.datapath.stat_next_seq.val();
        self.registers.frame_in.next = self.datapath.event_frame_in.val();
        self.registers.beat_in.next = self.datapath.event_beat_in.val();
        self.registers.beat_in_bytes.next = self.datapath.event_beat_in_bytes.val();
        self.registers.sequenced.next = self.datapath.event_sequenced.val();
        self.registers.passed_by.next = self.datapath.event_passed_by.val();
        self.registers.malformed.next = self.datapath.event_malformed.val();
        self.registers.beat_out.next = self.datapath.event_beat_out.val();
        self.registers.beat_out_bytes.next = self.datapath.event_beat_out_bytes.val();
        self.registers.input_stall.next = self.datapath.event_input_stall.val();
        self.registers.output_stall.next = self.datapath.event_output_stall.val();
        self.registers.sent.next = self.datapath.event_sent.val();
        self.registers.sent_core.next = self.datapath.event_sent_core.val();
    }
}
