//! `scr sequence`: the golden sequencer over a capture.

use std::path::PathBuf;

use scr_wire::sequencer::{Disposition, Sequencer};
use scr_wire::{MAX_PREFIX_BYTES, PassedBy, WORD_BYTES};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::input::{InputArgs, Remarks};
use crate::interrupt;
use crate::options::{ProfileArg, SequencerArgs};
use crate::output::{self, Files};
use crate::progress::Progress;
use crate::text;
use crate::warning::{self, Reasons, Warning};

/// Options of `scr sequence`.
#[derive(clap::Args)]
pub struct Args {
    /// Capture to sequence: pcap or pcapng, also compressed with gzip or zstd; `-` for standard input.
    capture: PathBuf,

    #[command(flatten)]
    input: InputArgs,

    /// Where to write the frames, as a nanosecond pcap; `-` for standard output.
    ///
    /// Frames that are not sequenced are included, unaltered and in order. Timestamps are those of the packets; lengths
    /// on the wire are kept, and are 64*B bytes longer for SCR frames. Packets of which nothing was captured never
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

/// The result, with the keys of `--json`.
#[derive(Default, Serialize)]
struct Summary {
    packets: u64,
    sequenced: u64,
    passed_by: u64,
    #[serde(skip_serializing_if = "Reasons::is_empty")]
    passed_by_reasons: Reasons,
    cores: u8,
    profile: &'static str,
    prefix_words: u8,
    #[serde(flatten)]
    remarks: Option<Remarks>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

impl Summary {
    fn pass_by(&mut self, reason: PassedBy) {
        self.passed_by += 1;
        *self.passed_by_reasons.entry(reason.name()).or_default() += 1;
    }
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
    let mut reader = args.input.open(&args.capture)?;
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
            summary.pass_by(PassedBy::NotCaptured);
            continue;
        }
        let time = text::wire_time(packet.timestamp);
        match sequencer.sequence(packet.data, time, &mut prefix) {
            Disposition::PassedBy => {
                let ipv6 = sequencing.profile.has_ipv6();
                let reason = sequencing.config.passes_by(packet.data, ipv6);
                summary.pass_by(reason.unwrap_or(PassedBy::Disabled));
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
    let remarks = Remarks::on(&reader);
    remarks.count_left_out(
        &mut summary.packets,
        &mut summary.passed_by,
        &mut summary.passed_by_reasons,
    );
    remarks.say();
    summary.remarks = Some(remarks);
    interrupt::ended(summary.packets)?;

    summary.warnings = warning::of_passed_by(
        summary.packets,
        summary.sequenced,
        &summary.passed_by_reasons,
    );
    if args.json {
        return output::print_json(&summary);
    }
    let Summary {
        packets,
        sequenced,
        passed_by,
        passed_by_reasons,
        cores,
        profile,
        prefix_words,
        warnings,
        remarks: _,
    } = summary;
    let mut text = format!(
        "{packets} packets: {sequenced} sequenced for {cores} cores, {passed_by} passed by; profile {profile}, \
         {prefix_words} prefix words\n"
    );
    if passed_by > 0 {
        text += &format!("passed by: {}\n", warning::listed(&passed_by_reasons));
    }
    text.extend(warnings.iter().map(Warning::to_string));
    if output::is_stdout(&args.output) {
        eprint!("{text}");
        return Ok(());
    }
    output::print(&text)
}
