use rust_hdl::prelude::*;

use super::event_counter::EventCounter;
use super::sent_counter::SentCounter;
use crate::primitive::{DistRam, Param};

/// Slots of the event counters, before those of the cores.
pub const EVENTS: usize = 8;

/// The 64-bit counters.
///
/// A carry over 64 bits does not fit a cycle. So the low 24 bits of each counter count events as they come, and the
/// high 40 lie in a RAM, with a copy of the low part's top bit. A walk visits one counter after the other, seven
/// cycles each: where the top bit has fallen since the last visit, the low part has turned around, and the high
/// part goes up. A whole value is the result of a visit; reading one asks for a visit out of turn.
///
/// A low part turns around in 2²⁴ / 128 cycles at the earliest (bytes at 1024 bits); all slots, 136 at most, are visited
/// several times meanwhile, also when every other visit is out of turn.
#[derive(LogicBlock, Default)]
pub struct Counters {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Synchronous reset of all counters to 0.
    pub rst: Signal<In, Bit>,
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
    /// A sequenced frame has been sent. Not in two cycles in a row.
    pub sent: Signal<In, Bit>,
    /// Core to which the frame has been sent.
    pub sent_core: Signal<In, Bits<7>>,
    /// Read a counter: keep it up until `done`.
    pub read: Signal<In, Bit>,
    /// Slot of the counter that is read: 0 to 7 in the order of the register map, then one for each core.
    pub read_slot: Signal<In, Bits<8>>,
    /// The value is there, in this cycle.
    pub done: Signal<Out, Bit>,
    /// Lower half of the value.
    pub value_low: Signal<Out, Bits<32>>,
    /// Upper half of the value.
    pub value_high: Signal<Out, Bits<32>>,

    frames_in: EventCounter,
    bytes_in: EventCounter,
    frames_sequenced: EventCounter,
    frames_passed_by: EventCounter,
    bytes_out: EventCounter,
    input_stalls: EventCounter,
    output_stalls: EventCounter,
    frames_malformed: EventCounter,
    sent_counter: SentCounter,
    high_parts: DistRam<Bits<41>, 8>,

    step: DFF<Bits<3>>,
    turn: DFF<Bits<8>>,
    slot: DFF<Bits<8>>,
    out_of_turn: DFF<Bit>,
    // Since the reset all slots have been visited; before that, high parts stand for 0.
    walked: DFF<Bit>,
    is_event: DFF<Bit>,
    core: DFF<Bits<7>>,
    event_count: DFF<Bits<24>>,
    stored: DFF<Bits<41>>,
    low: DFF<Bits<24>>,
    turned: DFF<Bit>,
    middle: DFF<Bits<21>>,
    high: DFF<Bits<20>>,
    served: DFF<Bit>,
    last_turn: Signal<Local, Bit>,
    index: Signal<Local, Bits<3>>,
    slot_after_events: Signal<Local, Bits<8>>,
    first_four: Signal<Local, Bits<24>>,
    last_four: Signal<Local, Bits<24>>,
    stored_middle: Signal<Local, Bits<20>>,
    stored_high: Signal<Local, Bits<20>>,
    middle_sum: Signal<Local, Bits<20>>,
    carry: Signal<Local, Bits<1>>,
    counted_again: Signal<Local, Bits<41>>,
    low_of_middle: Signal<Local, Bits<8>>,
    high_of_middle: Signal<Local, Bits<12>>,
    last_slot: Param<Bits<8>>,
    events: Param<Bits<8>>,
}

impl Counters {
    /// Counters for at most `max_cores` cores.
    pub fn new(max_cores: u8) -> Self {
        let slots = EVENTS + usize::from(max_cores);
        Self {
            sent_counter: SentCounter::new(max_cores),
            high_parts: DistRam::with_depth(slots.next_power_of_two()),
            last_slot: Param::new(slots as u64 - 1),
            events: Param::new(EVENTS as u64),
            ..Self::default()
        }
    }
}

impl Logic for Counters {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clk, step, turn, slot, out_of_turn, walked, served);
        clock!(
            self,
            clk,
            high_parts,
            is_event,
            core,
            event_count,
            stored,
            low,
            turned,
            middle,
            high
        );
        self.frames_in.clk.next = self.clk.val();
        self.frames_in.rst.next = self.rst.val();
        self.frames_in.increase.next = self.frame_in.val();
        self.frames_in.amount.next = 1.into();
        self.bytes_in.clk.next = self.clk.val();
        self.bytes_in.rst.next = self.rst.val();
        self.bytes_in.increase.next = self.beat_in.val();
        self.bytes_in.amount.next = self.beat_in_bytes.val();
        self.frames_sequenced.clk.next = self.clk.val();
        self.frames_sequenced.rst.next = self.rst.val();
        self.frames_sequenced.increase.next = self.sequenced.val();
        self.frames_sequenced.amount.next = 1.into();
        self.frames_passed_by.clk.next = self.clk.val();
        self.frames_passed_by.rst.next = self.rst.val();
        self.frames_passed_by.increase.next = self.passed_by.val();
        self.frames_passed_by.amount.next = 1.into();
        self.bytes_out.clk.next = self.clk.val();
        self.bytes_out.rst.next = self.rst.val();
        self.bytes_out.increase.next = self.beat_out.val();
        self.bytes_out.amount.next = self.beat_out_bytes.val();
        self.input_stalls.clk.next = self.clk.val();
        self.input_stalls.rst.next = self.rst.val();
        self.input_stalls.increase.next = self.input_stall.val();
        self.input_stalls.amount.next = 1.into();
        self.output_stalls.clk.next = self.clk.val();
        self.output_stalls.rst.next = self.rst.val();
        self.output_stalls.increase.next = self.output_stall.val();
        self.output_stalls.amount.next = 1.into();
        self.frames_malformed.clk.next = self.clk.val();
        self.frames_malformed.rst.next = self.rst.val();
        self.frames_malformed.increase.next = self.malformed.val();
        self.frames_malformed.amount.next = 1.into();
        self.sent_counter.clk.next = self.clk.val();
        self.sent_counter.rst.next = self.rst.val();
        self.sent_counter.sent.next = self.sent.val();
        self.sent_counter.core.next = self.sent_core.val();

        // Step 0: whose turn it is. After a visit out of turn comes one in turn.
        self.last_turn.next = self.turn.q.val() == self.last_slot.val();
        if self.step.q.val() == 6 {
            self.step.d.next = 0.into();
        } else {
            self.step.d.next = self.step.q.val() + 1;
        }
        if self.step.q.val() == 0 {
            if self.read.val() & !self.served.q.val() {
                self.slot.d.next = self.read_slot.val();
                self.out_of_turn.d.next = true;
            } else {
                self.slot.d.next = self.turn.q.val();
                self.out_of_turn.d.next = false;
            }
        }

        // Steps 1 to 3: the slot's parts are looked up.
        self.is_event.d.next = self.slot.q.val() < self.events.val();
        self.slot_after_events.next = self.slot.q.val() - self.events.val();
        self.core.d.next = self.slot_after_events.val().get_bits::<7>(0);
        self.sent_counter.read_core.next = self.core.q.val();
        self.index.next = self.slot.q.val().get_bits::<3>(0);
        if self.index.val().get_bit(1) {
            if self.index.val().get_bit(0) {
                self.first_four.next = self.frames_passed_by.count.val();
                self.last_four.next = self.frames_malformed.count.val();
            } else {
                self.first_four.next = self.frames_sequenced.count.val();
                self.last_four.next = self.output_stalls.count.val();
            }
        } else if self.index.val().get_bit(0) {
            self.first_four.next = self.bytes_in.count.val();
            self.last_four.next = self.input_stalls.count.val();
        } else {
            self.first_four.next = self.frames_in.count.val();
            self.last_four.next = self.bytes_out.count.val();
        }
        if self.index.val().get_bit(2) {
            self.event_count.d.next = self.last_four.val();
        } else {
            self.event_count.d.next = self.first_four.val();
        }
        self.high_parts.read_address.next = self.slot.q.val();
        if self.walked.q.val() {
            self.stored.d.next = self.high_parts.read_data.val();
        } else {
            self.stored.d.next = 0.into();
        }
        self.low.d.next = self.low.q.val();
        self.turned.d.next = self.turned.q.val();
        if self.step.q.val() == 3 {
            // The low part is looked at once: it goes on counting.
            if self.is_event.q.val() {
                self.low.d.next = self.event_count.q.val();
                self.turned.d.next =
                    self.stored.q.val().get_bit(40) & !self.event_count.q.val().get_bit(23);
            } else {
                self.low.d.next = self.sent_counter.read_count.val();
                self.turned.d.next = self.stored.q.val().get_bit(40)
                    & !self.sent_counter.read_count.val().get_bit(23);
            }
        }

        // Steps 4 and 5: the high part goes up if the low part has turned around.
        self.stored_middle.next = self.stored.q.val().get_bits::<20>(0);
        self.middle.d.next = bit_cast::<21, 20>(self.stored_middle.val())
            + bit_cast::<21, 1>(self.turned.q.val().into());
        self.stored_high.next = self.stored.q.val().get_bits::<20>(20);
        self.carry.next = self.middle.q.val().get_bits::<1>(20);
        self.high.d.next = self.stored_high.val() + bit_cast::<20, 1>(self.carry.val());

        // Step 6: the visit ends.
        self.middle_sum.next = self.middle.q.val().get_bits::<20>(0);
        self.counted_again.next = (bit_cast::<41, 1>(self.low.q.val().get_bits::<1>(23)) << 40)
            | (bit_cast::<41, 20>(self.high.q.val()) << 20)
            | bit_cast::<41, 20>(self.middle_sum.val());
        self.high_parts.write_enable.next = self.step.q.val() == 6;
        self.high_parts.write_address.next = self.slot.q.val();
        self.high_parts.write_data.next = self.counted_again.val();
        self.done.next = (self.step.q.val() == 6) & self.out_of_turn.q.val();
        if self.step.q.val() == 6 {
            self.served.d.next = self.out_of_turn.q.val();
            if !self.out_of_turn.q.val() {
                if self.last_turn.val() {
                    self.turn.d.next = 0.into();
                    self.walked.d.next = true;
                } else {
                    self.turn.d.next = self.turn.q.val() + 1;
                }
            }
        }
        self.low_of_middle.next = self.middle.q.val().get_bits::<8>(0);
        self.high_of_middle.next = self.middle.q.val().get_bits::<12>(8);
        self.value_low.next = (bit_cast::<32, 8>(self.low_of_middle.val()) << 24)
            | bit_cast::<32, 24>(self.low.q.val());
        self.value_high.next = (bit_cast::<32, 20>(self.high.q.val()) << 12)
            | bit_cast::<32, 12>(self.high_of_middle.val());

        if self.rst.val() {
            self.step.d.next = 0.into();
            self.turn.d.next = 0.into();
            self.served.d.next = false;
            self.out_of_turn.d.next = false;
            self.walked.d.next = false;
        }
    }
}
