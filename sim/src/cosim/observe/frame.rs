//! Beats put together to a frame.

use crate::cosim::mismatch::MismatchKind;
use crate::stream::{Beat, User};

/// A frame as received.
#[derive(Debug, Default)]
pub(super) struct Frame {
    pub(super) bytes: Vec<u8>,
    pub(super) user: User,
    pub(super) id: u16,
    pub(super) dest: u16,
    /// The bad-frame flag beside each beat.
    flags: Vec<bool>,
}

impl Frame {
    /// Prepares for the next frame.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.flags.clear();
    }

    /// Adds a beat to a frame of at most `longest` bytes; returns whether it is the last.
    pub(super) fn add(&mut self, beat: &Beat, longest: usize) -> Result<bool, MismatchKind> {
        let count = beat.keep.count_ones() as usize;
        self.bytes.extend_from_slice(&beat.data[..count]);
        self.flags.push(beat.user.bad_frame());
        if beat.last {
            (self.user, self.id, self.dest) = (beat.user, beat.id, beat.dest);
        } else if self.bytes.len() > longest {
            return Err(MismatchKind::Endless(self.bytes.len()));
        }
        Ok(beat.last)
    }

    /// Checks that the flag passes with its beat; beside a prefix it is low.
    pub(super) fn check_flags(&self, packet: &[bool]) -> Result<(), MismatchKind> {
        let prefix = self.flags.len() - packet.len().min(self.flags.len());
        let expected = std::iter::repeat_n(false, prefix).chain(packet.iter().copied());
        let differs = |(_, (expected, got)): &(usize, (bool, &bool))| expected != *got;
        match expected.zip(&self.flags).enumerate().find(differs) {
            None => Ok(()),
            Some((beat, (expected, got))) => Err(MismatchKind::Flag {
                beat,
                expected,
                got: *got,
            }),
        }
    }
}
