//! The packet parser and the golden sequencer on arbitrary packets: what is made of them is a valid frame
//! whose row 0 is theirs.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scr_wire::{Config, Disposition, Frame, Geometry, MAX_PREFIX_BYTES, Sequencer, Timestamp, profile};

fuzz_target!(|bytes: &[u8]| {
    let time = Timestamp { seconds: 1, nanos: 2 };
    for profile in profile::BUILTIN {
        let words = Geometry::fewest_words(profile, 3).map_or(63, Geometry::prefix_words);
        let mut config = Config::new(3, words);
        config.sequence_all = bytes.first().is_some_and(|b| b & 1 == 1);
        let Ok(mut sequencer) = Sequencer::new(profile, 16, config) else {
            continue;
        };
        let mut frame = vec![0; MAX_PREFIX_BYTES];
        // Packets of every length that the input has beginnings of, newest last.
        for end in [bytes.len() / 4, bytes.len() / 2, bytes.len()] {
            let packet = &bytes[..end];
            let parsed = scr_wire::parse::parse(packet, profile.has_ipv6());
            match sequencer.sequence(packet, time, &mut frame) {
                Disposition::PassedBy => assert!(parsed.ip_version.is_none()),
                Disposition::Sequenced { seq, core, prefix_bytes } => {
                    let mut whole = frame[..prefix_bytes].to_vec();
                    whole.extend_from_slice(packet);
                    let view = Frame::parse(&whole, profile).expect("a valid frame");
                    assert_eq!((view.header().seq, view.header().core), (seq, core));
                    assert_eq!(view.packet(), packet);
                    let mut row = vec![0; profile.row_bytes()];
                    profile.encode(&parsed, time, &mut row);
                    assert_eq!(view.row(0), Some(&row[..]));
                }
            }
        }
    }
});
