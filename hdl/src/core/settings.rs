use rust_hdl::prelude::*;

/// The configuration in force.
///
/// Port values are registered, what follows from them is computed, and all of it is put in force at once,
/// between two frames. Frames are numbered under one set of values only.
///
/// When k changes, the next core must be the last one plus one modulo the *new* k. There is no divider:
/// a shadow of the next core is reduced by subtraction while traffic runs under the old k, and the change
/// waits for it (at most some 300 cycles).
#[derive(LogicBlock)]
pub struct Settings {
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
    /// A frame is numbered in this cycle.
    pub numbered: Signal<In, Bit>,
    /// Its core.
    pub core: Signal<Out, Bits<8>>,
    /// Enable in force.
    pub enable: Signal<Out, Bit>,
    /// `sequence_all` in force.
    pub sequence_all: Signal<Out, Bit>,
    /// k in force.
    pub cores: Signal<Out, Bits<8>>,
    /// B in force.
    pub prefix_words: Signal<Out, Bits<8>>,
    /// Beats of prefix, less one, in force.
    pub last_prefix_beat: Signal<Out, Bits<8>>,
    /// min(M, N + 1, 255) in force.
    pub max_valid_rows: Signal<Out, Bits<10>>,
    /// Default queue in force.
    pub default_queue: Signal<Out, Bits<9>>,
    /// A new epoch starts with the next frame.
    pub new_epoch: Signal<Out, Bit>,
    /// The epoch.
    pub epoch: Signal<Out, Bits<6>>,

    port_enable: DFF<Bit>,
    port_sequence_all: DFF<Bit>,
    port_cores: DFF<Bits<8>>,
    port_prefix_words: DFF<Bits<8>>,
    port_default_queue: DFF<Bits<9>>,

    rows: DFF<Bits<10>>,
    beats: DFF<Bits<8>>,
    next_enable: DFF<Bit>,
    next_sequence_all: DFF<Bit>,
    next_cores: DFF<Bits<8>>,
    next_prefix_words: DFF<Bits<8>>,
    next_default_queue: DFF<Bits<9>>,
    capped_rows: Signal<Local, Bits<10>>,
    wide_words: Signal<Local, Bits<10>>,
    port_words: Signal<Local, Bits<8>>,

    port_valid: DFF<Bit>,
    next_valid: DFF<Bit>,
    in_force: DFF<Bit>,
    now_enable: DFF<Bit>,
    now_sequence_all: DFF<Bit>,
    now_cores: DFF<Bits<8>>,
    now_prefix_words: DFF<Bits<8>>,
    now_beats: DFF<Bits<8>>,
    now_rows: DFF<Bits<10>>,
    now_default_queue: DFF<Bits<9>>,

    rotation: DFF<Bits<8>>,
    wraps: Signal<Local, Bit>,
    this_core: Signal<Local, Bits<8>>,
    advanced: Signal<Local, Bits<8>>,
    last_plus_one: DFF<Bits<8>>,
    unreduced: Signal<Local, Bits<8>>,
    shadow: DFF<Bits<8>>,
    shadow_cores: DFF<Bits<8>>,
    shadow_valid: DFF<Bit>,
    change: Signal<Local, Bit>,
    reduced: Signal<Local, Bit>,
    take: Signal<Local, Bit>,
    starts: Signal<Local, Bit>,

    epoch_count: DFF<Bits<6>>,
    powered: DFF<Bit>,
    in_reset: DFF<Bit>,
    reset_starts: Signal<Local, Bit>,

    rows_per_word_log2: Constant<Bits<3>>,
    header_slots: Constant<Bits<10>>,
    history_rows: Constant<Bits<10>>,
    beats_per_word_log2: Constant<Bits<3>>,
    words_per_beat_log2: Constant<Bits<3>>,
}

impl Settings {
    /// Settings for rows of `row_bytes`, a history of `history` rows and beats of `beat_bytes`.
    pub fn new(row_bytes: usize, history: usize, beat_bytes: usize) -> Self {
        let word = scr_wire::WORD_BYTES;
        let log2 = |x: usize| Constant::new(u64::from(x.trailing_zeros()).into());
        let header_slots = row_bytes.max(scr_wire::header::HEADER_BYTES) / row_bytes;
        let history_rows = (history + 1).min(scr_wire::geometry::MAX_VALID_ROWS);
        Self {
            clk: Signal::default(),
            rst: Signal::default(),
            cfg_enable: Signal::default(),
            cfg_sequence_all: Signal::default(),
            cfg_cores: Signal::default(),
            cfg_prefix_words: Signal::default(),
            cfg_default_queue: Signal::default(),
            numbered: Signal::default(),
            core: Signal::default(),
            enable: Signal::default(),
            sequence_all: Signal::default(),
            cores: Signal::default(),
            prefix_words: Signal::default(),
            last_prefix_beat: Signal::default(),
            max_valid_rows: Signal::default(),
            default_queue: Signal::default(),
            new_epoch: Signal::default(),
            epoch: Signal::default(),
            port_enable: DFF::default(),
            port_sequence_all: DFF::default(),
            port_cores: DFF::default(),
            port_prefix_words: DFF::default(),
            port_default_queue: DFF::default(),
            rows: DFF::default(),
            beats: DFF::default(),
            next_enable: DFF::default(),
            next_sequence_all: DFF::default(),
            next_cores: DFF::default(),
            next_prefix_words: DFF::default(),
            next_default_queue: DFF::default(),
            capped_rows: Signal::default(),
            wide_words: Signal::default(),
            port_words: Signal::default(),
            port_valid: DFF::default(),
            next_valid: DFF::default(),
            in_force: DFF::default(),
            now_enable: DFF::default(),
            now_sequence_all: DFF::default(),
            now_cores: DFF::default(),
            now_prefix_words: DFF::default(),
            now_beats: DFF::default(),
            now_rows: DFF::default(),
            now_default_queue: DFF::default(),
            rotation: DFF::default(),
            wraps: Signal::default(),
            this_core: Signal::default(),
            advanced: Signal::default(),
            last_plus_one: DFF::default(),
            unreduced: Signal::default(),
            shadow: DFF::default(),
            shadow_cores: DFF::default(),
            shadow_valid: DFF::default(),
            change: Signal::default(),
            reduced: Signal::default(),
            take: Signal::default(),
            starts: Signal::default(),
            epoch_count: DFF::default(),
            powered: DFF::default(),
            in_reset: DFF::default(),
            reset_starts: Signal::default(),
            rows_per_word_log2: log2(word / row_bytes),
            header_slots: Constant::new((header_slots as u64).into()),
            history_rows: Constant::new((history_rows as u64).into()),
            beats_per_word_log2: log2((word / beat_bytes).max(1)),
            words_per_beat_log2: log2((beat_bytes / word).max(1)),
        }
    }
}

impl Logic for Settings {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clk,
            in_force,
            now_enable,
            now_sequence_all,
            now_cores,
            now_prefix_words,
            now_beats,
            now_rows,
            now_default_queue,
            rotation,
            last_plus_one,
            shadow,
            shadow_cores,
            shadow_valid,
            epoch_count,
            powered,
            in_reset
        );
        clock!(
            self,
            clk,
            port_valid,
            next_valid,
            port_enable,
            port_sequence_all,
            port_cores,
            port_prefix_words,
            port_default_queue,
            rows,
            beats,
            next_enable,
            next_sequence_all,
            next_cores,
            next_prefix_words,
            next_default_queue
        );

        // Until the ports' values have come through, after power-up, nothing is put in force.
        self.port_valid.d.next = true;
        self.next_valid.d.next = self.port_valid.q.val();
        self.port_enable.d.next = self.cfg_enable.val();
        self.port_sequence_all.d.next = self.cfg_sequence_all.val();
        self.port_cores.d.next = self.cfg_cores.val();
        self.port_prefix_words.d.next = bit_cast::<8, 6>(self.cfg_prefix_words.val());
        self.port_default_queue.d.next = self.cfg_default_queue.val();

        // M rows fit; no more than the history's are valid.
        self.wide_words.next = bit_cast::<10, 8>(self.port_prefix_words.q.val());
        self.capped_rows.next =
            (self.wide_words.val() << self.rows_per_word_log2.val()) - self.header_slots.val();
        if self.capped_rows.val() > self.history_rows.val() {
            self.rows.d.next = self.history_rows.val();
        } else {
            self.rows.d.next = self.capped_rows.val();
        }
        self.port_words.next = (self.port_prefix_words.q.val() << self.beats_per_word_log2.val())
            >> self.words_per_beat_log2.val();
        self.beats.d.next = self.port_words.val() - 1;
        self.next_enable.d.next = self.port_enable.q.val();
        self.next_sequence_all.d.next = self.port_sequence_all.q.val();
        self.next_cores.d.next = self.port_cores.q.val();
        self.next_prefix_words.d.next = self.port_prefix_words.q.val();
        self.next_default_queue.d.next = self.port_default_queue.q.val();

        // The last core plus one, 0 at first: as it is, and as `rotation` reduced for the k in force, which it
        // never exceeds. A k that no frame was numbered under leaves the first as it is.
        self.wraps.next = self.rotation.q.val() == self.now_cores.q.val();
        if self.wraps.val() {
            self.this_core.next = 0.into();
        } else {
            self.this_core.next = self.rotation.q.val();
        }
        self.advanced.next = self.rotation.q.val();
        if self.numbered.val() {
            self.advanced.next = self.this_core.val() + 1;
        }
        self.rotation.d.next = self.advanced.val();
        self.unreduced.next = self.last_plus_one.q.val();
        if self.numbered.val() {
            self.unreduced.next = self.advanced.val();
        }
        self.last_plus_one.d.next = self.unreduced.val();

        // The shadow is the same, reduced for the k to come, and follows it frame by frame.
        self.change.next = self.next_cores.q.val() != self.now_cores.q.val();
        self.reduced.next = self.shadow_valid.q.val()
            & (self.shadow_cores.q.val() == self.next_cores.q.val())
            & (self.shadow.q.val() <= self.shadow_cores.q.val());
        if !self.shadow_valid.q.val() | (self.shadow_cores.q.val() != self.next_cores.q.val()) {
            self.shadow.d.next = self.unreduced.val();
            self.shadow_cores.d.next = self.next_cores.q.val();
            self.shadow_valid.d.next = true;
        } else if self.numbered.val()
            & (self.wraps.val() | (self.rotation.q.val() != self.last_plus_one.q.val()))
        {
            self.shadow.d.next = self.advanced.val();
        } else if self.shadow.q.val() > self.shadow_cores.q.val() {
            if self.numbered.val() {
                self.shadow.d.next = (self.shadow.q.val() - self.shadow_cores.q.val()) + 1;
            } else {
                self.shadow.d.next = self.shadow.q.val() - self.shadow_cores.q.val();
            }
        } else if self.numbered.val() {
            self.shadow.d.next = self.shadow.q.val() + 1;
        }

        self.take.next = self.next_valid.q.val()
            & !self.numbered.val()
            & (!self.change.val() | self.reduced.val());
        self.starts.next = self.take.val()
            & self.in_force.q.val()
            & self.next_enable.q.val()
            & !self.now_enable.q.val();
        if self.take.val() {
            self.in_force.d.next = true;
            self.now_enable.d.next = self.next_enable.q.val();
            self.now_sequence_all.d.next = self.next_sequence_all.q.val();
            self.now_cores.d.next = self.next_cores.q.val();
            self.now_prefix_words.d.next = self.next_prefix_words.q.val();
            self.now_beats.d.next = self.beats.q.val();
            self.now_rows.d.next = self.rows.q.val();
            self.now_default_queue.d.next = self.next_default_queue.q.val();
            if self.change.val() {
                self.rotation.d.next = self.shadow.q.val();
                self.shadow_valid.d.next = false;
            }
        }

        // The reset that comes with power does not count.
        self.reset_starts.next = self.rst.val() & !self.in_reset.q.val() & self.powered.q.val();
        self.in_reset.d.next = self.rst.val();
        if !self.rst.val() {
            self.powered.d.next = true;
        }
        if self.starts.val() | self.reset_starts.val() {
            self.epoch_count.d.next = self.epoch_count.q.val() + 1;
        }
        if self.starts.val() | self.rst.val() {
            self.rotation.d.next = 0.into();
            self.last_plus_one.d.next = 0.into();
            self.shadow_valid.d.next = false;
        }

        self.core.next = self.this_core.val();
        self.enable.next = self.now_enable.q.val();
        self.sequence_all.next = self.now_sequence_all.q.val();
        self.cores.next = self.now_cores.q.val();
        self.prefix_words.next = self.now_prefix_words.q.val();
        self.last_prefix_beat.next = self.now_beats.q.val();
        self.max_valid_rows.next = self.now_rows.q.val();
        self.default_queue.next = self.now_default_queue.q.val();
        self.new_epoch.next = self.starts.val();
        self.epoch.next = self.epoch_count.q.val();
    }
}
