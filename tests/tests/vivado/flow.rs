//! The flow of `bitstreams/`, from the emitted files to the summary and the exit status.

use std::fs;

use serde_json::Value;

use crate::{Ended, Folder, core, project};

/// The arguments of the README's command.
fn command() -> Vec<String> {
    let readme = fs::read_to_string(project().join("bitstreams/README.md")).unwrap();
    let line = readme.lines().find_map(|line| line.strip_prefix("vivado "));
    let words = line.expect("the README has the command").split(' ');
    words.map(str::to_owned).collect()
}

fn run(folder: &Folder, options: &[&str], targets: &[&str]) -> Ended {
    let command = command();
    let command = command.iter().map(String::as_str);
    let arguments: Vec<_> = command.chain(targets.iter().copied()).collect();
    folder.vivado(options, &arguments)
}

fn summary(folder: &Folder) -> Value {
    let text = fs::read_to_string(folder.at("build/vivado/summary.json"));
    serde_json::from_str(&text.expect("a summary")).expect("JSON")
}

/// What the runs of a summary say under a key.
fn runs<'a>(summary: &'a Value, key: &str) -> Vec<&'a Value> {
    let runs = summary["runs"].as_array().unwrap().iter();
    runs.map(|run| &run[key]).collect()
}

#[test]
fn all_targets_are_built_and_summed_up() {
    let folder = Folder::new(core());
    let ended = run(&folder, &["-record", "record"], &[]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(ended.stderr, "");
    assert_eq!(ended.stdout.matches(" MHz: met, ").count(), 3);

    let summary = summary(&folder);
    assert_eq!(summary["top"], "scr_sequencer");
    assert_eq!(summary["profile"], "flow");
    assert_eq!(summary["history"], 64);
    assert_eq!(summary["width"], 512);
    assert_eq!(summary["max_cores"], 16);
    assert_eq!(summary["part"], "xcu250-figd2104-2-e");
    assert_eq!(summary["vivado"], "stand-in");
    assert_eq!(summary["met"], true);
    assert_eq!(runs(&summary, "mhz"), [250, 322, 340]);
    // The stand-in's longest path takes 2.5 ns.
    assert_eq!(runs(&summary, "period_ns"), [4.0, 3.103, 2.941]);
    assert_eq!(runs(&summary, "setup_slack_ns"), [1.5, 0.603, 0.441]);
    assert_eq!(runs(&summary, "hold_slack_ns"), [0.01, 0.01, 0.01]);
    assert_eq!(runs(&summary, "met"), [true, true, true]);
    let expected = serde_json::json!({
        "clb_luts": 11001, "luts_as_logic": 9001, "luts_as_memory": 2000, "clb_registers": 12002,
        "carry8": 103, "block_ram_tiles": 4.5, "uram": 0, "dsps": 0
    });
    assert_eq!(runs(&summary, "utilization")[0], &expected);

    let record = fs::read_to_string(folder.at("record")).unwrap();
    for step in ["synth_design ", "place_design ", "route_design "] {
        let lines = record.lines().filter(|line| line.starts_with(step));
        assert_eq!(lines.count(), 3, "{step}");
    }
    for (name, _) in &core().files {
        assert_eq!(record.matches(&format!("/{name}")).count(), 3, "{name}");
    }
    for target in ["250", "322", "340"] {
        for name in [
            "utilization.rpt",
            "utilization_hierarchical.rpt",
            "timing.rpt",
            "route_status.rpt",
            "logic_levels.rpt",
            "scr_sequencer.dcp",
        ] {
            let path = folder.at("build/vivado").join(target).join(name);
            assert!(path.is_file(), "{}", path.display());
        }
    }
}

#[test]
fn a_target_that_is_not_met_is_told_by_status_and_summary() {
    let folder = Folder::new(core());
    let ended = run(&folder, &["-delay", "3.0"], &[]);
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(
        ended
            .stdout
            .contains("340 MHz: NOT MET, setup slack -0.059 ns")
    );
    let summary = summary(&folder);
    assert_eq!(summary["met"], false);
    assert_eq!(runs(&summary, "met"), [true, true, false]);
}

#[test]
fn each_way_to_fail_counts() {
    let folder = Folder::new(core());
    for options in [
        ["-delay", "4.001"],
        ["-hold", "-0.001"],
        ["-routing_errors", "1"],
        ["-narrow", "1"],
    ] {
        let ended = run(&folder, &options, &["250"]);
        assert_eq!(ended.status, Some(1), "{options:?}: {ended:?}");
        assert_eq!(summary(&folder)["met"], false, "{options:?}");
    }
    // No slack left is still met.
    let ended = run(&folder, &["-delay", "4.0", "-hold", "0"], &["250"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
}

#[test]
fn targets_are_chosen_by_arguments() {
    let folder = Folder::new(core());
    let ended = run(&folder, &[], &["340", "250", "340"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let summary = summary(&folder);
    assert_eq!(summary["asked_for"], serde_json::json!([250, 340]));
    assert_eq!(runs(&summary, "mhz"), [250, 340]);
}

#[test]
fn the_summary_of_an_earlier_run_does_not_stay() {
    let folder = Folder::new(core());
    for file in [
        "constraints/u250_core_322.xdc",
        "build/verilog/manifest.json",
    ] {
        assert_eq!(run(&folder, &[], &["250"]).status, Some(0));
        fs::write(folder.at(file), "").unwrap();
        assert_eq!(run(&folder, &[], &["322"]).status, Some(2));
        assert!(!folder.at("build/vivado/summary.json").exists(), "{file}");
    }
}

/// What was finished before an error is in the summary, which is not met.
#[test]
fn an_error_in_a_later_run_leaves_the_earlier_ones() {
    let folder = Folder::new(core());
    folder.replace(
        "constraints/u250_core_322.xdc",
        "get_ports clk",
        "get_ports clock",
    );
    assert_eq!(run(&folder, &[], &[]).status, Some(2));
    let summary = summary(&folder);
    assert_eq!(runs(&summary, "mhz"), [250]);
    assert_eq!(summary["met"], false);
}

/// The delays of the shell's side are half of the period, rounded down to a picosecond.
#[test]
fn the_shell_has_half_of_the_period() {
    for (target, period, half) in [
        ("250", "4.000", "2.000"),
        ("322", "3.103", "1.551"),
        ("340", "2.941", "1.470"),
    ] {
        let path = project().join(format!("constraints/u250_core_{target}.xdc"));
        let text = fs::read_to_string(path).unwrap();
        for line in [
            format!("create_clock -name clk -period {period} [get_ports clk]"),
            format!("set_input_delay -clock clk {half} "),
            format!("set_output_delay -clock clk {half} "),
        ] {
            assert!(text.contains(&line), "{target}: {line}");
        }
    }
}
