use rust_hdl::prelude::*;

use super::INLINE;

/// Repeats bit i of `flag` over the i-th of WIDTH / EACH equal parts of `mask`.
#[derive(LogicBlock, Default)]
pub struct Spread<const EACH: usize, const WIDTH: usize> {
    /// One bit for each part; bits above WIDTH / EACH are ignored.
    pub flag: Signal<In, Bits<32>>,
    /// The mask.
    pub mask: Signal<Out, Bits<WIDTH>>,
}

impl<const EACH: usize, const WIDTH: usize> Logic for Spread<EACH, WIDTH> {
    fn update(&mut self) {
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
        let parts: Vec<String> = (0..WIDTH / EACH)
            .rev()
            .map(|i| format!("{{{EACH}{{flag[{i}]}}}}"))
            .collect();
        Verilog::Custom(format!("{INLINE}assign mask = {{{}}};", parts.join(", ")))
    }
}
