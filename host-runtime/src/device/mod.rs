//! Where frames come from.
//!
//! ```text
//!  PacketSource ──▶ Replay ──▶ [Inject] ──▶ [Tap] ──▶ receive()
//!  (a capture)      (drives     wrappers are devices too
//!                    a Nic)
//! ```
//!
//! | module | device |
//! |---|---|
//! | [`replay`] | packets of a source, sent through a [`Nic`] that sequences them |
//! | [`model`] | the golden sequencer as a NIC |
//! | [`frames`] | a capture of SCR frames, recorded behind a NIC |
//! | [`memory`] | packets from memory, for tests and measurements |
//! | [`inject`] | wrapper: losses, damage and worker faults, on purpose |
//! | [`tap`] | wrapper: shows every frame to an observer, such as a capture file |
//!
//! A simulated or real NIC takes part by implementing [`Nic`].

pub mod batch;
pub mod frames;
pub mod inject;
pub mod memory;
pub mod model;
pub mod nic;
pub mod ranges;
pub mod replay;
pub mod source;
pub mod tap;

pub use batch::{Batch, Fate, FrameInfo, PacketInfo, Path, Strike};
pub use frames::Frames;
pub use inject::{Damage, Fault, FaultError, Inject, Select};
pub use memory::MemorySource;
pub use model::Model;
pub use nic::{Activity, Emit, Nic, NicReport};
pub use ranges::Ranges;
pub use replay::Replay;
pub use source::PacketSource;
pub use tap::{Observer, Tap};

use crate::failover::Rotation;

/// An error of a part that other crates supply.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a device yields no more frames.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The packets' source failed.
    #[error(transparent)]
    Source(BoxError),
    /// The NIC failed.
    #[error("packet {packet}: the NIC failed: {source}")]
    Nic {
        /// The packet at which it did.
        packet: u64,
        /// How.
        source: BoxError,
    },
    /// The NIC does not take another rotation.
    #[error("the NIC does not change its cores: {0}")]
    Turn(BoxError),
    /// The NIC did not give back what it was given, or more.
    #[error("packet {packet}: {what}")]
    Contract {
        /// The packet, as far as is known.
        packet: u64,
        /// What is wrong.
        what: String,
    },
    /// An observer of frames failed, for example to write them.
    #[error(transparent)]
    Observer(BoxError),
}

/// How far a device has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Bytes of input consumed.
    pub done: u64,
    /// Bytes of input there are, if known.
    pub total: Option<u64>,
}

/// A source of frames in order, pulled in batches.
pub trait Device {
    /// Appends frames to `batch` until it [`is_full`](Batch::is_full) or none are left, and returns whether more may
    /// come.
    ///
    /// # Errors
    ///
    /// [`DeviceError`]; the device is at its end then. Frames received before are in the batch.
    fn receive(&mut self, batch: &mut Batch) -> Result<bool, DeviceError>;

    /// Turns the rotation: the sequencer's core c steers to queue `rotation.queues()[c]` from the next packet on. Frames
    /// still under the old one are appended to `batch` first. False when the device cannot.
    ///
    /// # Errors
    ///
    /// [`DeviceError`]; the device is at its end then.
    fn turn(&mut self, rotation: &Rotation, batch: &mut Batch) -> Result<bool, DeviceError> {
        let _ = (rotation, batch);
        Ok(false)
    }

    /// Makes [`receive`](Self::receive) return, with whatever is in the batch, before it takes the packet that becomes the
    /// `count`-th frame to be sequenced, from 0; `None` lifts that. To be set before the first packet is received, so
    /// that all are counted. Devices that cannot be turned ignore it.
    fn hold_before(&mut self, count: Option<u64>) {
        let _ = count;
    }

    /// Whether [`hold_before`](Self::hold_before) keeps the device from going on.
    fn is_held(&self) -> bool {
        false
    }

    /// What the NIC has to report.
    fn nic(&self) -> NicReport;

    /// How much of the input has been consumed.
    fn extent(&self) -> Extent {
        Extent::default()
    }

    /// Sequence numbers of the frames that wrappers lost, where they keep account.
    fn lost(&self) -> Option<&Ranges> {
        None
    }

    /// What wrappers did to frames, by name of the fault, where they keep account.
    fn injected(&self) -> Injected {
        Injected::default()
    }
}

/// How often which fault was injected.
pub type Injected = std::collections::BTreeMap<&'static str, u64>;

impl<D: Device + ?Sized> Device for Box<D> {
    fn receive(&mut self, batch: &mut Batch) -> Result<bool, DeviceError> {
        (**self).receive(batch)
    }

    fn turn(&mut self, rotation: &Rotation, batch: &mut Batch) -> Result<bool, DeviceError> {
        (**self).turn(rotation, batch)
    }

    fn hold_before(&mut self, count: Option<u64>) {
        (**self).hold_before(count);
    }

    fn is_held(&self) -> bool {
        (**self).is_held()
    }

    fn nic(&self) -> NicReport {
        (**self).nic()
    }

    fn extent(&self) -> Extent {
        (**self).extent()
    }

    fn lost(&self) -> Option<&Ranges> {
        (**self).lost()
    }

    fn injected(&self) -> Injected {
        (**self).injected()
    }
}
