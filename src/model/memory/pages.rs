//! Freed pages that are still resident, and which block can have them.
//!
//! The simplest model with the behaviour of Go's page heap (Go `runtime/mpagealloc.go`): a large block is a
//! run of pages at the lowest address at which it fits. When it is freed, it is a free run as long as it
//! was, together with free neighbours. So a buffer that doubles cannot grow into what it left: that is too
//! short, and only several buffers side by side leave room for the next one. Small blocks fill the gaps
//! that small blocks left, then the lowest free run. No large block fits into a gap. The scavenger returns
//! the highest runs first, and gaps last.
//!
//! A large block counts as allocated at once, but its pages become resident one after the other: freed ones
//! are set aside for it when it is allocated, the rest are fresh.

use super::ledger::EntryId;

/// Who has a stretch of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Live(EntryId),
    /// Garbage, since before or after the running cycle began.
    Dead,
    Dying,
    Free,
}

/// A stretch of addresses: a large block, or a free run.
#[derive(Clone, Copy, Debug)]
struct Span {
    bytes: u64,
    resident: u64,
    state: State,
}

/// See the module's documentation.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    /// In the order of their addresses.
    spans: Vec<Span>,
    /// Resident bytes of the free ones.
    runs: u64,
    gaps: u64,
    /// Freed pages set aside for blocks that are being touched.
    reserved: u64,
    /// Bytes of large blocks that are allocated and not yet touched.
    untouched: u64,
    /// Garbage of an entry that makes no whole block yet.
    partly_dead: Vec<(EntryId, u64)>,
}

impl Pages {
    /// Freed pages that small blocks can use.
    #[must_use]
    pub fn for_small(&self) -> u64 {
        self.runs + self.gaps
    }

    /// Freed pages that the large blocks have which are being touched.
    #[must_use]
    pub fn for_large(&self) -> u64 {
        self.reserved
    }

    /// All freed pages.
    #[must_use]
    pub fn freed(&self) -> u64 {
        self.runs + self.gaps + self.reserved
    }

    /// Bytes of large blocks that are allocated and not yet touched.
    #[must_use]
    pub fn untouched(&self) -> u64 {
        self.untouched
    }

    /// Adds gaps.
    pub fn add_gaps(&mut self, bytes: u64) {
        self.gaps += bytes;
    }

    /// Adds a free run at the lowest address.
    pub fn add_run(&mut self, bytes: u64) {
        self.spans.insert(0, Span { bytes, resident: bytes, state: State::Free });
        self.runs += bytes;
        self.merge();
    }

    /// Allocates a large block, to be touched later.
    pub fn allocate(&mut self, entry: EntryId, bytes: u64) {
        self.untouched += bytes;
        let block = Span { bytes, resident: bytes, state: State::Live(entry) };
        let fits = |span: &Span| span.state == State::Free && span.bytes >= bytes;
        let fresh = || Span { bytes, resident: 0, state: State::Free };
        let at = self.spans.iter().position(fits).unwrap_or_else(|| {
            // What is free at the end of the heap grows by as much as is missing.
            let end = self.spans.pop_if(|last| last.state == State::Free);
            self.spans.push(end.map_or_else(fresh, |run| Span { bytes, ..run }));
            self.spans.len() - 1
        });
        let run = &mut self.spans[at];
        let reused = run.resident.min(bytes);
        run.bytes -= bytes;
        run.resident -= reused;
        self.runs -= reused;
        self.reserved += reused;
        if run.bytes == 0 {
            self.spans[at] = block;
        } else {
            self.spans.insert(at, block);
        }
    }

    /// Touches bytes of large blocks; how many of them were resident.
    pub fn touch_large(&mut self, bytes: u64) -> u64 {
        let reused = bytes.min(self.reserved);
        self.reserved -= reused;
        self.untouched = self.untouched.saturating_sub(bytes);
        self.give_back();
        reused
    }

    /// Touches bytes of small blocks; how many of them were resident.
    pub fn touch_small(&mut self, bytes: u64) -> u64 {
        let of_gaps = bytes.min(self.gaps);
        self.gaps -= of_gaps;
        of_gaps + self.take(bytes - of_gaps, false)
    }

    /// Lets the scavenger return pages, as many as there are.
    pub fn scavenge(&mut self, bytes: u64) {
        let returned = self.take(bytes, true);
        self.gaps -= self.gaps.min(bytes - returned);
    }

    /// A block of an entry stays as it is: only `touched` of its `bytes` were touched.
    pub fn forsake(&mut self, entry: EntryId, bytes: u64, touched: u64) {
        if let Some(at) = self.block(entry, bytes) {
            self.spans[at].resident = touched;
        }
        self.untouched = self.untouched.saturating_sub(bytes - touched);
        self.give_back();
    }

    /// A block is another entry's from now on.
    pub fn hand_over(&mut self, from: EntryId, to: EntryId, bytes: u64) {
        if let Some(at) = self.block(from, bytes) {
            self.spans[at].state = State::Live(to);
        }
    }

    /// So many bytes of an entry became garbage: one block, or parts of some.
    pub fn dropped(&mut self, entry: EntryId, bytes: u64) {
        if let Some(at) = self.block(entry, bytes) {
            self.spans[at].state = State::Dead;
            return;
        }
        let live = |span: &Span| span.state == State::Live(entry);
        let known = self.partly_dead.iter().position(|(of, _)| *of == entry);
        let mut dead = bytes + known.map_or(0, |at| self.partly_dead.swap_remove(at).1);
        for span in self.spans.iter_mut().filter(|span| live(span)) {
            if span.resident <= dead {
                dead -= span.resident;
                span.state = State::Dead;
            }
        }
        if self.spans.iter().any(live) {
            self.partly_dead.push((entry, dead));
        }
    }

    /// A collection begins: it frees what is garbage now.
    pub fn begin_cycle(&mut self) {
        for span in self.spans.iter_mut().filter(|span| span.state == State::Dead) {
            span.state = State::Dying;
        }
    }

    /// A collection ends, and frees so many bytes of large and small blocks.
    pub fn end_cycle(&mut self, freed: u64) {
        let mut left = freed;
        for span in self.spans.iter_mut().filter(|span| span.state == State::Dying) {
            span.state = State::Free;
            span.resident = span.resident.min(left);
            left -= span.resident;
        }
        self.runs += freed - left;
        self.gaps += left;
        self.merge();
    }

    fn block(&self, entry: EntryId, bytes: u64) -> Option<usize> {
        let is = |span: &Span| span.state == State::Live(entry) && span.bytes == bytes;
        self.spans.iter().position(is)
    }

    /// Takes resident pages out of runs: the lowest, as small blocks that stay there, or the highest, which
    /// are free still, but not resident.
    fn take(&mut self, bytes: u64, scavenged: bool) -> u64 {
        let mut left = bytes.min(self.runs);
        let taken = left;
        if taken == 0 {
            return 0;
        }
        for index in 0..self.spans.len() {
            if left == 0 {
                break;
            }
            let at = if scavenged { self.spans.len() - 1 - index } else { index };
            let span = &mut self.spans[at];
            if span.state == State::Free {
                let part = span.resident.min(left);
                span.resident -= part;
                span.bytes -= if scavenged { 0 } else { part };
                left -= part;
            }
        }
        self.runs -= taken;
        self.spans.retain(|span| span.bytes > 0);
        taken
    }

    /// Pages set aside for a block that did not need them are free again.
    fn give_back(&mut self) {
        if self.untouched == 0 && self.reserved > 0 {
            let bytes = std::mem::take(&mut self.reserved);
            self.add_run(bytes);
        }
    }

    fn merge(&mut self) {
        let free = |span: &Span| span.state == State::Free;
        self.spans.dedup_by(|next, span| {
            let both = free(next) && free(span);
            if both {
                span.bytes += next.bytes;
                span.resident += next.resident;
            }
            both
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::memory::ledger::OwnerId;
    use crate::results::Mechanism;

    fn entry() -> EntryId {
        OwnerId::SERVER.entry(Mechanism::ResponseBuffer)
    }

    /// Buffers that grow side by side: how much of the last one's pages was resident.
    fn reused(buffers: u64, sizes: &[u64]) -> u64 {
        let mut pages = Pages::default();
        let mut reused = 0;
        for (step, size) in sizes.iter().enumerate() {
            for buffer in 0..buffers {
                pages.allocate(entry(), *size);
                reused = pages.touch_large(*size);
                assert_eq!(pages.untouched(), 0);
                if step > 0 {
                    pages.dropped(entry(), sizes[step - 1]);
                }
                if buffer + 1 == buffers {
                    let freed = if step > 0 { buffers * sizes[step - 1] } else { 0 };
                    pages.begin_cycle();
                    pages.end_cycle(freed);
                }
            }
        }
        reused
    }

    #[test]
    fn a_doubling_buffer_does_not_fit_into_what_it_left() {
        assert_eq!(reused(1, &[100, 200, 400, 800]), 0, "100 and 200 side by side are too short");
        assert_eq!(reused(4, &[100, 200, 400]), 0, "400 was freed, and taken by the first");
        assert_eq!(reused(1, &[100, 200, 100]), 100, "a smaller one does");
    }

    #[test]
    fn neighbours_make_one_run() {
        let mut pages = Pages::default();
        for _ in 0..4 {
            pages.allocate(entry(), 100);
        }
        pages.touch_large(400);
        (0..3).for_each(|_| pages.dropped(entry(), 100));
        pages.begin_cycle();
        pages.end_cycle(300);
        assert_eq!((pages.freed(), pages.for_large()), (300, 0));
        pages.allocate(entry(), 250);
        assert_eq!(pages.for_large(), 250);
        assert_eq!(pages.touch_large(250), 250);
        assert_eq!(pages.touch_small(80), 50, "the rest of the run");
    }

    #[test]
    fn what_small_blocks_leave_fits_no_large_one() {
        let mut pages = Pages::default();
        pages.end_cycle(500);
        pages.allocate(entry(), 100);
        assert_eq!(pages.touch_large(100), 0);
        assert_eq!(pages.touch_small(600), 500);
    }

    #[test]
    fn a_block_that_was_cut_frees_what_was_touched() {
        let mut pages = Pages::default();
        pages.allocate(OwnerId::SERVER.entry(Mechanism::Pools), 10);
        pages.touch_large(10);
        pages.add_run(60);
        pages.allocate(entry(), 100);
        let reused = pages.touch_large(40);
        assert_eq!(reused, 0, "a run of 60 is too short, and does not lie at the end");
        pages.forsake(entry(), 100, 40);
        pages.dropped(entry(), 40);
        pages.begin_cycle();
        pages.end_cycle(40);
        assert_eq!((pages.freed(), pages.untouched()), (100, 0));
        pages.scavenge(90);
        assert_eq!(pages.freed(), 10);
    }
}
