//! What holds of a queue set after any operation, over random traces.

use proptest::prelude::*;

use super::{
    Phase, QueueSet, Queuing, RequestId, SeatSeconds, SimSpan, SimTime, Start, WorkEstimate,
};

#[derive(Clone, Debug)]
enum Operation {
    Arrive(u64, WorkEstimate),
    Finish(usize),
    EndLinger(usize),
    Cancel(usize),
    SetLimit(u64),
    Configure(Queuing, u64),
}

fn queuing() -> impl Strategy<Value = Queuing> {
    let queue = (1usize..70, 1usize..5, 0u64..4).prop_map(|(queues, hand, limit)| Queuing::Queue {
        queues,
        hand_size: hand.min(queues),
        queue_length_limit: limit,
    });
    prop_oneof![4 => queue, 1 => Just(Queuing::Reject), 1 => Just(Queuing::Exempt)]
}

fn operation() -> impl Strategy<Value = Operation> {
    let estimate = (1u64..6, 0u64..6, 0u64..3).prop_map(|(initial, last, latency)| WorkEstimate {
        initial_seats: initial,
        final_seats: last,
        additional_latency: SimSpan::millis(latency * 5),
    });
    prop_oneof![
        8 => (0u64..9_000, estimate).prop_map(|(hash, estimate)| Operation::Arrive(hash, estimate)),
        6 => (0usize..64).prop_map(Operation::Finish),
        4 => (0usize..64).prop_map(Operation::EndLinger),
        2 => (0usize..64).prop_map(Operation::Cancel),
        1 => (0u64..12).prop_map(Operation::SetLimit),
        1 => (queuing(), 0u64..12).prop_map(|(queuing, limit)| Operation::Configure(queuing, limit)),
    ]
}

struct Trace {
    set: QueueSet,
    now: SimTime,
    ids: Vec<RequestId>,
    dispatched: Vec<(SimTime, u64)>,
}

impl Trace {
    fn new(queuing: Queuing, limit: u64, r: SeatSeconds) -> Self {
        let mut set = QueueSet::new(queuing, limit, SimTime::ZERO).expect("a possible shape");
        set.set_current_r(r);
        Self { set, now: SimTime::ZERO, ids: Vec::new(), dispatched: Vec::new() }
    }

    fn pick(&self, phase: Phase, index: usize) -> Option<RequestId> {
        let set = &self.set;
        let is_in = |id: &&RequestId| set.request(**id).is_some_and(|r| r.phase == phase);
        let those: Vec<&RequestId> = self.ids.iter().filter(is_in).collect();
        (!those.is_empty()).then(|| *those[index % those.len()])
    }

    /// Whether dispatching from queues was attempted.
    fn apply(&mut self, operation: &Operation) -> bool {
        let attempted = self.perform(operation);
        while let Some(id) = self.set.next_dispatched() {
            let key = self.set.request(id).expect("it executes").key;
            self.dispatched.push((self.now, key));
        }
        attempted
    }

    fn perform(&mut self, operation: &Operation) -> bool {
        let now = self.now;
        match operation {
            Operation::Arrive(hash, estimate) => {
                let key = self.ids.len() as u64;
                match self.set.start_request(now, *hash, estimate, key) {
                    Start::Accepted { id, queue } => {
                        self.ids.push(id);
                        return queue.is_some();
                    }
                    Start::Rejected { .. } => return false,
                }
            }
            Operation::Finish(index) => {
                let Some(id) = self.pick(Phase::Executing, *index) else {
                    return false;
                };
                self.set.finish(now, id);
            }
            Operation::EndLinger(index) => {
                let Some(id) = self.pick(Phase::Lingering, *index) else {
                    return false;
                };
                self.set.end_linger(now, id);
            }
            Operation::Cancel(index) => {
                if let Some(id) = self.pick(Phase::Waiting, *index) {
                    assert!(self.set.cancel(now, id));
                    assert!(!self.set.cancel(now, id));
                }
                return false;
            }
            Operation::SetLimit(limit) => self.set.set_limit(now, *limit),
            Operation::Configure(queuing, limit) => {
                let done = self.set.configure(now, *queuing, *limit);
                done.expect("a possible shape");
            }
        }
        true
    }

    /// The sums agree with what they are sums of.
    fn check_sums(&self) {
        let set = &self.set;
        let count = |phase| set.requests().filter(|r| r.phase == phase).count() as u64;
        let totals = set.totals();
        assert_eq!(totals.waiting, count(Phase::Waiting));
        assert_eq!(totals.executing, count(Phase::Executing));
        let held = set.requests().filter(|r| r.phase != Phase::Waiting);
        let held: u64 = held.map(|r| r.estimate.max_seats()).sum();
        assert_eq!(totals.seats_in_use, held);
        let waiting: u64 = set.queues().iter().map(|q| q.sum.max_seats).sum();
        assert!(totals.seats_waiting >= waiting);
        let active = set.queues().iter().filter(|q| q.is_active()).count() as u64;
        assert_eq!(set.active_queues, active);
        let in_queues: u64 = set.queues().iter().map(|q| q.seats_in_use).sum();
        assert_eq!(set.seats_requested, in_queues + waiting);
        for (index, queue) in set.queues().iter().enumerate() {
            let of_it = |phase| {
                let is_it = |r: &&super::Request| r.queue() == Some(index) && r.phase == phase;
                set.requests().filter(is_it).count() as u64
            };
            assert_eq!(queue.waiting, of_it(Phase::Waiting));
            assert_eq!(queue.executing, of_it(Phase::Executing));
        }
    }

    /// Seats are left free only for want of requests, or for the one whose turn it is.
    fn check_work_conservation(&self) {
        let set = &self.set;
        let totals = set.totals();
        if totals.waiting == 0 || totals.seats_in_use >= set.limit() {
            return;
        }
        let virtual_finish = |queue: &super::Queue| {
            let oldest = queue.oldest()?;
            let work = set.requests[oldest].total_work;
            Some((queue.next_dispatch_r.plus(work), oldest))
        };
        let least = set.queues().iter().filter_map(virtual_finish).min();
        let (finish, _) = least.expect("something waits");
        let firsts = set.queues().iter().filter_map(virtual_finish);
        let fits = firsts
            .filter(|&(r, _)| r == finish)
            .all(|(_, slot)| self.fits(set.requests[slot].estimate.max_seats()));
        assert!(!fits, "seats are free and the next request fits");
    }

    fn fits(&self, seats: u64) -> bool {
        let totals = self.set.totals();
        totals.seats_in_use + seats <= self.set.limit()
            || seats > self.set.limit() && totals.executing == 0
    }

    /// Above the limit only exempt, after a cut of the limit, or for one request alone that is wider
    /// than the limit on arrival (apart from those that linger).
    fn check_limit(&self, before: u64, dispatched: usize) {
        let set = &self.set;
        if dispatched == 0 || set.queuing() == Queuing::Exempt {
            return;
        }
        let above = set.totals().seats_in_use > set.limit();
        let wide = set
            .requests()
            .any(|r| r.phase == Phase::Executing && r.estimate.max_seats() >= set.limit());
        assert!(!above || wide || before > set.limit());
    }
}

proptest! {
    #[test]
    fn any_trace(
        queuing in queuing(),
        limit in 0u64..12,
        operations in proptest::collection::vec((operation(), 0u64..4_000_000), 1..200),
    ) {
        let mut trace = Trace::new(queuing, limit, SeatSeconds::ZERO);
        for (operation, wait) in &operations {
            trace.now += SimSpan(*wait);
            let r = trace.set.current_r();
            let seats = trace.set.totals().seats_in_use;
            let dispatched = trace.dispatched.len();
            let attempted = trace.apply(operation);
            prop_assert!(trace.set.current_r() >= r);
            trace.check_sums();
            trace.check_limit(seats, trace.dispatched.len() - dispatched);
            if attempted {
                trace.check_work_conservation();
            }
        }
    }

    #[test]
    fn winding_r_back_changes_nothing(
        queuing in queuing(),
        limit in 1u64..12,
        ahead in 0u64..3_000_000,
        operations in proptest::collection::vec((operation(), 0u64..4_000_000), 1..200),
    ) {
        let near = SeatSeconds(super::HIGH_R.0 - ahead);
        let mut traces = [SeatSeconds::ZERO, near].map(|r| Trace::new(queuing, limit, r));
        for (operation, wait) in &operations {
            for trace in &mut traces {
                trace.now += SimSpan(*wait);
                trace.apply(operation);
            }
        }
        let [plain, wound] = &traces;
        prop_assert_eq!(&plain.dispatched, &wound.dispatched);
        let totals = wound.set.totals();
        prop_assert!(totals.epochs <= 1);
        let back = if totals.epochs == 1 { super::R_DECREMENT } else { SeatSeconds::ZERO };
        let plain_r = plain.set.current_r();
        prop_assert_eq!(plain_r.plus(near).minus(back), wound.set.current_r());
    }
}

#[test]
fn up_to_1_28_an_arrival_turns_away_what_waited_too_long_before_it() {
    let one_queue = Queuing::Queue { queues: 1, hand_size: 1, queue_length_limit: 50 };
    let mut set = QueueSet::new(one_queue, 1, SimTime::ZERO).expect("a possible shape");
    set.set_front_wait_limit(Some(SimSpan::secs(15)));
    let at = |seconds| SimTime::ZERO + SimSpan::secs(seconds);
    let seat = WorkEstimate::of_seats(1);
    for (second, key) in [(0, 0), (1, 1), (5, 2)] {
        set.start_request(at(second), 0, &seat, key);
    }
    assert_eq!(set.totals().waiting, 2);
    set.start_request(at(16), 0, &seat, 3);
    assert!(set.next_timed_out().is_none(), "15 s is not too long yet");
    set.start_request(at(17), 0, &seat, 4);
    assert_eq!(set.next_timed_out().map(|request| request.key), Some(1));
    assert!(set.next_timed_out().is_none());
    assert_eq!(set.totals().timed_out, 1);
    assert_eq!(set.totals().waiting, 3);
}
