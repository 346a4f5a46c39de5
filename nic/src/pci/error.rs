//! Why a device cannot be used.

use std::io;
use std::path::PathBuf;

use scr_wire::registers::shell;

use crate::BoxError;
use crate::registers::ControlError;

/// Why a device cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PciError {
    /// The address is none.
    #[error("{0}: that is no PCI address")]
    Address(String),
    /// There is no such device.
    #[error("{address}: there is no such PCI device in {}", .folder.display())]
    NoDevice {
        /// The address.
        address: String,
        /// Where devices are.
        folder: PathBuf,
    },
    /// A BAR cannot be mapped.
    #[error("{}: the BAR cannot be mapped: {source}", .file.display())]
    Bar {
        /// The file of the BAR.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file of sysfs cannot be read.
    #[error("{}: {source}", .file.display())]
    Sysfs {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// An access failed.
    #[error("the device's registers cannot be reached: {0}")]
    Bus(BoxError),
    /// The application is not this project's.
    #[error(
        "the application section has no sequencers: register SHELL is {found:#010x}, not {:#010x}",
        shell::CORUNDUM
    )]
    NoApplication {
        /// The value of register SHELL.
        found: u32,
    },
    /// A window is not where it should be.
    #[error("the window of interface {interface} says that it is that of {found:#x}")]
    Window {
        /// The interface.
        interface: u8,
        /// The value of its register INTERFACE.
        found: u32,
    },
    /// The BAR is too small for what it says that it has.
    #[error("BAR {bar} has {bytes} bytes, too few for {what}")]
    Small {
        /// The BAR's number.
        bar: u8,
        /// Its size.
        bytes: u64,
        /// What does not fit.
        what: String,
    },
    /// Register blocks do not form a list.
    #[error("the NIC's register blocks at {at:#x} form no list")]
    Blocks {
        /// Where the list ceases to be one.
        at: u64,
    },
    /// The NIC lacks a register block.
    #[error("the NIC has no register block of type {kind:#06x}, version {version:#06x}: {what}")]
    NoBlock {
        /// Type of the block.
        kind: u32,
        /// Version that this program knows.
        version: u32,
        /// What the block is for.
        what: &'static str,
    },
    /// A register does not hold what was written.
    #[error("register {name} of interface {interface} is {found:#x} after {wanted:#x} was written")]
    NotWritten {
        /// The register.
        name: &'static str,
        /// The interface.
        interface: u8,
        /// What was written.
        wanted: u32,
        /// What it holds.
        found: u32,
    },
    /// A sequencer cannot be controlled.
    #[error("interface {interface}: {source}")]
    Sequencer {
        /// The interface.
        interface: u8,
        /// Why not.
        source: ControlError,
    },
}

impl PciError {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Address(_) => "write it as in `lspci -D`: domain, bus, device and function, 0000:81:00.0".to_owned(),
            Self::NoDevice { .. } => {
                "look for the NIC with `lspci -D`; if its bitstream was loaded while the host ran, `echo 1 > /sys/bus/pci/rescan`"
                    .to_owned()
            }
            Self::Bar { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                "run as root; where the kernel is locked down (secure boot), BARs cannot be mapped".to_owned()
            }
            Self::Bar { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "check with `lspci -v` that the device has this region; Corundum has region 2 if APP_ENABLE and APP_CTRL_ENABLE are 1"
                    .to_owned()
            }
            Self::Bar { .. } => "check with `lspci -v` that the region is enabled and not empty".to_owned(),
            Self::Sysfs { .. } => "check that sysfs is mounted, and --sysfs".to_owned(),
            Self::Bus(_) | Self::Small { .. } | Self::Window { .. } | Self::Blocks { .. } => {
                "the device's registers are not those of this block: check which bitstream is loaded".to_owned()
            }
            Self::NoApplication { found: u32::MAX } => {
                "the device does not answer: check `lspci -v`, and enable its memory with `setpci -s <address> COMMAND=2:2`".to_owned()
            }
            Self::NoApplication { .. } => {
                "load a bitstream with the block of `scr emit --shell corundum`, APP_ID 32'h53435231".to_owned()
            }
            Self::NoBlock { .. } => {
                "use the commit of Corundum that docs/shells/corundum.md names, or one with the same version of the block".to_owned()
            }
            Self::NotWritten { .. } => "reset the device and try again; is another program writing its registers?".to_owned(),
            Self::Sequencer { source, .. } => match source {
                ControlError::DoesNotFit { .. } => "use other values of --cores and --prefix-words".to_owned(),
                ControlError::Refused { .. } => "use a value that the hardware has: `scr nic <address> status` shows its limits".to_owned(),
                _ => "check which bitstream is loaded: this program and the block must be of one version".to_owned(),
            },
        }
    }
}
