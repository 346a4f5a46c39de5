//! Offsets of the headers to rewrite in a frame: the same walk as the parser's ([`scr_wire::parse`]), which gives
//! values but no offsets.

use scr_wire::parse::{
    ETHERTYPE_IPV4, MAX_VLAN_TAGS, PROTOCOL_TCP, PROTOCOL_UDP, VLAN_TPIDS, WINDOW_BYTES,
};

/// Offsets of a complete IPv4 header in a frame, and of the ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Headers {
    /// Offset of the IPv4 header.
    pub ip: usize,
    /// Offset of the ports; `None` if the packet has none: not TCP or UDP, a later fragment, or cut off.
    pub ports: Option<usize>,
    /// IP protocol.
    pub protocol: u8,
}

impl Headers {
    /// The headers of `frame`, if its IPv4 header is complete.
    #[inline]
    pub fn find(frame: &[u8]) -> Option<Self> {
        let frame = &frame[..frame.len().min(WINDOW_BYTES)];
        let ethertype = |at: usize| Some(u16::from_be_bytes(*frame.get(at..)?.first_chunk()?));
        let mut at = 12;
        for _ in 0..MAX_VLAN_TAGS {
            if VLAN_TPIDS.contains(&ethertype(at)?) {
                at += 4;
            }
        }
        if ethertype(at)? != ETHERTYPE_IPV4 {
            return None;
        }
        let ip = at + 2;
        let header: &[u8; 20] = frame.get(ip..)?.first_chunk()?;
        let length = usize::from(header[0] & 0x0f) * 4;
        if header[0] >> 4 != 4 || length < 20 || frame.len() < ip + length {
            return None;
        }
        let protocol = header[9];
        let later_fragment = header[6] & 0x1f != 0 || header[7] != 0;
        let ports = ip + length;
        let has_ports = matches!(protocol, PROTOCOL_TCP | PROTOCOL_UDP)
            && !later_fragment
            && frame.len() >= ports + 4;
        Some(Self {
            ip,
            ports: has_ports.then_some(ports),
            protocol,
        })
    }

    /// Offset of TCP's or UDP's checksum.
    pub fn checksum(&self) -> Option<usize> {
        let field = if self.protocol == PROTOCOL_UDP { 6 } else { 16 };
        self.ports.map(|ports| ports + field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use scr_wire::parse::{IpVersion, parse};

    /// Frames that begin like IPv4, with everything else arbitrary.
    fn frame() -> impl Strategy<Value = Vec<u8>> {
        let tags =
            proptest::collection::vec(prop_oneof![Just([0x81, 0]), Just([0x88, 0xa8])], 0..4);
        let tail = proptest::collection::vec(any::<u8>(), 0..150);
        let fragment = prop_oneof![4 => Just(0u8), 1 => any::<u8>()];
        let protocol = prop_oneof![Just(6u8), Just(17), any::<u8>()];
        (
            tags,
            prop_oneof![4 => 0x44u8..=0x4f, 1 => any::<u8>()],
            fragment,
            protocol,
            tail,
        )
            .prop_map(|(tags, first, fragment, protocol, mut tail)| {
                let mut frame = vec![2; 12];
                for tpid in tags {
                    frame.extend(tpid);
                    frame.extend([0, 5]);
                }
                frame.extend([8, 0]);
                for (at, byte) in [(0, first), (6, fragment & 0x3f), (7, 0), (9, protocol)] {
                    if let Some(place) = tail.get_mut(at) {
                        *place = byte;
                    }
                }
                frame.extend(tail);
                frame
            })
    }

    proptest! {
        #[test]
        fn stand_where_the_parser_reads(
            frame in prop_oneof![9 => frame(), 1 => proptest::collection::vec(any::<u8>(), 0..200)],
        ) {
            let parsed = parse(&frame, false);
            let headers = Headers::find(&frame);
            prop_assert_eq!(headers.is_some(), parsed.ip_version == Some(IpVersion::V4));
            let Some(headers) = headers else { return Ok(()) };
            prop_assert_eq!(&frame[headers.ip + 12..headers.ip + 16], &parsed.src[12..]);
            prop_assert_eq!(&frame[headers.ip + 16..headers.ip + 20], &parsed.dst[12..]);
            prop_assert_eq!(headers.protocol, parsed.protocol);
            match headers.ports {
                Some(at) => {
                    prop_assert_eq!(&frame[at..at + 2], &parsed.src_port);
                    prop_assert_eq!(&frame[at + 2..at + 4], &parsed.dst_port);
                }
                None => prop_assert_eq!([parsed.src_port, parsed.dst_port], [[0; 2]; 2]),
            }
        }
    }
}
