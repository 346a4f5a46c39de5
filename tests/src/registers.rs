//! The register block against its model: random accesses, every answer compared.

use proptest::prelude::*;
use scr_hdl::{CoreConfig, Dut};
use scr_sim::software::RegisterModel;
use scr_sim::stream::{Access, Answer, Delays, RegisterBus};
use scr_wire::registers::{self, MAP, Register};

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
/// When no answer comes.
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

/// Accesses from one reset to the next.
const RESET_EVERY: usize = 90;

/// Makes the accesses, with resets among them and without traffic, and compares every answer with the model's.
///
/// # Errors
///
/// The first answer that differs.
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
        }
        let answer = make(&mut bus, dut, paced)?;
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
        if answer != expected {
            let name = registers::name(paced.0.offset());
            return Err(format!(
                "access {place}, {:x?} ({name}): {answer:x?}, expected {expected:x?}",
                paced.0
            ));
        }
        // An epoch starts when a change comes into force, some cycles later; a change back before that is none.
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
