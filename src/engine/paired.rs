//! Statistics of pairs: two variants run on the same draws, compared replication by replication.

use super::statistics::wilson_interval;

/// Whether something happened, under two variants of the same replications.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PairedCounts {
    /// Under both.
    pub both: u64,
    /// Under the first only.
    pub first_only: u64,
    /// Under the second only.
    pub second_only: u64,
    /// Under neither.
    pub neither: u64,
}

impl PairedCounts {
    /// Counts pairs.
    pub fn of(pairs: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let mut counts = Self::default();
        for pair in pairs {
            *match pair {
                (true, true) => &mut counts.both,
                (true, false) => &mut counts.first_only,
                (false, true) => &mut counts.second_only,
                (false, false) => &mut counts.neither,
            } += 1;
        }
        counts
    }

    /// All pairs.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.both + self.first_only + self.second_only + self.neither
    }

    /// Pairs in which it happened under the first variant.
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.both + self.first_only
    }

    /// Pairs in which it happened under the second variant.
    #[must_use]
    pub const fn second(&self) -> u64 {
        self.both + self.second_only
    }

    /// Probability under the second variant less that under the first; 0 without pairs.
    #[must_use]
    pub fn difference(&self) -> f64 {
        let n = self.total().max(1) as f64;
        (self.second_only as f64 - self.first_only as f64) / n
    }

    /// The exact two-sided p-value of `McNemar`'s test that both probabilities are equal: of the pairs
    /// that differ, each side would have half. 1 when no pair differs.
    #[must_use]
    pub fn mcnemar(&self) -> f64 {
        let n = self.first_only + self.second_only;
        let least = self.first_only.min(self.second_only);
        let log_factorial = |m: u64| libm::lgamma(m as f64 + 1.0);
        let halves = n as f64 * std::f64::consts::LN_2;
        let tail: f64 = (0..=least)
            .map(|k| libm::exp(log_factorial(n) - log_factorial(k) - log_factorial(n - k) - halves))
            .sum();
        (2.0 * tail).min(1.0)
    }

    /// A 95 % interval of the difference of the probabilities (Newcombe 1998, *Statistics in
    /// Medicine* 17, 2635, method 10: Wilson's intervals, squared and added with the correlation of
    /// the pairs). (−1, 1) without pairs.
    #[must_use]
    pub fn difference_interval(&self) -> (f64, f64) {
        let n = self.total();
        if n == 0 {
            return (-1.0, 1.0);
        }
        let side = |count: u64| {
            let (low, high) = wilson_interval(count, n);
            let p = count as f64 / n as f64;
            (p - low, high - p)
        };
        let (below_first, above_first) = side(self.first());
        let (below_second, above_second) = side(self.second());
        let phi = self.correlation();
        // Of the second less the first.
        let reach = |second: f64, first: f64| {
            libm::sqrt((second * second - 2.0 * phi * second * first + first * first).max(0.0))
        };
        let difference = self.difference();
        let low = difference - reach(below_second, above_first);
        let high = difference + reach(above_second, below_first);
        (low.max(-1.0), high.min(1.0))
    }

    /// The phi coefficient of the pairs, with Newcombe's correction for continuity.
    fn correlation(&self) -> f64 {
        let f = |count: u64| count as f64;
        let rows = f(self.first()) * f(self.second_only + self.neither);
        let columns = f(self.second()) * f(self.first_only + self.neither);
        if rows * columns == 0.0 {
            return 0.0;
        }
        let product = f(self.both) * f(self.neither) - f(self.first_only) * f(self.second_only);
        let corrected =
            if product > 0.0 { (product - f(self.total()) / 2.0).max(0.0) } else { product };
        corrected / libm::sqrt(rows * columns)
    }
}

/// Pearson's correlation of pairs; `None` when one side does not vary.
#[must_use]
pub fn correlation(pairs: &[(f64, f64)]) -> Option<f64> {
    let n = pairs.len().max(1) as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / n;
    let (mean_x, mean_y) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in pairs {
        let (dx, dy) = (x - mean_x, y - mean_y);
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    (xx > 0.0 && yy > 0.0).then(|| (xy / libm::sqrt(xx * yy)).clamp(-1.0, 1.0))
}

/// Spearman's rank correlation: how nearly one side rises with the other, whatever the curve.
/// `None` when one side does not vary.
#[must_use]
pub fn rank_correlation(pairs: &[(f64, f64)]) -> Option<f64> {
    let of = |side: fn(&(f64, f64)) -> f64| ranks(&pairs.iter().map(side).collect::<Vec<f64>>());
    let (xs, ys) = (of(|pair| pair.0), of(|pair| pair.1));
    correlation(&xs.into_iter().zip(ys).collect::<Vec<_>>())
}

/// The rank of each value; equal ones share the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut done = 0;
    for tie in order.chunk_by(|a, b| values[*a].total_cmp(&values[*b]).is_eq()) {
        let shared = done as f64 + (tie.len() - 1) as f64 / 2.0;
        for index in tie {
            ranks[*index] = shared;
        }
        done += tie.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::{PairedCounts, correlation, rank_correlation};
    use crate::engine::Streams;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 5e-4
    }

    #[test]
    fn mcnemar_is_the_binomial_test_of_the_pairs_that_differ() {
        let p = |first_only, second_only| {
            PairedCounts { both: 7, first_only, second_only, neither: 9 }.mcnemar()
        };
        assert!(near(p(0, 0), 1.0) && near(p(3, 3), 1.0) && near(p(0, 1), 1.0));
        // 2 × 2^-6, and 2 × (1 + 8) / 2^8, by hand.
        assert!(near(p(0, 6), 0.03125) && near(p(7, 1), 0.070_312_5));
        assert!(p(0, 2_000) < 1e-100);
    }

    /// Newcombe's correction takes n / 2 from a product above zero, but not past zero.
    #[test]
    fn phi_is_corrected_towards_zero() {
        let phi = |both, first_only, second_only, neither| {
            PairedCounts { both, first_only, second_only, neither }.correlation()
        };
        // By hand: (15 - 1 - 5) / 24; 4 - 2 - 4 is below zero; (1 - 9) / 16.
        assert!(near(phi(5, 1, 1, 3), 0.375));
        assert!(near(phi(4, 1, 2, 1), 0.0));
        assert!(near(phi(1, 3, 3, 1), -0.5));
    }

    #[test]
    fn equal_variants_do_not_differ() {
        let same = PairedCounts { both: 12, neither: 18, ..PairedCounts::default() };
        let (low, high) = same.difference_interval();
        assert!(near(same.difference(), 0.0) && low <= 0.0 && (0.0..0.2).contains(&high));
        assert_eq!(PairedCounts::default().difference_interval(), (-1.0, 1.0));
    }

    /// The interval covers a known difference in about 95 of 100 experiments, with strongly and with
    /// weakly correlated pairs.
    #[test]
    fn the_interval_of_a_difference_covers() {
        for (cut, shared) in [(0.3, 0.9), (0.3, 0.2), (0.03, 0.5)] {
            let experiments = 2_000_u64;
            let covered = (0..experiments).filter(|e| {
                let mut stream = Streams::new(*e, 0).stream("pairs", 0);
                let pairs = (0..60).map(|_| {
                    let (u, v) = (stream.uniform(), stream.uniform());
                    let second = if stream.chance(shared) { u } else { v };
                    (u < cut, second < cut + 0.1)
                });
                let (low, high) = PairedCounts::of(pairs).difference_interval();
                (low..=high).contains(&0.1)
            });
            let share = covered.count() as f64 / experiments as f64;
            assert!((0.925..=0.99).contains(&share), "{cut} {shared}: {share}");
        }
    }

    #[test]
    fn correlations() {
        let line: Vec<(f64, f64)> = (0..9).map(|x| (f64::from(x), f64::from(3 - 2 * x))).collect();
        assert!(correlation(&line).is_some_and(|r| near(r, -1.0)));
        let curve: Vec<(f64, f64)> = (0..9).map(|x| (f64::from(x), f64::from(x).exp())).collect();
        assert!(correlation(&curve).is_some_and(|r| r < 0.9));
        assert!(rank_correlation(&curve).is_some_and(|r| near(r, 1.0)));
        assert_eq!(rank_correlation(&[(1.0, 2.0), (1.0, 3.0)]), None);
        // Ties by hand: ranks 0.5, 0.5, 2 against 0, 1, 2.
        let ties = [(1.0, 1.0), (1.0, 2.0), (5.0, 3.0)];
        assert!(rank_correlation(&ties).is_some_and(|r| near(r, 0.866)));
    }
}
