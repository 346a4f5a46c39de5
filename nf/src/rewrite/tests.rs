//! Rewriting, checked by sums over whole packets.

use proptest::prelude::*;

use super::*;

/// A TCP or UDP packet over IPv4, whole, with correct checksums.
#[derive(Clone, Debug)]
pub(crate) struct Datagram {
    pub src: Endpoint,
    pub dst: Endpoint,
    pub udp: bool,
    pub tags: usize,
    pub option_words: usize,
    pub payload: Vec<u8>,
    /// UDP without a checksum.
    pub unsummed: bool,
}

impl Datagram {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
        for _ in 0..self.tags {
            frame.extend([0x81, 0, 0, 7]);
        }
        frame.extend([8, 0]);
        let header = 20 + 4 * self.option_words;
        let transport = if self.udp { 8 } else { 20 };
        let total = (header + transport + self.payload.len()) as u16;
        let ip = frame.len();
        frame.extend([0x40 | (header / 4) as u8, 0]);
        frame.extend(total.to_be_bytes());
        frame.extend([1, 2, 0, 0, 64, if self.udp { 17 } else { 6 }, 0, 0]);
        frame.extend(self.src.address.to_be_bytes());
        frame.extend(self.dst.address.to_be_bytes());
        frame.extend(vec![1; 4 * self.option_words]);
        let at = frame.len();
        frame.extend(self.src.port.to_be_bytes());
        frame.extend(self.dst.port.to_be_bytes());
        if self.udp {
            frame.extend((8 + self.payload.len() as u16).to_be_bytes());
            frame.extend([0, 0]);
        } else {
            frame.extend([0, 0, 0, 9, 0, 0, 0, 8, 0x50, 0x10, 1, 0, 0, 0, 0, 0]);
        }
        frame.extend(&self.payload);
        let sum = !sum(0, &frame[ip..at]);
        frame[ip + 10..ip + 12].copy_from_slice(&sum.to_be_bytes());
        if !self.unsummed {
            let field = at + if self.udp { 6 } else { 16 };
            let mut sum = !transport_sum(&frame, ip, at);
            if self.udp && sum == 0 {
                sum = 0xffff;
            }
            frame[field..field + 2].copy_from_slice(&sum.to_be_bytes());
        }
        frame
    }

    fn ip(&self) -> usize {
        14 + 4 * self.tags
    }
}

/// The one's complement sum of `bytes`, added to `start`.
fn sum(start: u32, bytes: &[u8]) -> u16 {
    let mut sum = start;
    for pair in bytes.chunks(2) {
        sum += u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0));
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// The sum over pseudo header, header and data.
fn transport_sum(frame: &[u8], ip: usize, at: usize) -> u16 {
    let length = (frame.len() - at) as u32;
    let pseudo = sum(u32::from(frame[ip + 9]) + length, &frame[ip + 12..ip + 20]);
    sum(pseudo.into(), &frame[at..])
}

/// Asserts that all checksums of a whole packet are right.
#[track_caller]
pub(crate) fn assert_sums(frame: &[u8]) {
    let headers = Headers::find(frame).unwrap();
    let at = headers.ports.unwrap();
    assert_eq!(sum(0, &frame[headers.ip..at]), 0xffff, "IPv4");
    let field = headers.checksum().unwrap();
    if headers.protocol != PROTOCOL_UDP || frame[field..field + 2] != [0, 0] {
        assert_eq!(transport_sum(frame, headers.ip, at), 0xffff, "transport");
    }
}

fn endpoint() -> impl Strategy<Value = Endpoint> {
    (any::<u32>(), any::<u16>()).prop_map(|(address, port)| Endpoint { address, port })
}

pub(crate) fn datagram() -> impl Strategy<Value = Datagram> {
    let shape = (any::<bool>(), 0usize..3, 0usize..=10);
    let payload = proptest::collection::vec(any::<u8>(), 0..60);
    let unsummed = prop::bool::weighted(0.2);
    (endpoint(), endpoint(), shape, payload, unsummed).prop_map(
        |(src, dst, (udp, tags, option_words), payload, unsummed)| Datagram {
            src,
            dst,
            udp,
            tags,
            option_words,
            payload,
            unsummed: unsummed && udp,
        },
    )
}

fn translation() -> impl Strategy<Value = Translation> {
    (
        proptest::option::of(endpoint()),
        proptest::option::of(endpoint()),
    )
        .prop_map(|(src, dst)| Translation { src, dst })
}

fn rewritten(translation: &Translation, packet: &[u8]) -> Option<Vec<u8>> {
    let mut out = vec![0xee; 3];
    let done = translation.rewrite(packet, &mut out);
    assert_eq!(out[..3], [0xee; 3]);
    assert_eq!(out.len(), 3 + if done { packet.len() } else { 0 });
    done.then(|| out.split_off(3))
}

#[test]
fn a_udp_sum_of_zero_is_sent_as_ones() {
    let mut packet = Datagram {
        src: Endpoint::new(0x0a00_0001, 7),
        dst: Endpoint::new(0x0a00_0002, 9),
        udp: true,
        tags: 0,
        option_words: 0,
        payload: vec![0, 0],
        unsummed: false,
    };
    // The payload is chosen so that the sum is 0 after the change.
    let to = Endpoint::new(0xcb00_7101, 5000);
    let mut target = packet.clone();
    target.src = to;
    let bytes = target.bytes();
    target.payload = bytes[40..42].to_vec();
    packet.payload = target.payload.clone();
    assert_eq!(target.bytes()[40..42], [0xff, 0xff]);
    let out = rewritten(&Translation::source(to), &packet.bytes()).unwrap();
    assert_eq!(out, target.bytes());
    assert_sums(&out);
}

#[test]
fn later_translations_win() {
    let (a, b, c) = (
        Endpoint::new(1, 1),
        Endpoint::new(2, 2),
        Endpoint::new(3, 3),
    );
    let both = Translation {
        src: Some(a),
        dst: Some(b),
    };
    let all = both
        .then(Translation::source(c))
        .then(Translation::default());
    assert_eq!((all.src, all.dst), (Some(c), Some(b)));
}

proptest! {
    /// The result is byte for byte the packet that would have been built with these endpoints; a translation back gives
    /// the original.
    #[test]
    fn equals_a_packet_built_anew(packet in datagram(), to in translation()) {
        let original = packet.bytes();
        let out = rewritten(&to, &original).unwrap();
        let due = Datagram { src: to.src.unwrap_or(packet.src), dst: to.dst.unwrap_or(packet.dst), ..packet.clone() };
        assert_sums(&out);
        prop_assert_eq!(&out, &due.bytes());
        let back = Translation { src: to.src.map(|_| packet.src), dst: to.dst.map(|_| packet.dst) };
        prop_assert_eq!(rewritten(&back, &out).unwrap(), original);
    }

    /// A packet cut anywhere gives the beginning of the whole result, as long as the ports are there.
    #[test]
    fn is_rewritten_as_far_as_captured(packet in datagram(), to in translation(), cut in 0usize..200) {
        let whole = packet.bytes();
        let cut = cut.min(whole.len());
        let ports = packet.ip() + 20 + 4 * packet.option_words;
        match rewritten(&to, &whole[..cut]) {
            Some(out) => {
                let mut due = rewritten(&to, &whole).unwrap();
                due.truncate(cut);
                // A checksum of which only one byte is there cannot be changed.
                let field = ports + if packet.udp { 6 } else { 16 };
                if cut == field + 1 {
                    due[field] = whole[field];
                }
                prop_assert!(cut >= ports + 4);
                prop_assert_eq!(out, due);
            }
            None => prop_assert!(cut < ports + 4),
        }
    }

    /// Arbitrary bytes: no panic, and nothing but the endpoints' fields and the checksums changes.
    #[test]
    fn touches_nothing_else(
        frame in proptest::collection::vec(any::<u8>(), 0..200),
        patch in any::<bool>(),
        to in translation(),
    ) {
        let mut frame = frame;
        if patch && frame.len() > 36 {
            frame[12..15].copy_from_slice(&[8, 0, 0x45]);
            frame[20..22].fill(0);
            frame[23] = if frame[23] & 1 == 0 { 6 } else { 17 };
        }
        if let Some(out) = rewritten(&to, &frame) {
            let headers = Headers::find(&frame).unwrap();
            let (ip, ports, sum) = (headers.ip, headers.ports.unwrap(), headers.checksum().unwrap());
            let may = [ip + 10..ip + 12, ip + 12..ip + 20, ports..ports + 4, sum..sum + 2];
            for (at, (old, new)) in frame.iter().zip(&out).enumerate() {
                prop_assert!(old == new || may.iter().any(|range| range.contains(&at)), "byte {}", at);
            }
        }
    }
}
