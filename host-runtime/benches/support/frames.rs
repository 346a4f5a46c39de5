//! Frames and workers that benches, examples and tests of the worker loop share.
#![allow(dead_code)]

use std::hint::black_box;

use scr_nf::NetworkFunction;
use scr_nic::Model;
use scr_runtime::EventLevel;
use scr_runtime::device::{Batch, Device, MemorySource, NicDevice};
use scr_runtime::recovery::{Log, Peers};
use scr_runtime::worker::ahead::Ahead;
use scr_runtime::worker::{Output, Worker, WorkerConfig};
use scr_wire::{Config, Geometry, Profile, Seq};

/// Frames of a burst as workers get it: how far they can look ahead.
const BURST: usize = 128;

/// The packets that keep `function` busy: SYNs, but acknowledgments for the connection tracker, which only passes
/// repeated SYNs.
pub fn flags(function: &str) -> u8 {
    if function == "conntrack" { 0x10 } else { 0x02 }
}

/// Options with which a function has something to do for such packets: all go from 10.0.0.0/8 to one address outside.
pub fn options(function: &str) -> &'static [&'static str] {
    match function {
        "load-balancer" => &["vip=11.0.0.1"],
        // A port for each of a million flows and more.
        "nat" => &["external=203.0.113.0/27"],
        _ => &[],
    }
}

/// A sequencer's frames of `packets` packets of `flows` flows (2²⁴ at most) in pseudo-random order, for `cores` cores.
fn sequence(
    profile: &Profile,
    cores: u8,
    flows: u64,
    packets: u64,
    flags: u8,
    mut each: impl FnMut(&Batch),
) {
    let mut source = MemorySource::default();
    let mut random = 1u64;
    for _ in 0..packets {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let flow = (random >> 33) % flows;
        // Distinct and without pattern: odd multipliers and shifts permute 24 bits.
        let host = (flow as u32).wrapping_mul(0x9e37_79b1) & 0xff_ffff;
        let host = (host ^ host >> 11).wrapping_mul(0x85eb_ca6b) & 0xff_ffff;
        let address = 10 << 24 | host;
        let mut frame = [0u8; 60];
        frame[12..14].copy_from_slice(&[0x08, 0x00]);
        frame[14] = 0x45;
        frame[16..18].copy_from_slice(&46u16.to_be_bytes());
        frame[23] = 6;
        frame[26..30].copy_from_slice(&address.to_be_bytes());
        frame[30..34].copy_from_slice(&[11, 0, 0, 1]);
        frame[34..38].copy_from_slice(&[0x12, 0x34, 0, 80]);
        frame[46] = 0x50;
        frame[47] = flags;
        source.push(&frame);
    }
    let words = Geometry::fewest_words(profile, cores.into())
        .unwrap()
        .prefix_words();
    let nic = Model::new(profile, 128, Config::new(cores, words)).unwrap();
    let mut device = NicDevice::new(source, nic);
    let mut batch = Batch::default();
    let mut more = true;
    while more {
        batch.clear();
        more = device.receive(&mut batch).unwrap();
        each(&batch);
    }
}

/// All frames, batch after batch.
pub fn batches(profile: &Profile, cores: u8, flows: u64, packets: u64, flags: u8) -> Vec<Batch> {
    let mut batches = Vec::new();
    sequence(profile, cores, flows, packets, flags, |batch| {
        let mut copy = Batch::default();
        for (i, info) in batch.frames().iter().enumerate() {
            copy.push(info.packet, info.path, info.queue, &[batch.bytes(i)]);
        }
        batches.push(copy);
    });
    batches
}

/// A worker that is one of `cores`, with all its frames.
pub struct Lane<F: NetworkFunction> {
    worker: Worker<F>,
    frames: Batch,
    out: Output,
    row_bytes: usize,
}

impl<F: NetworkFunction> Lane<F> {
    /// Worker 0 of `cores`, and its frames of `packets` packets of `flows` flows. It keeps a log, as a worker with peers
    /// does.
    pub fn new(
        function: F,
        profile: &Profile,
        cores: u8,
        flows: u64,
        packets: u64,
        flags: u8,
    ) -> Self {
        let mut frames = Batch::default();
        sequence(profile, cores, flows, packets, flags, |batch| {
            for (i, info) in batch.frames().iter().enumerate() {
                if info.queue == 0 {
                    frames.push(info.packet, info.path, 0, &[batch.bytes(i)]);
                }
            }
        });
        let (log, writer) = Log::new(2048, profile.row_bytes());
        let config = WorkerConfig {
            core: 0,
            profile: *profile,
            first_seq: Seq::ZERO,
            max_rows: 255,
            log: Some(writer),
            peers: Peers::of(0, &[log]),
            events: EventLevel::Off,
        };
        Self {
            worker: Worker::new(function, config),
            frames,
            out: Output::default(),
            row_bytes: profile.row_bytes(),
        }
    }

    /// Frames of a round.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// The worker's replica.
    pub fn state(&self) -> &F::State {
        self.worker.state()
    }

    /// Bytes of a row.
    pub fn row_bytes(&self) -> usize {
        self.row_bytes
    }

    /// Starts a round, which is an epoch of its own; the state stays.
    pub fn start(&mut self) {
        self.worker.start_epoch(0, Seq::ZERO);
    }

    /// Handles frames `from..to` of the round, as a worker task does.
    #[inline(never)]
    pub fn measured(&mut self, from: usize, to: usize) {
        let Self {
            worker,
            frames,
            out,
            ..
        } = self;
        let mut start = from;
        while start < to {
            let end = to.min(start + BURST);
            out.clear();
            let mut ahead = Ahead::new(worker);
            for at in start..end {
                ahead.advance(worker, at - start, end - start, |i| frames.bytes(start + i));
                let _ = black_box(worker.handle(frames.bytes(at), out));
            }
            start = end;
        }
    }

    /// A whole round.
    pub fn round(&mut self) {
        self.start();
        self.measured(0, self.len());
    }
}
