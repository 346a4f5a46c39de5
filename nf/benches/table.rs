//! Row updates of the flow table and of `hashbrown` with `foldhash`, key extraction included.
//!
//! For ratios take `cargo run --release -p scr-runtime --example table`: there trials are interleaved.

#[path = "support/rows.rs"]
mod rows;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use scr_nf::table::Table;

fn table(criterion: &mut Criterion) {
    for flows in [10_000, 100_000, 1_000_000] {
        let rows = rows::rows(flows, if flows > 10_000 { 1 << 21 } else { 1 << 15 });
        let mut group = criterion.benchmark_group(format!("table/{flows}"));
        group.throughput(Throughput::Elements(rows.len() as u64));
        let mut table = Table::new(1 << 20);
        group.bench_function("plain", |bencher| {
            bencher.iter(|| rows::plain(&mut table, black_box(&rows)));
        });
        group.bench_function("ahead", |bencher| {
            bencher.iter(|| rows::ahead(&mut table, black_box(&rows)));
        });
        group.bench_function("worker", |bencher| {
            bencher.iter(|| rows::ours(&mut table, black_box(&rows)));
        });
        let mut map = HashMap::with_hasher(FixedState::default());
        group.bench_function("hashbrown", |bencher| {
            bencher.iter(|| rows::hashbrown(&mut map, black_box(&rows)));
        });
        let mut map = HashMap::with_hasher(FixedState::default());
        group.bench_function("hashbrown-array", |bencher| {
            bencher.iter(|| rows::hashbrown_array(&mut map, black_box(&rows)));
        });
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(std::time::Duration::from_secs(3));
    targets = table
}
criterion_main!(benches);
