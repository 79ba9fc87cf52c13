//! The API server's protobuf: one buffer of the right size, or item by item.
//!
//! Sources: apimachinery 0.36 `pkg/runtime/serializer/protobuf/protobuf.go` (`doEncode`,
//! `estimateUnknownSize`) and `collections.go` (`listSize`, `streamingEncodeList`),
//! `pkg/runtime/allocator.go`. The constant overheads: `go-encode` data of the tests.

use super::encode::{ENCODER, Garbage, INTERFACE, ListEncoding, Overhead};
use super::size_class::{Pointers, block_size};
use crate::units::Bytes;

/// A pooled protobuf `Allocator`, beside its buffer. Source: recorded `heldAfter`.
const ALLOCATOR: Bytes = Bytes(240);
/// The size of an item, remembered.
const WORD: Bytes = Bytes(8);

/// A list for the API server's protobuf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtobufList {
    /// Lengths of `apiVersion` and `kind` together.
    pub names: Bytes,
    /// Bytes of the list's metadata message.
    pub metadata: Bytes,
    /// Bytes of an item's message.
    pub item: Bytes,
    /// Number of items.
    pub items: u64,
}

/// Bytes of `n` as a varint. Source: `generated.pb.go` `sovGenerated`.
const fn varint(n: u64) -> u64 {
    (u64::BITS - (n | 1).leading_zeros()).div_ceil(7) as u64
}

/// Field number and length in front of a message of `n` bytes.
const fn tag(n: Bytes) -> Bytes {
    Bytes(1 + varint(n.0))
}

/// What the estimate of a response's size leaves for the length of the list, whatever it takes.
/// Source: apimachinery `protobuf.go` `estimateUnknownSize`.
const LENGTH_ESTIMATE: u64 = 8;

/// The block that a protobuf response of `total` bytes is built in, whole: lists up to
/// Kubernetes 1.32, and everything that is not a list.
#[must_use]
pub fn protobuf_buffer_capacity(total: Bytes) -> Bytes {
    let spare = LENGTH_ESTIMATE.saturating_sub(varint(total.0));
    block_size(total + Bytes(spare), Pointers::None)
}

impl ProtobufList {
    /// The list message.
    fn raw(&self) -> Bytes {
        let item = tag(self.item) + self.item;
        tag(self.metadata) + self.metadata + item.times(self.items)
    }

    /// The whole response: magic number, `Unknown` with type, list, content encoding and type.
    #[must_use]
    pub fn response(&self) -> Bytes {
        let names = self.names + Bytes(4);
        let raw = self.raw();
        Bytes(4) + tag(names) + names + tag(raw) + raw + Bytes(4)
    }

    /// Encoding in one buffer of the right size: up to Kubernetes 1.32.
    #[must_use]
    pub fn whole(&self) -> ListEncoding {
        let out = self.response();
        ListEncoding {
            out,
            writes: 1,
            largest_write: out,
            buffers: vec![protobuf_buffer_capacity(out)],
            overhead: Overhead {
                pooled: ALLOCATOR,
                held: ENCODER.times(2),
                again: ENCODER,
                blocks: 3,
            },
            ..ListEncoding::default()
        }
    }

    /// Encoding item by item: from Kubernetes 1.33. An item takes three writes: field number,
    /// length, message.
    #[must_use]
    pub fn streamed(&self) -> ListEncoding {
        let header = if varint(self.item.0) == 1 { 2 } else { 4 };
        ListEncoding {
            out: self.response(),
            writes: self.items.saturating_mul(3).saturating_add(15),
            largest_write: self.item,
            buffers: vec![block_size(self.item, Pointers::None)],
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
            ..ListEncoding::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn varints() {
        assert_eq!([0, 127, 128, 16_383, 16_384].map(varint), [1, 1, 2, 2, 3]);
        assert_eq!(varint(u64::MAX), 10);
    }

    proptest! {
        #[test]
        fn protobuf_fits_tightly(total in 0u64..1 << 40) {
            let capacity = protobuf_buffer_capacity(Bytes(total));
            prop_assert!(capacity >= Bytes(total));
            prop_assert!(capacity <= Bytes(total + total / 4 + 8192 + 8));
            prop_assert!(protobuf_buffer_capacity(Bytes(total + 1)) >= capacity);
        }
    }
}
