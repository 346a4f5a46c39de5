//! Going on from a peer's replica, where logs do not tell what became of a row.
//!
//! A row that no log holds, while some log has been overwritten past it, may have been applied by others or not. The
//! worker that lacks it asks at the [`SnapshotBoard`] for the replica of a peer that is past it, and goes on from there. The
//! price is verdicts: the worker's own frames whose rows the replica already has are [overtaken](Outcome::Overtaken).
//!
//! **No row is lost by that.** A peer cannot have passed a row that only a frame still to be taken here carries: it would
//! have had to wait until this worker publishes that it is past it. So the rows of frames that are overtaken are in the
//! replica, and others find them where the peer found them. This worker's own log lacks them, which the board
//! [says](SnapshotBoard::begin), so that nobody takes them for lost.
//!
//! **Nobody waits for ever.** A worker that has overwritten a row in its log is past it, and lends its replica even while it
//! waits or asks itself. If it is dead, workers that have nothing to do look for the row, too; and when *all* that live ask
//! for that row or an earlier one, nobody can be past it. Then the furthest give the row up, unless a worker that left has
//! [offered](SnapshotBoard::offer) its replica, and the others take over theirs.

use std::sync::Arc;

use scr_nf::NetworkFunction;
use scr_wire::Seq;

use super::board::SnapshotBoard;
use super::events::What;
use super::holes::Rule;
use super::outcome::Reason;
use super::{HALF, Outcome, Output, Pause, Progress, Snapshot, Stage, Worker};
use crate::recovery::{LogWriter, Settlement};

/// State of a worker's requests for replicas.
pub(super) struct Transfer<S> {
    board: Option<Arc<SnapshotBoard<S>>>,
    /// Whether there is a request on the board.
    asking: bool,
    /// Most rows in a frame, as far as is known.
    window: u64,
    /// Sequence numbers of own frames that are still to come and that the replica has overtaken: the first, and the end.
    overtaken: Option<(Seq, Seq)>,
}

impl<S> Default for Transfer<S> {
    fn default() -> Self {
        Self {
            board: None,
            asking: false,
            window: 1,
            overtaken: None,
        }
    }
}

impl<F: NetworkFunction> Worker<F> {
    /// Connects the worker to the board at which peers lend it their replicas, and it lends them its own. Without a board, a
    /// row whose fate is unknown is given up.
    #[must_use]
    pub fn trading(mut self, board: Arc<SnapshotBoard<F::State>>) -> Self {
        self.transfer.board = Some(board);
        self
    }

    /// Lends the replica to peers that ask for one past a row, if this one is. To be called between calls that
    /// [wait](Pause::Waiting), too.
    ///
    /// # Errors
    ///
    /// [`Pause::Fenced`].
    #[inline]
    pub fn lend(&mut self) -> Progress {
        match &self.transfer.board {
            Some(board) if board.is_busy() => {
                let board = Arc::clone(board);
                board.answer(self.core, self.next, self.barrier, || self.copy_published())
            }
            _ => Ok(()),
        }
    }

    /// A copy of the replica, all rows of which are published: they count, whatever becomes of this worker.
    #[cold]
    fn copy_published(&mut self) -> Result<Snapshot<F::State>, Pause> {
        if let Some(log) = &mut self.log {
            // Every own frame before the next row has been taken.
            log.publish_watermark(self.next)?;
        }
        Ok(self.copy())
    }

    /// Whether the logs do not tell what became of the next row.
    pub(super) fn is_unknown(&self, settled: Settlement) -> bool {
        let hidden = |board: &Arc<SnapshotBoard<_>>| board.hides(self.next);
        settled == Settlement::Unknown || self.transfer.board.as_ref().is_some_and(hidden)
    }

    /// Takes over the replica of a peer that is past the next row, whose fate is unknown. False if there is no such peer, and
    /// none to come.
    #[cold]
    pub(super) fn take_over(&mut self) -> Result<bool, Pause> {
        let Some(board) = self.transfer.board.clone() else {
            return Ok(false);
        };
        // Nobody answers one that has been declared dead and does not know.
        self.publish_again()?;
        if let Some(adopted) = self.ask(&board) {
            return adopted;
        }
        if !self.nobody_is_past(&board) {
            return Err(Pause::Waiting);
        }
        // One may have answered before it began to wait. Then there is no request any more.
        if let Some(adopted) = self.ask(&board) {
            return adopted;
        }
        if !board.waits_at(self.core, self.next) {
            return Err(Pause::Waiting);
        }
        self.withdraw();
        match board.offered(self.next, self.stretch()) {
            Some((peer, snapshot)) => self.adopt(&board, peer, *snapshot),
            None => Ok(false),
        }
    }

    /// Requests a replica, or goes on from the one that a peer has left. `None` until a peer has.
    fn ask(&mut self, board: &SnapshotBoard<F::State>) -> Option<Result<bool, Pause>> {
        let answer = board.ask(self.core, self.next, self.stretch());
        self.transfer.asking = answer.is_none();
        let (peer, snapshot) = answer?;
        Some(self.adopt(board, peer, *snapshot))
    }

    /// Whether all peers that live ask for a replica that is past the next row, or an earlier one.
    fn nobody_is_past(&self, board: &SnapshotBoard<F::State>) -> bool {
        let mut others = self.peers.living();
        others.all(|place| board.waits_at(place, self.next))
    }

    /// Catches up with peers while the worker has nothing to do, or waits at a barrier, and a peer asks for a replica: copies
    /// the rows that none of its coming frames can hold, or asks, too. A worker that silently lacked the same row would
    /// keep the peer waiting for ever.
    ///
    /// # Errors
    ///
    /// [`Pause`].
    #[inline]
    pub(super) fn catch_up(&mut self) -> Progress {
        match &self.transfer.board {
            Some(board) if board.is_busy() => self.catch_up_now(),
            _ => Ok(()),
        }
    }

    #[cold]
    fn catch_up_now(&mut self) -> Progress {
        let watermark = self.log.as_ref().map_or(0, LogWriter::watermark);
        let end = (watermark + 1).saturating_sub(self.transfer.window);
        let caught_up = self.settle_up_to(end, Rule::Window(self.transfer.window));
        if self.stage != Stage::Away {
            self.settle_fetched();
        }
        caught_up
    }

    /// Notes that frames carry at most `window` rows.
    #[inline]
    pub(super) fn note_window(&mut self, window: u64) {
        self.transfer.window = window;
    }

    /// Offers the replica to others, because the worker is about to leave.
    pub(super) fn offer_replica(&self) {
        if let Some(board) = &self.transfer.board {
            board.offer(self.core, || self.copy());
        }
    }

    /// Publishes the last watermark once more, which shows whether the worker still counts as alive.
    pub(super) fn publish_again(&mut self) -> Progress {
        if let Some(log) = &mut self.log {
            log.publish_watermark(log.watermark())?;
        }
        Ok(())
    }

    /// Takes the worker's request back, if there is one.
    pub(super) fn withdraw(&mut self) {
        if std::mem::take(&mut self.transfer.asking)
            && let Some(board) = &self.transfer.board
        {
            board.withdraw(self.core);
        }
    }

    /// Goes on from a peer's replica, if that is further than the worker's own.
    fn adopt(
        &mut self,
        board: &SnapshotBoard<F::State>,
        peer: u16,
        snapshot: Snapshot<F::State>,
    ) -> Result<bool, Pause> {
        // One from before the last barrier answers an earlier request.
        if snapshot.next <= self.next || snapshot.barrier < self.stretch() {
            return Err(Pause::Waiting);
        }
        board.begin(snapshot.next);
        if let Some(log) = &mut self.log {
            // Frames before that position bring nothing into this log any more, and nobody needs to wait for them.
            log.publish_watermark(snapshot.next)?;
        }
        self.recorder
            .record(self.expected.get(), What::Transferred { peer });
        self.counters.state_transfers += 1;
        // At a barrier all frames before it have come.
        let to_come = self.stage == Stage::Away;
        self.transfer.overtaken = to_come.then_some((self.expected, snapshot.expected));
        self.epoch = snapshot.epoch;
        self.state = snapshot.state;
        self.next = snapshot.next;
        self.expected = snapshot.expected;
        self.newest = snapshot.newest;
        Ok(true)
    }

    /// The number of the last barrier that is behind the worker, until the rows before the next one are there.
    fn stretch(&self) -> u64 {
        self.barrier & !1
    }

    /// The outcome of a frame whose number lies behind the replica.
    #[cold]
    #[inline(never)]
    pub(super) fn behind(&mut self, seq: Seq, out: &mut Output) -> Outcome {
        let Some((from, until)) = self.transfer.overtaken else {
            return Outcome::Rejected(Reason::OutOfOrder);
        };
        let ahead = seq.since(from);
        if ahead >= HALF || ahead >= until.since(from) {
            return Outcome::Rejected(Reason::OutOfOrder);
        }
        self.transfer.overtaken = Some((seq.plus(1), until));
        self.recorder.record(seq.get(), What::Overtaken);
        self.settle_accounts(seq, out);
        Outcome::Overtaken
    }

    /// Forgets which frames were overtaken, when all frames before a barrier have come.
    pub(super) fn forget_overtaken(&mut self) {
        self.transfer.overtaken = None;
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use scr_wire::profile::SOURCE;

    use super::*;
    use crate::recovery::{Log, Peers};
    use crate::worker::{EventLevel, WorkerConfig};
    use scr_nf::{Action, Description};

    /// Counts rows.
    #[derive(Clone)]
    struct Count;

    impl NetworkFunction for Count {
        type State = u64;
        type Effect = ();
        type Entry = ();

        fn new_state(&self) -> u64 {
            0
        }

        fn apply(&self, state: &mut u64, _: &[u8]) {
            *state += 1;
        }

        fn action(&self, (): ()) -> Action {
            Action::Pass
        }

        fn entries(&self, _: &u64) -> Vec<()> {
            Vec::new()
        }

        fn describe(&self, _: &[u8], (): ()) -> Option<Description> {
            None
        }
    }

    #[test]
    fn rows_behind_a_replica_that_was_taken_over_are_said_to_be_hidden() {
        let (logs, mut writers): (Vec<_>, Vec<_>) = (0..2).map(|_| Log::new(64, 4)).unzip();
        let board = Arc::new(SnapshotBoard::new(2, false));
        let mut worker = Worker::new(
            Count,
            WorkerConfig {
                core: 0,
                profile: SOURCE,
                first_seq: Seq::ZERO,
                max_rows: 255,
                log: Some(writers.remove(0)),
                peers: Peers::of(0, &logs),
                events: EventLevel::Off,
            },
        )
        .trading(Arc::clone(&board));
        let replica = Snapshot {
            state: 40,
            next: 40,
            expected: Seq::new(40),
            epoch: Some(0),
            newest: 40,
            barrier: 0,
        };
        assert!(!board.hides(0));
        assert_eq!(worker.adopt(&board, 1, replica.clone()), Ok(true));
        assert_eq!((*worker.state(), worker.next), (40, 40));
        // The log has none of them, and the board says so: a worker that lacks one must not take it for lost.
        assert!(board.hides(0) && board.hides(39) && !board.hides(40));
        assert_eq!(logs[0].extent().watermark, 40);
        // One that reaches no further than its own is of no use.
        assert_eq!(worker.adopt(&board, 1, replica), Err(Pause::Waiting));
    }
}
