//! The capture reader on arbitrary files: an error or packets, never a panic, never more bytes than there are.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use scr_capture::CaptureReader;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut reader) = CaptureReader::from_read_with_chunk(Cursor::new(bytes.to_vec()), "fuzz", 64)
    else {
        return;
    };
    let mut total = 0;
    while let Ok(Some(packet)) = reader.next_packet() {
        total += packet.data.len();
    }
    assert!(total <= bytes.len());
});
