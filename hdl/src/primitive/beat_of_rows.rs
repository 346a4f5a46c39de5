use rust_hdl::prelude::*;

use super::INLINE;

/// One beat made of rows: side by side where rows are no wider than a beat, else the part of one row that
/// `part` says.
#[derive(LogicBlock)]
pub struct BeatOfRows<const R: usize, const W: usize> {
    /// The rows: W / R of them, or one.
    pub row: Vec<Signal<In, Bits<R>>>,
    /// Which part of a row that is wider than a beat.
    pub part: Signal<In, Bits<2>>,
    /// The beat.
    pub beat: Signal<Out, Bits<W>>,
}

impl<const R: usize, const W: usize> Default for BeatOfRows<R, W> {
    fn default() -> Self {
        Self {
            row: (0..(W / R).max(1)).map(|_| Signal::default()).collect(),
            part: Signal::default(),
            beat: Signal::default(),
        }
    }
}

impl<const R: usize, const W: usize> Logic for BeatOfRows<R, W> {
    fn update(&mut self) {
        let mut beat = Bits::<W>::default();
        if R <= W {
            for (i, row) in self.row.iter().enumerate() {
                beat = beat | (bit_cast::<W, R>(row.val()) << (i * R) as u64);
            }
        } else {
            let part = self.part.val().index() % (R / W);
            beat = bit_cast::<W, R>(self.row[0].val() >> (part * W) as u64);
        }
        self.beat.next = beat;
    }

    fn connect(&mut self) {
        self.beat.connect();
    }

    fn hdl(&self) -> Verilog {
        if R <= W {
            let rows: Vec<String> = (0..self.row.len())
                .rev()
                .map(|i| format!("row${i}"))
                .collect();
            return Verilog::Custom(format!("{INLINE}assign beat = {{{}}};", rows.join(", ")));
        }
        let parts = R / W;
        let mut value = format!("row$0[{}:{}]", R - 1, R - W);
        for part in (0..parts - 1).rev() {
            let (high, low) = ((part + 1) * W - 1, part * W);
            value = format!("part == 2'd{part} ? row$0[{high}:{low}] :\n    {value}");
        }
        Verilog::Custom(format!("{INLINE}assign beat = {value};"))
    }
}
