//! One queue: first in, first out, with the sums that dealing and dispatching look at.
//!
//! Source: k8s.io/apiserver `fairqueuing/queueset/types.go`, `fifo_list.go`.

use super::request::{NONE, Slab};
use crate::model::apf::seat_seconds::SeatSeconds;

/// Sums over the waiting requests of a queue (`queueSum`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueSum {
    /// Of their initial seats.
    pub initial_seats: u64,
    /// Of the greater of their initial and final seats.
    pub max_seats: u64,
    /// Of their work.
    pub total_work: SeatSeconds,
}

/// A queue (`queue`): its waiting requests are linked through the slab.
#[derive(Clone, Debug)]
pub struct Queue {
    head: usize,
    tail: usize,
    /// Requests waiting.
    pub waiting: u64,
    /// Requests executing (not those lingering).
    pub executing: u64,
    /// Seats taken by its requests, also those lingering.
    pub seats_in_use: u64,
    /// The reading of R at which its next request is dispatched in the virtual world.
    pub next_dispatch_r: SeatSeconds,
    /// Sums over its waiting requests.
    pub sum: QueueSum,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            head: NONE,
            tail: NONE,
            waiting: 0,
            executing: 0,
            seats_in_use: 0,
            next_dispatch_r: SeatSeconds::ZERO,
            sum: QueueSum::default(),
        }
    }

    /// Whether it has a request waiting or executing; those lingering do not count.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.waiting > 0 || self.executing > 0
    }

    /// The slot of the oldest waiting request.
    pub(super) fn oldest(&self) -> Option<usize> {
        (self.head != NONE).then_some(self.head)
    }

    /// Appends a request (`Enqueue`).
    pub(super) fn push(&mut self, requests: &mut Slab, slot: usize) {
        let request = &mut requests[slot];
        request.prev = self.tail;
        request.next = NONE;
        self.sum.initial_seats += request.estimate.initial_seats;
        self.sum.max_seats += request.estimate.max_seats();
        self.sum.total_work = self.sum.total_work.plus(request.total_work);
        self.waiting += 1;
        if self.tail == NONE {
            self.head = slot;
        } else {
            requests[self.tail].next = slot;
        }
        self.tail = slot;
    }

    /// Takes a waiting request out, wherever it stands (`removeFromFIFOFunc`).
    pub(super) fn remove(&mut self, requests: &mut Slab, slot: usize) {
        let request = &mut requests[slot];
        let (prev, next) = (request.prev, request.next);
        request.prev = NONE;
        request.next = NONE;
        self.sum.initial_seats -= request.estimate.initial_seats;
        self.sum.max_seats -= request.estimate.max_seats();
        self.sum.total_work = self.sum.total_work.minus(request.total_work);
        self.waiting -= 1;
        match prev {
            NONE => self.head = next,
            _ => requests[prev].next = next,
        }
        match next {
            NONE => self.tail = prev,
            _ => requests[next].prev = prev,
        }
    }
}
