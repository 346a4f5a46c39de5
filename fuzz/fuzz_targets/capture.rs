//! The capture reader on arbitrary files: an error or packets, never a panic, never more bytes than there are. A strict reader
//! finds the same packets, up to what it refuses; what is compressed reads like what it was.
#![no_main]

use std::io::{Cursor, Write};

use libfuzzer_sys::fuzz_target;
use scr_capture::CaptureReader;

/// Packets after which an input has shown what it can: a few compressed bytes may stand for very many.
const ENOUGH: usize = 50_000;

/// What a file holds: original length and bytes of each packet, and whether the file is compressed.
struct Held {
    packets: Vec<(u32, Vec<u8>)>,
    compressed: bool,
    refused: bool,
}

fn read(bytes: &[u8], strict: bool, chunk: usize) -> Option<Held> {
    let source = Cursor::new(bytes.to_vec());
    let mut reader = CaptureReader::from_read_with_chunk(source, "fuzz", chunk)
        .ok()?
        .strict(strict);
    let mut packets = Vec::new();
    let refused = loop {
        match reader.next_packet() {
            Ok(Some(packet)) => packets.push((packet.original_len, packet.data.to_vec())),
            Ok(None) => break false,
            Err(_) => break true,
        }
        if packets.len() == ENOUGH {
            break false;
        }
    };
    let account = reader.account();
    let left_out = account.packets_left_out();
    assert_eq!(reader.packets_read(), packets.len() as u64 + left_out);
    let converted: u64 = account.converted().iter().map(|(_, count)| count).sum();
    assert!(converted <= packets.len() as u64);
    assert!(!strict || account.cut.is_none());
    Some(Held {
        packets,
        compressed: reader.compression().is_some(),
        refused,
    })
}

fuzz_target!(|bytes: &[u8]| {
    let Some(held) = read(bytes, false, 64) else {
        return;
    };
    if !held.compressed {
        // A packet may have been given an Ethernet header.
        let total: usize = held.packets.iter().map(|(_, data)| data.len()).sum();
        assert!(total <= bytes.len() + 14 * held.packets.len());

        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(bytes).unwrap();
        let zstd = zstd::stream::encode_all(bytes, 1).unwrap();
        for compressed in [gzip.finish().unwrap(), zstd] {
            let again = read(&compressed, false, 1 << 12).unwrap();
            assert!(again.compressed);
            assert_eq!(again.packets, held.packets);
            assert_eq!(again.refused, held.refused);
        }
    }
    let strict = read(bytes, true, 7).unwrap();
    assert!(held.packets.starts_with(&strict.packets));
    assert!(strict.refused || strict.packets.len() == held.packets.len());
});
