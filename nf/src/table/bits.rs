//! Which buckets are taken, one bit each.

/// A set of numbers below a limit; every number from the limit on counts as a member.
#[derive(Clone)]
pub(super) struct Bits {
    /// One word more than the limit needs, because windows may begin anywhere below it.
    words: Vec<u64>,
}

impl Bits {
    /// The empty set below `limit`.
    pub(super) fn below(limit: usize) -> Self {
        let mut words = vec![0; limit / 64 + 2];
        words[limit / 64] = u64::MAX << (limit % 64);
        words[limit / 64 + 1] = u64::MAX;
        Self { words }
    }

    /// Whether `n` is a member.
    pub(super) fn has(&self, n: usize) -> bool {
        self.words
            .get(n / 64)
            .is_none_or(|word| word >> (n % 64) & 1 == 1)
    }

    pub(super) fn insert(&mut self, n: usize) {
        self.words[n / 64] |= 1 << (n % 64);
    }

    pub(super) fn remove(&mut self, n: usize) {
        self.words[n / 64] &= !(1 << (n % 64));
    }

    /// The members among the 64 numbers from `n` on, lowest bit first.
    pub(super) fn window(&self, n: usize) -> u64 {
        let (word, bit) = (n / 64, n % 64);
        let high = match self.words.get(word + 1) {
            // Bit 0 needs a shift by all 64 bits, hence two steps.
            Some(next) => next << 1 << (63 - bit),
            None => u64::MAX << 1 << (63 - bit),
        };
        self.words.get(word).unwrap_or(&u64::MAX) >> bit | high
    }

    /// The first number from `n` on that is not a member, else the first below `n`.
    pub(super) fn first_missing(&self, n: usize) -> Option<usize> {
        let from = n / 64;
        let first = self.words[from] | !(u64::MAX << (n % 64));
        if first != u64::MAX {
            return Some(from * 64 + first.trailing_ones() as usize);
        }
        let words = self.words.len();
        (from + 1..words)
            .chain(0..=from)
            .find(|&at| self.words[at] != u64::MAX)
            .map(|at| at * 64 + self.words[at].trailing_ones() as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_numbers() {
        for limit in [1, 63, 64, 65, 300] {
            let mut bits = Bits::below(limit);
            let mut plain = vec![false; limit];
            let mut random = 1u64;
            for _ in 0..3000 {
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let n = (random >> 33) as usize % limit;
                if random >> 63 == 1 || random >> 60 == 0 {
                    bits.insert(n);
                    plain[n] = true;
                } else {
                    bits.remove(n);
                    plain[n] = false;
                }
                assert_eq!(bits.has(n), plain[n]);
                let missing = |from: usize, to: usize| (from..to).find(|&n| !plain[n]);
                assert_eq!(bits.first_missing(n), missing(n, limit).or(missing(0, n)));
                assert!(bits.has(n + limit) && bits.has(n + limit + 200));
                let member = |n: usize| plain.get(n).is_none_or(|&is| is);
                let window = (0..64).map(|i| u64::from(member(n + i)) << i).sum::<u64>();
                assert_eq!(bits.window(n), window);
                assert_eq!(bits.window(n + limit + 64), u64::MAX);
            }
        }
    }
}
