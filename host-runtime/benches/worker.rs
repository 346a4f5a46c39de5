//! The worker loop, per function: frames of k rows, all applied.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use scr_runtime::EventLevel;
use scr_runtime::device::{Batch, Device, MemorySource, Model, Replay};
use scr_runtime::nf::{NetworkFunction, Selected, Visitor};
use scr_runtime::recovery::{Log, Peers};
use scr_runtime::worker::{Output, Worker, WorkerConfig};
use scr_wire::{Config, Geometry, Profile, Seq};

/// Packets of a round; every worker's share of them is timed.
const PACKETS: u64 = 100_000;

/// Frames of core 0 among `cores`, of packets of `flows` flows in pseudo-random order.
fn frames(profile: &Profile, cores: u8, flows: u64) -> Batch {
    let mut source = MemorySource::default();
    let mut random = 1u64;
    for _ in 0..PACKETS {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let flow = ((random >> 33) % flows) as u32;
        let mut frame = [0u8; 60];
        frame[12..14].copy_from_slice(&[0x08, 0x00]);
        frame[14] = 0x45;
        frame[16..18].copy_from_slice(&46u16.to_be_bytes());
        frame[23] = 6;
        frame[26..30].copy_from_slice(&(0x0a00_0000 | flow).to_be_bytes());
        frame[30..34].copy_from_slice(&[11, 0, 0, 1]);
        frame[36..38].copy_from_slice(&[0, 80]);
        frame[47] = 0x02;
        source.push(&frame);
    }
    let words = Geometry::fewest_words(profile, cores.into())
        .unwrap()
        .prefix_words();
    let nic = Model::new(profile, 64, Config::new(cores, words)).unwrap();
    let mut device = Replay::new(source, nic);
    let mut own = Batch::default();
    let mut batch = Batch::default();
    let mut more = true;
    while more {
        batch.clear();
        more = device.receive(&mut batch).unwrap();
        for (i, info) in batch.frames().iter().enumerate() {
            if info.queue == 0 {
                own.push(info.packet, info.path, 0, &[batch.bytes(i)]);
            }
        }
    }
    own
}

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
        for (cores, flows) in [(1, 10_000), (4, 10_000), (7, 10_000), (4, 100_000)] {
            let frames = frames(self.profile, cores, flows);
            group.throughput(Throughput::Elements(frames.len() as u64));
            let id = BenchmarkId::new(format!("k{cores}"), flows);
            group.bench_function(id, |bencher| {
                let (log, writer) = Log::new(2048, self.profile.row_bytes());
                let config = WorkerConfig {
                    core: 0,
                    profile: *self.profile,
                    first_seq: Seq::ZERO,
                    max_rows: 255,
                    log: (cores > 1).then_some(writer),
                    peers: Peers::of(0, &[log]),
                    events: EventLevel::Off,
                };
                let mut worker = Worker::new(function.clone(), config);
                let mut out = Output::default();
                // The first round, in the warm-up, fills the table; each round is an epoch of its own.
                bencher.iter(|| {
                    worker.start_epoch(0, Seq::ZERO);
                    for i in 0..frames.len() {
                        let _ = black_box(worker.handle(frames.bytes(i), &mut out));
                    }
                });
            });
        }
        group.finish();
    }
}

fn worker(criterion: &mut Criterion) {
    let chain = ["ddos,heavy-hitter"];
    for &name in scr_runtime::nf::NAMES.iter().chain(&chain) {
        let selected = Selected::new::<&str>(name, &[]).unwrap();
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
