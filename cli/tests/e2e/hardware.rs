//! `scr emit`, `scr cosim`, and replays through simulated hardware.
//!
//! Verilator and a C++ compiler must be installed.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::args;
use crate::oracle::Sequencing;
use crate::replay::Replay;
use crate::run::{data_file, scr};

/// `scr doctor` must find what models are built with: `scripts/setup` installs it.
pub fn must_verilate() {
    let found = scr(["doctor", "--quick", "--json"]).ok().json();
    assert_eq!(found["nic_sim"]["simulator"], "verilator", "{found}");
}

/// The figures that follow from the frames alone: beats, and no idle cycle.
fn check_figures(nic: &Value, kind: &str, frames: &Path, input: &Path) {
    let beats = |path: &Path| -> u64 {
        let packets = crate::capture::read(path);
        packets
            .iter()
            .map(|p| p.data.len().div_ceil(64) as u64)
            .sum()
    };
    let bytes = |path: &Path| -> u64 {
        let packets = crate::capture::read(path);
        packets.iter().map(|p| p.data.len() as u64).sum()
    };
    let number = |key: &str| nic[key].as_u64().unwrap();
    let keys: Vec<&str> = nic
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let order = [
        "kind",
        "cycles",
        "beats_in",
        "beats_out",
        "idle_with_work",
        "mpps_at_250mhz",
        "counters",
    ];
    assert_eq!(keys, order);
    assert_eq!(nic["kind"], kind);
    assert_eq!(number("beats_in"), beats(input));
    assert_eq!(number("beats_out"), beats(frames));
    assert_eq!(number("idle_with_work"), 0);
    assert!(number("cycles") >= number("beats_out"));
    let counters = &nic["counters"];
    let count = |key: &str| counters[key].as_u64().unwrap();
    // A packet without bytes has no beat: the host passes it by.
    let packets = crate::capture::read(input);
    let with_bytes = packets.iter().filter(|p| !p.data.is_empty()).count();
    assert_eq!(count("packets_in"), with_bytes as u64);
    assert_eq!(count("sequenced") + count("passed_by"), count("packets_in"));
    assert_eq!(count("bytes_in"), bytes(input));
    assert_eq!(count("bytes_out"), bytes(frames));
    let sent = counters["sent"].as_array().unwrap();
    let sent: u64 = sent.iter().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(sent, count("sequenced"));
    assert_eq!(count("output_stall_cycles"), 0);
    assert!(nic["mpps_at_250mhz"].as_f64().unwrap() > 0.0);
}

fn through_hardware(nic: &str, name: &str, nf: &str, cores: usize, profile: Option<&str>) {
    let input = data_file(name);
    let mut replay = Replay::new(&input, nf, cores);
    if let Some(profile) = profile {
        replay.sequencing = Sequencing::new(profile, cores);
    }
    replay.nic = nic;
    let outcome = replay.check();
    let frames = outcome.folder.path().join("frames.pcap");
    check_figures(&outcome.json["nic"], nic, &frames, &input);
    replay.nic = "model";
    let model = replay.check();
    assert!(outcome.bytes("frames.pcap") == model.bytes("frames.pcap"));
}

#[test]
fn verilator_sends_what_the_model_sends() {
    must_verilate();
    for name in ["nasty.pcap", "mix-us.pcapng"] {
        for cores in [1, 3, 4, 7, 14] {
            through_hardware("verilator", name, "heavy-hitter", cores, None);
        }
    }
    through_hardware("verilator", "knock.pcap", "port-knock", 4, None);
    through_hardware("verilator", "ddos.pcap", "ddos", 4, None);
}

#[test]
fn rust_hdl_sends_what_the_model_sends() {
    through_hardware("rust-hdl", "mix-us.pcap", "heavy-hitter", 3, None);
}

#[test]
fn sim_says_which_simulator_it_is() {
    must_verilate();
    let ran = scr(args!["replay", data_file("mix.pcap"), "--json"]).ok();
    assert!(ran.stderr.contains("nic: verilator"), "{}", ran.stderr);
    assert_eq!(ran.json()["nic"]["kind"], "verilator");
}

#[test]
fn a_waveform_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wave.vcd");
    let input = data_file("mix-us.pcap");
    scr(args!["replay", &input, "--nic", "model", "--trace", &path])
        .fails(2, &["--trace", "--nic verilator"]);
    must_verilate();
    scr(args![
        "replay",
        &input,
        "--nic",
        "verilator",
        "--trace",
        &path
    ])
    .ok();
    let waveform = fs::read_to_string(path).unwrap();
    assert!(waveform.contains("$enddefinitions"));
    assert!(waveform.contains("m_axis_tvalid"));

    // The writer of the other format has a second file for a while, which is no one else's, and no old file suffers.
    let (path, beside) = (
        folder.path().join("wave.fst"),
        folder.path().join("wave.fst.hier"),
    );
    let command = args!["replay", &input, "--nic", "verilator", "--trace", &path];
    fs::write(&beside, "somebody's").unwrap();
    fs::write(&path, "old").unwrap();
    scr(&command).ok();
    assert_eq!(fs::read_to_string(&beside).unwrap(), "somebody's");
    assert!(path.metadata().unwrap().len() > 1000);
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 3, "two waveforms, and somebody's file");
    scr(args!["replay", &input, "--trace", "/dev/null"])
        .fails(2, &["--trace /dev/null: is not a regular file"]);
}

#[test]
fn a_capture_without_packets_has_counters_too() {
    must_verilate();
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("none.pcap");
    scr(args!["trace", "gen", "-o", &input, "--packets", "0"]).ok();
    let report = scr(args!["replay", &input, "--nic", "verilator", "--json"]).ok();
    assert_eq!(report.json()["nic"]["counters"]["packets_in"], 0);
}

#[test]
fn emit_writes_verilog_and_its_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b");
    let shown = scr(args![
        "emit",
        "-o",
        &path,
        "--profile",
        "knock",
        "--history",
        "128",
        "--json"
    ])
    .ok();
    let text = fs::read_to_string(path.join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(shown.json(), manifest);
    assert_eq!(manifest["top"], "scr_sequencer");
    assert_eq!(manifest["shell"], "core");
    assert_eq!(manifest["profile"], "knock");
    assert_eq!(manifest["history"], 128);
    assert_eq!(manifest["width"], 512);
    assert_eq!(manifest["max_cores"], 16);
    assert!(manifest["latency_cycles"].as_u64().unwrap() > 0);
    assert!(manifest["registers"].is_array());
    let files: Vec<&str> = manifest["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file.as_str().unwrap())
        .collect();
    let mut all = String::new();
    for file in &files {
        let text = fs::read_to_string(path.join(file)).unwrap();
        assert!(!text.contains('$') || text.contains("$signed"), "{file}");
        all += &text;
    }
    assert!(all.contains("module scr_sequencer"));
    for line in all.lines().filter(|line| line.starts_with("module ")) {
        assert!(line.starts_with("module scr_"), "{line}");
    }
    // The same again is the same.
    let again = folder.path().join("again");
    scr(args![
        "emit",
        "-o",
        &again,
        "--profile",
        "knock",
        "--history",
        "128"
    ])
    .ok();
    for file in files {
        assert_eq!(
            fs::read(path.join(file)).unwrap(),
            fs::read(again.join(file)).unwrap()
        );
    }
}

#[test]
fn emit_writes_an_application_block_for_corundum() {
    let folder = tempfile::tempdir().unwrap();
    let emit = |path: &Path, options: &[&str]| {
        let mut arguments = args!["emit", "-o", path, "--shell", "corundum"].to_vec();
        arguments.extend(options.iter().map(Into::into));
        scr(arguments).ok()
    };
    let (two, one) = (folder.path().join("two"), folder.path().join("one"));
    let manifest = emit(&two, &["--interfaces", "2", "--json"]).json();
    assert_eq!(manifest["top"], "mqnic_app_block");
    assert_eq!(manifest["shell"], "corundum");
    assert_eq!(manifest["files"][0], "mqnic_app_block.v");
    assert_eq!(
        manifest["corundum"]["registers"].as_array().unwrap().len(),
        3
    );
    let text = fs::read_to_string(two.join("manifest.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), manifest);
    for file in manifest["files"].as_array().unwrap() {
        assert!(two.join(file.as_str().unwrap()).is_file());
    }
    let sequencers = |path: &Path| {
        let block = fs::read_to_string(path.join("mqnic_app_block.v")).unwrap();
        block.matches("\nscr_sequencer sequencer_").count()
    };
    assert_eq!(sequencers(&two), 2);
    // One interface, if nobody says how many.
    let said = emit(&one, &[]).stdout;
    assert!(
        said.contains("mqnic_app_block, 1 interface, APP_ID 32'h53435231"),
        "{said}"
    );
    assert_eq!(sequencers(&one), 1);
}

#[test]
fn emitted_verilog_is_lint_clean() {
    must_verilate();
    let folder = tempfile::tempdir().unwrap();
    scr(args!["emit", "-o", folder.path()]).ok();
    let manifest = fs::read(folder.path().join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let files = manifest["files"].as_array().unwrap();
    let lint = Command::new("verilator")
        .current_dir(folder.path())
        .args(["--lint-only", "-Wall"])
        .args(["--top-module", "scr_sequencer"])
        .args(files.iter().map(|file| file.as_str().unwrap()))
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&lint.stderr);
    assert!(lint.status.success() && words.trim().is_empty(), "{words}");
}

#[test]
fn emit_refuses_what_cannot_be_built() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |options: &[&str], parts: &[&str]| {
        let mut arguments = args!["emit", "-o", folder.path()].to_vec();
        arguments.extend(options.iter().map(Into::into));
        scr(arguments).fails(2, parts);
    };
    for shell in ["open-nic", "netfpga-plus"] {
        let message = format!("not available yet: --shell {shell}");
        refused(&["--shell", shell], &[&message]);
    }
    refused(
        &["--shell", "corundum", "--interfaces", "9"],
        &["--interfaces 9", "1 to 8"],
    );
    refused(
        &["--shell", "corundum", "--top", "mqnic_app_block"],
        &["--top mqnic_app_block", "inside the module"],
    );
    refused(&["--width", "100"], &["--width 100", "512"]);
    refused(&["--history", "300"], &["--history 300", "16 to 256"]);
    refused(&["--max-cores", "0"], &["--max-cores 0", "1 to 128"]);
    refused(&["--interfaces", "2"], &["--interfaces", "corundum"]);
    refused(&["--top", "uwire"], &["--top uwire", "keyword"]);
    refused(&["--top", "clk"], &["--top clk", "inside the module"]);
    refused(&["--top", "a-b"], &["--top a-b", "letters, digits"]);
    // The remedy that these name.
    scr(args![
        "emit",
        "-o",
        folder.path(),
        "--top",
        "scr_sequencer_0"
    ])
    .ok();
    let file = data_file("mix.pcap");
    scr(args!["emit", "-o", &file]).fails(2, &["mix.pcap", "cannot be made a folder"]);
}

#[test]
fn cosimulation_of_captures_and_random_traffic() {
    must_verilate();
    let report = scr(args![
        "cosim",
        data_file("nasty.pcap"),
        "--random",
        "1200",
        "--seed",
        "9",
        "--json"
    ])
    .ok()
    .json();
    assert_eq!(report["mismatch"], Value::Null);
    assert_eq!(report["rounds"], 5);
    // Packets without bytes are not sent; the capture is sent twice.
    let sent = crate::capture::read(&data_file("nasty.pcap"));
    let sent = sent.iter().filter(|packet| !packet.data.is_empty()).count();
    assert_eq!(report["packets"], 1200 + 2 * sent);
    assert!(report["changes"].as_u64().unwrap() > 20);
    assert!(report["resets"].as_u64().unwrap() > 3);
    let shown = scr(args!["cosim", "--random", "500", "--cores", "7"])
        .ok()
        .stdout;
    assert!(shown.contains("no difference"), "{shown}");
}

#[test]
fn lockstep_with_rust_hdl() {
    must_verilate();
    let report = scr(args!["cosim", "--lockstep", "--random", "60", "--json"])
        .ok()
        .json();
    assert_eq!(report["lockstep"], true);
    assert_eq!(report["mismatch"], Value::Null);
    assert!(report["cycles"].as_u64().unwrap() > 300);
}

#[test]
fn cosimulation_without_anything_to_do() {
    scr(["cosim", "--random", "0"]).fails(2, &["--random 0"]);
    scr(["cosim", "-"]).fails(2, &["name a file"]);
}

/// A model is built for a user's profile without rebuilding the program.
#[test]
fn a_profile_of_ones_own_in_hardware() {
    must_verilate();
    let folder = tempfile::tempdir().unwrap();
    let profile = folder.path().join("pair.toml");
    let description = "id = 200\nname = \"pair\"\nrow_bytes = 16\n\
                       fields = [\"src_ip4\", \"dst_ip4\", \"dst_port\", \"protocol\", { zero = 5 }]\n";
    fs::write(&profile, description).unwrap();
    let input = data_file("nasty.pcap");
    let run = |nic: &str| {
        let frames = folder.path().join(nic);
        let arguments = args![
            "replay",
            &input,
            "--nf",
            "ddos",
            "--profile",
            &profile,
            "--nic",
            nic,
            "--frames",
            &frames,
            "--json"
        ];
        let report = scr(arguments).ok().json();
        assert_eq!(report["profile"], "pair");
        assert_eq!(report["verified"], true);
        fs::read(frames).unwrap()
    };
    assert!(run("verilator") == run("model"));
}
