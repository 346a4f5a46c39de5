//! A batch with what the dispatcher found out about it, and what else goes to a worker.

use std::sync::{Arc, mpsc};

use scr_wire::Seq;

use crate::device::Batch;
use crate::membership::CoreSet;
use crate::worker::Snapshot;

/// A stretch of frames under one configuration of the sequencer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Index in the batch of the first frame.
    pub start: usize,
    /// Whether something changed here: all workers come to the same row before they go on.
    pub barrier: bool,
    /// A new numbering starts here: its epoch and first sequence number.
    pub epoch: Option<(u8, Seq)>,
    /// Most rows that a frame carries.
    pub window: u64,
    /// Sequence number of the last sequenced frame, lost ones included.
    pub last: Option<Seq>,
    /// Sequenced frames behind that one whose headers cannot be read.
    pub unreadable: u64,
}

/// A batch on its way through workers and egress.
#[derive(Debug, Default)]
pub struct Burst {
    /// The frames.
    pub batch: Batch,
    /// For each place the indices of its worker's frames.
    pub lanes: Vec<Vec<u32>>,
    /// The stretches of frames; the first starts at frame 0.
    pub segments: Vec<Segment>,
    /// Number of the burst.
    pub serial: u64,
    /// Frames in all bursts before.
    pub first: u64,
    /// The places whose workers get it.
    pub members: CoreSet,
}

impl Burst {
    /// An empty burst for `places` places and batches of `frames` frames.
    pub fn new(places: usize, frames: usize) -> Self {
        Self {
            batch: Batch::new(frames),
            lanes: vec![Vec::new(); places],
            ..Self::default()
        }
    }

    /// Empties it; memory is kept.
    pub fn clear(&mut self) {
        self.batch.clear();
        self.lanes.iter_mut().for_each(Vec::clear);
        self.segments.clear();
    }

    /// Index of the frame behind segment `i`.
    pub fn segment_end(&self, i: usize) -> usize {
        self.segments
            .get(i + 1)
            .map_or(self.batch.len(), |next| next.start)
    }
}

/// Start of a worker that joins.
#[derive(Debug)]
pub struct Entry<S> {
    /// A peer's replica.
    pub snapshot: Snapshot<S>,
    /// The number of the last frame sent before, none of them here, and the most rows that it could have.
    pub sent: Option<(Seq, u64)>,
}

/// A message to a worker's place, through its queue.
#[derive(Debug)]
pub enum Message<S, B = Arc<Burst>> {
    /// Frames.
    Burst(B),
    /// Somebody is to join: a copy of the replica as it is here.
    Lend(mpsc::Sender<Box<Snapshot<S>>>),
    /// A worker is to start here.
    Join(Box<Entry<S>>),
    /// The worker is to leave.
    Leave,
}
