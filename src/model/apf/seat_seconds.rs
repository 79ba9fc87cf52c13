//! [`SeatSeconds`]: work, and readings of the progress meter R.
//!
//! Source: k8s.io/apiserver `pkg/util/flowcontrol/request/seat_seconds.go`.

use std::fmt;

use crate::units::SimSpan;

/// Units in one seat-second (`ssScale`).
const SCALE: u64 = 100_000_000;

/// Nanoseconds for which one seat makes one unit (`1e9/ssScale`).
const NANOS_PER_UNIT: f64 = 10.0;

/// Work in fixed point, 10^-8 seat-seconds, modulo 2^64 (`SeatSeconds`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeatSeconds(pub u64);

impl SeatSeconds {
    /// The largest value (`MaxSeatSeconds`).
    pub const MAX: Self = Self(u64::MAX);
    /// The smallest value (`MinSeatSeconds`).
    pub const ZERO: Self = Self(0);

    /// The work of `seats` for `nanos` (`SeatsTimesDuration`): rounded half away from zero; negative
    /// work is added modulo 2^64.
    #[must_use]
    pub fn of(seats: f64, nanos: i64) -> Self {
        let units = (seats * nanos as f64 / NANOS_PER_UNIT).round();
        Self((units as i64).cast_unsigned())
    }

    /// The time that `seats` take for this work (`DurationPerSeat`), truncated.
    #[must_use]
    pub fn duration_per_seat(self, seats: f64) -> SimSpan {
        SimSpan((self.0 as f64 / seats * NANOS_PER_UNIT) as u64)
    }

    /// Sum modulo 2^64.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }

    /// Difference modulo 2^64.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.wrapping_sub(other.0))
    }

    /// In seat-seconds, for metrics and charts (`ToFloat`).
    #[must_use]
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / SCALE as f64
    }
}

/// As the debug endpoints print it: `12.34567890ss`.
impl fmt::Display for SeatSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{:08}ss", self.0 / SCALE, self.0 % SCALE))
    }
}

#[cfg(test)]
mod tests {
    use super::SeatSeconds;
    use crate::units::SimSpan;

    #[test]
    fn work_and_back() {
        assert_eq!(SeatSeconds::of(1.0, 3_000_000), SeatSeconds(300_000));
        assert_eq!(SeatSeconds::of(0.5, 1), SeatSeconds(0));
        assert_eq!(SeatSeconds::of(1.0, 5), SeatSeconds(1));
        assert_eq!(SeatSeconds::of(1.0, -5), SeatSeconds(u64::MAX));
        assert_eq!(SeatSeconds::of(20.0, 5_000_000).duration_per_seat(10.0), SimSpan::millis(10));
    }

    #[test]
    fn prints_as_the_debug_endpoints() {
        assert_eq!(SeatSeconds(1_234_567_890).to_string(), "12.34567890ss");
        assert_eq!(SeatSeconds(5).to_string(), "0.00000005ss");
    }
}
