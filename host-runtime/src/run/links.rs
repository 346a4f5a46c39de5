//! Everything that leads from the receive loop to workers and egress; the steps of the membership are executed here.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};

use rtrb::{Consumer, Producer, PushError};

use super::ReplayError;
use crate::dispatch::{Burst, Dispatcher, Entry, Message};
use crate::egress::Tombstone;
use crate::membership::{CoreSet, Heartbeats, Membership, Replica, Signs, Step, Surroundings};
use crate::recovery::Log;
use crate::worker::Snapshot;
use crate::worker::board::SnapshotBoard;

/// The queues, logs and shared words that links are made of.
pub(super) struct Wiring<S> {
    /// The queue of each place.
    pub queues: Vec<Producer<Message<S>>>,
    /// The egress' queue of bursts.
    pub egress: Producer<Arc<Burst>>,
    /// Notices of dead workers, for the egress.
    pub tombstones: Sender<Tombstone>,
    /// Bursts to be filled.
    pub free: Consumer<Arc<Burst>>,
    /// The log of each place; empty with only one place.
    pub logs: Vec<Arc<Log>>,
    /// The board of replicas between workers; `None` with only one place.
    pub board: Option<Arc<SnapshotBoard<S>>>,
    /// Signs of life.
    pub heartbeats: Arc<Heartbeats>,
}

/// A replica that a member was asked for.
struct Lent<S> {
    answer: Receiver<Box<Snapshot<S>>>,
    /// The replica, once it was found to be usable for the next batch.
    at_hand: Option<Box<Snapshot<S>>>,
}

/// The links of a run. None of the calls waits.
pub struct Links<S> {
    at: Wiring<S>,
    dispatcher: Dispatcher,
    /// Frames in a new burst.
    frames: usize,
    lent: Option<Lent<S>>,
    bursts: u64,
    packets: u64,
}

impl<S: Clone> Links<S> {
    pub(super) fn new(at: Wiring<S>, dispatcher: Dispatcher, frames: usize) -> Self {
        Self {
            at,
            dispatcher,
            frames,
            lent: None,
            bursts: 0,
            packets: 0,
        }
    }

    /// Number of places.
    pub fn places(&self) -> usize {
        self.at.queues.len()
    }

    /// Number of packets sent so far.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Returns an empty burst that is not shared, if one has come back.
    pub fn free(&mut self) -> Option<Arc<Burst>> {
        let mut burst = self.at.free.pop().ok()?;
        if let Some(filling) = Arc::get_mut(&mut burst) {
            filling.clear();
            return Some(burst);
        }
        // Who was declared dead and does not know still has it.
        Some(Arc::new(Burst::new(self.places(), self.frames)))
    }

    /// Whether the egress is gone, so that no burst will come back.
    pub fn is_abandoned(&self) -> bool {
        self.at.free.is_abandoned()
    }

    /// Puts a burst into the queues of all `members`, and of the egress.
    ///
    /// # Errors
    ///
    /// If a frame was steered to a queue that no worker serves ([`Dispatcher::prepare`]), or the burst is shared.
    pub fn send(&mut self, mut burst: Arc<Burst>, members: CoreSet) -> Result<(), ReplayError> {
        let Some(filled) = Arc::get_mut(&mut burst) else {
            return Err(ReplayError::Stopped);
        };
        filled.serial = self.bursts;
        filled.first = self.packets;
        filled.members = members;
        self.dispatcher.prepare(filled)?;
        self.bursts += 1;
        self.packets += burst.batch.len() as u64;
        for place in members.iter() {
            if let Some(queue) = self.at.queues.get_mut(usize::from(place)) {
                // There is room for every burst; only a worker that has gone takes none.
                let _ = queue.push(Message::Burst(Arc::clone(&burst)));
            }
        }
        let _ = self.at.egress.push(burst);
        Ok(())
    }

    /// Executes a step that concerns only workers. Steps of the device and waiting are left to the caller.
    pub fn obey(&mut self, step: &Step, membership: &mut Membership) {
        match *step {
            Step::Fence(place) => self.fence(place),
            Step::Ask(donor) => {
                if self.ask(donor) {
                    membership.asked(donor);
                }
            }
            Step::Admit { place, died } => self.admit(place, died),
            Step::Resteer { .. } | Step::Hold(_) | Step::Wait | Step::Receive => {}
        }
    }

    /// Fences the log of a dead worker: from now on the log is final, and nobody waits for it.
    #[cold]
    fn fence(&mut self, place: u16) {
        let log = self.at.logs.get(usize::from(place));
        let tombstone = Tombstone {
            place,
            before: self.bursts,
            position: log.map_or(0, |log| log.fence()),
        };
        // Only an egress that has gone does not hear of it.
        let _ = self.at.tombstones.send(tombstone);
    }

    /// Asks a member for its replica; replaces an earlier request. Returns whether its queue had room.
    fn ask(&mut self, donor: u16) -> bool {
        let (to, answer) = mpsc::channel();
        let asked = self.put(donor, Message::Lend(to)).is_ok();
        if asked {
            self.lent = Some(Lent {
                answer,
                at_hand: None,
            });
        }
        asked
    }

    /// Lets a worker join at a vacant place with the lent replica. `died` tells whether the last worker there died.
    fn admit(&mut self, place: u16, died: bool) {
        let lent = self.lent.as_ref().and_then(|lent| lent.at_hand.as_deref());
        let Some(snapshot) = lent.cloned() else {
            debug_assert!(false, "a worker joins with a replica");
            return;
        };
        if let Some(heartbeat) = self.at.heartbeats.get(place) {
            heartbeat.occupy();
        }
        if let Some(log) = self.at.logs.get(usize::from(place)) {
            let replica = snapshot.position();
            // What was published here before goes on to count, also where the replica does not reach so far.
            let opened = replica.max(log.extent().watermark);
            if let Some(board) = &self.at.board {
                // Opening it throws away what a dead worker did not publish, and with it what that was written over.
                board.join(if died { opened } else { replica });
            }
            // Before the next burst goes to anybody: nobody can have passed the joining worker's first frame then.
            log.open(opened, snapshot.barrier());
        }
        let entry = Entry {
            snapshot,
            sent: self.dispatcher.sent(),
        };
        let joined = self.put(place, Message::Join(Box::new(entry)));
        debug_assert!(joined.is_ok(), "the queue of a vacant place is empty");
    }

    /// Drops the lent replica: the next burst may contain a barrier.
    pub fn forget_replica(&mut self) {
        if self
            .lent
            .as_ref()
            .is_some_and(|lent| lent.at_hand.is_some())
        {
            self.lent = None;
        }
    }

    /// Tells the worker of `place` to leave. Returns whether its queue had room.
    pub fn dismiss(&mut self, place: u16) -> bool {
        self.put(place, Message::Leave).is_ok()
    }

    /// Puts a request into a queue. An abandoned queue discards it.
    fn put(&mut self, place: u16, item: Message<S>) -> Result<(), ()> {
        let Some(queue) = self.at.queues.get_mut(usize::from(place)) else {
            return Ok(());
        };
        match queue.push(item) {
            Err(PushError::Full(_)) if !queue.is_abandoned() => Err(()),
            _ => Ok(()),
        }
    }

    /// Closes the queues of all workers, which makes them finish.
    pub fn leave_workers(&mut self) {
        self.at.queues.clear();
    }
}

impl<S> Signs for Links<S> {
    fn beats(&self, place: u16) -> u64 {
        self.at.heartbeats.beats(place)
    }

    fn is_vacant(&self, place: u16) -> bool {
        self.at.heartbeats.is_vacant(place)
    }

    fn has_finished(&self, place: u16) -> bool {
        self.at.heartbeats.has_finished(place)
    }
}

impl<S> Surroundings for Links<S> {
    fn has_left(&self, place: u16) -> bool {
        let log = self.at.logs.get(usize::from(place));
        log.is_none_or(|log| log.extent().fenced)
    }

    fn has_room(&self, place: u16) -> bool {
        let queue = self.at.queues.get(usize::from(place));
        queue.is_none_or(|queue| queue.slots() == queue.buffer().capacity())
    }

    fn replica(&mut self) -> Replica {
        let Some(lent) = &mut self.lent else {
            return Replica::Useless;
        };
        match lent.answer.try_recv() {
            Err(TryRecvError::Empty) => Replica::Awaited,
            Ok(snapshot) if snapshot.barrier() == 2 * self.dispatcher.barriers() => {
                lent.at_hand = Some(snapshot);
                Replica::AtHand
            }
            Ok(_) | Err(TryRecvError::Disconnected) => Replica::Useless,
        }
    }

    fn sequenced(&self) -> u64 {
        self.dispatcher.sequenced()
    }
}
