use std::collections::HashMap;

use rust_hdl::prelude::*;

use super::INLINE;

/// RAM of rows: one write port, one registered read port, as deep as its history needs. Powers up to
/// zero. Reading the address that is being written gives the old row.
#[derive(LogicBlock, Default)]
pub struct RowRam<const R: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Write `write_row` at `write_address` on this clock edge.
    pub write_enable: Signal<In, Bit>,
    /// Where to write, modulo the depth.
    pub write_address: Signal<In, Bits<9>>,
    /// What to write.
    pub write_row: Signal<In, Bits<R>>,
    /// Where to read, modulo the depth.
    pub read_address: Signal<In, Bits<9>>,
    /// The row that stood there at the last clock edge.
    pub read_row: Signal<Out, Bits<R>>,
    _depth: usize,
    _rows: HashMap<usize, Bits<R>>,
}

impl<const R: usize> RowRam<R> {
    /// A RAM of `depth` rows.
    ///
    /// # Panics
    ///
    /// When `depth` is no power of two from 2 to 512.
    pub fn new(depth: usize) -> Self {
        assert!(depth.is_power_of_two() && (2..=512).contains(&depth));
        Self {
            _depth: depth,
            ..Self::default()
        }
    }
}

impl<const R: usize> Logic for RowRam<R> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            let read = self.read_address.val().index() % self._depth;
            self.read_row.next = self._rows.get(&read).copied().unwrap_or_default();
            if self.write_enable.val() {
                let write = self.write_address.val().index() % self._depth;
                self._rows.insert(write, self.write_row.val());
            }
        }
    }

    fn connect(&mut self) {
        self.read_row.connect();
    }

    fn hdl(&self) -> Verilog {
        let address = self._depth.trailing_zeros() - 1;
        Verilog::Custom(format!(
            "{INLINE}\
reg [{top}:0] rows [0:{last}];
integer i;

initial begin
    for (i = 0; i <= {last}; i = i + 1)
        rows[i] = {{{R}{{1'b0}}}};
    read_row = {{{R}{{1'b0}}}};
end

always @(posedge clock) begin
    read_row <= rows[read_address[{address}:0]];
    if (write_enable)
        rows[write_address[{address}:0]] <= write_row;
end",
            top = R - 1,
            last = self._depth - 1,
        ))
    }
}
