//! Workers that crash, stand still, leave and join, through the real binary.

use std::fs;

use serde_json::Value;

use crate::args;
use crate::run::{data_file, scr};

/// What `scr replay` says of the mix with these options, the frames that the NIC sent, and the packets that came out.
fn replay(nic: &str, options: &[&str]) -> (Value, Vec<Vec<u8>>, usize) {
    let folder = tempfile::tempdir().unwrap();
    let (frames, out) = (
        folder.path().join("frames.pcap"),
        folder.path().join("out.pcap"),
    );
    // Long enough for a death to be noticed in the middle: more frames than are in circulation.
    let capture = folder.path().join("long.pcap");
    scr(args!["trace", "gen", "-o", &capture, "--packets", "20000"]).ok();
    let mut command = args![
        "replay", &capture, "--nic", nic, "--json", "--frames", &frames, "--out", &out
    ]
    .to_vec();
    command.extend(options.iter().map(Into::into));
    let report = scr(command).ok().json();
    let read = |path| {
        crate::capture::read(path)
            .into_iter()
            .map(|p| p.data.to_vec())
    };
    let frames: Vec<Vec<u8>> = read(&frames).collect();
    let out = read(&out).count();
    fs::remove_dir_all(folder.path()).unwrap();
    (report, frames, out)
}

/// Sequence number, k and core of each sequenced frame, straight from the header's bytes.
fn headers(frames: &[Vec<u8>]) -> Vec<(u64, u8, u8)> {
    let scr = frames
        .iter()
        .filter(|f| f.len() > 16 && f[12..14] == [0x88, 0xb5]);
    scr.map(|f| {
        let seq = f[7..12]
            .iter()
            .fold(0, |seq, &byte| seq << 8 | u64::from(byte));
        (seq, f[4], f[5])
    })
    .collect()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

/// Core 2 alone died, of this cause; only the frames that were lost with it have no verdict; and all that passed came out.
fn check_death_of_2(report: &Value, out: usize, cause: &str) {
    assert_eq!(report["verified"], true);
    assert_eq!(report["replicas_agree"], true);
    let died = report["failover"]["died"].as_array().unwrap();
    assert_eq!(died.len(), 1);
    assert_eq!(
        (number(&died[0]["core"]), &died[0]["cause"]),
        (2, &Value::from(cause))
    );
    let lost = number(&report["loss"]["frames_lost_with_workers"]);
    assert!(lost >= 1 && number(&died[0]["frames_lost"]) == lost);
    let passed = number(&report["verdicts"]["pass"]);
    assert_eq!(
        passed + number(&report["verdicts"]["drop"]) + lost,
        number(&report["sequenced"])
    );
    assert_eq!(out as u64, passed + number(&report["passed_by"]));
}

fn check_crash(nic: &str) {
    let (report, frames, out) = replay(
        nic,
        &["--cores", "4", "--crash", "2@1000", "--resize", "15000:4"],
    );
    check_death_of_2(&report, out, "crash");
    let turns = report["failover"]["turns"].as_array().unwrap();
    let first = number(&turns[0]["seq"]);
    assert_eq!(
        (
            number(&turns[0]["cores"]),
            number(&turns[1]["cores"]),
            number(&turns[1]["seq"])
        ),
        (3, 4, 15000)
    );
    assert_eq!(turns[1]["joined"], serde_json::json!([2]));
    for (seq, cores, core) in headers(&frames) {
        let due = if (first..15000).contains(&seq) { 3 } else { 4 };
        assert_eq!(cores, due, "frame {seq}");
        assert!(core < due);
    }
    // The numbers go on through both changes.
    assert!(
        headers(&frames)
            .iter()
            .enumerate()
            .all(|(n, header)| header.0 == n as u64)
    );
}

#[test]
fn a_crashed_worker_is_replaced_behind_the_model() {
    check_crash("model");
}

#[test]
fn a_crashed_worker_is_replaced_behind_the_hardware() {
    check_crash("verilator");
}

fn check_stall(nic: &str) {
    let (report, frames, out) = replay(
        nic,
        &[
            "--cores",
            "4",
            "--stall-timeout",
            "3000",
            "--fault",
            "stall=600000@core=2:1000",
        ],
    );
    check_death_of_2(&report, out, "stall");
    let turns = report["failover"]["turns"].as_array().unwrap();
    assert_eq!(turns.len(), 1);
    assert_eq!(number(&turns[0]["cores"]), 3);
    let first = number(&turns[0]["seq"]);
    let headers = headers(&frames);
    assert!((1000..headers.len() as u64).contains(&first));
    for (n, (seq, cores, core)) in headers.into_iter().enumerate() {
        assert_eq!((seq, cores), (n as u64, if seq < first { 4 } else { 3 }));
        assert!(core < cores);
    }
}

#[test]
fn a_worker_that_stands_still_is_left_out_behind_the_model() {
    check_stall("model");
}

#[test]
fn a_worker_that_stands_still_is_left_out_behind_the_hardware() {
    check_stall("verilator");
}

fn check_resize(nic: &str) {
    let (report, frames, _) = replay(nic, &["--cores", "2", "--resize", "100:7,101:1,400:5"]);
    assert_eq!(report["verified"], true);
    let due = |seq: u64| match seq {
        0..100 => 2,
        100 => 7,
        101..400 => 1,
        _ => 5,
    };
    let headers = headers(&frames);
    let mut core = 0;
    for (n, &(seq, cores, to)) in headers.iter().enumerate() {
        assert_eq!((seq, cores), (n as u64, due(seq)));
        // The core after c is (c + 1) mod the k of the frame.
        assert_eq!(to, core % cores, "frame {seq}");
        core = to + 1;
    }
    assert_eq!(report["per_core"].as_array().unwrap().len(), 7);
    assert!(report["loss"]["frames_lost_with_workers"].is_null());
}

#[test]
fn cores_change_at_the_number_given_behind_the_model() {
    check_resize("model");
}

#[test]
fn cores_change_at_the_number_given_behind_the_hardware() {
    check_resize("verilator");
}

#[test]
fn who_falls_behind_further_than_logs_reach_takes_over_a_replica() {
    let folder = tempfile::tempdir().unwrap();
    let (capture, events) = (
        folder.path().join("x.pcap"),
        folder.path().join("events.jsonl"),
    );
    scr(args!["trace", "gen", "-o", &capture, "--packets", "20000"]).ok();
    let command = |events: &std::path::Path| {
        args![
            "replay",
            &capture,
            "--nic",
            "model",
            "--nf",
            "conntrack",
            "--log-rows",
            "64",
            "--fault",
            "stall=100@core=2:3000",
            "--fault",
            "lose@core=2:3010-3100",
            "--events",
            events,
        ]
        .to_vec()
    };
    let mut json = command(&events);
    json.push("--json".into());
    let report = scr(json).ok().json();
    assert_eq!(report["verified"], true);
    assert_eq!(report["replicas_agree"], true);
    let loss = &report["loss"];
    assert!(number(&loss["state_transfers"]) >= 1);
    assert!(loss["rows_unrecovered"].is_null());
    let overtaken = number(&loss["frames_overtaken"]);
    assert!(overtaken >= 1);
    let verdicts = number(&report["verdicts"]["pass"]) + number(&report["verdicts"]["drop"]);
    let all = verdicts + overtaken + number(&loss["frames_lost"]);
    assert_eq!(all, number(&report["sequenced"]));

    let events: Vec<Value> = fs::read_to_string(&events)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let transfer = events.iter().find(|e| e["event"] == "state-transfer");
    let transfer = transfer.unwrap();
    assert_ne!(transfer["peer"], transfer["core"]);
    let dropped = events.iter().filter(|e| e["event"] == "frame-overtaken");
    assert_eq!(dropped.clone().count() as u64, overtaken);
    for event in dropped {
        assert_eq!(event["row"], event["seq"]);
    }

    let text = scr(command(&folder.path().join("again.jsonl"))).ok().stdout;
    assert!(text.contains("transfers of state from peers"), "{text}");
    let mut none = command(&folder.path().join("none.jsonl"));
    let at = none.iter().position(|a| a == "--log-rows").unwrap();
    none[at + 1] = "0".into();
    scr(none).fails(2, &["--log-rows"]);
}

#[test]
fn who_was_only_slow_joins_again() {
    let folder = tempfile::tempdir().unwrap();
    let (capture, events) = (
        folder.path().join("x.pcap"),
        folder.path().join("events.jsonl"),
    );
    scr(args!["trace", "gen", "-o", &capture, "--packets", "100000"]).ok();
    let run = |options: &[&str]| {
        // Events of every row take their time: there is traffic left when the worker comes back.
        let mut command = args![
            "replay",
            &capture,
            "--nic",
            "model",
            "--json",
            "--stall-timeout",
            "50",
            "--fault",
            "stall=120@core=1:1000",
            "--loss-rate",
            "0.01",
            "--events",
            &events,
            "--events-state",
        ]
        .to_vec();
        command.extend(options.iter().map(Into::into));
        let report = scr(command).ok().json();
        assert_eq!(report["verified"], true);
        assert_eq!(report["replicas_agree"], true);
        report
    };
    // A machine that is busy with other things may be done before, or notice nothing.
    let joined = (0..10).any(|_| {
        let report = run(&[]);
        let turns = report["failover"]["turns"].as_array();
        let joined = |turn: &Value| turn["joined"] == serde_json::json!([1]);
        turns.is_some_and(|turns| turns.iter().any(joined))
    });
    assert!(joined);
    let report = run(&["--no-rejoin"]);
    let turns = report["failover"]["turns"].as_array();
    assert!(turns.is_none_or(|turns| turns.iter().all(|turn| turn["joined"].is_null())));
}

#[test]
fn what_cannot_be_done_is_refused() {
    let capture = data_file("mix.pcap");
    for (options, what) in [
        (&["--crash", "4@1"][..], "there is no core 4"),
        (&["--crash", "x"], "--crash x"),
        (&["--resize", "5:0"], "5:0"),
        (&["--resize", "5:3,5:4"], "5:4"),
        (&["--resize", "5:100", "--history", "64"], "100"),
        (&["--fault", "explode@1"], "explode"),
    ] {
        let mut command = args!["replay", &capture, "--nic", "model"].to_vec();
        command.extend(options.iter().map(Into::into));
        scr(command).fails(2, &[what]);
    }
    scr(args![
        "replay", &capture, "--nic", "model", "--cores", "1", "--crash", "0@10"
    ])
    .fails(1, &["all workers are dead"]);
}

/// What a soak says of the only combination that it tries.
fn soak(only: &str) -> Value {
    let report = scr(args!["soak", "--seconds", "0", "--only", only, "--json"])
        .ok()
        .json();
    let all = report["combinations"].as_array().unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(number(&report["rounds"]), 1);
    assert!(report["failed"].is_null());
    assert_eq!(report["lost_silently"], 0);
    let account = all[0].clone();
    assert_eq!(
        number(&account["survived"]) + number(&account["lost"]),
        number(&account["frames"])
    );
    assert_eq!(account["frames"], 20_000);
    assert!(number(&account["injected"]) >= 1);
    account
}

#[test]
fn a_soak_accounts_for_every_frame() {
    let account = soak("crash/conntrack");
    assert_eq!(account["workers_died"], 1);
    assert!(number(&account["lost"]) >= 1);
    assert_eq!(account["entries"], 100);
    assert!(number(&account["dropped"]) >= 1);
    let account = soak("pause past logs/token-bucket");
    assert!(number(&account["state_transfers"]) >= 1);
    assert!(number(&account["dropped"]) >= 1_000);
    scr(args!["soak", "--only", "nothing/conntrack"]).fails(2, &["there is no such combination"]);
}

#[test]
fn in_a_soak_functions_have_something_to_do() {
    let account = soak("outage/nat");
    for key in ["dropped", "rewritten"] {
        assert!(number(&account[key]) >= 1_000, "{account}");
    }
    for key in ["exhausted", "unmapped"] {
        assert!(number(&account["totals"][key]) >= 100, "{account}");
    }
    let account = soak("bursts/load-balancer");
    assert!(number(&account["rewritten"]) >= 1_000);
    assert!(number(&account["totals"]["moved"]) >= 1);
    assert_eq!(account["entries"], 300);
    let account = soak("crash/ddos,nat");
    for key in ["dropped", "rewritten"] {
        assert!(number(&account[key]) >= 1_000, "{account}");
    }
    assert!(number(&account["totals"]["nat.exhausted"]) >= 1);
    let account = soak("loss/port-knock");
    let dropped = number(&account["dropped"]);
    assert!(dropped >= 1_000 && dropped + 1_000 <= number(&account["survived"]));
    assert!(number(&soak("loss/ddos")["dropped"]) >= 100);
    assert_eq!(soak("loss/heavy-hitter")["entries"], 64);
}
