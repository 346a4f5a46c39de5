//! The registers of the simulated NIC: a bus of cycles, and settings that the driver writes over it.

use scr_hdl::Dut;
use scr_nic::{BoxError, RegisterAccess, SequencerControl};

use super::{NicError, SimNic};
use crate::stream::{Access, Answer, Settings};

impl<D: Dut> SimNic<D> {
    /// Puts settings in force between the packets pushed before and those pushed after: drives all frames out, writes
    /// the settings, and waits until they are in force.
    ///
    /// # Errors
    ///
    /// [`NicError::Control`] if the settings do not fit the hardware, and nothing is written; or if it refuses one of
    /// them, and those in front of it stand. With any other [`NicError`] the NIC is unusable afterwards.
    pub fn configure(&mut self, settings: &Settings) -> Result<(), NicError> {
        self.flush()?;
        self.apply(settings)
    }

    /// Reads a register while traffic runs, or with the line idle; takes some cycles. `None` if the hardware answers
    /// with an error.
    ///
    /// # Errors
    ///
    /// [`NicError`]; the NIC is unusable afterwards.
    pub fn read_register(&mut self, offset: u16) -> Result<Option<u32>, NicError> {
        let answer = self.access(Access::Read { offset })?;
        Ok((!answer.refused).then_some(answer.value))
    }

    /// Writes a register while traffic runs, or with the line idle. False if the hardware refuses.
    ///
    /// # Errors
    ///
    /// [`NicError`]; the NIC is unusable afterwards.
    pub fn write_register(&mut self, offset: u16, value: u32) -> Result<bool, NicError> {
        Ok(!self.access(Access::write(offset, value))?.refused)
    }

    /// Lets settings that were written by [`write_register`](Self::write_register) come into force.
    ///
    /// # Errors
    ///
    /// [`NicError`]; the NIC is unusable afterwards.
    pub fn settle(&mut self) -> Result<(), NicError> {
        for _ in 0..self.config.settle_cycles {
            self.cycle()?;
        }
        Ok(())
    }

    /// Writes the settings like the driver of any NIC, and waits until they are in force.
    pub(super) fn apply(&mut self, settings: &Settings) -> Result<(), NicError> {
        SequencerControl::identify(&mut *self)?.apply(settings)?;
        self.settle()
    }

    fn access(&mut self, access: Access) -> Result<Answer, NicError> {
        // An error may have cut an access off, and the bus makes one at a time.
        while self.bus.busy() {
            self.cycle()?;
        }
        self.answer = None;
        self.bus.start(access);
        loop {
            self.cycle()?;
            if let Some(answer) = self.answer.take() {
                return Ok(answer);
            }
        }
    }
}

impl<D: Dut> RegisterAccess for SimNic<D> {
    fn read(&mut self, offset: u16) -> Result<u32, BoxError> {
        // As on PCI: a missing register reads as 0.
        Ok(self.read_register(offset)?.unwrap_or(0))
    }

    fn write(&mut self, offset: u16, value: u32) -> Result<(), BoxError> {
        // STATUS shows a refusal.
        self.write_register(offset, value)?;
        Ok(())
    }
}
