use rust_hdl::prelude::*;

/// A D flip-flop that powers up to a value of its own; rust-hdl's always powers up to zero.
#[derive(LogicBlock)]
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
            d: Signal::default(),
            q: Signal::default(),
            clock: Signal::default(),
            _value: value,
            _powered: false,
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
