//! A value of a key, as text and as a number.

use crate::language::table::Kind;
use crate::language::table::plain::Plain;
use crate::language::table::quantity::{atoms, from_atoms, nearest, per_unit};
use crate::language::table::write;
use crate::units::{ByteRate, Bytes, SimSpan};

/// A value that a key takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    text: String,
    toml: String,
    coordinate: Option<f64>,
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

    /// Where it lies on an axis, in the [`Unit`](super::Unit) of its key; `None` for words.
    #[must_use]
    pub const fn coordinate(&self) -> Option<f64> {
        self.coordinate
    }
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
