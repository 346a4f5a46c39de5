//! Why a sequencer cannot be controlled.

use scr_wire::ConfigError;
use scr_wire::registers::Capabilities;

use crate::BoxError;

/// Why a sequencer cannot be controlled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// The bus failed.
    #[error("the NIC's registers cannot be reached: {0}")]
    Bus(BoxError),
    /// There is no sequencer at this address.
    #[error("no sequencer: register ID is {0:#010x}, not 0x53435231")]
    NoSequencer(u32),
    /// The sequencer's frames have another format.
    #[error("the NIC writes format version {found}; this program reads version {known}")]
    Format {
        /// Format version of the hardware.
        found: u16,
        /// Format version of this program.
        known: u16,
    },
    /// The sequencer's rows are not those wanted.
    #[error(
        "the NIC was generated for row profile {found} ({found_bytes} bytes a row); {wanted} ({wanted_bytes} bytes) is wanted"
    )]
    Profile {
        /// The hardware's profile id.
        found: u8,
        /// The hardware's row size.
        found_bytes: usize,
        /// The profile id wanted.
        wanted: u8,
        /// The row size wanted.
        wanted_bytes: usize,
    },
    /// The configuration does not fit the hardware.
    #[error(
        "{reason}; the NIC has {} rows of history and at most {} cores",
        .capabilities.history, .capabilities.max_cores
    )]
    DoesNotFit {
        /// Which limit is exceeded.
        reason: ConfigError,
        /// Capabilities of the hardware.
        capabilities: Capabilities,
    },
    /// The hardware refused a write.
    #[error("the NIC refused {value} for register {name}")]
    Refused {
        /// Name of the register.
        name: String,
        /// The value refused.
        value: u32,
    },
}
