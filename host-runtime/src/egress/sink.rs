//! Packets out, and events.

use std::io::Write;

use scr_nic::BoxError;

use crate::device::PacketInfo;

/// Takes the packets that passed, and those that passed by, in order of arrival.
pub trait PacketSink {
    /// A packet with its bytes: the original ones, or the new ones of a rewritten packet.
    ///
    /// # Errors
    ///
    /// Any error of the sink; it ends the run.
    fn packet(&mut self, info: &PacketInfo, bytes: &[u8]) -> Result<(), BoxError>;
}

impl<S: PacketSink + ?Sized> PacketSink for &mut S {
    fn packet(&mut self, info: &PacketInfo, bytes: &[u8]) -> Result<(), BoxError> {
        (**self).packet(info, bytes)
    }
}

/// Where packets and events go, if anywhere.
#[derive(Default)]
pub(super) struct Sink<'a> {
    pub packets: Option<Box<dyn PacketSink + Send + 'a>>,
    pub events: Option<Box<dyn Write + Send + 'a>>,
}

impl Sink<'_> {
    #[inline]
    pub(super) fn packet(&mut self, info: &PacketInfo, bytes: &[u8]) -> Result<(), BoxError> {
        match &mut self.packets {
            Some(sink) => sink.packet(info, bytes),
            None => Ok(()),
        }
    }

    /// Writes events as they are.
    #[inline]
    pub(super) fn events(&mut self, lines: &[u8]) -> Result<(), BoxError> {
        match &mut self.events {
            Some(events) => Ok(events.write_all(lines)?),
            None => Ok(()),
        }
    }

    pub(super) fn flush(&mut self) -> Result<(), BoxError> {
        match &mut self.events {
            Some(events) => Ok(events.flush()?),
            None => Ok(()),
        }
    }
}
