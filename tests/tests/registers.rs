//! The register block of the emitted Verilog: every answer, and counters beyond their low parts.

use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};
use scr_hdl::CoreConfig;
use scr_sim::cosim::{Step, TestPacket};
use scr_tests::mutation::table::Hardware;
use scr_tests::registers::{access, compare, fresh_halves, high_halves};
use scr_tests::{Built, rounds};
use scr_wire::{Profile, profile};

fn check(profile: &Profile, width: usize, history: usize, max_cores: u8) {
    let mut config = CoreConfig::new(profile);
    (config.width, config.history, config.max_cores) = (width, history, max_cores);
    let built = Built::new(config);
    let cases = ProptestConfig {
        cases: 24 * rounds(1) as u32,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let accesses = proptest::collection::vec(access(), 1..400);
    let result = TestRunner::new(cases).run(&accesses, |accesses| {
        let mut model = built.model.instance().expect("an instance");
        compare(&mut model, &config, &accesses).map_err(TestCaseError::fail)
    });
    if let Err(error) = result {
        panic!("{config:?}: {error}");
    }
}

#[test]
fn every_answer_is_the_models() {
    check(&profile::FLOW, 512, 64, 16);
    check(&profile::FLOW6_TIME, 128, 16, 1);
    check(&profile::SOURCE, 1024, 200, 128);
    check(&profile::KNOCK, 256, 100, 100);
}

/// Counters are 24 bits and a walk that carries over. Jumbo frames: some thousand of them are 2²⁴ bytes.
#[test]
fn counters_carry_beyond_24_bits() {
    for width in [512, 1024] {
        let mut config = CoreConfig::new(&profile::FLOW);
        config.width = width;
        let built = Built::new(config);
        let mut packet = TestPacket::new(vec![0; 9_000]);
        packet.bytes[12] = 0x08;
        packet.bytes[14] = 0x45;
        let count = (5 << 24) / 9_000;
        let steps = (0..count).map(|_| Step::Packet(packet.clone()));
        let mut cosim = built.cosim(built.settings(3, 2));
        cosim.seed = 24;
        let report = built.run(steps.collect(), &cosim);
        assert_eq!(report.frames, count);
    }
}

/// Both halves of a counter belong together, also while it counts, in whatever order halves are read.
#[test]
fn high_halves_are_latched() {
    let hardware = Hardware::Counting;
    let emitted = hardware.emit().expect("a valid configuration");
    let built = Built::of(hardware.config(), emitted);
    for seed in 0..4 * rounds(1) {
        let mut model = built.model.instance().expect("an instance");
        if let Err(error) = high_halves(&mut model, seed) {
            panic!("{error}");
        }
    }
    let mut model = built.model.instance().expect("an instance");
    if let Err(error) = fresh_halves(&mut model) {
        panic!("{error}");
    }
}
