use rust_hdl::prelude::*;

use super::types::FrameTicket;
use crate::primitive::DistRam;

/// Queue of tickets: two registers that take turns as its head, behind a RAM that holds 15 at most. Places for 17 tickets are
/// reserved before tickets are made, and counted in unary, as what is in the RAM.
///
/// A register is loaded when it is empty, whether or not the other is taken in that cycle: what is taken is known late.
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
    /// Take the ticket.
    pub pop: Signal<In, Bit>,
    ram: DistRam<FrameTicket, 4>,
    write_pointer: DFF<Bits<4>>,
    read_pointer: DFF<Bits<4>>,
    stored: DFF<Bits<15>>,
    reserved: DFF<Bits<17>>,
    head_valid: DFF<Bit>,
    both_valid: DFF<Bit>,
    loads_b: DFF<Bit>,
    head_is_b: DFF<Bit>,
    ticket_a: DFF<FrameTicket>,
    ticket_b: DFF<FrameTicket>,
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
            both_valid,
            loads_b,
            head_is_b,
            ticket_a,
            ticket_b
        );
        clock!(self, clk, ram);
        self.ram.write_enable.next = self.write.val();
        self.ram.write_address.next = self.write_pointer.q.val();
        self.ram.write_data.next = self.write_ticket.val();
        self.ram.read_address.next = self.read_pointer.q.val();

        self.load.next = self.stored.q.val().get_bit(0) & !self.both_valid.q.val();
        if self.write.val() {
            self.write_pointer.d.next = self.write_pointer.q.val() + 1;
        }
        if self.load.val() {
            self.read_pointer.d.next = self.read_pointer.q.val() + 1;
            self.loads_b.d.next = !self.loads_b.q.val();
        }
        // While it is empty, the register that is next shows what the RAM shows, ticket or not.
        if !self.loads_b.q.val() & !self.both_valid.q.val() {
            self.ticket_a.d.next = self.ram.read_data.val();
        }
        if self.loads_b.q.val() & !self.both_valid.q.val() {
            self.ticket_b.d.next = self.ram.read_data.val();
        }
        if self.pop.val() {
            self.head_is_b.d.next = !self.head_is_b.q.val();
        }
        self.head_valid.d.next =
            self.load.val() | self.both_valid.q.val() | (self.head_valid.q.val() & !self.pop.val());
        self.both_valid.d.next =
            self.head_valid.q.val() & !self.pop.val() & (self.load.val() | self.both_valid.q.val());
        if self.write.val() & !self.load.val() {
            self.stored.d.next = (self.stored.q.val() << 1) | 1;
        } else if !self.write.val() & self.load.val() {
            self.stored.d.next = self.stored.q.val() >> 1;
        }
        if self.reserve.val() & !self.pop.val() {
            self.reserved.d.next = (self.reserved.q.val() << 1) | 1;
        } else if !self.reserve.val() & self.pop.val() {
            self.reserved.d.next = self.reserved.q.val() >> 1;
        }
        self.space.next = !self.reserved.q.val().get_bit(16);
        self.valid.next = self.head_valid.q.val();
        self.ticket.next = self.ticket_a.q.val();
        if self.head_is_b.q.val() {
            self.ticket.next = self.ticket_b.q.val();
        }

        if self.rst.val() {
            self.write_pointer.d.next = 0.into();
            self.read_pointer.d.next = 0.into();
            self.stored.d.next = 0.into();
            self.reserved.d.next = 0.into();
            self.head_valid.d.next = false;
            self.both_valid.d.next = false;
            self.loads_b.d.next = false;
            self.head_is_b.d.next = false;
        }
    }
}
