//! What loss recovery costs: rows without logs, with logs, and with frames lost. All trials are interleaved.
//!
//! `cargo run --release -p scr-runtime --example loss_cost -- [trials] [flows] [functions] [measurements]`, the last two comma-separated
//!
//! * *alone*: the loop of one worker whose frames all come, without log and with one that nobody reads; in many short
//!   slices, so that most of them see no interruption.
//! * *threads*: all workers on real threads behind their queues, fed the same bursts again and again, without sequencer
//!   and verification.
//! * *replay*: whole runs behind the golden sequencer, with sequencing, workers, and verification of every verdict.
//! * *injector*: the same behind a fault injector, which loses frames.

use std::error::Error;
use std::hint::black_box;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Instant;

use rtrb::RingBuffer;
use scr_nf::{NetworkFunction, Selected, Visitor};
use scr_nic::Model;
use scr_runtime::device::{Batch, Device, Inject, MemorySource, NicDevice, ReplayDevice, Select};
use scr_runtime::dispatch::{Burst, Dispatcher, Message};
use scr_runtime::membership::Heartbeats;
use scr_runtime::recovery::{Log, LogWriter, Peers};
use scr_runtime::worker::task::{Queues, Spec, WorkerTask};
use scr_runtime::worker::threads::{self, Backoff, StopFlag, Task};
use scr_runtime::worker::{Counters, IDLE_SLACK, Output, Worker, WorkerConfig};
use scr_runtime::{EventLevel, Outputs, ReplayConfig, replay};
use scr_wire::{Config, Geometry, Profile, Seq};

/// Packets of a round.
const PACKETS: u32 = 1 << 16;
/// Frames in a burst, and bursts in circulation: what a replay has by default.
const FRAMES: usize = 128;
const LOADS: usize = 8;
/// Packets of a trial on threads: at least 20 ms.
const TRIAL: u64 = 500_000;
/// Packets of a run: some 100 ms.
const REPLAYED: u64 = 1 << 20;
/// Frames of a slice alone, a millisecond or two, and slices for each trial.
const SLICE: u64 = 30_000;
const SLICES: usize = 10;
/// Rows that a log keeps.
const LOG: usize = (LOADS + 1) * FRAMES + 2 * 255 + IDLE_SLACK as usize;

/// What is compared, and which share of frames is lost then.
const NAMES: [&str; 5] = ["no log", "log", "0.01 % lost", "0.1 % lost", "1 % lost"];
const RATES: [f64; 5] = [0.0, 0.0, 0.000_1, 0.001, 0.01];

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |i: usize, default: &str| -> String {
        arguments.get(i).map_or(default, String::as_str).to_owned()
    };
    let trials = argument(0, "41").parse()?;
    let flows = argument(1, "10000").parse()?;
    println!("{trials} trials, {flows} flows; ns per packet: quartile, median, quartile");
    let measurements = argument(3, "alone,threads,replay,injector");
    for name in argument(2, "heavy-hitter,conntrack").split(',') {
        let function = Selected::new::<&str>(name, &[])?;
        let profile = function.smallest_profile();
        for cores in 2..=4 {
            let compare = Compare {
                name,
                profile,
                cores,
                trials,
                flows,
                measurements: &measurements,
            };
            function.with(profile, compare)??;
        }
    }
    Ok(())
}

struct Compare<'a> {
    name: &'a str,
    profile: &'a Profile,
    cores: u8,
    trials: usize,
    flows: u32,
    measurements: &'a str,
}

impl Visitor for Compare<'_> {
    type Output = Result<()>;

    fn visit<F: NetworkFunction>(self, function: F) -> Result<()> {
        println!("\n{} k = {}", self.name, self.cores);
        for title in self.measurements.split(',') {
            match title {
                "alone" => self.alone(&function)?,
                "threads" => self.threads(&function)?,
                "replay" => self.replay(title, 2, false)?,
                "injector" => self.replay(title, NAMES.len(), true)?,
                _ => return Err(format!("there is no measurement {title}").into()),
            }
        }
        Ok(())
    }
}

impl Compare<'_> {
    fn alone<F: NetworkFunction>(&self, function: &F) -> Result<()> {
        let own = self.own_frames()?;
        let mut kinds = [false, true].map(|with_log| {
            let (log, peers) = self.logs(with_log);
            let config = self.worker(0, log.into_iter().next().flatten(), &peers);
            Worker::new(function.clone(), config)
        });
        let mut out = Output::default();
        let mut times = vec![Vec::new(); kinds.len()];
        for slice in 0..=self.trials * SLICES {
            for (worker, times) in kinds.iter_mut().zip(&mut times) {
                let rounds = SLICE.div_ceil(own.len() as u64);
                let started = Instant::now();
                for _ in 0..rounds {
                    worker.start_epoch(0, Seq::ZERO);
                    for i in 0..own.len() {
                        let _ = black_box(worker.handle(own.bytes(i), &mut out));
                    }
                }
                // The first slice fills tables and caches.
                if slice > 0 {
                    let frames = rounds * own.len() as u64;
                    times.push(started.elapsed().as_nanos() as f64 / frames as f64);
                }
            }
        }
        table("alone", &["no log", "log"], &times, &[]);
        Ok(())
    }

    fn threads<F: NetworkFunction>(&self, function: &F) -> Result<()> {
        let bursts = RATES
            .iter()
            .map(|&rate| self.bursts(rate))
            .collect::<Result<Vec<_>>>()?;
        let mut times = vec![Vec::new(); NAMES.len()];
        let mut counters = vec![Counters::default(); NAMES.len()];
        for trial in 0..=self.trials {
            for (i, bursts) in bursts.iter().enumerate() {
                let (time, counted) = self.run(function, bursts, i > 0)?;
                if trial > 0 {
                    times[i].push(time);
                }
                counters[i] = counted;
            }
        }
        table("threads", &NAMES, &times, &counters);
        Ok(())
    }

    /// Whole runs: without fault injector and losses, or with all.
    fn replay(&self, title: &str, kinds: usize, injector: bool) -> Result<()> {
        let words = self.prefix_words()?;
        let mut times = vec![Vec::new(); kinds];
        for trial in 0..=self.trials {
            for (i, (rate, times)) in RATES.into_iter().zip(&mut times).enumerate() {
                let function = Selected::new::<&str>(self.name, &[])?;
                let config = ReplayConfig {
                    logs: i > 0,
                    ..ReplayConfig::new(function, self.profile, self.cores, words)
                };
                let nic = Model::new(self.profile, 64, Config::new(self.cores, words))?;
                let source = source(self.flows).repeated(REPLAYED / u64::from(PACKETS) - 1);
                let mut plain = NicDevice::new(source, nic);
                let mut lossy;
                let device: &mut dyn ReplayDevice = if injector {
                    lossy = Inject::losing(plain, at_rate(rate));
                    &mut lossy
                } else {
                    &mut plain
                };
                let report = replay(&config, device, Outputs::default(), &mut |_| {})?;
                if trial > 0 {
                    times.push(1e3 / report.mpps);
                }
            }
        }
        table(title, &NAMES[..kinds], &times, &[]);
        Ok(())
    }

    fn prefix_words(&self) -> Result<u8> {
        let geometry = Geometry::fewest_words(self.profile, self.cores.into())
            .ok_or("no prefix holds that many rows")?;
        Ok(geometry.prefix_words())
    }

    /// Sends all bursts through all workers, some times over; nanoseconds per packet.
    fn run<F: NetworkFunction>(
        &self,
        function: &F,
        bursts: &[Arc<Burst>],
        with_logs: bool,
    ) -> Result<(f64, Counters)> {
        let (writers, logs) = self.logs(with_logs);
        let (results, finished) = mpsc::channel();
        let heartbeats = Arc::new(Heartbeats::new(self.cores.into()));
        let (mut queues, mut lanes) = (Vec::new(), Vec::new());
        let mut tasks: Vec<Box<dyn Task + Send>> = Vec::new();
        for (core, log) in (0..).zip(writers) {
            let (queue, items) = RingBuffer::new(LOADS);
            let (done, lane) = RingBuffer::new(LOADS);
            let (spare, used) = RingBuffer::new(LOADS);
            let results = results.clone();
            let WorkerConfig {
                core,
                profile,
                first_seq,
                max_rows,
                log,
                peers,
                events,
            } = self.worker(core, log, &logs);
            let spec = Spec {
                core,
                profile,
                first_seq,
                max_rows,
                peers,
                events,
                board: None,
            };
            let place = Queues {
                items,
                done,
                spare: used,
            };
            let task = WorkerTask::new(
                function.clone(),
                spec,
                log,
                place,
                Arc::clone(&heartbeats),
                results,
            );
            tasks.push(Box::new(task.occupied()));
            queues.push(queue);
            lanes.push((lane, spare));
        }
        let threads = usize::from(self.cores).min(thread::available_parallelism()?.get());
        let mut shares: Vec<Vec<_>> = (0..threads).map(|_| Vec::new()).collect();
        for (i, task) in tasks.into_iter().enumerate() {
            shares[i % threads].push(task);
        }
        let rounds = TRIAL.div_ceil(u64::from(PACKETS));
        let stop = StopFlag::default();
        let mut started = Instant::now();
        thread::scope(|scope| {
            for share in shares {
                let stop = &stop;
                scope.spawn(move || threads::serve(share, stop));
            }
            let mut free = LOADS;
            let mut backoff = Backoff::default();
            // Round 0 fills the tables.
            for round in 0..=rounds {
                if round == 1 {
                    started = Instant::now();
                }
                for burst in bursts {
                    while free == 0 {
                        let ready = lanes.iter().all(|(lane, _)| lane.slots() > 0);
                        if !ready {
                            backoff.wait();
                            continue;
                        }
                        backoff.reset();
                        for (lane, spare) in &mut lanes {
                            let _ = lane.pop().map(|done| spare.push(done.output));
                        }
                        free += 1;
                    }
                    free -= 1;
                    for queue in &mut queues {
                        let _ = queue.push(Message::Burst(Arc::clone(burst)));
                    }
                }
            }
            queues.clear();
        });
        let time = started.elapsed().as_nanos() as f64 / (rounds * u64::from(PACKETS)) as f64;
        let mut total = Counters::default();
        for worker in finished.try_iter() {
            total.rows_from_frames += worker.counters.rows_from_frames;
            total.rows_from_logs += worker.counters.rows_from_logs;
            total.rows_lost_everywhere += worker.counters.rows_lost_everywhere;
            total.rows_unrecovered += worker.counters.rows_unrecovered;
        }
        if total.rows_unrecovered > 0 {
            return Err("rows were not recovered".into());
        }
        Ok((time, total))
    }

    fn worker(&self, core: u16, log: Option<LogWriter>, logs: &[Arc<Log>]) -> WorkerConfig {
        WorkerConfig {
            core,
            profile: *self.profile,
            first_seq: Seq::ZERO,
            max_rows: 255,
            log,
            peers: Peers::of(core, logs),
            events: EventLevel::Off,
        }
    }

    fn logs(&self, wanted: bool) -> (Vec<Option<LogWriter>>, Vec<Arc<Log>>) {
        if !wanted {
            return ((0..self.cores).map(|_| None).collect(), Vec::new());
        }
        (0..self.cores)
            .map(|_| Log::new(LOG, self.profile.row_bytes()))
            .map(|(log, writer)| (Some(writer), log))
            .unzip()
    }

    fn device(&self) -> Result<NicDevice<MemorySource, Model>> {
        let nic = Model::new(
            self.profile,
            64,
            Config::new(self.cores, self.prefix_words()?),
        )?;
        Ok(NicDevice::new(source(self.flows), nic))
    }

    /// The frames of worker 0, one after the other.
    fn own_frames(&self) -> Result<Batch> {
        let mut device = self.device()?;
        let (mut own, mut batch) = (Batch::default(), Batch::default());
        let mut more = true;
        while more {
            batch.clear();
            more = device.receive(&mut batch)?;
            for (i, info) in batch.frames().iter().enumerate() {
                if info.queue == 0 {
                    own.push(info.packet, info.path, 0, &[batch.bytes(i)]);
                }
            }
        }
        Ok(own)
    }

    /// All frames as bursts; the first one starts an epoch, so that they can be sent again.
    fn bursts(&self, rate: f64) -> Result<Vec<Arc<Burst>>> {
        let mut device = Inject::losing(self.device()?, at_rate(rate));
        let mut dispatcher = Dispatcher::new(self.profile, self.cores.into(), Seq::ZERO, 255);
        let mut bursts = Vec::new();
        let mut more = true;
        while more {
            let mut burst = Burst::new(self.cores.into(), FRAMES);
            more = device.receive(&mut burst.batch)?;
            dispatcher.prepare(&mut burst)?;
            for segment in &mut burst.segments {
                segment.barrier |= segment.epoch.is_some();
            }
            bursts.push(Arc::new(burst));
        }
        Ok(bursts)
    }
}

fn at_rate(rate: f64) -> Select {
    Select::Rate {
        probability: rate,
        seed: 1,
    }
}

fn table(title: &str, names: &[&str], times: &[Vec<f64>], counters: &[Counters]) {
    let base = median(&times[0]);
    for (i, name) in names.iter().enumerate() {
        let [low, middle, high] = quartiles(&times[i]);
        // Of trials next to each other, so that what disturbs the machine disturbs both.
        let ratios: Vec<f64> = times[i].iter().zip(&times[0]).map(|(t, b)| b / t).collect();
        let [worst, ratio, best] = quartiles(&ratios);
        print!("{title:8} {name:12} {low:7.2} {middle:7.2} {high:7.2}");
        print!("  {:6.2} Mpps", 1e3 / middle);
        if i > 0 {
            print!("  throughput {:+.1} %", 100.0 * (base / middle - 1.0));
            print!(
                " (paired {:+.1} {:+.1} {:+.1})",
                100.0 * (worst - 1.0),
                100.0 * (ratio - 1.0),
                100.0 * (best - 1.0)
            );
        }
        if let Some(c) = counters.get(i).filter(|c| **c != Counters::default()) {
            print!(
                "  rows from logs {}, lost everywhere {}",
                c.rows_from_logs, c.rows_lost_everywhere
            );
        }
        println!();
    }
}

fn median(values: &[f64]) -> f64 {
    quartiles(values)[1]
}

fn quartiles(values: &[f64]) -> [f64; 3] {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| sorted[(sorted.len() - 1) * quarter / 4])
}

/// Packets of TCP connections in pseudo-random order, acknowledgments all.
fn source(flows: u32) -> MemorySource {
    let mut source = MemorySource::default();
    let mut random = 1u64;
    for _ in 0..PACKETS {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let flow = ((random >> 33) % u64::from(flows)) as u32;
        let mut frame = [0u8; 60];
        frame[12..14].copy_from_slice(&[0x08, 0x00]);
        frame[14] = 0x45;
        frame[16..18].copy_from_slice(&46u16.to_be_bytes());
        frame[23] = 6;
        frame[26..30].copy_from_slice(&(0x0a00_0000 | flow).to_be_bytes());
        frame[30..34].copy_from_slice(&[11, 0, 0, 1]);
        frame[36..38].copy_from_slice(&[0, 80]);
        frame[46] = 0x50;
        frame[47] = 0x10;
        source.push(&frame);
    }
    source
}
