//! What holds of the ring and the cache, over random histories.

use proptest::prelude::*;

use super::capacity::{self, LOWER_BOUND};
use super::{Change, EventRing, EventRun, InitialEvents, Outlook, Revision, WatchCache};
use crate::units::{SimSpan, SimTime};

/// The rule word by word: an array of slots, one event at a time.
struct PlainRing {
    worth_keeping: SimSpan,
    upper_bound: usize,
    slots: Vec<Option<(SimTime, Revision, u64)>>,
    start: usize,
    end: usize,
    pushed_out: bool,
}

impl PlainRing {
    fn new(worth_keeping: SimSpan) -> Self {
        Self {
            worth_keeping,
            upper_bound: capacity::upper_bound(worth_keeping) as usize,
            slots: vec![None; LOWER_BOUND as usize],
            start: 0,
            end: 0,
            pushed_out: false,
        }
    }

    fn slot(&self, index: usize) -> (SimTime, Revision, u64) {
        self.slots[index % self.slots.len()].expect("an event held")
    }

    fn push(&mut self, at: SimTime, revision: Revision, superseded: u64) {
        let capacity = self.slots.len();
        if self.end - self.start == capacity {
            let age = |index| at.since(self.slot(index).0);
            if age(self.start) < self.worth_keeping {
                self.resize((capacity * 2).min(self.upper_bound));
            } else if age(self.end - capacity / 4) > self.worth_keeping {
                self.resize((capacity / 2).max(LOWER_BOUND as usize));
            }
        }
        let capacity = self.slots.len();
        if self.end - self.start == capacity {
            self.start += 1;
            self.pushed_out = true;
        }
        self.slots[self.end % capacity] = Some((at, revision, superseded));
        self.end += 1;
    }

    fn resize(&mut self, capacity: usize) {
        if capacity == self.slots.len() {
            return;
        }
        self.start = self.start.max(self.end.saturating_sub(capacity));
        let mut slots = vec![None; capacity];
        for index in self.start..self.end {
            slots[index % capacity] = Some(self.slot(index));
        }
        self.slots = slots;
    }

    /// Slots that point to an event.
    fn pinned(&self) -> usize {
        self.slots.iter().flatten().count()
    }

    fn superseded(&self) -> u64 {
        (self.start..self.end).map(|index| self.slot(index).2).sum()
    }
}

/// Runs of a history: how many events, how far apart, how many resource versions apart, what.
fn histories() -> impl Strategy<Value = Vec<(u64, u64, u64, Change)>> {
    let change = prop_oneof![
        Just(Change::Created),
        Just(Change::Replaced),
        Just(Change::Removed),
        Just(Change::Nothing)
    ];
    // Steps around those that keep capacities of 100 to 1,600 for a history of 10 s.
    let step = prop_oneof![
        2 => Just(0u64),
        6 => 0u64..200_000_000,
        3 => prop::sample::select(vec![100_000_000u64, 50_000_000, 12_500_000, 400_000_000]),
        2 => 0u64..4_000_000_000,
    ];
    let events = prop_oneof![4 => 1u64..5, 4 => 1u64..300, 1 => 300u64..4_000];
    prop::collection::vec((events, step, 1u64..5, change), 1..14)
}

fn runs(history: &[(u64, u64, u64, Change)], gap: u64) -> Vec<EventRun> {
    let (mut at, mut revision) = (SimTime::ZERO, 10);
    let mut runs = Vec::new();
    for &(events, step, revision_step, change) in history {
        at += SimSpan(gap % (step + 1));
        let step = SimSpan(step);
        runs.push(EventRun {
            events,
            at,
            step,
            revision: Revision(revision),
            revision_step,
            change,
        });
        at += step.times(events - 1);
        revision += revision_step * events;
    }
    runs
}

const WORTH_KEEPING: SimSpan = SimSpan::secs(10);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The closed form is the rule applied event by event.
    #[test]
    fn a_run_is_its_events(history in histories(), gap in 0u64..3_000_000_000) {
        let mut ring = EventRing::new(WORTH_KEEPING);
        let mut plain = PlainRing::new(WORTH_KEEPING);
        for run in runs(&history, gap) {
            ring.extend(run);
            for n in 0..run.events {
                plain.push(run.time_of(n), run.revision_of(n), run.change.superseded());
            }
            prop_assert_eq!(ring.capacity(), plain.slots.len() as u64);
            prop_assert_eq!((ring.start(), ring.end()), (plain.start as u64, plain.end as u64));
            prop_assert_eq!(ring.pushed_out(), plain.pushed_out);
            prop_assert_eq!(ring.oldest(), Some(plain.slot(plain.start).1));
            prop_assert_eq!(ring.newest(), Some(plain.slot(plain.end - 1).1));
            prop_assert_eq!(ring.held().events, plain.pinned() as u64);
            prop_assert_eq!(ring.held().superseded, plain.superseded());
        }
    }

    /// A cache fed with runs and one fed with single events end alike.
    #[test]
    fn a_cache_takes_runs_and_events_alike(
        history in histories(),
        gap in 0u64..3_000_000_000,
        asked in 0u64..20_000,
    ) {
        let mut fast = WatchCache::new(WORTH_KEEPING);
        fast.relist(Revision(5), 1_000_000);
        let mut exact = fast.clone();
        for run in runs(&history, gap) {
            fast.record(run);
            for n in 0..run.events {
                let event = EventRun::single(run.time_of(n), run.revision_of(n), run.change);
                exact.record(event);
            }
            prop_assert_eq!(fast.ring().held(), exact.ring().held());
            prop_assert_eq!(fast.objects(), exact.objects());
            let asked = Revision(asked);
            let unsaid = InitialEvents::Unsaid;
            prop_assert_eq!(fast.since(asked, unsaid), exact.since(asked, unsaid));
        }
    }

    /// Growth, standstill and their ends are those of the event-by-event ring.
    #[test]
    fn the_outlook_comes_true(history in histories(), gap in 0u64..3_000_000_000, step in 1u64..300_000_000) {
        let mut ring = EventRing::new(WORTH_KEEPING);
        let past = runs(&history, gap);
        for &run in &past {
            ring.extend(run);
        }
        let last = past.last().expect("a run");
        let ahead = EventRun {
            events: 20_000,
            at: last.time_of(last.events - 1) + SimSpan(step),
            step: SimSpan(step),
            revision: Revision(last.last_revision().0 + 1),
            revision_step: 1,
            change: Change::Replaced,
        };
        let said = ring.outlook(&ahead);
        let mut steps = (0..ahead.events).map(|n| {
            let (capacity, len) = (ring.capacity(), ring.len());
            ring.extend(ahead.skip(n).take(1));
            (ahead.time_of(n), ring.len() > len, ring.capacity() != capacity)
        });
        let (_, growing, halved) = steps.next().expect("a step");
        let end = steps.find(|&(_, grows, resized)| grows != growing || resized && !grows);
        if growing || !halved {
            prop_assert_eq!(said, Outlook { growing, until: end.map(|(at, ..)| at) });
        } else {
            prop_assert_eq!(said, Outlook { growing, until: Some(ahead.at) });
        }
    }
}

fn steady(per_second: u64, events: u64, at: SimTime, revision: u64) -> EventRun {
    EventRun {
        events,
        at,
        step: SimSpan(1_000_000_000 / per_second),
        revision: Revision(revision),
        revision_step: 1,
        change: Change::Replaced,
    }
}

#[test]
fn a_steady_rate_ends_at_the_capacity_that_holds_the_history() {
    // docs/facts/watch-cache.md section 2.1: the smallest 100 × 2^k of at least 75 s of events.
    for (per_second, capacity) in
        [(1, 100), (2, 200), (10, 800), (100, 12_800), (1_000, 102_400), (5_000, 102_400)]
    {
        let mut ring = EventRing::new(capacity::DEFAULT_HISTORY);
        ring.extend(steady(per_second, per_second * 600, SimTime::ZERO, 1));
        assert_eq!(ring.capacity(), capacity, "{per_second} events a second");
        assert_eq!(ring.runs(), 1, "one run is kept as one");
    }
}

#[test]
fn a_burst_is_remembered_until_writes_come_again() {
    let mut ring = EventRing::new(capacity::DEFAULT_HISTORY);
    ring.extend(steady(1_000, 60_000, SimTime::ZERO, 1));
    assert_eq!(ring.capacity(), 102_400);
    // An hour without writes changes nothing; a slow trickle must first fill the ring.
    let later = SimTime(3_600_000_000_000);
    ring.extend(steady(1, 42_000, later, 60_001));
    assert_eq!((ring.capacity(), ring.held().events), (102_400, 102_000));
    ring.extend(steady(1, 2_000, later + SimSpan::secs(42_000), 102_001));
    assert!(ring.capacity() < 1_000, "{}", ring.capacity());
}

#[test]
fn a_relist_leaves_old_events_in_their_slots_until_overwritten() {
    let run = steady(1, 60, SimTime::ZERO, 1);
    let mut ring = EventRing::new(capacity::DEFAULT_HISTORY);
    ring.extend(run);
    ring.relist(40, false);
    assert!(ring.is_empty());
    // 60 former versions, and the last ones of 40 objects.
    assert_eq!((ring.held().events, ring.held().superseded), (60, 100));
    ring.extend(steady(1, 70, SimTime(100_000_000_000), 100));
    assert_eq!((ring.held().events, ring.held().superseded), (100, 70 + 50));
    ring.relist(40, true);
    assert_eq!((ring.held().events, ring.held().superseded), (0, 0));
}

#[test]
fn an_empty_cache_has_no_events_to_give() {
    let mut cache = WatchCache::new(capacity::DEFAULT_HISTORY);
    let error = cache.since(Revision(7), InitialEvents::Unsaid).expect_err("nothing is known");
    assert_eq!(error.to_string(), "watch cache isn't correctly initialized");
    assert_eq!(cache.since(Revision(7), InitialEvents::Wanted).map(|s| s.events()), Ok(0));
    cache.record(EventRun::single(SimTime::ZERO, Revision(9), Change::Created));
    assert_eq!(cache.since(Revision(8), InitialEvents::Unsaid).map(|s| s.events()), Ok(1));
    assert!(cache.since(Revision(7), InitialEvents::Unsaid).is_err());
}
