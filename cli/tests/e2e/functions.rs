//! Functions on captures that once came out wrong, and on what they refuse.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::args;
use crate::capture::{self, Packet};
use crate::run::{Ran, data, scr};

fn case(name: &str) -> PathBuf {
    data().join("cases").join(name)
}

/// A replay with these words behind the capture.
fn replay(input: &Path, words: &str) -> Ran {
    let mut arguments = args!["replay", input, "--nic", "model", "--json"].to_vec();
    arguments.extend(words.split_whitespace().map(Into::into));
    scr(arguments)
}

/// What passes, what is dropped, and the entries of the final state, which is the same for any number of cores.
fn outcome(input: &Path, words: &str) -> (u64, u64, Vec<Value>) {
    let folder = tempfile::tempdir().unwrap();
    let mut found = None;
    for cores in [1, 3, 4] {
        let state = folder.path().join(format!("{cores}.json"));
        let words = format!("{words} --cores {cores} --state {}", state.display());
        let report = replay(input, &words).ok().json();
        assert_eq!(report["verified"], true, "{words}");
        let count = |key: &str| report["verdicts"][key].as_u64().unwrap();
        let state: Value = serde_json::from_slice(&fs::read(state).unwrap()).unwrap();
        let entries = state["entries"].as_array().unwrap().clone();
        let this = (count("pass"), count("drop"), entries);
        assert_eq!(*found.get_or_insert(this.clone()), this, "{words}");
    }
    found.unwrap()
}

const PROFILES: [&str; 5] = ["source", "knock", "flow", "flow-time", "flow6-time"];

#[test]
fn ddos_counts_a_source_of_zeros_under_every_profile() {
    let input = case("ddos-source-zero.pcap");
    for profile in PROFILES {
        let words = format!("--nf ddos --nf-opt threshold=3 --profile {profile}");
        let due = (3, 5, vec![json!({"src": "0.0.0.0", "packets": 8})]);
        assert_eq!(outcome(&input, &words), due, "{profile}");
    }
}

/// ARP, DHCP, protocol 0 from nowhere, and a host, so that rows of all kinds meet.
fn mixed(path: &Path) -> Vec<Packet> {
    let ip = |protocol: u8, src: [u8; 4], dst: [u8; 4]| {
        let mut frame = [2; 60];
        frame[12..14].copy_from_slice(&[8, 0]);
        frame[14..34].copy_from_slice(&[
            0x45, 0, 0, 46, 0, 0, 0, 0, 64, protocol, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ]);
        frame[26..30].copy_from_slice(&src);
        frame[30..34].copy_from_slice(&dst);
        frame
    };
    let mut arp = [0; 60];
    arp[12..14].copy_from_slice(&[8, 6]);
    let kinds = [
        arp,
        ip(17, [0; 4], [255; 4]),
        ip(0, [0; 4], [10, 0, 0, 1]),
        ip(0, [0; 4], [0; 4]),
        ip(6, [10, 0, 0, 1], [10, 0, 0, 2]),
    ];
    let packets: Vec<_> = (0..60)
        .map(|n| Packet::new(5, n, &kinds[n as usize * 7 % 5]))
        .collect();
    capture::write(path, &packets);
    packets
}

#[test]
fn ddos_is_the_same_under_every_profile_with_frames_that_are_not_ip() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("mixed.pcap");
    mixed(&input);
    let run = |profile: &str, all: &str| {
        let words = format!("--nf ddos --nf-opt threshold=9 --profile {profile} {all}");
        outcome(&input, &words)
    };
    // Twelve of each kind; ARP passes by, or has rows that count nowhere.
    let entry = |src: &str, packets: u64| json!({"src": src, "packets": packets});
    let only_ip = (18, 30, vec![entry("0.0.0.0", 36), entry("10.0.0.1", 12)]);
    let all = (54, 6, vec![entry("0.0.0.0", 12), entry("10.0.0.1", 12)]);
    for profile in PROFILES {
        assert_eq!(run(profile, ""), only_ip, "{profile}");
        if profile != "source" {
            assert_eq!(run(profile, "--sequence-all"), all, "{profile}");
        }
    }
    let source = "--nf ddos --profile source --sequence-all";
    replay(&input, source).fails(
        2,
        &[
            "with --sequence-all ddos needs protocol, which profile source does not have",
            "use one of the profiles knock, flow, flow-time, flow6-time, or leave --profile or --sequence-all out",
        ],
    );
    // The remedies, and what is chosen where nothing is said.
    replay(&input, "--nf ddos --profile source").ok();
    let report = replay(&input, "--nf ddos --sequence-all").ok().json();
    assert_eq!(report["profile"], "knock");
    let report = replay(&input, "--nf ddos,port-knock --sequence-all").ok();
    assert_eq!(report.json()["profile"], "knock");
    assert_eq!(replay(&input, "--nf ddos").ok().json()["profile"], "source");
    // Where the profile will not do in any case, that is all there is to say.
    replay(&input, "--nf heavy-hitter --profile knock --sequence-all")
        .fails(2, &["error: heavy-hitter needs", "or leave --profile out"]);
}

#[test]
fn a_packet_an_hour_ahead_starves_nobody() {
    let input = case("token-bucket-future-timestamp.pcap");
    let words = "--nf token-bucket --nf-opt rate=20 --nf-opt burst=5";
    let (pass, drop, entries) = outcome(&input, words);
    assert_eq!((pass, drop, entries.len()), (321, 0, 1));
    // Ten a second in windows of a second.
    let words = "--nf ddos --nf-opt window=1 --nf-opt threshold=11";
    let (pass, drop, _) = outcome(&input, words);
    assert_eq!((pass, drop), (321, 0));
}

#[test]
fn nat_leaves_what_stays_on_the_link() {
    let input = case("nat-multicast.pcap");
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.pcap");
    let few = "--nf nat --nf-opt ports=2000-2003";
    let (pass, drop, entries) = outcome(&input, few);
    assert_eq!((pass, drop), (9, 0));
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["internal"], "10.0.0.6");
    replay(&input, &format!("{few} --out {}", out.display())).ok();
    let (before, after) = (capture::read(&input), capture::read(&out));
    assert_eq!(before[..8], after[..8]);
    assert_eq!(after[8].data[26..30], [203, 0, 113, 1]);
    // As it was, and is with an option: they take all ports.
    let (pass, drop, entries) = outcome(&input, &format!("{few} --nf-opt translate-all"));
    assert_eq!((pass, drop, entries.len()), (4, 5, 4));
    replay(&input, "--nf nat --nf-opt external=239.1.1.1").fails(
        2,
        &[
            "external of nat has 239.1.1.1, a multicast address",
            "translate-all",
        ],
    );
    replay(
        &input,
        "--nf nat --nf-opt external=239.1.1.1 --nf-opt translate-all",
    )
    .ok();
}

#[test]
fn a_load_balancer_serves_addresses_of_hosts() {
    let input = case("nat-multicast.pcap");
    for (option, address, kind) in [
        ("vip", "224.0.0.251", "a multicast address"),
        ("vip", "255.255.255.255", "the broadcast address"),
        ("vip", "169.254.1.1", "a link-local address"),
        ("vip", "127.0.0.1", "a loopback address"),
        ("vip", "0.0.0.0", "an address of this network"),
        ("backends", "239.255.255.250", "a multicast address"),
    ] {
        let words = format!("--nf load-balancer --nf-opt {option}={address}");
        replay(&input, &words).fails(2, &[address, kind, "give the address of a host"]);
    }
    replay(&input, "--nf load-balancer --nf-opt vip=203.0.113.9").ok();
}

/// What nf_conntrack of Linux 6.18.44 says to these captures.
#[test]
fn conntrack_says_what_the_kernel_says() {
    let state = |name: &str, verdicts: (u64, u64)| {
        let (pass, drop, entries) = outcome(&case(name), "--nf conntrack");
        assert_eq!((pass, drop), verdicts, "{name}");
        let of = |e: &Value| {
            let port = e["client_port"].as_u64().unwrap();
            (port, e["state"].as_str().unwrap().to_owned())
        };
        let states: BTreeMap<u64, String> = entries.iter().map(of).collect();
        states
            .into_iter()
            .map(|(port, state)| format!("{port} {state}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        state("conntrack-blind-rst-old.pcap", (7, 1)),
        ["40000 ESTABLISHED"]
    );
    assert_eq!(
        state("ct-connection-with-itself.pcap", (5, 1)),
        ["5000 FIN_WAIT"]
    );
    assert_eq!(
        state("ct-rst-ahead-established.pcap", (14, 0)),
        ["5000 ESTABLISHED", "5001 CLOSE"]
    );
    assert_eq!(
        state("ct-rst-old-established.pcap", (8, 4)),
        ["5000 TIME_WAIT"]
    );
    // Those that were closed more than ten seconds before the end are gone.
    assert_eq!(
        state("ct-rst-that-closes.pcap", (25, 0)),
        ["5003 CLOSE", "5004 CLOSE"]
    );
    assert_eq!(
        state("ct-syn-with-data.pcap", (10, 0)),
        ["5000 SYN_RECV", "5001 ESTABLISHED"]
    );
}
