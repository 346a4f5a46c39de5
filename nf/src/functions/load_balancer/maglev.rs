//! Maglev's lookup table (Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI'16,
//! section 3.4): every backend fills about its share of the places, and a change of backends moves few others.

/// Marks a place without a backend, when there is none at all.
pub const NOBODY: u16 = u16::MAX;

/// Seeds of the two hashes of a backend's name. Any fixed numbers do, but every replica must have the same.
const OFFSET_SEED: u64 = 0x243f_6a88_85a3_08d3;
const SKIP_SEED: u64 = 0x1319_8a2e_0370_7344;

/// The table of `size` places, a prime number above 2. `backends` have a name and a weight; those of weight 0 get no
/// place.
///
/// Each backend's name gives it a permutation of the places. The backends take turns; in its turn each takes the first
/// place of its permutation that is still free. One of less weight than the heaviest skips turns in proportion.
pub fn lookup_table<'a>(
    size: usize,
    backends: impl IntoIterator<Item = (&'a str, u32)>,
) -> Box<[u16]> {
    let mut table = vec![NOBODY; size].into_boxed_slice();
    let mut turns: Vec<Turn> = (0..NOBODY)
        .zip(backends)
        .filter(|&(_, (_, weight))| weight > 0)
        .map(|(number, (name, weight))| Turn {
            number,
            weight,
            credit: 0,
            place: (hash(OFFSET_SEED, name.as_bytes()) % size as u64) as usize,
            skip: (hash(SKIP_SEED, name.as_bytes()) % (size as u64 - 1)) as usize + 1,
        })
        .collect();
    let Some(heaviest) = turns.iter().map(|turn| turn.weight).max() else {
        return table;
    };
    let mut free = size;
    loop {
        for turn in &mut turns {
            turn.credit += turn.weight;
            if turn.credit < heaviest {
                continue;
            }
            turn.credit -= heaviest;
            while table[turn.place] != NOBODY {
                turn.place = (turn.place + turn.skip) % size;
            }
            table[turn.place] = turn.number;
            free -= 1;
            if free == 0 {
                return table;
            }
        }
    }
}

/// A backend's progress through its permutation.
struct Turn {
    number: u16,
    weight: u32,
    /// Weight not yet used for a turn.
    credit: u32,
    place: usize,
    skip: usize,
}

/// FNV-1a with a seed and a final mix of its bits.
fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let fnv = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325 ^ seed, |hash, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    mix(fnv)
}

/// A well-mixed hash of two words.
#[inline]
pub fn hash_words([a, b]: [u64; 2]) -> u64 {
    mix(mix(a ^ OFFSET_SEED) ^ b)
}

/// The finaliser of SplitMix64.
#[inline]
const fn mix(mut x: u64) -> u64 {
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

/// Whether `n` is a prime number.
pub fn is_prime(n: u64) -> bool {
    n > 1
        && (2..)
            .take_while(|d| d * d <= n)
            .all(|d| !n.is_multiple_of(d))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(count: usize) -> Vec<String> {
        (0..count)
            .map(|n| format!("10.1.{}.{}", n / 250, n % 250 + 1))
            .collect()
    }

    fn shares(table: &[u16], count: usize) -> Vec<usize> {
        (0..count)
            .map(|n| table.iter().filter(|&&b| usize::from(b) == n).count())
            .collect()
    }

    fn table(size: usize, names: &[String], weight: impl Fn(usize) -> u32) -> Box<[u16]> {
        lookup_table(
            size,
            names
                .iter()
                .enumerate()
                .map(|(n, name)| (&name[..], weight(n))),
        )
    }

    #[test]
    fn shares_differ_by_one_at_most() {
        for (size, count) in [
            (65_537, 5),
            (65_537, 100),
            (251, 3),
            (7, 7),
            (7, 1),
            (65_537, 655),
        ] {
            let table = table(size, &names(count), |_| 1);
            let shares = shares(&table, count);
            let (least, most) = (shares.iter().min().unwrap(), shares.iter().max().unwrap());
            assert!(most - least <= 1, "{count} of {size}: {least} to {most}");
            assert_eq!(shares.iter().sum::<usize>(), size);
        }
    }

    #[test]
    fn weights_give_shares_in_proportion() {
        let weights = [1, 2, 3, 10];
        let table = table(65_537, &names(4), |n| weights[n]);
        for (share, weight) in shares(&table, 4).into_iter().zip(weights) {
            let due = 65_537 * weight as usize / 16;
            assert!(share.abs_diff(due) <= 2, "{share} instead of {due}");
        }
    }

    /// The paper's figure 12: with a table of 65537 places, few others move when backends are removed.
    #[test]
    fn few_places_move_when_a_backend_goes() {
        for count in [10, 100] {
            let names = names(count);
            let before = table(65_537, &names, |_| 1);
            let after = table(65_537, &names, |n| u32::from(n != 3));
            let others = before.iter().zip(&after).filter(|(b, _)| **b != 3);
            let (moved, all) = others.fold((0, 0), |(moved, all), (b, a)| {
                (moved + usize::from(a != b), all + 1)
            });
            assert!(
                moved * 100 < all * 4,
                "{moved} of {all} of the other places moved"
            );
            assert!(!after.contains(&3));
            // With the backend restored, everything is as before.
            assert_eq!(table(65_537, &names, |_| 1), before);
        }
    }

    #[test]
    fn nobody_serves_where_nobody_is() {
        assert!(table(7, &names(2), |_| 0).iter().all(|&b| b == NOBODY));
        assert!(lookup_table(7, []).iter().all(|&b| b == NOBODY));
    }

    #[test]
    fn primes_are_known() {
        let primes: Vec<u64> = (0..30).filter(|&n| is_prime(n)).collect();
        assert_eq!(primes, [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]);
        assert!(is_prime(65_537) && is_prime(655_373) && !is_prime(65_536) && !is_prime(251 * 257));
    }

    proptest! {
        #[test]
        fn every_place_is_filled(
            size in prop_oneof![Just(3usize), Just(5), Just(11), Just(101), Just(251)],
            weights in proptest::collection::vec(0u32..5, 1..12),
        ) {
            let table = table(size, &names(weights.len()), |n| weights[n]);
            let serves = weights.iter().any(|&w| w > 0);
            for &backend in &table {
                prop_assert!(!serves || weights[usize::from(backend)] > 0);
            }
        }
    }
}
