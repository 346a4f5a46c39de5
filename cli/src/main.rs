//! `scr`: State-Compute Replication from the command line.
//!
//! Results go to standard output; progress and messages go to standard error. The exit status is 0 on success, 1 when
//! a check failed (replicas disagree, a simulation differs from the golden model), and 2 on bad usage or bad input.
//!
//! | module | what it does |
//! |---|---|
//! | [`commands`] | one file, or folder, for each command |
//! | [`options`] | groups of options that several commands share, and what follows from them |
//! | [`error`] | what went wrong, the remedy, the exit status |
//! | [`hardware`] | the generated hardware in a simulator |
//! | [`interrupt`] | signals that end the program, and input that ends with them |
//! | [`memory`] | what happens where there is no memory |
//! | [`output`] | standard output and output files, checked before work starts, put in place after it |
//! | [`progress`] | progress on a terminal |
//! | [`text`] | how addresses, flags and sequence numbers are written |
#![deny(unsafe_code)]

mod commands;
mod error;
mod hardware;
mod interrupt;
mod memory;
mod options;
mod output;
mod progress;
mod text;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser};

#[global_allocator]
static ALLOCATOR: memory::Reporting = memory::Reporting;

/// State-Compute Replication: spray packets over cores and replicate the state instead of sharing it.
///
/// A sequencer in the NIC gives every packet a number and the metadata of the packets before it; so every core can
/// keep all state by itself, and any stateful function scales over cores, whatever the skew of the traffic.
#[derive(Parser)]
#[command(name = "scr", version)]
#[command(
    after_help = "Exit status: 0 success, 1 a check failed, 2 bad usage or bad input, 130 interrupted."
)]
struct Cli {
    #[command(subcommand)]
    command: commands::Command,
}

/// The command line. A negative number is a value, so that an option that takes none says which it takes.
fn parse() -> Cli {
    fn with_negative_numbers(command: clap::Command) -> clap::Command {
        command
            .allow_negative_numbers(true)
            .mut_subcommands(with_negative_numbers)
    }
    let matches = with_negative_numbers(Cli::command()).get_matches();
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

fn main() -> ExitCode {
    match parse().command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}
