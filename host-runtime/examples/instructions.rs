//! The worker loop and nothing else, for `scripts/callgrind` to count its instructions.
//!
//! `cargo run --release -p scr-runtime --example instructions -- NF CORES FLOWS ROUNDS` prints the frames that it handled,
//! and the rows in each, in `Lane::measured`.

#[path = "../benches/support/frames.rs"]
mod frames;

use frames::{Lane, flags, options};
use scr_nf::{NetworkFunction, Selected, Visitor};
use scr_wire::Profile;

struct Run<'a> {
    name: &'a str,
    profile: &'a Profile,
    cores: u8,
    flows: u64,
    rounds: usize,
}

impl Visitor for Run<'_> {
    type Output = ();

    fn visit<F: NetworkFunction>(self, function: F) {
        let packets = (4 * self.flows).max(1 << 14);
        let flags = flags(self.name);
        let mut lane = Lane::new(
            function,
            self.profile,
            self.cores,
            self.flows,
            packets,
            flags,
        );
        for _ in 0..self.rounds {
            lane.round();
        }
        println!("{} {}", self.rounds * lane.len(), self.cores);
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, cores, flows, rounds] = &arguments[..] else {
        return Err("NF CORES FLOWS ROUNDS".into());
    };
    let selected = Selected::new(name, options(name))?;
    let profile = selected.smallest_profile();
    let run = Run {
        name,
        profile,
        cores: cores.parse()?,
        flows: flows.parse()?,
        rounds: rounds.parse()?,
    };
    selected.with(profile, run)?;
    Ok(())
}
