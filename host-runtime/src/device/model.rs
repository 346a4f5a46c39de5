//! The golden sequencer as a NIC: no clock, and nothing stays inside.

use scr_wire::{Config, ConfigError, Disposition, MAX_PREFIX_BYTES, Profile, Sequencer, Timestamp};

use super::{BoxError, Emit, Nic, NicReport};

/// The golden sequencer.
pub struct Model {
    sequencer: Box<Sequencer>,
    prefix: Box<[u8; MAX_PREFIX_BYTES]>,
    default_queue: u16,
}

impl Model {
    /// A sequencer of `profile` with a history of N = `history` rows, in epoch 0.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when history, cores and prefix words do not fit.
    pub fn new(profile: &Profile, history: usize, config: Config) -> Result<Self, ConfigError> {
        Ok(Self::from_sequencer(Sequencer::new(
            profile, history, config,
        )?))
    }

    /// A sequencer that may have a past.
    pub fn from_sequencer(sequencer: Sequencer) -> Self {
        Self {
            sequencer: Box::new(sequencer),
            prefix: Box::new([0; MAX_PREFIX_BYTES]),
            default_queue: 0,
        }
    }

    /// The sequencer, to be configured while traffic runs.
    pub fn sequencer(&mut self) -> &mut Sequencer {
        &mut self.sequencer
    }
}

impl Nic for Model {
    #[inline]
    fn offer(
        &mut self,
        packet: &[u8],
        time: Timestamp,
        out: &mut Emit<'_>,
    ) -> Result<(), BoxError> {
        match self
            .sequencer
            .sequence(packet, time, self.prefix.as_mut_slice())
        {
            Disposition::PassedBy => out.frame(self.default_queue, &[packet]),
            Disposition::Sequenced {
                core, prefix_bytes, ..
            } => out.frame(u16::from(core), &[&self.prefix[..prefix_bytes], packet]),
        }
        Ok(())
    }

    fn flush(&mut self, _: &mut Emit<'_>) -> Result<(), BoxError> {
        Ok(())
    }

    fn report(&self) -> NicReport {
        NicReport::of_kind("model")
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model")
            .field("profile", self.sequencer.profile())
            .field("next_seq", &self.sequencer.next_seq())
            .finish_non_exhaustive()
    }
}
