use rust_hdl::prelude::*;
use scr_wire::registers::{self, Capabilities};

use super::counters::EVENTS;
use super::types::DEST;
use crate::primitive::{DistRam, Param};

/// The readable registers, behind the read channels of AXI4-Lite. One read at a time.
///
/// Reading the low half of a 64-bit register latches its high half, in a place of its own: every high half belongs to
/// the low half of the same register that was read last, whatever was read in between. Before the first of these, since
/// the last reset, a high half comes fresh.
#[derive(LogicBlock, Default)]
pub struct RegisterRead {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Synchronous reset.
    pub rst: Signal<In, Bit>,
    /// Read address: valid.
    pub arvalid: Signal<In, Bit>,
    /// Read address: taken. A register.
    pub arready: Signal<Out, Bit>,
    /// Read address, in words.
    pub arword: Signal<In, Bits<10>>,
    /// Read data: valid. A register.
    pub rvalid: Signal<Out, Bit>,
    /// Read data: taken.
    pub rready: Signal<In, Bit>,
    /// Read data. A register.
    pub rdata: Signal<Out, Bits<32>>,
    /// There is no register of that address. A register.
    pub rrefused: Signal<Out, Bit>,
    /// Register CONTROL, bit 0.
    pub enable: Signal<In, Bit>,
    /// Register CONTROL, bit 1.
    pub sequence_all: Signal<In, Bit>,
    /// Register CORES.
    pub cores: Signal<In, Bits<8>>,
    /// Register PREFIX_WORDS.
    pub prefix_words: Signal<In, Bits<6>>,
    /// Register DEFAULT_QUEUE.
    pub default_queue: Signal<In, Bits<DEST>>,
    /// Register STATUS, bit 0.
    pub refused: Signal<In, Bit>,
    /// Register STATUS, bits 15..8.
    pub epoch: Signal<In, Bits<6>>,
    /// Register SEQ.
    pub next_seq: Signal<In, Bits<40>>,
    /// Core whose word of the steering table is read.
    pub steer_core: Signal<Out, Bits<7>>,
    /// Queue of the core `steer_core`, three cycles later.
    pub steer_queue: Signal<In, Bits<DEST>>,
    /// Read a counter.
    pub count_read: Signal<Out, Bit>,
    /// Slot of the counter that is read.
    pub count_slot: Signal<Out, Bits<8>>,
    /// The value of that counter is there.
    pub count_done: Signal<In, Bit>,
    /// Lower half of the value.
    pub count_low: Signal<In, Bits<32>>,
    /// Upper half of the value.
    pub count_high: Signal<In, Bits<32>>,

    address_ready: DFF<Bit>,
    word: DFF<Bits<10>>,
    takes_address: Signal<Local, Bit>,
    step: DFF<Bits<3>>,
    is_seq: DFF<Bit>,
    is_simple: DFF<Bit>,
    is_steering: DFF<Bit>,
    is_counter: DFF<Bit>,
    is_high: DFF<Bit>,
    is_latched: DFF<Bit>,
    slot: DFF<Bits<8>>,
    latch: DistRam<Bits<32>, 8>,
    latched: DFF<Bits<256>>,
    place: Signal<Local, Bits<8>>,
    low: DFF<Bits<32>>,
    high: DFF<Bits<32>>,
    asks: DFF<Bit>,
    simple: DFF<Bits<32>>,
    data: DFF<Bits<32>>,
    no_register: DFF<Bit>,
    response: DFF<Bit>,

    latches: Signal<Local, Bit>,
    tag: Signal<Local, Bits<9>>,
    event_index: Signal<Local, Bits<3>>,
    steered_core: Signal<Local, Bits<7>>,
    wide_steered_core: Signal<Local, Bits<8>>,
    sent_core: Signal<Local, Bits<7>>,
    wide_sent_core: Signal<Local, Bits<8>>,
    which: Signal<Local, Bits<3>>,
    seq_low: Signal<Local, Bits<32>>,
    seq_high: Signal<Local, Bits<8>>,
    wide_epoch: Signal<Local, Bits<32>>,
    first_four: Signal<Local, Bits<32>>,
    last_four: Signal<Local, Bits<32>>,

    id: Param<Bits<32>>,
    version: Param<Bits<32>>,
    capabilities: Param<Bits<32>>,
    simple_page: Param<Bits<7>>,
    seq_word: Param<Bits<9>>,
    counter_page: Param<Bits<6>>,
    steering_page: Param<Bits<3>>,
    sent_page: Param<Bits<2>>,
    max_cores: Param<Bits<8>>,
    events: Param<Bits<8>>,
    seq_slot: Param<Bits<8>>,
    one: Param<Bits<256>>,
    place_mask: Param<Bits<8>>,
}

impl RegisterRead {
    /// Registers of a sequencer with these capabilities.
    pub fn new(capabilities: Capabilities) -> Self {
        let page = |r: registers::Register, bits: u32| u64::from(r.offset >> bits);
        // Of 64 bits are the counters, and SEQ behind them.
        let slots = EVENTS + usize::from(capabilities.max_cores) + 1;
        let places = slots.next_power_of_two();
        Self {
            latch: DistRam::with_depth(places),
            id: Param::new(u64::from(registers::ID_VALUE)),
            version: Param::new(u64::from(registers::VERSION_VALUE)),
            capabilities: Param::new(u64::from(capabilities.to_word())),
            simple_page: Param::new(page(registers::ID, 5)),
            seq_word: Param::new(page(registers::SEQ, 3)),
            counter_page: Param::new(page(registers::PACKETS_IN, 6)),
            steering_page: Param::new(page(registers::STEERING, 9)),
            sent_page: Param::new(page(registers::SENT, 10)),
            max_cores: Param::new(u64::from(capabilities.max_cores)),
            events: Param::new(EVENTS as u64),
            seq_slot: Param::new(slots as u64 - 1),
            one: Param::new(1),
            place_mask: Param::new(places as u64 - 1),
            ..Self::default()
        }
    }
}

impl Logic for RegisterRead {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clk,
            word,
            step,
            latched,
            low,
            high,
            asks,
            data,
            no_register,
            response
        );
        clock!(
            self,
            clk,
            address_ready,
            is_seq,
            is_simple,
            is_steering,
            is_counter,
            is_high,
            is_latched,
            slot,
            simple
        );
        clock!(self, clk, latch);
        self.takes_address.next = self.arvalid.val() & self.address_ready.q.val();
        self.address_ready.d.next = (self.step.q.val() == 0)
            & !self.takes_address.val()
            & !self.response.q.val()
            & !self.rst.val();
        self.arready.next = self.address_ready.q.val();
        if self.takes_address.val() {
            self.word.d.next = self.arword.val();
        }

        // Which register is meant.
        self.tag.next = self.word.q.val().get_bits::<9>(1);
        self.event_index.next = self.word.q.val().get_bits::<3>(1);
        self.steered_core.next = self.word.q.val().get_bits::<7>(0);
        self.wide_steered_core.next = bit_cast::<8, 7>(self.steered_core.val());
        self.sent_core.next = self.word.q.val().get_bits::<7>(1);
        self.wide_sent_core.next = bit_cast::<8, 7>(self.sent_core.val());
        self.is_high.d.next = self.word.q.val().get_bit(0);
        self.is_simple.d.next = self.word.q.val().get_bits::<7>(3) == self.simple_page.val();
        self.is_seq.d.next = self.tag.val() == self.seq_word.val();
        self.is_steering.d.next = (self.word.q.val().get_bits::<3>(7) == self.steering_page.val())
            & (self.wide_steered_core.val() < self.max_cores.val());
        if self.word.q.val().get_bits::<2>(8) == self.sent_page.val() {
            self.is_counter.d.next = self.wide_sent_core.val() < self.max_cores.val();
            self.slot.d.next = self.wide_sent_core.val() + self.events.val();
        } else {
            self.is_counter.d.next = self.word.q.val().get_bits::<6>(4) == self.counter_page.val();
            self.slot.d.next = bit_cast::<8, 3>(self.event_index.val());
        }
        if self.tag.val() == self.seq_word.val() {
            self.slot.d.next = self.seq_slot.val();
        }

        // The latched high halves.
        self.place.next = self.slot.q.val() & self.place_mask.val();
        self.is_latched.d.next =
            self.is_high.q.val() & self.latched.q.val().get_bit(self.place.val().index());
        self.latches.next = (self.step.q.val() == 5)
            & (self.is_seq.q.val() | self.is_counter.q.val())
            & !self.is_high.q.val();
        self.latch.write_enable.next = self.latches.val();
        self.latch.write_address.next = self.slot.q.val();
        self.latch.write_data.next = self.high.q.val();
        self.latch.read_address.next = self.slot.q.val();
        if self.latches.val() {
            self.latched.d.next = self.latched.q.val() | (self.one.val() << self.place.val());
        }
        self.steer_core.next = self.steered_core.val();
        self.count_read.next = self.asks.q.val();
        self.count_slot.next = self.slot.q.val();

        // The first eight registers.
        self.which.next = self.word.q.val().get_bits::<3>(0);
        self.wide_epoch.next = bit_cast::<32, 6>(self.epoch.val());
        if self.which.val().get_bit(1) {
            if self.which.val().get_bit(0) {
                self.first_four.next = (bit_cast::<32, 1>(self.sequence_all.val().into()) << 1)
                    | bit_cast::<32, 1>(self.enable.val().into());
                self.last_four.next =
                    (self.wide_epoch.val() << 8) | bit_cast::<32, 1>(self.refused.val().into());
            } else {
                self.first_four.next = self.capabilities.val();
                self.last_four.next = bit_cast::<32, DEST>(self.default_queue.val());
            }
        } else if self.which.val().get_bit(0) {
            self.first_four.next = self.version.val();
            self.last_four.next = bit_cast::<32, 6>(self.prefix_words.val());
        } else {
            self.first_four.next = self.id.val();
            self.last_four.next = bit_cast::<32, 8>(self.cores.val());
        }
        if self.which.val().get_bit(2) {
            self.simple.d.next = self.last_four.val();
        } else {
            self.simple.d.next = self.first_four.val();
        }

        // Step 1: the address is decoded. 2: whether a latched half is wanted. 3: it is read, or else what has 64 bits as a
        // whole. 4: a counter is waited for. 5: the answer; the high half is latched beside a low one.
        self.seq_low.next = self.next_seq.val().get_bits::<32>(0);
        self.seq_high.next = self.next_seq.val().get_bits::<8>(32);
        if self.step.q.val() == 0 {
            if self.takes_address.val() {
                self.step.d.next = 1.into();
            }
        } else if self.step.q.val() == 1 {
            self.step.d.next = 2.into();
        } else if self.step.q.val() == 2 {
            self.step.d.next = 3.into();
        } else if self.step.q.val() == 3 {
            self.low.d.next = self.seq_low.val();
            if self.is_latched.q.val() {
                self.high.d.next = self.latch.read_data.val();
            } else {
                self.high.d.next = bit_cast::<32, 8>(self.seq_high.val());
            }
            if self.is_counter.q.val() & !self.is_latched.q.val() {
                self.asks.d.next = true;
                self.step.d.next = 4.into();
            } else {
                self.step.d.next = 5.into();
            }
        } else if self.step.q.val() == 4 {
            if self.count_done.val() {
                self.low.d.next = self.count_low.val();
                self.high.d.next = self.count_high.val();
                self.asks.d.next = false;
                self.step.d.next = 5.into();
            }
        } else {
            self.step.d.next = 0.into();
            self.response.d.next = true;
            self.no_register.d.next = false;
            if self.is_seq.q.val() | self.is_counter.q.val() {
                if self.is_high.q.val() {
                    self.data.d.next = self.high.q.val();
                } else {
                    self.data.d.next = self.low.q.val();
                }
            } else if self.is_simple.q.val() {
                self.data.d.next = self.simple.q.val();
            } else if self.is_steering.q.val() {
                self.data.d.next = bit_cast::<32, DEST>(self.steer_queue.val());
            } else {
                self.data.d.next = 0.into();
                self.no_register.d.next = true;
            }
        }
        if self.response.q.val() & self.rready.val() {
            self.response.d.next = false;
        }
        self.rvalid.next = self.response.q.val();
        self.rdata.next = self.data.q.val();
        self.rrefused.next = self.no_register.q.val();

        if self.rst.val() {
            self.step.d.next = 0.into();
            self.asks.d.next = false;
            self.latched.d.next = 0.into();
            self.response.d.next = false;
        }
    }
}
