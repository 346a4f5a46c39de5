//! Single losses, by hand: which rows come from where, and what events and counts say.

use crate::support::{Packet, Ran, Setup, fault, run};
use scr_runtime::EventLevel;
use serde_json::json;

fn packets(n: u32) -> Vec<Packet> {
    (0..n).map(|n| Packet::tcp(n as u8 % 5, 100, 2)).collect()
}

fn good(ran: &Ran) {
    assert_eq!(ran.report.verified, Some(true), "{:?}", ran.report.mismatch);
    assert!(ran.report.replicas_agree);
}

#[test]
fn one_loss_is_repaired_from_the_next_frame() {
    // k = 2; FLOW with two words: seven rows.
    let mut setup = Setup::new("heavy-hitter", 2).lose("4");
    setup.words = 2;
    let ran = run(&setup, &packets(20));
    good(&ran);
    assert_eq!(
        ran.events,
        [
            json!({"core": 0, "seq": 6, "event": "row-from-frame", "row": 3}),
            json!({"core": 0, "seq": 6, "event": "row-from-frame", "row": 4}),
        ]
    );
    assert_eq!(ran.report.loss.frames_lost, 1);
    assert_eq!(ran.report.loss.rows_lost_everywhere, 0);
    assert_eq!(ran.state["last_seq"], 19);
    assert!(ran.report.loss.lost.is_some());
}

#[test]
fn rows_lost_behind_the_last_surviving_frame_are_counted() {
    let setup = Setup::new("heavy-hitter", 2).lose("15-19");
    let ran = run(&setup, &packets(20));
    good(&ran);
    assert_eq!(ran.report.loss.rows_lost_everywhere, 5);
    assert_eq!(ran.state["last_seq"], 14);
    assert!(ran.events.is_empty());
    for core in &ran.report.per_core {
        assert_eq!(core.rows_applied, 15);
    }
}

#[test]
fn rows_of_damaged_frames_behind_the_last_surviving_one_are_counted() {
    // Numbers in damaged frames cannot be read; that the frames were sent is known.
    for (lost, damaged, rows) in [
        ("16-19", "corrupt@19", 4),
        ("16-19", "truncate=1@18-19", 4),
        ("16-19", "corrupt@15-19", 5),
        ("0-19", "corrupt@0-19", 20),
        ("0", "truncate=20@17-19", 3),
        ("17", "corrupt@2-4,16,18", 0),
        ("19", "corrupt@18", 2),
    ] {
        let mut setup = Setup::new("heavy-hitter", 2).lose(lost);
        setup.words = 2;
        setup.faults.push(fault(damaged));
        let ran = run(&setup, &packets(20));
        good(&ran);
        let counted = ran.report.loss.rows_lost_everywhere;
        assert_eq!(counted, rows, "lose {lost}, {damaged}");
    }
}

#[test]
fn everything_lost_leaves_nothing() {
    let setup = Setup::new("ddos", 3).lose("0-100");
    let ran = run(&setup, &packets(20));
    good(&ran);
    assert_eq!(ran.report.loss.rows_lost_everywhere, 20);
    assert_eq!(ran.state["last_seq"], serde_json::Value::Null);
    assert_eq!(ran.state["entries"], json!([]));
}

/// Eleven losses for two cores with two rows used per frame (frames numbered from 1), and what each must cost: rows
/// lost everywhere, and rows fetched from a log, over both cores.
#[test]
fn the_cases_of_two_cores() {
    type Case<'a> = (&'a str, &'a [u64], [&'a [u64]; 2]);
    let cases: [Case<'_>; 11] = [
        ("", &[], [&[], &[]]),
        ("1", &[], [&[1], &[]]),
        ("2", &[], [&[], &[1, 2]]),
        ("3", &[], [&[2, 3], &[]]),
        ("4", &[], [&[], &[3, 4]]),
        ("1-2", &[1], [&[], &[2]]),
        ("1-3", &[1, 2], [&[3], &[]]),
        ("1-4", &[1, 2, 3], [&[], &[4]]),
        ("2-4", &[2, 3], [&[], &[1, 4]]),
        ("3-4", &[3], [&[2], &[4]]),
        ("3-6", &[3, 4, 5], [&[2], &[6]]),
    ];
    for (lost, everywhere, from_log) in cases {
        let from_zero: Vec<String> = lost
            .split(',')
            .filter(|part| !part.is_empty())
            .map(|part| {
                let ends: Vec<u64> = part
                    .split('-')
                    .map(|n| n.parse::<u64>().unwrap() - 1)
                    .collect();
                ends.iter()
                    .map(u64::to_string)
                    .collect::<Vec<_>>()
                    .join("-")
            })
            .collect();
        let mut setup = Setup::new("heavy-hitter", 2).lose(&from_zero.join(","));
        setup.max_rows = 2;
        let ran = run(&setup, &packets(12));
        good(&ran);
        assert_eq!(
            ran.report.loss.rows_lost_everywhere,
            everywhere.len() as u64,
            "{lost}"
        );
        let fetched = from_log.iter().map(|rows| rows.len() as u64).sum::<u64>();
        assert_eq!(ran.report.loss.rows_from_logs, fetched, "{lost}");
        assert_eq!(ran.report.loss.rows_from_frames, 0, "{lost}");
        assert_eq!(ran.report.loss.rows_unrecovered, 0, "{lost}");
        // Every core that meets the hole says so for each of these rows.
        let rows = |name: &str, core: u64| -> Vec<u64> {
            let of = ran
                .events
                .iter()
                .filter(|e| e["event"] == name && e["core"] == core);
            of.map(|e| e["row"].as_u64().unwrap() + 1).collect()
        };
        for core in 0..2 {
            assert_eq!(
                rows("row-lost-everywhere", core),
                everywhere,
                "{lost}, core {core}"
            );
            assert_eq!(
                rows("row-from-log", core),
                from_log[core as usize],
                "{lost}, core {core}"
            );
        }
        assert!(rows("row-from-frame", 0).is_empty() && rows("row-from-frame", 1).is_empty());
        // What a core misses besides is in the other one's log.
        let survived = 12 - everywhere.len() as u64;
        for core in &ran.report.per_core {
            assert_eq!(core.rows_applied, survived, "{lost}");
        }
        for event in &ran.events {
            if event["event"] == "row-from-log" {
                assert_eq!(
                    event["peer"].as_u64().unwrap(),
                    1 - event["core"].as_u64().unwrap()
                );
            }
        }
    }
}

#[test]
fn states_are_recorded_row_by_row() {
    let mut setup = Setup::new("port-knock", 2);
    setup.events = EventLevel::State;
    let knock = [100, 101, 102].map(|port| Packet::tcp(1, port, 2));
    let mut packets = knock.to_vec();
    packets.push(Packet::tcp(1, 80, 0x01));
    let ran = run(&setup, &packets);
    good(&ran);
    let state = |core, seq, row, state: &str| json!({"core": core, "seq": seq, "event": "state", "row": row, "key": "10.0.0.1", "state": state});
    assert_eq!(
        ran.events,
        [
            state(0, 0, 0, "CLOSED_1"),
            state(1, 1, 0, "CLOSED_1"),
            state(1, 1, 1, "CLOSED_2"),
            state(0, 2, 1, "CLOSED_2"),
            state(0, 2, 2, "OPEN"),
            state(1, 3, 2, "OPEN"),
            state(1, 3, 3, "CLOSED_0"),
        ]
    );
    assert_eq!(ran.report.verdicts.pass, 1);
    assert_eq!(ran.state["entries"], json!([]));
}
