//! All that leads from the receive loop to workers and egress: what the steps of the membership are done with.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};

use rtrb::{Consumer, Producer, PushError};

use super::ReplayError;
use crate::dispatch::{Dispatcher, Entry, Item, Load};
use crate::egress::Tombstone;
use crate::membership::{CoreSet, Heartbeats, Membership, Replica, Signs, Step, Surroundings};
use crate::recovery::Log;
use crate::worker::Snapshot;
use crate::worker::exchange::Exchange;

/// The queues, logs and shared words that links are made of.
pub(super) struct Wiring<S> {
    /// The queue of each place.
    pub queues: Vec<Producer<Item<S>>>,
    /// The egress' queue of bursts.
    pub egress: Producer<Arc<Load>>,
    /// Where the egress hears of the dead.
    pub tombstones: Sender<Tombstone>,
    /// Bursts to be filled.
    pub free: Consumer<Arc<Load>>,
    /// The log of each place; none where there is only one.
    pub logs: Vec<Arc<Log>>,
    /// Where workers ask each other for replicas; none where there is only one place.
    pub exchange: Option<Arc<Exchange<S>>>,
    /// Signs of life.
    pub heartbeats: Arc<Heartbeats>,
}

/// A replica that a member was asked for.
struct Lent<S> {
    answer: Receiver<Box<Snapshot<S>>>,
    /// The replica itself, from when it was found to be of use to the next batch.
    at_hand: Option<Box<Snapshot<S>>>,
}

/// The links of a run. Nothing here waits.
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

    /// Places there are.
    pub fn places(&self) -> usize {
        self.at.queues.len()
    }

    /// Packets sent so far.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Takes an empty burst that nobody else has, if one has come back.
    pub fn free(&mut self) -> Option<Arc<Load>> {
        let mut burst = self.at.free.pop().ok()?;
        if let Some(filling) = Arc::get_mut(&mut burst) {
            filling.clear();
            return Some(burst);
        }
        // Who was declared dead and does not know still has it.
        Some(Arc::new(Load::new(self.places(), self.frames)))
    }

    /// Whether the egress is gone, so that no burst will come back.
    pub fn is_abandoned(&self) -> bool {
        self.at.free.is_abandoned()
    }

    /// Puts a burst into the queues of all `members`, and of the egress.
    ///
    /// # Errors
    ///
    /// When a frame was steered to a queue that no worker serves ([`Dispatcher::prepare`]), or somebody else has the burst.
    pub fn send(&mut self, mut burst: Arc<Load>, members: CoreSet) -> Result<(), ReplayError> {
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
                let _ = queue.push(Item::Load(Arc::clone(&burst)));
            }
        }
        let _ = self.at.egress.push(burst);
        Ok(())
    }

    /// Does a step that concerns workers alone: others are the device's, or its driver's.
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

    /// Fences the log of a worker that is dead: from here on the log says what its worker did, and nobody waits for it.
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

    /// Asks a member for its replica, instead of whom was asked before. Whether there was room for the request.
    fn ask(&mut self, donor: u16) -> bool {
        let (to, answer) = mpsc::channel();
        let asked = self.put(donor, Item::Lend(to)).is_ok();
        if asked {
            self.lent = Some(Lent {
                answer,
                at_hand: None,
            });
        }
        asked
    }

    /// Lets a worker join at a vacant place with the replica at hand. `died` says whether its last worker did.
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
            let opened = replica.max(log.seen().position);
            if let Some(exchange) = &self.at.exchange {
                // Opening it throws away what a dead worker did not publish, and with it what that was written over.
                exchange.join(if died { opened } else { replica });
            }
            // Before the next burst goes to anybody: nobody can have passed the joining worker's first frame then.
            log.open(opened, snapshot.phase());
        }
        let entry = Entry {
            snapshot,
            sent: self.dispatcher.sent(),
        };
        let joined = self.put(place, Item::Join(Box::new(entry)));
        debug_assert!(joined.is_ok(), "the queue of a vacant place is empty");
    }

    /// Throws away the replica at hand: the next burst may have a barrier.
    pub fn forget_replica(&mut self) {
        if self
            .lent
            .as_ref()
            .is_some_and(|lent| lent.at_hand.is_some())
        {
            self.lent = None;
        }
    }

    /// Tells the worker of `place` to leave. Whether there was room for that.
    pub fn dismiss(&mut self, place: u16) -> bool {
        self.put(place, Item::Leave).is_ok()
    }

    /// Puts something else than a burst into a queue. A queue that was left swallows it.
    fn put(&mut self, place: u16, item: Item<S>) -> Result<(), ()> {
        let Some(queue) = self.at.queues.get_mut(usize::from(place)) else {
            return Ok(());
        };
        match queue.push(item) {
            Err(PushError::Full(_)) if !queue.is_abandoned() => Err(()),
            _ => Ok(()),
        }
    }

    /// Leaves all queues of workers: they come to their end.
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
        log.is_none_or(|log| log.seen().fenced)
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
            Ok(snapshot) if snapshot.phase() == 2 * self.dispatcher.barriers() => {
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
