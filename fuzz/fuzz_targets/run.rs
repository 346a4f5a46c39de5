//! Several workers with logs, peers and snapshot board, dispatcher and egress, on one thread: the input says not only which
//! frames there are, but also who is called when, who dies, leaves and joins. Nobody panics and nobody waits for ever;
//! every frame is in one count; and as long as every frame that the format takes is one that the sequencer sent, replicas
//! and verdicts equal the single thread's, unless somebody died and rows are said to be unrecovered.
#![no_main]

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};

use scr_nic::{BoxError};
use scr_nf::{NetworkFunction, Visitor};
use libfuzzer_sys::fuzz_target;
use rtrb::{Consumer, Producer, RingBuffer};
use scr_fuzz::{Clock, Input, function, packet};
use scr_runtime::device::{Fate, PacketInfo, Path, WorkerFault};
use scr_runtime::dispatch::{Dispatcher, Entry, Message, Burst};
use scr_runtime::egress::{Burial, Egress, EgressConfig, Outcomes};
use scr_runtime::failover::{Members, Roster};
use scr_runtime::recovery::{Log, Peers};
use scr_runtime::verify::{Ledger, Reference};
use scr_runtime::worker::board::SnapshotBoard;
use scr_runtime::worker::task::{Spec, Finished, Queues, WorkerTask};
use scr_runtime::worker::threads::{Poll, Task};
use scr_runtime::worker::{IDLE_SLACK, Snapshot};
use scr_runtime::{EventLevel, PacketSink};
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

/// What a run varies in.
struct Setup<'a> {
    profile: &'a Profile,
    places: usize,
    batches: usize,
    frames: usize,
    first_seq: Seq,
    max_rows: u8,
    log_rows: Option<usize>,
    events: EventLevel,
}

/// A run's parts, and what the feed does, but for its waiting.
struct Run<S> {
    queues: Vec<Producer<Message<S>>>,
    egress: Option<Producer<Arc<Burst>>>,
    burials: Sender<Burial>,
    free: Consumer<Arc<Burst>>,
    logs: Vec<Arc<Log>>,
    board: Arc<SnapshotBoard<S>>,
    roster: Arc<Roster>,
    dispatcher: Dispatcher,
    /// The worker tasks, in the order of places, and the egress.
    tasks: Vec<Option<Box<dyn Task>>>,
    frames: usize,
    members: Members,
    leaving: Members,
    fallen: Members,
    asked: Option<(u16, Receiver<Box<Snapshot<S>>>)>,
    serial: u64,
    sent: u64,
    died: bool,
    workers: Receiver<Finished<S>>,
    outcomes: Receiver<Outcomes<S>>,
}

impl<S: Clone + Send + 'static> Run<S> {
    fn new<F: NetworkFunction<State = S>>(function: &F, setup: &Setup) -> Self {
        let &Setup {
            profile,
            places,
            batches,
            frames,
            first_seq,
            max_rows,
            ..
        } = setup;
        let circulating = batches * frames;
        let long =
            2 * circulating + frames + 2 * scr_wire::geometry::MAX_VALID_ROWS + IDLE_SLACK as usize;
        let log_rows = setup.log_rows.unwrap_or(long);
        let (logs, writers): (Vec<_>, Vec<_>) = (0..places)
            .map(|_| Log::new(log_rows, profile.row_bytes()))
            .unzip();
        let board = Arc::new(SnapshotBoard::new(places, setup.log_rows.is_some()));
        let roster = Arc::new(Roster::new(places));
        let (worker_results, workers) = mpsc::channel();
        let (results, outcomes) = mpsc::channel();
        let (burials, deaths) = mpsc::channel();
        let (mut queues, mut lanes) = (vec![], vec![]);
        let mut tasks: Vec<Option<Box<dyn Task>>> = vec![];
        for (core, log) in (0..).zip(writers) {
            let (queue, items) = RingBuffer::new(batches + 4);
            let (done, finished) = RingBuffer::new(batches);
            let (spare, used) = RingBuffer::new(batches);
            let spec = Spec {
                core,
                profile: *profile,
                first_seq,
                max_rows,
                peers: Peers::of(core, &logs),
                events: setup.events,
                board: Some(Arc::clone(&board)),
            };
            let place = Queues {
                items,
                done,
                spare: used,
            };
            let roster = Arc::clone(&roster);
            let results = worker_results.clone();
            let task = WorkerTask::new(
                function.clone(),
                spec,
                Some(log),
                place,
                roster,
                results,
            );
            tasks.push(Some(Box::new(task.occupied())));
            queues.push(queue);
            lanes.push((finished, spare));
        }
        let (mut fresh, free) = RingBuffer::new(batches);
        for _ in 0..batches {
            let burst = Arc::new(Burst::new(places, frames));
            fresh.push(burst).expect("there is room for these");
        }
        let (egress, bursts) = RingBuffer::new(batches);
        tasks.push(Some(Box::new(Egress::new(EgressConfig {
            loads: bursts,
            lanes,
            burials: deaths,
            free: fresh,
            window: circulating,
            profile: *profile,
            reference: Some(Reference::new(function.clone(), profile)),
            ledger: Ledger::new(first_seq, max_rows),
            packets: Some(Box::new(InOrder(0))),
            events: Some(Box::new(std::io::sink())),
            halt: Arc::default(),
            results,
        }))));
        Self {
            queues,
            egress: Some(egress),
            burials,
            free,
            logs,
            board,
            roster,
            dispatcher: Dispatcher::new(profile, places, first_seq, max_rows),
            tasks,
            frames,
            members: Members::first(places),
            leaving: Members::default(),
            fallen: Members::default(),
            asked: None,
            serial: 0,
            sent: 0,
            died: false,
            workers,
            outcomes,
        }
    }

    /// Calls a task.
    fn poll(&mut self, task: usize) -> Poll {
        let places = self.tasks.len();
        let task = &mut self.tasks[task % places];
        let poll = task.as_mut().map_or(Poll::Idle, |task| task.poll());
        if poll == Poll::Finished {
            *task = None;
        }
        poll
    }

    /// Calls all tasks in turn until `ready` gives something.
    fn until<T>(&mut self, mut ready: impl FnMut(&mut Self) -> Option<T>) -> Result<T, AllDead> {
        let mut still = 0;
        loop {
            self.look()?;
            if let Some(ready) = ready(self) {
                return Ok(ready);
            }
            let busy = (0..self.tasks.len())
                .fold(false, |busy, task| busy | (self.poll(task) != Poll::Idle));
            still = if busy { 0 } else { still + 1 };
            assert!(still < STILL, "they wait for ever");
        }
    }

    /// Sees who is gone.
    fn look(&mut self) -> Result<(), AllDead> {
        let places = self.members.iter().chain(self.leaving.iter());
        let gone: Members = places.filter(|&place| self.is_vacant(place)).collect();
        for place in gone.iter() {
            if self.leaving.has(place) && self.logs[usize::from(place)].extent().fenced {
                self.leaving.remove(place);
            } else {
                self.bury(place)?;
            }
        }
        Ok(())
    }

    fn is_vacant(&self, place: u16) -> bool {
        self.roster.get(place).is_some_and(|p| p.is_vacant())
    }

    /// Declares a worker dead, whether it is or not.
    fn bury(&mut self, place: u16) -> Result<(), AllDead> {
        self.died = true;
        let position = self.logs[usize::from(place)].fence();
        self.leaving.remove(place);
        self.members.remove(place);
        self.fallen.add(place);
        let burial = Burial {
            place,
            before: self.serial,
            position,
        };
        self.burials.send(burial).expect("the egress is there");
        match self.members.count() {
            0 => Err(AllDead),
            _ => Ok(()),
        }
    }

    fn leave(&mut self, place: u16) {
        if self.members.count() > 1
            && self.members.has(place)
            && self.queues[usize::from(place)].push(Message::Leave).is_ok()
        {
            self.members.remove(place);
            self.leaving.add(place);
        }
    }

    /// Asks a member for its replica.
    fn ask(&mut self) {
        let members = self.members;
        let asked = self.asked.as_ref();
        if asked.is_some_and(|&(donor, _)| members.has(donor)) {
            return;
        }
        let (to, answer) = mpsc::channel();
        if let Some(donor) = members.iter().next()
            && self.queues[usize::from(donor)].push(Message::Lend(to)).is_ok()
        {
            self.asked = Some((donor, answer));
        }
    }

    /// A worker joins at a vacant place, if a replica is there.
    fn join(&mut self, place: u16) -> Result<(), AllDead> {
        let queue = &self.queues[usize::from(place)];
        let empty = queue.slots() == queue.buffer().capacity();
        if self.members.has(place) || !self.is_vacant(place) || !empty {
            return Ok(());
        }
        let answer = self.asked.as_ref();
        let Some(snapshot) = answer.and_then(|(_, answer)| answer.try_recv().ok()) else {
            self.ask();
            return Ok(());
        };
        self.asked = None;
        if snapshot.barrier() != 2 * self.dispatcher.barriers() {
            return Ok(());
        }
        self.look()?;
        let log = &self.logs[usize::from(place)];
        if let Some(sign) = self.roster.get(place) {
            sign.occupy();
        }
        let opened = snapshot.position().max(log.extent().watermark);
        let died = self.fallen.remove(place);
        let from = if died { opened } else { snapshot.position() };
        self.board.join(from);
        log.open(opened, snapshot.barrier());
        self.members.add(place);
        let entry = Entry {
            snapshot: *snapshot,
            sent: self.dispatcher.sent(),
        };
        let joined = self.queues[usize::from(place)].push(Message::Join(Box::new(entry)));
        assert!(joined.is_ok(), "nothing else is in the queue");
        Ok(())
    }

    /// An empty burst, as soon as there is one.
    fn empty_burst(&mut self) -> Result<Burst, AllDead> {
        let burst = self.until(|run| run.free.pop().ok())?;
        // Who was declared dead and does not know may still have it.
        let mut burst =
            Arc::try_unwrap(burst).unwrap_or_else(|_| Burst::new(self.queues.len(), self.frames));
        burst.clear();
        Ok(burst)
    }

    fn send(&mut self, mut burst: Burst) -> Result<(), AllDead> {
        self.look()?;
        burst.serial = self.serial;
        burst.first = self.sent;
        burst.members = self.members;
        let prepared = self.dispatcher.prepare(&mut burst);
        prepared.expect("every queue has a place");
        self.serial += 1;
        self.sent += burst.batch.len() as u64;
        let burst = Arc::new(burst);
        for place in self.members.iter() {
            let item = Message::Burst(Arc::clone(&burst));
            let sent = self.queues[usize::from(place)].push(item);
            assert!(sent.is_ok(), "there is room for every burst");
        }
        let egress = self.egress.as_mut().expect("there is more to come");
        assert!(egress.push(burst).is_ok(), "there is room for every burst");
        Ok(())
    }
}

/// Feeds a run what the input says.
struct Feed<'a>(Input<'a>, &'a Profile);

impl Visitor for Feed<'_> {
    type Output = ();

    fn visit<F: NetworkFunction>(self, function: F) {
        let Self(input, profile) = self;
        // Where all are dead there is nothing to say.
        let _ = feed(function, input, profile);
    }
}

fn feed<F: NetworkFunction>(
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
    let setup = Setup {
        profile,
        places,
        batches: usize::from(size >> 2) % 3 + 2,
        frames: usize::from(size >> 4) + 1,
        first_seq: sequencer.next_seq(),
        max_rows: if setting & 16 == 0 { 255 } else { rows % 16 },
        log_rows: (log_rows & 3 != 0).then_some(usize::from(log_rows >> 2) + 1),
        events: [
            EventLevel::Off,
            EventLevel::Recovery,
            EventLevel::State,
            EventLevel::Off,
        ][usize::from(setting & 3)],
    };
    let mut run = Run::new(&function, &setup);
    let mut clock = Clock::default();
    let mut prefix = [0; MAX_PREFIX_BYTES];
    let (mut frame, mut prefix_bytes, mut queue) = (Vec::new(), 0, 0);
    let (mut packets, mut copies) = (0, 0);
    let mut burst = run.empty_burst()?;
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
                (prefix_bytes, queue) = (bytes, u16::from(core) % places as u16);
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
                let place = u16::from(high) % places as u16;
                match high / 5 {
                    0 if run.members.count() > 1 && run.members.has(place) => run.bury(place)?,
                    1 => run.leave(place),
                    _ => run.join(place)?,
                }
                continue;
            }
            10 | 11 => {
                run.send(burst)?;
                burst = run.empty_burst()?;
                continue;
            }
            _ => {
                run.poll(usize::from(high));
                continue;
            }
        }
        let batch = &mut burst.batch;
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
            8 if run.members.count() > 1 => batch.faults_mut(at).worker = Some(WorkerFault::Crash),
            _ => {}
        }
        if batch.is_full() {
            run.send(burst)?;
            burst = run.empty_burst()?;
        }
    }
    run.send(burst)?;

    // All queues are left, and all come to their end.
    run.queues.clear();
    run.until(|run| {
        let ended = |place| run.tasks[usize::from(place)].is_none() && !run.is_vacant(place);
        run.members.iter().all(ended).then_some(())
    })?;
    run.egress = None;
    let egress = run.tasks.len() - 1;
    run.until(|run| run.tasks[egress].is_none().then_some(()))?;
    let outcomes = run.outcomes.try_recv().expect("the egress ended");
    let report = &outcomes.report;
    assert!(outcomes.failure.is_none());
    assert_eq!((report.packets, report.sequenced), (packets, packets));
    let with_workers: u64 = report.burials.iter().map(|(_, frames)| frames).sum();
    let rejected: u64 = report.rejected.iter().sum();
    let lost = report.frames_lost + with_workers + report.overtaken;
    let decided = report.pass + report.drop;
    assert_eq!(decided + lost + rejected, packets + copies);
    assert_eq!(report.taken.iter().sum::<u64>(), decided);

    let finished: Vec<_> = run.workers.try_iter().collect();
    let unrecovered: u64 = finished
        .iter()
        .map(|worker| worker.counters.rows_unrecovered)
        .sum();
    assert!(run.died || unrecovered == 0, "given up without need");
    let states = finished
        .iter()
        .filter(|worker| run.members.has(worker.core))
        .filter_map(|worker| worker.state.as_ref());
    assert_eq!(states.clone().count(), run.members.count());
    if !wild && unrecovered == 0 {
        assert!(report.mismatch.is_none(), "{:?}", report.mismatch);
        let reference = outcomes.reference.as_ref();
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
        selected.with(profile, Feed(input, profile)).unwrap();
    }
});
