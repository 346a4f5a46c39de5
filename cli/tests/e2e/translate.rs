//! NAT, load balancer and chains through the binary: what comes out is judged by an address book and full checksums.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::args;
use crate::capture::{self, Packet};
use crate::run::scr;

/// Address and port.
type End = ([u8; 4], u16);

const REMOTE: End = ([198, 51, 100, 7], 53);
const EXTERNAL: [u8; 4] = [203, 0, 113, 1];
const VIP: [u8; 4] = [203, 0, 113, 10];

fn end(address: [u8; 4], port: u16) -> End {
    (address, port)
}

/// One's complement sum.
fn sum(words: &[u8]) -> u16 {
    let mut sum = 0u64;
    for pair in words.chunks(2) {
        sum += u64::from(pair[0]) * 256 + u64::from(pair.get(1).copied().unwrap_or(0));
    }
    while sum > 0xffff {
        sum = sum % 65_536 + sum / 65_536;
    }
    sum as u16
}

/// Where the IPv4 header is, behind tags.
fn ip_at(frame: &[u8]) -> usize {
    let mut at = 12;
    while matches!(frame[at..at + 2], [0x81, 0] | [0x88, 0xa8]) {
        at += 4;
    }
    at + 2
}

fn transport_at(frame: &[u8]) -> usize {
    let ip = ip_at(frame);
    ip + usize::from(frame[ip] % 16) * 4
}

fn pseudo(frame: &[u8]) -> Vec<u8> {
    let (ip, at) = (ip_at(frame), transport_at(frame));
    let mut words = frame[ip + 12..ip + 20].to_vec();
    words.extend([0, frame[ip + 9]]);
    words.extend(((frame.len() - at) as u16).to_be_bytes());
    words.extend(&frame[at..]);
    words
}

/// A packet with correct checksums.
fn packet(src: End, dst: End, udp: bool, n: usize) -> Vec<u8> {
    let mut frame = vec![2; 12];
    for _ in 0..n % 3 {
        frame.extend([0x81, 0, 0, 9]);
    }
    let options = n % 4 * 4;
    frame.extend([8, 0, 0x45 + (options / 4) as u8, 0]);
    let length = 20 + options + if udp { 8 } else { 20 } + n % 37;
    frame.extend((length as u16).to_be_bytes());
    frame.extend([n as u8, 1, 0, 0, 60, if udp { 17 } else { 6 }, 0, 0]);
    frame.extend(src.0);
    frame.extend(dst.0);
    frame.extend(vec![1; options]);
    frame.extend(src.1.to_be_bytes());
    frame.extend(dst.1.to_be_bytes());
    if udp {
        frame.extend((8 + (n % 37) as u16).to_be_bytes());
        frame.extend([0, 0]);
    } else {
        frame.extend([0, 0, 1, n as u8, 0, 0, 2, 0, 0x50, 0x10, 8, 0, 0, 0, 0, 0]);
    }
    frame.extend((0..n % 37).map(|i| (i * n) as u8));
    let (ip, at) = (ip_at(&frame), transport_at(&frame));
    let header = !sum(&frame[ip..at]);
    frame[ip + 10..ip + 12].copy_from_slice(&header.to_be_bytes());
    // Every fifth UDP packet has no checksum.
    if !udp || !n.is_multiple_of(5) {
        let field = at + if udp { 6 } else { 16 };
        let mut transport = !sum(&pseudo(&frame));
        if udp && transport == 0 {
            transport = 0xffff;
        }
        frame[field..field + 2].copy_from_slice(&transport.to_be_bytes());
    }
    frame
}

#[track_caller]
fn assert_sums(frame: &[u8]) {
    let (ip, at) = (ip_at(frame), transport_at(frame));
    assert_eq!(sum(&frame[ip..at]), 0xffff);
    let udp = frame[ip + 9] == 17;
    if !udp || frame[at + 6..at + 8] != [0, 0] {
        assert_eq!(sum(&pseudo(frame)), 0xffff);
    }
}

fn ends(frame: &[u8]) -> (End, End) {
    let (ip, at) = (ip_at(frame), transport_at(frame));
    let address = |at: usize| frame[at..at + 4].try_into().unwrap();
    let port = |at: usize| u16::from(frame[at]) << 8 | u16::from(frame[at + 1]);
    (
        end(address(ip + 12), port(at)),
        end(address(ip + 16), port(at + 2)),
    )
}

/// A capture of these packets, a tenth of a second apart.
fn write(path: &Path, frames: &[Vec<u8>]) {
    let packets: Vec<Packet> = frames
        .iter()
        .enumerate()
        .map(|(n, frame)| Packet::new(1000 + n as u64 / 10, n as u32 % 10 * 100_000_000, frame))
        .collect();
    capture::write(path, &packets);
}

/// What a replay printed, let out, and left.
struct Ran {
    json: Value,
    out: Vec<Packet>,
    state: Value,
}

fn replay(input: &Path, nf: &str, cores: usize, more: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let (out, state) = (
        folder.path().join("out.pcap"),
        folder.path().join("state.json"),
    );
    let mut arguments = args![
        "replay",
        input,
        "--nf",
        nf,
        "--nic",
        "model",
        "--json",
        "--cores",
        cores.to_string(),
        "--out",
        &out,
        "--state",
        &state
    ]
    .to_vec();
    arguments.extend(more.iter().map(OsString::from));
    let json = scr(arguments).ok().json();
    assert_eq!(
        (&json["replicas_agree"], &json["verified"]),
        (&true.into(), &true.into())
    );
    assert_eq!(json["nf"], nf);
    Ran {
        json,
        out: capture::read(&out),
        state: serde_json::from_slice(&fs::read(&state).unwrap()).unwrap(),
    }
}

/// The same for k from 1 to 7: the same packets go out and the same state remains. With losses too, as long as no row
/// is lost everywhere, the state is the same, and what goes out is what was not lost.
fn replay_all(input: &Path, nf: &str, options: &[&str]) -> Ran {
    let ran = replay(input, nf, 1, options);
    for cores in 2..=7 {
        let other = replay(input, nf, cores, options);
        assert_eq!(other.out, ran.out, "k = {cores}");
        assert_eq!(other.state, ran.state, "k = {cores}");
        if cores > 2 {
            let lose = ["--lose", "3,20,21,40,70-71", "--prefix-words", "12"];
            let lossy = replay(input, nf, cores, &[options, &lose].concat());
            assert_eq!(lossy.json["loss"]["rows_lost_everywhere"], 0);
            assert_eq!(lossy.state, ran.state);
            assert!(lossy.out.len() < ran.out.len());
            let mut rest = ran.out.iter();
            assert!(
                lossy
                    .out
                    .iter()
                    .all(|packet| rest.any(|other| other == packet))
            );
        }
    }
    ran
}

#[test]
fn nat_translates_both_directions() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.pcap");
    // Forty hosts send from the same port; then everything that went out is answered.
    let mut frames = Vec::new();
    for n in 0..120 {
        let host = end([10, 0, 0, 1 + (n % 40) as u8], 5000);
        frames.push(packet(host, REMOTE, n % 2 == 0, n));
    }
    write(&input, &frames);
    let first = replay(&input, "nat", 3, &[]);
    assert_eq!(first.out.len(), 120);
    let mut external: BTreeMap<(End, bool), End> = BTreeMap::new();
    for (before, after) in frames.iter().zip(&first.out) {
        let udp = before[ip_at(before) + 9] == 17;
        assert_sums(&after.data);
        let ((src, dst), (host, _)) = (ends(&after.data), ends(before));
        assert_eq!((src.0, dst), (EXTERNAL, REMOTE));
        assert!(src.1 >= 1024);
        assert_eq!(
            *external.entry((host, udp)).or_insert(src),
            src,
            "a mapping stays"
        );
    }
    let used: BTreeSet<_> = external.iter().map(|(&(_, udp), &e)| (udp, e)).collect();
    assert_eq!(used.len(), external.len(), "no two hosts share a port");
    for after in &first.out {
        let (src, dst) = ends(&after.data);
        let udp = after.data[ip_at(&after.data) + 9] == 17;
        frames.push(packet(dst, src, udp, frames.len()));
    }
    frames.push(packet(REMOTE, end(EXTERNAL, 65_535), true, 5));
    frames.push(packet(REMOTE, end([192, 0, 2, 9], 9), true, 6));
    write(&input, &frames);
    let ran = replay_all(&input, "nat", &[]);
    assert_eq!(
        (&ran.json["profile"], ran.out.len()),
        (&"flow-time".into(), 241)
    );
    let back: BTreeMap<(End, bool), End> = external
        .iter()
        .map(|(&(host, udp), &e)| ((e, udp), host))
        .collect();
    for (before, after) in frames[120..240].iter().zip(&ran.out[120..]) {
        assert_sums(&after.data);
        let udp = before[ip_at(before) + 9] == 17;
        assert_eq!(ends(&after.data), (REMOTE, back[&(ends(before).1, udp)]));
    }
    assert_eq!(ran.out[240].data, frames[241], "not for us");
    let entries = ran.state["entries"].as_array().unwrap();
    assert_eq!(entries.len(), external.len());
    for entry in entries {
        let host = end(
            [
                10,
                0,
                0,
                entry["internal"]
                    .as_str()
                    .unwrap()
                    .rsplit('.')
                    .next()
                    .unwrap()
                    .parse()
                    .unwrap(),
            ],
            5000,
        );
        assert_eq!(
            entry["external_port"],
            external[&(host, entry["proto"] == 17)].1
        );
        assert_eq!(entry["external"], "203.0.113.1");
    }
    assert_eq!(
        ran.state["totals"],
        serde_json::json!({"exhausted": 0, "unmapped": 1, "portless": 0})
    );
}

#[test]
fn options_of_nat_have_their_effect() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.pcap");
    let frames: Vec<_> = (0..100)
        .map(|n| packet(end([172, 16, 0, n as u8], 80), REMOTE, true, n))
        .collect();
    write(&input, &frames);
    let options = [
        "--nf-opt",
        "no-timeout",
        "--nf-opt",
        "ports=2000-2009",
        "--nf-opt",
        "external=192.0.2.4/31",
    ];
    let ran = replay_all(&input, "nat", &options);
    assert_eq!((&ran.json["profile"], ran.out.len()), (&"flow".into(), 100));
    assert_eq!(ran.state["entries"].as_array().unwrap().len(), 20);
    // With timeouts the pool is full after twenty.
    let ran = replay_all(&input, "nat", &options[2..]);
    assert_eq!(
        ran.json["verdicts"],
        serde_json::json!({"pass": 20, "drop": 80})
    );
    assert_eq!(ran.state["totals"]["exhausted"], 80);
    // A tenth of a second after another, each dies before the next ten have come.
    let ran = replay_all(
        &input,
        "nat",
        &[&options[2..], &["--nf-opt", "udp-timeout=0.95"]].concat(),
    );
    assert_eq!(ran.json["verdicts"]["pass"], 100);
}

#[test]
fn load_balancer_keeps_connections() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.pcap");
    let client = |n: usize| end([198, 51, 100, (n % 50) as u8], 30_000 + (n % 50) as u16);
    // Fifty connections, each of which sends four times; a backend goes down after the second round.
    let frames: Vec<_> = (0..200)
        .map(|n| packet(client(n), end(VIP, 443), false, n))
        .collect();
    write(&input, &frames);
    let options = [
        "--nf-opt",
        "vip=203.0.113.10:443",
        "--nf-opt",
        "backends=10.1.0.1:8443,10.1.0.2:8443,10.1.0.3:8443*2",
        "--nf-opt",
        "down=10.1.0.2:8443@10",
        "--nf-opt",
        "up=10.1.0.2:8443@15",
    ];
    let ran = replay_all(&input, "load-balancer", &options);
    assert_eq!(
        (&ran.json["profile"], ran.out.len()),
        (&"flow-time".into(), 200)
    );
    let backends: Vec<End> = ran.out.iter().map(|p| ends(&p.data).1).collect();
    let down = end([10, 1, 0, 2], 8443);
    let mut moved = 0;
    for n in 0..200 {
        assert_sums(&ran.out[n].data);
        assert_eq!(ends(&ran.out[n].data).0, client(n));
        assert_eq!(
            (backends[n].0[..3].to_vec(), backends[n].1),
            (vec![10, 1, 0], 8443)
        );
        match n {
            100..150 if backends[n - 100] == down => {
                assert_ne!(backends[n], down);
                moved += 1;
            }
            50.. => assert_eq!(backends[n], backends[n - 50], "packet {n}"),
            _ => {}
        }
    }
    assert!(moved > 0 && moved < 30);
    assert_eq!(ran.state["totals"]["moved"], moved);
    let used: BTreeSet<_> = backends[..50].iter().collect();
    assert_eq!(used.len(), 3);
    // Answers get the virtual address back.
    let mut frames = frames[..50].to_vec();
    frames.extend((0..50).map(|n| packet(backends[n], client(n), false, n)));
    frames.push(packet(end([10, 1, 0, 1], 22), client(1), false, 7));
    write(&input, &frames);
    let ran = replay_all(&input, "load-balancer", &options[..4]);
    assert_eq!(ran.json["profile"], "flow");
    for n in 50..100 {
        assert_sums(&ran.out[n].data);
        assert_eq!(ends(&ran.out[n].data), (end(VIP, 443), client(n)));
    }
    assert_eq!(ran.out[100].data, frames[100]);
}

#[test]
fn a_chain_drops_then_translates_then_counts() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.pcap");
    let frames: Vec<_> = (0..90)
        .map(|n| packet(end([10, 0, 0, (n % 3) as u8], 4000), REMOTE, true, n))
        .collect();
    write(&input, &frames);
    let options = [
        "--nf-opt",
        "ddos.threshold=10",
        "--nf-opt",
        "ports=4000-4001",
    ];
    let ran = replay_all(&input, "ddos,nat,heavy-hitter", &options);
    // Two hosts get a port, and ten packets each through; the third gets none.
    assert_eq!(
        ran.json["verdicts"],
        serde_json::json!({"pass": 20, "drop": 70})
    );
    let of = |nf: &str| -> Vec<&Value> {
        let entries = ran.state["entries"].as_array().unwrap();
        entries.iter().filter(|e| e["nf"] == nf).collect()
    };
    assert_eq!(of("ddos").len(), 3);
    assert!(of("ddos").iter().all(|e| e["packets"] == 30));
    assert_eq!(of("nat").len(), 2);
    let flows = of("heavy-hitter");
    assert_eq!(flows.len(), 2);
    assert!(
        flows
            .iter()
            .all(|e| e["src"] == "203.0.113.1" && e["packets"] == 10)
    );
    assert_eq!(ran.state["totals"]["nat.exhausted"], 10);
    for out in &ran.out {
        assert_sums(&out.data);
    }
    // The other way round the limit is on the shared address.
    let ran = replay_all(&input, "nat,ddos", &options);
    assert_eq!(ran.json["verdicts"]["pass"], 10);
}

/// Generated traffic with every oddity. Where a packet's header summed up before, it does after; where it did not, it is
/// as wrong as it was.
#[test]
fn odd_packets_keep_right_checksums_right_and_wrong_ones_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.pcap");
    let options = "--packets 3000 --flows 100 --snaplen 200 --arrivals constant";
    let mut arguments = args!["trace", "gen", "-o", &input, "--preset", "nasty"].to_vec();
    arguments.extend(options.split(' ').map(OsString::from));
    scr(arguments).ok();
    let captured = capture::read(&input);
    let originals: BTreeMap<_, _> = captured.iter().map(|p| ((p.seconds, p.nanos), p)).collect();
    assert_eq!(originals.len(), captured.len(), "no two at the same time");
    let options = ["--nf-opt", "inside=10.0.0.0/8"];
    for profile in ["flow-time", "flow6-time"] {
        let ran = replay_all(
            &input,
            "nat",
            &[&options[..], &["--profile", profile]].concat(),
        );
        let (mut rewritten, mut right) = (0, 0);
        for out in &ran.out {
            let original = originals[&(out.seconds, out.nanos)];
            assert_eq!(
                (out.original, out.data.len()),
                (original.original, original.data.len())
            );
            if out.data == original.data {
                continue;
            }
            rewritten += 1;
            let ip = ip_at(&out.data);
            assert_eq!(out.data[ip + 12..ip + 16], EXTERNAL);
            let header =
                |packet: &Packet| sum(&packet.data[ip..ip + usize::from(packet.data[ip] % 16) * 4]);
            assert_eq!(header(out), header(original));
            right += usize::from(header(out) == 0xffff);
        }
        assert!(
            rewritten > 500 && right * 10 > rewritten * 9,
            "{right} of {rewritten}"
        );
    }
}

#[test]
fn options_that_make_no_sense() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.pcap");
    write(&input, &[packet(REMOTE, REMOTE, true, 1)]);
    let refused = |nf: &str, options: &[&str], parts: &[&str]| {
        let mut arguments = args!["replay", &input, "--nic", "model", "--nf", nf].to_vec();
        for option in options {
            arguments.extend(args!["--nf-opt", option]);
        }
        scr(arguments).fails(2, parts);
    };
    refused("nat", &["external=10.0.0.1"], &["external", "inside"]);
    refused("nat", &["ports=5-1"], &["ports=5-1", "1024-65535"]);
    refused(
        "nat",
        &["no-timeout", "tcp-timeout=3"],
        &["no-timeout", "tcp-timeout"],
    );
    refused("load-balancer", &["table=100"], &["prime", "65537"]);
    refused(
        "load-balancer",
        &["down=10.9.9.9@1"],
        &["no backend 10.9.9.9"],
    );
    refused("ddos,nat,ddos", &[], &["ddos", "twice"]);
    refused("ddos,firewall", &[], &["firewall", "load-balancer"]);
    refused(
        "ddos,heavy-hitter",
        &["threshold=1"],
        &["ddos.threshold or heavy-hitter.threshold"],
    );
    refused("ddos,nat", &["burst=1"], &["burst", "nat.ports=LOW-HIGH"]);
}
