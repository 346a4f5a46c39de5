//! `scr nic counters`: what the sequencers have counted.

use std::fmt::Write;
use std::io::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use scr_nic::Counters;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::found::refused;
use super::{Common, Found};
use crate::error::{Error, Result};
use crate::options::number;
use crate::{interrupt, output, text};

/// Options of `scr nic counters`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    common: Common,

    /// Show them again every so many seconds, with what came in between per second, until interrupted.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "1", value_parser = number::seconds)]
    watch: Option<Duration>,

    /// Print JSON objects, one a line with --watch: `{"address", "interfaces": [{"interface", "name", "packets_in", "bytes_in",
    /// "sequenced", "passed_by", "bytes_out", "input_stall_cycles", "output_stall_cycles", "malformed", "sent": [...]}, ...]}`.
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
struct Reading {
    address: String,
    interfaces: Vec<Interface>,
}

struct Interface {
    interface: u8,
    name: Option<String>,
    counters: Counters,
}

/// A counter in JSON: beyond 53 bits a string.
#[derive(serde::Serialize)]
#[serde(transparent)]
struct Count(#[serde(serialize_with = "text::exact")] u64);

impl Serialize for Interface {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let c = &self.counters;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("interface", &self.interface)?;
        map.serialize_entry("name", &self.name)?;
        for (name, count) in [
            ("packets_in", c.packets_in),
            ("bytes_in", c.bytes_in),
            ("sequenced", c.sequenced),
            ("passed_by", c.passed_by),
            ("bytes_out", c.bytes_out),
            ("input_stall_cycles", c.input_stall_cycles),
            ("output_stall_cycles", c.output_stall_cycles),
            ("malformed", c.malformed),
        ] {
            map.serialize_entry(name, &Count(count))?;
        }
        let sent: Vec<Count> = c.sent.iter().map(|&sent| Count(sent)).collect();
        map.serialize_entry("sent", &sent)?;
        map.end()
    }
}

/// Runs the command.
pub fn run(address: &str, args: &Args) -> Result {
    let mut found = Found::at(address, &args.common)?;
    let first = read(&mut found)?;
    let Some(pause) = args.watch else {
        return match args.json {
            true => output::print_json(&first),
            false => output::print(&first.render(None)),
        };
    };
    interrupt::ask()?;
    let (mut last, mut at) = (first, Instant::now());
    show(&last, None, args.json)?;
    while wait(pause) {
        let (now, then) = (read(&mut found)?, at.elapsed());
        at = Instant::now();
        show(&now, Some((&last, then)), args.json)?;
        last = now;
    }
    Ok(())
}

/// Waits; false if a signal came meanwhile.
pub fn wait(pause: Duration) -> bool {
    let end = Instant::now() + pause;
    while !interrupt::came() {
        match end.checked_duration_since(Instant::now()) {
            None => return true,
            Some(rest) => thread::sleep(rest.min(Duration::from_millis(50))),
        }
    }
    false
}

fn show(reading: &Reading, since: Option<(&Reading, Duration)>, json: bool) -> Result {
    if !json {
        return output::print(&reading.render(since));
    }
    let line = serde_json::to_string(reading).map_err(|error| Error::stdout(error.into()))?;
    let mut stdout = output::stdout();
    let written = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
    written.map_err(Error::stdout)
}

fn read(found: &mut Found) -> Result<Reading> {
    let mut interfaces = Vec::new();
    for interface in found.interfaces.clone() {
        let counters = found.sequencer(interface)?.counters();
        interfaces.push(Interface {
            interface,
            name: found.name(interface).map(str::to_owned),
            counters: counters.map_err(|source| refused(interface, source))?,
        });
    }
    Ok(Reading {
        address: found.address.clone(),
        interfaces,
    })
}

impl Reading {
    fn render(&self, since: Option<(&Self, Duration)>) -> String {
        let mut text = String::new();
        for (place, now) in self.interfaces.iter().enumerate() {
            let name = now.name.as_deref().unwrap_or("no driver");
            let c = &now.counters;
            let rate = |of: fn(&Counters) -> u64| {
                since.map_or(String::new(), |(before, time)| {
                    // A reset of the NIC sets counters back.
                    let more = of(c).wrapping_sub(of(&before.interfaces[place].counters));
                    let more = if of(c) < of(&before.interfaces[place].counters) {
                        of(c)
                    } else {
                        more
                    };
                    format!(" ({:.0}/s)", more as f64 / time.as_secs_f64().max(1e-9))
                })
            };
            // A string takes all that is written.
            let _ = write!(
                text,
                "interface {} ({name}): {} packets{} in, {} bytes{}\n  {} sequenced{}, {} passed by, {} malformed; {} bytes out{}\n  \
                 cycles stalled: {} at the input, {} at the output\n",
                now.interface,
                c.packets_in,
                rate(|c| c.packets_in),
                c.bytes_in,
                rate(|c| c.bytes_in),
                c.sequenced,
                rate(|c| c.sequenced),
                c.passed_by,
                c.malformed,
                c.bytes_out,
                rate(|c| c.bytes_out),
                c.input_stall_cycles,
                c.output_stall_cycles
            );
            let busy = c.sent.iter().enumerate().filter(|(_, sent)| **sent > 0);
            for (core, sent) in busy {
                let _ = writeln!(text, "  core {core:<3} {sent} frames");
            }
        }
        text
    }
}
