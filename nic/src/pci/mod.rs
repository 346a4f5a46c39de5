//! Sequencers behind a PCI device: where its registers are, and the registers of the NIC around them.
//!
//! ```text
//!  resource2 ──▶ MappedBar ──▶ Application ──▶ Window of interface i ──▶ SequencerControl
//!  resource0 ──▶ MappedBar ──▶ Mqnic: RX MTU, receive queues, app_mask of interface i
//!  net/NAME  ──▶ Device: names and MTUs of the interfaces
//! ```
//!
//! | module | one idea |
//! |---|---|
//! | [`bar`] | 32-bit registers by byte offset, and a window into them |
//! | [`volatile`] | words of memory that a device reads and writes, too |
//! | [`mapped`] | a BAR that is mapped from a file of sysfs |
//! | [`sysfs`] | what sysfs says of a device and its network interfaces |
//! | [`offload`] | whether a network driver takes the NIC's word for checksums |
//! | [`application`] | the windows of a block that has a sequencer for each interface |
//! | [`mqnic`] | Corundum's own registers, as far as steering depends on them |
//! | [`checks`] | whether an interface is ready for frames with a prefix, and what to do if not |
//! | [`error`] | why a device cannot be used |

pub mod application;
pub mod bar;
pub mod checks;
pub mod error;
pub mod mapped;
pub mod mqnic;
pub mod offload;
pub mod sysfs;
pub mod volatile;

pub use application::{Application, Tdest};
pub use bar::{Bar, Window};
pub use checks::{Check, Facts, Finding};
pub use error::PciError;
pub use mapped::MappedBar;
pub use mqnic::Mqnic;
pub use sysfs::Device;
