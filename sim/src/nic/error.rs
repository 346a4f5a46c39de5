//! Why the simulation cannot continue.

use scr_nic::registers::ControlError;

use crate::stream::{NoAnswer, PortError, Violation};

/// Why the simulation cannot continue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NicError {
    /// The block is not a sequencer.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The block's registers are not those of a sequencer that does what is asked.
    #[error(transparent)]
    Control(ControlError),
    /// The registers do not answer.
    #[error(transparent)]
    Registers(#[from] NoAnswer),
    /// The block is stuck.
    #[error(
        "the hardware is stuck at packet {packet}: {waiting_for} for {cycles} cycles (now cycle {cycle})"
    )]
    Stuck {
        /// Number of the oldest packet whose frame is not out, counted from 1.
        packet: u64,
        /// The missing event.
        waiting_for: &'static str,
        /// Number of cycles without movement.
        cycles: u64,
        /// Cycle of detection.
        cycle: u64,
    },
    /// The output broke a rule of AXI4-Stream.
    #[error(
        "the output breaks a rule of AXI4-Stream in packet {packet}, cycle {cycle}: {violation}"
    )]
    Rule {
        /// Number of the packet whose frame is coming out, counted from 1.
        packet: u64,
        /// Cycle of detection.
        cycle: u64,
        /// The rule violated.
        violation: Violation,
    },
    /// A beat came out although no frame was on its way.
    #[error("a frame came out in cycle {cycle} that nobody sent, after packet {packet}")]
    Unexpected {
        /// Number of the last packet, counted from 1.
        packet: u64,
        /// Cycle of detection.
        cycle: u64,
    },
    /// A frame is longer than its packet and the longest prefix.
    #[error("the frame of packet {packet} does not end: {bytes} bytes so far in cycle {cycle}")]
    Endless {
        /// Number of the packet, counted from 1.
        packet: u64,
        /// Bytes received so far.
        bytes: usize,
        /// Cycle of detection.
        cycle: u64,
    },
}

impl From<ControlError> for NicError {
    /// The driver's bus is the NIC itself, so an error of the bus is one of the NIC.
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::Bus(error) => match error.downcast::<Self>() {
                Ok(error) => *error,
                Err(error) => Self::Control(ControlError::Bus(error)),
            },
            other => Self::Control(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_nic_comes_back_through_the_driver_as_it_was() {
        let error = NicError::Unexpected {
            packet: 7,
            cycle: 9,
        };
        let back = NicError::from(ControlError::Bus(error.into()));
        assert!(
            matches!(
                back,
                NicError::Unexpected {
                    packet: 7,
                    cycle: 9
                }
            ),
            "{back}"
        );
        let other = NicError::from(ControlError::NoSequencer(0));
        assert!(matches!(
            other,
            NicError::Control(ControlError::NoSequencer(0))
        ));
    }
}
