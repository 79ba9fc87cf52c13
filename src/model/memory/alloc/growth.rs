//! Capacities of growing slices and buffers.
//!
//! Sources: Go 1.26 `runtime/slice.go` (`growslice`, `nextslicecap`), `bytes/buffer.go`
//! (`grow`, `growSlice`).

use super::size_class::{Pointers, usable_size};
use crate::units::Bytes;

/// Below this capacity `append` doubles, above it tends to 1.25 times.
/// Source: `runtime/slice.go` `nextslicecap` `threshold`.
pub const DOUBLING_LIMIT: u64 = 256;

/// First block of an empty `bytes.Buffer`. Source: `bytes/buffer.go` `smallBufferSize`.
pub const SMALL_BUFFER: Bytes = Bytes(64);

/// The capacity that `append` asks for, in elements, before rounding to a size class.
/// Source: `runtime/slice.go` `nextslicecap`.
fn next_capacity(new_len: u64, old: u64) -> u64 {
    let double = old.saturating_mul(2);
    if new_len > double {
        return new_len;
    }
    if old < DOUBLING_LIMIT {
        return double;
    }
    let mut capacity = old;
    while capacity < new_len {
        capacity = quarter_more(capacity);
    }
    if capacity == old { quarter_more(old) } else { capacity }
}

/// One step of the smooth way from doubling to 1.25 times.
const fn quarter_more(capacity: u64) -> u64 {
    capacity.saturating_add(capacity.saturating_add(3 * DOUBLING_LIMIT) >> 2)
}

/// Capacity in elements after `append` to a slice of capacity `old` needs room for `new_len`
/// elements of `element` bytes. Source: `runtime/slice.go` `growslice`.
#[must_use]
pub fn append_capacity(element: Bytes, pointers: Pointers, new_len: u64, old: u64) -> u64 {
    if element == Bytes::ZERO {
        return new_len;
    }
    let wanted = element.times(next_capacity(new_len, old));
    usable_size(wanted, pointers).0 / element.0
}

/// Capacity of a `bytes.Buffer` of capacity `old` (no part of it read yet) that needs room for
/// `new_len` bytes. Source: `bytes/buffer.go` `grow` and `growSlice`.
#[must_use]
pub fn grow_slice(new_len: Bytes, old: Bytes) -> Bytes {
    if old == Bytes::ZERO && new_len <= SMALL_BUFFER {
        return SMALL_BUFFER;
    }
    usable_size(new_len.max(old.times(2)), Pointers::None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_then_slows_down() {
        assert_eq!(append_capacity(Bytes(8), Pointers::Some, 1, 0), 1);
        assert_eq!(append_capacity(Bytes(8), Pointers::None, 5, 4), 8);
        assert_eq!(append_capacity(Bytes(1), Pointers::None, 1025, 1024), 1536);
        assert_eq!(append_capacity(Bytes(0), Pointers::None, 7, 3), 7);
        assert_eq!(grow_slice(Bytes(10), Bytes(0)), Bytes(64));
        assert_eq!(grow_slice(Bytes(65), Bytes(64)), Bytes(128));
    }
}
