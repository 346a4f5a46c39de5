use rust_hdl::prelude::*;

use super::types::FrameInfo;
use crate::primitive::DistRam;

/// Holds rows until their frames can be numbered.
///
/// The FIFO cannot overflow: a frame with an entry here has at least one beat in the beat FIFO, which is no
/// deeper. An entry becomes visible a fixed time after its frame's first beat, also when a short frame
/// completed its window early; so latency does not depend on a frame's length.
#[derive(LogicBlock, Default)]
pub struct MetaFifo<const R: usize, const F: usize, const D: usize> {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Synchronous reset.
    pub rst: Signal<In, Bit>,
    /// A row comes in.
    pub write: Signal<In, Bit>,
    /// The row.
    pub write_row: Signal<In, Bits<R>>,
    /// What else is known of its frame.
    pub write_info: Signal<In, FrameInfo>,
    /// For how many cycles the entry is to be held back, 0..=7: that bit, alone.
    pub delay: Signal<In, Bits<8>>,
    /// There is an entry to be read.
    pub valid: Signal<Out, Bit>,
    /// Row of the entry to be read.
    pub row: Signal<Out, Bits<R>>,
    /// What else is known of its frame.
    pub info: Signal<Out, FrameInfo>,
    /// Of that, whether it is IP, from a register: the next core depends on it within the cycle.
    pub is_ip: Signal<Out, Bit>,
    /// Take the entry.
    pub pop: Signal<In, Bit>,
    row_ram: DistRam<Bits<R>, F>,
    info_ram: DistRam<FrameInfo, F>,
    is_ip_ram: DistRam<Bit, F>,
    write_pointer: DFF<Bits<F>>,
    read_pointer: DFF<Bits<F>>,
    second_pointer: DFF<Bits<F>>,
    held: DFF<Bits<D>>,
    head_is_ip: DFF<Bit>,
    visible: DFF<Bits<D>>,
    pending: DFF<Bits<8>>,
    token: Signal<Local, Bits<8>>,
    appears: Signal<Local, Bit>,
}

impl<const R: usize, const F: usize, const D: usize> Logic for MetaFifo<R, F, D> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clk,
            write_pointer,
            read_pointer,
            second_pointer,
            held,
            head_is_ip,
            visible,
            pending
        );
        clock!(self, clk, row_ram, info_ram, is_ip_ram);
        self.row_ram.write_enable.next = self.write.val();
        self.row_ram.write_address.next = self.write_pointer.q.val();
        self.row_ram.write_data.next = self.write_row.val();
        self.info_ram.write_enable.next = self.write.val();
        self.info_ram.write_address.next = self.write_pointer.q.val();
        self.info_ram.write_data.next = self.write_info.val();
        self.row_ram.read_address.next = self.read_pointer.q.val();
        self.row.next = self.row_ram.read_data.val();
        self.info_ram.read_address.next = self.read_pointer.q.val();
        self.info.next = self.info_ram.read_data.val();

        // Whether the head is IP is looked up a cycle early, at the place behind the head; an entry that becomes the
        // head as it is written comes straight from the input.
        self.is_ip_ram.write_enable.next = self.write.val();
        self.is_ip_ram.write_address.next = self.write_pointer.q.val();
        self.is_ip_ram.write_data.next = self.write_info.val().is_ip;
        self.is_ip_ram.read_address.next = self.second_pointer.q.val();
        self.second_pointer.d.next = self.read_pointer.q.val() + 1;
        if self.pop.val() {
            self.second_pointer.d.next = self.read_pointer.q.val() + 2;
            if self.held.q.val().get_bit(1) {
                self.head_is_ip.d.next = self.is_ip_ram.read_data.val();
            } else {
                self.head_is_ip.d.next = self.write_info.val().is_ip;
            }
        } else if !self.held.q.val().get_bit(0) {
            self.head_is_ip.d.next = self.write_info.val().is_ip;
        }
        if self.write.val() & !self.pop.val() {
            self.held.d.next = (self.held.q.val() << 1) | 1;
        } else if !self.write.val() & self.pop.val() {
            self.held.d.next = self.held.q.val() >> 1;
        }
        self.is_ip.next = self.head_is_ip.q.val();

        // A token for each entry moves down and makes it visible when it falls out. First beats come at
        // most once a cycle, so no two tokens meet.
        self.token.next = self.pending.q.val();
        if self.write.val() {
            self.token.next = self.pending.q.val() | self.delay.val();
        }
        self.appears.next = self.token.val().get_bit(0);
        self.pending.d.next = self.token.val() >> 1;

        if self.write.val() {
            self.write_pointer.d.next = self.write_pointer.q.val() + 1;
        }
        if self.pop.val() {
            self.read_pointer.d.next = self.read_pointer.q.val() + 1;
        }
        if self.appears.val() & !self.pop.val() {
            self.visible.d.next = (self.visible.q.val() << 1) | 1;
        } else if !self.appears.val() & self.pop.val() {
            self.visible.d.next = self.visible.q.val() >> 1;
        }
        self.valid.next = self.visible.q.val().get_bit(0);

        if self.rst.val() {
            self.write_pointer.d.next = 0.into();
            self.read_pointer.d.next = 0.into();
            self.held.d.next = 0.into();
            self.visible.d.next = 0.into();
            self.pending.d.next = 0.into();
        }
    }
}
