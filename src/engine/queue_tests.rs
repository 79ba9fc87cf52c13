//! The wheel pops exactly as the standard heap does.

use proptest::prelude::*;

use super::{EventQueue, RETAINED_ENTRIES};
use crate::engine::{ReferenceQueue, Streams};
use crate::units::SimTime;

/// One step of a workload.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Push after this many nanoseconds from now.
    Push(u64),
    Pop,
}

/// Runs the steps on both queues, then drains them; panics where they differ.
fn compare(steps: impl IntoIterator<Item = Step>) {
    let mut wheel = EventQueue::new();
    let mut heap = ReferenceQueue::new();
    let mut id = 0_u32;
    for step in steps {
        match step {
            Step::Push(delay) => {
                let at = SimTime(wheel.now().0.saturating_add(delay));
                wheel.push(at, id);
                heap.push(at, id);
                id += 1;
            }
            Step::Pop => assert_eq!(wheel.pop(), heap.pop()),
        }
        assert_eq!(wheel.len(), heap.len());
        assert_eq!(wheel.now(), heap.now());
    }
    while !heap.is_empty() {
        assert_eq!(wheel.next_time(), heap.next_time());
        assert_eq!(wheel.pop(), heap.pop());
    }
    assert!(wheel.is_empty());
    assert_eq!((wheel.pop(), wheel.next_time()), (None, None));
}

/// Delays as models have them: none, ties, short, and timers of every order of magnitude.
fn delay() -> impl Strategy<Value = u64> {
    prop_oneof![
        2 => Just(0),
        2 => 0..4_u64,
        2 => (0..5_u64).prop_map(|n| n * 1_000_000_000),
        2 => 0..100_000_u64,
        1 => 0..600_000_000_000_u64,
        1 => (0..64_u32, any::<u64>()).prop_map(|(shift, n)| n >> shift),
        1 => Just(u64::MAX),
    ]
}

proptest! {
    #[test]
    fn pops_as_the_heap_does(
        steps in prop::collection::vec(
            prop_oneof![3 => delay().prop_map(Step::Push), 2 => Just(Step::Pop)],
            0..400,
        )
    ) {
        compare(steps);
    }
}

/// A hold workload: `pending` events, then `steps` times pop one and push one.
fn hold(seed: u64, pending: usize, steps: usize, mut delay: impl FnMut(u64) -> u64) {
    let mut draws = Streams::new(seed, 0).stream("hold", 0);
    let mut workload = Vec::new();
    for _ in 0..pending {
        workload.push(Step::Push(delay(draws.bits())));
    }
    for _ in 0..steps {
        workload.push(Step::Pop);
        workload.push(Step::Push(delay(draws.bits())));
    }
    compare(workload);
}

#[test]
fn pops_as_the_heap_does_under_load() {
    for seed in 0..4 {
        // Many ties, some of them with the present instant.
        hold(seed, 500, 5_000, |bits| (bits % 8) * 4_096);
        // Short events among long timers, on a millisecond grid and off it.
        hold(seed, 2_000, 5_000, |bits| match bits % 5 {
            0 => 300_000_000_000 + bits % 300_000_000_000,
            1 => 1_000_000 * (bits % 50),
            _ => bits % 50_000_000,
        });
        // Every order of magnitude.
        hold(seed, 300, 5_000, |bits| (bits >> 12) >> (bits % 52));
    }
}

#[test]
fn equal_times_pop_in_push_order_wherever_they_were_pushed_from() {
    let mut queue = EventQueue::new();
    let target = SimTime(1 << 40);
    for (id, stop) in [1, 64, 4_096, (1 << 40) - 1].into_iter().enumerate() {
        queue.push(target, id);
        queue.push(SimTime(stop), usize::MAX);
        queue.pop();
    }
    let order: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
    assert_eq!(order, (0..4).map(|id| (target, id)).collect::<Vec<_>>());
}

#[test]
fn a_zero_delay_event_follows_those_already_due() {
    let mut queue = EventQueue::new();
    queue.push(SimTime(5), 'a');
    queue.push(SimTime(5), 'b');
    queue.push(SimTime(6), 'd');
    assert_eq!(queue.pop(), Some((SimTime(5), 'a')));
    queue.push(SimTime(5), 'c');
    let rest: String = std::iter::from_fn(|| queue.pop()).map(|(_, event)| event).collect();
    assert_eq!(rest, "bcd");
}

#[test]
fn a_drained_queue_keeps_little_memory() {
    let mut queue = EventQueue::new();
    for n in 0..200_000_u64 {
        queue.push(SimTime(n * 7_919 % 1_000_003), n);
        queue.push(SimTime(2_000_000), n);
    }
    while queue.pop().is_some() {}
    queue.push(SimTime(3_000_000), 0);
    queue.push(SimTime(3_000_001), 0);
    queue.pop();
    let largest = queue.buckets.iter().map(Vec::capacity).max();
    assert!(largest.is_some_and(|entries| entries <= RETAINED_ENTRIES));
    assert!(queue.due.capacity() <= RETAINED_ENTRIES * 4);
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "it is SimTime(10) already")]
fn the_past_is_refused() {
    let mut queue = EventQueue::new();
    queue.push(SimTime(10), ());
    queue.pop();
    queue.push(SimTime(9), ());
}
