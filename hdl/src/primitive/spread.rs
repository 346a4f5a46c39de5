use rust_hdl::prelude::*;

use super::INLINE;

/// Repeats bit i of `flag` over the i-th of WIDTH / EACH equal parts of `mask`; bit 0 over all of it where
/// EACH is more than WIDTH.
#[derive(LogicBlock, Default)]
pub struct Spread<const EACH: usize, const WIDTH: usize> {
    /// One bit for each part; bits above WIDTH / EACH are ignored.
    pub flag: Signal<In, Bits<32>>,
    /// The mask.
    pub mask: Signal<Out, Bits<WIDTH>>,
}

impl<const EACH: usize, const WIDTH: usize> Logic for Spread<EACH, WIDTH> {
    fn update(&mut self) {
        if EACH > WIDTH {
            let all = self.flag.val().get_bit(0);
            self.mask.next = if all { Bits::mask() } else { Bits::default() };
            return;
        }
        let ones = bit_cast::<WIDTH, EACH>(Bits::<EACH>::mask());
        let mut mask = Bits::<WIDTH>::default();
        for i in 0..WIDTH / EACH {
            if self.flag.val().get_bit(i) {
                mask = mask | (ones << (i * EACH) as u64);
            }
        }
        self.mask.next = mask;
    }

    fn connect(&mut self) {
        self.mask.connect();
    }

    fn hdl(&self) -> Verilog {
        let each = EACH.min(WIDTH);
        let parts: Vec<String> = (0..WIDTH / each)
            .rev()
            .map(|i| format!("{{{each}{{flag[{i}]}}}}"))
            .collect();
        Verilog::Custom(format!("{INLINE}assign mask = {{{}}};", parts.join(", ")))
    }
}
