use rust_hdl::prelude::*;
use scr_wire::Profile;

use super::TRANSPORT;
use crate::core::types::{Arrival, FrameInfo, IpHeader, TransportBytes};
use crate::primitive::{Param, RowLayout};

/// From the fields of a packet to its row. Two stages.
///
/// | stage | does |
/// |---|---|
/// | f | decides which fields the packet has |
/// | g | clears the others and lays the row out |
#[derive(LogicBlock, Default)]
pub struct RowFields<const R: usize> {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Arrival of the frame.
    pub arrival: Signal<In, Arrival>,
    /// What the IP header says.
    pub fields: Signal<In, IpHeader>,
    /// The bytes of the transport header.
    pub transport: Signal<In, TransportBytes>,
    /// The row.
    pub row: Signal<Out, Bits<R>>,
    /// What else is known of the frame.
    pub info: Signal<Out, FrameInfo>,
    /// By how many beats the frame fell short of the window, 0..=7: that bit, alone.
    pub row_delay: Signal<Out, Bits<8>>,

    whole_header: Signal<Local, Bit>,
    f_arrival: DFF<Arrival>,
    f_ip: DFF<Bit>,
    f_malformed: DFF<Bit>,
    f_has_ports: DFF<Bit>,
    f_has_tcp: DFF<Bit>,
    f_src: DFF<Bits<128>>,
    f_dst: DFF<Bits<128>>,
    f_protocol: DFF<Bits<8>>,
    f_length: DFF<Bits<16>>,
    f_transport: DFF<Bits<TRANSPORT>>,

    ns: Signal<Local, Bits<32>>,
    sec: Signal<Local, Bits<32>>,
    layout: RowLayout<R>,
    info_next: Signal<Local, FrameInfo>,
    g_row: DFF<Bits<R>>,
    g_info: DFF<FrameInfo>,
    g_delay: DFF<Bits<8>>,

    one: Param<Bits<8>>,
}

impl<const R: usize> RowFields<R> {
    /// For rows of `profile`, which must have R bits.
    pub fn new(profile: &Profile) -> Self {
        Self {
            layout: RowLayout::new(profile),
            one: Param::new(1),
            ..Self::default()
        }
    }
}

impl<const R: usize> Logic for RowFields<R> {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(
            self,
            clk,
            f_arrival,
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
            g_info,
            g_delay
        );

        // Stage f. Ports need the first 4 bytes of the transport header, TCP's fields the first 14.
        self.whole_header.next = self.fields.val().ip & self.transport.val().present.get_bit(0);
        self.f_ip.d.next = self.whole_header.val();
        self.f_malformed.d.next = self.fields.val().ip_type & !self.whole_header.val();
        self.f_has_ports.d.next = self.whole_header.val()
            & self.fields.val().first_fragment
            & (self.fields.val().tcp | self.fields.val().udp)
            & self.transport.val().present.get_bit(4);
        self.f_has_tcp.d.next = self.whole_header.val()
            & self.fields.val().first_fragment
            & self.fields.val().tcp
            & self.transport.val().present.get_bit(14);
        self.f_arrival.d.next = self.arrival.val();
        self.f_src.d.next = self.fields.val().src;
        self.f_dst.d.next = self.fields.val().dst;
        self.f_protocol.d.next = self.fields.val().protocol;
        self.f_length.d.next = self.fields.val().length;
        self.f_transport.d.next = self.transport.val().bytes;

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
        self.ns.next = self.f_arrival.q.val().timestamp.get_bits::<32>(16);
        self.sec.next = self.f_arrival.q.val().timestamp.get_bits::<32>(48);
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
        self.info_next.next.timestamp = self.f_arrival.q.val().timestamp;
        self.info_next.next.id = self.f_arrival.q.val().id;
        self.g_info.d.next = self.info_next.val();
        self.g_delay.d.next = self.one.val() << self.f_arrival.q.val().missing_beats;

        self.row.next = self.g_row.q.val();
        self.info.next = self.g_info.q.val();
        self.row_delay.next = self.g_delay.q.val();
    }
}
