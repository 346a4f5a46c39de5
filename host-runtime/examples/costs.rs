//! What a packet costs, per function: t, c₁ and c₂, in nanoseconds.
//!
//! | | |
//! |---|---|
//! | t | dispatch: check a frame and sort it into its worker's lane |
//! | c₁ | a worker's work for each packet: check the frame, judge the packet |
//! | c₂ | for each row: apply it, append it to the log |
//!
//! A frame of k rows costs a worker c₁ + k · c₂. Both come from a fit over k = 1, 2, 4, 8, 16, all measured in one run, in
//! turns; each figure is the median of short trials.
//!
//! `cargo run --release -p scr-runtime --example costs -- [trials] [function] [flows]`

#[path = "../benches/support/frames.rs"]
mod frames;

use std::hint::black_box;
use std::time::Instant;

use frames::{Lane, flags, options};
use scr_nf::{NAMES, NetworkFunction, Selected, Visitor};
use scr_runtime::dispatch::{Burst, Dispatcher};
use scr_wire::{Profile, Seq};

const CORES: [u8; 5] = [1, 2, 4, 8, 16];

/// Rows in a trial.
const ROWS: usize = 1 << 14;

struct Costs<'a> {
    name: &'a str,
    profile: &'a Profile,
    flows: u64,
    trials: usize,
}

impl Visitor for Costs<'_> {
    type Output = ();

    fn visit<F: NetworkFunction>(self, function: F) {
        let Self {
            name,
            profile,
            flows,
            trials,
        } = self;
        let packets = (4 * flows).next_power_of_two().clamp(1 << 15, 1 << 20);
        let mut lanes = CORES.map(|cores| {
            Lane::new(
                function.clone(),
                profile,
                cores,
                flows,
                packets,
                flags(name),
            )
        });
        for lane in &mut lanes {
            lane.round();
            lane.start();
        }
        let mut times: [Vec<f64>; CORES.len()] = Default::default();
        let parts = packets as usize / ROWS;
        for trial in 0..trials {
            let part = 2 * trial % parts;
            for ((lane, &cores), times) in lanes.iter_mut().zip(&CORES).zip(&mut times) {
                let frames = ROWS / usize::from(cores);
                if part == 0 {
                    lane.start();
                }
                // The workers share a cache here: each finds it again as it would have left it.
                lane.measured(part * frames, (part + 1) * frames);
                let start = Instant::now();
                lane.measured((part + 1) * frames, (part + 2) * frames);
                times.push(start.elapsed().as_nanos() as f64 / frames as f64);
            }
        }
        let points: Vec<(f64, f64)> = CORES
            .iter()
            .zip(times)
            .map(|(&cores, times)| (f64::from(cores), median(times)))
            .collect();
        let (c1, c2) = fit(&points);
        let t = dispatch(profile, flows, flags(name), trials);
        let frames: Vec<String> = points.iter().map(|(_, ns)| format!("{ns:.1}")).collect();
        println!(
            "| `{name}` | {flows} | {t:.1} | {c1:.1} | {c2:.2} | {} |",
            frames.join(" · ")
        );
    }
}

/// Time to prepare a burst, per packet.
fn dispatch(profile: &Profile, flows: u64, flags: u8, trials: usize) -> f64 {
    const LANES: u8 = 4;
    let batches = frames::batches(profile, LANES, flows, 1 << 13, flags);
    let packets: usize = batches.iter().map(|batch| batch.len()).sum();
    let mut bursts: Vec<Burst> = batches
        .into_iter()
        .map(|batch| Burst {
            batch,
            ..Burst::new(LANES.into(), 0)
        })
        .collect();
    let once = |_| {
        let mut dispatcher = Dispatcher::new(profile, LANES.into(), Seq::ZERO, 255);
        for burst in &mut bursts {
            burst.lanes.iter_mut().for_each(Vec::clear);
        }
        let start = Instant::now();
        for burst in &mut bursts {
            dispatcher.prepare(black_box(burst)).unwrap();
        }
        start.elapsed().as_nanos() as f64 / packets as f64
    };
    median((0..trials.min(101)).map(once).collect())
}

/// Least squares of the relative errors: ordinate at 0 and slope.
fn fit(points: &[(f64, f64)]) -> (f64, f64) {
    let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
        points.iter().map(|&(x, y)| f(x, y) / (y * y)).sum()
    };
    let (n, x, y) = (sum(&|_, _| 1.0), sum(&|x, _| x), sum(&|_, y| y));
    let (xx, xy) = (sum(&|x, _| x * x), sum(&|x, y| x * y));
    let slope = (n * xy - x * y) / (n * xx - x * x);
    ((y - slope * x) / n, slope)
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let trials = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(401);
    let only = arguments.next();
    println!("| function | flows | t | c₁ | c₂ | a frame of 1 · 2 · 4 · 8 · 16 rows |");
    println!("|---|--:|--:|--:|--:|---|");
    let flows = arguments.next().and_then(|n| n.parse().ok());
    for flows in flows.map_or(vec![1, 5_000, 1_000_000], |flows| vec![flows]) {
        for name in NAMES {
            if only.as_deref().is_some_and(|only| only != *name) {
                continue;
            }
            let selected = Selected::new(name, options(name)).unwrap();
            let profile = selected.smallest_profile();
            let costs = Costs {
                name,
                profile,
                flows,
                trials,
            };
            selected.with(profile, costs).unwrap();
        }
    }
}
