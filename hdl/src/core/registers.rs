use rust_hdl::prelude::*;
use scr_wire::Profile;
use scr_wire::registers::Capabilities;

use super::counters::Counters;
use super::register_read::RegisterRead;
use super::register_write::RegisterWrite;
use super::types::DEST;

/// The registers of the sequencer, as an AXI4-Lite slave with 32-bit data: one read and one write at a time,
/// independent of each other. The map is `scr_wire::registers`.
#[derive(LogicBlock, Default)]
pub struct Registers {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Synchronous reset.
    pub rst: Signal<In, Bit>,

    /// Write address.
    pub s_awaddr: Signal<In, Bits<12>>,
    /// Write address: valid.
    pub s_awvalid: Signal<In, Bit>,
    /// Write address: taken.
    pub s_awready: Signal<Out, Bit>,
    /// Write data.
    pub s_wdata: Signal<In, Bits<32>>,
    /// Write strobes.
    pub s_wstrb: Signal<In, Bits<4>>,
    /// Write data: valid.
    pub s_wvalid: Signal<In, Bit>,
    /// Write data: taken.
    pub s_wready: Signal<Out, Bit>,
    /// Write response: 0 (OKAY) or 2 (SLVERR).
    pub s_bresp: Signal<Out, Bits<2>>,
    /// Write response: valid.
    pub s_bvalid: Signal<Out, Bit>,
    /// Write response: taken.
    pub s_bready: Signal<In, Bit>,
    /// Read address.
    pub s_araddr: Signal<In, Bits<12>>,
    /// Read address: valid.
    pub s_arvalid: Signal<In, Bit>,
    /// Read address: taken.
    pub s_arready: Signal<Out, Bit>,
    /// Read data.
    pub s_rdata: Signal<Out, Bits<32>>,
    /// Read response: 0 (OKAY) or 2 (SLVERR).
    pub s_rresp: Signal<Out, Bits<2>>,
    /// Read response: valid.
    pub s_rvalid: Signal<Out, Bit>,
    /// Read response: taken.
    pub s_rready: Signal<In, Bit>,

    /// Enable.
    pub enable: Signal<Out, Bit>,
    /// Sequence every frame, not only IP.
    pub sequence_all: Signal<Out, Bit>,
    /// k.
    pub cores: Signal<Out, Bits<8>>,
    /// B.
    pub prefix_words: Signal<Out, Bits<6>>,
    /// Queue of frames that are not sequenced.
    pub default_queue: Signal<Out, Bits<DEST>>,
    /// What was written is not in force yet, four cycles after it stood at the outputs.
    pub changing: Signal<In, Bit>,
    /// A word of the steering table is written.
    pub steer_write: Signal<Out, Bit>,
    /// Core whose word is written.
    pub steer_write_core: Signal<Out, Bits<7>>,
    /// Queue of the core `steer_write_core`.
    pub steer_write_queue: Signal<Out, Bits<DEST>>,
    /// A word of the steering table is read: which core's.
    pub steer_read_core: Signal<Out, Bits<7>>,
    /// Queue of the core `steer_read_core`, three cycles later.
    pub steer_read_queue: Signal<In, Bits<DEST>>,
    /// The epoch.
    pub epoch: Signal<In, Bits<6>>,
    /// The number that the next sequenced packet gets.
    pub next_seq: Signal<In, Bits<40>>,

    /// A frame has been taken in.
    pub frame_in: Signal<In, Bit>,
    /// A beat has been taken in.
    pub beat_in: Signal<In, Bit>,
    /// Bytes of the beat that has been taken in.
    pub beat_in_bytes: Signal<In, Bits<8>>,
    /// A frame got a number.
    pub sequenced: Signal<In, Bit>,
    /// A frame passes by.
    pub passed_by: Signal<In, Bit>,
    /// A beat has been given out.
    pub beat_out: Signal<In, Bit>,
    /// Bytes of the beat that has been given out.
    pub beat_out_bytes: Signal<In, Bits<8>>,
    /// A beat at the input was not taken.
    pub input_stall: Signal<In, Bit>,
    /// A beat at the output was not taken.
    pub output_stall: Signal<In, Bit>,
    /// A frame is malformed.
    pub malformed: Signal<In, Bit>,
    /// A sequenced frame has been sent.
    pub sent: Signal<In, Bit>,
    /// Core to which the frame has been sent.
    pub sent_core: Signal<In, Bits<7>>,

    register_write: RegisterWrite,
    register_read: RegisterRead,
    counters: Counters,
}

impl Registers {
    /// Registers of a sequencer for rows of `profile`, a history of `history` rows, beats of `beat_bytes` and at most
    /// `max_cores` cores.
    pub fn new(profile: &Profile, history: usize, beat_bytes: usize, max_cores: u8) -> Self {
        let capabilities = Capabilities::new(profile, max_cores, history);
        Self {
            register_write: RegisterWrite::new(profile, history, beat_bytes, max_cores),
            register_read: RegisterRead::new(capabilities),
            counters: Counters::new(max_cores),
            ..Self::default()
        }
    }
}

impl Logic for Registers {
    #[hdl_gen]
    fn update(&mut self) {
        self.register_write.clk.next = self.clk.val();
        self.register_write.rst.next = self.rst.val();
        self.register_write.awvalid.next = self.s_awvalid.val();
        self.s_awready.next = self.register_write.awready.val();
        self.register_write.awword.next = self.s_awaddr.val().get_bits::<10>(2);
        self.register_write.wvalid.next = self.s_wvalid.val();
        self.s_wready.next = self.register_write.wready.val();
        self.register_write.wdata.next = self.s_wdata.val();
        self.register_write.wstrb.next = self.s_wstrb.val();
        self.s_bvalid.next = self.register_write.bvalid.val();
        self.register_write.bready.next = self.s_bready.val();
        self.s_bresp.next = bit_cast::<2, 1>(self.register_write.brefused.val().into()) << 1;
        self.enable.next = self.register_write.enable.val();
        self.sequence_all.next = self.register_write.sequence_all.val();
        self.cores.next = self.register_write.cores.val();
        self.prefix_words.next = self.register_write.prefix_words.val();
        self.default_queue.next = self.register_write.default_queue.val();
        self.register_write.changing.next = self.changing.val();
        self.steer_write.next = self.register_write.steer_write.val();
        self.steer_write_core.next = self.register_write.steer_core.val();
        self.steer_write_queue.next = self.register_write.steer_queue.val();

        self.register_read.clk.next = self.clk.val();
        self.register_read.rst.next = self.rst.val();
        self.register_read.arvalid.next = self.s_arvalid.val();
        self.s_arready.next = self.register_read.arready.val();
        self.register_read.arword.next = self.s_araddr.val().get_bits::<10>(2);
        self.s_rvalid.next = self.register_read.rvalid.val();
        self.register_read.rready.next = self.s_rready.val();
        self.s_rdata.next = self.register_read.rdata.val();
        self.s_rresp.next = bit_cast::<2, 1>(self.register_read.rrefused.val().into()) << 1;
        self.register_read.enable.next = self.register_write.enable.val();
        self.register_read.sequence_all.next = self.register_write.sequence_all.val();
        self.register_read.cores.next = self.register_write.cores.val();
        self.register_read.prefix_words.next = self.register_write.prefix_words.val();
        self.register_read.default_queue.next = self.register_write.default_queue.val();
        self.register_read.refused.next = self.register_write.refused.val();
        self.register_read.epoch.next = self.epoch.val();
        self.register_read.next_seq.next = self.next_seq.val();
        self.steer_read_core.next = self.register_read.steer_core.val();
        self.register_read.steer_queue.next = self.steer_read_queue.val();
        self.register_read.count_done.next = self.counters.done.val();
        self.register_read.count_low.next = self.counters.value_low.val();
        self.register_read.count_high.next = self.counters.value_high.val();

        self.counters.clk.next = self.clk.val();
        self.counters.rst.next = self.rst.val();
        self.counters.read.next = self.register_read.count_read.val();
        self.counters.read_slot.next = self.register_read.count_slot.val();
        self.counters.frame_in.next = self.frame_in.val();
        self.counters.beat_in.next = self.beat_in.val();
        self.counters.beat_in_bytes.next = self.beat_in_bytes.val();
        self.counters.sequenced.next = self.sequenced.val();
        self.counters.passed_by.next = self.passed_by.val();
        self.counters.beat_out.next = self.beat_out.val();
        self.counters.beat_out_bytes.next = self.beat_out_bytes.val();
        self.counters.input_stall.next = self.input_stall.val();
        self.counters.output_stall.next = self.output_stall.val();
        self.counters.malformed.next = self.malformed.val();
        self.counters.sent.next = self.sent.val();
        self.counters.sent_core.next = self.sent_core.val();
    }
}
