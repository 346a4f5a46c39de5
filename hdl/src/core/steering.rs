use rust_hdl::prelude::*;

use super::types::DEST;
use crate::primitive::{DistRam, Param};

/// The steering table: a queue for each core. A core that was never steered has the queue of its own number.
///
/// The table is read at two places: for frames, within the cycle, and for the register bus, three cycles later.
#[derive(LogicBlock, Default)]
pub struct Steering {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Synchronous reset: no core is steered.
    pub rst: Signal<In, Bit>,
    /// Write a word.
    pub write: Signal<In, Bit>,
    /// Core whose word is written.
    pub write_core: Signal<In, Bits<7>>,
    /// Queue of the core `write_core`.
    pub write_queue: Signal<In, Bits<DEST>>,
    /// A frame's core.
    pub core: Signal<In, Bits<7>>,
    /// Queue of the frame's core, within the cycle.
    pub queue: Signal<Out, Bits<DEST>>,
    /// The core that the register bus asks for.
    pub read_core: Signal<In, Bits<7>>,
    /// Queue of the core `read_core`, three cycles later.
    pub read_queue: Signal<Out, Bits<DEST>>,

    frame_table: DistRam<Bits<DEST>, 7>,
    read_table: DistRam<Bits<DEST>, 7>,
    steered: DFF<Bits<128>>,
    a_core: DFF<Bits<7>>,
    a_word: DFF<Bits<DEST>>,
    a_steered: DFF<Bits<128>>,
    b_core: DFF<Bits<7>>,
    b_word: DFF<Bits<DEST>>,
    b_is_steered: DFF<Bit>,
    answer: DFF<Bits<DEST>>,
    written: Signal<Local, Bits<7>>,
    low_bits: Signal<Local, Bits<7>>,
    high_bits: Signal<Local, Bits<7>>,
    looked_up: Signal<Local, Bits<7>>,
    one: Param<Bits<128>>,
    core_mask: Param<Bits<7>>,
    low_mask: Param<Bits<7>>,
    high_mask: Param<Bits<7>>,
}

/// Bits of a core's number that choose a flag first, the others then.
const LOW_MASK: u64 = 3;

impl Steering {
    /// A table for at most `max_cores` cores.
    pub fn new(max_cores: u8) -> Self {
        let places = super::core_places(max_cores);
        Self {
            frame_table: DistRam::with_depth(places),
            read_table: DistRam::with_depth(places),
            one: Param::new(1),
            core_mask: Param::new(places as u64 - 1),
            low_mask: Param::new(LOW_MASK & (places as u64 - 1)),
            high_mask: Param::new(!LOW_MASK & (places as u64 - 1)),
            ..Self::default()
        }
    }
}

impl Logic for Steering {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clk, steered);
        clock!(
            self,
            clk,
            a_core,
            a_word,
            a_steered,
            b_core,
            b_word,
            b_is_steered,
            answer
        );
        clock!(self, clk, frame_table, read_table);
        self.frame_table.write_enable.next = self.write.val();
        self.frame_table.write_address.next = self.write_core.val();
        self.frame_table.write_data.next = self.write_queue.val();
        self.read_table.write_enable.next = self.write.val();
        self.read_table.write_address.next = self.write_core.val();
        self.read_table.write_data.next = self.write_queue.val();
        self.written.next = self.write_core.val() & self.core_mask.val();
        if self.write.val() {
            self.steered.d.next = self.steered.q.val() | (self.one.val() << self.written.val());
        }
        if self.rst.val() {
            self.steered.d.next = 0.into();
        }

        self.looked_up.next = self.core.val() & self.core_mask.val();
        self.frame_table.read_address.next = self.core.val();
        if self.steered.q.val().get_bit(self.looked_up.val().index()) {
            self.queue.next = self.frame_table.read_data.val();
        } else {
            self.queue.next = bit_cast::<DEST, 7>(self.core.val());
        }
        self.read_table.read_address.next = self.read_core.val();

        // Stage a: every fourth flag, from that of the core modulo 4 on. Stage b: of these, the core's.
        self.low_bits.next = self.read_core.val() & self.low_mask.val();
        self.a_core.d.next = self.read_core.val();
        self.a_word.d.next = self.read_table.read_data.val();
        self.a_steered.d.next = self.steered.q.val() >> self.low_bits.val();
        self.high_bits.next = self.a_core.q.val() & self.high_mask.val();
        self.b_core.d.next = self.a_core.q.val();
        self.b_word.d.next = self.a_word.q.val();
        self.b_is_steered.d.next = self.a_steered.q.val().get_bit(self.high_bits.val().index());
        if self.b_is_steered.q.val() {
            self.answer.d.next = self.b_word.q.val();
        } else {
            self.answer.d.next = bit_cast::<DEST, 7>(self.b_core.q.val());
        }
        self.read_queue.next = self.answer.q.val();
    }
}
