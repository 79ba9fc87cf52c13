//! The inner works of a queue set: the virtual world, admission, dispatch, release.

use super::{
    Arrival, Dealer, ESTIMATED_SERVICE_DURATION, HIGH_R, NONE, Phase, QueueSet, Queuing,
    R_DECREMENT, RejectReason, Request, SeatSeconds, SimSpan, SimTime, Start, WorkEstimate,
};

/// A span as a Go duration.
fn signed(span: SimSpan) -> i64 {
    i64::try_from(span.0).unwrap_or(i64::MAX)
}

impl QueueSet {
    /// Advances R on the assumption that the state has been as it is since it was last advanced
    /// (`syncTimeLocked`).
    pub(super) fn sync_time(&mut self, now: SimTime) {
        let since_last = now.since(self.last_real_time);
        self.last_real_time = now;
        let before = self.current_r;
        let advance = SeatSeconds::of(self.virtual_time_ratio(), signed(since_last));
        self.current_r = before.plus(advance);
        // R below what it was has overflowed: upstream logs that and goes on.
        if before <= self.current_r && self.current_r >= HIGH_R {
            self.advance_epoch();
        }
    }

    /// How fast R advances: seats per active queue (`getVirtualTimeRatioLocked`).
    fn virtual_time_ratio(&self) -> f64 {
        if self.active_queues == 0 {
            return 0.0;
        }
        (self.seats_requested as f64).min(self.limit as f64) / self.active_queues as f64
    }

    /// Winds R and all readings of it back (`advanceEpoch`).
    fn advance_epoch(&mut self) {
        self.current_r = self.current_r.minus(R_DECREMENT);
        self.totals.epochs += 1;
        for queue in &mut self.queues {
            queue.next_dispatch_r = if queue.is_active() {
                queue.next_dispatch_r.minus(R_DECREMENT)
            } else {
                SeatSeconds::ZERO
            };
        }
        for request in self.requests.iter_mut() {
            if request.phase == Phase::Waiting {
                request.arrival_r = request.arrival_r.minus(R_DECREMENT);
            }
        }
        for index in 0..self.queues.len() {
            self.refresh_head(index);
        }
    }

    /// Works an arrival's estimate out (`completeWorkEstimate`).
    pub(super) fn complete(&self, now: SimTime, estimate: &WorkEstimate, key: u64) -> Arrival {
        Arrival {
            key,
            estimate: *estimate,
            initial_work: SeatSeconds::of(
                estimate.initial_seats as f64,
                signed(ESTIMATED_SERVICE_DURATION),
            ),
            final_work: SeatSeconds::of(
                estimate.final_seats as f64,
                signed(estimate.additional_latency),
            ),
            r: self.current_r,
            time: now,
        }
    }

    pub(super) fn queue_length_limit(&self) -> u64 {
        match self.queuing {
            Queuing::Queue { queue_length_limit, .. } => queue_length_limit,
            Queuing::Exempt | Queuing::Reject => 0,
        }
    }

    /// Picks the queue of the hand with the least waiting work, the first of equals; each pick
    /// starts one card further in the hand (`shuffleShardLocked`).
    pub(super) fn shuffle_shard(&mut self, dealer: Dealer, hash: u64) -> usize {
        let hand = dealer.deal(hash);
        let cards = hand.cards();
        let offset = (self.totals.enqueues % cards.len() as u64) as usize;
        self.totals.enqueues += 1;
        let (before, from) = cards.split_at(offset);
        let mut best = from[0];
        let mut least = SeatSeconds::MAX;
        for &index in from.iter().chain(before) {
            let work = self.queues[index].sum.total_work;
            if work < least {
                least = work;
                best = index;
            }
        }
        best
    }

    /// Up to 1.28: turns away what has waited too long at the front of a queue
    /// (`removeTimedOutRequestsFromQueueToBoundLocked`).
    pub(super) fn reject_old(&mut self, now: SimTime, index: usize) {
        let Some(wait_limit) = self.front_wait_limit else {
            return;
        };
        let mut some = false;
        while let Some(slot) = self.queues[index].oldest() {
            if now.since(self.requests[slot].arrival_time) <= wait_limit {
                break;
            }
            some = true;
            self.take_out(slot);
            self.timed_out.push_back(self.requests[slot]);
            self.requests.release(slot);
            self.totals.rejected += 1;
            self.totals.timed_out += 1;
        }
        if some {
            self.note_demand(now);
        }
    }

    /// Appends an arrival to a queue (`enqueueToBoundLocked`); [`QueueSet::settle`] is to follow.
    pub(super) fn enqueue(&mut self, now: SimTime, index: usize, arrival: &Arrival) -> usize {
        let slot = self.requests.insert(arrival);
        self.requests[slot].queue = index;
        let queue = &mut self.queues[index];
        if !queue.is_active() {
            queue.next_dispatch_r = self.current_r;
            self.active_queues += 1;
        }
        queue.push(&mut self.requests, slot);
        let seats = arrival.estimate.max_seats();
        self.seats_requested += seats;
        self.totals.waiting += 1;
        self.totals.seats_waiting += seats;
        self.note_demand(now);
        slot
    }

    /// Takes a waiting request out of its queue and the sums; [`QueueSet::settle`] is to follow.
    pub(super) fn take_out(&mut self, slot: usize) {
        let index = self.requests[slot].queue;
        let seats = self.requests[slot].estimate.max_seats();
        let queue = &mut self.queues[index];
        queue.remove(&mut self.requests, slot);
        if !queue.is_active() {
            self.active_queues -= 1;
        }
        self.seats_requested -= seats;
        self.totals.waiting -= 1;
        self.totals.seats_waiting -= seats;
    }

    /// Without queues a request executes now or never (`dispatchSansQueueLocked`).
    pub(super) fn start_without_queue(&mut self, now: SimTime, arrival: &Arrival) -> Start {
        let seats = arrival.estimate.max_seats();
        if !self.can_accommodate(seats) {
            self.totals.rejected += 1;
            return Start::Rejected { reason: RejectReason::ConcurrencyLimit, queue: None };
        }
        let slot = self.requests.insert(arrival);
        self.requests[slot].phase = Phase::Executing;
        self.totals.executing += 1;
        self.totals.dispatched += 1;
        self.totals.seats_in_use += seats;
        self.note_demand(now);
        let id = self.requests.id(slot);
        self.dispatched.push_back(id);
        Start::Accepted { id, queue: None }
    }

    /// Whether a request of so many seats may execute now (`canAccommodateSeatsLocked`).
    fn can_accommodate(&self, seats: u64) -> bool {
        if self.queuing == Queuing::Exempt {
            true
        } else if seats > self.limit {
            self.totals.executing == 0
        } else {
            self.totals.seats_in_use + seats <= self.limit
        }
    }

    /// Dispatches until a request does not fit (`dispatchAsMuchAsPossibleLocked`).
    pub(super) fn dispatch_as_much_as_possible(&mut self, now: SimTime) {
        while self.totals.waiting != 0 && self.totals.seats_in_use < self.limit {
            let Some(index) = self.find_dispatch_queue() else {
                return;
            };
            self.dispatch(now, index);
        }
    }

    /// The queue whose oldest request has the least virtual finish, if that request fits
    /// (`findDispatchQueueToBoundLocked`). If it does not, narrower requests wait too.
    fn find_dispatch_queue(&mut self) -> Option<usize> {
        let start = if self.after_robin == self.queues.len() { 0 } else { self.after_robin };
        let index = self.heads.least(start)?;
        let oldest = self.queues[index].oldest()?;
        if self.can_accommodate(self.requests[oldest].estimate.max_seats()) {
            self.after_robin = index + 1;
            return Some(index);
        }
        self.totals.no_accommodation += 1;
        if self.after_robin == 0 {
            // A full round from before the first queue ends at the last.
            self.after_robin = self.queues.len();
        }
        None
    }

    /// The oldest request of a queue starts to execute (`dispatchLocked`).
    fn dispatch(&mut self, now: SimTime, index: usize) {
        let Some(slot) = self.queues[index].oldest() else {
            return;
        };
        let queue = &mut self.queues[index];
        queue.remove(&mut self.requests, slot);
        let request = &mut self.requests[slot];
        self.seats_requested -= request.estimate.max_seats();
        cut_final_seats(request, self.limit);
        request.phase = Phase::Executing;
        request.start_time = now;
        // Seats cut off are not taken off the waiting seats: upstream leaks them too.
        let seats = request.estimate.max_seats();
        self.seats_requested += seats;
        queue.executing += 1;
        queue.seats_in_use += seats;
        queue.next_dispatch_r = queue.next_dispatch_r.plus(request.total_work);
        self.totals.waiting -= 1;
        self.totals.seats_waiting -= seats;
        self.totals.executing += 1;
        self.totals.seats_in_use += seats;
        self.totals.dispatched += 1;
        self.dispatched.push_back(self.requests.id(slot));
        self.note_demand(now);
        self.settle(index);
    }

    /// An execution ended: its queue is credited with the guessed service time that it did not
    /// take, or charged with what it took beyond (`finishRequestLocked`).
    pub(super) fn credit(&mut self, now: SimTime, request: &Request) {
        let queue = &mut self.queues[request.queue];
        queue.executing -= 1;
        if !queue.is_active() {
            self.active_queues -= 1;
        }
        let saved = signed(ESTIMATED_SERVICE_DURATION) - signed(now.since(request.start_time));
        let work = SeatSeconds::of(request.estimate.initial_seats as f64, saved);
        queue.next_dispatch_r = queue.next_dispatch_r.minus(work);
        self.settle(request.queue);
    }

    /// A request gives up its seats and is gone (`releaseSeatsLocked`).
    pub(super) fn release_seats(&mut self, now: SimTime, slot: usize) {
        let seats = self.requests[slot].estimate.max_seats();
        let index = self.requests[slot].queue;
        self.requests.release(slot);
        self.totals.seats_in_use -= seats;
        self.note_demand(now);
        if index == NONE {
            return;
        }
        self.queues[index].seats_in_use -= seats;
        self.seats_requested -= seats;
        let desired = match self.queuing {
            Queuing::Queue { queues, .. } => queues,
            Queuing::Exempt | Queuing::Reject => 0,
        };
        if self.queues.len() > desired && !self.queues[index].is_active() {
            self.remove_queue(index);
        }
    }

    /// Removes an excess queue; later ones move down (`removeQueueIfEmptyLocked`). Requests of it
    /// that still linger belong to no queue from here on (upstream goes by the stale index then).
    fn remove_queue(&mut self, index: usize) {
        let queue = self.queues.remove(index);
        self.seats_requested -= queue.seats_in_use;
        if index < self.after_robin {
            self.after_robin -= 1;
        }
        for request in self.requests.iter_mut() {
            if request.queue == index {
                request.queue = NONE;
            } else if request.queue != NONE && request.queue > index {
                request.queue -= 1;
            }
        }
        self.heads.reset(self.queues.len());
        for index in 0..self.queues.len() {
            self.refresh_head(index);
        }
    }

    /// Keeps a queue from dispatching before the arrival of its oldest waiting request in the
    /// virtual world (`boundNextDispatchLocked`), and [`super::Heads`] up to date.
    pub(super) fn settle(&mut self, index: usize) {
        let queue = &mut self.queues[index];
        if let Some(oldest) = queue.oldest() {
            let bound = self.requests[oldest].arrival_r;
            queue.next_dispatch_r = queue.next_dispatch_r.max(bound);
        }
        self.refresh_head(index);
    }

    fn refresh_head(&mut self, index: usize) {
        let queue = &self.queues[index];
        let finish_r = queue
            .oldest()
            .map(|oldest| queue.next_dispatch_r.plus(self.requests[oldest].total_work));
        self.heads.set(index, finish_r);
    }

    /// Tells the integrator of the present seat demand.
    pub(super) fn note_demand(&mut self, now: SimTime) {
        let seats = self.totals.seats_in_use + self.totals.seats_waiting;
        self.demand.set(now, seats as f64);
    }
}

/// Final seats above the limit are cut to it and the additional latency is stretched to keep the
/// final work.
fn cut_final_seats(request: &mut Request, limit: u64) {
    if request.estimate.final_seats > limit {
        request.estimate.final_seats = limit;
        request.estimate.additional_latency = request.final_work.duration_per_seat(limit as f64);
    }
}
