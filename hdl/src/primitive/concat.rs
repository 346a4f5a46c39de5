use rust_hdl::prelude::*;

use super::INLINE;

/// Joins equal parts into one vector, part 0 in the lowest bits.
#[derive(LogicBlock)]
pub struct Concat<const PART: usize, const WHOLE: usize> {
    /// The parts, WHOLE / PART of them.
    pub part: Vec<Signal<In, Bits<PART>>>,
    /// All parts.
    pub whole: Signal<Out, Bits<WHOLE>>,
}

impl<const PART: usize, const WHOLE: usize> Default for Concat<PART, WHOLE> {
    fn default() -> Self {
        Self {
            part: (0..WHOLE / PART).map(|_| Signal::default()).collect(),
            whole: Signal::default(),
        }
    }
}

impl<const PART: usize, const WHOLE: usize> Logic for Concat<PART, WHOLE> {
    fn update(&mut self) {
        let mut whole = Bits::<WHOLE>::default();
        for (i, part) in self.part.iter().enumerate() {
            whole = whole | (bit_cast::<WHOLE, PART>(part.val()) << (i * PART) as u64);
        }
        self.whole.next = whole;
    }

    fn connect(&mut self) {
        self.whole.connect();
    }

    fn hdl(&self) -> Verilog {
        let parts: Vec<String> = (0..self.part.len())
            .rev()
            .map(|i| format!("part${i}"))
            .collect();
        Verilog::Custom(format!("{INLINE}assign whole = {{{}}};", parts.join(", ")))
    }
}
