//! Puts what comes through several lanes back into the order of positions.
//!
//! ```text
//!  lane 0:  0 3 6 …  ─▶ ┌──┬──┬──┬──┬──┬──┬──┬──┐
//!  lane 1:  1 4 …    ─▶ │  │ 4│  │ 6│  │  │  │  │ ─▶ … 2 3
//!  lane 2:  2 …      ─▶ └──┴──┴──┴──┴──┴──┴──┴──┘
//!                         ▲ next        window
//! ```
//!
//! Each lane is in order itself, and says how far it has come: its *watermark*. So a position that is in no lane (a frame
//! that was lost, or whose packet was dropped) stalls nothing: when all lanes have passed it, it is skipped. No clock is
//! needed. The window bounds memory: what lies beyond it has to wait, or the oldest hole is given up
//! ([`give_up`](Resequencer::give_up)), and what comes for it afterwards is late.
//!
//! A replay uses it without lanes: the [egress](crate::egress) knows of each frame whether it comes, fills every position, and waits
//! for as long as it takes. Lanes and watermarks are for who is told nothing but what comes, giving up for who cannot wait.

/// Why an item was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The item's position lies beyond the window: take what is ready first.
    Full,
    /// The item's position has been passed.
    Late,
}

/// What became of positions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Items given out.
    pub released: u64,
    /// Positions that all lanes passed without an item.
    pub skipped: u64,
    /// Positions given up while a lane might still have brought their items.
    pub given_up: u64,
    /// Items that came after their positions had been passed.
    pub late: u64,
}

/// The resequencer. Positions start at 0 and do not wrap.
#[derive(Debug)]
pub struct Resequencer<T> {
    slots: Box<[Option<T>]>,
    mask: u64,
    /// Position of the next item to be given out.
    next: u64,
    /// One past the highest position taken.
    end: u64,
    watermarks: Vec<u64>,
    /// The lowest watermark, or less.
    floor: u64,
    counts: Counts,
}

impl<T> Resequencer<T> {
    /// An empty one for `lanes` lanes with a window of at least `window` positions, rounded up to a power of two.
    pub fn new(lanes: usize, window: usize) -> Self {
        let window = window.max(1).next_power_of_two();
        Self {
            slots: (0..window).map(|_| None).collect(),
            mask: window as u64 - 1,
            next: 0,
            end: 0,
            watermarks: vec![0; lanes],
            floor: 0,
            counts: Counts::default(),
        }
    }

    /// Positions in the window.
    pub fn window(&self) -> u64 {
        self.mask + 1
    }

    /// Position of the next item to be given out.
    pub fn next_position(&self) -> u64 {
        self.next
    }

    /// Whether no item is held.
    pub fn is_empty(&self) -> bool {
        self.end <= self.next
    }

    /// Makes the window at least `window` positions long. Only when nothing is held.
    pub fn widen(&mut self, window: usize) {
        debug_assert!(self.is_empty());
        let window = window.next_power_of_two();
        if window > self.slots.len() {
            self.slots = (0..window).map(|_| None).collect();
            self.mask = window as u64 - 1;
        }
    }

    /// What became of positions so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Takes the item of a position, which comes once.
    ///
    /// # Errors
    ///
    /// [`Refused`]. What is late is counted and does not come again; what does not fit may.
    #[inline]
    pub fn put(&mut self, position: u64, item: T) -> Result<(), Refused> {
        if position < self.next {
            self.counts.late += 1;
            return Err(Refused::Late);
        }
        if position - self.next > self.mask {
            return Err(Refused::Full);
        }
        self.slots[(position & self.mask) as usize] = Some(item);
        self.end = self.end.max(position + 1);
        Ok(())
    }

    /// Lane `lane` has brought everything before `watermark`. A lane that comes to an item says so before it puts it:
    /// an item that has to wait for room must not keep the holes before it from being skipped.
    #[inline]
    pub fn advance(&mut self, lane: usize, watermark: u64) {
        if let Some(own) = self.watermarks.get_mut(lane) {
            *own = watermark.max(*own);
        }
    }

    /// Lane `lane` brings nothing more until it [advances](Self::advance) from `watermark` on.
    pub fn join(&mut self, lane: usize, watermark: u64) {
        if let Some(own) = self.watermarks.get_mut(lane) {
            *own = watermark;
            self.floor = self.floor.min(watermark);
        }
    }

    /// Lane `lane` brings nothing more.
    pub fn close(&mut self, lane: usize) {
        self.advance(lane, u64::MAX);
    }

    /// The next item in order, with its position, if it is certain which one that is.
    #[inline]
    pub fn pop(&mut self) -> Option<(u64, T)> {
        loop {
            let position = self.next;
            if let Some(item) = self.slots[(position & self.mask) as usize].take() {
                self.next = position + 1;
                self.counts.released += 1;
                return Some((position, item));
            }
            if !self.skip() {
                return None;
            }
        }
    }

    /// Skips the hole at `next` if no lane can fill it any more.
    #[cold]
    fn skip(&mut self) -> bool {
        if self.floor <= self.next {
            self.floor = self.watermarks.iter().copied().min().unwrap_or(0);
        }
        // With nothing held, holes are skipped at once; lanes that are closed say nothing of how far it goes.
        let to = match self.is_empty() {
            true if self.floor == u64::MAX => self.next,
            true => self.floor,
            false => self.floor.min(self.next + 1),
        };
        let skipped = to.saturating_sub(self.next);
        self.next += skipped;
        self.counts.skipped += skipped;
        skipped > 0
    }

    /// Gives up the positions before the oldest item held, whatever lanes may still bring; how many that were.
    pub fn give_up(&mut self) -> u64 {
        let before = self.next;
        while self.next < self.end && self.slots[(self.next & self.mask) as usize].is_none() {
            self.next += 1;
        }
        let count = self.next - before;
        self.counts.given_up += count;
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_full_window_waits_or_gives_up() {
        let mut order = Resequencer::new(2, 4);
        assert_eq!(order.put(3, 'd'), Ok(()));
        assert_eq!(order.put(4, 'e'), Err(Refused::Full));
        assert_eq!(order.pop(), None);
        order.advance(0, 4);
        assert_eq!(order.pop(), None);
        assert_eq!(order.give_up(), 3);
        assert_eq!(order.pop(), Some((3, 'd')));
        assert_eq!(order.put(2, 'c'), Err(Refused::Late));
        order.close(0);
        order.close(1);
        assert_eq!((order.pop(), order.give_up()), (None, 0));
        let counts = Counts {
            released: 1,
            skipped: 0,
            given_up: 3,
            late: 1,
        };
        assert_eq!(order.counts(), counts);
    }

    proptest! {
        /// Items of all lanes, with holes, in any interleaving that keeps each lane's order, come out in order and
        /// complete, and never later than when all lanes have passed them.
        #[test]
        fn order_is_restored(
            lanes in 1usize..6,
            window in 1usize..40,
            kinds in proptest::collection::vec(0u8..10, 0..300),
            schedule in proptest::collection::vec(any::<u16>(), 0..3000),
        ) {
            // Position p belongs to lane p % lanes, as in a rotation; kind 0 is lost, kind 1 a dropped packet.
            let mut queues: Vec<Vec<(u64, u8)>> = vec![vec![]; lanes];
            for (position, &kind) in kinds.iter().enumerate() {
                if kind != 0 {
                    queues[position % lanes].push((position as u64, kind));
                }
            }
            let mut order = Resequencer::new(lanes, window);
            let mut at = vec![0; lanes];
            let mut out = vec![];
            let everything = 0..lanes as u16;
            let mut schedule = schedule.into_iter().chain(everything.cycle());
            let end = kinds.len() as u64;
            while at.iter().zip(&queues).any(|(&at, queue)| at <= queue.len()) {
                let lane = usize::from(schedule.next().unwrap()) % lanes;
                let item = queues[lane].get(at[lane]);
                if let Some(&(position, _)) = item {
                    order.advance(lane, position);
                }
                match item {
                    Some(&(position, 1)) => {
                        order.advance(lane, position + 1);
                        at[lane] += 1;
                    }
                    Some(&(position, _)) => match order.put(position, position) {
                        Ok(()) => {
                            order.advance(lane, position + 1);
                            at[lane] += 1;
                        }
                        Err(Refused::Full) => prop_assert!(position >= order.next_position() + order.window()),
                        Err(Refused::Late) => prop_assert!(false, "late"),
                    },
                    None if at[lane] == queues[lane].len() => {
                        order.advance(lane, end);
                        at[lane] += 1;
                    }
                    None => {}
                }
                while let Some((position, item)) = order.pop() {
                    prop_assert_eq!(position, item);
                    out.push(position);
                }
                // Nothing waits that all lanes have passed.
                let passed = (0..lanes)
                    .map(|lane| match at[lane] {
                        0 => 0,
                        n if n > queues[lane].len() => end,
                        n => queues[lane][n - 1].0 + 1,
                    })
                    .min()
                    .unwrap_or(0);
                prop_assert!(order.next_position() >= passed);
            }
            let expected: Vec<u64> = (0..end).filter(|&p| kinds[p as usize] > 1).collect();
            prop_assert_eq!(&out, &expected);
            prop_assert_eq!(order.counts().released, out.len() as u64);
            prop_assert_eq!(order.counts().skipped, end - out.len() as u64);
            prop_assert_eq!((order.counts().late, order.counts().given_up), (0, 0));
        }
    }
}
