//! Where frames come from.
//!
//! ```text
//!  PacketSource ──▶ Replay ──▶ [Lose] ──▶ [Tap] ──▶ receive()
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
//! | [`lose`] | wrapper: loses frames between NIC and workers, by list or at a rate |
//! | [`tap`] | wrapper: shows every frame to an observer, such as a capture file |
//!
//! A simulated or real NIC takes part by implementing [`Nic`].

pub mod batch;
pub mod frames;
pub mod lose;
pub mod memory;
pub mod model;
pub mod nic;
pub mod ranges;
pub mod replay;
pub mod source;
pub mod tap;

pub use batch::{Batch, Fate, FrameInfo, PacketInfo, Path};
pub use frames::Frames;
pub use lose::{Lose, Loss};
pub use memory::MemorySource;
pub use model::Model;
pub use nic::{Activity, Emit, Nic, NicReport};
pub use ranges::Ranges;
pub use replay::Replay;
pub use source::PacketSource;
pub use tap::{Observer, Tap};

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
}

impl<D: Device + ?Sized> Device for Box<D> {
    fn receive(&mut self, batch: &mut Batch) -> Result<bool, DeviceError> {
        (**self).receive(batch)
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
}
