//! Generates a trace from a preset.
//!
//! `cargo run --release -p scr-capture --example generate -- FILE [PRESET] [PACKETS] [FORMAT]`

use std::path::Path;
use std::time::Instant;

use scr_capture::trace::{Preset, TraceConfig, TraceGenerator};
use scr_capture::{CaptureWriter, WriteFormat};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let path = Path::new(arguments.first().ok_or("name a file")?);
    let preset: Preset = arguments
        .get(1)
        .map_or(Ok(Preset::default()), |text| text.parse())?;
    let mut config = TraceConfig::from(preset);
    if let Some(packets) = arguments.get(2) {
        config.packets = packets.parse()?;
    }
    let format: WriteFormat = arguments
        .get(3)
        .map_or(Ok(WriteFormat::default()), |text| text.parse())?;

    let start = Instant::now();
    let mut writer = CaptureWriter::create_with(path, format)?;
    TraceGenerator::new(&config)?.write_to(&mut writer, |_| {})?;
    writer.finish()?;
    println!(
        "{} packets in {:.3} s",
        config.packets,
        start.elapsed().as_secs_f64()
    );
    Ok(())
}
