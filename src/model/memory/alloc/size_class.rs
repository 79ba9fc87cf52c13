//! Rounding of an allocation to its size class or to whole pages.
//!
//! Source: Go 1.26 `runtime/msize.go` (`roundupsize`), `internal/runtime/gc/sizeclasses.go`,
//! `internal/runtime/gc/malloc.go` (`MallocHeaderSize`, `MinSizeForMallocHeader`).

use crate::units::Bytes;

/// A page of the Go heap. Source: `internal/runtime/gc/sizeclasses.go` `PageShift` = 13.
pub const PAGE: u64 = 8192;

/// Largest block that has a size class. Source: `sizeclasses.go` `MaxSmallSize`.
pub const MAX_SMALL: u64 = 32_768;

/// The word that says which type a block with pointers holds, in front of it.
/// Source: `internal/runtime/gc/malloc.go` `MallocHeaderSize`.
pub const HEADER: u64 = 8;

/// Up to this size, pointers are marked at the end of the span: no header.
/// Source: `internal/runtime/gc/malloc.go` `MinSizeForMallocHeader`.
pub const MAX_WITHOUT_HEADER: u64 = 512;

/// Sizes of small blocks. Source: `internal/runtime/gc/sizeclasses.go` `SizeClassToSize`.
pub const SIZE_CLASSES: [u16; 67] = [
    8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 352,
    384, 416, 448, 480, 512, 576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792, 2048,
    2304, 2688, 3072, 3200, 3456, 4096, 4864, 5376, 6144, 6528, 6784, 6912, 8192, 9472, 9728,
    10240, 10880, 12288, 13568, 14336, 16384, 18432, 19072, 20480, 21760, 24576, 27264, 28672,
    32768,
];

/// Whether the collector looks for pointers in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pointers {
    /// Bytes and numbers (`noscan`).
    None,
    /// Anything with a pointer in it: strings, slices, maps, interfaces (`scan`).
    Some,
}

/// Bytes in front of a block of `size`.
const fn header(size: u64, pointers: Pointers) -> u64 {
    match pointers {
        Pointers::Some if size > MAX_WITHOUT_HEADER && size <= MAX_SMALL - HEADER => HEADER,
        _ => 0,
    }
}

/// What an allocation of `size` takes from the heap, its header included.
///
/// Blocks without pointers under 16 bytes share a block in fact (the tiny allocator).
/// Source: `runtime/malloc.go` `mallocgc`.
#[must_use]
pub fn block_size(size: Bytes, pointers: Pointers) -> Bytes {
    if size.0 > MAX_SMALL - HEADER {
        return size.round_up(PAGE);
    }
    let need = size.0 + header(size.0, pointers);
    let class = SIZE_CLASSES.partition_point(|class| u64::from(*class) < need);
    match (need, SIZE_CLASSES.get(class)) {
        (0, _) => Bytes::ZERO,
        (_, Some(size)) => Bytes(u64::from(*size)),
        (_, None) => Bytes(MAX_SMALL),
    }
}

/// What an allocation of `size` could hold: its block less its header.
/// Source: `runtime/msize.go` `roundupsize`.
#[must_use]
pub fn usable_size(size: Bytes, pointers: Pointers) -> Bytes {
    block_size(size, pointers) - Bytes(header(size.0, pointers))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn edges() {
        let none = |n| block_size(Bytes(n), Pointers::None).0;
        let some = |n| block_size(Bytes(n), Pointers::Some).0;
        assert_eq!([none(0), none(1), none(9), none(32_768)], [0, 8, 16, 32_768]);
        assert_eq!([none(32_769), none(40_961)], [40_960, 49_152]);
        assert_eq!([some(512), some(513), some(568), some(569)], [512, 576, 576, 640]);
        assert_eq!([some(28_664), some(28_665), some(32_768)], [28_672, 32_768, 32_768]);
        assert_eq!(usable_size(Bytes(513), Pointers::Some), Bytes(568));
        assert_eq!(none(u64::MAX), u64::MAX);
    }

    proptest! {
        #[test]
        fn holds_what_was_asked_for(a in 0u64..1 << 40, b in 0u64..1 << 17) {
            for pointers in [Pointers::None, Pointers::Some] {
                for n in [a, b] {
                    let usable = usable_size(Bytes(n), pointers);
                    prop_assert!(usable.0 >= n);
                    prop_assert!(block_size(Bytes(n), pointers) >= usable);
                    prop_assert!(block_size(Bytes(n + 1), pointers) >= block_size(Bytes(n), pointers));
                    prop_assert_eq!(usable_size(usable, pointers), usable, "a full block stays");
                }
            }
        }
    }
}
