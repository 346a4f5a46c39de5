//! `scr nic status`: what the sequencers are, how they are configured, and whether the interfaces are ready.

use std::fmt::Write;

use scr_nic::pci::{Check, Finding, Tdest};
use scr_wire::profile;
use serde::Serialize;

use super::found::{bad, refused};
use super::{Common, Found};
use crate::error::{Error, Result};
use crate::output;

/// Options of `scr nic status`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    common: Common,

    /// MTU of the link that packets come from, in bytes: the largest packet without its Ethernet header.
    #[arg(long, value_name = "BYTES", default_value_t = 1500)]
    mtu: u16,

    /// Print one JSON object: `{"address", "application", "interfaces": [{"interface", "name", "design_version", "profile",
    /// "row_bytes", "history", "max_cores", "enabled", "sequence_all", "cores", "prefix_words", "epoch", "next_seq",
    /// "default_queue", "queues", "tdest", "app_mask", "rss_mask", "rx_mtu", "checks": [{"check", "result", ...}]}, ...]}`.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Status {
    address: String,
    application: String,
    interfaces: Vec<Interface>,
}

#[derive(Serialize)]
struct Interface {
    interface: u8,
    name: Option<String>,
    design_version: u16,
    /// Name of the row profile; none if it is a user's own.
    profile: Option<&'static str>,
    row_bytes: usize,
    history: u16,
    max_cores: u8,
    enabled: bool,
    sequence_all: bool,
    cores: u8,
    prefix_words: u8,
    epoch: u8,
    next_seq: u64,
    default_queue: u16,
    /// Queues of cores 0 to k - 1.
    queues: Vec<u16>,
    tdest: &'static str,
    app_mask: String,
    rss_mask: String,
    rx_mtu: u32,
    checks: Vec<Check>,
}

/// Runs the command.
pub fn run(address: &str, args: &Args) -> Result {
    let mut found = Found::at(address, &args.common)?;
    let mut status = Status {
        address: found.address.clone(),
        application: format!("{:#010x}", found.nic.application()),
        interfaces: Vec::new(),
    };
    for interface in found.interfaces.clone() {
        let shown = look(&mut found, interface, args.mtu.into())?;
        status.interfaces.push(shown);
    }
    match args.json {
        true => output::print_json(&status)?,
        false => output::print(&status.render())?,
    }
    let checks = status
        .interfaces
        .iter()
        .map(|i| (i.interface, &i.checks[..]));
    verdict(checks)
}

/// Fails if one of the interfaces' checks did.
pub fn verdict<'a>(checks: impl IntoIterator<Item = (u8, &'a [Check])>) -> Result {
    for (interface, checks) in checks {
        for check in checks {
            if let Finding::Bad { problem, remedy } = &check.finding {
                return Err(Error::check(
                    format!("interface {interface}: {problem}"),
                    remedy,
                ));
            }
        }
    }
    Ok(())
}

/// The lines about checks that are not good.
pub fn remarks(checks: &[Check]) -> String {
    let mut text = String::new();
    for Check { check, finding } in checks {
        // A string takes all that is written.
        let _ = match finding {
            Finding::Good => Ok(()),
            Finding::Bad { problem, remedy } => {
                writeln!(text, "  {check}: {problem}\n    help: {remedy}")
            }
            Finding::Unknown { problem, remedy } => {
                writeln!(text, "  {check}: not known: {problem}\n    help: {remedy}")
            }
        };
    }
    text
}

fn look(found: &mut Found, interface: u8, mtu: u32) -> Result<Interface> {
    let failed = |source| refused(interface, source);
    let mut sequencer = found.sequencer(interface)?;
    let capabilities = sequencer.capabilities();
    let design_version = sequencer.design_version();
    let settings = sequencer.settings().map_err(failed)?;
    let status = sequencer.status().map_err(failed)?;
    let next_seq = sequencer.next_seq().map_err(failed)?.get();
    let known = profile::BUILTIN.iter().find(|known| {
        (known.id(), known.row_log2()) == (capabilities.profile_id, capabilities.row_log2)
    });
    let tdest = found.application.tdest(interface).map_err(bad)?;
    let number = usize::from(interface);
    let (app_mask, rss_mask) = found.nic.masks(number).map_err(bad)?;
    let (rx_mtu, _) = found.nic.rx_mtu(number).map_err(bad)?;
    let config = settings.sequencer;
    Ok(Interface {
        interface,
        name: found.name(interface).map(str::to_owned),
        design_version,
        profile: known.map(|known| known.name()),
        row_bytes: capabilities.row_bytes(),
        history: capabilities.history,
        max_cores: capabilities.max_cores,
        enabled: config.enable,
        sequence_all: config.sequence_all,
        cores: config.cores,
        prefix_words: config.prefix_words,
        epoch: status.epoch,
        next_seq,
        default_queue: settings.default_queue,
        queues: (0..config.cores).map(|core| settings.queue(core)).collect(),
        tdest: match tdest {
            Tdest::Direct => "direct",
            Tdest::Indirect => "indirect",
        },
        app_mask: format!("{app_mask:#010x}"),
        rss_mask: format!("{rss_mask:#010x}"),
        rx_mtu,
        checks: found.checks(interface, mtu)?,
    })
}

impl Status {
    fn render(&self) -> String {
        let mut text = format!(
            "{}: Corundum, application {}, {} of its interfaces\n",
            self.address,
            self.application,
            self.interfaces.len()
        );
        for i in &self.interfaces {
            let profile = i.profile.unwrap_or("of your own");
            let name = i.name.as_deref().unwrap_or("no driver");
            let state = match (i.enabled, i.sequence_all) {
                (false, _) => "disabled, passes all frames by",
                (true, false) => "sequences IP packets",
                (true, true) => "sequences every frame",
            };
            let queues: Vec<String> = i.queues.iter().map(u16::to_string).collect();
            // A string takes all that is written.
            let _ = write!(
                text,
                "interface {} ({name}): profile {profile} ({} bytes a row), history {}, up to {} cores, design {}\n  \
                 {state}; {} cores, {} prefix words; epoch {}, next number {}\n  \
                 queues {}; queue {} for frames that are not sequenced\n  \
                 tdest {}, app_mask {}, rss_mask {}, frames of up to {} bytes\n",
                i.interface,
                i.row_bytes,
                i.history,
                i.max_cores,
                i.design_version,
                i.cores,
                i.prefix_words,
                i.epoch,
                i.next_seq,
                queues.join(" "),
                i.default_queue,
                i.tdest,
                i.app_mask,
                i.rss_mask,
                i.rx_mtu
            );
            text += &remarks(&i.checks);
        }
        text
    }
}
