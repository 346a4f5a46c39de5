//! The sources of frames.
//!
//! ```text
//!  PacketSource ──▶ NicDevice ──▶ [Inject] ──▶ [Tap] ──▶ receive()
//!  (a capture)      (drives     wrappers are devices too
//!                    a Nic)
//! ```
//!
//! | module | device |
//! |---|---|
//! | [`nic_device`] | packets of a source, sent through a [`Nic`](scr_nic::Nic) that sequences them |
//! | [`frames`] | a capture of SCR frames, recorded behind a NIC |
//! | [`memory`] | packets from memory, for tests and measurements |
//! | [`inject`] | wrapper: injects losses, damage and worker faults |
//! | [`tap`] | wrapper: shows every frame to an observer, such as a capture file |
//!
//! A simulated or real NIC is connected by implementing [`Nic`](scr_nic::Nic); an interface that receives frames, by
//! implementing [`Device`].

pub mod batch;
pub mod frames;
mod in_flight;
pub mod inject;
pub mod memory;
pub mod nic_device;
pub mod ranges;
pub mod source;
pub mod tap;

pub use batch::{Batch, Fate, FrameFaults, FrameInfo, PacketInfo, Path, WorkerFault};
pub use frames::Frames;
pub use inject::{Fault, FaultEffect, FaultError, Inject, Select};
pub use memory::MemorySource;
pub use nic_device::NicDevice;
pub use ranges::Ranges;
pub use source::PacketSource;
pub use tap::{Observer, Tap};

use auto_impl::auto_impl;
use scr_nic::{BoxError, NicReport, SteeringMap};

/// Why a device yields no more frames.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The packets' source failed.
    #[error(transparent)]
    Source(BoxError),
    /// The NIC failed.
    #[error("packet {packet}: the NIC failed: {source}")]
    Nic {
        /// Number of the packet at the failure.
        packet: u64,
        /// The NIC's error.
        source: BoxError,
    },
    /// The NIC does not accept another steering map.
    #[error("the NIC does not change its cores: {0}")]
    Resteer(BoxError),
    /// The NIC returned fewer or more frames than it was given packets.
    #[error("packet {packet}: {what}")]
    Contract {
        /// Number of the packet, as far as is known.
        packet: u64,
        /// Description of the error.
        what: String,
    },
    /// An observer of frames failed, for example to write them.
    #[error(transparent)]
    Observer(BoxError),
}

/// Progress of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Bytes of input consumed.
    pub done: u64,
    /// Total bytes of input, if known.
    pub total: Option<u64>,
}

/// A source of frames in order, pulled in batches.
#[auto_impl(&mut, Box)]
pub trait Device {
    /// Appends frames to `batch` until it [`is_full`](Batch::is_full) or none are left, and returns whether more may
    /// come.
    ///
    /// # Errors
    ///
    /// [`DeviceError`]; the device is at its end then. Frames received before are in the batch.
    fn receive(&mut self, batch: &mut Batch) -> Result<bool, DeviceError>;

    /// Changes the steering: from the next packet on, the sequencer's core c steers to queue `map.queues()[c]`. Frames
    /// still under the old map are appended to `batch` first. Returns false if the device cannot.
    ///
    /// # Errors
    ///
    /// [`DeviceError`]; the device is at its end then.
    fn resteer(&mut self, map: &SteeringMap, batch: &mut Batch) -> Result<bool, DeviceError> {
        let _ = (map, batch);
        Ok(false)
    }

    /// The NIC's report.
    fn report(&self) -> NicReport;
}

/// Additional operations of a replay, which has all its packets in advance: to hold before one of them, to report
/// progress, and to keep account of injected faults.
#[auto_impl(&mut, Box)]
pub trait ReplayDevice: Device {
    /// Makes [`receive`](Device::receive) return, with whatever is in the batch, before it takes the packet that
    /// becomes the `count`-th frame to be sequenced, from 0; `None` lifts the hold. Must be set before the first packet
    /// is received, so that all are counted. Devices that cannot be resteered ignore it.
    fn hold_before(&mut self, count: Option<u64>) {
        let _ = count;
    }

    /// Whether [`hold_before`](Self::hold_before) stops the device.
    fn is_held(&self) -> bool {
        false
    }

    /// The amount of input consumed.
    fn extent(&self) -> Extent {
        Extent::default()
    }

    /// Sequence numbers of the frames that wrappers lost, if they keep account.
    fn lost(&self) -> Option<&Ranges> {
        None
    }

    /// Faults that wrappers injected, by name, if they keep account.
    fn injected(&self) -> Injected {
        Injected::default()
    }
}

/// Number of injections of each fault.
pub type Injected = std::collections::BTreeMap<&'static str, u64>;
