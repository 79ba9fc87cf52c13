//! What the model rests on: one table, with the values of the constants themselves.
//!
//! `docs/assumptions.md` is made from it, and a test holds the page to it. A new constant of weight
//! gets a row here.

mod assumed;
mod known;
mod measured;

use crate::results::{Assumption, Held};
use crate::units::Bytes;

/// Every row, by how well it is known, the firmest first.
#[must_use]
pub fn all() -> Vec<Assumption> {
    let mut rows = known::rows();
    rows.extend(measured::rows());
    rows.extend(assumed::rows());
    rows.sort_by_key(|row| row.held);
    rows
}

/// A row about how something works.
fn how(held: Held, what: &'static str, source: &'static str, leans: &'static str) -> Assumption {
    Assumption { what, held, value: String::new(), source, range: "", leans }
}

/// A row about a value.
fn value(
    held: Held,
    (what, value): (&'static str, impl Into<String>),
    (source, range): (&'static str, &'static str),
    leans: &'static str,
) -> Assumption {
    Assumption { what, held, value: value.into(), source, range, leans }
}

/// Bytes in decimal units, as the sources of most have them.
fn decimal(bytes: Bytes) -> String {
    match bytes.0 {
        0..1_000 => format!("{} B", bytes.0),
        1_000..1_000_000 => format!("{} kB", bytes.as_f64() / 1e3),
        _ => format!("{} MB", bytes.as_f64() / 1e6),
    }
}
