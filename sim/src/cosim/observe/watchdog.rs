//! A block that is stuck.

use crate::cosim::mismatch::MismatchKind;

/// Runs out when nothing moves although something should.
pub(super) struct Watchdog {
    patience_cycles: u64,
    last_move: u64,
}

impl Watchdog {
    pub(super) fn new(patience_cycles: u64) -> Self {
        Self {
            patience_cycles,
            last_move: 0,
        }
    }

    /// Counts from this cycle on.
    pub(super) fn restart(&mut self, cycle: u64) {
        self.last_move = cycle;
    }

    /// `content` if something moved, or nothing has to.
    pub(super) fn check(
        &mut self,
        content: bool,
        cycle: u64,
        waiting_for: impl FnOnce() -> &'static str,
    ) -> Result<(), MismatchKind> {
        if content {
            self.last_move = cycle;
        } else if cycle - self.last_move > self.patience_cycles {
            return Err(MismatchKind::Stuck {
                cycles: self.patience_cycles,
                waiting_for: waiting_for(),
            });
        }
        Ok(())
    }
}
