//! Captures, read and written by hand.

use std::fs;
use std::path::Path;

/// A captured packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    pub seconds: u64,
    pub nanos: u32,
    pub original: u32,
    pub data: Vec<u8>,
}

impl Packet {
    /// A whole packet.
    pub fn new(seconds: u64, nanos: u32, data: &[u8]) -> Self {
        let original = data.len() as u32;
        let data = data.to_vec();
        Self {
            seconds,
            nanos,
            original,
            data,
        }
    }
}

/// The packets of a pcap or pcapng file.
pub fn read(path: &Path) -> Vec<Packet> {
    let bytes = fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    parse(&bytes)
}

/// The packets of a pcap or pcapng file's bytes.
pub fn parse(bytes: &[u8]) -> Vec<Packet> {
    let (big, nanosecond) = match bytes[..4] {
        [0xa1, 0xb2, 0xc3, 0xd4] => (true, false),
        [0xd4, 0xc3, 0xb2, 0xa1] => (false, false),
        [0xa1, 0xb2, 0x3c, 0x4d] => (true, true),
        [0x4d, 0x3c, 0xb2, 0xa1] => (false, true),
        [0x0a, 0x0d, 0x0d, 0x0a] => return parse_ng(bytes),
        _ => panic!("not a capture"),
    };
    assert_eq!(number(&bytes[20..24], big), 1, "Ethernet");
    let mut packets = Vec::new();
    let mut at = 24;
    while at < bytes.len() {
        let word = |i: usize| number(&bytes[at + 4 * i..][..4], big) as u32;
        let captured = word(2) as usize;
        packets.push(Packet {
            seconds: word(0).into(),
            nanos: word(1) * if nanosecond { 1 } else { 1000 },
            original: word(3),
            data: bytes[at + 16..at + 16 + captured].to_vec(),
        });
        at += 16 + captured;
    }
    packets
}

/// pcapng: one section, Enhanced Packet Blocks.
fn parse_ng(bytes: &[u8]) -> Vec<Packet> {
    let big = bytes[8..12] == [0x1a, 0x2b, 0x3c, 0x4d];
    let half = |at: usize| number(&bytes[at..at + 2], big) as usize;
    let word = |at: usize| number(&bytes[at..at + 4], big);
    let mut per_second = Vec::new();
    let mut packets = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let (kind, length) = (word(at), word(at + 4) as usize);
        assert_eq!(word(at + length - 4) as usize, length, "block length twice");
        match kind {
            1 => {
                assert_eq!(half(at + 8), 1, "Ethernet");
                let mut units = 1_000_000;
                let mut option = at + 16;
                while option < at + length - 4 && half(option) != 0 {
                    if half(option) == 9 {
                        units = 10_u64.pow(bytes[option + 4].into());
                    }
                    option += 4 + half(option + 2).next_multiple_of(4);
                }
                per_second.push(units);
            }
            6 => {
                let units = per_second[word(at + 8) as usize];
                let time = word(at + 12) << 32 | word(at + 16);
                let captured = word(at + 20) as usize;
                packets.push(Packet {
                    seconds: time / units,
                    nanos: (time % units * (1_000_000_000 / units)) as u32,
                    original: word(at + 24) as u32,
                    data: bytes[at + 28..at + 28 + captured].to_vec(),
                });
            }
            _ => {}
        }
        at += length;
    }
    packets
}

fn number(bytes: &[u8], big: bool) -> u64 {
    let fold = |n: u64, byte: &u8| n << 8 | u64::from(*byte);
    if big {
        bytes.iter().fold(0, fold)
    } else {
        bytes.iter().rev().fold(0, fold)
    }
}

/// A little-endian nanosecond pcap of Ethernet packets.
pub fn emit(packets: &[Packet]) -> Vec<u8> {
    let mut bytes = header(1);
    for packet in packets {
        let words = [
            packet.seconds as u32,
            packet.nanos,
            packet.data.len() as u32,
            packet.original,
        ];
        for word in words {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(&packet.data);
    }
    bytes
}

/// The header of a little-endian nanosecond pcap.
pub fn header(link_type: u32) -> Vec<u8> {
    let mut bytes = vec![0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0];
    bytes.extend([0; 8]);
    bytes.extend(262_144_u32.to_le_bytes());
    bytes.extend(link_type.to_le_bytes());
    bytes
}

/// Writes a little-endian nanosecond pcap.
pub fn write(path: &Path, packets: &[Packet]) {
    fs::write(path, emit(packets)).unwrap();
}
