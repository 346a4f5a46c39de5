//! The state machine: which workers are in, dead, joining or leaving, the steering map, and what to do next.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use scr_nic::SteeringMap;

use super::{
    Cause, CoreSet, Departure, FailoverReport, FailureDetector, Plan, Resize, Resteering, steering,
};

/// Number of frames before a planned increase of k at which a member is asked for its replica, so that the replica is there
/// in time and the joining worker has something to catch up with.
pub const LEAD: u64 = 1024;

/// Signs of life of the workers, by place.
pub trait Signs {
    /// Number of times that the worker of `place` was called.
    fn beats(&self, place: u16) -> u64;
    /// Whether `place` has no worker.
    fn is_vacant(&self, place: u16) -> bool;
    /// Whether the worker of `place` has finished.
    fn has_finished(&self, place: u16) -> bool;
}

impl Signs for super::Heartbeats {
    fn beats(&self, place: u16) -> u64 {
        self.get(place).map_or(0, super::Heartbeat::beats)
    }

    fn is_vacant(&self, place: u16) -> bool {
        self.get(place).is_some_and(super::Heartbeat::is_vacant)
    }

    fn has_finished(&self, place: u16) -> bool {
        self.get(place).is_some_and(super::Heartbeat::is_finished)
    }
}

/// State of the request for a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replica {
    /// The member has not answered yet.
    Awaited,
    /// The member is gone, or its replica is from before a barrier: another request is needed.
    Useless,
    /// The replica is there, for any number of workers that join before the next batch.
    AtHand,
}

/// Everything that the machine observes.
pub trait Surroundings: Signs {
    /// Whether the worker of `place` has left and closed its log.
    fn has_left(&self, place: u16) -> bool;
    /// Whether the queue of `place` is empty, so that it has room for all batches in circulation.
    fn has_room(&self, place: u16) -> bool;
    /// State of the last request for a replica.
    fn replica(&mut self) -> Replica;
    /// Number of frames sequenced so far, lost ones included.
    fn sequenced(&self) -> u64;
}

/// The next action between two batches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The worker of this place is dead: fence its log and notify the egress.
    Fence(u16),
    /// Ask this member for its replica, and call [`asked`](Membership::asked) if its queue had room for the request.
    Ask(u16),
    /// Let a worker join at this place with the lent replica.
    Admit {
        /// The place.
        place: u16,
        /// Whether the last worker there died, so that the log may lack rows that it had.
        died: bool,
    },
    /// Apply this steering map, and report through [`resteered`](Membership::resteered) whether the device could.
    Resteer {
        /// The map.
        map: SteeringMap,
        /// Whether the map differs from the device's. If not, workers came back to places that the device never stopped
        /// steering to.
        changed: bool,
    },
    /// Hold the device before the packet that becomes the frame with this number.
    Hold(Option<u64>),
    /// Nothing can be done until a worker makes progress: [`watch`](Membership::watch), then poll again.
    Wait,
    /// Receive the next batch and send it to the members.
    Receive,
}

/// The device cannot change its steering map, which a planned change requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CannotResteer;

/// Progress of the machine from one batch to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// Members may have crashed.
    #[default]
    Crashes,
    /// The map may still contain places of dead workers.
    Balance,
    /// Workers that were declared dead may have come back.
    Returns,
    /// Workers rejoin at these places if a replica is there.
    Returning(CoreSet),
    /// A change of k may be due.
    Plan,
    /// A replica is needed to increase k to this number.
    Needing(usize),
    /// A requested replica is awaited to increase k to this number.
    Awaiting(usize),
    Joining(Joining),
    /// A change of k is complete; the next one may be planned.
    Hold,
    Done,
}

/// Workers that join with the lent replica.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Joining {
    /// Places that have not been considered yet.
    places: CoreSet,
    /// Number of members at which no more join.
    cores: usize,
    /// Whether a change of k requires it, so that the device must apply the new map.
    planned: bool,
    joined: Vec<u16>,
}

/// A change of the steering map that the device has not confirmed.
#[derive(Clone, Debug)]
struct Resteer {
    map: SteeringMap,
    planned: bool,
    joined: Vec<u16>,
}

/// Settings of a membership.
#[derive(Clone, Debug)]
pub struct MembershipConfig {
    /// Number of workers at the start.
    pub cores: u8,
    /// Number of places.
    pub places: usize,
    /// Time without a sign of life, while others wait, after which a worker counts as dead.
    pub stall_timeout: Duration,
    /// Whether a worker that was declared dead but was only slow joins again.
    pub rejoin: bool,
    /// Changes of k at sequence numbers.
    pub plan: Plan,
}

/// The state machine of a run.
///
/// Between two batches, [`poll`](Self::poll) returns one [`Step`] after another, up to [`Step::Receive`]. After a batch,
/// [`next_leaver`](Self::next_leaver) returns the workers whose last batch it was. While the caller waits for anything,
/// [`watch`](Self::watch) finds dead workers. The machine has no thread and no clock: the same calls with the same answers
/// give the same steps.
#[derive(Debug)]
pub struct Membership {
    places: usize,
    /// Places that get batches.
    members: CoreSet,
    /// Places whose workers are leaving.
    leaving: CoreSet,
    /// Places whose last worker died.
    died: CoreSet,
    /// Places whose last death was a stall, so that the worker may still be there.
    stuck: CoreSet,
    map: SteeringMap,
    /// Whether the map still contains the place of a member that died.
    unbalanced: bool,
    /// Number of workers wanted.
    wanted: usize,
    rejoin: bool,
    plan: VecDeque<Resize>,
    /// A k requested outside the plan.
    requested: Option<u8>,
    /// The member that was asked for its replica.
    donor: Option<u16>,
    detector: FailureDetector,
    stage: Stage,
    resteering: Option<Resteer>,
    report: FailoverReport,
}

impl Membership {
    /// A machine for a run that starts with core c at place c.
    pub fn new(config: MembershipConfig) -> Self {
        Self {
            places: config.places,
            members: CoreSet::first(config.cores.into()),
            leaving: CoreSet::default(),
            died: CoreSet::default(),
            stuck: CoreSet::default(),
            map: SteeringMap::straight(config.cores),
            unbalanced: false,
            wanted: config.cores.into(),
            rejoin: config.rejoin,
            plan: config.plan.resizes().iter().copied().collect(),
            requested: None,
            donor: None,
            detector: FailureDetector::new(config.places, config.stall_timeout),
            stage: Stage::default(),
            resteering: None,
            report: FailoverReport::default(),
        }
    }

    /// The places that get the next batch.
    pub fn members(&self) -> CoreSet {
        self.members
    }

    /// The steering map.
    pub fn map(&self) -> &SteeringMap {
        &self.map
    }

    /// Number of the frame before which the device is to be held next.
    pub fn next_change(&self) -> Option<u64> {
        self.plan.front().map(|resize| resize.seq)
    }

    /// Deaths and changes of the steering map so far.
    pub fn report(&self) -> &FailoverReport {
        &self.report
    }

    /// The report, and the members at the end.
    pub fn into_report(self) -> (FailoverReport, CoreSet) {
        (self.report, self.members)
    }

    /// Returns the next step towards the next batch. `is_held` tells whether the device holds before the packet of the
    /// [next change](Self::next_change).
    pub fn poll(&mut self, around: &mut impl Surroundings, is_held: bool) -> Step {
        loop {
            if let Some(step) = self.advance(around, is_held) {
                return step;
            }
        }
    }

    /// Advances by one stage and returns the step that it requires, if any.
    fn advance(&mut self, around: &mut impl Surroundings, is_held: bool) -> Option<Step> {
        match std::mem::take(&mut self.stage) {
            Stage::Crashes => {
                let crashed = self.members.iter().find(|&place| around.is_vacant(place));
                if crashed.is_none() {
                    self.stage = Stage::Balance;
                }
                crashed.map(|place| self.declare_dead(place, Cause::Crash))
            }
            Stage::Balance => {
                self.stage = Stage::Returns;
                // A device that cannot be resteered goes on as before: what it steers to the dead is lost, and counted.
                let unbalanced = std::mem::take(&mut self.unbalanced);
                unbalanced.then(|| self.resteer(self.members, false, Vec::new()))?
            }
            Stage::Returns => {
                let returned = self.returned(around);
                if returned.is_empty() {
                    self.stage = Stage::Plan;
                    return None;
                }
                self.stage = Stage::Returning(returned);
                self.ask()
            }
            Stage::Returning(places) => {
                // Nobody waits for the replica: they join between two later batches.
                self.stage = if self.has_replica(around) {
                    Stage::Joining(Joining {
                        places,
                        cores: self.members.count() + places.count(),
                        planned: false,
                        joined: Vec::new(),
                    })
                } else {
                    Stage::Plan
                };
                None
            }
            Stage::Plan => self.follow_plan(around, is_held),
            Stage::Needing(cores) => {
                self.stage = Stage::Awaiting(cores);
                self.ask()
            }
            Stage::Awaiting(cores) => {
                if !self.has_replica(around) {
                    self.stage = Stage::Needing(cores);
                    return Some(Step::Wait);
                }
                self.detector.rest();
                self.stage = Stage::Joining(Joining {
                    places: CoreSet::first(self.places),
                    cores,
                    planned: true,
                    joined: Vec::new(),
                });
                None
            }
            Stage::Joining(joining) => self.join(joining, around),
            Stage::Hold => {
                self.stage = Stage::Done;
                Some(Step::Hold(self.next_change()))
            }
            Stage::Done => Some(Step::Receive),
        }
    }

    fn follow_plan(&mut self, around: &impl Surroundings, is_held: bool) -> Option<Step> {
        self.stage = Stage::Done;
        if let Some(cores) = self.requested.take() {
            return self.change_to(cores);
        }
        let &resize = self.plan.front()?;
        if is_held {
            self.plan.pop_front();
            return self.change_to(resize.cores);
        }
        let grows = usize::from(resize.cores) > self.members.count();
        let near = resize.seq.saturating_sub(around.sequenced()) <= LEAD;
        (grows && near).then(|| self.ask())?
    }

    /// Requests a change to `cores` workers on the way to the next batch, independent of the plan.
    pub fn resize(&mut self, cores: u8) {
        self.requested = Some(cores);
    }

    fn change_to(&mut self, cores: u8) -> Option<Step> {
        let cores = usize::from(cores);
        self.wanted = cores;
        if cores > self.members.count() {
            self.stage = Stage::Needing(cores);
            return None;
        }
        self.stage = Stage::Hold;
        let mut staying = self.members;
        let highest = self.map.queues().iter().rev().copied();
        let superfluous = self.members.count() - cores;
        for place in highest
            .filter(|&place| self.members.has(place))
            .take(superfluous)
        {
            staying.remove(place);
            self.leaving.add(place);
        }
        self.resteer(staying, true, Vec::new())
    }

    /// Considers the next place for a joining worker.
    fn join(&mut self, mut joining: Joining, around: &impl Surroundings) -> Option<Step> {
        let next = joining.places.iter().next();
        let Some(place) = next.filter(|_| self.members.count() < joining.cores) else {
            let Joining {
                planned, joined, ..
            } = joining;
            self.stage = if planned { Stage::Hold } else { Stage::Plan };
            return self.resteer(self.members, planned, joined);
        };
        let is_free = around.is_vacant(place) && around.has_room(place);
        if self.members.has(place) || (!is_free && self.stuck.has(place)) {
            joining.places.remove(place);
            self.stage = Stage::Joining(joining);
            return None;
        }
        if !is_free {
            // A worker that leaves will have left soon; one that is stuck may be so for ever.
            self.stage = Stage::Joining(joining);
            return Some(Step::Wait);
        }
        if self.leaving.has(place) && !around.has_left(place) {
            // It crashed on its way out. The egress waits for what it did not hand on.
            self.stage = Stage::Joining(joining);
            return Some(self.declare_dead(place, Cause::Crash));
        }
        self.leaving.remove(place);
        self.members.add(place);
        joining.places.remove(place);
        joining.joined.push(place);
        self.stage = Stage::Joining(joining);
        let died = self.died.remove(place);
        Some(Step::Admit { place, died })
    }

    /// Places whose workers were declared dead, were only slow, and have given up their replicas; at most as many as may
    /// rejoin.
    fn returned(&self, around: &impl Surroundings) -> CoreSet {
        let room = self.wanted.saturating_sub(self.members.count());
        if !self.rejoin || room == 0 {
            return CoreSet::default();
        }
        let places = self.stuck.without(self.members).iter();
        places
            .filter(|&place| around.is_vacant(place) && around.has_room(place))
            .take(room)
            .collect()
    }

    /// The step that asks a member for its replica, unless a request to a current member is open.
    fn ask(&self) -> Option<Step> {
        if self.donor.is_some_and(|donor| self.members.has(donor)) {
            return None;
        }
        self.members.iter().next().map(Step::Ask)
    }

    /// Records that the request for a replica is in the queue of `donor`.
    pub fn asked(&mut self, donor: u16) {
        self.donor = Some(donor);
    }

    /// Whether the requested replica is there.
    fn has_replica(&mut self, around: &mut impl Surroundings) -> bool {
        if self.donor.is_none() {
            return false;
        }
        let replica = around.replica();
        if replica != Replica::Awaited {
            self.donor = None;
        }
        replica == Replica::AtHand
    }

    /// The step to the map over `members`, unless the map stays the same and nobody joined.
    fn resteer(&mut self, members: CoreSet, planned: bool, joined: Vec<u16>) -> Option<Step> {
        let map = steering::over(&self.map, members);
        let changed = map != self.map;
        if !changed && joined.is_empty() {
            return None;
        }
        self.resteering = Some(Resteer {
            map: map.clone(),
            planned,
            joined,
        });
        Some(Step::Resteer { map, changed })
    }

    /// Records whether the device applied the new map.
    ///
    /// # Errors
    ///
    /// [`CannotResteer`] if it did not and a change of k requires it.
    pub fn resteered(&mut self, done: bool) -> Result<(), CannotResteer> {
        let Some(Resteer {
            map,
            planned,
            joined,
        }) = self.resteering.take()
        else {
            return Ok(());
        };
        if !done {
            return if planned { Err(CannotResteer) } else { Ok(()) };
        }
        self.report.resteerings.push(Resteering {
            seq: None,
            cores: map.cores(),
            queues: map.queues().to_vec(),
            joined,
        });
        self.map = map;
        Ok(())
    }

    /// Whether the number of the first frame under the current map is still unknown.
    pub fn lacks_first_frame(&self) -> bool {
        let last = self.report.resteerings.last();
        last.is_some_and(|last| last.seq.is_none())
    }

    /// Records the number of the first frame under the current map.
    pub fn set_first_frame(&mut self, seq: u64) {
        if let Some(last) = self.report.resteerings.last_mut() {
            last.seq.get_or_insert(seq);
        }
    }

    /// Returns the next worker that has its last batch in its queue and must be told to leave.
    pub fn next_leaver(&mut self) -> Option<u16> {
        let place = self.leaving.iter().find(|&p| self.members.has(p))?;
        self.members.remove(place);
        Some(place)
    }

    /// Declares the worker of `place` dead. The caller must take the returned step before any other.
    #[must_use]
    pub fn declare_dead(&mut self, place: u16, cause: Cause) -> Step {
        let was_leaving = self.leaving.remove(place);
        // Nothing is steered any more to one that was told to leave.
        self.unbalanced |= self.members.remove(place) || !was_leaving;
        self.died.add(place);
        match cause {
            Cause::Stall => self.stuck.add(place),
            Cause::Crash => _ = self.stuck.remove(place),
        }
        self.report.died.push(Departure {
            core: place,
            cause,
            frames_lost: 0,
        });
        Step::Fence(place)
    }

    /// Checks the workers while the caller waits; returns the step to take if one of them is dead.
    pub fn watch(&mut self, now: Instant, around: &impl Surroundings) -> Option<Step> {
        // Those that were to leave and did are no longer watched.
        self.leaving = self
            .leaving
            .iter()
            .filter(|&p| !around.has_left(p))
            .collect();
        let watched = self.members.union(self.leaving);
        let (place, cause) = self.detector.look(now, watched, around)?;
        // It may have left in between.
        let left = self.leaving.has(place) && around.has_left(place);
        (!left).then(|| self.declare_dead(place, cause))
    }

    /// Records that the wait is over.
    pub fn rest(&mut self) {
        self.detector.rest();
    }

    /// Whether the workers of all members have finished.
    pub fn have_all_ended(&self, signs: &impl Signs) -> bool {
        // A place whose worker crashed says that it has finished, too: only then is it certain who did.
        let mut members = self.members.iter();
        members.all(|place| signs.has_finished(place) && !signs.is_vacant(place))
    }
}

#[cfg(test)]
mod tests;
