//! `scr`: State-Compute Replication from the command line.
//!
//! Results go to standard output; progress and messages go to standard error. The exit status is 0 on success, 1 when
//! a check failed (replicas disagree, a simulation differs from the golden model), and 2 on bad usage or bad input.
//!
//! | module | content |
//! |---|---|
//! | [`commands`] | the commands, one file or folder each |
//! | [`options`] | groups of options shared by several commands, and the values derived from them |
//! | [`error`] | errors, their remedies and the exit status |
//! | [`hardware`] | the generated hardware in a simulator |
//! | [`input`] | captures that commands read, and remarks on them |
//! | [`interrupt`] | signals that end the program, and input that ends with them |
//! | [`memory`] | errors when memory runs out |
//! | [`output`] | standard output and output files, checked before work starts, moved into place after it |
//! | [`progress`] | progress on a terminal |
//! | [`terminal`] | the capabilities of the terminal |
//! | [`usage`] | usage errors, in the form of all other errors |
//! | [`text`] | text forms of addresses, flags and sequence numbers |
//! | [`warning`] | warnings about runs that succeeded |
#![deny(unsafe_code)]

mod commands;
mod error;
mod hardware;
mod input;
mod interrupt;
mod memory;
mod options;
mod output;
mod progress;
mod terminal;
mod text;
mod usage;
mod warning;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser};

use error::Error;

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

/// Parses the command line. A negative number counts as a value, so that an option that does not accept it can say what
/// it does accept.
fn parse() -> Result<Cli, Error> {
    fn with_negative_numbers(command: clap::Command) -> clap::Command {
        command
            .allow_negative_numbers(true)
            .mut_subcommands(with_negative_numbers)
    }
    let mut program = with_negative_numbers(Cli::command());
    let arguments: Vec<OsString> = env::args_os().collect();
    let parsed = program
        .try_get_matches_from_mut(&arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    parsed.map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => error.exit(),
        _ => usage::explained(&program, &arguments, &error),
    })
}

fn main() -> ExitCode {
    match parse().and_then(|cli| cli.command.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}
