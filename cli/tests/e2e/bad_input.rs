//! Bad input and bad usage: a clear message, exit status 2, never a panic.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::args;
use crate::capture::{self, Packet};
use crate::run::{data_file, scr};

/// Every command that reads a capture, reading this one.
fn readers(input: &Path) -> Vec<Vec<OsString>> {
    vec![
        args!["sequence", input, "-o", "/dev/null"].to_vec(),
        args!["decode", input].to_vec(),
        args!["replay", input, "--nic", "model"].to_vec(),
    ]
}

/// All readers must refuse `bytes`, naming the file and saying all of `parts`.
fn refused(bytes: &[u8], parts: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken.pcap");
    fs::write(&path, bytes).unwrap();
    let mut parts = parts.to_vec();
    parts.extend(["broken.pcap", "help: "]);
    for arguments in readers(&path) {
        scr(arguments).fails(2, &parts);
    }
}

/// All readers must take `bytes` with a warning that says all of `parts`, and refuse them with `--strict`.
fn refused_strictly(bytes: &[u8], parts: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("short.pcap");
    fs::write(&path, bytes).unwrap();
    let mut parts = parts.to_vec();
    parts.push("short.pcap");
    for mut arguments in readers(&path) {
        let taken = scr(&arguments).ok();
        for part in parts.iter().chain(&["warning: ", "cut short"]) {
            assert!(
                taken.stderr.contains(part),
                "no {part:?} in {}",
                taken.stderr
            );
        }
        assert_eq!(taken.stderr.matches("warning: ").count(), 1);
        arguments.push("--strict".into());
        parts.push("help: ");
        scr(arguments).fails(2, &parts);
        parts.pop();
    }
}

fn good() -> Vec<u8> {
    fs::read(data_file("mix.pcap")).unwrap()
}

#[test]
fn a_capture_cut_short_names_packet_and_byte_or_is_refused() {
    let bytes = good();
    let records = capture::parse(&bytes);
    let second = 24 + 16 + records[0].data.len();
    let offset = format!("byte {second}");
    refused_strictly(&bytes[..second + 7], &["packet 2", &offset]);
    refused_strictly(&bytes[..second + 20], &["packet 2", &offset]);
    refused_strictly(&bytes[..bytes.len() - 1], &["packet 700"]);
    refused(&bytes[..10], &["10 bytes"]);
    let ng = fs::read(data_file("mix-us.pcapng")).unwrap();
    refused_strictly(&ng[..ng.len() - 3], &["packet 300"]);
}

#[test]
fn what_is_no_capture() {
    refused(b"", &["empty"]);
    refused(b"just some text\n", &["not a pcap or pcapng capture"]);
    refused(&[0; 100], &["not a pcap or pcapng capture"]);
    refused(
        b"\x7fELF\x02\x01\x01 and so on",
        &["not a pcap or pcapng capture"],
    );
    refused(b"\x1f\x8b\x08 gzip", &["ends within the capture header"]);
    refused(b"\x1f\x8b\x07 gzip no", &["gzip stream is damaged"]);
    for arguments in readers(Path::new("/absent/x.pcap")) {
        scr(arguments).fails(2, &["/absent/x.pcap", "no such file", "help: "]);
    }
    for arguments in readers(Path::new("/tmp")) {
        scr(arguments).fails(2, &["/tmp", "directory"]);
    }
}

#[test]
fn wrong_link_types() {
    for (link_type, name) in [
        (104, "C_HDLC"),
        (127, "IEEE802_11_RADIOTAP"),
        (105, "IEEE802_11"),
    ] {
        let mut bytes = capture::header(link_type);
        // The link type is the file's, whether there are packets or not.
        refused(&bytes, &["has link type", name, "which is not read"]);
        bytes.extend(&good()[24..]);
        refused(&bytes, &["has link type", name, "which is not read"]);
    }
}

#[test]
fn a_damaged_record_names_packet_and_byte() {
    let mut bytes = good();
    bytes[24 + 8..24 + 12].fill(0xff);
    refused(&bytes, &["packet 1", "byte 24"]);
}

/// Every option of every command that writes a file, writing this one.
fn writers(output: &Path) -> Vec<(&'static str, Vec<OsString>)> {
    let input = data_file("mix.pcap");
    vec![
        ("-o", args!["sequence", &input, "-o", output].to_vec()),
        ("-o", args!["trace", "gen", "-o", output].to_vec()),
        (
            "--frames",
            args!["replay", &input, "--nic", "model", "--frames", output].to_vec(),
        ),
        (
            "--out",
            args!["replay", &input, "--nic", "model", "--out", output].to_vec(),
        ),
        (
            "--state",
            args!["replay", &input, "--nic", "model", "--state", output].to_vec(),
        ),
        (
            "--events",
            args![
                "replay",
                &input,
                "--nic",
                "model",
                "--events-state",
                "--events",
                output
            ]
            .to_vec(),
        ),
    ]
}

#[test]
fn outputs_that_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    for (_, arguments) in writers(&folder.path().join("absent/x")) {
        scr(arguments).fails(2, &["absent/x", "cannot be written", "help: "]);
    }
    for (_, arguments) in writers(folder.path()) {
        scr(arguments).fails(2, &["cannot be written", "help: "]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk() {
    for (_, arguments) in writers(Path::new("/dev/full")) {
        scr(arguments).fails(2, &["/dev/full", "cannot be written"]);
    }
}

/// A copy of a capture, whose bytes must survive.
fn copy() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("input.pcap");
    fs::write(&path, good()).unwrap();
    (folder, path)
}

#[test]
fn the_input_is_never_overwritten() {
    let (folder, input) = copy();
    let link = folder.path().join("link.pcap");
    std::os::unix::fs::symlink(&input, &link).unwrap();
    let hard = folder.path().join("hard.pcap");
    fs::hard_link(&input, &hard).unwrap();
    for output in [&input, &link, &hard] {
        scr(args!["sequence", &input, "-o", output]).fails(2, &["is also the input"]);
        for option in ["--frames", "--out", "--state", "--events"] {
            let arguments = args!["replay", &input, "--nic", "model", option, output];
            scr(arguments).fails(2, &["is also the input"]);
        }
    }
    assert_eq!(fs::read(&input).unwrap(), good());
}

#[test]
fn configurations_that_do_not_fit() {
    let input = data_file("mix.pcap");
    let refused = |options: &[&str], parts: &[&str]| {
        for command in SEQUENCERS {
            let mut arguments = args![command, &input].to_vec();
            if *command == "sequence" {
                arguments.extend(args!["-o", "/dev/null"]);
            }
            arguments.extend(options.iter().map(OsString::from));
            scr(arguments).fails(2, parts);
        }
    };
    refused(&["--cores", "0"], &["--cores 0", "1 to 128"]);
    refused(&["--cores", "129"], &["--cores 129", "1 to 128"]);
    refused(&["--cores=-1"], &["--cores"]);
    refused(&["--cores", "many"], &["--cores"]);
    refused(
        &["--profile", "flow", "--cores", "4", "--prefix-words", "1"],
        &["hold 3", "--prefix-words 2"],
    );
    refused(
        &[
            "--profile",
            "flow6-time",
            "--cores",
            "1",
            "--prefix-words",
            "1",
        ],
        &["hold 0", "--prefix-words 2"],
    );
    refused(
        &[
            "--profile",
            "flow6-time",
            "--cores",
            "63",
            "--history",
            "256",
        ],
        &["hold 62", "--cores 62"],
    );
    refused(&["--prefix-words", "0"], &["--prefix-words 0", "1 to 63"]);
    refused(&["--prefix-words", "64"], &["--prefix-words 64", "1 to 63"]);
    refused(
        &["--cores", "18", "--history", "16"],
        &["gives 17", "--history 17"],
    );
    refused(&["--history", "15"], &["--history 15", "16 to 256"]);
    refused(&["--history", "257"], &["--history 257"]);
    refused(
        &["--profile", "flows"],
        &["unknown profile \"flows\"", "flow6-time"],
    );
    refused(
        &["--profile", "absent.toml"],
        &["absent.toml", "cannot be read"],
    );
}

/// Commands that take the options of a sequencer.
const SEQUENCERS: &[&str] = &["sequence", "replay", "cosim"];

#[test]
fn odd_packets_are_handled() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.pcap");
    let mut long = Packet::new(7, 7, &[0x55; 70_000]);
    long.original = 10; // Shorter than captured: real captures have it.
    let mut cut = capture::read(&data_file("mix.pcap")).remove(0);
    cut.data.truncate(20);
    let packets = [
        Packet::new(1, 0, &[]),
        Packet::new(2, 0, &[1]),
        cut,
        long,
        Packet::new(u64::from(u32::MAX), 999_999_999, &[0; 14]),
    ];
    capture::write(&path, &packets);
    for arguments in readers(&path) {
        scr(arguments).ok();
    }
}
