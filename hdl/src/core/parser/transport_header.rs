use rust_hdl::prelude::*;

use super::{BEHIND_IP, BEHIND_IP_BYTES, TRANSPORT, TRANSPORT_BYTES};
use crate::core::types::TransportBytes;

/// Moves the transport header to the front, past what the IP header has behind its first 5 words. Two stages.
///
/// | stage | does |
/// |---|---|
/// | d | moves it by a multiple of 4 words |
/// | e | moves it by the remaining words |
#[derive(LogicBlock, Default)]
pub struct TransportHeader {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Bytes behind the first 5 words of the IP header.
    pub transport: Signal<In, Bits<BEHIND_IP>>,
    /// Which of them the frame has, and, in bit 0, whether it has the byte before them.
    pub transport_present: Signal<In, Bits<BEHIND_IP_BYTES>>,
    /// Words to move by.
    pub skip: Signal<In, Bits<4>>,
    /// The bytes of the transport header.
    pub header: Signal<Out, TransportBytes>,

    transport_coarse: Signal<Local, Bits<BEHIND_IP>>,
    transport_present_coarse: Signal<Local, Bits<BEHIND_IP_BYTES>>,
    d_skip: DFF<Bits<2>>,
    d_transport: DFF<Bits<224>>,
    d_present: DFF<Bits<27>>,

    transport_fine: Signal<Local, Bits<224>>,
    transport_present_fine: Signal<Local, Bits<27>>,
    e_transport: DFF<Bits<TRANSPORT>>,
    e_present: DFF<Bits<TRANSPORT_BYTES>>,
    found: Signal<Local, TransportBytes>,
}

impl Logic for TransportHeader {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(
            self,
            clk,
            d_skip,
            d_transport,
            d_present,
            e_transport,
            e_present
        );

        // Stage d.
        if self.skip.val().get_bit(3) {
            self.transport_coarse.next = self.transport.val() >> 256;
            self.transport_present_coarse.next = self.transport_present.val() >> 32;
        } else if self.skip.val().get_bit(2) {
            self.transport_coarse.next = self.transport.val() >> 128;
            self.transport_present_coarse.next = self.transport_present.val() >> 16;
        } else {
            self.transport_coarse.next = self.transport.val();
            self.transport_present_coarse.next = self.transport_present.val();
        }
        self.d_transport.d.next = self.transport_coarse.val().get_bits::<224>(0);
        self.d_present.d.next = self.transport_present_coarse.val().get_bits::<27>(0);
        self.d_skip.d.next = self.skip.val().get_bits::<2>(0);

        // Stage e.
        self.transport_fine.next = self.d_transport.q.val();
        self.transport_present_fine.next = self.d_present.q.val();
        match self.d_skip.q.val().index() {
            1 => {
                self.transport_fine.next = self.d_transport.q.val() >> 32;
                self.transport_present_fine.next = self.d_present.q.val() >> 4;
            }
            2 => {
                self.transport_fine.next = self.d_transport.q.val() >> 64;
                self.transport_present_fine.next = self.d_present.q.val() >> 8;
            }
            3 => {
                self.transport_fine.next = self.d_transport.q.val() >> 96;
                self.transport_present_fine.next = self.d_present.q.val() >> 12;
            }
            _ => {}
        }
        self.e_transport.d.next = self.transport_fine.val().get_bits::<TRANSPORT>(0);
        self.e_present.d.next = self
            .transport_present_fine
            .val()
            .get_bits::<TRANSPORT_BYTES>(0);

        self.found.next.bytes = self.e_transport.q.val();
        self.found.next.present = self.e_present.q.val();
        self.header.next = self.found.val();
    }
}
