//! [`EventQueue`]: a monotone radix-64 timing wheel with exact order.
//!
//! An instant is eleven digits in base 64. A pending event lies at the *level* of the highest digit
//! in which its instant differs from the clock, in the *slot* of that digit's value. Two facts make
//! the order exact without comparing events:
//!
//! - The lowest occupied level holds the earliest events, and in it the lowest slot. Two bitmaps find
//!   it in two instructions.
//! - Where an event lies depends on its instant and the clock only, and the clock moves only into the
//!   bucket that is about to be served, so every other event is already where it belongs. Hence equal
//!   instants always share a bucket, in push order: no sequence number is needed.
//!
//! A served bucket with several events is dealt out to lower levels (all empty then), in order; an
//! event is dealt at most once per level, and in practice once or twice in its life. Events for the
//! present instant skip the wheel and wait in a plain FIFO.
//!
//! Ahuja, Mehlhorn, Orlin and Tarjan's radix heap (1990) is the idea, Varghese and Lauck's
//! hierarchical timing wheel (1987) the layout.

use std::collections::VecDeque;

use crate::units::SimTime;

/// Bits in a digit: 64 slots, so that a level's occupancy is one machine word.
const DIGIT_BITS: u32 = 6;
/// Slots per level.
const SLOTS: usize = 1 << DIGIT_BITS;
/// Digits in a 64-bit instant: ⌈64 / 6⌉.
const LEVELS: usize = 11;
/// Entries a drained bucket may keep room for. More is given back, or the wheel would hold on to a
/// multiple of its largest population.
const RETAINED_ENTRIES: usize = 256;

/// A pending event and its instant in nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Entry<E> {
    at: u64,
    event: E,
}

/// Pending events in order of time, equal times in order of [`push`](Self::push); and the clock.
///
/// Both `push` and [`pop`](Self::pop) are O(1) amortised for any law of delays (at most one move per
/// level), exactly O(1) for zero delays. Events should be small `Copy` enums: ids, not data.
#[derive(Clone, Debug)]
pub struct EventQueue<E> {
    /// The clock: the instant of the last popped event.
    now: u64,
    /// Events of the instant `now`, in push order.
    due: VecDeque<E>,
    /// `LEVELS` × `SLOTS` buckets, level by level; never holds an event of the instant `now`.
    buckets: Vec<Vec<Entry<E>>>,
    /// Bit `s` of word `l`: bucket (l, s) is not empty.
    occupied_slots: [u64; LEVELS],
    /// Bit `l`: some slot of level `l` is occupied.
    occupied_levels: u32,
    /// Events in `due` and in all buckets.
    len: usize,
}

impl<E: Copy> Default for EventQueue<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Copy> EventQueue<E> {
    /// An empty queue with the clock at [`SimTime::ZERO`].
    #[must_use]
    pub fn new() -> Self {
        Self {
            now: 0,
            due: VecDeque::new(),
            buckets: (0..LEVELS * SLOTS).map(|_| Vec::new()).collect(),
            occupied_slots: [0; LEVELS],
            occupied_levels: 0,
            len: 0,
        }
    }

    /// The clock: the instant of the event popped last.
    #[must_use]
    pub const fn now(&self) -> SimTime {
        SimTime(self.now)
    }

    /// Events pending.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is pending.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Schedules `event` at the instant `at`, after all events already scheduled there.
    ///
    /// `at` must not lie before [`now`](Self::now): asserted in debug builds, otherwise taken as now.
    pub fn push(&mut self, at: SimTime, event: E) {
        debug_assert!(at.0 >= self.now, "scheduled at {at:?}, but it is {:?} already", self.now());
        let at = at.0.max(self.now);
        self.len += 1;
        self.place(Entry { at, event });
    }

    /// Takes the next event and sets the clock to its instant.
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        if let Some(event) = self.due.pop_front() {
            self.len -= 1;
            return Some((SimTime(self.now), event));
        }
        let index = self.take_first_bucket()?;
        self.len -= 1;
        let bucket = &mut self.buckets[index];
        if let [only] = bucket[..] {
            bucket.clear();
            self.now = only.at;
            return Some((SimTime(only.at), only.event));
        }
        let event = self.deal(index)?;
        Some((SimTime(self.now), event))
    }

    /// The instant of the next event, without moving the clock.
    ///
    /// Costs a look at every event of one bucket: meant for an occasional glance ahead. A loop that
    /// runs to a horizon should pop and compare.
    #[must_use]
    pub fn next_time(&self) -> Option<SimTime> {
        if !self.due.is_empty() {
            return Some(self.now());
        }
        let bucket = &self.buckets[self.first_bucket()?];
        bucket.iter().map(|entry| SimTime(entry.at)).min()
    }

    /// Puts an entry where it belongs, given the clock.
    fn place(&mut self, entry: Entry<E>) {
        let difference = entry.at ^ self.now;
        if difference == 0 {
            self.due.push_back(entry.event);
            return;
        }
        let level = difference.ilog2() / DIGIT_BITS;
        let slot = (entry.at >> (level * DIGIT_BITS)) & (SLOTS as u64 - 1);
        self.occupied_slots[level as usize] |= 1 << slot;
        self.occupied_levels |= 1 << level;
        self.buckets[level as usize * SLOTS + slot as usize].push(entry);
    }

    /// The index of the bucket with the earliest events.
    fn first_bucket(&self) -> Option<usize> {
        if self.occupied_levels == 0 {
            return None;
        }
        let level = self.occupied_levels.trailing_zeros() as usize;
        Some(level * SLOTS + self.occupied_slots[level].trailing_zeros() as usize)
    }

    /// The same, marking that bucket empty: the caller empties it.
    fn take_first_bucket(&mut self) -> Option<usize> {
        let index = self.first_bucket()?;
        let level = index / SLOTS;
        let slots = &mut self.occupied_slots[level];
        *slots &= *slots - 1;
        if *slots == 0 {
            self.occupied_levels &= self.occupied_levels - 1;
        }
        Some(index)
    }

    /// Moves the clock to the earliest instant in a bucket and deals its events out again: the first of
    /// that instant is returned, its equals become due, the others go to lower levels.
    fn deal(&mut self, index: usize) -> Option<E> {
        let mut bucket = std::mem::take(&mut self.buckets[index]);
        let earliest = bucket.iter().map(|entry| entry.at).min()?;
        self.now = earliest;
        let mut first = None;
        for entry in bucket.drain(..) {
            if entry.at == earliest && first.is_none() {
                first = Some(entry.event);
            } else {
                self.place(entry);
            }
        }
        if bucket.capacity() <= RETAINED_ENTRIES {
            self.buckets[index] = bucket;
        }
        // The room that a burst of equal instants took is given back once the burst is over.
        if self.due.capacity() > RETAINED_ENTRIES * 4 && self.due.len() < RETAINED_ENTRIES {
            self.due.shrink_to(RETAINED_ENTRIES);
        }
        first
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
