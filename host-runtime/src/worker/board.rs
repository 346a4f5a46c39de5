//! Where a worker that cannot go on asks its peers for a replica.
//!
//! ```text
//!  worker that lacks row r          any peer that is past r
//!  ask: "r" ──▶ its slot on the board ──▶ lends a copy of its replica
//!  goes on from it ◀──────────────── (whenever it is called, even while it waits itself)
//! ```
//!
//! Each place has a slot. A request is for *any* replica that is past a row; the first peer that comes by and has one
//! leaves a copy. A peer holds the slot's lock while it copies, and nobody waits for the lock: a worker that finds it taken
//! comes again later. While nobody asks, a worker reads one word in each call.
//!
//! Where logs may be too short for a worker that falls behind, a worker that leaves offers its replica here as well, for it
//! may be the only one that is past a row.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use super::{Progress, Snapshot};

/// A place's slot on the board.
enum Slot<S> {
    Free,
    /// The worker wants a replica that is past this row, of a worker that is past this barrier.
    Requested {
        row: u64,
        barrier: u64,
    },
    /// A peer's replica.
    Answered(u16, Box<Snapshot<S>>),
}

/// The number of open requests, on a cache line that is written only when somebody asks.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Open(AtomicUsize);

/// The slots of all places.
pub struct SnapshotBoard<S> {
    open: Open,
    slots: Box<[Mutex<Slot<S>>]>,
    /// The furthest position at which a log goes on behind a replica that came from elsewhere.
    began: AtomicU64,
    /// Whether logs may be too short.
    short: bool,
    /// The furthest replica of those that have left, and whose it was.
    offer: Mutex<Option<(u16, Snapshot<S>)>>,
}

impl<S> SnapshotBoard<S> {
    /// Empty slots for `places` places, with logs that may be too `short` for what a worker falls behind, or are not.
    pub fn new(places: usize, short: bool) -> Self {
        Self {
            open: Open::default(),
            slots: (0..places).map(|_| Mutex::new(Slot::Free)).collect(),
            began: AtomicU64::new(0),
            short,
            offer: Mutex::new(None),
        }
    }

    /// The slot of `place`, unless somebody holds it. A slot is valid even if a worker panicked while it held it: every
    /// change is a single assignment.
    fn slot(&self, place: u16) -> Option<MutexGuard<'_, Slot<S>>> {
        match self.slots.get(usize::from(place))?.try_lock() {
            Ok(slot) => Some(slot),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Requests a replica for the worker of `place`: one that is past `row`, of a worker that is past `barrier`, too.
    /// Returns the peer that answered and its replica, or `None` until one does.
    pub fn ask(&self, place: u16, row: u64, barrier: u64) -> Option<(u16, Box<Snapshot<S>>)> {
        let mut slot = self.slot(place)?;
        match std::mem::replace(&mut *slot, Slot::Requested { row, barrier }) {
            Slot::Requested { .. } => None,
            Slot::Free => {
                self.open.0.fetch_add(1, Ordering::Relaxed);
                None
            }
            Slot::Answered(peer, snapshot) => {
                *slot = Slot::Free;
                Some((peer, snapshot))
            }
        }
    }

    /// Takes the request of the worker of `place` back. Waits for a peer that is just answering.
    pub fn withdraw(&self, place: u16) {
        let Some(slot) = self.slots.get(usize::from(place)) else {
            return;
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(
            std::mem::replace(&mut *slot, Slot::Free),
            Slot::Requested { .. }
        ) {
            self.open.0.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Whether anybody asks. The answer may be outdated; the slots are authoritative.
    #[inline]
    pub fn is_busy(&self) -> bool {
        self.open.0.load(Ordering::Relaxed) > 0
    }

    /// Answers all that want a replica which is past a row before `next` and past a barrier up to `barrier`, with what `lend`
    /// gives: the replica of `peer`.
    ///
    /// # Errors
    ///
    /// The errors of `lend`.
    pub fn answer(
        &self,
        peer: u16,
        next: u64,
        barrier: u64,
        mut lend: impl FnMut() -> Result<Snapshot<S>, super::Pause>,
    ) -> Progress {
        for place in (0..self.slots.len() as u16).filter(|&place| place != peer) {
            let Some(mut slot) = self.slot(place) else {
                continue;
            };
            if let Slot::Requested { row, barrier: past } = *slot
                && row < next
                && past <= barrier
            {
                *slot = Slot::Answered(peer, Box::new(lend()?));
                self.open.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// Whether the worker of `place` waits for a replica that is past `row` or an earlier row, and so is not past `row`
    /// itself.
    pub fn waits_at(&self, place: u16, row: u64) -> bool {
        let slot = self.slot(place);
        matches!(slot.as_deref(), Some(Slot::Requested { row: wanted, .. }) if *wanted <= row)
    }

    /// Takes the replica of `place`, whose worker leaves, if it may be needed. To be called before its log is closed.
    pub fn offer(&self, place: u16, replica: impl FnOnce() -> Snapshot<S>) {
        if !self.short {
            return;
        }
        let replica = replica();
        let mut offer = self.offer.lock().unwrap_or_else(PoisonError::into_inner);
        let reach = |snapshot: &Snapshot<S>| (snapshot.barrier, snapshot.next);
        if offer
            .as_ref()
            .is_none_or(|(_, old)| reach(old) < reach(&replica))
        {
            *offer = Some((place, replica));
        }
    }

    /// A replica that is past `row`, of a worker that left when it was past `barrier`, too, and whose it was.
    pub fn offered(&self, row: u64, barrier: u64) -> Option<(u16, Box<Snapshot<S>>)>
    where
        S: Clone,
    {
        let offer = self.offer.lock().unwrap_or_else(PoisonError::into_inner);
        let (place, replica) = offer.as_ref()?;
        (replica.next > row && replica.barrier >= barrier)
            .then(|| (*place, Box::new(replica.clone())))
    }

    /// A worker joins with a replica that is at `position`. Where logs may be too short, its log does not say what became
    /// of the rows before.
    pub fn join(&self, position: u64) {
        if self.short {
            self.begin(position);
        }
    }

    /// A log goes on at `position`, behind a replica that came from elsewhere. To be said before its worker publishes
    /// anything of what is behind it.
    pub fn begin(&self, position: u64) {
        self.began.fetch_max(position, Ordering::Relaxed);
    }

    /// Whether some log may lack the row at `position` only because its worker took over a replica that was past it, so
    /// that what is in no log may still be in a replica.
    pub fn hides(&self, position: u64) -> bool {
        self.began.load(Ordering::Relaxed) > position
    }
}

impl<S> std::fmt::Debug for SnapshotBoard<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SnapshotBoard")
            .field("open", &self.open)
            .field("began", &self.began)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Pause;
    use super::*;
    use scr_wire::Seq;

    fn replica(next: u64) -> Snapshot<u64> {
        Snapshot {
            state: next,
            next,
            expected: Seq::new(next),
            epoch: Some(0),
            newest: next,
            barrier: 0,
        }
    }

    #[test]
    fn only_who_is_past_the_row_answers_and_only_once() {
        let board = SnapshotBoard::new(3, false);
        let lend = |peer, next| board.answer(peer, next, 0, || Ok(replica(next)));
        assert!(!board.is_busy() && !board.waits_at(0, 99));
        assert!(board.ask(0, 10, 0).is_none() && board.is_busy());
        assert!(board.waits_at(0, 10) && board.waits_at(0, 11) && !board.waits_at(0, 9));
        lend(1, 10).unwrap();
        lend(0, 20).unwrap();
        assert!(board.ask(0, 10, 0).is_none());
        assert_eq!(
            board.answer(1, 11, 0, || Err(Pause::Fenced)),
            Err(Pause::Fenced)
        );
        lend(1, 11).unwrap();
        assert!(!board.is_busy() && !board.waits_at(0, 10));
        lend(2, 30).unwrap();
        let (peer, got) = board.ask(0, 10, 0).unwrap();
        assert_eq!((peer, got.position()), (1, 11));
        assert!(!board.is_busy());
        // An answer that is not wanted any more is thrown away.
        assert!(board.ask(0, 12, 0).is_none());
        lend(2, 30).unwrap();
        board.withdraw(0);
        board.withdraw(0);
        assert!(!board.is_busy());
        assert!(board.ask(0, 40, 0).is_none() && board.waits_at(0, 40));
    }

    #[test]
    fn only_who_is_past_the_barrier_answers() {
        let board = SnapshotBoard::new(2, false);
        assert!(board.ask(0, 10, 4).is_none());
        board.answer(1, 50, 3, || unreachable!()).unwrap();
        assert!(board.ask(0, 10, 4).is_none());
        board.answer(1, 50, 4, || Ok(replica(50))).unwrap();
        assert_eq!(board.ask(0, 10, 4).unwrap().1.position(), 50);
    }

    #[test]
    fn nobody_waits_for_who_is_just_answering() {
        let board = SnapshotBoard::<u64>::new(2, false);
        assert!(board.ask(0, 5, 0).is_none());
        let answered = board.answer(1, 6, 0, || {
            assert!(board.ask(0, 5, 0).is_none() && !board.waits_at(0, 5));
            Ok(replica(6))
        });
        assert_eq!(answered, Ok(()));
        assert!(board.ask(0, 5, 0).is_some());
        // One who panics while it answers leaves the request for others.
        assert!(board.ask(0, 7, 0).is_none());
        let panics = || board.answer(1, 8, 0, || panic!("on purpose"));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_err());
        assert!(board.waits_at(0, 7) && board.is_busy());
        board.answer(1, 8, 0, || Ok(replica(8))).unwrap();
        assert!(board.ask(0, 7, 0).is_some());
    }

    #[test]
    fn short_logs_hide_rows_and_leave_replicas() {
        let board = SnapshotBoard::<u64>::new(2, false);
        board.join(100);
        board.offer(1, || unreachable!("logs are long enough"));
        assert!(!board.hides(0) && board.offered(0, 0).is_none());
        board.begin(50);
        board.begin(40);
        assert!(board.hides(49) && !board.hides(50));

        let board = SnapshotBoard::<u64>::new(2, true);
        board.join(100);
        assert!(board.hides(99));
        board.offer(1, || replica(10));
        board.offer(0, || replica(9));
        assert_eq!(board.offered(9, 0).unwrap().1.position(), 10);
        assert!(board.offered(10, 0).is_none() && board.offered(9, 1).is_none());
    }
}
