//! How fast the simulated NIC is: `cargo run --release -p scr-sim --example cycles_per_second [-- N]`.

use std::time::Instant;

use scr_hdl::{CoreConfig, Dut};
use scr_sim::build::ModelBuilder;
use scr_sim::nic::SimNic;
use scr_sim::sequencer::SequencerModel;
use scr_sim::stream::Settings;
use scr_wire::{Config, Geometry, Timestamp, profile};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let asked: Option<usize> = std::env::args().nth(1).map(|n| n.parse()).transpose()?;
    let sizes = asked.map_or(vec![16, 64, 128], |n| vec![n]);
    for history in sizes {
        measure(history)?;
    }
    Ok(())
}

/// With the default sequencer but for N = `history`.
fn measure(history: usize) -> Result<(), Box<dyn std::error::Error>> {
    println!("N = {history}");
    let start = Instant::now();
    let mut core = CoreConfig::new(&profile::FLOW);
    core.history = history;
    let model = SequencerModel::build(&core, &ModelBuilder::new(), &mut |_| {})?;
    println!("model: {:.2} s", start.elapsed().as_secs_f64());

    let mut idle = model.instance()?;
    let start = Instant::now();
    for _ in 0..1_000_000 {
        idle.tick();
    }
    println!(
        "idle, no driver: {:.1} ns a cycle",
        start.elapsed().as_secs_f64() * 1e3
    );

    println!("bytes | cores | rules | M cycles/s | ns a cycle | Mpps simulated | Mpps at 250 MHz");
    for (bytes, cores) in [(60, 4), (1_000, 4), (60, 14)] {
        for check_rules in [false, true] {
            let words =
                Geometry::fewest_words(&core.profile, cores).map_or(1, |g| g.prefix_words());
            let settings = Settings::new(Config::new(cores as u8, words));
            let mut config = model.nic_config(settings);
            config.check_rules = check_rules;
            let mut nic = SimNic::new(model.instance()?, config)?;
            let mut packet = vec![0_u8; bytes];
            packet[12] = 8;
            packet[14] = 0x45;
            packet[23] = 6;
            let start = Instant::now();
            while nic.counters().cycles < 2_000_000 {
                packet[29] = packet[29].wrapping_add(1);
                nic.push(&packet, Timestamp::default())?;
                while nic.pop().is_some() {}
            }
            nic.flush()?;
            let (counters, seconds) = (nic.counters(), start.elapsed().as_secs_f64());
            assert_eq!(counters.idle_with_work, 0);
            println!(
                "{bytes:5} | {cores:5} | {check_rules:5} | {:10.2} | {:10.1} | {:14.2} | {:.2}",
                counters.cycles as f64 / seconds / 1e6,
                seconds / counters.cycles as f64 * 1e9,
                counters.packets as f64 / seconds / 1e6,
                counters.mpps_at_250mhz(),
            );
        }
    }
    Ok(())
}
