//! Go's growing slices and buffers, step by step, made of the single step that the model takes.

use oomcast::model::memory::alloc::{Pointers, append_capacity, block_size, grow_slice};
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
