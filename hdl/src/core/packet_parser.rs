use rust_hdl::prelude::*;
use scr_wire::{Profile, parse};

use super::header_window::WINDOW;
use super::types::{FrameInfo, ID, TIME};
use crate::primitive::{Param, RowLayout};

/// Bits of the window from the first place where an IP header can start, byte 14: 21 words of 4 bytes, for
/// two VLAN tags, an IP header of 15 words and 4 words of TCP header end with word 21.
const WORDS: usize = 21 * 32;
/// A presence bit for each of these bytes.
const BYTES: usize = 21 * 4;

/// From a frame's first 128 bytes to its row, by the rules of the format's section 5, in seven stages of
/// one cycle each. It takes a frame in every cycle and never stalls.
///
/// | stage | does |
/// |---|---|
/// | a | compares the three possible EtherTypes |
/// | b | removes VLAN tags: shifts the IP header to the front |
/// | c | checks version and header length |
/// | d | takes the IP fields; moves the transport header by a multiple of 4 words |
/// | e | moves it by the remaining words |
/// | f | decides which fields the packet has |
/// | g | clears the others and lays the row out |
#[derive(LogicBlock, Default)]
pub struct PacketParser<const R: usize> {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Synchronous reset.
    pub rst: Signal<In, Bit>,
    /// A window comes in.
    pub window_valid: Signal<In, Bit>,
    /// Bytes of the window.
    pub window: Signal<In, Bits<WINDOW>>,
    /// Which of them the frame has.
    pub present: Signal<In, Bits<128>>,
    /// Timestamp of the frame.
    pub timestamp: Signal<In, Bits<TIME>>,
    /// `tid` of the frame.
    pub id: Signal<In, Bits<ID>>,
    /// Beats by which the frame fell short of the window.
    pub missing_beats: Signal<In, Bits<4>>,
    /// A row comes out.
    pub valid: Signal<Out, Bit>,
    /// The row.
    pub row: Signal<Out, Bits<R>>,
    /// What else is known of the frame.
    pub info: Signal<Out, FrameInfo>,
    /// By how many beats the frame fell short of the window, 0..=7: that bit, alone.
    pub row_delay: Signal<Out, Bits<8>>,

    valid_pipe: DFF<Bits<7>>,
    a_time: DFF<Bits<TIME>>,
    b_time: DFF<Bits<TIME>>,
    c_time: DFF<Bits<TIME>>,
    d_time: DFF<Bits<TIME>>,
    e_time: DFF<Bits<TIME>>,
    f_time: DFF<Bits<TIME>>,
    a_id: DFF<Bits<ID>>,
    b_id: DFF<Bits<ID>>,
    c_id: DFF<Bits<ID>>,
    d_id: DFF<Bits<ID>>,
    e_id: DFF<Bits<ID>>,
    f_id: DFF<Bits<ID>>,
    a_missing: DFF<Bits<4>>,
    b_missing: DFF<Bits<4>>,
    c_missing: DFF<Bits<4>>,
    d_missing: DFF<Bits<4>>,
    e_missing: DFF<Bits<4>>,
    f_missing: DFF<Bits<4>>,
    g_delay: DFF<Bits<8>>,

    type_0: Signal<Local, Bits<16>>,
    type_1: Signal<Local, Bits<16>>,
    type_2: Signal<Local, Bits<16>>,
    ipv4_at: Signal<Local, Bits<3>>,
    ipv6_at: Signal<Local, Bits<3>>,
    a_words: DFF<Bits<WORDS>>,
    a_present: DFF<Bits<BYTES>>,
    a_tagged: DFF<Bit>,
    a_tagged_twice: DFF<Bit>,
    a_ipv4: DFF<Bits<3>>,
    a_ipv6: DFF<Bits<3>>,

    b_words: DFF<Bits<WORDS>>,
    b_present: DFF<Bits<BYTES>>,
    b_ipv4: DFF<Bit>,
    b_ipv6: DFF<Bit>,

    version: Signal<Local, Bits<4>>,
    header_words: Signal<Local, Bits<4>>,
    payload_length: Signal<Local, Bits<16>>,
    c_words: DFF<Bits<WORDS>>,
    c_present: DFF<Bits<BYTES>>,
    c_ipv4: DFF<Bit>,
    c_ipv6: DFF<Bit>,
    c_ip_type: DFF<Bit>,
    c_skip: DFF<Bits<4>>,
    c_payload_length: DFF<Bits<16>>,

    ipv4_src: Signal<Local, Bits<32>>,
    ipv4_dst: Signal<Local, Bits<32>>,
    transport: Signal<Local, Bits<512>>,
    transport_present: Signal<Local, Bits<65>>,
    transport_coarse: Signal<Local, Bits<512>>,
    transport_present_coarse: Signal<Local, Bits<65>>,
    d_ip: DFF<Bit>,
    d_ip_type: DFF<Bit>,
    d_ipv6: DFF<Bit>,
    d_src: DFF<Bits<128>>,
    d_dst: DFF<Bits<128>>,
    d_protocol: DFF<Bits<8>>,
    d_length: DFF<Bits<16>>,
    d_first_fragment: DFF<Bit>,
    d_skip: DFF<Bits<2>>,
    d_transport: DFF<Bits<224>>,
    d_present: DFF<Bits<27>>,

    transport_fine: Signal<Local, Bits<224>>,
    transport_present_fine: Signal<Local, Bits<27>>,
    e_ip: DFF<Bit>,
    e_ip_type: DFF<Bit>,
    e_src: DFF<Bits<128>>,
    e_dst: DFF<Bits<128>>,
    e_protocol: DFF<Bits<8>>,
    e_length: DFF<Bits<16>>,
    e_first_fragment: DFF<Bit>,
    e_tcp: DFF<Bit>,
    e_udp: DFF<Bit>,
    e_transport: DFF<Bits<128>>,
    e_present: DFF<Bits<15>>,

    f_ip: DFF<Bit>,
    f_malformed: DFF<Bit>,
    f_has_ports: DFF<Bit>,
    f_has_tcp: DFF<Bit>,
    f_src: DFF<Bits<128>>,
    f_dst: DFF<Bits<128>>,
    f_protocol: DFF<Bits<8>>,
    f_length: DFF<Bits<16>>,
    f_transport: DFF<Bits<128>>,

    ns: Signal<Local, Bits<32>>,
    sec: Signal<Local, Bits<32>>,
    layout: RowLayout<R>,
    g_row: DFF<Bits<R>>,
    g_info: DFF<FrameInfo>,
    info_next: Signal<Local, FrameInfo>,

    tpid_c: Param<Bits<16>>,
    tpid_s: Param<Bits<16>>,
    tpid_q1: Param<Bits<16>>,
    tpid_q2: Param<Bits<16>>,
    type_ipv4: Param<Bits<16>>,
    type_ipv6: Param<Bits<16>>,
    parse_ipv6: Param<Bit>,
    protocol_tcp: Param<Bits<8>>,
    protocol_udp: Param<Bits<8>>,
    ipv4_prefix: Param<Bits<128>>,
    ipv6_header: Param<Bits<16>>,
    ipv6_skip: Param<Bits<4>>,
    min_header_words: Param<Bits<4>>,
    one: Param<Bits<8>>,
}

impl<const R: usize> PacketParser<R> {
    /// The parser that makes rows of `profile`, whose rows must have R bits.
    pub fn new(profile: &Profile) -> Self {
        // On the bus, a field's first byte is its lowest.
        let wire = |x: u16| Param::new(u64::from(x.swap_bytes()));
        let mapped: Bits<128> = bits(0xffff);
        Self {
            layout: RowLayout::new(profile),
            tpid_c: wire(parse::VLAN_TPIDS[0]),
            tpid_s: wire(parse::VLAN_TPIDS[1]),
            tpid_q1: wire(parse::VLAN_TPIDS[2]),
            tpid_q2: wire(parse::VLAN_TPIDS[3]),
            type_ipv4: wire(parse::ETHERTYPE_IPV4),
            type_ipv6: wire(parse::ETHERTYPE_IPV6),
            parse_ipv6: Param::new(profile.has_ipv6()),
            protocol_tcp: Param::new(u64::from(parse::PROTOCOL_TCP)),
            protocol_udp: Param::new(u64::from(parse::PROTOCOL_UDP)),
            ipv4_prefix: Param::new(mapped << 80),
            ipv6_header: Param::new(40),
            ipv6_skip: Param::new(5),
            min_header_words: Param::new(5),
            one: Param::new(1),
            ..Self::default()
        }
    }
}

impl<const R: usize> Logic for PacketParser<R> {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(
            self, clk, valid_pipe, a_time, b_time, c_time, d_time, e_time, f_time, a_id, b_id,
            c_id, d_id, e_id, f_id, a_missing, b_missing, c_missing, d_missing, e_missing,
            f_missing, g_delay
        );
        clock!(
            self,
            clk,
            a_words,
            a_present,
            a_tagged,
            a_tagged_twice,
            a_ipv4,
            a_ipv6,
            b_words,
            b_present,
            b_ipv4,
            b_ipv6,
            c_words,
            c_present,
            c_ipv4,
            c_ipv6,
            c_ip_type,
            c_skip,
            c_payload_length
        );
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
            d_first_fragment,
            d_skip,
            d_transport,
            d_present
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
            e_udp,
            e_transport,
            e_present
        );
        clock!(
            self,
            clk,
            f_ip,
            f_malformed,
            f_has_ports,
            f_has_tcp,
            f_src,
            f_dst,
            f_protocol,
            f_length,
            f_transport,
            g_row,
            g_info
        );

        // What only travels along.
        self.valid_pipe.d.next = self.valid_pipe.q.val() << 1;
        if self.window_valid.val() {
            self.valid_pipe.d.next = (self.valid_pipe.q.val() << 1) | 1;
        }
        if self.rst.val() {
            self.valid_pipe.d.next = 0.into();
        }
        self.a_time.d.next = self.timestamp.val();
        self.b_time.d.next = self.a_time.q.val();
        self.c_time.d.next = self.b_time.q.val();
        self.d_time.d.next = self.c_time.q.val();
        self.e_time.d.next = self.d_time.q.val();
        self.f_time.d.next = self.e_time.q.val();
        self.a_id.d.next = self.id.val();
        self.b_id.d.next = self.a_id.q.val();
        self.c_id.d.next = self.b_id.q.val();
        self.d_id.d.next = self.c_id.q.val();
        self.e_id.d.next = self.d_id.q.val();
        self.f_id.d.next = self.e_id.q.val();
        self.a_missing.d.next = self.missing_beats.val();
        self.b_missing.d.next = self.a_missing.q.val();
        self.c_missing.d.next = self.b_missing.q.val();
        self.d_missing.d.next = self.c_missing.q.val();
        self.e_missing.d.next = self.d_missing.q.val();
        self.f_missing.d.next = self.e_missing.q.val();
        self.g_delay.d.next = self.one.val() << self.f_missing.q.val();

        // Stage a. The EtherType stands at byte 12, 16 or 20. Stale bytes of a short frame do no harm:
        // stage f asks whether the whole IP header is present.
        self.type_0.next = self.window.val().get_bits::<16>(96);
        self.type_1.next = self.window.val().get_bits::<16>(128);
        self.type_2.next = self.window.val().get_bits::<16>(160);
        self.a_tagged.d.next = (self.type_0.val() == self.tpid_c.val())
            | (self.type_0.val() == self.tpid_s.val())
            | (self.type_0.val() == self.tpid_q1.val())
            | (self.type_0.val() == self.tpid_q2.val());
        self.a_tagged_twice.d.next = (self.type_1.val() == self.tpid_c.val())
            | (self.type_1.val() == self.tpid_s.val())
            | (self.type_1.val() == self.tpid_q1.val())
            | (self.type_1.val() == self.tpid_q2.val());
        self.ipv4_at.next = 0.into();
        self.ipv6_at.next = 0.into();
        if (self.type_0.val() == self.type_ipv4.val()) & self.present.val().get_bit(13) {
            self.ipv4_at.next = 1.into();
        }
        if (self.type_1.val() == self.type_ipv4.val()) & self.present.val().get_bit(17) {
            self.ipv4_at.next = self.ipv4_at.val() | 2;
        }
        if (self.type_2.val() == self.type_ipv4.val()) & self.present.val().get_bit(21) {
            self.ipv4_at.next = self.ipv4_at.val() | 4;
        }
        if (self.type_0.val() == self.type_ipv6.val()) & self.present.val().get_bit(13) {
            self.ipv6_at.next = 1.into();
        }
        if (self.type_1.val() == self.type_ipv6.val()) & self.present.val().get_bit(17) {
            self.ipv6_at.next = self.ipv6_at.val() | 2;
        }
        if (self.type_2.val() == self.type_ipv6.val()) & self.present.val().get_bit(21) {
            self.ipv6_at.next = self.ipv6_at.val() | 4;
        }
        self.a_ipv4.d.next = self.ipv4_at.val();
        self.a_ipv6.d.next = self.ipv6_at.val();
        self.a_words.d.next = self.window.val().get_bits::<WORDS>(112);
        self.a_present.d.next = self.present.val().get_bits::<BYTES>(14);

        // Stage b.
        if self.a_tagged.q.val() & self.a_tagged_twice.q.val() {
            self.b_words.d.next = self.a_words.q.val() >> 64;
            self.b_present.d.next = self.a_present.q.val() >> 8;
            self.b_ipv4.d.next = self.a_ipv4.q.val().get_bit(2);
            self.b_ipv6.d.next = self.a_ipv6.q.val().get_bit(2) & self.parse_ipv6.val();
        } else if self.a_tagged.q.val() {
            self.b_words.d.next = self.a_words.q.val() >> 32;
            self.b_present.d.next = self.a_present.q.val() >> 4;
            self.b_ipv4.d.next = self.a_ipv4.q.val().get_bit(1);
            self.b_ipv6.d.next = self.a_ipv6.q.val().get_bit(1) & self.parse_ipv6.val();
        } else {
            self.b_words.d.next = self.a_words.q.val();
            self.b_present.d.next = self.a_present.q.val();
            self.b_ipv4.d.next = self.a_ipv4.q.val().get_bit(0);
            self.b_ipv6.d.next = self.a_ipv6.q.val().get_bit(0) & self.parse_ipv6.val();
        }

        // Stage c. The header is 5 words and `skip` more.
        self.header_words.next = self.b_words.q.val().get_bits::<4>(0);
        self.version.next = self.b_words.q.val().get_bits::<4>(4);
        self.c_words.d.next = self.b_words.q.val();
        self.c_present.d.next = self.b_present.q.val();
        self.c_ip_type.d.next = self.b_ipv4.q.val() | self.b_ipv6.q.val();
        self.c_ipv4.d.next = self.b_ipv4.q.val()
            & (self.version.val() == 4)
            & (self.header_words.val() >= self.min_header_words.val());
        self.c_ipv6.d.next = self.b_ipv6.q.val() & (self.version.val() == 6);
        if self.b_ipv6.q.val() {
            self.c_skip.d.next = self.ipv6_skip.val();
        } else {
            self.c_skip.d.next = self.header_words.val() - self.min_header_words.val();
        }
        self.payload_length.next = self.b_words.q.val().get_bits::<16>(32);
        self.c_payload_length.d.next =
            (self.payload_length.val() >> 8) | (self.payload_length.val() << 8);

        // Stage d. From here on, bit 0 of the presence bits is the IP header's last byte.
        self.d_ip.d.next = self.c_ipv4.q.val() | self.c_ipv6.q.val();
        self.d_ip_type.d.next = self.c_ip_type.q.val();
        self.d_ipv6.d.next = self.c_ipv6.q.val();
        self.ipv4_src.next = self.c_words.q.val().get_bits::<32>(96);
        self.ipv4_dst.next = self.c_words.q.val().get_bits::<32>(128);
        if self.c_ipv6.q.val() {
            self.d_src.d.next = self.c_words.q.val().get_bits::<128>(64);
            self.d_dst.d.next = self.c_words.q.val().get_bits::<128>(192);
            self.d_protocol.d.next = self.c_words.q.val().get_bits::<8>(48);
            self.d_length.d.next = self.c_payload_length.q.val() + self.ipv6_header.val();
            self.d_first_fragment.d.next = true;
        } else {
            self.d_src.d.next =
                (bit_cast::<128, 32>(self.ipv4_src.val()) << 96) | self.ipv4_prefix.val();
            self.d_dst.d.next =
                (bit_cast::<128, 32>(self.ipv4_dst.val()) << 96) | self.ipv4_prefix.val();
            self.d_protocol.d.next = self.c_words.q.val().get_bits::<8>(72);
            self.d_length.d.next = self.c_words.q.val().get_bits::<16>(16);
            self.d_first_fragment.d.next = (self.c_words.q.val().get_bits::<5>(48) == 0)
                & (self.c_words.q.val().get_bits::<8>(56) == 0);
        }
        self.transport.next = self.c_words.q.val().get_bits::<512>(160);
        self.transport_present.next = self.c_present.q.val().get_bits::<65>(19);
        if self.c_skip.q.val().get_bit(3) {
            self.transport_coarse.next = self.transport.val() >> 256;
            self.transport_present_coarse.next = self.transport_present.val() >> 32;
        } else if self.c_skip.q.val().get_bit(2) {
            self.transport_coarse.next = self.transport.val() >> 128;
            self.transport_present_coarse.next = self.transport_present.val() >> 16;
        } else {
            self.transport_coarse.next = self.transport.val();
            self.transport_present_coarse.next = self.transport_present.val();
        }
        self.d_transport.d.next = self.transport_coarse.val().get_bits::<224>(0);
        self.d_present.d.next = self.transport_present_coarse.val().get_bits::<27>(0);
        self.d_skip.d.next = self.c_skip.q.val().get_bits::<2>(0);

        // Stage e.
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
        self.e_transport.d.next = self.transport_fine.val().get_bits::<128>(0);
        self.e_present.d.next = self.transport_present_fine.val().get_bits::<15>(0);

        // Stage f. Ports need the first 4 bytes of the transport header, TCP's fields the first 14.
        self.f_ip.d.next = self.e_ip.q.val() & self.e_present.q.val().get_bit(0);
        self.f_malformed.d.next =
            self.e_ip_type.q.val() & !(self.e_ip.q.val() & self.e_present.q.val().get_bit(0));
        self.f_has_ports.d.next = self.e_ip.q.val()
            & self.e_present.q.val().get_bit(0)
            & self.e_first_fragment.q.val()
            & (self.e_tcp.q.val() | self.e_udp.q.val())
            & self.e_present.q.val().get_bit(4);
        self.f_has_tcp.d.next = self.e_ip.q.val()
            & self.e_present.q.val().get_bit(0)
            & self.e_first_fragment.q.val()
            & self.e_tcp.q.val()
            & self.e_present.q.val().get_bit(14);
        self.f_src.d.next = self.e_src.q.val();
        self.f_dst.d.next = self.e_dst.q.val();
        self.f_protocol.d.next = self.e_protocol.q.val();
        self.f_length.d.next = self.e_length.q.val();
        self.f_transport.d.next = self.e_transport.q.val();

        // Stage g. The timestamp goes into every row, most significant byte first.
        self.layout.src_ip.next = 0.into();
        self.layout.dst_ip.next = 0.into();
        self.layout.protocol.next = 0.into();
        self.layout.ip_length.next = 0.into();
        if self.f_ip.q.val() {
            self.layout.src_ip.next = self.f_src.q.val();
            self.layout.dst_ip.next = self.f_dst.q.val();
            self.layout.protocol.next = self.f_protocol.q.val();
            self.layout.ip_length.next = self.f_length.q.val();
        }
        self.layout.src_port.next = 0.into();
        self.layout.dst_port.next = 0.into();
        if self.f_has_ports.q.val() {
            self.layout.src_port.next = self.f_transport.q.val().get_bits::<16>(0);
            self.layout.dst_port.next = self.f_transport.q.val().get_bits::<16>(16);
        }
        self.layout.tcp_seq.next = 0.into();
        self.layout.tcp_ack.next = 0.into();
        self.layout.tcp_flags.next = 0.into();
        if self.f_has_tcp.q.val() {
            self.layout.tcp_seq.next = self.f_transport.q.val().get_bits::<32>(32);
            self.layout.tcp_ack.next = self.f_transport.q.val().get_bits::<32>(64);
            self.layout.tcp_flags.next = self.f_transport.q.val().get_bits::<8>(104);
        }
        self.ns.next = self.f_time.q.val().get_bits::<32>(16);
        self.sec.next = self.f_time.q.val().get_bits::<32>(48);
        self.layout.nanoseconds.next = (self.ns.val() >> 24)
            | ((self.ns.val() >> 8) & 0xff00)
            | ((self.ns.val() << 8) & 0xff_0000)
            | (self.ns.val() << 24);
        self.layout.seconds.next = (self.sec.val() >> 24)
            | ((self.sec.val() >> 8) & 0xff00)
            | ((self.sec.val() << 8) & 0xff_0000)
            | (self.sec.val() << 24);
        self.g_row.d.next = self.layout.row.val();
        self.info_next.next.is_ip = self.f_ip.q.val();
        self.info_next.next.malformed = self.f_malformed.q.val();
        self.info_next.next.timestamp = self.f_time.q.val();
        self.info_next.next.id = self.f_id.q.val();
        self.g_info.d.next = self.info_next.val();

        self.valid.next = self.valid_pipe.q.val().get_bit(6);
        self.row.next = self.g_row.q.val();
        self.info.next = self.g_info.q.val();
        self.row_delay.next = self.g_delay.q.val();
    }
}
