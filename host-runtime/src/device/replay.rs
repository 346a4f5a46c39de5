//! Packets of a source, sent through a NIC.

use std::collections::VecDeque;

use scr_wire::Timestamp;

use super::nic::InFlight;
use super::{Batch, Device, DeviceError, Emit, Extent, Nic, NicReport, PacketInfo, PacketSource};

/// A device that reads packets and gives them to a NIC.
#[derive(Debug)]
pub struct Replay<S, N> {
    source: S,
    nic: N,
    in_flight: VecDeque<InFlight>,
    fault: Option<DeviceError>,
    ended: bool,
}

impl<S: PacketSource, N: Nic> Replay<S, N> {
    /// The packets of `source` through `nic`.
    pub fn new(source: S, nic: N) -> Self {
        Self {
            source,
            nic,
            in_flight: VecDeque::new(),
            fault: None,
            ended: false,
        }
    }

    /// The NIC, when all is done.
    pub fn into_nic(self) -> N {
        self.nic
    }

    /// One packet from the source into the NIC; false at the source's end.
    #[inline]
    fn step(&mut self, batch: &mut Batch) -> Result<bool, DeviceError> {
        let Some(packet) = self.source.next_packet().map_err(DeviceError::Source)? else {
            return Ok(false);
        };
        self.in_flight.push_back(InFlight {
            info: PacketInfo {
                index: packet.index,
                timestamp: packet.timestamp,
                original_len: packet.original_len,
            },
            len: packet.data.len(),
        });
        let mut out = Emit::new(batch, &mut self.in_flight, &mut self.fault);
        if packet.data.is_empty() {
            out.pass_uncaptured();
        } else {
            let time = Timestamp {
                seconds: packet.timestamp.seconds as u32,
                nanos: packet.timestamp.nanos,
            };
            self.nic
                .offer(packet.data, time, &mut out)
                .map_err(|source| DeviceError::Nic {
                    packet: packet.index,
                    source,
                })?;
        }
        match self.fault.take() {
            None => Ok(true),
            Some(fault) => Err(fault),
        }
    }

    /// Brings out what the NIC still holds.
    fn drain(&mut self, batch: &mut Batch) -> Result<(), DeviceError> {
        loop {
            let mut out = Emit::new(batch, &mut self.in_flight, &mut self.fault);
            out.pass_uncaptured();
            let before = out.outstanding();
            if before == 0 {
                return Ok(());
            }
            let flushed = self.nic.flush(&mut out);
            let after = out.outstanding();
            let packet = self.in_flight.front().map_or(0, |p| p.info.index);
            flushed.map_err(|source| DeviceError::Nic { packet, source })?;
            if let Some(fault) = self.fault.take() {
                return Err(fault);
            }
            if after == before {
                let what = format!("the NIC kept it and {} further packets", after - 1);
                return Err(DeviceError::Contract { packet, what });
            }
        }
    }
}

impl<S: PacketSource, N: Nic> Device for Replay<S, N> {
    fn receive(&mut self, batch: &mut Batch) -> Result<bool, DeviceError> {
        while !self.ended && !batch.is_full() {
            match self.step(batch) {
                Ok(true) => {}
                Ok(false) => {
                    self.ended = true;
                    self.drain(batch)?;
                }
                Err(error) => {
                    self.ended = true;
                    return Err(error);
                }
            }
        }
        Ok(!self.ended)
    }

    fn nic(&self) -> NicReport {
        self.nic.report()
    }

    fn extent(&self) -> Extent {
        self.source.extent()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{BoxError, MemorySource, Path};

    /// Holds packets back and then gives all at once; loses or invents frames on request.
    #[derive(Default)]
    struct Lazy {
        held: Vec<Vec<u8>>,
        keep: bool,
        invent: bool,
    }

    impl Nic for Lazy {
        fn offer(
            &mut self,
            packet: &[u8],
            _: Timestamp,
            out: &mut Emit<'_>,
        ) -> Result<(), BoxError> {
            self.held.push(packet.to_vec());
            if self.held.len() == 3 {
                self.flush(out)?;
            }
            Ok(())
        }

        fn flush(&mut self, out: &mut Emit<'_>) -> Result<(), BoxError> {
            if self.keep {
                return Ok(());
            }
            for packet in self.held.drain(..) {
                out.frame(1, &[&[0; 64], &packet]);
                if self.invent {
                    out.frame(1, &[&packet]);
                }
            }
            Ok(())
        }

        fn report(&self) -> NicReport {
            NicReport::of_kind("lazy")
        }
    }

    fn source() -> MemorySource {
        let mut source = MemorySource::default();
        for len in [0, 60, 0, 61, 62, 0, 63, 0] {
            source.push(&vec![len as u8; len]);
        }
        source
    }

    #[test]
    fn packets_without_bytes_keep_their_place() {
        let mut device = Replay::new(source(), Lazy::default());
        let mut batch = Batch::new(100);
        assert!(!device.receive(&mut batch).unwrap());
        let indices: Vec<_> = batch.frames().iter().map(|f| f.packet.index).collect();
        assert_eq!(indices, [1, 2, 3, 4, 5, 6, 7, 8]);
        let paths: Vec<_> = batch
            .frames()
            .iter()
            .map(|f| f.path == Path::Uncaptured)
            .collect();
        assert_eq!(paths, [true, false, true, false, false, true, false, true]);
        assert_eq!(batch.packet(6), [63; 63]);
        assert_eq!(batch.bytes(6).len(), 127);
    }

    #[test]
    fn a_nic_that_breaks_the_contract_is_found_out() {
        let keep = Lazy {
            keep: true,
            ..Lazy::default()
        };
        let error = Replay::new(source(), keep).receive(&mut Batch::new(100));
        assert_eq!(
            error.unwrap_err().to_string(),
            "packet 2: the NIC kept it and 3 further packets"
        );
        let invent = Lazy {
            invent: true,
            ..Lazy::default()
        };
        let error = Replay::new(source(), invent).receive(&mut Batch::new(100));
        assert!(error.unwrap_err().to_string().contains("packet"));
    }
}
