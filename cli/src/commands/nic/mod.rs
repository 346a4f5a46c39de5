//! `scr nic`: the sequencers in a NIC, through the registers of its PCI device.
//!
//! | module | content |
//! |---|---|
//! | [`found`] | the device with its interfaces: what all actions begin with |
//! | [`status`] | what the sequencers are, how they are configured, and whether the interfaces are ready |
//! | [`configure`] | changes to both, sequencers and the NIC's steering |
//! | [`counters`] | what the sequencers have counted |

mod configure;
mod counters;
mod found;
mod status;

use std::path::PathBuf;

use clap::{Args as Options, Subcommand};

use crate::error::Result;
use found::Found;

/// Options of `scr nic`.
#[derive(Options)]
pub struct Args {
    /// PCI address of the NIC, as `lspci -D` prints it: 0000:81:00.0.
    address: String,

    /// What to do.
    #[command(subcommand)]
    action: Action,
}

/// Options of every action.
#[derive(Options)]
struct Common {
    /// Only this interface [default: all].
    #[arg(long, value_name = "I")]
    interface: Option<u8>,

    /// Where sysfs is mounted.
    #[arg(long, value_name = "DIR", default_value = "/sys")]
    sysfs: PathBuf,
}

/// What to do with a NIC.
#[derive(Subcommand)]
enum Action {
    /// Show sequencers and interfaces, and check that the interfaces are ready for frames with a prefix.
    Status(status::Args),
    /// Configure sequencers, and the NIC's steering for them.
    Configure(configure::Args),
    /// Show what the sequencers have counted.
    Counters(counters::Args),
}

/// Runs the command.
pub fn run(args: &Args) -> Result {
    match &args.action {
        Action::Status(action) => status::run(&args.address, action),
        Action::Configure(action) => configure::run(&args.address, action),
        Action::Counters(action) => counters::run(&args.address, action),
    }
}
