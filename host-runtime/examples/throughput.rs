//! End-to-end throughput of a run from memory: golden sequencer, k workers, verification.
//!
//! `cargo run --release -p scr-runtime --example throughput -- [nf] [cores] [flows] [million packets] [frame bytes]`

use std::error::Error;

use scr_nf::Selected;
use scr_nic::Model;
use scr_runtime::device::{MemorySource, NicDevice};
use scr_runtime::{Outputs, ReplayConfig, replay};
use scr_wire::{Config, Geometry};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize, default: u64| -> Result<u64, std::num::ParseIntError> {
        arguments.get(i).map_or(Ok(default), |text| text.parse())
    };
    let name = arguments.first().map_or("heavy-hitter", String::as_str);
    let (cores, flows) = (number(1, 4)? as u8, number(2, 10_000)?.max(1));
    let (millions, bytes) = (number(3, 10)?, number(4, 60)? as usize);

    let function = Selected::new::<&str>(name, &[])?;
    let profile = function.smallest_profile();
    let words = Geometry::fewest_words(profile, cores.into())
        .ok_or("no prefix holds that many rows")?
        .prefix_words();
    let nic = Model::new(profile, 64.max(cores.into()), Config::new(cores, words))?;
    let mut device = NicDevice::new(source(flows, millions, bytes.max(40)), nic);
    let config = ReplayConfig::new(function, profile, cores, words);
    let report = replay(&config, &mut device, Outputs::default(), &mut |_| {})?;
    println!("{}", serde_json::to_string_pretty(&report)?);
    println!("{:.2} Mpps", report.mpps);
    Ok(())
}

/// A million packets (or fewer) of TCP flows in pseudo-random order, repeated.
fn source(flows: u64, millions: u64, bytes: usize) -> MemorySource {
    let mut source = MemorySource::default();
    let mut random = 1u64;
    for _ in 0..1_000_000 {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let flow = ((random >> 33) % flows) as u32;
        let mut frame = vec![0u8; bytes];
        frame[12..14].copy_from_slice(&[0x08, 0x00]);
        frame[14] = 0x45;
        frame[16..18].copy_from_slice(&((bytes - 14) as u16).to_be_bytes());
        frame[23] = 6;
        frame[26..30].copy_from_slice(&(0x0a00_0000 | (flow & 0xffff)).to_be_bytes());
        frame[30..34].copy_from_slice(&(0x0b00_0000 | (flow >> 16)).to_be_bytes());
        frame[34..38].copy_from_slice(&[0x12, 0x34, 0, 80]);
        source.push(&frame);
    }
    source.repeated(millions.saturating_sub(1))
}
