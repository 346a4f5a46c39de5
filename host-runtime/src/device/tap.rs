//! Showing every frame to an observer on its way.

use scr_capture::CaptureWriter;
use scr_nic::{BoxError, NicReport, SteeringMap};

use super::{Batch, Device, DeviceError, Extent, FrameInfo, Injected, Path, Ranges, ReplayDevice};

/// Someone who sees every frame that the NIC sent.
pub trait Observer {
    /// A frame, prefix included, in order; lost and passed-by ones too.
    ///
    /// # Errors
    ///
    /// What keeps the observer from going on; it ends the run.
    fn frame(&mut self, info: &FrameInfo, bytes: &[u8]) -> Result<(), BoxError>;
}

/// A capture of the frames: original lengths grow by the prefix, as the frames did.
impl Observer for CaptureWriter<'_> {
    fn frame(&mut self, info: &FrameInfo, bytes: &[u8]) -> Result<(), BoxError> {
        let prefix = info.path.prefix_bytes() as u32;
        let original_len = info.packet.original_len.saturating_add(prefix);
        self.write(&info.packet.timestamp, original_len, bytes)?;
        Ok(())
    }
}

impl<O: Observer + ?Sized> Observer for &mut O {
    fn frame(&mut self, info: &FrameInfo, bytes: &[u8]) -> Result<(), BoxError> {
        (**self).frame(info, bytes)
    }
}

/// A wrapper that shows frames. Packets that never reached the NIC are not shown: it did not send them.
#[derive(Debug)]
pub struct Tap<D, O> {
    inner: D,
    observer: O,
}

impl<D: Device, O: Observer> Tap<D, O> {
    /// `inner`, seen by `observer`.
    pub fn new(inner: D, observer: O) -> Self {
        Self { inner, observer }
    }

    /// The observer, when all is done.
    pub fn into_observer(self) -> O {
        self.observer
    }
}

impl<D: Device, O: Observer> Tap<D, O> {
    fn show(&mut self, batch: &Batch, from: usize) -> Result<(), DeviceError> {
        for i in from..batch.len() {
            let info = &batch.frames()[i];
            if info.path != Path::Uncaptured {
                self.observer
                    .frame(info, batch.bytes(i))
                    .map_err(DeviceError::Observer)?;
            }
        }
        Ok(())
    }
}

impl<D: Device, O: Observer> Device for Tap<D, O> {
    fn receive(&mut self, batch: &mut Batch) -> Result<bool, DeviceError> {
        let before = batch.len();
        let more = self.inner.receive(batch);
        self.show(batch, before)?;
        more
    }

    fn resteer(&mut self, map: &SteeringMap, batch: &mut Batch) -> Result<bool, DeviceError> {
        let before = batch.len();
        let done = self.inner.resteer(map, batch);
        self.show(batch, before)?;
        done
    }

    fn report(&self) -> NicReport {
        self.inner.report()
    }
}

impl<D: ReplayDevice, O: Observer> ReplayDevice for Tap<D, O> {
    fn hold_before(&mut self, count: Option<u64>) {
        self.inner.hold_before(count);
    }

    fn is_held(&self) -> bool {
        self.inner.is_held()
    }

    fn extent(&self) -> Extent {
        self.inner.extent()
    }

    fn lost(&self) -> Option<&Ranges> {
        self.inner.lost()
    }

    fn injected(&self) -> Injected {
        self.inner.injected()
    }
}
