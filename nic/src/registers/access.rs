//! The one thing that differs between a simulated and a real NIC: how a register is reached.

use auto_impl::auto_impl;

use crate::BoxError;

/// Access to a sequencer's registers: a simulated AXI4-Lite bus, or a mapped PCI BAR.
///
/// Offsets are in bytes from the first register and multiples of 4. Accesses are in order: a read sees the
/// writes before it. A bus that can tell that a register does not exist or that a write was refused need not do so: the
/// driver does not rely on it.
#[auto_impl(&mut, Box)]
pub trait RegisterAccess {
    /// Reads 32 bits.
    ///
    /// # Errors
    ///
    /// When the bus fails; the hardware is of no use then.
    fn read(&mut self, offset: u16) -> Result<u32, BoxError>;

    /// Writes 32 bits.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read). That the hardware refuses a write is not an error; STATUS shows it.
    fn write(&mut self, offset: u16, value: u32) -> Result<(), BoxError>;
}
