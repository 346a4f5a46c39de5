//! Putting the parts together and running them.

use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use rtrb::RingBuffer;
use scr_nf::{Family, NetworkFunction, Own, Select, Visitor};
use scr_wire::{MAX_CORES, PassedBy};
use serde::Serialize;

use super::config::{Outputs, ReplayConfig, ReplayError};
use super::feed::{Connections, Fed, Feed, LEAD};
use super::report::{LossReport, NicFigures, PerCore, ReplayReport, Verdicts, rate};
use crate::device::{Extent, FaultEffect, Injected, ReplayDevice};
use crate::dispatch::{Burst as Load, Dispatcher};
use crate::egress::{Egress, EgressConfig, Outcomes};
use crate::failover::{FailoverReport, Roster};
use crate::recovery::{Log, LogWriter, Peers};
use crate::verify::{Ledger, Mismatch, Reference};
use crate::worker::board::SnapshotBoard as Exchange;
use crate::worker::task::{Finished, Queues, Spec as Equipment, WorkerTask as Station};
use crate::worker::threads::{self, StopFlag as Halt, Task};
use crate::worker::{Counters, EventLevel, IDLE_SLACK, Reason};

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Packets that the device gave.
    pub packets: u64,
    /// How much of the input it has consumed.
    pub extent: Extent,
}

/// Runs `device` through k workers to its end. `progress` is called now and then, with every batch.
///
/// Memory is bounded by the workers' states and a fixed number of batches, however long the device goes on. The calling
/// thread drives the device; workers, reference and outputs run on others.
///
/// # Errors
///
/// [`ReplayError`]. That replicas or verdicts differ is not an error but a result: see [`ReplayReport::is_good`].
pub fn replay(
    config: &ReplayConfig,
    device: &mut dyn ReplayDevice,
    outputs: Outputs<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Result<ReplayReport, ReplayError> {
    run(config, device, outputs, progress)
}

/// [`replay`] with a function that is in no registry.
///
/// Apart from the other, which is thereby compiled here and not again, with all functions, in every crate that calls it.
///
/// # Errors
///
/// As [`replay`].
pub fn replay_own<F: Family>(
    config: &ReplayConfig<Own<F>>,
    device: &mut dyn ReplayDevice,
    outputs: Outputs<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Result<ReplayReport, ReplayError> {
    run(config, device, outputs, progress)
}

fn run<S: Select>(
    config: &ReplayConfig<S>,
    device: &mut dyn ReplayDevice,
    outputs: Outputs<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Result<ReplayReport, ReplayError> {
    if config.cores == 0 || config.cores > MAX_CORES {
        return Err(ReplayError::Cores(config.cores));
    }
    let run = Run {
        config,
        device,
        outputs,
        progress,
    };
    config.function.with(&config.profile, run)?
}

struct Run<'r, 'o, S> {
    config: &'r ReplayConfig<S>,
    device: &'r mut dyn ReplayDevice,
    outputs: Outputs<'o>,
    progress: &'r mut dyn FnMut(Progress),
}

impl<S: Select> Visitor for Run<'_, '_, S> {
    type Output = Result<ReplayReport, ReplayError>;

    fn visit<F: NetworkFunction>(mut self, function: F) -> Self::Output {
        let started = Instant::now();
        let config = self.config;
        let halt = Arc::new(Halt::default());
        let plant = Plant::new(&function, config, &mut self.outputs, &halt);
        let Plant {
            tasks,
            feed,
            workers,
            egress,
        } = plant;
        let (fed, served) = thread::scope(|scope| {
            let mut threads = Vec::new();
            for share in deal(tasks, config.threads) {
                let halt = &halt;
                let serve = move || threads::serve(share, halt);
                let thread = thread::Builder::new().spawn_scoped(scope, serve);
                // Those that there are end at once.
                threads.push(thread.inspect_err(|_| halt.raise())?);
            }
            let fed = feed.run(self.device, self.progress, &halt);
            // All are joined, so that one that panicked is an error and not a panic here.
            let ended = threads.into_iter().map(thread::ScopedJoinHandle::join);
            Ok((fed, ended.fold(true, |all, end| all & end.is_ok())))
        })
        .map_err(ReplayError::Thread)?;
        if !served {
            return Err(ReplayError::Stopped);
        }
        let Fed {
            result,
            report: failover,
            members,
        } = fed;
        if let Err(error @ ReplayError::NoWorkerLeft { .. }) = result {
            return Err(error);
        }
        let outcomes = egress.recv().map_err(|_| ReplayError::Stopped)?;
        if let Some(failure) = outcomes.failure {
            return Err(ReplayError::Output(failure));
        }
        result?;
        let mut ended: Vec<Finished<F::State>> = workers.try_iter().collect();
        // Of a place whose worker died, the counts of the dead come first.
        ended.sort_by_key(|worker| worker.core);
        let finished: Vec<(u16, &F::State)> = ended
            .iter()
            // One that was declared dead at the very end may not have noticed.
            .filter(|worker| members.has(worker.core))
            .filter_map(|worker| Some((worker.core, worker.state.as_ref()?)))
            .collect();
        if finished.len() != members.count() {
            return Err(ReplayError::Stopped);
        }
        let verdict = compare(&function, &finished, outcomes.reference.as_ref());
        let mut report = self.report(started, &ended, &outcomes, verdict, failover);
        report.state_untouched = finished
            .first()
            .is_some_and(|(_, state)| function.is_untouched(state));
        if let Some(out) = &mut self.outputs.state
            && let Some((_, state)) = finished.first()
        {
            let last = outcomes.report.ledger.last_surviving();
            let last = last.map(scr_wire::Seq::get);
            let name = config.function.name();
            let totals = function.totals(state);
            write_state(out, name, last, &function.entries(state), &totals)
                .map_err(ReplayError::State)?;
        }
        Ok(report)
    }
}

impl<S: Select> Run<'_, '_, S> {
    fn report<T>(
        &self,
        started: Instant,
        ended: &[Finished<T>],
        outcomes: &Outcomes<T>,
        comparison: Comparison,
        mut failover: FailoverReport,
    ) -> ReplayReport {
        let config = self.config;
        let out = &outcomes.report;
        let mut total = Counters::default();
        let mut per_core: Vec<PerCore> = (0..).zip(&out.taken).map(PerCore::taken).collect();
        let mut stalls_cut_short = 0;
        for Finished {
            core,
            counters,
            stalls_cut_short: cut,
            ..
        } in ended
        {
            stalls_cut_short += cut;
            total.rows_from_frames += counters.rows_from_frames;
            total.rows_from_logs += counters.rows_from_logs;
            total.rows_unrecovered += counters.rows_unrecovered;
            total.state_transfers += counters.state_transfers;
            per_core[usize::from(*core)].rows_applied += counters.rows_applied;
        }
        for (departure, (_, lost)) in failover.died.iter_mut().zip(out.burials.iter()) {
            departure.frames_lost = lost;
        }
        let rejected = out.rejected.iter().enumerate();
        let seconds = started.elapsed().as_secs_f64();
        let verified = config
            .verify
            .then_some(out.mismatch.is_none() && comparison.equal_reference);
        ReplayReport {
            packets: out.packets,
            sequenced: out.sequenced,
            passed_by: out.packets - out.sequenced,
            passed_by_reasons: PassedBy::ALL
                .into_iter()
                .map(|reason| (reason.name(), out.passed_by[reason.index()]))
                .filter(|&(_, count)| count > 0)
                .collect(),
            nf: config.function.name().to_owned(),
            strategy: "scr",
            cores: config.cores,
            profile: config.profile.name(),
            prefix_words: config.prefix_words,
            nic: NicFigures::new(self.device.report(), out.packets - out.uncaptured),
            verdicts: Verdicts {
                pass: out.pass,
                drop: out.drop,
            },
            per_core,
            loss: LossReport {
                frames_lost: out.frames_lost,
                frames_lost_with_workers: failover.frames_lost(),
                rows_from_frames: total.rows_from_frames,
                rows_from_logs: total.rows_from_logs,
                rows_lost_everywhere: out.ledger.lost_everywhere(),
                rows_unrecovered: total.rows_unrecovered,
                state_transfers: total.state_transfers,
                frames_overtaken: out.overtaken,
                lost: self.device.lost().map(ToString::to_string),
            },
            rejected: rejected
                .filter(|&(_, &count)| count > 0)
                .map(|(reason, &count)| (Reason::name_of(reason), count))
                .collect(),
            injected: self.injected(),
            stalls_cut_short,
            state_untouched: false,
            failover,
            replicas_agree: comparison.agree,
            verified,
            seconds,
            mpps: rate(out.packets as f64 / 1e6, seconds),
            mismatch: out.mismatch.clone().or(comparison.mismatch),
        }
    }
}

impl<S> Run<'_, '_, S> {
    /// Faults by name; losses have their own place in the report.
    fn injected(&self) -> Injected {
        let mut injected = self.device.injected();
        injected.remove(FaultEffect::Lose.name());
        injected
    }
}

/// How the final states compare.
struct Comparison {
    agree: bool,
    equal_reference: bool,
    mismatch: Option<Mismatch>,
}

fn compare<F: NetworkFunction>(
    function: &F,
    finished: &[(u16, &F::State)],
    reference: Option<&F::State>,
) -> Comparison {
    let first = finished.first().map(|(_, state)| *state);
    let agree = finished.iter().all(|(_, state)| Some(*state) == first);
    let standard = reference.or(first);
    let odd = finished.iter().find(|(_, state)| Some(*state) != standard);
    let mismatch = match (odd, standard) {
        (Some((core, odd)), Some(standard)) => Some(Mismatch::State {
            core: *core,
            what: first_difference::<F>(&function.entries(odd), &function.entries(standard)),
        }),
        _ => None,
    };
    Comparison {
        agree,
        equal_reference: mismatch.is_none(),
        mismatch,
    }
}

fn first_difference<F: NetworkFunction>(got: &[F::Entry], expected: &[F::Entry]) -> String {
    let differing = got
        .iter()
        .zip(expected)
        .find(|(got, expected)| got != expected);
    match differing {
        Some((got, expected)) => format!("{got:?} instead of {expected:?}"),
        None if got.len() != expected.len() => {
            format!("{} entries instead of {}", got.len(), expected.len())
        }
        None => "the same entries, but evictions to come differ".to_owned(),
    }
}

/// Entries one by one: a million of them need not be text in memory at once.
fn write_state<E: Serialize>(
    out: &mut dyn Write,
    nf: &str,
    last_seq: Option<u64>,
    entries: &[E],
    totals: &[(String, u64)],
) -> std::io::Result<()> {
    let last_seq = serde_json::to_string(&last_seq)?;
    write!(
        out,
        "{{\"nf\": \"{nf}\", \"last_seq\": {last_seq}, \"entries\": ["
    )?;
    for (i, entry) in entries.iter().enumerate() {
        out.write_all(if i == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, entry)?;
    }
    out.write_all(b"\n]")?;
    for (i, (name, count)) in totals.iter().enumerate() {
        let before = if i == 0 { ", \"totals\": {" } else { ", " };
        write!(out, "{before}\"{name}\": {count}")?;
    }
    out.write_all(if totals.is_empty() { b"}\n" } else { b"}}\n" })?;
    out.flush()
}

/// Deals tasks to threads in turn; `threads` 0 means as many as the machine has cores for.
fn deal<T>(tasks: Vec<T>, threads: usize) -> Vec<Vec<T>> {
    let threads = if threads == 0 {
        threads::available()
    } else {
        threads
    };
    let threads = threads.min(tasks.len()).max(1);
    let mut shares: Vec<Vec<T>> = (0..threads).map(|_| Vec::new()).collect();
    for (i, task) in tasks.into_iter().enumerate() {
        shares[i % threads].push(task);
    }
    shares
}

/// All parts of a run, connected.
struct Plant<'a, S> {
    tasks: Vec<Box<dyn Task + Send + 'a>>,
    feed: Feed<S>,
    workers: mpsc::Receiver<Finished<S>>,
    egress: mpsc::Receiver<Outcomes<S>>,
}

/// Room in a worker's queue for what is no load.
const REQUESTS: usize = 4;

impl<'a, S: Clone + Send + 'a> Plant<'a, S> {
    fn new<F, C>(
        function: &F,
        config: &ReplayConfig<C>,
        outputs: &mut Outputs<'a>,
        halt: &Arc<Halt>,
    ) -> Self
    where
        F: NetworkFunction<State = S>,
    {
        let places = usize::from(config.plan.most_cores(config.cores));
        let batches = config.batches.max(2);
        let frames = config.batch_frames.max(1);
        let (logs, writers) = logs(config, places, batches * frames);
        let exchange =
            (!logs.is_empty()).then(|| Arc::new(Exchange::new(places, config.log_rows.is_some())));
        let roster = Arc::new(Roster::new(places));
        let (worker_results, workers) = mpsc::channel();
        let (egress_results, egress) = mpsc::channel();
        let (burials, deaths) = mpsc::channel();

        let mut queues = Vec::with_capacity(places);
        let mut lanes = Vec::with_capacity(places);
        let mut tasks: Vec<Box<dyn Task + Send + 'a>> = Vec::with_capacity(places + 1);
        for (core, log) in (0..).zip(writers) {
            let (queue, items) = RingBuffer::new(batches + REQUESTS);
            let (done, finished) = RingBuffer::new(batches);
            let (spare, used) = RingBuffer::new(batches);
            let equipment = Equipment {
                core,
                profile: config.profile,
                first_seq: config.first_seq,
                max_rows: config.max_rows,
                peers: Peers::of(core, &logs),
                events: if outputs.events.is_some() {
                    config.events
                } else {
                    EventLevel::Off
                },
                board: exchange.clone(),
            };
            let place = Queues {
                items,
                done,
                spare: used,
            };
            let results = worker_results.clone();
            let roster = Arc::clone(&roster);
            let mut station =
                Station::new(function.clone(), equipment, log, place, roster, results);
            if core < u16::from(config.cores) {
                station = station.occupied();
            } else {
                station.vacant_from_the_start();
            }
            tasks.push(Box::new(station));
            queues.push(queue);
            lanes.push((finished, spare));
        }
        let (mut fresh, free) = RingBuffer::new(batches);
        for _ in 0..batches {
            // The ring has room for exactly these.
            let _ = fresh.push(Arc::new(Load::new(places, frames)));
        }
        let (out, loads) = RingBuffer::new(batches);
        tasks.push(Box::new(Egress::<F>::new(EgressConfig {
            loads,
            lanes,
            burials: deaths,
            free: fresh,
            window: batches * frames,
            profile: config.profile,
            reference: config
                .verify
                .then(|| Reference::new(function.clone(), &config.profile)),
            ledger: Ledger::new(config.first_seq, config.max_rows),
            packets: outputs.packets.take(),
            events: outputs.events.take(),
            halt: Arc::clone(halt),
            results: egress_results,
        })));
        let connections = Connections {
            queues,
            egress: out,
            burials,
            free,
            logs,
            exchange,
            roster,
        };
        let dispatcher =
            Dispatcher::new(&config.profile, places, config.first_seq, config.max_rows);
        Self {
            tasks,
            feed: Feed::new(connections, dispatcher, config),
            workers,
            egress,
        }
    }
}

type Logs = (Vec<Arc<Log>>, Vec<Option<LogWriter>>);

/// A log for each place, long enough for what a worker may fall behind: all frames in circulation, the rows of a
/// frame, and what it waits for before it asks without a frame; for one that joins as much again. A worker alone needs none.
fn logs<C>(config: &ReplayConfig<C>, places: usize, circulating: usize) -> Logs {
    if places == 1 || !config.logs {
        return (Vec::new(), (0..places).map(|_| None).collect());
    }
    let window = scr_wire::geometry::MAX_VALID_ROWS;
    let mut len = circulating + config.batch_frames + 2 * window + IDLE_SLACK as usize;
    if !config.plan.is_empty() {
        len += circulating + LEAD as usize;
    }
    let len = config.log_rows.unwrap_or(len);
    let row_bytes = config.profile.row_bytes();
    (0..places)
        .map(|place| {
            let (log, writer) = Log::new(len, row_bytes);
            if place >= usize::from(config.cores) {
                log.fence();
            }
            (log, Some(writer))
        })
        .unzip()
}
