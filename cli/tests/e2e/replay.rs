//! `scr replay` against the oracle: every number it prints and every file it writes.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::args;
use crate::capture::{self, Packet};
use crate::oracle::{self, Fields, Sequencing};
use crate::run::{data_file, scr};

/// A replay to be run and judged.
pub struct Replay<'a> {
    pub input: &'a Path,
    pub nf: &'a str,
    pub sequencing: Sequencing,
    /// Sequence numbers of the frames to be lost.
    pub lose: &'a [u64],
    pub threshold: Option<u64>,
    pub nic: &'a str,
}

impl<'a> Replay<'a> {
    pub fn new(input: &'a Path, nf: &'a str, cores: usize) -> Self {
        let profile = match nf {
            "ddos" => "source",
            "port-knock" => "knock",
            _ => "flow",
        };
        Self {
            input,
            nf,
            sequencing: Sequencing::new(profile, cores),
            lose: &[],
            threshold: None,
            nic: "model",
        }
    }
}

/// What a replay printed and wrote.
pub struct Outcome {
    pub json: Value,
    pub folder: TempDir,
}

impl Outcome {
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.path().join(name)).unwrap()
    }

    pub fn packets(&self, name: &str) -> Vec<Packet> {
        capture::read(&self.folder.path().join(name))
    }
}

impl Replay<'_> {
    fn arguments(&self, folder: &Path) -> Vec<OsString> {
        let Sequencing {
            profile,
            cores,
            history,
            words,
            all,
        } = self.sequencing;
        let file = |name: &str| folder.join(name);
        let mut arguments = args![
            "replay",
            self.input,
            "--nf",
            self.nf,
            "--nic",
            self.nic,
            "--json",
            "--cores",
            cores.to_string(),
            "--history",
            history.to_string(),
            "--frames",
            file("frames.pcap"),
            "--out",
            file("out.pcap"),
            "--state",
            file("state.json"),
            "--events",
            file("events.jsonl")
        ]
        .to_vec();
        // Defaults are left to the program, so that they are tested, too.
        if profile != Self::new(self.input, self.nf, 1).sequencing.profile {
            arguments.extend(args!["--profile", profile.name]);
        }
        if words != profile.fewest_words(cores) {
            arguments.extend(args!["--prefix-words", words.to_string()]);
        }
        if all {
            arguments.push("--sequence-all".into());
        }
        if let Some(threshold) = self.threshold {
            arguments.extend(args!["--nf-opt", format!("threshold={threshold}")]);
        }
        if !self.lose.is_empty() {
            let list: Vec<String> = self.lose.iter().map(u64::to_string).collect();
            arguments.extend(args!["--lose", list.join(",")]);
        }
        arguments
    }

    /// Runs the replay and judges all of it.
    #[track_caller]
    pub fn check(&self) -> Outcome {
        let folder = tempfile::tempdir().unwrap();
        let ran = scr(self.arguments(folder.path())).ok();
        let outcome = Outcome {
            json: ran.json(),
            folder,
        };
        let packets = capture::read(self.input);
        let expected = Expected::new(self, &packets);
        expected.check_report(self, &packets, &outcome.json);
        assert_eq!(outcome.packets("out.pcap"), expected.out, "--out");
        assert!(
            outcome.packets("frames.pcap") == self.sequencing.frames(&packets),
            "--frames"
        );
        let state: Value = serde_json::from_slice(&outcome.bytes("state.json")).unwrap();
        assert_eq!(state, expected.state, "--state");
        let events = String::from_utf8(outcome.bytes("events.jsonl")).unwrap();
        let mut by_core: BTreeMap<u64, Vec<Value>> = BTreeMap::new();
        for line in events.lines() {
            let mut event: Value = serde_json::from_str(line).unwrap();
            // Any peer will do, but not the core itself.
            if let Some(peer) = event.as_object_mut().unwrap().shift_remove("peer") {
                assert_eq!(event["event"], "row-from-log");
                assert_ne!(peer, event["core"]);
                assert!(peer.as_u64().unwrap() < self.sequencing.cores as u64);
            }
            by_core
                .entry(event["core"].as_u64().unwrap())
                .or_default()
                .push(event);
        }
        assert_eq!(by_core, expected.events, "--events");
        outcome
    }
}

/// What must come out.
struct Expected {
    sequenced: usize,
    passed: usize,
    dropped: usize,
    rows_applied: usize,
    rows_from_frames: usize,
    rows_from_logs: usize,
    rows_lost: usize,
    frames_of: Vec<usize>,
    events: BTreeMap<u64, Vec<Value>>,
    out: Vec<Packet>,
    state: Value,
}

impl Expected {
    fn new(replay: &Replay, packets: &[Packet]) -> Self {
        let Sequencing {
            profile,
            cores,
            history,
            words,
            ..
        } = replay.sequencing;
        let by_packet = replay.sequencing.fields(packets);
        let rows: Vec<&Fields> = by_packet.iter().flatten().collect();
        let lost: BTreeSet<u64> = replay.lose.iter().copied().collect();
        let window = profile.rows(words).min(history + 1).min(255);

        let arrives = |seq: usize| !lost.contains(&(seq as u64));
        let carried = |row: usize| (row..rows.len().min(row + window)).any(arrives);
        let survivors: Vec<usize> = (0..rows.len()).filter(|&row| carried(row)).collect();
        let run = oracle::run(
            replay.nf,
            replay.threshold,
            profile,
            replay.sequencing.all,
            survivors.iter().map(|&row| rows[row]),
        );
        let verdicts: BTreeMap<usize, bool> = survivors
            .iter()
            .copied()
            .zip(run.verdicts)
            .filter(|(row, _)| arrives(*row))
            .collect();

        let mut frames_of = vec![0; cores];
        let mut last = vec![-1_i64; cores];
        let mut events: BTreeMap<u64, Vec<Value>> = BTreeMap::new();
        let (mut rows_from_frames, mut rows_from_logs) = (0, 0);
        for seq in (0..rows.len()).filter(|&seq| arrives(seq)) {
            let core = seq % cores;
            frames_of[core] += 1;
            for row in last[core] + 1..=seq as i64 - cores as i64 {
                let event = if seq as i64 - row < window as i64 {
                    rows_from_frames += 1;
                    "row-from-frame"
                } else if carried(row as usize) {
                    rows_from_logs += 1;
                    "row-from-log"
                } else {
                    "row-lost-everywhere"
                };
                let event = json!({"core": core, "seq": seq, "event": event, "row": row});
                events.entry(core as u64).or_default().push(event);
            }
            last[core] = seq as i64;
        }

        let mut seq = 0;
        let mut out = Vec::new();
        for (packet, fields) in packets.iter().zip(&by_packet) {
            let passes = fields.is_none() || verdicts.get(&seq).copied().unwrap_or(false);
            seq += usize::from(fields.is_some());
            if passes {
                out.push(packet.clone());
            }
        }
        let passed = verdicts.values().filter(|pass| **pass).count();
        Self {
            sequenced: rows.len(),
            passed,
            dropped: verdicts.len() - passed,
            rows_applied: survivors.len(),
            rows_from_frames,
            rows_from_logs,
            rows_lost: rows.len() - survivors.len(),
            frames_of,
            events,
            out,
            state: json!({
                "nf": replay.nf, "last_seq": survivors.last(), "entries": run.entries
            }),
        }
    }

    #[track_caller]
    fn check_report(&self, replay: &Replay, packets: &[Packet], report: &Value) {
        let keys: Vec<&str> = report
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let order = [
            "packets",
            "sequenced",
            "passed_by",
            "nf",
            "strategy",
            "cores",
            "profile",
            "prefix_words",
            "nic",
            "verdicts",
            "per_core",
            "loss",
            "replicas_agree",
            "verified",
            "seconds",
            "mpps",
        ];
        // What is there only when there is something to say.
        let usual = keys
            .into_iter()
            .filter(|key| !["passed_by_reasons", "warnings"].contains(key));
        assert_eq!(usual.collect::<Vec<_>>(), order);
        let reasons = report["passed_by_reasons"].as_object();
        let reasons = reasons.into_iter().flatten();
        let sum: u64 = reasons.map(|(_, count)| count.as_u64().unwrap()).sum();
        assert_eq!(report["passed_by"], sum);
        assert_eq!(report["packets"], packets.len());
        assert_eq!(report["sequenced"], self.sequenced);
        assert_eq!(report["passed_by"], packets.len() - self.sequenced);
        assert_eq!(report["nf"], replay.nf);
        assert_eq!(report["strategy"], "scr");
        assert_eq!(report["cores"], replay.sequencing.cores);
        assert_eq!(report["profile"], replay.sequencing.profile.name);
        assert_eq!(report["prefix_words"], replay.sequencing.words);
        assert_eq!(
            report["verdicts"],
            json!({"pass": self.passed, "drop": self.dropped})
        );
        let per_core: Vec<Value> = (0..replay.sequencing.cores)
            .map(|core| {
                json!({"core": core, "frames": self.frames_of[core], "rows_applied": self.rows_applied})
            })
            .collect();
        assert_eq!(report["per_core"], Value::Array(per_core));
        assert_eq!(
            report["loss"],
            json!({
                "frames_lost": replay.lose.len(), "rows_from_frames": self.rows_from_frames,
                "rows_from_logs": self.rows_from_logs, "rows_lost_everywhere": self.rows_lost
            })
        );
        assert_eq!(report["replicas_agree"], true);
        assert_eq!(report["verified"], true);
        assert!(report["seconds"].as_f64().unwrap() > 0.0);
        assert!(report["mpps"].is_number());
        if replay.nic == "model" {
            assert_eq!(report["nic"], json!({"kind": "model"}));
        }
    }
}

const FUNCTIONS: [&str; 3] = ["ddos", "heavy-hitter", "port-knock"];

#[test]
fn every_function_on_every_capture_and_number_of_cores() {
    for name in [
        "mix.pcap",
        "mix-us.pcapng",
        "mix-us.pcap",
        "nasty.pcap",
        "knock.pcap",
        "ddos.pcap",
    ] {
        for nf in FUNCTIONS {
            for cores in [1, 3, 4, 7, 14] {
                Replay::new(&data_file(name), nf, cores).check();
            }
        }
    }
}

#[test]
fn wider_profiles_and_other_histories() {
    let input = data_file("nasty.pcap");
    for nf in FUNCTIONS {
        for profile in ["flow", "flow-time", "flow6-time"] {
            for (cores, all, extra) in [(4, false, 0), (3, true, 2)] {
                let mut replay = Replay::new(&input, nf, cores);
                replay.sequencing = Sequencing::new(profile, cores);
                replay.sequencing.history = 16;
                replay.sequencing.all = all;
                replay.sequencing.words += extra;
                replay.check();
            }
        }
    }
}

#[test]
fn thresholds_drop_and_report() {
    let (ddos, mix) = (data_file("ddos.pcap"), data_file("mix.pcap"));
    for threshold in [0, 1, 20] {
        let mut replay = Replay::new(&ddos, "ddos", 4);
        replay.threshold = Some(threshold);
        let dropped = replay.check().json["verdicts"]["drop"].as_u64().unwrap();
        assert!(dropped > 0);
    }
    let mut replay = Replay::new(&mix, "heavy-hitter", 4);
    replay.threshold = Some(2_000);
    let outcome = replay.check();
    let state = String::from_utf8(outcome.bytes("state.json")).unwrap();
    assert!(state.contains("true") && state.contains("false"));
}

#[test]
fn what_passes_is_what_came() {
    for name in ["mix.pcap", "nasty.pcap"] {
        let input = data_file(name);
        let outcome = Replay::new(&input, "heavy-hitter", 4).check();
        assert!(
            outcome.bytes("out.pcap") == fs::read(&input).unwrap(),
            "{name}"
        );
    }
}

/// Frames of `scr sequence` and those that a replay's NIC sends are the same bytes.
#[test]
fn sequence_writes_what_the_model_sends() {
    let input = data_file("nasty.pcap");
    let outcome = Replay::new(&input, "heavy-hitter", 5).check();
    let path = outcome.folder.path().join("sequenced.pcap");
    scr(args!["sequence", &input, "-o", &path, "--cores", "5"]).ok();
    assert!(fs::read(path).unwrap() == outcome.bytes("frames.pcap"));
}

#[test]
fn rows_repair_losses() {
    let input = data_file("knock.pcap");
    for nf in FUNCTIONS {
        for lose in [
            &[3_u64][..],
            &[0, 1, 2, 3],
            &[3, 7, 10, 11, 12],
            &[5, 9, 20, 24, 100, 101, 102, 103, 104],
            &[690, 691, 699],
        ] {
            let mut replay = Replay::new(&input, nf, 4);
            replay.lose = lose;
            let profile = replay.sequencing.profile;
            replay.sequencing.words = profile.fewest_words(13);
            replay.check();
        }
    }
}

/// Without spare rows in the frames, peers' logs help, or the row is lost everywhere.
#[test]
fn logs_repair_losses() {
    let input = data_file("knock.pcap");
    let many: Vec<u64> = (50..90).chain(200..260).step_by(3).collect();
    for nf in FUNCTIONS {
        for cores in [1, 2, 3, 7] {
            for lose in [
                &[3_u64][..],
                &[0, 1, 2],
                &[10, 11, 12, 13, 14],
                &[699],
                &many,
            ] {
                let mut replay = Replay::new(&input, nf, cores);
                replay.lose = lose;
                replay.check();
            }
        }
    }
}

/// With `--events-state` every core tells the same story, and it ends in the state file.
#[test]
fn events_tell_every_state() {
    let folder = tempfile::tempdir().unwrap();
    let (events, state) = (folder.path().join("events"), folder.path().join("state"));
    let input = data_file("knock.pcap");
    let arguments = args![
        "replay",
        &input,
        "--nf",
        "port-knock",
        "--nf-opt",
        "sticky-open",
        "--nic",
        "model",
        "--cores",
        "3",
        "--events",
        &events,
        "--events-state",
        "--state",
        &state
    ];
    scr(arguments).ok();
    let mut stories: BTreeMap<u64, Vec<(u64, String, String)>> = BTreeMap::new();
    for line in fs::read_to_string(events).unwrap().lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        assert_eq!(event["event"], "state");
        let text = |key: &str| event[key].as_str().unwrap().to_owned();
        let story = stories.entry(event["core"].as_u64().unwrap()).or_default();
        story.push((event["row"].as_u64().unwrap(), text("key"), text("state")));
    }
    let longest = stories.values().max_by_key(|story| story.len()).unwrap();
    assert_eq!(stories.len(), 3);
    for story in stories.values() {
        assert!(story.is_sorted_by_key(|(row, ..)| *row));
        // A core sees no further than its own last frame.
        assert!(longest.len() - story.len() <= 2 && longest.starts_with(story));
    }
    let last: BTreeMap<&str, &str> = longest
        .iter()
        .map(|(_, key, state)| (&**key, &**state))
        .collect();
    let state: Value = serde_json::from_slice(&fs::read(state).unwrap()).unwrap();
    let entries = state["entries"].as_array().unwrap();
    assert!(entries.iter().any(|entry| entry["state"] == "OPEN"));
    for entry in entries {
        assert_eq!(last[entry["src"].as_str().unwrap()], entry["state"]);
    }
}

#[test]
fn random_losses_can_be_repeated() {
    let input = data_file("mix.pcap");
    let folder = tempfile::tempdir().unwrap();
    let run = |options: &[&str]| {
        let out = folder.path().join("out.pcap");
        let mut arguments = args![
            "replay",
            &input,
            "--nic",
            "model",
            "--json",
            "--prefix-words",
            "15",
            "--out",
            &out
        ]
        .to_vec();
        arguments.extend(options.iter().map(OsString::from));
        let report = scr(arguments).ok().json();
        (report, fs::read(&out).unwrap())
    };
    let (first, out) = run(&["--loss-rate", "0.05", "--seed", "7"]);
    let (again, _) = run(&["--loss-rate", "0.05", "--seed", "7"]);
    let (other, _) = run(&["--loss-rate", "0.05", "--seed", "8"]);
    let lost = first["lost"].as_str().unwrap();
    assert_eq!(first["lost"], again["lost"]);
    assert_ne!(first["lost"], other["lost"]);
    let count = first["loss"]["frames_lost"].as_u64().unwrap();
    assert!((10..70).contains(&count), "{count} of 700 at 5 %");

    let (listed, same) = run(&["--lose", lost]);
    assert_eq!(listed["loss"], first["loss"]);
    assert!(out == same);
    assert_eq!(listed["verified"], true);
}

#[test]
fn a_summary_for_people() {
    let ran = scr(args!["replay", data_file("mix.pcap"), "--nic", "model"]).ok();
    for part in [
        "700 packets",
        "heavy-hitter",
        "core 3",
        "replicas agree",
        "verified",
    ] {
        assert!(ran.stdout.contains(part), "no {part:?} in {}", ran.stdout);
    }
}

#[test]
fn verification_can_be_switched_off() {
    let input = data_file("mix.pcap");
    let report = scr(args![
        "replay",
        &input,
        "--nic",
        "model",
        "--json",
        "--no-verify"
    ])
    .ok()
    .json();
    assert_eq!(report["verified"], Value::Null);
    assert_eq!(report["replicas_agree"], true);
}

#[test]
fn options_that_make_no_sense() {
    let refused = |options: &[&str], parts: &[&str]| {
        let mut arguments = args!["replay", data_file("mix.pcap")].to_vec();
        arguments.extend(options.iter().map(OsString::from));
        if !options.contains(&"--nic") {
            arguments.extend(args!["--nic", "model"]);
        }
        scr(arguments).fails(2, parts);
    };
    refused(
        &["--nf", "firewall"],
        &["firewall", "heavy-hitter", "port-knock"],
    );
    refused(&["--nf-opt", "treshold=3"], &["treshold", "threshold"]);
    refused(&["--nf-opt", "threshold=many"], &["threshold", "many"]);
    refused(
        &["--profile", "source"],
        &["source", "heavy-hitter", "flow, flow-time, flow6-time"],
    );
    refused(
        &["--nf", "port-knock", "--profile", "source"],
        &["knock, flow"],
    );
    for strategy in ["shared", "rss", "rss++", "pipeline"] {
        refused(&["--strategy", strategy], &["not available yet", strategy]);
    }
    refused(&["--strategy", "magic"], &["--strategy", "rss++"]);
    refused(&["--nic", "connectx"], &["--nic", "rust-hdl"]);
    refused(&["--lose", "3-"], &["--lose", "3,7,10-12"]);
    refused(&["--lose", "9-3"], &["--lose"]);
    refused(&["--loss-rate", "1.5"], &["--loss-rate", "0 to 1"]);
    refused(&["--loss-rate", "nan"], &["--loss-rate"]);
    refused(&["--out", "-"], &["--out", "standard output"]);
    refused(&["--out", "/dev/stdout"], &["--out", "standard output"]);
    refused(&["--stall-timeout", "0"], &["--stall-timeout", "50"]);
    refused(&["--cores", "-1"], &["--cores", "-1"]);
    refused(&["--fault", "crash@core=1:"], &["--fault", "no fault"]);
    refused(&["--trace", "x.fst"], &["--trace", "--nic"]);
}
