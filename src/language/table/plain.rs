//! A checked value that is no structure.

use crate::language::text::span::Span;
use crate::units::{ByteRate, Bytes, SimSpan};

/// A checked value.
#[derive(Clone, Debug)]
pub(crate) enum Plain {
    /// A string.
    Text(String),
    /// `true` or `false`.
    Flag(bool),
    /// An integer.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A size.
    Size(Bytes),
    /// A span of time.
    Span(SimSpan),
    /// Bytes per second.
    Rate(ByteRate),
    /// Occurrences per second.
    PerSecond(f64),
    /// Per cent, as written: 15 for 15 %.
    Percent(f64),
    /// Minor version of a release.
    Minor(u8),
    /// Strings with their places.
    Texts(Vec<(String, Span)>),
}
