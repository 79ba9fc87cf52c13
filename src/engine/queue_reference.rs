//! [`ReferenceQueue`]: the event queue on the standard heap.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::units::SimTime;

/// A pending event; `sequence` counts pushes, so no two are equal in order.
#[derive(Clone, Copy, Debug)]
struct Entry<E> {
    at: u64,
    sequence: u64,
    event: E,
}

/// The reference for tests and the baseline of benches: the behaviour of
/// [`EventQueue`](super::EventQueue) on [`BinaryHeap`], with a sequence number for equal times.
///
/// Models use `EventQueue`, which pops in the same order and faster.
#[derive(Clone, Debug)]
pub struct ReferenceQueue<E> {
    now: u64,
    pushed: u64,
    heap: BinaryHeap<Entry<E>>,
}

impl<E: Copy> Default for ReferenceQueue<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Copy> ReferenceQueue<E> {
    /// An empty queue with the clock at [`SimTime::ZERO`].
    #[must_use]
    pub const fn new() -> Self {
        Self { now: 0, pushed: 0, heap: BinaryHeap::new() }
    }

    /// The clock: the instant of the event popped last.
    #[must_use]
    pub const fn now(&self) -> SimTime {
        SimTime(self.now)
    }

    /// Events pending.
    #[must_use]
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether nothing is pending.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// Schedules `event` at the instant `at`, after all events already scheduled there.
    ///
    /// `at` must not lie before [`now`](Self::now): asserted in debug builds, otherwise taken as now.
    pub fn push(&mut self, at: SimTime, event: E) {
        debug_assert!(at.0 >= self.now, "scheduled at {at:?}, but it is {:?} already", self.now());
        self.heap.push(Entry { at: at.0.max(self.now), sequence: self.pushed, event });
        self.pushed += 1;
    }

    /// Takes the next event and sets the clock to its instant.
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        let entry = self.heap.pop()?;
        self.now = entry.at;
        Some((SimTime(entry.at), entry.event))
    }

    /// The instant of the next event, without moving the clock.
    #[must_use]
    pub fn next_time(&self) -> Option<SimTime> {
        self.heap.peek().map(|entry| SimTime(entry.at))
    }
}

/// Reversed, because `BinaryHeap` pops its maximum.
impl<E> Ord for Entry<E> {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.sequence).cmp(&(self.at, self.sequence))
    }
}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<E> Eq for Entry<E> {}
