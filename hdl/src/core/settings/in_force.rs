use rust_hdl::prelude::*;

use crate::core::types::Configuration;

/// Puts a configuration in force, all of it at once, and says what begins with it.
///
/// A change of k waits for the division that it needs. No frame is numbered meanwhile, nor after a reset before something is in
/// force.
#[derive(LogicBlock, Default)]
pub struct InForce {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Synchronous reset.
    pub rst: Signal<In, Bit>,
    /// The configuration to be put in force next.
    pub pending: Signal<In, Configuration>,
    /// `pending` is valid.
    pub pending_valid: Signal<In, Bit>,
    /// k that `pending` has in the next cycle.
    pub cores_ahead: Signal<In, Bits<8>>,
    /// The division for a change of k is done.
    pub divided: Signal<In, Bit>,
    /// The configuration in force.
    pub configuration: Signal<Out, Configuration>,
    /// k is about to change: high until the division is done.
    pub divide: Signal<Out, Bit>,
    /// A new epoch starts with the next frame.
    pub new_epoch: Signal<Out, Bit>,
    /// The rotation begins anew.
    pub begins: Signal<Out, Bit>,
    /// Number no frame: k is about to change, or nothing is in force after a reset.
    pub hold: Signal<Out, Bit>,

    in_force: DFF<Bit>,
    now: DFF<Configuration>,
    differs: DFF<Bit>,
    holding: DFF<Bit>,
    change: Signal<Local, Bit>,
    take: Signal<Local, Bit>,
    starts: Signal<Local, Bit>,
}

impl Logic for InForce {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clk, in_force, now, holding);
        clock!(self, clk, differs);

        self.change.next = self.in_force.q.val() & self.differs.q.val();
        self.take.next = self.pending_valid.val() & (!self.change.val() | self.divided.val());
        self.divide.next = self.change.val() & self.pending_valid.val();
        // Whether the next k differs from that in force, a cycle ahead: from what both will be then.
        self.differs.d.next = self.cores_ahead.val() != self.now.q.val().cores;
        if self.take.val() {
            self.differs.d.next = self.cores_ahead.val() != self.pending.val().cores;
        }

        // What is put in force first after a reset, and what enables, makes the rotation begin anew. The former starts no
        // epoch: the reset has done that.
        self.starts.next = self.take.val()
            & self.in_force.q.val()
            & self.pending.val().enable
            & !self.now.q.val().enable;
        self.begins.next = self.starts.val() | (self.take.val() & !self.in_force.q.val());

        if self.take.val() {
            self.in_force.d.next = true;
            self.now.d.next = self.pending.val();
        }
        if self.divide.val() {
            self.holding.d.next = true;
        }
        if self.divided.val() | self.begins.val() {
            self.holding.d.next = false;
        }
        if self.rst.val() {
            self.in_force.d.next = false;
            self.holding.d.next = true;
        }

        self.configuration.next = self.now.q.val();
        self.new_epoch.next = self.starts.val();
        self.hold.next = self.holding.q.val();
    }
}
