//! A worker on a queue of its own, which knows nothing but its own frames.
//!
//! A dispatcher that sees all frames can say of each worker how far it has come, and where an epoch begins. Here every
//! worker finds that out by itself:
//!
//! | what | from where |
//! |---|---|
//! | watermark | the position behind the frame taken last: a queue keeps the order of numbers |
//! | barrier | the epoch in a frame's header. Barriers have numbers, and each new epoch is one, so all workers come to the same ones, also those that get no frame of an epoch |
//! | the most rows of a frame | agreed before the start ([`WorkerConfig::max_rows`](super::WorkerConfig::max_rows)). A frame must carry as many, or all there are in its epoch; what carries fewer is rejected |
//! | that no frame will come | the queue is closed |
//!
//! Queues may be filled differently far, and a closed queue says nothing of the others. A worker whose queue is closed
//! says that it has come to all barriers there may be, so that nobody waits for it; it follows the others by their logs
//! until their queues are closed, too.
//!
//! While its queue is empty and open, a worker cannot know whether a frame is on the way. Peers that miss a row which that
//! frame may hold wait for it.

use scr_nf::NetworkFunction;
use scr_wire::header::EPOCH_BITS;
use scr_wire::{Frame, Geometry, Header, MAX_PREFIX_WORDS, Seq};

use super::holes::Rule;
use super::{Outcome, Output, Pause, Progress, Reason, Stage, Worker};

/// The number of the last barrier there can be, that of the end of all queues.
const LAST: u64 = u64::MAX - 1;

/// How far a new epoch's first frame may lie behind its start. The dispatcher draws the line there, too.
const MOST_LATE: u64 = 1 << (Seq::BITS - 2);

const EPOCH_MASK: u8 = (1 << EPOCH_BITS) - 1;
/// Half of all epochs: what lies further ahead lies behind.
const HALF_EPOCHS: u8 = 1 << (EPOCH_BITS - 1);

/// Knowledge of a worker on a queue of its own besides its frames.
#[derive(Clone, Copy, Debug)]
pub(super) struct Independent {
    /// Words of a prefix that has room for the agreed number of rows.
    words: u8,
    /// Whether the queue is closed.
    closed: bool,
    /// The barrier that was published last.
    arrived: u64,
}

impl<F: NetworkFunction> Worker<F> {
    /// Puts the worker on a queue of its own, before the first frame. `epoch` is the one in which the queues of all workers
    /// begin, whether frames of it come or not.
    #[must_use]
    pub fn independent(mut self, epoch: u8) -> Self {
        let rows = self.max_rows as usize;
        let geometry = Geometry::fewest_words(&self.profile, rows)
            .or_else(|| Geometry::new(&self.profile, MAX_PREFIX_WORDS));
        if let Some(geometry) = geometry {
            self.max_rows = self.max_rows.min(geometry.rows() as u64);
        }
        self.independent = Some(Independent {
            words: geometry.map_or(MAX_PREFIX_WORDS, Geometry::prefix_words),
            closed: false,
            arrived: self.barrier,
        });
        self.note_window(self.max_rows);
        self.start_epoch(epoch, self.expected);
        self
    }

    /// Takes a frame of the worker's own queue as [`handle`](Self::handle) does, and goes through a barrier first if the
    /// frame belongs to a new epoch.
    #[inline]
    pub(super) fn handle_own(&mut self, bytes: &[u8], out: &mut Output) -> Result<Outcome, Pause> {
        loop {
            if self.carries_too_few(bytes) {
                return Ok(Outcome::Rejected(Reason::TooFewRows));
            }
            match self.handle(bytes, out)? {
                Outcome::Rejected(Reason::Epoch) if self.enter_epoch(bytes)? => {}
                outcome => return Ok(outcome),
            }
        }
    }

    /// Whether a valid frame's prefix has less room than was agreed.
    #[inline]
    fn carries_too_few(&self, bytes: &[u8]) -> bool {
        let words = self.independent.map_or(0, |own| own.words);
        let fewer = Header::peek(bytes).is_some_and(|header| header.prefix_words < words);
        fewer && Frame::parse(bytes, &self.profile).is_ok()
    }

    /// Goes on into the next epoch, if the frame belongs to that or to a later one.
    #[cold]
    fn enter_epoch(&mut self, bytes: &[u8]) -> Result<bool, Pause> {
        let (Ok(frame), Some(epoch)) = (Frame::parse(bytes, &self.profile), self.epoch) else {
            return Ok(false);
        };
        let header = frame.header();
        let ahead = header.epoch.wrapping_sub(epoch) & EPOCH_MASK;
        if ahead >= HALF_EPOCHS || header.seq.get() >= MOST_LATE {
            return Ok(false);
        }
        if self.stage == Stage::Away {
            self.publish_taken()?;
        }
        self.drain(true)?;
        self.start_epoch(epoch.wrapping_add(1) & EPOCH_MASK, Seq::ZERO);
        Ok(true)
    }

    /// Publishes that all own frames before the next row have been taken.
    pub(super) fn publish_taken(&mut self) -> Progress {
        match &mut self.log {
            Some(log) => Ok(log.publish_watermark(self.next)?),
            None => Ok(()),
        }
    }

    /// Brings the replica to the last row of all queues, when this worker's own is closed.
    pub(super) fn end(&mut self) -> Progress {
        if let Some(own) = &mut self.independent
            && !own.closed
        {
            own.closed = true;
            self.publish_taken()?;
        }
        self.drain(true)
    }

    /// The barrier at which a peer has taken all its frames that count here; none where its watermark says so.
    #[inline]
    pub(super) fn last_call(&self) -> Option<u64> {
        let own = self.independent?;
        Some(if own.closed { LAST } else { self.barrier | 1 })
    }

    /// The barrier, or the end of one, that was published last.
    pub(super) fn arrived(&self) -> u64 {
        self.independent.map_or(self.barrier, |own| own.arrived)
    }

    /// Arrives at the next barrier, or at the end of one, and returns its number.
    pub(super) fn arrive(&mut self) -> u64 {
        match &mut self.independent {
            // The replica is still in this epoch, and follows its peers through those to come.
            Some(own) if own.closed => own.arrived = (own.arrived + 1).max(LAST),
            Some(own) => {
                self.barrier += 1;
                own.arrived = self.barrier;
            }
            None => self.barrier += 1,
        }
        self.arrived()
    }

    /// Uses the time until the others have come to a barrier. At the last one the worker follows them, so that it copies
    /// rows before they are overwritten in logs.
    pub(super) fn while_others_take_frames(&mut self) -> Progress {
        if !self.independent.is_some_and(|own| own.closed) {
            return self.catch_up();
        }
        let end = self.peers.furthest_watermark();
        let followed = self.settle_up_to(end, Rule::Window(self.max_rows));
        self.settle_fetched();
        followed
    }
}
