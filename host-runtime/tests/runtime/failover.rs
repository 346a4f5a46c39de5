//! Workers that die, leave and join while traffic goes on: no state is lost, and every frame is accounted for.

use std::collections::VecDeque;
use std::time::Duration;

use crate::support::{
    Function, REWRITING, Ran, Setup, accounted, fault, functions, packet, plans, run,
    seeded_faults, source, traffic, try_device,
};
use proptest::prelude::*;
use scr_nic::{BoxError, FrameSink, Model, Nic, NicReport, SteeringMap};
use scr_runtime::device::{
    Batch, Device, DeviceError, Fault, FrameInfo, Inject, Injected, NicDevice, Observer, Ranges,
    ReplayDevice, Select, Tap,
};
use scr_runtime::membership::{Cause, Plan};
use scr_runtime::{Outputs, ReplayConfig, ReplayError, replay};
use scr_wire::{Config, Frame, Profile, Sequencer, Timestamp};

/// As all runs, and nothing was given up.
fn check(ran: &Ran) {
    accounted(ran);
    let report = &ran.report;
    assert_eq!(report.loss.rows_unrecovered, 0);
    let by_worker: u64 = report.failover.died.iter().map(|d| d.frames_lost).sum();
    assert_eq!(by_worker, report.loss.frames_lost_with_workers);
}

/// The options of the functions that rewrite fit the traffic here.
#[test]
fn functions_that_rewrite_do_and_evict() {
    for function in REWRITING {
        let packets = traffic(3000);
        let ran = run(&Setup::of(function, 3), &packets);
        check(&ran);
        let original = |index: u64| packets[index as usize - 1].bytes();
        assert!(
            ran.out
                .iter()
                .all(|(index, bytes)| *bytes != original(*index))
        );
        assert!(ran.out.len() > 1000);
        // Of 55 connections of 11 hosts.
        let entries = ran.state["entries"].as_array().unwrap();
        assert!(entries.len() < 20, "{entries:?}");
    }
}

#[test]
fn a_crash_loses_the_frames_in_the_queue_and_nothing_else() {
    let plain: [Function; 3] = ["heavy-hitter", "port-knock", "conntrack"].map(|nf| (nf, &[][..]));
    for function in plain.into_iter().chain(REWRITING) {
        let mut setup = Setup::of(function, 4);
        setup.faults = vec![fault("crash@core=2:300")];
        let ran = run(&setup, &traffic(3000));
        check(&ran);
        let [death] = &ran.report.failover.died[..] else {
            panic!("{:?}", ran.report.failover);
        };
        assert_eq!((death.core, death.cause), (2, Cause::Crash));
        // At least the frame that it crashed at; at most what was in circulation.
        let most = (setup.batches as u64 + 1) * setup.batch_frames as u64;
        assert!(
            (1..=most).contains(&death.frames_lost),
            "{}",
            death.frames_lost
        );
        let [resteering] = &ran.report.failover.resteerings[..] else {
            panic!("{:?}", ran.report.failover);
        };
        assert_eq!(
            (resteering.cores, &resteering.queues[..]),
            (3, &[0, 1, 3][..])
        );
        assert!((302..302 + 4 * most).contains(&resteering.seq.unwrap()));
        // It took what came for it before, and nothing after.
        assert!((70..=75).contains(&ran.report.per_core[2].frames));
        assert!(ran.report.per_core[3].frames > 800);
    }
}

#[test]
fn whoever_stands_still_for_long_is_left_behind() {
    let mut setup = Setup::new("heavy-hitter", 3);
    setup.stall_timeout = Duration::from_millis(500);
    setup.faults = vec![fault("stall=600000@core=1:100")];
    let ran = run(&setup, &traffic(2000));
    check(&ran);
    assert_eq!(ran.report.failover.died.len(), 1);
    assert_eq!(ran.report.failover.died[0].cause, Cause::Stall);
    assert_eq!(ran.report.failover.resteerings[0].cores, 2);

    // A worker that comes back finds out that it was declared dead, and does no harm.
    setup.faults = vec![fault("stall=1500@core=1:100"), fault("lose@rate=0.1")];
    let ran = run(&setup, &traffic(20_000));
    check(&ran);
    assert_eq!(ran.report.failover.died.len(), 1);
}

/// A device that takes its time, so that there is traffic left for those that come back.
struct Slow<D>(D);

impl<D: Device> Device for Slow<D> {
    fn receive(&mut self, batch: &mut Batch) -> Result<bool, DeviceError> {
        std::thread::sleep(Duration::from_millis(1));
        self.0.receive(batch)
    }

    fn resteer(&mut self, map: &SteeringMap, batch: &mut Batch) -> Result<bool, DeviceError> {
        self.0.resteer(map, batch)
    }

    fn report(&self) -> NicReport {
        self.0.report()
    }
}

impl<D: ReplayDevice> ReplayDevice for Slow<D> {
    fn hold_before(&mut self, count: Option<u64>) {
        self.0.hold_before(count);
    }

    fn is_held(&self) -> bool {
        self.0.is_held()
    }

    fn lost(&self) -> Option<&Ranges> {
        self.0.lost()
    }

    fn injected(&self) -> Injected {
        self.0.injected()
    }
}

fn run_slowly(setup: &Setup, packets: u32) -> Ran {
    let model = Model::new(setup.profile, 64, Config::new(setup.cores, setup.words)).unwrap();
    let device = NicDevice::new(source(&traffic(packets)), model);
    let mut device = Slow(Inject::new(device, setup.faults.clone()));
    try_device(setup, &mut device).unwrap()
}

#[test]
fn whoever_was_only_slow_joins_again() {
    let plain: [Function; 3] = ["heavy-hitter", "port-knock", "conntrack"].map(|nf| (nf, &[][..]));
    for function in plain.into_iter().chain(REWRITING) {
        let mut setup = Setup::of(function, 3);
        setup.stall_timeout = Duration::from_millis(40);
        setup.faults = vec![fault("stall=150@core=1:100"), fault("lose@rate=0.05")];
        let ran = run_slowly(&setup, 4000);
        check(&ran);
        assert_eq!(ran.report.failover.died[0].cause, Cause::Stall);
        let resteerings = &ran.report.failover.resteerings;
        assert_eq!(
            (resteerings[0].cores, resteerings[1].cores),
            (2, 3),
            "{resteerings:?}"
        );
        assert_eq!(resteerings[1].joined, [1]);
        assert!(ran.report.per_core[1].frames > 500);

        setup.rejoin = false;
        let ran = run_slowly(&setup, 4000);
        check(&ran);
        assert_eq!(ran.report.failover.resteerings.len(), 1);
    }
}

#[test]
fn one_may_be_slow_again_and_again() {
    let mut setup = Setup::new("conntrack", 3);
    setup.stall_timeout = Duration::from_millis(40);
    setup.faults = [
        "stall=120@core=1:100",
        "stall=120@core=1:2500",
        "stall=120@core=0:200",
        "lose@rate=0.05",
    ]
    .map(fault)
    .to_vec();
    let ran = run_slowly(&setup, 5000);
    check(&ran);
    let resteerings = &ran.report.failover.resteerings;
    assert!(ran.report.failover.died.len() >= 2, "{resteerings:?}");
    assert_eq!(resteerings.last().unwrap().cores, 3);
}

#[test]
fn more_than_are_wanted_do_not_come_back() {
    let mut setup = Setup::new("heavy-hitter", 3);
    setup.stall_timeout = Duration::from_millis(40);
    setup.faults = vec![fault("stall=300@core=1:100")];
    // While it is away, two are enough.
    setup.plan = "150:2".parse().unwrap();
    let ran = run_slowly(&setup, 4500);
    check(&ran);
    assert_eq!(ran.report.failover.died.len(), 1);
    let resteerings = &ran.report.failover.resteerings;
    assert!(
        resteerings
            .iter()
            .all(|resteering| resteering.joined.is_empty()),
        "{resteerings:?}"
    );
}

#[test]
fn whoever_stands_still_for_a_moment_is_waited_for() {
    let mut setup = Setup::new("heavy-hitter", 3);
    setup.faults = vec![fault("stall=30@core=1:100"), fault("stall=20@core=0:200")];
    let ran = run(&setup, &traffic(1000));
    check(&ran);
    assert!(ran.report.failover.is_empty());
    assert_eq!(ran.report.injected["stalled"], 2);
    assert_eq!(ran.report.verdicts.pass, 1000);
}

#[test]
fn one_after_the_other_may_die() {
    let mut setup = Setup::new("heavy-hitter", 4);
    setup.faults = ["crash@core=0:100", "crash@core=3:500", "crash@core=1:900"]
        .map(fault)
        .to_vec();
    let ran = run(&setup, &traffic(2000));
    check(&ran);
    assert_eq!(ran.report.failover.died.len(), 3);
    assert_eq!(ran.report.failover.resteerings.last().unwrap().queues, [2]);

    setup.faults.push(fault("crash@core=2:1500"));
    let device = NicDevice::new(
        source(&traffic(2000)),
        Model::new(setup.profile, 64, Config::new(4, setup.words)).unwrap(),
    );
    let error = try_device(&setup, &mut Inject::new(device, setup.faults.clone())).unwrap_err();
    assert!(
        matches!(error, ReplayError::NoWorkerLeft { packets } if packets >= 1500),
        "{error}"
    );
}

#[test]
fn the_only_worker_cannot_be_spared() {
    let mut setup = Setup::new("heavy-hitter", 1);
    setup.faults = vec![fault("crash@core=0:10")];
    let device = NicDevice::new(
        source(&traffic(200)),
        Model::new(setup.profile, 64, Config::new(1, 1)).unwrap(),
    );
    let error = try_device(&setup, &mut Inject::new(device, setup.faults.clone())).unwrap_err();
    assert!(matches!(error, ReplayError::NoWorkerLeft { .. }), "{error}");
}

/// Header and queue of each frame that the NIC sent.
#[derive(Default)]
struct Headers(Vec<(u64, u8, u16)>, Option<Profile>);

impl Observer for Headers {
    fn frame(&mut self, info: &FrameInfo, bytes: &[u8]) -> Result<(), BoxError> {
        if let Some(profile) = &self.1
            && info.path.is_sequenced()
        {
            let header = *Frame::parse(bytes, profile)?.header();
            self.0.push((header.seq.get(), header.cores, info.queue));
        }
        Ok(())
    }
}

/// The golden sequencer behind a queue, as hardware has one: packets stay inside until others follow.
struct Deep {
    model: Model,
    depth: usize,
    inside: VecDeque<(Vec<u8>, Timestamp)>,
}

impl Deep {
    fn give(&mut self, out: &mut dyn FrameSink) -> Result<(), BoxError> {
        match self.inside.pop_front() {
            Some((packet, time)) => self.model.offer(&packet, time, out),
            None => Ok(()),
        }
    }
}

impl Nic for Deep {
    fn offer(
        &mut self,
        packet: &[u8],
        time: Timestamp,
        out: &mut dyn FrameSink,
    ) -> Result<(), BoxError> {
        self.inside.push_back((packet.to_vec(), time));
        if self.inside.len() > self.depth {
            self.give(out)?;
        }
        Ok(())
    }

    fn flush(&mut self, out: &mut dyn FrameSink) -> Result<(), BoxError> {
        while !self.inside.is_empty() {
            self.give(out)?;
        }
        Ok(())
    }

    fn numbers(&self, packet: &[u8]) -> bool {
        self.model.numbers(packet)
    }

    fn resteer(&mut self, map: &SteeringMap) -> Result<bool, BoxError> {
        self.model.resteer(map)
    }

    fn report(&self) -> NicReport {
        self.model.report()
    }
}

#[test]
fn the_cores_change_at_the_planned_number() {
    for depth in [0, 1, 7, 40] {
        changes_at_the_planned_number(depth);
    }
}

fn changes_at_the_planned_number(depth: usize) {
    let mut setup = Setup::new("conntrack", 3);
    setup.words = 6;
    let plan: Plan = "100:5,101:2,2500:4,3000:1,3001:5".parse().unwrap();
    let config = ReplayConfig {
        plan: plan.clone(),
        batch_frames: 16,
        ..ReplayConfig::new(
            scr_nf::Selected::new::<&str>("conntrack", &[]).unwrap(),
            setup.profile,
            3,
            6,
        )
    };
    // Between the frames some that are not sequenced.
    let mut packets = traffic(6000);
    for n in (0..packets.len()).step_by(9) {
        packets[n].kind = crate::support::Kind::Arp;
    }
    let nic = Deep {
        model: Model::new(setup.profile, 64, Config::new(3, 6)).unwrap(),
        depth,
        inside: VecDeque::new(),
    };
    let mut headers = Headers(vec![], Some(*setup.profile));
    let device = Tap::new(NicDevice::new(source(&packets), nic), &mut headers);
    // The first frame of a resteering may be one whose number cannot be read.
    let mut device = Inject::new(device, vec![fault("corrupt@2500-2502")]);
    let report = replay(&config, &mut device, Outputs::default(), &mut |_| {}).unwrap();
    assert_eq!(report.verified, Some(true), "{:?}", report.mismatch);
    assert!(report.replicas_agree);
    let resteerings: Vec<_> = report
        .failover
        .resteerings
        .iter()
        .map(|t| (t.seq.unwrap(), t.cores))
        .collect();
    assert_eq!(
        resteerings,
        [(100, 5), (101, 2), (2500, 4), (3000, 1), (3001, 5)],
        "depth {depth}"
    );
    assert_eq!(report.failover.resteerings[0].joined, [3, 4]);
    assert_eq!(report.failover.resteerings[4].joined, [1, 2, 3, 4]);
    for &(seq, cores, queue) in &headers.0 {
        let expected = plan
            .resizes()
            .iter()
            .rev()
            .find(|r| r.seq <= seq)
            .map_or(3, |r| r.cores);
        assert_eq!(cores, expected, "seq {seq}");
        assert!(queue < 5);
    }
    // All five take part at the end.
    let last: Vec<u16> = headers.0.iter().rev().take(5).map(|h| h.2).collect();
    assert_eq!((0..5).filter(|queue| last.contains(queue)).count(), 5);
}

#[test]
fn who_is_to_crash_at_a_frame_that_is_lost_crashes_at_its_next_one() {
    let mut setup = Setup::new("heavy-hitter", 4);
    setup.faults = vec![fault("crash@core=2:300"), fault("lose@290-310")];
    let ran = run(&setup, &traffic(3000));
    check(&ran);
    assert_eq!(ran.report.failover.died.len(), 1);
    assert_eq!(ran.report.injected["crashed"], 1);
    // From a certain number on it gets none.
    setup.faults = vec![fault("crash@core=2:300"), fault("lose@core=2:300-9999")];
    let ran = run(&setup, &traffic(3000));
    check(&ran);
    assert!(ran.report.failover.died.is_empty());
    assert!(!ran.report.injected.contains_key("crashed"));
}

#[test]
fn a_place_can_be_used_again() {
    let mut setup = Setup::new("port-knock", 3);
    setup.faults = vec![
        fault("crash@core=1:200"),
        fault("crash@core=0:1000"),
        fault("lose@rate=0.05"),
    ];
    setup.plan = "3000:3".parse().unwrap();
    let ran = run(&setup, &traffic(6000));
    check(&ran);
    let resteering = ran.report.failover.resteerings.last().unwrap();
    assert_eq!(
        (resteering.seq, resteering.cores, &resteering.joined[..]),
        (Some(3000), 3, &[0, 1][..])
    );
    assert!(ran.report.per_core.iter().all(|core| core.frames > 900));
}

#[test]
fn whoever_crashes_on_its_way_out_is_fenced_before_its_place_is_used_again() {
    let mut setup = Setup::new("heavy-hitter", 4);
    (setup.batch_frames, setup.batches) = (40, 8);
    // They meet their last frames when the receive loop knows already that they leave, and joins follow at once.
    setup.plan = "300:1,310:4".parse().unwrap();
    setup.faults = vec![
        fault("crash@core=1:290"),
        fault("crash@core=2:295"),
        fault("lose@rate=0.1"),
    ];
    for _ in 0..30 {
        let ran = run(&setup, &traffic(1500));
        check(&ran);
        let failover = &ran.report.failover;
        assert_eq!(failover.died.len(), 2, "{failover:?}");
        assert_eq!(ran.report.failover.resteerings.last().unwrap().cores, 4);
    }
}

#[test]
fn a_device_that_cannot_turn_goes_on_without_the_dead() {
    let setup = Setup::new("heavy-hitter", 3);
    let batch = crate::support::frames(&setup, &traffic(1000));
    let prepared = (0..batch.len())
        .map(|i| {
            let info = &batch.frames()[i];
            (info.path, info.queue, batch.bytes(i).to_vec())
        })
        .collect();
    let device = crate::support::Prepared(prepared, 0);
    let mut device = Inject::new(device, vec![fault("crash@core=1:500")]);
    let ran = try_device(&setup, &mut device).unwrap();
    check(&ran);
    assert!(ran.report.failover.resteerings.is_empty());
    assert_eq!(ran.report.loss.frames_lost_with_workers, 167);
    assert_eq!(ran.report.loss.rows_lost_everywhere, 0);
}

#[test]
fn damaged_frames_are_counted_and_change_nothing() {
    let mut setup = Setup::new("heavy-hitter", 4);
    setup.faults = [
        "lose@burst=0.002x9",
        "truncate=30@rate=0.02",
        "corrupt@rate=0.02",
        "duplicate@rate=0.02",
        "lose@core=1:400-900",
    ]
    .map(fault)
    .to_vec();
    let ran = run(&setup, &traffic(4000));
    check(&ran);
    assert!(ran.report.loss.frames_lost > 100);
    let injected = &ran.report.injected;
    assert!(
        injected.values().all(|&count| count > 20) && injected.len() == 3,
        "{injected:?}"
    );
}

fn faults() -> impl Strategy<Value = Vec<Fault>> {
    let one = prop_oneof![
        2 => (0u16..6, 0u64..1500).prop_map(|(core, seq)| format!("crash@core={core}:{seq}")),
        1 => (0u16..6, 0u64..1500, 1u32..25).prop_map(|(core, seq, ms)| format!("stall={ms}@core={core}:{seq}")),
        2 => (0.0f64..0.3).prop_map(|p| format!("lose@rate={p}")),
        1 => (0.0f64..0.01, 1u32..40).prop_map(|(p, n)| format!("lose@burst={p}x{n}")),
        1 => (0u16..6, 0u64..1000, 0u64..400).prop_map(|(core, from, n)| format!("lose@core={core}:{from}-{}", from + n)),
        1 => (0.0f64..0.1).prop_map(|p| format!("corrupt@rate={p}")),
        1 => (0.0f64..0.1, 0u32..200).prop_map(|(p, n)| format!("truncate={n}@rate={p}")),
        1 => (0.0f64..0.1).prop_map(|p| format!("duplicate@rate={p}")),
    ];
    seeded_faults(one, 0..5)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    /// Whatever happens to workers and frames: as long as one worker is left, replicas and verdicts equal the single
    /// thread over the surviving rows.
    #[test]
    fn the_theorem_holds_through_deaths_and_changes(
        (function, cores, words) in (functions(), 1u8..=6, 0u8..4),
        faults in faults(),
        plan in plans(0..5),
        packets in proptest::collection::vec(packet(), 0..2000),
        (batch_frames, batches, threads, impatient) in (1usize..40, 2usize..6, 1usize..5, any::<bool>()),
        first_seq in prop_oneof![Just(0u64), Just((1 << 40) - 700)],
    ) {
        let mut setup = Setup::of(function, cores);
        let most = plan.most_cores(cores);
        let fewest = scr_wire::Geometry::fewest_words(setup.profile, most.into()).unwrap();
        setup.words = fewest.prefix_words() + words;
        setup.faults = faults;
        setup.plan = plan;
        (setup.batch_frames, setup.batches, setup.threads, setup.first_seq) = (batch_frames, batches, threads, first_seq);
        if impatient {
            // Some that only pause are declared dead, and some of them while they go on again.
            setup.stall_timeout = Duration::from_millis(10);
        }
        let mut sequencer = Sequencer::new(setup.profile, setup.history, Config::new(cores, setup.words)).unwrap();
        sequencer.set_next_seq(scr_wire::Seq::new(first_seq));
        let device = NicDevice::new(source(&packets), Model::from_sequencer(sequencer));
        match try_device(&setup, &mut Inject::new(device, setup.faults.clone())) {
            Ok(ran) => check(&ran),
            Err(ReplayError::NoWorkerLeft { .. }) => {
                let deadly = setup.faults.iter().filter(|f| matches!(f.which, Select::First { .. })).count();
                prop_assert!(impatient || deadly >= 1);
            }
            Err(error) => prop_assert!(false, "{error}"),
        }
    }
}
