//! A network function of one's own, tried on four workers without being in any registry: `docs/write-a-function.md`
//! walks through it.
//!
//! `cargo run --release -p scr-runtime --example own_function`

mod connection_limit;

use std::error::Error;

use connection_limit::ConnectionLimit;
use scr_nf::Own;
use scr_nic::Model;
use scr_runtime::device::{MemorySource, NicDevice};
use scr_runtime::{Outputs, ReplayConfig, replay_own};
use scr_wire::{Config, Geometry};

/// Tries the function.
pub fn main() -> Result<(), Box<dyn Error>> {
    let cores = 4;
    let function = Own::<ConnectionLimit>::new(&["limit=3"])?;
    let profile = function.smallest_profile();
    let words = Geometry::fewest_words(profile, cores.into())
        .ok_or("no prefix holds that many rows")?
        .prefix_words();

    // Ten SYNs from 10.0.0.1, and one from 10.0.0.2.
    let mut packets = MemorySource::default();
    for host in [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2] {
        let mut packet = [0; 60];
        packet[12..15].copy_from_slice(&[0x08, 0x00, 0x45]);
        packet[23] = 6;
        packet[26..30].copy_from_slice(&[10, 0, 0, host]);
        packet[47] = 0x02;
        packets.push(&packet);
    }

    let mut device = NicDevice::new(packets, Model::new(profile, 64, Config::new(cores, words))?);
    let mut state = Vec::new();
    let outputs = Outputs {
        state: Some(Box::new(&mut state)),
        ..Outputs::default()
    };
    let config = ReplayConfig::new(function, profile, cores, words);
    let report = replay_own(&config, &mut device, outputs, &mut |_| {})?;

    print!("{}", String::from_utf8(state)?);
    println!("{:?}", report.verdicts);
    assert_eq!((report.verdicts.pass, report.verdicts.drop), (4, 7));
    assert!(report.is_good(), "{:?}", report.mismatch);
    Ok(())
}
