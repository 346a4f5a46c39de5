//! The free ports of an external address: which port a mapping gets depends only on the calls made.

/// Ports of a range, some of them taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreePorts {
    low: u16,
    high: u16,
    /// Even and odd ports separately, so that parity can be kept (RFC 4787, REQ-4).
    halves: [Half; 2],
}

impl FreePorts {
    /// All ports from `low` to `high`, free.
    pub fn new(low: u16, high: u16) -> Self {
        let half = |parity: u16| {
            let first = u32::from(low) + u32::from(low % 2 != parity);
            let count = (u32::from(high) + 2).saturating_sub(first) / 2;
            // If the first port is beyond 65535, none follows.
            Half::new(first as u16, count as usize)
        };
        Self {
            low,
            high,
            halves: [half(0), half(1)],
        }
    }

    /// Whether the range has `port`, free or taken.
    pub fn has(&self, port: u16) -> bool {
        (self.low..=self.high).contains(&port)
    }

    /// Takes `port` if it is free.
    pub fn take(&mut self, port: u16) -> bool {
        self.has(port) && self.half(port).take(port)
    }

    /// Takes the next free port with the parity of `wanted`, else one with the other parity.
    pub fn take_like(&mut self, wanted: u16) -> Option<u16> {
        let parity = usize::from(wanted % 2);
        let like = self.halves[parity].take_next();
        like.or_else(|| self.halves[1 - parity].take_next())
    }

    /// Frees `port`, which was taken.
    pub fn free(&mut self, port: u16) {
        self.half(port).free(port);
    }

    fn half(&mut self, port: u16) -> &mut Half {
        &mut self.halves[usize::from(port % 2)]
    }
}

/// Ports of one parity: a bit per port, set if it is free, and a bit per word, set if the word has a bit set. So the
/// next free port is found in a few steps, however many are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Half {
    first: u16,
    words: Vec<u64>,
    summary: Vec<u64>,
    /// Where the search continues: behind the port found last, so that a freed port stays unused for as long as
    /// possible.
    cursor: usize,
}

impl Half {
    fn new(first: u16, count: usize) -> Self {
        let mut words = vec![u64::MAX; count / 64];
        if !count.is_multiple_of(64) {
            words.push((1 << (count % 64)) - 1);
        }
        let mut summary = vec![0; words.len().div_ceil(64)];
        for at in 0..words.len() {
            set(&mut summary, at);
        }
        Self {
            first,
            words,
            summary,
            cursor: 0,
        }
    }

    fn take(&mut self, port: u16) -> bool {
        let at = usize::from(port - self.first) / 2;
        let free = self
            .words
            .get(at / 64)
            .is_some_and(|word| word >> (at % 64) & 1 == 1);
        if free {
            self.words[at / 64] &= !(1 << (at % 64));
            if self.words[at / 64] == 0 {
                self.summary[at / 4096] &= !(1 << (at / 64 % 64));
            }
        }
        free
    }

    fn free(&mut self, port: u16) {
        let at = usize::from(port - self.first) / 2;
        set(&mut self.words, at);
        set(&mut self.summary, at / 64);
    }

    fn take_next(&mut self) -> Option<u16> {
        let at = self.next(self.cursor).or_else(|| self.next(0))?;
        self.cursor = at + 1;
        let port = self.first + 2 * at as u16;
        self.take(port);
        Some(port)
    }

    /// The first free place from `from` on.
    fn next(&self, from: usize) -> Option<usize> {
        let word = from / 64;
        let here = self.words.get(word)? & (u64::MAX << (from % 64));
        if here != 0 {
            return Some(word * 64 + here.trailing_zeros() as usize);
        }
        let beyond = word + 1;
        let mut mask = u64::MAX << (beyond % 64);
        for (i, summary) in self.summary.iter().enumerate().skip(beyond / 64) {
            if summary & mask != 0 {
                let word = i * 64 + (summary & mask).trailing_zeros() as usize;
                return Some(word * 64 + self.words[word].trailing_zeros() as usize);
            }
            mask = u64::MAX;
        }
        None
    }
}

fn set(words: &mut [u64], at: usize) {
    words[at / 64] |= 1 << (at % 64);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_port_of_every_range_is_given_once() {
        for (low, high) in [
            (1, 65535),
            (1024, 65535),
            (7, 7),
            (8, 9),
            (0x7fff, 0x8001),
            (65535, 65535),
            (1, 130),
        ] {
            let mut ports = FreePorts::new(low, high);
            let mut given = BTreeSet::new();
            while let Some(port) = ports.take_like(7) {
                assert!(given.insert(port));
            }
            assert!(given.iter().copied().eq(low..=high), "{low}-{high}");
            assert!(!ports.take(low) && !ports.take(high));
            ports.free(high);
            assert_eq!(ports.take_like(high ^ 1), Some(high));
        }
    }

    #[test]
    fn a_freed_port_is_used_again_last() {
        let mut ports = FreePorts::new(100, 107);
        assert_eq!(
            [(); 3].map(|()| ports.take_like(4)),
            [Some(100), Some(102), Some(104)]
        );
        ports.free(100);
        assert_eq!(ports.take_like(4), Some(106));
        assert_eq!(ports.take_like(4), Some(100));
        assert_eq!(ports.take_like(4), Some(101), "no even one is left");
    }

    proptest! {
        #[test]
        fn equals_a_set(
            low in 1u16..=400,
            len in 0u16..600,
            steps in proptest::collection::vec((0u8..3, any::<u16>()), 0..800),
        ) {
            let high = low + len;
            let mut ports = FreePorts::new(low, high);
            let mut free: BTreeSet<u16> = (low..=high).collect();
            for (kind, n) in steps {
                let port = low + n % (len + 3);
                match kind {
                    0 => prop_assert_eq!(ports.take(port), free.remove(&port)),
                    1 => {
                        let got = ports.take_like(port);
                        prop_assert_eq!(got.is_none(), free.is_empty());
                        if let Some(got) = got {
                            prop_assert!(free.remove(&got));
                            prop_assert!(got % 2 == port % 2 || free.iter().all(|p| p % 2 != port % 2));
                        }
                    }
                    _ => {
                        if ports.has(port) && free.insert(port) {
                            ports.free(port);
                        }
                    }
                }
            }
        }
    }
}
