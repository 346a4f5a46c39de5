//! Frames that no sequencer would send.

use crate::support::{Packet, Prepared, Setup, frames, functions, packet, run_device};
use proptest::prelude::*;
use scr_nf::{NetworkFunction, Selected, Visitor};
use scr_runtime::EventLevel;
use scr_runtime::device::{Frames, MemorySource, Path};
use scr_runtime::recovery::Peers;
use scr_runtime::worker::{Outcome, Output, Worker, WorkerConfig};
use scr_wire::{Config, Seq, Sequencer, Timestamp, profile};

struct Fuzz<'a>(&'a [Vec<u8>]);

impl Visitor for Fuzz<'_> {
    type Output = ();

    fn visit<F: NetworkFunction>(self, function: F) {
        let config = WorkerConfig {
            core: 0,
            profile: profile::FLOW,
            first_seq: Seq::ZERO,
            max_rows: 255,
            log: None,
            peers: Peers::of(0, &[]),
            events: EventLevel::State,
        };
        let mut worker = Worker::new(function, config);
        let mut out = Output::default();
        for bytes in self.0 {
            let before = worker.state().clone();
            let rows = worker.counters().rows_applied;
            match worker.handle(bytes, &mut out) {
                Ok(Outcome::Rejected(_)) => {
                    assert!(before == *worker.state());
                    assert_eq!(rows, worker.counters().rows_applied);
                }
                Ok(Outcome::Verdict(_)) => {
                    assert!(rows < worker.counters().rows_applied);
                }
                Ok(Outcome::Overtaken) => panic!("nobody to take over from"),
                Err(_) => panic!("nobody to wait for"),
            }
        }
    }
}

/// Valid frames for these setups, then damaged: bytes changed, cut off, repeated, or nothing but noise.
fn damaged(
    setups: impl Strategy<Value = Setup>,
    most: usize,
) -> impl Strategy<Value = (Setup, Vec<Vec<u8>>)> {
    let damage = prop_oneof![
        Just(vec![]),
        proptest::collection::vec((0usize..140, any::<u8>()), 1..4),
        proptest::collection::vec((0usize..16, any::<u8>()), 1..3),
    ];
    let frame = (
        damage,
        prop_oneof![4 => Just(usize::MAX), 1 => 0usize..200],
        any::<bool>(),
    );
    let noise = proptest::collection::vec(any::<u8>(), 0..200);
    (
        setups,
        proptest::collection::vec(packet(), 1..most),
        proptest::collection::vec(frame, most),
        proptest::collection::vec(noise, 0..4),
    )
        .prop_map(|(setup, packets, damages, noise)| {
            let batch = frames(&setup, &packets);
            let mut out = noise;
            for (i, (damage, cut, twice)) in (0..batch.len()).zip(damages) {
                let mut bytes = batch.bytes(i).to_vec();
                for (at, value) in damage {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte = value;
                    }
                }
                bytes.truncate(cut);
                if twice {
                    out.push(bytes.clone());
                }
                out.push(bytes);
            }
            (setup, out)
        })
}

/// What a run of hostile frames varies in.
fn setups() -> impl Strategy<Value = Setup> {
    (
        (functions(), 2u8..=5, 0u8..3),
        prop_oneof![Just(None), (1usize..100).prop_map(Some)],
        (1usize..40, 2usize..6, 1usize..5),
        prop_oneof![2 => Just(255u8), 1 => 1u8..4],
    )
        .prop_map(
            |((function, cores, words), log_rows, (batch_frames, batches, threads), max_rows)| {
                let base = Setup::of(function, cores);
                Setup {
                    words: base.words + words,
                    log_rows,
                    batch_frames,
                    batches,
                    threads,
                    max_rows,
                    ..base
                }
            },
        )
}

proptest! {
    #[test]
    fn a_worker_survives_anything((_, frames) in damaged(Just(Setup::new("heavy-hitter", 3)), 60)) {
        for nf in ["ddos", "heavy-hitter", "port-knock"] {
            let selected = Selected::new(nf, &["capacity=8"]).unwrap();
            selected.with(&profile::FLOW, Fuzz(&frames)).unwrap();
        }
    }

    /// Frames that are valid after all may bring replicas apart; every frame is in one count all the same.
    #[test]
    fn a_whole_run_survives_anything((setup, frames) in damaged(setups(), 200)) {
        let mut source = MemorySource::default();
        for frame in &frames {
            source.push(frame);
        }
        let report = run_device(&setup, &mut Frames::new(source, setup.cores.into())).report;
        let rejected: u64 = report.rejected.values().sum();
        let decided = report.verdicts.pass + report.verdicts.drop;
        prop_assert_eq!(report.packets, frames.len() as u64);
        prop_assert_eq!(report.sequenced, decided + rejected + report.loss.frames_overtaken);
        let taken: u64 = report.per_core.iter().map(|core| core.frames).sum();
        prop_assert_eq!(taken, decided);
    }
}

#[test]
fn disorder_and_bad_frames_are_counted() {
    let packets: Vec<_> = (0..9).map(|n| Packet::tcp(n, 100, 2)).collect();
    let setup = Setup::new("heavy-hitter", 3);
    let batch = frames(&setup, &packets);
    let path = batch.frames()[0].path;
    let frame = |i: usize| (path, batch.frames()[i].queue, batch.bytes(i).to_vec());
    let mut bad = frame(4);
    bad.2[1] = 9;
    let order = vec![
        frame(0),
        frame(1),
        frame(1),
        frame(2),
        frame(3),
        bad,
        frame(5),
        frame(4),
        frame(6),
        frame(7),
    ];
    let ran = run_device(&setup, &mut Prepared(order, 0));
    assert_eq!(ran.report.verified, Some(true), "{:?}", ran.report.mismatch);
    let rejected: Vec<_> = ran
        .report
        .rejected
        .iter()
        .map(|(&name, &n)| (name, n))
        .collect();
    assert_eq!(rejected, [("out_of_order", 2), ("version", 1)]);
    assert_eq!(ran.report.verdicts.pass, 7);
    assert_eq!(ran.report.loss.rows_lost_everywhere, 0);
}

/// Frames of a sequencer that is reset, disabled and reconfigured in mid-traffic.
#[test]
fn epochs_and_reconfigurations_keep_the_state() {
    let mut sequencer = Sequencer::new(&profile::FLOW, 64, Config::new(3, 1)).unwrap();
    let mut prefix = [0; scr_wire::MAX_PREFIX_BYTES];
    let mut order = vec![];
    for n in 0..2000u32 {
        match n {
            500 | 501 | 1700 => sequencer.reset(),
            800 => sequencer.configure(Config::new(2, 3)).unwrap(),
            1200 => sequencer.configure(Config::new(4, 2)).unwrap(),
            _ => {}
        }
        let bytes = Packet::tcp(n as u8 % 11, 100, 2).bytes();
        let time = Timestamp::default();
        let scr_wire::Disposition::Sequenced {
            core, prefix_bytes, ..
        } = sequencer.sequence(&bytes, time, &mut prefix)
        else {
            panic!("IP is sequenced");
        };
        let path = Path::Sequenced {
            prefix_bytes: prefix_bytes as u16,
        };
        // Losses at the very seams, and a burst.
        if !matches!(
            n,
            498 | 499 | 502 | 799 | 800 | 1000..=1020 | 1199 | 1200 | 1201
        ) {
            order.push((
                path,
                u16::from(core),
                [&prefix[..prefix_bytes], &bytes].concat(),
            ));
        }
    }
    let given = order.len() as u64;
    for (batch_frames, threads) in [(1, 2), (7, 1), (128, 4)] {
        let mut setup = Setup::new("heavy-hitter", 4);
        setup.batch_frames = batch_frames;
        setup.threads = threads;
        let ran = run_device(&setup, &mut Prepared(order.clone(), 0));
        assert_eq!(ran.report.verified, Some(true), "{:?}", ran.report.mismatch);
        assert!(ran.report.replicas_agree);
        assert_eq!(ran.report.verdicts.pass, given);
        assert!(ran.report.rejected.is_empty());
    }
}

#[test]
fn jumps_in_the_numbers_are_taken_at_once() {
    let packets: Vec<_> = (0..6).map(|n| Packet::tcp(n, 100, 2)).collect();
    let setup = Setup::new("heavy-hitter", 2);
    let batch = frames(&setup, &packets);
    let path = batch.frames()[0].path;
    let mut order = vec![];
    for i in 0..6 {
        let mut bytes = batch.bytes(i).to_vec();
        bytes[7] = [0, 0, 0, 0x30, 0x60, 0x90][i];
        order.push((path, batch.frames()[i].queue, bytes));
    }
    let ran = run_device(&setup, &mut Prepared(order, 0));
    assert!(ran.report.replicas_agree);
    assert_eq!(ran.report.verified, Some(true), "{:?}", ran.report.mismatch);
    assert!(ran.report.loss.rows_lost_everywhere > 0x8f << 32);
}

#[test]
fn a_queue_without_worker_is_an_error() {
    let packets = [Packet::tcp(1, 100, 2)];
    let setup = Setup::new("heavy-hitter", 2);
    let batch = frames(&setup, &packets);
    let order = vec![(batch.frames()[0].path, 7, batch.bytes(0).to_vec())];
    let function = Selected::new::<&str>("heavy-hitter", &[]).unwrap();
    let config = scr_runtime::ReplayConfig::new(function, &profile::FLOW, 2, 1);
    let error = scr_runtime::replay(
        &config,
        &mut Prepared(order, 0),
        Default::default(),
        &mut |_| {},
    );
    let text = error.unwrap_err().to_string();
    assert_eq!(
        text,
        "packet 1: its frame was steered to queue 7, but there are 2 workers"
    );
}

/// One core gets other rows than its peers: nothing in the frame gives that away, so the comparison must.
#[test]
fn a_replica_that_went_astray_is_found() {
    let packets: Vec<_> = (0..12).map(|n| Packet::tcp(n / 4, 100, 2)).collect();
    let mut setup = Setup::new("ddos", 2);
    setup.options = vec!["threshold=3".to_owned()];
    let batch = frames(&setup, &packets);
    let mut order = vec![];
    for i in 0..batch.len() {
        let info = batch.frames()[i];
        let mut bytes = batch.bytes(i).to_vec();
        if i == 3 {
            bytes[16 + 4 + 3] = 99; // the row of packet 3, as packet 4 has it
        }
        order.push((info.path, info.queue, bytes));
    }
    let report = run_device(&setup, &mut Prepared(order, 0)).report;
    assert!(!report.replicas_agree && !report.is_good());
    assert_eq!(report.verified, Some(false));
    assert_eq!(
        report.mismatch.unwrap().to_string(),
        "packet 4 (seq 3): core 1 says pass, the single thread says drop"
    );
}
