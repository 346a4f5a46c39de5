//! `scr cosim`: the emitted Verilog compared with the golden model, every byte and every cycle.

mod rounds;

use std::path::{Path, PathBuf};
use std::time::Instant;

use scr_sim::build::TraceFormat;
use scr_sim::cosim::{self, CosimConfig, CosimReport, Mismatch, Step};
use scr_sim::stream::Settings;
use scr_sim::verilator::ModelLibrary;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::hardware;
use crate::input::{InputArgs, Remarks};
use crate::options::{ProfileArg, SequencerArgs, number};
use crate::output;
use crate::progress::Progress;
use crate::text;
use rounds::{Round, Steps, Target, Traffic};

/// Number of random packets if neither a capture nor a number is given.
const RANDOM: u64 = 10_000;

/// Default number of packets in lockstep with rust-hdl's simulator, which is several hundred times slower.
const RANDOM_LOCKSTEP: u64 = 500;

/// Options of `scr cosim`.
#[derive(clap::Args)]
pub struct Args {
    /// Capture to send through the block, at full rate and again with stalls: pcap or pcapng, also compressed with gzip
    /// or zstd.
    capture: Option<PathBuf>,

    #[command(flatten)]
    input: InputArgs,

    /// Random packets to send: every boundary case of parser and data path, under stalls, changes of settings and
    /// resets; 1 or more [default: 10000 without a capture, 500 with --lockstep].
    #[arg(long, value_name = "N", value_parser = number::whole)]
    random: Option<u64>,

    /// Seed of everything random.
    #[arg(long, value_name = "S", default_value_t = 1, value_parser = number::whole)]
    seed: u64,

    /// Row profile: source, knock, flow, flow-time, flow6-time, or a profile file (TOML).
    #[arg(long, value_name = "NAME|FILE", default_value = "flow")]
    profile: ProfileArg,

    #[command(flatten)]
    sequencer: SequencerArgs,

    /// Run rust-hdl's own simulator beside Verilator and compare every output port in every cycle. Some 20,000 cycles
    /// a second.
    #[arg(long)]
    lockstep: bool,

    /// Folder for packets, waveform and a note about a mismatch; created if there is one.
    #[arg(short, long, value_name = "DIR", default_value = "scr-cosim")]
    output: PathBuf,

    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

/// The result, with the keys of `--json`.
#[derive(Debug, Serialize)]
struct Report {
    profile: &'static str,
    history: usize,
    cores: u8,
    prefix_words: u8,
    lockstep: bool,
    #[serde(serialize_with = "text::exact")]
    seed: u64,
    rounds: usize,
    packets: u64,
    frames: u64,
    sequenced: u64,
    passed_by: u64,
    lost_in_resets: u64,
    cycles: u64,
    beats_in: u64,
    beats_out: u64,
    /// Cycles wasted at full rate; they occur only near a change of settings.
    bubbles: u64,
    latency_cycles: u64,
    latency_measured: u64,
    changes: u64,
    resets: u64,
    mismatch: Option<String>,
    seconds: f64,
    /// Remarks on the capture.
    #[serde(flatten)]
    remarks: Option<Remarks>,
}

/// Runs the command.
pub fn run(args: &Args) -> Result {
    let sequencing = args.sequencer.resolve(args.profile.load()?)?;
    let rounds = plan(args)?;
    let core = hardware::core_for(&sequencing);
    let settings = Settings::new(sequencing.config);
    let target = Target {
        profile: sequencing.profile,
        history: sequencing.history,
        max_cores: core.max_cores,
        settings: settings.clone(),
    };
    let model = hardware::model(&core, None)?;
    let base = model.cosim_config(settings);
    let mut report = Report {
        profile: sequencing.profile.name(),
        history: sequencing.history,
        cores: sequencing.config.cores,
        prefix_words: sequencing.config.prefix_words,
        lockstep: args.lockstep,
        seed: args.seed,
        rounds: 0,
        packets: 0,
        frames: 0,
        sequenced: 0,
        passed_by: 0,
        lost_in_resets: 0,
        cycles: 0,
        beats_in: 0,
        beats_out: 0,
        bubbles: 0,
        latency_cycles: model.latency_cycles,
        latency_measured: 0,
        changes: 0,
        resets: 0,
        mismatch: None,
        seconds: 0.0,
        remarks: None,
    };

    let started = Instant::now();
    let progress = Progress::counted("cosimulating", rounds.len() as u64, "rounds");
    let mut failed = None;
    for round in &rounds {
        let config = round.config(&base);
        let mut block = hardware::instance(&model)?;
        report.rounds += 1;
        let (checked, remarks) = if args.lockstep {
            let first = hardware::interpreted(&core)?;
            check(round, &target, |steps| {
                cosim::lockstep(first, Box::new(block), steps, &config)
            })?
        } else {
            check(round, &target, |steps| {
                cosim::run(&mut block, steps, &config)
            })?
        };
        // Every round reads the capture again, with the same remarks.
        report.remarks = report.remarks.or(remarks);
        match checked {
            Ok(done) => report.add(&done),
            Err(mismatch) => {
                report.mismatch = Some(mismatch.to_string());
                failed = Some((round, mismatch));
                break;
            }
        }
        progress.set(report.rounds as u64);
    }
    drop(progress);
    report.seconds = started.elapsed().as_secs_f64();

    if args.json {
        output::print_json(&report)?;
    } else {
        output::print(&report.render())?;
    }
    if let Some(remarks) = &report.remarks {
        remarks.say();
    }
    let Some((round, mismatch)) = failed else {
        return Ok(());
    };
    let traced = hardware::model(&core, Some(TraceFormat::Fst));
    if let Err(error) = &traced {
        eprintln!("no waveform: {error}");
    }
    let library = traced.ok().map(|model| model.library);
    let kept = keep(
        &args.output,
        round,
        &target,
        &round.config(&base),
        &mismatch,
        library.as_ref(),
    )?;
    Err(Error::check(
        format!("the hardware differs from the golden model: {mismatch}"),
        format!(
            "see {kept}; the same command finds it again (seed {})",
            args.seed
        ),
    ))
}

/// The rounds requested.
fn plan(args: &Args) -> Result<Vec<Round>> {
    let mut rounds = Vec::new();
    if let Some(path) = &args.capture {
        if output::is_stdout(path) {
            return Err(Error::bad(
                "-: a cosimulation reads its capture more than once",
                "name a file",
            ));
        }
        rounds.extend(Round::of_capture(path, args.input, args.seed));
    }
    let random = match (args.random, &args.capture) {
        (Some(0), None) => {
            return Err(Error::bad(
                "--random 0 without a capture leaves nothing to do",
                "give a number of packets, or a capture",
            ));
        }
        (Some(packets), _) => packets,
        (None, Some(_)) => 0,
        (None, None) if args.lockstep => RANDOM_LOCKSTEP,
        (None, None) => RANDOM,
    };
    rounds.extend(Round::random(random, args.seed));
    Ok(rounds)
}

/// Runs the steps of a round, and returns the remarks on its capture. A capture that cannot be read to its end is an
/// error, whatever the result for the packets before.
fn check(
    round: &Round,
    target: &Target,
    run: impl FnOnce(&mut Steps) -> std::result::Result<CosimReport, Mismatch>,
) -> Result<(std::result::Result<CosimReport, Mismatch>, Option<Remarks>)> {
    let mut steps = round.steps(target)?;
    let result = run(&mut steps);
    Ok((result, steps.finish()?))
}

/// Saves the evidence of a mismatch, and says where.
fn keep(
    folder: &Path,
    round: &Round,
    target: &Target,
    config: &CosimConfig,
    mismatch: &Mismatch,
    traced: Option<&ModelLibrary>,
) -> Result<String> {
    /// Packets after the failing one that are kept: the hardware may have been influenced by what followed.
    const BEHIND: u64 = 100;
    let mut packets = 0;
    let steps: Vec<Step> = round
        .steps(target)?
        .take_while(|step| {
            packets += u64::from(matches!(step, Step::Packet(_)));
            packets <= mismatch.packet + BEHIND
        })
        .collect();
    let name = match &round.traffic {
        Traffic::Capture(..) => "capture".to_owned(),
        Traffic::Random { seed, .. } => format!("seed-{seed}"),
    };
    let evidence = cosim::keep_evidence(folder, &name, &steps, config, mismatch, traced)
        .map_err(|error| Error::bad(error.to_string(), "name another folder with --output"))?;
    let waveform = evidence
        .waveform
        .map_or_else(String::new, |path| format!(", {}", path.display()));
    Ok(format!(
        "{}, {}{waveform}",
        evidence.note.display(),
        evidence.packets.display()
    ))
}

impl Report {
    fn add(&mut self, done: &CosimReport) {
        self.packets += done.packets;
        self.frames += done.frames;
        self.sequenced += done.sequenced;
        self.passed_by += done.passed_by;
        self.lost_in_resets += done.lost_in_resets;
        self.cycles += done.cycles;
        self.beats_in += done.beats_in;
        self.beats_out += done.beats_out;
        self.bubbles += done.bubbles;
        self.latency_measured += done.latency_measured;
        self.changes += done.changes;
        self.resets += done.resets;
    }

    fn render(&self) -> String {
        let Self {
            profile,
            history,
            cores,
            prefix_words,
            ..
        } = self;
        let against = if self.lockstep {
            "the golden model and rust-hdl's simulator"
        } else {
            "the golden model"
        };
        let verdict = match &self.mismatch {
            None => "no difference".to_owned(),
            Some(mismatch) => format!("MISMATCH in round {}: {mismatch}", self.rounds),
        };
        format!(
            "profile {profile}, history {history}, {cores} cores, {prefix_words} prefix words at the start, against {against}\n\
             {} rounds: {} packets, {} sequenced, {} passed by, {} lost in resets\n\
             {} cycles, {} beats in, {} beats out; {} changes of settings, {} resets\n\
             latency {} cycles, measured {} times\n\
             {verdict}\n{:.3} s, {:.2} M cycles/s\n",
            self.rounds,
            self.packets,
            self.sequenced,
            self.passed_by,
            self.lost_in_resets,
            self.cycles,
            self.beats_in,
            self.beats_out,
            self.changes,
            self.resets,
            self.latency_cycles,
            self.latency_measured,
            self.seconds,
            self.cycles as f64 / 1e6 / self.seconds.max(1e-9)
        )
    }
}

#[cfg(test)]
mod tests;
