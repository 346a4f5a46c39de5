use rust_hdl::prelude::*;

use super::types::FrameTicket;
use crate::primitive::Param;

/// Decides for every cycle what the output beat that starts in it will be: a beat of prefix, a beat of
/// packet, or none. This is where the order of beats comes from; everything behind it is a pipeline that
/// never stalls, for a beat is started only when the output FIFO has room for it.
#[derive(LogicBlock, Default)]
pub struct Scheduler {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Synchronous reset.
    pub rst: Signal<In, Bit>,
    /// A frame is waiting or in progress.
    pub ticket_valid: Signal<In, Bit>,
    /// Ticket of the frame that is waiting or in progress.
    pub ticket: Signal<In, FrameTicket>,
    /// The frame is done.
    pub ticket_pop: Signal<Out, Bit>,
    /// A beat of packet can be promised.
    pub available: Signal<In, Bit>,
    /// The beat of packet that can be promised is its frame's last.
    pub promised_last: Signal<In, Bit>,
    /// Promise the beat.
    pub promise: Signal<Out, Bit>,
    /// A beat has left the output FIFO.
    pub returned: Signal<In, Bit>,
    /// A beat starts.
    pub valid: Signal<Out, Bit>,
    /// The beat that starts is one of prefix.
    pub prefix: Signal<Out, Bit>,
    /// The beat that starts is the first of its frame's prefix.
    pub first: Signal<Out, Bit>,
    /// The beat that starts lies before the first row.
    pub before_rows: Signal<Out, Bit>,
    /// The beat that starts is its frame's last.
    pub last: Signal<Out, Bit>,
    /// History address for it.
    pub address: Signal<Out, Bits<9>>,
    /// The address before it.
    pub address_before: Signal<Out, Bits<9>>,
    /// Part of a row that is wider than a beat.
    pub part: Signal<Out, Bits<2>>,
    /// Slots to be filled in it and after.
    pub filled_slots: Signal<Out, Bits<10>>,
    /// Ticket of its frame.
    pub frame: Signal<Out, FrameTicket>,
    /// A sequenced frame's last beat starts.
    pub counted_sent: Signal<Out, Bit>,
    /// The frame's core.
    pub counted_core: Signal<Out, Bits<7>>,

    in_prefix: DFF<Bit>,
    in_packet: DFF<Bit>,
    left: DFF<Bits<8>>,
    next_is_last: DFF<Bit>,
    next_address: DFF<Bits<9>>,
    next_filled: DFF<Bits<10>>,
    next_part: DFF<Bits<2>>,
    next_before_rows: DFF<Bit>,
    outstanding: DFF<Bits<32>>,

    go: Signal<Local, Bit>,
    starts: Signal<Local, Bit>,
    sends_prefix: Signal<Local, Bit>,
    sends_packet: Signal<Local, Bit>,
    ends: Signal<Local, Bit>,
    this_address: Signal<Local, Bits<9>>,
    this_filled: Signal<Local, Bits<10>>,
    this_part: Signal<Local, Bits<2>>,
    this_is_last: Signal<Local, Bit>,
    this_before_rows: Signal<Local, Bit>,
    row_ends: Signal<Local, Bit>,

    slot_valid: DFF<Bit>,
    slot_prefix: DFF<Bit>,
    slot_first: DFF<Bit>,
    slot_before_rows: DFF<Bit>,
    slot_part: DFF<Bits<2>>,
    slot_last: DFF<Bit>,
    slot_address: DFF<Bits<9>>,
    slot_address_before: DFF<Bits<9>>,
    slot_filled: DFF<Bits<10>>,
    slot_frame: DFF<FrameTicket>,
    slots_per_beat: Param<Bits<10>>,
    last_part: Param<Bits<2>>,
    second_part: Param<Bits<2>>,
    second_before_rows: Param<Bit>,
}

impl Scheduler {
    /// A scheduler for beats of `lanes` row slots, or for rows that take `parts` beats (1, 2 or 4).
    pub fn new(lanes: usize, parts: usize) -> Self {
        Self {
            slots_per_beat: Param::new(lanes as u64),
            last_part: Param::new(parts as u64 - 1),
            second_part: Param::new(u64::from(parts > 1)),
            second_before_rows: Param::new(parts > 1),
            ..Self::default()
        }
    }
}

impl Logic for Scheduler {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clk,
            in_prefix,
            in_packet,
            left,
            next_is_last,
            next_address,
            next_filled,
            next_part,
            next_before_rows,
            outstanding
        );
        clock!(
            self,
            clk,
            slot_valid,
            slot_prefix,
            slot_first,
            slot_before_rows,
            slot_part,
            slot_last,
            slot_address,
            slot_address_before,
            slot_filled,
            slot_frame
        );

        // 32 beats may be started and not yet have left the output FIFO: its depth.
        self.go.next = !self.outstanding.q.val().get_bit(31);
        self.starts.next =
            self.ticket_valid.val() & !self.in_prefix.q.val() & !self.in_packet.q.val();
        self.sends_prefix.next = self.go.val()
            & (self.in_prefix.q.val() | (self.starts.val() & self.ticket.val().sequenced));
        self.sends_packet.next = self.go.val()
            & self.available.val()
            & (self.in_packet.q.val() | (self.starts.val() & !self.ticket.val().sequenced));
        self.ends.next = self.sends_packet.val() & self.promised_last.val();

        if self.starts.val() {
            self.this_address.next = self.ticket.val().address;
            self.this_filled.next = self.ticket.val().filled_slots;
            self.this_part.next = 0.into();
            self.this_before_rows.next = true;
            self.this_is_last.next = self.ticket.val().one_beat;
        } else {
            self.this_address.next = self.next_address.q.val();
            self.this_filled.next = self.next_filled.q.val();
            self.this_part.next = self.next_part.q.val();
            self.this_before_rows.next = self.next_before_rows.q.val();
            self.this_is_last.next = self.next_is_last.q.val();
        }
        // What holds for the second beat comes with the ticket, so that nothing is computed from a value that
        // has just been chosen.
        self.row_ends.next = self.next_part.q.val() == self.last_part.val();
        if self.sends_prefix.val() {
            if self.starts.val() {
                self.left.d.next = self.ticket.val().left_after;
                self.next_is_last.d.next = self.ticket.val().two_beats;
                self.next_address.d.next = self.ticket.val().address_after;
                self.next_filled.d.next = self.ticket.val().filled_after;
                self.next_part.d.next = self.second_part.val();
                self.next_before_rows.d.next = self.second_before_rows.val();
            } else {
                self.left.d.next = self.left.q.val() - 1;
                self.next_is_last.d.next = self.left.q.val() == 2;
                if self.row_ends.val() {
                    self.next_address.d.next = self.next_address.q.val() - 1;
                    if self.next_filled.q.val() > self.slots_per_beat.val() {
                        self.next_filled.d.next =
                            self.next_filled.q.val() - self.slots_per_beat.val();
                    } else {
                        self.next_filled.d.next = 0.into();
                    }
                    self.next_part.d.next = 0.into();
                    self.next_before_rows.d.next = false;
                } else {
                    self.next_part.d.next = self.next_part.q.val() + 1;
                }
            }
            self.in_prefix.d.next = !self.this_is_last.val();
            self.in_packet.d.next = self.this_is_last.val();
        }
        if self.sends_packet.val() {
            self.in_packet.d.next = !self.promised_last.val();
        }
        if (self.sends_prefix.val() | self.sends_packet.val()) & !self.returned.val() {
            self.outstanding.d.next = (self.outstanding.q.val() << 1) | 1;
        } else if !(self.sends_prefix.val() | self.sends_packet.val()) & self.returned.val() {
            self.outstanding.d.next = self.outstanding.q.val() >> 1;
        }
        self.promise.next = self.sends_packet.val();
        self.ticket_pop.next = self.ends.val();

        self.slot_valid.d.next =
            (self.sends_prefix.val() | self.sends_packet.val()) & !self.rst.val();
        self.slot_prefix.d.next = self.sends_prefix.val();
        self.slot_first.d.next = self.starts.val();
        self.slot_before_rows.d.next = self.this_before_rows.val();
        self.slot_part.d.next = self.this_part.val();
        self.slot_last.d.next = self.ends.val();
        self.slot_address.d.next = self.this_address.val();
        if self.starts.val() {
            self.slot_address_before.d.next = self.ticket.val().address_less_one;
        } else {
            self.slot_address_before.d.next = self.next_address.q.val() - 1;
        }
        self.slot_filled.d.next = self.this_filled.val();
        self.slot_frame.d.next = self.ticket.val();
        self.valid.next = self.slot_valid.q.val();
        self.prefix.next = self.slot_prefix.q.val();
        self.first.next = self.slot_first.q.val();
        self.before_rows.next = self.slot_before_rows.q.val();
        self.part.next = self.slot_part.q.val();
        self.last.next = self.slot_last.q.val();
        self.address.next = self.slot_address.q.val();
        self.address_before.next = self.slot_address_before.q.val();
        self.filled_slots.next = self.slot_filled.q.val();
        self.frame.next = self.slot_frame.q.val();
        self.counted_sent.next =
            self.slot_valid.q.val() & self.slot_last.q.val() & self.slot_frame.q.val().sequenced;
        self.counted_core.next = self.slot_frame.q.val().core.get_bits::<7>(0);

        if self.rst.val() {
            self.in_prefix.d.next = false;
            self.in_packet.d.next = false;
            self.outstanding.d.next = 0.into();
        }
    }
}
