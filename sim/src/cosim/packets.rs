//! The nasty mix: packets at the boundaries of the parser and of the datapath.

use fastrand::Rng;
use scr_wire::Timestamp;
use scr_wire::parse::{ETHERTYPE_IPV4, ETHERTYPE_IPV6, VLAN_TPIDS};

use crate::stream::User;

/// A packet and its sideband signals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestPacket {
    /// Bytes of the packet, at least one.
    pub bytes: Vec<u8>,
    /// Receive timestamp.
    pub time: Timestamp,
    /// tid; bits that do not fit the port are cut off.
    pub id: u16,
    /// The bad-frame flag, beside the last beat.
    pub bad_frame: bool,
    /// The remaining bits of tuser; see [`User::with_rest`].
    pub user_rest: u32,
}

impl TestPacket {
    /// A packet received at time 0 from source 0.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            time: Timestamp::default(),
            id: 0,
            bad_frame: false,
            user_rest: 0,
        }
    }

    /// The packet's tuser.
    pub fn user(&self) -> User {
        User::new(self.time, self.bad_frame).with_rest(self.user_rest)
    }
}

/// Position of a packet within a fragmented one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fragment {
    /// The packet is whole (or has the "don't fragment" flag).
    Whole,
    /// The first fragment: offset 0, more follow.
    First,
    /// A later fragment at this offset, 1..8192.
    Later(u16),
}

/// The part of a packet behind the IP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP with these flags.
    Tcp(u8),
    /// UDP.
    Udp,
    /// Another protocol.
    Other(u8),
}

/// The network layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// EtherType 0x0800 with this first byte (version and IHL, valid or not).
    Ipv4 {
        /// Version and header length; 0x45 is the usual one.
        first: u8,
        /// Fragmentation.
        fragment: Fragment,
        /// Part behind the IP header.
        transport: Transport,
    },
    /// EtherType 0x86DD with this version, 6 if valid.
    Ipv6 {
        /// The version.
        version: u8,
        /// Extension headers before the transport header.
        extensions: u8,
        /// Part behind the IP headers.
        transport: Transport,
    },
    /// Another EtherType.
    Other(u16),
}

/// The shape of a packet. Every shape gives a packet, however malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Number of VLAN tags; the parser skips at most two.
    pub vlan_tags: u8,
    /// Choice among the four TPIDs for each tag, two bits each.
    pub tpids: u8,
    /// The network layer.
    pub network: Network,
    /// Length of the packet in bytes, at least 1: headers are cut there, or random bytes follow them.
    pub length: usize,
    /// Determines the addresses, ports and payload.
    pub seed: u64,
}

impl Shape {
    /// Length of the packet's headers if they are not cut.
    pub fn header_bytes(&self) -> usize {
        self.headers(&mut Rng::with_seed(self.seed)).len()
    }

    /// The packet's bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut rng = Rng::with_seed(self.seed);
        let mut bytes = self.headers(&mut rng);
        let length = self.length.max(1);
        bytes.truncate(length);
        bytes.resize_with(length, || rng.u8(..));
        bytes
    }

    fn headers(&self, rng: &mut Rng) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(160);
        bytes.extend(std::iter::repeat_with(|| rng.u8(..)).take(12));
        for tag in 0..self.vlan_tags {
            let tpid = VLAN_TPIDS[usize::from(self.tpids >> (2 * tag) & 3)];
            bytes.extend(tpid.to_be_bytes());
            bytes.extend(rng.u16(..).to_be_bytes());
        }
        match self.network {
            Network::Other(ethertype) => bytes.extend(ethertype.to_be_bytes()),
            Network::Ipv4 {
                first,
                fragment,
                transport,
            } => {
                bytes.extend(ETHERTYPE_IPV4.to_be_bytes());
                ipv4(&mut bytes, first, fragment, transport, rng);
                self::transport(&mut bytes, transport, rng);
            }
            Network::Ipv6 {
                version,
                extensions,
                transport,
            } => {
                bytes.extend(ETHERTYPE_IPV6.to_be_bytes());
                ipv6(&mut bytes, version, extensions, transport, rng);
                self::transport(&mut bytes, transport, rng);
            }
        }
        bytes
    }

    /// A random shape, biased towards the boundaries.
    pub fn random(rng: &mut Rng) -> Self {
        let transport = match rng.u8(..8) {
            0..4 => Transport::Tcp(rng.u8(..)),
            4..6 => Transport::Udp,
            // Neighbours of the two, and others.
            6 => Transport::Other(*pick(rng, &[0, 1, 2, 5, 7, 16, 18, 50, 132])),
            _ => Transport::Other(rng.u8(..)),
        };
        let network = match rng.u8(..16) {
            0..10 => Network::Ipv4 {
                first: match rng.u8(..16) {
                    0..8 => 0x45,
                    8..14 => 0x40 | rng.u8(5..16),
                    14 => 0x40 | rng.u8(..5),
                    _ => rng.u8(..),
                },
                fragment: match rng.u8(..8) {
                    0 => Fragment::First,
                    1 => Fragment::Later(1 << rng.u8(..13)),
                    2 => Fragment::Later(rng.u16(1..0x2000)),
                    _ => Fragment::Whole,
                },
                transport,
            },
            10..13 => Network::Ipv6 {
                version: if rng.u8(..8) == 0 { rng.u8(..16) } else { 6 },
                extensions: if rng.bool() { 0 } else { rng.u8(1..4) },
                transport,
            },
            // ARP, LLDP, neighbours of IP's EtherTypes and of VLAN tags, a length, SCR's own.
            13..15 => Network::Other(*pick(
                rng,
                &[
                    0x0806, 0x88cc, 0x0801, 0x08dd, 0x8600, 0x86dc, 0x002e, 0x88b5, 0x8000, 0x8800,
                    0x81a8, 0x9300, 0x9000, 0x9101,
                ],
            )),
            _ => Network::Other(rng.u16(..)),
        };
        let mut shape = Self {
            vlan_tags: *pick(rng, &[0, 0, 0, 1, 1, 2, 2, 3]),
            tpids: rng.u8(..),
            network,
            length: 1,
            seed: rng.u64(..),
        };
        let headers = shape.header_bytes();
        shape.length = match rng.u8(..32) {
            // Headers cut at every length; runts.
            0..5 => rng.usize(1..=headers),
            5..7 => rng.usize(1..14),
            // Around the end of the headers and of the parser's window.
            7..11 => headers + rng.usize(..4),
            11 => rng.usize(126..131),
            // The shortest Ethernet frame, and lengths around beats with every remainder.
            12..16 => 60,
            16..24 => rng.usize(1..=8) * 64 + rng.usize(..66) - 1,
            24..28 => rng.usize(14..=256),
            28..30 => rng.usize(256..=1_514),
            30 => *pick(rng, &[1_514, 1_518, 2_048]),
            _ => {
                if rng.u8(..4) == 0 {
                    rng.usize(1_515..=9_000)
                } else {
                    rng.usize(1..=1_514)
                }
            }
        };
        shape
    }
}

fn pick<'a, T>(rng: &mut Rng, of: &'a [T]) -> &'a T {
    &of[rng.usize(..of.len())]
}

fn protocol(transport: Transport) -> u8 {
    match transport {
        Transport::Tcp(_) => 6,
        Transport::Udp => 17,
        Transport::Other(protocol) => protocol,
    }
}

fn ipv4(bytes: &mut Vec<u8>, first: u8, fragment: Fragment, transport: Transport, rng: &mut Rng) {
    let at = bytes.len();
    let header = usize::from(first & 0x0f).max(5) * 4;
    bytes.extend(std::iter::repeat_with(|| rng.u8(..)).take(header));
    let flags = match fragment {
        Fragment::Whole => u16::from(rng.bool()) << 14,
        Fragment::First => 0x2000,
        Fragment::Later(offset) => (u16::from(rng.bool()) << 13) | (offset & 0x1fff).max(1),
    };
    bytes[at] = first;
    bytes[at + 6..at + 8].copy_from_slice(&flags.to_be_bytes());
    bytes[at + 9] = protocol(transport);
}

fn ipv6(bytes: &mut Vec<u8>, version: u8, extensions: u8, transport: Transport, rng: &mut Rng) {
    /// Hop-by-hop, routing, fragment, destination options.
    const KINDS: [u8; 4] = [0, 43, 44, 60];
    let at = bytes.len();
    bytes.extend(std::iter::repeat_with(|| rng.u8(..)).take(40));
    bytes[at] = version << 4 | bytes[at] & 0x0f;
    let mut next = at + 6;
    for _ in 0..extensions {
        bytes[next] = *pick(rng, &KINDS);
        next = bytes.len();
        let words = rng.u8(..2);
        bytes.extend([0, words]);
        let rest = usize::from(words) * 8 + 6;
        bytes.extend(std::iter::repeat_with(|| rng.u8(..)).take(rest));
    }
    bytes[next] = protocol(transport);
}

fn transport(bytes: &mut Vec<u8>, transport: Transport, rng: &mut Rng) {
    let at = bytes.len();
    let header = match transport {
        Transport::Tcp(_) => 20,
        Transport::Udp => 8,
        Transport::Other(_) => 4,
    };
    bytes.extend(std::iter::repeat_with(|| rng.u8(..)).take(header));
    if let Transport::Tcp(flags) = transport {
        bytes[at + 13] = flags;
    }
}

/// A random packet of the mix.
pub(super) fn random_packet(rng: &mut Rng) -> TestPacket {
    let nanos = match rng.u8(..8) {
        0 => 0,
        1 => 999_999_999,
        // Not a valid time, but the sequencer copies it anyway.
        2 => rng.u32(..),
        _ => rng.u32(..1_000_000_000),
    };
    TestPacket {
        bytes: Shape::random(rng).bytes(),
        time: Timestamp {
            seconds: rng.u32(..),
            nanos,
        },
        id: rng.u16(..),
        bad_frame: rng.u8(..8) == 0,
        user_rest: rng.u32(..),
    }
}

/// `n` packets of the nasty mix: 0 to 3 VLAN tags, IP options, fragments, IPv6 with extension headers, runts, jumbo
/// frames, other protocols, headers cut at every length, wrong versions and header lengths, every remainder of a beat.
/// Equal seeds give equal packets.
pub fn random_packets(seed: u64, n: usize) -> Vec<TestPacket> {
    let mut rng = Rng::with_seed(seed);
    std::iter::repeat_with(|| random_packet(&mut rng))
        .take(n)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use scr_wire::parse::{IpVersion, parse};

    #[test]
    fn the_mix_has_every_case() {
        let packets = random_packets(1, 20_000);
        let lengths: Vec<usize> = packets.iter().map(|p| p.bytes.len()).collect();
        for remainder in 0..64 {
            assert!(lengths.iter().any(|l| l % 64 == remainder));
        }
        for length in 1..=130 {
            assert!(lengths.contains(&length), "length {length}");
        }
        assert!(lengths.iter().all(|&l| (1..=9_000).contains(&l)));
        assert!(lengths.iter().any(|&l| l > 8_000));

        let parsed: Vec<_> = packets.iter().map(|p| parse(&p.bytes, true)).collect();
        let count = |f: &dyn Fn(&scr_wire::Parsed) -> bool| parsed.iter().filter(|p| f(p)).count();
        let v4 = count(&|p| p.ip_version == Some(IpVersion::V4));
        assert!(v4 > 7_000, "{v4}");
        assert!(count(&|p| p.ip_version == Some(IpVersion::V6)) > 1_500);
        assert!(count(&|p| p.malformed) > 500);
        assert!(count(&|p| p.ip_version.is_none() && !p.malformed) > 1_500);
        assert!(count(&|p| p.tcp_flags != 0) > 3_000);
        assert!(count(&|p| p.protocol == 6 && p.src_port != [0; 2] && p.tcp_flags == 0) > 20);
        assert!(count(&|p| p.protocol == 17 && p.src_port == [0; 2]) > 100);
        // Every TPID in both positions, in all combinations, in front of IPv4.
        for outer in VLAN_TPIDS {
            for inner in VLAN_TPIDS {
                let is_tagged = |p: &TestPacket| {
                    let at = |at: usize| p.bytes.get(at..at + 2) == Some(&inner.to_be_bytes());
                    p.bytes.get(12..14) == Some(&outer.to_be_bytes())
                        && at(16)
                        && parse(&p.bytes, false).ip_version == Some(IpVersion::V4)
                };
                let number = packets.iter().filter(|p| is_tagged(p)).count();
                assert!(number > 20, "{outer:#x} {inner:#x}: {number}");
            }
        }
        assert_eq!(packets, random_packets(1, 20_000));
    }
}
