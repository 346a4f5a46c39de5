//! Every command that an error message prints works: it is taken out of the message, run on the file that led to it, and
//! what it makes is read.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::args;
use crate::capture::{self, Packet};
use crate::run::{data_file, scr};

/// What the messages of the reader of captures print between backquotes.
const SOURCES: [&str; 2] = [
    include_str!("../../../capture/src/error.rs"),
    include_str!("../../../capture/src/reader/sniff.rs"),
];

/// A folder with a file that is refused, and the command that the message prints.
struct Remedy {
    folder: TempDir,
    command: String,
}

impl Remedy {
    /// The remedy for a file with these bytes.
    #[track_caller]
    fn of(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("in put.pcap");
        fs::write(&input, bytes).unwrap();
        let ran = scr(args!["replay", &input, "--nic", "model"]);
        assert_eq!(ran.status, 2, "{ran:?}");
        let command = printed(&ran.stderr);
        Self { folder, command }
    }

    /// Runs it, and gives the file that it makes.
    #[track_caller]
    fn run(&self) -> PathBuf {
        let output = self.folder.path().join("out put");
        let quoted = |path: &Path| format!("'{}'", path.display());
        let line = self
            .command
            .replace("IN", &quoted(&self.folder.path().join("in put.pcap")))
            .replace("OUT", &quoted(&output));
        let ran = Command::new("sh")
            .args(["-c", &line])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(
            !text.contains("not found"),
            "{line}: {text}; scripts/setup installs it"
        );
        output
    }

    /// The packets in what it makes, which `scr` reads to the same number.
    #[track_caller]
    fn packets(&self) -> Vec<Packet> {
        let output = self.run();
        let sequenced = self.folder.path().join("again.pcap");
        let arguments = args![
            "sequence", &output, "-o", &sequenced, "--cores", "1", "--json"
        ];
        let object = scr(arguments).ok().json();
        let packets = capture::read(&sequenced);
        assert_eq!(
            object["packets"].as_u64(),
            Some(packets.len() as u64),
            "{}",
            self.command
        );
        // Without its prefix of one word each is what it was.
        packets
            .into_iter()
            .map(|mut packet| {
                if packet.data[12..14] == [0x88, 0xb5] {
                    packet.data.drain(..64);
                    packet.original -= 64;
                }
                packet
            })
            .collect()
    }
}

/// The command in the help of an error message.
#[track_caller]
fn printed(message: &str) -> String {
    let help = message
        .split("help: ")
        .nth(1)
        .unwrap_or_else(|| panic!("no help: {message}"));
    let command = help.split('`').nth(1);
    command
        .unwrap_or_else(|| panic!("no command: {message}"))
        .to_owned()
}

/// What a program makes of a capture of this name.
fn made(program: &str, arguments: &[&str], name: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("made");
    let line: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
    let ran = Command::new(program)
        .args(line)
        .arg(data_file(name))
        .arg(&output)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}; scripts/setup installs it"));
    match fs::read(&output) {
        Ok(bytes) => bytes,
        Err(_) => ran.stdout,
    }
}

/// The standard output of a program that reads a capture of this name.
fn filtered(program: &str, arguments: &[&str], bytes: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("input");
    fs::write(&input, bytes).unwrap();
    let ran = Command::new(program)
        .args(arguments)
        .stdin(fs::File::open(&input).unwrap())
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}; scripts/setup installs it"));
    assert!(ran.status.success(), "{program}: {ran:?}");
    ran.stdout
}

/// Nanoseconds in every timestamp.
fn good() -> Vec<u8> {
    fs::read(data_file("mix.pcap")).unwrap()
}

#[test]
fn compressions_that_are_not_undone_here() {
    let expected = capture::parse(&good());
    assert!(expected.iter().any(|packet| packet.nanos % 1000 != 0));
    for program in ["xz", "bzip2"] {
        let remedy = Remedy::of(&filtered(program, &["-c"], &good()));
        assert_eq!(remedy.command, format!("{program} -dc IN > OUT"));
        assert_eq!(remedy.packets(), expected);
    }
    let remedy = Remedy::of(&filtered("zstd", &["-qc", "--long=30"], &good()));
    assert_eq!(remedy.command, "zstd -dc --long=31 IN > OUT");
    assert_eq!(remedy.packets(), expected);
}

#[test]
fn formats_of_other_programs() {
    let expected = capture::read(&data_file("mix-us.pcap"));
    for format in [
        "snoop",
        "netmon1",
        "netmon2",
        "ngsniffer",
        "ngwsniffer_1_1",
        "ngwsniffer_2_0",
    ] {
        let remedy = Remedy::of(&made("editcap", &["-F", format], "mix-us.pcap"));
        assert_eq!(remedy.command, "editcap -F pcapng IN OUT", "{format}");
        let packets = remedy.packets();
        let data = |packets: &[Packet]| packets.iter().map(|p| p.data.clone()).collect::<Vec<_>>();
        assert!(data(&packets) == data(&expected), "{format}");
    }
    // IXIA's hardware and software: a pcap of microseconds with another magic number, and the length of all records behind
    // its header.
    for magic in [0x1c00_01ac_u32, 0x1c00_01ab] {
        for big in [false, true] {
            let number = |value: u32| match big {
                true => value.to_be_bytes(),
                false => value.to_le_bytes(),
            };
            let version: [u8; 4] = if big { [0, 2, 0, 4] } else { [2, 0, 4, 0] };
            let mut records = Vec::new();
            for packet in &expected {
                let length = packet.data.len() as u32;
                for word in [
                    packet.seconds as u32,
                    packet.nanos / 1000,
                    length,
                    packet.original,
                ] {
                    records.extend(number(word));
                }
                records.extend(&packet.data);
            }
            let header = [
                &number(magic)[..],
                &version,
                &[0; 8],
                &number(262_144),
                &number(1),
                &number(records.len() as u32),
            ];
            let remedy = Remedy::of(&[&header.concat()[..], &records].concat());
            assert!(remedy.packets() == expected, "{magic:x} {big}");
        }
    }
}

#[test]
fn the_remedy_for_a_damaged_capture_works() {
    let good = good();
    let expected = capture::parse(&good);
    let at: usize = 24
        + expected[..499]
            .iter()
            .map(|p| 16 + p.data.len())
            .sum::<usize>();
    let mut absurd = good;
    absurd[at + 8..at + 12].fill(0xff);
    let remedy = Remedy::of(&absurd);
    assert_eq!(remedy.command, "editcap -F pcapng IN OUT");
    assert_eq!(remedy.packets(), expected[..499], "with their nanoseconds");

    let good = fs::read(data_file("mix-us.pcapng")).unwrap();
    let expected = capture::parse(&good);
    let mut at = 0;
    let length = |at: usize| u32::from_le_bytes(good[at + 4..at + 8].try_into().unwrap()) as usize;
    // Two blocks describe section and interface.
    for _ in 0..2 + 198 {
        at += length(at);
    }
    let trailer = at + length(at) - 4;
    for (place, value) in [(trailer, 99), (at + 8, 7), (at + 20, 7_000), (at + 4, 8)] {
        let mut damaged = good.clone();
        damaged[place..place + 4].copy_from_slice(&u32::to_le_bytes(value));
        let remedy = Remedy::of(&damaged);
        assert_eq!(remedy.command, "editcap -F pcapng IN OUT");
        assert_eq!(remedy.packets(), expected[..198]);
    }
}

#[test]
fn a_hex_dump() {
    let expected = capture::parse(&good()).remove(0);
    let mut dump = String::new();
    for (i, line) in expected.data.chunks(16).enumerate() {
        dump += &format!("{:06x}", 16 * i);
        for byte in line {
            dump += &format!(" {byte:02x}");
        }
        dump += "\n";
    }
    let remedy = Remedy::of(dump.as_bytes());
    assert_eq!(remedy.command, "text2pcap IN OUT");
    let packets = remedy.packets();
    assert_eq!((packets.len(), &packets[0].data), (1, &expected.data));
}

#[test]
fn an_absent_capture() {
    let folder = tempfile::tempdir().unwrap();
    let ran = scr(args![
        "replay",
        folder.path().join("x.pcap"),
        "--nic",
        "model"
    ]);
    assert_eq!(ran.status, 2);
    let command = printed(&ran.stderr);
    assert_eq!(command, "scr trace gen -o x.pcap");
    let status = Command::new(env!("CARGO_BIN_EXE_scr"))
        .args(command.split(' ').skip(1))
        .current_dir(folder.path())
        .status();
    assert!(status.unwrap().success());
    assert!(folder.path().join("x.pcap").is_file());
}

#[test]
fn options_that_are_to_be_left_out() {
    let input = data_file("cases").join("cut-short.pcap");
    let ran = scr(args!["replay", &input, "--nic", "model", "--strict"]);
    assert_eq!(ran.status, 2);
    assert_eq!(printed(&ran.stderr), "--strict");
    scr(args!["replay", &input, "--nic", "model"]).ok();
}

/// What prints no command says in words what is to be done.
#[test]
fn remedies_in_words() {
    let mut tar = vec![b'x'; 512];
    tar[257..262].copy_from_slice(b"ustar");
    let wifi = [capture::header(105), good()[24..].to_vec()].concat();
    let twice = filtered("gzip", &["-c"], &filtered("gzip", &["-c"], &good()));
    let mut damaged = filtered("zstd", &["-qc"], &good());
    let last = damaged.len() - 1;
    damaged[last] ^= 0x55;
    let cases: [(&[u8], &str); 11] = [
        (&damaged, "get it again"),
        (b"", "wait until packets are"),
        (b"PK\x03\x04zip", "extract the capture"),
        (b"7z\xbc\xaf\x27\x1c", "extract the capture"),
        (&tar, "extract the capture"),
        (b"\x04\x22\x4d\x18", "decompress it first"),
        (b"\xa1\x2b\x3c\x4d", "with the program that wrote it"),
        (b"\x7fELF", "give a pcap or pcapng file"),
        (&twice, "give the capture that is in it"),
        (&wifi, "link types NULL, ETHERNET"),
        (
            &fs::read(data_file("cases").join("version-1.4.pcap")).unwrap(),
            "capture it again",
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("x");
    for (bytes, remedy) in cases {
        fs::write(&input, bytes).unwrap();
        let ran = scr(args!["decode", &input]);
        let help = ran
            .stderr
            .split("help: ")
            .nth(1)
            .unwrap_or_default()
            .to_owned();
        assert!(
            help.contains(remedy) && !help.contains('`'),
            "{}",
            ran.stderr
        );
        ran.fails(2, &[remedy]);
    }
}

/// No command is printed that no test here runs.
#[test]
fn every_command_in_a_remedy_is_run_here() {
    let run: BTreeSet<&str> = BTreeSet::from([
        "scr trace gen -o x.pcap",
        "editcap -F pcapng IN OUT",
        "zstd -dc --long=31 IN > OUT",
        "xz -dc IN > OUT",
        "bzip2 -dc IN > OUT",
        "text2pcap IN OUT",
        "--strict",
    ]);
    let mut printed = BTreeSet::new();
    for source in SOURCES {
        let code = source.split("#[cfg(test)]").next().unwrap_or(source);
        for line in code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            printed.extend(line.split('`').skip(1).step_by(2));
        }
    }
    assert_eq!(printed, run);
}

/// What the description of the format says of tcpdump.
#[test]
fn the_filter_for_scr_frames() {
    const PAGE: &str = include_str!("../../../docs/wire-format.md");
    let folder = tempfile::tempdir().unwrap();
    let frames = folder.path().join("frames.pcap");
    let selected = folder.path().join("selected.pcap");
    let nasty = data_file("nasty.pcap");
    let object = scr(args!["sequence", &nasty, "-o", &frames, "--json"])
        .ok()
        .json();
    let filter = PAGE
        .split('`')
        .find_map(|code| code.strip_prefix("tcpdump "))
        .expect("the page names a filter");
    let ran = Command::new("tcpdump")
        .arg("-r")
        .arg(&frames)
        .arg("-w")
        .arg(&selected)
        .args(filter.split(' '))
        .stderr(Stdio::null())
        .status()
        .unwrap_or_else(|error| panic!("tcpdump: {error}; scripts/setup installs it"));
    assert!(ran.success());
    let object = (object["sequenced"].as_u64(), object["passed_by"].as_u64());
    assert!(object.1 > Some(0));
    assert_eq!(Some(capture_len(&selected)), object.0);
}

/// How many packets a capture has that tcpdump wrote.
fn capture_len(path: &Path) -> u64 {
    let object = scr(args!["decode", path, "--json"]).ok().json();
    object["total"]["scr"].as_u64().unwrap_or_default()
}
