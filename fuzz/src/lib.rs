//! What the fuzz targets make of their bytes: functions, times, and packets of few hosts, so that tables fill, timers run
//! out and connections go through all their states.
#![forbid(unsafe_code)]

use std::sync::LazyLock;

use scr_nf::{NAMES, Selected};
use scr_wire::{Profile, Timestamp, profile};

/// Every function, some with several sets of options, and chains. All of them are small: they evict, run out of ports and
/// reach thresholds after a few packets. Each as it is where only IP packets have rows, and as it is where all frames do.
static FUNCTIONS: LazyLock<Vec<[Selected; 2]>> = LazyLock::new(|| {
    let functions: &[(&str, &[&str])] = &[
        ("conntrack", &["capacity=4"]),
        ("ddos", &["threshold=2", "capacity=3"]),
        ("ddos", &["threshold=2", "window=3", "capacity=3"]),
        ("heavy-hitter", &["threshold=100", "capacity=3"]),
        ("heavy-hitter", &["threshold=100", "syn-fin", "capacity=3"]),
        (
            "load-balancer",
            &["backends=10.1.0.1,10.1.0.2*3", "table=11", "capacity=3"],
        ),
        (
            "load-balancer",
            &[
                "vip=203.0.113.10:80",
                "backends=10.1.0.1:8080,10.1.0.2*3",
                "table=11",
                "down=10.1.0.1:8080@4",
                "drain=10.1.0.2@2",
                "up=10.1.0.1:8080@9",
                "capacity=3",
            ],
        ),
        (
            "nat",
            &["ports=1024-1028", "tcp-timeout=4", "udp-timeout=2"],
        ),
        ("nat", &["ports=1024-1028", "udp-timeout=2", "translate-all"]),
        ("nat", &["ports=1024-1028", "no-timeout"]),
        ("port-knock", &["ports=1,2,80", "capacity=3"]),
        ("port-knock", &["ports=1,2,80", "sticky-open", "capacity=3"]),
        ("token-bucket", &["rate=2", "burst=2", "capacity=3"]),
        (
            "token-bucket",
            &["rate=2", "burst=2", "syn-fin", "capacity=3"],
        ),
        (
            "nat,conntrack,ddos",
            &[
                "ports=1024-1028",
                "tcp-timeout=4",
                "threshold=3",
                "conntrack.capacity=4",
                "ddos.capacity=3",
            ],
        ),
        (
            "port-knock,load-balancer,nat,heavy-hitter",
            &[
                "port-knock.ports=1,2,80",
                "nat.ports=1024-1028",
                "nat.no-timeout",
            ],
        ),
    ];
    for name in NAMES {
        assert!(functions.iter().any(|(other, _)| other == name), "{name}");
    }
    let select = |&(name, options): &(&str, &[&str])| {
        let only_ip = Selected::new(name, options).unwrap();
        [only_ip.clone(), only_ip.with_other_frames()]
    };
    functions.iter().map(select).collect()
});

/// The function of this number, and the profile of this number or, where that lacks a field, the smallest that will do.
/// Frames that are not IP may have rows; but not where the profile is too narrow to tell them from packets.
pub fn function(function: u8, profile: u8) -> (&'static Selected, &'static Profile) {
    let both = &FUNCTIONS[usize::from(function) % FUNCTIONS.len()];
    let wanted = profile::BUILTIN[usize::from(profile) % profile::BUILTIN.len()];
    let [only_ip, all] = both;
    for selected in [all, only_ip] {
        if selected.check(wanted).is_ok() {
            return (selected, wanted);
        }
    }
    (all, all.smallest_profile())
}

/// The bytes of an input, from its beginning.
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    /// The next byte, while there is one.
    pub fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    /// The next bytes, at most so many.
    pub fn bytes(&mut self, most: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(most.min(self.0.len()));
        self.0 = rest;
        bytes
    }
}

/// A packet of one of few hosts to another: Ethernet, IPv4 or now and then IPv6, TCP or UDP or neither. Its six bytes say
/// which.
pub fn packet(input: &mut Input) -> Option<Vec<u8>> {
    // Inside and outside, virtual and external addresses, backends, and none.
    const HOSTS: [[u8; 4]; 8] = [
        [10, 0, 0, 1],
        [10, 0, 0, 2],
        [198, 51, 100, 7],
        [198, 51, 100, 8],
        [203, 0, 113, 1],
        [203, 0, 113, 10],
        [10, 1, 0, 1],
        [0; 4],
    ];
    const PORTS: [u16; 8] = [1, 2, 80, 8080, 1024, 1025, 1026, 0];
    // TCP mostly.
    const PROTOCOLS: [u8; 8] = [6, 6, 6, 6, 6, 17, 1, 0];
    let (hosts, ports) = (input.byte()?, input.byte()?);
    let (kind, flags) = (input.byte()?, input.byte()?);
    let (length, number) = (input.byte()?, input.byte()?);
    let host = |n: u8| HOSTS[usize::from(n & 7)];
    let port = |n: u8| PORTS[usize::from(n & 7)].to_be_bytes();
    let protocol = PROTOCOLS[usize::from(kind & 7)];
    let mut transport = [port(ports), port(ports >> 3)].concat();
    match protocol {
        6 => {
            transport.extend([0, 0, 0, number, 0, 0, 0, length, 0x50, flags]);
            transport.extend([1, 0, number, length, 0, 0]);
        }
        _ => transport.extend([0, 8 + length % 8, number, flags]),
    }
    transport.resize(transport.len() + usize::from(length % 8), number);
    let mut packet = vec![2; 12];
    if kind & 0x38 == 0x38 {
        packet.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
        packet.extend([0, transport.len() as u8, protocol, 64]);
        for end in [hosts, hosts >> 3] {
            // IPv4-mapped or not.
            let mapped = if kind & 0x40 == 0 { 0xff } else { 0x20 };
            packet.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, mapped, 0xff]);
            packet.extend(host(end));
        }
    } else {
        packet.extend([0x08, 0, 0x45, 0, 0, 20 + transport.len() as u8]);
        let fragment = if kind & 0x30 == 0x20 { length } else { 0 };
        packet.extend([number, 0, 0, fragment, 64, protocol, length, number]);
        packet.extend(host(hosts));
        packet.extend(host(hosts >> 3));
    }
    packet.extend(transport);
    Some(packet)
}

/// A clock that input bytes move: a moment or seconds on, and now and then back.
#[derive(Default)]
pub struct Clock(u64);

impl Clock {
    /// The time after this step.
    pub fn step(&mut self, step: u8) -> Timestamp {
        let moment = u64::from(step & 0x3f) << 24;
        self.0 = match step >> 6 {
            3 => self.0.saturating_sub(moment << 3),
            shift => self.0 + (moment << (2 * shift)),
        };
        Timestamp {
            seconds: (self.0 / 1_000_000_000) as u32,
            nanos: (self.0 % 1_000_000_000) as u32,
        }
    }
}
