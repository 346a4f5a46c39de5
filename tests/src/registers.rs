//! The register block compared with its model: random accesses, every response checked.

use proptest::prelude::*;
use scr_hdl::{CoreConfig, Dut, Emitted};
use scr_sim::software::RegisterModel;
use scr_sim::stream::{Access, Answer, Delays, RegisterBus};
use scr_wire::MAX_CORES;
use scr_wire::registers::{self, COUNTERS, MAP, Register, SEQ};

/// One access and the master's pace.
pub type Paced = (Access, Delays);

/// Offsets: of registers, of their upper halves and their bytes, and of nothing.
fn offset() -> impl Strategy<Value = u16> {
    let register = (proptest::sample::select(MAP.to_vec()), any::<u8>(), 0..8u16);
    let known = register.prop_map(|(register, core, byte): (Register, u8, u16)| {
        let bytes = u16::from(register.bits) / 8;
        register.of_core(core % 130) + byte % bytes
    });
    prop_oneof![12 => known, 1 => 0..1u16 << registers::ADDRESS_BITS]
}

/// Values: small, at the edges of fields, any.
fn value() -> impl Strategy<Value = u32> {
    prop_oneof![
        8 => 0..70u32,
        2 => proptest::sample::select(vec![127, 128, 129, 255, 256, 257, 511, 512, 513, u32::MAX]),
        1 => any::<u32>(),
    ]
}

/// A read or a write, at any pace.
pub fn access() -> impl Strategy<Value = Paced> {
    let strobes = prop_oneof![8 => Just(0xf), 1 => 0..16u8];
    let access = prop_oneof![
        offset().prop_map(|offset| Access::Read { offset }),
        (offset(), value(), strobes).prop_map(|(offset, value, strobes)| Access::Write {
            offset,
            value,
            strobes,
        }),
    ];
    let delay = || prop_oneof![3 => Just(0), 1 => 0..20u32];
    let delays = (delay(), delay(), delay()).prop_map(|(address, data, answer)| Delays {
        address,
        data,
        answer,
    });
    (access, delays)
}

/// Makes one access on the bus.
///
/// # Errors
///
/// If no response comes.
pub fn make(
    bus: &mut RegisterBus,
    dut: &mut dyn Dut,
    (access, delays): Paced,
) -> Result<Answer, String> {
    bus.start_with(access, delays);
    loop {
        let answer = bus.step(dut).map_err(|e| e.to_string())?;
        dut.tick();
        if let Some(answer) = answer {
            return Ok(answer);
        }
    }
}

/// Makes one access on both, and compares.
fn access_both(
    dut: &mut dyn Dut,
    bus: &mut RegisterBus,
    model: &mut RegisterModel,
    paced: Paced,
) -> Result<(), String> {
    let answer = make(bus, dut, paced)?;
    let expected = match paced.0 {
        Access::Read { offset } => {
            let value = model.read(offset);
            Answer {
                value: value.unwrap_or(0),
                refused: value.is_none(),
            }
        }
        Access::Write {
            offset,
            value,
            strobes,
        } => Answer {
            value: 0,
            refused: !model.write(offset, value, strobes),
        },
    };
    if answer == expected {
        return Ok(());
    }
    let name = registers::name(paced.0.offset());
    let access = paced.0;
    Err(format!(
        "{access:x?} ({name}): {answer:x?}, expected {expected:x?}"
    ))
}

/// Reads all registers, after a reset.
fn read_all(
    dut: &mut dyn Dut,
    bus: &mut RegisterBus,
    model: &mut RegisterModel,
) -> Result<(), String> {
    for register in MAP {
        for core in 0..if register.per_core { MAX_CORES } else { 1 } {
            for half in 0..u16::from(register.bits) / 32 {
                let offset = register.of_core(core) + 4 * half;
                let access = (Access::Read { offset }, Delays::default());
                access_both(dut, bus, model, access).map_err(|e| format!("after a reset: {e}"))?;
            }
        }
    }
    Ok(())
}

/// Number of accesses from one reset to the next.
const RESET_EVERY: usize = 90;

/// Makes the accesses, with resets among them and without traffic, and compares every response with the model's.
///
/// # Errors
///
/// The first response that differs.
pub fn compare(dut: &mut dyn Dut, config: &CoreConfig, accesses: &[Paced]) -> Result<(), String> {
    let mut model = RegisterModel::new(
        &config.profile,
        config.history,
        config.max_cores,
        config.width / 8,
    );
    let mut bus = RegisterBus::find(dut.ports()).map_err(|e| e.to_string())?;
    let rst = dut.port("rst").ok_or("no port rst")?;
    dut.set(rst, &[1]);
    dut.tick();
    dut.set(rst, &[0]);
    let mut enabled = true;
    for (place, &paced) in accesses.iter().enumerate() {
        if place % RESET_EVERY == RESET_EVERY - 1 {
            dut.set(rst, &[1]);
            for _ in 0..1 + place % 3 {
                dut.tick();
            }
            dut.set(rst, &[0]);
            model.reset();
            model.epoch = (model.epoch + 1) % 64;
            enabled = true;
            read_all(dut, &mut bus, &mut model)?;
        }
        access_both(dut, &mut bus, &mut model, paced)
            .map_err(|e| format!("access {place}, {e}"))?;
        // An epoch starts when a change comes into force, some cycles later; a change back before that does not start
        // one.
        for _ in 0..32 {
            dut.tick();
        }
        if model.config.enable && !enabled {
            model.epoch = (model.epoch + 1) % 64;
        }
        enabled = model.config.enable;
    }
    Ok(())
}

/// Number by which [`many_times`] makes a counter count each event.
pub const TIMES: u64 = 1 << 15;

/// Modifies the Verilog so that counters count every event 2¹⁵ times: this brings the range of 64 bits within reach of
/// simulation.
///
/// # Panics
///
/// If the counters' text has changed.
pub fn many_times(emitted: &mut Emitted) {
    let file = format!("{}_event_counter.v", emitted.top);
    let text = emitted.files.iter_mut().find(|(name, _)| *name == file);
    let (_, text) = text.expect("the counters' module");
    let (once, times) = ("{16'd0, amount}", "{1'd0, amount, 15'd0}");
    assert_eq!(text.matches(once).count(), 1, "{file}");
    *text = text.replace(once, times);
}

/// Hardware that passes frames of one beat while registers are read.
struct Traffic<'a> {
    dut: &'a mut dyn Dut,
    bus: RegisterBus,
    ready: usize,
    /// Number of frames accepted.
    taken: u64,
}

impl<'a> Traffic<'a> {
    /// Starts with a reset.
    fn new(dut: &'a mut dyn Dut) -> Result<Self, String> {
        let bus = RegisterBus::find(dut.ports()).map_err(|e| e.to_string())?;
        let port = |name: &'static str| dut.port(name).ok_or(format!("no port {name}"));
        let (rst, valid, ready) = (port("rst")?, port("s_axis_tvalid")?, port("s_axis_tready")?);
        let (keep, last, m_ready) = (
            port("s_axis_tkeep")?,
            port("s_axis_tlast")?,
            port("m_axis_tready")?,
        );
        let ones = vec![0xff; dut.ports()[keep].bits.div_ceil(8)];
        for (port, value) in [
            (rst, &[1][..]),
            (keep, &ones),
            (last, &[1]),
            (m_ready, &[1]),
        ] {
            dut.set(port, value);
        }
        dut.tick();
        dut.set(rst, &[0]);
        dut.set(valid, &[1]);
        Ok(Self {
            dut,
            bus,
            ready,
            taken: 0,
        })
    }

    fn read(&mut self, offset: u16) -> Result<u64, String> {
        self.bus.start(Access::Read { offset });
        loop {
            let answer = self.bus.step(self.dut).map_err(|e| e.to_string())?;
            let mut accepts = [0];
            self.dut.get(self.ready, &mut accepts);
            self.dut.tick();
            self.taken += u64::from(accepts[0]);
            if let Some(answer) = answer {
                return Ok(answer.value.into());
            }
        }
    }
}

/// Number of frames after which the low half of a counter of [`many_times`] wraps around.
const TURN: u64 = (1 << 32) / TIMES;

/// Number of frames that may have been accepted and are not counted yet.
const UNCOUNTED: u64 = 100;

/// Counters beyond 32 bits, of hardware that counts [`many_times`]: while frames of one beat pass, halves of several
/// counters are read in any order, with pauses. Each high half must belong to the low half of its counter that was read
/// last; before the first low half, the high half is read fresh.
///
/// # Errors
///
/// The value read wrongly.
pub fn high_halves(dut: &mut dyn Dut, seed: u64) -> Result<(), String> {
    // Both count every frame of this traffic, which is not IP.
    let counters = [registers::PACKETS_IN, registers::PACKETS_PASSED_BY];
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut traffic = Traffic::new(dut)?;
    // For the low half read last: its value, and the number of frames accepted before and after it was read.
    let mut lows: [Option<(u64, u64, u64)>; 2] = [None; 2];
    // Number of high halves read after a wrap-around since their low half.
    let mut turned = 0;
    while traffic.taken < 5 * TURN / 2 || turned < 2 {
        if traffic.taken > 40 * TURN {
            return Err("no low half turned around between the reads of two halves".to_owned());
        }
        for _ in 0..rng.u32(..8) {
            traffic.read(registers::ID.offset)?;
        }
        // For one counter the first wrap-around happens before any half is read: the high half is read fresh, and is
        // not 0.
        let which = match traffic.taken < 3 * TURN / 2 {
            true => 1,
            false => rng.usize(..2),
        };
        let counter = counters[which];
        let before = traffic.taken;
        match rng.u8(..8) {
            0..3 => {
                let low = traffic.read(counter.offset)?;
                lows[which] = Some((low, before, traffic.taken));
            }
            3..6 => {
                let high = traffic.read(counter.offset + 4)?;
                let after = traffic.taken;
                let (low, from, to) = match lows[which] {
                    Some(low) => low,
                    None => ((before % TURN) * TIMES, before, after),
                };
                let is_fresh = lows[which].is_none();
                // For a fresh half only the wrap-around counts.
                let value = (high << 32 | low) / TIMES;
                let range = match is_fresh {
                    true => {
                        from.saturating_sub(UNCOUNTED) / TURN * TURN..=to.next_multiple_of(TURN)
                    }
                    false => from.saturating_sub(UNCOUNTED)..=to,
                };
                if !range.contains(&value) {
                    return Err(format!(
                        "{} showed {value} × {TIMES} while {from} to {to} frames were taken (seed {seed})",
                        counter.name
                    ));
                }
                turned += u32::from(!is_fresh && before / TURN > to / TURN);
            }
            // Other counters, neither half of which may be mistaken for these.
            6 => {
                let other = [SEQ, registers::BYTES_IN, registers::BYTES_OUT][rng.usize(..3)];
                traffic.read(other.offset)?;
            }
            _ => {
                if traffic.read(SEQ.offset + 4)? != 0 {
                    return Err("the upper half of SEQ is another register's".to_owned());
                }
            }
        }
    }
    Ok(())
}

/// The high half of a counter whose low half was not read since the last reset is read fresh, even if halves of others
/// are latched.
///
/// # Errors
///
/// The value read wrongly.
pub fn fresh_halves(dut: &mut dyn Dut) -> Result<(), String> {
    let mut traffic = Traffic::new(dut)?;
    let [packets_in, ..] = COUNTERS;
    while traffic.taken < 5 * TURN / 2 {
        traffic.read(SEQ.offset)?;
        let before = traffic.taken.saturating_sub(UNCOUNTED) / TURN;
        let high = traffic.read(packets_in.offset + 4)?;
        if !(before..=traffic.taken / TURN).contains(&high) {
            let turns = traffic.taken / TURN;
            return Err(format!(
                "the upper half of PACKETS_IN is {high} after {turns} turns"
            ));
        }
    }
    traffic.read(packets_in.offset)?;
    let mut traffic = Traffic::new(traffic.dut)?;
    match traffic.read(packets_in.offset + 4)? {
        0 => Ok(()),
        high => Err(format!(
            "after a reset the upper half of PACKETS_IN is {high}"
        )),
    }
}
