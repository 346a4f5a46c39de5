use rust_hdl::prelude::*;
use scr_wire::registers::{ADDRESS_BITS, shell};

use crate::primitive::Param;

/// The read channels of the windows. One read at a time: it is looked up, and is passed on to the window's sequencer, whose answer
/// it gets, or is answered here.
#[derive(LogicBlock, Default)]
pub struct WindowRead {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Synchronous reset.
    pub rst: Signal<In, Bit>,
    /// Read address, a byte offset from the first window.
    pub araddr: Signal<In, Bits<32>>,
    /// Read address: valid.
    pub arvalid: Signal<In, Bit>,
    /// Read address: taken. A register.
    pub arready: Signal<Out, Bit>,
    /// Read data. A register.
    pub rdata: Signal<Out, Bits<32>>,
    /// Read response: 0 (OKAY), 2 (SLVERR) or 3 (DECERR, no such window). A register.
    pub rresp: Signal<Out, Bits<2>>,
    /// Read data: valid. A register.
    pub rvalid: Signal<Out, Bit>,
    /// Read data: taken.
    pub rready: Signal<In, Bit>,

    /// To all sequencers: read address. A register.
    pub m_araddr: Signal<Out, Bits<ADDRESS_BITS>>,
    /// To a window's sequencer: the read address is offered.
    pub m_arvalid: Vec<Signal<Out, Bit>>,
    /// From a window's sequencer: the read address is taken.
    pub m_arready: Vec<Signal<In, Bit>>,
    /// From a window's sequencer: data read.
    pub m_rdata: Vec<Signal<In, Bits<32>>>,
    /// From a window's sequencer: response to the read.
    pub m_rresp: Vec<Signal<In, Bits<2>>>,
    /// From a window's sequencer: data read are offered.
    pub m_rvalid: Vec<Signal<In, Bit>>,
    /// To a window's sequencer: the data read are taken.
    pub m_rready: Vec<Signal<Out, Bit>>,

    /// Register TDEST of a window, bit 0.
    pub indirect: Vec<Signal<In, Bit>>,

    address_ready: DFF<Bit>,
    address: DFF<Bits<32>>,
    takes_address: Signal<Local, Bit>,

    step: DFF<Bits<2>>,
    selected: Vec<DFF<Bit>>,
    is_window: DFF<Bit>,
    is_page: DFF<Bit>,
    is_shell: DFF<Bit>,
    is_interface: DFF<Bit>,
    is_tdest: DFF<Bit>,
    window: Signal<Local, Bits<19>>,
    word: Signal<Local, Bits<10>>,
    is_indirect: Signal<Local, Bit>,

    address_due: DFF<Bit>,
    address_taken: Signal<Local, Bit>,
    answered: Signal<Local, Bit>,
    answer_data: Signal<Local, Bits<32>>,
    answer: Signal<Local, Bits<2>>,
    response: DFF<Bit>,
    response_code: DFF<Bits<2>>,
    data: DFF<Bits<32>>,

    number: Vec<Param<Bits<19>>>,
    windows: Param<Bits<19>>,
    word_shell: Param<Bits<10>>,
    word_interface: Param<Bits<10>>,
    word_tdest: Param<Bits<10>>,
    shell: Param<Bits<32>>,
    interfaces: Param<Bits<32>>,
}

impl WindowRead {
    /// The read channels of so many windows, in a shell whose register `SHELL` has the value `shell`.
    pub fn new(windows: usize, shell: u32) -> Self {
        let word = |offset: u16| Param::new(u64::from((offset - shell::PAGE) / 4));
        Self {
            m_arvalid: super::register_windows::each(windows),
            m_arready: super::register_windows::each(windows),
            m_rdata: super::register_windows::each(windows),
            m_rresp: super::register_windows::each(windows),
            m_rvalid: super::register_windows::each(windows),
            m_rready: super::register_windows::each(windows),
            indirect: super::register_windows::each(windows),
            selected: super::register_windows::each(windows),
            number: (0..windows as u64).map(Param::new).collect(),
            windows: Param::new(windows as u64),
            word_shell: word(shell::SHELL.offset),
            word_interface: word(shell::INTERFACE.offset),
            word_tdest: word(shell::TDEST.offset),
            shell: Param::new(u64::from(shell)),
            interfaces: Param::new((windows as u64) << shell::INTERFACE_COUNT_SHIFT),
            ..Self::default()
        }
    }
}

impl Logic for WindowRead {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clk,
            address,
            step,
            address_due,
            response,
            response_code,
            data
        );
        clock!(
            self,
            clk,
            address_ready,
            is_window,
            is_page,
            is_shell,
            is_interface,
            is_tdest
        );
        for i in 0..self.selected.len() {
            self.selected[i].clock.next = self.clk.val();
        }

        self.takes_address.next = self.arvalid.val() & self.address_ready.q.val();
        self.address_ready.d.next = (self.step.q.val() == 0)
            & !self.takes_address.val()
            & !self.response.q.val()
            & !self.rst.val();
        self.arready.next = self.address_ready.q.val();
        if self.takes_address.val() {
            self.address.d.next = self.araddr.val();
        }

        // Which window, and which register of the shell, is meant.
        self.window.next = self.address.q.val().get_bits::<19>(13);
        self.word.next = self.address.q.val().get_bits::<10>(2);
        self.is_window.d.next = self.window.val() < self.windows.val();
        self.is_page.d.next = self.address.q.val().get_bit(12);
        self.is_shell.d.next = self.word.val() == self.word_shell.val();
        self.is_interface.d.next = self.word.val() == self.word_interface.val();
        self.is_tdest.d.next = self.word.val() == self.word_tdest.val();
        for i in 0..self.selected.len() {
            self.selected[i].d.next = self.window.val() == self.number[i].val();
        }

        // The window's sequencer.
        self.m_araddr.next = self.address.q.val().get_bits::<ADDRESS_BITS>(0);
        self.is_indirect.next = false;
        self.address_taken.next = false;
        self.answered.next = false;
        self.answer_data.next = 0.into();
        self.answer.next = 0.into();
        for i in 0..self.selected.len() {
            self.m_arvalid[i].next = self.address_due.q.val() & self.selected[i].q.val();
            self.m_rready[i].next = (self.step.q.val() == 3) & self.selected[i].q.val();
            if self.selected[i].q.val() {
                self.is_indirect.next = self.indirect[i].val();
                self.address_taken.next = self.m_arready[i].val();
                self.answered.next = self.m_rvalid[i].val();
                self.answer_data.next = self.m_rdata[i].val();
                self.answer.next = self.m_rresp[i].val();
            }
        }

        // Step 1: the address is looked at. Step 2: the read is passed on, or answered here. Step 3: the sequencer has it.
        if self.step.q.val() == 0 {
            if self.takes_address.val() {
                self.step.d.next = 1.into();
            }
        } else if self.step.q.val() == 1 {
            self.step.d.next = 2.into();
        } else if self.step.q.val() == 2 {
            if self.is_window.q.val() & !self.is_page.q.val() {
                self.address_due.d.next = true;
                self.step.d.next = 3.into();
            } else {
                self.response.d.next = true;
                self.step.d.next = 0.into();
                self.data.d.next = 0.into();
                self.response_code.d.next = 0.into();
                if !self.is_window.q.val() {
                    self.response_code.d.next = 3.into();
                } else if self.is_shell.q.val() {
                    self.data.d.next = self.shell.val();
                } else if self.is_interface.q.val() {
                    self.data.d.next =
                        bit_cast::<32, 19>(self.window.val()) | self.interfaces.val();
                } else if self.is_tdest.q.val() {
                    self.data.d.next = bit_cast::<32, 1>(self.is_indirect.val().into());
                } else {
                    self.response_code.d.next = 2.into();
                }
            }
        } else {
            if self.address_taken.val() {
                self.address_due.d.next = false;
            }
            if self.answered.val() {
                self.response.d.next = true;
                self.response_code.d.next = self.answer.val();
                self.data.d.next = self.answer_data.val();
                self.step.d.next = 0.into();
            }
        }
        if self.response.q.val() & self.rready.val() {
            self.response.d.next = false;
        }
        self.rvalid.next = self.response.q.val();
        self.rresp.next = self.response_code.q.val();
        self.rdata.next = self.data.q.val();

        if self.rst.val() {
            self.address_due.d.next = false;
            self.step.d.next = 0.into();
            self.response.d.next = false;
        }
    }
}
