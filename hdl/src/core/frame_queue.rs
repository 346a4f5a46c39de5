use rust_hdl::prelude::*;

use super::types::FrameTicket;
use crate::primitive::DistRam;

/// Queue of tickets with a registered head; 16 places, counted in unary. Places are reserved before tickets are made.
#[derive(LogicBlock, Default)]
pub struct FrameQueue {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Synchronous reset.
    pub rst: Signal<In, Bit>,
    /// A place is free.
    pub space: Signal<Out, Bit>,
    /// Reserve a place.
    pub reserve: Signal<In, Bit>,
    /// A ticket comes in.
    pub write: Signal<In, Bit>,
    /// The ticket.
    pub write_ticket: Signal<In, FrameTicket>,
    /// The head holds a ticket.
    pub valid: Signal<Out, Bit>,
    /// The ticket.
    pub ticket: Signal<Out, FrameTicket>,
    /// Take it.
    pub pop: Signal<In, Bit>,
    ram: DistRam<FrameTicket, 4>,
    write_pointer: DFF<Bits<4>>,
    read_pointer: DFF<Bits<4>>,
    stored: DFF<Bits<16>>,
    reserved: DFF<Bits<16>>,
    head_valid: DFF<Bit>,
    head: DFF<FrameTicket>,
    load: Signal<Local, Bit>,
}

impl Logic for FrameQueue {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clk,
            write_pointer,
            read_pointer,
            stored,
            reserved,
            head_valid,
            head
        );
        clock!(self, clk, ram);
        self.ram.write_enable.next = self.write.val();
        self.ram.write_address.next = self.write_pointer.q.val();
        self.ram.write_data.next = self.write_ticket.val();
        self.ram.read_address.next = self.read_pointer.q.val();

        self.load.next =
            (!self.head_valid.q.val() | self.pop.val()) & self.stored.q.val().get_bit(0);
        if self.write.val() {
            self.write_pointer.d.next = self.write_pointer.q.val() + 1;
        }
        if self.load.val() {
            self.read_pointer.d.next = self.read_pointer.q.val() + 1;
            self.head.d.next = self.ram.read_data.val();
            self.head_valid.d.next = true;
        } else if self.pop.val() {
            self.head_valid.d.next = false;
        }
        if self.write.val() & !self.load.val() {
            self.stored.d.next = (self.stored.q.val() << 1) | 1;
        } else if !self.write.val() & self.load.val() {
            self.stored.d.next = self.stored.q.val() >> 1;
        }
        if self.reserve.val() & !self.load.val() {
            self.reserved.d.next = (self.reserved.q.val() << 1) | 1;
        } else if !self.reserve.val() & self.load.val() {
            self.reserved.d.next = self.reserved.q.val() >> 1;
        }
        self.space.next = !self.reserved.q.val().get_bit(15);
        self.valid.next = self.head_valid.q.val();
        self.ticket.next = self.head.q.val();

        if self.rst.val() {
            self.write_pointer.d.next = 0.into();
            self.read_pointer.d.next = 0.into();
            self.stored.d.next = 0.into();
            self.reserved.d.next = 0.into();
            self.head_valid.d.next = false;
        }
    }
}
