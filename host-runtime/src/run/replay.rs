//! Replaying a capture: one run from its device's first packet to the report.

use std::io::Write;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use scr_nf::{Family, NetworkFunction, Own, Select, Visitor};
use scr_wire::{MAX_CORES, Seq};

use super::account::Account;
use super::config::{Outputs, ReplayConfig, ReplayError};
use super::first_frame::FirstFrame;
use super::pipeline::{self, Part, Pipeline};
use super::receive::{Progress, ReceiveLoop};
use super::report::ReplayReport;
use super::state_file;
use crate::device::ReplayDevice;
use crate::membership::CoreSet;
use crate::verify::replicas;
use crate::worker::task::Finished;
use crate::worker::threads::{self, StopFlag};

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
/// A function of its own, so that [`replay`] is compiled here, with all functions, and not again in every crate that calls
/// it.
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
        let stop = Arc::new(StopFlag::default());
        let Pipeline {
            tasks,
            links,
            workers,
            egress,
        } = Pipeline::new(&function, config, &mut self.outputs, &stop);
        let receive = ReceiveLoop {
            links,
            membership: pipeline::membership(config),
            first_frame: FirstFrame::new(&config.profile),
            stop: &stop,
        };
        let ((result, membership), served) = beside(tasks, config.threads, &stop, || {
            receive.run(self.device, self.progress)
        })?;
        if !served {
            return Err(ReplayError::Stopped);
        }
        if let Err(error @ ReplayError::NoWorkerLeft { .. }) = result {
            return Err(error);
        }
        let outcomes = egress.recv().map_err(|_| ReplayError::Stopped)?;
        if let Some(failure) = outcomes.failure {
            return Err(ReplayError::Output(failure));
        }
        result?;
        let (failover, members) = membership.into_report();
        let mut ended: Vec<Finished<F::State>> = workers.try_iter().collect();
        // Of a place whose worker died, the counts of the dead come first.
        ended.sort_by_key(|worker| worker.core);
        let finished = finished(&ended, members)?;
        let comparison =
            replicas::compare(&function, &finished, outcomes.judgement.reference.as_ref());
        let final_state = finished.first().map(|(_, state)| *state);
        let last = outcomes.judgement.ledger.last_surviving();
        let report = Account {
            config,
            device: self.device,
            started,
            ended: &ended,
            egress: &outcomes.report,
            judgement: outcomes.judgement,
            comparison,
            failover,
            state_untouched: final_state.is_some_and(|state| function.is_untouched(state)),
        }
        .into_report();
        if let (Some(out), Some(state)) = (&mut self.outputs.state, final_state) {
            write_state(&function, config.function.name(), state, last, out)?;
        }
        Ok(report)
    }
}

/// Does `work` on this thread while others serve `tasks`. Returns its result, and whether no other thread panicked.
fn beside<T>(
    tasks: Vec<Part<'_>>,
    threads: usize,
    stop: &StopFlag,
    work: impl FnOnce() -> T,
) -> Result<(T, bool), ReplayError> {
    thread::scope(|scope| {
        let mut serving = Vec::new();
        for share in deal(tasks, threads) {
            let serve = move || threads::serve(share, stop);
            let thread = thread::Builder::new().spawn_scoped(scope, serve);
            // Those that there are end at once.
            serving.push(thread.inspect_err(|_| stop.raise())?);
        }
        let done = work();
        // All are joined, so that one that panicked is an error and not a panic here.
        let ended = serving.into_iter().map(thread::ScopedJoinHandle::join);
        Ok((done, ended.fold(true, |all, end| all & end.is_ok())))
    })
    .map_err(ReplayError::Thread)
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

/// The replicas of all members.
fn finished<T>(ended: &[Finished<T>], members: CoreSet) -> Result<Vec<(u16, &T)>, ReplayError> {
    let finished: Vec<(u16, &T)> = ended
        .iter()
        // One that was declared dead at the very end may not have noticed.
        .filter(|worker| members.has(worker.core))
        .filter_map(|worker| Some((worker.core, worker.state.as_ref()?)))
        .collect();
    if finished.len() != members.count() {
        return Err(ReplayError::Stopped);
    }
    Ok(finished)
}

fn write_state<F: NetworkFunction>(
    function: &F,
    name: &str,
    state: &F::State,
    last: Option<Seq>,
    out: &mut dyn Write,
) -> Result<(), ReplayError> {
    let (entries, totals) = (function.entries(state), function.totals(state));
    state_file::write(out, name, last.map(Seq::get), &entries, &totals).map_err(ReplayError::State)
}
