//! The stimulus for coverage: the cosimulation's mix in all patterns, a long run of short packets, and the registers.

use std::path::Path;

use scr_hdl::{Direction, Dut};
use scr_sim::cosim::{CosimConfig, Plan, Setting, Step, TestPacket, random_packets, run};
use scr_sim::stream::{Access, Pattern, RegisterBus};
use scr_wire::registers;

use super::Points;
use crate::Built;

/// Packets of the long run: a power of two, so that counters of that many bits wrap around.
const LONG_RUN: usize = 1 << 15;

/// Runs everything on `built`, a model that records coverage, with files in `folder`.
///
/// # Errors
///
/// If a run fails, which is a failure of the hardware, or a file cannot be read.
pub fn collect(built: &Built, folder: &Path) -> Result<Points, String> {
    let mut points = Points::default();
    let shapes = [(1, 1), (3, 2), (16, 5), (7, 40), (13, 63), (16, 62)];
    for (i, source) in Pattern::MIX.into_iter().enumerate() {
        let (cores, words) = shapes[i % shapes.len()];
        let settings = built.settings(cores, words);
        let plan = Plan {
            change_every: 8,
            reset_every: 25,
            drain_every: 30,
            ..built.plan(400, settings.clone())
        };
        let mut cosim = built.cosim(settings);
        cosim.grace_cycles = 128;
        cosim.seed = i as u64;
        cosim.source = source;
        cosim.sink = Pattern::MIX[(2 * i + 3) % Pattern::MIX.len()];
        cosimulate(built, plan.steps(cosim.seed), &cosim, folder, &mut points)?;
    }
    // Long enough for a full history and for the epochs to wrap around.
    let settings = built.settings(16, 40);
    let plan = Plan {
        change_every: 40,
        ..built.plan(400, settings.clone())
    };
    cosimulate(
        built,
        plan.steps(90),
        &built.cosim(settings),
        folder,
        &mut points,
    )?;
    let settings = built.settings(3, 1);
    let mut cosim = built.cosim(settings.clone());
    cosim.grace_cycles = 64;
    let resets = short_packets().into_iter().take(160);
    let steps = resets.flat_map(|packet| {
        let first = Step::Packet(packet.clone());
        [first, Step::Drain, Step::Packet(packet), Step::Reset(2)]
    });
    cosimulate(built, steps, &cosim, folder, &mut points)?;
    // Short packets pile up while a change of k is computed.
    let mut cores = [1, 16, 3, 7].into_iter().cycle();
    let settings = built.settings(1, 5);
    let mut cosim = built.cosim(settings);
    cosim.grace_cycles = 64;
    let short = short_packets();
    let steps = short
        .iter()
        .cycle()
        .take(2_000)
        .enumerate()
        .flat_map(|(i, packet)| {
            let set = i
                .is_multiple_of(40)
                .then(|| Step::Set(Setting::Cores(cores.next().unwrap_or(1))));
            [Some(Step::Packet(packet.clone())), set]
        });
    cosimulate(built, steps.flatten(), &cosim, folder, &mut points)?;
    // Epochs and k change while every queue inside is full.
    for (seed, words, sink) in [
        (1, 63, Pattern::Always),
        (2, 8, Pattern::Bursts { on: 30, off: 500 }),
    ] {
        let settings = built.settings(3, words);
        let plan = built.plan(300, settings.clone());
        let mut cosim = built.cosim(settings);
        cosim.grace_cycles = 128;
        cosim.seed = seed;
        cosim.sink = sink;
        cosimulate(built, plan.crowded(seed), &cosim, folder, &mut points)?;
    }
    let steps = (0..LONG_RUN).map(|i| Step::Packet(short[i % short.len()].clone()));
    let cosim = built.cosim(built.settings(4, 1));
    cosimulate(built, steps, &cosim, folder, &mut points)?;

    let path = folder.join("registers.dat");
    let mut model = built
        .model
        .instance_traced(&path)
        .map_err(|e| e.to_string())?;
    exercise_registers(&mut model)?;
    drop(model);
    points.add(&path)?;
    Ok(points)
}

fn cosimulate(
    built: &Built,
    steps: impl IntoIterator<Item = Step>,
    config: &CosimConfig,
    folder: &Path,
    points: &mut Points,
) -> Result<(), String> {
    let path = folder.join("run.dat");
    let model = built.model.instance_traced(&path);
    let mut model = model.map_err(|e| e.to_string())?;
    run(&mut model, steps, config).map_err(|mismatch| mismatch.to_string())?;
    drop(model);
    points.add(&path)
}

/// Packets of the mix that are cut to 64 bytes.
fn short_packets() -> Vec<TestPacket> {
    let mut packets = random_packets(64, 512);
    for packet in &mut packets {
        packet.bytes.truncate(64);
    }
    packets
}

/// Reads every offset, and writes values of few and of many bits to it, with all, some and no strobes.
fn exercise_registers(dut: &mut dyn Dut) -> Result<(), String> {
    let mut bus = RegisterBus::find(dut.ports()).map_err(|e| e.to_string())?;
    let rst = dut.port("rst").ok_or("no port rst")?;
    let protection: Vec<usize> = (0..dut.ports().len())
        .filter(|&i| dut.ports()[i].name.ends_with("prot"))
        .filter(|&i| dut.ports()[i].direction == Direction::Input)
        .collect();
    dut.set(rst, &[1]);
    dut.tick();
    dut.set(rst, &[0]);
    let mut access = |access| -> Result<(), String> {
        bus.start(access);
        loop {
            let answer = bus.step(dut).map_err(|e| e.to_string())?;
            dut.tick();
            if answer.is_some() {
                return Ok(());
            }
        }
    };
    let values = [0, 1, 2, 3, 0x1ff, 0x155, 0xffff_ffff, 0xaaaa_5555];
    for offset in (0..1 << registers::ADDRESS_BITS).step_by(4) {
        access(Access::Read { offset })?;
        access(Access::Read { offset: offset + 3 })?;
        if offset < 0x20 || offset.is_multiple_of(0x40) || (0x400..0x440).contains(&offset) {
            for value in values {
                access(Access::write(offset + 3, value))?;
            }
            for strobes in 0..15 {
                let value = u32::from(offset) | 0x100;
                access(Access::Write {
                    offset,
                    value,
                    strobes,
                })?;
            }
        }
        access(Access::write(registers::STATUS.offset, 1))?;
    }
    for port in protection {
        for value in [7, 0] {
            dut.set(port, &[value]);
            dut.tick();
        }
    }
    Ok(())
}
