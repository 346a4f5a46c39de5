//! Packets inside a NIC, each joined with its frame when that comes out.

use std::collections::VecDeque;

use scr_nic::FrameSink;

use super::DeviceError;
use super::batch::{Batch, PacketInfo, Path};

/// A packet that has been offered and has not come out yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct InFlight {
    pub(super) info: PacketInfo,
    pub(super) len: usize,
}

/// Takes a NIC's frames and joins each with the information on its packet.
///
/// Packets without captured bytes never reach the NIC; they come out here at their place in the order.
#[derive(Debug)]
pub(super) struct Emit<'a> {
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

impl FrameSink for Emit<'_> {
    fn outstanding(&self) -> usize {
        self.in_flight.iter().filter(|p| p.len > 0).count()
    }

    #[inline]
    fn frame(&mut self, queue: u16, pieces: &[&[u8]]) {
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
}
