//! The interface between a sequencer (hardware, simulated or in software) and the device that feeds it.

use std::borrow::Cow;

use auto_impl::auto_impl;
use scr_wire::Timestamp;

use crate::registers::Counters;
use crate::{BoxError, SteeringMap};

/// A NIC with a sequencer: packets in, one frame out per packet, in order but possibly later.
#[auto_impl(&mut, Box)]
pub trait Nic {
    /// Offers the NIC a packet and collects the frames that come out meanwhile. `packet` is not empty.
    ///
    /// # Errors
    ///
    /// The NIC's failure; nothing is offered after that.
    fn offer(
        &mut self,
        packet: &[u8],
        time: Timestamp,
        out: &mut dyn FrameSink,
    ) -> Result<(), BoxError>;

    /// Collects the frames still inside; called until [`FrameSink::outstanding`] is 0, or a call yields nothing.
    ///
    /// # Errors
    ///
    /// The NIC's failure.
    fn flush(&mut self, out: &mut dyn FrameSink) -> Result<(), BoxError>;

    /// Whether the packet would get a sequence number.
    fn numbers(&self, packet: &[u8]) -> bool {
        let _ = packet;
        true
    }

    /// Changes the number of cores and the queue of each, for all later packets; called when nothing is inside. Returns
    /// false if the NIC cannot.
    ///
    /// # Errors
    ///
    /// The NIC's failure.
    fn resteer(&mut self, map: &SteeringMap) -> Result<bool, BoxError> {
        let _ = map;
        Ok(false)
    }

    /// The NIC's report.
    fn report(&self) -> NicReport;
}

/// Receives a NIC's frames.
pub trait FrameSink {
    /// Takes the next frame, whose bytes are `pieces` one after the other, steered to `queue`. The frame is the packet
    /// itself if it passed by, and is longer by the prefix if it was sequenced.
    fn frame(&mut self, queue: u16, pieces: &[&[u8]]);

    /// Number of packets inside the NIC.
    fn outstanding(&self) -> usize;
}

/// A NIC's name and the record of its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NicReport {
    /// Kind of NIC: `model`, `verilator`, `rust-hdl`, `frames`.
    pub kind: Cow<'static, str>,
    /// Cycle counts of a NIC with a clock.
    pub activity: Option<Activity>,
    /// Register counters of a NIC in hardware.
    pub counters: Option<Counters>,
}

impl NicReport {
    /// The report of a NIC without a clock.
    pub const fn of_kind(kind: &'static str) -> Self {
        Self {
            kind: Cow::Borrowed(kind),
            activity: None,
            counters: None,
        }
    }
}

/// Activity of a NIC with a clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// Clock cycles.
    pub cycles: u64,
    /// Input beats accepted.
    pub beats_in: u64,
    /// Output beats sent.
    pub beats_out: u64,
    /// Cycles in which the sink was ready, a frame was in progress or waiting, and no output beat came, after the
    /// documented latency.
    pub idle_with_work: u64,
}
