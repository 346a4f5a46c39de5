//! Which worker is dead: the one whose place is vacant, or that has not been called for too long.

use std::time::{Duration, Instant};

use super::{Cause, CoreSet, Signs};

/// The longest time that one look may count. A process that was stopped as a whole would otherwise find all its workers
/// dead when it goes on.
const MOST: Duration = Duration::from_millis(10);

/// Follows heartbeats, and only while the receive loop waits for workers: as long as they hand on, they live.
#[derive(Debug)]
pub struct FailureDetector {
    timeout: Duration,
    /// Beats of each place when they last changed, and for how long they have not.
    still: Vec<(u64, Duration)>,
    last: Option<Instant>,
}

impl FailureDetector {
    /// A detector for `places` places that takes a worker for stuck when it was not called for `timeout`.
    pub fn new(places: usize, timeout: Duration) -> Self {
        Self {
            timeout,
            still: vec![(0, Duration::ZERO); places],
            last: None,
        }
    }

    /// Nobody is waited for any more.
    pub fn rest(&mut self) {
        self.last = None;
        self.still
            .iter_mut()
            .for_each(|(_, time)| *time = Duration::ZERO);
    }

    /// Takes one look at the `watched` places while they are waited for: the first that is dead, and why.
    pub fn look(
        &mut self,
        now: Instant,
        watched: CoreSet,
        signs: &impl Signs,
    ) -> Option<(u16, Cause)> {
        let step = self
            .last
            .replace(now)
            .map_or(Duration::ZERO, |last| now.duration_since(last).min(MOST));
        let mut found = None;
        for (place, (beats, time)) in (0..).zip(&mut self.still) {
            if !watched.has(place) {
                continue;
            }
            let now = signs.beats(place);
            if now == *beats {
                *time += step;
            } else {
                (*beats, *time) = (now, Duration::ZERO);
            }
            if found.is_some() {
                continue;
            }
            if signs.is_vacant(place) {
                found = Some((place, Cause::Crash));
            } else if !signs.has_finished(place) && *time >= self.timeout {
                found = Some((place, Cause::Stall));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::Heartbeats;
    use super::*;

    #[test]
    fn finds_who_is_silent() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let heartbeats = Heartbeats::new(3);
        let members = CoreSet::first(2);
        let mut detector = FailureDetector::new(3, Duration::from_millis(30));
        for ms in 0..30 {
            heartbeats.get(1).unwrap().beat();
            assert_eq!(detector.look(at(ms), members, &heartbeats), None);
        }
        heartbeats.get(1).unwrap().beat();
        assert_eq!(
            detector.look(at(30), members, &heartbeats),
            Some((0, Cause::Stall))
        );
        detector.rest();
        assert_eq!(detector.look(at(31), members, &heartbeats), None);
        heartbeats.get(1).unwrap().vacate();
        assert_eq!(
            detector.look(at(32), members, &heartbeats),
            Some((1, Cause::Crash))
        );
        assert_eq!(detector.look(at(33), CoreSet::default(), &heartbeats), None);
    }

    #[test]
    fn a_look_counts_for_little_however_late_it_comes() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let heartbeats = Heartbeats::new(1);
        let mut detector = FailureDetector::new(1, Duration::from_millis(25));
        let found = [0, 1_000, 2_000, 3_000]
            .map(|ms| detector.look(at(ms), CoreSet::first(1), &heartbeats));
        assert_eq!(found, [None, None, None, Some((0, Cause::Stall))]);
        // Who has come to its end is not called any more.
        heartbeats.get(0).unwrap().finish();
        assert_eq!(
            detector.look(at(4_000), CoreSet::first(1), &heartbeats),
            None
        );
    }
}
