//! The faults of a soak, and what must show that they had an effect.

use std::time::Duration;

use super::account::Account;

/// Time after which a stalled worker is taken for dead, if stalling is the fault.
const STALL_TIMEOUT: Duration = Duration::from_millis(400);
/// The stall timeout for other faults: only a worker that hangs would exceed it, however busy the machine is.
pub const NO_STALL_TIMEOUT: Duration = Duration::from_secs(60);

/// A kind of fault.
pub struct Kind {
    pub name: &'static str,
    /// How the fault is injected; core numbers are taken modulo the number of cores.
    pub faults: &'static [&'static str],
    /// Rows that logs keep, if they should be short.
    pub log_rows: Option<usize>,
    pub stall_timeout: Duration,
    /// A counter that is not 0 if the fault had an effect.
    pub effect: fn(&Account) -> u64,
}

const fn kind(
    name: &'static str,
    faults: &'static [&'static str],
    effect: fn(&Account) -> u64,
) -> Kind {
    Kind {
        name,
        faults,
        log_rows: None,
        stall_timeout: NO_STALL_TIMEOUT,
        effect,
    }
}

/// All kinds of faults.
pub const FAULTS: &[Kind] = &[
    kind("loss", &["lose@rate=0.01"], |a| a.recovered_rows),
    kind("bursts", &["lose@burst=0.0005x40"], |a| a.recovered_rows),
    kind("outage", &["lose@core=1:4000-9000"], |a| a.recovered_rows),
    kind("truncation", &["truncate=40@rate=0.01"], |a| {
        a.recovered_rows
    }),
    kind("corruption", &["corrupt@rate=0.01"], |a| a.recovered_rows),
    kind("duplication", &["duplicate@rate=0.01"], |a| a.lost),
    kind("pause", &["stall=20@core=2:3000"], |a| a.injected),
    Kind {
        log_rows: Some(64),
        ..kind(
            "pause past logs",
            &["stall=100@core=2:3000", "lose@core=2:3010-3100"],
            |a| a.state_transfers,
        )
    },
    Kind {
        stall_timeout: STALL_TIMEOUT,
        ..kind("death by stall", &["stall=60000@core=2:3000"], |a| {
            a.workers_died
        })
    },
    kind("crash", &["crash@core=3:5000"], |a| a.workers_died),
];
