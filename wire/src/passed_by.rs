//! Why a frame is passed by: details that [`parse`] and the settings do not report, for those frames alone (format,
//! section 6).
//!
//! The reason is found by the same walk through the tags as the row, so there is one exactly where the sequencer
//! assigns no number.

use crate::parse::{self, ETHERTYPE_IPV4, ETHERTYPE_IPV6, VLAN_TPIDS};
use crate::{Config, foreign, header};

/// EtherType of ARP.
const ARP: u16 = 0x0806;
/// EtherTypes of MPLS, downstream- and upstream-assigned labels.
const MPLS: [u16; 2] = [0x8847, 0x8848];
/// EtherTypes of PPPoE, discovery and session.
const PPPOE: [u16; 2] = [0x8863, 0x8864];
/// EtherType of LLDP.
const LLDP: u16 = 0x88cc;
/// Largest value in the EtherType's place that is a length (IEEE 802.3).
const LONGEST: u16 = 1500;

/// Why a frame gets no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum PassedBy {
    /// The packet has no Ethernet header and cannot be given one, so no sequencer sees it.
    NotEthernet,
    /// No byte of the packet was captured.
    NotCaptured,
    /// The frame ends before its EtherType.
    TooShort,
    /// ARP.
    Arp,
    /// IPv6, while the profile has IPv4 addresses.
    Ipv6UnderV4Profile,
    /// MPLS.
    Mpls,
    /// PPPoE, discovery or session.
    Pppoe,
    /// More VLAN tags than the parser skips.
    VlanDepth,
    /// The EtherType is IP's, but the frame has no complete header of that version.
    NoIpHeader,
    /// An SCR frame.
    ScrFrame,
    /// LLDP.
    Lldp,
    /// IEEE 802.3 with a length in place of an EtherType: LLC, as used by spanning trees.
    Llc,
    /// Any other EtherType.
    OtherEthertype,
    /// The sequencer was disabled.
    Disabled,
}

impl PassedBy {
    /// All reasons.
    pub const ALL: [Self; 14] = [
        Self::NotEthernet,
        Self::NotCaptured,
        Self::TooShort,
        Self::Arp,
        Self::Ipv6UnderV4Profile,
        Self::Mpls,
        Self::Pppoe,
        Self::VlanDepth,
        Self::NoIpHeader,
        Self::ScrFrame,
        Self::Lldp,
        Self::Llc,
        Self::OtherEthertype,
        Self::Disabled,
    ];

    /// Number of reasons, for arrays of counters.
    pub const COUNT: usize = Self::ALL.len();

    /// Place in [`ALL`](Self::ALL).
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Name of the reason in reports and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotEthernet => "not-ethernet",
            Self::NotCaptured => "not-captured",
            Self::TooShort => "too-short",
            Self::Arp => "arp",
            Self::Ipv6UnderV4Profile => "ipv6-under-v4-profile",
            Self::Mpls => "mpls",
            Self::Pppoe => "pppoe",
            Self::VlanDepth => "vlan-depth",
            Self::NoIpHeader => "no-ip-header",
            Self::ScrFrame => "scr-frame",
            Self::Lldp => "lldp",
            Self::Llc => "llc",
            Self::OtherEthertype => "other-ethertype",
            Self::Disabled => "disabled",
        }
    }

    /// Why a sequencer of IP frames passes this frame by; `None` if it numbers the frame. `ipv6` as in
    /// [`parse::parse`].
    pub fn reason(frame: &[u8], ipv6: bool) -> Option<Self> {
        let parsed = parse::parse(frame, ipv6);
        if parsed.ip_version.is_some() {
            return None;
        }
        if parsed.malformed {
            return Some(Self::NoIpHeader);
        }
        Some(match parse::ethertype(frame) {
            None if frame.is_empty() => Self::NotCaptured,
            None => Self::TooShort,
            Some(ARP) => Self::Arp,
            Some(ETHERTYPE_IPV4) => Self::NoIpHeader,
            Some(ETHERTYPE_IPV6) => Self::Ipv6UnderV4Profile,
            Some(header::ETHERTYPE) if foreign::is_scr(frame) => Self::ScrFrame,
            Some(LLDP) => Self::Lldp,
            Some(length) if length <= LONGEST => Self::Llc,
            Some(other) if MPLS.contains(&other) => Self::Mpls,
            Some(other) if PPPOE.contains(&other) => Self::Pppoe,
            Some(other) if VLAN_TPIDS.contains(&other) => Self::VlanDepth,
            Some(_) => Self::OtherEthertype,
        })
    }
}

impl Config {
    /// Why a sequencer with this configuration passes a frame by; `None` if it numbers the frame. `ipv6` as in
    /// [`parse::parse`].
    ///
    /// The golden sequencer accepts any frame, but one of zero bytes never reaches a NIC and has a reason here under
    /// every configuration.
    pub fn passes_by(&self, frame: &[u8], ipv6: bool) -> Option<PassedBy> {
        if frame.is_empty() {
            return Some(PassedBy::NotCaptured);
        }
        if !self.enable {
            return Some(PassedBy::Disabled);
        }
        if self.sequence_all {
            return None;
        }
        PassedBy::reason(frame, ipv6)
    }
}
