//! The seam between a sequencer, real, simulated or in software, and the device that feeds it.

use std::borrow::Cow;

use auto_impl::auto_impl;
use scr_wire::Timestamp;

use crate::registers::Counters;
use crate::{BoxError, SteeringMap};

/// A NIC with a sequencer: packets in, one frame per packet out, in order, but possibly later.
#[auto_impl(&mut, Box)]
pub trait Nic {
    /// Gives the NIC a packet and collects what comes out meanwhile. `packet` is not empty.
    ///
    /// # Errors
    ///
    /// What went wrong in the NIC; nothing is offered after that.
    fn offer(
        &mut self,
        packet: &[u8],
        time: Timestamp,
        out: &mut dyn FrameSink,
    ) -> Result<(), BoxError>;

    /// Collects what is still inside; called until [`FrameSink::outstanding`] is 0, or a call brings nothing.
    ///
    /// # Errors
    ///
    /// What went wrong in the NIC.
    fn flush(&mut self, out: &mut dyn FrameSink) -> Result<(), BoxError>;

    /// Whether the packet would get a sequence number.
    fn numbers(&self, packet: &[u8]) -> bool {
        let _ = packet;
        true
    }

    /// Changes the number of cores and the queue of each, for all packets to come; called when nothing is inside. False
    /// when the NIC cannot.
    ///
    /// # Errors
    ///
    /// What went wrong in the NIC.
    fn resteer(&mut self, map: &SteeringMap) -> Result<bool, BoxError> {
        let _ = map;
        Ok(false)
    }

    /// What the NIC has to report.
    fn report(&self) -> NicReport;
}

/// Takes a NIC's frames.
pub trait FrameSink {
    /// Takes the next frame, whose bytes are `pieces` one after the other, steered to `queue`. It is the packet itself
    /// if it passed by, and is longer by the prefix if it was sequenced.
    fn frame(&mut self, queue: u16, pieces: &[&[u8]]);

    /// Packets inside the NIC.
    fn outstanding(&self) -> usize;
}

/// A NIC's name and what it tells of its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NicReport {
    /// `model`, `verilator`, `rust-hdl`, `frames`.
    pub kind: Cow<'static, str>,
    /// Cycle counts of a NIC with a clock.
    pub activity: Option<Activity>,
    /// What the registers of a NIC in hardware count.
    pub counters: Option<Counters>,
}

impl NicReport {
    /// The report of a NIC without clock.
    pub const fn of_kind(kind: &'static str) -> Self {
        Self {
            kind: Cow::Borrowed(kind),
            activity: None,
            counters: None,
        }
    }
}

/// What a NIC with a clock did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// Clock cycles.
    pub cycles: u64,
    /// Beats taken.
    pub beats_in: u64,
    /// Beats given.
    pub beats_out: u64,
    /// Cycles in which the sink was ready, a frame was in progress or waiting, and no output beat came, after the
    /// documented latency.
    pub idle_with_work: u64,
}
