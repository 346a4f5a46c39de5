//! The golden sequencer as a NIC: no clock, and no packets held inside.

use scr_wire::parse::parse;
use scr_wire::{Config, ConfigError, Disposition, MAX_PREFIX_BYTES, Profile, Sequencer, Timestamp};

use crate::{BoxError, FrameSink, Nic, NicReport, SteeringMap};

/// The golden sequencer.
pub struct Model {
    sequencer: Box<Sequencer>,
    prefix: Box<[u8; MAX_PREFIX_BYTES]>,
    default_queue: u16,
    steering: SteeringMap,
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

    /// Wraps a sequencer that may have history.
    pub fn from_sequencer(sequencer: Sequencer) -> Self {
        Self {
            steering: SteeringMap::straight(sequencer.config().cores),
            sequencer: Box::new(sequencer),
            prefix: Box::new([0; MAX_PREFIX_BYTES]),
            default_queue: 0,
        }
    }

    /// The sequencer, for configuration while traffic runs.
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
        out: &mut dyn FrameSink,
    ) -> Result<(), BoxError> {
        match self
            .sequencer
            .sequence(packet, time, self.prefix.as_mut_slice())
        {
            Disposition::PassedBy => out.frame(self.default_queue, &[packet]),
            Disposition::Sequenced {
                core, prefix_bytes, ..
            } => out.frame(
                self.steering.queue(core),
                &[&self.prefix[..prefix_bytes], packet],
            ),
        }
        Ok(())
    }

    fn flush(&mut self, _: &mut dyn FrameSink) -> Result<(), BoxError> {
        Ok(())
    }

    fn numbers(&self, packet: &[u8]) -> bool {
        let parsed = parse(packet, self.sequencer.profile().has_ipv6());
        self.sequencer.config().sequences(&parsed)
    }

    fn resteer(&mut self, map: &SteeringMap) -> Result<bool, BoxError> {
        self.sequencer.configure(Config {
            cores: map.cores(),
            ..self.sequencer.config()
        })?;
        self.steering = map.clone();
        Ok(true)
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
