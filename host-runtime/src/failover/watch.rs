//! When no sign of life is too long.

use std::time::{Duration, Instant};

use super::{Members, Roster};

/// The longest that one round of watching may count. A process that was stopped as a whole would otherwise find all its
/// workers dead when it goes on.
const MOST: Duration = Duration::from_millis(10);

/// Watches over heartbeats. Only used while the feed waits for workers: as long as they hand on, they live.
#[derive(Debug)]
pub struct Watch {
    timeout: Duration,
    /// Beats of each place when they last changed, and for how long they have not.
    still: Vec<(u64, Duration)>,
    last: Option<Instant>,
}

impl Watch {
    /// A watch over `places` places, to which no call in `timeout` means that the worker is stuck.
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

    /// One round of waiting for `members`: the first of them that is dead or has not beaten for too long.
    pub fn look(&mut self, roster: &Roster, members: Members) -> Option<(u16, super::Cause)> {
        let now = Instant::now();
        let step = self
            .last
            .replace(now)
            .map_or(Duration::ZERO, |last| now.duration_since(last).min(MOST));
        let mut found = None;
        for (place, (beats, time)) in (0..).zip(&mut self.still) {
            let Some(sign) = roster.get(place).filter(|_| members.has(place)) else {
                continue;
            };
            let now = sign.beats();
            if now == *beats {
                *time += step;
            } else {
                (*beats, *time) = (now, Duration::ZERO);
            }
            if found.is_some() {
                continue;
            }
            if sign.is_vacant() {
                found = Some((place, super::Cause::Crash));
            } else if !sign.is_finished() && *time >= self.timeout {
                found = Some((place, super::Cause::Stall));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::Cause;
    use super::*;
    use std::thread::sleep;

    #[test]
    fn finds_who_is_silent() {
        let roster = Roster::new(3);
        let members = Members::first(2);
        let mut watch = Watch::new(3, Duration::from_millis(30));
        let mut found = None;
        for _ in 0..1000 {
            roster.get(1).unwrap().beat();
            found = watch.look(&roster, members);
            if found.is_some() {
                break;
            }
            sleep(Duration::from_millis(1));
        }
        assert_eq!(found, Some((0, Cause::Stall)));
        watch.rest();
        assert_eq!(watch.look(&roster, members), None);
        roster.get(1).unwrap().vacate();
        assert_eq!(watch.look(&roster, members), Some((1, Cause::Crash)));
        assert_eq!(watch.look(&roster, Members::default()), None);
    }
}
