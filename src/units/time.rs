//! [`SimTime`] and [`SimSpan`]: simulated instants and spans in whole nanoseconds.

use std::fmt::{self, Write};
use std::ops::{Add, AddAssign, Sub};

use super::rounded;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An instant of simulated time: nanoseconds since the scenario began.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(transparent)]
pub struct SimTime(pub u64);

/// A span of simulated time in nanoseconds (also CPU time).
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(transparent)]
pub struct SimSpan(pub u64);

impl SimTime {
    /// The beginning of the scenario.
    pub const ZERO: Self = Self(0);
    /// An instant that is never reached: 584 years.
    pub const NEVER: Self = Self(u64::MAX);

    /// The span since `earlier`; zero when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> SimSpan {
        SimSpan(self.0.saturating_sub(earlier.0))
    }

    /// Seconds since the scenario began, for output.
    #[must_use]
    pub const fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl SimSpan {
    /// No time.
    pub const ZERO: Self = Self(0);

    /// `n` nanoseconds.
    #[must_use]
    pub const fn nanos(n: u64) -> Self {
        Self(n)
    }

    /// `n` milliseconds.
    #[must_use]
    pub const fn millis(n: u64) -> Self {
        Self(n.saturating_mul(1_000_000))
    }

    /// `n` seconds.
    #[must_use]
    pub const fn secs(n: u64) -> Self {
        Self(n.saturating_mul(1_000_000_000))
    }

    /// Nearest whole nanosecond; negative and NaN become zero, too long the maximum.
    #[must_use]
    pub fn from_secs_f64(seconds: f64) -> Self {
        Self(rounded(seconds * 1e9))
    }

    /// In seconds, for rates and output.
    #[must_use]
    pub const fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// `self` × a factor, rounded to the nearest nanosecond.
    #[must_use]
    pub fn scale(self, factor: f64) -> Self {
        Self(rounded(self.0 as f64 * factor))
    }

    /// `self` × `n`, saturating.
    #[must_use]
    pub const fn times(self, n: u64) -> Self {
        Self(self.0.saturating_mul(n))
    }
}

impl Add<SimSpan> for SimTime {
    type Output = Self;
    fn add(self, span: SimSpan) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl AddAssign<SimSpan> for SimTime {
    fn add_assign(&mut self, span: SimSpan) {
        *self = *self + span;
    }
}

impl Sub<SimSpan> for SimTime {
    type Output = Self;
    fn sub(self, span: SimSpan) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Add for SimSpan {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for SimSpan {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for SimSpan {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// Minutes and seconds with tenths, as on the charts' axis: `1:07.3`, hours where needed.
impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = self.0 / 100_000_000;
        let (minutes, rest) = (tenths / 600, tenths % 600);
        let (secs, tenth) = (rest / 10, rest % 10);
        if minutes < 60 {
            return f.pad(&format!("{minutes}:{secs:02}.{tenth}"));
        }
        f.pad(&format!("{}:{:02}:{secs:02}.{tenth}", minutes / 60, minutes % 60))
    }
}

/// The Go form, exact, which reads back: `1m30s`, `250ms`, `0s`.
impl fmt::Display for SimSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(&str, u64); 6] = [
            ("h", 3_600_000_000_000),
            ("m", 60_000_000_000),
            ("s", 1_000_000_000),
            ("ms", 1_000_000),
            ("us", 1_000),
            ("ns", 1),
        ];
        let mut rest = self.0;
        let mut text = String::new();
        for (unit, size) in UNITS {
            if rest >= size {
                write!(text, "{}{unit}", rest / size)?;
                rest %= size;
            }
        }
        f.pad(if text.is_empty() { "0s" } else { &text })
    }
}

#[cfg(test)]
mod tests {
    use super::{SimSpan, SimTime};

    #[test]
    fn prints_clock_and_go_forms() {
        assert_eq!(SimTime(67_340_000_000).to_string(), "1:07.3");
        assert_eq!(SimTime(3_661_000_000_000).to_string(), "1:01:01.0");
        assert_eq!(SimSpan::secs(90).to_string(), "1m30s");
        assert_eq!(SimSpan::millis(1_500).to_string(), "1s500ms");
        assert_eq!(SimSpan::ZERO.to_string(), "0s");
    }
}
