use rust_hdl::prelude::*;

use super::types::{DEST, FrameInfo, FrameTicket};
use crate::primitive::Param;

/// Numbers frames: takes one entry of the meta FIFO a cycle, decides whether it is sequenced, gives it a
/// sequence number and a core, puts its row into the history, and makes a ticket for the scheduler.
///
/// Three stages; a place in the frame queue is reserved when a frame enters the first.
#[derive(LogicBlock, Default)]
pub struct Numberer<const R: usize> {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Synchronous reset.
    pub rst: Signal<In, Bit>,
    /// A frame waits in the meta FIFO.
    pub meta_valid: Signal<In, Bit>,
    /// The frame that waits is to be sequenced if IP is: as in `meta_info`, but from a register.
    pub meta_is_ip: Signal<In, Bit>,
    /// Row of the frame that waits.
    pub meta_row: Signal<In, Bits<R>>,
    /// What else is known of it.
    pub meta_info: Signal<In, FrameInfo>,
    /// Take the frame.
    pub meta_pop: Signal<Out, Bit>,
    /// The frame queue has room.
    pub space: Signal<In, Bit>,
    /// Number no frame.
    pub hold: Signal<In, Bit>,
    /// Setting: enable.
    pub enable: Signal<In, Bit>,
    /// Setting: sequence every frame.
    pub sequence_all: Signal<In, Bit>,
    /// Setting: k.
    pub cores: Signal<In, Bits<8>>,
    /// Setting: B.
    pub prefix_words: Signal<In, Bits<8>>,
    /// Setting: beats of prefix, less one.
    pub last_prefix_beat: Signal<In, Bits<8>>,
    /// Setting: min(M, N + 1, 255).
    pub max_valid_rows: Signal<In, Bits<10>>,
    /// Setting: default queue.
    pub default_queue: Signal<In, Bits<DEST>>,
    /// The core of the next sequenced frame.
    pub core: Signal<In, Bits<8>>,
    /// The epoch.
    pub epoch: Signal<In, Bits<6>>,
    /// Start a new epoch.
    pub new_epoch: Signal<In, Bit>,
    /// A frame is given a number in this cycle.
    pub numbered: Signal<Out, Bit>,
    /// The core whose queue is looked up in the steering table.
    pub steer_core: Signal<Out, Bits<7>>,
    /// Queue of the core `steer_core`.
    pub steer_queue: Signal<In, Bits<DEST>>,
    /// A frame has got a number.
    pub counted_sequenced: Signal<Out, Bit>,
    /// A frame passes by.
    pub counted_passed_by: Signal<Out, Bit>,
    /// A frame is malformed.
    pub counted_malformed: Signal<Out, Bit>,
    /// A row goes into the history.
    pub row_write: Signal<Out, Bit>,
    /// The row.
    pub row: Signal<Out, Bits<R>>,
    /// Place of the row in the history.
    pub row_place: Signal<Out, Bits<14>>,
    /// A ticket comes out.
    pub ticket_valid: Signal<Out, Bit>,
    /// The ticket.
    pub ticket: Signal<Out, FrameTicket>,
    /// The number that the next sequenced frame gets.
    pub next_seq: Signal<Out, Bits<40>>,

    takes: Signal<Local, Bit>,
    sequences: Signal<Local, Bit>,
    seq_low: DFF<Bits<20>>,
    seq_high: DFF<Bits<20>>,
    seq_low_full: DFF<Bit>,
    seq: Signal<Local, Bits<40>>,
    place: DFF<Bits<14>>,
    in_history: DFF<Bits<10>>,
    filled_more: Signal<Local, Bits<10>>,

    a_valid: DFF<Bit>,
    a_sequenced: DFF<Bit>,
    a_row: DFF<Bits<R>>,
    a_info: DFF<FrameInfo>,
    a_seq: DFF<Bits<40>>,
    a_place: DFF<Bits<14>>,
    a_filled: DFF<Bits<10>>,
    a_core: DFF<Bits<8>>,
    a_cores: DFF<Bits<8>>,
    a_words: DFF<Bits<8>>,
    a_beats: DFF<Bits<8>>,
    a_max_rows: DFF<Bits<10>>,
    a_epoch: DFF<Bits<6>>,
    a_default_queue: DFF<Bits<DEST>>,

    b_valid: DFF<Bit>,
    b_sequenced: DFF<Bit>,
    b_info: DFF<FrameInfo>,
    b_seq: DFF<Bits<40>>,
    b_valid_rows: DFF<Bits<10>>,
    b_place: DFF<Bits<14>>,
    b_core: DFF<Bits<8>>,
    b_cores: DFF<Bits<8>>,
    b_words: DFF<Bits<8>>,
    b_beats: DFF<Bits<8>>,
    b_epoch: DFF<Bits<6>>,
    b_dest: DFF<Bits<DEST>>,

    high_place: Signal<Local, Bits<14>>,
    filled: Signal<Local, Bits<10>>,
    first_address: Signal<Local, Bits<9>>,
    address_before: Signal<Local, Bits<9>>,
    low_place: Signal<Local, Bits<5>>,
    c_valid: DFF<Bit>,
    c_ticket: DFF<FrameTicket>,
    made: Signal<Local, FrameTicket>,

    max_filled: Param<Bits<10>>,
    almost_full: Param<Bits<20>>,
    header_slots: Param<Bits<14>>,
    header_slots_short: Param<Bits<10>>,
    lanes_log2: Param<Bits<3>>,
    row_in_beat: Param<Bit>,
    slots_beyond_header: Param<Bits<10>>,
    lane_mask: Param<Bits<5>>,
}

impl<const R: usize> Numberer<R> {
    /// A numberer for a history of `history` rows in `lanes` lanes, where a row takes `parts` beats.
    pub fn new(history: usize, lanes: usize, parts: usize) -> Self {
        let row_bytes = R / 8;
        let header = row_bytes.max(scr_wire::header::HEADER_BYTES) / row_bytes;
        Self {
            max_filled: Param::new(history as u64 + 1),
            almost_full: Param::new(0xf_fffe),
            header_slots: Param::new(header as u64),
            header_slots_short: Param::new(header as u64),
            lanes_log2: Param::new(u64::from(lanes.trailing_zeros())),
            row_in_beat: Param::new(parts == 1),
            // Of the first beat's slots, those that hold rows. The header never takes more than a beat.
            slots_beyond_header: Param::new(lanes.saturating_sub(header) as u64),
            lane_mask: Param::new(lanes as u64 - 1),
            ..Self::default()
        }
    }
}

impl<const R: usize> Logic for Numberer<R> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clk,
            seq_low,
            seq_high,
            seq_low_full,
            place,
            in_history
        );
        clock!(
            self,
            clk,
            a_valid,
            a_sequenced,
            a_row,
            a_info,
            a_seq,
            a_place,
            a_filled,
            a_core,
            a_cores,
            a_words,
            a_beats,
            a_max_rows,
            a_epoch,
            a_default_queue
        );
        clock!(
            self,
            clk,
            b_valid,
            b_sequenced,
            b_info,
            b_seq,
            b_valid_rows,
            b_place,
            b_core,
            b_cores,
            b_words,
            b_beats,
            b_epoch,
            b_dest,
            c_valid,
            c_ticket
        );

        // The frame gets its number.
        self.seq.next = (bit_cast::<40, 20>(self.seq_high.q.val()) << 20)
            | bit_cast::<40, 20>(self.seq_low.q.val());
        self.takes.next = self.meta_valid.val() & self.space.val() & !self.hold.val();
        self.sequences.next = self.takes.val()
            & self.enable.val()
            & (self.sequence_all.val() | self.meta_is_ip.val());
        self.meta_pop.next = self.takes.val();
        self.numbered.next = self.sequences.val();
        if self.in_history.q.val() == self.max_filled.val() {
            self.filled_more.next = self.in_history.q.val();
        } else {
            self.filled_more.next = self.in_history.q.val() + 1;
        }
        if self.sequences.val() {
            self.seq_low.d.next = self.seq_low.q.val() + 1;
            self.seq_low_full.d.next = self.seq_low.q.val() == self.almost_full.val();
            if self.seq_low_full.q.val() {
                self.seq_high.d.next = self.seq_high.q.val() + 1;
            }
            self.place.d.next = self.place.q.val() + 1;
            self.in_history.d.next = self.filled_more.val();
        }
        // A new epoch counts from 0, but its rows go on behind those of the one before: frames that wait still read them.
        if self.new_epoch.val() | self.rst.val() {
            self.seq_low.d.next = 0.into();
            self.seq_high.d.next = 0.into();
            self.seq_low_full.d.next = false;
            self.in_history.d.next = 0.into();
        }
        if self.rst.val() {
            self.place.d.next = 0.into();
        }
        self.a_valid.d.next = self.takes.val() & !self.rst.val();
        self.a_sequenced.d.next = self.sequences.val();
        self.a_row.d.next = self.meta_row.val();
        self.a_info.d.next = self.meta_info.val();
        self.a_seq.d.next = self.seq.val();
        self.a_place.d.next = self.place.q.val();
        self.a_filled.d.next = self.filled_more.val();
        self.a_core.d.next = self.core.val();
        self.a_cores.d.next = self.cores.val();
        self.a_words.d.next = self.prefix_words.val();
        self.a_beats.d.next = self.last_prefix_beat.val();
        self.a_max_rows.d.next = self.max_valid_rows.val();
        self.a_epoch.d.next = self.epoch.val();
        self.a_default_queue.d.next = self.default_queue.val();

        // The frame's row goes into the history, and its queue comes out of the steering table.
        self.row_write.next = self.a_valid.q.val() & self.a_sequenced.q.val();
        self.row.next = self.a_row.q.val();
        self.row_place.next = self.a_place.q.val();
        self.steer_core.next = self.a_core.q.val().get_bits::<7>(0);
        if self.a_sequenced.q.val() {
            self.b_dest.d.next = self.steer_queue.val();
        } else {
            self.b_dest.d.next = self.a_default_queue.q.val();
        }
        if self.a_filled.q.val() > self.a_max_rows.q.val() {
            self.b_valid_rows.d.next = self.a_max_rows.q.val();
        } else {
            self.b_valid_rows.d.next = self.a_filled.q.val();
        }
        self.b_place.d.next = self.a_place.q.val() + self.header_slots.val();
        self.b_valid.d.next = self.a_valid.q.val() & !self.rst.val();
        self.b_sequenced.d.next = self.a_sequenced.q.val();
        self.b_info.d.next = self.a_info.q.val();
        self.b_seq.d.next = self.a_seq.q.val();
        self.b_core.d.next = self.a_core.q.val();
        self.b_cores.d.next = self.a_cores.q.val();
        self.b_words.d.next = self.a_words.q.val();
        self.b_beats.d.next = self.a_beats.q.val();
        self.b_epoch.d.next = self.a_epoch.q.val();

        // The ticket. Slot 0 of a prefix stands for the row that would be `header_slots` newer.
        self.high_place.next = self.b_place.q.val() >> self.lanes_log2.val();
        self.low_place.next = self.b_place.q.val().get_bits::<5>(0);
        self.made.next.sequenced = self.b_sequenced.q.val();
        self.made.next.one_beat = self.b_beats.q.val() == 0;
        self.made.next.two_beats = self.b_beats.q.val() == 1;
        self.made.next.left_after = self.b_beats.q.val();
        self.filled.next = self.b_valid_rows.q.val() + self.header_slots_short.val();
        self.made.next.filled_slots = self.filled.val();
        self.first_address.next = self.high_place.val().get_bits::<9>(0);
        self.made.next.address = self.first_address.val();
        self.address_before.next = self.first_address.val() - 1;
        self.made.next.address_less_one = self.address_before.val();
        if self.row_in_beat.val() {
            self.made.next.address_after = self.address_before.val();
            if self.b_valid_rows.q.val() > self.slots_beyond_header.val() {
                self.made.next.filled_after =
                    self.b_valid_rows.q.val() - self.slots_beyond_header.val();
            } else {
                self.made.next.filled_after = 0.into();
            }
        } else {
            self.made.next.address_after = self.first_address.val();
            self.made.next.filled_after = self.filled.val();
        }
        self.made.next.rotation = !self.low_place.val() & self.lane_mask.val();
        self.made.next.prefix_words = self.b_words.q.val();
        self.made.next.cores = self.b_cores.q.val();
        self.made.next.core = self.b_core.q.val();
        self.made.next.epoch = self.b_epoch.q.val();
        self.made.next.seq = self.b_seq.q.val();
        self.made.next.valid_rows = self.b_valid_rows.q.val().get_bits::<8>(0);
        self.made.next.timestamp = self.b_info.q.val().timestamp;
        self.made.next.id = self.b_info.q.val().id;
        self.made.next.dest = self.b_dest.q.val();
        self.c_ticket.d.next = self.made.val();
        self.c_valid.d.next = self.b_valid.q.val() & !self.rst.val();

        self.counted_sequenced.next = self.a_valid.q.val() & self.a_sequenced.q.val();
        self.counted_passed_by.next = self.a_valid.q.val() & !self.a_sequenced.q.val();
        self.counted_malformed.next = self.a_valid.q.val() & self.a_info.q.val().malformed;
        self.ticket_valid.next = self.c_valid.q.val();
        self.ticket.next = self.c_ticket.q.val();
        self.next_seq.next = self.seq.val();
    }
}
