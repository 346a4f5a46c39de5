//! A capture of SCR frames as a device, for example one written by `--frames`.

use scr_nic::NicReport;
use scr_wire::{Header, MAX_PREFIX_WORDS, WORD_BYTES};

use super::{Batch, Device, DeviceError, Extent, PacketInfo, PacketSource, Path, ReplayDevice};

/// Frames from a source, each steered to the queue named in its header.
///
/// A frame without SCR's EtherType counts as passed by. A core number without a worker is taken modulo the number of
/// workers, so that a damaged frame reaches a worker that rejects and counts it.
#[derive(Debug)]
pub struct Frames<S> {
    source: S,
    cores: u16,
    ended: bool,
}

impl<S: PacketSource> Frames<S> {
    /// The frames of `source` for `cores` workers.
    pub fn new(source: S, cores: u16) -> Self {
        Self {
            source,
            cores: cores.max(1),
            ended: false,
        }
    }
}

/// The path of a frame and its core according to the header, unchecked.
fn classify(frame: &[u8]) -> (Path, u16) {
    if frame.is_empty() {
        return (Path::Uncaptured, 0);
    }
    let Some(header) = Header::peek(frame) else {
        return (Path::PassedBy, 0);
    };
    let words = usize::from(header.prefix_words.min(MAX_PREFIX_WORDS));
    let prefix_bytes = (words * WORD_BYTES).min(frame.len()) as u16;
    (Path::Sequenced { prefix_bytes }, header.core.into())
}

impl<S: PacketSource> Device for Frames<S> {
    fn receive(&mut self, batch: &mut Batch) -> Result<bool, DeviceError> {
        while !self.ended && !batch.is_full() {
            let packet = self.source.next_packet().map_err(|error| {
                self.ended = true;
                DeviceError::Source(error)
            })?;
            let Some(packet) = packet else {
                self.ended = true;
                break;
            };
            let (path, core) = classify(packet.data);
            let info = PacketInfo {
                index: packet.index,
                timestamp: packet.timestamp,
                original_len: packet
                    .original_len
                    .saturating_sub(path.prefix_bytes() as u32),
            };
            batch.push(info, path, core % self.cores, &[packet.data]);
        }
        Ok(!self.ended)
    }

    fn report(&self) -> NicReport {
        NicReport::of_kind("frames")
    }
}

impl<S: PacketSource> ReplayDevice for Frames<S> {
    fn extent(&self) -> Extent {
        self.source.extent()
    }
}
