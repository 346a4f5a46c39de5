//! The functions that live on time, over captures with gaps, both directions and time that goes back.

use crate::support::{Setup, run_source};
use proptest::prelude::*;
use scr_capture::Timestamp;
use scr_runtime::EventLevel;
use scr_runtime::device::{MemorySource, Select};
use scr_wire::{Geometry, Profile, profile};
use serde_json::json;

const SYN: u8 = 0x02;
const SYN_ACK: u8 = 0x12;
const ACK: u8 = 0x10;
const FIN_ACK: u8 = 0x11;
const RST: u8 = 0x04;

/// A TCP segment between two of few hosts.
#[derive(Clone, Copy, Debug)]
struct Segment {
    from: u8,
    to: u8,
    flags: u8,
    seq: u32,
    ack: u32,
    /// Nanoseconds after the segment before; may be negative.
    after: i64,
    ipv6: bool,
}

impl Segment {
    fn new(from: u8, to: u8, flags: u8, after: i64) -> Self {
        Self {
            from,
            to,
            flags,
            seq: 0,
            ack: 0,
            after,
            ipv6: false,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut frame = vec![0; 12];
        if self.ipv6 {
            frame.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, 20, 6, 64]);
            for host in [self.from, self.to] {
                frame.extend([0x20, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host]);
            }
        } else {
            frame.extend([0x08, 0, 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0]);
            frame.extend([10, 0, 0, self.from, 10, 0, 0, self.to]);
        }
        // Hosts below 100 are clients and use one port, servers another.
        for host in [self.from, self.to] {
            let port: u16 = if host < 100 { 4000 } else { 80 };
            frame.extend(port.to_be_bytes());
        }
        frame.extend(self.seq.to_be_bytes());
        frame.extend(self.ack.to_be_bytes());
        frame.extend([0x50, self.flags, 0, 0, 0, 0, 0, 0]);
        frame
    }
}

fn source(segments: &[Segment]) -> MemorySource {
    let mut source = MemorySource::default();
    let mut now = 1_000_000_000_000u64;
    for segment in segments {
        now = now.saturating_add_signed(segment.after);
        let time = Timestamp::new(now / 1_000_000_000, (now % 1_000_000_000) as u32);
        let bytes = segment.bytes();
        source.push_at(&bytes, time, bytes.len() as u32);
    }
    source
}

fn setup(
    nf: &'static str,
    options: &[&str],
    cores: u8,
    profile: &'static Profile,
    loss: Option<Select>,
) -> Setup {
    let fewest = Geometry::fewest_words(profile, cores.into()).unwrap();
    Setup {
        options: options.iter().map(|&o| o.to_owned()).collect(),
        profile,
        words: fewest.prefix_words(),
        loss,
        ..Setup::new(nf, cores)
    }
}

/// Whole conversations of 23 clients with two servers, mixed with each other, with strays and long silences.
fn conversations() -> Vec<Segment> {
    const SCRIPT: [(bool, u8); 10] = [
        (true, SYN),
        (false, SYN_ACK),
        (true, ACK),
        (true, ACK),
        (false, ACK),
        (false, ACK),
        (true, FIN_ACK),
        (false, ACK),
        (false, FIN_ACK),
        (true, ACK),
    ];
    let mut random = 1u64;
    let mut next = |below: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let mut at = [0usize; 23];
    (0..3_000)
        .map(|_| {
            let client = next(23) as usize;
            let server = 100 + (client % 2) as u8;
            let (from_client, flags) = match next(20) {
                0 => (next(2) == 0, RST),
                1 => (true, SYN),
                2 => (next(2) == 0, next(256) as u8),
                _ => {
                    let step = SCRIPT[at[client] % SCRIPT.len()];
                    at[client] += 1;
                    step
                }
            };
            let after = match next(100) {
                0 => 61_000_000_000,
                1 => 11_000_000_000,
                2 => -3_000_000_000,
                _ => next(40_000_000) as i64,
            };
            let (from, to) = if from_client {
                (client as u8, server)
            } else {
                (server, client as u8)
            };
            Segment {
                ipv6: client % 5 == 4,
                ..Segment::new(from, to, flags, after)
            }
        })
        .collect()
}

const FUNCTIONS: [(&str, &[&str]); 6] = [
    ("conntrack", &[]),
    ("conntrack", &["capacity=3"]),
    ("token-bucket", &["rate=1", "burst=3"]),
    ("token-bucket", &["rate=1", "burst=1", "capacity=3"]),
    ("token-bucket", &["rate=1", "burst=2", "syn-fin"]),
    ("ddos", &["threshold=9", "window=1.5"]),
];

#[test]
fn replicas_agree_for_every_number_of_cores() {
    let segments = conversations();
    for (nf, options) in FUNCTIONS {
        for profile in [&profile::FLOW_TIME, &profile::FLOW6_TIME] {
            let mut alone = None;
            for cores in 1..=8 {
                let ran = run_source(&setup(nf, options, cores, profile, None), source(&segments));
                let report = &ran.report;
                assert_eq!(report.verified, Some(true), "{:?}", report.mismatch);
                assert!(report.replicas_agree);
                assert!(
                    report.verdicts.pass > 100 && report.verdicts.drop > 100,
                    "{nf}"
                );
                // The same, however many cores.
                let (state, out) =
                    alone.get_or_insert_with(|| (ran.state.clone(), ran.out.clone()));
                assert_eq!(
                    (&ran.state, &ran.out),
                    (&*state, &*out),
                    "{nf}, k = {cores}"
                );

                let lossy = Select::Rate {
                    probability: 0.2,
                    seed: cores.into(),
                };
                let setup = setup(nf, options, cores, profile, Some(lossy));
                let report = run_source(&setup, source(&segments)).report;
                assert_eq!(report.verified, Some(true), "{:?}", report.mismatch);
                assert!(report.replicas_agree);
            }
        }
    }
}

fn segment() -> impl Strategy<Value = Segment> {
    let flags = prop_oneof![
        3 => Just(SYN), 2 => Just(SYN_ACK), 4 => Just(ACK), 2 => Just(FIN_ACK), 1 => Just(RST), 1 => any::<u8>(),
    ];
    let after = prop_oneof![8 => 0i64..1000, 2 => 0i64..70_000_000_000, 1 => -70_000_000_000i64..0];
    let hosts = (0u8..5, 100u8..102, any::<bool>());
    (hosts, flags, 0u32..2, 0u32..3, after, any::<bool>()).prop_map(
        |((client, server, from_client), flags, seq, ack, after, ipv6)| {
            let (from, to) = if from_client {
                (client, server)
            } else {
                (server, client)
            };
            Segment {
                seq,
                ack,
                ipv6,
                ..Segment::new(from, to, flags, after)
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn tiny_tables_evict_alike(
        segments in proptest::collection::vec(segment(), 0..300),
        capacity in 1u8..6,
        cores in 1u8..=8,
        nf in prop_oneof![Just("conntrack"), Just("token-bucket")],
        wide in any::<bool>(),
        loss in prop_oneof![
            Just(None),
            (0.01f64..0.9, any::<u64>()).prop_map(|(probability, seed)| Some(Select::Rate { probability, seed })),
        ],
    ) {
        let profile = if wide { &profile::FLOW6_TIME } else { &profile::FLOW_TIME };
        let capacity_option = format!("capacity={capacity}");
        let ran = run_source(&setup(nf, &[&capacity_option], cores, profile, loss), source(&segments));
        prop_assert!(ran.report.replicas_agree, "{:?}", ran.report.mismatch);
        prop_assert_eq!(ran.report.verified, Some(true), "{:?}", ran.report.mismatch);
        prop_assert!(ran.state["entries"].as_array().unwrap().len() <= capacity.into());
    }
}

#[test]
fn a_connection_as_files_show_it() {
    let second = 1_000_000_000;
    let segments = [
        Segment::new(9, 100, SYN, 0),
        Segment::new(100, 9, SYN_ACK, second),
        Segment::new(9, 100, ACK, second),
        Segment::new(9, 100, SYN_ACK, second), // invalid
        Segment::new(7, 100, SYN, second),
        Segment::new(100, 7, RST, second), // deletes
        Segment::new(8, 100, SYN, second),
        Segment::new(100, 9, FIN_ACK, second),
        Segment::new(6, 100, ACK, 119 * second), // 8 dies at this moment, 9 a second later
    ];
    let shown = |segments: &[Segment]| {
        let mut setup = setup("conntrack", &[], 3, &profile::FLOW_TIME, None);
        setup.events = EventLevel::State;
        let ran = run_source(&setup, source(segments));
        assert_eq!(ran.report.verified, Some(true), "{:?}", ran.report.mismatch);
        ran
    };
    let ran = shown(&segments[..8]);
    assert_eq!((ran.report.verdicts.pass, ran.report.verdicts.drop), (7, 1));
    assert_eq!(
        ran.state,
        json!({"nf": "conntrack", "last_seq": 7, "entries": [
            {"client": "10.0.0.8", "server": "10.0.0.100", "client_port": 4000, "server_port": 80,
             "state": "SYN_SENT", "last_ns": "1006000000000"},
            {"client": "10.0.0.9", "server": "10.0.0.100", "client_port": 4000, "server_port": 80,
             "state": "FIN_WAIT", "last_ns": "1007000000000"},
        ]})
    );
    let mut events: Vec<_> = ran.events.iter().filter(|e| e["row"] == e["seq"]).collect();
    events.sort_by_key(|e| e["row"].as_u64());
    let events: Vec<_> = events
        .iter()
        .map(|e| {
            format!(
                "{} {}",
                e["key"].as_str().unwrap(),
                e["state"].as_str().unwrap()
            )
        })
        .collect();
    let key = |host| format!("10.0.0.{host}:4000>10.0.0.100:80/6");
    let due = [
        (9, "SYN_SENT"),
        (9, "SYN_RECV"),
        (9, "ESTABLISHED"),
        (9, "ESTABLISHED"),
        (7, "SYN_SENT"),
        (7, "SYN_SENT"),
        (8, "SYN_SENT"),
        (9, "FIN_WAIT"),
    ]
    .map(|(host, state)| format!("{} {state}", key(host)));
    assert_eq!(events, due);
    let entries = &shown(&segments).state["entries"];
    assert_eq!(entries.as_array().unwrap().len(), 2);
    assert_eq!(entries[0]["client"], "10.0.0.6");
    assert_eq!(entries[1]["state"], "FIN_WAIT");
}
