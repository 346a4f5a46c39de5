//! Which queue each of the sequencer's cores has.

/// The steering map: frames of the sequencer's core c go to queue `queues()[c]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SteeringMap {
    queues: Vec<u16>,
}

impl SteeringMap {
    /// Each core has the queue of its own number.
    pub fn straight(cores: u8) -> Self {
        Self::new((0..cores.into()).collect())
    }

    /// Core c has queue `queues[c]`.
    pub fn new(queues: Vec<u16>) -> Self {
        Self { queues }
    }

    /// k.
    pub fn cores(&self) -> u8 {
        self.queues.len() as u8
    }

    /// The queue of each core.
    pub fn queues(&self) -> &[u16] {
        &self.queues
    }

    /// The queue of `core`; its own number where there is none.
    #[inline]
    pub fn queue(&self, core: u8) -> u16 {
        self.queues
            .get(usize::from(core))
            .copied()
            .unwrap_or(core.into())
    }
}
