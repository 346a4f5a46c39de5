//! What is known of workers that died.

/// A worker died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burial {
    /// Its place.
    pub place: u16,
    /// Loads with a lower number that it has not handed on will not come.
    pub before: u64,
    /// Rows of its frames before this position are in its log and survive.
    pub position: u64,
}

/// The dead, and how many frames were lost with each.
#[derive(Clone, Debug, Default)]
pub struct Burials(Vec<(Burial, u64)>);

impl Burials {
    /// Adds one.
    pub fn add(&mut self, burial: Burial) {
        self.0.push((burial, 0));
    }

    /// The burial that concerns load `serial` of `place`: of several the first after it.
    pub fn of(&self, place: u16, serial: u64) -> Option<Burial> {
        let mut all = self.0.iter().map(|(burial, _)| *burial);
        all.find(|burial| burial.place == place && serial < burial.before)
    }

    /// The last burial of `place`.
    pub fn last(&self, place: u16) -> Option<Burial> {
        let mut all = self.0.iter().rev().map(|(burial, _)| *burial);
        all.find(|burial| burial.place == place)
    }

    /// Counts a frame lost with a worker.
    pub fn count(&mut self, burial: Burial) {
        if let Some((_, count)) = self.0.iter_mut().find(|(one, _)| *one == burial) {
            *count += 1;
        }
    }

    /// The dead in the order in which they were buried, each with the frames lost with it.
    pub fn iter(&self) -> impl Iterator<Item = (Burial, u64)> + '_ {
        self.0.iter().copied()
    }
}
