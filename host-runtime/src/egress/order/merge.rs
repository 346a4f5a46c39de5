//! The merge: all frames of all bursts, in order of arrival, with what became of each.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use rtrb::{Consumer, Producer};
use scr_nic::BoxError;

use super::lane::{Handed, Lane};
use super::{Resequencer, Tombstone, Tombstones};
use crate::device::Fate;
use crate::dispatch::{Burst, Segment};
use crate::membership::CoreSet;
use crate::worker::Output;
use crate::worker::task::Done;

/// The way in which a frame reached the merge.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Arrival<'a> {
    /// No worker had it.
    Own,
    /// The worker of this place handed it on.
    Handed(u16, Handed<'a>),
    /// The frame's worker died before it handed the frame on. There is no tombstone where nobody ever was at the place that
    /// the device steers to.
    Lost(Option<Tombstone>),
}

/// A visitor of all frames in order of arrival.
pub(crate) trait Walk {
    /// Begins a segment.
    fn begin(&mut self, segment: &Segment);
    /// Ends a segment.
    fn end(&mut self, segment: &Segment);
    /// Visits frame `i` of `burst`.
    ///
    /// # Errors
    ///
    /// Any error that ends the walk.
    fn frame(&mut self, burst: &Burst, i: usize, arrival: Arrival<'_>) -> Result<(), BoxError>;
}

/// The way that a frame was sent, known before its turn comes.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// Through no worker.
    Own,
    /// Through the worker of this place.
    Lane(u16),
    /// To a worker that died.
    Lost(u16),
    /// To this place, when it was no member.
    Unsent(u16),
}

/// A burst on its way out.
struct Pending {
    burst: Arc<Burst>,
    /// Places that have not handed it on.
    awaited: CoreSet,
    /// Places that did.
    handed: CoreSet,
    /// The segment of the next frame to go out; none before the first.
    segment: Option<usize>,
}

impl Pending {
    /// The position after the burst's last frame.
    fn end(&self) -> u64 {
        self.burst.first + self.burst.batch.len() as u64
    }

    /// Begins the segments up to that of `frame`.
    #[inline]
    fn enter(&mut self, frame: usize, walk: &mut impl Walk) {
        loop {
            let next = self.segment.map_or(0, |segment| segment + 1);
            match self.burst.segments.get(next) {
                Some(segment) if segment.start <= frame => {
                    if let Some(last) = self.segment {
                        walk.end(&self.burst.segments[last]);
                    }
                    walk.begin(segment);
                    self.segment = Some(next);
                }
                _ => return,
            }
        }
    }

    /// Ends the last segment: all frames have gone out.
    fn close(&mut self, walk: &mut impl Walk) {
        self.enter(usize::MAX, walk);
        if let Some(last) = self.segment.and_then(|last| self.burst.segments.get(last)) {
            walk.end(last);
        }
    }
}

/// What a merge is made of.
pub(crate) struct MergeConfig {
    pub bursts: Consumer<Arc<Burst>>,
    pub lanes: Vec<(Consumer<Done>, Producer<Output>)>,
    pub tombstones: Receiver<Tombstone>,
    pub free: Producer<Arc<Burst>>,
    pub window: usize,
}

/// The single consumer of all workers.
pub(crate) struct Merge {
    bursts: Consumer<Arc<Burst>>,
    lanes: Vec<Lane>,
    news: Receiver<Tombstone>,
    tombstones: Tombstones,
    free: Producer<Arc<Burst>>,
    /// A burst that came and does not fit into the window yet.
    waiting: Option<Arc<Burst>>,
    pending: VecDeque<Pending>,
    order: Resequencer<Way>,
}

impl Merge {
    pub(crate) fn new(config: MergeConfig) -> Self {
        Self {
            bursts: config.bursts,
            lanes: config.lanes.into_iter().map(Lane::new).collect(),
            news: config.tombstones,
            tombstones: Tombstones::default(),
            free: config.free,
            waiting: None,
            pending: VecDeque::new(),
            order: Resequencer::new(0, config.window),
        }
    }

    /// Whether no more bursts come than are in the queue.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.bursts.is_abandoned()
    }

    /// Whether everything taken so far has gone out.
    pub(crate) fn is_empty(&self) -> bool {
        self.pending.is_empty() && self.waiting.is_none()
    }

    /// The workers that died, and the frames lost with them.
    pub(crate) fn tombstones(&self) -> &Tombstones {
        &self.tombstones
    }

    /// Takes tombstones, bursts, and bursts handed on by workers. Returns whether there were any.
    pub(crate) fn take(&mut self) -> bool {
        self.hear_of_the_dead() | self.admit() | self.gather()
    }

    /// Takes as many bursts as fit into the window.
    fn admit(&mut self) -> bool {
        let mut busy = false;
        while let Some(burst) = self.waiting.take().or_else(|| self.bursts.pop().ok()) {
            let len = burst.batch.len();
            if self.pending.is_empty() && len as u64 > self.order.window() {
                // A device overstepped its batch; a burst must fit as a whole.
                self.order.widen(len);
            }
            if burst.first + len as u64 - self.order.next_position() > self.order.window() {
                self.waiting = Some(burst);
                break;
            }
            busy = true;
            self.note_unawaited(&burst);
            let dead: CoreSet = burst
                .members
                .iter()
                .filter(|&place| self.tombstones.of(place, burst.serial).is_some())
                .collect();
            self.pending.push_back(Pending {
                awaited: burst.members,
                handed: CoreSet::default(),
                segment: None,
                burst,
            });
            // What a worker handed on before it died is looked at first.
            if !dead.is_empty() {
                self.gather();
                dead.iter().for_each(|place| self.abandon(place));
            }
        }
        busy
    }

    /// Records the frames of a burst that no worker will hand on.
    fn note_unawaited(&mut self, burst: &Burst) {
        for (i, info) in burst.batch.frames().iter().enumerate() {
            let fate = burst.batch.faults(i).fate;
            let way = if !info.path.is_sequenced() || fate != Fate::Delivered {
                Way::Own
            } else if !burst.members.has(info.queue) {
                // A device that cannot be resteered still steers to the dead.
                Way::Unsent(info.queue)
            } else {
                continue;
            };
            // All that was admitted fits.
            let _ = self.order.put(burst.first + i as u64, way);
        }
    }

    /// Takes bursts that workers have handed on.
    fn gather(&mut self) -> bool {
        let mut busy = false;
        for (place, lane) in (0..).zip(&mut self.lanes) {
            while let Some(serial) = lane.next_serial() {
                let newest = self.pending.back();
                if newest.is_none_or(|newest| newest.burst.serial < serial) {
                    break;
                }
                let Some(done) = lane.take() else {
                    break;
                };
                busy = true;
                let first = self.pending.front().map_or(0, |first| first.burst.serial);
                let pending = serial
                    .checked_sub(first)
                    .and_then(|at| self.pending.get_mut(at as usize));
                // A worker that was declared dead and did not know yet is not listened to.
                let Some(pending) = pending.filter(|pending| pending.awaited.has(place)) else {
                    continue;
                };
                pending.awaited.remove(place);
                pending.handed.add(place);
                for &frame in &pending.burst.lanes[usize::from(place)] {
                    let at = pending.burst.first + u64::from(frame);
                    let _ = self.order.put(at, Way::Lane(place));
                }
                lane.hold(done);
            }
        }
        busy
    }

    /// Takes the tombstones of workers that died.
    fn hear_of_the_dead(&mut self) -> bool {
        let mut busy = false;
        while let Ok(tombstone) = self.news.try_recv() {
            busy = true;
            self.gather();
            self.tombstones.add(tombstone);
            self.abandon(tombstone.place);
        }
        busy
    }

    /// Stops waiting for bursts that `place` will not hand on.
    fn abandon(&mut self, place: u16) {
        for pending in &mut self.pending {
            let burst = &pending.burst;
            let lost = self.tombstones.of(place, burst.serial).is_some();
            if lost && pending.awaited.remove(place) {
                for &frame in &burst.lanes[usize::from(place)] {
                    let at = burst.first + u64::from(frame);
                    let _ = self.order.put(at, Way::Lost(place));
                }
            }
        }
    }

    /// Leads `walk` through the next frames, as far as their outcomes are known. Returns whether there were any.
    ///
    /// # Errors
    ///
    /// Any error of the walk.
    pub(crate) fn release(&mut self, walk: &mut impl Walk) -> Result<bool, BoxError> {
        let mut busy = false;
        while let Some((at, way)) = self.order.pop() {
            busy = true;
            let place = self.pending.iter().position(|pending| at < pending.end());
            let Some(place) = place else {
                break;
            };
            let burst = Arc::clone(&self.pending[place].burst);
            let mut frame = (at - burst.first) as usize;
            let mut way = Some(way);
            // As much of the burst as is there.
            while let Some(now) = way {
                self.pending[place].enter(frame, walk);
                let arrival = self.arrival(&burst, now);
                walk.frame(&burst, frame, arrival)?;
                frame += 1;
                if frame == burst.batch.len() {
                    self.pending[place].close(walk);
                    break;
                }
                way = self.order.pop().map(|(_, way)| way);
            }
        }
        Ok(busy)
    }

    /// What became of the next frame of `burst`.
    #[inline]
    fn arrival(&mut self, burst: &Burst, way: Way) -> Arrival<'_> {
        match way {
            Way::Own => Arrival::Own,
            Way::Lane(place) => {
                let handed = self.lanes[usize::from(place)].next(burst);
                debug_assert!(handed.is_some(), "what was handed on is held until it goes");
                handed.map_or(Arrival::Own, |handed| Arrival::Handed(place, handed))
            }
            Way::Lost(place) => self.lost(self.tombstones.of(place, burst.serial)),
            Way::Unsent(place) => self.lost(self.tombstones.before(place, burst.serial)),
        }
    }

    /// Counts a frame that was lost under this tombstone.
    #[cold]
    fn lost(&mut self, tombstone: Option<Tombstone>) -> Arrival<'static> {
        if let Some(tombstone) = tombstone {
            self.tombstones.count(tombstone);
        }
        Arrival::Lost(tombstone)
    }

    /// Returns bursts that have gone out, and their outputs, for reuse. Returns whether there were any.
    pub(crate) fn recycle(&mut self) -> bool {
        let mut busy = false;
        while let Some(pending) = self.pending.front() {
            if !pending.awaited.is_empty() || self.order.next_position() < pending.end() {
                break;
            }
            let Some(pending) = self.pending.pop_front() else {
                break;
            };
            for place in pending.handed.iter() {
                self.lanes[usize::from(place)].recycle();
            }
            let _ = self.free.push(pending.burst);
            busy = true;
        }
        busy
    }
}
