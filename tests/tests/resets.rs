//! Resets at every distance from writes to the registers: no frame sees what was configured before.

use scr_hdl::{CoreConfig, Dut};
use scr_sim::stream::{Access, Delays, RegisterBus};
use scr_sim::verilator::VerilatorModel;
use scr_tests::Built;
use scr_wire::registers::{self, Register};
use scr_wire::{Config, Frame, profile};

/// Hardware, driven cycle by cycle.
struct Bench {
    model: VerilatorModel,
    bus: RegisterBus,
    beat_bytes: usize,
    /// Bytes and queue of the frames that came out.
    frames: Vec<(Vec<u8>, u16)>,
    open: Vec<u8>,
}

impl Bench {
    fn new(built: &Built) -> Self {
        let model = built.model.instance().expect("an instance");
        let bus = RegisterBus::find(model.ports()).expect("the register bus");
        let mut bench = Self {
            model,
            bus,
            beat_bytes: built.config.width / 8,
            frames: Vec::new(),
            open: Vec::new(),
        };
        bench.set("m_axis_tready", &[1]);
        bench.reset(4);
        bench
    }

    fn set(&mut self, port: &str, value: &[u8]) {
        let port = self.model.port(port).expect("a port of the sequencer");
        let mut bytes = vec![0; self.model.ports()[port].bytes()];
        bytes[..value.len()].copy_from_slice(value);
        self.model.set(port, &bytes);
    }

    fn get(&self, port: &str) -> Vec<u8> {
        let port = self.model.port(port).expect("a port of the sequencer");
        let mut bytes = vec![0; self.model.ports()[port].bytes()];
        self.model.get(port, &mut bytes);
        bytes
    }

    /// A clock edge, with the beat at the output taken.
    fn tick(&mut self) {
        if self.get("m_axis_tvalid")[0] != 0 {
            let keep = self.get("m_axis_tkeep");
            let count: u32 = keep.iter().map(|byte| byte.count_ones()).sum();
            let data = self.get("m_axis_tdata");
            self.open.extend_from_slice(&data[..count as usize]);
            if self.get("m_axis_tlast")[0] != 0 {
                let dest = self.get("m_axis_tdest");
                let queue = u16::from_le_bytes([dest[0], dest[1]]);
                self.frames.push((std::mem::take(&mut self.open), queue));
            }
        }
        self.model.tick();
    }

    fn reset(&mut self, cycles: usize) {
        self.set("rst", &[1]);
        self.bus.reset(&mut self.model);
        for _ in 0..cycles {
            self.tick();
        }
        self.set("rst", &[0]);
        self.open.clear();
        self.frames.clear();
    }

    fn start(&mut self, register: Register, value: u32) {
        let access = Access::write(register.offset, value);
        self.bus.start_with(access, Delays::default());
    }

    /// A cycle of the register bus; true when the access is done.
    fn step(&mut self) -> bool {
        let answer = self.bus.step(&mut self.model).expect("an answer");
        self.tick();
        answer.is_some()
    }

    fn write(&mut self, register: Register, value: u32) {
        self.start(register, value);
        while !self.step() {}
    }

    /// Sends a packet of 64 bytes from 10.0.0.`n` beside what the bus does, offering its beats from now on.
    fn send(&mut self, n: u8, mut each_cycle: impl FnMut(&mut Self)) {
        let mut packet = [0; 64];
        packet[12] = 0x08;
        packet[14] = 0x45;
        packet[23] = 17;
        packet[26..30].copy_from_slice(&[10, 0, 0, n]);
        let beat_bytes = self.beat_bytes;
        let beats = packet.chunks(beat_bytes).count();
        for (i, beat) in packet.chunks(beat_bytes).enumerate() {
            self.set("s_axis_tvalid", &[1]);
            self.set("s_axis_tdata", beat);
            let keep = u128::MAX >> (128 - beat.len());
            self.set("s_axis_tkeep", &keep.to_le_bytes()[..beat_bytes / 8]);
            self.set("s_axis_tlast", &[u8::from(i + 1 == beats)]);
            loop {
                let taken = self.get("s_axis_tready")[0] != 0;
                each_cycle(self);
                if taken {
                    break;
                }
            }
        }
        self.set("s_axis_tvalid", &[0]);
    }
}

/// What the first frame behind a reset is like: cores, prefix words, core, seq, valid rows, epoch, queue.
fn first_frame(bench: &mut Bench, profile: &scr_wire::Profile) -> (u8, u8, u8, u64, u8, u8, u16) {
    for _ in 0..120 {
        bench.tick();
    }
    let (bytes, queue) = bench.frames.first().cloned().expect("a frame");
    let frame = Frame::parse(&bytes, profile).expect("a sequenced frame, not one that passed by");
    let header = frame.header();
    (
        header.cores,
        header.prefix_words,
        header.core,
        header.seq.get(),
        header.valid_rows,
        header.epoch,
        queue,
    )
}

/// All settings away from their reset values; then, behind a reset, a frame at once and a write so many cycles later.
fn every_offset(width: usize) {
    let mut config = CoreConfig::new(&profile::FLOW);
    config.width = width;
    let built = Built::new(config);
    let reset: Config = registers::reset_config(&profile::FLOW);
    let reset_words = reset
        .prefix_words
        .next_multiple_of((width / 512).max(1) as u8);
    let mut bench = Bench::new(&built);
    let mut epoch = 0;
    let mut seen_new = false;
    for enabled in [true, false] {
        for offset in 0..48 {
            bench.write(registers::PREFIX_WORDS, 6);
            bench.write(registers::CORES, 5);
            bench.write(registers::DEFAULT_QUEUE, 77);
            bench.write(registers::STEERING, 99);
            bench.write(registers::CONTROL, if enabled { 3 } else { 0 });
            bench.reset(1 + offset % 3);
            epoch = (epoch + 1) % 64;
            let mut cycle = 0;
            let mut done = false;
            let mut each = |bench: &mut Bench| {
                if cycle == offset {
                    bench.start(registers::CORES, 2);
                }
                cycle += 1;
                if cycle > offset && !done {
                    done = bench.step();
                } else {
                    bench.tick();
                }
            };
            bench.send(1, &mut each);
            for _ in 0..120 {
                each(&mut bench);
            }
            assert!(done);
            let (cores, words, core, seq, rows, got_epoch, queue) =
                first_frame(&mut bench, &profile::FLOW);
            let place = format!("width {width}, write {offset} cycles after the reset");
            assert!(cores == 1 || cores == 2, "{place}: k = {cores}");
            seen_new |= cores == 2;
            assert_eq!(
                (words, core, seq, rows, got_epoch, queue),
                (reset_words, 0, 0, 1, epoch, 0),
                "{place}"
            );
        }
    }
    assert!(seen_new, "no write came before its frame");
}

/// A reset so many cycles into a write: it is as if the write had not been, and the next frame has the reset values.
fn reset_in_a_write(width: usize) {
    let mut config = CoreConfig::new(&profile::FLOW);
    config.width = width;
    let built = Built::new(config);
    let words_per_beat = (width / 512).max(1) as u8;
    let reset_words = registers::reset_config(&profile::FLOW)
        .prefix_words
        .next_multiple_of(words_per_beat);
    let mut bench = Bench::new(&built);
    let mut epoch = 0;
    let writes = [
        (registers::CORES, 4),
        (registers::PREFIX_WORDS, 8),
        (registers::DEFAULT_QUEUE, 300),
        (registers::STEERING, 200),
        (registers::CONTROL, 0),
    ];
    for (register, value) in writes {
        for offset in 0..40 {
            bench.write(registers::PREFIX_WORDS, 6);
            bench.write(registers::CORES, 5);
            bench.start(register, value);
            let mut done = false;
            for _ in 0..offset {
                if done {
                    bench.tick();
                } else {
                    done = bench.step();
                }
            }
            bench.reset(1);
            epoch = (epoch + 1) % 64;
            bench.send(1, Bench::tick);
            let first = first_frame(&mut bench, &profile::FLOW);
            assert_eq!(
                first,
                (1, reset_words, 0, 0, 1, epoch, 0),
                "width {width}, reset {offset} cycles into a write of {value} to {}",
                register.name
            );
        }
    }
}

#[test]
fn every_frame_sees_reset_values_or_what_was_written_since() {
    for width in [128, 256, 512, 1024] {
        every_offset(width);
    }
}

#[test]
fn a_reset_ends_a_write() {
    for width in [128, 512, 1024] {
        reset_in_a_write(width);
    }
}

/// Changes of k, bypass and enabling, back to back: each takes effect, and each answer means that it has.
#[test]
fn writes_take_effect_in_order() {
    let built = Built::new(CoreConfig::new(&profile::FLOW));
    let mut bench = Bench::new(&built);
    bench.write(registers::PREFIX_WORDS, 6);
    for round in 1..=40u8 {
        bench.write(registers::CORES, u32::from(1 + round % 5));
        bench.write(registers::CONTROL, 0);
        bench.write(registers::CONTROL, 1);
        // The very next frame has all three.
        bench.frames.clear();
        bench.send(round, Bench::tick);
        let (cores, _, core, seq, rows, epoch, _) = first_frame(&mut bench, &profile::FLOW);
        assert_eq!(
            (cores, core, seq, rows, epoch),
            (1 + round % 5, 0, 0, 1, round),
            "round {round}"
        );
    }
}
