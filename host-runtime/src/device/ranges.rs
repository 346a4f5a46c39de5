//! Sets of sequence numbers, written as `3,7,10-12`.

use std::fmt;
use std::str::FromStr;

/// A set of numbers as ascending, disjoint ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges {
    ranges: Vec<(u64, u64)>,
}

/// A text that is not a list of ranges.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no list of numbers and ranges such as 3,7,10-12")]
pub struct RangesError(String);

impl Ranges {
    /// Adds a number; appending in ascending order is fast.
    pub fn insert(&mut self, n: u64) {
        match self.ranges.last_mut() {
            Some((_, last)) if *last + 1 == n => *last = n,
            Some((_, last)) if n <= *last => {
                if !self.contains(n) {
                    self.ranges.push((n, n));
                    self.normalise();
                }
            }
            _ => self.ranges.push((n, n)),
        }
    }

    /// Whether `n` is in the set.
    pub fn contains(&self, n: u64) -> bool {
        let after = self.ranges.partition_point(|&(first, _)| first <= n);
        after > 0 && n <= self.ranges[after - 1].1
    }

    /// Whether nothing is in the set.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// How many numbers are in the set.
    pub fn count(&self) -> u64 {
        self.ranges
            .iter()
            .map(|&(first, last)| last - first + 1)
            .sum()
    }

    /// How many numbers from `n` on are in the set.
    pub fn count_from(&self, n: u64) -> u64 {
        self.ranges
            .iter()
            .filter(|&&(_, last)| last >= n)
            .map(|&(first, last)| last - first.max(n) + 1)
            .sum()
    }

    fn normalise(&mut self) {
        self.ranges.sort_unstable();
        let mut joined: Vec<(u64, u64)> = Vec::with_capacity(self.ranges.len());
        for &(first, last) in &self.ranges {
            match joined.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => {
                    before.1 = before.1.max(last)
                }
                _ => joined.push((first, last)),
            }
        }
        self.ranges = joined;
    }
}

impl FromIterator<u64> for Ranges {
    fn from_iter<I: IntoIterator<Item = u64>>(numbers: I) -> Self {
        let mut ranges = Self::default();
        numbers.into_iter().for_each(|n| ranges.insert(n));
        ranges
    }
}

impl FromStr for Ranges {
    type Err = RangesError;

    fn from_str(text: &str) -> Result<Self, RangesError> {
        let error = || RangesError(text.to_owned());
        let number = |s: &str| s.trim().parse::<u64>().ok().filter(|&n| n < u64::MAX);
        let mut ranges = Self::default();
        if text.trim().is_empty() {
            return Ok(ranges);
        }
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            match (number(first), number(last)) {
                (Some(first), Some(last)) if first <= last => ranges.ranges.push((first, last)),
                _ => return Err(error()),
            }
        }
        ranges.normalise();
        Ok(ranges)
    }
}

impl fmt::Display for Ranges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, &(first, last)) in self.ranges.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            if first == last {
                write!(f, "{comma}{first}")?;
            } else {
                write!(f, "{comma}{first}-{last}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes() {
        let ranges: Ranges = "10-12, 3,7,8-9,11".parse().unwrap();
        assert_eq!(ranges.to_string(), "3,7-12");
        assert_eq!(ranges.count(), 7);
        let inside: Vec<u64> = (0..15).filter(|&n| ranges.contains(n)).collect();
        assert_eq!(inside, [3, 7, 8, 9, 10, 11, 12]);
        assert_eq!("".parse::<Ranges>().unwrap(), Ranges::default());
        for bad in ["x", "1-", "3-1", "1,,2", "-1"] {
            assert!(bad.parse::<Ranges>().is_err(), "{bad}");
        }
    }

    #[test]
    fn collects_in_any_order() {
        let ranges: Ranges = [5, 6, 7, 3, 9, 8, 3, 0].into_iter().collect();
        assert_eq!(ranges.to_string(), "0,3,5-9");
    }
}
