//! The buffer that a protobuf response is built in.
//!
//! Source: apimachinery 0.36 `pkg/runtime/serializer/protobuf/protobuf.go` (`doEncode`,
//! `estimateUnknownSize`), `pkg/runtime/allocator.go`.

use super::size_class::{Pointers, block_size};
use crate::units::Bytes;

/// Bytes of `n` as a varint. Source: `generated.pb.go` `sovGenerated`.
#[must_use]
pub const fn varint(n: u64) -> u64 {
    (u64::BITS - (n | 1).leading_zeros()).div_ceil(7) as u64
}

/// What the estimate of a response's size leaves for the length of the list, whatever it takes.
/// Source: apimachinery `protobuf.go` `estimateUnknownSize`.
const LENGTH_ESTIMATE: u64 = 8;

/// The block that a protobuf response of `total` bytes is built in, whole: lists without
/// `StreamingCollectionEncodingToProtobuf`, and everything that is not a list.
#[must_use]
pub fn protobuf_buffer_capacity(total: Bytes) -> Bytes {
    let spare = LENGTH_ESTIMATE.saturating_sub(varint(total.0));
    block_size(total + Bytes(spare), Pointers::None)
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
