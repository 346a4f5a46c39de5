//! The commands, one file or folder each.

mod cosim;
mod decode;
mod doctor;
mod emit;
#[cfg(target_os = "linux")]
mod nic;
mod replay;
mod sequence;
mod soak;
mod trace;

use clap::Subcommand;

use crate::error::Result;

/// The commands.
#[derive(Subcommand)]
pub enum Command {
    /// Replay a capture through the simulated NIC into replicated workers, and check them against a single thread.
    Replay(Box<replay::Args>),
    /// Write the sequencer as Verilog, with a manifest.
    Emit(emit::Args),
    /// Check the emitted Verilog under Verilator against the golden model, every byte and every cycle.
    Cosim(cosim::Args),
    /// Sequence a capture in software: writes a capture of SCR frames.
    Sequence(sequence::Args),
    /// Print SCR frames readably.
    Decode(decode::Args),
    /// Inject every fault into runs of every function, and account for every frame.
    Soak(soak::Args),
    /// Generate traces of synthetic traffic.
    #[command(subcommand)]
    Trace(trace::Command),
    /// Look after the sequencers of a NIC, through the registers of its PCI device.
    #[cfg(target_os = "linux")]
    Nic(nic::Args),
    /// Show which optional tools are present, and what each is for.
    Doctor(doctor::Args),
}

impl Command {
    /// Runs the command.
    pub fn run(self) -> Result {
        match self {
            Self::Replay(args) => replay::run(&args),
            Self::Emit(args) => emit::run(&args),
            Self::Cosim(args) => cosim::run(&args),
            Self::Sequence(args) => sequence::run(&args),
            Self::Decode(args) => decode::run(&args),
            Self::Soak(args) => soak::run(&args),
            Self::Trace(command) => trace::run(&command),
            #[cfg(target_os = "linux")]
            Self::Nic(args) => nic::run(&args),
            Self::Doctor(args) => doctor::run(&args),
        }
    }
}
