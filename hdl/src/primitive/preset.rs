use rust_hdl::prelude::*;

/// A D flip-flop that powers up to a value of its own; rust-hdl's always powers up to zero.
#[derive(LogicBlock, Default)]
pub struct Preset<D: Synth> {
    /// Next value.
    pub d: Signal<In, D>,
    /// Value.
    pub q: Signal<Out, D>,
    /// Clock.
    pub clock: Signal<In, Clock>,
    _value: D,
    _powered: bool,
}

impl<D: Synth> Preset<D> {
    /// A flip-flop that powers up to `value`.
    pub fn new(value: D) -> Self {
        Self {
            _value: value,
            ..Self::default()
        }
    }
}

impl<D: Synth> Logic for Preset<D> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            self.q.next = self.d.val();
        } else if !self._powered {
            self.q.next = self._value;
        }
        self._powered = true;
    }

    fn connect(&mut self) {
        self.q.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(format!(
            "initial begin\n    q = {};\nend\n\nalways @(posedge clock) begin\n    q <= d;\nend",
            self._value.verilog()
        ))
    }
}
