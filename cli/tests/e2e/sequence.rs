//! `scr sequence` against the oracle.

use crate::args;
use crate::capture::{self, Packet};
use crate::oracle::Sequencing;
use crate::run::{data_file, scr};

/// Ethernet, IPv4, TCP SYN from 10.0.0.`i` to 10.0.1.1:80 with a total length of 40.
fn syn(i: u8) -> Packet {
    let mut frame = vec![0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x08, 0];
    frame.extend([
        0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, i, 10, 0, 1, 1,
    ]);
    frame.extend([
        4, i, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0, 0, 0, 0, 0, 0,
    ]);
    frame.resize(60, 0);
    Packet::new(1, u32::from(i), &frame)
}

#[test]
fn the_worked_example_of_the_format() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (
        folder.path().join("in.pcap"),
        folder.path().join("out.pcap"),
    );
    let packets = [1, 2, 3].map(syn);
    capture::write(&input, &packets);
    scr(args!["sequence", &input, "-o", &output, "--cores", "3"]).ok();

    let frames = capture::read(&output);
    let expected = "020103010302020000000002 88b5 0304 \
                    0a0000030a000101040300500602 0028 \
                    0a0000020a000101040200500602 0028 \
                    0a0000010a000101040100500602 0028";
    let hex: String = frames[2].data[..64]
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert_eq!(hex, expected.replace(char::is_whitespace, ""));
    assert_eq!(frames[2].data[64..], packets[2].data);

    let shown = scr(args!["decode", &output]).ok().stdout;
    assert!(
        shown.contains("SCR seq 2 core 2 of 3 epoch 0 profile 3 (flow) prefix 1 words, 3 rows")
    );
    assert!(
        shown.contains(
            "row[2] seq 0  src_ip4 10.0.0.1  dst_ip4 10.0.1.1  src_port 1025  dst_port 80"
        )
    );
    assert!(shown.ends_with("3 frames: 3 SCR, 0 other, 0 rejected\n"));
}

#[test]
fn every_profile_on_every_kind_of_frame() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("frames.pcap");
    for name in ["nasty.pcap", "mix.pcap", "mix-us.pcapng"] {
        let input = data_file(name);
        let packets = capture::read(&input);
        for profile in ["source", "knock", "flow", "flow-time", "flow6-time"] {
            for (cores, history, extra, all) in
                [(1, 16, 0, false), (3, 64, 1, true), (14, 256, 2, false)]
            {
                let mut sequencing = Sequencing::new(profile, cores);
                sequencing.history = history;
                sequencing.words += extra;
                sequencing.all = all;
                let mut arguments = args![
                    "sequence",
                    &input,
                    "-o",
                    &output,
                    "--profile",
                    profile,
                    "--json",
                    "--cores",
                    cores.to_string(),
                    "--history",
                    history.to_string(),
                    "--prefix-words",
                    sequencing.words.to_string()
                ]
                .to_vec();
                if all {
                    arguments.push("--sequence-all".into());
                }
                let summary = scr(arguments).ok().json();
                let frames = sequencing.frames(&packets);
                assert!(
                    capture::read(&output) == frames,
                    "{name} {profile} k {cores}"
                );
                let sequenced = sequencing.fields(&packets).iter().flatten().count();
                assert_eq!(summary["packets"], packets.len());
                assert_eq!(summary["sequenced"], sequenced);
                assert_eq!(summary["passed_by"], packets.len() - sequenced);
            }
        }
    }
}

#[test]
fn a_profile_of_ones_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    capture::write(&path("in.pcap"), &[1, 2].map(syn));
    std::fs::write(
        path("pair.toml"),
        "id = 200\nname = \"pair\"\nrow_bytes = 8\nfields = [\"dst_ip4\", \"dst_port\", { zero = 2 }]\n",
    )
    .unwrap();
    let (profile, output) = (path("pair.toml"), path("out.pcap"));
    scr(args![
        "sequence",
        path("in.pcap"),
        "-o",
        &output,
        "--cores",
        "2",
        "--profile",
        &profile
    ])
    .ok();
    let frames = capture::read(&output);
    assert_eq!(frames[1].data[2], 200);
    assert_eq!(
        frames[1].data[16..32],
        [10, 0, 1, 1, 0, 80, 0, 0, 10, 0, 1, 1, 0, 80, 0, 0]
    );

    let shown = scr(args!["decode", &output]).ok().stdout;
    assert!(shown.contains("rejected: unknown profile id 200"));
    let shown = scr(args!["decode", &output, "--profile", &profile])
        .ok()
        .stdout;
    assert!(shown.contains("row[1] seq 0  dst_ip4 10.0.1.1  dst_port 80"));
}

#[test]
fn standard_output_takes_the_frames() {
    let folder = tempfile::tempdir().unwrap();
    let input = data_file("mix.pcap");
    let output = folder.path().join("frames.pcap");
    scr(args!["sequence", &input, "-o", &output]).ok();
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_scr"))
        .args(args!["sequence", &input, "-o", "-"])
        .output()
        .unwrap();
    assert!(run.status.success());
    assert_eq!(run.stdout, std::fs::read(&output).unwrap());
    scr(args!["sequence", &input, "-o", "-", "--json"]).fails(2, &["standard output"]);
}
