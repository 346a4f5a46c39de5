//! Line and toggle coverage of the emitted Verilog under the cosimulation: `coverage [--report FILE]`.
#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;

use scr_hdl::CoreConfig;
use scr_sim::build::TraceFormat;
use scr_tests::Built;
use scr_tests::coverage::{Report, collect};
use scr_wire::profile;

const HEAD: &str = "# Coverage of the emitted Verilog

Of the default configuration (`flow`, N = 64, 512 bits, up to 16 cores) under Verilator, by `scripts/coverage`, which writes this page. Runs:
the cosimulation's mix in all patterns with changes of settings and resets, short packets that pile up, a long run, every register. Each run
is checked against the golden model as well. Lines are blocks, branches and cases; toggles are bits of signals of each instance that changed.
";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("coverage: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<bool, String> {
    let mut arguments = std::env::args_os().skip(1);
    let page = match (arguments.next(), arguments.next()) {
        (None, _) => None,
        (Some(option), Some(path)) if option == "--report" => Some(PathBuf::from(path)),
        _ => return Err("usage: coverage [--report FILE]".to_owned()),
    };
    let built = Built::recording(CoreConfig::new(&profile::FLOW), TraceFormat::Coverage);
    let folder = tempfile::tempdir().map_err(|e| format!("no temporary folder: {e}"))?;
    let report = Report::new(&collect(&built, folder.path())?);
    let text = report.page();
    print!("{text}");
    if let Some(path) = page {
        let write = std::fs::write(&path, format!("{HEAD}\n{text}"));
        write.map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(report.is_good())
}
