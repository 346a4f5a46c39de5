//! The worker loop, per function: frames of k rows, all applied.
//!
//! What a packet and a row cost is told by `cargo run --release -p scr-runtime --example costs`.

#[path = "support/frames.rs"]
mod frames;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use frames::{Lane, flags, options};
use scr_nf::{NetworkFunction, Selected, Visitor};
use scr_wire::Profile;

/// Packets of a round, for small tables; every worker's share of them is timed.
const PACKETS: u64 = 100_000;

struct Bench<'c, 'b> {
    criterion: &'c mut Criterion,
    name: &'b str,
    profile: &'b Profile,
}

impl Visitor for Bench<'_, '_> {
    type Output = ();

    fn visit<F: NetworkFunction>(self, function: F) {
        let mut group = self
            .criterion
            .benchmark_group(format!("worker/{}", self.name));
        for (cores, flows) in [
            (1, 10_000),
            (4, 10_000),
            (7, 10_000),
            (4, 100_000),
            (4, 1_000_000),
        ] {
            let packets = PACKETS.max(flows);
            let flags = flags(self.name);
            let mut lane = Lane::new(function.clone(), self.profile, cores, flows, packets, flags);
            group.throughput(Throughput::Elements(lane.len() as u64));
            let id = BenchmarkId::new(format!("k{cores}"), flows);
            // The first round, in the warm-up, fills the table.
            group.bench_function(id, |bencher| bencher.iter(|| lane.round()));
        }
        group.finish();
    }
}

fn worker(criterion: &mut Criterion) {
    for name in scr_nf::NAMES {
        let selected = Selected::new(name, options(name)).unwrap();
        let profile = selected.smallest_profile();
        let bench = Bench {
            criterion: &mut *criterion,
            name,
            profile,
        };
        selected.with(profile, bench).unwrap();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).measurement_time(std::time::Duration::from_secs(2));
    targets = worker
}
criterion_main!(benches);
