//! The large blocks that encoding a JSON list allocates: the growing buffer, values that did not
//! fit into it, finished copies. Exact, given the list's writes.
//!
//! Not modelled: a pool that loses its buffer to a collection in the middle of an item-by-item
//! encoding (one more item's buffer), values with characters to escape, map keys too long for the
//! buffer's free space at just the wrong moment, and small blocks of constant size.
//!
//! Sources: Go 1.26 `encoding/json` `encode.go` `Marshal`, `stream.go` `Encode`; apimachinery
//! 0.36 `pkg/runtime/serializer/json/collections.go`; apimachinery 0.32
//! `pkg/apis/meta/v1/unstructured` `UnstructuredList.MarshalJSON`.

use super::json_buffer::{JsonBuffer, JsonList, Write};
use super::size_class::{Pointers, block_size};
use crate::units::Bytes;

/// What an encoding allocates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JsonEncoding {
    /// The growing buffer: all capacities in order. The last one goes back to a pool.
    pub buffers: Vec<Bytes>,
    /// Blocks of values that did not fit into the buffer: garbage at once.
    pub values: Vec<Bytes>,
    /// A finished copy: of an item where the list is streamed item by item, else of the list.
    pub copy: Bytes,
    /// Custom resources: a further buffer, which goes back to a pool.
    pub second_buffer: Bytes,
}

impl JsonEncoding {
    /// `json.Encoder` to the response in one write: lists without
    /// `StreamingCollectionEncodingToJSON`.
    #[must_use]
    pub fn whole(list: &JsonList) -> Self {
        Self::of_buffer(list.encode())
    }

    /// `json.Marshal` of item after item: lists with `StreamingCollectionEncodingToJSON`.
    #[must_use]
    pub fn streamed(list: &JsonList) -> Self {
        let mut buffer = JsonBuffer::default();
        // The first key is encoded on its own.
        buffer.write(Write::Whole(Bytes(6)));
        for item in list.first_two() {
            buffer.reset();
            buffer.write_all(item);
        }
        let copy = block_size(list.largest_item(), Pointers::None);
        Self { copy, ..Self::of_buffer(buffer) }
    }

    /// Custom resources in one write: the list goes into a pooled buffer, from there into a
    /// `bytes.Buffer` of the right size, from there compacted into the outer encoder's pooled
    /// buffer, which then grows for the line end.
    #[must_use]
    pub fn unstructured(list: &JsonList) -> Self {
        let inner = list.encode();
        let copy = block_size(inner.len, Pointers::None);
        let mut outer = JsonBuffer::default();
        outer.write(Write::Whole(inner.len));
        // The compacted list is one line end shorter; the encoder adds its own.
        Self { copy, second_buffer: outer.capacity(), ..Self::of_buffer(inner) }
    }

    fn of_buffer(buffer: JsonBuffer) -> Self {
        Self { buffers: buffer.capacities, values: buffer.values, ..Self::default() }
    }

    /// The final capacity of the growing buffer.
    #[must_use]
    pub fn buffer(&self) -> Bytes {
        self.buffers.last().copied().unwrap_or(Bytes::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn custom_resources_take_three_buffers() {
        let list = JsonList::of_fields(Bytes(17_486), Bytes::ZERO, Bytes::ZERO, 5_000);
        let crs = JsonEncoding::unstructured(&list);
        assert_eq!(crs.buffer(), Bytes::mib(128));
        assert_eq!(crs.copy, crs.second_buffer);
        assert_eq!(crs.copy, list.encode().len.round_up(8192));
    }

    proptest! {
        #[test]
        fn an_item_in_hand_is_less_than_the_list(item in 2u64..1 << 26, items in 2u64..1 << 30) {
            let list = JsonList::of_values(Bytes(item), Bytes(item), items);
            let (whole, streamed) = (JsonEncoding::whole(&list), JsonEncoding::streamed(&list));
            prop_assert!(whole.buffer() >= Bytes(item).times(items));
            prop_assert!(streamed.buffer() >= Bytes(item) && streamed.copy >= Bytes(item));
            prop_assert!(streamed.buffer() <= whole.buffer().max(Bytes(64)));
        }
    }
}
