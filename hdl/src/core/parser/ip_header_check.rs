use rust_hdl::prelude::*;

use super::{BYTES, WORDS};
use crate::primitive::Param;

/// Checks version and length of the IP header. One stage, c.
#[derive(LogicBlock, Default)]
pub struct IpHeaderCheck {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Bytes behind the EtherType.
    pub packet: Signal<In, Bits<WORDS>>,
    /// Which of them the frame has.
    pub packet_present: Signal<In, Bits<BYTES>>,
    /// The EtherType is that of IPv4.
    pub type_ipv4: Signal<In, Bit>,
    /// The EtherType is that of IPv6.
    pub type_ipv6: Signal<In, Bit>,
    /// The bytes, a cycle later.
    pub checked: Signal<Out, Bits<WORDS>>,
    /// Which of them the frame has.
    pub checked_present: Signal<Out, Bits<BYTES>>,
    /// The bytes begin with an IPv4 header, as far as the frame has it.
    pub ipv4: Signal<Out, Bit>,
    /// The bytes begin with an IPv6 header, as far as the frame has it.
    pub ipv6: Signal<Out, Bit>,
    /// The EtherType is one of IP's.
    pub ip_type: Signal<Out, Bit>,
    /// Words of the header behind the first 5.
    pub skip: Signal<Out, Bits<4>>,
    /// IPv6's payload length, as a number.
    pub payload_length: Signal<Out, Bits<16>>,

    version: Signal<Local, Bits<4>>,
    header_words: Signal<Local, Bits<4>>,
    length_bytes: Signal<Local, Bits<16>>,
    c_words: DFF<Bits<WORDS>>,
    c_present: DFF<Bits<BYTES>>,
    c_ipv4: DFF<Bit>,
    c_ipv6: DFF<Bit>,
    c_ip_type: DFF<Bit>,
    c_skip: DFF<Bits<4>>,
    c_payload_length: DFF<Bits<16>>,

    ipv6_skip: Param<Bits<4>>,
    min_header_words: Param<Bits<4>>,
}

impl IpHeaderCheck {
    /// A check.
    pub fn new() -> Self {
        Self {
            ipv6_skip: Param::new(5),
            min_header_words: Param::new(5),
            ..Self::default()
        }
    }
}

impl Logic for IpHeaderCheck {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(
            self,
            clk,
            c_words,
            c_present,
            c_ipv4,
            c_ipv6,
            c_ip_type,
            c_skip,
            c_payload_length
        );

        // The header is 5 words and `skip` more.
        self.header_words.next = self.packet.val().get_bits::<4>(0);
        self.version.next = self.packet.val().get_bits::<4>(4);
        self.c_words.d.next = self.packet.val();
        self.c_present.d.next = self.packet_present.val();
        self.c_ip_type.d.next = self.type_ipv4.val() | self.type_ipv6.val();
        self.c_ipv4.d.next = self.type_ipv4.val()
            & (self.version.val() == 4)
            & (self.header_words.val() >= self.min_header_words.val());
        self.c_ipv6.d.next = self.type_ipv6.val() & (self.version.val() == 6);
        if self.type_ipv6.val() {
            self.c_skip.d.next = self.ipv6_skip.val();
        } else {
            self.c_skip.d.next = self.header_words.val() - self.min_header_words.val();
        }
        self.length_bytes.next = self.packet.val().get_bits::<16>(32);
        self.c_payload_length.d.next =
            (self.length_bytes.val() >> 8) | (self.length_bytes.val() << 8);

        self.checked.next = self.c_words.q.val();
        self.checked_present.next = self.c_present.q.val();
        self.ipv4.next = self.c_ipv4.q.val();
        self.ipv6.next = self.c_ipv6.q.val();
        self.ip_type.next = self.c_ip_type.q.val();
        self.skip.next = self.c_skip.q.val();
        self.payload_length.next = self.c_payload_length.q.val();
    }
}
