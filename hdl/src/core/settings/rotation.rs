use rust_hdl::prelude::*;

/// Whose turn it is: after core c comes core (c + 1) mod k.
///
/// The next core, the one after it before it wraps, and whether it wraps: all in registers, for a frame may be numbered in
/// every cycle.
#[derive(LogicBlock, Default)]
pub struct Rotation {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Synchronous reset.
    pub rst: Signal<In, Bit>,
    /// A frame is numbered in this cycle.
    pub numbered: Signal<In, Bit>,
    /// k in force is 1.
    pub one_core: Signal<In, Bit>,
    /// k in force, less two.
    pub cores_less_two: Signal<In, Bits<8>>,
    /// The rotation begins anew.
    pub begins: Signal<In, Bit>,
    /// k that it begins with is 1.
    pub begins_with_one_core: Signal<In, Bit>,
    /// Another k comes into force: go on from the remainder.
    pub divided: Signal<In, Bit>,
    /// The next core under the new k.
    pub remainder: Signal<In, Bits<8>>,
    /// The core after that, before it wraps.
    pub after_remainder: Signal<In, Bits<8>>,
    /// The core after that wraps.
    pub remainder_wraps: Signal<In, Bit>,
    /// The core of the next sequenced frame.
    pub core: Signal<Out, Bits<8>>,
    /// The last core plus one, or 0 when the rotation has just begun: the next core as it was before it wrapped.
    pub unwrapped: Signal<Out, Bits<8>>,

    next_core: DFF<Bits<8>>,
    after_next: DFF<Bits<8>>,
    after_wraps: DFF<Bit>,
    last_plus_one: DFF<Bits<8>>,
}

impl Logic for Rotation {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clk, next_core, after_next, after_wraps, last_plus_one);

        if self.numbered.val() {
            self.last_plus_one.d.next = self.after_next.q.val();
            if self.after_wraps.q.val() {
                self.next_core.d.next = 0.into();
                self.after_next.d.next = 1.into();
                self.after_wraps.d.next = self.one_core.val();
            } else {
                self.next_core.d.next = self.after_next.q.val();
                self.after_next.d.next = self.after_next.q.val() + 1;
                self.after_wraps.d.next = self.next_core.q.val() == self.cores_less_two.val();
            }
        }
        if self.divided.val() {
            self.next_core.d.next = self.remainder.val();
            self.after_next.d.next = self.after_remainder.val();
            self.after_wraps.d.next = self.remainder_wraps.val();
        }
        if self.begins.val() | self.rst.val() {
            self.next_core.d.next = 0.into();
            self.after_next.d.next = 1.into();
            self.last_plus_one.d.next = 0.into();
        }
        // The rotation begins with the k that is put in force. After a reset nothing is numbered before that, so the reset
        // leaves this register as it is: one signal less on the longest path.
        if self.begins.val() {
            self.after_wraps.d.next = self.begins_with_one_core.val();
        }

        self.core.next = self.next_core.q.val();
        self.unwrapped.next = self.last_plus_one.q.val();
    }
}
