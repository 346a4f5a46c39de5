//! What putting a frame back into order costs: lanes in rotation, each a stretch of frames at a time, as workers hand
//! them on.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use scr_runtime::egress::Resequencer;

/// Frames in a stretch, of all lanes together.
const STRETCH: u64 = 128;

fn resequencer(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("resequencer");
    group.throughput(Throughput::Elements(STRETCH));
    for lanes in [1u64, 4, 16] {
        group.bench_function(format!("{lanes} lanes"), |bencher| {
            let mut order = Resequencer::new(lanes as usize, 1024);
            let mut first = 0;
            bencher.iter(|| {
                // The last lane is the first to be done, so that everything waits for the last one.
                for lane in (0..lanes).rev() {
                    for position in (first + lane..first + STRETCH).step_by(lanes as usize) {
                        let _ = order.put(position, lane as u16);
                    }
                    order.advance(lane as usize, first + STRETCH);
                }
                while let Some(item) = order.pop() {
                    black_box(item);
                }
                first += STRETCH;
            });
        });
    }
    group.finish();
}

criterion_group!(benches, resequencer);
criterion_main!(benches);
