//! Rows that a worker's own frames do not hold, settled with its peers one after the other.

use scr_nf::NetworkFunction;
use scr_wire::Seq;
use scr_wire::profile::MAX_ROW_BYTES;

use super::events::What;
use super::{HALF, Pause, Progress, Worker};
use crate::recovery::Settlement;
use crate::recovery::guard::{Guard, stands};

/// Rows beyond a window that a worker may fall behind before it asks its peers without a frame.
pub const IDLE_SLACK: u64 = 128;

/// More missing rows than this, and than logs hold, are no hole but a jump in the numbers.
const JUMP: u64 = if cfg!(loom) { 1 } else { 1 << 16 };

/// The condition under which a peer that lacks a row will not get it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Frames are still to come, each of at most this many rows: the peer's watermark must be so far ahead that none of
    /// them can hold the row.
    Window(u64),
    /// All workers have come to a barrier, so no frame before it is still to come.
    Barrier,
}

impl<F: NetworkFunction> Worker<F> {
    /// Settles the rows that the frame at `position`, which carries `carried` rows, does not reach back to.
    #[cold]
    pub(super) fn fill_hole(&mut self, position: u64, carried: u64) -> Progress {
        if let Some(log) = &mut self.log
            && stands(Guard::PublishBeforeWaiting)
        {
            // The frames before this one are in the log, and this one does not hold what is missing.
            log.publish_watermark(position)?;
        }
        self.settle_up_to(position + 1 - carried, Rule::Window(carried))
    }

    /// Tells the worker that it has been given all its frames up to sequence number `last`, and that frames carry at most
    /// `window` rows. The rows of its frames count from here on. A worker whose frames do not come falls behind; before
    /// its peers' logs overwrite the rows it misses, it copies those that none of its coming frames can hold.
    ///
    /// # Errors
    ///
    /// [`Pause`].
    pub fn note_watermark(&mut self, last: Seq, window: u64) -> Progress {
        self.note_window(window);
        let Some(log) = &mut self.log else {
            return Ok(());
        };
        let ahead = last.plus(1).since(self.expected);
        // Where the last frame was the worker's own, nothing lies ahead.
        let end = self.next + if ahead < HALF { ahead } else { 0 };
        if stands(Guard::IdlePublishes) {
            log.publish_watermark(end)?;
        }
        let slack = window + IDLE_SLACK;
        if end - self.next <= slack {
            return Ok(());
        }
        self.settle_up_to(end - window, Rule::Window(window))
    }

    /// Settles all rows before `end` with the peers: each is copied from a log, or passed if it is lost.
    pub(super) fn settle_up_to(&mut self, end: u64, rule: Rule) -> Progress {
        let mut row = [0; MAX_ROW_BYTES];
        while self.next < end {
            match self.settle(rule, &mut row) {
                Settlement::NotYet if stands(Guard::NotYetWaits) => return Err(Pause::Waiting),
                Settlement::Held { peer } => {
                    self.withdraw();
                    self.fetched.rows_from_logs += 1;
                    self.recorder
                        .record(self.expected.get(), What::FromLog { peer });
                    self.apply_one(&row[..self.profile.row_bytes()]);
                    self.publish_copied()?;
                }
                settled => self.pass_missing(settled, end, rule)?,
            }
        }
        Ok(())
    }

    /// Asks the peers about the next row.
    fn settle(&self, rule: Rule, row: &mut [u8; MAX_ROW_BYTES]) -> Settlement {
        match (rule, self.last_call()) {
            (Rule::Window(window), None) => self.peers.settle(self.next, window, row),
            (Rule::Window(window), Some(barrier)) => {
                self.peers.settle_before(barrier, self.next, window, row)
            }
            (Rule::Barrier, _) => self.peers.settle_ended(self.next, row),
        }
    }

    /// Publishes a row that was copied from a peer's log at once: it counts there already, and may be overwritten there.
    fn publish_copied(&mut self) -> Progress {
        match &mut self.log {
            Some(log) => Ok(log.publish_rows()?),
            None => Ok(()),
        }
    }

    /// Passes the next row, which no log holds, or all rows up to the next one that a log holds. Where logs do not tell
    /// whether the row was lost, goes on from a peer's replica instead.
    fn pass_missing(&mut self, settled: Settlement, end: u64, rule: Rule) -> Progress {
        let unknown = self.is_unknown(settled);
        // Rows behind a jump overwrite the places of those in it, so their fate is always unknown. A worker on a queue of its
        // own, however, may simply be that far behind; it must try a peer's replica first.
        let may_jump = !unknown || self.independent.is_none();
        if may_jump && self.jump(end, rule) {
            return Ok(());
        }
        let what = if !unknown {
            self.withdraw();
            self.fetched.rows_lost_everywhere += 1;
            What::LostEverywhere
        } else if self.take_over()? {
            return match rule {
                // The frame that this was called for may lie behind the replica now.
                Rule::Window(_) => Err(Pause::Waiting),
                Rule::Barrier => Ok(()),
            };
        } else if !may_jump && self.jump(end, rule) {
            return Ok(());
        } else {
            self.fetched.rows_unrecovered += 1;
            What::Unrecovered
        };
        self.recorder.record(self.expected.get(), what);
        self.advance(1);
        Ok(())
    }

    /// Skips rows that no log holds, all at once, where more are missing than logs can hold: a jump in the sequence
    /// numbers may be as wide as 2³⁹. The rows are counted, without an event for each. Returns whether any were skipped.
    fn jump(&mut self, end: u64, rule: Rule) -> bool {
        if end - self.next <= self.peers.span().max(JUMP) {
            return false;
        }
        let least = match rule {
            Rule::Window(window) => {
                if !self.all_are_past(end - 1 + window) && stands(Guard::AllPastBeforeJump) {
                    return false;
                }
                0
            }
            Rule::Barrier => 1,
        };
        let held = self.peers.first_held(self.next);
        let to = held.map_or(end, |held| held.min(end));
        let skipped = (to - self.next).max(least);
        if skipped > 0 {
            self.withdraw();
            self.fetched.rows_lost_everywhere += skipped;
            self.advance(skipped);
        }
        skipped > 0
    }

    /// Whether no peer still expects a frame before `position`.
    fn all_are_past(&self, position: u64) -> bool {
        match self.last_call() {
            None => self.peers.all_past(position),
            Some(barrier) => self.peers.all_past_or_at(barrier, position),
        }
    }
}
