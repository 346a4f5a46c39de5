//! When a frame has to come out.

use super::inside::InFlight;
use crate::cosim::config::CosimConfig;
use crate::cosim::mismatch::MismatchKind;
use crate::stream::Pattern;

/// Cycles after a change in which a source that was held up may still be late.
const SETTLING_CYCLES: u64 = 256;

/// Finds cycles that are wasted, and frames that take longer or shorter than documented.
///
/// Near a change of settings neither is wrong: they are counted only.
pub(super) struct Timing {
    latency_cycles: u64,
    /// The source offers in every cycle.
    source_is_full: bool,
    /// The sink takes in every cycle.
    sink_is_full: bool,
    /// Until this cycle, bubbles and latencies may be due to a change.
    unsettled_until: u64,
    /// Cycles wasted.
    pub(super) bubbles: u64,
    /// Frames that had the documented latency.
    pub(super) latency_measured: u64,
}

impl Timing {
    pub(super) fn new(config: &CosimConfig) -> Self {
        Self {
            latency_cycles: config.latency_cycles,
            source_is_full: config.source == Pattern::Always,
            sink_is_full: config.sink == Pattern::Always,
            unsettled_until: 0,
            bubbles: 0,
            latency_measured: 0,
        }
    }

    /// A change may be felt for a while from this cycle on.
    pub(super) fn unsettle(&mut self, cycle: u64) {
        self.unsettled_until = cycle + SETTLING_CYCLES;
    }

    /// No change can be felt any more.
    pub(super) fn settled(&mut self) {
        self.unsettled_until = 0;
    }

    /// Looks at the output, at which the frame of `oldest` is due.
    pub(super) fn check(
        &mut self,
        oldest: &mut InFlight,
        valid: bool,
        ready: bool,
        cycle: u64,
        changing: bool,
    ) -> Result<(), MismatchKind> {
        let changing = changing || cycle < self.unsettled_until;
        if valid {
            self.beat(oldest, cycle, changing)
        } else if ready {
            self.no_beat(oldest, cycle, changing)
        } else {
            Ok(())
        }
    }

    /// The first beat of a frame that found the block idle comes after the documented latency.
    fn beat(
        &mut self,
        oldest: &mut InFlight,
        cycle: u64,
        changing: bool,
    ) -> Result<(), MismatchKind> {
        if oldest.presented.is_some() {
            return Ok(());
        }
        oldest.presented = Some(cycle);
        let full_rate = self.source_is_full && self.sink_is_full;
        if let Some(accepted) = oldest.accepted
            && oldest.alone
            && full_rate
        {
            let (expected, got) = (self.latency_cycles, cycle - accepted);
            if got == expected {
                self.latency_measured += 1;
            } else if !changing {
                return Err(MismatchKind::Latency { expected, got });
            }
        }
        Ok(())
    }

    /// With a source at full rate, a beat that is due is there.
    fn no_beat(
        &mut self,
        oldest: &InFlight,
        cycle: u64,
        changing: bool,
    ) -> Result<(), MismatchKind> {
        let due = oldest.offered + self.latency_cycles <= cycle;
        if due && self.source_is_full {
            self.bubbles += 1;
            if !changing {
                return Err(MismatchKind::Bubble);
            }
        }
        Ok(())
    }
}
