use std::collections::HashMap;

use rust_hdl::prelude::*;

use super::INLINE;

/// Distributed RAM: written on the clock, read combinationally (LUTRAM on an FPGA). Powers up to zero.
///
/// The RAM has 2ᴬ words, or fewer where it is made [`with_depth`](Self::with_depth). Reading the address that is being
/// written gives the old word.
#[derive(LogicBlock, Default)]
pub struct DistRam<D: Synth, const A: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Write `write_data` at `write_address` on this clock edge.
    pub write_enable: Signal<In, Bit>,
    /// Where to write.
    pub write_address: Signal<In, Bits<A>>,
    /// What to write.
    pub write_data: Signal<In, D>,
    /// Where to read.
    pub read_address: Signal<In, Bits<A>>,
    /// The word there.
    pub read_data: Signal<Out, D>,
    _words: HashMap<usize, D>,
    /// log2 of the depth, where it is less than A.
    _depth_log2: Option<usize>,
}

impl<D: Synth, const A: usize> DistRam<D, A> {
    /// A RAM of `depth` words; higher bits of addresses are ignored.
    ///
    /// # Panics
    ///
    /// When `depth` is no power of two from 2 to 2ᴬ.
    pub fn with_depth(depth: usize) -> Self {
        assert!(depth.is_power_of_two() && (2..=1 << A).contains(&depth));
        let log2 = depth.trailing_zeros() as usize;
        Self {
            _depth_log2: Some(log2).filter(|&log2| log2 < A),
            ..Self::default()
        }
    }

    fn index(&self, address: Bits<A>) -> usize {
        address.index() % (1 << self._depth_log2.unwrap_or(A))
    }
}

impl<D: Synth, const A: usize> Logic for DistRam<D, A> {
    fn update(&mut self) {
        if self.clock.pos_edge() && self.write_enable.val() {
            let index = self.index(self.write_address.val());
            self._words.insert(index, self.write_data.val());
        }
        let word = self._words.get(&self.index(self.read_address.val()));
        self.read_data.next = word.copied().unwrap_or_default();
    }

    fn connect(&mut self) {
        self.read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        let (top, last) = (D::BITS - 1, (1 << self._depth_log2.unwrap_or(A)) - 1);
        let index = self._depth_log2.map_or_else(String::new, |n| match n {
            1 => "[0]".to_owned(),
            n => format!("[{}:0]", n - 1),
        });
        Verilog::Custom(format!(
            "{INLINE}\
(* ram_style = \"distributed\" *)
reg [{top}:0] words [0:{last}];
integer i;

initial begin
    for (i = 0; i <= {last}; i = i + 1)
        words[i] = {{{width}{{1'b0}}}};
end

assign read_data = words[read_address{index}];

always @(posedge clock) begin
    if (write_enable)
        words[write_address{index}] <= write_data;
end",
            width = D::BITS
        ))
    }
}
