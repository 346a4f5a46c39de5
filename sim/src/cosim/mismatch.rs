//! The mismatches of a cosimulation, and their place.

use scr_wire::header::HEADER_BYTES;
use scr_wire::{Geometry, Timestamp};

use super::lockstep::Divergence;
use super::stimulus::writes::SettingError;
use crate::stream::{PortError, Violation};

/// A cosimulation that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("packet {packet}, cycle {cycle}: {kind} (seed {seed})")]
pub struct Mismatch {
    /// The packet whose frame was due, counted from 1 over the whole run.
    pub packet: u64,
    /// The cycle, counted from the end of the initial reset.
    pub cycle: u64,
    /// Kind of mismatch.
    pub kind: MismatchKind,
    /// The seed of the run's patterns.
    pub seed: u64,
}

/// Kind of mismatch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MismatchKind {
    /// A byte of a frame differs.
    #[error("byte {offset} ({place}) is {got:#04x}, expected {expected:#04x}")]
    Byte {
        /// Offset in the frame.
        offset: usize,
        /// Description of the byte.
        place: String,
        /// The golden model's byte.
        expected: u8,
        /// The block's byte.
        got: u8,
    },
    /// The length of a frame differs.
    #[error("the frame has {got} bytes, expected {expected}")]
    Length {
        /// The golden model's length.
        expected: usize,
        /// The block's length.
        got: usize,
    },
    /// The queue differs.
    #[error("the frame went to queue {got}, expected {expected}")]
    Queue {
        /// The queue by settings and golden model.
        expected: u16,
        /// The block's queue.
        got: u16,
    },
    /// tid differs.
    #[error("tid is {got}, expected {expected}")]
    Id {
        /// tid sent.
        expected: u16,
        /// tid received.
        got: u16,
    },
    /// tuser differs.
    #[error("tuser is {got:#x}, expected {expected:#x} ({}.{:09})", .time.seconds, .time.nanos)]
    User {
        /// tuser sent.
        expected: u128,
        /// tuser received.
        got: u128,
        /// The timestamp sent.
        time: Timestamp,
    },
    /// The bad-frame flag differs, bit 0 of tuser, which each beat has.
    #[error("the bad-frame flag beside beat {beat} is {got}, expected {expected}")]
    Flag {
        /// The beat of the frame, from 0.
        beat: usize,
        /// The flag sent beside that beat; low beside a prefix.
        expected: bool,
        /// The flag received.
        got: bool,
    },
    /// A violation of AXI4-Stream rules.
    #[error("the output breaks a rule of AXI4-Stream: {0}")]
    Rule(#[from] Violation),
    /// A frame came out that nobody sent.
    #[error("a beat came out although no frame was on its way")]
    Unexpected,
    /// A frame came out before its packet had been accepted.
    #[error("the frame ended before its packet was accepted")]
    TooEarly,
    /// A frame does not end.
    #[error("the frame does not end: {0} bytes so far")]
    Endless(usize),
    /// The block is stuck.
    #[error("the hardware is stuck: nothing moved for {cycles} cycles; {waiting_for}")]
    Stuck {
        /// Number of cycles without movement.
        cycles: u64,
        /// The missing event.
        waiting_for: &'static str,
    },
    /// A cycle was wasted.
    #[error("a bubble: the sink was ready, a frame was due and no beat came out")]
    Bubble,
    /// The latency differs from the documented one.
    #[error("the first beat came out {got} cycles after it was accepted, expected {expected}")]
    Latency {
        /// Documented latency.
        expected: u64,
        /// Measured latency.
        got: u64,
    },
    /// A reset did not end the output.
    #[error("tvalid is high after a reset")]
    ValidAfterReset,
    /// A register differs at the end of the run, when all frames are out.
    #[error("register {name} shows {got}, expected {expected}")]
    Register {
        /// Name of the register.
        name: String,
        /// The number of events since the last reset.
        expected: u64,
        /// The value read.
        got: u64,
    },
    /// Two blocks in lockstep differ.
    #[error(transparent)]
    Diverged(#[from] Divergence),
    /// The block is not a sequencer.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The settings do not fit the block.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The settings do not fit each other.
    #[error("the settings of the run are not valid: {0}")]
    Config(#[from] scr_wire::ConfigError),
}

/// Describes the byte at an offset of a frame. `prefix` is the geometry of its prefix, if it has one.
pub(super) fn place(offset: usize, prefix: Option<Geometry>) -> String {
    let Some(geometry) = prefix else {
        return format!("packet byte {offset}");
    };
    if offset >= geometry.prefix_bytes() {
        return format!("packet byte {}", offset - geometry.prefix_bytes());
    }
    if offset < HEADER_BYTES {
        let field = match offset {
            0 => "MAC",
            1 => "version",
            2 => "profile",
            3 => "prefix_words",
            4 => "cores",
            5 => "core",
            6 => "epoch",
            7..12 => "seq",
            12..14 => "EtherType",
            14 => "valid_rows",
            _ => "row_log2",
        };
        return format!("header, {field}");
    }
    match offset.checked_sub(geometry.first_row()) {
        Some(at) if at / geometry.row_bytes() < geometry.rows() => format!(
            "row {}, its byte {}",
            at / geometry.row_bytes(),
            at % geometry.row_bytes()
        ),
        _ => "padding".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scr_wire::profile;

    #[test]
    fn a_byte_is_named_by_the_part_of_the_frame_it_is_in() {
        let at = |offset| place(offset, Geometry::new(&profile::FLOW_TIME, 2));
        assert_eq!(at(9), "header, seq");
        assert_eq!(at(20), "padding");
        assert_eq!(at(32), "row 0, its byte 0");
        assert_eq!(at(127), "row 2, its byte 31");
        assert_eq!(at(130), "packet byte 2");
        assert_eq!(place(3, None), "packet byte 3");
    }
}
