//! The frame decoder on arbitrary bytes: it never panics, what it accepts is consistent, and a header that
//! it read is emitted as the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scr_wire::{Frame, profile};

fuzz_target!(|bytes: &[u8]| {
    for profile in profile::BUILTIN {
        let Ok(frame) = Frame::parse(bytes, profile) else {
            continue;
        };
        let (header, geometry) = (*frame.header(), frame.geometry());
        assert!(header.core < header.cores);
        let rows = usize::from(header.valid_rows);
        assert!((1..=geometry.rows()).contains(&rows));
        assert_eq!(frame.rows().len(), rows * profile.row_bytes());
        for (i, row) in frame.rows().chunks(profile.row_bytes()).enumerate() {
            assert_eq!(frame.row(i), Some(row));
            let _ = profile.decode(row);
        }
        assert_eq!(frame.row(rows), None);
        assert_eq!(frame.packet().len() + geometry.prefix_bytes(), bytes.len());

        // Bridges may rewrite byte 0 and the two low bits of byte 6, so these are not compared.
        let emitted = header.emit();
        assert_eq!(emitted[1..6], bytes[1..6]);
        assert_eq!(emitted[6] >> 2, bytes[6] >> 2);
        assert_eq!(emitted[7..], bytes[7..16]);
    }
});
