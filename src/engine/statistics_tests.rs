//! Against values worked out by hand or published.

use super::*;

#[test]
fn moments_match_the_definition() {
    let moments: Moments = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0].into_iter().collect();
    assert_eq!(moments.count(), 8);
    assert!((moments.mean() - 5.0).abs() < 1e-12);
    assert!((moments.variance() - 32.0 / 7.0).abs() < 1e-12);
    // A large offset costs no precision.
    let far: Moments = [1e9 + 1.0, 1e9 + 2.0, 1e9 + 3.0].into_iter().collect();
    assert!((far.variance() - 1.0).abs() < 1e-6);
    let one: Moments = std::iter::once(3.0).collect();
    assert!(one.variance().abs() < 1e-12 && Moments::new().variance().abs() < 1e-12);
}

#[test]
fn wilson_intervals() {
    let close = |(lower, upper): (f64, f64), expected: (f64, f64)| {
        assert!((lower - expected.0).abs() < 1e-4 && (upper - expected.1).abs() < 1e-4);
    };
    close(wilson_interval(0, 0), (0.0, 1.0));
    // z² / (n + z²): no failure in ten runs excludes little.
    close(wilson_interval(0, 10), (0.0, 0.277_54));
    close(wilson_interval(10, 10), (0.722_46, 1.0));
    // Newcombe 1998, table I.
    close(wilson_interval(81, 263), (0.255_3, 0.366_2));
    close(wilson_interval(15, 148), (0.062_4, 0.160_5));
    close(wilson_interval(1, 29), (0.006_1, 0.171_8));
}

#[test]
fn nearest_ranks() {
    let sorted = [15, 20, 35, 40, 50];
    for (p, expected) in [(0.0, 15), (0.05, 15), (0.3, 20), (0.4, 20), (0.5, 35), (1.0, 50)] {
        assert_eq!(nearest_rank(&sorted, p), Some(expected), "p = {p}");
    }
    assert_eq!(nearest_rank::<u64>(&[], 0.5), None);
    assert_eq!(nearest_rank(&sorted, 2.0), Some(50));
}

#[test]
fn quantile_bounds_match_published_tables() {
    let bounds = |n, p, confidence| {
        let QuantileBounds { lower, upper } = quantile_bounds(n, p, confidence);
        (lower, upper)
    };
    // Median, 95 %: the sign test's ranks, counted from one: 6 and 15 of 20, 2 and 9 of 10, 1 and 6 of 6.
    assert_eq!(bounds(20, 0.5, 0.95), (Some(5), Some(14)));
    assert_eq!(bounds(10, 0.5, 0.95), (Some(1), Some(8)));
    assert_eq!(bounds(6, 0.5, 0.95), (Some(0), Some(5)));
    assert_eq!(bounds(5, 0.5, 0.95), (None, None));
    // Wilks: the largest of 59 bounds the 95 % quantile with 95 % on one side, that of 58 does not.
    assert_eq!(bounds(59, 0.95, 0.90).1, Some(58));
    assert_eq!(bounds(58, 0.95, 0.90).1, None);
    assert_eq!(bounds(0, 0.5, 0.95), (None, None));
    // Far beyond where factorials or powers would overflow: 50,000 ∓ 1.96 × 158.1.
    assert_eq!(bounds(100_000, 0.5, 0.95), (Some(49_689), Some(50_310)));
}

#[test]
fn wilks_numbers_of_runs() {
    let table =
        [(0.95, 0.95, 59), (0.90, 0.95, 29), (0.99, 0.95, 299), (0.99, 0.99, 459), (0.5, 0.75, 2)];
    for (p, confidence, runs) in table {
        assert_eq!(runs_for_maximum(p, confidence), runs, "{p} / {confidence}");
    }
}

/// The share of experiments in which an interval of `n` draws covers what it is to cover.
fn coverage(experiments: u32, n: u64, covers: impl Fn(&mut [f64]) -> bool) -> f64 {
    let covered = (0..experiments).filter(|experiment| {
        let streams = crate::engine::Streams::new(7, *experiment);
        let mut stream = streams.stream("coverage", n);
        let mut draws: Vec<f64> = (0..n).map(|_| stream.uniform()).collect();
        covers(&mut draws)
    });
    covered.count() as f64 / f64::from(experiments)
}

/// Of uniform draws, so of any law: the ranks know nothing else. The binomial is discrete, so that
/// the coverage is at least the nominal one, less the noise of 4,000 experiments.
#[test]
fn order_statistics_cover_the_quantile() {
    for (n, p) in [(20, 0.5), (100, 0.5), (100, 0.05), (100, 0.95), (300, 0.99)] {
        let bounds = quantile_bounds(n, p, 0.95);
        let share = coverage(4_000, n as u64, |draws| {
            draws.sort_by(f64::total_cmp);
            bounds.lower.is_none_or(|index| draws[index] <= p)
                && bounds.upper.is_none_or(|index| p <= draws[index])
        });
        assert!(share >= 0.94, "{n} {p}: {share}");
        assert!(share < 0.995, "{n} {p}: {share} is wider than it need be");
    }
}

/// Wilson's interval covers about 95 of 100 times on average, and never much less (Brown, Cai and
/// `DasGupta` 2001).
#[test]
fn wilson_covers_the_probability() {
    let shares: Vec<f64> = [(50, 0.05), (50, 0.5), (100, 0.1), (200, 0.02), (200, 0.3)]
        .into_iter()
        .map(|(n, p)| {
            let share = coverage(4_000, n, |draws| {
                let hits = draws.iter().filter(|draw| **draw < p).count() as u64;
                let (low, high) = wilson_interval(hits, n);
                (low..=high).contains(&p)
            });
            assert!(share >= 0.91, "{n} {p}: {share}");
            share
        })
        .collect();
    let mean = shares.iter().sum::<f64>() / shares.len() as f64;
    assert!((0.94..=0.97).contains(&mean), "{shares:?}");
}
