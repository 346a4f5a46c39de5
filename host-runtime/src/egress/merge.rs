//! Merging: every frame of every load, in order of arrival, with what became of it.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};

use rtrb::{Consumer, Producer};
use scr_nf::{NetworkFunction, Verdict};
use scr_nic::BoxError;
use scr_wire::{Frame, PassedBy, Profile};

use super::{Burial, Burials, Resequencer};
use crate::device::{Fate, PacketInfo, Path};
use crate::dispatch::Burst as Load;
use crate::failover::Members;
use crate::verify::{Ledger, Mismatch, Reference};
use crate::worker::task::Done;
use crate::worker::threads::{Poll, StopFlag as Halt, Task};
use crate::worker::{Outcome, Output, Reason};

/// Takes the packets that passed, and those that passed by, in order of arrival.
pub trait PacketSink {
    /// A packet with its bytes: the original ones, or the new ones of a rewritten packet.
    ///
    /// # Errors
    ///
    /// What keeps the sink from going on; it ends the run.
    fn packet(&mut self, info: &PacketInfo, bytes: &[u8]) -> Result<(), BoxError>;
}

impl<S: PacketSink + ?Sized> PacketSink for &mut S {
    fn packet(&mut self, info: &PacketInfo, bytes: &[u8]) -> Result<(), BoxError> {
        (**self).packet(info, bytes)
    }
}

/// What went out, and what did not.
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
    pub burials: Burials,
    /// Which rows survived.
    pub ledger: Ledger,
    /// The first packet whose outcome was not the one due.
    pub mismatch: Option<Mismatch>,
}

/// What the egress leaves behind.
pub struct Outcomes<S> {
    /// What went out.
    pub report: EgressReport,
    /// The state of the reference, if there was one.
    pub reference: Option<S>,
    /// What made a sink give up.
    pub failure: Option<BoxError>,
}

/// What the egress is made of.
pub struct EgressConfig<'a, F: NetworkFunction> {
    /// All loads, in order.
    pub loads: Consumer<Arc<Load>>,
    /// What each place is done with, and where used outputs go, in the order of places.
    pub lanes: Vec<(Consumer<Done>, Producer<Output>)>,
    /// News of workers that died.
    pub burials: Receiver<Burial>,
    /// Where used loads go.
    pub free: Producer<Arc<Load>>,
    /// Frames in circulation at most, if no device oversteps its batches.
    pub window: usize,
    /// Profile of the rows.
    pub profile: Profile,
    /// The single thread to compare with.
    pub reference: Option<Reference<F>>,
    /// Which rows survive.
    pub ledger: Ledger,
    /// Takes packets.
    pub packets: Option<Box<dyn PacketSink + Send + 'a>>,
    /// Takes events.
    pub events: Option<Box<dyn Write + Send + 'a>>,
    /// Raised when a sink fails.
    pub halt: Arc<Halt>,
    /// Where what is left behind goes.
    pub results: Sender<Outcomes<F::State>>,
}

/// Which way a frame came to the egress.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// Through no worker.
    Own,
    /// Through the worker of this place.
    Lane(u16),
    /// To a worker that died.
    Lost(u16),
}

/// A place's end of the line.
struct Lane {
    done: Consumer<Done>,
    spare: Producer<Output>,
    /// What has been handed on and not gone out completely, oldest first.
    held: VecDeque<Outgoing>,
}

/// What a worker handed on, and how much of it has gone out.
struct Outgoing {
    done: Done,
    /// Places of the next outcome and the next rewritten packet.
    next: usize,
    next_rewritten: usize,
}

/// A load on its way out.
struct Pending {
    load: Arc<Load>,
    /// Places that have not handed it on.
    awaited: Members,
    /// Places that did.
    handed: Members,
    /// The segment of the next frame to go out; none before the first.
    segment: Option<usize>,
}

/// The single consumer of all workers.
pub struct Egress<'a, F: NetworkFunction> {
    loads: Consumer<Arc<Load>>,
    lanes: Vec<Lane>,
    burials: Receiver<Burial>,
    free: Producer<Arc<Load>>,
    /// A load that came and does not fit into the window yet.
    waiting: Option<Arc<Load>>,
    pending: VecDeque<Pending>,
    order: Resequencer<Way>,
    profile: Profile,
    reference: Option<Reference<F>>,
    report: EgressReport,
    packets: Option<Box<dyn PacketSink + Send + 'a>>,
    events: Option<Box<dyn Write + Send + 'a>>,
    failure: Option<BoxError>,
    halt: Arc<Halt>,
    results: Option<Sender<Outcomes<F::State>>>,
}

impl<'a, F: NetworkFunction> Egress<'a, F> {
    /// An egress.
    pub fn new(config: EgressConfig<'a, F>) -> Self {
        let lanes = config.lanes.into_iter().map(|(done, spare)| Lane {
            done,
            spare,
            held: VecDeque::new(),
        });
        let lanes: Vec<Lane> = lanes.collect();
        Self {
            report: EgressReport {
                packets: 0,
                uncaptured: 0,
                sequenced: 0,
                passed_by: [0; PassedBy::COUNT],
                pass: 0,
                drop: 0,
                frames_lost: 0,
                overtaken: 0,
                rejected: [0; Reason::COUNT],
                taken: vec![0; lanes.len()],
                burials: Burials::default(),
                ledger: config.ledger,
                mismatch: None,
            },
            loads: config.loads,
            lanes,
            burials: config.burials,
            free: config.free,
            waiting: None,
            pending: VecDeque::new(),
            order: Resequencer::new(0, config.window),
            profile: config.profile,
            reference: config.reference,
            packets: config.packets,
            events: config.events,
            failure: None,
            halt: config.halt,
            results: Some(config.results),
        }
    }

    /// Takes loads as far as the window reaches.
    fn admit(&mut self) -> bool {
        let mut busy = false;
        while let Some(load) = self.waiting.take().or_else(|| self.loads.pop().ok()) {
            let end = load.first + load.batch.len() as u64;
            if self.pending.is_empty() && load.batch.len() as u64 > self.order.window() {
                // A device overstepped its batch; a load must fit as a whole.
                self.order.widen(load.batch.len());
            }
            if end - self.order.next_position() > self.order.window() {
                self.waiting = Some(load);
                break;
            }
            busy = true;
            for (i, info) in load.batch.frames().iter().enumerate() {
                let at = load.first + i as u64;
                let fate = load.batch.faults(i).fate;
                let way = if !info.path.is_sequenced() || fate != Fate::Delivered {
                    Way::Own
                } else if !load.members.has(info.queue) {
                    // A device that cannot be turned still steers to the dead.
                    Way::Lost(info.queue)
                } else {
                    continue;
                };
                // All that was admitted fits.
                let _ = self.order.put(at, way);
            }
            let dead: Members = load
                .members
                .iter()
                .filter(|&place| self.report.burials.of(place, load.serial).is_some())
                .collect();
            self.pending.push_back(Pending {
                awaited: load.members,
                handed: Members::default(),
                segment: None,
                load,
            });
            // What a worker handed on before it died is looked at first.
            if dead != Members::default() {
                self.gather();
                dead.iter().for_each(|place| self.abandon(place));
            }
        }
        busy
    }

    /// Takes what workers have handed on.
    fn gather(&mut self) -> bool {
        let mut busy = false;
        for (place, lane) in (0..).zip(&mut self.lanes) {
            while let Ok(done) = lane.done.peek() {
                let serial = done.burst.serial;
                if self
                    .pending
                    .back()
                    .is_none_or(|last| last.load.serial < serial)
                {
                    break;
                }
                let Ok(done) = lane.done.pop() else {
                    break;
                };
                busy = true;
                let first = self.pending.front().map_or(0, |first| first.load.serial);
                let pending = serial
                    .checked_sub(first)
                    .and_then(|at| self.pending.get_mut(at as usize));
                // A worker that was declared dead and did not know yet is not listened to.
                let Some(pending) = pending.filter(|pending| pending.awaited.has(place)) else {
                    continue;
                };
                pending.awaited.remove(place);
                pending.handed.add(place);
                for &frame in &pending.load.lanes[usize::from(place)] {
                    let at = pending.load.first + u64::from(frame);
                    let _ = self.order.put(at, Way::Lane(place));
                }
                lane.held.push_back(Outgoing {
                    done,
                    next: 0,
                    next_rewritten: 0,
                });
            }
        }
        busy
    }

    /// Hears of the dead.
    fn mourn(&mut self) -> bool {
        let mut busy = false;
        while let Ok(burial) = self.burials.try_recv() {
            busy = true;
            self.gather();
            self.report.burials.add(burial);
            self.abandon(burial.place);
        }
        busy
    }

    /// Waits no more for loads that `place` will not hand on.
    fn abandon(&mut self, place: u16) {
        for pending in &mut self.pending {
            let load = &pending.load;
            let lost = self.report.burials.of(place, load.serial).is_some();
            if lost && pending.awaited.remove(place) {
                for &frame in &load.lanes[usize::from(place)] {
                    let at = load.first + u64::from(frame);
                    let _ = self.order.put(at, Way::Lost(place));
                }
            }
        }
    }

    /// Lets frames go out, in order, as far as it is known what became of them.
    fn release(&mut self) -> Result<bool, BoxError> {
        let mut busy = false;
        while let Some((at, way)) = self.order.pop() {
            busy = true;
            let place = self
                .pending
                .iter()
                .position(|pending| at < pending.load.first + pending.load.batch.len() as u64);
            let Some(place) = place else {
                break;
            };
            let load = Arc::clone(&self.pending[place].load);
            let mut frame = (at - load.first) as usize;
            let mut way = Some(way);
            // As much of the load as is there.
            while let Some(now) = way {
                self.enter(place, frame);
                self.frame(&load, frame, now)?;
                frame += 1;
                if frame == load.batch.len() {
                    self.close(place);
                    break;
                }
                way = self.order.pop().map(|(_, way)| way);
            }
        }
        Ok(busy)
    }

    /// The segments of a load up to that of `frame` begin.
    #[inline]
    fn enter(&mut self, place: usize, frame: usize) {
        let pending = &mut self.pending[place];
        loop {
            let next = pending.segment.map_or(0, |segment| segment + 1);
            match pending.load.segments.get(next) {
                Some(segment) if segment.start <= frame => {
                    if let Some(last) = pending.segment {
                        self.report.ledger.sent(&pending.load.segments[last]);
                    }
                    if let Some((_, first)) = segment.epoch {
                        self.report.ledger.start_epoch(first);
                    }
                    pending.segment = Some(next);
                }
                _ => return,
            }
        }
    }

    /// All frames of a load have gone out: so far its last segment goes.
    fn close(&mut self, place: usize) {
        self.enter(place, usize::MAX);
        let pending = &self.pending[place];
        if let Some(last) = pending.segment.and_then(|s| pending.load.segments.get(s)) {
            self.report.ledger.sent(last);
        }
    }

    /// Sends loads that have gone out, and their outputs, back to be used again.
    fn recycle(&mut self) -> bool {
        let mut busy = false;
        while let Some(pending) = self.pending.front() {
            let end = pending.load.first + pending.load.batch.len() as u64;
            if pending.awaited != Members::default() || self.order.next_position() < end {
                break;
            }
            let Some(pending) = self.pending.pop_front() else {
                break;
            };
            for place in pending.handed.iter() {
                let lane = &mut self.lanes[usize::from(place)];
                if let Some(outgoing) = lane.held.pop_front() {
                    // A worker that has ended takes none.
                    let _ = lane.spare.push(outgoing.done.output);
                }
            }
            let _ = self.free.push(pending.load);
            busy = true;
        }
        busy
    }

    #[inline]
    fn frame(&mut self, load: &Load, i: usize, way: Way) -> Result<(), BoxError> {
        let info = &load.batch.frames()[i];
        let faults = load.batch.faults(i);
        // A second copy is a frame, but no packet.
        self.report.packets += u64::from(!faults.copy);
        match info.path {
            Path::Uncaptured | Path::PassedBy => {
                if info.path == Path::Uncaptured {
                    self.report.uncaptured += 1;
                }
                let reason = PassedBy::reason(load.batch.packet(i), self.profile.has_ipv6());
                // What would have been sequenced met a sequencer that was disabled.
                let reason = reason.unwrap_or(PassedBy::Disabled);
                self.report.passed_by[reason.index()] += 1;
                return match &mut self.packets {
                    Some(sink) => sink.packet(&info.packet, load.batch.packet(i)),
                    None => Ok(()),
                };
            }
            Path::Sequenced { .. } => self.report.sequenced += u64::from(!faults.copy),
        }
        match (faults.fate, way) {
            (Fate::Lost, _) => {
                self.report.frames_lost += u64::from(!faults.copy);
                Ok(())
            }
            (Fate::Disordered, _) => {
                self.report.rejected[Reason::OutOfOrder.index()] += 1;
                Ok(())
            }
            (Fate::Delivered, Way::Lane(place)) => self.delivered(load, i, place),
            (Fate::Delivered, Way::Lost(place)) => {
                self.lost_with_worker(load, i, place);
                Ok(())
            }
            (Fate::Delivered, Way::Own) => {
                debug_assert!(false, "what is delivered has a place");
                self.report.frames_lost += 1;
                Ok(())
            }
        }
    }

    /// A frame that went to a worker which died before it handed the frame on. If the worker had taken it and said so,
    /// its rows are in the log, and survive.
    #[cold]
    fn lost_with_worker(&mut self, load: &Load, i: usize, place: u16) {
        let burials = &mut self.report.burials;
        let burial = burials.of(place, load.serial).or(burials.last(place));
        let Some(burial) = burial else {
            // Nobody ever was at the place that the device steers to.
            self.report.frames_lost += 1;
            return;
        };
        burials.count(burial);
        let Ok(frame) = Frame::parse(load.batch.bytes(i), &self.profile) else {
            return;
        };
        let ledger = &mut self.report.ledger;
        if ledger.position(frame.header().seq) < burial.position
            && let Some(new) = ledger.take(frame.header())
            && let Some(reference) = &mut self.reference
        {
            reference.apply(&frame, new);
        }
    }

    #[inline]
    fn delivered(&mut self, load: &Load, i: usize, core: u16) -> Result<(), BoxError> {
        let info = &load.batch.frames()[i];
        let held = &mut self.lanes[usize::from(core)].held;
        let lane = held
            .iter_mut()
            .find(|outgoing| outgoing.done.burst.serial == load.serial);
        let Some(lane) = lane else {
            debug_assert!(false, "what was handed on is held until it has gone out");
            self.report.frames_lost += 1;
            return Ok(());
        };
        self.report.taken[usize::from(core)] += 1;
        let output = &lane.done.output;
        let got = output.outcomes[lane.next];
        if let Some(events) = &mut self.events
            && let Some(&end) = output.event_ends.get(lane.next)
        {
            let start = match lane.next {
                0 => 0,
                n => output.event_ends[n - 1],
            };
            events.write_all(&output.events[start as usize..end as usize])?;
        }
        lane.next += 1;
        let mut rewritten = &[][..];
        if got == Outcome::Verdict(Verdict::Rewrite) {
            let ends = &output.rewritten_ends;
            let start = match lane.next_rewritten {
                0 => 0,
                n => ends[n - 1],
            };
            rewritten = &output.rewritten[start as usize..ends[lane.next_rewritten] as usize];
            lane.next_rewritten += 1;
        }

        let frame = Frame::parse(load.batch.bytes(i), &self.profile);
        let ledger = &mut self.report.ledger;
        let mismatch = match &frame {
            Err(rejection) => {
                let expected = Outcome::Rejected(Reason::Invalid(*rejection));
                (got != expected).then_some((expected, false))
            }
            Ok(frame) => match (ledger.take(frame.header()), &mut self.reference) {
                (Some(new), Some(reference)) => {
                    let (expected, bytes) = reference.apply(frame, new);
                    if got == Outcome::Overtaken {
                        // Its rows are in all replicas; its verdict was never given.
                        None
                    } else if got != expected {
                        Some((expected, false))
                    } else {
                        // Mostly both are empty. Comparing empty slices would call memcmp on their dangling
                        // pointers, and where that is made of masked vector loads, each costs an assist of
                        // hundreds of cycles.
                        let empty = bytes.is_empty() && rewritten.is_empty();
                        (!empty && bytes != rewritten).then_some((expected, true))
                    }
                }
                // It lies behind: there is no verdict on it.
                (None, Some(_)) => matches!(got, Outcome::Verdict(_))
                    .then_some((Outcome::Rejected(Reason::OutOfOrder), false)),
                (_, None) => None,
            },
        };
        if let Some((expected, bytes)) = mismatch
            && self.report.mismatch.is_none()
        {
            let packet = info.packet.index;
            self.report.mismatch = Some(if bytes {
                Mismatch::Bytes { packet, core }
            } else {
                Mismatch::Packet {
                    packet,
                    seq: frame.ok().map(|frame| frame.header().seq.get()),
                    core,
                    expected,
                    got,
                }
            });
        }

        let bytes = match got {
            Outcome::Rejected(reason) => {
                self.report.rejected[reason.index()] += 1;
                self.report.taken[usize::from(core)] -= 1;
                return Ok(());
            }
            Outcome::Overtaken => {
                self.report.overtaken += 1;
                self.report.taken[usize::from(core)] -= 1;
                return Ok(());
            }
            Outcome::Verdict(Verdict::Drop) => {
                self.report.drop += 1;
                return Ok(());
            }
            Outcome::Verdict(Verdict::Pass) => load.batch.packet(i),
            Outcome::Verdict(Verdict::Rewrite) => rewritten,
        };
        self.report.pass += 1;
        match &mut self.packets {
            Some(sink) => sink.packet(&info.packet, bytes),
            None => Ok(()),
        }
    }

    fn finish(&mut self) {
        if self.failure.is_none()
            && let Some(events) = &mut self.events
            && let Err(error) = events.flush()
        {
            self.failure = Some(error.into());
        }
        if let Some(results) = self.results.take() {
            let outcomes = Outcomes {
                report: self.report.clone(),
                reference: self.reference.take().map(Reference::into_state),
                failure: self.failure.take(),
            };
            // Nobody listens when the run was given up.
            let _ = results.send(outcomes);
        }
    }
}

impl<F: NetworkFunction> Task for Egress<'_, F> {
    fn poll(&mut self) -> Poll {
        // Asked first: what was put before the queue was left is seen then.
        let ended = self.loads.is_abandoned();
        let mut busy = self.mourn() | self.admit() | self.gather();
        match self.release() {
            Ok(released) => busy |= released,
            Err(error) => {
                self.failure = Some(error);
                self.finish();
                self.halt.raise();
                return Poll::Finished;
            }
        }
        busy |= self.recycle();
        if busy {
            return Poll::Busy;
        }
        if ended && self.pending.is_empty() && self.waiting.is_none() {
            self.finish();
            return Poll::Finished;
        }
        Poll::Idle
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use rtrb::RingBuffer;
    use scr_wire::{
        Config, Disposition, MAX_PREFIX_BYTES, Seq, Sequencer, Timestamp as Time, profile,
    };

    use super::*;
    use scr_nf::{Selected, Visitor};

    /// What the egress says of frames of these numbers, all delivered to one worker that said these outcomes.
    struct Said<'a>(&'a [(u64, Outcome)]);

    impl Visitor for Said<'_> {
        type Output = EgressReport;

        fn visit<F: NetworkFunction>(self, function: F) -> EgressReport {
            let Self(said) = self;
            let profile = profile::SOURCE;
            let mut load = Load::new(1, said.len());
            let mut packet = [0; 60];
            packet[12..15].copy_from_slice(&[0x08, 0x00, 0x45]);
            for (i, &(seq, _)) in said.iter().enumerate() {
                let mut sequencer = Sequencer::new(&profile, 64, Config::new(1, 1)).unwrap();
                sequencer.set_next_seq(Seq::new(seq));
                let mut prefix = [0; MAX_PREFIX_BYTES];
                let Disposition::Sequenced { prefix_bytes, .. } =
                    sequencer.sequence(&packet, Time::default(), &mut prefix)
                else {
                    panic!("IP is sequenced");
                };
                let path = Path::Sequenced {
                    prefix_bytes: prefix_bytes as u16,
                };
                let info = PacketInfo {
                    index: i as u64 + 1,
                    timestamp: scr_capture::Timestamp::new(1, 0),
                    original_len: 60,
                };
                load.batch
                    .push(info, path, 0, &[&prefix[..prefix_bytes], &packet]);
                load.lanes[0].push(i as u32);
            }
            load.members = Members::first(1);
            let load = Arc::new(load);
            let output = Output {
                outcomes: said.iter().map(|&(_, outcome)| outcome).collect(),
                ..Output::default()
            };

            let (mut queue, loads) = RingBuffer::new(1);
            let (mut done, finished) = RingBuffer::new(1);
            let (spare, _used) = RingBuffer::new(1);
            let (free, _fresh) = RingBuffer::new(1);
            let (_, burials) = mpsc::channel();
            let (results, outcomes) = mpsc::channel();
            queue.push(Arc::clone(&load)).unwrap();
            done.push(Done {
                burst: load,
                output,
            })
            .unwrap();
            drop(queue);
            let mut egress = Egress::new(EgressConfig {
                loads,
                lanes: vec![(finished, spare)],
                burials,
                free,
                window: said.len(),
                profile,
                reference: Some(Reference::new(function, &profile)),
                ledger: Ledger::new(Seq::ZERO, 255),
                packets: None,
                events: None,
                halt: Arc::default(),
                results,
            });
            while egress.poll() != Poll::Finished {}
            outcomes.recv().unwrap().report
        }
    }

    #[test]
    fn a_verdict_on_a_frame_that_lies_behind_is_a_mismatch() {
        let pass = Outcome::Verdict(Verdict::Pass);
        let late = Outcome::Rejected(Reason::OutOfOrder);
        let said = |said: &[(u64, Outcome)]| {
            let ddos = Selected::new::<&str>("ddos", &[]).unwrap();
            ddos.with(&profile::SOURCE, Said(said)).unwrap()
        };
        let right = said(&[(0, pass), (1, pass), (1, late), (0, late), (2, pass)]);
        assert_eq!(right.mismatch, None);
        assert_eq!((right.pass, right.taken[0]), (3, 3));
        assert_eq!(right.rejected[Reason::OutOfOrder.index()], 2);
        let wrong = said(&[(0, pass), (1, pass), (1, pass), (2, pass)]);
        let mismatch = wrong.mismatch.unwrap().to_string();
        assert_eq!(
            mismatch,
            "packet 3 (seq 1): core 0 says pass, the single thread says rejected (out_of_order)"
        );
    }
}
