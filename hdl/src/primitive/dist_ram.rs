use std::collections::HashMap;

use rust_hdl::prelude::*;

use super::INLINE;

/// Distributed RAM: written on the clock, read combinationally (LUTRAM on an FPGA). Powers up to zero.
///
/// Reading the address that is being written gives the old word.
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
    _words: HashMap<Bits<A>, D>,
}

impl<D: Synth, const A: usize> Logic for DistRam<D, A> {
    fn update(&mut self) {
        if self.clock.pos_edge() && self.write_enable.val() {
            self._words
                .insert(self.write_address.val(), self.write_data.val());
        }
        let word = self._words.get(&self.read_address.val());
        self.read_data.next = word.copied().unwrap_or_default();
    }

    fn connect(&mut self) {
        self.read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        let (top, last) = (D::BITS - 1, (1 << A) - 1);
        Verilog::Custom(format!(
            "{INLINE}\
(* ram_style = \"distributed\" *)
reg [{top}:0] words [0:{last}];
integer i;

initial begin
    for (i = 0; i <= {last}; i = i + 1)
        words[i] = {{{width}{{1'b0}}}};
end

assign read_data = words[read_address];

always @(posedge clock) begin
    if (write_enable)
        words[write_address] <= write_data;
end",
            width = D::BITS
        ))
    }
}
