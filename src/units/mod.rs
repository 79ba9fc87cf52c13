//! Typed quantities: bytes, instants, spans of time, rates, and their text forms.
//!
//! Nothing in a public signature is a bare number of bytes or seconds. Arithmetic saturates or is
//! checked: a quantity that came from a user can be absurd, but it cannot panic.

mod bytes;
mod day;
mod hash;
mod rate;
mod sort;
mod text;
mod time;

pub use bytes::Bytes;
pub use day::Day;
pub use hash::Fnv;
pub use rate::ByteRate;
pub use sort::Sort;
pub use text::{QuantityError, parse_byte_rate, parse_bytes, parse_span};
pub use time::{SimSpan, SimTime};

/// The nearest whole number, halves up; negative and NaN become zero, too large the maximum. The same
/// as `value.round() as u64`, without the call that [`f64::round`] is on processors of any age.
#[must_use]
pub(crate) fn rounded(value: f64) -> u64 {
    let whole = value as u64;
    whole.saturating_add(u64::from(value - whole as f64 >= 0.5))
}
