//! A row profile of one's own, in hardware: prints the Verilog of the block that lays its rows out.
//!
//! `cargo run -p scr-hdl --example own_profile`

use scr_hdl::{CoreConfig, emit};
use scr_wire::{Field, Profile};

/// Who talks to which service, with the time.
const SERVICE: Profile = Profile::new(
    130,
    "service",
    16,
    &[
        Field::SrcIp4,
        Field::DstIp4,
        Field::DstPort,
        Field::Protocol,
        Field::Zero(1),
        Field::Seconds,
    ],
);

fn main() -> Result<(), scr_hdl::BuildError> {
    let design = emit(&CoreConfig::new(&SERVICE))?;
    for (name, text) in &design.files {
        println!("{name}: {} lines", text.lines().count());
        for line in text.lines().filter(|l| l.contains("layout_row[")) {
            println!("    {line}");
        }
    }
    Ok(())
}
