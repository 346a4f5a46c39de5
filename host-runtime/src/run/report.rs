//! The object that a run results in; `docs/cli.md` has its fields.

use std::borrow::Cow;
use std::collections::BTreeMap;

use scr_nic::NicReport;
use scr_nic::registers::Counters;
use serde::Serialize;

use crate::membership::FailoverReport;
use crate::verify::Mismatch;

/// What a run resulted in.
#[derive(Clone, Debug, Serialize)]
pub struct ReplayReport {
    /// Packets, of every kind.
    pub packets: u64,
    /// Packets that got a prefix, lost ones included.
    pub sequenced: u64,
    /// Packets that passed the sequencer by, those of no captured bytes included.
    pub passed_by: u64,
    /// Packets that passed by, by [reason](scr_wire::PassedBy); absent when there were none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub passed_by_reasons: BTreeMap<&'static str, u64>,
    /// The network function.
    pub nf: String,
    /// The strategy.
    pub strategy: &'static str,
    /// Workers.
    pub cores: u8,
    /// The row profile.
    pub profile: &'static str,
    /// Words in a prefix.
    pub prefix_words: u8,
    /// The NIC.
    pub nic: NicFigures,
    /// Verdicts on delivered packets.
    pub verdicts: Verdicts,
    /// Every worker's share.
    pub per_core: Vec<PerCore>,
    /// What was lost and how it was made up for.
    pub loss: LossReport,
    /// Workers that died, and changes of the steering map; absent when there were none.
    #[serde(skip_serializing_if = "FailoverReport::is_empty")]
    pub failover: FailoverReport,
    /// Faults injected besides losses, by name; absent when there were none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub injected: BTreeMap<&'static str, u64>,
    /// Stalls that the end of the traffic cut short; absent when there were none.
    #[serde(skip_serializing_if = "is_zero")]
    pub stalls_cut_short: u64,
    /// Frames that workers rejected, by reason; absent when there were none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rejected: BTreeMap<&'static str, u64>,
    /// Whether all replicas ended in the same state.
    pub replicas_agree: bool,
    /// Whether every verdict and every final state equals that of the single-threaded run; `null` when it was not
    /// checked.
    pub verified: Option<bool>,
    /// Wall-clock seconds, from the first packet asked for to the last state compared.
    pub seconds: f64,
    /// Millions of packets per second.
    pub mpps: f64,
    /// Whether the final state is the one before the first row: the function had nothing to keep.
    #[serde(skip)]
    pub state_untouched: bool,
    /// The first difference, when `verified` is false or replicas do not agree.
    #[serde(skip)]
    pub mismatch: Option<Mismatch>,
}

impl ReplayReport {
    /// Frames that got a verdict.
    pub fn judged(&self) -> u64 {
        self.verdicts.pass + self.verdicts.drop
    }

    /// Whether replicas agree and nothing that was checked differs.
    pub fn is_good(&self) -> bool {
        self.replicas_agree && self.verified != Some(false)
    }
}

/// The NIC in a report.
#[derive(Clone, Debug, Serialize)]
pub struct NicFigures {
    /// `model`, `verilator`, `rust-hdl` or `frames`.
    pub kind: Cow<'static, str>,
    /// The clocked NIC's figures.
    #[serde(flatten)]
    pub clocked: Option<Clocked>,
    /// The counters of a NIC in hardware, read from its registers when all frames were out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counters: Option<Counters>,
}

/// Figures of a NIC with a clock.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Clocked {
    /// Clock cycles.
    pub cycles: u64,
    /// Beats taken.
    pub beats_in: u64,
    /// Beats given.
    pub beats_out: u64,
    /// Cycles without output that should have had some.
    pub idle_with_work: u64,
    /// Packets per microsecond at 250 MHz.
    pub mpps_at_250mhz: f64,
}

impl NicFigures {
    /// The figures of a NIC through which `packets` packets went.
    pub fn new(report: NicReport, packets: u64) -> Self {
        let clocked = report.activity.map(|activity| Clocked {
            cycles: activity.cycles,
            beats_in: activity.beats_in,
            beats_out: activity.beats_out,
            idle_with_work: activity.idle_with_work,
            mpps_at_250mhz: rate(packets as f64 * 250.0, activity.cycles as f64),
        });
        Self {
            kind: report.kind,
            clocked,
            counters: report.counters,
        }
    }
}

/// `amount / per`, 0 where nothing was.
pub(super) fn rate(amount: f64, per: f64) -> f64 {
    if per > 0.0 { amount / per } else { 0.0 }
}

/// Verdicts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verdicts {
    /// Passed, rewritten ones included.
    pub pass: u64,
    /// Dropped.
    pub drop: u64,
}

/// A worker's share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PerCore {
    /// The worker.
    pub core: u16,
    /// Frames that it took and handed on.
    pub frames: u64,
    /// Rows that it applied, those of the final drain included.
    pub rows_applied: u64,
}

impl PerCore {
    pub(super) fn taken((core, &frames): (u16, &u64)) -> Self {
        Self {
            core,
            frames,
            rows_applied: 0,
        }
    }
}

/// Losses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LossReport {
    /// Frames lost between NIC and workers.
    pub frames_lost: u64,
    /// Frames lost with workers that died; absent when there were none.
    #[serde(skip_serializing_if = "is_zero")]
    pub frames_lost_with_workers: u64,
    /// Missing rows beyond the ordinary k that the worker's own next frame held, over all workers.
    pub rows_from_frames: u64,
    /// Missing rows that a peer's log held, over all workers.
    pub rows_from_logs: u64,
    /// Rows that no delivered frame carried.
    pub rows_lost_everywhere: u64,
    /// Rows that could not be had although a peer may have had them, over all workers; absent when there were none.
    #[serde(skip_serializing_if = "is_zero")]
    pub rows_unrecovered: u64,
    /// Peers' replicas taken over by workers that could not tell what became of a row; absent when there were none.
    #[serde(skip_serializing_if = "is_zero")]
    pub state_transfers: u64,
    /// Frames that their workers dropped because a replica which they took over had their rows already; absent when there
    /// were none.
    #[serde(skip_serializing_if = "is_zero")]
    pub frames_overtaken: u64,
    /// The sequence numbers lost at a rate, as a list that `--lose` takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
fn is_zero(n: &u64) -> bool {
    *n == 0
}
