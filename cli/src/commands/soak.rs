//! `scr soak`: every fault on every function, again and again, with an account of every frame.

use std::time::{Duration, Instant};

use clap::ValueHint;
use scr_capture::trace::{TraceConfig, TraceGenerator};
use scr_runtime::device::{Fault, Inject, Model, Replay};
use scr_runtime::nf::{NAMES, Selected};
use scr_runtime::{Outputs, ReplayConfig, ReplayReport, replay};
use scr_wire::{Config, Geometry};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::output;
use crate::progress::Progress;

/// Workers of a run.
const CORES: u8 = 4;
/// Rows of history of its sequencer.
const HISTORY: usize = 64;
/// Packets of a run.
const PACKETS: u64 = 20_000;
/// Longer than the pauses that are injected as such, shorter than the one that is to be taken for death.
const STALL_TIMEOUT: Duration = Duration::from_millis(400);

/// A kind of fault: its name, how it is injected, and the rows that logs keep, if they are to be short.
type Kind = (&'static str, &'static [&'static str], Option<usize>);

const FAULTS: &[Kind] = &[
    ("loss", &["lose@rate=0.01"], None),
    ("bursts", &["lose@burst=0.0005x40"], None),
    ("outage", &["lose@core=1:4000-9000"], None),
    ("truncation", &["truncate=40@rate=0.01"], None),
    ("corruption", &["corrupt@rate=0.01"], None),
    ("duplication", &["duplicate@rate=0.01"], None),
    ("pause", &["stall=20@core=2:3000"], None),
    (
        "pause past logs",
        &["stall=20@core=2:3000", "lose@core=2:3010-3100"],
        Some(64),
    ),
    ("death by stall", &["stall=60000@core=2:3000"], None),
    ("crash", &["crash@core=3:5000"], None),
];

/// Options of `scr soak`.
#[derive(clap::Args)]
pub struct Args {
    /// For how long to go on. Every combination of fault and function is tried at least once.
    #[arg(long, value_name = "N", default_value_t = 60, value_hint = ValueHint::Other)]
    pub seconds: u64,

    /// Seed of traffic and faults of the first round; each round has the next one.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,

    /// Try one combination only, as FAULT/FUNCTION, for example crash/conntrack.
    #[arg(long, value_name = "FAULT/FUNCTION")]
    pub only: Option<String>,

    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// The account of a combination, over all rounds.
#[derive(Clone, Debug, Default, Serialize)]
struct Account {
    fault: &'static str,
    nf: &'static str,
    runs: u64,
    frames: u64,
    /// Faults injected.
    injected: u64,
    /// Frames with a verdict.
    survived: u64,
    /// Frames that the fault took, each counted under its reason.
    lost: u64,
    /// Rows that replicas missed and got from later frames or peers' logs.
    recovered_rows: u64,
    /// Rows that no frame carried any more.
    rows_lost_everywhere: u64,
    /// Peers' replicas that workers took over.
    state_transfers: u64,
    /// Workers that died.
    workers_died: u64,
    /// Frames of which nothing is known.
    lost_silently: u64,
}

#[derive(Serialize)]
struct Report {
    seconds: f64,
    rounds: u64,
    combinations: Vec<Account>,
    lost_silently: u64,
}

/// Runs the command.
pub fn run(args: &Args) -> Result {
    let mut accounts = combinations(args.only.as_deref())?;
    let started = Instant::now();
    let limit = Duration::from_secs(args.seconds);
    let progress = Progress::packets("soaking", args.seconds);
    let mut rounds = 0;
    while rounds == 0 || started.elapsed() < limit {
        for account in &mut accounts {
            let over = rounds > 0 && started.elapsed() >= limit;
            if !over {
                soak(account, args.seed.wrapping_add(rounds))?;
            }
            progress.set(started.elapsed().as_secs().min(args.seconds));
        }
        rounds += 1;
    }
    drop(progress);
    let report = Report {
        seconds: started.elapsed().as_secs_f64(),
        rounds,
        lost_silently: accounts.iter().map(|account| account.lost_silently).sum(),
        combinations: accounts,
    };
    if args.json {
        output::print_json(&report)
    } else {
        output::print(&text(&report))
    }
}

fn combinations(only: Option<&str>) -> Result<Vec<Account>> {
    let all = FAULTS.iter().flat_map(|&(fault, ..)| {
        NAMES.iter().map(move |&nf| Account {
            fault,
            nf,
            ..Account::default()
        })
    });
    let Some(only) = only else {
        return Ok(all.collect());
    };
    let chosen: Vec<Account> = all
        .filter(|account| format!("{}/{}", account.fault, account.nf) == only)
        .collect();
    if chosen.is_empty() {
        let faults: Vec<&str> = FAULTS.iter().map(|&(fault, ..)| fault).collect();
        return Err(Error::bad(
            format!("--only {only}: there is no such combination"),
            format!(
                "give one of {} and one of {}, with a slash between",
                faults.join(", "),
                NAMES.join(", ")
            ),
        ));
    }
    Ok(chosen)
}

/// One run of a combination.
fn soak(account: &mut Account, seed: u64) -> Result {
    let again = format!(
        "again: scr soak --seconds 0 --only '{}/{}' --seed {seed}",
        account.fault, account.nf
    );
    let defect = |what: String| {
        let name = format!("{} on {}", account.fault, account.nf);
        Error::check(format!("{name}, seed {seed}: {what}"), again.clone())
    };
    let report = one(account.fault, account.nf, seed).map_err(|error| defect(error.to_string()))?;
    if !report.is_good() {
        let first = report.mismatch.as_ref();
        let first = first.map_or_else(String::new, |mismatch| format!(": {mismatch}"));
        return Err(defect(format!(
            "replicas differ from a single thread{first}"
        )));
    }

    // Second copies are frames, but no packets of the trace.
    let copies = report.injected.get("duplicated").copied().unwrap_or(0);
    let survived = report.verdicts.pass + report.verdicts.drop;
    let rejected: u64 = report.rejected.values().sum();
    let loss = &report.loss;
    let lost = loss.frames_lost + loss.frames_lost_with_workers + loss.frames_overtaken + rejected;
    let injected = report.injected.values().sum::<u64>() + report.loss.frames_lost;
    if injected == 0 {
        return Err(defect("no fault was injected".to_owned()));
    }
    let silently = (report.sequenced + copies).abs_diff(survived + lost);
    if silently > 0 {
        return Err(defect(format!("{silently} frames are not accounted for")));
    }
    let detectable = ["truncated", "corrupted", "duplicated"];
    let detectable = detectable.map(|name| report.injected.get(name).copied().unwrap_or(0));
    if detectable.iter().sum::<u64>() != rejected {
        return Err(defect(format!(
            "{} damaged frames were sent, {rejected} rejected",
            detectable.iter().sum::<u64>()
        )));
    }
    account.runs += 1;
    account.frames += report.sequenced + copies;
    account.injected += injected;
    account.survived += survived;
    account.lost += lost;
    account.recovered_rows += report.loss.rows_from_frames + report.loss.rows_from_logs;
    account.rows_lost_everywhere += report.loss.rows_lost_everywhere;
    account.state_transfers += report.loss.state_transfers;
    account.workers_died += report.failover.died.len() as u64;
    account.lost_silently += silently;
    Ok(())
}

fn one(
    fault: &str,
    nf: &str,
    seed: u64,
) -> std::result::Result<ReplayReport, Box<dyn std::error::Error>> {
    let trace = TraceConfig {
        packets: PACKETS,
        flows: 500,
        seed,
        ..TraceConfig::default()
    };
    let function = Selected::new::<&str>(nf, &[])?;
    let profile = *function.smallest_profile();
    let words = Geometry::fewest_words(&profile, CORES.into())
        .ok_or("no prefix holds that many rows")?
        .prefix_words();
    let nic = Model::new(&profile, HISTORY, Config::new(CORES, words))?;
    let kind = FAULTS.iter().find(|&&(name, ..)| name == fault);
    let &(_, texts, log_rows) = kind.ok_or("no such fault")?;
    let mut faults = Vec::new();
    for text in texts {
        let Fault { damage, which } = text.parse()?;
        faults.push(Fault {
            damage,
            which: which.seeded(seed),
        });
    }
    let mut device = Inject::new(Replay::new(TraceGenerator::new(&trace)?, nic), faults);
    let config = ReplayConfig {
        stall_timeout: STALL_TIMEOUT,
        log_rows,
        ..ReplayConfig::new(function, &profile, CORES, words)
    };
    Ok(replay(
        &config,
        &mut device,
        Outputs::default(),
        &mut |_| {},
    )?)
}

fn text(report: &Report) -> String {
    let mut text = format!(
        "{:<15} {:<14} {:>5} {:>9} {:>9} {:>9} {:>9} {:>10} {:>6} {:>9} {:>5}\n",
        "fault",
        "function",
        "runs",
        "frames",
        "injected",
        "survived",
        "lost",
        "rows found",
        "gone",
        "transfers",
        "died"
    );
    for account in &report.combinations {
        text += &format!(
            "{:<15} {:<14} {:>5} {:>9} {:>9} {:>9} {:>9} {:>10} {:>6} {:>9} {:>5}\n",
            account.fault,
            account.nf,
            account.runs,
            account.frames,
            account.injected,
            account.survived,
            account.lost,
            account.recovered_rows,
            account.rows_lost_everywhere,
            account.state_transfers,
            account.workers_died
        );
    }
    text + &format!(
        "{} combinations, {} rounds, {:.1} s; every run verified against a single thread; lost silently: {}\n",
        report.combinations.len(),
        report.rounds,
        report.seconds,
        report.lost_silently
    )
}
