//! What the program says: of successes with nothing in them, of bad usage, and on terminals of all kinds.

use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::args;
use crate::capture::{self, Packet};
use crate::run::{data_file, scr};

/// The result of a replay through the golden sequencer.
#[track_caller]
fn replayed(input: &Path, options: &[&str]) -> Value {
    let mut arguments = args!["replay", input, "--nic", "model", "--json"].to_vec();
    arguments.extend(options.iter().map(OsString::from));
    scr(arguments).ok().json()
}

/// What a replay prints for people.
#[track_caller]
fn shown(input: &Path, options: &[&str]) -> String {
    let mut arguments = args!["replay", input, "--nic", "model"].to_vec();
    arguments.extend(options.iter().map(OsString::from));
    scr(arguments).ok().stdout
}

fn warnings(report: &Value) -> Vec<&str> {
    let warnings = report["warnings"].as_array().map_or(&[][..], Vec::as_slice);
    warnings
        .iter()
        .map(|warning| warning["warning"].as_str().unwrap())
        .collect()
}

#[test]
fn ipv6_under_an_ipv4_profile_is_said_and_the_remedy_works() {
    let input = data_file("cases/ipv6-only.pcap");
    let report = replayed(&input, &[]);
    assert_eq!(report["sequenced"], 0);
    assert_eq!(
        report["passed_by_reasons"],
        json!({"ipv6-under-v4-profile": 3})
    );
    assert_eq!(warnings(&report), ["nothing-sequenced"]);
    let help = report["warnings"][0]["help"].as_str().unwrap();
    assert!(help.contains("--profile flow6-time"), "{help}");

    let text = shown(&input, &[]);
    assert!(
        text.contains("passed by: 3 ipv6-under-v4-profile\n"),
        "{text}"
    );
    assert!(text.contains("warning: nothing was sequenced"), "{text}");
    assert!(text.contains("help: use --profile flow6-time"), "{text}");
    assert!(!text.contains("verified"), "{text}");

    let helped = replayed(&input, &["--profile", "flow6-time"]);
    assert_eq!(
        (&helped["sequenced"], &helped["warnings"]),
        (&json!(3), &Value::Null)
    );
}

#[test]
fn tunnels_and_tags() {
    let input = data_file("cases/mpls-pppoe-9100.pcap");
    let report = replayed(&input, &[]);
    assert_eq!(report["passed_by_reasons"], json!({"mpls": 1, "pppoe": 1}));
    // TPID 0x9100 is a tag.
    assert_eq!(report["sequenced"], 1);
    let all = replayed(&input, &["--sequence-all"]);
    assert_eq!(all["sequenced"], 3);
    assert!(all.get("passed_by_reasons").is_none());
}

/// The reasons, once more, for the packets of a capture: those that a hand-written parser can tell.
#[test]
fn every_packet_that_passes_by_has_a_reason() {
    for (name, profile) in [
        ("nasty.pcap", "flow"),
        ("nasty.pcap", "flow6-time"),
        ("mix.pcap", "flow"),
    ] {
        let input = data_file(name);
        let report = replayed(&input, &["--profile", profile]);
        let reasons = report["passed_by_reasons"].as_object();
        let sum: u64 = reasons
            .into_iter()
            .flatten()
            .map(|(_, n)| n.as_u64().unwrap())
            .sum();
        assert_eq!(report["passed_by"], sum);
        let packets = capture::read(&input);
        let of = |name: &str| report["passed_by_reasons"][name].as_u64().unwrap_or(0);
        let count = |which: &dyn Fn(&[u8]) -> bool| {
            packets.iter().filter(|p| which(&p.data)).count() as u64
        };
        let untagged = |ethertype: [u8; 2]| move |data: &[u8]| data.get(12..14) == Some(&ethertype);
        assert_eq!(of("not-captured"), count(&|data| data.is_empty()));
        assert!(of("too-short") >= count(&|data| (1..14).contains(&data.len())));
        assert_eq!(of("arp"), count(&untagged([8, 6])));
        assert_eq!(of("lldp"), count(&untagged([0x88, 0xcc])));
        assert_eq!(
            of("ipv6-under-v4-profile") > 0,
            name == "nasty.pcap" && profile == "flow"
        );

        let folder = tempfile::tempdir().unwrap();
        let frames = folder.path().join("frames.pcap");
        let summary = scr(args![
            "sequence",
            &input,
            "-o",
            &frames,
            "--profile",
            profile,
            "--json"
        ]);
        let summary = summary.ok().json();
        assert_eq!(summary["passed_by_reasons"], report["passed_by_reasons"]);
    }
}

#[test]
fn successes_with_nothing_in_them() {
    let mix = data_file("mix.pcap");
    let lost = replayed(&mix, &["--loss-rate", "100%"]);
    assert_eq!(warnings(&lost), ["no-verdict"]);
    assert_eq!(
        lost["warnings"][0]["message"]
            .as_str()
            .unwrap()
            .matches("700")
            .count(),
        2
    );
    assert!(shown(&mix, &["--loss-rate", "1"]).contains("no verdicts: there was nothing to check"));

    let stalled = replayed(&mix, &["--fault", "stall=1min@core=1:600"]);
    assert_eq!(warnings(&stalled), ["stall-cut-short"]);
    assert_eq!(stalled["stalls_cut_short"], 1);

    let nat = [
        "--nf",
        "nat",
        "--nf-opt",
        "inside=192.0.2.0/24",
        "--nf-opt",
        "external=198.51.100.1",
    ];
    let idle = replayed(&mix, &nat);
    assert_eq!(warnings(&idle), ["nothing-done"]);
    let help = idle["warnings"][0]["help"].as_str().unwrap();
    assert!(help.contains("inside=PREFIX"), "{help}");
    let balancer = [
        "--nf",
        "load-balancer",
        "--nf-opt",
        "vip=192.0.2.1:80",
        "--nf-opt",
        "backends=198.51.100.1",
    ];
    assert_eq!(warnings(&replayed(&mix, &balancer)), ["nothing-done"]);
    let busy = [
        "--nf",
        "nat",
        "--nf-opt",
        "inside=10.0.0.0/8",
        "--nf-opt",
        "external=198.51.100.1",
    ];
    assert!(warnings(&replayed(&mix, &busy)).is_empty());

    let chain = [
        "--nf",
        "nat,load-balancer",
        "--nf-opt",
        "nat.inside=192.0.2.0/24",
        "--nf-opt",
        "nat.external=198.51.100.1",
        "--nf-opt",
        "vip=192.0.2.1:80",
        "--nf-opt",
        "backends=198.51.100.1",
    ];
    assert_eq!(warnings(&replayed(&mix, &chain)), ["nothing-done"]);

    let missed = replayed(
        &mix,
        &["--fault", "corrupt@core=1:9000", "--crash", "2@1000"],
    );
    assert_eq!(warnings(&missed), ["crash-missed", "fault-missed"]);

    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pcap");
    capture::write(&empty, &[]);
    assert_eq!(warnings(&replayed(&empty, &[])), ["nothing-sequenced"]);

    let frames = folder.path().join("frames.pcap");
    scr(args!["sequence", &mix, "-o", &frames]).ok();
    let again = replayed(&frames, &[]);
    assert_eq!(again["passed_by_reasons"], json!({"scr-frame": 700}));
    let help = again["warnings"][0]["help"].as_str().unwrap();
    assert!(help.contains("scr decode"), "{help}");
    scr(args!["decode", &frames]).ok();

    // Nothing to say is the rule.
    for nf in [
        "heavy-hitter",
        "ddos",
        "port-knock",
        "conntrack",
        "token-bucket",
    ] {
        assert!(warnings(&replayed(&mix, &["--nf", nf])).is_empty(), "{nf}");
    }
}

#[test]
fn a_long_list_of_losses_is_a_count() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("long.pcap");
    scr(args![
        "trace",
        "gen",
        "-o",
        &input,
        "--packets",
        "40k",
        "--sizes",
        "fixed:60"
    ])
    .ok();
    let report = replayed(&input, &["--loss-rate", "0.5"]);
    assert_eq!(report["lost"], Value::Null);
    assert_eq!(report["lost_count"], report["loss"]["frames_lost"]);
    let again = replayed(&input, &["--loss-rate", "50%"]);
    assert_eq!(again["lost_count"], report["lost_count"]);
    let text = shown(&input, &["--loss-rate", "0.5"]);
    assert!(text.len() < 4096, "{} bytes", text.len());
    let short = replayed(&input, &["--loss-rate", "0.001"]);
    assert!(short["lost"].is_string() && short.get("lost_count").is_none());
}

#[test]
fn many_cores_share_lines() {
    let input = data_file("mix.pcap");
    let options = ["--cores", "128", "--history", "256"];
    let text = shown(&input, &options);
    assert!(text.lines().count() < 12, "{text}");
    assert!(
        text.contains("  cores 0 to 127: 5 to 6 frames each"),
        "{text}"
    );
    assert_eq!(
        replayed(&input, &options)["per_core"]
            .as_array()
            .unwrap()
            .len(),
        128
    );
    // Where they differ in many places, they are one range.
    let uneven = ["--cores", "128", "--history", "256", "--loss-rate", "0.3"];
    assert!(shown(&input, &uneven).lines().count() < 30);
    assert_eq!(
        shown(&input, &["--cores", "16"]).matches("  core ").count(),
        16
    );
}

/// No number that a reader with 53 bits would round.
fn exact(value: &Value, at: &str) {
    match value {
        Value::Number(n) => {
            let whole = n.as_u64().or(n.as_i64().map(i64::unsigned_abs));
            assert!(whole.is_none_or(|n| n <= 1 << 53), "{at}: {n}");
        }
        Value::Array(all) => all.iter().for_each(|value| exact(value, at)),
        Value::Object(all) => all
            .iter()
            .for_each(|(key, value)| exact(value, &format!("{at}.{key}"))),
        _ => {}
    }
}

#[test]
fn no_number_in_json_exceeds_53_bits() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("late.pcap");
    let mut packets = capture::read(&data_file("mix.pcap"));
    for packet in &mut packets {
        packet.seconds = u64::from(u32::MAX);
        packet.nanos = 999_999_999;
    }
    capture::write(&input, &packets);
    let state = folder.path().join("state.json");
    let events = folder.path().join("events.jsonl");
    let most = u64::MAX.to_string();
    let burst = (u64::MAX / 1_000_000_000).to_string();
    for nf in [
        &[
            "--nf",
            "token-bucket",
            "--nf-opt",
            &format!("burst={burst}"),
            "--nf-opt",
            &format!("rate={most}"),
        ][..],
        &["--nf", "conntrack"],
        &[
            "--nf",
            "nat",
            "--nf-opt",
            "inside=10.0.0.0/8",
            "--nf-opt",
            "external=198.51.100.1",
        ],
        &[
            "--nf",
            "heavy-hitter",
            "--nf-opt",
            &format!("threshold={most}"),
        ],
        &[
            "--nf",
            "ddos,conntrack",
            "--seed",
            &most,
            "--loss-rate",
            "10%",
        ],
    ] {
        let files = [
            "--state",
            state.to_str().unwrap(),
            "--events-state",
            "--events",
            events.to_str().unwrap(),
        ];
        let report = replayed(&input, &[nf, &files[..]].concat());
        exact(&report, "replay");
        let text = fs::read_to_string(&state).unwrap();
        let timed = nf[1] != "heavy-hitter";
        assert_eq!(
            text.contains("\"last_ns\":\"4294967295999999999\""),
            timed,
            "{nf:?}"
        );
        exact(&serde_json::from_str(&text).unwrap(), "state");
        for line in fs::read_to_string(&events).unwrap().lines() {
            exact(&serde_json::from_str(line).unwrap(), "event");
        }
    }
    let frames = folder.path().join("frames.pcap");
    let sequenced = scr(args![
        "sequence",
        &input,
        "-o",
        &frames,
        "--profile",
        "flow6-time",
        "--json"
    ]);
    exact(&sequenced.ok().json(), "sequence");
    exact(
        &scr(args!["decode", &frames, "--json"]).ok().json(),
        "decode",
    );
    let out = folder.path().join("x.pcap");
    let trace = scr(args![
        "trace",
        "gen",
        "-o",
        &out,
        "--packets",
        "9",
        "--seed",
        &most,
        "--json"
    ])
    .ok()
    .json();
    exact(&trace, "trace gen");
    assert_eq!(
        (&trace["seed"], &trace["packets"]),
        (&json!(most), &json!(9))
    );
    let small = scr(args![
        "trace",
        "gen",
        "-o",
        &out,
        "--packets",
        "9",
        "--seed",
        "7",
        "--json"
    ]);
    assert_eq!(small.ok().json()["seed"], 7);
    let verilog = folder.path().join("verilog");
    exact(
        &scr(args!["emit", "-o", &verilog, "--json"]).ok().json(),
        "emit",
    );
    exact(&scr(args!["doctor", "--json"]).ok().json(), "doctor");
    let soak = scr(args![
        "soak",
        "--seconds",
        "0",
        "--only",
        "loss/ddos",
        "--seed",
        &most,
        "--json"
    ]);
    exact(&soak.ok().json(), "soak");
    crate::hardware::must_verilate();
    let cosim = scr(args!["cosim", "--random", "50", "--seed", &most, "--json"])
        .ok()
        .json();
    exact(&cosim, "cosim");
    assert_eq!(cosim["seed"], most);
}

/// Two lines, status 2, and all of these parts.
#[track_caller]
fn refused(arguments: &[&str], parts: &[&str]) {
    let ran = scr(arguments);
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(ran.status, 2, "{ran:?}");
    assert_eq!(lines.len(), 2, "{ran:?}");
    assert!(
        lines[0].starts_with("error: ") && lines[1].starts_with("help: "),
        "{ran:?}"
    );
    assert!(lines[1].len() > 10, "{ran:?}");
    assert!(ran.stderr.len() < 1500, "{ran:?}");
    for part in parts {
        assert!(ran.stderr.contains(part), "no {part:?} in {}", ran.stderr);
    }
}

#[test]
fn every_usage_error_has_two_lines() {
    let mix = data_file("mix.pcap");
    let mix = mix.to_str().unwrap();
    refused(
        &["replai"],
        &["unknown command 'replai'", "did you mean", "replay"],
    );
    refused(&["trace", "make"], &["unknown command 'make'", "gen"]);
    refused(
        &["decode", "--jsn", "x"],
        &[
            "unknown option --jsn",
            "did you mean --json",
            "scr decode --help",
        ],
    );
    refused(&["decode", "x", "y"], &["'y' is one argument too many"]);
    refused(&["decode"], &["<CAPTURE> is missing", "pcap"]);
    refused(&["sequence", mix], &["--output <FILE> is missing"]);
    refused(
        &["replay", mix, "--cores"],
        &["--cores <K> lacks its value"],
    );
    refused(
        &["replay", mix, "--cores", "many"],
        &["--cores many", "no whole number", "1 to 128"],
    );
    refused(&["replay", mix, "--cores", "-1"], &["--cores -1"]);
    refused(
        &["replay", mix, "--cores", "1", "--cores", "2"],
        &["--cores <K> is given twice"],
    );
    refused(
        &["replay", mix, "--lose", "1", "--loss-rate", "1"],
        &["exclude each other"],
    );
    refused(
        &["replay", mix, "--events-state"],
        &["--events <FILE> is missing"],
    );
    refused(
        &["replay", mix, "--nic", "connectx"],
        &["--nic connectx", "rust-hdl"],
    );
    refused(&["replay", mix, "--json=1"], &["--json"]);
    refused(
        &["replay", mix, "--nf", "firewall"],
        &["firewall", "heavy-hitter"],
    );
    refused(
        &["replay", mix, "--nf-opt", "treshold=3"],
        &["treshold", "threshold"],
    );
    refused(
        &["replay", mix, "--nf-opt", "threshold=1K"],
        &["1K", "64k or 1M"],
    );
    refused(
        &["replay", mix, "--stall-timeout", "10m"],
        &["10m", "no duration"],
    );
    refused(
        &["replay", mix, "--stall-timeout", "2h"],
        &["out of range", "1 h"],
    );
    refused(
        &["replay", mix, "--log-rows", "0"],
        &["--log-rows 0", "from 1 to 1048576"],
    );
    refused(
        &["replay", mix, "--loss-rate", "101%"],
        &["--loss-rate 101%", "0% to 100%"],
    );
    refused(&["replay", mix, "--resize", "5"], &["--resize 5"]);
    refused(&["replay", mix, "--crash", "2"], &["--crash 2", "CORE@SEQ"]);
    refused(&["replay", mix, "--lose", "3-"], &["--lose", "3,7,10-12"]);
    refused(
        &["replay", mix, "--fault", "lose@rate=5"],
        &["--fault 'lose@rate=5'", "'5' is no share"],
    );
    refused(
        &["replay", mix, "--fault", "loose@3"],
        &["'loose' is nothing", "truncate=BYTES"],
    );
    refused(
        &["replay", mix, "--fault", "crash@core=9:1"],
        &["there is no core 9", "0 to 3"],
    );
    refused(
        &["trace", "gen", "-o", "/dev/null", "--skew", "zip"],
        &["--skew zip", "zipf:ALPHA"],
    );
    refused(
        &["trace", "gen", "-o", "/dev/null", "--packets", "1e6"],
        &["--packets 1e6", "1.5M"],
    );
    refused(
        &["emit", "-o", "/dev/null/x", "--width", "100"],
        &["--width 100", "512"],
    );
    refused(&["cosim", "--random", "0"], &["--random 0"]);
    refused(
        &["soak", "--seconds", "soon"],
        &["--seconds soon", "no duration"],
    );
    refused(&["soak", "--only", "x/y"], &["--only x/y", "crash"]);
}

#[test]
fn units_mean_the_same_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let made = |options: &[&str]| {
        let path = folder.path().join("made.pcap");
        let mut arguments = args!["trace", "gen", "-o", &path].to_vec();
        arguments.extend(options.iter().map(OsString::from));
        scr(arguments).ok();
        fs::read(path).unwrap()
    };
    let plain = made(&[
        "--packets",
        "2000",
        "--flows",
        "1000",
        "--oddities",
        "arp=0.05",
        "--rate",
        "2000000",
    ]);
    let units = made(&[
        "--packets",
        "2k",
        "--flows",
        "1k",
        "--oddities",
        "arp=5%",
        "--rate",
        "2M",
    ]);
    assert!(plain == units);

    let input = data_file("ddos.pcap");
    let one = replayed(
        &input,
        &[
            "--nf",
            "ddos",
            "--nf-opt",
            "threshold=1000",
            "--nf-opt",
            "window=60",
        ],
    );
    let other = replayed(
        &input,
        &[
            "--nf",
            "ddos",
            "--nf-opt",
            "threshold=1k",
            "--nf-opt",
            "window=1min",
        ],
    );
    assert_eq!(one["verdicts"], other["verdicts"]);
}

#[test]
fn a_wrong_profile_of_any_size_is_refused_shortly() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let mix = data_file("mix.pcap");
    let mix = mix.to_str().unwrap();
    fs::write(path("long.toml"), "# ".repeat(1 << 20)).unwrap();
    fs::write(
        path("quoted.toml"),
        format!("name = \"{}\n", "x".repeat(60_000)),
    )
    .unwrap();
    fs::write(
        path("field.toml"),
        format!(
            "id = 128\nname = \"p\"\nrow_bytes = 4\nfields = [\"{}\"]\n",
            "x".repeat(60_000)
        ),
    )
    .unwrap();
    fs::write(path("key.toml"), "id = 128\nname = \"p\"\nrow_byte = 4\n").unwrap();
    let huge = path("huge.toml");
    fs::File::create(&huge).unwrap().set_len(1 << 40).unwrap();
    let refused = |file: &str, parts: &[&str]| {
        refused(&["replay", mix, "--nic", "model", "--profile", file], parts);
    };
    refused("/dev/zero", &["/dev/zero", "64 KiB"]);
    refused(&huge, &["huge.toml", "64 KiB"]);
    refused(&path("long.toml"), &["64 KiB"]);
    let capture = data_file("cases/ipv6-only.pcap");
    refused(
        capture.to_str().unwrap(),
        &["ipv6-only.pcap", "it is not text"],
    );
    refused(mix, &["mix.pcap", "64 KiB"]);
    refused(folder.path().to_str().unwrap(), &["cannot be read"]);
    refused(&path("quoted.toml"), &["line 1"]);
    refused(&path("field.toml"), &["unknown field", "src_ip4"]);
    refused(&path("key.toml"), &["line 3", "row_byte"]);
    refused(&path("absent.toml"), &["absent.toml", "cannot be read"]);
}

#[test]
fn frames_of_others_are_not_scr() {
    let input = data_file("cases/ethertype-88b5.pcap");
    let text = scr(args!["decode", &input]).ok().stdout;
    assert!(text.contains("  not SCR: EtherType 0x88b5"), "{text}");
    assert!(
        text.contains("2 frames: 0 SCR, 2 other, 0 rejected; others with SCR's EtherType: 1"),
        "{text}"
    );
    let decoded = scr(args!["decode", &input, "--json"]).ok().json();
    let frame = &decoded["frames"][0];
    assert_eq!(
        (&frame["kind"], &frame["reason"]),
        (&json!("other"), &json!("foreign"))
    );
    assert_eq!(frame["packet"]["ethertype"], "0x88b5");
    assert!(decoded["frames"][1].get("reason").is_none());
    assert_eq!(
        decoded["total"],
        json!({"frames": 2, "scr": 0, "other": 2, "foreign": 1, "rejected": {}})
    );
    let report = replayed(&input, &[]);
    assert_eq!(report["passed_by_reasons"], json!({"other-ethertype": 1}));
}

#[test]
fn a_mapped_address_of_an_ipv6_packet_is_ipv6() {
    let mut frame = vec![2; 12];
    frame.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, 20, 6, 64]);
    for last in [1, 2] {
        frame.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, last]);
    }
    frame.extend([0, 80, 0, 81]);
    frame.extend([0; 16]);
    let folder = tempfile::tempdir().unwrap();
    let (input, frames) = (
        folder.path().join("in.pcap"),
        folder.path().join("frames.pcap"),
    );
    capture::write(&input, &[Packet::new(1, 0, &frame)]);
    scr(args![
        "sequence",
        &input,
        "-o",
        &frames,
        "--profile",
        "flow6-time"
    ])
    .ok();
    for path in [&input, &frames] {
        let decoded = scr(args!["decode", path, "--json"]).ok().json();
        let entry = &decoded["frames"][0];
        assert_eq!(entry["packet"]["src"], "::ffff:10.0.0.1");
        assert_eq!(entry["packet"]["dst"], "::ffff:10.0.0.2");
        if let Some(row) = entry.get("rows") {
            assert_eq!(row[0]["src_ip"], "10.0.0.1");
        }
        let text = scr(args!["decode", path]).ok().stdout;
        assert!(
            text.contains("[::ffff:10.0.0.1]:80 > [::ffff:10.0.0.2]:81"),
            "{text}"
        );
    }
    let ipv4 = scr(args!["decode", data_file("mix.pcap"), "--json"])
        .ok()
        .json();
    assert!(!ipv4["frames"].to_string().contains("::ffff"));
}

#[test]
fn frames_from_a_pipe_are_shown_at_once() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_scr"))
        .args(["decode", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = child.stdout.take().unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(n @ 1..) = output.read(&mut buffer) {
            tell.send(String::from_utf8_lossy(&buffer[..n]).into_owned())
                .unwrap();
        }
    });
    let bytes = fs::read(data_file("mix.pcap")).unwrap();
    let mut at = 24;
    input.write_all(&bytes[..at]).unwrap();
    for number in 1..=3 {
        let length = u32::from_le_bytes(bytes[at + 8..at + 12].try_into().unwrap()) as usize;
        input.write_all(&bytes[at..at + 16 + length]).unwrap();
        input.flush().unwrap();
        at += 16 + length;
        // The pipe stays open: who waited for more would wait for ever.
        let line = told.recv_timeout(Duration::from_secs(60)).unwrap();
        assert!(line.starts_with(&format!("{number}  ")), "{line}");
    }
    drop(input);
    assert!(child.wait().unwrap().success());
    reader.join().unwrap();
}

/// What `command` leaves on a terminal of so many columns, with these variables. In it `$SCR` is the program.
#[cfg(target_os = "linux")]
fn on_a_terminal(command: &str, columns: u32, variables: &[(&str, &str)]) -> (i32, Vec<u8>) {
    let output = Command::new("script")
        .args([
            "-q",
            "-e",
            "-c",
            &format!("stty cols {columns} rows 24; {command}"),
            "/dev/null",
        ])
        .env("SCR", env!("CARGO_BIN_EXE_scr"))
        .env("TERM", "xterm")
        .env_remove("LC_ALL")
        .env_remove("LC_CTYPE")
        .env_remove("NO_COLOR")
        .env("LANG", "C.UTF-8")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("script, of bsdutils");
    (output.status.code().unwrap(), output.stdout)
}

#[cfg(target_os = "linux")]
#[test]
fn terminals_of_all_kinds() {
    let mix = data_file("mix.pcap");
    let mix = mix.display();
    let error = format!("$SCR replay {mix} --cores 0 --nic model");
    let plain =
        "error: --cores 0 is out of range\r\nhelp: --cores takes a number from 1 to 128\r\n";
    let text = |command: &str, columns, variables: &[(&str, &str)]| {
        let (status, bytes) = on_a_terminal(command, columns, variables);
        (status, String::from_utf8(bytes).unwrap())
    };
    let (status, drawn) = text(&error, 80, &[]);
    assert_eq!(status, 2);
    assert!(drawn.contains("--cores 0") && !drawn.is_ascii(), "{drawn}");
    for (columns, variables) in [
        (80, &[("TERM", "dumb")][..]),
        (80, &[("LC_ALL", "C")]),
        (80, &[("LANG", "C")]),
        (20, &[]),
        (1, &[]),
    ] {
        assert_eq!(
            text(&error, columns, variables),
            (2, plain.to_owned()),
            "{columns} {variables:?}"
        );
    }
    let (_, colourless) = text(&error, 80, &[("NO_COLOR", "1")]);
    assert!(!colourless.contains('\u{1b}'), "{colourless}");

    // Progress of a soak counts seconds.
    let soak = "$SCR soak --seconds 2 --only loss/ddos";
    let (status, drawn) = text(soak, 100, &[]);
    assert_eq!(status, 0, "{drawn}");
    assert!(
        drawn.contains("/2 s") && !drawn.contains("packets"),
        "{drawn}"
    );
    for (columns, variables) in [
        (100, &[("LC_ALL", "C")][..]),
        (30, &[("LC_ALL", "C")]),
        (20, &[]),
    ] {
        let (status, drawn) = text(soak, columns, variables);
        assert_eq!(status, 0, "{drawn}");
        assert!(columns == 20 || drawn.is_ascii(), "{drawn}");
    }
    let (status, drawn) = text(
        "$SCR soak --seconds 1 --only loss/ddos",
        100,
        &[("TERM", "dumb")],
    );
    assert_eq!(status, 0);
    assert!(
        drawn.is_ascii() && !drawn.contains('\u{1b}') && !drawn.contains("soaking"),
        "{drawn}"
    );
    for columns in [10, 20, 40] {
        for command in ["--help", "replay --help", "trace gen --help"] {
            let (status, _) = text(&format!("$SCR {command}"), columns, &[]);
            assert_eq!(status, 0, "{command} in {columns} columns");
        }
        let (status, shown) = text(&format!("$SCR replay {mix} --nic model"), columns, &[]);
        assert_eq!(status, 0, "{shown}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn no_binary_on_a_terminal() {
    let mix = data_file("mix.pcap");
    let mix = mix.display();
    for command in [
        format!("$SCR sequence {mix} -o -"),
        "$SCR trace gen --packets 5 -o -".to_owned(),
        "$SCR trace gen --packets 5 -o /dev/stdout".to_owned(),
        format!("$SCR replay {mix} --nic model --frames /dev/tty"),
        format!("$SCR replay {mix} --nic model --out /dev/tty"),
    ] {
        let (status, bytes) = on_a_terminal(&command, 80, &[("TERM", "dumb")]);
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(status, 2, "{command}: {text}");
        assert!(
            text.contains("a terminal cannot show a capture"),
            "{command}: {text}"
        );
        assert!(text.contains("help: give "), "{command}: {text}");
    }
    // The remedy.
    let (status, bytes) = on_a_terminal(
        "$SCR trace gen --packets 5 -o - | $SCR decode -",
        80,
        &[("TERM", "dumb")],
    );
    assert_eq!(status, 0);
    assert!(String::from_utf8_lossy(&bytes).contains("5 frames: 0 SCR, 5 other"));
}
