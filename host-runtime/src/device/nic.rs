//! The seam between a sequencer, real, simulated or in software, and the device that feeds it.

use std::borrow::Cow;
use std::collections::VecDeque;

use scr_wire::Timestamp;

use super::batch::{Batch, PacketInfo, Path};
use super::{BoxError, DeviceError};
use crate::control::Counters;
use crate::failover::Rotation;

/// A NIC with a sequencer: packets in, one frame per packet out, in order, but possibly later.
pub trait Nic {
    /// Gives the NIC a packet and collects what comes out meanwhile. `packet` is not empty.
    ///
    /// # Errors
    ///
    /// What went wrong in the NIC; nothing is offered after that.
    fn offer(&mut self, packet: &[u8], time: Timestamp, out: &mut Emit<'_>)
    -> Result<(), BoxError>;

    /// Collects what is still inside; called until [`Emit::outstanding`] is 0, or a call brings nothing.
    ///
    /// # Errors
    ///
    /// What went wrong in the NIC.
    fn flush(&mut self, out: &mut Emit<'_>) -> Result<(), BoxError>;

    /// Whether the packet would get a sequence number.
    fn numbers(&self, packet: &[u8]) -> bool {
        let _ = packet;
        true
    }

    /// Turns the rotation for all packets to come; called when nothing is inside. False when the NIC cannot.
    ///
    /// # Errors
    ///
    /// What went wrong in the NIC.
    fn turn(&mut self, rotation: &Rotation) -> Result<bool, BoxError> {
        let _ = rotation;
        Ok(false)
    }

    /// What the NIC has to report.
    fn report(&self) -> NicReport;
}

impl<N: Nic + ?Sized> Nic for Box<N> {
    fn offer(
        &mut self,
        packet: &[u8],
        time: Timestamp,
        out: &mut Emit<'_>,
    ) -> Result<(), BoxError> {
        (**self).offer(packet, time, out)
    }

    fn flush(&mut self, out: &mut Emit<'_>) -> Result<(), BoxError> {
        (**self).flush(out)
    }

    fn numbers(&self, packet: &[u8]) -> bool {
        (**self).numbers(packet)
    }

    fn turn(&mut self, rotation: &Rotation) -> Result<bool, BoxError> {
        (**self).turn(rotation)
    }

    fn report(&self) -> NicReport {
        (**self).report()
    }
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

/// A packet that has been offered and has not come out yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct InFlight {
    pub(super) info: PacketInfo,
    pub(super) len: usize,
}

/// Takes a NIC's frames and joins each with what is known of its packet.
///
/// Packets of no captured bytes never reach the NIC; they come out here at their place in the order.
#[derive(Debug)]
pub struct Emit<'a> {
    batch: &'a mut Batch,
    in_flight: &'a mut VecDeque<InFlight>,
    fault: &'a mut Option<DeviceError>,
}

impl<'a> Emit<'a> {
    pub(super) fn new(
        batch: &'a mut Batch,
        in_flight: &'a mut VecDeque<InFlight>,
        fault: &'a mut Option<DeviceError>,
    ) -> Self {
        Self {
            batch,
            in_flight,
            fault,
        }
    }

    /// Packets inside the NIC.
    pub fn outstanding(&self) -> usize {
        self.in_flight.iter().filter(|p| p.len > 0).count()
    }

    /// Takes the next frame, whose bytes are `pieces` one after the other, steered to `queue`. It is the packet itself
    /// if it passed by, and is longer by the prefix if it was sequenced.
    #[inline]
    pub fn frame(&mut self, queue: u16, pieces: &[&[u8]]) {
        self.pass_uncaptured();
        let len: usize = pieces.iter().map(|piece| piece.len()).sum();
        let Some(InFlight { info, len: packet }) = self.in_flight.pop_front() else {
            self.fail(
                0,
                format!("the NIC gave a frame of {len} bytes for no packet"),
            );
            return;
        };
        let path = match len.checked_sub(packet) {
            Some(0) => Path::PassedBy,
            Some(prefix) if prefix <= scr_wire::MAX_PREFIX_BYTES => Path::Sequenced {
                prefix_bytes: prefix as u16,
            },
            _ => {
                let what = format!("the NIC made a frame of {len} bytes out of {packet}");
                self.fail(info.index, what);
                return;
            }
        };
        self.batch.push(info, path, queue, pieces);
        self.pass_uncaptured();
    }

    /// Moves packets without bytes that are next in order into the batch.
    #[inline]
    pub(super) fn pass_uncaptured(&mut self) {
        while let Some(next) = self.in_flight.front() {
            if next.len > 0 {
                return;
            }
            self.batch.push(next.info, Path::Uncaptured, 0, &[]);
            self.in_flight.pop_front();
        }
    }

    #[cold]
    fn fail(&mut self, packet: u64, what: String) {
        self.fault
            .get_or_insert(DeviceError::Contract { packet, what });
    }
}
