//! Captures that people have besides whole ones of Ethernet: compressed, cut short, of other link types, of older and
//! modified formats.

use std::io::{Cursor, Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use proptest::collection::vec;
use proptest::prelude::*;
use scr_capture::reader::{Compression, Cut, LeftOut};
use scr_capture::{
    CaptureError, CaptureReader, CaptureWriter, LinkType, Timestamp, WriteFormat, WriteOptions,
};

/// Timestamp, original length, data.
type Owned = (Timestamp, u32, Vec<u8>);

/// A reader at its end, and the packets on the way there.
fn drain(mut reader: CaptureReader) -> (CaptureReader, Vec<Owned>, Option<CaptureError>) {
    let mut packets = Vec::new();
    let failure = loop {
        match reader.next_packet() {
            Ok(Some(packet)) => {
                packets.push((packet.timestamp, packet.original_len, packet.data.to_vec()));
            }
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    (reader, packets, failure)
}

fn open(file: &[u8], chunk: usize) -> Result<CaptureReader, CaptureError> {
    CaptureReader::from_read_with_chunk(Cursor::new(file.to_vec()), "x", chunk)
}

#[track_caller]
fn read(file: &[u8]) -> (CaptureReader, Vec<Owned>) {
    let (reader, packets, failure) = drain(open(file, 1 << 12).unwrap());
    assert!(failure.is_none(), "{failure:?}");
    (reader, packets)
}

/// A capture that failed when it was handed in.
fn case(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data/cases");
    std::fs::read(path.join(name)).unwrap()
}

/// Packets of `lengths` bytes that do not compress to nothing.
fn sample(format: WriteFormat, lengths: impl IntoIterator<Item = usize>) -> Vec<u8> {
    let mut file = Vec::new();
    let options = WriteOptions::from(format);
    let mut writer = CaptureWriter::from_write_with(&mut file, "x", options).unwrap();
    let mut state = 1_u32;
    for (n, length) in lengths.into_iter().enumerate() {
        let data: Vec<u8> = (0..length)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 27) as u8
            })
            .collect();
        writer
            .write(&Timestamp::new(n as u64, 7), length as u32 + 1, &data)
            .unwrap();
    }
    writer.finish().unwrap();
    file
}

/// What a program makes of its input.
fn through(program: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}; scripts/setup installs it"));
    let mut to = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writing = std::thread::spawn(move || to.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    assert!(output.status.success(), "{program}");
    output.stdout
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    through("gzip", &["-c"], bytes)
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    through("zstd", &["-qc"], bytes)
}

// Compression

#[test]
fn compressed_captures_read_like_plain_ones() {
    for format in [WriteFormat::PcapNs, WriteFormat::PCAPNG] {
        let plain = sample(format, (0..400).map(|n| n * 37 % 1500));
        let packets = read(&plain).1;
        for (compressed, compression) in [
            (gzip(&plain), Compression::Gzip),
            (zstd(&plain), Compression::Zstd),
        ] {
            for chunk in [1, 13, 1 << 16] {
                let (reader, found, failure) = drain(open(&compressed, chunk).unwrap());
                assert!(failure.is_none(), "{failure:?}");
                assert_eq!(found, packets);
                assert_eq!(reader.compression(), Some(compression));
                assert_eq!(reader.bytes_read(), compressed.len() as u64);
                assert_eq!(reader.account().cut, None);
            }
        }
    }
}

#[test]
fn members_and_frames_follow_each_other() {
    let plain = sample(WriteFormat::Pcap, [60; 30]);
    let packets = read(&plain).1;
    let parts = plain.chunks(500);
    let members: Vec<u8> = parts.clone().flat_map(gzip).collect();
    assert_eq!(read(&members).1, packets);
    let frames: Vec<u8> = parts.flat_map(zstd).collect();
    assert_eq!(read(&frames).1, packets);

    // A member may be empty, and zeros may fill up the end; a frame may have no data.
    let padded = [gzip(b""), gzip(&plain), gzip(b""), vec![0; 1000]].concat();
    assert_eq!(read(&padded).1, packets);
    let skippable = [&[0x5A, 0x2A, 0x4D, 0x18, 5, 0, 0, 0][..], b"hello"].concat();
    let skipping = [skippable.clone(), zstd(&plain), skippable].concat();
    assert_eq!(read(&skipping).1, packets);
}

#[test]
fn a_header_of_gzip_may_have_everything() {
    let plain = sample(WriteFormat::Pcap, [60; 3]);
    let usual = gzip(&plain);
    let mut full = usual[..3].to_vec();
    full.push(2 | 4 | 8 | 16);
    full.extend(&usual[4..10]);
    full.extend([3, 0, 1, 2, 3]);
    full.extend(b"name\0comment\0\x12\x34");
    full.extend(&usual[10..]);
    for chunk in [1, 7, 4096] {
        let (_, packets, failure) = drain(open(&full, chunk).unwrap());
        assert_eq!((packets.len(), failure.is_none()), (3, true));
    }
    for (at, value) in [(2, 7), (3, 0x20)] {
        let mut odd = usual.clone();
        odd[at] = value;
        let error = open(&odd, 64).unwrap_err();
        assert!(
            matches!(error, CaptureError::DamagedStream { .. }),
            "{error}"
        );
    }
}

/// All that a compressed stream holds before it is cut or damaged comes out: what `gzip` and `zstd` themselves give.
#[test]
fn what_lies_before_a_cut_or_damage_is_read() {
    let plain = sample(WriteFormat::PcapNs, (0..3000).map(|n| n * 61 % 900));
    let packets = read(&plain).1;
    // Ends of records in the plain capture.
    let mut ends = vec![24];
    for (_, _, data) in &packets {
        ends.push(ends[ends.len() - 1] + 16 + data.len());
    }
    for (program, compressed) in [("gzip", gzip(&plain)), ("zstd", zstd(&plain))] {
        for part in [1, 3, 5, 6, 7] {
            let short = &compressed[..compressed.len() * part / 8];
            let output = recovered(program, short);
            assert!(plain.starts_with(&output) && output.len() < plain.len());

            let (reader, found, failure) = drain(open(short, 1 << 12).unwrap());
            assert!(failure.is_none(), "{failure:?}");
            let whole = found.len();
            assert_eq!(found, packets[..whole], "{program} {part}/8");
            let cut = reader.account().cut.unwrap();
            assert_eq!(
                (cut.packet, cut.offset),
                (whole as u64 + 1, ends[whole] as u64)
            );
            assert!(ends[whole] + (cut.have as usize) < ends[whole + 1]);
            // The last bits may make another byte or not.
            let read = ends[whole] + cut.have as usize;
            assert!(
                (output.len()..output.len() + 300).contains(&read),
                "{program} {part}/8: {read} of {}",
                output.len()
            );
            let strict = drain(open(short, 1 << 12).unwrap().strict(true)).2.unwrap();
            assert!(matches!(strict, CaptureError::Truncated { .. }), "{strict}");
        }
    }
}

/// What a program gives before it fails.
fn recovered(program: &str, compressed: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    std::fs::write(&path, compressed).unwrap();
    let output = Command::new(program)
        .arg("-dc")
        .stdin(std::fs::File::open(&path).unwrap())
        .output()
        .unwrap();
    assert!(!output.status.success());
    output.stdout
}

#[test]
fn damage_in_a_compressed_stream_is_reported_with_the_packet_it_reached() {
    let plain = sample(WriteFormat::PcapNs, [100; 3000]);
    let packets = read(&plain).1;
    for (compressed, name) in [(gzip(&plain), "gzip"), (zstd(&plain), "zstd")] {
        let mut damaged = compressed.clone();
        let middle = damaged.len() / 2;
        damaged[middle..middle + 40].fill(0xFF);
        let (_, found, failure) = drain(open(&damaged, 1 << 12).unwrap());
        let failure = failure.unwrap();
        let CaptureError::DamagedStream { packet, offset, .. } = failure else {
            panic!("{failure}");
        };
        assert!(found.len() > 500, "{}", found.len());
        // Bytes that decompress to something wrong may come before it shows.
        assert_eq!(found[..500], packets[..500]);
        assert_eq!(packet, found.len() as u64 + 1);
        assert_eq!(offset, 24 + 116 * found.len() as u64);
        let text = failure.to_string();
        assert!(
            text.starts_with(&format!(
                "x (decompressed): the {name} stream is damaged at its byte "
            )),
            "{text}"
        );
        assert!(failure.remedy().contains("get it again"));
    }
}

#[test]
fn checksums_are_checked_when_the_last_packet_has_been_read() {
    let plain = sample(WriteFormat::PcapNs, [100; 3]);
    let gzipped = gzip(&plain);
    for (from_end, what) in [(8, "checksum"), (4, "length")] {
        let mut damaged = gzipped.clone();
        let at = damaged.len() - from_end;
        damaged[at] ^= 1;
        let (_, found, failure) = drain(open(&damaged, 1 << 12).unwrap());
        assert_eq!(found.len(), 3);
        assert!(failure.unwrap().to_string().contains(what));
    }
    let mut damaged = zstd(&plain);
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    let (_, found, failure) = drain(open(&damaged, 1 << 12).unwrap());
    assert_eq!(found.len(), 3);
    assert!(failure.unwrap().to_string().contains("checksum"));

    let garbage = [gzipped, b"garbage".to_vec()].concat();
    let (_, found, failure) = drain(open(&garbage, 1 << 12).unwrap());
    assert_eq!(found.len(), 3);
    assert!(failure.unwrap().to_string().contains("no other"));
}

#[test]
fn a_stream_that_ends_between_records_is_cut_all_the_same() {
    let plain = sample(WriteFormat::Pcap, [60; 4]);
    let compressed = gzip(&plain);
    let (reader, found) = read(&compressed[..compressed.len() - 8]);
    assert_eq!(found.len(), 4);
    let cut = Cut {
        packet: 5,
        offset: plain.len() as u64,
        have: 0,
    };
    assert_eq!(reader.account().cut, Some(cut));
}

#[test]
fn compressed_files_that_hold_no_capture() {
    let refused = |file: &[u8]| open(file, 64).unwrap_err();
    for compress in [gzip, zstd] {
        assert!(matches!(
            refused(&compress(b"")),
            CaptureError::Empty { .. }
        ));
        let text = refused(&compress(b"some text\n"));
        assert!(
            text.to_string().contains("x (decompressed): is not a pcap"),
            "{text}"
        );
        let capture = sample(WriteFormat::Pcap, [60]);
        let twice = refused(&compress(&compress(&capture)));
        assert!(twice.to_string().contains("compressed data"), "{twice}");
        assert!(twice.remedy().contains("outermost"));
        let header = refused(&compress(&capture[..20]));
        assert!(
            matches!(header, CaptureError::TruncatedHeader { have: 20, .. }),
            "{header}"
        );
        for length in [4, 8] {
            let cut = refused(&compress(&capture)[..length]);
            assert!(
                matches!(cut, CaptureError::TruncatedHeader { have: 0, .. }),
                "{cut}"
            );
        }
    }
}

#[test]
fn a_zstd_stream_that_needs_too_much_memory_is_refused() {
    let plain = sample(WriteFormat::Pcap, [60; 4]);
    let long = through("zstd", &["-qc", "--long=30"], &plain);
    let error = open(&long, 64).unwrap_err();
    assert!(
        matches!(
            error,
            CaptureError::LargeWindow {
                packet: 1,
                offset: 0,
                ..
            }
        ),
        "{error}"
    );
    assert!(error.remedy().contains("`zstd -dc --long=31 IN > OUT`"));
    // What zstd itself gives every stream is given here.
    let long = through("zstd", &["-qc", "--long=27"], &plain);
    assert_eq!(read(&long).1.len(), 4);
}

#[test]
fn a_pipe_that_still_grows_gives_what_it_has() {
    /// Gives its bytes, and then fails: nobody may ask for more.
    struct Stalled(Cursor<Vec<u8>>);
    impl Read for Stalled {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            match self.0.read(into)? {
                0 => Err(std::io::Error::other("nothing more yet")),
                read => Ok(read),
            }
        }
    }
    let plain = sample(WriteFormat::Pcap, [60; 4]);
    // As programs write that flush after each packet.
    let (head, tail) = plain.split_at(24 + 76 * 2);
    let flushed = [zstd(head), zstd(tail)[..5].to_vec()].concat();
    let gzipped = [gzip(head), gzip(tail)[..5].to_vec()].concat();
    for stream in [flushed, gzipped] {
        let source = Stalled(Cursor::new(stream));
        let reader = CaptureReader::from_read(source, "x").unwrap();
        let (_, packets, failure) = drain(reader);
        assert_eq!(packets.len(), 2);
        assert!(failure.unwrap().to_string().contains("nothing more yet"));
    }
}

// Captures cut short

#[test]
fn whole_packets_before_a_cut_are_read() {
    for name in ["cut-short.pcap", "cut-short-ns.pcap"] {
        let (reader, packets) = read(&case(name));
        assert_eq!(packets.len(), 2, "{name}");
        let cut = Cut {
            packet: 3,
            offset: 164,
            have: 60,
        };
        assert_eq!(reader.account().cut, Some(cut), "{name}");
    }
}

#[test]
fn a_cut_may_be_anywhere() {
    for format in [WriteFormat::Pcap, WriteFormat::PCAPNG] {
        let file = sample(format, [60, 61, 62, 63]);
        let packets = read(&file).1;
        let start = match format {
            WriteFormat::PcapNg { .. } => 28,
            _ => 24,
        };
        let mut cuts = 0;
        for length in start..file.len() {
            let (reader, found) = read(&file[..length]);
            assert_eq!(found, packets[..found.len()]);
            let Some(cut) = reader.account().cut else {
                continue;
            };
            cuts += 1;
            assert_eq!(cut.packet, found.len() as u64 + 1);
            assert_eq!(cut.offset + cut.have, length as u64);
        }
        assert!(cuts + 6 > file.len() - start, "{cuts}");
    }
}

// Link types

/// A pcap of one packet.
fn pcap(link_type: u32, data: &[u8], original_len: u32) -> Vec<u8> {
    let mut file = vec![0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0];
    file.extend([0; 8]);
    file.extend(65_535_u32.to_le_bytes());
    file.extend(link_type.to_le_bytes());
    for word in [1, 2, data.len() as u32, original_len] {
        file.extend(word.to_le_bytes());
    }
    file.extend(data);
    file
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

/// A pcapng with interfaces of these link types, and packets on them.
fn pcapng(link_types: &[u32], packets: &[(u32, &[u8])]) -> Vec<u8> {
    let mut file = block(0x0A0D_0D0A, &words(&[0x1A2B_3C4D, 1, u32::MAX, u32::MAX]));
    for &link_type in link_types {
        file.extend(block(1, &words(&[link_type, 0])));
    }
    for (interface, data) in packets {
        let length = data.len() as u32;
        let head = words(&[*interface, 0, 5, length, length]);
        file.extend(block(6, &[&head, *data].concat()));
    }
    file
}

const IP4: [u8; 20] = [
    0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
];

#[test]
fn packets_are_given_an_ethernet_header() {
    let sll: &[u8] = &[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 9, 0, 0, 8, 0];
    let sll2: &[u8] = &[8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 4, 6, 2, 0, 0, 0, 0, 9, 0, 0];
    let sourced = [&[0; 6][..], &[2, 0, 0, 0, 0, 9, 8, 0], &IP4].concat();
    let zeros = [&[0; 12][..], &[8, 0], &IP4].concat();
    let cases: [(u32, &[u8], &[u8]); 10] = [
        (0, &[2, 0, 0, 0], &zeros),
        (9, &[0xFF, 3, 0, 0x21], &zeros),
        (12, &[], &zeros),
        (14, &[], &zeros),
        (50, &[0x21], &zeros),
        (101, &[], &zeros),
        (108, &[0, 0, 0, 2], &zeros),
        (113, sll, &sourced),
        (228, &[], &zeros),
        (276, sll2, &sourced),
    ];
    for (link_type, head, expected) in cases {
        let packet = [head, &IP4].concat();
        // Cut by a snap length behind the IP header: 100 bytes more were on the wire.
        let original = packet.len() as u32 + 100;
        let (reader, packets) = read(&pcap(link_type, &packet, original));
        let found = [(Timestamp::new(1, 2_000), 134, expected.to_vec())];
        assert_eq!(packets, found, "link type {link_type}");
        let link_type = reader.link_type().unwrap();
        assert_eq!(reader.account().converted(), [(link_type, 1)]);

        let (reader, packets) = read(&pcapng(&[link_type.0], &[(0, &packet)]));
        assert_eq!(packets, [(Timestamp::new(0, 5_000), 34, expected.to_vec())]);
        assert_eq!(reader.account().converted(), [(link_type, 1)]);
    }
    let mut ip6 = IP4;
    ip6[0] = 0x60;
    let (_, packets) = read(&pcap(229, &ip6, 20));
    assert_eq!(packets[0].2[12..14], [0x86, 0xDD]);
}

#[test]
fn captures_of_any_interface_and_of_tunnels() {
    for (name, link_type, count) in [
        ("linktype-sll.pcap", LinkType::LINUX_SLL, 3),
        ("linktype-raw.pcap", LinkType::RAW, 3),
    ] {
        let (reader, packets) = read(&case(name));
        assert_eq!(packets.len(), count);
        assert_eq!(reader.account().converted(), [(link_type, count as u64)]);
        for (_, original, data) in &packets {
            assert_eq!((*original, data.len()), (46, 46), "{name}");
            assert_eq!(data[12..14], [8, 0]);
            assert_eq!(data[14..16], [0x45, 0]);
        }
    }
    assert_eq!(read(&case("header-only-null.pcap")).1, []);
}

#[test]
fn interfaces_may_differ() {
    let (reader, packets) = read(&case("mixed-interfaces.pcapng.pcap"));
    assert_eq!(packets.len(), 3);
    assert_eq!(reader.packets_read(), 3);
    assert_eq!(reader.account().converted(), [(LinkType::LINUX_SLL, 1)]);
    assert_eq!(reader.account().left_out(), []);

    let ethernet = [0xEE; 60];
    let file = pcapng(
        &[105, 1, 9, 127],
        &[
            (0, &[8; 30]),
            (1, &ethernet),
            (2, &[0xFF, 3, 0xC0, 0x21, 1]),
            (3, &[]),
            (2, &[0]),
            (0, &[8; 30]),
            (1, &ethernet),
        ],
    );
    let mut reader = open(&file, 64).unwrap();
    let mut numbers = Vec::new();
    while let Some(packet) = reader.next_packet().unwrap() {
        assert_eq!(packet.data, ethernet);
        numbers.push(packet.index);
    }
    assert_eq!(numbers, [2, 7], "numbers are those of the file");
    let expected = [
        ((LinkType::PPP, LeftOut::Payload), 1),
        ((LinkType::PPP, LeftOut::Short), 1),
        ((LinkType(105), LeftOut::LinkType), 2),
        ((LinkType(127), LeftOut::LinkType), 1),
    ];
    assert_eq!(reader.account().left_out(), expected);
    assert_eq!(reader.account().packets_left_out(), 5);

    let strict = drain(open(&file, 64).unwrap().strict(true)).2.unwrap();
    assert_eq!(
        strict.to_string(),
        "x: packet 1 at byte 108 has link type 105 (IEEE802_11) and is not read"
    );
}

#[test]
fn a_capture_is_refused_only_when_no_packet_has_a_link_type_that_is_read() {
    // The only packet carries nothing that Ethernet can carry, but its link type is read.
    let (reader, packets) = read(&pcapng(&[9], &[(0, &[0xC0, 0x21, 1, 1])]));
    assert_eq!((packets.len(), reader.account().packets_left_out()), (0, 1));
    // No packets at all.
    let (_, packets) = read(&pcapng(&[105], &[]));
    assert_eq!(packets, []);
    let (_, _, failure) = drain(open(&pcapng(&[105, 127], &[(1, &[1]), (0, &[1])]), 64).unwrap());
    let failure = failure.unwrap();
    assert!(
        matches!(
            failure,
            CaptureError::LinkType {
                link_type: LinkType(127),
                packet: Some((1, 68)),
                ..
            }
        ),
        "{failure}"
    );
}

// Formats

#[test]
fn modified_and_old_formats_are_read() {
    let expected = read(&case("cut-short.pcap")).1;
    let (_, packets) = read(&case("modified-kuznetzov.pcap"));
    assert_eq!(packets.len(), 1);
    assert_eq!(packets[0].2, expected[0].2);
    assert_eq!(packets[0].0, Timestamp::new(1_700_000_000, 1_000));

    let (_, packets) = read(&case("swapped-lengths-2.2.pcap"));
    let lengths: Vec<_> = packets.iter().map(|p| (p.1, p.2.len())).collect();
    assert_eq!(lengths, [(154, 54), (54, 54)]);
    assert!(matches!(
        open(&case("version-1.4.pcap"), 64).unwrap_err(),
        CaptureError::UnsupportedVersion {
            major: 1,
            minor: 4,
            ..
        }
    ));
}

#[test]
fn lengths_are_swapped_by_version_and_in_2_3_where_the_first_is_larger() {
    let file = |major: u16, minor: u16, first: u32, second: u32, data: usize| {
        let mut file = pcap(1, &vec![7; data], 0);
        file[4..6].copy_from_slice(&major.to_le_bytes());
        file[6..8].copy_from_slice(&minor.to_le_bytes());
        file[32..36].copy_from_slice(&first.to_le_bytes());
        file[36..40].copy_from_slice(&second.to_le_bytes());
        file
    };
    for (major, minor, first, second, captured, original) in [
        (2, 0, 100, 60, 60, 100),
        (2, 2, 60, 60, 60, 60),
        (543, 0, 100, 60, 60, 100),
        // A record whose captured length is the larger one.
        (2, 2, 10, 60, 60, 10),
        (2, 3, 100, 60, 60, 100),
        (2, 3, 60, 100, 60, 100),
        (2, 4, 60, 100, 60, 100),
        (2, 4, 60, 10, 60, 10),
    ] {
        let file = file(major, minor, first, second, captured);
        for chunk in [1, 4096] {
            let (_, packets, failure) = drain(open(&file, chunk).unwrap());
            assert!(failure.is_none(), "{failure:?}");
            assert_eq!(
                (packets[0].1, packets[0].2.len()),
                (original, captured),
                "{major}.{minor} {first} {second}"
            );
        }
    }
}

#[test]
fn blocks_without_packets_may_have_any_size() {
    /// Blocks without end, one after the other: each is larger than a packet's may be, and none is kept.
    struct Stream {
        parts: Vec<(Vec<u8>, u64)>,
        at: usize,
    }
    impl Read for Stream {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            while let Some((bytes, zeros)) = self.parts.get_mut(self.at) {
                if !bytes.is_empty() {
                    let length = bytes.len().min(into.len());
                    into[..length].copy_from_slice(&bytes[..length]);
                    bytes.drain(..length);
                    return Ok(length);
                }
                if *zeros > 0 {
                    let length = (*zeros).min(into.len() as u64) as usize;
                    into[..length].fill(0);
                    *zeros -= length as u64;
                    return Ok(length);
                }
                self.at += 1;
            }
            Ok(0)
        }
    }
    const SIZE: u32 = 100 << 20;
    let ethernet = [0xEE; 60];
    let small = pcapng(&[1], &[(0, &ethernet)]);
    let zeros = |used: u32| u64::from(SIZE - used - 4);
    let section = words(&[0x0A0D_0D0A, SIZE, 0x1A2B_3C4D, 1, u32::MAX, u32::MAX]);
    let custom = words(&[0xBAD, SIZE]);
    let interface = words(&[1, SIZE, 1, 0]);
    let packet = words(&[6, SIZE, 0, 0, 0, 0, 0]);
    let end = words(&[SIZE]);
    let parts = vec![
        (section, zeros(24)),
        ([end.clone(), custom].concat(), zeros(8)),
        ([end.clone(), interface].concat(), zeros(16)),
        ([end.clone(), small[48..].to_vec()].concat(), 0),
        (packet, zeros(28)),
        (end, 0),
    ];
    let reader = CaptureReader::from_read(Stream { parts, at: 0 }, "x").unwrap();
    let (_, packets, failure) = drain(reader);
    assert_eq!(packets.len(), 1);
    let failure = failure.unwrap();
    let offset = 3 * u64::from(SIZE) + (small.len() - 48) as u64;
    assert!(
        matches!(failure, CaptureError::AbsurdLength { packet: 2, offset: at, .. } if at == offset),
        "{failure}"
    );
}

#[test]
fn fractions_of_a_second_or_more_are_counted() {
    let mut file = sample(WriteFormat::Pcap, [60; 4]);
    for packet in [1, 3] {
        let at = 24 + 76 * packet + 4;
        file[at..at + 4].copy_from_slice(&999_999_999_u32.to_le_bytes());
    }
    let (reader, packets) = read(&file);
    assert_eq!(packets[1].0, Timestamp::new(1 + 999, 999_999_000));
    let carried = reader.account().carried.unwrap();
    assert_eq!((carried.packets, carried.first), (2, 2));
    file[0] = 0x4D;
    file[1] = 0x3C;
    assert_eq!(read(&file).0.account().carried, None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Nothing that a compressed file or a packet's link layer holds brings the reader down, and chunks do not matter.
    #[test]
    fn mutated_files_do_not_depend_on_the_chunk(
        link_type in prop_oneof![Just(0_u32), Just(1), Just(9), Just(50), Just(101), Just(105), Just(108), Just(113), Just(228), Just(276)],
        bodies in vec(vec(any::<u8>(), 0..40), 0..6),
        compression in 0..3,
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        chunk in 1..64_usize,
    ) {
        let packets: Vec<(u32, &[u8])> = bodies.iter().enumerate().map(|(n, body)| (n as u32 % 2, &body[..])).collect();
        let plain = pcapng(&[link_type, 1], &packets);
        let mut file = match compression {
            0 => plain,
            1 => deflated(&plain),
            _ => frame(&plain),
        };
        for (at, value) in changes {
            let at = at.index(file.len());
            file[at] = value;
        }
        let outcome = |chunk| match open(&file, chunk) {
            Err(error) => (Vec::new(), None, Some(error.to_string())),
            Ok(reader) => {
                let (reader, packets, failure) = drain(reader);
                (packets, Some(reader.account().clone()), failure.map(|error| error.to_string()))
            }
        };
        prop_assert_eq!(outcome(chunk), outcome(1 << 12));
    }
}

/// A gzip member, without a program.
fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A zstd frame, without a program.
fn frame(bytes: &[u8]) -> Vec<u8> {
    ::zstd::stream::encode_all(bytes, 3).unwrap()
}
