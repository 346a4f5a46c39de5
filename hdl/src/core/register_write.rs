use rust_hdl::prelude::*;
use scr_wire::{MAX_PREFIX_WORDS, Profile, registers};

use super::prefix_rows::PrefixRows;
use super::types::DEST;
use crate::primitive::{Param, Preset};

/// The writable registers, behind the write channels of AXI4-Lite. One write at a time; its response says that it is in force.
///
/// What a write would make of the configuration is checked as a whole before anything is changed, so no invalid
/// configuration ever stands at the outputs. Registers are written as whole words: a write with only
/// some of its strobes is refused, one without any does nothing.
#[derive(LogicBlock, Default)]
pub struct RegisterWrite {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Synchronous reset of all registers to their reset values.
    pub rst: Signal<In, Bit>,
    /// Write address: valid.
    pub awvalid: Signal<In, Bit>,
    /// Write address: taken. A register.
    pub awready: Signal<Out, Bit>,
    /// Write address, in words.
    pub awword: Signal<In, Bits<10>>,
    /// Write data: valid.
    pub wvalid: Signal<In, Bit>,
    /// Write data: taken. A register.
    pub wready: Signal<Out, Bit>,
    /// Write data.
    pub wdata: Signal<In, Bits<32>>,
    /// Write strobes.
    pub wstrb: Signal<In, Bits<4>>,
    /// Write response: valid. A register.
    pub bvalid: Signal<Out, Bit>,
    /// Write response: taken.
    pub bready: Signal<In, Bit>,
    /// Write response: the write was refused.
    pub brefused: Signal<Out, Bit>,
    /// Register CONTROL, bit 0.
    pub enable: Signal<Out, Bit>,
    /// Register CONTROL, bit 1.
    pub sequence_all: Signal<Out, Bit>,
    /// Register CORES.
    pub cores: Signal<Out, Bits<8>>,
    /// Register PREFIX_WORDS.
    pub prefix_words: Signal<Out, Bits<6>>,
    /// Register DEFAULT_QUEUE.
    pub default_queue: Signal<Out, Bits<DEST>>,
    /// Register STATUS, bit 0.
    pub refused: Signal<Out, Bit>,
    /// What was written is not in force yet, four cycles after it stood in its register.
    pub changing: Signal<In, Bit>,
    /// A word of the steering table is written.
    pub steer_write: Signal<Out, Bit>,
    /// Core whose word is written.
    pub steer_core: Signal<Out, Bits<7>>,
    /// Queue of the core `steer_core`.
    pub steer_queue: Signal<Out, Bits<DEST>>,

    address_ready: DFF<Bit>,
    address_held: DFF<Bit>,
    word: DFF<Bits<10>>,
    data_ready: DFF<Bit>,
    data_held: DFF<Bit>,
    data: DFF<Bits<32>>,
    strobes: DFF<Bits<4>>,
    takes_address: Signal<Local, Bit>,
    takes_data: Signal<Local, Bit>,

    step: DFF<Bits<4>>,
    to_control: DFF<Bit>,
    to_cores: DFF<Bit>,
    to_prefix_words: DFF<Bit>,
    to_default_queue: DFF<Bit>,
    to_status: DFF<Bit>,
    to_steering: DFF<Bit>,
    new_cores: DFF<Bits<8>>,
    new_words: DFF<Bits<8>>,
    top_is_zero: DFF<Bit>,
    middle_is_zero: DFF<Bit>,
    fits_byte: DFF<Bit>,
    fits_queue: DFF<Bit>,
    whole: DFF<Bit>,
    nothing: DFF<Bit>,
    core: Signal<Local, Bits<7>>,
    wide_core: Signal<Local, Bits<8>>,
    top: Signal<Local, Bits<12>>,
    middle: Signal<Local, Bits<11>>,
    prefix_rows: PrefixRows,
    most: DFF<Bits<10>>,
    words_valid: DFF<Bit>,
    cores_valid: DFF<Bit>,
    is_any: DFF<Bit>,
    is_queue: DFF<Bit>,
    changes_rotation: DFF<Bit>,
    is_simple: DFF<Bit>,
    is_possible: DFF<Bit>,
    fits_most: DFF<Bit>,
    valid: Signal<Local, Bit>,
    commits: Signal<Local, Bit>,
    settled: Signal<Local, Bit>,

    control_enable: Preset<Bit>,
    control_sequence_all: DFF<Bit>,
    cores_register: Preset<Bits<8>>,
    words_register: Preset<Bits<8>>,
    queue_register: DFF<Bits<DEST>>,
    refusal: DFF<Bit>,
    response: DFF<Bit>,
    response_refused: DFF<Bit>,
    steers: DFF<Bit>,

    word_control: Param<Bits<10>>,
    word_cores: Param<Bits<10>>,
    word_prefix_words: Param<Bits<10>>,
    word_default_queue: Param<Bits<10>>,
    word_status: Param<Bits<10>>,
    steering_page: Param<Bits<3>>,
    max_cores: Param<Bits<8>>,
    max_words: Param<Bits<8>>,
    odd_words: Param<Bits<8>>,
    reset_words: Param<Bits<8>>,
}

impl RegisterWrite {
    /// Registers of a sequencer for rows of `profile`, a history of `history` rows, beats of `beat_bytes` and at most
    /// `max_cores` cores.
    pub fn new(profile: &Profile, history: usize, beat_bytes: usize, max_cores: u8) -> Self {
        let word = |r: registers::Register| Param::new(u64::from(r.offset / 4));
        let reset_words = reset_words(profile, beat_bytes);
        Self {
            prefix_rows: PrefixRows::new(profile.row_bytes(), history),
            control_enable: Preset::new(true),
            cores_register: Preset::new(1.into()),
            words_register: Preset::new(u64::from(reset_words).into()),
            word_control: word(registers::CONTROL),
            word_cores: word(registers::CORES),
            word_prefix_words: word(registers::PREFIX_WORDS),
            word_default_queue: word(registers::DEFAULT_QUEUE),
            word_status: word(registers::STATUS),
            steering_page: Param::new(u64::from(registers::STEERING.offset >> 9)),
            max_cores: Param::new(u64::from(max_cores)),
            max_words: Param::new(u64::from(MAX_PREFIX_WORDS)),
            // A prefix is whole beats.
            odd_words: Param::new(beat_bytes.div_ceil(scr_wire::WORD_BYTES) as u64 - 1),
            reset_words: Param::new(u64::from(reset_words)),
            ..Self::default()
        }
    }
}

/// The fewest words that hold one row, in whole beats.
fn reset_words(profile: &Profile, beat_bytes: usize) -> u8 {
    let words = registers::reset_config(profile).prefix_words;
    words.next_multiple_of(beat_bytes.div_ceil(scr_wire::WORD_BYTES) as u8)
}

impl Logic for RegisterWrite {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clk,
            address_held,
            word,
            data_held,
            data,
            strobes,
            step,
            control_enable,
            control_sequence_all,
            cores_register,
            words_register,
            queue_register,
            refusal,
            response,
            response_refused
        );
        clock!(
            self,
            clk,
            address_ready,
            data_ready,
            to_control,
            to_cores,
            to_prefix_words,
            to_default_queue,
            to_status,
            to_steering,
            new_cores,
            new_words,
            top_is_zero,
            middle_is_zero,
            fits_byte,
            fits_queue,
            whole,
            nothing,
            most,
            words_valid,
            cores_valid,
            is_any,
            is_queue,
            changes_rotation,
            is_simple,
            is_possible,
            fits_most,
            steers
        );

        // Address and data come in any order.
        self.takes_address.next = self.awvalid.val() & self.address_ready.q.val();
        self.takes_data.next = self.wvalid.val() & self.data_ready.q.val();
        if self.takes_address.val() {
            self.address_held.d.next = true;
            self.word.d.next = self.awword.val();
        }
        if self.takes_data.val() {
            self.data_held.d.next = true;
            self.data.d.next = self.wdata.val();
            self.strobes.d.next = self.wstrb.val();
        }
        self.address_ready.d.next =
            !self.address_held.q.val() & !self.takes_address.val() & !self.rst.val();
        self.data_ready.d.next = !self.data_held.q.val() & !self.takes_data.val() & !self.rst.val();
        self.awready.next = self.address_ready.q.val();
        self.wready.next = self.data_ready.q.val();

        // Steps 1 to 4, of a cycle each, while address and data are held; the write is done at the end of step 4. It is answered
        // when it is in force, which is in step 8 or, if k has changed, when frames are numbered again. So writes come into force
        // one after the other, however close they follow each other.
        self.commits.next = self.step.q.val() == 4;
        self.settled.next = (self.step.q.val() == 8) & !self.changing.val();
        if self.step.q.val() == 0 {
            if self.address_held.q.val() & self.data_held.q.val() & !self.response.q.val() {
                self.step.d.next = 1.into();
            }
        } else if self.settled.val() {
            self.step.d.next = 0.into();
        } else if self.step.q.val() != 8 {
            self.step.d.next = self.step.q.val() + 1;
        }

        // Which register is meant, and what the configuration would be.
        self.core.next = self.word.q.val().get_bits::<7>(0);
        self.wide_core.next = bit_cast::<8, 7>(self.core.val());
        self.to_control.d.next = self.word.q.val() == self.word_control.val();
        self.to_cores.d.next = self.word.q.val() == self.word_cores.val();
        self.to_prefix_words.d.next = self.word.q.val() == self.word_prefix_words.val();
        self.to_default_queue.d.next = self.word.q.val() == self.word_default_queue.val();
        self.to_status.d.next = self.word.q.val() == self.word_status.val();
        self.to_steering.d.next = (self.word.q.val().get_bits::<3>(7) == self.steering_page.val())
            & (self.wide_core.val() < self.max_cores.val());
        self.whole.d.next = self.strobes.q.val() == 15;
        self.nothing.d.next = self.strobes.q.val() == 0;
        self.top.next = self.data.q.val().get_bits::<12>(20);
        self.middle.next = self.data.q.val().get_bits::<11>(9);
        self.top_is_zero.d.next = self.top.val() == 0;
        self.middle_is_zero.d.next = self.middle.val() == 0;
        self.new_cores.d.next = self.cores_register.q.val();
        self.new_words.d.next = self.words_register.q.val();
        if self.to_cores.q.val() {
            self.new_cores.d.next = self.data.q.val().get_bits::<8>(0);
        }
        if self.to_prefix_words.q.val() {
            self.new_words.d.next = self.data.q.val().get_bits::<8>(0);
        }

        // Whether it would be valid. What cannot change in a step is computed again in it.
        self.prefix_rows.words.next = self.new_words.q.val();
        self.most.d.next = self.prefix_rows.rows.val();
        self.fits_queue.d.next = self.top_is_zero.q.val() & self.middle_is_zero.q.val();
        self.fits_byte.d.next =
            self.top_is_zero.q.val() & self.middle_is_zero.q.val() & !self.data.q.val().get_bit(8);
        self.words_valid.d.next = (self.new_words.q.val() != 0)
            & (self.new_words.q.val() <= self.max_words.val())
            & ((self.new_words.q.val() & self.odd_words.val()) == 0);
        self.cores_valid.d.next =
            (self.new_cores.q.val() != 0) & (self.new_cores.q.val() <= self.max_cores.val());
        self.changes_rotation.d.next = self.to_cores.q.val() | self.to_prefix_words.q.val();
        self.is_any.d.next = self.to_control.q.val() | self.to_status.q.val();
        self.is_queue.d.next = self.to_default_queue.q.val() | self.to_steering.q.val();
        self.is_simple.d.next = self.nothing.q.val()
            | (self.whole.q.val()
                & (self.is_any.q.val() | (self.is_queue.q.val() & self.fits_queue.q.val())));
        self.is_possible.d.next = self.whole.q.val()
            & self.changes_rotation.q.val()
            & self.fits_byte.q.val()
            & self.words_valid.q.val()
            & self.cores_valid.q.val();
        self.fits_most.d.next = bit_cast::<10, 8>(self.new_cores.q.val()) <= self.most.q.val();
        self.valid.next =
            self.is_simple.q.val() | (self.is_possible.q.val() & self.fits_most.q.val());

        // The write.
        if self.commits.val() {
            self.response_refused.d.next = !self.valid.val();
            if !self.valid.val() {
                self.refusal.d.next = true;
            } else if self.whole.q.val() {
                if self.to_control.q.val() {
                    self.control_enable.d.next = self.data.q.val().get_bit(0);
                    self.control_sequence_all.d.next = self.data.q.val().get_bit(1);
                }
                if self.to_cores.q.val() {
                    self.cores_register.d.next = self.new_cores.q.val();
                }
                if self.to_prefix_words.q.val() {
                    self.words_register.d.next = self.new_words.q.val();
                }
                if self.to_default_queue.q.val() {
                    self.queue_register.d.next = self.data.q.val().get_bits::<DEST>(0);
                }
                if self.to_status.q.val() & self.data.q.val().get_bit(0) {
                    self.refusal.d.next = false;
                }
            }
        }
        if self.settled.val() {
            self.response.d.next = true;
        } else if self.response.q.val() & self.bready.val() {
            self.response.d.next = false;
            self.address_held.d.next = false;
            self.data_held.d.next = false;
        }
        self.steers.d.next = self.commits.val()
            & self.valid.val()
            & self.whole.q.val()
            & self.to_steering.q.val()
            & !self.rst.val();
        self.steer_write.next = self.steers.q.val();
        self.steer_core.next = self.core.val();
        self.steer_queue.next = self.data.q.val().get_bits::<DEST>(0);

        self.bvalid.next = self.response.q.val();
        self.brefused.next = self.response_refused.q.val();
        self.enable.next = self.control_enable.q.val();
        self.sequence_all.next = self.control_sequence_all.q.val();
        self.cores.next = self.cores_register.q.val();
        self.prefix_words.next = self.words_register.q.val().get_bits::<6>(0);
        self.default_queue.next = self.queue_register.q.val();
        self.refused.next = self.refusal.q.val();

        if self.rst.val() {
            self.address_held.d.next = false;
            self.data_held.d.next = false;
            self.step.d.next = 0.into();
            self.response.d.next = false;
            self.refusal.d.next = false;
            self.control_enable.d.next = true;
            self.control_sequence_all.d.next = false;
            self.cores_register.d.next = 1.into();
            self.words_register.d.next = self.reset_words.val();
            self.queue_register.d.next = 0.into();
        }
    }
}
