//! `scr nic configure`: changes to the sequencers, and to the NIC's steering for them.

use std::fmt::Write;
use std::time::Duration;

use scr_nic::RegisterAccess;
use scr_nic::Settings;
use scr_nic::pci::{Check, Tdest};
use scr_nic::registers::SequencerControl;
use scr_wire::{Config, Geometry, MAX_CORES, MAX_PREFIX_WORDS, Profile, profile};

use super::counters::wait;
use super::found::{bad, refused};
use super::status::{remarks, verdict};
use super::{Common, Found};
use crate::error::{Error, Result};
use crate::options::number;
use crate::{interrupt, output};

/// How often `--keep` looks after `app_mask`.
const LOOK: Duration = Duration::from_millis(250);

/// Options of `scr nic configure`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    common: Common,

    /// Cores in the rotation, as many as the sequencer has or fewer.
    #[arg(long, value_name = "K", value_parser = number::whole_u32)]
    cores: u32,

    /// Length of the prefix in 64-byte words [default: the fewest that hold K rows].
    #[arg(long, value_name = "B", value_parser = number::whole_u32)]
    prefix_words: Option<u32>,

    /// Sequence every frame, not only those with an IP header that the row profile knows.
    #[arg(long)]
    sequence_all: bool,

    /// Pass every frame by: neither numbers nor prefixes.
    #[arg(long)]
    disable: bool,

    /// Queues of the cores, from core 0 on [default: each core has the queue of its own number].
    #[arg(long, value_name = "Q,Q,...", value_delimiter = ',')]
    queues: Vec<u8>,

    /// Queue of frames that are not sequenced.
    #[arg(long, value_name = "Q", default_value_t = 0)]
    default_queue: u8,

    /// What the NIC takes a queue for: the queue itself, or a place in its indirection table.
    #[arg(long, value_name = "WAY", value_enum, default_value_t = Way::Direct)]
    tdest: Way,

    /// MTU of the link that packets come from, in bytes: the largest packet without its Ethernet header.
    #[arg(long, value_name = "BYTES", default_value_t = 1500)]
    mtu: u16,

    /// Stay, and set the NIC's steering again each time that the driver resets it because an interface goes up, until
    /// interrupted.
    #[arg(long)]
    keep: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Way {
    /// The queue itself.
    Direct,
    /// A place in the NIC's indirection table.
    Indirect,
}

impl From<Way> for Tdest {
    fn from(way: Way) -> Self {
        match way {
            Way::Direct => Self::Direct,
            Way::Indirect => Self::Indirect,
        }
    }
}

/// Runs the command.
pub fn run(address: &str, args: &Args) -> Result {
    let mut found = Found::at(address, &args.common)?;
    let tdest = Tdest::from(args.tdest);
    // All are checked before any is changed.
    let mut wanted = Vec::new();
    for interface in found.interfaces.clone() {
        let sequencer = found.sequencer(interface)?;
        let settings = settings(args, &sequencer)?;
        let checked = sequencer.check(&settings.sequencer);
        checked.map_err(|source| refused(interface, source))?;
        wanted.push((interface, settings));
    }
    let mut text = String::new();
    let mut results: Vec<(u8, Vec<Check>)> = Vec::new();
    for (interface, settings) in &wanted {
        let number = usize::from(*interface);
        // Steering first, so that no frame is sent by the new rotation and the old steering.
        found
            .application
            .set_tdest(*interface, tdest)
            .map_err(bad)?;
        found
            .nic
            .set_app_mask(number, tdest.app_mask())
            .map_err(bad)?;
        let applied = found.sequencer(*interface)?.apply(settings);
        applied.map_err(|source| refused(*interface, source))?;
        let checks = found.checks(*interface, args.mtu.into())?;
        let Config {
            cores,
            prefix_words,
            ..
        } = settings.sequencer;
        // A string takes all that is written.
        let _ = writeln!(
            text,
            "interface {interface}: {cores} cores, {prefix_words} prefix words, app_mask {:#010x}",
            tdest.app_mask()
        );
        text += &remarks(&checks);
        results.push((*interface, checks));
    }
    output::print(&text)?;
    if args.keep {
        keep(&mut found, tdest)?;
    }
    verdict(
        results
            .iter()
            .map(|(interface, checks)| (*interface, &checks[..])),
    )
}

/// Sets `app_mask` again whenever it is another, until a signal comes.
fn keep(found: &mut Found, tdest: Tdest) -> Result {
    interrupt::ask()?;
    while wait(LOOK) {
        for interface in found.interfaces.clone() {
            let number = usize::from(interface);
            let (is, _) = found.nic.masks(number).map_err(bad)?;
            if is != tdest.app_mask() {
                found
                    .nic
                    .set_app_mask(number, tdest.app_mask())
                    .map_err(bad)?;
                output::print(&format!(
                    "interface {interface}: app_mask was {is:#010x}, is {:#010x} again\n",
                    tdest.app_mask()
                ))?;
            }
        }
    }
    Ok(())
}

/// The settings asked for, for a sequencer of these capabilities.
fn settings<A: RegisterAccess>(args: &Args, sequencer: &SequencerControl<A>) -> Result<Settings> {
    let capabilities = sequencer.capabilities();
    let cores = match u8::try_from(args.cores) {
        Ok(cores) if (1..=MAX_CORES).contains(&cores) => cores,
        _ => {
            return Err(Error::bad(
                format!("--cores {} is not between 1 and {MAX_CORES}", args.cores),
                format!("the NIC has up to {} cores", capabilities.max_cores),
            ));
        }
    };
    let is = |known: &&&Profile| {
        (known.id(), known.row_log2()) == (capabilities.profile_id, capabilities.row_log2)
    };
    let known = profile::BUILTIN.iter().find(is);
    let fewest = known.and_then(|known| Geometry::fewest_words(known, cores.into()));
    let prefix_words = match (args.prefix_words, fewest) {
        (Some(words), _) if (1..=u32::from(MAX_PREFIX_WORDS)).contains(&words) => words as u8,
        (None, Some(fewest)) => fewest.prefix_words(),
        (Some(words), _) => {
            return Err(Error::bad(
                format!("--prefix-words {words} is not between 1 and {MAX_PREFIX_WORDS}"),
                "leave it out: the fewest that hold a row for each core are taken",
            ));
        }
        (None, None) => {
            return Err(Error::bad(
                format!(
                    "how many prefix words {cores} cores need is not known: the NIC has a row profile of its own"
                ),
                "give --prefix-words",
            ));
        }
    };
    if args.queues.len() > usize::from(cores) {
        return Err(Error::bad(
            format!(
                "--queues has {} queues for {cores} cores",
                args.queues.len()
            ),
            "give as many as there are cores, or fewer",
        ));
    }
    let mut settings = Settings::new(Config {
        enable: !args.disable,
        sequence_all: args.sequence_all,
        ..Config::new(cores, prefix_words)
    });
    settings.default_queue = args.default_queue.into();
    for (core, &queue) in args.queues.iter().enumerate() {
        settings.steer(core as u8, queue.into());
    }
    Ok(settings)
}
