//! What a cosimulation is to do.

use scr_wire::Profile;

use crate::stream::{Pattern, Settings};

/// Parameters of a cosimulation.
#[derive(Clone, Debug)]
pub struct CosimConfig {
    /// Row profile that the block was generated for.
    pub profile: Profile,
    /// History depth N that the block was generated for.
    pub history: usize,
    /// The block's documented latency; see [`NicConfig::latency_cycles`](crate::nic::NicConfig::latency_cycles).
    pub latency_cycles: u64,
    /// The initial settings.
    pub settings: Settings,
    /// When beats are offered.
    pub source: Pattern,
    /// When beats are accepted.
    pub sink: Pattern,
    /// Seed of the patterns, of the times at which settings change, and of the garbage on idle inputs.
    pub seed: u64,
    /// Number of cycles after the response to a write from which it is in force for every arriving frame.
    pub grace_cycles: u64,
    /// The block is declared stuck if no beat is accepted on either side for this many cycles.
    pub watchdog_cycles: u64,
    /// Whether to compare the counters with what happened, at the end.
    pub check_counters: bool,
}

impl CosimConfig {
    /// A configuration with full rate on both sides.
    pub fn new(profile: Profile, history: usize, latency_cycles: u64, settings: Settings) -> Self {
        Self {
            profile,
            history,
            latency_cycles,
            settings,
            source: Pattern::Always,
            sink: Pattern::Always,
            seed: 0,
            grace_cycles: 0,
            watchdog_cycles: 10_000,
            check_counters: true,
        }
    }
}
