//! Captures that are damaged, odd, or not captures at all.

use std::io::Cursor;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use scr_capture::{
    ByteOrder, CaptureError, CaptureReader, CaptureWriter, LinkType, Timestamp, WriteFormat,
    WriteOptions,
};

/// Timestamp, original length, data.
type Owned = (Timestamp, u32, Vec<u8>);

/// Reads to the end or to the first error, strictly.
fn outcome(file: &[u8], chunk: usize) -> (Vec<Owned>, Option<String>) {
    let mut packets = Vec::new();
    let mut reader =
        match CaptureReader::from_read_with_chunk(Cursor::new(file.to_vec()), "x", chunk) {
            Ok(reader) => reader.strict(true),
            Err(error) => return (packets, Some(error.to_string())),
        };
    loop {
        match reader.next_packet() {
            Ok(Some(packet)) => {
                packets.push((packet.timestamp, packet.original_len, packet.data.to_vec()))
            }
            Ok(None) => return (packets, None),
            Err(error) => {
                assert!(!error.remedy().is_empty());
                assert_eq!(error.file(), "x");
                assert!(
                    reader.next_packet().unwrap().is_none(),
                    "an error is the end"
                );
                return (packets, Some(error.to_string()));
            }
        }
    }
}

fn read(file: &[u8]) -> Result<Vec<Owned>, String> {
    match outcome(file, 1 << 16) {
        (packets, None) => Ok(packets),
        (_, Some(error)) => Err(error),
    }
}

fn failure(file: &[u8]) -> CaptureError {
    let mut reader = match CaptureReader::from_read(Cursor::new(file.to_vec()), "x") {
        Ok(reader) => reader.strict(true),
        Err(error) => return error,
    };
    loop {
        match reader.next_packet() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("no error"),
            Err(error) => return error,
        }
    }
}

fn valid(format: WriteFormat, byte_order: ByteOrder) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer =
        CaptureWriter::from_write_with(&mut file, "x", WriteOptions { format, byte_order })
            .unwrap();
    for n in 0..5_u32 {
        writer
            .write(
                &Timestamp::new(n.into(), n),
                60 + n,
                &vec![n as u8; 20 + n as usize],
            )
            .unwrap();
    }
    writer.finish().unwrap();
    file
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(mut bytes in vec(any::<u8>(), 0..400), magic in 0..6_usize, chunk in 1..64_usize) {
        let magics: [&[u8]; 6] = [
            &[], &[0xD4, 0xC3, 0xB2, 0xA1], &[0xA1, 0xB2, 0x3C, 0x4D], &[0x0A, 0x0D, 0x0D, 0x0A],
            &[0x0A, 0x0D, 0x0D, 0x0A, 28, 0, 0, 0, 0x4D, 0x3C, 0x2B, 0x1A, 1, 0],
            &[0x0A, 0x0D, 0x0D, 0x0A, 0, 0, 0, 28, 0x1A, 0x2B, 0x3C, 0x4D, 0, 1],
        ];
        let start = magics[magic];
        if bytes.len() >= start.len() {
            bytes[..start.len()].copy_from_slice(start);
        }
        prop_assert_eq!(outcome(&bytes, chunk), outcome(&bytes, 1 << 12));
    }

    #[test]
    fn mutated_captures_never_panic_and_do_not_depend_on_the_chunk(
        format in prop_oneof![Just(WriteFormat::Pcap), Just(WriteFormat::PcapNs), Just(WriteFormat::PCAPNG)],
        big in any::<bool>(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        keep in any::<prop::sample::Index>(),
        cut in any::<bool>(),
        chunk in 1..64_usize,
    ) {
        let mut file = valid(format, if big { ByteOrder::Big } else { ByteOrder::Little });
        for (at, value) in changes {
            let at = at.index(file.len());
            file[at] = value;
        }
        if cut {
            file.truncate(keep.index(file.len()));
        }
        prop_assert_eq!(outcome(&file, chunk), outcome(&file, 1 << 12));
    }

    #[test]
    fn what_pcap_file_accepts_is_read_alike(
        big in any::<bool>(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
    ) {
        let mut file = valid(WriteFormat::PCAPNG, if big { ByteOrder::Big } else { ByteOrder::Little });
        for (at, value) in changes {
            let at = at.index(file.len());
            file[at] = value;
        }
        if let Some(theirs) = pcap_file_reads(&file) {
            prop_assert_eq!(read(&file), Ok(theirs));
        }
    }
}

/// The packets according to `pcap-file`; `None` if it refuses the file, or a packet is not Ethernet.
fn pcap_file_reads(file: &[u8]) -> Option<Vec<Owned>> {
    use pcap_file::pcapng::{Block, PcapNgParser};
    let (mut rest, mut parser) = PcapNgParser::new(file).ok()?;
    let mut packets = Vec::new();
    while !rest.is_empty() {
        let (after, block) = parser.next_block(rest).ok()?;
        rest = after;
        // It does not check versions, which this crate does.
        if parser.section().major_version != 1 {
            return None;
        }
        let (id, timestamp, original, data) = match &block {
            Block::EnhancedPacket(b) => (b.interface_id, b.timestamp, b.original_len, &b.data),
            Block::Packet(b) => (b.interface_id.into(), b.timestamp, b.original_len, &b.data),
            Block::SimplePacket(b) => (0, std::time::Duration::ZERO, b.original_len, &b.data),
            _ => continue,
        };
        if parser.interfaces()[id as usize].linktype != pcap_file::DataLink::ETHERNET {
            return None;
        }
        packets.push((
            Timestamp::new(timestamp.as_secs(), timestamp.subsec_nanos()),
            original,
            data.to_vec(),
        ));
    }
    Some(packets)
}

/// A little-endian pcapng block.
fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let mut body = body.to_vec();
    body.resize(body.len().next_multiple_of(4), 0);
    let length = 12 + body.len() as u32;
    [
        &kind.to_le_bytes()[..],
        &length.to_le_bytes(),
        &body,
        &length.to_le_bytes(),
    ]
    .concat()
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn section() -> Vec<u8> {
    block(0x0A0D_0D0A, &words(&[0x1A2B_3C4D, 1, u32::MAX, u32::MAX]))
}

fn interface(link_type: u16, snaplen: u32, options: &[u8]) -> Vec<u8> {
    block(
        1,
        &[&words(&[link_type.into(), snaplen])[..], options].concat(),
    )
}

fn enhanced(id: u32, raw: u64, captured: u32, original: u32, data: &[u8]) -> Vec<u8> {
    block(
        6,
        &[
            &words(&[id, (raw >> 32) as u32, raw as u32, captured, original])[..],
            data,
        ]
        .concat(),
    )
}

const RESOLUTION_PS: &[u8] = &[9, 0, 1, 0, 12, 0, 0, 0];

#[test]
fn sections_interfaces_and_blocks_of_every_kind() {
    let minus_ten = [&[14, 0, 8, 0][..], &(-10_i64).to_le_bytes()].concat();
    let file = [
        section(),
        block(4, &[0xFF; 20]),
        interface(1, 30, RESOLUTION_PS),
        interface(113, 0, &[]),
        interface(
            1,
            0,
            &[&[1, 0, 3, 0, 0xFF, 0xFE, 0xFD, 0][..], &minus_ten, &[0; 4]].concat(),
        ),
        block(3, &[&words(&[60])[..], &[5; 30]].concat()),
        enhanced(0, 1_234_567_891_999, 40, 20, &[6; 40]),
        enhanced(2, 11_000_001, 3, 3, &[7; 3]),
        block(2, &[&words(&[2, 0, 2_000_000, 1, 1])[..], &[8]].concat()),
        block(0x0BAD, &[1; 9]),
        section(),
        interface(1, 0, &[]),
        enhanced(0, 5, 0, 99, &[]),
    ]
    .concat();
    let expected = vec![
        (Timestamp::default(), 60, vec![5; 30]),
        (Timestamp::new(1, 234_567_891), 20, vec![6; 40]),
        (Timestamp::new(1, 1_000), 3, vec![7; 3]),
        (Timestamp::new(8_u64.wrapping_neg(), 0), 1, vec![8]),
        (Timestamp::new(0, 5_000), 99, vec![]),
    ];
    for chunk in [1, 2, 3, 5, 7, 13, 64, 1 << 16] {
        assert_eq!(
            outcome(&file, chunk),
            (expected.clone(), None),
            "chunk {chunk}"
        );
    }
}

#[test]
fn a_big_endian_section_may_follow_a_little_endian_one() {
    let mut file = valid(WriteFormat::PCAPNG, ByteOrder::Little);
    file.extend(valid(WriteFormat::PCAPNG, ByteOrder::Big));
    let packets = read(&file).unwrap();
    assert_eq!(packets.len(), 10);
    assert_eq!(packets[..5], packets[5..]);
}

#[test]
fn a_block_length_without_its_padding_is_read_as_wireshark_does() {
    let mut odd = words(&[3, 74, 58]);
    odd.extend([1; 58]);
    odd.extend([0; 2]);
    odd.extend(74_u32.to_le_bytes());
    let file = [
        section(),
        interface(1, 0, &[]),
        odd,
        enhanced(0, 1, 1, 1, &[9]),
    ]
    .concat();
    assert_eq!(read(&file).unwrap().len(), 2);
}

#[test]
fn a_capture_of_which_no_packet_is_read_is_refused() {
    let file = [
        section(),
        interface(105, 0, &[]),
        enhanced(0, 1, 1, 1, &[9]),
    ]
    .concat();
    let mut reader = CaptureReader::from_read(Cursor::new(file), "x").unwrap();
    let error = reader.next_packet().unwrap_err();
    assert!(matches!(
        error,
        CaptureError::LinkType {
            packet: Some((1, 48)),
            link_type: LinkType(105),
            ..
        }
    ));
    assert_eq!(
        error.to_string(),
        "x: packet 1 at byte 48 has link type 105 (IEEE802_11), and no packet has one that is read"
    );

    // In pcap the link type is the file's, whether it has packets or not.
    let mut file = valid(WriteFormat::Pcap, ByteOrder::Little);
    file[20] = 105;
    for length in [24, file.len()] {
        let error = failure(&file[..length]);
        assert_eq!(
            error.to_string(),
            "x: has link type 105 (IEEE802_11), which is not read"
        );
        assert!(error.remedy().contains("NULL, ETHERNET, PPP"));
    }
    file[20] = 1;
    // Flags about the frame check sequence share the field.
    file[20..24].copy_from_slice(&0x4400_0001_u32.to_le_bytes());
    assert_eq!(read(&file).unwrap().len(), 5);
}

#[test]
fn contradictions_in_pcapng_are_located() {
    let start = [section(), interface(1, 0, &[])].concat();
    let cases: [(Vec<u8>, &str); 6] = [
        (
            enhanced(3, 0, 1, 1, &[9]),
            "refers to interface 3, but its section has described 1",
        ),
        (
            enhanced(0, 0, 100, 100, &[9]),
            "announces a packet of 100 bytes",
        ),
        (
            block(3, &words(&[100, 1])),
            "announces a packet of 100 bytes",
        ),
        (words(&[6, 8, 8]), "no block has fewer than 12"),
        (
            words(&[7, 12, 16]),
            "12 bytes before its body and 16 after it",
        ),
        (
            interface(1, 0, &[9, 0, 2, 0, 6, 6, 0, 0]),
            "if_tsresol has 2 bytes",
        ),
    ];
    for (bad, expected) in cases {
        let error = failure(&[start.clone(), enhanced(0, 1, 1, 1, &[9]), bad].concat()).to_string();
        assert!(
            error.starts_with("x: malformed at packet 2, byte 84: "),
            "{error}"
        );
        assert!(error.contains(expected), "{error}");
    }
    let absurd = [start.clone(), words(&[6, 0x8000_0000, 0])].concat();
    assert!(matches!(
        failure(&absurd),
        CaptureError::AbsurdLength {
            packet: 1,
            length: 0x8000_0000,
            ..
        }
    ));
    let no_interface = [section(), block(3, &words(&[0]))].concat();
    assert!(
        failure(&no_interface)
            .to_string()
            .contains("refers to interface 0")
    );
}

#[test]
fn pcap_oddities_that_wireshark_accepts() {
    let mut file = valid(WriteFormat::Pcap, ByteOrder::Little);
    // Snap length far below what is captured; a whole second and more of microseconds; original below captured.
    file[16..20].copy_from_slice(&4_u32.to_le_bytes());
    file[28..32].copy_from_slice(&1_500_000_u32.to_le_bytes());
    file[36..40].copy_from_slice(&3_u32.to_le_bytes());
    let packets = read(&file).unwrap();
    assert_eq!(packets.len(), 5);
    assert_eq!(packets[0], (Timestamp::new(1, 500_000_000), 3, vec![0; 20]));

    let mut file = valid(WriteFormat::PcapNs, ByteOrder::Big);
    file[28..32].copy_from_slice(&u32::MAX.to_be_bytes());
    assert_eq!(read(&file).unwrap()[0].0, Timestamp::new(4, 294_967_295));
}

#[test]
fn damage_in_pcap_is_located() {
    let file = valid(WriteFormat::Pcap, ByteOrder::Little);
    for length in 24..file.len() {
        let error = outcome(&file[..length], 7);
        let whole = error.0.len();
        let at_boundary = 24 + (0..whole).map(|n| 36 + n).sum::<usize>() == length;
        assert_eq!(error.1.is_none(), at_boundary, "{length} bytes");
    }
    let error = failure(&file[..70]);
    assert_eq!(
        error.to_string(),
        "x: ends within packet 2, whose record starts at byte 60: 10 of 16 bytes are there"
    );
    assert!(error.remedy().contains("--strict"));

    let mut absurd = file.clone();
    absurd[60 + 8..60 + 12].copy_from_slice(&0x1234_5678_u32.to_le_bytes());
    assert!(matches!(
        failure(&absurd),
        CaptureError::AbsurdLength {
            packet: 2,
            offset: 60,
            length: 0x1234_5678,
            ..
        }
    ));

    let mut version = file.clone();
    version[4] = 3;
    assert!(matches!(
        failure(&version),
        CaptureError::UnsupportedVersion {
            format: "pcap",
            major: 3,
            ..
        }
    ));
    // 2.0 to 2.4 are read, and what tcpdump of DG/UX wrote.
    for (major, minor, known) in [
        (2, 5, false),
        (1, 4, false),
        (543, 1, false),
        (543, 0, true),
    ] {
        let mut file = file.clone();
        file[4..6].copy_from_slice(&u16::to_le_bytes(major));
        file[6..8].copy_from_slice(&u16::to_le_bytes(minor));
        let opened = CaptureReader::from_read(Cursor::new(file), "x");
        assert_eq!(opened.is_ok(), known, "{major}.{minor}");
    }
}

#[test]
fn a_truncated_header_is_an_error_that_says_how_much_there_is() {
    for format in [WriteFormat::Pcap, WriteFormat::PCAPNG] {
        let file = valid(format, ByteOrder::Big);
        for length in 1..24 {
            let error = failure(&file[..length]);
            assert!(
                matches!(error, CaptureError::TruncatedHeader { have, .. } if have == length as u64),
                "{error}"
            );
        }
    }
}

#[test]
fn files_that_are_no_captures() {
    assert!(matches!(failure(b""), CaptureError::Empty { .. }));
    let cases: [(&[u8], &str, &str); 6] = [
        (b"\xFD7zXZ\0", "xz-compressed data", "xz -dc IN > OUT"),
        (b"BZh9", "bzip2-compressed data", "bzip2 -dc IN > OUT"),
        (b"hello, world\n", "text", "text2pcap"),
        (b"hi", "text", "text2pcap"),
        (b"snoop\0\0\0", "Solaris snoop", "editcap -F pcapng"),
        (
            &[1, 2, 3, 4, 5],
            "unknown binary data",
            "pcap or pcapng file",
        ),
    ];
    for (file, looks_like, remedy) in cases {
        let error = failure(file);
        assert!(matches!(error, CaptureError::NotACapture { .. }), "{error}");
        assert!(error.to_string().contains(looks_like), "{error}");
        assert!(error.remedy().contains(remedy), "{}", error.remedy());
    }
}

#[test]
fn paths_that_cannot_be_read() {
    let directory = tempfile::tempdir().unwrap();
    let error = CaptureReader::open(directory.path()).unwrap_err();
    assert!(matches!(error, CaptureError::IsDirectory { .. }));
    let error = CaptureReader::open(&directory.path().join("none.pcap")).unwrap_err();
    assert!(matches!(error, CaptureError::NotFound { .. }));
    let under_a_file = directory.path().join("file");
    std::fs::write(&under_a_file, b"").unwrap();
    let error = CaptureReader::open(&under_a_file.join("x")).unwrap_err();
    assert!(matches!(error, CaptureError::Unreadable { .. }), "{error}");
    assert!(matches!(
        CaptureReader::open(&under_a_file).unwrap_err(),
        CaptureError::Empty { .. }
    ));
    assert!(
        CaptureReader::open(Path::new("/dev/null"))
            .unwrap_err()
            .to_string()
            .contains("empty")
    );
}
