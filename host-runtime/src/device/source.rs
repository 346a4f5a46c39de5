//! The source of a replay's packets.

use scr_capture::trace::TraceGenerator;
use scr_capture::{CaptureReader, Packet};
use scr_nic::BoxError;

use auto_impl::auto_impl;

use super::Extent;

/// A source of packets in order.
#[auto_impl(&mut, Box)]
pub trait PacketSource {
    /// The next packet, or `None` at the end.
    ///
    /// # Errors
    ///
    /// The source's failure.
    fn next_packet(&mut self) -> Result<Option<Packet<'_>>, BoxError>;

    /// How much of the source has been consumed.
    fn extent(&self) -> Extent {
        Extent::default()
    }
}

impl PacketSource for CaptureReader {
    #[inline]
    fn next_packet(&mut self) -> Result<Option<Packet<'_>>, BoxError> {
        Ok(CaptureReader::next_packet(self)?)
    }

    fn extent(&self) -> Extent {
        Extent {
            done: self.bytes_read(),
            total: self.total_bytes(),
        }
    }
}

impl PacketSource for TraceGenerator {
    fn next_packet(&mut self) -> Result<Option<Packet<'_>>, BoxError> {
        Ok(TraceGenerator::next_packet(self))
    }
}
