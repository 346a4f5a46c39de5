//! The simulated NIC on a register slice: every frame passes by, one cycle late.

mod common;

use common::{register_slice, shared_builder};
use scr_nic::registers::ControlError;
use scr_sim::nic::{NicConfig, NicError, SimNic};
use scr_sim::stream::{Pattern, Settings, User, Violation};
use scr_sim::verilator::VerilatorModel;
use scr_wire::{Config, Timestamp};

fn config() -> NicConfig {
    let mut settings = Settings::new(Config::new(1, 1));
    settings.default_queue = 300;
    NicConfig {
        check_rules: true,
        ..NicConfig::new(settings, 1)
    }
}

fn nic(buggy: bool, config: NicConfig) -> SimNic<VerilatorModel> {
    let model = register_slice(buggy).build(&shared_builder());
    SimNic::new(model.instance().unwrap(), config).unwrap()
}

fn time(i: u32) -> Timestamp {
    Timestamp {
        seconds: i,
        nanos: 999_999_999 - i,
    }
}

/// Packets of many lengths; the bytes tell them apart.
fn packet(i: u32) -> Vec<u8> {
    let length = 1 + (i as usize * 37) % 1_600;
    (0..length).map(|b| (b as u32 ^ i) as u8).collect()
}

#[test]
fn packets_come_out_unharmed_in_order_at_full_rate() {
    let mut nic = nic(false, config());
    let (mut popped, mut beats) = (0, 0);
    let mut check = |nic: &mut SimNic<VerilatorModel>| {
        while let Some(frame) = nic.pop() {
            assert_eq!(frame.bytes, packet(popped));
            assert_eq!((frame.queue, frame.id), (300, popped as u16 & 0xff));
            assert_eq!(
                (frame.time, frame.bad_frame),
                (time(popped), popped % 3 == 0)
            );
            popped += 1;
        }
    };
    for i in 0..5_000 {
        let packet = packet(i);
        beats += packet.len().div_ceil(64) as u64;
        let user = User::new(time(i), i % 3 == 0);
        nic.push_with(&packet, user, i as u16 & 0xff).unwrap();
        check(&mut nic);
    }
    nic.flush().unwrap();
    check(&mut nic);
    assert_eq!(popped, 5_000);
    let counters = nic.counters();
    assert_eq!(
        (counters.packets, counters.beats_in, counters.beats_out),
        (5_000, beats, beats)
    );
    assert_eq!(counters.idle_with_work, 0);
    // Every beat takes one cycle; the last one comes out a cycle late.
    assert_eq!(counters.cycles, beats + 1);
    let expected = 5_000.0 * 250.0 / (beats + 1) as f64;
    assert!((counters.mpps_at_250mhz() - expected).abs() < 1e-9);
}

#[test]
fn frames_may_be_popped_late() {
    let mut nic = nic(false, config());
    for i in 0..2_000 {
        nic.push(&packet(i), time(i)).unwrap();
        if i % 7 == 0 && nic.ready_frames() > 100 {
            for _ in 0..50 {
                nic.pop().unwrap();
            }
        }
    }
    nic.flush().unwrap();
    let left = nic.ready_frames() as u32;
    for i in 2_000 - left..2_000 {
        assert_eq!(nic.pop().unwrap().bytes, packet(i));
    }
    assert_eq!(nic.pop(), None);
}

#[test]
fn sinks_may_stall() {
    for sink in Pattern::MIX {
        let mut nic = nic(false, NicConfig { sink, ..config() });
        for i in 0..300 {
            nic.push(&packet(i), time(i)).unwrap();
        }
        nic.flush().unwrap();
        for i in 0..300 {
            assert_eq!(nic.pop().unwrap().bytes, packet(i), "{sink:?}");
        }
        assert_eq!(nic.counters().idle_with_work, 0, "{sink:?}");
    }
}

#[test]
fn broken_rules_are_found() {
    let sink = Pattern::Random(128);
    let mut nic = nic(true, NicConfig { sink, ..config() });
    let error = (0..100)
        .find_map(|i| nic.push(&packet(i), time(i)).and_then(|()| nic.run()).err())
        .unwrap();
    let NicError::Rule { violation, .. } = error else {
        panic!("{error}");
    };
    assert!(matches!(
        violation,
        Violation::Unstable(_) | Violation::ValidFell
    ));
}

#[test]
fn settings_come_into_force_between_packets() {
    let mut nic = nic(false, config());
    let mut settings = config().settings;
    for queue in [1, 511, 0, 256] {
        settings.default_queue = queue;
        nic.configure(&settings).unwrap();
        nic.push(&[1; 60], time(0)).unwrap();
        nic.flush().unwrap();
        assert_eq!(nic.pop().unwrap().queue, queue);
    }
    settings.default_queue = 512;
    let error = nic.configure(&settings).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the NIC refused 512 for register DEFAULT_QUEUE"
    );
}

#[test]
fn settings_that_do_not_fit_are_not_written() {
    let mut nic = nic(false, config());
    let mut settings = config().settings;
    settings.sequencer.cores = 17;
    settings.default_queue = 5;
    let error = nic.configure(&settings).unwrap_err();
    assert!(
        matches!(error, NicError::Control(ControlError::DoesNotFit { .. })),
        "{error}"
    );
    nic.push(&[1; 60], time(0)).unwrap();
    nic.flush().unwrap();
    assert_eq!(nic.pop().unwrap().queue, 300);
}

#[test]
fn blocks_that_are_no_sequencers_are_refused() {
    let model = common::widths().build(&shared_builder());
    let error = SimNic::new(Box::new(model.instance().unwrap()), config()).unwrap_err();
    assert_eq!(error.to_string(), "the block has no port s_axil_awaddr");
}
