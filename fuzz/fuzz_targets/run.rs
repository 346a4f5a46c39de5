//! A whole run but for its threads: the real pipeline and the real membership on one thread. The input says not only which
//! frames there are, but also who is called when, who dies, and how many workers there are to be. Nobody panics and nobody
//! waits for ever; every frame is in one count; and as long as every frame that the format takes is one that the sequencer
//! sent, replicas and verdicts equal the single thread's, unless somebody died and rows are said to be unrecovered.
#![no_main]

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Instant;

use libfuzzer_sys::fuzz_target;
use scr_fuzz::{Clock, Input, function, packet};
use scr_nf::{NetworkFunction, Visitor};
use scr_nic::BoxError;
use scr_runtime::device::{Batch, Fate, PacketInfo, Path, WorkerFault};
use scr_runtime::dispatch::Burst;
use scr_runtime::egress::Outcomes;
use scr_runtime::membership::{Cause, Membership, Plan, Resize, Step};
use scr_runtime::run::{Links, Part, Pipeline, membership};
use scr_runtime::worker::task::Finished;
use scr_runtime::worker::threads::Poll;
use scr_runtime::{EventLevel, Outputs, PacketSink, ReplayConfig};
use scr_wire::{Config, Disposition, Geometry, MAX_PREFIX_BYTES, Profile, Seq, Sequencer};

/// Rounds in which nobody has anything to do, after which nobody ever will.
const STILL: u32 = 1000;

/// What goes out is in order.
struct InOrder(u64);

impl PacketSink for InOrder {
    fn packet(&mut self, info: &PacketInfo, _: &[u8]) -> Result<(), BoxError> {
        assert!(info.index > self.0, "out of order");
        self.0 = info.index;
        Ok(())
    }
}

/// Nobody is left.
struct AllDead;

/// A run's parts, and a device that is the input.
struct Run<S> {
    /// The stations, in the order of places, and the egress.
    tasks: Vec<Option<Part<'static>>>,
    links: Links<S>,
    membership: Membership,
    /// Whether the device can be resteered.
    resteers: bool,
    /// Time stands still: who is dead is what the input says.
    now: Instant,
    workers: Receiver<Finished<S>>,
    outcomes: Receiver<Outcomes<S>>,
}

impl<S: Clone + Send + 'static> Run<S> {
    fn new<F: NetworkFunction<State = S>>(
        function: &F,
        config: &ReplayConfig<()>,
        resteers: bool,
    ) -> Self {
        let mut outputs = Outputs {
            packets: Some(Box::new(InOrder(0))),
            events: Some(Box::new(std::io::sink())),
            state: None,
        };
        let pipeline = Pipeline::new(function, config, &mut outputs, &Arc::default());
        Self {
            tasks: pipeline.tasks.into_iter().map(Some).collect(),
            links: pipeline.links,
            membership: membership(config),
            resteers,
            now: Instant::now(),
            workers: pipeline.workers,
            outcomes: pipeline.egress,
        }
    }

    /// Calls a task.
    fn poll(&mut self, task: usize) -> Poll {
        let tasks = self.tasks.len();
        let task = &mut self.tasks[task % tasks];
        let poll = task.as_mut().map_or(Poll::Idle, |task| task.poll());
        if poll == Poll::Finished {
            *task = None;
        }
        poll
    }

    /// Calls all tasks once, and sees who is gone.
    fn round(&mut self, still: &mut u32) -> Result<(), AllDead> {
        let busy =
            (0..self.tasks.len()).fold(false, |busy, task| busy | (self.poll(task) != Poll::Idle));
        *still = if busy { 0 } else { *still + 1 };
        assert!(*still < STILL, "they wait for ever");
        match self.membership.watch(self.now, &self.links) {
            Some(step) => self.obey(&step),
            None => Ok(()),
        }
    }

    /// Calls all tasks in turn until `ready` gives something.
    fn until<T>(&mut self, mut ready: impl FnMut(&mut Self) -> Option<T>) -> Result<T, AllDead> {
        let mut still = 0;
        loop {
            if let Some(ready) = ready(self) {
                return Ok(ready);
            }
            self.round(&mut still)?;
        }
    }

    fn obey(&mut self, step: &Step) -> Result<(), AllDead> {
        self.links.obey(step, &mut self.membership);
        self.is_anybody_left()
    }

    fn is_anybody_left(&self) -> Result<(), AllDead> {
        match self.membership.members().is_empty() {
            true => Err(AllDead),
            false => Ok(()),
        }
    }

    /// Does what the membership says before the next batch.
    fn prepare(&mut self) -> Result<(), AllDead> {
        let mut still = 0;
        loop {
            match self.membership.poll(&mut self.links, false) {
                Step::Resteer { changed, .. } => {
                    let resteered = self.membership.resteered(!changed || self.resteers);
                    resteered.expect("nothing is planned for a device that cannot");
                }
                Step::Hold(_) => {}
                Step::Wait => self.round(&mut still)?,
                Step::Receive => break,
                step => self.obey(&step)?,
            }
        }
        self.links.forget_replica();
        Ok(())
    }

    /// Declares a worker dead, whether it is or not, unless it is the last one.
    fn declare_dead(&mut self, place: u16) -> Result<(), AllDead> {
        let members = self.membership.members();
        if members.count() > 1 && members.has(place) {
            let step = self.membership.declare_dead(place, Cause::Stall);
            self.obey(&step)?;
        }
        Ok(())
    }

    /// From the next burst on there are to be `cores` workers.
    fn resize(&mut self, cores: u8) {
        if self.resteers {
            self.membership.resize(cores);
        }
    }

    /// The queue of a core.
    fn queue(&self, core: u8) -> u16 {
        let queues = self.membership.map().queues();
        match self.resteers {
            true => queues[usize::from(core) % queues.len()],
            // Also those of the dead.
            false => u16::from(core) % self.links.places() as u16,
        }
    }

    /// An empty burst, as soon as there is one, and all that is to be done before it is filled.
    fn burst(&mut self) -> Result<Arc<Burst>, AllDead> {
        let burst = self.until(|run| run.links.free())?;
        self.prepare()?;
        Ok(burst)
    }

    /// Sends a burst, and tells those to leave for whom it was the last.
    fn send(&mut self, burst: Arc<Burst>) -> Result<(), AllDead> {
        let sent = self.links.send(burst, self.membership.members());
        sent.expect("every queue has a place");
        while let Some(place) = self.membership.next_leaver() {
            assert!(self.links.dismiss(place), "there is room for a request");
        }
        // Those that were to stay may have died while the burst was filled.
        self.is_anybody_left()
    }
}

/// The batch of a burst that nobody else has.
fn batch(burst: &mut Arc<Burst>) -> &mut Batch {
    let burst = Arc::get_mut(burst).expect("nobody else has an empty burst");
    &mut burst.batch
}

/// Drives a run with what the input says.
struct Drive<'a>(Input<'a>, &'a Profile);

impl Visitor for Drive<'_> {
    type Output = ();

    fn visit<F: NetworkFunction>(self, function: F) {
        let Self(input, profile) = self;
        // Where all are dead there is nothing to say.
        let _ = drive(function, input, profile);
    }
}

fn drive<F: NetworkFunction>(
    function: F,
    mut input: Input,
    profile: &Profile,
) -> Result<(), AllDead> {
    let [size, cores, rows, history, setting, log_rows] =
        std::array::from_fn(|_| input.byte().unwrap_or(0));
    let config = |cores: u8, rows: u8| {
        let (cores, rows) = (cores % 6 + 1, usize::from(rows % 16) + 1);
        let fewest = Geometry::fewest_words(profile, rows).unwrap();
        let mut config = Config::new(cores, fewest.prefix_words());
        config.sequence_all = setting & 4 != 0;
        config
    };
    let places = usize::from(size % 4) + 2;
    let Ok(mut sequencer) =
        Sequencer::new(profile, usize::from(history % 32) + 8, config(cores, rows))
    else {
        return Ok(());
    };
    if setting & 8 != 0 {
        // Numbers are about to begin anew.
        sequencer.set_next_seq(Seq::ZERO.minus(20));
    }
    // Whether frames may be damaged so that they are still valid.
    let wild = setting & 32 != 0;
    let mut settings = ReplayConfig::new((), profile, places as u8, 0);
    settings.batches = usize::from(size >> 2) % 3 + 2;
    settings.batch_frames = usize::from(size >> 4) + 1;
    settings.first_seq = sequencer.next_seq();
    settings.max_rows = if setting & 16 == 0 { 255 } else { rows % 16 };
    settings.log_rows = (log_rows & 3 != 0).then_some(usize::from(log_rows >> 2) + 1);
    settings.rejoin = setting & 128 == 0;
    // Never comes, and makes logs as long as those that join need them.
    let (seq, cores) = (u64::MAX, places as u8);
    settings.plan = Plan::new(vec![Resize { seq, cores }]).expect("one change is in order");
    settings.events = [
        EventLevel::Off,
        EventLevel::Recovery,
        EventLevel::State,
        EventLevel::Off,
    ][usize::from(setting & 3)];
    let mut run = Run::new(&function, &settings, setting & 64 == 0);
    let mut clock = Clock::default();
    let mut prefix = [0; MAX_PREFIX_BYTES];
    let (mut frame, mut prefix_bytes, mut queue) = (Vec::new(), 0, 0);
    let (mut packets, mut copies) = (0, 0);
    let mut burst = run.burst()?;
    while let Some(step) = input.byte() {
        let high = step >> 4;
        match step & 15 {
            // The frame before once more, or noise, or another one.
            0 => {}
            1 if high < 4 => {
                frame.clear();
                frame.extend(input.bytes(usize::from(high) * 32));
                prefix_bytes = frame.len().min(16);
                if let Some(first) = frame.get_mut(12).filter(|_| !wild) {
                    *first = 0;
                }
            }
            2..=7 => {
                // Mostly by the step alone, so that short inputs make long runs.
                let made = [step, packets as u8, 0, step, packets as u8, high].map(|b| b & 0x3f);
                let made = match step & 15 {
                    7 => packet(&mut input),
                    _ => packet(&mut Input(&made)),
                };
                let Some(packet) = made else {
                    break;
                };
                let time = clock.step(high);
                let Disposition::Sequenced {
                    core,
                    prefix_bytes: bytes,
                    ..
                } = sequencer.sequence(&packet, time, &mut prefix)
                else {
                    continue;
                };
                frame.clear();
                frame.extend_from_slice(&prefix[..bytes]);
                frame.extend_from_slice(&packet);
                (prefix_bytes, queue) = (bytes, run.queue(core));
            }
            8 if high == 0 => {
                sequencer.reset();
                continue;
            }
            8 if high == 1 => {
                let (cores, rows) = (input.byte().unwrap_or(0), input.byte().unwrap_or(0));
                let _ = sequencer.configure(config(cores, rows));
                continue;
            }
            9 => {
                match high {
                    0..5 => run.declare_dead(u16::from(high))?,
                    _ => run.resize(high % places as u8 + 1),
                }
                continue;
            }
            10 | 11 => {
                run.send(burst)?;
                burst = run.burst()?;
                continue;
            }
            _ => {
                run.poll(usize::from(high));
                continue;
            }
        }
        let batch = batch(&mut burst);
        let (path, at) = (
            Path::Sequenced {
                prefix_bytes: prefix_bytes as u16,
            },
            batch.len(),
        );
        if high < 3 {
            continue;
        }
        packets += 1;
        let info = PacketInfo {
            index: packets,
            timestamp: scr_capture::Timestamp::new(1, 0),
            original_len: frame.len() as u32,
        };
        batch.push(info, path, queue, &[&frame]);
        match high {
            3 => batch.faults_mut(at).fate = Fate::Lost,
            4 | 5 => {
                let (place, value) = (input.byte().unwrap_or(0), input.byte().unwrap_or(0));
                let place = usize::from(place);
                let bytes = batch.bytes_mut(at);
                match bytes.get_mut(if high == 4 { place % 16 } else { place }) {
                    Some(byte) if wild => *byte = value,
                    // It is invalid, or only its packet is another.
                    Some(byte) if high == 5 && place >= prefix_bytes => *byte = value,
                    _ => bytes.iter_mut().skip(12).take(1).for_each(|byte| *byte = 0),
                }
            }
            6 => batch.truncate(at, usize::from(input.byte().unwrap_or(0))),
            7 => {
                batch.duplicate(at);
                copies += 1;
            }
            8 if run.membership.members().count() > 1 => {
                batch.faults_mut(at).worker = Some(WorkerFault::Crash)
            }
            _ => {}
        }
        if batch.is_full() {
            run.send(burst)?;
            burst = run.burst()?;
        }
    }
    run.send(burst)?;

    // All queues are left, and all come to their end.
    run.links.leave_workers();
    run.until(|run| run.membership.have_all_ended(&run.links).then_some(()))?;
    let Run {
        mut tasks,
        links,
        membership,
        workers,
        outcomes,
        ..
    } = run;
    drop(links);
    let egress = tasks.last_mut().and_then(Option::as_mut);
    if let Some(egress) = egress {
        let ended = (0..STILL).any(|_| egress.poll() == Poll::Finished);
        assert!(ended, "the egress waits for ever");
    }
    let outcomes = outcomes.try_recv().expect("the egress ended");
    let (failover, members) = membership.into_report();
    let report = &outcomes.report;
    assert!(outcomes.failure.is_none());
    assert_eq!((report.packets, report.sequenced), (packets, packets));
    assert_eq!(report.tombstones.iter().count(), failover.died.len());
    let with_workers: u64 = report.tombstones.iter().map(|(_, frames)| frames).sum();
    let rejected: u64 = report.rejected.iter().sum();
    let lost = report.frames_lost + with_workers + report.overtaken;
    let decided = report.pass + report.drop;
    assert_eq!(decided + lost + rejected, packets + copies);
    assert_eq!(report.taken.iter().sum::<u64>(), decided);

    let finished: Vec<_> = workers.try_iter().collect();
    let unrecovered: u64 = finished
        .iter()
        .map(|worker| worker.counters.rows_unrecovered)
        .sum();
    let nobody_died = failover.died.is_empty();
    assert!(!nobody_died || unrecovered == 0, "given up without need");
    let states = finished
        .iter()
        .filter(|worker| members.has(worker.core))
        .filter_map(|worker| worker.state.as_ref());
    assert_eq!(states.clone().count(), members.count());
    if !wild && unrecovered == 0 {
        assert!(
            outcomes.judgement.mismatch.is_none(),
            "{:?}",
            outcomes.judgement.mismatch
        );
        let reference = outcomes.judgement.reference.as_ref();
        for state in states {
            assert!(Some(state) == reference, "not the single thread's state");
        }
    }
    Ok(())
}

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    if let (Some(name), Some(profile)) = (input.byte(), input.byte()) {
        let (selected, profile) = function(name, profile);
        selected.with(profile, Drive(input, profile)).unwrap();
    }
});
