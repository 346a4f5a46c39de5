use rust_hdl::prelude::*;

/// The epoch: one more for each reset, and for each enabling that comes into force.
#[derive(LogicBlock, Default)]
pub struct EpochCount {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Synchronous reset.
    pub rst: Signal<In, Bit>,
    /// Enabling comes into force.
    pub starts: Signal<In, Bit>,
    /// The epoch.
    pub epoch: Signal<Out, Bits<6>>,

    epoch_count: DFF<Bits<6>>,
    powered: DFF<Bit>,
    in_reset: DFF<Bit>,
    reset_starts: Signal<Local, Bit>,
}

impl Logic for EpochCount {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clk, epoch_count, powered, in_reset);

        // The reset that comes with power does not count.
        self.reset_starts.next = self.rst.val() & !self.in_reset.q.val() & self.powered.q.val();
        self.in_reset.d.next = self.rst.val();
        if !self.rst.val() {
            self.powered.d.next = true;
        }
        if self.starts.val() | self.reset_starts.val() {
            self.epoch_count.d.next = self.epoch_count.q.val() + 1;
        }

        self.epoch.next = self.epoch_count.q.val();
    }
}
