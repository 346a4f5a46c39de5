use std::collections::BTreeMap;

use proptest::prelude::*;
use scr_wire::{Profile, Timestamp, profile};
use serde_json::json;

use super::*;
use crate::layout::{Flow, Flow6Time, FlowTime};
use crate::rewrite::tests::{Datagram, assert_sums, datagram};
use crate::{NetworkFunction, Verdict};

const SECOND: u64 = 1_000_000_000;

fn parameters(options: &[&str]) -> Result<Parameters, OptionError> {
    Nat::parameters(&mut Options::parse(Nat::NAME, Nat::OPTIONS, options)?)
}

fn function<L: Layout>(layout: L, options: &[&str]) -> Function<L> {
    Nat::build(parameters(options).unwrap(), layout)
}

fn ip(text: &str) -> u32 {
    text.parse::<Ipv4Addr>().unwrap().to_bits()
}

fn end(text: &str) -> Endpoint {
    let (address, port) = text.split_once(':').unwrap();
    Endpoint::new(ip(address), port.parse().unwrap())
}

fn row_of(packet: &[u8], profile: &Profile, at: u64) -> Vec<u8> {
    let parsed = scr_wire::parse::parse(packet, profile.has_ipv6());
    let time = Timestamp {
        seconds: (at / SECOND) as u32,
        nanos: (at % SECOND) as u32,
    };
    let mut row = vec![0; profile.row_bytes()];
    profile.encode(&parsed, time, &mut row);
    row
}

/// A translator under test.
struct Bench {
    function: Function<FlowTime>,
    state: State,
    now: u64,
}

impl Bench {
    fn new(options: &[&str]) -> Self {
        let function = function(FlowTime, options);
        let state = function.new_state();
        Self {
            function,
            state,
            now: 0,
        }
    }

    /// Sends a packet; returns the packet that results, if any.
    fn send(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        let row = row_of(packet, &profile::FLOW_TIME, self.now);
        let effect = self.function.apply(&mut self.state, &row);
        let mut out = vec![];
        match self.function.verdict(effect, packet, &mut out) {
            Verdict::Drop => None,
            Verdict::Pass => Some(packet.to_vec()),
            Verdict::Rewrite => Some(out),
        }
    }

    /// Sends a packet of protocol 17 (UDP) or 6 (TCP); returns source and destination of the result, "" if it is
    /// dropped.
    fn ends(&mut self, protocol: u8, src: &str, dst: &str) -> String {
        let packet = Datagram {
            src: end(src),
            dst: end(dst),
            udp: protocol == 17,
            tags: 1,
            option_words: 1,
            payload: vec![1, 2, 3],
            unsummed: false,
        };
        let Some(out) = self.send(&packet.bytes()) else {
            return String::new();
        };
        assert_sums(&out);
        let row = row_of(&out, &profile::FLOW, 0);
        let tuple = u32::tuple(Flow.flow(&row));
        format!(
            "{}:{} > {}:{}",
            tuple.src, tuple.sport, tuple.dst, tuple.dport
        )
    }

    fn udp(&mut self, src: &str, dst: &str) -> String {
        self.ends(17, src, dst)
    }

    fn totals(&self) -> [u64; 3] {
        [
            self.state.exhausted,
            self.state.unmapped,
            self.state.portless,
        ]
    }
}

#[test]
fn there_and_back() {
    let mut nat = Bench::new(&[]);
    assert_eq!(
        nat.udp("10.0.0.5:4000", "198.51.100.7:53"),
        "203.0.113.1:4000 > 198.51.100.7:53"
    );
    assert_eq!(
        nat.udp("198.51.100.7:53", "203.0.113.1:4000"),
        "198.51.100.7:53 > 10.0.0.5:4000"
    );
    // Mapping and filtering are endpoint-independent.
    assert_eq!(
        nat.udp("10.0.0.5:4000", "192.0.2.1:99"),
        "203.0.113.1:4000 > 192.0.2.1:99"
    );
    assert_eq!(
        nat.udp("192.0.2.9:5", "203.0.113.1:4000"),
        "192.0.2.9:5 > 10.0.0.5:4000"
    );
    // Protocols are kept apart.
    assert_eq!(nat.ends(6, "192.0.2.9:5", "203.0.113.1:4000"), "");
    assert_eq!(
        nat.ends(6, "172.31.255.1:4000", "192.0.2.9:5"),
        "203.0.113.1:4000 > 192.0.2.9:5"
    );
    assert_eq!(
        nat.ends(6, "192.0.2.9:5", "203.0.113.1:4000"),
        "192.0.2.9:5 > 172.31.255.1:4000"
    );
    assert_eq!(nat.totals(), [0, 1, 0]);
    let entries = serde_json::to_value(nat.function.entries(&nat.state)).unwrap();
    assert_eq!(
        entries,
        json!([
            {"internal": "10.0.0.5", "internal_port": 4000, "proto": 17, "external": "203.0.113.1",
             "external_port": 4000, "last_ns": "0"},
            {"internal": "172.31.255.1", "internal_port": 4000, "proto": 6, "external": "203.0.113.1",
             "external_port": 4000, "last_ns": "0"},
        ])
    );
}

#[test]
fn a_port_is_kept_if_it_can_be() {
    let mut nat = Bench::new(&["ports=2000-2009"]);
    let to = "192.0.2.1:80";
    let mut port = |src: &str| {
        let ends = nat.udp(src, to);
        ends.split([':', ' '])
            .nth(1)
            .map_or(0, |port| port.parse().unwrap())
    };
    assert_eq!(port("10.0.0.1:2004"), 2004);
    assert_eq!(
        port("10.0.0.2:2004"),
        2000,
        "taken: the next one, of the same parity"
    );
    assert_eq!(port("10.0.0.3:2004"), 2002);
    assert_eq!(port("10.0.0.3:81"), 2001, "out of range");
    assert_eq!(port("10.0.0.4:2004"), 2006);
    assert_eq!(port("10.0.0.5:2004"), 2008);
    assert_eq!(port("10.0.0.6:2004"), 2003, "no even one is left");
    assert_eq!(port("10.0.0.2:2004"), 2000);
}

#[test]
fn mappings_time_out_without_packets_from_inside() {
    let mut nat = Bench::new(&["udp-timeout=10", "tcp-timeout=0.5"]);
    let (inside, outside, external) = ("10.0.0.1:5000", "192.0.2.1:80", "203.0.113.1:5000");
    nat.udp(inside, outside);
    nat.ends(6, inside, outside);
    nat.now = SECOND / 2 - 1;
    assert_ne!(nat.ends(6, outside, external), "");
    nat.now += 1;
    assert_eq!(nat.ends(6, outside, external), "");
    nat.now = 10 * SECOND - 1;
    assert_ne!(nat.udp(outside, external), "", "does not refresh");
    nat.now += 1;
    assert!(nat.function.entries(&nat.state).len() == 1 && nat.udp(outside, external).is_empty());
    assert!(nat.function.entries(&nat.state).is_empty());
    // The port belongs to another mapping then, and the host gets a new one.
    assert_eq!(
        nat.udp("10.0.0.2:5000", outside),
        format!("{external} > {outside}")
    );
    assert_eq!(
        nat.udp(inside, outside),
        format!("203.0.113.1:1024 > {outside}")
    );
    // Packets from inside refresh.
    for _ in 0..3 {
        nat.now += 9 * SECOND;
        assert_eq!(
            nat.udp(inside, outside),
            format!("203.0.113.1:1024 > {outside}")
        );
    }
    assert_eq!(nat.totals(), [0, 2, 0]);
}

#[test]
fn a_dead_mapping_gives_its_port_to_who_wants_it() {
    let mut nat = Bench::new(&["udp-timeout=1"]);
    nat.udp("10.0.0.1:5000", "192.0.2.1:80");
    nat.now = SECOND;
    assert_eq!(
        nat.udp("10.0.0.2:5000", "192.0.2.1:80"),
        "203.0.113.1:5000 > 192.0.2.1:80"
    );
    assert_eq!(nat.function.entries(&nat.state).len(), 1);
}

#[test]
fn exhausted_ports_refuse_until_a_mapping_dies() {
    let mut nat = Bench::new(&["ports=2000-2001", "udp-timeout=10"]);
    let to = "192.0.2.1:80";
    nat.udp("10.0.0.1:1", to);
    nat.now = SECOND;
    nat.udp("10.0.0.2:1", to);
    assert_eq!(nat.udp("10.0.0.3:1", to), "");
    nat.now = 9 * SECOND;
    assert_ne!(nat.udp("10.0.0.1:1", to), "");
    nat.now = 10 * SECOND;
    assert_eq!(nat.udp("10.0.0.3:1", to), "");
    assert_eq!(nat.totals(), [2, 0, 0]);
    nat.now = 11 * SECOND;
    // The mapping of 10.0.0.2, port 2000, is gone.
    assert_eq!(
        nat.udp("10.0.0.3:1", to),
        format!("203.0.113.1:2000 > {to}")
    );
    assert_eq!(
        nat.ends(6, "10.0.0.3:1", to),
        format!("203.0.113.1:2001 > {to}"),
        "a pool of its own"
    );
}

#[test]
fn a_packet_far_ahead_keeps_no_port_for_ever() {
    let mut nat = Bench::new(&["ports=2000", "udp-timeout=10"]);
    let to = "192.0.2.1:80";
    nat.now = 3600 * SECOND;
    nat.udp("10.0.0.1:1", to);
    // Back by no more than the mapping's lifetime: it stays.
    nat.now = 3590 * SECOND;
    assert_eq!(nat.udp("10.0.0.2:1", to), "");
    nat.now -= 1;
    assert_ne!(nat.udp("10.0.0.2:1", to), "");
    assert_eq!(nat.udp("10.0.0.1:1", to), "");
    assert_eq!(nat.totals(), [2, 0, 0]);
}

#[test]
fn what_stays_on_the_link_is_left_as_it_is() {
    let destinations = [
        "239.255.255.250:1900",
        "224.0.0.1:5",
        "255.255.255.255:67",
        "169.254.1.1:5",
        "127.0.0.1:5",
        "0.0.0.0:5",
        "0.1.2.3:5",
    ];
    for protocol in [6, 17] {
        let mut nat = Bench::new(&["ports=1024-1027", "inside=0.0.0.0/5,10.0.0.0/8"]);
        for dst in destinations {
            for src in ["10.0.0.5:20000", "0.0.0.0:68", "192.0.2.1:9"] {
                let as_it_is = format!("{src} > {dst}");
                assert_eq!(nat.ends(protocol, src, dst), as_it_is);
            }
        }
        assert!(nat.function.entries(&nat.state).is_empty());
        assert_eq!(nat.totals(), [0; 3]);
        // A subnet's broadcast address looks like a host's.
        for (dst, due) in [
            ("192.0.2.255:9", "203.0.113.1:1024"),
            ("240.0.0.1:9", "203.0.113.1:1024"),
        ] {
            let src = "10.0.0.5:20000";
            assert_eq!(nat.ends(protocol, src, dst), format!("{due} > {dst}"));
        }
    }
    let mut nat = Bench::new(&["translate-all"]);
    for dst in destinations {
        let due = format!("203.0.113.1:20000 > {dst}");
        assert_eq!(nat.udp("10.0.0.5:20000", dst), due);
    }
    let error = parameters(&["external=198.51.100.1,224.0.0.1"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "option external of nat has 224.0.0.1, a multicast address: answers would not come back; \
         give addresses of hosts, or option translate-all"
    );
    let all = ["external=198.51.100.1,224.0.0.1", "translate-all"];
    assert!(parameters(&all).is_ok());
    assert!(parameters(&["external=198.51.100.1"]).is_ok());
}

#[test]
fn without_timeouts_the_one_used_least_lately_makes_room() {
    let mut nat = Bench::new(&["ports=2000-2001", "no-timeout"]);
    let to = "192.0.2.1:80";
    nat.udp("10.0.0.1:2000", to);
    nat.udp("10.0.0.2:2001", to);
    nat.udp("10.0.0.1:2000", to);
    assert_eq!(
        nat.udp("10.0.0.3:5", to),
        format!("203.0.113.1:2001 > {to}")
    );
    assert_eq!(
        nat.udp("10.0.0.1:2000", to),
        format!("203.0.113.1:2000 > {to}")
    );
    let entries = serde_json::to_value(nat.function.entries(&nat.state)).unwrap();
    assert_eq!(entries[0].as_object().unwrap().len(), 5, "no time");
    assert_eq!(nat.totals(), [0; 3]);
    // A hairpin whose sender takes the receiver's port finds itself, not the mapping that was evicted.
    assert_eq!(
        nat.udp("10.0.0.9:2", "203.0.113.1:2001"),
        "203.0.113.1:2001 > 10.0.0.9:2"
    );
    assert_eq!(
        nat.udp("10.0.0.1:2000", "203.0.113.1:2001"),
        "203.0.113.1:2000 > 10.0.0.9:2"
    );
}

#[test]
fn hosts_inside_meet_outside() {
    let mut nat = Bench::new(&[]);
    assert_eq!(nat.udp("10.0.0.1:5000", "203.0.113.1:6000"), "");
    nat.udp("10.0.0.2:6000", "192.0.2.1:80");
    assert_eq!(
        nat.udp("10.0.0.1:5000", "203.0.113.1:6000"),
        "203.0.113.1:5000 > 10.0.0.2:6000"
    );
    assert_eq!(
        nat.udp("10.0.0.2:6000", "203.0.113.1:5000"),
        "203.0.113.1:6000 > 10.0.0.1:5000"
    );
}

#[test]
fn a_host_keeps_its_address() {
    let mut nat = Bench::new(&["external=192.0.2.4/31,203.0.113.9"]);
    for (host, external) in [
        ("10.0.0.1", "192.0.2.5"),
        ("10.0.0.2", "203.0.113.9"),
        ("10.0.0.3", "192.0.2.4"),
    ] {
        for port in [4000, 4001] {
            let src = format!("{host}:{port}");
            // 10.0.0.1 is 167,772,161, which is 2 modulo 3.
            let which = ip(host) % 3;
            let due = ["192.0.2.4", "192.0.2.5", "203.0.113.9"][which as usize];
            assert_eq!(
                nat.udp(&src, "9.9.9.9:9"),
                format!("{due}:{port} > 9.9.9.9:9"),
                "{external}"
            );
            assert_eq!(
                nat.udp("9.9.9.9:9", &format!("{due}:{port}")),
                format!("9.9.9.9:9 > {src}")
            );
        }
    }
}

#[test]
fn everything_else_passes_as_it_is() {
    let mut nat = Bench::new(&[]);
    let datagram = |src: &str, dst: &str| Datagram {
        src: end(src),
        dst: end(dst),
        udp: true,
        tags: 0,
        option_words: 0,
        payload: vec![7; 9],
        unsummed: false,
    };
    let inside = datagram("10.0.0.1:5", "192.168.0.1:5").bytes();
    let outside = datagram("192.0.2.1:5", "192.0.2.2:5").bytes();
    let mut icmp = datagram("10.0.0.1:5", "192.0.2.2:5").bytes();
    icmp[23] = 1;
    for packet in [inside, outside, icmp, vec![0; 60], vec![]] {
        assert_eq!(nat.send(&packet), Some(packet));
    }
    assert!(nat.function.entries(&nat.state).is_empty());
    // A later fragment, ports cut off, and port 0.
    let mut fragment = datagram("10.0.0.1:5", "192.0.2.2:5").bytes();
    fragment[21] = 9;
    assert_eq!(nat.send(&fragment), None);
    assert_eq!(
        nat.send(&datagram("10.0.0.1:5", "192.0.2.2:5").bytes()[..37]),
        None
    );
    assert_eq!(nat.udp("10.0.0.1:0", "192.0.2.2:5"), "");
    assert_eq!(nat.udp("192.0.2.2:0", "203.0.113.1:5"), "");
    assert_eq!(nat.totals(), [0, 0, 4]);
    // A first fragment has ports; its checksum covers the whole datagram and is adjusted like any other.
    let mut first = datagram("10.0.0.1:5", "192.0.2.2:5").bytes();
    first[20] = 0x20;
    assert_eq!(nat.send(&first).unwrap()[26..30], [203, 0, 113, 1]);
}

#[test]
fn ipv6_passes_and_ipv4_is_translated_beside_it() {
    let f = function(Flow6Time, &[]);
    let mut state = f.new_state();
    let v4 = Datagram {
        src: end("10.0.0.1:5000"),
        dst: end("192.0.2.1:80"),
        udp: false,
        tags: 2,
        option_words: 10,
        payload: vec![],
        unsummed: false,
    };
    let mut v6 = vec![2; 12];
    v6.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, 8, 17, 64]);
    v6.extend([0x20; 32]);
    v6.extend([0, 5, 0, 6, 0, 8, 0, 0]);
    let mut verdict = |packet: &[u8], out: &mut Vec<u8>| {
        let effect = f.apply(&mut state, &row_of(packet, &profile::FLOW6_TIME, 5));
        f.verdict(effect, packet, out)
    };
    let mut out = vec![];
    assert_eq!(verdict(&v6, &mut out), Verdict::Pass);
    assert_eq!(verdict(&v4.bytes(), &mut out), Verdict::Rewrite);
    assert_sums(&out);
    // IPv6 between IPv4-mapped addresses does not occur on a wire; if it does, it cannot be rewritten.
    for (at, host) in [(22, [10, 0, 0, 1]), (38, [192, 0, 2, 1])] {
        v6[at..at + 10].fill(0);
        v6[at + 10..at + 12].fill(0xff);
        v6[at + 12..at + 16].copy_from_slice(&host);
    }
    out.clear();
    assert_eq!(verdict(&v6, &mut out), Verdict::Drop);
    assert!(out.is_empty());
}

#[test]
fn options_are_checked() {
    assert_eq!(Nat::needs(&parameters(&["no-timeout"]).unwrap()).len(), 5);
    let defaults = parameters(&[]).unwrap();
    assert_eq!(Nat::needs(&defaults).len(), 7);
    assert_eq!(defaults.rules.external, [ip("203.0.113.1")]);
    assert_eq!(defaults.rules.timeouts, Some([7440 * SECOND, 300 * SECOND]));
    for address in ["10.255.0.1", "172.16.0.0", "172.31.255.255", "192.168.3.4"] {
        assert!(defaults.is_inside(ip(address)));
    }
    for address in ["11.0.0.0", "172.32.0.0", "192.169.0.0"] {
        assert!(!defaults.is_inside(ip(address)));
    }
    for bad in [
        &["external=10.0.0.9"][..],
        &["external=9.0.0.0/8"],
        &["external=192.0.2.1,192.0.2.1"],
        &["external=192.0.2.0/24,198.51.100.0/24"],
        &["inside=10.0.0.1/8"],
        &["inside=10.0.0.0/33"],
        &["inside=here"],
        &["inside=0.0.0.0/0"],
        &["ports=0-5"],
        &["ports=7-6"],
        &["ports=70000"],
        &["udp-timeout=0"],
        &["no-timeout", "udp-timeout=5"],
        &["capacity=5"],
    ] {
        assert!(parameters(bad).is_err(), "{bad:?}");
    }
    let whole = parameters(&["inside=0.0.0.0/1", "external=192.0.2.0/24", "ports=65535"]).unwrap();
    assert_eq!(
        (whole.rules.external.len(), whole.rules.ports),
        (256, (65535, 65535))
    );
}

/// The rules again, by exhaustive search.
struct Naive {
    ports: (u16, u16),
    timeout: Option<u64>,
    /// External port, time and use, by (host, port).
    mappings: BTreeMap<(u8, u16), (u16, u64, u64)>,
    cursors: [u16; 2],
    uses: u64,
}

impl Naive {
    fn dead(&self, at: u64, now: u64) -> bool {
        self.timeout.is_some_and(|timeout| now >= at + timeout)
    }

    fn outbound(&mut self, host: u8, port: u16, now: u64) -> Option<u16> {
        self.uses += 1;
        let known = self.mappings.get(&(host, port)).copied();
        let external = match known {
            Some((external, at, _)) if !self.dead(at, now) => external,
            _ => {
                self.mappings.remove(&(host, port));
                self.choose(port, now)?
            }
        };
        self.mappings
            .insert((host, port), (external, now, self.uses));
        Some(external)
    }

    fn choose(&mut self, wanted: u16, now: u64) -> Option<u16> {
        let (low, high) = self.ports;
        let holder = |naive: &Self, external: u16| {
            naive
                .mappings
                .iter()
                .find(|m| m.1.0 == external)
                .map(|m| (*m.0, m.1.1))
        };
        if (low..=high).contains(&wanted) {
            match holder(self, wanted) {
                None => return Some(wanted),
                Some((key, at)) if self.dead(at, now) => {
                    self.mappings.remove(&key);
                    return Some(wanted);
                }
                _ => {}
            }
        }
        for parity in [wanted % 2, 1 - wanted % 2] {
            let free: Vec<u16> = (low..=high)
                .filter(|p| p % 2 == parity && holder(self, *p).is_none())
                .collect();
            let cursor = &mut self.cursors[usize::from(parity)];
            let next = free.iter().find(|&&p| p >= *cursor).or(free.first());
            if let Some(&port) = next {
                *cursor = port + 2;
                return Some(port);
            }
        }
        let (&key, &(external, at, _)) = self.mappings.iter().min_by_key(|m| m.1.2)?;
        let ahead = |timeout| at > now + timeout;
        if self.timeout.is_some() && !self.dead(at, now) && !self.timeout.is_some_and(ahead) {
            return None;
        }
        self.mappings.remove(&key);
        Some(external)
    }

    fn inbound(&mut self, external: u16, now: u64) -> Option<(u8, u16)> {
        let (&key, &(_, at, _)) = self.mappings.iter().find(|m| m.1.0 == external)?;
        if self.dead(at, now) {
            self.mappings.remove(&key);
            return None;
        }
        Some(key)
    }
}

proptest! {
    #[test]
    fn equals_the_naive_translator(
        low in 1000u16..1010,
        count in 1u16..12,
        timeout in proptest::option::of(1u64..40),
        steps in proptest::collection::vec((0u8..6, 0u8..4, 998u16..1024, 0u64..8, any::<bool>()), 0..300),
    ) {
        let high = low + count - 1;
        let mut options = vec![format!("ports={low}-{high}")];
        match timeout {
            Some(timeout) => options.push(format!("udp-timeout={timeout}")),
            None => options.push("no-timeout".to_owned()),
        }
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let mut nat = Bench::new(&options);
        let mut naive = Naive {
            ports: (low, high), timeout, mappings: BTreeMap::new(), cursors: [0; 2], uses: 0,
        };
        for (kind, host, port, after, back) in steps {
            let seconds = nat.now / SECOND;
            let seconds = if back { seconds.saturating_sub(after) } else { seconds + after };
            nat.now = seconds * SECOND;
            let internal = |(host, port): (u8, u16)| format!("10.0.0.{host}:{port}");
            if kind < 4 {
                let due = naive.outbound(host, port, seconds);
                let due = due.map_or(String::new(), |external| format!("203.0.113.1:{external} > 192.0.2.1:9"));
                prop_assert_eq!(nat.udp(&internal((host, port)), "192.0.2.1:9"), due);
            } else {
                let due = naive.inbound(port, seconds);
                let due = due.map_or(String::new(), |key| format!("192.0.2.1:9 > {}", internal(key)));
                prop_assert_eq!(nat.udp("192.0.2.1:9", &format!("203.0.113.1:{port}")), due);
            }
        }
        let living = naive.mappings.values().filter(|m| !naive.dead(m.1, nat.now / SECOND)).count();
        prop_assert_eq!(nat.function.entries(&nat.state).len(), living);
    }

    /// A packet that goes out and comes back is unchanged, byte for byte.
    #[test]
    fn a_round_trip_restores_the_packet(mut packets in proptest::collection::vec(datagram(), 1..20)) {
        let mut nat = Bench::new(&[]);
        for packet in &mut packets {
            packet.src.address = 0x0a00_0000 | packet.src.address & 0xff;
            packet.dst.address = 0xc000_0200 | packet.dst.address & 0xff;
            packet.src.port = packet.src.port.max(1);
            packet.dst.port = packet.dst.port.max(1);
            let there = nat.send(&packet.bytes()).unwrap();
            assert_sums(&there);
            let row = row_of(&there, &profile::FLOW, 0);
            let external = Endpoint::new(Flow.src(&row), Flow.src_port(&row));
            prop_assert_eq!(external.address, 0xcb00_7101);
            let answer = Datagram { src: packet.dst, dst: external, ..packet.clone() };
            let due = Datagram { src: packet.dst, dst: packet.src, ..packet.clone() };
            prop_assert_eq!(nat.send(&answer.bytes()).unwrap(), due.bytes());
        }
    }

    /// Of hostile frames every one ends as it came, is dropped, or has other endpoints and nothing else: lengths, and all
    /// bytes but addresses, ports and checksums, are as they were, sums that were right still are, and what left the inside
    /// has the external address and a port of the pool. A second translator does the same.
    #[test]
    fn hostile_frames_change_in_their_endpoints_alone(
        frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..120), 0..40),
    ) {
        let options = ["ports=1-9", "inside=0.0.0.0/1", "external=128.0.0.1"];
        let (mut nat, mut twin) = (Bench::new(&options), Bench::new(&options));
        for mut frame in frames {
            if frame.len() > 40 && frame[0] & 3 != 0 {
                frame[12..15].copy_from_slice(&[8, 0, 0x45]);
                frame[23] = if frame[0] & 1 == 0 { 6 } else { 17 };
                if frame[1] & 1 == 0 {
                    frame[30..34].copy_from_slice(&[128, 0, 0, 1]);
                }
            }
            let out = nat.send(&frame);
            prop_assert_eq!(&twin.send(&frame), &out);
            let Some(out) = out else { continue };
            prop_assert_eq!(out.len(), frame.len());
            if out == frame {
                continue;
            }
            let row = |bytes: &[u8]| row_of(bytes, &profile::FLOW, 0);
            let (before, after) = (row(&frame), row(&out));
            // The IP header without options begins at byte 14, behind no tag.
            let tags = (0..2).take_while(|&tag| frame[12 + 4 * tag..14 + 4 * tag] != [8, 0]).count();
            let ip = 14 + 4 * tags;
            let transport = ip + 4 * usize::from(frame[ip] & 15);
            let sum_at = transport + if frame[ip + 9] == 6 { 16 } else { 6 };
            for at in 0..frame.len() {
                let may_change = (ip + 10..ip + 20).contains(&at)
                    || (transport..transport + 4).contains(&at)
                    || (sum_at..sum_at + 2).contains(&at);
                prop_assert!(may_change || out[at] == frame[at], "byte {at}");
            }
            let sum = |bytes: &[u8]| bytes[ip..transport].chunks(2)
                .map(|pair| u64::from(u16::from_be_bytes([pair[0], pair[1]]))).sum::<u64>() % 0xffff;
            prop_assert_eq!(sum(&frame), sum(&out), "the header's sum is as right as before");
            if Flow.src(&before) >> 31 == 0 && Flow.src(&after) != Flow.src(&before) {
                prop_assert_eq!(Flow.src(&after), ip_of_external());
                prop_assert!((1..=9).contains(&Flow.src_port(&after)));
                prop_assert_eq!(Flow.dst(&after), Flow.dst(&before));
            } else {
                prop_assert_eq!(Flow.dst(&before), ip_of_external());
                prop_assert_eq!(Flow.src(&after), Flow.src(&before));
                prop_assert_eq!(Flow.dst(&after) >> 31, 0, "towards the inside");
            }
        }
        prop_assert!(nat.state == twin.state);
    }
}

fn ip_of_external() -> u32 {
    ip("128.0.0.1")
}
