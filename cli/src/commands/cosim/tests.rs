//! A block with a fault must be detected, and evidence kept.

use scr_sim::software::{Fault, LATENCY_CYCLES, SoftwareSequencer};
use scr_wire::{Config, profile};

use super::*;

fn target() -> Target {
    Target {
        profile: profile::FLOW,
        history: 64,
        max_cores: 16,
        settings: Settings::new(Config::new(3, 1)),
    }
}

fn config(target: &Target) -> CosimConfig {
    CosimConfig::new(
        target.profile,
        target.history,
        LATENCY_CYCLES,
        target.settings.clone(),
    )
}

fn check_block(
    faults: Vec<Fault>,
    round: &Round,
    target: &Target,
    config: &CosimConfig,
) -> Result<(std::result::Result<CosimReport, Mismatch>, Option<Remarks>)> {
    let mut block = SoftwareSequencer::with_faults(&profile::FLOW, 64, faults).unwrap();
    check(round, target, |steps| cosim::run(&mut block, steps, config))
}

#[test]
fn a_fault_is_found_and_kept() {
    let target = target();
    let rounds = Round::random(300, 5);
    let config = rounds[0].config(&config(&target));
    let (good, _) = check_block(vec![], &rounds[0], &target, &config).unwrap();
    assert_eq!(good.unwrap().packets, 300);

    let fault = Fault::FlipBit { frame: 40, byte: 3 };
    let (result, _) = check_block(vec![fault], &rounds[0], &target, &config).unwrap();
    let mismatch = result.unwrap_err();
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("evidence");
    let said = keep(&kept, &rounds[0], &target, &config, &mismatch, None).unwrap();
    for name in ["seed-5.pcap", "seed-5.txt"] {
        assert!(said.contains(name));
        assert!(kept.join(name).metadata().unwrap().len() > 24);
    }
}

#[test]
fn a_capture_cut_short_is_no_mismatch() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.pcap");
    let mut writer = scr_capture::CaptureWriter::create(&path).unwrap();
    for second in 0..3 {
        let time = scr_capture::Timestamp::new(second, 0);
        writer.write(&time, 60, &[0; 60]).unwrap();
    }
    writer.finish().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();

    let target = target();
    let strict = InputArgs { strict: true };
    let round = &Round::of_capture(&path, strict, 1)[0];
    let error = check_block(vec![], round, &target, &config(&target)).unwrap_err();
    assert!(error.to_string().contains("packet 3"), "{error}");
    let round = &Round::of_capture(&path, InputArgs::default(), 1)[0];
    let (done, remarks) = check_block(vec![], round, &target, &config(&target)).unwrap();
    assert_eq!(done.unwrap().packets, 2);
    assert!(remarks.is_some());
}
