//! A value of a key, as text and as a number.

use crate::language::table::Kind;
use crate::language::table::resolved::Plain;
use crate::language::table::write;
use crate::units::{ByteRate, Bytes, SimSpan};

/// A value that a key takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    text: String,
    toml: String,
    coordinate: Option<f64>,
}

/// In what the values of a key are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things, or a plain number.
    Count,
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
    /// Words: they have no order.
    Word,
}

impl Unit {
    /// What the name of a column of such numbers ends in.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Count | Self::Word => "",
            Self::Cores => "_cores",
            Self::Bytes => "_bytes",
            Self::Seconds => "_s",
            Self::BytesPerSecond => "_bytes_per_s",
            Self::PerSecond => "_per_s",
            Self::Percent => "_percent",
        }
    }
}

/// As in the scenario file, without quotes.
impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.text)
    }
}

impl Value {
    pub(crate) fn of(plain: &Plain) -> Self {
        let toml = write::scalar(plain);
        let text = match plain {
            Plain::Text(text) => text.clone(),
            Plain::Number(x) => x.to_string(),
            _ => toml.trim_matches('"').to_owned(),
        };
        let coordinate = atoms(plain).map(|atoms| atoms as f64 / per_unit(plain));
        Self { text, toml, coordinate }
    }

    /// As in the scenario file, with quotes where they belong.
    pub(crate) fn toml(&self) -> &str {
        &self.toml
    }

    /// Where it lies on an axis, in the [`Unit`] of its key; `None` for words.
    #[must_use]
    pub const fn coordinate(&self) -> Option<f64> {
        self.coordinate
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

fn per_unit(plain: &Plain) -> f64 {
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

/// Rounded as people would write it: sizes to 11 binary digits, all else to 4 decimal ones.
pub(crate) fn tidy(kind: &Kind, atoms: i128) -> i128 {
    let unit = if matches!(kind, Kind::Size { .. }) {
        let digits = 128 - atoms.leading_zeros();
        1_i128 << digits.saturating_sub(11)
    } else {
        10_i128.pow(atoms.max(1).ilog10().saturating_sub(3))
    };
    (atoms + unit / 2) / unit * unit
}

/// See [`Knob::at`](super::Knob::at).
pub(crate) fn at(kind: &Kind, coordinate: f64) -> Option<Value> {
    from_atoms(kind, nearest(kind, coordinate)).map(|plain| Value::of(&plain))
}

/// The atoms nearest to a coordinate.
pub(crate) fn nearest(kind: &Kind, coordinate: f64) -> i128 {
    (coordinate * scale(kind)).round() as i128
}

/// The same kind without its least value: a step may be smaller than any value.
pub(crate) fn of_steps(kind: &Kind) -> Kind {
    match *kind {
        Kind::Integer { max, .. } | Kind::IntegerOr { max, .. } => Kind::Integer { min: 0, max },
        Kind::Number { max, .. } => Kind::Number { min: 0.0, max },
        Kind::Cores { max, .. } => Kind::Cores { min: 0.0, max },
        Kind::Size { max, limit, .. } => Kind::Size { min: Bytes::ZERO, max, limit },
        Kind::Span { max, .. } => Kind::Span { min: SimSpan::ZERO, max },
        Kind::Rate { max, .. } => Kind::Rate { min: ByteRate(0), max },
        kind => kind,
    }
}

/// What its coordinates are counted in.
pub(crate) fn unit(kind: &Kind) -> Unit {
    match kind {
        Kind::Integer { .. } | Kind::IntegerOr { .. } | Kind::Number { .. } => Unit::Count,
        Kind::Cores { .. } => Unit::Cores,
        Kind::Size { .. } => Unit::Bytes,
        Kind::Span { .. } => Unit::Seconds,
        Kind::Rate { .. } => Unit::BytesPerSecond,
        Kind::PerSecond { .. } => Unit::PerSecond,
        Kind::Percent { .. } => Unit::Percent,
        _ => Unit::Word,
    }
}
