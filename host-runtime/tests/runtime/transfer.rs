//! Workers that fall behind further than logs reach, and take over a peer's replica.

use std::time::Duration;

use crate::support::{
    Function, REWRITING, Ran, Setup, accounted, fault, functions, packet, plans, run,
    seeded_faults, source, traffic, try_device,
};
use proptest::prelude::*;
use scr_nic::Model;
use scr_runtime::ReplayError;
use scr_runtime::device::{Fault, Inject, NicDevice};
use scr_wire::{Config, Seq, Sequencer};

/// As all runs, and what was taken over is told.
fn check(ran: &Ran) {
    accounted(ran);
    let report = &ran.report;
    let events = |name| ran.events.iter().filter(|e| e["event"] == name).count() as u64;
    if report.failover.died.is_empty() {
        // Frames lost with a worker have no events.
        assert_eq!(events("frame-overtaken"), report.loss.frames_overtaken);
    }
    assert!(events("state-transfer") <= report.loss.state_transfers);
}

/// A worker stands still while its peers go on until nothing circulates any more, and finds a hole when it comes back.
fn behind(function: Function, cores: u8) -> Setup {
    let mut setup = Setup::of(function, cores);
    (setup.batch_frames, setup.batches) = (64, 8);
    setup.log_rows = Some(32);
    setup.faults = vec![fault("stall=60@core=1:200"), fault("lose@core=1:205-230")];
    setup
}

#[test]
fn who_is_behind_takes_over_a_replica() {
    let plain = ["heavy-hitter", "port-knock", "conntrack", "token-bucket"];
    let plain: [Function; 4] = plain.map(|nf| (nf, &[][..]));
    for function in plain.into_iter().chain(REWRITING) {
        for cores in [2, 4, 7] {
            let ran = run(&behind(function, cores), &traffic(3000));
            check(&ran);
            let loss = &ran.report.loss;
            assert!(
                loss.state_transfers >= 1 && loss.frames_overtaken >= 1,
                "{loss:?}"
            );
            assert_eq!(loss.rows_unrecovered, 0);
            let event = ran.events.iter().find(|e| e["event"] == "state-transfer");
            let event = event.expect("it is told");
            assert_ne!(event["core"], event["peer"]);
        }
    }
}

#[test]
fn logs_that_reach_far_enough_cost_no_verdict() {
    let mut setup = behind(("heavy-hitter", &[]), 4);
    setup.log_rows = None;
    let ran = run(&setup, &traffic(3000));
    check(&ran);
    assert_eq!(ran.report.loss.state_transfers, 0);
    assert_eq!(ran.report.loss.frames_overtaken, 0);
}

#[test]
fn several_may_be_behind_at_once() {
    let mut setup = behind(("conntrack", &[]), 5);
    setup.faults = vec![
        fault("stall=60@core=1:200"),
        fault("stall=60@core=2:200"),
        fault("stall=90@core=4:450"),
        fault("lose@core=1:205-230"),
        fault("lose@core=2:205-230"),
        fault("lose@core=4:460-500"),
    ];
    let ran = run(&setup, &traffic(3000));
    check(&ran);
    assert!(
        ran.report.loss.state_transfers >= 3,
        "{:?}",
        ran.report.loss
    );
}

#[test]
fn in_the_drain_at_the_end_no_frame_is_left_to_be_overtaken() {
    let mut setup = Setup::new("heavy-hitter", 3);
    (setup.batch_frames, setup.batches) = (64, 8);
    setup.log_rows = Some(8);
    // Too few for the worker to ask while it is idle, more than the logs hold.
    setup.faults = vec![fault("lose@core=2:880-1000")];
    let ran = run(&setup, &traffic(1000));
    check(&ran);
    let loss = &ran.report.loss;
    assert!(loss.state_transfers >= 1, "{loss:?}");
}

#[test]
fn whom_everybody_needs_may_die_meanwhile() {
    let mut setup = behind(("heavy-hitter", &[]), 4);
    setup.stall_timeout = Duration::from_millis(20);
    setup.faults = vec![
        fault("stall=15@core=1:200"),
        fault("lose@core=1:205-230"),
        fault("crash@core=0:700"),
        fault("stall=600000@core=3:650"),
    ];
    for _ in 0..20 {
        check(&run(&setup, &traffic(3000)));
    }
}

fn faults() -> impl Strategy<Value = Vec<Fault>> {
    let one = prop_oneof![
        3 => (0u16..6, 0u64..1500, 1u32..12).prop_map(|(core, seq, ms)| format!("stall={ms}@core={core}:{seq}")),
        3 => (0.0f64..0.3).prop_map(|p| format!("lose@rate={p}")),
        2 => (0.0f64..0.01, 1u32..40).prop_map(|(p, n)| format!("lose@burst={p}x{n}")),
        2 => (0u16..6, 0u64..1000, 0u64..400).prop_map(|(core, from, n)| format!("lose@core={core}:{from}-{}", from + n)),
        1 => (0.0f64..0.1).prop_map(|p| format!("duplicate@rate={p}")),
    ];
    seeded_faults(one, 0..6)
}

/// What a run with short logs varies in.
fn setups() -> impl Strategy<Value = Setup> {
    (
        (functions(), 2u8..=6, 0u8..4, 1usize..200),
        (faults(), plans(0..3)),
        (1usize..80, 2usize..10, 1usize..5),
        prop_oneof![Just(0u64), Just((1 << 40) - 700)],
    )
        .prop_map(
            |(
                (function, cores, words, log_rows),
                (faults, plan),
                (batch_frames, batches, threads),
                first_seq,
            )| {
                let base = Setup::of(function, cores);
                let most = plan.most_cores(cores);
                let fewest = scr_wire::Geometry::fewest_words(base.profile, most.into()).unwrap();
                Setup {
                    words: fewest.prefix_words() + words,
                    faults,
                    plan,
                    log_rows: Some(log_rows),
                    batch_frames,
                    batches,
                    threads,
                    first_seq,
                    ..base
                }
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// However short the logs: as long as nobody dies, replicas equal the single thread over the surviving rows, and so
    /// do the verdicts of all frames that were not overtaken.
    #[test]
    fn logs_of_any_length_will_do(
        setup in setups(),
        packets in proptest::collection::vec(packet(), 0..2000),
    ) {
        let ran = run(&setup, &packets);
        check(&ran);
        prop_assert_eq!(ran.report.loss.rows_unrecovered, 0);
    }

    /// With workers that die, too, unless they were the last that had a row; that is said.
    #[test]
    fn and_who_is_asked_may_die(
        mut setup in setups(),
        deaths in proptest::collection::vec((0u16..6, 0u64..1500), 1..4),
        packets in proptest::collection::vec(packet(), 0..2000),
    ) {
        for (core, seq) in deaths {
            setup.faults.push(fault(&format!("crash@core={core}:{seq}")));
        }
        // Some of those that only pause are declared dead, and come back.
        setup.stall_timeout = Duration::from_millis(8);
        let mut sequencer = Sequencer::new(setup.profile, setup.history, Config::new(setup.cores, setup.words)).unwrap();
        sequencer.set_next_seq(Seq::new(setup.first_seq));
        let device = NicDevice::new(source(&packets), Model::from_sequencer(sequencer));
        match try_device(&setup, &mut Inject::new(device, setup.faults.clone())) {
            Ok(ran) if ran.report.loss.rows_unrecovered == 0 => check(&ran),
            Ok(ran) => prop_assert!(!ran.report.failover.died.is_empty()),
            Err(ReplayError::NoWorkerLeft { .. }) => {}
            Err(error) => prop_assert!(false, "{error}"),
        }
    }
}
