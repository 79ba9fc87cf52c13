//! What encoding a list for a response allocates, and how much of it lives at one time.
//!
//! Exact, given the list's writes: the capacities of the encode buffer, the blocks of values that
//! did not fit, the finished copies, the slices of items and sizes, the protobuf buffer, hence
//! [`held`](ListEncoding::held), [`peak_buffers`](ListEncoding::peak_buffers) and
//! [`big_blocks`](ListEncoding::big_blocks).
//!
//! Known to a few dozen bytes: the small constant blocks around them (the encoder, its state),
//! taken from recorded runs and part of [`total`](ListEncoding::total) and
//! [`live_at_write`](ListEncoding::live_at_write).
//!
//! Not modelled: a pool that loses its buffer to a collection in the middle of an item-by-item
//! encoding (one more item's buffer), values with characters to escape, map keys too long for the
//! buffer's free space at just the wrong moment.
//!
//! Sources: Go 1.26 `encoding/json` `encode.go` `Marshal`, `stream.go` `Encode`; apimachinery
//! 0.36 `pkg/runtime/serializer/json/collections.go`, `pkg/api/meta/help.go` `extractList`;
//! apimachinery 0.32 `pkg/apis/meta/v1/unstructured`
//! `UnstructuredList.MarshalJSON`. The constant overheads: `go-encode` data of the tests.

use super::json_buffer::{JsonBuffer, JsonList, Write};
use super::size_class::{Pointers, block_size};
use crate::units::Bytes;

/// A pooled `encodeState` with its map, beside the buffer. Source: recorded `heldAfter`.
const ENCODE_STATE: Bytes = Bytes(328);
/// A `json.Encoder`, or a `bytes.Buffer`. Source: recorded `totalAgain`.
pub(super) const ENCODER: Bytes = Bytes(48);
/// What a `json.Encoder` puts after each value. Source: `encoding/json/stream.go` `Encode`.
const LINE_END: Write = Write::Whole(Bytes(1));
/// An interface value of an item in the extracted list.
pub(super) const INTERFACE: Bytes = Bytes(16);

/// How a list is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JsonMethod {
    /// `json.Marshal`: the buffer, then a copy of the right size.
    Marshal,
    /// `json.Encoder` into a `bytes.Buffer`.
    ToBuffer,
    /// `json.Encoder` to the response in one write: lists up to Kubernetes 1.32.
    Whole,
    /// `json.Encoder` to the response, one call an item.
    Items,
    /// `json.Marshal` of item after item: lists from Kubernetes 1.33 (`StreamingCollections`).
    Streamed,
    /// Custom resources up to Kubernetes 1.32: a list that marshals itself into a buffer of its
    /// own is then compacted into the encoder's.
    Unstructured,
}

/// What an encoding allocates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListEncoding {
    /// Bytes of the response.
    pub out: Bytes,
    /// Writes to the response, and the largest of them.
    pub writes: u64,
    /// The largest write.
    pub largest_write: Bytes,
    /// The growing buffer: all capacities in order. The last one goes back to a pool.
    pub buffers: Vec<Bytes>,
    /// Further buffer that goes back to a pool (custom resources).
    pub second_buffer: Bytes,
    /// Blocks of values that did not fit into the buffer: garbage at once.
    pub values: Vec<Bytes>,
    /// A finished copy, and how many of them are made.
    pub copy: Bytes,
    /// How many copies are made, one after the other.
    pub copies: u64,
    /// Slices that live as long as the encoding.
    pub slices: Vec<Bytes>,
    /// Small garbage of every encoding (map iteration, field headers).
    pub garbage: Garbage,
    /// Small constant blocks: kept by the pool, freed with the encoding, garbage at once.
    pub(super) overhead: Overhead,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Overhead {
    pub(super) pooled: Bytes,
    pub(super) held: Bytes,
    pub(super) again: Bytes,
    pub(super) blocks: u64,
}

/// Small blocks that are garbage at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Garbage {
    /// Their bytes together.
    pub bytes: Bytes,
    /// Their number.
    pub blocks: u64,
}

impl Garbage {
    /// The garbage of a map of so many entries: something to sort for each (40 bytes), and copies
    /// of the headers of keys and values: `value_header` is 16 for strings, 24 for `[]byte`.
    /// Source: `encoding/json/encode.go` `mapEncoder.encode`.
    #[must_use]
    pub fn of_map(entries: u64, value_header: Bytes) -> Self {
        let headers = block_size(value_header, Pointers::Some) + Bytes(16);
        Self {
            bytes: block_size(Bytes(40).times(entries), Pointers::Some) + headers.times(entries),
            blocks: entries.saturating_mul(2).saturating_add(1),
        }
    }

    /// `n` times that.
    #[must_use]
    pub const fn times(self, n: u64) -> Self {
        Self { bytes: self.bytes.times(n), blocks: self.blocks.saturating_mul(n) }
    }
}

/// Which code made a block of [`ListEncoding::big_blocks`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Maker {
    /// `bytes.growSlice`.
    Buffer,
    /// `encoding/json.appendString` or `encodeByteSlice`.
    Value,
    /// `encoding/json.Marshal` or the second buffer's `bytes.growSlice`.
    Copy,
    /// `meta.extractList`, `protobuf.listSize`.
    Slice,
}

impl ListEncoding {
    /// Encoding `list` as JSON. `item_garbage`: that of all maps of an item.
    #[must_use]
    pub fn json(method: JsonMethod, list: &JsonList, item_garbage: Garbage) -> Self {
        let mut encoding = match method {
            JsonMethod::Items => Self::json_items(list),
            JsonMethod::Streamed => Self::json_streamed(list),
            JsonMethod::Unstructured => Self::unstructured(list),
            JsonMethod::Marshal | JsonMethod::ToBuffer | JsonMethod::Whole => {
                Self::json_at_once(method, list)
            }
        };
        encoding.garbage = item_garbage.times(list.items);
        encoding
    }

    fn of_buffer(buffer: JsonBuffer) -> Self {
        Self {
            out: buffer.len,
            writes: 1,
            largest_write: buffer.len,
            buffers: buffer.capacities,
            values: buffer.values,
            overhead: Overhead {
                pooled: ENCODE_STATE,
                held: ENCODER.times(2),
                again: ENCODER,
                blocks: 4,
            },
            ..Self::default()
        }
    }

    fn json_at_once(method: JsonMethod, list: &JsonList) -> Self {
        let mut encoding = match method {
            JsonMethod::Marshal => Self::of_buffer(list.fill()),
            _ => Self::of_buffer(list.encode()),
        };
        match method {
            JsonMethod::Marshal => encoding.overhead.again = Bytes::ZERO,
            JsonMethod::ToBuffer => {
                encoding.overhead.again += ENCODER;
                encoding.overhead.blocks += 1;
            }
            _ => return encoding,
        }
        encoding.copy = block_size(encoding.out, Pointers::None);
        encoding.copies = 1;
        encoding
    }

    /// The buffer of one item, then used for all: items after a larger first fit.
    fn json_items(list: &JsonList) -> Self {
        let mut buffer = JsonBuffer::default();
        for item in list.first_two() {
            buffer.reset();
            buffer.write_all(item);
            buffer.write(LINE_END);
        }
        let lines = list.items_only() + Bytes(list.items);
        Self {
            out: lines,
            writes: list.items,
            largest_write: list.largest_item() + Bytes(1),
            ..Self::of_buffer(buffer)
        }
    }

    /// `{`, four writes each for kind, version and metadata, `"items":[`, the items with commas
    /// between, `]`, `}` and line end.
    fn json_streamed(list: &JsonList) -> Self {
        let mut buffer = JsonBuffer::default();
        // The first key is encoded on its own.
        buffer.write(Write::Whole(Bytes(6)));
        for item in list.first_two() {
            buffer.reset();
            buffer.write_all(item);
        }
        let all = list.items_only() + Bytes(list.items.saturating_sub(1));
        Self {
            out: all + list.envelope() + LINE_END.len(),
            writes: list.items.saturating_mul(2).saturating_add(15),
            largest_write: list.largest_item(),
            copy: block_size(list.largest_item(), Pointers::None),
            copies: list.items,
            slices: vec![block_size(INTERFACE.times(list.items), Pointers::Some)],
            overhead: Overhead {
                pooled: ENCODE_STATE,
                held: Bytes(128),
                again: Bytes(416),
                blocks: 31,
            },
            ..Self::of_buffer(buffer)
        }
    }

    /// The list into a pooled buffer, from there into a `bytes.Buffer` of the right size, from
    /// there compacted into the outer encoder's pooled buffer, which then grows for the line end.
    fn unstructured(list: &JsonList) -> Self {
        let inner = Self::json_at_once(JsonMethod::ToBuffer, list);
        let mut outer = JsonBuffer::default();
        outer.write(Write::Whole(inner.out));
        // The compacted list is one line end shorter; the encoder adds its own.
        Self {
            second_buffer: outer.capacity(),
            overhead: Overhead { pooled: ENCODE_STATE.times(2), ..inner.overhead },
            ..inner
        }
    }

    /// What the pools hold after it: lives on for up to two collections.
    #[must_use]
    pub fn held(&self) -> Bytes {
        self.buffer() + self.second_buffer + self.overhead.pooled
    }

    /// The final capacity of the growing buffer.
    #[must_use]
    pub fn buffer(&self) -> Bytes {
        self.buffers.last().copied().unwrap_or(Bytes::ZERO)
    }

    /// The highest sum of blocks of `least` bytes and more that are in use at one time: while the
    /// buffer is copied to its successor (with the largest value beside it), or at the end with
    /// the finished copy.
    #[must_use]
    pub fn peak_buffers(&self, least: Bytes) -> Bytes {
        let large = |size: Bytes| if size >= least { size } else { Bytes::ZERO };
        let last_two = self.buffers.iter().rev().take(2);
        let growing: Bytes = last_two.map(|size| large(*size)).sum();
        let value = self.values.iter().copied().max().unwrap_or_default();
        let end = large(self.buffer()) + large(self.copy) + large(self.second_buffer);
        (growing + large(value)).max(end)
    }

    /// Most bytes alive, beyond the list, when something is written to the response.
    #[must_use]
    pub fn live_at_write(&self) -> Bytes {
        let slices: Bytes = self.slices.iter().copied().sum();
        let copy = match self.second_buffer {
            Bytes::ZERO => self.copy,
            _ => Bytes::ZERO,
        };
        self.held() + self.overhead.held + copy + slices
    }

    /// How many blocks are allocated, with empty pools at the start.
    #[must_use]
    pub fn blocks(&self) -> u64 {
        let lists = self.buffers.len() + self.values.len() + self.slices.len();
        let second = u64::from(self.second_buffer != Bytes::ZERO);
        let few = lists as u64 + second + self.overhead.blocks;
        few.saturating_add(self.copies).saturating_add(self.garbage.blocks)
    }

    /// All bytes allocated, with empty pools at the start.
    #[must_use]
    pub fn total(&self) -> Bytes {
        let blocks = self.buffers.iter().chain(&self.values).copied();
        let again = self.total_again();
        again + blocks.sum::<Bytes>() + self.second_buffer + self.overhead.pooled
    }

    /// All bytes allocated when the pools hold what an earlier such encoding left.
    #[must_use]
    pub fn total_again(&self) -> Bytes {
        let slices: Bytes = self.slices.iter().copied().sum();
        slices + self.copy.times(self.copies) + self.garbage.bytes + self.overhead.again
    }

    /// All blocks of `least` bytes and more: who made them, their size and their number; in the
    /// order of [`Maker`], then of size.
    #[must_use]
    pub fn big_blocks(&self, least: Bytes) -> Vec<(Maker, Bytes, u64)> {
        let of = |maker, blocks: &[Bytes]| -> Vec<_> {
            blocks.iter().map(|size| (maker, *size, 1)).collect()
        };
        let mut all = of(Maker::Buffer, &self.buffers);
        all.extend(of(Maker::Value, &self.values));
        all.push((Maker::Copy, self.copy, self.copies));
        all.push((Maker::Copy, self.second_buffer, 1));
        all.extend(of(Maker::Slice, &self.slices));
        all.retain(|(_, size, count)| *size >= least && *count > 0);
        all.sort_unstable();
        let mut merged: Vec<(Maker, Bytes, u64)> = Vec::new();
        for (maker, size, count) in all {
            match merged.last_mut() {
                Some(last) if (last.0, last.1) == (maker, size) => {
                    last.2 = last.2.saturating_add(count);
                }
                _ => merged.push((maker, size, count)),
            }
        }
        merged
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::protobuf::ProtobufList;
    use super::*;

    const METHODS: [JsonMethod; 6] = [
        JsonMethod::Marshal,
        JsonMethod::ToBuffer,
        JsonMethod::Whole,
        JsonMethod::Items,
        JsonMethod::Streamed,
        JsonMethod::Unstructured,
    ];

    fn all(item: u64, items: u64) -> Vec<ListEncoding> {
        let list = JsonList::of_values(Bytes(item), Bytes(item), items);
        let protobuf =
            ProtobufList { names: Bytes(15), metadata: Bytes(6), item: Bytes(item), items };
        let garbage = Garbage::of_map(1, Bytes(16));
        let json = METHODS.map(|method| ListEncoding::json(method, &list, garbage));
        let [whole, streamed] = [protobuf.whole(), protobuf.streamed()];
        json.into_iter().chain([whole, streamed]).collect()
    }

    #[test]
    fn custom_resources_take_three_buffers() {
        let list = JsonList::of_fields(Bytes(17_486), Bytes::ZERO, Bytes::ZERO, 5_000);
        let crs = ListEncoding::json(JsonMethod::Unstructured, &list, Garbage::default());
        assert_eq!(crs.buffer(), Bytes::mib(128));
        assert_eq!(crs.copy, crs.second_buffer);
        assert_eq!(crs.copy, crs.out.round_up(8192));
        let end = crs.buffer() + crs.copy + crs.second_buffer;
        assert_eq!(crs.peak_buffers(Bytes(4096)), end);
        assert!(crs.live_at_write() < end);
    }

    #[test]
    fn absurd_sizes_end() {
        for item in [0, 1, 1 << 26, u64::MAX] {
            for items in [0, 1, 1_000_000_000, u64::MAX] {
                for encoding in all(item, items) {
                    assert!(encoding.big_blocks(Bytes(0)).len() < 300);
                    assert!(encoding.total() >= encoding.peak_buffers(Bytes(4096)));
                }
            }
        }
    }

    proptest! {
        #[test]
        fn amounts_agree(item in 2u64..1 << 26, items in 1u64..1_000_000_000) {
            for encoding in all(item, items) {
                let big: Bytes = encoding.big_blocks(Bytes(0)).iter().map(|b| b.1.times(b.2)).sum();
                prop_assert!(encoding.total() >= big);
                prop_assert!(encoding.total() >= encoding.total_again());
                // The encoder is counted twice while it writes.
                prop_assert!(encoding.total() + ENCODER >= encoding.live_at_write());
                prop_assert!(encoding.total() >= encoding.peak_buffers(Bytes(0)));
                prop_assert!(encoding.buffer() >= encoding.largest_write || encoding.writes > 1);
                prop_assert!(encoding.out >= Bytes(item).times(items));
            }
        }
    }
}
