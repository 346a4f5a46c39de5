//! A reader's account of what it met besides Ethernet packets.

use super::link::LeftOut;
use crate::LinkType;

/// Account of the packets that were not simply read, and of how the capture ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    converted: Vec<(LinkType, u64)>,
    left_out: Vec<((LinkType, LeftOut), u64)>,
    /// Packets whose fraction of a second was a second or more and was carried, and the first of them.
    pub carried: Option<Carried>,
    /// Where the capture was cut short.
    pub cut: Option<Cut>,
}

/// Packets of a pcap whose fraction of a second was a second or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carried {
    /// Number of these packets.
    pub packets: u64,
    /// Number of the first of them in the capture.
    pub first: u64,
}

/// The place at which a capture was cut short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Number of the incomplete packet, or of the one that would follow.
    pub packet: u64,
    /// Where its record or block starts, in bytes from the start of the capture.
    pub offset: u64,
    /// Bytes present of that record or block.
    pub have: u64,
}

impl Account {
    /// Packets that were given an Ethernet header, by link type, in order of their numbers.
    #[must_use]
    pub fn converted(&self) -> &[(LinkType, u64)] {
        &self.converted
    }

    /// Packets that were left out, by link type and reason, in order of their numbers.
    #[must_use]
    pub fn left_out(&self) -> &[((LinkType, LeftOut), u64)] {
        &self.left_out
    }

    /// Total number of packets left out.
    #[must_use]
    pub fn packets_left_out(&self) -> u64 {
        self.left_out.iter().map(|(_, count)| count).sum()
    }

    pub(super) fn convert(&mut self, link_type: LinkType) {
        count(&mut self.converted, link_type);
    }

    pub(super) fn leave_out(&mut self, link_type: LinkType, why: LeftOut) {
        count(&mut self.left_out, (link_type, why));
    }

    #[cold]
    pub(super) fn carry(&mut self, packet: u64) {
        let carried = self.carried.get_or_insert(Carried {
            packets: 0,
            first: packet,
        });
        carried.packets += 1;
    }
}

/// Adds one. There are few keys, and most packets have the same key as the packet before.
fn count<K: Ord + Copy>(counts: &mut Vec<(K, u64)>, key: K) {
    match counts.binary_search_by_key(&key, |&(key, _)| key) {
        Ok(at) => counts[at].1 += 1,
        Err(at) => counts.insert(at, (key, 1)),
    }
}
