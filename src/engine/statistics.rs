//! Statistics of many runs: moments, quantiles, probabilities.

/// The 97.5 % quantile of the standard normal: two-sided 95 % intervals.
pub const Z_95: f64 = 1.959_964;

/// Mean and variance of a sample, one value at a time (Welford 1962).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    count: u64,
    mean: f64,
    /// Sum of squared deviations from the mean.
    squares: f64,
}

impl Moments {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { count: 0, mean: 0.0, squares: 0.0 }
    }

    /// Takes in one value.
    pub const fn push(&mut self, value: f64) {
        self.count += 1;
        let deviation = value - self.mean;
        self.mean += deviation / self.count as f64;
        self.squares += deviation * (value - self.mean);
    }

    /// Values taken in.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Their mean; 0 if there are none.
    #[must_use]
    pub const fn mean(&self) -> f64 {
        self.mean
    }

    /// Their unbiased variance (n − 1); 0 for fewer than two.
    #[must_use]
    pub const fn variance(&self) -> f64 {
        if self.count < 2 {
            return 0.0;
        }
        self.squares / (self.count - 1) as f64
    }

    /// Their standard deviation.
    #[must_use]
    pub fn standard_deviation(&self) -> f64 {
        self.variance().sqrt()
    }
}

impl Extend<f64> for Moments {
    fn extend<T: IntoIterator<Item = f64>>(&mut self, values: T) {
        for value in values {
            self.push(value);
        }
    }
}

impl FromIterator<f64> for Moments {
    fn from_iter<T: IntoIterator<Item = f64>>(values: T) -> Self {
        let mut moments = Self::new();
        moments.extend(values);
        moments
    }
}

/// The 95 % interval for a probability after `successes` in `trials` (Wilson 1927): the whole of
/// [0, 1] without trials, sensible near 0 and 1, where a report must not say "never" or "always".
#[must_use]
pub fn wilson_interval(successes: u64, trials: u64) -> (f64, f64) {
    if trials == 0 {
        return (0.0, 1.0);
    }
    let successes = successes.min(trials);
    let n = trials as f64;
    let p = successes as f64 / n;
    let z2 = Z_95 * Z_95;
    let centre = p + z2 / (2.0 * n);
    let radius = Z_95 * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z2 / n;
    // Exact at the ends, where rounding would leave 1e-17.
    let lower = if successes == 0 { 0.0 } else { (centre - radius) / scale };
    let upper = if successes == trials { 1.0 } else { (centre + radius) / scale };
    (lower, upper)
}

/// The nearest-rank `p`-quantile of values sorted ascending: the smallest of them that at least a
/// share `p` does not exceed. Always one of the values; `None` without any.
#[must_use]
pub fn nearest_rank<T: Copy>(sorted: &[T], p: f64) -> Option<T> {
    let rank = (p * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1).min(sorted.len().saturating_sub(1))).copied()
}

/// Which order statistics bound a quantile, whatever the law the values come from.
///
/// Indices into the values sorted ascending; `None` where there are too few values for a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuantileBounds {
    /// The quantile lies at or above this value.
    pub lower: Option<usize>,
    /// The quantile lies at or below this value.
    pub upper: Option<usize>,
}

/// Equal-tailed bounds for the `p`-quantile from `n` independent values, such that both hold at once
/// with a probability of at least `confidence`.
///
/// The number of values below the quantile is binomial(n, p), whence the ranks (David and Nagaraja,
/// *Order Statistics*, section 7.1).
#[must_use]
pub fn quantile_bounds(n: usize, p: f64, confidence: f64) -> QuantileBounds {
    let tail = (1.0 - confidence) / 2.0;
    let mut bounds = QuantileBounds { lower: None, upper: None };
    // `below` is P(B ≤ k − 1), `up_to` P(B ≤ k), for B binomial(n, p).
    let mut below = 0.0;
    for k in 0..=n {
        let up_to = below + libm::exp(log_binomial_probability(n, k, p));
        // X(k + 1), at index k, fails as a lower bound if B ≤ k.
        if up_to <= tail && k < n {
            bounds.lower = Some(k);
        }
        // X(k), at index k − 1, fails as an upper bound if B ≥ k.
        if bounds.upper.is_none() && k > 0 && 1.0 - below <= tail {
            bounds.upper = Some(k - 1);
        }
        below = up_to;
    }
    bounds
}

/// ln P(B = k) for B binomial(n, p), 0 < p < 1.
fn log_binomial_probability(n: usize, k: usize, p: f64) -> f64 {
    let log_factorial = |m: usize| libm::lgamma(m as f64 + 1.0);
    log_factorial(n) - log_factorial(k) - log_factorial(n - k)
        + k as f64 * libm::log(p)
        + (n - k) as f64 * libm::log1p(-p)
}

/// How many independent runs it takes until the largest value exceeds the `p`-quantile with the given
/// confidence (Wilks 1941): the least n with 1 − pⁿ ≥ `confidence`. For 0 < p < 1; 59 for 95 / 95 %.
#[must_use]
pub fn runs_for_maximum(p: f64, confidence: f64) -> u64 {
    let n = libm::log1p(-confidence) / libm::log(p);
    // An n that is whole but for rounding is that whole number.
    (n - 1e-9).ceil() as u64
}

#[cfg(test)]
#[path = "statistics_tests.rs"]
mod tests;
