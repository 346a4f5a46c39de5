use rust_hdl::prelude::*;

/// The low part of a 64-bit counter, as long as its carry chain can be within a cycle. The walk of
/// `Counters` looks at it more often than it can turn around, and counts the turns.
#[derive(LogicBlock, Default)]
pub struct EventCounter {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Synchronous reset to 0.
    pub rst: Signal<In, Bit>,
    /// Something to be counted has happened.
    pub increase: Signal<In, Bit>,
    /// By how much it counts.
    pub amount: Signal<In, Bits<8>>,
    /// The count, modulo 2²⁴.
    pub count: Signal<Out, Bits<24>>,
    total: DFF<Bits<24>>,
}

impl Logic for EventCounter {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clk, total);
        if self.increase.val() {
            self.total.d.next = self.total.q.val() + bit_cast::<24, 8>(self.amount.val());
        }
        if self.rst.val() {
            self.total.d.next = 0.into();
        }
        self.count.next = self.total.q.val();
    }
}
