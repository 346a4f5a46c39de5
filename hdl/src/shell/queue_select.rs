use rust_hdl::prelude::*;

use super::corundum::DEST;

/// Says in `tdest` what a frame's queue is: the queue itself, or a place in the NIC's indirection table. Corundum takes the lower
/// bits for the queue if the highest bit is set, and if its `app_mask` allows that.
///
/// A frame begins with what the register says in the cycle in which its first beat is offered, and keeps it to its end.
#[derive(LogicBlock, Default)]
pub struct QueueSelect {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Synchronous reset.
    pub rst: Signal<In, Bit>,
    /// Register TDEST, bit 0: queues are places in the indirection table.
    pub indirect: Signal<In, Bit>,
    /// The sequencer's output stream: a beat is offered.
    pub tvalid: Signal<In, Bit>,
    /// The sequencer's output stream: a beat is taken.
    pub tready: Signal<In, Bit>,
    /// The sequencer's output stream: last beat of a frame.
    pub tlast: Signal<In, Bit>,
    /// The sequencer's output stream: receive queue. Its highest bit is not looked at.
    pub queue: Signal<In, Bits<DEST>>,
    /// `tdest` of the beat that is offered.
    pub tdest: Signal<Out, Bits<DEST>>,

    inside: DFF<Bit>,
    kept: DFF<Bit>,
    chosen: Signal<Local, Bit>,
    number: Signal<Local, Bits<8>>,
}

impl Logic for QueueSelect {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clk, inside, kept);
        self.number.next = self.queue.val().get_bits::<8>(0);
        self.chosen.next = self.indirect.val();
        if self.inside.q.val() {
            self.chosen.next = self.kept.q.val();
        }
        self.tdest.next = bit_cast::<DEST, 8>(self.number.val())
            | (bit_cast::<DEST, 1>((!self.chosen.val()).into()) << 8);

        // Inside is a frame from the offer of its first beat on, whether or not that is taken at once.
        if self.tvalid.val() {
            self.kept.d.next = self.chosen.val();
            self.inside.d.next = !(self.tready.val() & self.tlast.val());
        }
        if self.rst.val() {
            self.inside.d.next = false;
        }
    }
}

impl QueueSelect {
    /// Marks the inputs as driven from outside.
    pub(crate) fn connect_inputs(&mut self) {
        self.clk.connect();
        self.rst.connect();
        self.indirect.connect();
        self.tvalid.connect();
        self.tready.connect();
        self.tlast.connect();
        self.queue.connect();
    }
}
