//! Everything that encoding a list allocates: the large blocks as the model has them
//! ([`JsonEncoding`]), and around them the small blocks of constant size that the recordings show.

use oomcast::model::memory::alloc::{
    JsonBuffer, JsonEncoding, JsonList, Pointers, Write, block_size, protobuf_buffer_capacity,
    varint,
};
use oomcast::units::Bytes;

/// A pooled `encodeState` with its map, beside the buffer. Source: recorded `heldAfter`.
const ENCODE_STATE: Bytes = Bytes(328);
/// A `json.Encoder`, or a `bytes.Buffer`. Source: recorded `totalAgain`.
const ENCODER: Bytes = Bytes(48);
/// A pooled protobuf `Allocator`, beside its buffer. Source: recorded `heldAfter`.
const ALLOCATOR: Bytes = Bytes(240);
/// An interface value of an item in the extracted list.
const INTERFACE: Bytes = Bytes(16);
/// The size of an item, remembered.
const WORD: Bytes = Bytes(8);

/// Small constant blocks: kept by the pool, freed with the encoding, garbage at once.
#[derive(Clone, Copy, Debug, Default)]
struct Overhead {
    pooled: Bytes,
    held: Bytes,
    again: Bytes,
    blocks: u64,
}

const AT_ONCE: Overhead =
    Overhead { pooled: ENCODE_STATE, held: Bytes(96), again: ENCODER, blocks: 4 };

/// Small blocks that are garbage at once.
#[derive(Clone, Copy, Debug, Default)]
struct Garbage {
    bytes: Bytes,
    blocks: u64,
}

impl Garbage {
    fn times(self, n: u64) -> Self {
        Self { bytes: self.bytes.times(n), blocks: self.blocks * n }
    }
}

/// The garbage of a map of one string: something to sort (40 bytes), and copies of the headers of
/// key and value. Source: `encoding/json/encode.go` `mapEncoder.encode`.
fn map_of_one() -> Garbage {
    let sorted = block_size(Bytes(40), Pointers::Some);
    let headers = block_size(Bytes(16), Pointers::Some) + Bytes(16);
    Garbage { bytes: sorted + headers, blocks: 3 }
}

/// Which code made a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Maker {
    /// `bytes.growSlice`.
    Buffer,
    /// `encoding/json.appendString` or `encodeByteSlice`.
    Value,
    /// `encoding/json.Marshal`.
    Copy,
    /// `meta.extractList`, `protobuf.listSize`.
    Slice,
}

/// What an encoding allocates.
#[derive(Clone, Debug, Default)]
pub(crate) struct Encoding {
    /// Bytes of the response.
    pub(crate) out: Bytes,
    /// Writes to the response.
    pub(crate) writes: u64,
    pub(crate) largest_write: Bytes,
    blocks: JsonEncoding,
    /// How many finished copies are made, one after the other.
    copies: u64,
    /// Slices that live as long as the encoding.
    slices: Vec<Bytes>,
    garbage: Garbage,
    overhead: Overhead,
}

/// `json.Encoder` to the response in one write, as the model has it.
fn whole(list: &JsonList) -> Encoding {
    let out = list.encode().len;
    Encoding {
        out,
        writes: 1,
        largest_write: out,
        blocks: JsonEncoding::whole(list),
        overhead: AT_ONCE,
        ..Encoding::default()
    }
}

/// `json.Marshal`: no line end, and a copy of the right size.
fn marshal(list: &JsonList) -> Encoding {
    let JsonBuffer { len, capacities, values } = list.fill();
    let copy = block_size(len, Pointers::None);
    Encoding {
        out: len,
        largest_write: len,
        blocks: JsonEncoding { buffers: capacities, values, copy, ..JsonEncoding::default() },
        copies: 1,
        overhead: Overhead { again: Bytes::ZERO, ..AT_ONCE },
        ..whole(list)
    }
}

/// `json.Encoder` into a `bytes.Buffer`.
fn to_buffer(list: &JsonList) -> Encoding {
    let mut encoding = whole(list);
    encoding.blocks.copy = block_size(encoding.out, Pointers::None);
    encoding.copies = 1;
    encoding.overhead.again += ENCODER;
    encoding.overhead.blocks += 1;
    encoding
}

/// `json.Encoder` to the response, one call an item: the buffer of one item, then used for all.
fn item_by_item(list: &JsonList) -> Encoding {
    let mut buffer = JsonBuffer::default();
    for item in [&list.first, &list.item].into_iter().take(list.items.min(2) as usize) {
        buffer.reset();
        for write in item {
            buffer.write(*write);
        }
        buffer.write(Write::Whole(Bytes(1)));
    }
    let JsonBuffer { capacities, values, .. } = buffer;
    let (all, largest) = items(list);
    Encoding {
        out: all + Bytes(list.items),
        writes: list.items,
        largest_write: largest + Bytes(1),
        blocks: JsonEncoding { buffers: capacities, values, ..JsonEncoding::default() },
        overhead: AT_ONCE,
        ..Encoding::default()
    }
}

/// `json.Marshal` of item after item, as the model has it: `{`, four writes each for kind, version
/// and metadata, `"items":[`, the items with commas between, `]`, `}` and line end.
fn streamed(list: &JsonList) -> Encoding {
    let (all, largest) = items(list);
    Encoding {
        out: all
            + Bytes(list.items.saturating_sub(1))
            + sum(&list.head)
            + sum(&list.tail)
            + Bytes(1),
        writes: list.items * 2 + 15,
        largest_write: largest,
        blocks: JsonEncoding::streamed(list),
        copies: list.items,
        slices: vec![block_size(INTERFACE.times(list.items), Pointers::Some)],
        overhead: Overhead {
            pooled: ENCODE_STATE,
            held: Bytes(128),
            again: Bytes(416),
            blocks: 31,
        },
        ..Encoding::default()
    }
}

fn sum(writes: &[Write]) -> Bytes {
    writes.iter().map(|write| write.len()).sum()
}

/// Bytes of all items without anything between, and of the largest.
fn items(list: &JsonList) -> (Bytes, Bytes) {
    let (first, item) = (sum(&list.first), sum(&list.item));
    match list.items {
        0 => (Bytes::ZERO, Bytes::ZERO),
        1 => (first, first),
        n => (first + item.times(n - 1), first.max(item)),
    }
}

/// Encoding `list` as the recordings call it; `maps`: each item has a map of one string.
pub(crate) fn json(kind: &str, list: &JsonList, maps: bool) -> Encoding {
    let mut encoding = match kind {
        "json.Marshal" => marshal(list),
        "json.Encoder to bytes.Buffer" => to_buffer(list),
        "json.Encoder to stream" | "api list json whole" => whole(list),
        "json.Encoder item by item to stream" => item_by_item(list),
        "api list json streamed" => streamed(list),
        _ => panic!("unknown kind {kind}"),
    };
    if maps {
        encoding.garbage = map_of_one().times(list.items);
    }
    encoding
}

/// A list for the API server's protobuf.
pub(crate) struct ProtobufList {
    /// Lengths of `apiVersion` and `kind` together.
    pub(crate) names: Bytes,
    /// Bytes of the list's metadata message.
    pub(crate) metadata: Bytes,
    /// Bytes of an item's message.
    pub(crate) item: Bytes,
    /// Number of items.
    pub(crate) items: u64,
}

/// Field number and length in front of a message of `n` bytes.
fn tag(n: Bytes) -> Bytes {
    Bytes(1 + varint(n.0))
}

impl ProtobufList {
    /// The whole response: magic number, `Unknown` with type, list, content encoding and type.
    fn response(&self) -> Bytes {
        let names = self.names + Bytes(4);
        let item = tag(self.item) + self.item;
        let raw = tag(self.metadata) + self.metadata + item.times(self.items);
        Bytes(4) + tag(names) + names + tag(raw) + raw + Bytes(4)
    }

    /// Encoding in one buffer of the right size.
    pub(crate) fn whole(&self) -> Encoding {
        let out = self.response();
        Encoding {
            out,
            writes: 1,
            largest_write: out,
            blocks: of_one_buffer(protobuf_buffer_capacity(out)),
            overhead: Overhead {
                pooled: ALLOCATOR,
                held: ENCODER.times(2),
                again: ENCODER,
                blocks: 3,
            },
            ..Encoding::default()
        }
    }

    /// Encoding item by item: an item takes three writes: field number, length, message.
    pub(crate) fn streamed(&self) -> Encoding {
        let header = if varint(self.item.0) == 1 { 2 } else { 4 };
        Encoding {
            out: self.response(),
            writes: self.items * 3 + 15,
            largest_write: self.item,
            blocks: of_one_buffer(block_size(self.item, Pointers::None)),
            slices: vec![
                block_size(INTERFACE.times(self.items), Pointers::Some),
                block_size(WORD.times(self.items), Pointers::None),
            ],
            garbage: Garbage { bytes: Bytes(header), blocks: 2 }.times(self.items),
            overhead: Overhead {
                pooled: ALLOCATOR,
                held: Bytes(256),
                again: Bytes(316),
                blocks: 15,
            },
            ..Encoding::default()
        }
    }
}

fn of_one_buffer(capacity: Bytes) -> JsonEncoding {
    JsonEncoding { buffers: vec![capacity], ..JsonEncoding::default() }
}

impl Encoding {
    /// A finished copy.
    pub(crate) fn copy(&self) -> Bytes {
        self.blocks.copy
    }

    /// What the pools hold after it.
    pub(crate) fn held(&self) -> Bytes {
        self.blocks.buffer() + self.overhead.pooled
    }

    /// The highest sum of blocks of `least` bytes and more that are in use at one time: while the
    /// buffer is copied to its successor (with the largest value beside it), or at the end with
    /// the finished copy.
    pub(crate) fn peak_buffers(&self, least: Bytes) -> Bytes {
        let large = |size: Bytes| if size >= least { size } else { Bytes::ZERO };
        let growing: Bytes =
            self.blocks.buffers.iter().rev().take(2).map(|size| large(*size)).sum();
        let value = self.blocks.values.iter().copied().max().unwrap_or_default();
        (growing + large(value)).max(large(self.blocks.buffer()) + large(self.copy()))
    }

    /// Most bytes alive, beyond the list, when something is written to the response.
    pub(crate) fn live_at_write(&self) -> Bytes {
        let slices: Bytes = self.slices.iter().copied().sum();
        self.held() + self.overhead.held + self.copy() + slices
    }

    /// How many blocks are allocated, with empty pools at the start.
    pub(crate) fn blocks(&self) -> u64 {
        let lists = self.blocks.buffers.len() + self.blocks.values.len() + self.slices.len();
        lists as u64 + self.overhead.blocks + self.copies + self.garbage.blocks
    }

    /// All bytes allocated, with empty pools at the start.
    pub(crate) fn total(&self) -> Bytes {
        let blocks = self.blocks.buffers.iter().chain(&self.blocks.values).copied();
        self.total_again() + blocks.sum::<Bytes>() + self.overhead.pooled
    }

    /// All bytes allocated when the pools hold what an earlier such encoding left.
    pub(crate) fn total_again(&self) -> Bytes {
        let slices: Bytes = self.slices.iter().copied().sum();
        slices + self.copy().times(self.copies) + self.garbage.bytes + self.overhead.again
    }

    /// All blocks of `least` bytes and more: who made them, their size and their number.
    pub(crate) fn big_blocks(&self, least: Bytes) -> Vec<(Maker, Bytes, u64)> {
        let of = |maker, blocks: &[Bytes]| -> Vec<_> {
            blocks.iter().map(|size| (maker, *size, 1)).collect()
        };
        let mut all = of(Maker::Buffer, &self.blocks.buffers);
        all.extend(of(Maker::Value, &self.blocks.values));
        all.push((Maker::Copy, self.copy(), self.copies));
        all.extend(of(Maker::Slice, &self.slices));
        all.retain(|(_, size, count)| *size >= least && *count > 0);
        all
    }
}
