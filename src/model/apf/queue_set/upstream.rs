//! Single steps of upstream's `queueset_test.go`: which queue is next, when seats are free, what a
//! cancelled request leaves (docs/facts/apf.md section 9).

use super::{
    Phase, QueueSet, Queuing, RequestId, SeatSeconds, SimSpan, SimTime, Start, WorkEstimate,
};

fn at(seconds: u64) -> SimTime {
    SimTime::ZERO + SimSpan::secs(seconds)
}

fn accepted(start: Start) -> RequestId {
    match start {
        Start::Accepted { id, .. } => id,
        Start::Rejected { reason, .. } => panic!("{reason:?}"),
    }
}

/// One queue a flow: the flow's hash is the queue's index.
fn queues(queues: usize, limit: u64) -> QueueSet {
    let queuing = Queuing::Queue { queues, hand_size: 1, queue_length_limit: 8 };
    QueueSet::new(queuing, limit, SimTime::ZERO).expect("a possible shape")
}

/// Two queues, each with a request of so many seats that is next at so many seat-seconds, beside
/// one that has `used` seats; nothing is dispatched yet.
fn two_queues(used: u64, requests: [(u64, u64); 2]) -> (QueueSet, Option<RequestId>) {
    let mut set = queues(3, used);
    let mut executing = None;
    if used > 0 {
        let estimate = WorkEstimate::of_seats(used);
        executing = Some(accepted(set.start_request(SimTime::ZERO, 2, &estimate, 9)));
        assert_eq!(set.next_dispatched(), executing);
    }
    for (index, (seats, next_r)) in requests.into_iter().enumerate() {
        let estimate = WorkEstimate::of_seats(seats);
        set.start_request(SimTime::ZERO, index as u64, &estimate, index as u64);
        set.queues[index].next_dispatch_r = SeatSeconds::of(next_r as f64, 1_000_000_000);
        set.settle(index);
    }
    // Upstream's robin index begins before the first queue.
    set.after_robin = 0;
    (set, executing)
}

fn dispatched_key(set: &mut QueueSet) -> Option<u64> {
    let id = set.next_dispatched()?;
    set.request(id).map(|request| request.key)
}

#[test]
fn the_queue_with_the_least_virtual_finish_is_next() {
    let (mut set, _) = two_queues(0, [(1, 200), (1, 100)]);
    set.set_limit(SimTime::ZERO, 1);
    assert_eq!(dispatched_key(&mut set), Some(1));
    assert_eq!((set.next_dispatched(), set.robin_index()), (None, Some(1)));

    let (mut set, _) = two_queues(25, [(50, 200), (25, 100)]);
    set.set_limit(SimTime::ZERO, 50);
    assert_eq!(dispatched_key(&mut set), Some(1));
    assert_eq!((set.next_dispatched(), set.robin_index()), (None, Some(1)));
}

#[test]
fn nothing_passes_the_next_request_that_does_not_fit() {
    let (mut set, executing) = two_queues(26, [(10, 200), (25, 100)]);
    for tries in 1..=3 {
        set.set_limit(SimTime::ZERO, 50);
        assert_eq!(set.next_dispatched(), None, "10 seats would fit");
        assert_eq!(set.totals().no_accommodation, tries);
    }
    set.finish(at(1), executing.expect("it executes"));
    assert_eq!(dispatched_key(&mut set), Some(1));
}

#[test]
fn a_cancelled_request_never_executes() {
    let mut set = queues(1, 1);
    let seat = WorkEstimate::of_seats(1);
    let first = accepted(set.start_request(at(0), 0, &seat, 1));
    let second = accepted(set.start_request(at(0), 0, &seat, 2));
    assert_eq!(set.next_dispatched(), Some(first));
    assert!(set.cancel(at(1), second));
    assert!(set.request(second).is_none());
    set.finish(at(2), first);
    assert_eq!(set.next_dispatched(), None);
    let totals = set.totals();
    assert_eq!((totals.dispatched, totals.rejected, totals.cancelled), (1, 1, 1));
    assert!(set.is_idle());
}

#[test]
fn seats_are_free_after_the_additional_latency_only() {
    let mut set = queues(1, 4);
    let estimate =
        WorkEstimate { initial_seats: 2, final_seats: 4, additional_latency: SimSpan::secs(60) };
    let id = accepted(set.start_request(at(0), 0, &estimate, 1));
    assert_eq!(set.next_dispatched(), Some(id));
    assert_eq!((set.totals().executing, set.totals().seats_in_use), (1, 4));
    assert_eq!(set.finish(at(1), id), Some(at(61)));
    assert_eq!((set.totals().executing, set.totals().seats_in_use), (0, 4));
    assert_eq!(set.request(id).map(|request| request.phase), Some(Phase::Lingering));
    let next = accepted(set.start_request(at(2), 0, &WorkEstimate::of_seats(1), 2));
    assert_eq!(set.next_dispatched(), None);
    set.end_linger(at(61), id);
    assert_eq!(set.next_dispatched(), Some(next));
    assert_eq!((set.totals().executing, set.totals().seats_in_use), (1, 1));
}
