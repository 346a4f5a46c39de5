//! Expected values of the block's registers at the end: everything that happened since the last reset.

use scr_wire::MAX_CORES;
use scr_wire::registers::{self, Capabilities};

use super::checker::Outcome;
use crate::cosim::mismatch::MismatchKind;

/// The events since the last reset.
#[derive(Clone, Debug)]
pub(super) struct Counts {
    pub(super) packets_in: u64,
    pub(super) bytes_in: u64,
    sequenced: u64,
    passed_by: u64,
    pub(super) bytes_out: u64,
    pub(super) input_stalls: u64,
    pub(super) output_stalls: u64,
    malformed: u64,
    sent: [u64; MAX_CORES as usize],
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            packets_in: 0,
            bytes_in: 0,
            sequenced: 0,
            passed_by: 0,
            bytes_out: 0,
            input_stalls: 0,
            output_stalls: 0,
            malformed: 0,
            sent: [0; MAX_CORES as usize],
        }
    }
}

impl Counts {
    /// A frame is out.
    pub(super) fn frame_out(&mut self, outcome: Outcome, malformed: bool) {
        match outcome {
            Outcome::PassedBy => self.passed_by += 1,
            Outcome::Sequenced(core) => {
                self.sequenced += 1;
                self.sent[usize::from(core)] += 1;
            }
        }
        self.malformed += u64::from(malformed);
    }

    /// The 64-bit registers of hardware for `max_cores` cores: their offsets and expected values.
    fn registers(&self, max_cores: u8) -> impl Iterator<Item = (u16, u64)> {
        let events = [
            (registers::PACKETS_IN, self.packets_in),
            (registers::BYTES_IN, self.bytes_in),
            (registers::PACKETS_SEQUENCED, self.sequenced),
            (registers::PACKETS_PASSED_BY, self.passed_by),
            (registers::BYTES_OUT, self.bytes_out),
            (registers::INPUT_STALL_CYCLES, self.input_stalls),
            (registers::OUTPUT_STALL_CYCLES, self.output_stalls),
            (registers::MALFORMED, self.malformed),
        ];
        let events = events.map(|(register, count)| (register.offset, count));
        let sent = (0..max_cores).zip(&self.sent);
        let sent = sent.map(|(core, &count)| (registers::SENT.of_core(core), count));
        events.into_iter().chain(sent)
    }
}

/// What the registers must show when all frames are out.
pub(crate) struct Expected {
    pub(super) counts: Counts,
    /// Epoch and next sequence number, in each past that explains the frames.
    pub(super) positions: Vec<(u8, u64)>,
}

impl Expected {
    /// Compares them with what `read` reads at an offset.
    pub(crate) fn check(
        &self,
        mut read: impl FnMut(u16) -> Result<u32, MismatchKind>,
    ) -> Result<(), MismatchKind> {
        let capabilities = Capabilities::from_word(read(registers::CAPABILITIES.offset)?);
        for (offset, expected) in self.counts.registers(capabilities.max_cores) {
            equal(offset, expected, wide(&mut read, offset)?)?;
        }
        let status = u64::from(read(registers::STATUS.offset)?);
        let next_seq = wide(&mut read, registers::SEQ.offset)?;
        let mut wrong = None;
        for &(epoch, expected) in &self.positions {
            let epoch = u64::from(epoch) << registers::STATUS_EPOCH_SHIFT;
            let check = equal(registers::STATUS.offset, epoch, status)
                .and_then(|()| equal(registers::SEQ.offset, expected, next_seq));
            match check {
                Ok(()) => return Ok(()),
                Err(kind) => wrong = Some(kind),
            }
        }
        wrong.map_or(Ok(()), Err)
    }
}

/// Reads the low half first, which latches the high one.
fn wide(
    read: &mut impl FnMut(u16) -> Result<u32, MismatchKind>,
    offset: u16,
) -> Result<u64, MismatchKind> {
    let low = read(offset)?;
    let high = read(offset + 4)?;
    Ok(u64::from(high) << 32 | u64::from(low))
}

/// Checks that the register at an offset shows its expected value.
fn equal(offset: u16, expected: u64, got: u64) -> Result<(), MismatchKind> {
    if expected == got {
        return Ok(());
    }
    Err(MismatchKind::Register {
        name: registers::name(offset).to_string(),
        expected,
        got,
    })
}
