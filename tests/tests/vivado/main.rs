//! What is given to Vivado, under `tclsh`. No Vivado runs here.

use std::path::Path;
use std::process::Command;

#[test]
fn the_json_reader_is_strict() {
    let output = Command::new("tclsh")
        .arg("tests/vivado/json.tcl")
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .output()
        .expect("tclsh runs: scripts/setup");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
}
