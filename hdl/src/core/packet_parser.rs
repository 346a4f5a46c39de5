use rust_hdl::prelude::*;
use scr_wire::Profile;

use super::header_window::WINDOW;
use super::parser::ip_fields::IpFields;
use super::parser::ip_header_check::IpHeaderCheck;
use super::parser::row_fields::RowFields;
use super::parser::transport_header::TransportHeader;
use super::parser::vlan_tags::VlanTags;
use super::parser::{BEHIND_IP, BEHIND_IP_BYTES, IP_HEADER};
use super::types::{Arrival, FrameInfo, ID, TIME};

/// From a frame's first 128 bytes to its row, by the rules of the format's section 5, in seven stages of
/// one cycle each. It takes a frame in every cycle and never stalls.
///
/// | stage | block | does |
/// |---|---|---|
/// | a | `vlan_tags` | compares the three possible EtherTypes |
/// | b | `vlan_tags` | removes VLAN tags: shifts the IP header to the front |
/// | c | `ip_header_check` | checks version and header length |
/// | d | `ip_fields`, `transport_header` | takes the IP fields; moves the transport header by a multiple of 4 words |
/// | e | `ip_fields`, `transport_header` | compares the protocol; moves it by the remaining words |
/// | f | `row_fields` | decides which fields the packet has |
/// | g | `row_fields` | clears the others and lays the row out |
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
    arrives: Signal<Local, Arrival>,
    a_arrival: DFF<Arrival>,
    b_arrival: DFF<Arrival>,
    c_arrival: DFF<Arrival>,
    d_arrival: DFF<Arrival>,
    e_arrival: DFF<Arrival>,

    vlan_tags: VlanTags,
    ip_header_check: IpHeaderCheck,
    ip_fields: IpFields,
    transport_header: TransportHeader,
    row_fields: RowFields<R>,
}

impl<const R: usize> PacketParser<R> {
    /// The parser that makes rows of `profile`, whose rows must have R bits.
    pub fn new(profile: &Profile) -> Self {
        Self {
            vlan_tags: VlanTags::new(profile),
            ip_header_check: IpHeaderCheck::new(),
            ip_fields: IpFields::new(),
            row_fields: RowFields::new(profile),
            ..Self::default()
        }
    }
}

impl<const R: usize> Logic for PacketParser<R> {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(
            self, clk, valid_pipe, a_arrival, b_arrival, c_arrival, d_arrival, e_arrival
        );
        self.vlan_tags.clk.next = self.clk.val();
        self.ip_header_check.clk.next = self.clk.val();
        self.ip_fields.clk.next = self.clk.val();
        self.transport_header.clk.next = self.clk.val();
        self.row_fields.clk.next = self.clk.val();

        // What only travels along.
        self.valid_pipe.d.next = self.valid_pipe.q.val() << 1;
        if self.window_valid.val() {
            self.valid_pipe.d.next = (self.valid_pipe.q.val() << 1) | 1;
        }
        if self.rst.val() {
            self.valid_pipe.d.next = 0.into();
        }
        self.arrives.next.timestamp = self.timestamp.val();
        self.arrives.next.id = self.id.val();
        self.arrives.next.missing_beats = self.missing_beats.val();
        self.a_arrival.d.next = self.arrives.val();
        self.b_arrival.d.next = self.a_arrival.q.val();
        self.c_arrival.d.next = self.b_arrival.q.val();
        self.d_arrival.d.next = self.c_arrival.q.val();
        self.e_arrival.d.next = self.d_arrival.q.val();

        self.vlan_tags.window.next = self.window.val();
        self.vlan_tags.present.next = self.present.val();

        self.ip_header_check.packet.next = self.vlan_tags.packet.val();
        self.ip_header_check.packet_present.next = self.vlan_tags.packet_present.val();
        self.ip_header_check.type_ipv4.next = self.vlan_tags.ipv4.val();
        self.ip_header_check.type_ipv6.next = self.vlan_tags.ipv6.val();

        self.ip_fields.header.next = self.ip_header_check.checked.val().get_bits::<IP_HEADER>(0);
        self.ip_fields.ipv4.next = self.ip_header_check.ipv4.val();
        self.ip_fields.ipv6.next = self.ip_header_check.ipv6.val();
        self.ip_fields.ip_type.next = self.ip_header_check.ip_type.val();
        self.ip_fields.payload_length.next = self.ip_header_check.payload_length.val();

        // Behind 5 words of IP header, with the presence bit of the byte before.
        self.transport_header.transport.next = self
            .ip_header_check
            .checked
            .val()
            .get_bits::<BEHIND_IP>(160);
        self.transport_header.transport_present.next = self
            .ip_header_check
            .checked_present
            .val()
            .get_bits::<BEHIND_IP_BYTES>(19);
        self.transport_header.skip.next = self.ip_header_check.skip.val();

        self.row_fields.arrival.next = self.e_arrival.q.val();
        self.row_fields.fields.next = self.ip_fields.fields.val();
        self.row_fields.transport.next = self.transport_header.header.val();

        self.valid.next = self.valid_pipe.q.val().get_bit(6);
        self.row.next = self.row_fields.row.val();
        self.info.next = self.row_fields.info.val();
        self.row_delay.next = self.row_fields.row_delay.val();
    }
}
