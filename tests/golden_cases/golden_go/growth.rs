//! Go's growing slices and buffers, step by step, made of the single step that the model takes.

use oomcast::model::memory::alloc::{
    Pointers, append_capacity, block_size, grow_slice, usable_size,
};
use oomcast::units::Bytes;

/// One change of capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Growth {
    /// Elements after the write that made it grow.
    pub(crate) len: u64,
    /// Elements there is room for now.
    pub(crate) capacity: u64,
    /// Bytes allocated so far, this block included.
    pub(crate) total: Bytes,
}

/// All growths of a slice of `element`-byte elements that gets `chunk` more at a time until it
/// has `upto`.
pub(crate) fn append_growth(
    element: Bytes,
    pointers: Pointers,
    chunk: u64,
    upto: u64,
) -> Vec<Growth> {
    grow_by_chunks(chunk, upto, |len, old| {
        let capacity = append_capacity(element, pointers, len, old);
        (capacity, block_size(element.times(capacity), pointers))
    })
}

/// All growths of a `bytes.Buffer` that gets `chunk` bytes at a time until it has `upto`.
pub(crate) fn buffer_growth(chunk: Bytes, upto: Bytes) -> Vec<Growth> {
    grow_by_chunks(chunk.0, upto.0, |len, old| {
        let capacity = grow_slice(Bytes(len), Bytes(old));
        (capacity.0, block_size(capacity, Pointers::None))
    })
}

/// `grow` gives the new capacity and its block for a length and the old capacity.
fn grow_by_chunks(chunk: u64, upto: u64, grow: impl Fn(u64, u64) -> (u64, Bytes)) -> Vec<Growth> {
    let mut events: Vec<Growth> = Vec::new();
    let (mut capacity, mut total) = (0u64, Bytes::ZERO);
    let last = upto.div_ceil(chunk).saturating_mul(chunk);
    while capacity < last {
        // The first whole number of chunks that does not fit.
        let len = (capacity / chunk + 1).saturating_mul(chunk);
        let (new, block) = grow(len, capacity);
        assert!(new >= len, "a growth makes room");
        capacity = new;
        total += block;
        events.push(Growth { len, capacity, total });
    }
    events
}

/// What `io.ReadAll` leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReadAll {
    /// Capacity of the result.
    pub(crate) capacity: Bytes,
    /// Bytes allocated, the pieces and the list of pieces included.
    pub(crate) total: Bytes,
}

/// First piece of `io.ReadAll`, and the size that the following ones start from.
/// Source: Go 1.26 `io/io.go` `ReadAll`.
const FIRST_PIECE: Bytes = Bytes(512);
const NEXT_PIECE: u64 = 256;
/// Pieces that the list of pieces has room for on the stack, and bytes of an entry.
const PIECES_ON_STACK: u64 = 4;
const SLICE_HEADER: Bytes = Bytes(24);

/// `io.ReadAll` of `size` bytes from a source that gives at most `most` a read and then says in a
/// read of its own that this was all: pieces that grow by half, then one copy of the right size.
/// Nothing that the model follows reads this way; the recordings hold the rules of size classes and
/// growing lists below it.
pub(crate) fn read_all(size: Bytes, most: Bytes) -> ReadAll {
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
        next += next / 2;
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
