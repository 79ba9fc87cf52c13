//! Numbers with a unit: what they are counted in, and their exact arithmetic.
//!
//! A number is counted in atoms: bytes and bytes per second, nanoseconds, billionths of all that is written
//! as a float. So steps add up exactly, and one pair of functions leads from a checked value to a number and,
//! inside the bounds of its key, back.

use super::Kind;
use super::plain::Plain;
use crate::units::{ByteRate, Bytes, SimSpan};

/// In what the values of a key are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// Things: an integer.
    Count,
    /// A number without a unit.
    Number,
    /// Processor cores.
    Cores,
    /// Bytes.
    Bytes,
    /// Seconds.
    Seconds,
    /// Bytes per second.
    BytesPerSecond,
    /// Occurrences per second.
    PerSecond,
    /// Per cent, 15 for 15 %.
    Percent,
}

impl Unit {
    /// Every unit.
    pub(crate) const ALL: [Self; 8] = [
        Self::Count,
        Self::Number,
        Self::Cores,
        Self::Bytes,
        Self::Seconds,
        Self::BytesPerSecond,
        Self::PerSecond,
        Self::Percent,
    ];

    /// What the name of a column of such numbers ends in.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Count | Self::Number => "",
            Self::Cores => "_cores",
            Self::Bytes => "_bytes",
            Self::Seconds => "_s",
            Self::BytesPerSecond => "_bytes_per_s",
            Self::PerSecond => "_per_s",
            Self::Percent => "_percent",
        }
    }
}

impl Kind {
    /// In what its values are counted; `None` for words, which have no order.
    pub(crate) const fn unit(&self) -> Option<Unit> {
        Some(match self {
            Self::Integer { .. } | Self::IntegerOr { .. } => Unit::Count,
            Self::Number { .. } => Unit::Number,
            Self::Cores { .. } => Unit::Cores,
            Self::Size { .. } => Unit::Bytes,
            Self::Span { .. } => Unit::Seconds,
            Self::Rate { .. } => Unit::BytesPerSecond,
            Self::PerSecond { .. } => Unit::PerSecond,
            Self::Percent { .. } => Unit::Percent,
            _ => return None,
        })
    }
}

/// Parts of a unit that a float is counted in, so that steps add up exactly.
const PARTS: f64 = 1e9;

/// A value in the smallest whole parts: bytes, nanoseconds, billionths. `None` for words.
pub(crate) fn atoms(plain: &Plain) -> Option<i128> {
    match plain {
        Plain::Integer(n) => Some(i128::from(*n)),
        Plain::Size(bytes) => Some(i128::from(bytes.0)),
        Plain::Span(span) => Some(i128::from(span.0)),
        Plain::Rate(rate) => Some(i128::from(rate.0)),
        Plain::Number(x) | Plain::PerSecond(x) | Plain::Percent(x) => {
            Some((x * PARTS).round() as i128)
        }
        Plain::Text(_) | Plain::Flag(_) | Plain::Minor(_) | Plain::Texts(_) => None,
    }
}

/// Atoms in a unit of a value.
pub(crate) fn per_unit(plain: &Plain) -> f64 {
    match plain {
        Plain::Integer(_) | Plain::Size(_) | Plain::Rate(_) => 1.0,
        _ => PARTS,
    }
}

/// The atoms of a unit of a kind's values.
fn scale(kind: &Kind) -> f64 {
    match kind {
        Kind::Integer { .. } | Kind::IntegerOr { .. } | Kind::Size { .. } | Kind::Rate { .. } => {
            1.0
        }
        _ => PARTS,
    }
}

/// The value of a number of atoms, moved into the bounds of its kind. `None` for words.
pub(crate) fn from_atoms(kind: &Kind, atoms: i128) -> Option<Plain> {
    let whole = |min: i128, max: i128| atoms.clamp(min, max);
    let natural = |min: u64, max: u64| whole(min.into(), max.into()) as u64;
    let real = |min: f64, max: f64| (atoms as f64 / PARTS).clamp(min, max);
    Some(match kind {
        Kind::Integer { min, max } | Kind::IntegerOr { min, max, .. } => {
            Plain::Integer(whole((*min).into(), (*max).into()) as i64)
        }
        Kind::Size { min, max, .. } => Plain::Size(Bytes(natural(min.0, max.0))),
        Kind::Span { min, max } => Plain::Span(SimSpan(natural(min.0, max.0))),
        Kind::Rate { min, max } => Plain::Rate(ByteRate(natural(min.0, max.0))),
        Kind::Number { min, max } | Kind::Cores { min, max } => Plain::Number(real(*min, *max)),
        Kind::PerSecond { max } => Plain::PerSecond(real(0.0, *max)),
        Kind::Percent { max } => Plain::Percent(real(0.0, *max)),
        _ => return None,
    })
}

/// The atoms nearest to a coordinate.
pub(crate) fn nearest(kind: &Kind, coordinate: f64) -> i128 {
    (coordinate * scale(kind)).round() as i128
}
