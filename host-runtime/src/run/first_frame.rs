//! The number of the first frame under a new steering map.

use scr_wire::{Frame, Profile};

use crate::device::Batch;
use crate::membership::Membership;

/// Looks for the first frame under the map; if its number cannot be read, counts back from the first readable one.
pub(super) struct FirstFrame {
    profile: Profile,
    /// Number of frames of the current batch that are under the old map.
    from: usize,
    /// Number of frames under the new map before the first one whose number can be read.
    unreadable: u64,
}

impl FirstFrame {
    /// A search that has no new map yet.
    pub(super) fn new(profile: &Profile) -> Self {
        Self {
            profile: *profile,
            from: 0,
            unreadable: 0,
        }
    }

    /// Begins a batch.
    pub(super) fn begin(&mut self) {
        self.from = 0;
    }

    /// Begins a new map, in force after the frames that are in the batch.
    pub(super) fn begin_behind(&mut self, batch: &Batch) {
        self.from = batch.len();
        self.unreadable = 0;
    }

    /// Records the number of the first frame under the map if it is still unknown and the batch shows it.
    pub(super) fn look(&mut self, batch: &Batch, membership: &mut Membership) {
        if !membership.lacks_first_frame() {
            return;
        }
        for i in self.from..batch.len() {
            let info = &batch.frames()[i];
            if !info.path.is_sequenced() || batch.faults(i).copy {
                continue;
            }
            if let Ok(frame) = Frame::parse(batch.bytes(i), &self.profile) {
                let seq = frame.header().seq.minus(self.unreadable);
                membership.set_first_frame(seq.get());
                return;
            }
            self.unreadable += 1;
        }
    }
}
