use rust_hdl::prelude::*;
use scr_wire::parse;

use super::IP_HEADER;
use crate::core::types::IpHeader;
use crate::primitive::Param;

/// What the IP header says. Two stages.
///
/// | stage | does |
/// |---|---|
/// | d | takes the fields, by the IP version |
/// | e | compares the protocol |
#[derive(LogicBlock, Default)]
pub struct IpFields {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// The header.
    pub header: Signal<In, Bits<IP_HEADER>>,
    /// The header is one of IPv4.
    pub ipv4: Signal<In, Bit>,
    /// The header is one of IPv6.
    pub ipv6: Signal<In, Bit>,
    /// IPv6's payload length, as a number.
    pub payload_length: Signal<In, Bits<16>>,
    /// The EtherType is one of IP's.
    pub ip_type: Signal<In, Bit>,
    /// What the header says.
    pub fields: Signal<Out, IpHeader>,

    ipv4_src: Signal<Local, Bits<32>>,
    ipv4_dst: Signal<Local, Bits<32>>,
    d_ip: DFF<Bit>,
    d_ip_type: DFF<Bit>,
    d_ipv6: DFF<Bit>,
    d_src: DFF<Bits<128>>,
    d_dst: DFF<Bits<128>>,
    d_protocol: DFF<Bits<8>>,
    d_length: DFF<Bits<16>>,
    d_first_fragment: DFF<Bit>,

    e_ip: DFF<Bit>,
    e_ip_type: DFF<Bit>,
    e_src: DFF<Bits<128>>,
    e_dst: DFF<Bits<128>>,
    e_protocol: DFF<Bits<8>>,
    e_length: DFF<Bits<16>>,
    e_first_fragment: DFF<Bit>,
    e_tcp: DFF<Bit>,
    e_udp: DFF<Bit>,
    found: Signal<Local, IpHeader>,

    protocol_tcp: Param<Bits<8>>,
    protocol_udp: Param<Bits<8>>,
    ipv4_prefix: Param<Bits<128>>,
    ipv6_header: Param<Bits<16>>,
}

impl IpFields {
    /// The fields of IPv4 and IPv6.
    pub fn new() -> Self {
        let mapped: Bits<128> = bits(0xffff);
        Self {
            protocol_tcp: Param::new(u64::from(parse::PROTOCOL_TCP)),
            protocol_udp: Param::new(u64::from(parse::PROTOCOL_UDP)),
            ipv4_prefix: Param::new(mapped << 80),
            ipv6_header: Param::new(40),
            ..Self::default()
        }
    }
}

impl Logic for IpFields {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(
            self,
            clk,
            d_ip,
            d_ip_type,
            d_ipv6,
            d_src,
            d_dst,
            d_protocol,
            d_length,
            d_first_fragment
        );
        clock!(
            self,
            clk,
            e_ip,
            e_ip_type,
            e_src,
            e_dst,
            e_protocol,
            e_length,
            e_first_fragment,
            e_tcp,
            e_udp
        );

        // Stage d.
        self.d_ip.d.next = self.ipv4.val() | self.ipv6.val();
        self.d_ip_type.d.next = self.ip_type.val();
        self.d_ipv6.d.next = self.ipv6.val();
        self.ipv4_src.next = self.header.val().get_bits::<32>(96);
        self.ipv4_dst.next = self.header.val().get_bits::<32>(128);
        if self.ipv6.val() {
            self.d_src.d.next = self.header.val().get_bits::<128>(64);
            self.d_dst.d.next = self.header.val().get_bits::<128>(192);
            self.d_protocol.d.next = self.header.val().get_bits::<8>(48);
            self.d_length.d.next = self.payload_length.val() + self.ipv6_header.val();
            self.d_first_fragment.d.next = true;
        } else {
            self.d_src.d.next =
                (bit_cast::<128, 32>(self.ipv4_src.val()) << 96) | self.ipv4_prefix.val();
            self.d_dst.d.next =
                (bit_cast::<128, 32>(self.ipv4_dst.val()) << 96) | self.ipv4_prefix.val();
            self.d_protocol.d.next = self.header.val().get_bits::<8>(72);
            self.d_length.d.next = self.header.val().get_bits::<16>(16);
            self.d_first_fragment.d.next = (self.header.val().get_bits::<5>(48) == 0)
                & (self.header.val().get_bits::<8>(56) == 0);
        }

        // Stage e. The sum of stage d is a number; a length stands in the row with its most significant byte first.
        self.e_ip.d.next = self.d_ip.q.val();
        self.e_ip_type.d.next = self.d_ip_type.q.val();
        self.e_src.d.next = self.d_src.q.val();
        self.e_dst.d.next = self.d_dst.q.val();
        self.e_protocol.d.next = self.d_protocol.q.val();
        if self.d_ipv6.q.val() {
            self.e_length.d.next = (self.d_length.q.val() >> 8) | (self.d_length.q.val() << 8);
        } else {
            self.e_length.d.next = self.d_length.q.val();
        }
        self.e_first_fragment.d.next = self.d_first_fragment.q.val();
        self.e_tcp.d.next = self.d_protocol.q.val() == self.protocol_tcp.val();
        self.e_udp.d.next = self.d_protocol.q.val() == self.protocol_udp.val();

        self.found.next.src = self.e_src.q.val();
        self.found.next.dst = self.e_dst.q.val();
        self.found.next.length = self.e_length.q.val();
        self.found.next.protocol = self.e_protocol.q.val();
        self.found.next.ip = self.e_ip.q.val();
        self.found.next.ip_type = self.e_ip_type.q.val();
        self.found.next.first_fragment = self.e_first_fragment.q.val();
        self.found.next.tcp = self.e_tcp.q.val();
        self.found.next.udp = self.e_udp.q.val();
        self.fields.next = self.found.val();
    }
}
