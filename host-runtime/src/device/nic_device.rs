//! Packets of a source, sent through a NIC.

use std::collections::VecDeque;

use scr_nic::{FrameSink, Nic, NicReport, SteeringMap};
use scr_wire::Timestamp;

use super::in_flight::{Emit, InFlight};
use super::{Batch, Device, DeviceError, Extent, PacketInfo, PacketSource, ReplayDevice};

/// A device that reads packets and offers them to a NIC.
#[derive(Debug)]
pub struct NicDevice<S, N> {
    source: S,
    nic: N,
    in_flight: VecDeque<InFlight>,
    fault: Option<DeviceError>,
    ended: bool,
    /// Number of frames to be sequenced before the device holds.
    hold: Option<u64>,
    /// Frames to be sequenced so far; counted if a hold was ever set.
    numbered: u64,
    counting: bool,
    /// The packet held back.
    kept: Option<(PacketInfo, Vec<u8>)>,
}

impl<S: PacketSource, N: Nic> NicDevice<S, N> {
    /// Sends the packets of `source` through `nic`.
    pub fn new(source: S, nic: N) -> Self {
        Self {
            source,
            nic,
            in_flight: VecDeque::new(),
            fault: None,
            ended: false,
            hold: None,
            numbered: 0,
            counting: false,
            kept: None,
        }
    }

    /// The NIC, after the end of the run.
    pub fn into_nic(self) -> N {
        self.nic
    }

    /// Moves one packet from the source into the NIC, or keeps it if the device has to hold before it.
    #[inline]
    fn step(&mut self, batch: &mut Batch) -> Result<Step, DeviceError> {
        let Some(packet) = self.source.next_packet().map_err(DeviceError::Source)? else {
            return Ok(Step::End);
        };
        let info = PacketInfo {
            index: packet.index,
            timestamp: packet.timestamp,
            original_len: packet.original_len,
        };
        if self.counting && !packet.data.is_empty() && self.nic.numbers(packet.data) {
            if self.hold == Some(self.numbered) {
                self.kept = Some((info, packet.data.to_vec()));
                return Ok(Step::Held);
            }
            self.numbered += 1;
        }
        let mut way_in = WayIn {
            nic: &mut self.nic,
            in_flight: &mut self.in_flight,
            fault: &mut self.fault,
        };
        way_in.offer(info, packet.data, batch)?;
        Ok(Step::Offered)
    }

    /// The packet held back, if the hold no longer applies.
    #[cold]
    fn let_go(&mut self, batch: &mut Batch) -> Result<(), DeviceError> {
        let Some((info, bytes)) = self.kept.take() else {
            return Ok(());
        };
        self.numbered += 1;
        let mut way_in = WayIn {
            nic: &mut self.nic,
            in_flight: &mut self.in_flight,
            fault: &mut self.fault,
        };
        way_in.offer(info, &bytes, batch)
    }

    /// Collects the frames that the NIC still holds.
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

/// The result of taking a packet.
enum Step {
    Offered,
    Held,
    End,
}

/// The part of the device without the source, which the packet may borrow.
struct WayIn<'a, N> {
    nic: &'a mut N,
    in_flight: &'a mut VecDeque<InFlight>,
    fault: &'a mut Option<DeviceError>,
}

impl<N: Nic> WayIn<'_, N> {
    #[inline(always)]
    fn offer(
        &mut self,
        info: PacketInfo,
        bytes: &[u8],
        batch: &mut Batch,
    ) -> Result<(), DeviceError> {
        let len = bytes.len();
        self.in_flight.push_back(InFlight { info, len });
        let mut out = Emit::new(batch, self.in_flight, self.fault);
        if bytes.is_empty() {
            out.pass_uncaptured();
        } else {
            let time = Timestamp {
                seconds: info.timestamp.seconds as u32,
                nanos: info.timestamp.nanos,
            };
            self.nic
                .offer(bytes, time, &mut out)
                .map_err(|source| DeviceError::Nic {
                    packet: info.index,
                    source,
                })?;
        }
        self.fault.take().map_or(Ok(()), Err)
    }
}

impl<S: PacketSource, N: Nic> Device for NicDevice<S, N> {
    fn receive(&mut self, batch: &mut Batch) -> Result<bool, DeviceError> {
        if self.is_held() {
            return Ok(true);
        }
        if self.kept.is_some() {
            self.let_go(batch).inspect_err(|_| self.ended = true)?;
        }
        while !self.ended && !batch.is_full() {
            match self.step(batch) {
                Ok(Step::Offered) => {}
                Ok(Step::Held) => break,
                Ok(Step::End) => {
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

    fn resteer(&mut self, map: &SteeringMap, batch: &mut Batch) -> Result<bool, DeviceError> {
        self.drain(batch).inspect_err(|_| self.ended = true)?;
        self.nic.resteer(map).map_err(|source| {
            self.ended = true;
            DeviceError::Resteer(source)
        })
    }

    fn report(&self) -> NicReport {
        self.nic.report()
    }
}

impl<S: PacketSource, N: Nic> ReplayDevice for NicDevice<S, N> {
    fn hold_before(&mut self, count: Option<u64>) {
        self.counting |= count.is_some();
        self.hold = count;
    }

    fn is_held(&self) -> bool {
        self.kept.is_some() && self.hold == Some(self.numbered)
    }

    fn extent(&self) -> Extent {
        self.source.extent()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{MemorySource, Path};
    use scr_nic::BoxError;

    /// Holds packets back and then returns all at once; loses or invents frames on request.
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
            out: &mut dyn FrameSink,
        ) -> Result<(), BoxError> {
            self.held.push(packet.to_vec());
            if self.held.len() == 3 {
                self.flush(out)?;
            }
            Ok(())
        }

        fn flush(&mut self, out: &mut dyn FrameSink) -> Result<(), BoxError> {
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
        let mut device = NicDevice::new(source(), Lazy::default());
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
        let error = NicDevice::new(source(), keep).receive(&mut Batch::new(100));
        assert_eq!(
            error.unwrap_err().to_string(),
            "packet 2: the NIC kept it and 3 further packets"
        );
        let invent = Lazy {
            invent: true,
            ..Lazy::default()
        };
        let error = NicDevice::new(source(), invent).receive(&mut Batch::new(100));
        assert!(error.unwrap_err().to_string().contains("packet"));
    }
}
