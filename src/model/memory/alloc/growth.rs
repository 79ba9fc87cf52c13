//! Capacities of growing slices and buffers.
//!
//! Sources: Go 1.26 `runtime/slice.go` (`growslice`, `nextslicecap`), `bytes/buffer.go`
//! (`grow`, `growSlice`), `io/io.go` (`ReadAll`).

use super::size_class::{Pointers, block_size, usable_size};
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

/// What `io.ReadAll` leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadAll {
    /// Capacity of the result.
    pub capacity: Bytes,
    /// Bytes allocated: the pieces, the list of pieces and the result.
    pub total: Bytes,
}

/// First piece of `io.ReadAll`, and the size that the following ones start from.
/// Source: `io/io.go` `ReadAll`.
const FIRST_PIECE: Bytes = Bytes(512);
const NEXT_PIECE: u64 = 256;
/// Pieces that the list of pieces has room for on the stack, and bytes of an entry.
const PIECES_ON_STACK: u64 = 4;
const SLICE_HEADER: Bytes = Bytes(24);

/// `io.ReadAll` of `size` bytes from a source that gives at most `most` a read and then says in a
/// read of its own that this was all: pieces that grow by half, then one copy of the right size.
/// (Before Go 1.26 it appended to one slice.) Source: `io/io.go` `ReadAll`.
#[must_use]
pub fn read_all(size: Bytes, most: Bytes) -> ReadAll {
    let most = Bytes(most.0.max(1));
    let (mut piece, mut next) = (FIRST_PIECE, NEXT_PIECE);
    let mut total = piece;
    let (mut count, mut room_for) = (0u64, PIECES_ON_STACK);
    let mut left = size;
    while let Some(taken) = leaves_piece(piece, left, most) {
        left -= taken;
        count += 1;
        if count > room_for {
            room_for = append_capacity(SLICE_HEADER, Pointers::Some, count, room_for);
            total += block_size(SLICE_HEADER.times(room_for), Pointers::Some);
        }
        piece = usable_size(Bytes(next), Pointers::None);
        total += piece;
        next = next.saturating_add(next / 2);
    }
    if count == 0 {
        return ReadAll { capacity: piece, total };
    }
    let capacity = usable_size(size, Pointers::None);
    ReadAll { capacity, total: total + capacity }
}

/// Bytes read into a piece when less than a sixteenth of it is left free, which ends it; `None`
/// when `left` leaves more than that free.
fn leaves_piece(piece: Bytes, left: Bytes, most: Bytes) -> Option<Bytes> {
    let filled = piece.0 - piece.0 / 16;
    if left.0 <= filled {
        return None;
    }
    // After that many whole reads the piece is not yet ended; the next one ends it.
    let whole = filled / most.0;
    let read = most.0.saturating_mul(whole + 1);
    Some(piece.min(left).min(Bytes(read)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    #[test]
    fn absurd_bodies_end() {
        assert!(read_all(Bytes(u64::MAX), Bytes(0)).total.0 > 1 << 62);
    }

    /// A piece is read into until less than a sixteenth of it is free.
    #[test]
    fn a_piece_ends_with_the_read_that_fills_it() {
        let most = Bytes(700);
        let leaves = |left| leaves_piece(Bytes(1_600), Bytes(left), most);
        // 700 and 1,400 leave more than 100 free; the third read is cut at the end of the piece.
        assert_eq!(
            (leaves(1_500), leaves(1_501), leaves(9_000)),
            (None, Some(Bytes(1_501)), Some(Bytes(1_600)))
        );
        // 1,510 at once leaves 90 free.
        assert_eq!(leaves_piece(Bytes(1_600), Bytes(9_000), Bytes(1_510)), Some(Bytes(1_510)));
    }

    proptest! {
        #[test]
        fn read_all_holds(size in 0u64..1 << 40, most in 1u64..1 << 20) {
            let all = read_all(Bytes(size), Bytes(most));
            prop_assert!(all.capacity >= Bytes(size));
            prop_assert!(all.total >= all.capacity);
            prop_assert!(read_all(Bytes(size + 1), Bytes(most)).total >= all.total);
        }
    }
}
