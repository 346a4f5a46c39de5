//! Faults put into what Vivado is given: each is found, and the message says where.

use std::fs;

use crate::{Ended, Folder, core};

const FLOW: &str = "bitstreams/u250_core.tcl";
const RUN: &str = "bitstreams/lib/run.tcl";
const CLOCK: &str = "constraints/u250_core_250.xdc";
const DIE: &str = "constraints/u250_core_slr1.xdc";
const MANIFEST: &str = "build/verilog/manifest.json";

fn run(folder: &Folder, arguments: &[&str]) -> Ended {
    let words = ["-mode", "batch", "-source", FLOW, "-tclargs"];
    folder.vivado(&[], &[&words[..], arguments].concat())
}

fn says(ended: &Ended, message: &str, fault: &str) {
    assert_eq!(ended.status, Some(2), "{fault}: {ended:?}");
    let first = ended.stderr.lines().next().unwrap_or_default();
    assert!(first.starts_with("u250_core: "), "{fault}: {ended:?}");
    assert!(ended.stderr.contains(message), "{fault}: {ended:?}");
}

/// Each replacement alone, in a file that is put back afterwards.
fn are_found(faults: &[(&str, &str, &str, &str)]) {
    let folder = Folder::new(core());
    for (file, old, new, message) in faults {
        let text = fs::read_to_string(folder.at(file)).unwrap();
        folder.replace(file, old, new);
        let ended = run(&folder, &["build/verilog", "build/vivado", "250"]);
        says(&ended, message, &format!("{file}: {old:?} is {new:?}"));
        fs::write(folder.at(file), text).unwrap();
    }
}

#[test]
fn arguments() {
    let folder = Folder::new(core());
    let faults: [(&[&str], &str); 5] = [
        (&[], "usage: vivado -mode batch"),
        (&["build/verilog"], "usage: vivado -mode batch"),
        (
            &["build/verilog", "out", "300"],
            "no target 300: there are 250, 322, 340",
        ),
        (&["build/verilog", "out", "250", ""], "no target "),
        (
            &["build/none", "out"],
            "there is no build/none/manifest.json: emit the Verilog with scr emit -o build/none",
        ),
    ];
    for (arguments, message) in faults {
        says(&run(&folder, arguments), message, &format!("{arguments:?}"));
        assert!(!folder.at("out").exists());
    }
}

#[test]
fn a_file_is_missing() {
    let folder = Folder::new(core());
    fs::remove_file(folder.at("build/verilog/scr_sequencer_rotation.v")).unwrap();
    let ended = run(&folder, &["build/verilog", "out"]);
    says(
        &ended,
        "names scr_sequencer_rotation.v, but there is no",
        "a file",
    );
    let folder = Folder::new(core());
    fs::remove_file(folder.at(DIE)).unwrap();
    let ended = run(&folder, &["build/verilog", "out"]);
    says(&ended, "read_xdc: there is no file", "constraints");
}

#[test]
fn the_manifest() {
    are_found(&[
        (
            MANIFEST,
            r#""top": "scr_sequencer""#,
            r#""top": "scr_sequence""#,
            "no file has a module scr_sequence",
        ),
        (
            MANIFEST,
            r#""top""#,
            r#""tops""#,
            r#"there is no "top" in the whole"#,
        ),
        (
            MANIFEST,
            r#""shell": "core""#,
            r#""shell": "corundum""#,
            "the block for corundum",
        ),
        (
            MANIFEST,
            r#""history": 64"#,
            r#""history": "64""#,
            r#""history" is of type string, not number"#,
        ),
        (
            MANIFEST,
            r#""scr_sequencer_rotation.v","#,
            "",
            "no file has a module scr_sequencer_rotation",
        ),
        (
            MANIFEST,
            r#""scr_sequencer_rotation.v","#,
            r#""scr_sequencer.v","#,
            "module scr_sequencer is there twice",
        ),
        (
            MANIFEST,
            r#""scr_sequencer_rotation.v","#,
            r#""rotation.v","#,
            "names rotation.v, but there is no",
        ),
        (
            MANIFEST,
            r#""scr_sequencer_rotation.v","#,
            r#""scr_sequencer_rotation.v""#,
            "not JSON: line ",
        ),
    ]);
}

#[test]
fn constraints_of_the_clock() {
    are_found(&[
        (
            CLOCK,
            "[get_ports clk]",
            "[get_ports clock]",
            "u250_core_250.xdc, line 4: scr_sequencer has no port clock",
        ),
        (
            CLOCK,
            "[get_ports clk]",
            "[get_ports rst[0]]",
            r#"line 4: invalid command name "0""#,
        ),
        (
            CLOCK,
            "[get_ports clk]",
            "[get_ports {s_axis_tid[8]}]",
            "port s_axis_tid has 8 bits",
        ),
        (
            CLOCK,
            "[get_ports clk]",
            "[get_ports m_axis_tvalid]",
            "port m_axis_tvalid is no input",
        ),
        (
            CLOCK,
            "[get_ports clk]",
            "clk",
            "create_clock: no port: clk",
        ),
        (
            CLOCK,
            r#"NAME != "clk""#,
            r#"NAME != "clock""#,
            "line 7: there is no port clock",
        ),
        (
            CLOCK,
            "DIRECTION == OUT",
            "DIRECTION == OUTPUT",
            "line 8: no port can have DIRECTION OUTPUT",
        ),
        (
            CLOCK,
            "DIRECTION == OUT",
            "WAY == OUT",
            "line 8: the stand-in knows no property WAY of a port",
        ),
        (
            CLOCK,
            "DIRECTION == IN && NAME",
            "NAME",
            "is of direction OUT",
        ),
        (CLOCK, r#" && NAME != "clk""#, "", "port clk is a clock"),
        (
            CLOCK,
            r#" && NAME != "clk""#,
            r#" && NAME != "clk" && NAME != "rst""#,
            "leave port rst without a delay",
        ),
        (
            CLOCK,
            "-clock clk",
            "-clock core",
            "line 7: set_input_delay: there is no clock core",
        ),
        (CLOCK, "-name clk", "-name core", "there is no clock clk"),
        (
            CLOCK,
            "-period 4.000",
            "-period 4.001",
            "a period of 4.001 ns, not 4.000",
        ),
        (
            CLOCK,
            "-period 4.000",
            "-period -4",
            "-period is no number above 0: -4",
        ),
        (
            CLOCK,
            "-period 4.000",
            "-periods 4.000",
            "knows no option -periods",
        ),
        (
            CLOCK,
            "set_output_delay",
            "set_outputs_delay",
            r#"line 8: invalid command name "set_outputs_delay""#,
        ),
        (
            CLOCK,
            "set_output_delay",
            "if 1 {}\nset_output_delay",
            r#"line 8: invalid command name "if""#,
        ),
        (
            CLOCK,
            "2.000 [get_ports -filter {DIRECTION == OUT}]",
            "4.000 [get_ports -filter {DIRECTION == OUT}]",
            "no part of the clock's period",
        ),
    ]);
}

#[test]
fn constraints_of_the_die() {
    are_found(&[
        (
            DIE,
            "{SLR1}",
            "{SLR4}",
            "line 5: resize_pblock: the U250 has no SLR4",
        ),
        (
            DIE,
            "create_pblock pblock_core",
            "create_pblock pblock_cores",
            "line 4: there is no pblock pblock_core",
        ),
        (DIE, "-top", "", "either -top or cells"),
        (
            DIE,
            "-top",
            "[get_cells datapath/rotation]",
            "the design has no cell datapath/rotation",
        ),
        (DIE, "{SLR1}", "{SLR1", "line 5: a command does not end"),
    ]);
}

#[test]
fn the_scripts() {
    are_found(&[
        (
            FLOW,
            "xcu250-figd2104-2-e",
            "xcu250-figd2104-2L-e",
            "there is no part xcu250-figd2104-2L-e",
        ),
        (
            RUN,
            "    place_design\n",
            "",
            "phys_opt_design: the design is optimized, and must be placed",
        ),
        (
            RUN,
            "    route_design\n",
            "",
            "write_checkpoint: the design is placed, and must be routed",
        ),
        (
            RUN,
            "    opt_design\n",
            "    optimize_design\n",
            r#"knows a command "optimize_design""#,
        ),
        (
            RUN,
            "read_verilog [",
            "read_verilog -sv [",
            "read_verilog: the stand-in knows no option -sv",
        ),
        (
            RUN,
            "get_property SLACK",
            "get_property SLACKS",
            "knows no SLACKS",
        ),
        (
            RUN,
            "get_property PERIOD",
            "get_property PERIODS",
            "knows no PERIODS",
        ),
        (
            RUN,
            "-flatten_hierarchy rebuilt",
            "-flatten_hierarchy rebuild",
            "no such flattening",
        ),
        (
            RUN,
            "-mode out_of_context $file",
            "-mode out_of_contexts $file",
            "no mode out_of_contexts",
        ),
        (
            RUN,
            "-return_string]\n    set timing",
            "]\n    set timing",
            "either -return_string or -file",
        ),
        // Of a later Tcl than Vivado 2020.2 has.
        (
            RUN,
            "    opt_design\n",
            "    try {opt_design} finally {}\n",
            r#"knows a command "try""#,
        ),
    ]);
}

/// A report that says nothing is no good news.
#[test]
fn reports() {
    let reports = "bitstreams/lib/reports.tcl";
    are_found(&[
        (
            reports,
            "{CLB LUTs}",
            "{Slice LUTs}",
            r#"no row "Slice LUTs""#,
        ),
        (
            reports,
            "routing errors[",
            "routing error[",
            "does not say how many nets have routing errors",
        ),
    ]);
}
