//! Every fence and check that recovery rests on, by name.
//!
//! The models in `host-runtime/models` remove each one in turn and require that a model fails; see
//! `docs/recovery-models.md`. In every other build they all stand: the two functions here are constant and compile to
//! nothing.

#[cfg(loom)]
pub(crate) use std::sync::atomic::Ordering;

/// A fence or check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(loom), allow(unreachable_pub))]
pub enum Guard {
    /// Writer: a block is stamped before its rows change.
    StampOnEntry,
    /// Writer: the release fence between the stamp and the rows: a reader that sees a new row sees the stamp.
    StampBeforeRows,
    /// Writer: skipped rows are marked as gaps.
    GapsAreMarked,
    /// Reader: the acquire fence between the row and the check of the stamp.
    RowBeforeStamp,
    /// Reader: the stamp must be that of this very block; a row read in a later one is a different row.
    ThisBlock,
    /// Reader: a gap is not a row, whatever lies there.
    GapIsNoRow,
    /// Writer: the head goes into the half that is not published.
    OtherHalf,
    /// Writer: the head is stored with release: a reader that sees it sees that the word before it has named the other
    /// half.
    HeadRelease,
    /// Reader: the acquire fence between the head and the second load of the word.
    HeadBeforeLook,
    /// Reader: the second load of the word: the head must have been published with it.
    HeadOfThisWord,
    /// The watermark is stored with release: who sees it sees the rows before it.
    WatermarkRelease,
    /// The watermark is loaded with acquire.
    WatermarkAcquire,
    /// The number of a barrier is stored with release: who sees it sees the watermark and all rows.
    BarrierRelease,
    /// The number of a barrier is loaded with acquire.
    BarrierAcquire,
    /// Writer: it publishes only where nobody has fenced the log.
    PublishIfNotFenced,
    /// Reader: a row counts only before the published head.
    PublishedCounts,
    /// Peers: how far a peer is past is read before its log is.
    PastBeforeRead,
    /// Peers: a row that a log does not have is not lost while the peer is not past it.
    NothingIsNotYet,
    /// Peers: a peer is past a row only when no frame of the window behind it is still to come.
    WholeWindow,
    /// Peers: an overwritten row may have been there, so it is not lost.
    OverwrittenIsUnknown,
    /// Worker: rows are in the log before the watermark says so.
    AppendBeforeWatermark,
    /// Worker: it publishes before it waits.
    PublishBeforeWaiting,
    /// Worker: "not yet" makes it wait.
    NotYetWaits,
    /// Worker: a worker without frames publishes that it has none.
    IdlePublishes,
    /// Worker: it jumps over rows only when every peer has seen that far.
    AllPastBeforeJump,
    /// Worker: it drains only when all have taken their last frame.
    DrainsWhenAllEnded,
    /// Worker: it continues behind a barrier only after all have drained.
    GoesOnWhenAllDrained,
}

#[cfg(loom)]
mod standing {
    use super::{Guard, Ordering};
    use std::cell::Cell;

    thread_local! {
        // A model and all its threads run on one system thread.
        static REMOVED: Cell<Option<Guard>> = const { Cell::new(None) };
    }

    impl Guard {
        /// All guards.
        pub const ALL: [Self; 27] = [
            Self::StampOnEntry,
            Self::StampBeforeRows,
            Self::GapsAreMarked,
            Self::RowBeforeStamp,
            Self::ThisBlock,
            Self::GapIsNoRow,
            Self::OtherHalf,
            Self::HeadRelease,
            Self::HeadBeforeLook,
            Self::HeadOfThisWord,
            Self::WatermarkRelease,
            Self::WatermarkAcquire,
            Self::BarrierRelease,
            Self::BarrierAcquire,
            Self::PublishIfNotFenced,
            Self::PublishedCounts,
            Self::PastBeforeRead,
            Self::NothingIsNotYet,
            Self::WholeWindow,
            Self::OverwrittenIsUnknown,
            Self::AppendBeforeWatermark,
            Self::PublishBeforeWaiting,
            Self::NotYetWaits,
            Self::IdlePublishes,
            Self::AllPastBeforeJump,
            Self::DrainsWhenAllEnded,
            Self::GoesOnWhenAllDrained,
        ];
    }

    /// Removes a guard from everything that runs on this thread, or restores all.
    pub fn remove(guard: Option<Guard>) {
        REMOVED.set(guard);
    }

    pub(crate) fn stands(guard: Guard) -> bool {
        REMOVED.get() != Some(guard)
    }

    pub(crate) fn ordering(guard: Guard, ordering: Ordering) -> Ordering {
        if stands(guard) {
            ordering
        } else {
            Ordering::Relaxed
        }
    }
}

#[cfg(not(loom))]
mod standing {
    use super::Guard;
    use std::sync::atomic::Ordering;

    /// Whether the guard stands.
    #[inline(always)]
    pub(crate) const fn stands(_: Guard) -> bool {
        true
    }

    /// The ordering of a guard's access.
    #[inline(always)]
    pub(crate) const fn ordering(_: Guard, ordering: Ordering) -> Ordering {
        ordering
    }
}

#[cfg(loom)]
pub use standing::remove;
pub(crate) use standing::{ordering, stands};
