//! The packets whose frames are not completely out.

use std::collections::VecDeque;

use super::checker::Times;
use crate::cosim::packets::TestPacket;
use crate::cosim::stimulus::{Accepted, Offered};

/// A packet whose frame is not completely out.
pub(super) struct InFlight {
    pub(super) packet: TestPacket,
    /// Cycle in which its first beat was offered.
    pub(super) offered: u64,
    /// Cycle in which its first beat was accepted.
    pub(super) accepted: Option<u64>,
    /// Cycle in which its frame's first beat was first seen.
    pub(super) presented: Option<u64>,
    /// Whether the packet found the block idle.
    pub(super) alone: bool,
    complete: bool,
    /// The flag beside each of the packet's beats.
    pub(super) flags: Vec<bool>,
}

impl InFlight {
    /// The times of its frame; none if the packet is not accepted completely.
    pub(super) fn times(&self) -> Option<Times> {
        if !self.complete {
            return None;
        }
        Some(Times {
            accepted: self.accepted?,
            presented: self.presented?,
        })
    }
}

/// The packets that are inside the block, in order.
#[derive(Default)]
pub(super) struct Inside(VecDeque<InFlight>);

impl Inside {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The packet whose frame is due.
    pub(super) fn oldest(&mut self) -> Option<&mut InFlight> {
        self.0.front_mut()
    }

    /// The cycle in which the oldest packet was accepted; `now` if it has not been.
    pub(super) fn oldest_accepted(&self, now: u64) -> Option<u64> {
        let oldest = self.0.front()?;
        Some(oldest.accepted.unwrap_or(now))
    }

    /// A beat was put at the input.
    pub(super) fn offered(&mut self, beat: Offered<'_>, cycle: u64) {
        if let Some(packet) = beat.packet {
            self.0.push_back(InFlight {
                packet: packet.clone(),
                offered: cycle,
                accepted: None,
                presented: None,
                alone: self.0.is_empty(),
                complete: false,
                flags: Vec::new(),
            });
        }
        if let Some(newest) = self.0.back_mut() {
            newest.flags.push(beat.flag);
        }
    }

    /// The beat at the input was accepted.
    pub(super) fn accepted(&mut self, beat: Accepted, cycle: u64) {
        if let Some(newest) = self.0.back_mut() {
            if beat.first {
                newest.accepted = Some(cycle);
            }
            newest.complete |= beat.last;
        }
    }

    /// The packet whose frame was due, and is out.
    pub(super) fn pop(&mut self) -> Option<InFlight> {
        self.0.pop_front()
    }

    /// Forgets all packets; returns how many.
    pub(super) fn lose(&mut self) -> u64 {
        let count = self.0.len() as u64;
        self.0.clear();
        count
    }
}
