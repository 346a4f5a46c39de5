//! The windows of a block that has a sequencer for each interface (`scr_wire::registers::shell`).

use scr_wire::registers::shell;

use super::{Bar, PciError, Window};
use crate::registers::{ControlError, SequencerControl};

/// What the block's tdest is to the NIC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tdest {
    /// The queue itself: {1, queue}.
    Direct,
    /// A place in the indirection table: {0, queue}.
    Indirect,
}

impl Tdest {
    /// The value of Corundum's `app_mask` with which the NIC takes tdest so.
    pub const fn app_mask(self) -> u32 {
        match self {
            Self::Direct => 0x8000_0000,
            Self::Indirect => 0xff,
        }
    }
}

/// The block of a shell, behind the BAR of the application section.
#[derive(Debug)]
pub struct Application<B> {
    bar: B,
    interfaces: u8,
}

impl<B: Bar> Application<B> {
    /// The number of the BAR in which Corundum has its application section.
    pub const BAR: u8 = 2;

    /// Finds the block, and checks that each window is that of its interface.
    ///
    /// # Errors
    ///
    /// [`PciError::NoApplication`], [`PciError::Small`], [`PciError::Window`] and [`PciError::Bus`].
    pub fn find(bar: B) -> Result<Self, PciError> {
        let mut found = Self { bar, interfaces: 1 };
        let what = found.read(0, shell::SHELL.offset)?;
        if what != shell::CORUNDUM {
            return Err(PciError::NoApplication { found: what });
        }
        let word = found.read(0, shell::INTERFACE.offset)?;
        found.interfaces = (word >> shell::INTERFACE_COUNT_SHIFT) as u8;
        for interface in 0..found.interfaces {
            let expected = u32::from(interface) | word & !0xff;
            let word = found.read(interface, shell::INTERFACE.offset)?;
            if word != expected {
                return Err(PciError::Window {
                    interface,
                    found: word,
                });
            }
        }
        Ok(found)
    }

    /// Number of interfaces.
    pub fn interfaces(&self) -> u8 {
        self.interfaces
    }

    /// The sequencer of an interface.
    ///
    /// # Errors
    ///
    /// [`ControlError`]; the interface's window need not have a sequencer that this program knows.
    pub fn sequencer(
        &mut self,
        interface: u8,
    ) -> Result<SequencerControl<Window<&mut B>>, ControlError> {
        SequencerControl::identify(Window::new(&mut self.bar, base(interface)))
    }

    /// What the interface's tdest is to the NIC.
    ///
    /// # Errors
    ///
    /// [`PciError::Bus`].
    pub fn tdest(&mut self, interface: u8) -> Result<Tdest, PciError> {
        let word = self.read(interface, shell::TDEST.offset)?;
        Ok(match word & shell::TDEST_INDIRECT {
            0 => Tdest::Direct,
            _ => Tdest::Indirect,
        })
    }

    /// Sets what the interface's tdest is to the NIC, for frames that have not begun to leave.
    ///
    /// # Errors
    ///
    /// [`PciError::Bus`], and [`PciError::NotWritten`] if the register does not change.
    pub fn set_tdest(&mut self, interface: u8, tdest: Tdest) -> Result<(), PciError> {
        let wanted = match tdest {
            Tdest::Direct => 0,
            Tdest::Indirect => shell::TDEST_INDIRECT,
        };
        let at = base(interface) + u64::from(shell::TDEST.offset);
        self.bar.write(at, wanted).map_err(PciError::Bus)?;
        // A write into a BAR has no answer.
        let found = self.read(interface, shell::TDEST.offset)?;
        if found != wanted {
            return Err(PciError::NotWritten {
                name: shell::TDEST.name,
                interface,
                wanted,
                found,
            });
        }
        Ok(())
    }

    fn read(&mut self, interface: u8, offset: u16) -> Result<u32, PciError> {
        let (at, bytes) = (base(interface) + u64::from(offset), self.bar.bytes());
        if at >= bytes {
            return Err(PciError::Small {
                bar: Self::BAR,
                bytes,
                what: format!("the window of interface {interface}"),
            });
        }
        self.bar.read(at).map_err(PciError::Bus)
    }
}

/// Byte offset of an interface's window.
fn base(interface: u8) -> u64 {
    u64::from(interface) * u64::from(shell::WINDOW_BYTES)
}
