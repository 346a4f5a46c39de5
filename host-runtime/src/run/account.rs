//! Makes the report from the results of a run's parts.

use std::time::Instant;

use scr_nf::Select;
use scr_wire::PassedBy;

use super::config::ReplayConfig;
use super::report::{LossReport, NicFigures, PerCore, ReplayReport, Verdicts, rate};
use crate::device::{FaultEffect, Injected, ReplayDevice};
use crate::egress::EgressReport;
use crate::membership::FailoverReport;
use crate::verify::Judgement;
use crate::verify::replicas::Comparison;
use crate::worker::task::Finished;
use crate::worker::{Counters, Reason};

/// The results of a run's parts.
pub(super) struct Account<'a, S, T> {
    pub config: &'a ReplayConfig<S>,
    pub device: &'a dyn ReplayDevice,
    pub started: Instant,
    pub ended: &'a [Finished<T>],
    pub egress: &'a EgressReport,
    pub judgement: Judgement<T>,
    pub comparison: Comparison,
    pub failover: FailoverReport,
    pub state_untouched: bool,
}

impl<S: Select, T> Account<'_, S, T> {
    pub(super) fn into_report(mut self) -> ReplayReport {
        let (config, out) = (self.config, self.egress);
        for (departure, (_, lost)) in self.failover.died.iter_mut().zip(out.tombstones.iter()) {
            departure.frames_lost = lost;
        }
        let seconds = self.started.elapsed().as_secs_f64();
        let verified = config
            .verify
            .then_some(self.judgement.mismatch.is_none() && self.comparison.equal_reference);
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
            per_core: self.per_core(),
            loss: self.loss(),
            rejected: out
                .rejected
                .iter()
                .enumerate()
                .filter(|&(_, &count)| count > 0)
                .map(|(reason, &count)| (Reason::name_of(reason), count))
                .collect(),
            injected: self.injected(),
            stalls_cut_short: self
                .ended
                .iter()
                .map(|worker| worker.stalls_cut_short)
                .sum(),
            state_untouched: self.state_untouched,
            failover: self.failover,
            replicas_agree: self.comparison.agree,
            verified,
            seconds,
            mpps: rate(out.packets as f64 / 1e6, seconds),
            mismatch: self.judgement.mismatch.or(self.comparison.mismatch),
        }
    }

    fn per_core(&self) -> Vec<PerCore> {
        let taken = (0..).zip(&self.egress.taken);
        let mut per_core: Vec<PerCore> = taken.map(PerCore::taken).collect();
        for worker in self.ended {
            per_core[usize::from(worker.core)].rows_applied += worker.counters.rows_applied;
        }
        per_core
    }

    fn loss(&self) -> LossReport {
        let sum = |of: fn(&Counters) -> u64| -> u64 {
            self.ended.iter().map(|worker| of(&worker.counters)).sum()
        };
        LossReport {
            frames_lost: self.egress.frames_lost,
            frames_lost_with_workers: self.failover.frames_lost(),
            rows_from_frames: sum(|counters| counters.rows_from_frames),
            rows_from_logs: sum(|counters| counters.rows_from_logs),
            rows_lost_everywhere: self.judgement.ledger.lost_everywhere(),
            rows_unrecovered: sum(|counters| counters.rows_unrecovered),
            state_transfers: sum(|counters| counters.state_transfers),
            frames_overtaken: self.egress.overtaken,
            lost: self.device.lost().map(ToString::to_string),
        }
    }

    /// Faults by name; losses have their own place in the report.
    fn injected(&self) -> Injected {
        let mut injected = self.device.injected();
        injected.remove(FaultEffect::Lose.name());
        injected
    }
}
