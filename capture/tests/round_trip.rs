//! What the writer writes, the reader reads: every format, byte order and chunk size.

use std::io::Cursor;

use proptest::collection::vec;
use proptest::prelude::*;
use scr_capture::writer::TsResolution;
use scr_capture::{
    ByteOrder, CaptureFormat, CaptureReader, CaptureWriter, Timestamp, WriteFormat, WriteOptions,
};

type Owned = (Timestamp, u32, Vec<u8>);

fn written(options: WriteOptions, packets: &[Owned]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = CaptureWriter::from_write_with(&mut file, "out", options).unwrap();
    for (timestamp, original, data) in packets {
        let (head, tail) = data.split_at(data.len() / 3);
        writer
            .write_vectored(timestamp, *original, &[head, &[], tail])
            .unwrap();
    }
    writer.finish().unwrap();
    file
}

fn read(file: Vec<u8>, chunk: usize) -> Vec<Owned> {
    let length = file.len() as u64;
    let mut reader =
        CaptureReader::from_read_with_chunk(Cursor::new(file.clone()), "in", chunk).unwrap();
    let mut packets = Vec::new();
    while let Some(packet) = reader.next_packet().unwrap() {
        assert_eq!(packet.index, packets.len() as u64 + 1);
        let at = packet.offset as usize;
        let record = &file[at..];
        assert!(record.len() >= 16 + packet.data.len());
        packets.push((packet.timestamp, packet.original_len, packet.data.to_vec()));
    }
    assert_eq!(reader.bytes_read(), length);
    packets
}

/// The format's units: what a timestamp becomes by being written in it.
fn truncated(timestamp: Timestamp, format: WriteFormat) -> Timestamp {
    let keep = |units: u128| {
        let raw = u128::from(timestamp.nanos) * units / 1_000_000_000;
        Timestamp {
            nanos: (raw * 1_000_000_000 / units) as u32,
            ..timestamp
        }
    };
    match format {
        WriteFormat::Pcap => keep(1_000_000),
        WriteFormat::PcapNs => timestamp,
        WriteFormat::PcapNg {
            resolution: TsResolution::Decimal(n),
            ..
        } => keep(10_u128.pow(n.into())),
        WriteFormat::PcapNg {
            resolution: TsResolution::Binary(n),
            ..
        } => keep(1 << n),
    }
}

fn formats() -> impl Strategy<Value = WriteFormat> {
    // Seconds are within a week of the offset, so that even picoseconds fit 64 bits.
    let resolution = prop_oneof![
        (0_u8..=12).prop_map(TsResolution::Decimal),
        (0_u8..=43).prop_map(TsResolution::Binary),
    ];
    prop_oneof![
        Just(WriteFormat::Pcap),
        Just(WriteFormat::PcapNs),
        resolution.prop_map(|resolution| WriteFormat::PcapNg {
            resolution,
            offset: 1_700_000_000
        }),
    ]
}

fn packets() -> impl Strategy<Value = Vec<Owned>> {
    let packet = (
        1_700_000_000_u64..1_700_600_000,
        0_u32..1_000_000_000,
        any::<u32>(),
        vec(any::<u8>(), 0..300),
    );
    vec(
        packet.prop_map(|(s, n, original, data)| (Timestamp::new(s, n), original, data)),
        0..20,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_format_round_trips(
        format in formats(),
        big in any::<bool>(),
        chunk in prop_oneof![1_usize..100, Just(1 << 16)],
        packets in packets(),
    ) {
        let byte_order = if big { ByteOrder::Big } else { ByteOrder::Little };
        let file = written(WriteOptions { format, byte_order }, &packets);
        let expected: Vec<_> =
            packets.into_iter().map(|(t, original, data)| (truncated(t, format), original, data)).collect();
        prop_assert_eq!(read(file, chunk), expected);
    }
}

#[test]
fn the_default_is_a_nanosecond_little_endian_ethernet_pcap() {
    let file = written(
        WriteOptions::default(),
        &[(Timestamp::new(1, 2), 4, vec![9])],
    );
    let expected = [
        0x4D, 0x3C, 0xB2, 0xA1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0,
        0, // file header
        1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 9, // record
    ];
    assert_eq!(file, expected);
    let reader = CaptureReader::from_read(Cursor::new(file), "in").unwrap();
    assert_eq!(
        reader.format(),
        CaptureFormat::Pcap {
            nanosecond: true,
            byte_order: ByteOrder::Little
        }
    );
    assert_eq!(
        reader.format().to_string(),
        "pcap (nanoseconds, little-endian)"
    );
}

#[test]
fn pcap_keeps_seconds_modulo_two_to_the_32() {
    let file = written(
        WriteOptions::default(),
        &[(Timestamp::new((1 << 32) + 7, 0), 0, vec![])],
    );
    assert_eq!(read(file, 1024)[0].0, Timestamp::new(7, 0));
}

#[test]
fn a_packet_above_the_snap_length_raises_it_in_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("big.pcap");
    let data = vec![7; 300_000];
    let mut writer = CaptureWriter::create(&path).unwrap();
    writer.write(&Timestamp::default(), 300_000, &data).unwrap();
    writer.write(&Timestamp::default(), 1, &[1]).unwrap();
    writer.finish().unwrap();
    let file = std::fs::read(&path).unwrap();
    assert_eq!(file[16..20], 300_000_u32.to_le_bytes());
    assert_eq!(file.len(), 24 + 16 + 300_000 + 17);

    let mut reader = CaptureReader::open(&path).unwrap();
    assert_eq!(reader.total_bytes(), Some(file.len() as u64));
    assert_eq!(reader.next_packet().unwrap().unwrap().data, &data[..]);
    assert_eq!(reader.next_packet().unwrap().unwrap().data, [1]);
    assert!(reader.next_packet().unwrap().is_none());
}

#[test]
fn the_writer_buffers_and_loses_nothing() {
    let packets: Vec<Owned> = (0..20_000)
        .map(|n| (Timestamp::from_nanos(n * 1000), 60, vec![n as u8; 60]))
        .collect();
    let file = written(WriteOptions::default(), &packets);
    assert_eq!(file.len(), 24 + packets.len() * 76);
    assert_eq!(read(file, 1 << 16), packets);
}

#[test]
fn unwritable_output_names_the_file() {
    let error = CaptureWriter::create(std::path::Path::new("/nonexistent/x.pcap")).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("/nonexistent/x.pcap: cannot be written")
    );
    assert_eq!(error.remedy(), "create the directory first");

    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut writer = CaptureWriter::from_write(Full, "full.pcap").unwrap();
    writer.write(&Timestamp::default(), 1, &[1]).unwrap();
    let error = writer.finish().unwrap_err();
    assert_eq!(error.file(), "full.pcap");
    assert!(error.remedy().contains("free some space"));
}
