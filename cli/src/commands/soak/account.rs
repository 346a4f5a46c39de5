//! The account of all frames, and its printed form.

use std::collections::BTreeMap;

use serde::Serialize;

/// The account of a combination, over all rounds.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Account {
    pub fault: &'static str,
    pub nf: &'static str,
    pub runs: u64,
    pub frames: u64,
    /// Faults injected.
    pub injected: u64,
    /// Frames with a verdict.
    pub survived: u64,
    /// Number of these frames that were dropped.
    pub dropped: u64,
    /// Packets that came out with changed bytes.
    pub rewritten: u64,
    /// Entries of the final state, the most of all runs; for a chain those of the function with the fewest.
    pub entries: u64,
    /// The function's counters besides its entries.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub totals: BTreeMap<String, u64>,
    /// Frames lost to the fault, each counted under its reason.
    pub lost: u64,
    /// Rows that replicas missed and recovered from later frames or peers' logs.
    pub recovered_rows: u64,
    /// Rows that no frame carried any longer.
    pub rows_lost_everywhere: u64,
    /// Peers' replicas that workers took over.
    pub state_transfers: u64,
    /// Workers that died.
    pub workers_died: u64,
    /// Frames that are unaccounted for, or were counted twice.
    pub lost_silently: u64,
}

/// The result of a soak, with the keys of `--json`.
#[derive(Serialize)]
pub struct Report {
    pub seconds: f64,
    pub rounds: u64,
    pub combinations: Vec<Account>,
    pub lost_silently: u64,
    /// The failure, if any.
    pub failed: Option<String>,
}

/// The result as text.
pub fn text(report: &Report) -> String {
    let mut text = format!(
        "{:<15} {:<14} {:>5} {:>9} {:>9} {:>9} {:>8} {:>9} {:>7} {:>8} {:>10} {:>6} {:>9} {:>5}\n",
        "fault",
        "function",
        "runs",
        "frames",
        "injected",
        "survived",
        "dropped",
        "rewritten",
        "entries",
        "lost",
        "rows found",
        "gone",
        "transfers",
        "died"
    );
    for account in &report.combinations {
        text += &format!(
            "{:<15} {:<14} {:>5} {:>9} {:>9} {:>9} {:>8} {:>9} {:>7} {:>8} {:>10} {:>6} {:>9} {:>5}\n",
            account.fault,
            account.nf,
            account.runs,
            account.frames,
            account.injected,
            account.survived,
            account.dropped,
            account.rewritten,
            account.entries,
            account.lost,
            account.recovered_rows,
            account.rows_lost_everywhere,
            account.state_transfers,
            account.workers_died
        );
    }
    let verified = if report.failed.is_none() {
        "every run verified against a single thread"
    } else {
        "FAILED"
    };
    text + &format!(
        "{} combinations, {} rounds, {:.1} s; {verified}; lost silently: {}\n",
        report.combinations.len(),
        report.rounds,
        report.seconds,
        report.lost_silently
    )
}
