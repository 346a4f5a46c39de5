//! The shells of NICs that a sequencer can be emitted for: what surrounds it there, and the blocks that fit it in.
//!
//! | module | one idea |
//! |---|---|
//! | [`corundum`] | the application block of Corundum, with a sequencer on the receive path of each interface |
//! | `register_windows` | one register bus for the registers of several sequencers |
//! | `window_write`, `window_read` | its two halves |
//! | `queue_select` | the queue of a frame as the shell wants to be told |

pub mod corundum;
mod queue_select;
mod register_windows;
mod window_read;
mod window_write;

pub use queue_select::QueueSelect;
pub use register_windows::RegisterWindows;

/// A shell that a sequencer can be emitted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    /// None.
    Core,
    /// Corundum.
    Corundum,
    /// open-nic-shell.
    OpenNic,
    /// NetFPGA-PLUS.
    NetfpgaPlus,
}

impl Shell {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Core, Self::Corundum, Self::OpenNic, Self::NetfpgaPlus];

    /// Name on the command line and in manifests.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Corundum => "corundum",
            Self::OpenNic => "open-nic",
            Self::NetfpgaPlus => "netfpga-plus",
        }
    }

    /// What is emitted for it.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Core => "The sequencer by itself",
            Self::Corundum => {
                "The application block of Corundum, with a sequencer for each interface"
            }
            Self::OpenNic => "A user box of open-nic-shell (not available yet)",
            Self::NetfpgaPlus => "A module of NetFPGA-PLUS (not available yet)",
        }
    }

    /// Whether it can be emitted.
    pub const fn is_available(self) -> bool {
        matches!(self, Self::Core | Self::Corundum)
    }
}

/// The source of every block of this folder, from which the emitter takes documentation and type names.
pub(crate) const SOURCES: &[&str] = &[
    include_str!("queue_select.rs"),
    include_str!("register_windows.rs"),
    include_str!("window_read.rs"),
    include_str!("window_write.rs"),
    include_str!("../primitive/param.rs"),
];
