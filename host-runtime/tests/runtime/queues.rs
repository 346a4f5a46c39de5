//! Workers on queues of their own, which are filled differently far: replicas and verdicts equal the single thread's.
//!
//! Nobody sees all frames in order here: each queue's frames are put in at random moments, all of one queue before any of
//! another, or by threads of their own. Frames are lost before they come to a queue.

use std::collections::VecDeque;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::support::{Function, Packet, REWRITING, functions, packet, traffic};
use proptest::prelude::*;
use rtrb::{Consumer, Producer, RingBuffer};
use scr_nf::{NetworkFunction, Selected, Verdict, Visitor};
use scr_runtime::EventLevel;
use scr_runtime::device::{Batch, PacketInfo, Path};
use scr_runtime::membership::Heartbeats;
use scr_runtime::recovery::{Log, Peers};
use scr_runtime::worker::board::SnapshotBoard;
use scr_runtime::worker::source::own::{Handled, OwnQueue};
use scr_runtime::worker::task::{Finished, Spec, WorkerTask};
use scr_runtime::worker::threads::{self, Poll, Task};
use scr_runtime::worker::{Counters, Outcome, Output, Reason};
use scr_wire::{Config, Disposition, Frame, Geometry, MAX_PREFIX_BYTES, Profile, Seq, Sequencer};

/// A frame that the sequencer sent.
#[derive(Clone, Debug)]
struct Sent {
    queue: usize,
    bytes: Vec<u8>,
    prefix_bytes: u16,
    lost: bool,
    /// Rows that a worker takes from it.
    rows: usize,
}

/// A run: what is sent, and how workers are equipped.
#[derive(Clone, Debug)]
struct Case {
    function: Function,
    cores: u8,
    /// Most rows of a frame.
    rows: usize,
    first_seq: u64,
    packets: Vec<Packet>,
    /// Packets before which the sequencer is reset.
    resets: Vec<usize>,
    /// Packets before which k changes.
    resizes: Vec<(usize, u8)>,
    losses: Losses,
    /// Rows of each log; for all rows there are where there is none.
    log_rows: Option<usize>,
    burst: usize,
    /// Who does something next: even numbers fill a queue, odd ones call a worker.
    schedule: Vec<u8>,
}

/// Which frames are lost.
#[derive(Clone, Debug, Default)]
struct Losses {
    /// Stretches of all frames.
    all: Vec<(usize, usize)>,
    /// Stretches of one queue's frames.
    one: Vec<(usize, usize, usize)>,
    /// Of so many frames one, by a seed.
    some: Option<(u32, u64)>,
}

impl Losses {
    fn cover(&self, number: usize, queue: usize) -> bool {
        let within = |start: usize, len: usize| (start..start + len).contains(&number);
        let some = self.some.is_some_and(|(chance, seed)| {
            let mixed = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15 ^ seed);
            (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40
                < (1 << 24) / u64::from(chance)
        });
        some || self.all.iter().any(|&(start, len)| within(start, len))
            || self
                .one
                .iter()
                .any(|&(q, start, len)| q == queue && within(start, len))
    }
}

impl Case {
    fn new(function: Function, cores: u8, packets: Vec<Packet>) -> Self {
        Self {
            function,
            cores,
            rows: cores.into(),
            first_seq: 0,
            packets,
            resets: vec![],
            resizes: vec![],
            losses: Losses::default(),
            log_rows: None,
            burst: 5,
            schedule: vec![],
        }
    }

    fn profile(&self) -> &'static Profile {
        let (name, options) = self.function;
        Selected::new(name, options).unwrap().smallest_profile()
    }

    fn send(&self) -> Vec<Sent> {
        let profile = self.profile();
        let words = Geometry::fewest_words(profile, self.rows)
            .unwrap()
            .prefix_words();
        let mut sequencer = Sequencer::new(profile, 256, Config::new(self.cores, words)).unwrap();
        sequencer.set_next_seq(Seq::new(self.first_seq));
        let mut prefix = [0; MAX_PREFIX_BYTES];
        let mut sent = Vec::new();
        for (n, packet) in self.packets.iter().enumerate() {
            if self.resets.contains(&n) {
                sequencer.reset();
            }
            if let Some(&(_, cores)) = self.resizes.iter().find(|&&(at, _)| at == n) {
                sequencer
                    .configure(Config::new(cores.min(self.cores), words))
                    .unwrap();
            }
            let packet = packet.bytes();
            let time = scr_wire::Timestamp {
                seconds: 1,
                nanos: n as u32 * 1000,
            };
            let Disposition::Sequenced {
                core, prefix_bytes, ..
            } = sequencer.sequence(&packet, time, &mut prefix)
            else {
                continue;
            };
            let bytes = [&prefix[..prefix_bytes], &packet].concat();
            let valid = Frame::parse(&bytes, profile).unwrap().header().valid_rows;
            let queue = usize::from(core);
            sent.push(Sent {
                queue,
                lost: self.losses.cover(sent.len(), queue),
                prefix_bytes: prefix_bytes as u16,
                rows: usize::from(valid).min(self.rows),
                bytes,
            });
        }
        sent
    }
}

/// What is due of the frames of each queue: its verdict, and the packet where that is rewritten.
type Due = Vec<Vec<(Verdict, Vec<u8>)>>;

/// The single thread over the rows that survive.
fn single_thread<F: NetworkFunction>(function: &F, case: &Case, sent: &[Sent]) -> (F::State, Due) {
    let mut survives = vec![false; sent.len()];
    for (number, frame) in sent.iter().enumerate().filter(|(_, frame)| !frame.lost) {
        survives[number + 1 - frame.rows..=number].fill(true);
    }
    let mut state = function.new_state();
    let mut due = vec![Vec::new(); case.cores.into()];
    for (frame, _) in sent.iter().zip(survives).filter(|&(_, survives)| survives) {
        let parsed = Frame::parse(&frame.bytes, case.profile()).unwrap();
        let effect = function.apply(&mut state, parsed.row(0).unwrap());
        let mut rewritten = Vec::new();
        let verdict = function.verdict(effect, parsed.packet(), &mut rewritten);
        if !frame.lost {
            due[frame.queue].push((verdict, rewritten));
        }
    }
    (state, due)
}

/// The far end of a worker's queue.
struct Nic {
    frames: VecDeque<Sent>,
    queue: Option<Producer<Box<Batch>>>,
    done: Consumer<Handled>,
    spare: Producer<Output>,
    /// What became of the frames.
    outcomes: Vec<(Outcome, Vec<u8>)>,
}

impl Nic {
    /// Puts up to `count` frames into the queue, and closes it behind the last one.
    fn fill(&mut self, count: usize) {
        self.collect();
        let Some(queue) = &mut self.queue else {
            return;
        };
        if count > 0 && !self.frames.is_empty() {
            let mut batch = Box::new(Batch::default());
            for frame in self.frames.drain(..count.min(self.frames.len())) {
                let info = PacketInfo {
                    index: 1,
                    timestamp: scr_capture::Timestamp::new(1, 0),
                    original_len: 0,
                };
                let path = Path::Sequenced {
                    prefix_bytes: frame.prefix_bytes,
                };
                batch.push(info, path, frame.queue as u16, &[&frame.bytes]);
            }
            assert!(queue.push(batch).is_ok(), "there is room for all");
        }
        if self.frames.is_empty() {
            self.queue = None;
        }
    }

    /// Takes back what the worker has handed on.
    fn collect(&mut self) {
        while let Ok(Handled { frames, output }) = self.done.pop() {
            assert_eq!(output.outcomes.len(), frames.len());
            let mut ends = output.rewritten_ends.iter();
            let mut start = 0;
            for &outcome in &output.outcomes {
                let mut rewritten = Vec::new();
                if outcome == Outcome::Verdict(Verdict::Rewrite) {
                    let end = *ends.next().unwrap() as usize;
                    rewritten = output.rewritten[start..end].to_vec();
                    start = end;
                }
                self.outcomes.push((outcome, rewritten));
            }
            let _ = self.spare.push(output);
        }
    }
}

/// All parts of a run.
struct Run<F: NetworkFunction> {
    tasks: Vec<WorkerTask<F, OwnQueue>>,
    nics: Vec<Nic>,
    finished: Receiver<Finished<F::State>>,
}

impl<F: NetworkFunction> Run<F> {
    fn new(function: &F, case: &Case, sent: &[Sent]) -> Self {
        let cores = usize::from(case.cores);
        let profile = *case.profile();
        let len = case.log_rows.unwrap_or(sent.len() + 600);
        let (logs, mut writers): (Vec<_>, Vec<_>) = (0..if cores > 1 { cores } else { 0 })
            .map(|_| Log::new(len, profile.row_bytes()))
            .unzip();
        let board = Arc::new(SnapshotBoard::new(cores, case.log_rows.is_some()));
        let heartbeats = Arc::new(Heartbeats::new(cores));
        let (results, finished) = mpsc::channel();
        let (mut tasks, mut nics) = (vec![], vec![]);
        for core in (0..cores).rev() {
            let frames = sent
                .iter()
                .filter(|frame| !frame.lost && frame.queue == core);
            let frames: VecDeque<Sent> = frames.cloned().collect();
            let (queue, bursts) = RingBuffer::new(frames.len() + 1);
            let (handled, done) = RingBuffer::new(frames.len() + 1);
            let (spare, used) = RingBuffer::new(4);
            let spec = Spec {
                core: core as u16,
                profile,
                first_seq: Seq::new(case.first_seq),
                max_rows: case.rows as u8,
                peers: Peers::of(core as u16, &logs),
                events: EventLevel::Recovery,
                board: (cores > 1).then(|| Arc::clone(&board)),
            };
            let own = OwnQueue {
                bursts,
                done: handled,
                spare: used,
                epoch: 0,
            };
            let (heartbeats, results) = (Arc::clone(&heartbeats), results.clone());
            let task = WorkerTask::new(
                function.clone(),
                spec,
                writers.pop(),
                own,
                heartbeats,
                results,
            );
            tasks.push(task.occupied());
            nics.push(Nic {
                frames,
                queue: Some(queue),
                done,
                spare,
                outcomes: vec![],
            });
        }
        tasks.reverse();
        nics.reverse();
        Self {
            tasks,
            nics,
            finished,
        }
    }

    /// Lets the schedule say who does something, and then finishes queue after queue.
    fn poll(&mut self, case: &Case) {
        let cores = self.tasks.len();
        let mut live: Vec<bool> = vec![true; cores];
        let mut poll = |tasks: &mut Vec<WorkerTask<F, OwnQueue>>, core: usize| {
            let poll = if live[core] {
                tasks[core].poll()
            } else {
                Poll::Idle
            };
            live[core] &= poll != Poll::Finished;
            (poll != Poll::Idle, live.contains(&true))
        };
        for step in &case.schedule {
            let core = usize::from(step >> 4) % cores;
            match (step & 1, step >> 1 & 7) {
                (0, count) => self.nics[core].fill(case.burst * usize::from(count)),
                (_, calls) => (0..=calls).for_each(|_| _ = poll(&mut self.tasks, core)),
            }
        }
        let first = usize::from(case.schedule.first().copied().unwrap_or(0));
        for queue in (0..cores).map(|n| (n + first) % cores) {
            while self.nics[queue].queue.is_some() {
                self.nics[queue].fill(case.burst);
                for _ in 0..3 {
                    poll(&mut self.tasks, queue);
                }
            }
        }
        let mut still = 0;
        loop {
            let mut busy = false;
            for core in 0..cores {
                let (did, any) = poll(&mut self.tasks, core);
                if !any {
                    return;
                }
                busy |= did;
            }
            still = if busy { 0 } else { still + 1 };
            assert!(still < 1000, "everybody waits for ever");
        }
    }

    /// The same with a thread for each worker and each queue.
    fn run_threads(&mut self, case: &Case) {
        let stop = threads::StopFlag::default();
        let nics = std::mem::take(&mut self.nics);
        let nics: Vec<Mutex<Nic>> = nics.into_iter().map(Mutex::new).collect();
        thread::scope(|scope| {
            for task in self.tasks.drain(..) {
                let stop = &stop;
                scope.spawn(move || threads::serve(vec![Box::new(task)], stop));
            }
            for (nic, salt) in nics.iter().zip(1usize..) {
                scope.spawn(move || {
                    let mut nic = nic.lock().unwrap();
                    let mut pauses = case.schedule.iter().cycle().skip(salt);
                    while nic.queue.is_some() {
                        let pause = pauses.next().copied().unwrap_or(7);
                        nic.fill(case.burst * usize::from(pause % 4).max(1));
                        if pause % 5 == 0 {
                            thread::sleep(Duration::from_micros(u64::from(pause) * salt as u64));
                        }
                    }
                });
            }
        });
        self.nics = nics
            .into_iter()
            .map(|nic| nic.into_inner().unwrap())
            .collect();
    }

    /// Every verdict and every replica is the single thread's. What the workers counted, together.
    fn check(&mut self, function: &F, case: &Case, sent: &[Sent]) -> (Counters, usize) {
        let (state, due) = single_thread(function, case, sent);
        let (mut total, mut overtaken) = (Counters::default(), 0);
        for (core, (nic, due)) in self.nics.iter_mut().zip(due).enumerate() {
            nic.collect();
            assert_eq!(nic.outcomes.len(), due.len(), "frames of core {core}");
            for (at, ((got, rewritten), (verdict, bytes))) in
                nic.outcomes.iter().zip(&due).enumerate()
            {
                match got {
                    Outcome::Overtaken => overtaken += 1,
                    _ => assert_eq!(
                        (got, rewritten),
                        (&Outcome::Verdict(*verdict), bytes),
                        "frame {at} of core {core}"
                    ),
                }
            }
        }
        let finished: Vec<_> = self.finished.try_iter().collect();
        assert_eq!(finished.len(), usize::from(case.cores));
        for worker in finished {
            assert!(
                worker.state.as_ref() == Some(&state),
                "replica of core {}",
                worker.core
            );
            total.rows_from_logs += worker.counters.rows_from_logs;
            total.rows_lost_everywhere += worker.counters.rows_lost_everywhere;
            total.rows_unrecovered += worker.counters.rows_unrecovered;
            total.state_transfers += worker.counters.state_transfers;
        }
        assert_eq!(total.rows_unrecovered, 0);
        if case.log_rows.is_none() {
            assert_eq!(
                (total.state_transfers, overtaken),
                (0, 0),
                "logs hold everything"
            );
        }
        (total, overtaken)
    }
}

/// Runs a case, polled or on threads.
struct Try<'a> {
    case: &'a Case,
    threads: bool,
}

impl Visitor for Try<'_> {
    type Output = (Counters, usize);

    fn visit<F: NetworkFunction>(self, function: F) -> (Counters, usize) {
        let sent = self.case.send();
        let mut run = Run::new(&function, self.case, &sent);
        if self.threads {
            run.run_threads(self.case);
        } else {
            run.poll(self.case);
        }
        run.check(&function, self.case, &sent)
    }
}

fn check(case: &Case, threads: bool) -> (Counters, usize) {
    let (name, options) = case.function;
    let selected = Selected::new(name, options).unwrap();
    selected
        .with(case.profile(), Try { case, threads })
        .unwrap()
}

fn cases() -> impl Strategy<Value = Case> {
    let resets = proptest::collection::vec(0usize..500, 0..3);
    let resizes = proptest::collection::vec((0usize..500, 1u8..=6), 0..3);
    let losses = (
        proptest::collection::vec((0usize..500, 1usize..60), 0..3),
        proptest::collection::vec((0usize..6, 0usize..500, 1usize..500), 0..4),
        proptest::option::of((2u32..40, any::<u64>())),
    );
    (
        (functions(), 1u8..=6, 0.0f64..3.0),
        prop_oneof![Just(0u64), (1u64..400).prop_map(|n| (1 << 40) - n)],
        proptest::collection::vec(packet(), 0..500),
        (resets, resizes, losses),
        (proptest::option::of(1usize..200), 1usize..20),
        proptest::collection::vec(any::<u8>(), 0..400),
    )
        .prop_map(
            |(
                (function, cores, more),
                first_seq,
                packets,
                (resets, resizes, (all, one, some)),
                (log_rows, burst),
                schedule,
            )| Case {
                rows: usize::from(cores) + (more * f64::from(cores)) as usize,
                first_seq,
                resets,
                resizes,
                losses: Losses { all, one, some },
                log_rows,
                burst,
                schedule,
                ..Case::new(function, cores, packets)
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    /// However far queues are filled, and whoever is called when.
    #[test]
    fn queues_may_be_filled_differently_far(case in cases()) {
        check(&case, false);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    /// The same as threads come about.
    #[test]
    fn workers_and_queues_on_threads(case in cases()) {
        check(&case, true);
    }
}

#[test]
fn one_queue_is_read_to_its_end_before_the_others_begin() {
    let plain: [Function; 3] = [
        ("conntrack", &[]),
        ("heavy-hitter", &[]),
        ("port-knock", &[]),
    ];
    for function in plain.into_iter().chain(REWRITING) {
        for cores in [2, 3, 7] {
            for threads in [false, true] {
                let case = Case {
                    resets: vec![400, 401, 900],
                    ..Case::new(function, cores, traffic(1500))
                };
                let (total, _) = check(&case, threads);
                assert_eq!(total.rows_lost_everywhere, 0);
            }
        }
    }
}

#[test]
fn a_queue_without_frames_holds_nobody_up() {
    let losses = Losses {
        one: vec![(1, 0, usize::MAX / 2)],
        some: Some((10, 7)),
        ..Losses::default()
    };
    for log_rows in [None, Some(30)] {
        let case = Case {
            resets: vec![300, 600],
            losses: losses.clone(),
            log_rows,
            ..Case::new(("conntrack", &[]), 4, traffic(1000))
        };
        check(&case, false);
        check(&case, true);
    }
}

/// More frames than a hole may be long, with a gap in one queue or in all.
fn far_apart(one: Vec<(usize, usize, usize)>, all: Vec<(usize, usize)>) -> (Counters, usize) {
    let case = Case {
        losses: Losses {
            one,
            all,
            some: None,
        },
        log_rows: Some(300),
        burst: 100,
        ..Case::new(("heavy-hitter", &[]), 2, traffic(70_000))
    };
    check(&case, false)
}

#[test]
fn who_is_far_behind_does_not_take_it_for_a_jump() {
    let (total, overtaken) = far_apart(vec![(1, 100, 69_000)], vec![]);
    assert!(total.state_transfers > 0 && overtaken > 0);
    // Where everybody lacks the rows there is nothing to take over.
    let (total, overtaken) = far_apart(vec![], vec![(100, 69_000)]);
    assert_eq!((total.rows_lost_everywhere > 130_000, overtaken), (true, 0));
}

#[test]
fn frames_with_fewer_rows_than_agreed_are_rejected() {
    let profile = Case::new(("ddos", &[]), 1, vec![]).profile();
    let mut case = Case::new(("ddos", &[]), 1, traffic(10));
    case.rows = Geometry::new(profile, 1).unwrap().rows();
    let mut sent = case.send();
    // The agreement is for more.
    case.rows += 1;
    struct Reject<'a>(&'a Case, &'a [Sent]);
    impl Visitor for Reject<'_> {
        type Output = Vec<Outcome>;
        fn visit<F: NetworkFunction>(self, function: F) -> Vec<Outcome> {
            let mut run = Run::new(&function, self.0, self.1);
            run.poll(self.0);
            run.nics[0].collect();
            run.nics[0]
                .outcomes
                .iter()
                .map(|(outcome, _)| *outcome)
                .collect()
        }
    }
    let selected = Selected::new("ddos", &[] as &[&str]).unwrap();
    // Noise is noise.
    sent[3].bytes.truncate(20);
    let outcomes = selected.with(profile, Reject(&case, &sent)).unwrap();
    assert_eq!(outcomes.len(), 10);
    for (at, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Outcome::Rejected(Reason::TooFewRows) => assert_ne!(at, 3),
            Outcome::Rejected(Reason::Invalid(_)) => assert_eq!(at, 3),
            other => panic!("{other:?}"),
        }
    }
}
