//! [`Bytes`]: a count of bytes.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub, SubAssign};

use super::rounded;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A number of bytes. Addition and subtraction saturate.
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
pub struct Bytes(pub u64);

impl Bytes {
    /// No bytes.
    pub const ZERO: Self = Self(0);

    /// `n` kibibytes.
    #[must_use]
    pub const fn kib(n: u64) -> Self {
        Self(n.saturating_mul(1 << 10))
    }

    /// `n` mebibytes.
    #[must_use]
    pub const fn mib(n: u64) -> Self {
        Self(n.saturating_mul(1 << 20))
    }

    /// `n` gibibytes.
    #[must_use]
    pub const fn gib(n: u64) -> Self {
        Self(n.saturating_mul(1 << 30))
    }

    /// The count as a float, for ratios and charts.
    #[must_use]
    pub const fn as_f64(self) -> f64 {
        self.0 as f64
    }

    /// In GiB, for charts.
    #[must_use]
    pub fn as_gib(self) -> f64 {
        self.as_f64() / f64::from(1 << 30)
    }

    /// Nearest whole number of bytes; negative and NaN become zero, too large the maximum.
    #[must_use]
    pub fn from_f64(bytes: f64) -> Self {
        Self(rounded(bytes))
    }

    /// `self` × `n`, saturating.
    #[must_use]
    pub const fn times(self, n: u64) -> Self {
        Self(self.0.saturating_mul(n))
    }

    /// `self` × a factor, rounded to the nearest byte.
    #[must_use]
    pub fn scale(self, factor: f64) -> Self {
        Self::from_f64(self.as_f64() * factor)
    }

    /// Rounded up to a multiple of `unit` (which must not be zero).
    #[must_use]
    pub const fn round_up(self, unit: u64) -> Self {
        match self.0.checked_next_multiple_of(unit) {
            Some(n) => Self(n),
            None => Self(u64::MAX),
        }
    }
}

impl Add for Bytes {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Bytes {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Bytes {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl SubAssign for Bytes {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for Bytes {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

/// IEC units with three significant digits (`1.50 GiB`); the alternate form (`{:#}`) is exact and
/// reads back as a scenario quantity (`1536MiB`).
impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(&str, u32); 5] =
            [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10), ("B", 0)];
        if f.alternate() {
            let exact = |shift: &u32| self.0 != 0 && self.0.trailing_zeros() >= *shift;
            let (unit, shift) = UNITS.iter().find(|(_, s)| exact(s)).copied().unwrap_or(("B", 0));
            return f.pad(&format!("{}{unit}", self.0 >> shift));
        }
        // Step up a unit where rounding to three digits would print "1024 MiB".
        let (unit, shift) = UNITS
            .iter()
            .find(|(_, s)| self.as_f64() >= 1023.5 * (2f64).powi(s.cast_signed() - 10))
            .copied()
            .unwrap_or(("B", 0));
        if shift == 0 {
            return f.pad(&format!("{} B", self.0));
        }
        let value = self.as_f64() / (2f64).powi(shift.cast_signed());
        let digits = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
        f.pad(&format!("{value:.digits$} {unit}"))
    }
}

#[cfg(test)]
mod tests {
    use super::Bytes;

    #[test]
    fn prints_three_digits_and_an_exact_form() {
        let cases = [
            (0, "0 B", "0B"),
            (1000, "1000 B", "1000B"),
            (1 << 10, "1.00 KiB", "1KiB"),
            ((1 << 20) - 1, "1.00 MiB", "1048575B"),
            (1_536 << 20, "1.50 GiB", "1536MiB"),
            (16 << 30, "16.0 GiB", "16GiB"),
            (250 << 30, "250 GiB", "250GiB"),
            (1_000_000_000, "954 MiB", "1000000000B"),
        ];
        for (n, text, exact) in cases {
            assert_eq!(Bytes(n).to_string(), text);
            assert_eq!(format!("{:#}", Bytes(n)), exact);
        }
    }

    #[test]
    fn saturates() {
        assert_eq!(Bytes(3) - Bytes(5), Bytes::ZERO);
        assert_eq!(Bytes(u64::MAX) + Bytes(1), Bytes(u64::MAX));
        assert_eq!(Bytes::from_f64(-1.0), Bytes::ZERO);
        assert_eq!(Bytes::from_f64(f64::NAN), Bytes::ZERO);
        assert_eq!(Bytes(1).round_up(8192), Bytes(8192));
    }
}
