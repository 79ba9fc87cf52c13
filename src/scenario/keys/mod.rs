//! Every key a scenario may have: name, kind, default and meaning, in one table.
//!
//! Checking, suggestions, defaults and the effective scenario derive from it, as do schema and
//! explanations of keys.
//!
//! Wherever a number stands, with a unit or without, it may be uncertain: `"3 to 8"` (lognormal, 90
//! of 100 values between the two), two quantiles `{ p50 = 5, p95 = 9 }` (lognormal, or
//! `dist = "normal"`), `{ dist = "uniform", from = 3, to = 8 }` or
//! `{ dist = "triangular", from = 3, mode = 4, to = 8 }`, each figure as the key itself takes it. Keys
//! that shape the report are excepted: those of `[run]` and of figures to compare with, `replicas`.

pub(super) mod apf;
pub(super) mod cluster;
mod events;
mod expect;
mod load;
mod server;
mod sweep;
mod workloads;

use crate::units::{ByteRate, Bytes, SimSpan};

pub use crate::language::table::example::example;
pub use crate::language::table::{Family, Key, Kind, NameForm, OneOf, Presence, Table};
pub use load::ROOT;

/// The key at a dotted path; entries of `objects` may be given by name, as `*` or not at all.
#[must_use]
pub fn find(path: &str) -> Option<&'static Key> {
    let parts: Vec<&str> = path.split('.').collect();
    let mut found = None;
    visit(|known, key| {
        let wanted = known.split('.').filter(|part| *part != "*");
        let named = known.split('.').zip(&parts);
        let by_name = known.split('.').count() == parts.len()
            && named.into_iter().all(|(k, part)| k == "*" || k == *part);
        if by_name || wanted.eq(parts.iter().copied()) {
            found = Some(key);
        }
    });
    found
}

/// Visits every key with its dotted path; named tables count as `*`.
pub fn visit(mut each: impl FnMut(&str, &'static Key)) {
    ROOT.visit(&mut each);
}

// The longest span a scenario may speak of, the same for a run and for everything in it.
const LONGEST: SimSpan = SimSpan::secs(30 * 86_400);

const fn key(name: &'static str, kind: Kind, presence: Presence, doc: &'static str) -> Key {
    Key { name, kind, presence, doc, example: None, codes: &[] }
}

const fn integer(min: i64, max: i64) -> Kind {
    Kind::Integer { min, max }
}

const fn size(min: Bytes, max: Bytes) -> Kind {
    Kind::Size { min, max, limit: false }
}

const fn memory_limit() -> Kind {
    Kind::Size { min: Bytes::mib(64), max: Bytes::gib(64 << 10), limit: true }
}

const fn span(min: SimSpan) -> Kind {
    Kind::Span { min, max: LONGEST }
}

const fn rate() -> Kind {
    Kind::Rate { min: ByteRate(1_000), max: ByteRate(10_000_000_000_000) }
}

const fn percent(max: f64) -> Kind {
    Kind::Percent { max }
}
