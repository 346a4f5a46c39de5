//! `scr sequence`: the golden sequencer over a capture.

use std::path::PathBuf;

use scr_wire::sequencer::{Disposition, Sequencer};
use scr_wire::{MAX_PREFIX_BYTES, WORD_BYTES};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::interrupt;
use crate::options::{ProfileArg, SequencerArgs};
use crate::output::{self, Files};
use crate::progress::Progress;
use crate::text;

/// Options of `scr sequence`.
#[derive(clap::Args)]
pub struct Args {
    /// Capture to sequence: pcap or pcapng, in microseconds or nanoseconds; `-` for standard input.
    capture: PathBuf,

    /// Where to write the frames, as a nanosecond pcap; `-` for standard output.
    ///
    /// Frames that are not sequenced are included, unaltered and in order. Timestamps are those of the packets; lengths
    /// on the wire are kept, and are 64·B bytes longer for SCR frames. Packets of which nothing was captured never
    /// reach a NIC and are left out.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    /// Row profile: source, knock, flow, flow-time, flow6-time, or a profile file (TOML).
    #[arg(long, value_name = "NAME|FILE", default_value = "flow")]
    profile: ProfileArg,

    #[command(flatten)]
    sequencer: SequencerArgs,

    /// Print what was done as one JSON object.
    #[arg(long)]
    json: bool,
}

/// What was done, with the keys of `--json`.
#[derive(Default, Serialize)]
struct Summary {
    packets: u64,
    sequenced: u64,
    passed_by: u64,
    cores: u8,
    profile: &'static str,
    prefix_words: u8,
}

/// Runs the command.
pub fn run(args: &Args) -> Result {
    let sequencing = args.sequencer.resolve(args.profile.load()?)?;
    if args.json {
        output::not_stdout("--output", Some(&args.output))?;
    }
    let mut sequencer = Sequencer::new(&sequencing.profile, sequencing.history, sequencing.config)
        .map(Box::new)
        .map_err(|e| Error::bad(e.to_string(), "change --cores, --history or --prefix-words"))?;
    let mut reader = interrupt::open(&args.capture)?;
    let mut files = Files::reading(&args.capture).also_reading("the profile", args.profile.file());
    let mut writer = files.capture("--output", &args.output)?;

    let mut summary = Summary {
        cores: sequencing.config.cores,
        profile: sequencing.profile.name(),
        prefix_words: sequencing.config.prefix_words,
        ..Summary::default()
    };
    let progress = Progress::bytes("sequencing", reader.total_bytes());
    let prefix_bytes = WORD_BYTES * usize::from(sequencing.config.prefix_words);
    let mut prefix = [0; MAX_PREFIX_BYTES];
    interrupt::ask()?;
    while !interrupt::came() {
        progress.at(&reader);
        let packet = match reader.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            // The end of an input that ended with the signal.
            Err(_) if interrupt::came() => break,
            Err(error) => return Err(error.into()),
        };
        summary.packets += 1;
        if packet.data.is_empty() {
            summary.passed_by += 1;
            continue;
        }
        let time = text::wire_time(packet.timestamp);
        match sequencer.sequence(packet.data, time, &mut prefix) {
            Disposition::PassedBy => {
                summary.passed_by += 1;
                writer.write(&packet.timestamp, packet.original_len, packet.data)?;
            }
            Disposition::Sequenced { .. } => {
                summary.sequenced += 1;
                let original = packet.original_len.saturating_add(prefix_bytes as u32);
                let pieces = [&prefix[..prefix_bytes], packet.data];
                writer.write_vectored(&packet.timestamp, original, &pieces)?;
            }
        }
    }
    writer.finish()?;
    files.put_in_place()?;
    drop(progress);
    interrupt::ended(summary.packets)?;

    if args.json {
        return output::print_json(&summary);
    }
    let Summary {
        packets,
        sequenced,
        passed_by,
        cores,
        profile,
        prefix_words,
    } = summary;
    let text = format!(
        "{packets} packets: {sequenced} sequenced for {cores} cores, {passed_by} passed by; profile {profile}, \
         {prefix_words} prefix words\n"
    );
    if output::is_stdout(&args.output) {
        eprint!("{text}");
        return Ok(());
    }
    output::print(&text)
}
