//! Register access: the only difference between a simulated and a real NIC.

use auto_impl::auto_impl;

use crate::BoxError;

/// Access to a sequencer's registers: a simulated AXI4-Lite bus, or a mapped PCI BAR.
///
/// Offsets are in bytes from the first register and multiples of 4. Accesses are in order: a read sees the writes
/// before it. A bus need not report that a register does not exist or that a write was refused: the driver does not
/// rely on it.
#[auto_impl(&mut, Box)]
pub trait RegisterAccess {
    /// Reads 32 bits.
    ///
    /// # Errors
    ///
    /// If the bus fails; the hardware is unusable then.
    fn read(&mut self, offset: u16) -> Result<u32, BoxError>;

    /// Writes 32 bits.
    ///
    /// # Errors
    ///
    /// As for [`read`](Self::read). A write that the hardware refuses is not an error; STATUS shows it.
    fn write(&mut self, offset: u16, value: u32) -> Result<(), BoxError>;
}
