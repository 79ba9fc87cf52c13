//! A step function of time and its exact integral.

use oomcast::units::SimTime;

/// A step function of time, such as bytes held or requests in flight: its value now, its maximum and
/// its exact integral.
///
/// The integral is an integer (unit × ns), so that Little's law can be asserted as an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeWeighted {
    begin: SimTime,
    /// Up to here the integral is complete.
    until: SimTime,
    value: u64,
    max: u64,
    max_at: SimTime,
    integral: u128,
}

impl TimeWeighted {
    /// The function that is `value` from `begin` on.
    #[must_use]
    pub(crate) const fn new(begin: SimTime, value: u64) -> Self {
        Self { begin, until: begin, value, max: value, max_at: begin, integral: 0 }
    }

    /// The value from `now` on. A `now` before the last change counts as that change's instant.
    pub(crate) fn set(&mut self, now: SimTime, value: u64) {
        self.integral = self.integral(now);
        self.until = self.until.max(now);
        self.value = value;
        if value > self.max {
            self.max = value;
            self.max_at = self.until;
        }
    }

    /// Adds to the value, saturating.
    pub(crate) fn add(&mut self, now: SimTime, amount: u64) {
        self.set(now, self.value.saturating_add(amount));
    }

    /// Subtracts from the value. Never below zero: to take away more than there is would be a bug of
    /// the caller, asserted in debug builds.
    pub(crate) fn sub(&mut self, now: SimTime, amount: u64) {
        debug_assert!(amount <= self.value, "{amount} taken from {}", self.value);
        self.set(now, self.value.saturating_sub(amount));
    }

    /// The value now.
    #[must_use]
    pub(crate) const fn value(&self) -> u64 {
        self.value
    }

    /// The largest value so far: of every change, not of samples.
    #[must_use]
    pub(crate) const fn max(&self) -> u64 {
        self.max
    }

    /// When the largest value was first reached.
    #[must_use]
    pub(crate) const fn max_at(&self) -> SimTime {
        self.max_at
    }

    /// The integral from the beginning to `now`, in unit × ns.
    #[must_use]
    pub(crate) const fn integral(&self, now: SimTime) -> u128 {
        // At most 2^64 × 2^64 in all, since the spans add up to at most 2^64 − 1.
        self.integral + self.value as u128 * now.since(self.until).0 as u128
    }

    /// The time average from the beginning to `now`; the value if no time has passed.
    #[must_use]
    pub(crate) const fn mean(&self, now: SimTime) -> f64 {
        match now.since(self.begin).0 {
            0 => self.value as f64,
            span => self.integral(now) as f64 / span as f64,
        }
    }
}

#[test]
fn a_time_weighted_value_is_integrated_exactly() {
    let mut held = TimeWeighted::new(SimTime(100), 3);
    held.add(SimTime(110), 4);
    held.set(SimTime(110), 9);
    held.sub(SimTime(130), 8);
    assert_eq!(held.integral(SimTime(140)), 3 * 10 + 9 * 20 + 10);
    assert_eq!((held.value(), held.max(), held.max_at()), (1, 9, SimTime(110)));
    assert!((held.mean(SimTime(140)) - 5.5).abs() < 1e-12);
    // Reading ahead changes nothing; an instant before the last change counts as that change's.
    assert_eq!(held.integral(SimTime(0)), 210);
    let fresh = TimeWeighted::new(SimTime(5), 7);
    assert!((fresh.mean(SimTime(5)) - 7.0).abs() < 1e-12);
}

#[test]
fn the_largest_integral_does_not_overflow() {
    let mut held = TimeWeighted::new(SimTime::ZERO, u64::MAX);
    held.add(SimTime(1), 1);
    let end = u128::from(u64::MAX);
    assert_eq!(held.integral(SimTime::NEVER), end * end);
}
