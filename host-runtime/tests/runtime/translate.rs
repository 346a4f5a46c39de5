//! Functions that rewrite, and chains with them: replicas agree, whatever is lost, and k changes nothing.

use crate::support::{Ran, Setup, run_source};
use proptest::prelude::*;
use scr_capture::Timestamp;
use scr_runtime::EventLevel;
use scr_runtime::device::{MemorySource, Select};
use scr_wire::Geometry;

/// A packet of few endpoints, so that mappings and connections meet.
#[derive(Clone, Copy, Debug)]
struct Packet {
    src: ([u8; 4], u16),
    dst: ([u8; 4], u16),
    udp: bool,
    flags: u8,
    fragment: bool,
    after: i64,
    cut: u8,
}

impl Packet {
    fn bytes(&self) -> Vec<u8> {
        let mut frame = vec![0; 12];
        let fragment = if self.fragment { 3 } else { 0 };
        let protocol = if self.udp { 17 } else { 6 };
        frame.extend([
            0x08, 0, 0x45, 0, 0, 40, 0, 0, 0, fragment, 64, protocol, 0, 0,
        ]);
        frame.extend(self.src.0);
        frame.extend(self.dst.0);
        frame.extend(self.src.1.to_be_bytes());
        frame.extend(self.dst.1.to_be_bytes());
        frame.extend([0, 0, 0, 1, 0, 0, 0, 2, 0x50, self.flags, 1, 2, 3, 4, 0, 0]);
        frame.truncate(usize::from(self.cut).max(34));
        frame
    }
}

fn packet() -> impl Strategy<Value = Packet> {
    let endpoint = || {
        let address = prop_oneof![
            6 => (1u8..5).prop_map(|host| [10, 0, 0, host]),
            3 => (1u8..4).prop_map(|host| [10, 1, 0, host]),
            4 => (1u8..4).prop_map(|host| [192, 0, 2, host]),
            4 => Just([203, 0, 113, 1]),
            4 => Just([203, 0, 113, 10]),
        ];
        (address, prop_oneof![30 => 2000u16..2006, 1 => Just(0u16)])
    };
    let flags = prop_oneof![2 => Just(0x02u8), 2 => Just(0x12), 4 => Just(0x10), 1 => Just(0x11), 1 => any::<u8>()];
    let after = prop_oneof![8 => 0i64..1000, 3 => 0i64..9_000_000_000, 1 => -9_000_000_000i64..0];
    let odd = (
        prop::bool::weighted(0.05),
        prop_oneof![20 => Just(255u8), 1 => 34u8..60],
    );
    (endpoint(), endpoint(), any::<bool>(), flags, after, odd).prop_map(
        |(src, dst, udp, flags, after, (fragment, cut))| Packet {
            src,
            dst,
            udp,
            flags,
            fragment,
            after,
            cut,
        },
    )
}

fn source(packets: &[Packet]) -> MemorySource {
    let mut source = MemorySource::default();
    let mut now = 1_000_000_000_000u64;
    for packet in packets {
        now = now.saturating_add_signed(packet.after);
        let time = Timestamp::new(now / 1_000_000_000, (now % 1_000_000_000) as u32);
        let bytes = packet.bytes();
        source.push_at(&bytes, time, 54);
    }
    source
}

const FUNCTIONS: [(&str, &[&str]); 9] = [
    ("nat", &[]),
    (
        "nat",
        &["ports=2000-2004", "udp-timeout=5", "tcp-timeout=9.5"],
    ),
    ("nat", &["ports=2001", "no-timeout"]),
    (
        "nat",
        &[
            "external=203.0.113.1,203.0.113.10",
            "ports=2000-2001",
            "no-timeout",
        ],
    ),
    (
        "load-balancer",
        &["backends=10.1.0.1,10.1.0.2,10.1.0.3", "table=11"],
    ),
    (
        "load-balancer",
        &[
            "backends=10.1.0.1*2,10.1.0.2,10.1.0.3",
            "table=7",
            "capacity=4",
            "down=10.1.0.1@4",
            "drain=10.1.0.2@6",
            "up=10.1.0.1@9",
        ],
    ),
    ("ddos,nat", &["threshold=20", "ports=2000-2003"]),
    (
        "load-balancer,nat,conntrack",
        &[
            "load-balancer.backends=10.1.0.1,10.1.0.2",
            "table=5",
            "conntrack.capacity=5",
        ],
    ),
    (
        "nat,load-balancer,heavy-hitter",
        &[
            "inside=10.0.0.0/24",
            "no-timeout",
            "heavy-hitter.capacity=6",
        ],
    ),
];

fn setup(which: usize, cores: u8, wide: bool) -> Setup {
    let (nf, options) = FUNCTIONS[which];
    let function = scr_nf::Selected::new(nf, options).unwrap();
    let profile = if wide {
        &scr_wire::profile::FLOW6_TIME
    } else {
        function.smallest_profile()
    };
    let fewest = Geometry::fewest_words(profile, cores.into()).unwrap();
    Setup {
        nf,
        options: options.iter().map(|&o| o.to_owned()).collect(),
        profile,
        words: fewest.prefix_words(),
        ..Setup::new("ddos", cores)
    }
}

fn verified(ran: &Ran) {
    assert!(ran.report.replicas_agree, "{:?}", ran.report.mismatch);
    assert_eq!(ran.report.verified, Some(true), "{:?}", ran.report.mismatch);
    let expected = ran.report.verdicts.pass + ran.report.passed_by;
    assert_eq!(ran.out.len() as u64, expected);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn replicas_of_functions_that_rewrite_agree_under_losses(
        which in 0..FUNCTIONS.len(),
        packets in proptest::collection::vec(packet(), 0..300),
        cores in 1u8..=9,
        wide in any::<bool>(),
        loss in prop_oneof![
            Just(None),
            (0.01f64..0.9, any::<u64>()).prop_map(|(probability, seed)| Some(Select::Rate { probability, seed })),
        ],
        (batch_frames, threads, all) in (1usize..20, 1usize..4, any::<bool>()),
    ) {
        let setup = Setup {
            loss,
            batch_frames,
            threads,
            sequence_all: all,
            events: EventLevel::State,
            ..setup(which, cores, wide)
        };
        let ran = run_source(&setup, source(&packets));
        verified(&ran);
        for (index, bytes) in &ran.out {
            prop_assert_eq!(bytes.len(), packets[*index as usize - 1].bytes().len());
        }
    }

    /// The same packets go out, and the same state remains, for every number of cores and either profile.
    #[test]
    fn cores_change_nothing(which in 0..FUNCTIONS.len(), packets in proptest::collection::vec(packet(), 100..250)) {
        let alone = run_source(&setup(which, 1, false), source(&packets));
        verified(&alone);
        for cores in 2..=7 {
            let ran = run_source(&setup(which, cores, cores % 2 == 0), source(&packets));
            verified(&ran);
            prop_assert_eq!(&ran.state, &alone.state);
            prop_assert_eq!(&ran.out, &alone.out);
        }
    }
}

/// A later function of a chain sees what the wire will.
#[test]
fn a_chain_sees_rewritten_rows() {
    let there = Packet {
        src: ([10, 0, 0, 1], 2000),
        dst: ([192, 0, 2, 1], 2001),
        udp: true,
        flags: 0,
        fragment: false,
        after: 0,
        cut: 255,
    };
    let back = Packet {
        src: there.dst,
        dst: ([203, 0, 113, 1], 2000),
        ..there
    };
    let stray = Packet {
        dst: ([203, 0, 113, 1], 2001),
        ..back
    };
    for (wide, cores) in [(false, 1), (false, 3), (true, 2)] {
        let mut setup = setup(8, cores, wide);
        setup.nf = "nat,heavy-hitter";
        setup.options = vec![];
        if !wide {
            setup.profile = &scr_wire::profile::FLOW_TIME;
            setup.words = Geometry::fewest_words(setup.profile, 3)
                .unwrap()
                .prefix_words();
        }
        setup.events = EventLevel::State;
        let ran = run_source(&setup, source(&[there, back, stray]));
        verified(&ran);
        let entries = ran.state["entries"].as_array().unwrap();
        let flows: Vec<_> = entries
            .iter()
            .filter(|e| e["nf"] == "heavy-hitter")
            .map(|e| format!("{}:{} {}:{}", e["src"], e["sport"], e["dst"], e["dport"]))
            .collect();
        assert_eq!(
            flows,
            [
                "\"192.0.2.1\":2001 \"10.0.0.1\":2000",
                "\"203.0.113.1\":2000 \"192.0.2.1\":2001"
            ]
        );
        assert_eq!(ran.state["totals"]["nat.unmapped"], 1);
        let told: Vec<_> = ran
            .events
            .iter()
            .filter(|e| e["row"] == 1 && e["core"] == 1.min(cores - 1))
            .collect();
        assert_eq!(told.len(), 2);
        assert_eq!(told[0]["key"], "nat 10.0.0.1:2000/17");
        assert_eq!(told[0]["state"], "203.0.113.1:2000");
        assert_eq!(
            told[1]["key"],
            "heavy-hitter 192.0.2.1:2001>10.0.0.1:2000/17"
        );
    }
}
