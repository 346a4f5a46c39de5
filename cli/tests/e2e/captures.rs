//! Captures that people have: compressed, cut short, of other link types, of older and modified formats.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::args;
use crate::capture::{self, Packet};
use crate::run::{Ran, data_file, scr, scr_reading};

/// A capture that failed when it was handed in.
fn case(name: &str) -> PathBuf {
    data_file("cases").join(name)
}

fn replay(input: &Path, more: &[&str]) -> Ran {
    let mut arguments = args!["replay", input, "--nic", "model", "--json"].to_vec();
    arguments.extend(more.iter().map(OsString::from));
    scr(arguments)
}

/// Every command that reads a capture, with its object of `--json`.
fn readers(input: &Path) -> Vec<Vec<OsString>> {
    vec![
        args!["replay", input, "--nic", "model", "--json"].to_vec(),
        args!["sequence", input, "-o", "/dev/null", "--json"].to_vec(),
        args!["decode", input, "--json"].to_vec(),
    ]
}

/// `packets`, `sequenced` and `passed_by`.
fn counts(object: &Value) -> [u64; 3] {
    ["packets", "sequenced", "passed_by"].map(|key| object[key].as_u64().unwrap())
}

/// What a program makes of a file, beside it.
fn through(program: &str, arguments: &[&str], input: &Path, output: &str) -> PathBuf {
    let path = input.with_file_name(output);
    let status = Command::new(program)
        .args(arguments)
        .stdin(fs::File::open(input).unwrap())
        .stdout(fs::File::create(&path).unwrap())
        .stderr(Stdio::null())
        .status()
        .unwrap_or_else(|error| panic!("{program}: {error}; scripts/setup installs it"));
    assert!(status.success(), "{program}");
    path
}

#[test]
fn packets_without_an_ethernet_header_are_given_one() {
    let folder = tempfile::tempdir().unwrap();
    let (out, frames) = (folder.path().join("out"), folder.path().join("frames"));
    for (name, link_type, number, source) in [
        ("linktype-sll.pcap", "LINUX_SLL", 113, [2, 0, 0, 0, 0, 1]),
        ("linktype-raw.pcap", "RAW", 101, [0; 6]),
    ] {
        let input = case(name);
        let ran = scr(args![
            "replay", &input, "--nic", "model", "--json", "--out", &out, "--frames", &frames
        ])
        .ok();
        let object = ran.json();
        assert_eq!(counts(&object), [3, 3, 0], "{name}");
        assert_eq!(object["verified"], true);
        assert_eq!(object["link_types"], json!({ link_type: 3 }));
        assert_eq!(object.get("left_out"), None);
        let note =
            format!("packets were given an Ethernet header: 3 of link type {number} ({link_type})");
        assert_eq!(ran.stderr.matches(&note).count(), 1, "{}", ran.stderr);
        assert!(ran.stderr.contains(name));

        // The outputs are Ethernet; the reader of captures here takes nothing else.
        let packets = capture::read(&out);
        assert_eq!(packets.len(), 3);
        for (i, packet) in packets.iter().enumerate() {
            assert_eq!(packet.data[..6], [0; 6]);
            assert_eq!(packet.data[6..12], source, "{name}");
            assert_eq!(packet.data[12..16], [0x08, 0, 0x45, 0]);
            assert_eq!((packet.data.len(), packet.original), (46, 46));
            assert_eq!(packet.seconds, 1_700_000_000 + i as u64);
        }
        for frame in capture::read(&frames) {
            let prefix = frame.data.len() - 46;
            assert_eq!(prefix % 64, 0);
            assert_eq!(frame.data[prefix..][6..12], source);
        }
        // What comes out goes in again, and needs nothing said about it.
        let again = replay(&out, &[]).ok();
        assert_eq!(counts(&again.json()), [3, 3, 0]);
        assert_eq!(again.json().get("link_types"), None);
        assert!(!again.stderr.contains("note: "), "{}", again.stderr);
        for arguments in readers(&input) {
            let ran = scr(arguments).ok();
            assert_eq!(ran.json()["link_types"], json!({ link_type: 3 }));
            assert_eq!(ran.stderr.matches("note: ").count(), 1);
        }
    }
    assert_eq!(
        counts(&replay(&case("header-only-null.pcap"), &[]).ok().json()),
        [0, 0, 0]
    );
}

/// A pcapng block.
fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let mut body = body.to_vec();
    body.resize(body.len().next_multiple_of(4), 0);
    let length = (12 + body.len() as u32).to_le_bytes();
    [&kind.to_le_bytes()[..], &length, &body, &length].concat()
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// A pcapng with interfaces of these link types, and packets on them.
fn pcapng(link_types: &[u32], packets: &[(u32, &[u8])]) -> Vec<u8> {
    let mut file = block(0x0a0d_0d0a, &words(&[0x1a2b_3c4d, 1, u32::MAX, u32::MAX]));
    for link_type in link_types {
        file.extend(block(1, &words(&[*link_type, 0])));
    }
    for (interface, data) in packets {
        let length = data.len() as u32;
        let head = words(&[*interface, 0, 5, length, length]);
        file.extend(block(6, &[&head, *data].concat()));
    }
    file
}

#[test]
fn interfaces_may_differ() {
    let object = replay(&case("mixed-interfaces.pcapng.pcap"), &[])
        .ok()
        .json();
    assert_eq!(counts(&object), [3, 3, 0]);
    assert_eq!(object["link_types"], json!({ "LINUX_SLL": 1 }));

    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("mixed.pcapng");
    let out = folder.path().join("out.pcap");
    let syn = capture::read(&data_file("mix.pcap")).remove(0).data;
    let lcp: &[u8] = &[0xff, 3, 0xc0, 0x21, 1, 1];
    let wifi: &[u8] = &[8, 0, 1, 2, 3];
    let packets: [(u32, &[u8]); 7] = [
        (2, wifi),
        (0, &syn),
        (1, lcp),
        (1, &[0]),
        (3, wifi),
        (2, wifi),
        (0, &syn),
    ];
    fs::write(&input, pcapng(&[1, 9, 105, 65_001], &packets)).unwrap();
    let left_out = json!({
        "65001": { "link-type": 1 },
        "IEEE802_11": { "link-type": 2 },
        "PPP": { "payload": 1, "short": 1 },
    });

    let ran = replay(&input, &["--out", out.to_str().unwrap()]).ok();
    let object = ran.json();
    assert_eq!(counts(&object), [7, 2, 5]);
    assert_eq!(object["left_out"], left_out);
    assert_eq!(object.get("link_types"), None);
    assert_eq!(ran.stderr.matches("warning: ").count(), 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("2 of link type 105 (IEEE802_11)"),
        "{}",
        ran.stderr
    );
    let kept: Vec<_> = capture::read(&out).into_iter().map(|p| p.data).collect();
    assert_eq!(kept, [syn.clone(), syn]);

    for mut arguments in readers(&input) {
        let ran = scr(&arguments).ok();
        let object = ran.json();
        assert_eq!(object["left_out"], left_out);
        assert_eq!(ran.stderr.matches("warning: ").count(), 1);
        if let Some(frames) = object["frames"].as_array() {
            let numbers: Vec<_> = frames
                .iter()
                .map(|f| f["number"].as_u64().unwrap())
                .collect();
            assert_eq!(numbers, [2, 7], "numbers are those of the capture");
        }
        arguments.push("--strict".into());
        scr(arguments).fails(2, &["packet 1 at byte 108", "105 (IEEE802_11)", "--strict"]);
    }

    // Where nothing can be read it is no success.
    fs::write(&input, pcapng(&[105], &[(0, wifi)])).unwrap();
    for arguments in readers(&input) {
        scr(arguments).fails(
            2,
            &["packet 1 at byte 48", "105 (IEEE802_11)", "LINUX_SLL2"],
        );
    }
}

#[test]
fn a_compressed_capture_reads_like_the_plain_one() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["mix.pcap", "mix-us.pcapng"] {
        let input = folder.path().join(name);
        fs::copy(data_file(name), &input).unwrap();
        let expected: Vec<Ran> = readers(&input).into_iter().map(scr).collect();
        for (program, arguments, suffix) in [
            ("gzip", &["-c"][..], "gz"),
            ("zstd", &["-qc"][..], "zst"),
            ("zstd", &["-qc", "--long=27"][..], "x"),
        ] {
            let compressed = through(program, arguments, &input, &format!("{name}.{suffix}"));
            for (arguments, expected) in readers(&compressed).into_iter().zip(&expected) {
                same(&scr(arguments).ok(), expected);
            }
            for (arguments, expected) in readers(Path::new("-")).into_iter().zip(&expected) {
                same(&scr_reading(arguments, &compressed).ok(), expected);
            }
        }
    }
    let object = replay(&case("compressed.pcap.gz"), &[]).ok().json();
    assert_eq!(counts(&object), [1, 1, 0]);
}

/// The same results, as far as the clock has no part in them.
#[track_caller]
fn same(ran: &Ran, expected: &Ran) {
    let [mut ran, mut expected] = [ran.json(), expected.json()];
    for object in [&mut ran, &mut expected] {
        for key in ["seconds", "mpps"] {
            if let Some(object) = object.as_object_mut() {
                object.remove(key);
            }
        }
    }
    assert_eq!(ran, expected);
}

#[test]
fn damaged_and_cut_streams() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("plain.pcap");
    // zstd decompresses 128 KiB at once: a cut in the middle must leave some.
    scr(args!["trace", "gen", "-o", &input, "--packets", "3000"]).ok();
    let all = capture::read(&input);
    for (program, name) in [("gzip", "x.gz"), ("zstd", "x.zst")] {
        let compressed = through(program, &["-c"], &input, name);
        let bytes = fs::read(&compressed).unwrap();

        let mut damaged = bytes.clone();
        let end = damaged.len() - 1;
        damaged[end] ^= 0x55;
        fs::write(&compressed, &damaged).unwrap();
        for arguments in readers(&compressed) {
            let stream = format!("the {program} stream is damaged at its byte");
            scr(arguments).fails(
                2,
                &[
                    "(decompressed): ",
                    &stream,
                    "within packet 3001",
                    "get it again",
                ],
            );
        }

        fs::write(&compressed, &bytes[..bytes.len() / 2]).unwrap();
        let ran = replay(&compressed, &[]).ok();
        let object = ran.json();
        let [packets, ..] = counts(&object);
        assert!(packets > 200 && packets < 2500, "{packets}");
        let byte: usize = 24
            + all[..packets as usize]
                .iter()
                .map(|p| 16 + p.data.len())
                .sum::<usize>();
        assert_eq!(
            object["capture_cut"],
            json!({ "packet": packets + 1, "byte": byte })
        );
        let of = format!("byte {byte} of what its {program} stream decompresses to");
        assert!(ran.stderr.contains(&of), "{}", ran.stderr);
        replay(&compressed, &["--strict"]).fails(2, &["ends within packet", "(decompressed)"]);
    }
}

#[test]
fn captures_cut_short() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.pcap");
    for name in ["cut-short.pcap", "cut-short-ns.pcap"] {
        let input = case(name);
        let ran = replay(&input, &["--out", out.to_str().unwrap()]).ok();
        let object = ran.json();
        assert_eq!(counts(&object), [2, 2, 0]);
        let cut = json!({ "packet": 3, "byte": 164 });
        assert_eq!(object["capture_cut"], cut);
        assert_eq!(object["verified"], true);
        assert_eq!(capture::read(&out).len(), 2);
        for (arguments, more) in readers(&input).into_iter().zip([0, 0, 0]) {
            let ran = scr(&arguments).ok();
            assert_eq!(ran.json()["capture_cut"], cut);
            assert_eq!(ran.stderr.matches("warning: ").count(), 1 + more);
            let said = "is cut short within packet 3, whose record starts at byte 164; the 2 packets before it were read";
            assert!(ran.stderr.contains(said), "{}", ran.stderr);
            let strict = arguments.into_iter().chain(["--strict".into()]);
            scr(strict).fails(
                2,
                &[name, "ends within packet 3", "byte 164", "60 of 70 bytes"],
            );
        }
        // From a pipe that ends there, too.
        let ran = scr_reading(args!["decode", "-"], &input).ok();
        assert!(ran.stderr.contains("standard input: is cut short"));
    }
}

#[test]
fn a_cosimulation_says_what_it_left_out_once() {
    let input = case("cut-short.pcap");
    let ran = scr(args!["cosim", &input, "--json"]).ok();
    let object = ran.json();
    assert_eq!(
        (&object["rounds"], &object["packets"]),
        (&json!(2), &json!(4))
    );
    assert_eq!(object["capture_cut"], json!({ "packet": 3, "byte": 164 }));
    assert_eq!(ran.stderr.matches("warning: ").count(), 1, "{}", ran.stderr);
    scr(args!["cosim", &input, "--strict"]).fails(2, &["ends within packet 3"]);
    let ran = scr(args!["cosim", case("linktype-sll.pcap"), "--json"]).ok();
    assert_eq!(ran.json()["link_types"], json!({ "LINUX_SLL": 3 }));
}

#[test]
fn old_and_modified_formats() {
    for (name, packets) in [
        ("modified-kuznetzov.pcap", 1),
        ("swapped-lengths-2.2.pcap", 2),
    ] {
        let object = replay(&case(name), &[]).ok().json();
        assert_eq!(counts(&object), [packets, packets, 0], "{name}");
    }
    replay(&case("version-1.4.pcap"), &[]).fails(2, &["version-1.4.pcap", "version 1.4", "help: "]);
}

#[test]
fn fractions_of_a_second_or_more() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("x.pcap");
    // Nanoseconds under the magic number of microseconds.
    let mut bytes = capture::emit(&[
        Packet::new(1, 999_999_999, &[0; 60]),
        Packet::new(2, 7, &[0; 60]),
    ]);
    bytes[..2].copy_from_slice(&[0xd4, 0xc3]);
    fs::write(&input, bytes).unwrap();
    for arguments in readers(&input) {
        let ran = scr(arguments).ok();
        assert_eq!(ran.json()["carried_fractions"], 1);
        let said = "1 packets, from packet 1 on, have a fraction of a second or more";
        assert_eq!(ran.stderr.matches(said).count(), 1, "{}", ran.stderr);
    }
}
