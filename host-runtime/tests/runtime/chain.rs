//! Chains: what each function of one does is what it would do alone on what the one before lets through.

use crate::support::{Packet, Ran, Setup, packet, run};
use proptest::prelude::*;
use scr_runtime::EventLevel;
use scr_runtime::device::Select;
use scr_wire::Geometry;
use serde_json::{Value, json};

fn setup(
    nf: &'static str,
    options: &[&str],
    cores: u8,
    profile: &'static scr_wire::Profile,
) -> Setup {
    let fewest = Geometry::fewest_words(profile, cores.into()).unwrap();
    Setup {
        options: options.iter().map(|&o| o.to_owned()).collect(),
        profile,
        words: fewest.prefix_words(),
        ..Setup::new(nf, cores)
    }
}

fn good(ran: &Ran) {
    assert_eq!(ran.report.verified, Some(true), "{:?}", ran.report.mismatch);
    assert!(ran.report.replicas_agree);
}

/// The entries of one function of a chain, as it would write them alone.
fn entries_of(state: &Value, nf: &str) -> Vec<Value> {
    let entries = state["entries"].as_array().unwrap().iter();
    entries
        .filter(|entry| entry["nf"] == nf)
        .map(|entry| {
            let mut entry = entry.clone();
            entry.as_object_mut().unwrap().remove("nf");
            entry
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    /// A chain equals its functions one after the other, each over what passed the one before.
    #[test]
    fn equals_functions_one_after_the_other(
        packets in proptest::collection::vec(packet(), 0..300),
        threshold in 1u32..8,
        cores in 1u8..=8,
        wide in any::<bool>(),
    ) {
        let profile = if wide { &scr_wire::profile::FLOW6_TIME } else { &scr_wire::profile::FLOW };
        let threshold = format!("threshold={threshold}");
        let dotted = format!("ddos.{threshold}");
        let ran = run(&setup("ddos,port-knock,heavy-hitter", &[&dotted, "sticky-open"], cores, profile), &packets);
        good(&ran);
        let mut left = packets.clone();
        let stages: [(&'static str, &[&str]); 3] =
            [("ddos", &[&threshold]), ("port-knock", &["sticky-open"]), ("heavy-hitter", &[])];
        for (nf, options) in stages {
            let alone = run(&setup(nf, options, 1, profile), &left);
            good(&alone);
            prop_assert_eq!(&entries_of(&ran.state, nf), alone.state["entries"].as_array().unwrap());
            left = alone.out.iter().map(|(index, _)| left[*index as usize - 1].clone()).collect();
        }
        let passed: Vec<_> = ran.out.iter().map(|(index, _)| packets[*index as usize - 1].bytes()).collect();
        prop_assert_eq!(passed, left.iter().map(Packet::bytes).collect::<Vec<_>>());
    }

    #[test]
    fn replicas_of_chains_agree(
        packets in proptest::collection::vec(packet(), 0..300),
        cores in 1u8..=8,
        loss in prop_oneof![
            Just(None),
            (0.01f64..0.9, any::<u64>()).prop_map(|(probability, seed)| Some(Select::Rate { probability, seed })),
        ],
        sequence_all in any::<bool>(),
    ) {
        let options = ["ddos.capacity=3", "ddos.threshold=9", "rate=1", "burst=3", "conntrack.capacity=5"];
        let setup = setup("ddos,conntrack,token-bucket", &options, cores, &scr_wire::profile::FLOW_TIME);
        let ran = run(&Setup { loss, sequence_all, ..setup }, &packets);
        prop_assert!(ran.report.replicas_agree, "{:?}", ran.report.mismatch);
        prop_assert_eq!(ran.report.verified, Some(true), "{:?}", ran.report.mismatch);
    }
}

#[test]
fn a_chain_as_files_show_it() {
    let mut setup = setup(
        "ddos,heavy-hitter",
        &["ddos.threshold=2", "heavy-hitter.threshold=92"],
        2,
        &scr_wire::profile::FLOW,
    );
    setup.events = EventLevel::State;
    let packets = [
        Packet::tcp(1, 100, 2),
        Packet::tcp(1, 100, 2),
        Packet::tcp(1, 100, 2),
    ];
    let ran = run(&setup, &packets);
    good(&ran);
    assert_eq!(ran.report.nf, "ddos,heavy-hitter");
    assert_eq!((ran.report.verdicts.pass, ran.report.verdicts.drop), (2, 1));
    assert_eq!(
        ran.state,
        json!({"nf": "ddos,heavy-hitter", "last_seq": 2, "entries": [
            {"nf": "ddos", "src": "10.0.0.1", "packets": 3},
            {"nf": "heavy-hitter", "src": "10.0.0.1", "dst": "10.0.1.1", "sport": 7, "dport": 100, "proto": 6,
             "packets": 2, "bytes": 92, "heavy": true},
        ]})
    );
    let of_row = |row: u64| -> Vec<String> {
        let events = ran
            .events
            .iter()
            .filter(|e| e["core"] == 0 && e["row"] == row);
        events
            .map(|e| {
                format!(
                    "{} {}",
                    e["key"].as_str().unwrap(),
                    e["state"].as_str().unwrap()
                )
            })
            .collect()
    };
    assert_eq!(
        of_row(1),
        [
            "ddos 10.0.0.1 2",
            "heavy-hitter 10.0.0.1:7>10.0.1.1:100/6 packets=2 bytes=92"
        ]
    );
    assert_eq!(
        of_row(2),
        ["ddos 10.0.0.1 3"],
        "dropped by the first, not seen by the second"
    );
}
