//! API Priority and Fairness in whole runs: every arrival is accounted for, seats stay below the
//! limit, and looking at a run does not change it.

use std::collections::BTreeSet;

use crate::support::{shipped, valid};
use oomcast::model::admission::Admission;
use oomcast::model::apf::config::{LimitResponse, PriorityLevelConfiguration};
use oomcast::model::input::{
    Action, Behaviour, EventInput, FleetId, Inputs, Manner, ResourceId, ResourceVersion, ServerId,
};
use oomcast::model::{self, RunOptions};
use oomcast::results::{Counters, LevelPoint, LevelRecord, LogKind, RunRecord};
use oomcast::scenario;
use oomcast::units::{ByteRate, Bytes, SimSpan, SimTime};
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

fn options(seed: u64) -> RunOptions {
    RunOptions { seed, replication: 0, timelines: true }
}

fn levels(run: &RunRecord) -> impl Iterator<Item = &LevelRecord> {
    run.servers.iter().flat_map(|server| &server.levels)
}

/// Most seats of a request: `maximumListSeatsLimit` of 1.34 on (`work_estimator.go`).
const WIDEST: u64 = 100;

/// The books of a run in which nobody writes.
fn check(run: &RunRecord) {
    check_levels(run);
    let rejected: u64 = levels(run).map(|level| level.rejected).sum();
    assert!(rejected <= run.counters.requests_rejected, "{rejected} {:?}", run.counters);
}

fn check_levels(run: &RunRecord) {
    for level in levels(run) {
        let known = level.dispatched + level.rejected + level.cancelled + level.waiting;
        assert_eq!(level.arrived, known, "{level:?}");
    }
    for (timeline, server) in run.timelines.iter().zip(&run.servers) {
        for line in &timeline.levels {
            let record = server.levels.iter().find(|record| record.name == line.name);
            let record = record.expect("a level that was used");
            check_line(&line.points, record);
        }
    }
}

/// Above the limit seats only ever get fewer, because the limit was cut; but a request of more
/// seats than the limit may go when no other executes (`canAccommodateSeats`, queueset.go), in the
/// instant in which the last one ends, too. What executes is not in
/// a timeline: the model checks that itself at every change; here, a single request has at most
/// [`WIDEST`] seats.
fn check_line(points: &[LevelPoint], record: &LevelRecord) {
    assert!(points.is_sorted_by_key(|point| point.at));
    assert!(points.is_sorted_by_key(|point| point.rejected));
    assert_eq!(points.last().map(|point| point.rejected), Some(record.rejected));
    let mut before = LevelPoint::default();
    for point in points {
        let alone = before.seats == 0 || point.seats <= WIDEST;
        let fits = point.seats <= point.limit || point.seats <= before.seats || alone;
        assert!(fits || record.exempt, "{}: {before:?}, then {point:?}", record.name);
        assert!(point.seats <= record.peak_seats && point.waiting <= record.peak_waiting);
        before = *point;
    }
}

#[test]
fn the_books_of_the_shipped_scenarios_balance() {
    for name in ["ha-cascade", "cilium-restart", "kep-3157-buffered", "kep-3157-streamed"] {
        let run = model::run(&shipped(name, &[]).inputs, options(1));
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

/// One level's seats over a run, averaged from an instant on.
fn mean_seats(run: &RunRecord, level: &str, from: SimTime, end: SimTime) -> f64 {
    let lines = run.timelines.iter().flat_map(|timeline| &timeline.levels);
    let line = lines.clone().find(|line| line.name == level).expect("a level that was used");
    let last = LevelPoint { at: end, ..LevelPoint::default() };
    let next = line.points[1..].iter().chain([&last]);
    let seat_seconds = line.points.iter().zip(next).map(|(point, next)| {
        next.at.max(from).since(point.at.max(from)).as_secs_f64() * point.seats as f64
    });
    seat_seconds.sum::<f64>() / end.since(from).as_secs_f64()
}

fn writes(rate: &str) -> Inputs {
    let text = format!(
        "{CLUSTER}\n[objects.configmaps]\ncount = 10\nsize = \"1kB\"\nwrites = \"{rate}\"\n"
    ) + "[[clients]]\nname = \"watchers\"\ncount = 100\nwatcher = { resource = \"configmaps\" }\n";
    let mut inputs = valid(&text, &["apiserver.replicas=1"]).inputs;
    inputs.events.clear();
    inputs.fleets.retain(|fleet| fleet.name == "watchers");
    inputs
}

/// Little's law: seats taken are those of a write, times writes a second, times how long each holds
/// them. 100 watchers make 10 final seats for 5 ms (docs/facts/apf.md section 4.7).
#[test]
fn writes_take_the_seats_of_their_rate() {
    for (rate, each_second) in [("3/s", 3.0), ("250/s", 250.0)] {
        let inputs = writes(rate);
        let run = model::run(&inputs, options(3));
        check_levels(&run);
        let end = SimTime::ZERO + inputs.duration;
        let seats = mean_seats(&run, "workload-high", SimTime::ZERO + SimSpan::secs(10), end);
        // 3 ms of work and 60 ns a byte of JSON, 5 ms of etcd, 5 ms for the watchers.
        let (least, most) = (each_second * 10.0 * 0.013, each_second * 10.0 * 0.014);
        assert!(seats > least * 0.95 && seats < most * 1.05, "{rate}: {seats}, {least} to {most}");
    }
}

/// What becomes of the requests where their level has few seats and no queue.
fn with_few_seats(mut inputs: Inputs) -> Counters {
    inputs.apf.levels = vec![PriorityLevelConfiguration {
        response: LimitResponse::Reject,
        nominal_concurrency_shares: 4,
        ..one_queue()
    }];
    let run = model::run(&inputs, options(1));
    check_levels(&run);
    run.counters
}

#[test]
fn writes_crowd_lists_out_of_their_level() {
    let run = |rate: &str| {
        let mut inputs = writes(rate);
        inputs.fleets = cluster(&[]).fleets.split_off(1);
        inputs.resources[2].writer.user = "system:serviceaccount:default:controller".into();
        inputs.resources[2].writer.groups = inputs.fleets[0].groups.clone();
        with_few_seats(inputs)
    };
    let (calm, busy) = (run("1/min"), run("5000/s"));
    assert!(2 * busy.lists_ok < calm.lists_ok, "{calm:?}, {busy:?}");
}

/// GETs of `ConfigMaps` at a rate by a user, and the fleets of the cluster.
fn gets(rate: &str, user: &str) -> Inputs {
    let text = format!(
        "{CLUSTER}\n[objects.configmaps]\ncount = 10\nsize = \"1kB\"\ngets = \"{rate}\"\nwriter = \"{user}\"\n"
    );
    let mut inputs = valid(&text, &["apiserver.replicas=1"]).inputs;
    inputs.events.clear();
    inputs
}

/// Little's law: a seat for each GET, for as long as it takes: 0.17 ms of work and 1 ms of etcd.
#[test]
fn gets_take_the_seats_of_their_rate() {
    for (rate, each_second) in [("100/s", 100.0), ("4000/s", 4_000.0)] {
        let mut inputs = gets(rate, "system:kube-controller-manager");
        inputs.fleets.clear();
        let run = model::run(&inputs, options(3));
        check_levels(&run);
        let end = SimTime::ZERO + inputs.duration;
        let from = SimTime::ZERO + SimSpan::secs(10);
        let seats = mean_seats(&run, "workload-high", from, end);
        let (least, most) = (each_second * 0.0011, each_second * 0.0013);
        assert!(seats > least && seats < most, "{rate}: {seats}, {least} to {most}");
    }
}

/// Where a level has few seats, many GETs leave fewer for LISTs.
#[test]
fn gets_crowd_lists_out_of_their_level() {
    let run = |rate: &str| {
        let mut inputs = gets(rate, "system:serviceaccount:default:readers");
        inputs.fleets = inputs.fleets.split_off(1);
        with_few_seats(inputs)
    };
    let (calm, busy) = (run("1/min"), run("10000/s"));
    assert!(2 * busy.lists_ok < calm.lists_ok, "{calm:?}, {busy:?}");
}

/// Writes of 55 seconds to the level of one client that reads slowly, with its only seat.
fn writes_behind_a_slow_reader(rate: &str) -> Inputs {
    let mut inputs = writes(rate);
    inputs.fleets = cluster(&[]).fleets.split_off(1);
    inputs.fleets[0].count = 1;
    inputs.fleets[0].drain_rate = Some(ByteRate(10_000));
    inputs.resources[2].writer.user = "system:serviceaccount:default:controller".into();
    inputs.resources[2].writer.groups.clone_from(&inputs.fleets[0].groups);
    let response = LimitResponse::Queue { queues: 1, hand_size: 1, queue_length_limit: 1_000 };
    inputs.apf.levels = vec![PriorityLevelConfiguration { response, ..one_queue() }];
    inputs.apiserver.max_requests_inflight = 1;
    inputs.apiserver.max_mutating_requests_inflight = 0;
    inputs.duration = SimSpan::secs(55);
    inputs
}

/// Who reads slowly holds the only seat throughout: each write waits for 15 s, a quarter of its time. Up
/// to 1.28 it is the next write that turns it away.
#[test]
fn writes_that_wait_too_long_are_turned_away() {
    for version in ["1.28", "1.32"] {
        let mut inputs = writes_behind_a_slow_reader("1/s");
        inputs.release = cluster(&[format!("apiserver.version={version}")]).release;
        let run = model::run(&inputs, options(1));
        check_levels(&run);
        let rejected = run.counters.writes_rejected;
        assert!((35..=41).contains(&rejected), "{version}: {rejected}");
    }
}

/// What is turned away because too many wait for the processors takes a place in the queue as well; it
/// is not turned away again when it has waited there for too long.
#[test]
fn a_write_is_turned_away_once() {
    let mut inputs = writes_behind_a_slow_reader("400/s");
    inputs.hardware.cpu_speed = 0.02;
    let run = model::run(&inputs, options(1));
    let rejected = run.counters.writes_rejected;
    assert!((200 * 55..=400 * 55).contains(&rejected), "{rejected}");
}

/// Distinguishers of the requests that wait or execute in a level, and queues that they wait in.
fn flows(inputs: &Inputs, at: SimTime, level: &str) -> (BTreeSet<String>, BTreeSet<Option<u64>>) {
    let run = model::run_dumping(inputs, options(2), &[at]);
    let requests = run.apf_dumps.iter().flat_map(|dump| &dump.requests);
    let of_level = requests.filter(|request| request.level == level);
    of_level.map(|request| (request.distinguisher.clone(), request.queue)).unzip()
}

#[test]
fn members_with_users_of_their_own_are_flows_of_their_own() {
    let of = |user: &str, level: &str| {
        let mut inputs =
            cluster(&["apiserver.replicas=1".into(), format!("clients.agents.user={user}")]);
        inputs.fleets.truncate(1);
        inputs.hardware.cpu_speed = 0.05;
        flows(&inputs, SimTime::ZERO + SimSpan::secs(14), level)
    };
    let (users, queues) = of("system:serviceaccount:default:agent", "workload-low");
    assert_eq!(Vec::from_iter(users), ["system:serviceaccount:default:agent"]);
    assert_eq!(queues.len(), 6, "one flow has the queues of its hand");
    let (users, queues) = of("system:node:{member}", "system");
    assert!(users.contains("system:node:0") && users.contains("system:node:149"), "{users:?}");
    assert!(users.len() > 100 && queues.len() > 30, "{users:?} {queues:?}");
}

/// Seats of the LISTs that a restarted server has in hand some time after it is ready again.
fn seats_after_restart(version: &str, wait: SimSpan) -> BTreeSet<u64> {
    let mut inputs = cluster(&[format!("apiserver.version={version}"), "run.duration=5m".into()]);
    inputs.apiserver.replicas = 1;
    // The cache takes longer to fill than a count waits for it.
    inputs.etcd.read_rate = ByteRate(4_000_000);
    inputs.fleets.remove(0);
    let lister = &mut inputs.fleets[0].behaviour;
    if let Behaviour::Lister { read, rounds, pause, .. } = lister {
        (*rounds, *pause, read.resource) = (None, SimSpan::millis(100), ResourceId(0));
        read.resource_version = ResourceVersion::Any;
    }
    let at = SimTime::ZERO + SimSpan::secs(5);
    inputs.events = vec![EventInput {
        name: "kill".into(),
        at,
        action: Action::Kill { server: Some(ServerId(0)), manner: Manner::Process },
    }];
    let ready = model::run(&inputs, options(1))
        .log
        .iter()
        .find_map(|entry| (entry.kind == LogKind::Ready).then_some(entry.at));
    let asked = ready.expect("it comes back") + wait;
    let run = model::run_dumping(&inputs, options(1), &[asked]);
    run.apf_dumps[0].requests.iter().map(|request| request.initial_seats).collect()
}

#[test]
fn a_restarted_server_takes_wide_lists_for_narrow_until_it_has_counted() {
    let soon = SimSpan::secs(8);
    assert_eq!(Vec::from_iter(seats_after_restart("1.33", soon)), [10]);
    assert_eq!(Vec::from_iter(seats_after_restart("1.36", soon)), [1]);
    // The next count comes 60 to 132 s after the first gave up.
    assert_eq!(Vec::from_iter(seats_after_restart("1.36", SimSpan::secs(140))), [10]);
}

/// Up to 1.28 a request waits for its own deadline, unless another one comes to its queue.
#[test]
fn what_waits_is_turned_away_after_a_quarter_of_its_time_since_1_29() {
    let rejected = |version: &str| {
        let overrides = ["apiserver.replicas=1", "run.duration=40s", version].map(str::to_owned);
        let mut inputs = cluster(&overrides);
        inputs.fleets.truncate(1);
        inputs.fleets[0].count = 20;
        inputs.hardware.cpu_speed = 0.001;
        inputs.events[0].action =
            Action::Start { fleet: FleetId(0), count: None, over: SimSpan::ZERO };
        let response = LimitResponse::Queue { queues: 1, hand_size: 1, queue_length_limit: 50 };
        inputs.apf.levels = vec![PriorityLevelConfiguration { response, ..one_queue() }];
        inputs.apf.levels[0].nominal_concurrency_shares = 1;
        model::run(&inputs, options(1)).counters.requests_rejected
    };
    assert_eq!(rejected("apiserver.version=1.28"), 0);
    assert!(rejected("apiserver.version=1.29") > 10);
}

/// Before its informers have synced a server knows the mandatory levels only.
#[test]
fn a_server_that_has_just_begun_to_listen_has_one_level_for_all() {
    let mut inputs = cluster(&["apiserver.replicas=1".into()]);
    let at = SimTime::ZERO + SimSpan::secs(5);
    inputs.events = vec![EventInput {
        name: "kill".into(),
        at,
        action: Action::Kill { server: Some(ServerId(0)), manner: Manner::Process },
    }];
    let instants: Vec<SimTime> =
        (0..600).map(|step| at + SimSpan::millis(50).scale(f64::from(step))).collect();
    let run = model::run_dumping(&inputs, options(1), &instants);
    let levels: Vec<usize> = run
        .apf_dumps
        .iter()
        .filter(|dump| dump.running && dump.at > at)
        .map(|dump| dump.levels.len())
        .collect();
    assert_eq!((levels[0], levels.last()), (2, Some(&8)));
    assert!(levels.is_sorted() && levels.iter().filter(|count| **count == 2).count() <= 3);
}

/// What `show --apf` says of a watch-list's seats is what it takes: no limit narrows it.
#[test]
fn watch_lists_take_the_seats_of_all_objects() {
    let overrides = ["apiserver.version=1.36", "apiserver.replicas=1", "objects.pods.size=900B"];
    let mut inputs = cluster(&overrides.map(str::to_owned));
    inputs.fleets.truncate(1);
    inputs.hardware.cpu_speed = 0.05;
    let at = SimTime::ZERO + SimSpan::secs(14);
    let run = model::run_dumping(&inputs, options(2), &[at]);
    let seats = run.apf_dumps[0].requests.iter().map(|request| request.initial_seats);
    let planned = Admission::settled(&inputs).standing(&inputs, FleetId(0)).seats;
    assert_eq!(planned, 10);
    let seats: BTreeSet<u64> = seats.collect();
    assert_eq!(Vec::from_iter(seats), [planned]);
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
        (0_u16..2)
            .prop_map(ServerId)
            .prop_map(|server| Action::Kill { server: Some(server), manner: Manner::Process }),
        (0_u16..2).prop_map(ServerId).prop_map(|server| Action::Kill {
            server: Some(server),
            manner: Manner::Node { lasts: Some(SimSpan::secs(20)) },
        }),
        any::<bool>().prop_map(|reset| Action::Failover { reset }),
        (0_u32..2).prop_map(FleetId).prop_map(|fleet| Action::CutOff {
            fleet,
            count: Some(3),
            lasts: SimSpan::secs(50),
        }),
        Just(Action::Roll { every: SimSpan::secs(8) }),
        (0_u16..2)
            .prop_map(ServerId)
            .prop_map(|server| Action::Partition { server, lasts: SimSpan::secs(9) }),
        Just(Action::Stop { fleet: FleetId(0), count: Some(40) }),
        Just(Action::Restart { fleet: FleetId(0), count: None, over: SimSpan::ZERO }),
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
