//! Link types: the first header of a capture's packets.

use std::fmt;

use pcap_file::DataLink;

/// A link type number from the tcpdump.org registry, as capture files carry it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u32);

impl LinkType {
    /// BSD loopback: an address family in the byte order of the machine that captured.
    pub const NULL: Self = Self(0);
    /// Ethernet, which is what SCR processes.
    pub const ETHERNET: Self = Self(1);
    /// PPP, with or without the address and control bytes of HDLC.
    pub const PPP: Self = Self(9);
    /// PPP in HDLC-like framing.
    pub const PPP_HDLC: Self = Self(50);
    /// An IPv4 or IPv6 packet.
    pub const RAW: Self = Self(101);
    /// OpenBSD loopback: an address family in network byte order.
    pub const LOOP: Self = Self(108);
    /// Linux cooked capture, as `any` used to give.
    pub const LINUX_SLL: Self = Self(113);
    /// An IPv4 packet.
    pub const IPV4: Self = Self(228);
    /// An IPv6 packet.
    pub const IPV6: Self = Self(229);
    /// Linux cooked capture, version 2, as `any` gives.
    pub const LINUX_SLL2: Self = Self(276);

    /// The supported link types, in ascending order. All but [`ETHERNET`](Self::ETHERNET) are given an Ethernet header.
    pub const READ: [Self; 10] = [
        Self::NULL,
        Self::ETHERNET,
        Self::PPP,
        Self::PPP_HDLC,
        Self::RAW,
        Self::LOOP,
        Self::LINUX_SLL,
        Self::IPV4,
        Self::IPV6,
        Self::LINUX_SLL2,
    ];

    /// The link type in the header of a pcap file, whose upper bits hold flags about the frame check sequence.
    pub(crate) const fn from_pcap_header(network: u32) -> Self {
        Self::from_file(network & 0x03FF_FFFF)
    }

    /// The link type of a number in a file. Some systems wrote numbers of their own for raw IP: 12, and OpenBSD 14.
    pub(crate) const fn from_file(number: u32) -> Self {
        match number {
            12 | 14 => Self::RAW,
            other => Self(other),
        }
    }

    /// Whether packets of this link type are supported.
    #[must_use]
    pub fn is_read(self) -> bool {
        Self::READ.contains(&self)
    }

    /// The registry's name, such as `LINUX_SLL`; `None` for a number without one.
    #[must_use]
    pub fn name(self) -> Option<String> {
        match DataLink::from(self.0) {
            DataLink::Unknown(_) => None,
            known => Some(format!("{known:?}")),
        }
    }

    /// The registry's name, or the number if it has none.
    #[must_use]
    pub fn label(self) -> String {
        self.name().unwrap_or_else(|| self.0.to_string())
    }
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{} ({name})", self.0),
            None => write!(f, "{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_the_registry_names() {
        assert_eq!(LinkType::ETHERNET.to_string(), "1 (ETHERNET)");
        assert_eq!(LinkType(113).to_string(), "113 (LINUX_SLL)");
        assert_eq!(LinkType(65_000).to_string(), "65000");
        assert_eq!(LinkType(65_000).label(), "65000");
    }

    #[test]
    fn constants_have_the_numbers_of_the_registry() {
        let names = LinkType::READ.map(LinkType::label);
        let expected = [
            "NULL",
            "ETHERNET",
            "PPP",
            "PPP_HDLC",
            "RAW",
            "LOOP",
            "LINUX_SLL",
            "IPV4",
            "IPV6",
            "LINUX_SLL2",
        ];
        assert_eq!(names, expected);
        assert!(LinkType::READ.is_sorted());
    }

    #[test]
    fn frame_check_sequence_flags_are_not_part_of_the_type() {
        assert_eq!(LinkType::from_pcap_header(0x4400_0001), LinkType::ETHERNET);
    }

    #[test]
    fn raw_ip_has_three_numbers() {
        for number in [12, 14, 101] {
            assert_eq!(LinkType::from_pcap_header(number), LinkType::RAW);
        }
    }
}
