//! The way out: workers' outcomes, merged in order of arrival.

use std::io::Write;
use std::sync::Arc;

use rtrb::{Consumer, Producer};
use scr_wire::{Frame, Profile};

use super::{Ledger, Mismatch, Reference};
use crate::device::{BoxError, Fate, PacketInfo, Path};
use crate::dispatch::Load;
use crate::nf::{NetworkFunction, Verdict};
use crate::worker::station::Done;
use crate::worker::threads::{Halt, Poll, Task};
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
    /// Packets that passed, rewritten ones included.
    pub pass: u64,
    /// Packets that were dropped.
    pub drop: u64,
    /// Frames lost between NIC and workers.
    pub frames_lost: u64,
    /// Frames that were not taken, by [`Reason::index`].
    pub rejected: [u64; Reason::COUNT],
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

/// A worker's end of the line.
struct Lane {
    done: Consumer<Done>,
    spare: Producer<Output>,
    waiting: Option<Done>,
    next: usize,
    next_rewritten: usize,
}

/// The single consumer of all workers.
pub struct Egress<'a, F: NetworkFunction> {
    lanes: Vec<Lane>,
    free: Producer<Arc<Load>>,
    profile: Profile,
    reference: Option<Reference<F>>,
    report: EgressReport,
    packets: Option<Box<dyn PacketSink + Send + 'a>>,
    events: Option<Box<dyn Write + Send + 'a>>,
    failure: Option<BoxError>,
    halt: Arc<Halt>,
    results: Option<std::sync::mpsc::Sender<Outcomes<F::State>>>,
}

impl<'a, F: NetworkFunction> Egress<'a, F> {
    /// The egress of the workers behind `lanes` (what they are done with, and where used outputs go), in the order of
    /// cores. Used loads go to `free`. At the end what is left behind goes to `results`.
    #[allow(clippy::too_many_arguments)] // Built in one place; a struct of the same fields would say nothing more.
    pub fn new(
        lanes: Vec<(Consumer<Done>, Producer<Output>)>,
        free: Producer<Arc<Load>>,
        profile: &Profile,
        reference: Option<Reference<F>>,
        ledger: Ledger,
        packets: Option<Box<dyn PacketSink + Send + 'a>>,
        events: Option<Box<dyn Write + Send + 'a>>,
        halt: Arc<Halt>,
        results: std::sync::mpsc::Sender<Outcomes<F::State>>,
    ) -> Self {
        let lanes = lanes.into_iter().map(|(done, spare)| Lane {
            done,
            spare,
            waiting: None,
            next: 0,
            next_rewritten: 0,
        });
        Self {
            lanes: lanes.collect(),
            free,
            profile: *profile,
            reference,
            report: EgressReport {
                packets: 0,
                uncaptured: 0,
                sequenced: 0,
                pass: 0,
                drop: 0,
                frames_lost: 0,
                rejected: [0; Reason::COUNT],
                ledger,
                mismatch: None,
            },
            packets,
            events,
            failure: None,
            halt,
            results: Some(results),
        }
    }

    /// Whether all workers are done with the next load; and if not, whether none will come.
    fn gather(&mut self) -> Result<bool, Gone> {
        let mut complete = true;
        for lane in &mut self.lanes {
            if lane.waiting.is_some() {
                continue;
            }
            let ended = lane.done.is_abandoned();
            match lane.done.pop() {
                Ok(done) => lane.waiting = Some(done),
                Err(_) if ended => return Err(Gone),
                Err(_) => complete = false,
            }
        }
        Ok(complete)
    }

    fn walk(&mut self) -> Result<(), BoxError> {
        let Some(load) = self.lanes.first().and_then(|lane| lane.waiting.as_ref()) else {
            return Ok(());
        };
        let load = Arc::clone(&load.load);
        for lane in &mut self.lanes {
            lane.next = 0;
            lane.next_rewritten = 0;
        }
        for (i, segment) in load.segments.iter().enumerate() {
            if let Some((_, first)) = segment.epoch {
                self.report.ledger.start_epoch(first);
            }
            for frame in segment.start..load.segment_end(i) {
                self.frame(&load, frame)?;
            }
            if let Some(last) = segment.last {
                self.report.ledger.sent(last);
            }
        }
        Ok(())
    }

    #[inline]
    fn frame(&mut self, load: &Load, i: usize) -> Result<(), BoxError> {
        let info = &load.batch.frames()[i];
        self.report.packets += 1;
        match info.path {
            Path::Uncaptured | Path::PassedBy => {
                if info.path == Path::Uncaptured {
                    self.report.uncaptured += 1;
                }
                return match &mut self.packets {
                    Some(sink) => sink.packet(&info.packet, load.batch.packet(i)),
                    None => Ok(()),
                };
            }
            Path::Sequenced { .. } => self.report.sequenced += 1,
        }
        match info.fate {
            Fate::Delivered => self.delivered(load, i),
            Fate::Lost => {
                self.report.frames_lost += 1;
                Ok(())
            }
            Fate::Disordered => {
                self.report.rejected[Reason::OutOfOrder.index()] += 1;
                Ok(())
            }
        }
    }

    #[inline]
    fn delivered(&mut self, load: &Load, i: usize) -> Result<(), BoxError> {
        let info = &load.batch.frames()[i];
        let core = info.queue;
        let lane = &mut self.lanes[usize::from(core)];
        let Some(Done { output, .. }) = &lane.waiting else {
            return Ok(());
        };
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
                    if got != expected {
                        Some((expected, false))
                    } else {
                        // Mostly both are empty. Comparing empty slices would call memcmp on their dangling
                        // pointers, and where that is made of masked vector loads, each costs an assist of
                        // hundreds of cycles.
                        let empty = bytes.is_empty() && rewritten.is_empty();
                        (!empty && bytes != rewritten).then_some((expected, true))
                    }
                }
                _ => None,
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

    /// Sends the load and the outputs back to be used again.
    fn recycle(&mut self) {
        let mut last = None;
        for lane in &mut self.lanes {
            if let Some(Done { load, output }) = lane.waiting.take() {
                // A worker that has ended takes none.
                let _ = lane.spare.push(output);
                last = Some(load);
            }
        }
        if let Some(load) = last {
            let _ = self.free.push(load);
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

/// A worker has gone, and with it all that it would have handed on.
struct Gone;

impl<F: NetworkFunction> Task for Egress<'_, F> {
    fn poll(&mut self) -> Poll {
        match self.gather() {
            Ok(false) => Poll::Idle,
            Ok(true) => {
                if let Err(error) = self.walk() {
                    self.failure = Some(error);
                    self.finish();
                    self.halt.raise();
                    return Poll::Finished;
                }
                self.recycle();
                Poll::Busy
            }
            Err(Gone) => {
                self.finish();
                Poll::Finished
            }
        }
    }
}
