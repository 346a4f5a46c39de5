//! Ethernet headers for packets captured without one.

use crate::LinkType;

/// Length of an Ethernet header in bytes.
pub(super) const ETHERNET: usize = 14;

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86DD;
/// Lowest EtherType; smaller values are IEEE 802.3 lengths.
const FIRST_ETHERTYPE: u16 = 0x0600;
/// The largest length that may stand in place of an EtherType.
const MAX_802_3: u32 = 1500;

/// Why a packet is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeftOut {
    /// The packet's link type is not supported.
    LinkType,
    /// The payload has no EtherType, such as PPP link control.
    Payload,
    /// Fewer bytes of the packet were captured than its link layer's header has.
    Short,
}

impl LeftOut {
    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LinkType => "link-type",
            Self::Payload => "payload",
            Self::Short => "short",
        }
    }
}

/// The header in front of a packet's payload, and its replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exchange {
    /// Bytes of the packet to remove.
    pub(super) skip: usize,
    /// The Ethernet header to insert.
    pub(super) header: [u8; ETHERNET],
}

impl Exchange {
    fn new(skip: usize, ethertype: u16) -> Self {
        let mut header = [0; ETHERNET];
        header[12..].copy_from_slice(&ethertype.to_be_bytes());
        Self { skip, header }
    }

    fn from(mut self, source: &[u8]) -> Self {
        self.header[6..12].copy_from_slice(source);
        self
    }
}

/// The Ethernet header for a packet of `link_type` that begins with `data` and had `original_len` bytes.
pub(super) fn exchange(
    link_type: LinkType,
    data: &[u8],
    original_len: u32,
) -> Result<Exchange, LeftOut> {
    match link_type {
        LinkType::RAW => match data.first().ok_or(LeftOut::Short)? >> 4 {
            4 => Ok(Exchange::new(0, IPV4)),
            6 => Ok(Exchange::new(0, IPV6)),
            _ => Err(LeftOut::Payload),
        },
        LinkType::IPV4 => Ok(Exchange::new(0, IPV4)),
        LinkType::IPV6 => Ok(Exchange::new(0, IPV6)),
        LinkType::NULL => {
            let family = u32::from_le_bytes(array(data, 0)?);
            // Families are small numbers: a large one is in the other byte order.
            let family = match family {
                0..=0xFFFF => family,
                _ => family.swap_bytes(),
            };
            loopback(family)
        }
        LinkType::LOOP => loopback(u32::from_be_bytes(array(data, 0)?)),
        LinkType::PPP | LinkType::PPP_HDLC => ppp(data),
        LinkType::LINUX_SLL => {
            let [high, low] = array(data, 14)?;
            let hardware = u16::from_be_bytes(array(data, 2)?);
            let length = u16::from_be_bytes(array(data, 4)?);
            let protocol = u16::from_be_bytes([high, low]);
            cooked(16, protocol, hardware, length, &data[6..12], original_len)
        }
        LinkType::LINUX_SLL2 => {
            let source: [u8; 8] = array(data, 12)?;
            let protocol = u16::from_be_bytes(array(data, 0)?);
            let hardware = u16::from_be_bytes(array(data, 8)?);
            let length = u16::from(data[11]);
            cooked(20, protocol, hardware, length, &source[..6], original_len)
        }
        _ => Err(LeftOut::LinkType),
    }
}

fn loopback(family: u32) -> Result<Exchange, LeftOut> {
    match family {
        2 => Ok(Exchange::new(4, IPV4)),
        // AF_INET6 of Linux, of NetBSD and OpenBSD, of FreeBSD, of Darwin.
        10 | 24 | 28 | 30 => Ok(Exchange::new(4, IPV6)),
        _ => Err(LeftOut::Payload),
    }
}

/// PPP: address and control bytes may be omitted, and the protocol's first byte if it is zero. Some drivers put the
/// direction, 0 or 1, in place of the address.
fn ppp(data: &[u8]) -> Result<Exchange, LeftOut> {
    const CONTROL: u8 = 3;
    let start = match data {
        [0xFF | 0 | 1, CONTROL, ..] => 2,
        _ => 0,
    };
    let (protocol, skip) = match &data[start..] {
        // Protocol numbers are odd, and their upper bytes even.
        [low, ..] if low % 2 == 1 => (u16::from(*low), start + 1),
        [high, low, ..] => (u16::from_be_bytes([*high, *low]), start + 2),
        _ => return Err(LeftOut::Short),
    };
    let ethertype = match protocol {
        0x0021 => IPV4,
        0x0057 => IPV6,
        // MPLS, with a unicast and a multicast label.
        0x0281 => 0x8847,
        0x0283 => 0x8848,
        _ => return Err(LeftOut::Payload),
    };
    Ok(Exchange::new(skip, ethertype))
}

/// Linux cooked captures. `hardware` is the kind of device (ARPHRD), `length` the length of its addresses.
fn cooked(
    skip: usize,
    protocol: u16,
    hardware: u16,
    length: u16,
    source: &[u8],
    original_len: u32,
) -> Result<Exchange, LeftOut> {
    /// Devices whose packets have no EtherType, whatever that field holds: frame relay, 802.11 with and without radio
    /// headers, netlink.
    const FOREIGN: [u16; 5] = [770, 801, 802, 803, 824];
    /// Novell 802.3 frames, and frames with an 802.2 header: the length stands where the EtherType would.
    const LENGTHS: [u16; 2] = [1, 4];
    if FOREIGN.contains(&hardware) {
        return Err(LeftOut::Payload);
    }
    let ethertype = if LENGTHS.contains(&protocol) {
        let payload = original_len.saturating_sub(skip as u32);
        match payload {
            0..=MAX_802_3 => payload as u16,
            _ => return Err(LeftOut::Payload),
        }
    } else if protocol < FIRST_ETHERTYPE {
        return Err(LeftOut::Payload);
    } else {
        protocol
    };
    let exchange = Exchange::new(skip, ethertype);
    Ok(match length {
        6 => exchange.from(source),
        _ => exchange,
    })
}

/// The `N` bytes at `at`.
fn array<const N: usize>(data: &[u8], at: usize) -> Result<[u8; N], LeftOut> {
    let bytes = data.get(at..at + N).ok_or(LeftOut::Short)?;
    bytes.try_into().map_err(|_| LeftOut::Short)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Number of bytes to remove, source address and EtherType to insert.
    fn ethertype(link_type: LinkType, data: &[u8]) -> Result<(usize, u16), LeftOut> {
        let exchange = exchange(link_type, data, data.len() as u32)?;
        assert_eq!(exchange.header[..12], [0; 12]);
        let ethertype = u16::from_be_bytes([exchange.header[12], exchange.header[13]]);
        Ok((exchange.skip, ethertype))
    }

    #[test]
    fn raw_ip_is_told_by_its_version() {
        assert_eq!(ethertype(LinkType::RAW, &[0x45]), Ok((0, 0x0800)));
        assert_eq!(ethertype(LinkType::RAW, &[0x60]), Ok((0, 0x86DD)));
        assert_eq!(ethertype(LinkType::RAW, &[0x50]), Err(LeftOut::Payload));
        assert_eq!(ethertype(LinkType::RAW, &[]), Err(LeftOut::Short));
        assert_eq!(ethertype(LinkType::IPV4, &[0x45]), Ok((0, 0x0800)));
        assert_eq!(ethertype(LinkType::IPV6, &[0x60]), Ok((0, 0x86DD)));
    }

    #[test]
    fn families_of_loopback() {
        for (family, expected) in [
            (2, 0x0800),
            (10, 0x86DD),
            (24, 0x86DD),
            (28, 0x86DD),
            (30, 0x86DD),
        ] {
            let network = u32::to_be_bytes(family);
            let mut host = network;
            host.reverse();
            assert_eq!(ethertype(LinkType::NULL, &network), Ok((4, expected)));
            assert_eq!(ethertype(LinkType::NULL, &host), Ok((4, expected)));
            assert_eq!(ethertype(LinkType::LOOP, &network), Ok((4, expected)));
            assert_eq!(ethertype(LinkType::LOOP, &host), Err(LeftOut::Payload));
        }
        assert_eq!(
            ethertype(LinkType::NULL, &[7, 0, 0, 0]),
            Err(LeftOut::Payload)
        );
        assert_eq!(ethertype(LinkType::NULL, &[2, 0, 0]), Err(LeftOut::Short));
    }

    #[test]
    fn ppp_with_and_without_what_may_be_left_out() {
        for link_type in [LinkType::PPP, LinkType::PPP_HDLC] {
            let ethertype = |data: &[u8]| ethertype(link_type, data);
            assert_eq!(ethertype(&[0xFF, 3, 0, 0x21, 0x45]), Ok((4, 0x0800)));
            assert_eq!(ethertype(&[0xFF, 3, 0x21, 0x45]), Ok((3, 0x0800)));
            assert_eq!(ethertype(&[0, 0x57, 0x60]), Ok((2, 0x86DD)));
            assert_eq!(ethertype(&[0x57, 0x60]), Ok((1, 0x86DD)));
            assert_eq!(ethertype(&[0, 3, 0, 0x21]), Ok((4, 0x0800)));
            assert_eq!(ethertype(&[1, 3, 0, 0x21]), Ok((4, 0x0800)));
            assert_eq!(ethertype(&[2, 0x81, 0]), Ok((2, 0x8847)));
            // Link control.
            assert_eq!(ethertype(&[0xFF, 3, 0xC0, 0x21]), Err(LeftOut::Payload));
            assert_eq!(ethertype(&[0xFF, 3, 0]), Err(LeftOut::Short));
            assert_eq!(ethertype(&[0xFF, 3]), Err(LeftOut::Short));
            assert_eq!(ethertype(&[]), Err(LeftOut::Short));
        }
    }

    fn sll(hardware: u16, length: u16, protocol: u16) -> Vec<u8> {
        let mut header = vec![0, 4];
        header.extend(hardware.to_be_bytes());
        header.extend(length.to_be_bytes());
        header.extend([1, 2, 3, 4, 5, 6, 7, 8]);
        header.extend(protocol.to_be_bytes());
        header
    }

    fn sll2(hardware: u16, length: u8, protocol: u16) -> Vec<u8> {
        let mut header = protocol.to_be_bytes().to_vec();
        header.extend([0, 0, 0, 0, 0, 3]);
        header.extend(hardware.to_be_bytes());
        header.extend([4, length, 1, 2, 3, 4, 5, 6, 7, 8]);
        header
    }

    #[test]
    fn cooked_captures_have_a_source_and_an_ethertype() {
        let with_source = [0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 0x86, 0xDD];
        let without = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x81, 0x00];
        for (link_type, one, other, skip) in [
            (
                LinkType::LINUX_SLL,
                sll(1, 6, 0x86DD),
                sll(776, 8, 0x8100),
                16,
            ),
            (
                LinkType::LINUX_SLL2,
                sll2(1, 6, 0x86DD),
                sll2(776, 0, 0x8100),
                20,
            ),
        ] {
            let exchanged = |data: &[u8]| exchange(link_type, data, 99);
            let header = with_source;
            assert_eq!(exchanged(&one), Ok(Exchange { skip, header }));
            let header = without;
            assert_eq!(exchanged(&other), Ok(Exchange { skip, header }));
            assert_eq!(exchanged(&one[..skip - 1]), Err(LeftOut::Short));
        }
    }

    #[test]
    fn cooked_captures_of_802_3_have_a_length() {
        for protocol in [1, 4] {
            let data = sll(1, 0, protocol);
            let exchanged = |original| exchange(LinkType::LINUX_SLL, &data, original);
            assert_eq!(exchanged(16 + 38).unwrap().header[12..], [0, 38]);
            assert_eq!(exchanged(3).unwrap().header[12..], [0, 0]);
            assert_eq!(exchanged(16 + 1501), Err(LeftOut::Payload));
        }
    }

    #[test]
    fn cooked_captures_of_what_has_no_ethertype_are_left_out() {
        for (hardware, protocol) in [
            (280, 0x000C),
            (824, 0x0800),
            (803, 0x0800),
            (770, 0x0800),
            (1, 0x05FF),
        ] {
            let data = sll(hardware, 0, protocol);
            assert_eq!(
                exchange(LinkType::LINUX_SLL, &data, 99),
                Err(LeftOut::Payload)
            );
            let data = sll2(hardware, 0, protocol);
            assert_eq!(
                exchange(LinkType::LINUX_SLL2, &data, 99),
                Err(LeftOut::Payload)
            );
        }
    }

    #[test]
    fn what_is_read_is_what_can_be_exchanged() {
        for number in 0..400 {
            let link_type = LinkType(number);
            let known = exchange(link_type, &[0x45; 64], 64) != Err(LeftOut::LinkType);
            assert_eq!(
                known || link_type == LinkType::ETHERNET,
                link_type.is_read(),
                "{link_type}"
            );
        }
    }
}
