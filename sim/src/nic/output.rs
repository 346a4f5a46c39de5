//! Frames being collected, and complete frames.

use std::collections::VecDeque;

use scr_hdl::Dut;
use scr_wire::Timestamp;

use crate::stream::{StreamPorts, User};

/// A frame that the NIC sent to a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutFrame<'a> {
    /// Bytes of the frame.
    pub bytes: &'a [u8],
    /// Queue of the frame (tdest).
    pub queue: u16,
    /// Source of the frame (tid).
    pub id: u16,
    /// Receive timestamp (from tuser).
    pub time: Timestamp,
    /// The bad-frame flag (from tuser) beside the last beat.
    pub bad_frame: bool,
}

struct Complete {
    start: usize,
    bytes: usize,
    queue: u16,
    id: u16,
    user: User,
}

/// Frames in one buffer, in order, followed by the frame coming out.
pub(super) struct OutputQueue {
    beat_bytes: usize,
    /// Grown, never shrunk; bytes from `end` on are meaningless.
    data: Vec<u8>,
    frames: VecDeque<Complete>,
    /// Start of the frame coming out.
    open: usize,
    end: usize,
}

impl OutputQueue {
    pub(super) fn new(beat_bytes: usize) -> Self {
        Self {
            beat_bytes,
            data: vec![0; 128 << 10],
            frames: VecDeque::new(),
            open: 0,
            end: 0,
        }
    }

    /// Number of complete frames.
    pub(super) fn complete(&self) -> usize {
        self.frames.len()
    }

    /// Bytes so far of the frame coming out.
    pub(super) fn open_bytes(&self) -> usize {
        self.end - self.open
    }

    /// Reclaims the space of popped frames.
    pub(super) fn reclaim(&mut self) {
        let start = self.frames.front().map_or(self.open, |f| f.start);
        // If frames are left, moving them has a cost; then it is done only if it frees half of the space.
        if start == 0 || (!self.frames.is_empty() && start < self.data.len() / 2) {
            return;
        }
        self.data.copy_within(start..self.end, 0);
        for frame in &mut self.frames {
            frame.start -= start;
        }
        self.open -= start;
        self.end -= start;
    }

    /// Takes the beat at the output; returns whether it ended a frame.
    #[inline]
    pub(super) fn take<D: Dut>(&mut self, dut: &D, ports: &StreamPorts) -> bool {
        let beat_end = self.end + self.beat_bytes;
        if beat_end > self.data.len() {
            self.data.resize(self.data.len() * 2, 0);
        }
        dut.get(ports.m_data, &mut self.data[self.end..beat_end]);
        if !ports.m_last.bit(dut) {
            self.end = beat_end;
            return false;
        }
        self.end += ports.m_keep.get(dut).count_ones() as usize;
        self.frames.push_back(Complete {
            start: self.open,
            bytes: self.end - self.open,
            queue: ports.m_dest.get(dut) as u16,
            id: ports.m_id.get(dut) as u16,
            user: User(ports.m_user.get(dut)),
        });
        self.open = self.end;
        true
    }

    pub(super) fn pop(&mut self) -> Option<OutFrame<'_>> {
        let frame = self.frames.pop_front()?;
        Some(OutFrame {
            bytes: &self.data[frame.start..frame.start + frame.bytes],
            queue: frame.queue,
            id: frame.id,
            time: frame.user.time(),
            bad_frame: frame.user.bad_frame(),
        })
    }
}
