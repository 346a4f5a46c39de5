//! The emitted Verilog under Verilator against the golden model.

use scr_hdl::CoreConfig;
use scr_sim::stream::Pattern;
use scr_tests::{Built, rounds};
use scr_wire::{Profile, profile};

/// A few k and B for a profile and a history: the smallest, the usual, the largest.
fn shapes(built: &Built) -> Vec<(u8, u8)> {
    let largest = built.config.limits().most_cores(63);
    vec![(1, 1), (3, 1), (4, 2), (7, 9), (largest, 40), (largest, 63)]
}

fn sweep(profile: &Profile, histories: &[usize], width: usize) {
    for &history in histories {
        let mut config = CoreConfig::new(profile);
        config.history = history;
        config.width = width;
        let built = Built::new(config);
        for (round, (cores, words)) in
            (0..rounds(1)).flat_map(|r| shapes(&built).into_iter().map(move |shape| (r, shape)))
        {
            let settings = built.settings(cores, words);
            for (i, source) in Pattern::MIX.into_iter().enumerate() {
                let sink = Pattern::MIX[(i * 3 + round as usize) % Pattern::MIX.len()];
                let seed = round * 1_000 + (i as u64) * 100 + u64::from(cores);
                let mut cosim = built.cosim(settings.clone());
                (cosim.source, cosim.sink, cosim.seed) = (source, sink, seed);
                let steps = built.plan(150, settings.clone()).steps(seed);
                let report = built.run(steps, &cosim);
                assert_eq!(report.frames, 150);
                assert!(report.sequenced > 0 && report.passed_by > 0);
            }
        }
        full_rate(&built);
        changes(&built);
        crowded(&built);
    }
}

/// Every profile at a width, less thoroughly: two shapes, each source pattern once.
fn every_profile(width: usize) {
    for profile in profile::BUILTIN {
        let mut config = CoreConfig::new(profile);
        config.history = scr_tests::MATRIX_HISTORY;
        config.width = width;
        let built = Built::new(config);
        let shapes = shapes(&built);
        for round in 0..rounds(1) {
            for (i, source) in Pattern::MIX.into_iter().enumerate() {
                let (cores, words) = shapes[(i + round as usize) % shapes.len()];
                let settings = built.settings(cores, words);
                let mut cosim = built.cosim(settings.clone());
                (cosim.source, cosim.sink) =
                    (source, Pattern::MIX[(i * 5 + 1) % Pattern::MIX.len()]);
                cosim.seed = round * 100 + i as u64;
                let steps = built.plan(120, settings).steps(cosim.seed);
                assert_eq!(built.run(steps, &cosim).frames, 120);
            }
        }
        full_rate(&built);
        changes(&built);
        crowded(&built);
    }
}

/// Cycle-exact claims: with source and sink at full rate, a frame takes exactly its beats and its prefix's,
/// and a frame that finds the block idle comes out after the documented latency.
fn full_rate(built: &Built) {
    let settings = built.settings(4, 2);
    let mut plan = built.plan(400, settings.clone());
    plan.drain_every = 20;
    let mut cosim = built.cosim(settings);
    cosim.seed = 7;
    let report = built.run(plan.steps(7), &cosim);
    assert_eq!(report.bubbles, 0);
    assert!(report.latency_measured > 0);
    let beats_per_prefix =
        u64::from(cosim.settings.sequencer.prefix_words) * 512 / built.config.width as u64;
    assert_eq!(
        report.beats_out,
        report.beats_in + report.sequenced * beats_per_prefix
    );
}

/// Reconfiguration and resets in mid-traffic.
fn changes(built: &Built) {
    for round in 0..rounds(2) {
        let settings = built.settings(3, 2);
        let mut plan = built.plan(400, settings.clone());
        plan.change_every = 12;
        plan.reset_every = 60;
        plan.drain_every = 40;
        let mut cosim = built.cosim(settings);
        cosim.seed = 500 + round;
        cosim.source = Pattern::MIX[round as usize % 3];
        let report = built.run(plan.steps(cosim.seed), &cosim);
        assert!(report.changes > 0 && report.resets > 0);
    }
}

/// New epochs, k and queues while every queue inside is full: frames that wait keep the rows of their own epoch.
fn crowded(built: &Built) {
    let sinks = [
        Pattern::Bursts { on: 30, off: 500 },
        Pattern::Bursts { on: 3, off: 200 },
        Pattern::Always,
        Pattern::EachAfter(5),
    ];
    for round in 0..rounds(1) {
        for (i, sink) in sinks.into_iter().enumerate() {
            let (cores, words) = shapes(built)[(i + 3) % 6];
            let settings = built.settings(cores, words);
            let plan = built.plan(400, settings.clone());
            let mut cosim = built.cosim(settings);
            cosim.seed = 900 + 10 * round + i as u64;
            cosim.sink = sink;
            let report = built.run(plan.crowded(cosim.seed), &cosim);
            assert!(report.frames == 400 && report.changes > 20);
        }
    }
}

#[test]
fn rows_of_profile_source_equal_the_golden_models() {
    sweep(&profile::SOURCE, &[16, 64, 256], 512);
}

#[test]
fn rows_of_profile_knock_equal_the_golden_models() {
    sweep(&profile::KNOCK, &[16, 64, 256], 512);
}

#[test]
fn rows_of_profile_flow_equal_the_golden_models() {
    sweep(&profile::FLOW, &[16, 64, 256], 512);
}

#[test]
fn rows_of_profile_flow_time_equal_the_golden_models() {
    sweep(&profile::FLOW_TIME, &[16, 64, 256], 512);
}

#[test]
fn rows_of_profile_flow6_time_equal_the_golden_models() {
    sweep(&profile::FLOW6_TIME, &[16, 64, 256], 512);
}

#[test]
fn rows_of_a_users_profile_equal_the_golden_models() {
    use scr_wire::Field;
    const PORTS: Profile = Profile::new(
        177,
        "ports",
        8,
        &[
            Field::TcpFlags,
            Field::DstPort,
            Field::SrcPort,
            Field::Zero(3),
        ],
    );
    sweep(&PORTS, &[33], 512);
}

#[test]
fn frames_of_128_bits_equal_the_golden_models() {
    every_profile(128);
    sweep(&profile::FLOW, &[64], 128);
}

#[test]
fn frames_of_256_bits_equal_the_golden_models() {
    every_profile(256);
    sweep(&profile::FLOW_TIME, &[24], 256);
}

#[test]
fn frames_of_1024_bits_equal_the_golden_models() {
    every_profile(1024);
    sweep(&profile::SOURCE, &[200], 1024);
}
