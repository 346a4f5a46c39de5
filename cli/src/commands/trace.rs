//! `scr trace gen`: synthetic traffic.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use scr_capture::trace::{
    Arrivals, Oddities, OptionError, Pattern, Preset, Protocols, Sizes, Skew, TraceConfig,
    TraceGenerator,
};
use scr_capture::writer::TsResolution;
use scr_capture::{ByteOrder, Timestamp, WriteFormat, WriteOptions};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::options::number;
use crate::output::{self, Files};
use crate::progress::Progress;
use crate::text;
use crate::{interrupt, memory};

/// Commands for traces.
#[derive(Subcommand)]
pub enum Command {
    /// Generate a capture of synthetic traffic. The same options give the same bytes, on every platform.
    Gen(Box<GenArgs>),
}

/// Options of `scr trace gen`.
#[derive(clap::Args)]
pub struct GenArgs {
    /// Where to write the capture; `-` for standard output.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    /// Preset to start from; all other options change it. plain: 100,000 packets in 1,000 flows; nasty: every oddity at
    /// once; port-knock: 1,000 sources that knock; ddos: four sources send four fifths of the packets.
    #[arg(long, value_name = "NAME", default_value = "plain")]
    preset: Preset,

    /// Number of packets, 0 or more [preset: 100000].
    #[arg(long, value_name = "N", value_parser = number::whole)]
    packets: Option<u64>,

    /// Number of flows, 1 to 16777216; memory grows by some 50 bytes for each [preset: 1000].
    #[arg(long, value_name = "N", value_parser = number::whole_u32)]
    flows: Option<u32>,

    /// Distribution of packets over flows: uniform, zipf:ALPHA (0 to 10), elephant (a single flow), elephant:SHARE
    /// (above 0, at most 1), or a published flow-size distribution: websearch, datamining, hadoop, university [preset:
    /// zipf:1.1].
    #[arg(long, value_name = "SKEW")]
    skew: Option<Skew>,

    /// Length of packets that carry data, in bytes of Ethernet frame without checksum, 60 to 65000: fixed:N,
    /// uniform:MIN-MAX, or imix (60, 590 and 1514 bytes as 7 : 4 : 1) [preset: imix].
    #[arg(long, value_name = "SIZES")]
    sizes: Option<Sizes>,

    /// Protocols of the flows by weight; those not named have weight 0 [preset: tcp:80,udp:18,other:2].
    #[arg(long, value_name = "LIST")]
    protocols: Option<Protocols>,

    /// Kind of traffic: flows, port-knock, ddos, or ddos:ATTACKERS:SHARE (1 to 254 attackers, share of the packets from
    /// 0 to 1) [preset: flows].
    #[arg(long, value_name = "PATTERN")]
    pattern: Option<Pattern>,

    /// Shares of unusual packets, as in vlan=0.1,arp=0.01, each from 0 to 1: vlan, qinq, ipv6, ipv6-extensions,
    /// ip-options, fragments, jumbo, arp, lldp, runts, empty, malformed. Those not named keep the preset's share
    /// [preset: none].
    #[arg(long, value_name = "LIST")]
    oddities: Option<String>,

    /// Capture at most this many bytes of a packet; the length on the wire is kept [preset: 262144].
    #[arg(long, value_name = "BYTES", value_parser = number::whole_u32)]
    snaplen: Option<u32>,

    /// Mean number of data packets in a TCP connection, 1 or more [default: half of what its flow is expected to send,
    /// at least 4].
    #[arg(long, value_name = "N", value_parser = number::whole_u32)]
    connection_packets: Option<u32>,

    /// Packets per second, above 0 [preset: 1000000].
    #[arg(long, value_name = "PPS", value_parser = number::rate)]
    rate: Option<f64>,

    /// Spacing of packets in time: constant, or exponential (a Poisson process) [preset: exponential].
    #[arg(long, value_name = "KIND")]
    arrivals: Option<Arrivals>,

    /// When the trace starts, in seconds since 1970 [preset: 1700000000].
    #[arg(long, value_name = "SECONDS", value_parser = number::whole_u32)]
    start: Option<u32>,

    /// Seed of all random values [preset: 1].
    #[arg(long, value_name = "N", value_parser = number::whole)]
    seed: Option<u64>,

    /// File format; -ns and -us are nanosecond and microsecond timestamps.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::PcapNs)]
    format: Format,

    /// Write big-endian headers instead of little-endian ones.
    #[arg(long)]
    big_endian: bool,

    /// Print what was written as one JSON object.
    #[arg(long)]
    json: bool,
}

/// The result, with the keys of `--json`.
#[derive(Serialize)]
struct Summary {
    packets: u64,
    flows: u32,
    skew: String,
    sizes: String,
    protocols: String,
    #[serde(serialize_with = "text::exact")]
    seed: u64,
}

/// File formats by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// pcap, microseconds
    PcapUs,
    /// pcap, nanoseconds
    PcapNs,
    /// pcapng, microseconds
    PcapngUs,
    /// pcapng, nanoseconds
    PcapngNs,
}

impl From<Format> for WriteFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::PcapUs => Self::Pcap,
            Format::PcapNs => Self::PcapNs,
            Format::PcapngUs => Self::PcapNg {
                resolution: TsResolution::MICROS,
                offset: 0,
            },
            Format::PcapngNs => Self::PCAPNG,
        }
    }
}

impl GenArgs {
    fn config(&self) -> Result<TraceConfig> {
        let preset = TraceConfig::from(self.preset);
        let mut oddities: Oddities = preset.oddities;
        oddities
            .set(self.oddities.as_deref().unwrap_or_default())
            .map_err(bad)?;
        let config = TraceConfig {
            packets: self.packets.unwrap_or(preset.packets),
            flows: self.flows.unwrap_or(preset.flows),
            skew: self.skew.unwrap_or(preset.skew),
            sizes: self.sizes.unwrap_or(preset.sizes),
            protocols: self.protocols.unwrap_or(preset.protocols),
            pattern: self.pattern.unwrap_or(preset.pattern),
            oddities,
            snaplen: self.snaplen.unwrap_or(preset.snaplen),
            connection_packets: self.connection_packets.or(preset.connection_packets),
            rate: self.rate.unwrap_or(preset.rate),
            arrivals: self.arrivals.unwrap_or(preset.arrivals),
            start: self
                .start
                .map_or(preset.start, |seconds| Timestamp::new(seconds.into(), 0)),
            seed: self.seed.unwrap_or(preset.seed),
        };
        config.check().map_err(bad)?;
        Ok(config)
    }
}

/// Runs the command.
pub fn run(command: &Command) -> Result {
    let Command::Gen(args) = command;
    let config = args.config()?;
    if args.json {
        output::not_stdout("--output", Some(&args.output))?;
    }
    memory::remedy("make --flows smaller, or allow the program more memory (`ulimit -v`)");
    let mut generator = TraceGenerator::new(&config).map_err(bad)?;
    let options = WriteOptions {
        format: args.format.into(),
        byte_order: if args.big_endian {
            ByteOrder::Big
        } else {
            ByteOrder::Little
        },
    };
    let mut files = Files::default();
    let mut writer = files.capture_with("--output", &args.output, options)?;
    let progress = Progress::counted("generating", generator.total_packets(), "packets");
    interrupt::ask()?;
    while !interrupt::came()
        && let Some(packet) = generator.next_packet()
    {
        writer.write(&packet.timestamp, packet.original_len, packet.data)?;
        if packet.index % 8_192 == 0 {
            progress.set(packet.index);
        }
    }
    let packets = writer.packets_written();
    writer.finish()?;
    files.put_in_place()?;
    drop(progress);
    interrupt::ended(packets)?;

    if args.json {
        return output::print_json(&Summary {
            packets,
            flows: config.flows,
            skew: config.skew.to_string(),
            sizes: config.sizes.to_string(),
            protocols: config.protocols.to_string(),
            seed: config.seed,
        });
    }
    let line = format!(
        "{packets} packets in {} flows, skew {}, sizes {}, protocols {}, seed {}\n",
        config.flows, config.skew, config.sizes, config.protocols, config.seed
    );
    if output::is_stdout(&args.output) {
        eprint!("{line}");
        return Ok(());
    }
    output::print(&line)
}

fn bad(error: OptionError) -> Error {
    Error::bad(
        error.to_string(),
        "see `scr trace gen --help` for what each option takes",
    )
}
