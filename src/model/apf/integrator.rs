//! [`Integrator`]: time-weighted statistics of the seat demand.
//!
//! Source: k8s.io/apiserver `pkg/util/flowcontrol/fairqueuing/integrator.go`.

use crate::units::SimTime;

/// Integrals of a step function of time since the last reset (`integrator`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Integrator {
    last_time: SimTime,
    x: f64,
    elapsed_seconds: f64,
    integral_x: f64,
    integral_xx: f64,
    min: f64,
    max: f64,
}

/// Abstracts of an integration (`IntegratorResults`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IntegratorResults {
    /// Seconds covered.
    pub duration: f64,
    /// Time-weighted mean; NaN when no time passed.
    pub average: f64,
    /// Standard deviation; NaN when no time passed or rounding made the variance negative.
    pub deviation: f64,
    /// Lowest value held.
    pub min: f64,
    /// Highest value held.
    pub max: f64,
}

impl Integrator {
    /// An integrator of 0 from `now`.
    #[must_use]
    pub fn new(now: SimTime) -> Self {
        Self {
            last_time: now,
            x: 0.0,
            elapsed_seconds: 0.0,
            integral_x: 0.0,
            integral_xx: 0.0,
            min: 0.0,
            max: 0.0,
        }
    }

    /// The current value.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.x
    }

    /// The value is `x` from `now` on (`Set`).
    pub fn set(&mut self, now: SimTime, x: f64) {
        self.update(now);
        self.x = x;
        if x < self.min {
            self.min = x;
        }
        if x > self.max {
            self.max = x;
        }
    }

    /// Integrates to `now` and reads (`GetResults`).
    pub fn results(&mut self, now: SimTime) -> IntegratorResults {
        self.update(now);
        let (average, deviation) = self.moments();
        IntegratorResults {
            duration: self.elapsed_seconds,
            average,
            deviation,
            min: self.min,
            max: self.max,
        }
    }

    /// Integrates to `now`, reads, and starts over from the current value (`Reset`).
    pub fn reset(&mut self, now: SimTime) -> IntegratorResults {
        let results = self.results(now);
        self.elapsed_seconds = 0.0;
        self.integral_x = 0.0;
        self.integral_xx = 0.0;
        self.min = self.x;
        self.max = self.x;
        results
    }

    fn update(&mut self, now: SimTime) {
        if now == self.last_time {
            return;
        }
        let nanos = now.since(self.last_time).0;
        // Go's Duration.Seconds().
        let dt = (nanos / 1_000_000_000) as f64 + (nanos % 1_000_000_000) as f64 / 1e9;
        self.last_time = now;
        self.elapsed_seconds += dt;
        self.integral_x += self.x * dt;
        self.integral_xx += self.x * self.x * dt;
    }

    /// Mean and standard deviation (`AvgAndStdDev`).
    fn moments(&self) -> (f64, f64) {
        if self.elapsed_seconds <= 0.0 {
            return (f64::NAN, f64::NAN);
        }
        let average = self.integral_x / self.elapsed_seconds;
        let variance = self.integral_xx / self.elapsed_seconds - average * average;
        if variance >= 0.0 { (average, variance.sqrt()) } else { (average, f64::NAN) }
    }
}

#[cfg(test)]
mod tests {
    use super::Integrator;
    use crate::units::SimTime;

    fn at(seconds: u64) -> SimTime {
        SimTime(seconds * 1_000_000_000)
    }

    #[test]
    fn mean_and_deviation_of_steps() {
        // docs/facts/apf.md 7.7: 0 for 2 s, 10 for 5 s, 4 for 3 s.
        let mut demand = Integrator::new(at(0));
        demand.set(at(2), 10.0);
        demand.set(at(7), 4.0);
        let results = demand.reset(at(10));
        assert!((results.average - 6.2).abs() < 1e-12);
        assert!((results.deviation - 4.044_749_683_231_336).abs() < 1e-12);
        assert_eq!((results.min, results.max), (0.0, 10.0));
        let next = demand.results(at(10));
        assert!(next.average.is_nan());
        assert_eq!((next.min, next.max), (4.0, 4.0));
    }
}
