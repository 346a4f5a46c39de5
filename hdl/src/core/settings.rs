use rust_hdl::prelude::*;

use super::prefix_rows::PrefixRows;
use crate::primitive::Param;

/// The configuration in force.
///
/// Port values are registered, what follows from them is computed, and all of it is put in force at once,
/// between two frames. Frames are numbered under one set of values only.
///
/// When k changes, the next core must be the last one plus one modulo the *new* k. That is a division, done in
/// 22 cycles, in which no frame is numbered; frames that have their numbers are sent on meanwhile. Ports may not change
/// while it lasts, nor in the three cycles before: the register block waits with its next write.
///
/// After a reset no frame is numbered either until the ports' values have come through.
#[derive(LogicBlock, Default)]
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
    /// The core of the next sequenced frame.
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
    /// Number no frame: k is about to change, or nothing is in force after a reset.
    pub hold: Signal<Out, Bit>,
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
    prefix_rows: PrefixRows,
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

    next_core: DFF<Bits<8>>,
    after_next: DFF<Bits<8>>,
    after_wraps: DFF<Bit>,
    last_plus_one: DFF<Bits<8>>,
    next_is_one: DFF<Bit>,
    next_less_two: DFF<Bits<8>>,
    now_is_one: DFF<Bit>,
    now_less_two: DFF<Bits<8>>,

    phase: DFF<Bits<5>>,
    remainder: DFF<Bits<8>>,
    divisor: DFF<Bits<16>>,
    difference: DFF<Bits<8>>,
    low_fits: DFF<Bit>,
    high_is_zero: DFF<Bit>,
    holding: DFF<Bit>,
    after_remainder: DFF<Bits<8>>,
    remainder_wraps: DFF<Bit>,
    divisor_low: Signal<Local, Bits<8>>,
    divisor_high: Signal<Local, Bits<8>>,
    updates: Signal<Local, Bit>,
    done: DFF<Bit>,
    differs: DFF<Bit>,
    change: Signal<Local, Bit>,
    take: Signal<Local, Bit>,
    begins: Signal<Local, Bit>,
    starts: Signal<Local, Bit>,

    epoch_count: DFF<Bits<6>>,
    powered: DFF<Bit>,
    in_reset: DFF<Bit>,
    reset_starts: Signal<Local, Bit>,

    before_last_phase: Param<Bits<5>>,
    beats_per_word_log2: Param<Bits<3>>,
    words_per_beat_log2: Param<Bits<3>>,
}

impl Settings {
    /// Settings for rows of `row_bytes`, a history of `history` rows and beats of `beat_bytes`.
    pub fn new(row_bytes: usize, history: usize, beat_bytes: usize) -> Self {
        let word = scr_wire::WORD_BYTES;
        let log2 = |x: usize| Param::new(u64::from(x.trailing_zeros()));
        Self {
            prefix_rows: PrefixRows::new(row_bytes, history),
            before_last_phase: Param::new(21),
            beats_per_word_log2: log2((word / beat_bytes).max(1)),
            words_per_beat_log2: log2((beat_bytes / word).max(1)),
            ..Self::default()
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
            now_is_one,
            now_less_two,
            next_core,
            after_next,
            after_wraps,
            last_plus_one,
            phase,
            done,
            holding,
            remainder,
            divisor,
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
            next_is_one,
            next_less_two,
            next_prefix_words,
            next_default_queue
        );
        clock!(
            self,
            clk,
            difference,
            low_fits,
            high_is_zero,
            differs,
            after_remainder,
            remainder_wraps
        );

        // Until the ports' values have come through, after power-up and reset, nothing is put in force.
        self.port_valid.d.next = !self.rst.val();
        self.next_valid.d.next = self.port_valid.q.val() & !self.rst.val();
        self.port_enable.d.next = self.cfg_enable.val();
        self.port_sequence_all.d.next = self.cfg_sequence_all.val();
        self.port_cores.d.next = self.cfg_cores.val();
        self.port_prefix_words.d.next = bit_cast::<8, 6>(self.cfg_prefix_words.val());
        self.port_default_queue.d.next = self.cfg_default_queue.val();

        self.prefix_rows.words.next = self.port_prefix_words.q.val();
        self.rows.d.next = self.prefix_rows.rows.val();
        self.port_words.next = (self.port_prefix_words.q.val() << self.beats_per_word_log2.val())
            >> self.words_per_beat_log2.val();
        self.beats.d.next = self.port_words.val() - 1;
        self.next_enable.d.next = self.port_enable.q.val();
        self.next_sequence_all.d.next = self.port_sequence_all.q.val();
        self.next_cores.d.next = self.port_cores.q.val();
        self.next_is_one.d.next = self.port_cores.q.val() == 1;
        self.next_less_two.d.next = self.port_cores.q.val() - 2;
        self.next_prefix_words.d.next = self.port_prefix_words.q.val();
        self.next_default_queue.d.next = self.port_default_queue.q.val();

        // The next core, the one after it before it wraps, and whether it wraps: all in registers, for a frame
        // may be numbered in every cycle. `last_plus_one` is the next core as it was before it wrapped.
        if self.numbered.val() {
            self.last_plus_one.d.next = self.after_next.q.val();
            if self.after_wraps.q.val() {
                self.next_core.d.next = 0.into();
                self.after_next.d.next = 1.into();
                self.after_wraps.d.next = self.now_is_one.q.val();
            } else {
                self.next_core.d.next = self.after_next.q.val();
                self.after_next.d.next = self.after_next.q.val() + 1;
                self.after_wraps.d.next = self.next_core.q.val() == self.now_less_two.q.val();
            }
        }

        // The division, from two cycles after numbering has stopped: eight steps of two cycles (phases 3 to 18),
        // each of which subtracts the divisor if it fits and halves it. Three more cycles for what follows.
        self.change.next = self.in_force.q.val() & self.differs.q.val();
        self.divisor_low.next = self.divisor.q.val().get_bits::<8>(0);
        self.divisor_high.next = self.divisor.q.val().get_bits::<8>(8);
        self.difference.d.next = self.remainder.q.val() - self.divisor_low.val();
        self.low_fits.d.next = self.divisor_low.val() <= self.remainder.q.val();
        self.high_is_zero.d.next = self.divisor_high.val() == 0;
        self.updates.next = !self.phase.q.val().get_bit(0)
            & !(self.phase.q.val().get_bit(4) & self.phase.q.val().get_bit(2));
        self.done.d.next = self.phase.q.val() == self.before_last_phase.val();
        if self.phase.q.val() == 0 {
            if self.change.val() & self.next_valid.q.val() {
                self.phase.d.next = 1.into();
                self.holding.d.next = true;
            }
        } else if self.done.q.val() {
            self.phase.d.next = 0.into();
            self.holding.d.next = false;
        } else {
            self.phase.d.next = self.phase.q.val() + 1;
        }
        if self.phase.q.val() == 2 {
            self.remainder.d.next = self.last_plus_one.q.val();
            self.divisor.d.next = bit_cast::<16, 8>(self.next_cores.q.val()) << 7;
        } else if self.updates.val() {
            if self.low_fits.q.val() & self.high_is_zero.q.val() {
                self.remainder.d.next = self.difference.q.val();
            }
            self.divisor.d.next = self.divisor.q.val() >> 1;
        }
        self.after_remainder.d.next = self.remainder.q.val() + 1;
        self.remainder_wraps.d.next = self.after_remainder.q.val() == self.next_cores.q.val();
        self.hold.next = self.holding.q.val();

        // What is put in force first after a reset, and what enables, makes the rotation begin anew. The former starts no
        // epoch: the reset has done that.
        self.take.next = self.next_valid.q.val() & (!self.change.val() | self.done.q.val());
        self.starts.next = self.take.val()
            & self.in_force.q.val()
            & self.next_enable.q.val()
            & !self.now_enable.q.val();
        // Whether the next k differs from that in force, a cycle ahead: from what both will be then.
        self.differs.d.next = self.port_cores.q.val() != self.now_cores.q.val();
        if self.take.val() {
            self.differs.d.next = self.port_cores.q.val() != self.next_cores.q.val();
        }
        self.begins.next = self.starts.val() | (self.take.val() & !self.in_force.q.val());
        if self.take.val() {
            self.in_force.d.next = true;
            self.now_enable.d.next = self.next_enable.q.val();
            self.now_sequence_all.d.next = self.next_sequence_all.q.val();
            self.now_cores.d.next = self.next_cores.q.val();
            self.now_is_one.d.next = self.next_is_one.q.val();
            self.now_less_two.d.next = self.next_less_two.q.val();
            self.now_prefix_words.d.next = self.next_prefix_words.q.val();
            self.now_beats.d.next = self.beats.q.val();
            self.now_rows.d.next = self.rows.q.val();
            self.now_default_queue.d.next = self.next_default_queue.q.val();
        }
        if self.done.q.val() {
            self.next_core.d.next = self.remainder.q.val();
            self.after_next.d.next = self.after_remainder.q.val();
            self.after_wraps.d.next = self.remainder_wraps.q.val();
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
        // The rotation begins with the k that is put in force. After a reset nothing is numbered before that, so it does
        // not matter which k the reset itself finds.
        if self.begins.val() | self.rst.val() {
            self.next_core.d.next = 0.into();
            self.after_next.d.next = 1.into();
            self.after_wraps.d.next = self.next_is_one.q.val();
            self.last_plus_one.d.next = 0.into();
            self.phase.d.next = 0.into();
            self.done.d.next = false;
            self.holding.d.next = false;
        }
        if self.rst.val() {
            self.in_force.d.next = false;
            self.holding.d.next = true;
        }

        self.core.next = self.next_core.q.val();
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
