use std::collections::BTreeMap;

use proptest::prelude::*;
use scr_wire::{Timestamp, profile};
use serde_json::json;

use super::*;
use crate::Verdict;
use crate::layout::FlowTime;
use crate::rewrite::tests::{Datagram, assert_sums, datagram};

const SYN: u8 = 0x02;
const ACK: u8 = 0x10;

fn parameters(options: &[&str]) -> Result<Parameters, OptionError> {
    LoadBalancer::parameters(&mut Options::parse(
        LoadBalancer::NAME,
        LoadBalancer::OPTIONS,
        options,
    )?)
}

fn ip(text: &str) -> u32 {
    text.parse::<Ipv4Addr>().unwrap().to_bits()
}

fn end(text: &str) -> Endpoint {
    let (address, port) = text.split_once(':').unwrap();
    Endpoint::new(ip(address), port.parse().unwrap())
}

/// A balancer under test.
struct Bench {
    function: Function<FlowTime>,
    state: State,
    seconds: u32,
}

impl Bench {
    fn new(options: &[&str]) -> Self {
        let function = LoadBalancer::build(parameters(options).unwrap(), FlowTime);
        let state = function.new_state();
        Self {
            function,
            state,
            seconds: 1000,
        }
    }

    fn send(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        let parsed = scr_wire::parse::parse(packet, false);
        let time = Timestamp {
            seconds: self.seconds,
            nanos: 0,
        };
        let mut row = [0; 32];
        profile::FLOW_TIME.encode(&parsed, time, &mut row);
        let effect = self.function.apply(&mut self.state, &row);
        let mut out = vec![];
        match self.function.verdict(effect, packet, &mut out) {
            Verdict::Drop => None,
            Verdict::Pass => Some(packet.to_vec()),
            Verdict::Rewrite => Some(out),
        }
    }

    /// Sends a TCP packet with these flags; returns source and destination of the result, `None` if it is dropped.
    fn tcp(&mut self, src: Endpoint, dst: Endpoint, flags: u8) -> Option<(Endpoint, Endpoint)> {
        let mut packet = Datagram {
            src,
            dst,
            udp: false,
            tags: 0,
            option_words: 0,
            payload: vec![],
            unsummed: false,
        }
        .bytes();
        // Adjusts the checksum; the flags were 0x10.
        let sum = u16::from_be_bytes([packet[50], packet[51]]);
        let mut sum = u32::from(!sum) + u32::from(!0x10u16) + u32::from(flags);
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        packet[50..52].copy_from_slice(&(!(sum as u16)).to_be_bytes());
        packet[47] = flags;
        assert_sums(&packet);
        let out = self.send(&packet)?;
        assert_sums(&out);
        let at = |n: usize, p: usize| {
            let word = u32::from_be_bytes(out[n..n + 4].try_into().unwrap());
            Endpoint::new(word, u16::from_be_bytes([out[p], out[p + 1]]))
        };
        Some((at(26, 34), at(30, 36)))
    }

    /// The backend that a client's packet goes to.
    fn backend(&mut self, client: u32, flags: u8) -> Option<Endpoint> {
        let client = Endpoint::new(0xc633_6400 + client / 1000, 10_000 + (client % 1000) as u16);
        let (src, dst) = self.tcp(client, end("203.0.113.10:80"), flags)?;
        assert_eq!(src, client);
        Some(dst)
    }

    fn totals(&self) -> Vec<u64> {
        let totals = self.function.totals(&self.state);
        totals.into_iter().map(|total| total.1).collect()
    }
}

#[test]
fn there_and_back() {
    let mut lb = Bench::new(&["vip=203.0.113.10:80", "backends=10.1.0.1:8080"]);
    let (client, vip, backend) = (
        end("192.0.2.7:5000"),
        end("203.0.113.10:80"),
        end("10.1.0.1:8080"),
    );
    // Before there is a connection, the backend's packets keep their source.
    assert_eq!(lb.tcp(backend, client, ACK), Some((backend, client)));
    assert_eq!(lb.tcp(client, vip, SYN), Some((client, backend)));
    assert_eq!(lb.tcp(backend, client, SYN | ACK), Some((vip, client)));
    // Another port of client or backend, or of the virtual address, does not match.
    for (src, dst) in [
        ("10.1.0.1:8080", "192.0.2.7:5001"),
        ("10.1.0.1:80", "192.0.2.7:5000"),
        ("192.0.2.7:5000", "203.0.113.10:81"),
    ] {
        assert_eq!(lb.tcp(end(src), end(dst), ACK), Some((end(src), end(dst))));
    }
    let entries = serde_json::to_value(lb.function.entries(&lb.state)).unwrap();
    assert_eq!(
        entries,
        json!([{"client": "192.0.2.7", "client_port": 5000, "vip": "203.0.113.10", "vip_port": 80, "proto": 6,
                "backend": "10.1.0.1", "backend_port": 8080}])
    );
    assert_eq!(lb.totals(), [0; 4]);
}

#[test]
fn connections_spread_evenly_and_by_weight() {
    let mut lb = Bench::new(&["backends=10.1.0.1,10.1.0.2*2,10.1.0.3", "vip=203.0.113.10"]);
    let mut counts = BTreeMap::new();
    for client in 0..40_000 {
        *counts
            .entry(lb.backend(client, SYN).unwrap().ip().to_string())
            .or_insert(0u32) += 1;
    }
    for (backend, due) in [
        ("10.1.0.1", 10_000u32),
        ("10.1.0.2", 20_000),
        ("10.1.0.3", 10_000),
    ] {
        let count = counts[backend];
        assert!(count.abs_diff(due) < 500, "{backend} has {count}");
    }
}

#[test]
fn connections_keep_their_backend_when_others_go() {
    let gone = end("10.1.0.2:80");
    let options = ["down=10.1.0.2@10", "up=10.1.0.2@20"];
    let mut lb = Bench::new(&options);
    let all = 0..10_000;
    let before: Vec<_> = all
        .clone()
        .map(|client| lb.backend(client, SYN).unwrap())
        .collect();
    lb.seconds += 10;
    // A balancer asked only now shows what the table alone would do.
    let mut table = Bench::new(&options);
    table.backend(0, SYN);
    table.seconds += 10;
    let mut disturbed = 0;
    let mut moved = 0;
    for (client, &backend) in all.clone().zip(&before) {
        let now = lb.backend(client, ACK).unwrap();
        let by_table = table.backend(client, SYN).unwrap();
        if backend == gone {
            assert_eq!(now, by_table);
            moved += 1;
        } else {
            assert_eq!(now, backend);
            disturbed += u32::from(by_table != backend);
        }
    }
    assert!(
        disturbed > 0,
        "without affinity some others would have moved"
    );
    assert!(disturbed < 600, "Maglev moves few: {disturbed}");
    assert_eq!(lb.totals()[0], moved);
    // When the backend is back, nothing moves again; new connections find it.
    let with_one_down: Vec<_> = all.clone().map(|client| lb.backend(client, ACK)).collect();
    lb.seconds += 10;
    assert!(
        all.clone()
            .map(|client| lb.backend(client, ACK))
            .eq(with_one_down)
    );
    let new: Vec<_> = (20_000..20_100)
        .map(|client| lb.backend(client, SYN).unwrap())
        .collect();
    assert!(new.contains(&gone));
    // Time that goes back restores nothing.
    lb.seconds -= 10;
    let new: Vec<_> = (30_000..30_100)
        .map(|client| lb.backend(client, SYN).unwrap())
        .collect();
    assert!(new.contains(&gone));
}

#[test]
fn a_draining_backend_keeps_connections_and_gets_none() {
    let gone = end("10.1.0.3:80");
    let mut lb = Bench::new(&["drain=10.1.0.3@5"]);
    let before: Vec<_> = (0..1000)
        .map(|client| lb.backend(client, SYN).unwrap())
        .collect();
    lb.seconds += 5;
    for (client, &backend) in (0..).zip(&before) {
        assert_eq!(lb.backend(client, ACK), Some(backend));
    }
    for client in 2000..3000 {
        assert_ne!(lb.backend(client, SYN), Some(gone));
    }
    // A SYN with the same ports begins a new connection.
    for (client, &backend) in (0..).zip(&before) {
        let now = lb.backend(client, SYN).unwrap();
        assert!(now != gone && (now == backend || backend == gone));
    }
}

#[test]
fn nobody_left_to_serve() {
    let mut lb = Bench::new(&["backends=10.1.0.1", "down=10.1.0.1@5", "up=10.1.0.1@6.5"]);
    let backend = lb.backend(1, SYN);
    lb.seconds += 5;
    assert_eq!((lb.backend(1, ACK), lb.backend(2, SYN)), (None, None));
    lb.seconds += 2;
    assert_eq!((lb.backend(1, ACK), lb.backend(2, SYN)), (backend, backend));
    assert_eq!(lb.totals(), [0, 2, 0, 0]);
}

#[test]
fn answers_of_two_services_are_told_apart() {
    let mut lb = Bench::new(&[
        "vip=203.0.113.10:80,203.0.113.11:81",
        "backends=10.1.0.1:8080",
    ]);
    let (one, two, backend) = (
        end("203.0.113.10:80"),
        end("203.0.113.11:81"),
        end("10.1.0.1:8080"),
    );
    assert_eq!(
        lb.tcp(end("1.1.1.1:1"), one, SYN),
        Some((end("1.1.1.1:1"), backend))
    );
    assert_eq!(
        lb.tcp(end("1.1.1.1:2"), two, SYN),
        Some((end("1.1.1.1:2"), backend))
    );
    assert_eq!(lb.tcp(backend, end("1.1.1.1:1"), ACK).unwrap().0, one);
    assert_eq!(lb.tcp(backend, end("1.1.1.1:2"), ACK).unwrap().0, two);
    // To the backend this would be its existing connection.
    assert_eq!(lb.tcp(end("1.1.1.1:1"), two, SYN), None);
    assert_eq!(lb.totals(), [0, 0, 1, 0]);
}

#[test]
fn what_has_no_ports_is_dropped_and_everything_else_passes() {
    let mut lb = Bench::new(&[]);
    assert_eq!(lb.tcp(end("1.1.1.1:0"), end("203.0.113.10:80"), SYN), None);
    let packet = |src: &str, dst: &str| {
        let datagram = Datagram {
            src: end(src),
            dst: end(dst),
            udp: true,
            tags: 2,
            option_words: 3,
            payload: vec![5; 30],
            unsummed: true,
        };
        datagram.bytes()
    };
    let to_vip = packet("1.1.1.1:5", "203.0.113.10:53");
    let out = lb.send(&to_vip).unwrap();
    assert_sums(&out);
    assert_ne!(out, to_vip);
    let mut fragment = to_vip.clone();
    fragment[29] = 1;
    assert_eq!(lb.send(&fragment), None);
    assert_eq!(lb.send(&to_vip[..55]), None);
    assert_eq!(lb.totals(), [0, 0, 0, 3]);
    let mut ping = to_vip;
    ping[31] = 1;
    let elsewhere = packet("1.1.1.1:5", "203.0.113.11:53");
    for packet in [ping, elsewhere, vec![], vec![0; 60]] {
        assert_eq!(lb.send(&packet), Some(packet));
    }
}

#[test]
fn options_are_checked() {
    for bad in [
        "vip=203.0.113.10:0",
        "vip=203.0.113.10:80,203.0.113.10",
        "vip=10.1.0.1",
        "vip=::1",
        "vip=224.0.0.1",
        "vip=255.255.255.255:80",
        "vip=203.0.113.10:80,169.254.0.1:80",
        "vip=127.0.0.1",
        "vip=0.0.0.0",
        "backends=10.1.0.1,239.1.1.1*2",
        "backends=0.1.2.3",
        "backends=10.1.0.1,10.1.0.1",
        "backends=10.1.0.1*0",
        "backends=10.1.0.1*1001",
        "backends=10.1.0.1:8080",
        "backends=",
        "table=65536",
        "table=3",
        "table=2",
        "down=10.1.0.9@5",
        "down=10.1.0.1",
        "down=10.1.0.1@0",
        "capacity=0",
    ] {
        assert!(parameters(&[bad]).is_err(), "{bad}");
    }
    let good = parameters(&[
        "vip=203.0.113.10:80",
        "backends=10.1.0.1:8080*3, 10.1.0.1:8081",
        "table=251",
    ])
    .unwrap();
    assert_eq!(
        (
            good.backends.len(),
            good.backends[0].weight,
            good.phases[0].table.len()
        ),
        (2, 3, 251)
    );
    assert_eq!(
        parameters(&["down=10.1.0.7@5"]).unwrap_err().to_string(),
        "option down=10.1.0.7@5: there is no backend 10.1.0.7"
    );
    assert_eq!(
        parameters(&["vip=224.0.0.1:80"]).unwrap_err().to_string(),
        "option vip=224.0.0.1:80: 224.0.0.1 is a multicast address, and no host's to connect to; give the address of a \
         host"
    );
}

proptest! {
    /// A packet to the virtual address and its answer, byte for byte.
    #[test]
    fn both_directions_have_correct_checksums(packets in proptest::collection::vec(datagram(), 1..20)) {
        let mut lb = Bench::new(&["vip=203.0.113.10", "table=11"]);
        for packet in packets {
            let packet = Datagram {
                src: Endpoint::new(packet.src.address | 1 << 31, packet.src.port.max(1)),
                dst: Endpoint::new(ip("203.0.113.10"), packet.dst.port.max(1)),
                ..packet
            };
            let there = lb.send(&packet.bytes()).unwrap();
            assert_sums(&there);
            let ip = 14 + 4 * packet.tags;
            let address = u32::from_be_bytes(there[ip + 16..ip + 20].try_into().unwrap());
            let backend = Endpoint::new(address, packet.dst.port);
            prop_assert_eq!(there, Datagram { dst: backend, ..packet.clone() }.bytes());
            let answer = Datagram { src: backend, dst: packet.src, ..packet.clone() };
            let due = Datagram { src: packet.dst, dst: packet.src, ..packet.clone() };
            prop_assert_eq!(lb.send(&answer.bytes()).unwrap(), due.bytes());
        }
    }
}
