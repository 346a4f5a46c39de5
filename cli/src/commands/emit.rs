//! `scr emit`: the sequencer as Verilog.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use scr_hdl::CoreConfig;
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
    #[arg(long, value_enum, value_name = "NAME", default_value_t = Shell::Core)]
    shell: Shell,

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

    /// Network interfaces of the block, 1 or more; for --shell corundum [default: 1].
    #[arg(long, value_name = "N", value_parser = number::whole_u32)]
    interfaces: Option<u32>,

    /// Name of the top module, which begins all other module names, too: for two sequencers in one design.
    #[arg(long, value_name = "NAME", default_value = scr_hdl::emit::TOP)]
    top: String,

    /// Print the manifest as one JSON object.
    #[arg(long)]
    json: bool,
}

/// A value of `--shell`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shell {
    /// The sequencer by itself
    Core,
    /// An application block of Corundum (not available yet)
    Corundum,
    /// A user box of open-nic-shell (not available yet)
    OpenNic,
    /// A module of NetFPGA-PLUS (not available yet)
    NetfpgaPlus,
}

/// Runs the command.
pub fn run(args: &Args) -> Result {
    if args.shell != Shell::Core {
        let name = args
            .shell
            .to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned());
        return Err(Error::bad(
            format!("not available yet: --shell {name}"),
            "use --shell core, whose ports are plain AXI4-Stream",
        ));
    }
    if args.interfaces.is_some() {
        return Err(Error::bad(
            "--interfaces belongs to --shell corundum",
            "leave it out: the core has one interface",
        ));
    }
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
    let emitted = hardware::emit(&core, &args.top)?;
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
    output::print(&format!(
        "{}: {} Verilog files and {MANIFEST}; top {}, profile {}, history {}, {} bits, up to {} cores, {} cycles latency\n",
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
