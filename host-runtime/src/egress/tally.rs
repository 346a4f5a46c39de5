//! Counts of packets by what became of them.

use scr_nf::Verdict;
use scr_wire::PassedBy;

use super::Tombstones;
use crate::device::{Fate, FrameFaults, Path};
use crate::worker::{Outcome, Reason};

/// Counts of packets and frames by what became of them.
#[derive(Clone, Debug)]
pub struct EgressReport {
    /// Packets, of every kind.
    pub packets: u64,
    /// Packets that did not reach the NIC.
    pub uncaptured: u64,
    /// Packets with a prefix, lost ones included.
    pub sequenced: u64,
    /// Packets that passed the sequencer by, by [`PassedBy::index`].
    pub passed_by: [u64; PassedBy::COUNT],
    /// Packets that passed, rewritten ones included.
    pub pass: u64,
    /// Packets that were dropped.
    pub drop: u64,
    /// Frames lost between NIC and workers.
    pub frames_lost: u64,
    /// Frames whose workers took over a replica that had overtaken them.
    pub overtaken: u64,
    /// Frames that were not taken, by [`Reason::index`].
    pub rejected: [u64; Reason::COUNT],
    /// Frames that each place's workers took and handed on.
    pub taken: Vec<u64>,
    /// Workers that died, and the frames lost with them.
    pub tombstones: Tombstones,
}

impl EgressReport {
    pub(super) fn new(places: usize) -> Self {
        Self {
            packets: 0,
            uncaptured: 0,
            sequenced: 0,
            passed_by: [0; PassedBy::COUNT],
            pass: 0,
            drop: 0,
            frames_lost: 0,
            overtaken: 0,
            rejected: [0; Reason::COUNT],
            taken: vec![0; places],
            tombstones: Tombstones::default(),
        }
    }

    /// Counts a frame. A second copy is a frame, but no packet.
    #[inline]
    pub(super) fn frame(&mut self, path: Path, faults: FrameFaults) {
        self.packets += u64::from(!faults.copy);
        match path {
            Path::Uncaptured => self.uncaptured += 1,
            Path::PassedBy => {}
            Path::Sequenced { .. } => self.sequenced += u64::from(!faults.copy),
        }
    }

    /// Counts a packet that passed the sequencer by.
    pub(super) fn passed_by(&mut self, reason: PassedBy) {
        self.passed_by[reason.index()] += 1;
    }

    /// Counts a sequenced frame that no worker had.
    pub(super) fn undelivered(&mut self, faults: FrameFaults) {
        match faults.fate {
            Fate::Lost => self.frames_lost += u64::from(!faults.copy),
            Fate::Disordered => self.rejected[Reason::OutOfOrder.index()] += 1,
            Fate::Delivered => {
                debug_assert!(false, "what is delivered has a place");
                self.frames_lost += 1;
            }
        }
    }

    /// Counts what became of a frame that the worker of `core` had.
    #[inline]
    pub(super) fn outcome(&mut self, core: u16, outcome: Outcome) {
        match outcome {
            Outcome::Rejected(reason) => {
                self.rejected[reason.index()] += 1;
                return;
            }
            Outcome::Overtaken => {
                self.overtaken += 1;
                return;
            }
            Outcome::Verdict(Verdict::Drop) => self.drop += 1,
            Outcome::Verdict(Verdict::Pass | Verdict::Rewrite) => self.pass += 1,
        }
        self.taken[usize::from(core)] += 1;
    }
}
