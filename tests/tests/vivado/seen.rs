//! The stand-in's own reading of the Verilog, against that of yosys.

use std::process::Command;

use scr_hdl::Emitted;
use serde_json::Value;

use crate::{Folder, core, corundum, project, tclsh};

/// Cells below a module as yosys has them, in the form of `list.tcl`.
fn cells(modules: &Value, module: &str, inside: &str, lines: &mut Vec<String>) {
    for (name, cell) in modules[module]["cells"].as_object().unwrap() {
        let kind = cell["type"].as_str().unwrap();
        if modules.get(kind).is_some() {
            let path = format!("{inside}{name}");
            lines.push(format!("cell {path} {kind}"));
            cells(modules, kind, &format!("{path}/"), lines);
        }
    }
}

fn yosys(folder: &Folder, emitted: &Emitted) -> String {
    let files: Vec<_> = emitted.files.iter().map(|(name, _)| &**name).collect();
    let script = format!(
        "read_verilog {}; proc; write_json netlist.json",
        files.join(" ")
    );
    let verilog = folder.at("build/verilog");
    let output = Command::new("yosys")
        .args(["-q", "-p", &script])
        .current_dir(&verilog)
        .output()
        .expect("yosys runs: scripts/setup");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    let text = std::fs::read_to_string(verilog.join("netlist.json")).unwrap();
    let netlist: Value = serde_json::from_str(&text).unwrap();
    let modules = &netlist["modules"];
    let ports = modules[&emitted.top]["ports"].as_object().unwrap();
    let mut lines: Vec<_> = ports.keys().map(|name| format!("port {name}")).collect();
    cells(modules, &emitted.top, "", &mut lines);
    lines.sort();
    lines.join("\n")
}

fn stand_in(folder: &Folder, emitted: &Emitted) -> String {
    let script = project().join("tests/vivado/list.tcl");
    let mut arguments = vec![script.to_str().unwrap(), &emitted.top];
    arguments.extend(emitted.files.iter().map(|(name, _)| &**name));
    let ended = tclsh(&arguments, &folder.at("build/verilog"));
    assert_eq!(ended.status, Some(0), "{ended:?}");
    ended.stdout.trim_end().to_owned()
}

#[test]
fn ports_and_cells_are_those_that_yosys_sees() {
    for emitted in [core(), corundum::block()] {
        let folder = Folder::new(emitted);
        let seen = stand_in(&folder, emitted);
        assert!(seen.lines().count() > 70, "{seen}");
        assert_eq!(seen, yosys(&folder, emitted));
    }
}
