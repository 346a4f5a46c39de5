//! What is given to Vivado, under `tclsh` with a stand-in for Vivado's commands (`tests/vivado/stand_in.tcl`) that checks all that
//! is named against the emitted design. No Vivado runs here.

mod corundum;
mod faults;
mod flow;
mod seen;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use scr_hdl::{CoreConfig, Emitted, emit};
use scr_wire::profile;
use tempfile::TempDir;

/// The project's folder.
fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The configuration that the handbook shows.
fn core() -> &'static Emitted {
    static CORE: OnceLock<Emitted> = OnceLock::new();
    CORE.get_or_init(|| emit(&CoreConfig::new(&profile::FLOW)).expect("a valid configuration"))
}

/// How a run ended.
#[derive(Debug)]
struct Ended {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

fn tclsh(arguments: &[&str], folder: &Path) -> Ended {
    let output = Command::new("tclsh")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("tclsh runs: scripts/setup");
    Ended {
        status: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A folder like a user's: `bitstreams` and `constraints` of the project, and an emitted design in `build/verilog`.
struct Folder(TempDir);

impl Folder {
    fn new(emitted: &Emitted) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for name in ["bitstreams", "bitstreams/lib", "constraints"] {
            fs::create_dir(folder.at(name)).unwrap();
            for entry in fs::read_dir(project().join(name)).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    let to = folder.at(name).join(path.file_name().unwrap());
                    fs::copy(&path, to).unwrap();
                }
            }
        }
        let verilog = folder.at("build/verilog");
        fs::create_dir_all(&verilog).unwrap();
        for (name, text) in &emitted.files {
            fs::write(verilog.join(name), text).unwrap();
        }
        let manifest = serde_json::to_string_pretty(&emitted.manifest).unwrap();
        fs::write(verilog.join("manifest.json"), manifest).unwrap();
        folder
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Replaces what must be in a file.
    fn replace(&self, name: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.at(name)).unwrap();
        assert!(text.contains(old), "{name} has no {old:?}");
        fs::write(self.at(name), text.replace(old, new)).unwrap();
    }

    /// `vivado` with these arguments, in this folder, with options of the stand-in.
    fn vivado(&self, options: &[&str], arguments: &[&str]) -> Ended {
        let stand_in = project().join("tests/vivado/stand_in.tcl");
        let stand_in = stand_in.to_str().unwrap();
        let all = [&[stand_in], options, arguments].concat();
        tclsh(&all, self.0.path())
    }
}

#[test]
fn the_json_reader_is_strict() {
    let ended = tclsh(&["tests/vivado/json.tcl"], &project());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
}

/// Each constraints file is read by a test: the core's by the flow, Corundum's by a test of its own.
#[test]
fn no_constraints_are_left_out() {
    let entries = fs::read_dir(project().join("constraints")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name != "README.md").collect();
    names.sort();
    let read = [
        "u250_core_250.xdc",
        "u250_core_322.xdc",
        "u250_core_340.xdc",
        "u250_core_slr1.xdc",
        "u250_corundum.xdc",
    ];
    assert_eq!(names, read);
}

/// What the README of the constraints has to be typed.
#[test]
fn the_commands_by_hand_work() {
    let readme = fs::read_to_string(project().join("constraints/README.md")).unwrap();
    let (_, block) = readme.split_once("```tcl\n").expect("a block");
    let (block, _) = block.split_once("```").unwrap();
    let folder = Folder::new(core());
    fs::write(folder.at("typed.tcl"), block).unwrap();
    let ended = folder.vivado(&[], &["-mode", "batch", "-source", "typed.tcl"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
}
