use rust_hdl::prelude::*;
use scr_wire::registers::{ADDRESS_BITS, shell};

use crate::primitive::Param;

/// The write channels of the windows. One write at a time: when its address and data are there, it is looked up, and is passed on
/// to the window's sequencer, whose response it gets, or is answered here.
///
/// The registers of the shell are written as the sequencer's are: whole words, and what cannot be is refused.
#[derive(LogicBlock, Default)]
pub struct WindowWrite {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Synchronous reset.
    pub rst: Signal<In, Bit>,
    /// Write address, a byte offset from the first window.
    pub awaddr: Signal<In, Bits<32>>,
    /// Write address: valid.
    pub awvalid: Signal<In, Bit>,
    /// Write address: taken. A register.
    pub awready: Signal<Out, Bit>,
    /// Write data.
    pub wdata: Signal<In, Bits<32>>,
    /// Write strobes.
    pub wstrb: Signal<In, Bits<4>>,
    /// Write data: valid.
    pub wvalid: Signal<In, Bit>,
    /// Write data: taken. A register.
    pub wready: Signal<Out, Bit>,
    /// Write response: 0 (OKAY), 2 (SLVERR) or 3 (DECERR, no such window). A register.
    pub bresp: Signal<Out, Bits<2>>,
    /// Write response: valid. A register.
    pub bvalid: Signal<Out, Bit>,
    /// Write response: taken.
    pub bready: Signal<In, Bit>,

    /// To all sequencers: write address. A register.
    pub m_awaddr: Signal<Out, Bits<ADDRESS_BITS>>,
    /// To all sequencers: write data. A register.
    pub m_wdata: Signal<Out, Bits<32>>,
    /// To all sequencers: write strobes. A register.
    pub m_wstrb: Signal<Out, Bits<4>>,
    /// To a window's sequencer: the write address is offered.
    pub m_awvalid: Vec<Signal<Out, Bit>>,
    /// From a window's sequencer: the write address is taken.
    pub m_awready: Vec<Signal<In, Bit>>,
    /// To a window's sequencer: the write data are offered.
    pub m_wvalid: Vec<Signal<Out, Bit>>,
    /// From a window's sequencer: the write data are taken.
    pub m_wready: Vec<Signal<In, Bit>>,
    /// From a window's sequencer: write response.
    pub m_bresp: Vec<Signal<In, Bits<2>>>,
    /// From a window's sequencer: the write response is offered.
    pub m_bvalid: Vec<Signal<In, Bit>>,
    /// To a window's sequencer: the write response is taken.
    pub m_bready: Vec<Signal<Out, Bit>>,

    /// Register TDEST of a window, bit 0.
    pub indirect: Vec<Signal<Out, Bit>>,

    address_ready: DFF<Bit>,
    address_held: DFF<Bit>,
    address: DFF<Bits<32>>,
    data_ready: DFF<Bit>,
    data_held: DFF<Bit>,
    data: DFF<Bits<32>>,
    strobes: DFF<Bits<4>>,
    takes_address: Signal<Local, Bit>,
    takes_data: Signal<Local, Bit>,

    step: DFF<Bits<2>>,
    selected: Vec<DFF<Bit>>,
    is_window: DFF<Bit>,
    is_page: DFF<Bit>,
    is_tdest: DFF<Bit>,
    fits: DFF<Bit>,
    whole: DFF<Bit>,
    nothing: DFF<Bit>,
    window: Signal<Local, Bits<19>>,
    word: Signal<Local, Bits<10>>,
    high_bits: Signal<Local, Bits<31>>,
    to_tdest: Signal<Local, Bit>,
    writes: Signal<Local, Bit>,

    address_due: DFF<Bit>,
    data_due: DFF<Bit>,
    address_taken: Signal<Local, Bit>,
    data_taken: Signal<Local, Bit>,
    answered: Signal<Local, Bit>,
    answer: Signal<Local, Bits<2>>,
    response: DFF<Bit>,
    response_code: DFF<Bits<2>>,
    tdest_register: Vec<DFF<Bit>>,

    number: Vec<Param<Bits<19>>>,
    windows: Param<Bits<19>>,
    word_tdest: Param<Bits<10>>,
}

/// A window's number is above the bits of an offset in it, of which the highest says whose registers are meant.
const _: () = assert!(shell::WINDOW_BITS == 13 && shell::PAGE == 1 << 12);

impl WindowWrite {
    /// The write channels of so many windows.
    pub fn new(windows: usize) -> Self {
        Self {
            m_awvalid: super::register_windows::each(windows),
            m_awready: super::register_windows::each(windows),
            m_wvalid: super::register_windows::each(windows),
            m_wready: super::register_windows::each(windows),
            m_bresp: super::register_windows::each(windows),
            m_bvalid: super::register_windows::each(windows),
            m_bready: super::register_windows::each(windows),
            indirect: super::register_windows::each(windows),
            selected: super::register_windows::each(windows),
            tdest_register: super::register_windows::each(windows),
            number: (0..windows as u64).map(Param::new).collect(),
            windows: Param::new(windows as u64),
            word_tdest: Param::new(u64::from((shell::TDEST.offset - shell::PAGE) / 4)),
            ..Self::default()
        }
    }
}

impl Logic for WindowWrite {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clk,
            address_held,
            address,
            data_held,
            data,
            strobes,
            step,
            address_due,
            data_due,
            response,
            response_code
        );
        clock!(
            self,
            clk,
            address_ready,
            data_ready,
            is_window,
            is_page,
            is_tdest,
            fits,
            whole,
            nothing
        );
        for i in 0..self.selected.len() {
            self.selected[i].clock.next = self.clk.val();
            self.tdest_register[i].clock.next = self.clk.val();
        }

        // Address and data come in any order.
        self.takes_address.next = self.awvalid.val() & self.address_ready.q.val();
        self.takes_data.next = self.wvalid.val() & self.data_ready.q.val();
        if self.takes_address.val() {
            self.address_held.d.next = true;
            self.address.d.next = self.awaddr.val();
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

        // Which window, and which register of the shell, is meant.
        self.window.next = self.address.q.val().get_bits::<19>(13);
        self.word.next = self.address.q.val().get_bits::<10>(2);
        self.high_bits.next = self.data.q.val().get_bits::<31>(1);
        self.is_window.d.next = self.window.val() < self.windows.val();
        self.is_page.d.next = self.address.q.val().get_bit(12);
        self.is_tdest.d.next = self.word.val() == self.word_tdest.val();
        self.fits.d.next = self.high_bits.val() == 0;
        self.whole.d.next = self.strobes.q.val() == 15;
        self.nothing.d.next = self.strobes.q.val() == 0;
        for i in 0..self.selected.len() {
            self.selected[i].d.next = self.window.val() == self.number[i].val();
        }

        // The window's sequencer.
        self.m_awaddr.next = self.address.q.val().get_bits::<ADDRESS_BITS>(0);
        self.m_wdata.next = self.data.q.val();
        self.m_wstrb.next = self.strobes.q.val();
        self.address_taken.next = false;
        self.data_taken.next = false;
        self.answered.next = false;
        self.answer.next = 0.into();
        for i in 0..self.selected.len() {
            self.m_awvalid[i].next = self.address_due.q.val() & self.selected[i].q.val();
            self.m_wvalid[i].next = self.data_due.q.val() & self.selected[i].q.val();
            self.m_bready[i].next = (self.step.q.val() == 2) & self.selected[i].q.val();
            if self.selected[i].q.val() {
                self.address_taken.next = self.m_awready[i].val();
                self.data_taken.next = self.m_wready[i].val();
                self.answered.next = self.m_bvalid[i].val();
                self.answer.next = self.m_bresp[i].val();
            }
        }

        // Step 1: the write is passed on, or done and answered here. Step 2: the sequencer has it.
        self.to_tdest.next = self.is_tdest.q.val() & self.fits.q.val() & self.whole.q.val();
        self.writes.next = (self.step.q.val() == 1)
            & self.is_window.q.val()
            & self.is_page.q.val()
            & self.to_tdest.val();
        if self.step.q.val() == 0 {
            if self.address_held.q.val() & self.data_held.q.val() & !self.response.q.val() {
                self.step.d.next = 1.into();
            }
        } else if self.step.q.val() == 1 {
            if self.is_window.q.val() & !self.is_page.q.val() {
                self.address_due.d.next = true;
                self.data_due.d.next = true;
                self.step.d.next = 2.into();
            } else {
                self.response.d.next = true;
                self.step.d.next = 0.into();
                if !self.is_window.q.val() {
                    self.response_code.d.next = 3.into();
                } else if self.to_tdest.val() | self.nothing.q.val() {
                    self.response_code.d.next = 0.into();
                } else {
                    self.response_code.d.next = 2.into();
                }
            }
        } else {
            if self.address_taken.val() {
                self.address_due.d.next = false;
            }
            if self.data_taken.val() {
                self.data_due.d.next = false;
            }
            if self.answered.val() {
                self.response.d.next = true;
                self.response_code.d.next = self.answer.val();
                self.step.d.next = 0.into();
            }
        }
        if self.response.q.val() & self.bready.val() {
            self.response.d.next = false;
            self.address_held.d.next = false;
            self.data_held.d.next = false;
        }
        self.bvalid.next = self.response.q.val();
        self.bresp.next = self.response_code.q.val();
        for i in 0..self.tdest_register.len() {
            self.tdest_register[i].d.next = self.tdest_register[i].q.val();
            if self.writes.val() & self.selected[i].q.val() {
                self.tdest_register[i].d.next = self.data.q.val().get_bit(0);
            }
            if self.rst.val() {
                self.tdest_register[i].d.next = false;
            }
            self.indirect[i].next = self.tdest_register[i].q.val();
        }

        if self.rst.val() {
            self.address_held.d.next = false;
            self.data_held.d.next = false;
            self.address_due.d.next = false;
            self.data_due.d.next = false;
            self.step.d.next = 0.into();
            self.response.d.next = false;
        }
    }
}
