use rust_hdl::prelude::*;

use crate::core::prefix_rows::PrefixRows;
use crate::core::types::Configuration;
use crate::primitive::Param;

/// The configuration to be put in force next. Two stages: the ports' values are registered, and what follows from them is
/// computed.
#[derive(LogicBlock, Default)]
pub struct NextConfiguration {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Synchronous reset.
    pub rst: Signal<In, Bit>,
    /// Enable; false passes every frame by.
    pub cfg_enable: Signal<In, Bit>,
    /// Sequence every frame, not only IP.
    pub cfg_sequence_all: Signal<In, Bit>,
    /// k.
    pub cfg_cores: Signal<In, Bits<8>>,
    /// B.
    pub cfg_prefix_words: Signal<In, Bits<6>>,
    /// Queue of frames that are not sequenced.
    pub cfg_default_queue: Signal<In, Bits<9>>,
    /// The configuration.
    pub pending: Signal<Out, Configuration>,
    /// `pending` is what the ports say: their values have come through since power-up or reset.
    pub valid: Signal<Out, Bit>,
    /// k that `pending` has in the next cycle.
    pub cores_ahead: Signal<Out, Bits<8>>,

    port_enable: DFF<Bit>,
    port_sequence_all: DFF<Bit>,
    port_cores: DFF<Bits<8>>,
    port_prefix_words: DFF<Bits<8>>,
    port_default_queue: DFF<Bits<9>>,
    port_valid: DFF<Bit>,

    prefix_rows: PrefixRows,
    port_words: Signal<Local, Bits<8>>,
    computed: Signal<Local, Configuration>,
    configuration: DFF<Configuration>,
    configuration_valid: DFF<Bit>,

    beats_per_word_log2: Param<Bits<3>>,
    words_per_beat_log2: Param<Bits<3>>,
}

impl NextConfiguration {
    /// For rows of `row_bytes`, a history of `history` rows and beats of `beat_bytes`.
    pub fn new(row_bytes: usize, history: usize, beat_bytes: usize) -> Self {
        let word = scr_wire::WORD_BYTES;
        let log2 = |x: usize| Param::new(u64::from(x.trailing_zeros()));
        Self {
            prefix_rows: PrefixRows::new(row_bytes, history),
            beats_per_word_log2: log2((word / beat_bytes).max(1)),
            words_per_beat_log2: log2((beat_bytes / word).max(1)),
            ..Self::default()
        }
    }
}

impl Logic for NextConfiguration {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(
            self,
            clk,
            port_enable,
            port_sequence_all,
            port_cores,
            port_prefix_words,
            port_default_queue,
            port_valid,
            configuration,
            configuration_valid
        );

        // Until the ports' values have come through, after power-up and reset, nothing is put in force.
        self.port_valid.d.next = !self.rst.val();
        self.configuration_valid.d.next = self.port_valid.q.val() & !self.rst.val();
        self.port_enable.d.next = self.cfg_enable.val();
        self.port_sequence_all.d.next = self.cfg_sequence_all.val();
        self.port_cores.d.next = self.cfg_cores.val();
        self.port_prefix_words.d.next = bit_cast::<8, 6>(self.cfg_prefix_words.val());
        self.port_default_queue.d.next = self.cfg_default_queue.val();

        self.prefix_rows.words.next = self.port_prefix_words.q.val();
        self.port_words.next = (self.port_prefix_words.q.val() << self.beats_per_word_log2.val())
            >> self.words_per_beat_log2.val();
        self.computed.next.enable = self.port_enable.q.val();
        self.computed.next.sequence_all = self.port_sequence_all.q.val();
        self.computed.next.cores = self.port_cores.q.val();
        self.computed.next.one_core = self.port_cores.q.val() == 1;
        self.computed.next.cores_less_two = self.port_cores.q.val() - 2;
        self.computed.next.prefix_words = self.port_prefix_words.q.val();
        self.computed.next.last_prefix_beat = self.port_words.val() - 1;
        self.computed.next.max_valid_rows = self.prefix_rows.rows.val();
        self.computed.next.default_queue = self.port_default_queue.q.val();
        self.configuration.d.next = self.computed.val();

        self.pending.next = self.configuration.q.val();
        self.valid.next = self.configuration_valid.q.val();
        self.cores_ahead.next = self.port_cores.q.val();
    }
}
