//! [`QueueSet`]: the fair queuing of one priority level.
//!
//! Requests of a flow are dealt to a few of the queues; each queue stands in a virtual world where
//! every active queue is served at the same rate, measured by the progress meter R; the request
//! that would finish first there is dispatched next, once its seats are free.
//!
//! Source: k8s.io/apiserver `pkg/util/flowcontrol/fairqueuing/queueset/queueset.go`; docs/facts/apf.md
//! section 3. Every operation that upstream begins with `lockAndSyncTime` advances R here, and no
//! other: the rounding of R depends on it.

mod dispatch;
mod heads;
#[cfg(test)]
mod properties;
mod queue;
mod request;
#[cfg(test)]
mod uniform_clients;
#[cfg(test)]
mod upstream;

use std::collections::VecDeque;

use heads::Heads;
pub use queue::{Queue, QueueSum};
use request::{Arrival, NONE, Slab};
pub use request::{Phase, Request, RequestId};

use super::integrator::{Integrator, IntegratorResults};
use super::seat_seconds::SeatSeconds;
use super::shuffle_sharding::{Dealer, DealerError};
use super::work_estimate::WorkEstimate;
use crate::units::{SimSpan, SimTime};

/// Guessed service time of a request, G (`estimatedServiceDuration`): 3 ms since 1.23.
pub const ESTIMATED_SERVICE_DURATION: SimSpan = SimSpan::millis(3);

/// By how much R is wound back (`rDecrement`).
const R_DECREMENT: SeatSeconds = SeatSeconds(u64::MAX / 2);

/// From where on R is wound back (`highR`).
const HIGH_R: SeatSeconds = SeatSeconds(R_DECREMENT.0 + R_DECREMENT.0 / 2);

/// How a priority level queues (`QueuingConfig`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Queuing {
    /// Everything executes at once (`DesiredNumQueues` -1).
    Exempt,
    /// No queues: what does not fit now is rejected (`DesiredNumQueues` 0).
    Reject,
    /// Queues.
    Queue {
        /// Number of queues.
        queues: usize,
        /// Queues that a flow is dealt.
        hand_size: usize,
        /// Most requests that may wait in a queue while no seat is free.
        queue_length_limit: u64,
    },
}

/// Why a request is turned away; named as the metrics' label `reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RejectReason {
    /// `queue-full`: all seats are taken and its queue is at its length limit.
    QueueFull,
    /// `concurrency-limit`: there are no queues and it does not fit.
    ConcurrencyLimit,
}

/// What became of an arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Start {
    /// It waits or, if [`QueueSet::next_dispatched`] says so, executes already.
    Accepted {
        /// Its name from here on.
        id: RequestId,
        /// The index of its queue.
        queue: Option<usize>,
    },
    /// It is turned away.
    Rejected {
        /// Why.
        reason: RejectReason,
        /// The index of the queue that was picked.
        queue: Option<usize>,
    },
}

/// Totals of a queue set, as its debug dump has them (`QueueSetDump`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Requests waiting.
    pub waiting: u64,
    /// Requests executing (not those lingering).
    pub executing: u64,
    /// Seats taken, also by those lingering.
    pub seats_in_use: u64,
    /// Seats of the waiting requests. Never falls by what was cut from final seats at dispatch, as
    /// upstream.
    pub seats_waiting: u64,
    /// Requests dispatched so far.
    pub dispatched: u64,
    /// Requests rejected so far, cancelled and timed out ones included.
    pub rejected: u64,
    /// Requests that waited too long so far (up to 1.28).
    pub timed_out: u64,
    /// Requests cancelled while waiting so far (from 1.29 also those that waited too long).
    pub cancelled: u64,
    /// Times that a queue was picked for an arrival so far.
    pub enqueues: u64,
    /// Times that the next request did not fit into the free seats so far.
    pub no_accommodation: u64,
    /// Times that R was wound back so far.
    pub epochs: u64,
}

/// The queues of one priority level, and all requests in them.
#[derive(Clone, Debug)]
pub struct QueueSet {
    queuing: Queuing,
    dealer: Option<Dealer>,
    limit: u64,
    front_wait_limit: Option<SimSpan>,
    queues: Vec<Queue>,
    heads: Heads,
    requests: Slab,
    current_r: SeatSeconds,
    last_real_time: SimTime,
    /// One past the index of the queue last dispatched from: what upstream calls `robinIndex` + 1.
    after_robin: usize,
    totals: Totals,
    /// Queues with a waiting or executing request.
    active_queues: u64,
    /// Seats taken and asked for in all queues.
    seats_requested: u64,
    demand: Integrator,
    dispatched: VecDeque<RequestId>,
    timed_out: VecDeque<Request>,
}

impl QueueSet {
    /// A queue set of `limit` seats.
    ///
    /// # Errors
    /// Queues and hand size make no dealer.
    pub fn new(queuing: Queuing, limit: u64, now: SimTime) -> Result<Self, DealerError> {
        let mut set = Self {
            queuing,
            dealer: None,
            limit: 0,
            front_wait_limit: None,
            queues: Vec::new(),
            heads: Heads::default(),
            requests: Slab::new(),
            current_r: SeatSeconds::ZERO,
            last_real_time: now,
            after_robin: 1,
            totals: Totals::default(),
            active_queues: 0,
            seats_requested: 0,
            demand: Integrator::new(now),
            dispatched: VecDeque::new(),
            timed_out: VecDeque::new(),
        };
        set.configure(now, queuing, limit)?;
        Ok(set)
    }

    /// Up to 1.28 requests that have waited longer than this at the front of a queue are rejected
    /// when an arrival picks that queue (`RequestWaitLimit`); see [`QueueSet::next_timed_out`].
    pub fn set_front_wait_limit(&mut self, limit: Option<SimSpan>) {
        self.front_wait_limit = limit;
    }

    /// Sets the reading of R of an unused queue set, to test what happens after years.
    pub fn set_current_r(&mut self, r: SeatSeconds) {
        self.current_r = r;
    }

    /// A whole new configuration; dispatches what it lets through (`setConfiguration`). Queues are
    /// added at once; excess ones go one by one as their requests give up their seats.
    ///
    /// # Errors
    /// Queues and hand size make no dealer; nothing is changed then.
    pub fn configure(
        &mut self,
        now: SimTime,
        queuing: Queuing,
        limit: u64,
    ) -> Result<(), DealerError> {
        self.dealer = match queuing {
            Queuing::Queue { queues, hand_size, .. } => Some(Dealer::new(queues, hand_size)?),
            Queuing::Exempt | Queuing::Reject => None,
        };
        self.sync_time(now);
        if let Queuing::Queue { queues, .. } = queuing
            && queues > self.queues.len()
        {
            self.queues.resize_with(queues, Queue::new);
            self.heads.grow(queues);
        }
        self.queuing = queuing;
        self.limit = limit;
        self.dispatch_as_much_as_possible(now);
        Ok(())
    }

    /// A new limit with the same queues; dispatches what it lets through.
    pub fn set_limit(&mut self, now: SimTime, limit: u64) {
        self.sync_time(now);
        self.limit = limit;
        self.dispatch_as_much_as_possible(now);
    }

    /// A request arrives (`StartRequest`). `key` is the caller's own mark.
    pub fn start_request(
        &mut self,
        now: SimTime,
        hash: u64,
        estimate: &WorkEstimate,
        key: u64,
    ) -> Start {
        self.sync_time(now);
        let arrival = self.complete(now, estimate, key);
        let Some(dealer) = self.dealer else {
            return self.start_without_queue(now, &arrival);
        };
        let index = self.shuffle_shard(dealer, hash);
        self.reject_old(now, index);
        if self.totals.seats_in_use >= self.limit
            && self.queues[index].waiting >= self.queue_length_limit()
        {
            self.settle(index);
            self.totals.rejected += 1;
            return Start::Rejected { reason: RejectReason::QueueFull, queue: Some(index) };
        }
        let slot = self.enqueue(now, index, &arrival);
        self.settle(index);
        let id = self.requests.id(slot);
        self.dispatch_as_much_as_possible(now);
        Start::Accepted { id, queue: Some(index) }
    }

    /// The next request that an operation dispatched, in order of dispatch. To be drained after
    /// every operation that can dispatch: all but [`QueueSet::cancel`].
    pub fn next_dispatched(&mut self) -> Option<RequestId> {
        self.dispatched.pop_front()
    }

    /// The next request that the last arrival found to have waited too long (up to 1.28).
    pub fn next_timed_out(&mut self) -> Option<Request> {
        self.timed_out.pop_front()
    }

    /// The handler of a request returned (`Finish`). Some: its seats stay taken until then, when
    /// [`QueueSet::end_linger`] is due. None also when the request was not executing.
    pub fn finish(&mut self, now: SimTime, id: RequestId) -> Option<SimTime> {
        if self.requests.find(id)?.phase != Phase::Executing {
            return None;
        }
        self.sync_time(now);
        let request = self.requests[id.slot];
        self.totals.executing -= 1;
        if request.queue != NONE {
            self.credit(now, &request);
        }
        let latency = request.estimate.additional_latency;
        if latency == SimSpan::ZERO {
            self.release_seats(now, id.slot);
        } else {
            self.requests[id.slot].phase = Phase::Lingering;
        }
        self.dispatch_as_much_as_possible(now);
        (latency != SimSpan::ZERO).then(|| now + latency)
    }

    /// The additional latency of a request is over: its seats are free.
    pub fn end_linger(&mut self, now: SimTime, id: RequestId) {
        if self.requests.find(id).is_none_or(|request| request.phase != Phase::Lingering) {
            return;
        }
        self.sync_time(now);
        self.release_seats(now, id.slot);
        self.dispatch_as_much_as_possible(now);
    }

    /// A request's client gave up or its wait limit passed: whether it was still waiting and is
    /// out now. Nothing is dispatched (`wait` with `decisionCancel`).
    pub fn cancel(&mut self, now: SimTime, id: RequestId) -> bool {
        if self.requests.find(id).is_none_or(|request| request.phase != Phase::Waiting) {
            return false;
        }
        self.sync_time(now);
        let index = self.requests[id.slot].queue;
        self.take_out(id.slot);
        self.requests.release(id.slot);
        self.totals.rejected += 1;
        self.totals.cancelled += 1;
        self.note_demand(now);
        self.settle(index);
        true
    }

    /// Nothing waits or executes (`IsIdle`).
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.totals.waiting == 0 && self.totals.executing == 0
    }

    /// The current limit in seats.
    #[must_use]
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// How it queues.
    #[must_use]
    pub fn queuing(&self) -> Queuing {
        self.queuing
    }

    /// See [`Totals`].
    #[must_use]
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// The queues by index, excess ones that still drain included.
    #[must_use]
    pub fn queues(&self) -> &[Queue] {
        &self.queues
    }

    /// The requests of the set, in no meaningful but a reproducible order.
    pub fn requests(&self) -> impl Iterator<Item = &Request> {
        self.requests.iter()
    }

    /// The requests waiting in a queue, oldest first.
    pub fn waiting_in(&self, index: usize) -> impl Iterator<Item = &Request> {
        let first = self.queues.get(index).and_then(Queue::oldest);
        let younger = |slot: &usize| Some(self.requests[*slot].next).filter(|next| *next != NONE);
        std::iter::successors(first, younger).map(|slot| &self.requests[slot])
    }

    /// A request that has not given up its seats yet.
    #[must_use]
    pub fn request(&self, id: RequestId) -> Option<&Request> {
        self.requests.find(id)
    }

    /// The reading of R at [`QueueSet::last_real_time`].
    #[must_use]
    pub fn current_r(&self) -> SeatSeconds {
        self.current_r
    }

    /// Up to when R has been advanced.
    #[must_use]
    pub fn last_real_time(&self) -> SimTime {
        self.last_real_time
    }

    /// The index of the queue last dispatched from (0 at first); `None` when queues before it were
    /// removed so that the next round starts at the first.
    #[must_use]
    pub fn robin_index(&self) -> Option<usize> {
        self.after_robin.checked_sub(1)
    }

    /// Reads the seat demand since the last reading and starts over.
    pub fn reset_demand(&mut self, now: SimTime) -> IntegratorResults {
        self.demand.reset(now)
    }

    /// The integrator of the seat demand.
    pub fn demand_mut(&mut self) -> &mut Integrator {
        &mut self.demand
    }
}
