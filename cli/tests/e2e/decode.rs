//! `scr decode`: what it prints, and what it rejects.

use crate::args;
use crate::capture::{self, Packet};
use crate::oracle::Sequencing;
use crate::run::{data_file, scr};

#[test]
fn json_says_what_the_frames_say() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("frames.pcap");
    let packets = capture::read(&data_file("nasty.pcap"));
    let frames = Sequencing::new("flow", 4).frames(&packets);
    capture::write(&path, &frames);

    let decoded = scr(args!["decode", &path, "--json"]).ok().json();
    let entries = decoded["frames"].as_array().unwrap();
    assert_eq!(entries.len(), frames.len());
    let mut sequenced = 0;
    for (entry, frame) in entries.iter().zip(&frames) {
        assert_eq!(entry["captured"], frame.data.len());
        assert_eq!(entry["length"], frame.original);
        let is_scr = frame.data.get(12..14) == Some(&[0x88, 0xb5]);
        assert_eq!(entry["kind"], if is_scr { "scr" } else { "other" });
        if is_scr {
            assert_eq!(entry["header"]["seq"], sequenced);
            assert_eq!(entry["header"]["core"], sequenced % 4);
            assert_eq!(entry["header"]["valid_rows"], (sequenced + 1).min(7));
            let row = &entry["rows"][0];
            let length = u16::from_be_bytes([frame.data[30], frame.data[31]]);
            assert_eq!(row["seq"], sequenced);
            assert_eq!(row["ip_length"], length);
            assert_eq!(row["protocol"], frame.data[28]);
            assert_eq!(entry["packet"]["captured"], frame.data.len() - 128);
            sequenced += 1;
        }
    }
    assert_eq!(decoded["total"]["scr"], sequenced);
    assert_eq!(decoded["total"]["frames"], frames.len());
}

#[test]
fn every_reason_to_reject_a_frame() {
    let packets = capture::read(&data_file("mix.pcap"));
    let good = Sequencing::new("flow", 4).frames(&packets[..1]).remove(0);
    let with = |at: usize, byte: u8| {
        let mut data = good.data.clone();
        data[at] = byte;
        Packet::new(0, 0, &data)
    };
    let cut = |to: usize| Packet::new(0, 0, &good.data[..to]);
    let frames = [
        (cut(15), "too_short"),
        (with(1, 2), "version"),
        (with(2, 99), "profile"),
        (with(15, 3), "row_size"),
        (with(15, 0x14), "flags"),
        (with(3, 0), "prefix_words"),
        (with(3, 64), "prefix_words"),
        (cut(127), "truncated"),
        (with(4, 129), "cores"),
        (with(5, 4), "core"),
        (with(14, 0), "valid_rows"),
        (with(14, 8), "valid_rows"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("frames.pcap");
    let all: Vec<Packet> = frames.iter().map(|(frame, _)| frame.clone()).collect();
    capture::write(&path, &all);

    let decoded = scr(args!["decode", &path, "--json"]).ok().json();
    for (entry, (_, reason)) in decoded["frames"].as_array().unwrap().iter().zip(&frames) {
        assert_eq!(entry["kind"], "rejected");
        assert_eq!(entry["reason"], *reason);
    }
    assert_eq!(decoded["total"]["rejected"]["valid_rows"], 2);
    let shown = scr(args!["decode", &path]).ok().stdout;
    assert!(shown.contains("rejected: version is not 1"));
    assert!(shown.contains("0 SCR, 0 other, 12 rejected: core 1, cores 1,"));
}

#[test]
fn a_reader_that_stops_early_is_no_error() {
    use std::io::Read;
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_scr"))
        .args(args!["decode", data_file("mix.pcap")])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 1];
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut first).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
}
