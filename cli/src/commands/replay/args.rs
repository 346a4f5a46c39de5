//! The options of `scr replay`.

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use scr_runtime::membership::Plan;

use crate::input::InputArgs;
use crate::options::{ProfileArg, SequencerArgs, number};

/// Help on `--nf`.
fn functions() -> String {
    let (last, others) = scr_nf::NAMES.split_last().unwrap_or((&"", &[]));
    format!(
        "Network function: {} or {last}; or several with commas between, as in ddos,nat: a chain, each on what the one \
         before lets through",
        others.join(", ")
    )
}

/// Help on `--nf-opt`.
fn function_options() -> String {
    let functions = scr_nf::CATALOGUE.iter().map(|function| {
        let options: Vec<_> = function.options.iter().map(|o| o.usage).collect();
        format!("{}: {}", function.name, options.join(", "))
    });
    format!(
        "An option of the network function, as in threshold=1000; may be given several times. {}. In a chain as in \
         nat.ports=2000-3000 where several functions have the option",
        functions.collect::<Vec<_>>().join("; ")
    )
}

/// Options of `scr replay`.
#[derive(clap::Args)]
pub struct Args {
    /// Capture to replay: pcap or pcapng, also compressed with gzip or zstd; `-` for standard input.
    pub capture: PathBuf,

    #[command(flatten)]
    pub input: InputArgs,

    #[arg(long, value_name = "NAME[,NAME...]", default_value = "heavy-hitter", help = functions())]
    pub nf: String,

    #[arg(long, value_name = "KEY[=VALUE]", help = function_options())]
    pub nf_opt: Vec<String>,

    /// Row profile: source, knock, flow, flow-time, flow6-time, or a profile file (TOML) [default: the smallest that
    /// the function can use].
    #[arg(long, value_name = "NAME|FILE")]
    pub profile: Option<ProfileArg>,

    #[command(flatten)]
    pub sequencer: SequencerArgs,

    /// The NIC that sequences the packets.
    #[arg(long, value_enum, value_name = "KIND", default_value_t = NicArg::Sim)]
    pub nic: NicArg,

    /// How the work is distributed over the cores.
    #[arg(long, value_enum, value_name = "NAME", default_value_t = Strategy::Scr)]
    pub strategy: Strategy,

    /// Frames to lose between NIC and workers, by sequence number from 0, as in 3,7,10-12 [default: none].
    #[arg(long, value_name = "LIST", conflicts_with = "loss_rate")]
    pub lose: Option<String>,

    /// Share of the frames to lose at random between NIC and workers, 0 to 1, or as in 5% [default: 0].
    #[arg(long, value_name = "P", value_parser = number::share)]
    pub loss_rate: Option<f64>,

    /// A worker that crashes at its first frame with sequence number SEQ or a later one, as in 2@1000; may be given
    /// several times. The others go on: the frames in its queue are lost, its state is not.
    #[arg(long, value_name = "CORE@SEQ")]
    pub crash: Vec<String>,

    /// Changes of the number of cores while traffic runs, as in 1000:2,5000:6: from the frame with number SEQ on there
    /// are K cores [default: none].
    #[arg(long, value_name = "SEQ:K,...")]
    pub resize: Option<Plan>,

    /// A fault to inject, as WHAT@WHICH; may be given several times. WHAT: lose, truncate=BYTES, corrupt, duplicate,
    /// stall=MS or crash. WHICH: numbers such as 3,7-9; rate=P; burst=PxFRAMES; core=C:FIRST-LAST; core=C:FIRST.
    #[arg(long, value_name = "WHAT@WHICH")]
    pub fault: Vec<String>,

    /// Time after which a worker that is waited for and gives no sign of life counts as dead: milliseconds, 50 to
    /// 3600000, or with a unit as in 10s.
    #[arg(long, value_name = "MS", default_value = "10000", value_parser = number::stall_timeout)]
    pub stall_timeout: Duration,

    /// Keep out a worker that was declared dead while it was only slow [default: it joins again when it comes back].
    #[arg(long)]
    pub no_rejoin: bool,

    /// Minimum number of rows in each worker's log, 1 to 1048576; a worker that falls further behind takes over a
    /// peer's replica, which costs verdicts of its own [default: as many as a worker can need].
    #[arg(long, value_name = "N", value_parser = number::log_rows)]
    pub log_rows: Option<u32>,

    /// Seed of random losses and faults.
    #[arg(long, value_name = "S", default_value_t = 1, value_parser = number::whole)]
    pub seed: u64,

    /// Write every frame that the NIC sent, lost and passed-by ones included, as a nanosecond pcap.
    #[arg(long, value_name = "FILE")]
    pub frames: Option<PathBuf>,

    /// Write the packets that passed, with their original timestamps, as a nanosecond pcap.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Write packets to --out in the order in which they arrived. A replay always does.
    #[arg(long = "ordered", requires = "out")]
    pub _ordered: bool,

    /// Write the function's final state, as JSON.
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,

    /// Write how each missing row was settled, one JSON object per line, in the order in which each worker saw it.
    #[arg(long, value_name = "FILE")]
    pub events: Option<PathBuf>,

    /// Also write the state after every row to --events.
    #[arg(long, requires = "events")]
    pub events_state: bool,

    /// Compare every verdict and the final state with a single-threaded run [default: on].
    #[arg(long = "verify", overrides_with = "no_verify")]
    pub _verify: bool,

    /// Do not compare with a single-threaded run.
    #[arg(long)]
    pub no_verify: bool,

    /// Write the simulated NIC's waveform: VCD if the name ends in .vcd, else FST. Much slower than without.
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,

    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// A value of `--nic`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NicArg {
    /// The hardware, cycle by cycle: verilator where it is installed, else rust-hdl
    Sim,
    /// The emitted Verilog in a model that Verilator builds
    Verilator,
    /// rust-hdl's own simulator, several hundred times slower
    RustHdl,
    /// The golden sequencer in software, without cycles
    Model,
}

/// A value of `--strategy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Strategy {
    /// State-compute replication
    Scr,
    /// One shared state (not available yet)
    Shared,
    /// Sharding by flow (not available yet)
    Rss,
    /// Sharding, rebalanced by load (not available yet)
    #[value(name = "rss++")]
    RssPlusPlus,
    /// Stages on cores (not available yet)
    Pipeline,
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_handbook_has_every_function_and_option() {
        let page = include_str!("../../../../docs/cli.md");
        let row = |start: &str| page.lines().find(|line| line.starts_with(start)).unwrap();
        let (functions, options) = (row("| `--nf "), row("| `--nf-opt "));
        for function in scr_nf::CATALOGUE {
            assert!(functions.contains(function.name), "{}", function.name);
            for option in function.options {
                let key = format!("`{}`", option.key());
                assert!(options.contains(&key), "{}: {key}", function.name);
            }
        }
    }
}
