use rust_hdl::prelude::*;

use crate::primitive::{DistRam, Param};

/// The low parts of the counters of frames sent, one for each core, in RAM.
///
/// A frame takes two cycles: its core's count is read in the first and written, increased, in the second.
/// Sequenced frames have two beats at least, so the next frame's count is read after that.
#[derive(LogicBlock, Default)]
pub struct SentCounter {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Synchronous reset of all counts to 0.
    pub rst: Signal<In, Bit>,
    /// A frame has been sent. Not in two cycles in a row.
    pub sent: Signal<In, Bit>,
    /// Core to which the frame has been sent.
    pub core: Signal<In, Bits<7>>,
    /// A core to be looked at.
    pub read_core: Signal<In, Bits<7>>,
    /// Count of the core `read_core` modulo 2²⁴, a cycle later.
    pub read_count: Signal<Out, Bits<24>>,

    update_counts: DistRam<Bits<24>, 7>,
    read_counts: DistRam<Bits<24>, 7>,
    // Which counts in RAM are since the reset; the others stand for 0.
    counted: DFF<Bits<128>>,
    increases: DFF<Bit>,
    increased_core: DFF<Bits<7>>,
    before: DFF<Bits<24>>,
    after: Signal<Local, Bits<24>>,
    answer: DFF<Bits<24>>,
    place: Signal<Local, Bits<7>>,
    read_place: Signal<Local, Bits<7>>,
    one: Param<Bits<128>>,
    core_mask: Param<Bits<7>>,
}

impl SentCounter {
    /// Counters for at most `max_cores` cores.
    pub fn new(max_cores: u8) -> Self {
        let places = super::core_places(max_cores);
        Self {
            update_counts: DistRam::with_depth(places),
            read_counts: DistRam::with_depth(places),
            one: Param::new(1),
            core_mask: Param::new(places as u64 - 1),
            ..Self::default()
        }
    }
}

impl Logic for SentCounter {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clk, counted);
        clock!(
            self,
            clk,
            update_counts,
            read_counts,
            increases,
            increased_core,
            before,
            answer
        );
        // What the core's count was.
        self.place.next = self.core.val() & self.core_mask.val();
        self.update_counts.read_address.next = self.place.val();
        self.increases.d.next = self.sent.val() & !self.rst.val();
        self.increased_core.d.next = self.place.val();
        if self.counted.q.val().get_bit(self.place.val().index()) {
            self.before.d.next = self.update_counts.read_data.val();
        } else {
            self.before.d.next = 0.into();
        }

        // What it is.
        self.after.next = self.before.q.val() + 1;
        self.update_counts.write_enable.next = self.increases.q.val();
        self.update_counts.write_address.next = self.increased_core.q.val();
        self.update_counts.write_data.next = self.after.val();
        self.read_counts.write_enable.next = self.increases.q.val();
        self.read_counts.write_address.next = self.increased_core.q.val();
        self.read_counts.write_data.next = self.after.val();
        if self.increases.q.val() {
            self.counted.d.next =
                self.counted.q.val() | (self.one.val() << self.increased_core.q.val());
        }
        if self.rst.val() {
            self.counted.d.next = 0.into();
        }

        self.read_place.next = self.read_core.val() & self.core_mask.val();
        self.read_counts.read_address.next = self.read_place.val();
        if self.counted.q.val().get_bit(self.read_place.val().index()) {
            self.answer.d.next = self.read_counts.read_data.val();
        } else {
            self.answer.d.next = 0.into();
        }
        self.read_count.next = self.answer.q.val();
    }
}
