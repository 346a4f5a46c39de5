//! Drawing an index in proportion to its weight, in constant time (Walker's alias method, built as Vose describes).

use super::random::Random;

pub(super) struct Alias {
    /// For each column: 2³² times the chance of keeping its own index, and the index taken otherwise.
    columns: Vec<(u32, u32)>,
}

impl Alias {
    /// Builds the table from weights that are not negative and not all zero.
    pub(super) fn new(weights: &[f64]) -> Self {
        let scale = weights.len() as f64 / weights.iter().sum::<f64>();
        let mut scaled: Vec<f64> = weights.iter().map(|weight| weight * scale).collect();
        let mut columns: Vec<(u32, u32)> = (0..weights.len() as u32)
            .map(|index| (u32::MAX, index))
            .collect();
        let (mut small, mut large): (Vec<u32>, Vec<u32>) =
            (0..weights.len() as u32).partition(|&index| scaled[index as usize] < 1.0);
        while let (Some(less), Some(&more)) = (small.pop(), large.last()) {
            let keep = scaled[less as usize];
            columns[less as usize] = ((keep * 4_294_967_296.0) as u32, more);
            scaled[more as usize] -= 1.0 - keep;
            if scaled[more as usize] < 1.0 {
                large.pop();
                small.push(more);
            }
        }
        Self { columns }
    }

    pub(super) fn draw(&self, random: &mut Random) -> u32 {
        let column = random.below(self.columns.len() as u32);
        let (keep, other) = self.columns[column as usize];
        if ((random.u64() >> 32) as u32) < keep {
            column
        } else {
            other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_in_proportion() {
        let weights = [1.0, 0.0, 3.0, 6.0];
        let alias = Alias::new(&weights);
        let mut random = Random::new(1);
        let mut counts = [0_u32; 4];
        for _ in 0..100_000 {
            counts[alias.draw(&mut random) as usize] += 1;
        }
        for (count, weight) in counts.iter().zip(weights) {
            assert!(
                (f64::from(*count) - weight * 10_000.0).abs() < 600.0,
                "{counts:?}"
            );
        }
    }
}
