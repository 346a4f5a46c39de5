//! The device's end of a run: fills loads, puts them into all workers' queues, and sees to it that the workers are
//! there.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};

use rtrb::{Consumer, Producer};
use scr_nic::SteeringMap;
use scr_wire::{Frame, Profile};

use super::Progress;
use super::config::ReplayError;
use crate::device::{Batch, DeviceError, ReplayDevice};
use crate::dispatch::{Burst as Load, Dispatcher, Entry, Message as Item};
use crate::egress::Burial;
use crate::failover::{
    Cause, Departure, FailoverReport, Members, Resize, Resteering, Roster, Watch, steering,
};
use crate::recovery::Log;
use crate::worker::Snapshot;
use crate::worker::board::SnapshotBoard as Exchange;
use crate::worker::threads::{Backoff as Patience, OnPanic, StopFlag as Halt};

/// Frames before a planned growth at which a peer is asked for its replica, so that it is there in time and the worker
/// that joins has something to catch up with.
pub(super) const LEAD: u64 = 1024;

/// What the feed is connected to.
pub(super) struct Connections<S> {
    /// The queue of each place.
    pub queues: Vec<Producer<Item<S>>>,
    /// The egress' queue of loads.
    pub egress: Producer<Arc<Load>>,
    /// Where the egress hears of the dead.
    pub burials: Sender<Burial>,
    /// Loads to be filled.
    pub free: Consumer<Arc<Load>>,
    /// The log of each place; none where there is only one.
    pub logs: Vec<Arc<Log>>,
    /// Where workers ask each other for replicas; none where there is only one place.
    pub exchange: Option<Arc<Exchange<S>>>,
    /// Signs of life.
    pub roster: Arc<Roster>,
}

/// The feed.
pub(super) struct Feed<S> {
    at: Connections<S>,
    dispatcher: Dispatcher,
    profile: Profile,
    frames: usize,
    watch: Watch,
    /// Places that get loads.
    members: Members,
    /// Places whose workers are on their way out.
    leaving: Members,
    steering: SteeringMap,
    /// Frames of the batch in hand that came before the last turn.
    resteered_at: usize,
    /// Frames under the new map, before the first one whose number can be read.
    unreadable: u64,
    /// A worker died, and the steering map still has its place.
    unbalanced: bool,
    /// Places whose last worker died.
    fallen: Members,
    /// Workers there are to be.
    wanted: usize,
    /// Whether those that come back join again.
    rejoin: bool,
    plan: VecDeque<Resize>,
    asked: Option<Asked<S>>,
    serial: u64,
    packets: u64,
    report: FailoverReport,
}

/// A replica on its way from a peer.
struct Asked<S> {
    donor: u16,
    answer: Receiver<Box<Snapshot<S>>>,
}

/// Why the feed stopped before the device's end.
enum Stop {
    /// The run was given up elsewhere.
    Halted,
    Failed(ReplayError),
}

impl<E: Into<ReplayError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// What the feed leaves behind.
pub(super) struct Fed {
    /// Whether the device came to its end.
    pub result: Result<(), ReplayError>,
    /// What happened to workers and steering.
    pub report: FailoverReport,
    /// The places whose workers are there at the end.
    pub members: Members,
}

impl<S: Clone> Feed<S> {
    pub(super) fn new<C>(
        at: Connections<S>,
        dispatcher: Dispatcher,
        config: &super::ReplayConfig<C>,
    ) -> Self {
        Self {
            dispatcher,
            profile: config.profile,
            frames: config.batch_frames.max(1),
            watch: Watch::new(at.queues.len(), config.stall_timeout),
            members: Members::first(config.cores.into()),
            leaving: Members::default(),
            steering: SteeringMap::straight(config.cores),
            resteered_at: 0,
            unreadable: 0,
            unbalanced: false,
            fallen: Members::default(),
            wanted: config.cores.into(),
            rejoin: config.rejoin,
            plan: config.plan.resizes().iter().copied().collect(),
            asked: None,
            serial: 0,
            packets: 0,
            report: FailoverReport::default(),
            at,
        }
    }

    /// Runs the device to its end, or until the run is given up, and waits until all workers have ended.
    pub(super) fn run(
        mut self,
        device: &mut dyn ReplayDevice,
        progress: &mut dyn FnMut(Progress),
        halt: &Halt,
    ) -> Fed {
        let _guard = OnPanic::new(halt);
        let mut result = self.feed(device, progress, halt);
        if result.is_ok() {
            result = self.see_off(halt);
        }
        let result = match result {
            Ok(()) | Err(Stop::Halted) => Ok(()),
            Err(Stop::Failed(error)) => {
                if matches!(error, ReplayError::NoWorkerLeft { .. }) {
                    halt.raise();
                }
                Err(error)
            }
        };
        Fed {
            result,
            report: self.report,
            members: self.members,
        }
    }

    fn feed(
        &mut self,
        device: &mut dyn ReplayDevice,
        progress: &mut dyn FnMut(Progress),
        halt: &Halt,
    ) -> Result<(), Stop> {
        device.hold_before(self.plan.front().map(|resize| resize.seq));
        let mut more = true;
        while more {
            let mut load = self.next_free(halt)?;
            if Arc::get_mut(&mut load).is_none() {
                load = Arc::new(Load::new(self.at.queues.len(), self.frames));
            }
            let Some(filling) = Arc::get_mut(&mut load) else {
                return Err(ReplayError::Stopped.into());
            };
            filling.clear();
            self.resteered_at = 0;
            self.steer(device, &mut filling.batch, halt)?;
            let received = device.receive(&mut filling.batch);
            filling.serial = self.serial;
            filling.first = self.packets;
            filling.members = self.members;
            self.dispatcher.prepare(filling)?;
            self.note_resteering(&filling.batch);
            self.serial += 1;
            self.packets += filling.batch.len() as u64;
            self.send(&load);
            self.dismiss(halt)?;
            more = received?;
            progress(Progress {
                packets: self.packets,
                extent: device.extent(),
            });
        }
        Ok(())
    }

    /// Puts a load into the queues of all its members, and of the egress.
    fn send(&mut self, load: &Arc<Load>) {
        for place in load.members.iter() {
            if let Some(queue) = self.at.queues.get_mut(usize::from(place)) {
                // There is room for every load; only a worker that has gone takes none.
                let _ = queue.push(Item::Burst(Arc::clone(load)));
            }
        }
        let _ = self.at.egress.push(Arc::clone(load));
    }

    /// An empty load, when one comes back.
    fn next_free(&mut self, halt: &Halt) -> Result<Arc<Load>, Stop> {
        let mut patience = Patience::default();
        loop {
            if let Ok(load) = self.at.free.pop() {
                self.watch.rest();
                return Ok(load);
            }
            if self.at.free.is_abandoned() {
                return Err(Stop::Halted);
            }
            self.wait(&mut patience, halt)?;
        }
    }

    /// A round of waiting, in which workers may be found dead.
    fn wait(&mut self, patience: &mut Patience, halt: &Halt) -> Result<(), Stop> {
        if halt.is_raised() {
            return Err(Stop::Halted);
        }
        self.forget_the_left();
        let watched: Members = self.members.iter().chain(self.leaving.iter()).collect();
        if let Some((place, cause)) = self.watch.look(&self.at.roster, watched) {
            // It may have left in between.
            if !(self.leaving.has(place) && self.has_left(place)) {
                self.bury(place, cause)?;
            }
        }
        patience.wait();
        Ok(())
    }

    /// Workers that were to leave and did are no longer watched.
    fn forget_the_left(&mut self) {
        for place in self.leaving.iter() {
            if self.has_left(place) {
                self.leaving.remove(place);
            }
        }
    }

    /// Whether the worker that was to leave a place closed its log when it did.
    fn has_left(&self, place: u16) -> bool {
        let log = self.at.logs.get(usize::from(place));
        log.is_none_or(|log| log.extent().fenced)
    }

    /// A worker is dead: from here on its log says what it did, and nobody waits for it.
    #[cold]
    fn bury(&mut self, place: u16, cause: Cause) -> Result<(), Stop> {
        let position = self
            .at
            .logs
            .get(usize::from(place))
            .map_or(0, |log| log.fence());
        if self.leaving.remove(place) && !self.members.has(place) {
            // It was to leave anyway. Nothing is steered to it any more.
        } else {
            self.members.remove(place);
            self.unbalanced = true;
        }
        self.fallen.add(place);
        let burial = Burial {
            place,
            before: self.serial,
            position,
        };
        // Only an egress that has gone does not hear of it.
        let _ = self.at.burials.send(burial);
        self.report.died.push(Departure {
            core: place,
            cause,
            frames_lost: 0,
        });
        if self.members == Members::default() {
            return Err(ReplayError::NoWorkerLeft {
                packets: self.packets,
            }
            .into());
        }
        Ok(())
    }

    /// Changes the steering map where workers have died, or the plan says so.
    fn steer(
        &mut self,
        device: &mut dyn ReplayDevice,
        batch: &mut Batch,
        halt: &Halt,
    ) -> Result<(), Stop> {
        for place in self.members.iter() {
            if self.at.roster.get(place).is_some_and(|p| p.is_vacant()) {
                self.bury(place, Cause::Crash)?;
            }
        }
        if std::mem::take(&mut self.unbalanced) {
            // A device that cannot be resteered goes on as before: what it steers to the dead is lost, and counted.
            self.resteer(device, batch, self.members, Vec::new())?;
        }
        self.readmit(device, batch, halt)?;
        let Some(&resize) = self.plan.front() else {
            return Ok(());
        };
        let grows = usize::from(resize.cores) > self.members.count();
        if !device.is_held() {
            if grows && resize.seq.saturating_sub(self.dispatcher.sequenced()) <= LEAD {
                self.ask();
            }
            return Ok(());
        }
        self.plan.pop_front();
        self.resize(resize.cores, device, batch, halt)?;
        device.hold_before(self.plan.front().map(|resize| resize.seq));
        Ok(())
    }

    /// Lets workers join again that were declared dead while they were only slow: their places are vacant now. Nobody
    /// waits for the replica that they start with; they join when it is there.
    fn readmit(
        &mut self,
        device: &mut dyn ReplayDevice,
        batch: &mut Batch,
        halt: &Halt,
    ) -> Result<(), Stop> {
        let room = self.wanted.saturating_sub(self.members.count());
        if !self.rejoin || room == 0 {
            return Ok(());
        }
        let places = 0..self.at.roster.len() as u16;
        let returned = places.filter(|&place| {
            !self.members.has(place) && self.stuck(place) && self.is_vacant(place)
        });
        let returned: Vec<u16> = returned.take(room).collect();
        if returned.is_empty() {
            return Ok(());
        }
        self.ask();
        let Some(snapshot) = self.answered() else {
            return Ok(());
        };
        for &place in &returned {
            self.admit(place, &snapshot, halt)?;
        }
        self.resteer(device, batch, self.members, returned)?;
        Ok(())
    }

    fn resize(
        &mut self,
        cores: u8,
        device: &mut dyn ReplayDevice,
        batch: &mut Batch,
        halt: &Halt,
    ) -> Result<(), Stop> {
        let cores = usize::from(cores);
        self.wanted = cores;
        let mut joined = Vec::new();
        let mut staying = self.members;
        if cores > self.members.count() {
            joined = self.let_join(cores, halt)?;
            staying = self.members;
        } else {
            let queues = self.steering.queues().iter().rev();
            let superfluous = self.members.count() - cores;
            for &place in queues
                .filter(|&&place| self.members.has(place))
                .take(superfluous)
            {
                staying.remove(place);
                self.leaving.add(place);
            }
        }
        if !self.resteer(device, batch, staying, joined)? {
            return Err(ReplayError::CannotResteer.into());
        }
        Ok(())
    }

    fn resteer(
        &mut self,
        device: &mut dyn ReplayDevice,
        batch: &mut Batch,
        members: Members,
        joined: Vec<u16>,
    ) -> Result<bool, DeviceError> {
        let map = steering::over(&self.steering, members);
        if map == self.steering && joined.is_empty() {
            return Ok(true);
        }
        // A device that could not be resteered still steers to those that come back.
        if map != self.steering && !device.resteer(&map, batch)? {
            return Ok(false);
        }
        // What the device still held is under the map before.
        self.note_resteering(batch);
        self.resteered_at = batch.len();
        self.unreadable = 0;
        self.report.resteerings.push(Resteering {
            seq: None,
            cores: map.cores(),
            queues: map.queues().to_vec(),
            joined,
        });
        self.steering = map;
        Ok(true)
    }

    /// Notes the number of the first frame under the new map, if there is one in a batch.
    fn note_resteering(&mut self, batch: &Batch) {
        let Some(last) = self
            .report
            .resteerings
            .last_mut()
            .filter(|last| last.seq.is_none())
        else {
            return;
        };
        for i in self.resteered_at..batch.len() {
            let info = &batch.frames()[i];
            if !info.path.is_sequenced() || batch.faults(i).copy {
                continue;
            }
            if let Ok(frame) = Frame::parse(batch.bytes(i), &self.profile) {
                last.seq = Some(frame.header().seq.minus(self.unreadable).get());
                return;
            }
            self.unreadable += 1;
        }
    }

    /// Tells workers to leave whose last frames have been put into their queues.
    fn dismiss(&mut self, halt: &Halt) -> Result<(), Stop> {
        let leaving: Members = self
            .leaving
            .iter()
            .filter(|&p| self.members.has(p))
            .collect();
        for place in leaving.iter() {
            self.members.remove(place);
            self.put(place, Item::Leave, halt)?;
        }
        Ok(())
    }

    /// Puts something else than a load into a queue, when there is room.
    fn put(&mut self, place: u16, item: Item<S>, halt: &Halt) -> Result<(), Stop> {
        let mut patience = Patience::default();
        let mut item = item;
        loop {
            let Some(queue) = self.at.queues.get_mut(usize::from(place)) else {
                return Ok(());
            };
            match queue.push(item) {
                Ok(()) => return Ok(()),
                Err(rtrb::PushError::Full(back)) => item = back,
            }
            if queue.is_abandoned() {
                return Ok(());
            }
            self.wait(&mut patience, halt)?;
        }
    }

    /// Asks a member for its replica, if none has been asked.
    fn ask(&mut self) {
        if self
            .asked
            .as_ref()
            .is_some_and(|asked| self.members.has(asked.donor))
        {
            return;
        }
        // Whoever has died since is not waited for.
        let Some(donor) = self.members.iter().next() else {
            return;
        };
        let (to, answer) = mpsc::channel();
        let Some(queue) = self.at.queues.get_mut(usize::from(donor)) else {
            return;
        };
        if queue.push(Item::Lend(to)).is_ok() {
            self.asked = Some(Asked { donor, answer });
        }
    }

    /// Lets workers join until there are `cores`, with a peer's replica.
    fn let_join(&mut self, cores: usize, halt: &Halt) -> Result<Vec<u16>, Stop> {
        let snapshot = self.replica(halt)?;
        let mut joined = Vec::new();
        let mut patience = Patience::default();
        for place in 0..self.at.roster.len() as u16 {
            if self.members.count() >= cores {
                break;
            }
            // A worker that leaves will have left soon; one that is stuck may be so for ever.
            while !self.members.has(place) && !self.stuck(place) && !self.is_vacant(place) {
                self.wait(&mut patience, halt)?;
            }
            if self.members.has(place) || !self.is_vacant(place) {
                continue;
            }
            if self.leaving.has(place) && !self.has_left(place) {
                // It crashed on its way out. The egress waits for what it did not hand on.
                self.bury(place, Cause::Crash)?;
            }
            joined.push(place);
            self.admit(place, &snapshot, halt)?;
        }
        Ok(joined)
    }

    /// Lets a worker join at a vacant place with a peer's replica.
    fn admit(&mut self, place: u16, snapshot: &Snapshot<S>, halt: &Halt) -> Result<(), Stop> {
        self.leaving.remove(place);
        if let Some(place) = self.at.roster.get(place) {
            place.occupy();
        }
        if let Some(log) = self.at.logs.get(usize::from(place)) {
            let replica = snapshot.position();
            // What was published here before goes on to count, also where the replica does not reach so far.
            let opened = replica.max(log.extent().watermark);
            if let Some(exchange) = &self.at.exchange {
                // Opening it throws away what a dead worker did not publish, and with it what that was written over.
                let died = self.fallen.remove(place);
                exchange.join(if died { opened } else { replica });
            }
            // Before the next load goes to anybody: nobody can have passed the joining worker's first frame then.
            log.open(opened, snapshot.barrier());
        }
        self.members.add(place);
        let entry = Entry {
            snapshot: snapshot.clone(),
            sent: self.dispatcher.sent(),
        };
        self.put(place, Item::Join(Box::new(entry)), halt)
    }

    /// Whether there is no worker at a place, and nothing is left in its queue: so there is room for all loads there are.
    fn is_vacant(&self, place: u16) -> bool {
        let vacant = self.at.roster.get(place).is_none_or(|p| p.is_vacant());
        let queue = self.at.queues.get(usize::from(place));
        vacant && queue.is_none_or(|queue| queue.slots() == queue.buffer().capacity())
    }

    /// Whether a worker that was declared dead may still be there.
    fn stuck(&self, place: u16) -> bool {
        let mut died = self.report.died.iter().rev();
        let last = died.find(|departure| departure.core == place);
        last.is_some_and(|departure| departure.cause == Cause::Stall)
    }

    /// A peer's replica, with no barrier between it and now.
    fn replica(&mut self, halt: &Halt) -> Result<Box<Snapshot<S>>, Stop> {
        let mut patience = Patience::default();
        loop {
            self.ask();
            if let Some(snapshot) = self.answered() {
                self.watch.rest();
                return Ok(snapshot);
            }
            self.wait(&mut patience, halt)?;
        }
    }

    /// The replica that was asked for, if it is there and of use.
    fn answered(&mut self) -> Option<Box<Snapshot<S>>> {
        match self.asked.as_ref()?.answer.try_recv() {
            Ok(snapshot) => {
                self.asked = None;
                (snapshot.barrier() == 2 * self.dispatcher.barriers()).then_some(snapshot)
            }
            Err(TryRecvError::Disconnected) => {
                self.asked = None;
                None
            }
            Err(TryRecvError::Empty) => None,
        }
    }

    /// Waits until all workers have ended.
    fn see_off(&mut self, halt: &Halt) -> Result<(), Stop> {
        self.at.queues.clear();
        let mut patience = Patience::default();
        // A place whose worker crashed says that it has finished, too: only then is it certain who did.
        while !self.members.iter().all(|place| {
            let sign = self.at.roster.get(place);
            sign.is_none_or(|p| p.is_finished() && !p.is_vacant())
        }) {
            self.wait(&mut patience, halt)?;
        }
        Ok(())
    }
}
