//! The engine's statistics, applied to results.
//!
//! Quantiles are order statistics, never interpolated: every figure shown is one that a run produced.

use crate::engine::statistics::{nearest_rank, quantile_bounds, wilson_interval};
use crate::results::{OutcomeCount, QuantileEstimate, Spread};
use crate::units::Bytes;

/// A share as it was asked for: `5 %`, `0.5 %`.
pub(crate) fn percent(share: f64) -> String {
    let text = format!("{:.1}", share * 100.0);
    format!("{} %", text.trim_end_matches(".0"))
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
    Spread { median: at(0.5), p95: at(0.95), max: at(1.0) }
}

/// Quantiles of values in any order, with distribution-free 95 % intervals; none of no values.
pub(super) fn quantiles(mut values: Vec<Bytes>, wanted: &[f64]) -> Vec<QuantileEstimate> {
    values.sort_unstable();
    let estimate = |&quantile: &f64| {
        let bounds = quantile_bounds(values.len(), quantile, 0.95);
        let at = |index: Option<usize>| index.and_then(|index| values.get(index).copied());
        Some(QuantileEstimate {
            quantile,
            bytes: nearest_rank(&values, quantile)?,
            low: at(bounds.lower),
            high: at(bounds.upper),
        })
    };
    wanted.iter().filter_map(estimate).collect()
}

/// A count out of `n` with the 95 % interval of its probability.
///
/// Wilson's score interval; when none or all of the runs did, the exact one-sided bound (the "rule
/// of three"), because then only one end is in question.
#[must_use]
pub fn proportion(count: u32, n: u32) -> OutcomeCount {
    let (low, high) = match (count, n) {
        (_, 0) => (0.0, 1.0),
        (0, n) => (0.0, 1.0 - all_below(n)),
        (c, n) if c >= n => (all_below(n), 1.0),
        (c, n) => wilson_interval(c.into(), n.into()),
    };
    OutcomeCount { count, low: six_decimals(low), high: six_decimals(high) }
}

/// The least probability with which `n` of `n` happen in 5 of 100 experiments.
fn all_below(n: u32) -> f64 {
    libm::pow(0.05, 1.0 / f64::from(n))
}

/// A ratio as files hold it: further digits would say nothing.
pub(super) fn six_decimals(ratio: f64) -> f64 {
    (ratio * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::{median, proportion, spread};

    #[test]
    fn order_statistics() {
        let bytes = spread((1..=20).map(crate::units::Bytes).collect());
        assert_eq!((bytes.median.0, bytes.p95.0, bytes.max.0), (10, 19, 20));
        assert_eq!(median::<u32>(Vec::new()), None);
        assert_eq!(median(vec![3, 1, 2]), Some(2));
    }

    #[test]
    fn intervals_of_proportions() {
        // Wilson's formula, worked out apart from this code.
        let p = proportion(131, 200);
        assert!((p.low - 0.586_756).abs() < 2e-6, "{p:?}");
        assert!((p.high - 0.717_402).abs() < 2e-6, "{p:?}");
        let none = proportion(0, 200);
        assert!(none.low == 0.0 && (none.high - 0.014_867).abs() < 1e-6, "{none:?}");
        let all = proportion(200, 200);
        assert!((all.high - 1.0).abs() < 1e-6 && (all.low + none.high - 1.0).abs() < 2e-6);
        assert!((proportion(0, 1).high - 0.95).abs() < 1e-6);
        assert!((proportion(0, 0).high - 1.0).abs() < 1e-6);
    }
}
