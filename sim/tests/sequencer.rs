//! The generated sequencer: through the NIC and the cosimulation.

mod common;

use common::shared_builder;
use scr_hdl::CoreConfig;
use scr_sim::cosim::{self, Plan, Step, random_packets};
use scr_sim::nic::{NicConfig, SimNic};
use scr_sim::sequencer::{SequencerModel, sources};
use scr_sim::stream::{Pattern, Settings};
use scr_wire::{Config, Disposition, Geometry, MAX_PREFIX_BYTES, Profile, Sequencer, profile};

fn model(profile: &Profile) -> SequencerModel {
    SequencerModel::build(&CoreConfig::new(profile), &shared_builder(), &mut |_| {}).unwrap()
}

fn settings(profile: &Profile, cores: u8) -> Settings {
    let geometry = Geometry::fewest_words(profile, cores.into()).unwrap();
    Settings::new(Config::new(cores, geometry.prefix_words()))
}

#[test]
fn its_verilog_is_lint_clean() {
    let design = scr_hdl::emit(&CoreConfig::new(&profile::FLOW)).unwrap();
    let words = shared_builder()
        .lint(&sources(&design), &design.top)
        .unwrap();
    assert_eq!(words, "");
}

#[test]
fn frames_are_the_golden_models_and_no_cycle_is_wasted() {
    let model = model(&profile::FLOW);
    for (cores, check_rules) in [(1, true), (3, false), (14, true)] {
        let settings = settings(&profile::FLOW, cores);
        let mut golden = Box::new(Sequencer::new(&profile::FLOW, 64, settings.sequencer).unwrap());
        let config = NicConfig {
            check_rules,
            ..model.nic_config(settings)
        };
        let mut nic = SimNic::new(model.instance().unwrap(), config).unwrap();
        let packets = random_packets(cores.into(), 3_000);
        for packet in &packets {
            nic.push(&packet.bytes, packet.time).unwrap();
        }
        nic.flush().unwrap();
        for packet in &packets {
            let mut prefix = [0; MAX_PREFIX_BYTES];
            let (queue, bytes) = match golden.sequence(&packet.bytes, packet.time, &mut prefix) {
                Disposition::PassedBy => (0, 0),
                Disposition::Sequenced {
                    core, prefix_bytes, ..
                } => (core.into(), prefix_bytes),
            };
            let frame = nic.pop().unwrap();
            assert_eq!(frame.bytes, [&prefix[..bytes], &packet.bytes].concat());
            assert_eq!((frame.queue, frame.time), (queue, packet.time));
        }
        assert_eq!(nic.pop(), None);
        assert_eq!(nic.counters().idle_with_work, 0);
    }
}

#[test]
fn it_agrees_with_the_golden_model_under_all_patterns() {
    let model = model(&profile::FLOW);
    let settings = settings(&profile::FLOW, 3);
    let plan = Plan {
        packets: 400,
        profile: profile::FLOW,
        history: 64,
        max_cores: 16,
        max_queue: 511,
        settings: settings.clone(),
        change_every: 10,
        reset_every: 80,
        drain_every: 40,
        words_per_beat: 1,
    };
    for (i, source) in Pattern::MIX.into_iter().enumerate() {
        for (j, sink) in Pattern::MIX.into_iter().enumerate() {
            let mut config = model.cosim_config(settings.clone());
            (config.source, config.sink, config.seed) = (source, sink, (8 * i + j) as u64);
            let mut dut = model.instance().unwrap();
            if let Err(mismatch) = cosim::run(&mut dut, plan.steps(config.seed), &config) {
                panic!("{source:?} {sink:?}: {mismatch}");
            }
        }
    }
}

#[test]
fn its_latency_and_rate_are_exact() {
    let model = model(&profile::FLOW);
    let config = model.cosim_config(settings(&profile::FLOW, 4));
    let mut steps = Vec::new();
    for packet in random_packets(1, 500) {
        steps.extend([Step::Packet(packet), Step::Drain]);
    }
    steps.extend(random_packets(2, 3_000).into_iter().map(Step::Packet));
    let report = cosim::run(&mut model.instance().unwrap(), steps, &config).unwrap();
    assert_eq!(report.bubbles, 0);
    assert_eq!(report.latency_measured, 501);
}

#[test]
fn rust_hdls_simulator_and_verilator_are_in_lockstep() {
    let core = CoreConfig::new(&profile::KNOCK);
    let model = SequencerModel::build(&core, &shared_builder(), &mut |_| {}).unwrap();
    let mut config = model.cosim_config(settings(&profile::KNOCK, 3));
    config.sink = Pattern::Random(180);
    // rust-hdl's simulator is slow, and every change of settings and reset waits this long.
    config.grace_cycles = 200;
    let plan = Plan {
        packets: 60,
        profile: profile::KNOCK,
        history: core.history,
        max_cores: 16,
        max_queue: 511,
        settings: config.settings.clone(),
        change_every: 15,
        reset_every: 30,
        drain_every: 20,
        words_per_beat: 1,
    };
    let first = scr_hdl::simulate(&core).unwrap();
    let second = model.instance().unwrap();
    let report = cosim::lockstep(first, Box::new(second), plan.steps(1), &config);
    assert_eq!(report.unwrap_or_else(|m| panic!("{m}")).packets, 60);
}
