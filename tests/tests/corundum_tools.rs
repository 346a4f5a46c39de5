//! What tools say of Corundum's application block: nothing where the parameters fit, and clearly what is wrong where they do not.

use std::fs;
use std::process::Command;

use scr_hdl::CoreConfig;
use scr_sim::build::ModelBuilder;
use scr_tests::corundum::{Application, TOP};
use scr_tests::newest_verilator;
use scr_wire::profile;

/// What Icarus is told to read the Verilog as.
const STANDARDS: [&str; 5] = ["-g2001", "-g2005", "-g2005-sv", "-g2009", "-g2012"];

fn config(width: usize) -> CoreConfig {
    CoreConfig {
        width,
        ..CoreConfig::new(&profile::FLOW)
    }
}

/// Widths and numbers of interfaces: those of the U250 first.
const DESIGNS: [(usize, usize); 5] = [(512, 2), (512, 1), (128, 3), (256, 8), (1024, 2)];

fn is_clean(builder: &ModelBuilder) {
    for (width, interfaces) in DESIGNS {
        let parameters = Application::u250(width, interfaces);
        let application = Application::new(&config(width), interfaces, &parameters);
        let words = builder.lint(&application.sources, TOP);
        let words = words.expect("Verilator runs");
        assert_eq!(words, "", "{width} bits, {interfaces} interfaces");
    }
}

#[test]
fn the_distributions_verilator_says_nothing() {
    is_clean(&ModelBuilder::new());
}

#[test]
fn the_newest_verilator_says_nothing() {
    is_clean(&ModelBuilder::new().verilator(newest_verilator()));
}

/// The only warning that is switched off, in the lines whose widths are the parameters'.
#[test]
fn one_warning_is_waived_and_in_one_place() {
    let application = Application::new(&config(512), 2, &Application::u250(512, 2));
    let text: Vec<_> = application.sources.iter().map(|s| &*s.text).collect();
    let waived: Vec<_> = text
        .iter()
        .flat_map(|text| text.lines())
        .filter(|line| line.contains("lint_off"))
        .collect();
    assert_eq!(waived, ["/* verilator lint_off WIDTH */"]);
}

/// What Icarus prints when it elaborates the design and starts it.
fn icarus(application: &Application, standard: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    for source in &application.sources {
        fs::write(folder.path().join(&source.name), &source.text).unwrap();
    }
    let mut output = String::new();
    for (program, arguments) in [
        (
            "iverilog",
            &[
                standard,
                "-Wall",
                "-Wno-timescale",
                "-o",
                "a.vvp",
                "-s",
                TOP,
            ][..],
        ),
        ("vvp", &["-n", "a.vvp"]),
    ] {
        let mut command = Command::new(program);
        command.current_dir(folder.path()).args(arguments);
        if program == "iverilog" {
            command.args(application.sources.iter().map(|source| &source.name));
        }
        let ran = command.output().expect("Icarus is there: scripts/setup");
        output += &String::from_utf8_lossy(&ran.stdout);
        output += &String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{program} {standard}: {output}");
    }
    output
}

#[test]
fn icarus_elaborates_it_by_every_standard() {
    for (width, interfaces) in &DESIGNS[..3] {
        let parameters = Application::u250(*width, *interfaces);
        let application = Application::new(&config(*width), *interfaces, &parameters);
        for standard in STANDARDS {
            let printed = icarus(&application, standard);
            assert_eq!(printed, "", "{width} bits, {interfaces} interfaces");
        }
    }
}

#[test]
fn a_parameter_that_does_not_fit_is_named() {
    for (name, value, message) in [
        (
            "APP_ID",
            0x1234_0001,
            "APP_ID is 32'h12340001 but must be 32'h53435231",
        ),
        ("IF_COUNT", 1, "IF_COUNT is 1 but must be 2"),
        ("IF_COUNT", 4, "IF_COUNT is 4 but must be 2"),
        (
            "AXIS_DATA_WIDTH",
            64,
            "AXIS_IF_DATA_WIDTH is 64 but must be 512",
        ),
        ("PTP_TS_WIDTH", 64, "PTP_TS_WIDTH is 64 but must be 96"),
        (
            "PTP_TS_ENABLE",
            0,
            "AXIS_IF_RX_USER_WIDTH is 1 but must be 97",
        ),
        (
            "AXIS_IF_RX_DEST_WIDTH",
            8,
            "AXIS_IF_RX_DEST_WIDTH is 8 but must be 9",
        ),
        (
            "AXIS_IF_RX_ID_WIDTH",
            9,
            "AXIS_IF_RX_ID_WIDTH is 9 but must be <= 8",
        ),
        (
            "APP_AXIS_IF_ENABLE",
            0,
            "APP_AXIS_IF_ENABLE is 0 but must be 1",
        ),
        ("APP_CTRL_ENABLE", 0, "APP_CTRL_ENABLE is 0 but must be 1"),
        (
            "AXIL_APP_CTRL_DATA_WIDTH",
            64,
            "AXIL_APP_CTRL_DATA_WIDTH is 64 but must be 32",
        ),
        (
            "AXIL_APP_CTRL_ADDR_WIDTH",
            13,
            "AXIL_APP_CTRL_ADDR_WIDTH is 13 but must be >= 14",
        ),
        (
            "AXIL_APP_CTRL_ADDR_WIDTH",
            33,
            "AXIL_APP_CTRL_ADDR_WIDTH is 33 but must be <= 32",
        ),
    ] {
        let mut parameters = Application::u250(512, 2);
        parameters.retain(|(known, _)| *known != name);
        parameters.push((name, value));
        let application = Application::new(&config(512), 2, &parameters);
        let printed = icarus(&application, "-g2005-sv");
        assert!(printed.contains(message), "{name} = {value}: {printed}");
    }
}

/// yosys reads the block and finds all modules of it.
#[test]
fn yosys_reads_it() {
    let application = Application::new(&config(512), 2, &Application::u250(512, 2));
    let folder = tempfile::tempdir().unwrap();
    let mut script = String::new();
    for source in &application.sources {
        fs::write(folder.path().join(&source.name), &source.text).unwrap();
        script += &format!("read_verilog {}; ", source.name);
    }
    script += &format!("hierarchy -check -top {TOP}");
    let output = Command::new("yosys")
        .current_dir(folder.path())
        .args(["-q", "-p", &script])
        .output()
        .expect("yosys runs: scripts/setup");
    assert!(output.status.success(), "{output:?}");
}
