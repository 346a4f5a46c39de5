//! The egress as a task: takes outcomes, passes them in order to judge, tally and sink, and sends bursts back.

use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};

use rtrb::{Consumer, Producer};
use scr_nf::{NetworkFunction, Verdict};
use scr_nic::BoxError;
use scr_wire::{Frame, PassedBy, Profile};

use super::order::{Arrival, Handed, Merge, MergeConfig, Walk};
use super::sink::Sink;
use super::{EgressReport, PacketSink, Tombstone};
use crate::dispatch::{Burst, Segment};
use crate::verify::{Judge, Judgement, Said};
use crate::worker::task::Done;
use crate::worker::threads::{Poll, StopFlag, Task};
use crate::worker::{Outcome, Output};

/// Results of the egress.
pub struct Outcomes<S> {
    /// Counts of packets and frames.
    pub report: EgressReport,
    /// Findings of the judge.
    pub judgement: Judgement<S>,
    /// The error of a sink that failed.
    pub failure: Option<BoxError>,
}

/// The parts that an egress is made of.
pub struct EgressConfig<'a, F: NetworkFunction> {
    /// All bursts, in order.
    pub bursts: Consumer<Arc<Burst>>,
    /// For each place, its finished bursts, and the queue that takes used outputs back.
    pub lanes: Vec<(Consumer<Done>, Producer<Output>)>,
    /// Notices of workers that died.
    pub tombstones: Receiver<Tombstone>,
    /// Takes used bursts back.
    pub free: Producer<Arc<Burst>>,
    /// Frames in circulation at most, if no device oversteps its batches.
    pub window: usize,
    /// Profile of the rows.
    pub profile: Profile,
    /// Compares actual and expected outcomes.
    pub judge: Judge<F>,
    /// Takes packets.
    pub packets: Option<Box<dyn PacketSink + Send + 'a>>,
    /// Takes events.
    pub events: Option<Box<dyn Write + Send + 'a>>,
    /// Raised when a sink fails.
    pub stop: Arc<StopFlag>,
    /// Takes the results.
    pub results: Sender<Outcomes<F::State>>,
}

/// The single consumer of all workers.
pub struct Egress<'a, F: NetworkFunction> {
    merge: Merge,
    exit: Exit<'a, F>,
    stop: Arc<StopFlag>,
    results: Option<Sender<Outcomes<F::State>>>,
}

impl<'a, F: NetworkFunction> Egress<'a, F> {
    /// An egress before the first burst.
    pub fn new(config: EgressConfig<'a, F>) -> Self {
        Self {
            exit: Exit {
                profile: config.profile,
                tally: EgressReport::new(config.lanes.len()),
                judge: config.judge,
                sink: Sink {
                    packets: config.packets,
                    events: config.events,
                },
            },
            merge: Merge::new(MergeConfig {
                bursts: config.bursts,
                lanes: config.lanes,
                tombstones: config.tombstones,
                free: config.free,
                window: config.window,
            }),
            stop: config.stop,
            results: Some(config.results),
        }
    }

    fn finish(&mut self, failure: Option<BoxError>) {
        let failure = failure.or_else(|| self.exit.sink.flush().err());
        if let Some(results) = self.results.take() {
            let mut report = self.exit.tally.clone();
            report.tombstones = self.merge.tombstones().clone();
            let outcomes = Outcomes {
                report,
                judgement: self.exit.judge.conclude(),
                failure,
            };
            // Nobody listens when the run was given up.
            let _ = results.send(outcomes);
        }
    }
}

impl<F: NetworkFunction> Task for Egress<'_, F> {
    fn poll(&mut self) -> Poll {
        // Asked first: what was put before the queue was left is seen then.
        let ended = self.merge.is_abandoned();
        let mut busy = self.merge.take();
        match self.merge.release(&mut self.exit) {
            Ok(released) => busy |= released,
            Err(error) => {
                self.finish(Some(error));
                self.stop.raise();
                return Poll::Finished;
            }
        }
        busy |= self.merge.recycle();
        if busy {
            return Poll::Busy;
        }
        if ended && self.merge.is_empty() {
            self.finish(None);
            return Poll::Finished;
        }
        Poll::Idle
    }
}

/// Everything that each frame passes in its turn.
struct Exit<'a, F: NetworkFunction> {
    profile: Profile,
    tally: EgressReport,
    judge: Judge<F>,
    sink: Sink<'a>,
}

impl<F: NetworkFunction> Walk for Exit<'_, F> {
    fn begin(&mut self, segment: &Segment) {
        self.judge.begin(segment);
    }

    fn end(&mut self, segment: &Segment) {
        self.judge.end(segment);
    }

    #[inline]
    fn frame(&mut self, burst: &Burst, i: usize, arrival: Arrival<'_>) -> Result<(), BoxError> {
        let path = burst.batch.frames()[i].path;
        let faults = burst.batch.faults(i);
        self.tally.frame(path, faults);
        if !path.is_sequenced() {
            return self.passed_by(burst, i);
        }
        match arrival {
            Arrival::Handed(core, handed) => return self.handed(burst, i, core, handed),
            Arrival::Lost(tombstone) => self.lost_with_worker(burst, i, tombstone),
            Arrival::Own => self.tally.undelivered(faults),
        }
        Ok(())
    }
}

impl<F: NetworkFunction> Exit<'_, F> {
    /// Sends out a packet that bypassed the sequencer, unaltered.
    fn passed_by(&mut self, burst: &Burst, i: usize) -> Result<(), BoxError> {
        let packet = burst.batch.packet(i);
        let reason = PassedBy::reason(packet, self.profile.has_ipv6());
        // What would have been sequenced met a sequencer that was disabled.
        self.tally.passed_by(reason.unwrap_or(PassedBy::Disabled));
        self.sink.packet(&burst.batch.frames()[i].packet, packet)
    }

    /// Processes a frame that a worker handed on.
    #[inline]
    fn handed(
        &mut self,
        burst: &Burst,
        i: usize,
        core: u16,
        handed: Handed<'_>,
    ) -> Result<(), BoxError> {
        let info = &burst.batch.frames()[i].packet;
        let Handed {
            outcome,
            rewritten,
            events,
        } = handed;
        self.sink.events(events)?;
        self.judge.delivered(
            &Frame::parse(burst.batch.bytes(i), &self.profile),
            Said {
                packet: info.index,
                core,
                outcome,
                rewritten,
            },
        );
        self.tally.outcome(core, outcome);
        match outcome {
            Outcome::Verdict(Verdict::Pass) => self.sink.packet(info, burst.batch.packet(i)),
            Outcome::Verdict(Verdict::Rewrite) => self.sink.packet(info, rewritten),
            _ => Ok(()),
        }
    }

    /// Processes a frame whose worker died before it handed the frame on. If the worker had taken the frame and published
    /// that, the rows are in its log and survive.
    #[cold]
    fn lost_with_worker(&mut self, burst: &Burst, i: usize, tombstone: Option<Tombstone>) {
        let Some(tombstone) = tombstone else {
            // Nobody ever was at the place that the device steers to.
            self.tally.frames_lost += 1;
            return;
        };
        if let Ok(frame) = Frame::parse(burst.batch.bytes(i), &self.profile) {
            self.judge.lost(&frame, tombstone.position);
        }
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
    use crate::device::{PacketInfo, Path};
    use crate::membership::CoreSet;
    use crate::verify::{Ledger, Mismatch, Reference};
    use crate::worker::Reason;
    use scr_nf::Own;
    use scr_nf::functions::ddos::Ddos;
    use scr_nf::layout::Source;

    /// What the egress says of frames of these numbers, all delivered to one worker that said these outcomes.
    fn merged(said: &[(u64, Outcome)]) -> (EgressReport, Option<Mismatch>) {
        let function = Own::<Ddos>::new::<&str>(&[]).unwrap().over(Source);
        let profile = profile::SOURCE;
        let mut burst = Burst::new(1, said.len());
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
            burst
                .batch
                .push(info, path, 0, &[&prefix[..prefix_bytes], &packet]);
            burst.lanes[0].push(i as u32);
        }
        burst.members = CoreSet::first(1);
        let burst = Arc::new(burst);
        let output = Output {
            outcomes: said.iter().map(|&(_, outcome)| outcome).collect(),
            ..Output::default()
        };

        let (mut queue, bursts) = RingBuffer::new(1);
        let (mut done, finished) = RingBuffer::new(1);
        let (spare, _used) = RingBuffer::new(1);
        let (free, _fresh) = RingBuffer::new(1);
        let (_, tombstones) = mpsc::channel();
        let (results, outcomes) = mpsc::channel();
        queue.push(Arc::clone(&burst)).unwrap();
        done.push(Done { burst, output }).unwrap();
        drop(queue);
        let mut egress = Egress::new(EgressConfig {
            bursts,
            lanes: vec![(finished, spare)],
            tombstones,
            free,
            window: said.len(),
            profile,
            judge: Judge::new(
                Ledger::new(Seq::ZERO, 255),
                Some(Reference::new(function, &profile)),
            ),
            packets: None,
            events: None,
            stop: Arc::default(),
            results,
        });
        while egress.poll() != Poll::Finished {}
        let outcomes = outcomes.recv().unwrap();
        (outcomes.report, outcomes.judgement.mismatch)
    }

    #[test]
    fn a_verdict_on_a_frame_that_lies_behind_is_a_mismatch() {
        let pass = Outcome::Verdict(Verdict::Pass);
        let late = Outcome::Rejected(Reason::OutOfOrder);
        let (right, mismatch) = merged(&[(0, pass), (1, pass), (1, late), (0, late), (2, pass)]);
        assert_eq!(mismatch, None);
        assert_eq!((right.pass, right.taken[0]), (3, 3));
        assert_eq!(right.rejected[Reason::OutOfOrder.index()], 2);
        let (_, mismatch) = merged(&[(0, pass), (1, pass), (1, pass), (2, pass)]);
        let mismatch = mismatch.unwrap().to_string();
        assert_eq!(
            mismatch,
            "packet 3 (seq 1): core 0 says pass, the single thread says rejected (out_of_order)"
        );
    }
}
