//! What a capture's packets start with.

use std::fmt;

use pcap_file::DataLink;

/// A link type number from the tcpdump.org registry, as capture files carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkType(pub u32);

impl LinkType {
    /// Ethernet, the only link type that SCR processes.
    pub const ETHERNET: Self = Self(1);

    /// The link type in a pcap file header, whose upper bits hold flags about the frame check sequence.
    pub(crate) const fn from_pcap_header(network: u32) -> Self {
        Self(network & 0x03FF_FFFF)
    }

    /// The registry's name, such as `LINUX_SLL`; `None` for a number that it does not have.
    #[must_use]
    pub fn name(self) -> Option<String> {
        match DataLink::from(self.0) {
            DataLink::Unknown(_) => None,
            known => Some(format!("{known:?}")),
        }
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
    }

    #[test]
    fn frame_check_sequence_flags_are_not_part_of_the_type() {
        assert_eq!(LinkType::from_pcap_header(0x4400_0001), LinkType::ETHERNET);
    }
}
