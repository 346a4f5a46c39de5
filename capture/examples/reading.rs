//! Times writing and reading a capture of small packets.
//!
//! `cargo run --release -p scr-capture --example reading -- FILE [PACKETS] [pcap|pcap-ns|pcapng]`
//! writes FILE; with 0 PACKETS it only reads an existing one.

use std::path::Path;
use std::time::Instant;

use scr_capture::{CaptureReader, CaptureWriter, Timestamp, WriteFormat};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let path = Path::new(arguments.first().ok_or("name a file")?);
    let packets: u64 = arguments
        .get(1)
        .map_or(Ok(10_000_000), |text| text.parse())?;
    let format: WriteFormat = arguments
        .get(2)
        .map_or(Ok(WriteFormat::default()), |text| text.parse())?;

    if packets > 0 {
        let data = [0x5A; 60];
        let start = Instant::now();
        let mut writer = CaptureWriter::create_with(path, format)?;
        for n in 0..packets {
            writer.write(&Timestamp::from_nanos(n * 100), 60, &data)?;
        }
        writer.finish()?;
        report("written", packets, start);
    }
    for _ in 0..3 {
        let start = Instant::now();
        let mut reader = CaptureReader::open(path)?;
        let mut sum = 0_u64;
        while let Some(packet) = reader.next_packet()? {
            sum = sum
                .wrapping_add(packet.timestamp.nanos.into())
                .wrapping_add(packet.data.len() as u64);
        }
        std::hint::black_box(sum);
        report("read", reader.packets_read(), start);
    }
    Ok(())
}

fn report(what: &str, packets: u64, start: Instant) {
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{packets} packets {what} in {seconds:.3} s: {:.1} ns each",
        seconds * 1e9 / packets as f64
    );
}
