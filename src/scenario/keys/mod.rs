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
pub(super) mod claims;
pub(super) mod cluster;
pub(super) mod events;
pub(super) mod growth;
pub(super) mod load;
pub(super) mod server;
pub(super) mod sweep;
pub(super) mod workloads;

use crate::units::{ByteRate, Bytes, SimSpan};

pub use crate::language::table::example::example;
pub use crate::language::table::{Family, Key, Kind, NameForm, OneOf, Presence, Table};
pub(crate) use load::ROOT;

use crate::language::table::typed::{self, Typed, minor, size};
use crate::model::release::{NEWEST_MINOR, OLDEST_MINOR};

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

const fn span(min: SimSpan) -> Typed<SimSpan> {
    typed::span(min, LONGEST)
}

/// A span of zero or more.
const fn any_span() -> Typed<SimSpan> {
    span(SimSpan::ZERO)
}

/// Nothing, or any amount of memory that a machine may have.
const fn any_size() -> Typed<Bytes> {
    size(Bytes::ZERO, Bytes::gib(64 << 10))
}

const fn rate() -> Typed<ByteRate> {
    rate_from(1_000)
}

const fn rate_from(least: u64) -> Typed<ByteRate> {
    typed::rate(ByteRate(least), ByteRate(10_000_000_000_000))
}

/// A minor release of Kubernetes that is modelled.
const fn release() -> Typed<u8> {
    minor("a Kubernetes release", OLDEST_MINOR, NEWEST_MINOR)
}
