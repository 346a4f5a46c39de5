use rust_hdl::prelude::*;
use scr_wire::{Profile, parse};

use super::{BYTES, WORDS, on_the_wire};
use crate::core::header_window::WINDOW;
use crate::primitive::Param;

/// Removes VLAN tags: the IP header, if there is one, comes to the front. Two stages.
///
/// | stage | does |
/// |---|---|
/// | a | compares the three possible EtherTypes |
/// | b | removes the tags |
#[derive(LogicBlock, Default)]
pub struct VlanTags {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Bytes of the window.
    pub window: Signal<In, Bits<WINDOW>>,
    /// Which of them the frame has.
    pub present: Signal<In, Bits<128>>,
    /// Bytes behind the EtherType.
    pub packet: Signal<Out, Bits<WORDS>>,
    /// Which of them the frame has.
    pub packet_present: Signal<Out, Bits<BYTES>>,
    /// The EtherType is that of IPv4.
    pub ipv4: Signal<Out, Bit>,
    /// The EtherType is that of IPv6, and rows have IPv6 addresses.
    pub ipv6: Signal<Out, Bit>,

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

    tpid_c: Param<Bits<16>>,
    tpid_s: Param<Bits<16>>,
    tpid_q1: Param<Bits<16>>,
    tpid_q2: Param<Bits<16>>,
    type_ipv4: Param<Bits<16>>,
    type_ipv6: Param<Bits<16>>,
    parse_ipv6: Param<Bit>,
}

impl VlanTags {
    /// For rows of `profile`.
    pub fn new(profile: &Profile) -> Self {
        let wire = |x: u16| Param::new(on_the_wire(x));
        Self {
            tpid_c: wire(parse::VLAN_TPIDS[0]),
            tpid_s: wire(parse::VLAN_TPIDS[1]),
            tpid_q1: wire(parse::VLAN_TPIDS[2]),
            tpid_q2: wire(parse::VLAN_TPIDS[3]),
            type_ipv4: wire(parse::ETHERTYPE_IPV4),
            type_ipv6: wire(parse::ETHERTYPE_IPV6),
            parse_ipv6: Param::new(profile.has_ipv6()),
            ..Self::default()
        }
    }
}

impl Logic for VlanTags {
    #[hdl_gen]
    fn update(&mut self) {
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
            b_ipv6
        );

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

        self.packet.next = self.b_words.q.val();
        self.packet_present.next = self.b_present.q.val();
        self.ipv4.next = self.b_ipv4.q.val();
        self.ipv6.next = self.b_ipv6.q.val();
    }
}
