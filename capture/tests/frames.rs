//! Built frames, as another packet library sees them.

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use proptest::collection::vec;
use proptest::prelude::*;
use scr_capture::packet::{
    FragmentError, Frame, Ipv4, Ipv6, MIN_FRAME, Network, Tcp, Transport, checksum, flags, fragment,
};

/// Checks lengths and checksums of an IP frame with `etherparse`.
fn verify(frame: &[u8]) {
    let sliced = SlicedPacket::from_ethernet(frame).expect("well formed");
    match (sliced.net.as_ref().expect("IP"), sliced.transport.as_ref()) {
        (NetSlice::Ipv4(ip), transport) => {
            let header = ip.header().to_header();
            assert_eq!(header.calc_header_checksum(), header.header_checksum);
            match transport {
                Some(TransportSlice::Tcp(tcp)) => {
                    let expected = tcp
                        .calc_checksum_ipv4(header.source, header.destination)
                        .unwrap();
                    assert_eq!(expected, tcp.checksum());
                }
                Some(TransportSlice::Udp(udp)) => {
                    let expected = udp
                        .to_header()
                        .calc_checksum_ipv4_raw(header.source, header.destination, udp.payload())
                        .unwrap();
                    assert_eq!(expected, udp.checksum());
                }
                Some(TransportSlice::Icmpv4(icmp)) => assert_eq!(checksum(icmp.slice()), 0),
                _ => {}
            }
        }
        (NetSlice::Ipv6(ip), transport) => {
            let (source, destination) = (ip.header().source(), ip.header().destination());
            match transport {
                Some(TransportSlice::Tcp(tcp)) => {
                    assert_eq!(
                        tcp.calc_checksum_ipv6(source, destination).unwrap(),
                        tcp.checksum()
                    );
                }
                Some(TransportSlice::Udp(udp)) => {
                    let expected = udp
                        .to_header()
                        .calc_checksum_ipv6_raw(source, destination, udp.payload())
                        .unwrap();
                    assert_eq!(expected, udp.checksum());
                }
                Some(TransportSlice::Icmpv6(icmp)) => {
                    assert!(icmp.is_checksum_valid(source, destination))
                }
                _ => {}
            }
        }
        _ => panic!("not IP"),
    }
}

fn transports() -> impl Strategy<Value = (u8, u16, u16, u32, u32, u8)> {
    (
        0..4_u8,
        any::<u16>(),
        any::<u16>(),
        any::<u32>(),
        any::<u32>(),
        any::<u8>(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn checksums_and_lengths_are_right(
        (kind, source, destination, sequence, acknowledgment, bits) in transports(),
        addresses in any::<([u8; 16], [u8; 16])>(),
        v6 in any::<bool>(),
        tags in 0..3_usize,
        options in 0..11_usize,
        payload in vec(any::<u8>(), 0..200),
    ) {
        let nops = [1; 40];
        let tcp_options = &nops[..options * 4];
        let transport = match kind {
            0 | 1 => Transport::Tcp(Tcp {
                sequence, acknowledgment, options: tcp_options, ..Tcp::new(source, destination, bits)
            }),
            2 => Transport::Udp { source, destination },
            _ => Transport::Echo { reply: bits & 1 == 1, identifier: source, sequence: destination },
        };
        let short = |a: [u8; 16]| [a[0], a[1], a[2], a[3]];
        let mut frame = if v6 {
            Frame::ipv6(Ipv6::new(addresses.0, addresses.1), transport)
        } else {
            let header = Ipv4::new(short(addresses.0), short(addresses.1)).options(tcp_options);
            Frame::ipv4(header, transport)
        };
        for tag in 0..tags {
            frame = frame.vlan([0x88A8, 0x8100][tag], 7);
        }
        let frame = frame.payload(&payload);
        let bytes = frame.build();
        prop_assert_eq!(bytes.len(), frame.header_len() + payload.len());
        prop_assert!(bytes.ends_with(&payload));
        verify(&bytes);
        let padded = frame.pad_to(MIN_FRAME).build();
        prop_assert!(padded.len() >= MIN_FRAME && padded.starts_with(&bytes));
        verify(&padded);
    }

    #[test]
    fn fragments_make_up_the_packet(payload in vec(any::<u8>(), 0..400), max in 8..100_usize, tagged in any::<bool>()) {
        let mut frame = Frame::ipv4(
            Ipv4::new([1, 2, 3, 4], [5, 6, 7, 8]).options(&[1; 4]),
            Transport::Tcp(Tcp::new(1, 2, flags::ACK)),
        ).payload(&payload);
        if tagged {
            frame = frame.vlan(0x8100, 1);
        }
        let whole = frame.build();
        let head = frame.network_offset() + 24;
        let mut joined = Vec::new();
        let fragments = fragment(&frame.pad_to(MIN_FRAME).build(), max).unwrap();
        for (n, piece) in fragments.iter().enumerate() {
            let ip = &piece[frame.network_offset()..];
            let field = u16::from_be_bytes([ip[6], ip[7]]);
            prop_assert_eq!(usize::from(field & 0x1FFF) * 8, joined.len());
            prop_assert_eq!(field & 0x2000 != 0, n + 1 < fragments.len());
            prop_assert!(piece.len() - head <= max);
            let sliced = SlicedPacket::from_ethernet(piece);
            if let Ok(SlicedPacket { net: Some(NetSlice::Ipv4(ip)), .. }) = sliced {
                let header = ip.header().to_header();
                prop_assert_eq!(header.calc_header_checksum(), header.header_checksum);
            }
            joined.extend_from_slice(&piece[head..]);
        }
        prop_assert_eq!(&joined[..], &whole[head..]);
    }
}

#[test]
fn the_worked_example_of_the_wire_format() {
    // TCP SYN 10.0.0.3:1027 → 10.0.1.1:80, total length 40.
    let tcp = Transport::Tcp(Tcp::new(1027, 80, flags::SYN));
    let frame = Frame::ipv4(Ipv4::new([10, 0, 0, 3], [10, 0, 1, 1]), tcp).build();
    assert_eq!(frame.len(), 54);
    assert_eq!(frame[12..18], [8, 0, 0x45, 0, 0, 40]);
    assert_eq!(frame[26..38], [10, 0, 0, 3, 10, 0, 1, 1, 4, 3, 0, 80]);
    assert_eq!(frame[47], flags::SYN);
}

#[test]
fn extension_headers_are_chained() {
    let hop_by_hop = [0, 0, 1, 4, 0, 0, 0, 0];
    let destination = [0, 0, 1, 4, 0, 0, 0, 0];
    let header = Ipv6 {
        extensions: &[(0, &hop_by_hop), (60, &destination)],
        ..Ipv6::new([1; 16], [2; 16])
    };
    let frame = Frame::ipv6(
        header,
        Transport::Udp {
            source: 1,
            destination: 2,
        },
    )
    .payload(b"abc")
    .build();
    assert_eq!(frame[20], 0);
    assert_eq!(frame[54], 60);
    assert_eq!(frame[62], 17);
    verify(&frame);
}

#[test]
fn arp_and_raw_frames() {
    let frame = Frame::arp_request([10, 0, 0, 1], [10, 0, 0, 2])
        .pad_to(MIN_FRAME)
        .build();
    assert_eq!(frame.len(), 60);
    assert_eq!(frame[..6], [0xFF; 6]);
    assert_eq!(frame[12..22], [8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
    assert_eq!(frame[38..42], [10, 0, 0, 2]);
    let frame = Frame::new(Network::Raw { ether_type: 0x88CC })
        .payload(&[1, 2])
        .build();
    assert_eq!(frame[12..], [0x88, 0xCC, 1, 2]);
}

#[test]
fn what_cannot_be_fragmented() {
    let udp = Transport::Udp {
        source: 1,
        destination: 2,
    };
    let frame = Frame::ipv4(Ipv4::new([1; 4], [2; 4]), udp).build();
    assert_eq!(fragment(&frame, 7), Err(FragmentError::TooSmall));
    assert_eq!(fragment(&frame[..30], 8), Err(FragmentError::NotIpv4));
    assert_eq!(fragment(&[], 8), Err(FragmentError::NotIpv4));
    let later = Frame::ipv4(Ipv4::new([1; 4], [2; 4]).fragment(3, false), udp).build();
    assert_eq!(fragment(&later, 8), Err(FragmentError::AlreadyFragment));
}
