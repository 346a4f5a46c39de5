//! The checks that a mutant must fail: those of the test suite, fastest first.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use scr_sim::cosim::{CosimConfig, Plan, Step, TestPacket, run};
use scr_sim::stream::Pattern;

use super::Build;
use super::table::Hardware;
use crate::registers;

/// A check: its name, and a function that reports what it found wrong.
pub type Check = (&'static str, fn(&Build) -> Result<(), String>);

/// The checks of unmodified hardware.
const CHECKS: &[Check] = &[
    ("registers", register_accesses),
    ("full rate", full_rate),
    ("patterns", patterns),
    ("changes and resets", changes),
    ("full queues", crowded),
    ("counters", counters),
];

/// The checks for the hardware.
pub fn of(hardware: Hardware) -> &'static [Check] {
    match hardware {
        Hardware::Counting => &[("high halves", high_halves)],
        _ => CHECKS,
    }
}

fn cosimulate(
    build: &Build,
    steps: impl IntoIterator<Item = Step>,
    config: &CosimConfig,
) -> Result<(), String> {
    let mut model = build.model.instance().map_err(|e| e.to_string())?;
    let report = run(&mut model, steps, config);
    report.map(|_| ()).map_err(|mismatch| mismatch.to_string())
}

/// Random accesses, compared with the register model.
fn register_accesses(build: &Build) -> Result<(), String> {
    let mut runner = TestRunner::deterministic();
    let accesses = proptest::collection::vec(registers::access(), 600);
    for _ in 0..6 {
        let tree = accesses.new_tree(&mut runner).map_err(|e| e.to_string())?;
        let mut model = build.model.instance().map_err(|e| e.to_string())?;
        registers::compare(&mut model, &build.config, &tree.current())?;
    }
    // The runner has the same settings as in every other test.
    debug_assert!(Config::default().cases > 0);
    Ok(())
}

fn plan(build: &Build, packets: usize, config: &CosimConfig) -> Plan {
    Plan {
        packets,
        profile: build.config.profile,
        history: build.config.history,
        max_cores: build.config.max_cores,
        max_queue: 511,
        settings: config.settings.clone(),
        change_every: 0,
        reset_every: 0,
        drain_every: 0,
        words_per_beat: (build.config.width / 512).max(1) as u8,
    }
}

/// Source and sink always ready: bytes, beats, bubbles, latency.
fn full_rate(build: &Build) -> Result<(), String> {
    for (seed, (cores, words)) in [(1, 1), (4, 2), (7, 9), (11, 40)].into_iter().enumerate() {
        let mut config = build.cosim(cores, words);
        config.seed = seed as u64;
        let plan = Plan {
            drain_every: 20,
            ..plan(build, 400, &config)
        };
        cosimulate(build, plan.steps(config.seed), &config)?;
    }
    Ok(())
}

/// Stalling sources and sinks.
fn patterns(build: &Build) -> Result<(), String> {
    for (i, source) in Pattern::MIX.into_iter().enumerate() {
        for (j, sink) in Pattern::MIX.into_iter().enumerate().skip(i % 2).step_by(2) {
            let (cores, words) = [(1, 1), (3, 2), (5, 5)][(i + j) % 3];
            let mut config = build.cosim(cores, words);
            (config.source, config.sink) = (source, sink);
            config.seed = (10 * i + j) as u64;
            let plan = plan(build, 150, &config);
            cosimulate(build, plan.steps(config.seed), &config)?;
        }
    }
    Ok(())
}

/// Settings changed and resets made during traffic, also with short packets that pile up.
fn changes(build: &Build) -> Result<(), String> {
    for seed in 0..10 {
        let mut config = build.cosim(3, 2);
        config.seed = 500 + seed;
        config.source = Pattern::MIX[seed as usize % 3];
        config.sink = Pattern::MIX[(seed as usize * 2) % Pattern::MIX.len()];
        let plan = Plan {
            change_every: 8,
            reset_every: 50,
            drain_every: 40,
            ..plan(build, 400, &config)
        };
        let mut steps = plan.steps(config.seed);
        if seed % 2 == 1 {
            for step in &mut steps {
                if let Step::Packet(packet) = step {
                    packet.bytes.truncate(build.config.width / 8);
                }
            }
        }
        cosimulate(build, steps, &config)?;
    }
    Ok(())
}

/// Epochs and k change while every queue inside is full.
fn crowded(build: &Build) -> Result<(), String> {
    for (seed, words) in [(1, 63), (2, 8), (3, 2)] {
        let mut config = build.cosim(3, words);
        config.seed = seed;
        config.sink = match seed {
            1 => Pattern::Always,
            _ => Pattern::Bursts { on: 30, off: 500 },
        };
        cosimulate(build, plan(build, 300, &config).crowded(seed), &config)?;
    }
    Ok(())
}

/// Counters beyond 24 bits.
fn counters(build: &Build) -> Result<(), String> {
    let mut packet = TestPacket::new(vec![0; 9_000]);
    packet.bytes[12] = 0x08;
    packet.bytes[14] = 0x45;
    let steps = (0..(3 << 24) / 9_000).map(|_| Step::Packet(packet.clone()));
    cosimulate(build, steps, &build.cosim(3, 2))
}

/// Counters beyond 32 bits.
fn high_halves(build: &Build) -> Result<(), String> {
    let mut model = build.model.instance().map_err(|e| e.to_string())?;
    registers::fresh_halves(&mut model)?;
    let mut model = build.model.instance().map_err(|e| e.to_string())?;
    registers::high_halves(&mut model, 1)
}
