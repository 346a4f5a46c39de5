use rust_hdl::prelude::*;

use crate::primitive::Param;

/// The rows that a prefix of B words can validly carry: min(M, N + 1, 255), M being those that fit.
#[derive(LogicBlock, Default)]
pub struct PrefixRows {
    /// B.
    pub words: Signal<In, Bits<8>>,
    /// The rows, within the cycle. Of no meaning where B is 0.
    pub rows: Signal<Out, Bits<10>>,
    wide_words: Signal<Local, Bits<10>>,
    fitting: Signal<Local, Bits<10>>,
    rows_per_word_log2: Param<Bits<3>>,
    header_slots: Param<Bits<10>>,
    history_rows: Param<Bits<10>>,
}

impl PrefixRows {
    /// For rows of `row_bytes` and a history of `history` rows.
    pub fn new(row_bytes: usize, history: usize) -> Self {
        let rows_per_word = scr_wire::WORD_BYTES / row_bytes;
        let header_slots = row_bytes.max(scr_wire::header::HEADER_BYTES) / row_bytes;
        let history_rows = (history + 1).min(scr_wire::geometry::MAX_VALID_ROWS);
        Self {
            rows_per_word_log2: Param::new(u64::from(rows_per_word.trailing_zeros())),
            header_slots: Param::new(header_slots as u64),
            history_rows: Param::new(history_rows as u64),
            ..Self::default()
        }
    }
}

impl Logic for PrefixRows {
    #[hdl_gen]
    fn update(&mut self) {
        self.wide_words.next = bit_cast::<10, 8>(self.words.val());
        self.fitting.next =
            (self.wide_words.val() << self.rows_per_word_log2.val()) - self.header_slots.val();
        if self.fitting.val() > self.history_rows.val() {
            self.rows.next = self.history_rows.val();
        } else {
            self.rows.next = self.fitting.val();
        }
    }
}
