use rust_hdl::prelude::*;

use crate::primitive::Param;

/// The remainder of a division by k, in 22 cycles.
///
/// The operands are taken in phase 2, two cycles after numbering has stopped. Eight steps of two cycles (phases 3 to 18) follow,
/// each of which subtracts the divisor if it fits and halves it; then three more cycles for what follows from the remainder.
#[derive(LogicBlock, Default)]
pub struct Modulus {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Synchronous reset: abandons a division.
    pub rst: Signal<In, Bit>,
    /// Begin a division, unless one is in progress.
    pub start: Signal<In, Bit>,
    /// Dividend.
    pub dividend: Signal<In, Bits<8>>,
    /// k. Stays until the division is done.
    pub cores: Signal<In, Bits<8>>,
    /// The division is done, in this cycle.
    pub done: Signal<Out, Bit>,
    /// Remainder.
    pub remainder: Signal<Out, Bits<8>>,
    /// Remainder plus one.
    pub after_remainder: Signal<Out, Bits<8>>,
    /// Remainder plus one is k.
    pub wraps: Signal<Out, Bit>,

    phase: DFF<Bits<5>>,
    last_phase: DFF<Bit>,
    partial_remainder: DFF<Bits<8>>,
    divisor: DFF<Bits<16>>,
    difference: DFF<Bits<8>>,
    low_fits: DFF<Bit>,
    high_is_zero: DFF<Bit>,
    plus_one: DFF<Bits<8>>,
    plus_one_wraps: DFF<Bit>,
    divisor_low: Signal<Local, Bits<8>>,
    divisor_high: Signal<Local, Bits<8>>,
    updates: Signal<Local, Bit>,

    before_last_phase: Param<Bits<5>>,
}

impl Modulus {
    /// Idle.
    pub fn new() -> Self {
        Self {
            before_last_phase: Param::new(21),
            ..Self::default()
        }
    }
}

impl Logic for Modulus {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clk, phase, last_phase, partial_remainder, divisor);
        clock!(
            self,
            clk,
            difference,
            low_fits,
            high_is_zero,
            plus_one,
            plus_one_wraps
        );

        self.last_phase.d.next = self.phase.q.val() == self.before_last_phase.val();
        if self.phase.q.val() == 0 {
            if self.start.val() {
                self.phase.d.next = 1.into();
            }
        } else if self.last_phase.q.val() {
            self.phase.d.next = 0.into();
        } else {
            self.phase.d.next = self.phase.q.val() + 1;
        }
        if self.rst.val() {
            self.phase.d.next = 0.into();
            self.last_phase.d.next = false;
        }

        self.divisor_low.next = self.divisor.q.val().get_bits::<8>(0);
        self.divisor_high.next = self.divisor.q.val().get_bits::<8>(8);
        self.difference.d.next = self.partial_remainder.q.val() - self.divisor_low.val();
        self.low_fits.d.next = self.divisor_low.val() <= self.partial_remainder.q.val();
        self.high_is_zero.d.next = self.divisor_high.val() == 0;
        self.updates.next = !self.phase.q.val().get_bit(0)
            & !(self.phase.q.val().get_bit(4) & self.phase.q.val().get_bit(2));
        if self.phase.q.val() == 2 {
            self.partial_remainder.d.next = self.dividend.val();
            self.divisor.d.next = bit_cast::<16, 8>(self.cores.val()) << 7;
        } else if self.updates.val() {
            if self.low_fits.q.val() & self.high_is_zero.q.val() {
                self.partial_remainder.d.next = self.difference.q.val();
            }
            self.divisor.d.next = self.divisor.q.val() >> 1;
        }
        self.plus_one.d.next = self.partial_remainder.q.val() + 1;
        self.plus_one_wraps.d.next = self.plus_one.q.val() == self.cores.val();

        self.done.next = self.last_phase.q.val();
        self.remainder.next = self.partial_remainder.q.val();
        self.after_remainder.next = self.plus_one.q.val();
        self.wraps.next = self.plus_one_wraps.q.val();
    }
}
