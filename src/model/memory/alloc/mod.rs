//! (stub until the golden branch lands)
use crate::units::Bytes;
/// Capacities.
#[must_use]
pub fn json_buffer_capacities(first: Bytes, item: Bytes, items: u64) -> Vec<Bytes> {
    let total = item.0.saturating_mul(items);
    let mut c = (first.0 + 300).next_multiple_of(if first.0 > 32768 { 8192 } else { 1024 });
    let mut v = vec![Bytes(c)];
    while c < total {
        c = (2 * c).next_multiple_of(if c > 16384 { 8192 } else { 1 });
        v.push(Bytes(c));
    }
    v
}
