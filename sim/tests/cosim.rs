//! The cosimulation finds what it is there to find, and nothing else: on the software stand-in with and without
//! faults, and on a Verilator model.

mod common;

use proptest::prelude::*;
use scr_hdl::Dut;
use scr_sim::build::TraceFormat;
use scr_sim::cosim::{
    self, CosimConfig, CosimReport, Mismatch, MismatchKind, Plan, Setting, Step, TestPacket,
    keep_evidence, lockstep, random_packets, strategies,
};
use scr_sim::software::{Fault, LATENCY_CYCLES, SoftwareSequencer};
use scr_sim::stream::{Pattern, Settings, Signal, Violation};
use scr_wire::{Config, Geometry, Profile, profile};

fn settings(profile: &Profile, cores: u8) -> Settings {
    let geometry = Geometry::fewest_words(profile, cores.into()).unwrap();
    Settings::new(Config::new(cores, geometry.prefix_words()))
}

fn config(profile: &Profile, history: usize) -> CosimConfig {
    CosimConfig::new(*profile, history, LATENCY_CYCLES, settings(profile, 3))
}

fn plan(config: &CosimConfig, packets: usize) -> Plan {
    Plan {
        packets,
        profile: config.profile,
        history: config.history,
        max_cores: 16,
        max_queue: 511,
        settings: config.settings.clone(),
        change_every: 0,
        reset_every: 0,
        drain_every: 0,
        words_per_beat: 1,
    }
}

fn run(
    faults: &[Fault],
    steps: impl IntoIterator<Item = Step>,
    config: &CosimConfig,
) -> Result<CosimReport, Mismatch> {
    let mut dut =
        SoftwareSequencer::with_faults(&config.profile, config.history, faults.to_vec()).unwrap();
    cosim::run(&mut dut, steps, config)
}

fn packets(packets: impl IntoIterator<Item = TestPacket>) -> Vec<Step> {
    packets.into_iter().map(Step::Packet).collect()
}

/// TCP packets of 60 bytes.
fn small(n: usize) -> Vec<Step> {
    let mut bytes = vec![0; 60];
    bytes[12] = 8;
    bytes[14] = 0x45;
    bytes[23] = 6;
    (0..n)
        .map(|i| {
            bytes[30] = i as u8;
            Step::Packet(TestPacket::new(bytes.clone()))
        })
        .collect()
}

#[test]
fn every_profile_and_history_agrees() {
    for profile in profile::BUILTIN {
        for history in [16, 64, 256] {
            let config = config(profile, history);
            let plan = Plan {
                change_every: 10,
                reset_every: 60,
                drain_every: 30,
                words_per_beat: 1,
                ..plan(&config, 1_500)
            };
            let report = run(&[], plan.steps(history as u64), &config).unwrap();
            assert_eq!(report.packets, 1_500);
            assert_eq!(report.frames + report.lost_in_resets, 1_500);
            assert_eq!(report.sequenced + report.passed_by, report.frames);
            assert!(
                report.sequenced > 200 && report.passed_by > 100,
                "{report:?}"
            );
            assert!(report.changes > 100 && report.resets > 10, "{report:?}");
            assert!(report.latency_measured > 20, "{report:?}");
        }
    }
}

#[test]
fn every_pair_of_patterns_agrees() {
    for source in Pattern::MIX {
        for sink in Pattern::MIX {
            let config = CosimConfig {
                source,
                sink,
                seed: 5,
                ..config(&profile::FLOW, 64)
            };
            let plan = Plan {
                change_every: 8,
                reset_every: 50,
                ..plan(&config, 150)
            };
            if let Err(mismatch) = run(&[], plan.steps(11), &config) {
                panic!("{source:?} {sink:?}: {mismatch}");
            }
        }
    }
}

#[test]
fn full_rate_is_counted_exactly() {
    let config = config(&profile::FLOW, 64);
    let steps = packets(random_packets(4, 3_000));
    let expected: u64 = {
        let mut golden =
            scr_wire::Sequencer::new(&profile::FLOW, 64, config.settings.sequencer).unwrap();
        random_packets(4, 3_000)
            .iter()
            .map(|p| {
                let mut prefix = [0; scr_wire::MAX_PREFIX_BYTES];
                let bytes = match golden.sequence(&p.bytes, p.time, &mut prefix) {
                    scr_wire::Disposition::PassedBy => 0,
                    scr_wire::Disposition::Sequenced { prefix_bytes, .. } => prefix_bytes,
                };
                (bytes / 64 + p.bytes.len().div_ceil(64)) as u64
            })
            .sum()
    };
    let report = run(&[], steps, &config).unwrap();
    assert_eq!(report.beats_out, expected);
    assert_eq!((report.bubbles, report.latency_measured), (0, 1));
    // First in to first out, then a beat a cycle; then the run looks on for a while.
    let tail = report.cycles - LATENCY_CYCLES - report.beats_out;
    assert_eq!(tail, LATENCY_CYCLES + 16);
}

#[test]
fn wrong_counters_are_found() {
    let config = CosimConfig {
        source: Pattern::Random(200),
        sink: Pattern::Random(60),
        ..config(&profile::FLOW, 64)
    };
    let mut steps = small(300);
    steps.extend(packets(random_packets(9, 300)));
    for (place, register) in scr_wire::registers::COUNTERS.iter().enumerate() {
        let fault = Fault::CountsTwice(place);
        let mismatch = run(&[fault], steps.clone(), &config).unwrap_err();
        let MismatchKind::Register { name, .. } = &mismatch.kind else {
            panic!("{mismatch}");
        };
        assert_eq!(name, register.name);
    }
}

#[test]
fn every_fault_is_found() {
    use MismatchKind as Kind;
    let always = config(&profile::FLOW, 64);
    let stalling = CosimConfig {
        sink: Pattern::Random(100),
        ..always.clone()
    };
    let flip = |byte| Fault::FlipBit { frame: 20, byte };
    type Expected = fn(&MismatchKind) -> bool;
    let faults: &[(Fault, Expected)] = &[
        (
            flip(9),
            |k| matches!(k, Kind::Byte { offset: 9, place, .. } if place == "header, seq"),
        ),
        (
            flip(40),
            |k| matches!(k, Kind::Byte { offset: 40, place, .. } if place == "row 1, its byte 8"),
        ),
        (
            flip(66),
            |k| matches!(k, Kind::Byte { offset: 66, place, .. } if place == "packet byte 2"),
        ),
        (Fault::Drop(20), |k| {
            matches!(k, Kind::Byte { offset: 5, .. } | Kind::TooEarly)
        }),
        (Fault::Duplicate(20), |k| {
            matches!(k, Kind::Byte { .. } | Kind::Unexpected)
        }),
        (Fault::Shorten(20), |k| {
            matches!(
                k,
                Kind::Length {
                    expected: 124,
                    got: 123
                }
            )
        }),
        (Fault::NoLast(20), |k| {
            matches!(k, Kind::Rule(Violation::KeepNotFull(_)))
        }),
        (Fault::WrongQueue(20), |k| matches!(k, Kind::Queue { .. })),
        (Fault::WrongId(20), |k| matches!(k, Kind::Id { .. })),
        (Fault::WrongUser(20), |k| matches!(k, Kind::User { .. })),
        (Fault::UserChanges(20), |k| {
            matches!(k, Kind::Rule(Violation::NotConstant(Signal::Tuser)))
        }),
        (Fault::HoleInKeep(20), |k| {
            matches!(k, Kind::Rule(Violation::KeepNotContiguous(5)))
        }),
        (Fault::HalfKeep(20), |k| {
            matches!(k, Kind::Rule(Violation::KeepNotFull(0xffff_ffff)))
        }),
        (Fault::Unstable(20), |k| {
            matches!(k, Kind::Rule(Violation::Unstable(Signal::Tdata)))
        }),
        (Fault::ValidFalls(20), |k| {
            matches!(k, Kind::Rule(Violation::ValidFell))
        }),
        (Fault::Bubble(20), |k| matches!(k, Kind::Bubble)),
        (Fault::Stuck(20), |k| {
            matches!(k, Kind::Bubble | Kind::Stuck { .. })
        }),
    ];
    for (fault, expected) in faults {
        let config = match fault {
            Fault::Unstable(_) | Fault::ValidFalls(_) => &stalling,
            _ => &always,
        };
        let mismatch = run(&[*fault], small(40), config).unwrap_err();
        assert!(expected(&mismatch.kind), "{fault:?}: {mismatch}");
        assert!(
            (20..=21).contains(&mismatch.packet),
            "{fault:?}: {mismatch}"
        );
    }
}

#[test]
fn a_stuck_block_ends_the_run() {
    let config = CosimConfig {
        source: Pattern::Random(128),
        ..config(&profile::FLOW, 64)
    };
    let mismatch = run(&[Fault::Stuck(5)], small(100), &config).unwrap_err();
    assert_eq!(mismatch.packet, 5);
    assert!(
        matches!(mismatch.kind, MismatchKind::Stuck { .. }),
        "{mismatch}"
    );
}

#[test]
fn latency_must_be_the_documented_one() {
    let config = config(&profile::FLOW, 64);
    let mut steps = Vec::new();
    for step in small(30) {
        steps.extend([step, Step::Drain]);
    }
    assert_eq!(
        run(&[], steps.clone(), &config).unwrap().latency_measured,
        30
    );
    let mismatch = run(&[Fault::Late(7)], steps.clone(), &config).unwrap_err();
    assert_eq!(mismatch.packet, 7);
    assert!(matches!(mismatch.kind, MismatchKind::Bubble), "{mismatch}");
    // Too early is wrong too.
    let documented = CosimConfig {
        latency_cycles: LATENCY_CYCLES + 1,
        ..config
    };
    let mismatch = run(&[], steps, &documented).unwrap_err();
    assert_eq!(
        mismatch.kind,
        MismatchKind::Latency {
            expected: LATENCY_CYCLES + 1,
            got: LATENCY_CYCLES
        }
    );
}

#[test]
fn resets_must_do_what_resets_do() {
    let config = config(&profile::FLOW, 64);
    let mut steps = small(20);
    steps.push(Step::Reset(3));
    steps.extend(small(20));
    let report = run(&[], steps.clone(), &config).unwrap();
    assert!(report.lost_in_resets > 0);
    let mismatch = run(&[Fault::ResetKeepsEpoch], steps.clone(), &config).unwrap_err();
    assert!(
        matches!(&mismatch.kind, MismatchKind::Byte { place, .. } if place.starts_with("header")),
        "{mismatch}"
    );
    let mismatch = run(&[Fault::ResetKeepsOutput], steps, &config).unwrap_err();
    assert_eq!(mismatch.kind, MismatchKind::ValidAfterReset);
}

#[test]
fn changes_of_settings_must_come_and_stay() {
    let config = config(&profile::FLOW, 64);
    let mut steps = small(20);
    steps.push(Step::Set(Setting::Cores(2)));
    steps.extend(small(1_000));
    run(&[], steps.clone(), &config).unwrap();
    for fault in [Fault::SettingsWaver, Fault::SettingsStay] {
        let mismatch = run(&[fault], steps.clone(), &config).unwrap_err();
        assert!(
            matches!(&mismatch.kind, MismatchKind::Byte { place, .. } if place.starts_with("header, core")),
            "{fault:?}: {mismatch}"
        );
    }
}

/// Behind a reset in the middle of a write it may be open for ever which epoch it is: no frame comes that tells.
#[test]
fn a_run_ends_although_its_past_is_open() {
    for seed in 0..300 {
        let mut config = config(&profile::FLOW, 16);
        config.seed = seed;
        let plan = Plan {
            change_every: 1,
            reset_every: 2,
            ..plan(&config, 3)
        };
        let report = run(&[], plan.steps(seed), &config).unwrap();
        assert_eq!(report.frames + report.lost_in_resets, 3);
    }
}

#[test]
fn lockstep_compares_every_output() {
    let config = CosimConfig {
        sink: Pattern::Random(200),
        ..config(&profile::KNOCK, 16)
    };
    let block = |faults: &[Fault]| -> Box<dyn Dut + Send> {
        let faults = faults.to_vec();
        Box::new(SoftwareSequencer::with_faults(&profile::KNOCK, 16, faults).unwrap())
    };
    let steps = Plan {
        change_every: 10,
        reset_every: 50,
        ..plan(&config, 500)
    }
    .steps(9);
    lockstep(block(&[]), block(&[]), steps.clone(), &config).unwrap();
    let faulty = block(&[Fault::WrongId(3)]);
    let mismatch = lockstep(block(&[]), faulty, steps.clone(), &config).unwrap_err();
    let MismatchKind::Diverged(divergence) = mismatch.kind else {
        panic!("{mismatch}");
    };
    assert_eq!(divergence.port, "m_axis_tid");
    // Another module altogether.
    let other = common::widths().build(&common::shared_builder());
    let other = Box::new(other.instance().unwrap());
    let mismatch = lockstep(block(&[]), other, steps, &config).unwrap_err();
    assert!(matches!(mismatch.kind, MismatchKind::Diverged(d) if d.port == "rst"));
}

/// A register slice is a sequencer that is never enabled.
#[test]
fn verilator_models_are_cosimulated_and_failures_leave_evidence() {
    let slice = common::register_slice(false);
    let model = slice.build(&common::shared_builder());
    let mut settings = settings(&profile::FLOW, 3);
    settings.sequencer.enable = false;
    settings.default_queue = 77;
    let mut config = CosimConfig::new(profile::FLOW, 16, 1, settings);
    // The slice counts nothing.
    config.check_counters = false;
    for sink in Pattern::MIX {
        config.sink = sink;
        let steps = packets(random_packets(2, 300));
        cosim::run(&mut model.instance().unwrap(), steps, &config).unwrap();
    }

    config.settings.sequencer.enable = true;
    let steps = packets(random_packets(2, 50));
    let mut dut = model.instance().unwrap();
    let mismatch = cosim::run(&mut dut, steps.clone(), &config).unwrap_err();
    let traced = slice.build(&common::shared_builder().trace(TraceFormat::Fst));
    let dir = tempfile::tempdir().unwrap();
    let evidence = keep_evidence(
        dir.path(),
        "slice",
        &steps,
        &config,
        &mismatch,
        Some(&traced),
    )
    .unwrap();
    let mut capture = scr_capture::CaptureReader::open(&evidence.packets).unwrap();
    let mut count = 0;
    while let Some(packet) = capture.next_packet().unwrap() {
        let Step::Packet(sent) = &steps[count] else {
            unreachable!()
        };
        assert_eq!(packet.data, sent.bytes);
        count += 1;
    }
    assert_eq!(count as u64, mismatch.packet);
    let note = std::fs::read_to_string(&evidence.note).unwrap();
    assert!(note.starts_with(&mismatch.to_string()));
    assert!(std::fs::metadata(evidence.waveform.unwrap()).unwrap().len() > 500);
}

/// What a run of proptest varies.
fn any_run() -> impl Strategy<Value = (CosimConfig, Vec<Step>)> {
    let config = (
        proptest::sample::select(profile::BUILTIN.to_vec()),
        16..=256usize,
        strategies::pattern(),
        strategies::pattern(),
        any::<u64>(),
    )
        .prop_map(|(profile, history, source, sink, seed)| CosimConfig {
            source,
            sink,
            seed,
            ..config(profile, history)
        });
    config.prop_flat_map(|config| {
        let plan = Plan {
            change_every: 4,
            reset_every: 20,
            drain_every: 20,
            words_per_beat: 1,
            ..plan(&config, 40)
        };
        (Just(config), strategies::steps(&plan))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_run_agrees((config, steps) in any_run()) {
        if let Err(mismatch) = run(&[], steps, &config) {
            prop_assert!(false, "{}", mismatch);
        }
    }
}
