//! When a source offers a beat and when a sink takes one.

use fastrand::Rng;

/// A way of being ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// In every cycle.
    Always,
    /// In each cycle with a probability of this many in 256.
    Random(u8),
    /// On and off for random numbers of cycles, each from 1 up to these.
    Bursts {
        /// Longest time on.
        on: u16,
        /// Longest time off.
        off: u16,
    },
    /// On every beat, only after this many cycles: every single beat is stalled.
    EachAfter(u16),
}

impl Pattern {
    /// One of every kind, the extremes included.
    pub const MIX: [Self; 8] = [
        Self::Always,
        Self::Random(230),
        Self::Random(128),
        Self::Random(20),
        Self::Bursts { on: 40, off: 40 },
        Self::Bursts { on: 3, off: 200 },
        Self::EachAfter(1),
        Self::EachAfter(5),
    ];
}

/// A pattern on its way through time.
#[derive(Clone, Debug)]
pub struct PatternState {
    pattern: Pattern,
    rng: Rng,
    on: bool,
    left: u16,
}

impl PatternState {
    /// The pattern from its start.
    pub fn new(pattern: Pattern, seed: u64) -> Self {
        Self {
            pattern,
            rng: Rng::with_seed(seed),
            on: false,
            left: 0,
        }
    }

    /// The pattern.
    pub fn pattern(&self) -> Pattern {
        self.pattern
    }

    /// Whether this cycle is a ready one. `waiting` says whether there is a beat to move in it.
    #[inline]
    pub fn next(&mut self, waiting: bool) -> bool {
        match self.pattern {
            Pattern::Always => true,
            Pattern::Random(of_256) => self.rng.u8(..) < of_256,
            Pattern::Bursts { on, off } => {
                if self.left == 0 {
                    self.on = !self.on;
                    self.left = self.rng.u16(1..=if self.on { on } else { off }.max(1));
                }
                self.left -= 1;
                self.on
            }
            Pattern::EachAfter(cycles) => {
                if !waiting {
                    self.left = 0;
                } else if self.left == cycles {
                    self.left = 0;
                    return true;
                } else {
                    self.left += 1;
                }
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(pattern: Pattern) -> usize {
        let mut state = PatternState::new(pattern, 7);
        (0..10_000).filter(|_| state.next(true)).count()
    }

    #[test]
    fn patterns_are_ready_as_often_as_they_say() {
        assert_eq!(count(Pattern::Always), 10_000);
        assert!((4_500..5_500).contains(&count(Pattern::Random(128))));
        assert!((4_000..6_000).contains(&count(Pattern::Bursts { on: 40, off: 40 })));
        assert_eq!(count(Pattern::EachAfter(3)), 2_500);
    }

    #[test]
    fn each_beat_waits_anew() {
        let mut state = PatternState::new(Pattern::EachAfter(2), 0);
        let ready: Vec<_> = [true, true, false, true, true, true, true]
            .map(|waiting| state.next(waiting))
            .to_vec();
        assert_eq!(ready, [false, false, false, false, false, true, false]);
    }
}
