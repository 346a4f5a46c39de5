//! `scr soak`: every fault on every function, again and again, with an account of every frame.
//!
//! A function that has nothing to do proves nothing, nor does a fault that has no effect. So functions get options and
//! traffic that exercise everything they can do, and a combination in which either had no effect is a failure.
//!
//! | module | content |
//! |---|---|
//! | `faults` | the faults, and what must show that they had an effect |
//! | `subjects` | the functions, with options and traffic |
//! | `account` | the account of all frames, and its printed form |

mod account;
mod faults;
mod subjects;

use std::time::{Duration, Instant};

use clap::ValueHint;
use scr_capture::trace::{TraceConfig, TraceGenerator};
use scr_nf::Selected;
use scr_nic::{BoxError, Model};
use scr_runtime::device::{Fault, Inject, NicDevice, PacketInfo, ReplayDevice, Select};
use scr_runtime::{Outputs, PacketSink, ReplayConfig, ReplayReport, replay};
use scr_wire::{Config, Geometry};
use serde_json::Value;

use account::{Account, Report, text};
use faults::{FAULTS, Kind, NO_STALL_TIMEOUT};
use subjects::{Deed, SUBJECTS, Subject};

use crate::error::{Error, Result};
use crate::options::number;
use crate::output;
use crate::progress::Progress;

/// Rows of history in a run's sequencer.
const HISTORY: usize = 64;
/// Packets in a run.
const PACKETS: u64 = 20_000;
/// Packets per second in the traffic's own time: slow enough that timeouts expire within a run.
const RATE: f64 = 200.0;

/// Options of `scr soak`.
#[derive(clap::Args)]
pub struct Args {
    /// Minimum duration in seconds, or with a unit as in 90s or 5min. Every combination of fault and function is tried
    /// at least once.
    #[arg(long, value_name = "N", default_value = "60", value_hint = ValueHint::Other, value_parser = number::seconds)]
    pub seconds: Duration,

    /// Seed of traffic and faults of the first round; each round has the next one.
    #[arg(long, value_name = "S", default_value_t = 1, value_parser = number::whole)]
    pub seed: u64,

    /// Try one combination only, as FAULT/FUNCTION, for example crash/conntrack.
    #[arg(long, value_name = "FAULT/FUNCTION")]
    pub only: Option<String>,

    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result {
    let mut combinations = combinations(args.only.as_deref())?;
    let started = Instant::now();
    let limit = args.seconds;
    let progress = Progress::seconds("soaking", args.seconds.as_secs());
    let mut rounds = 0;
    let mut failure = None;
    while failure.is_none() && (rounds == 0 || started.elapsed() < limit) {
        let seed = args.seed.wrapping_add(rounds);
        rounds += 1;
        for combination in &mut combinations {
            if rounds > 1 && started.elapsed() >= limit {
                break;
            }
            if let Err(error) = combination.soak(seed) {
                failure = Some(error);
                break;
            }
            progress.set(started.elapsed().min(args.seconds).as_secs());
        }
    }
    drop(progress);
    if failure.is_none() {
        failure = combinations
            .iter()
            .find_map(|combination| combination.idle(args.seed).err());
    }
    let accounts: Vec<Account> = combinations.into_iter().map(|c| c.account).collect();
    let report = Report {
        seconds: started.elapsed().as_secs_f64(),
        rounds,
        lost_silently: accounts.iter().map(|account| account.lost_silently).sum(),
        combinations: accounts,
        failed: failure.as_ref().map(ToString::to_string),
    };
    let printed = if args.json {
        output::print_json(&report)
    } else {
        output::print(&text(&report))
    };
    failure.map_or(printed, Err)
}

/// A fault combined with a function.
struct Combination {
    kind: &'static Kind,
    subject: &'static Subject,
    /// Number of the combination among all.
    number: u64,
    account: Account,
}

fn combinations(only: Option<&str>) -> Result<Vec<Combination>> {
    let all = FAULTS
        .iter()
        .flat_map(|kind| SUBJECTS.iter().map(move |subject| (kind, subject)));
    let all = (0..).zip(all).map(|(number, (kind, subject))| Combination {
        kind,
        subject,
        number,
        account: Account {
            fault: kind.name,
            nf: subject.nf,
            ..Account::default()
        },
    });
    let Some(only) = only else {
        return Ok(all.collect());
    };
    let chosen: Vec<Combination> = all
        .filter(|c| format!("{}/{}", c.kind.name, c.subject.nf) == only)
        .collect();
    if chosen.is_empty() {
        let faults: Vec<&str> = FAULTS.iter().map(|kind| kind.name).collect();
        let functions: Vec<&str> = SUBJECTS.iter().map(|subject| subject.nf).collect();
        return Err(Error::bad(
            format!("--only {only}: there is no such combination"),
            format!(
                "give one of {} and one of {}, with a slash between",
                faults.join(", "),
                functions.join("; ")
            ),
        ));
    }
    Ok(chosen)
}

/// The result of a run.
struct Ran {
    report: ReplayReport,
    /// Frames that the injector reports as lost.
    lost: u64,
    out: Seen,
    state: Value,
}

/// The packets that came out.
#[derive(Default)]
struct Seen {
    packets: u64,
    rewritten: u64,
}

/// Compares the packets that come out with the traffic, which is generated again.
struct Witness<'s> {
    traffic: TraceGenerator,
    seen: &'s mut Seen,
}

impl PacketSink for Witness<'_> {
    fn packet(&mut self, info: &PacketInfo, bytes: &[u8]) -> std::result::Result<(), BoxError> {
        while let Some(packet) = self.traffic.next_packet() {
            if packet.index == info.index {
                self.seen.packets += 1;
                self.seen.rewritten += u64::from(packet.data != bytes);
                return Ok(());
            }
        }
        Err(format!("packet {} came out twice or too late", info.index).into())
    }
}

impl Combination {
    fn defect(&self, seed: u64, what: &str) -> Error {
        let (fault, nf) = (self.kind.name, self.subject.nf);
        Error::check(
            format!("{fault} on {nf}, seed {seed}: {what}"),
            format!("again: scr soak --seconds 0 --only '{fault}/{nf}' --seed {seed}"),
        )
    }

    /// Performs one run.
    fn soak(&mut self, seed: u64) -> Result {
        let ran = self
            .one(seed)
            .map_err(|error| self.defect(seed, &error.to_string()))?;
        self.judge(&ran).map_err(|what| self.defect(seed, &what))
    }

    /// Enters a run into the account, and reports any error in it.
    fn judge(&mut self, ran: &Ran) -> std::result::Result<(), String> {
        let Ran {
            report, lost, out, ..
        } = ran;
        // Second copies are frames, but not packets of the trace.
        let of = |name: &str| report.injected.get(name).copied().unwrap_or(0);
        let copies = of("duplicated");
        let damaged = of("truncated") + of("corrupted") + copies;
        let verdicts = report.verdicts;
        let survived = verdicts.pass + verdicts.drop;
        let rejected: u64 = report.rejected.values().sum();
        let loss = &report.loss;
        let gone =
            loss.frames_lost + loss.frames_lost_with_workers + loss.frames_overtaken + rejected;
        let injected = report.injected.values().sum::<u64>() + lost;
        // Compares what is counted in two places, neither of which knows of the other.
        let silently = (report.sequenced + copies).abs_diff(survived + gone)
            + PACKETS.abs_diff(report.sequenced + report.passed_by)
            + lost.abs_diff(loss.frames_lost)
            + out.packets.abs_diff(verdicts.pass + report.passed_by);

        let account = &mut self.account;
        account.runs += 1;
        account.frames += report.sequenced + copies;
        account.injected += injected;
        account.survived += survived;
        account.dropped += verdicts.drop;
        account.rewritten += out.rewritten;
        account.entries = account.entries.max(entries(self.subject.nf, &ran.state));
        for (name, count) in ran.state["totals"].as_object().into_iter().flatten() {
            *account.totals.entry(name.clone()).or_default() += count.as_u64().unwrap_or(0);
        }
        account.lost += gone;
        account.recovered_rows += loss.rows_from_frames + loss.rows_from_logs;
        account.rows_lost_everywhere += loss.rows_lost_everywhere;
        account.state_transfers += loss.state_transfers;
        account.workers_died += report.failover.died.len() as u64;
        account.lost_silently += silently;

        if !report.is_good() {
            let first = report.mismatch.as_ref();
            let first = first.map_or_else(String::new, |mismatch| format!(": {mismatch}"));
            return Err(format!("replicas differ from a single thread{first}"));
        }
        if silently > 0 {
            return Err(format!("{silently} frames are not accounted for"));
        }
        if injected == 0 {
            return Err("no fault was injected".to_owned());
        }
        let died = report.failover.died.len() as u64;
        if died > of("crashed") && self.kind.stall_timeout == NO_STALL_TIMEOUT {
            return Err(format!("{died} workers died, {} crashed", of("crashed")));
        }
        if rejected != damaged {
            return Err(format!(
                "{damaged} damaged frames were sent, {rejected} rejected"
            ));
        }
        if out.rewritten > 0 && !self.subject.deeds.contains(&Deed::Rewrite) {
            let rewritten = out.rewritten;
            return Err(format!("{rewritten} packets came out with other bytes"));
        }
        Ok(())
    }

    /// Fails if the fault or the function had no effect over all rounds.
    fn idle(&self, seed: u64) -> Result {
        let account = &self.account;
        let mut idle = Vec::new();
        if (self.kind.effect)(account) == 0 {
            idle.push("the fault had no effect".to_owned());
        }
        if account.entries < self.subject.entries {
            let (has, due) = (account.entries, self.subject.entries);
            idle.push(format!("the state has {has} entries, where {due} are due"));
        }
        if account.survived == account.dropped {
            idle.push("no packet passed".to_owned());
        }
        for deed in self.subject.deeds {
            match deed {
                Deed::Drop if account.dropped == 0 => idle.push("no packet was dropped".to_owned()),
                Deed::Rewrite if account.rewritten == 0 => {
                    idle.push("no packet was rewritten".to_owned());
                }
                Deed::Count(name) if account.totals.get(*name).is_none_or(|&n| n == 0) => {
                    idle.push(format!("the total '{name}' is 0"));
                }
                _ => {}
            }
        }
        if idle.is_empty() {
            return Ok(());
        }
        let what = format!("the soak shows nothing: {}", idle.join("; "));
        Err(self.defect(seed, &what))
    }

    fn one(&self, seed: u64) -> std::result::Result<Ran, Box<dyn std::error::Error>> {
        let trace = TraceConfig {
            packets: PACKETS,
            flows: 500,
            rate: RATE,
            seed,
            ..TraceConfig::from(self.subject.traffic)
        };
        let function = Selected::new(self.subject.nf, self.subject.options)?;
        let profile = *function.smallest_profile();
        // A different number of cores and prefix words for every combination and round.
        let turn = seed.wrapping_add(self.number);
        let cores = 2 + (turn % 5) as u8;
        let words = Geometry::fewest_words(&profile, cores.into())
            .ok_or("no prefix holds that many rows")?
            .prefix_words()
            + (turn / 5 % 3) as u8;
        let nic = Model::new(&profile, HISTORY, Config::new(cores, words))?;
        let mut faults = Vec::new();
        for text in self.kind.faults {
            let Fault { effect, which } = text.parse()?;
            let mut which = which.seeded(seed);
            if let Select::Core { core, .. } | Select::First { core, .. } = &mut which {
                *core %= u16::from(cores);
            }
            faults.push(Fault { effect, which });
        }
        let mut device = Inject::new(NicDevice::new(TraceGenerator::new(&trace)?, nic), faults);
        let config = ReplayConfig {
            stall_timeout: self.kind.stall_timeout,
            threads: 1 + (turn % 4) as usize,
            log_rows: self.kind.log_rows,
            ..ReplayConfig::new(function, &profile, cores, words)
        };
        let mut out = Seen::default();
        let mut state = Vec::new();
        let outputs = Outputs {
            packets: Some(Box::new(Witness {
                traffic: TraceGenerator::new(&trace)?,
                seen: &mut out,
            })),
            state: Some(Box::new(&mut state)),
            ..Outputs::default()
        };
        let report = replay(&config, &mut device, outputs, &mut |_| {})?;
        Ok(Ran {
            report,
            lost: device.lost().map_or(0, |lost| lost.count()),
            out,
            state: serde_json::from_slice(&state)?,
        })
    }
}

/// Entries of the final state; for a chain those of the function with the fewest.
fn entries(nf: &str, state: &Value) -> u64 {
    let entries = state["entries"].as_array().map_or(&[][..], Vec::as_slice);
    let of = |stage: &str| {
        let own = |entry: &&Value| entry["nf"].as_str().is_none_or(|nf| nf == stage);
        entries.iter().filter(own).count() as u64
    };
    nf.split(',').map(of).min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use scr_capture::trace::Preset;

    use super::*;

    fn combination(fault: &str, subject: &'static Subject) -> Combination {
        let kind = FAULTS.iter().find(|kind| kind.name == fault).unwrap();
        Combination {
            kind,
            subject,
            number: 0,
            account: Account::default(),
        }
    }

    #[track_caller]
    fn shows_nothing(combination: &Combination, what: &str) {
        let error = combination.idle(1).unwrap_err().to_string();
        assert!(error.contains("the soak shows nothing: "), "{error}");
        assert!(error.contains(what), "{error}");
    }

    #[test]
    fn every_function_is_soaked() {
        for name in scr_nf::NAMES {
            assert!(SUBJECTS.iter().any(|s| s.nf == *name), "{name}");
        }
        assert!(SUBJECTS.iter().any(|s| s.nf.contains(',')));
    }

    #[test]
    fn the_handbook_has_every_fault_and_function() {
        let page = include_str!("../../../../docs/cli.md");
        let quoted = |all: &[&str], between: &str| {
            let all: Vec<String> = all.iter().map(|one| format!("`{one}`")).collect();
            all.join(between)
        };
        for kind in FAULTS {
            let row = format!("\n| `{}` | {}", kind.name, quoted(kind.faults, ", "));
            assert!(page.contains(&row), "{row}");
        }
        for subject in SUBJECTS {
            let row = format!(
                "\n| `{}` | {} | `",
                subject.nf,
                quoted(subject.options, " ")
            );
            let rest = page.split_once(&row).expect(&row).1;
            let traffic: Preset = rest.split('`').next().unwrap().parse().unwrap();
            assert_eq!(traffic, subject.traffic, "{row}");
        }
    }

    #[test]
    fn a_function_without_work_is_a_failure() {
        static IDLE: [(Subject, &str); 3] = [
            (
                Subject {
                    nf: "nat",
                    options: &[],
                    traffic: Preset::Plain,
                    entries: 1,
                    deeds: &[Deed::Rewrite, Deed::Count("exhausted")],
                },
                "the state has 0 entries, where 1 are due; no packet was rewritten; the total 'exhausted' is 0",
            ),
            (
                Subject {
                    nf: "ddos",
                    options: &[],
                    traffic: Preset::Plain,
                    entries: 1,
                    deeds: &[Deed::Drop],
                },
                ": no packet was dropped",
            ),
            (
                Subject {
                    nf: "port-knock",
                    options: &[],
                    traffic: Preset::Plain,
                    entries: 1,
                    deeds: &[Deed::Drop],
                },
                ": no packet passed",
            ),
        ];
        for (subject, what) in &IDLE {
            let mut combination = combination("loss", subject);
            combination.soak(1).unwrap();
            shows_nothing(&combination, what);
        }
    }

    #[test]
    fn a_fault_without_effect_is_a_failure() {
        let mut combination = combination("crash", &SUBJECTS[0]);
        combination.soak(1).unwrap();
        combination.idle(1).unwrap();
        combination.account.workers_died = 0;
        shows_nothing(&combination, "the fault had no effect");
    }

    #[test]
    fn what_is_lost_silently_fails_and_is_in_the_account() {
        for (spoil, lost) in [
            ((|ran| ran.lost += 1) as fn(&mut Ran), 1),
            (|ran| ran.out.packets -= 2, 2),
            (|ran| ran.report.passed_by += 3, 6),
            // Neither survived nor known to be lost.
            (|ran| ran.report.loss.frames_lost -= 4, 8),
        ] {
            let mut combination = combination("loss", &SUBJECTS[0]);
            let mut ran = combination.one(1).unwrap();
            spoil(&mut ran);
            let what = combination.judge(&ran).unwrap_err();
            assert_eq!(what, format!("{lost} frames are not accounted for"));
            assert_eq!(combination.account.lost_silently, lost);
        }
    }

    #[test]
    fn bytes_that_change_under_a_function_that_rewrites_nothing_are_a_failure() {
        let mut combination = combination("loss", &SUBJECTS[0]);
        let mut ran = combination.one(1).unwrap();
        combination.judge(&ran).unwrap();
        ran.out.rewritten = 1;
        let what = combination.judge(&ran).unwrap_err();
        assert_eq!(what, "1 packets came out with other bytes");
    }
}
