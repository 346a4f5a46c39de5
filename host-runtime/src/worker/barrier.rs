//! Barriers: all workers come to the same row before any of them goes on.
//!
//! ```text
//!  Away ──▶ Ended ─────────────▶ Draining(end) ─────▶ Drained ──────────▶ Away
//!           all own frames are   rows before end,     waits until all
//!           taken; waits until   from logs            have drained
//!           this holds of all
//! ```
//!
//! Two numbers are published on the way, one on reaching `Ended` and one on reaching `Drained`. `end` needs no word of its
//! own: it is the furthest position that any worker has published, which is final when all have come to `Ended`.

use scr_nf::NetworkFunction;
use scr_wire::Seq;

use super::holes::Rule;
use super::{Counters, Pause, Progress, Worker};
use crate::recovery::LogWriter;
use crate::recovery::guard::{Guard, stands};

/// Where a worker stands on the way through a barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Away,
    /// Waiting until all have taken their last frame.
    Ended,
    /// Taking the rows up to this position from logs.
    Draining(u64),
    /// Waiting until all have drained.
    Drained,
}

impl<F: NetworkFunction> Worker<F> {
    /// Goes through a barrier: brings the replica to the newest row that any replica has, and its position to the furthest
    /// that any worker has published. All frames before the barrier have been given to the worker. Afterwards all workers
    /// go on from the same position, and none has claimed to be past a later one. With `wait` set, this returns only when
    /// all others have drained too, so that nobody appends new rows to a log that another worker still reads.
    ///
    /// # Errors
    ///
    /// [`Pause`].
    pub fn drain(&mut self, wait: bool) -> Progress {
        loop {
            match self.stage {
                Stage::Away => {
                    self.forget_overtaken();
                    self.settle_fetched();
                    self.enter_barrier();
                    self.stage = Stage::Ended;
                }
                Stage::Ended => {
                    if stands(Guard::DrainsWhenAllEnded)
                        && let Err(pause) = self.all_here()
                    {
                        self.while_others_take_frames()?;
                        return Err(pause);
                    }
                    let own = self.log.as_ref().map_or(self.next, LogWriter::watermark);
                    self.stage = Stage::Draining(self.peers.furthest_watermark().max(own));
                }
                Stage::Draining(end) => {
                    let drained = self.settle_up_to(end, Rule::Barrier);
                    self.settle_fetched();
                    drained?;
                    self.enter_barrier();
                    self.stage = Stage::Drained;
                }
                Stage::Drained => {
                    if wait && stands(Guard::GoesOnWhenAllDrained) {
                        self.all_here()?;
                    }
                    self.stage = Stage::Away;
                    return Ok(());
                }
            }
        }
    }

    fn all_here(&self) -> Progress {
        if self.peers.all_at_barrier(self.arrived()) {
            Ok(())
        } else {
            Err(Pause::Waiting)
        }
    }

    /// Discards counts and events of rows that were fetched without a frame: they belong to the drain, which has no events.
    pub(super) fn settle_fetched(&mut self) {
        self.counters.rows_unrecovered += self.fetched.rows_unrecovered;
        self.fetched = Counters::default();
        self.recorder.forget();
    }

    fn enter_barrier(&mut self) {
        let barrier = self.arrive();
        if let Some(log) = &mut self.log {
            log.enter_barrier(barrier);
        }
    }

    /// Goes back to the position behind the newest row, after a barrier within an epoch. Later frames may still bring rows
    /// behind that one, which nobody has so far. All workers go back, including those that had given such rows up.
    pub fn reopen(&mut self) {
        let beyond = self.next.saturating_sub(self.newest);
        self.next -= beyond;
        self.expected = self.expected.minus(beyond);
    }

    /// Starts an epoch, whose first row has sequence number `first`. The state stays: a new epoch is a new numbering,
    /// not a new network.
    pub fn start_epoch(&mut self, epoch: u8, first: Seq) {
        self.epoch = Some(epoch);
        self.expected = first;
    }
}
