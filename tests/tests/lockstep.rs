//! rust-hdl's simulator and Verilator, the same stimulus, every output port in every cycle: the two can
//! differ silently, and nothing else would notice before a board does.

use scr_hdl::{CoreConfig, simulate};
use scr_sim::cosim::lockstep;
use scr_sim::stream::Pattern;
use scr_tests::{Built, rounds};
use scr_wire::{Profile, profile};

fn check(profile: &Profile, history: usize, width: usize) {
    let mut config = CoreConfig::new(profile);
    config.history = history;
    config.width = width;
    let built = Built::new(config);
    for round in 0..rounds(1) {
        let settings = built.settings(3, 2);
        let mut plan = built.plan(60, settings.clone());
        plan.change_every = 10;
        plan.reset_every = 40;
        let mut cosim = built.cosim(settings);
        cosim.seed = round;
        cosim.source = Pattern::Random(200);
        cosim.sink = Pattern::Bursts { on: 30, off: 20 };
        let software = simulate(&config).expect("a valid configuration");
        let model = Box::new(built.model.instance().expect("an instance"));
        let steps = plan.steps(round);
        if let Err(mismatch) = lockstep(software, model, steps, &cosim) {
            panic!("{} W = {width} N = {history}: {mismatch}", profile.name());
        }
    }
}

fn every_profile(width: usize) {
    for profile in profile::BUILTIN {
        check(profile, scr_tests::MATRIX_HISTORY, width);
    }
}

#[test]
fn verilog_of_128_bits_does_what_rust_hdl_does() {
    every_profile(128);
}

#[test]
fn verilog_of_256_bits_does_what_rust_hdl_does() {
    every_profile(256);
}

#[test]
fn verilog_of_512_bits_does_what_rust_hdl_does() {
    every_profile(512);
    check(&profile::FLOW, 64, 512);
}

#[test]
fn verilog_of_1024_bits_does_what_rust_hdl_does() {
    every_profile(1024);
}
