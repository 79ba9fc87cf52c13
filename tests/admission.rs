//! API Priority and Fairness in whole runs: every arrival is accounted for, seats stay below the
//! limit, and looking at a run does not change it.

use oomcast::model::apf::config::{LimitResponse, PriorityLevelConfiguration};
use oomcast::model::input::{Action, EventInput, Inputs};
use oomcast::model::{self, RunOptions};
use oomcast::results::{LevelPoint, LevelRecord, RunRecord};
use oomcast::scenario;
use oomcast::units::{Bytes, SimSpan, SimTime};
use proptest::prelude::*;

const CLUSTER: &str = r#"
schema = 1
name = "small-cluster"

[run]
duration = "90s"

[apiserver]
version = "1.32"
replicas = 2
memory-limit = "6GiB"

[node]
memory = "16GiB"
cores = 4

[objects.pods]
count = 6_000
size = "5kB"

[objects.secrets]
count = 2_000
size = "3kB"

[[clients]]
name = "agents"
count = 150
start = "stopped"
reflector = { resource = "pods", encoding = "json" }

[[clients]]
name = "readers"
count = 40
lister = { resource = "secrets", pause = "2s" }

[[events]]
name = "rollout"
at = "10s"
start = { client = "agents", over = "2s" }
"#;

fn cluster(overrides: &[String]) -> Inputs {
    let loaded = scenario::load("small-cluster", CLUSTER.as_bytes(), overrides);
    loaded.unwrap_or_else(|mistakes| panic!("{mistakes:?}")).inputs
}

fn shipped(name: &str) -> Inputs {
    let path = format!("{}/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read(&path).expect(&path);
    let loaded = scenario::load(name, &text, &[]);
    loaded.unwrap_or_else(|mistakes| panic!("{mistakes:?}")).inputs
}

fn options(seed: u64) -> RunOptions {
    RunOptions { seed, replication: 0, timelines: true }
}

fn levels(run: &RunRecord) -> impl Iterator<Item = &LevelRecord> {
    run.servers.iter().flat_map(|server| &server.levels)
}

fn check(run: &RunRecord) {
    for level in levels(run) {
        let known = level.dispatched + level.rejected + level.cancelled + level.waiting;
        assert_eq!(level.arrived, known, "{level:?}");
    }
    let rejected: u64 = levels(run).map(|level| level.rejected).sum();
    assert!(rejected <= run.counters.requests_rejected, "{rejected} {:?}", run.counters);
    for (timeline, server) in run.timelines.iter().zip(&run.servers) {
        for line in &timeline.levels {
            let record = server.levels.iter().find(|record| record.name == line.name);
            let record = record.expect("a level that was used");
            check_line(&line.points, record);
        }
    }
}

/// Above the limit seats only ever get fewer, because the limit was cut; but a request of more
/// seats than the limit may go when no other runs (`canAccommodateSeats`, queueset.go).
fn check_line(points: &[LevelPoint], record: &LevelRecord) {
    assert!(points.is_sorted_by_key(|point| point.at));
    assert!(points.is_sorted_by_key(|point| point.rejected));
    assert_eq!(points.last().map(|point| point.rejected), Some(record.rejected));
    let mut before = LevelPoint::default();
    for point in points {
        let alone = before.seats == 0;
        let fits = point.seats <= point.limit || point.seats <= before.seats || alone;
        assert!(fits || record.exempt, "{}: {before:?}, then {point:?}", record.name);
        assert!(point.seats <= record.peak_seats && point.waiting <= record.peak_waiting);
        before = *point;
    }
}

#[test]
fn the_books_of_the_shipped_scenarios_balance() {
    for name in ["ha-cascade", "cilium-restart", "kep-3157-buffered", "kep-3157-streamed"] {
        let run = model::run(&shipped(name), options(1));
        assert!(levels(&run).next().is_some(), "{name}: no request was classified");
        check(&run);
    }
}

#[test]
fn looking_at_a_run_does_not_change_it() {
    let inputs = cluster(&[]);
    let plain = model::run(&inputs, options(5));
    let at = [70, 12, 12, 90].map(|second| SimTime::ZERO + SimSpan::secs(second));
    let mut dumped = model::run_dumping(&inputs, options(5), &at);
    let dumps = std::mem::take(&mut dumped.apf_dumps);
    assert_eq!(plain, dumped);
    let seen: Vec<(u64, &str)> =
        dumps.iter().map(|dump| (dump.at.0 / 1_000_000_000, dump.server.as_str())).collect();
    let twice = |second| [(second, "apiserver-0"), (second, "apiserver-1")];
    assert_eq!(seen, [twice(12), twice(70), twice(90)].concat());
    for dump in dumps.iter().filter(|dump| dump.running) {
        assert_eq!(dump.levels.len(), 8, "the default levels");
        for level in &dump.levels {
            let queues = || dump.queues.iter().filter(|queue| queue.level == level.name);
            assert_eq!(queues().map(|queue| queue.waiting).sum::<u64>(), level.waiting);
            let active = queues().filter(|queue| queue.waiting > 0).count() as u64;
            assert_eq!(active, level.active_queues);
            assert_eq!(level.idle, level.waiting + level.executing == 0);
        }
    }
    // Nothing died: the counts of the end are those of the record.
    for (dump, server) in dumps[4..].iter().zip(&dumped.servers) {
        for record in &server.levels {
            let level = dump.levels.iter().find(|level| level.name == record.name);
            assert_eq!(level.map(|level| level.dispatched), Some(record.dispatched));
        }
    }
}

/// Upstream's `TestPriorityAndFairnessWithPanicRecoveryAndTimeoutFilter`: a handler that outlives
/// its 504 keeps its seat, and what waits for it is turned away and never executes.
#[test]
fn a_handler_that_timed_out_keeps_its_seat() {
    let mut inputs = cluster(&["run.duration=30s".into(), "apiserver.replicas=1".into()]);
    inputs.apiserver.request_timeout = SimSpan::secs(5);
    // Each level's share of one seat is rounded up to it.
    inputs.apiserver.max_requests_inflight = 1;
    inputs.apiserver.max_mutating_requests_inflight = 0;
    inputs.apf.levels = vec![one_queue()];
    inputs.hardware.cpu_speed = 0.000_2;
    inputs.events.clear();
    inputs.fleets.remove(0);
    inputs.fleets[0].count = 2;
    let run = model::run(&inputs, options(1));
    check(&run);
    let level = levels(&run).next().expect("the readers' level");
    assert_eq!((level.dispatched, level.peak_seats), (1, 1), "{level:?}");
    assert!(level.rejected >= 1 && level.peak_waiting >= 1, "{level:?}");
    assert_eq!(run.counters.requests_timed_out, 1);
    assert_eq!(run.counters.lists_ok, 0);
}

fn one_queue() -> PriorityLevelConfiguration {
    PriorityLevelConfiguration {
        name: "workload-low".into(),
        nominal_concurrency_shares: 100,
        lendable_percent: Some(0),
        borrowing_limit_percent: Some(0),
        response: LimitResponse::Queue { queues: 1, hand_size: 1, queue_length_limit: 1 },
    }
}

/// Any of the levels that the fleets fall under, and what it does with what does not fit.
fn level() -> impl Strategy<Value = PriorityLevelConfiguration> {
    let queue = (0_u32..7, 1_u32..5, 1_u32..40).prop_map(|(bits, hand, length)| {
        let queues = 1 << bits;
        LimitResponse::Queue { queues, hand_size: hand.min(queues), queue_length_limit: length }
    });
    let response = prop_oneof![4 => queue, 1 => Just(LimitResponse::Reject)];
    (1_u32..60, 0_u32..50, proptest::option::of(0_u32..100), response).prop_map(
        |(shares, lend, borrow, response)| PriorityLevelConfiguration {
            name: "workload-low".into(),
            nominal_concurrency_shares: shares,
            lendable_percent: Some(lend),
            borrowing_limit_percent: borrow,
            response,
        },
    )
}

fn upheaval() -> impl Strategy<Value = Action> {
    prop_oneof![
        (0_u16..2).prop_map(|server| Action::Kill { server }),
        Just(Action::Roll { every: SimSpan::secs(8) }),
        (0_u16..2).prop_map(|server| Action::Partition { server, lasts: SimSpan::secs(9) }),
        Just(Action::Stop { fleet: 0, count: Some(40) }),
        Just(Action::Restart { fleet: 0, count: None, over: SimSpan::ZERO }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_books_of_any_run_balance(
        minor in 28_u8..=36,
        seed in 0_u64..1_000_000,
        memory in 1_u64..8,
        level in level(),
        upheavals in proptest::collection::vec((10_u64..80, upheaval()), 0..3),
    ) {
        let mut inputs = cluster(&[format!("apiserver.version=1.{minor}")]);
        inputs.apiserver.memory_limit = Some(Bytes::gib(memory));
        inputs.apf.levels.push(level);
        for (second, action) in upheavals {
            let at = SimTime::ZERO + SimSpan::secs(second);
            inputs.events.push(EventInput { name: "upheaval".into(), at, action });
        }
        inputs.events.sort_by_key(|event| event.at);
        check(&model::run(&inputs, options(seed)));
    }
}
