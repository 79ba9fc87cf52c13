//! Requests in a queue set, in a slab: nothing is allocated per request once it has grown.

use crate::model::apf::seat_seconds::SeatSeconds;
use crate::model::apf::work_estimate::WorkEstimate;
use crate::units::SimTime;

/// No slot, no queue.
pub(super) const NONE: usize = usize::MAX;

/// A request accepted by a queue set; dead once the request has given up its seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId {
    pub(super) slot: usize,
    pub(super) generation: u64,
}

/// Where a request is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// In its queue.
    Waiting,
    /// In the handler.
    Executing,
    /// Finished, with its seats still taken for the additional latency.
    Lingering,
    /// Gone: executed, cancelled or timed out.
    Gone,
}

/// A request as its queue set sees it (`request`, `completedWorkEstimate`).
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Where it is in its life.
    pub phase: Phase,
    /// The caller's own mark.
    pub key: u64,
    /// Its estimated work; at dispatch, final seats above the limit are cut.
    pub estimate: WorkEstimate,
    /// Initial plus final work, as worked out at arrival.
    pub total_work: SeatSeconds,
    /// Reading of R at arrival.
    pub arrival_r: SeatSeconds,
    /// When it arrived.
    pub arrival_time: SimTime,
    /// When it was dispatched.
    pub start_time: SimTime,
    pub(super) final_work: SeatSeconds,
    /// Index of its queue; [`NONE`] without.
    pub(super) queue: usize,
    /// Older neighbour in its queue.
    pub(super) prev: usize,
    /// Younger neighbour in its queue, or the next free slot.
    pub(super) next: usize,
    generation: u64,
}

impl Request {
    /// The index of its queue; `None` when it did not go through one.
    #[must_use]
    pub fn queue(&self) -> Option<usize> {
        (self.queue != NONE).then_some(self.queue)
    }
}

/// What is known of a request on arrival.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub(super) key: u64,
    pub(super) estimate: WorkEstimate,
    pub(super) initial_work: SeatSeconds,
    pub(super) final_work: SeatSeconds,
    pub(super) r: SeatSeconds,
    pub(super) time: SimTime,
}

/// All requests of a queue set; freed slots are used again, last freed first.
#[derive(Clone, Debug)]
pub(super) struct Slab {
    requests: Vec<Request>,
    free: usize,
}

impl Slab {
    pub(super) fn new() -> Self {
        Self { requests: Vec::new(), free: NONE }
    }

    /// Takes a slot for a waiting request without a queue.
    pub(super) fn insert(&mut self, arrival: &Arrival) -> usize {
        let mut request = Request {
            phase: Phase::Waiting,
            key: arrival.key,
            estimate: arrival.estimate,
            total_work: arrival.initial_work.plus(arrival.final_work),
            arrival_r: arrival.r,
            arrival_time: arrival.time,
            start_time: arrival.time,
            final_work: arrival.final_work,
            queue: NONE,
            prev: NONE,
            next: NONE,
            generation: 0,
        };
        let slot = self.free;
        if slot == NONE {
            self.requests.push(request);
            return self.requests.len() - 1;
        }
        self.free = self.requests[slot].next;
        request.generation = self.requests[slot].generation + 1;
        self.requests[slot] = request;
        slot
    }

    /// Gives a slot back.
    pub(super) fn release(&mut self, slot: usize) {
        let free = self.free;
        let request = &mut self.requests[slot];
        request.phase = Phase::Gone;
        request.next = free;
        self.free = slot;
    }

    /// The name of the request in a slot.
    pub(super) fn id(&self, slot: usize) -> RequestId {
        RequestId { slot, generation: self.requests[slot].generation }
    }

    /// The request of that name, if it is still there.
    pub(super) fn find(&self, id: RequestId) -> Option<&Request> {
        self.requests
            .get(id.slot)
            .filter(|request| request.generation == id.generation && request.phase != Phase::Gone)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Request> {
        self.requests.iter().filter(|request| request.phase != Phase::Gone)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Request> {
        self.requests.iter_mut().filter(|request| request.phase != Phase::Gone)
    }
}

impl std::ops::Index<usize> for Slab {
    type Output = Request;
    fn index(&self, slot: usize) -> &Request {
        &self.requests[slot]
    }
}

impl std::ops::IndexMut<usize> for Slab {
    fn index_mut(&mut self, slot: usize) -> &mut Request {
        &mut self.requests[slot]
    }
}
