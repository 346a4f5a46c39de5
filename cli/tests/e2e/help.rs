//! What the program says about itself.

use crate::run::scr;

const COMMANDS: &[&[&str]] = &[
    &["replay"],
    &["emit"],
    &["cosim"],
    &["sequence"],
    &["decode"],
    &["trace", "gen"],
    &["nic"],
    &["nic", "81:00.0", "status"],
    &["nic", "81:00.0", "configure"],
    &["nic", "81:00.0", "counters"],
    &["doctor"],
];

/// Every option and argument has a sentence.
#[test]
fn every_option_is_described() {
    let all = scr(["--help"]).ok().stdout;
    assert!(all.contains("Exit status: 0 success"));
    for command in COMMANDS {
        assert!(all.contains(command[0]));
        let text = scr(command.iter().chain(&["--help"])).ok().stdout;
        let lines: Vec<&str> = text.lines().collect();
        let mut options = 0;
        for (i, line) in lines.iter().enumerate() {
            let start = line.trim_start();
            if start.starts_with("--") || start.starts_with("-o,") || start.starts_with('<') {
                options += 1;
                let about = lines[i + 1].trim();
                let described = about.len() > 20 || start.split("  ").nth(1).is_some();
                assert!(described, "{command:?}: {line}");
            }
        }
        assert!(options > 0, "{command:?}");
    }
}

/// The shells are those that the hardware knows.
#[test]
fn every_shell_is_described() {
    let text = scr(["emit", "--help"]).ok().stdout;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for shell in scr_hdl::shell::Shell::ALL {
        let line = format!("- {}: {}", shell.name(), shell.purpose());
        assert!(text.contains(&line), "{line}: {text}");
    }
}

#[test]
fn bad_usage_ends_with_status_2() {
    scr::<&str>([]).fails(2, &["Usage"]);
    scr(["replai"]).fails(2, &["replai"]);
    scr(["sequence"]).fails(2, &["--output"]);
    scr(["decode", "--jsn", "x"]).fails(2, &["--json"]);
    assert!(scr(["--version"]).ok().stdout.starts_with("scr "));
}

#[test]
fn doctor_lists_every_tool_and_its_purpose() {
    let shown = scr(["doctor", "--quick"]).ok().stdout;
    let found = scr(["doctor", "--quick", "--json"]).ok().json();
    let tools = found["tools"].as_array().unwrap();
    for name in ["verilator", "c++", "yosys", "sby", "iverilog", "tshark"] {
        let tool = tools.iter().find(|tool| tool["name"] == name).unwrap();
        assert_eq!(tool["present"].as_bool().unwrap(), tool["path"].is_string());
        assert!(shown.contains(tool["purpose"].as_str().unwrap()));
        if let Some(version) = tool["version"].as_str() {
            assert!(shown.contains(version));
        }
    }
    assert!(found["nic_sim"]["model_seconds"].is_null(), "{found}");
}
