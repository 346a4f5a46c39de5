//! Notices of workers that died.

/// The notice that a worker died and its log was fenced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// The worker's place.
    pub place: u16,
    /// Bursts with a lower number that the worker has not handed on will not come.
    pub before: u64,
    /// Rows of the worker's frames before this position are in its log and survive.
    pub position: u64,
}

/// The tombstones of all workers that died, in order, each with the number of frames lost with its worker.
#[derive(Clone, Debug, Default)]
pub struct Tombstones(Vec<(Tombstone, u64)>);

impl Tombstones {
    /// Adds a tombstone.
    pub fn add(&mut self, tombstone: Tombstone) {
        self.0.push((tombstone, 0));
    }

    /// The tombstone of `place` that burst `serial` falls under: the first one after it.
    pub fn of(&self, place: u16, serial: u64) -> Option<Tombstone> {
        let mut all = self.0.iter().map(|(tombstone, _)| *tombstone);
        all.find(|tombstone| tombstone.place == place && serial < tombstone.before)
    }

    /// The last tombstone of `place` before burst `serial`. A later one does not concern frames of that burst: they were sent
    /// to nobody, so none of their rows can be in a log.
    pub fn before(&self, place: u16, serial: u64) -> Option<Tombstone> {
        let mut all = self.0.iter().rev().map(|(tombstone, _)| *tombstone);
        all.find(|tombstone| tombstone.place == place && tombstone.before <= serial)
    }

    /// Counts a frame lost with a worker.
    pub fn count(&mut self, tombstone: Tombstone) {
        if let Some((_, count)) = self.0.iter_mut().find(|(one, _)| *one == tombstone) {
            *count += 1;
        }
    }

    /// The tombstones in order, each with the number of frames lost with its worker.
    pub fn iter(&self) -> impl Iterator<Item = (Tombstone, u64)> + '_ {
        self.0.iter().copied()
    }
}
