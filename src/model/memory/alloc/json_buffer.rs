//! The buffer that `encoding/json` fills with a whole list, then writes at once.
//!
//! `json.Marshal` and `json.Encoder` gather a value in a pooled `bytes.Buffer`. It starts with 64
//! bytes; when a write does not fit, it becomes twice as large, or as large as that write needs,
//! rounded to a size class. So a list's final capacity is the first item's capacity times a power
//! of two: between 1 and 2 times the list, decided by the first large value, not by the total.
//!
//! Strings and `[]byte` (base64, as in Secrets) are first built in the buffer's free space; if
//! that is too small they move to a block of their own, which grows as `append` does, and are
//! copied. The rule is the same for both. A `json.Marshaler` (managed fields, times) makes the
//! buffer grow by its length, without such a block.
//!
//! A new buffer is resident as a whole at once, not as far as it is filled: growing clears it
//! (seen with Go 1.23 and 1.26).
//!
//! Sources: Go 1.26 `encoding/json/encode.go` (`stringEncoder`, `appendString`,
//! `encodeByteSlice`, `marshalerEncoder`, `mapEncoder.encode`), `bytes/buffer.go`
//! (`AvailableBuffer`, `grow`). Go 1.23, which Kubernetes 1.32 is built with, has the same rules.
//! Not modelled: strings with characters to escape, which are built in more than one step.

use super::growth::{append_capacity, grow_slice};
use super::size_class::Pointers;
use crate::units::Bytes;

/// `{"kind":"SecretList","apiVersion":"v1","metadata":{"resourceVersion":"123456"},"items":[`.
const USUAL_HEAD: Bytes = Bytes(91);
/// `]}`.
const USUAL_TAIL: Bytes = Bytes(2);

/// One or more writes into the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// One write of that many bytes: punctuation with a name, or a `json.Marshaler`.
    Whole(Bytes),
    /// A string or `[]byte`, with its quotes.
    Value(Bytes),
    /// Many small writes of that many bytes together.
    Small(Bytes),
}

impl Write {
    /// Bytes written.
    #[must_use]
    pub const fn len(self) -> Bytes {
        match self {
            Self::Whole(n) | Self::Value(n) | Self::Small(n) => n,
        }
    }

    /// Whether nothing is written.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == Bytes::ZERO
    }
}

/// A list as a sequence of writes. Between items there is a comma.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JsonList {
    /// Before the first item.
    pub head: Vec<Write>,
    /// The first item, which decides the capacities.
    pub first: Vec<Write>,
    /// Every further item.
    pub item: Vec<Write>,
    /// After the last item, but for a line end.
    pub tail: Vec<Write>,
    /// Number of items, the first included.
    pub items: u64,
}

/// A buffer after all that was written into it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JsonBuffer {
    /// Bytes in it.
    pub len: Bytes,
    /// All capacities it went through: each is one block, the last one is held.
    pub capacities: Vec<Bytes>,
    /// Blocks of values that did not fit, in order: garbage once copied.
    pub values: Vec<Bytes>,
}

impl JsonList {
    /// A list whose items are one large value each (Secrets, `ConfigMaps`), in a usual envelope of
    /// 91 bytes before the first item. Where a real item ends in other fields, or its first few
    /// hundred bytes decide on another size class, the capacities differ by that class (one page in
    /// a megabyte, up to a fifth for small items).
    #[must_use]
    pub fn of_values(first_item: Bytes, item: Bytes, items: u64) -> Self {
        Self {
            head: vec![Write::Small(USUAL_HEAD)],
            first: vec![Write::Value(first_item)],
            item: vec![Write::Value(item)],
            tail: vec![Write::Small(USUAL_TAIL)],
            items,
        }
    }

    /// A list whose items are many small values each, but for one write of `largest` (0 for none)
    /// that begins after `before` bytes of the item: managed fields, which come early in it.
    #[must_use]
    pub fn of_fields(item: Bytes, before: Bytes, largest: Bytes, items: u64) -> Self {
        let before = before.min(item);
        let largest = largest.min(item - before);
        let item = vec![
            Write::Small(before),
            Write::Whole(largest),
            Write::Small(item - before - largest),
        ];
        Self {
            head: vec![Write::Small(USUAL_HEAD)],
            first: item.clone(),
            item,
            tail: vec![Write::Small(USUAL_TAIL)],
            items,
        }
    }

    /// The writes of the first item and of the others, as far as there are any.
    pub(super) fn first_two(&self) -> impl Iterator<Item = &[Write]> {
        let both = [self.first.as_slice(), self.item.as_slice()];
        both.into_iter().take(self.items.min(2) as usize)
    }

    /// Bytes of the largest item.
    pub(super) fn largest_item(&self) -> Bytes {
        self.first_two().map(sum).max().unwrap_or_default()
    }

    /// What a `json.Encoder` leaves in a fresh buffer: the list and a line end.
    /// Source: `encoding/json/stream.go` `Encode`.
    #[must_use]
    pub fn encode(&self) -> JsonBuffer {
        let mut buffer = self.fill();
        buffer.write(Write::Whole(Bytes(1)));
        buffer
    }

    /// What filling a fresh buffer with the list leaves.
    ///
    /// Looks at the items that make the buffer grow only, at most some sixty of them.
    #[must_use]
    pub fn fill(&self) -> JsonBuffer {
        let mut buffer = JsonBuffer::default();
        buffer.write_all(&self.head);
        if self.items > 0 {
            buffer.write_all(&self.first);
        }
        let stride = sum(&self.item).0.saturating_add(1);
        let mut left = self.items.saturating_sub(1);
        loop {
            let skipped = match buffer.capacity() {
                Bytes(u64::MAX) => left,
                _ => (buffer.free().0 / stride).min(left),
            };
            buffer.len += Bytes(stride).times(skipped);
            left -= skipped;
            if left == 0 {
                break;
            }
            buffer.write(Write::Whole(Bytes(1)));
            buffer.write_all(&self.item);
            left -= 1;
        }
        buffer.write_all(&self.tail);
        buffer
    }
}

fn sum(writes: &[Write]) -> Bytes {
    writes.iter().map(|write| write.len()).sum()
}

impl JsonBuffer {
    /// The capacity it has now.
    #[must_use]
    pub fn capacity(&self) -> Bytes {
        self.capacities.last().copied().unwrap_or(Bytes::ZERO)
    }

    /// Bytes allocated for it and for the values that did not fit.
    #[must_use]
    pub fn total(&self) -> Bytes {
        self.capacities.iter().chain(&self.values).copied().sum()
    }

    /// Empties it; it keeps its capacity.
    pub fn reset(&mut self) {
        self.len = Bytes::ZERO;
    }

    fn free(&self) -> Bytes {
        self.capacity() - self.len
    }

    /// Makes room for `n` more bytes.
    fn grow(&mut self, n: Bytes) {
        if n > self.free() {
            let need = self.len + n;
            let capacity = grow_slice(need, self.capacity());
            self.capacities.push(capacity.max(need));
        }
    }

    /// Several steps of encoding.
    pub(super) fn write_all(&mut self, writes: &[Write]) {
        for write in writes {
            self.write(*write);
        }
    }

    /// One step of encoding. (Writes of no bytes do nothing.)
    pub fn write(&mut self, write: Write) {
        match write {
            Write::Whole(n) => self.grow(n),
            Write::Value(n) => {
                self.build_value(n);
                self.grow(n);
            }
            Write::Small(n) => {
                while n > self.free() && self.capacity() < Bytes(u64::MAX) {
                    self.grow(self.free() + Bytes(1));
                }
            }
        }
        self.len += write.len();
    }

    /// Builds a value with its quotes in the free space of the buffer, or beside it.
    fn build_value(&mut self, n: Bytes) {
        let mut capacity = self.free();
        for len in [Bytes(1), n - Bytes(1), n] {
            if len > capacity && len <= n {
                capacity = Bytes(append_capacity(Bytes(1), Pointers::None, len.0, capacity.0));
                self.values.push(capacity);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same without leaping over the items that fit.
    fn fill_one_by_one(list: &JsonList) -> JsonBuffer {
        let mut buffer = JsonBuffer::default();
        buffer.write_all(&list.head);
        for i in 0..list.items {
            if i > 0 {
                buffer.write(Write::Whole(Bytes(1)));
            }
            buffer.write_all(if i == 0 { &list.first } else { &list.item });
        }
        buffer.write_all(&list.tail);
        buffer
    }

    fn capacities(item: Bytes, items: u64) -> Vec<Bytes> {
        JsonList::of_values(item, item, items).encode().capacities
    }

    #[test]
    fn large_secrets() {
        let capacities = self::capacities(Bytes(1_333_833), 400);
        let doublings: Vec<Bytes> = (0..10).map(|k| Bytes(1_335_296 << k)).collect();
        assert_eq!(capacities[..2], [Bytes(64), Bytes(128)], "the list's head");
        assert_eq!(capacities[2..], doublings);
    }

    /// Lists of Kubernetes 1.32 whose collections show what they allocated (gctrace, `MemStats`).
    #[test]
    fn measured_runs() {
        let last = |list: &JsonList| list.encode().capacity();
        // 4 lists of 400 Secrets had allocated 5268 MiB (4 x 1317) at the last collection, twice;
        // 8 lists 8573 MiB (8 x 1316 less three final buffers of 652).
        let secrets = JsonList::of_values(Bytes(1_333_833), Bytes(1_333_833), 400);
        assert_eq!(last(&secrets), Bytes(683_671_552));
        assert_eq!(secrets.encode().total().0 >> 20, 1315);
        // 10,000 ConfigMaps: one block of 192 MiB was allocated during a collection.
        let config_maps = JsonList::of_values(Bytes(10_470), Bytes(10_470), 10_000);
        assert_eq!(last(&config_maps), Bytes::mib(192));
        // 20,000 Pods, managed fields of about 2.3 kB early in each: 192 MiB fits the collections
        // and the resident peak of 16 lists at GOGC=50; doubling from 64 bytes (256) does not.
        let pods = JsonList::of_fields(Bytes(7_692), Bytes(480), Bytes(2_300), 20_000);
        assert_eq!(last(&pods), Bytes::mib(192));
        let plain = JsonList::of_fields(Bytes(7_692), Bytes::ZERO, Bytes::ZERO, 20_000);
        assert_eq!(last(&plain), Bytes::mib(256));
    }

    #[test]
    fn absurd_lists_end() {
        for n in [0, 1, 1 << 26, u64::MAX] {
            for items in [0, 1, 1_000_000_000, u64::MAX] {
                assert!(capacities(Bytes(n), items).len() < 70);
                let fields = JsonList::of_fields(Bytes(n), Bytes(n / 3), Bytes(n / 2), items);
                assert!(fields.fill().capacities.len() < 70);
            }
        }
    }

    fn write() -> impl Strategy<Value = Write> {
        (0u64..3000, 0..3).prop_map(|(n, kind)| match kind {
            0 => Write::Whole(Bytes(n)),
            1 => Write::Value(Bytes(n + 2)),
            _ => Write::Small(Bytes(n)),
        })
    }

    fn list() -> impl Strategy<Value = JsonList> {
        let writes = || proptest::collection::vec(write(), 0..4);
        (writes(), writes(), writes(), writes(), 0u64..300).prop_map(
            |(head, first, item, tail, items)| JsonList { head, first, item, tail, items },
        )
    }

    proptest! {
        #[test]
        fn leaping_changes_nothing(list in list()) {
            prop_assert_eq!(list.fill(), fill_one_by_one(&list));
        }

        #[test]
        fn holds_the_list_and_not_much_more(
            first in 2u64..10_000_000, item in 2u64..10_000_000, items in 1u64..1_000_000_000,
        ) {
            let buffer = JsonList::of_values(Bytes(first), Bytes(item), items).fill();
            let more = JsonList::of_values(Bytes(first), Bytes(item), items + 1).fill();
            prop_assert!(buffer.capacity() >= buffer.len);
            prop_assert!(buffer.len >= Bytes(item).times(items - 1) + Bytes(first));
            prop_assert!(buffer.total() >= buffer.capacity());
            prop_assert!(more.capacity() >= buffer.capacity());
            prop_assert!(more.len > buffer.len);
            for pair in buffer.capacities.windows(2) {
                prop_assert!(pair[1] >= pair[0].times(2));
            }
        }
    }

    #[test]
    fn a_value_is_built_by_its_quotes_and_what_lies_between() {
        let values = |n| {
            let mut buffer = JsonBuffer::default();
            buffer.write(Write::Value(Bytes(n)));
            buffer.values
        };
        // The quote gets the smallest block; the text a block of its own size; the last quote doubles
        // it where the text has filled it.
        assert_eq!(values(65), [8, 64, 128].map(Bytes));
        assert_eq!(values(60), [8, 64].map(Bytes));
    }
}
