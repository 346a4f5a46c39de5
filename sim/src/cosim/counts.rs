//! Expected values of the block's counters: everything that happened since the last reset.

use scr_wire::MAX_CORES;
use scr_wire::registers::{self, Register};

use super::mismatch::MismatchKind;

/// The events since the last reset.
#[derive(Clone, Debug)]
pub(super) struct Counts {
    pub(super) packets_in: u64,
    pub(super) bytes_in: u64,
    pub(super) sequenced: u64,
    pub(super) passed_by: u64,
    pub(super) bytes_out: u64,
    pub(super) input_stalls: u64,
    pub(super) output_stalls: u64,
    pub(super) malformed: u64,
    pub(super) sent: [u64; MAX_CORES as usize],
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
    /// The 64-bit registers of hardware for `max_cores` cores, with their offsets and expected values.
    pub(super) fn registers(&self, max_cores: u8) -> Vec<(Register, u16, u64)> {
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
        let events = events.map(|(register, count)| (register, register.offset, count));
        let sent = (0..max_cores).map(|core| {
            let offset = registers::SENT.of_core(core);
            (registers::SENT, offset, self.sent[usize::from(core)])
        });
        events.into_iter().chain(sent).collect()
    }

    /// Checks that a register shows its expected value.
    pub(super) fn check(offset: u16, expected: u64, got: u64) -> Result<(), MismatchKind> {
        if expected == got {
            return Ok(());
        }
        Err(MismatchKind::Register {
            name: registers::name(offset).to_string(),
            expected,
            got,
        })
    }
}
