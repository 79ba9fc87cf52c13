//! Order statistics and intervals of proportions.

use crate::results::{OutcomeCount, Spread};
use crate::units::Bytes;

/// The nearest-rank quantile of values in ascending order; `None` of no values.
///
/// An order statistic, never interpolated: every figure shown is one that a run produced.
pub(super) fn nearest_rank<T: Copy>(sorted: &[T], quantile: f64) -> Option<T> {
    let rank = (quantile * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

/// The nearest-rank median of values in any order; `None` of no values.
pub(super) fn median<T: Copy + Ord>(mut values: Vec<T>) -> Option<T> {
    values.sort_unstable();
    nearest_rank(&values, 0.5)
}

/// Median, 95th percentile and maximum; zeros of no values.
pub(super) fn spread(mut values: Vec<Bytes>) -> Spread {
    values.sort_unstable();
    let at = |q| nearest_rank(&values, q).unwrap_or_default();
    Spread {
        median: at(0.5),
        p95: at(0.95),
        max: at(1.0),
    }
}

/// A count out of `n` with the 95 % interval of its probability.
///
/// Wilson's score interval; when none or all of the runs did, the exact one-sided bound (the "rule
/// of three"), because then only one end is in question.
pub(super) fn proportion(count: u32, n: u32) -> OutcomeCount {
    let (low, high) = match (count, n) {
        (_, 0) => (0.0, 1.0),
        (0, n) => (0.0, 1.0 - 0.05_f64.powf(1.0 / f64::from(n))),
        (c, n) if c >= n => (0.05_f64.powf(1.0 / f64::from(n)), 1.0),
        (c, n) => wilson(f64::from(c), f64::from(n)),
    };
    OutcomeCount {
        count,
        low: six_decimals(low),
        high: six_decimals(high),
    }
}

/// A ratio as files hold it: more digits than it is worth would differ between platforms' `pow`.
pub(super) fn six_decimals(ratio: f64) -> f64 {
    (ratio * 1e6).round() / 1e6
}

/// E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209, with z = 1.96.
fn wilson(count: f64, n: f64) -> (f64, f64) {
    const Z: f64 = 1.959_963_984_540_054;
    let p = count / n;
    let z2 = Z * Z / n;
    let centre = (p + z2 / 2.0) / (1.0 + z2);
    let half = Z * (p * (1.0 - p) / n + z2 / (4.0 * n)).sqrt() / (1.0 + z2);
    (centre - half, centre + half)
}

#[cfg(test)]
mod tests {
    use super::{median, nearest_rank, proportion};

    #[test]
    fn nearest_ranks() {
        let values: Vec<u32> = (1..=20).collect();
        assert_eq!(nearest_rank(&values, 0.5), Some(10));
        assert_eq!(nearest_rank(&values, 0.95), Some(19));
        assert_eq!(nearest_rank(&values, 1.0), Some(20));
        assert_eq!(nearest_rank(&[7], 0.95), Some(7));
        assert_eq!(nearest_rank::<u32>(&[], 0.5), None);
        assert_eq!(median(vec![3, 1, 2]), Some(2));
    }

    #[test]
    fn intervals_of_proportions() {
        // 131 of 200: the Wilson interval computed with R's prop.test(correct = FALSE).
        let p = proportion(131, 200);
        assert!(
            (p.low - 0.5868).abs() < 1e-4 && (p.high - 0.7173).abs() < 1e-4,
            "{p:?}"
        );
        let none = proportion(0, 200);
        assert!(
            none.low == 0.0 && (none.high - 0.014_867).abs() < 1e-6,
            "{none:?}"
        );
        let all = proportion(200, 200);
        assert!((all.high - 1.0).abs() < 1e-6 && (all.low + none.high - 1.0).abs() < 1e-6);
        assert!((proportion(0, 1).high - 0.95).abs() < 1e-6);
        assert!((proportion(0, 0).high - 1.0).abs() < 1e-6);
    }
}
