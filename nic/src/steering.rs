//! Steering: the queue of each of the sequencer's cores.

/// The steering map: frames of the sequencer's core c go to queue `queues()[c]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SteeringMap {
    queues: Vec<u16>,
}

impl SteeringMap {
    /// Steers each core to the queue of the same number.
    pub fn straight(cores: u8) -> Self {
        Self::new((0..cores.into()).collect())
    }

    /// Steers core c to queue `queues[c]`.
    pub fn new(queues: Vec<u16>) -> Self {
        Self { queues }
    }

    /// The number of cores k.
    pub fn cores(&self) -> u8 {
        self.queues.len() as u8
    }

    /// The queue of each core.
    pub fn queues(&self) -> &[u16] {
        &self.queues
    }

    /// The queue of `core`; the core's own number if the map has no entry for it.
    #[inline]
    pub fn queue(&self, core: u8) -> u16 {
        self.queues
            .get(usize::from(core))
            .copied()
            .unwrap_or(core.into())
    }
}
