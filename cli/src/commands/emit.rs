//! `scr emit`: the sequencer as Verilog.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use clap::builder::PossibleValue;
use scr_hdl::CoreConfig;
use scr_hdl::shell::Shell;
use scr_hdl::shell::corundum::MAX_INTERFACES;
use scr_wire::{MAX_CORES, MAX_HISTORY, MIN_HISTORY};

use crate::error::{Error, Result};
use crate::hardware;
use crate::options::sequencer::in_range;
use crate::options::{ProfileArg, number};
use crate::output::{self, Files};

/// Name of the file that describes the others to tools.
const MANIFEST: &str = "manifest.json";

/// Options of `scr emit`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder for the .v files and manifest.json; created if missing. Files of the same names are replaced.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,

    /// Purpose of the block: the core alone, or the block of a NIC shell.
    #[arg(long, value_enum, value_name = "NAME", default_value_t = ShellArg(Shell::Core))]
    shell: ShellArg,

    /// Row profile: source, knock, flow, flow-time, flow6-time, or a profile file (TOML).
    #[arg(long, value_name = "NAME|FILE", default_value = "flow")]
    profile: ProfileArg,

    /// Rows that the sequencer remembers besides the packet's own (N), 16 to 256.
    #[arg(long, value_name = "N", default_value_t = CoreConfig::HISTORY as u32, value_parser = number::whole_u32)]
    history: u32,

    /// Width of the data path in bits: 128, 256, 512 or 1024.
    #[arg(long, value_name = "W", default_value_t = CoreConfig::WIDTH as u32, value_parser = number::whole_u32)]
    width: u32,

    /// Largest number of cores that the hardware can be set to, 1 to 128.
    #[arg(long, value_name = "K", default_value_t = CoreConfig::MAX_CORES.into(), value_parser = number::whole_u32)]
    max_cores: u32,

    /// Network interfaces of the block, 1 to 8; for --shell corundum [default: 1].
    #[arg(long, value_name = "N", value_parser = number::whole_u32)]
    interfaces: Option<u32>,

    /// Name of the sequencer's module, which begins all other module names, too: for two sequencers in one design.
    ///
    /// It is the top module of --shell core; the block of a shell has the name that the shell knows it by.
    #[arg(long, value_name = "NAME", default_value = scr_hdl::emit::TOP)]
    top: String,

    /// Print the manifest as one JSON object.
    #[arg(long)]
    json: bool,
}

/// A value of `--shell`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ShellArg(Shell);

impl ValueEnum for ShellArg {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [ShellArg; Shell::ALL.len()] = {
            let mut all = [ShellArg(Shell::Core); Shell::ALL.len()];
            let mut place = 0;
            while place < all.len() {
                all[place] = ShellArg(Shell::ALL[place]);
                place += 1;
            }
            all
        };
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.name()).help(self.0.purpose()))
    }
}

/// Runs the command.
pub fn run(args: &Args) -> Result {
    let shell = args.shell.0;
    if !shell.is_available() {
        return Err(Error::bad(
            format!("not available yet: --shell {}", shell.name()),
            "use --shell core, whose ports are plain AXI4-Stream",
        ));
    }
    if shell == Shell::Core && args.interfaces.is_some() {
        return Err(Error::bad(
            "--interfaces belongs to --shell corundum",
            "leave it out: the core has one interface",
        ));
    }
    let interfaces = in_range(
        "--interfaces",
        args.interfaces.unwrap_or(1),
        1,
        MAX_INTERFACES,
    )?;
    let width = args.width as usize;
    if !CoreConfig::WIDTHS.contains(&width) {
        let known = CoreConfig::WIDTHS.iter().map(usize::to_string);
        return Err(Error::bad(
            format!("--width {width} cannot be built"),
            format!(
                "choose one of {} bits",
                known.collect::<Vec<_>>().join(", ")
            ),
        ));
    }
    let core = CoreConfig {
        history: in_range("--history", args.history, MIN_HISTORY, MAX_HISTORY)?,
        width,
        max_cores: in_range("--max-cores", args.max_cores, 1, MAX_CORES.into())? as u8,
        ..CoreConfig::new(&args.profile.load()?)
    };
    output::not_stdout("--output", Some(&args.output))?;
    let emitted = match shell {
        Shell::Corundum => hardware::emit_corundum(&core, interfaces, &args.top)?,
        _ => hardware::emit(&core, &args.top)?,
    };
    create_folder(&args.output)?;
    let mut files = Files::default();
    for (name, text) in &emitted.files {
        write(&mut files, &args.output.join(name), text)?;
    }
    let mut manifest = serde_json::to_string_pretty(&emitted.manifest).unwrap_or_default();
    manifest.push('\n');
    write(&mut files, &args.output.join(MANIFEST), &manifest)?;
    files.put_in_place()?;

    if args.json {
        return output::print_json(&emitted.manifest);
    }
    let several = match &emitted.manifest.corundum {
        Some(block) => {
            let plural = if block.interfaces == 1 { "" } else { "s" };
            let (interfaces, app_id) = (block.interfaces, &block.app_id);
            format!("{interfaces} interface{plural}, APP_ID {app_id}, ")
        }
        None => String::new(),
    };
    output::print(&format!(
        "{}: {} Verilog files and {MANIFEST}; top {}, {several}profile {}, history {}, {} bits, up to {} cores, {} cycles latency\n",
        args.output.display(),
        emitted.files.len(),
        emitted.top,
        core.profile.name(),
        core.history,
        core.width,
        core.max_cores,
        emitted.manifest.latency_cycles
    ))
}

fn create_folder(path: &Path) -> Result {
    fs::create_dir_all(path).map_err(|error| {
        Error::bad(
            format!("{}: cannot be made a folder: {error}", path.display()),
            "choose a folder that you may write to, or a name that is free",
        )
    })
}

fn write(files: &mut Files, path: &Path, text: &str) -> Result {
    let mut file = files.text("--output", path)?;
    file.write_all(text.as_bytes()).map_err(output::unwrap)?;
    file.finish()
}
