//! Shows every frame to an observer on its way.

use scr_capture::CaptureWriter;
use scr_nic::{BoxError, NicReport, SteeringMap};

use super::{Batch, Device, DeviceError, Extent, FrameInfo, Injected, Path, Ranges, ReplayDevice};

/// An observer of every frame that the NIC sent.
pub trait Observer {
    /// Called for each frame, prefix included, in order; for lost and passed-by frames, too.
    ///
    /// # Errors
    ///
    /// The observer's failure, which ends the run.
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

/// A wrapper that shows frames. Packets that never reached the NIC are not shown, because the NIC did not send them.
#[derive(Debug)]
pub struct Tap<D, O> {
    inner: D,
    observer: O,
}

impl<D: Device, O: Observer> Tap<D, O> {
    /// Wraps `inner`, observed by `observer`.
    pub fn new(inner: D, observer: O) -> Self {
        Self { inner, observer }
    }

    /// The observer, after the end of the run.
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
