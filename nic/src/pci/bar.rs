//! 32-bit registers by byte offset, and a window into them.

use auto_impl::auto_impl;

use crate::BoxError;
use crate::registers::RegisterAccess;

/// The registers of a device's base address region (BAR): mapped memory, or a simulation of it.
///
/// Offsets are in bytes from the start of the region and multiples of 4. Accesses are in order. As on PCI, a write has no
/// answer, and a read where there is no register gives any value.
#[auto_impl(&mut, Box)]
pub trait Bar {
    /// Size of the region in bytes.
    fn bytes(&self) -> u64;

    /// Reads 32 bits.
    ///
    /// # Errors
    ///
    /// If the offset is outside of the region or no multiple of 4, or the bus fails.
    fn read(&mut self, offset: u64) -> Result<u32, BoxError>;

    /// Writes 32 bits.
    ///
    /// # Errors
    ///
    /// As for [`read`](Self::read).
    fn write(&mut self, offset: u64, value: u32) -> Result<(), BoxError>;
}

/// The part of a BAR that begins at an offset: a sequencer's registers.
#[derive(Debug)]
pub struct Window<B> {
    bar: B,
    base: u64,
}

impl<B: Bar> Window<B> {
    /// The registers of `bar` from byte `base` on.
    pub fn new(bar: B, base: u64) -> Self {
        Self { bar, base }
    }
}

impl<B: Bar> RegisterAccess for Window<B> {
    fn read(&mut self, offset: u16) -> Result<u32, BoxError> {
        self.bar.read(self.base + u64::from(offset))
    }

    fn write(&mut self, offset: u16, value: u32) -> Result<(), BoxError> {
        self.bar.write(self.base + u64::from(offset), value)
    }
}
