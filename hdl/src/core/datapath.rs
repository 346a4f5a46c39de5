use rust_hdl::prelude::*;
use scr_wire::Profile;

use super::assembler::Assembler;
use super::beat_fifo::BeatFifo;
use super::frame_queue::FrameQueue;
use super::header_window::HeaderWindow;
use super::history::History;
use super::input_stage::InputStage;
use super::meta_fifo::MetaFifo;
use super::numberer::Numberer;
use super::output_fifo::OutputFifo;
use super::packet_parser::PacketParser;
use super::scheduler::Scheduler;
use super::settings::Settings;
use super::steering::Steering;
use super::types::{DEST, ID, USER};

/// Frames that can be numbered, and have put their rows into the history, while older ones are still
/// reading theirs: the places of the frame queue, its head, and one on its way.
const RUN_AHEAD: usize = 18;

/// The sequencer without its registers.
///
/// Numbers IP packets, keeps their metadata as rows, puts the newest rows in front of every packet and
/// steers packets to cores in rotation. Frames that are not sequenced pass unaltered to the default
/// queue. Nothing is ever dropped.
#[derive(LogicBlock, Default)]
pub struct Datapath<const W: usize, const K: usize, const R: usize, const F: usize, const D: usize>
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

    /// Enable; 0 passes every frame by. From 0 to 1 starts a new epoch.
    pub cfg_enable: Signal<In, Bit>,
    /// Sequence every frame, not only IP.
    pub cfg_sequence_all: Signal<In, Bit>,
    /// Cores k in the rotation, 1 to the most it is made for.
    pub cfg_cores: Signal<In, Bits<8>>,
    /// Words B in a prefix, 1 to 63; enough for k rows.
    pub cfg_prefix_words: Signal<In, Bits<6>>,
    /// Queue of frames that are not sequenced.
    pub cfg_default_queue: Signal<In, Bits<DEST>>,
    /// Write a word of the steering table.
    pub cfg_steer_write: Signal<In, Bit>,
    /// Core whose word is written.
    pub cfg_steer_core: Signal<In, Bits<7>>,
    /// Queue of that core; after reset, the core's own number.
    pub cfg_steer_queue: Signal<In, Bits<DEST>>,
    /// Read a word of the steering table: which core's.
    pub cfg_steer_read_core: Signal<In, Bits<7>>,
    /// Queue of the core `cfg_steer_read_core`, three cycles later.
    pub stat_steer_read_queue: Signal<Out, Bits<DEST>>,

    /// Configuration ports of four cycles ago are not in force yet; they may not change meanwhile.
    pub stat_changing: Signal<Out, Bit>,
    /// The epoch.
    pub stat_epoch: Signal<Out, Bits<6>>,
    /// The number that the next sequenced packet gets.
    pub stat_next_seq: Signal<Out, Bits<40>>,

    /// Event: a frame has been taken in.
    pub event_frame_in: Signal<Out, Bit>,
    /// Event: a beat has been taken in.
    pub event_beat_in: Signal<Out, Bit>,
    /// Bytes of the beat that has been taken in.
    pub event_beat_in_bytes: Signal<Out, Bits<8>>,
    /// Event: a frame got a number.
    pub event_sequenced: Signal<Out, Bit>,
    /// Event: a frame passes by.
    pub event_passed_by: Signal<Out, Bit>,
    /// Event: a frame is malformed.
    pub event_malformed: Signal<Out, Bit>,
    /// Event: a beat has been given out.
    pub event_beat_out: Signal<Out, Bit>,
    /// Bytes of the beat that has been given out.
    pub event_beat_out_bytes: Signal<Out, Bits<8>>,
    /// Event: a beat at the input was not taken.
    pub event_input_stall: Signal<Out, Bit>,
    /// Event: a beat at the output was not taken.
    pub event_output_stall: Signal<Out, Bit>,
    /// Event: a sequenced frame has been sent.
    pub event_sent: Signal<Out, Bit>,
    /// Core to which the frame has been sent.
    pub event_sent_core: Signal<Out, Bits<7>>,

    input_stage: InputStage<W, K>,
    beat_fifo: BeatFifo<W, K, F, D>,
    header_window: HeaderWindow<W, K>,
    packet_parser: PacketParser<R>,
    meta_fifo: MetaFifo<R, F, D>,
    settings: Settings,
    numberer: Numberer<R>,
    steering: Steering,
    frame_queue: FrameQueue,
    scheduler: Scheduler,
    history: History<W, R>,
    assembler: Assembler<W, K, R>,
    output_fifo: OutputFifo<W, K>,
}

impl<const W: usize, const K: usize, const R: usize, const F: usize, const D: usize>
    Datapath<W, K, R, F, D>
{
    /// A sequencer with W-bit beats of K = W / 8 bytes for rows of `profile`, which have R bits, a history
    /// of N = `history` rows, at most `max_cores` cores, and input FIFOs of D = 2ᶠ beats.
    ///
    /// # Panics
    ///
    /// When W, K and R do not belong together.
    pub fn new(profile: &Profile, history: usize, max_cores: u8) -> Self {
        assert!(W == K * 8 && R == profile.row_bytes() * 8);
        let lanes = (W / R).max(1);
        let parts = (R / W).max(1);
        Self {
            packet_parser: PacketParser::new(profile),
            settings: Settings::new(R / 8, history, K),
            numberer: Numberer::new(history, lanes, parts),
            steering: Steering::new(max_cores),
            scheduler: Scheduler::new(lanes, parts),
            history: History::new(history + 1 + RUN_AHEAD),
            assembler: Assembler::new(profile),
            header_window: HeaderWindow::new(),
            ..Self::default()
        }
    }
}

impl<const W: usize, const K: usize, const R: usize, const F: usize, const D: usize> Logic
    for Datapath<W, K, R, F, D>
{
    #[hdl_gen]
    fn update(&mut self) {
        self.input_stage.clk.next = self.clk.val();
        self.input_stage.rst.next = self.rst.val();
        self.input_stage.s_tdata.next = self.s_axis_tdata.val();
        self.input_stage.s_tkeep.next = self.s_axis_tkeep.val();
        self.input_stage.s_tvalid.next = self.s_axis_tvalid.val();
        self.s_axis_tready.next = self.input_stage.s_tready.val();
        self.input_stage.s_tlast.next = self.s_axis_tlast.val();
        self.input_stage.s_tuser.next = self.s_axis_tuser.val();
        self.input_stage.s_tid.next = self.s_axis_tid.val();
        self.input_stage.space.next = self.beat_fifo.space.val();

        self.beat_fifo.clk.next = self.clk.val();
        self.beat_fifo.rst.next = self.rst.val();
        self.beat_fifo.write.next = self.input_stage.valid.val();
        self.beat_fifo.write_data.next = self.input_stage.data.val();
        self.beat_fifo.write_keep.next = self.input_stage.keep.val();
        self.beat_fifo.write_flag.next = self.input_stage.flag.val();
        self.beat_fifo.write_last.next = self.input_stage.last.val();
        self.beat_fifo.promise.next = self.scheduler.promise.val();
        self.beat_fifo.pop.next = self.assembler.packet_pop.val();

        self.header_window.clk.next = self.clk.val();
        self.header_window.rst.next = self.rst.val();
        self.header_window.beat_valid.next = self.input_stage.valid.val();
        self.header_window.beat_last.next = self.input_stage.last.val();
        self.header_window.beat_data.next = self.input_stage.data.val();
        self.header_window.beat_keep.next = self.input_stage.keep.val();
        self.header_window.beat_time.next = self.input_stage.timestamp.val();
        self.header_window.beat_id.next = self.input_stage.id.val();

        self.packet_parser.clk.next = self.clk.val();
        self.packet_parser.rst.next = self.rst.val();
        self.packet_parser.window_valid.next = self.header_window.valid.val();
        self.packet_parser.window.next = self.header_window.window.val();
        self.packet_parser.present.next = self.header_window.present.val();
        self.packet_parser.timestamp.next = self.header_window.timestamp.val();
        self.packet_parser.id.next = self.header_window.id.val();
        self.packet_parser.missing_beats.next = self.header_window.missing_beats.val();

        self.meta_fifo.clk.next = self.clk.val();
        self.meta_fifo.rst.next = self.rst.val();
        self.meta_fifo.write.next = self.packet_parser.valid.val();
        self.meta_fifo.write_row.next = self.packet_parser.row.val();
        self.meta_fifo.write_info.next = self.packet_parser.info.val();
        self.meta_fifo.delay.next = self.packet_parser.row_delay.val();
        self.meta_fifo.pop.next = self.numberer.meta_pop.val();

        self.settings.clk.next = self.clk.val();
        self.settings.rst.next = self.rst.val();
        self.settings.cfg_enable.next = self.cfg_enable.val();
        self.settings.cfg_sequence_all.next = self.cfg_sequence_all.val();
        self.settings.cfg_cores.next = self.cfg_cores.val();
        self.settings.cfg_prefix_words.next = self.cfg_prefix_words.val();
        self.settings.cfg_default_queue.next = self.cfg_default_queue.val();
        self.settings.numbered.next = self.numberer.numbered.val();

        self.numberer.clk.next = self.clk.val();
        self.numberer.rst.next = self.rst.val();
        self.numberer.meta_valid.next = self.meta_fifo.valid.val();
        self.numberer.meta_is_ip.next = self.meta_fifo.is_ip.val();
        self.numberer.meta_row.next = self.meta_fifo.row.val();
        self.numberer.meta_info.next = self.meta_fifo.info.val();
        self.numberer.space.next = self.frame_queue.space.val();
        self.numberer.hold.next = self.settings.hold.val();
        self.numberer.enable.next = self.settings.enable.val();
        self.numberer.sequence_all.next = self.settings.sequence_all.val();
        self.numberer.cores.next = self.settings.cores.val();
        self.numberer.prefix_words.next = self.settings.prefix_words.val();
        self.numberer.last_prefix_beat.next = self.settings.last_prefix_beat.val();
        self.numberer.max_valid_rows.next = self.settings.max_valid_rows.val();
        self.numberer.default_queue.next = self.settings.default_queue.val();
        self.numberer.core.next = self.settings.core.val();
        self.numberer.epoch.next = self.settings.epoch.val();
        self.numberer.new_epoch.next = self.settings.new_epoch.val();
        self.numberer.steer_queue.next = self.steering.queue.val();

        self.steering.clk.next = self.clk.val();
        self.steering.rst.next = self.rst.val();
        self.steering.write.next = self.cfg_steer_write.val();
        self.steering.write_core.next = self.cfg_steer_core.val();
        self.steering.write_queue.next = self.cfg_steer_queue.val();
        self.steering.core.next = self.numberer.steer_core.val();
        self.steering.read_core.next = self.cfg_steer_read_core.val();
        self.stat_steer_read_queue.next = self.steering.read_queue.val();

        self.frame_queue.clk.next = self.clk.val();
        self.frame_queue.rst.next = self.rst.val();
        self.frame_queue.reserve.next = self.numberer.meta_pop.val();
        self.frame_queue.write.next = self.numberer.ticket_valid.val();
        self.frame_queue.write_ticket.next = self.numberer.ticket.val();
        self.frame_queue.pop.next = self.scheduler.ticket_pop.val();

        self.scheduler.clk.next = self.clk.val();
        self.scheduler.rst.next = self.rst.val();
        self.scheduler.ticket_valid.next = self.frame_queue.valid.val();
        self.scheduler.ticket.next = self.frame_queue.ticket.val();
        self.scheduler.available.next = self.beat_fifo.available.val();
        self.scheduler.promised_last.next = self.beat_fifo.promised_last.val();
        self.scheduler.returned.next = self.output_fifo.returned.val();

        self.history.clk.next = self.clk.val();
        self.history.write.next = self.numberer.row_write.val();
        self.history.write_row.next = self.numberer.row.val();
        self.history.write_place.next = self.numberer.row_place.val();
        self.history.address.next = self.scheduler.address.val();
        self.history.address_before.next = self.scheduler.address_before.val();
        self.history.rotation.next = self.scheduler.frame.val().rotation;
        self.history.part.next = self.scheduler.part.val();

        self.assembler.clk.next = self.clk.val();
        self.assembler.rst.next = self.rst.val();
        self.assembler.slot_valid.next = self.scheduler.valid.val();
        self.assembler.slot_prefix.next = self.scheduler.prefix.val();
        self.assembler.slot_first.next = self.scheduler.first.val();
        self.assembler.slot_before_rows.next = self.scheduler.before_rows.val();
        self.assembler.slot_last.next = self.scheduler.last.val();
        self.assembler.slot_filled.next = self.scheduler.filled_slots.val();
        self.assembler.slot_frame.next = self.scheduler.frame.val();
        self.assembler.rows.next = self.history.rows.val();
        self.assembler.packet_data.next = self.beat_fifo.data.val();
        self.assembler.packet_keep.next = self.beat_fifo.keep.val();
        self.assembler.packet_flag.next = self.beat_fifo.flag.val();

        self.output_fifo.clk.next = self.clk.val();
        self.output_fifo.rst.next = self.rst.val();
        self.output_fifo.write.next = self.assembler.valid.val();
        self.output_fifo.write_data.next = self.assembler.data.val();
        self.output_fifo.write_keep.next = self.assembler.keep.val();
        self.output_fifo.write_last.next = self.assembler.last.val();
        self.output_fifo.write_user.next = self.assembler.user.val();
        self.output_fifo.write_id.next = self.assembler.id.val();
        self.output_fifo.write_dest.next = self.assembler.dest.val();
        self.m_axis_tdata.next = self.output_fifo.m_tdata.val();
        self.m_axis_tkeep.next = self.output_fifo.m_tkeep.val();
        self.m_axis_tvalid.next = self.output_fifo.m_tvalid.val();
        self.output_fifo.m_tready.next = self.m_axis_tready.val();
        self.m_axis_tlast.next = self.output_fifo.m_tlast.val();
        self.m_axis_tuser.next = self.output_fifo.m_tuser.val();
        self.m_axis_tid.next = self.output_fifo.m_tid.val();
        self.m_axis_tdest.next = self.output_fifo.m_tdest.val();

        self.stat_changing.next = self.settings.hold.val();
        self.stat_epoch.next = self.settings.epoch.val();
        self.stat_next_seq.next = self.numberer.next_seq.val();
        self.event_frame_in.next = self.input_stage.counted_last.val();
        self.event_beat_in.next = self.input_stage.counted.val();
        self.event_beat_in_bytes.next = self.input_stage.counted_bytes.val();
        self.event_sequenced.next = self.numberer.counted_sequenced.val();
        self.event_passed_by.next = self.numberer.counted_passed_by.val();
        self.event_malformed.next = self.numberer.counted_malformed.val();
        self.event_beat_out.next = self.output_fifo.counted.val();
        self.event_beat_out_bytes.next = self.output_fifo.counted_bytes.val();
        self.event_input_stall.next = self.input_stage.stalled.val();
        self.event_output_stall.next = self.output_fifo.stalled.val();
        self.event_sent.next = self.scheduler.counted_sent.val();
        self.event_sent_core.next = self.scheduler.counted_core.val();
    }
}
