//! `scr trace gen`, and the captures that it made for these tests.

use std::fs;

use crate::capture;
use crate::run::{data, data_file, scr};

/// The lines of `recipes.txt`: file name and options.
fn recipes() -> Vec<(String, Vec<String>)> {
    let text = fs::read_to_string(data().join("recipes.txt")).unwrap();
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| {
            let (name, options) = line.split_once(':').expect("name: options");
            let options = options.split_whitespace().map(str::to_owned).collect();
            (name.to_owned(), options)
        })
        .collect()
}

/// Regenerating gives the same bytes. With `SCR_BLESS` set in the environment, the files are written anew instead.
#[test]
fn the_committed_captures_are_reproducible() {
    let folder = tempfile::tempdir().unwrap();
    let bless = std::env::var_os("SCR_BLESS").is_some();
    let recipes = recipes();
    assert!(recipes.len() >= 5);
    for (name, options) in recipes {
        let committed = data().join(&name);
        let made = if bless {
            committed.clone()
        } else {
            folder.path().join(&name)
        };
        let mut arguments = vec![
            "trace".into(),
            "gen".into(),
            "-o".into(),
            made.clone().into_os_string(),
        ];
        arguments.extend(options.into_iter().map(Into::into));
        scr(arguments).ok();
        let same = fs::read(&made).unwrap() == fs::read(&committed).unwrap();
        assert!(same, "{name} is not what its recipe makes");
    }
}

/// The captures are of use only while they hold what the tests are about.
#[test]
fn the_nasty_capture_is_nasty() {
    let packets = capture::read(&data_file("nasty.pcap"));
    let count = |is: &dyn Fn(&[u8]) -> bool| packets.iter().filter(|p| is(&p.data)).count();
    let ethertype = |data: &[u8], at: usize, value: [u8; 2]| data.get(at..at + 2) == Some(&value);
    assert!(count(&|d| d.is_empty()) > 0, "empty");
    assert!(count(&|d| (1..14).contains(&d.len())) > 0, "runts");
    assert!(count(&|d| ethertype(d, 12, [0x81, 0])) > 0, "VLAN");
    assert!(count(&|d| ethertype(d, 12, [0x88, 0xa8])) > 0, "QinQ");
    assert!(count(&|d| ethertype(d, 12, [0x86, 0xdd])) > 0, "IPv6");
    assert!(count(&|d| ethertype(d, 12, [0x08, 0x06])) > 0, "ARP");
    let ipv4 = |d: &[u8]| ethertype(d, 12, [0x08, 0]) && d.len() >= 34;
    assert!(count(&|d| ipv4(d) && d[14] > 0x45) > 0, "options");
    assert!(
        count(&|d| ipv4(d) && (d[20] & 0x1f, d[21]) != (0, 0)) > 0,
        "fragments"
    );
    let cut = |p: &&capture::Packet| p.data.len() == 600 && p.original > 600;
    assert!(
        packets.iter().filter(cut).count() > 0,
        "cut by the snap length"
    );
}

#[test]
fn formats_hold_the_same_packets() {
    let folder = tempfile::tempdir().unwrap();
    let make = |format: &[&str]| {
        let path = folder.path().join("x");
        let mut arguments = vec![
            "trace",
            "gen",
            "--packets",
            "500",
            "--preset",
            "nasty",
            "-o",
        ];
        arguments.push(path.to_str().unwrap());
        arguments.extend(format);
        scr(arguments).ok();
        capture::read(&path)
    };
    let nanoseconds = make(&[]);
    assert!(nanoseconds.len() >= 500);
    assert_eq!(make(&["--format", "pcapng-ns"]), nanoseconds);
    assert_eq!(make(&["--big-endian"]), nanoseconds);
    let mut microseconds = nanoseconds;
    for packet in &mut microseconds {
        packet.nanos -= packet.nanos % 1000;
    }
    assert_eq!(make(&["--format", "pcap-us"]), microseconds);
    assert_eq!(
        make(&["--format", "pcapng-us", "--big-endian"]),
        microseconds
    );
}

#[test]
fn options_out_of_range_are_refused() {
    let message = |options: &[&str], parts: &[&str]| {
        let mut arguments = vec!["trace", "gen", "-o", "/dev/null"];
        arguments.extend(options);
        scr(arguments).fails(2, parts);
    };
    message(&["--skew", "zipf:11"], &["--skew", "ALPHA from 0 to 10"]);
    message(&["--flows", "0"], &["flows", "1 to 16777216"]);
    message(&["--rate", "0"], &["rate", "above 0"]);
    message(&["--rate", "1e-9"], &["rate", "2106"]);
    message(&["--flows", "-1"], &["--flows", "-1"]);
    message(&["--protocols", "tcp:1,tcp:2"], &["--protocols"]);
    message(&["--oddities", "vlam=0.1"], &["vlam", "ipv6-extensions"]);
    message(&["--preset", "nice"], &["--preset", "port-knock"]);
    message(&["--sizes", "fixed:10"], &["--sizes", "60 to 65000"]);
}
