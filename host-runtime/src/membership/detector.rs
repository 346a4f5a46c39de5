//! The failure detector: a worker is dead if its place is vacant or it was not called for too long.

use std::time::{Duration, Instant};

use super::{Cause, CoreSet, Signs};

/// The longest time that one look may count. Otherwise a process that was stopped as a whole would find all its workers
/// dead when it continues.
const MOST: Duration = Duration::from_millis(10);

/// Follows heartbeats while the receive loop waits for workers. As long as they hand batches on, they are alive.
#[derive(Debug)]
pub struct FailureDetector {
    timeout: Duration,
    /// Number of beats of each place, and for how long it has not changed.
    still: Vec<(u64, Duration)>,
    last: Option<Instant>,
}

impl FailureDetector {
    /// A detector for `places` places that declares a worker stuck after `timeout` without a call.
    pub fn new(places: usize, timeout: Duration) -> Self {
        Self {
            timeout,
            still: vec![(0, Duration::ZERO); places],
            last: None,
        }
    }

    /// Records that the wait is over.
    pub fn rest(&mut self) {
        self.last = None;
        self.still
            .iter_mut()
            .for_each(|(_, time)| *time = Duration::ZERO);
    }

    /// Looks at the `watched` places once; returns the first whose worker is dead, and why.
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
