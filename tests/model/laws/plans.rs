//! Every request gives back what it takes: finished, or cut at any instant.

use std::sync::Arc;

use crate::laws::world::{BURST, inputs, of_cgroup};
use oomcast::model::apiserver::list::{ListShape, Pace, rounded_scan};
use oomcast::model::apiserver::plan::{RequestPlan, Step};
use oomcast::model::apiserver::route::Route;
use oomcast::model::apiserver::server::{Finished, PlanId, Server, ServerSettings};
use oomcast::model::apiserver::tag::Tag;
use oomcast::model::apiserver::watch::{IDLE_WATCH, Opening, rounded_events};
use oomcast::model::catalog::Catalog;
use oomcast::model::ids::{ClientId, Table};
use oomcast::model::input::{
    Behaviour, Encoding, FleetId, Inputs, ReadInput, ResourceId, ResourceVersion, Shape,
};
use oomcast::model::memory::go_heap::GcSettings;
use oomcast::model::plane::plans::{PlanCache, PlanContext};
use oomcast::model::release::{NEWEST_MINOR, OLDEST_MINOR, Release};
use oomcast::results::Mechanism;
use oomcast::units::{ByteRate, Bytes, SimSpan, SimTime};
use proptest::prelude::*;
use proptest::sample::select;

/// So many watches over a new connection.
fn opening(watches: u64) -> Opening {
    Opening { watches, relists: 0, handshakes: 1 }
}

/// So many cases; what fails is told, not kept.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// To the nearest number of three significant bits.
#[test]
fn events_are_rounded_to_the_nearest() {
    for events in 0..10_000_u64 {
        let rounded = rounded_events(events);
        let spacing = (events + 1).next_power_of_two() / 8;
        assert!(rounded.abs_diff(events) * 2 <= spacing.max(1), "{events}: {rounded}");
        assert_eq!(rounded % spacing.max(1), 0, "{events}: {rounded}");
    }
}

/// What a request may look like.
#[derive(Clone, Debug)]
struct Case {
    inputs: Inputs,
    read: ReadInput,
    list: ListShape,
}

fn shapes() -> impl Strategy<Value = (&'static str, Shape)> {
    select(vec![
        ("secrets", Shape::Blob),
        ("configmaps", Shape::Blob),
        ("pods", Shape::Typed),
        ("leases", Shape::Typed),
        ("widgets", Shape::Custom),
        ("charts", Shape::CustomBlob),
    ])
}

fn resource() -> impl Strategy<Value = Inputs> {
    let sizes = (0u64..200_000, 1u64..2_000_000, any::<Option<u16>>(), any::<Option<u16>>());
    (OLDEST_MINOR..=NEWEST_MINOR, shapes(), sizes, 1u32..4, any::<bool>()).prop_map(
        |(minor, (name, shape), (count, size, json, heap), versions, range_stream)| {
            let mut inputs = inputs(BURST, &[]);
            inputs.release = Release::of_minor(minor).expect("modelled");
            inputs.release.etcd_range_stream &= range_stream;
            let resource = &mut inputs.resources[0];
            (resource.name, resource.shape) = (name.to_owned(), shape);
            resource.count = count.min(2_000_000_000 / size);
            resource.size = Bytes(size);
            resource.json_size = json.map(|n| Bytes(1 + u64::from(n) * 100));
            resource.heap_size = heap.map(|n| Bytes(1 + u64::from(n) * 100));
            resource.versions = versions;
            inputs
        },
    )
}

fn read() -> impl Strategy<Value = ReadInput> {
    let encodings = select(vec![Encoding::Json, Encoding::Protobuf, Encoding::Table]);
    let versions = select(vec![
        ResourceVersion::Unset,
        ResourceVersion::Any,
        ResourceVersion::NotOlderThan,
        ResourceVersion::Exact,
    ]);
    (encodings, versions, any::<bool>(), 0.0..=1.0).prop_map(
        |(encoding, resource_version, gzip, selected)| ReadInput {
            resource: ResourceId(0),
            encoding,
            gzip,
            resource_version,
            limit: None,
            selected,
            selector: selected < 1.0,
            namespaced: false,
        },
    )
}

/// A catalog and the plans that are made from it, as at the start of a run.
struct Made {
    catalog: Catalog,
    objects: Table<ResourceId, u64>,
    plans: PlanCache,
}

impl Made {
    fn of(inputs: &Inputs) -> Self {
        Self {
            catalog: Catalog::new(inputs, inputs.hardware.clone()),
            objects: inputs.resources.iter().map(|resource| resource.count).collect(),
            plans: PlanCache::default(),
        }
    }

    fn context<'a>(&'a self, inputs: &'a Inputs) -> PlanContext<'a> {
        let (catalog, objects) = (&self.catalog, &self.objects);
        PlanContext { inputs, catalog, objects, etcd_speed: 1.0 }
    }

    fn with<T>(
        &mut self,
        inputs: &Inputs,
        make: impl FnOnce(&mut PlanCache, &PlanContext<'_>) -> T,
    ) -> T {
        let (catalog, objects) = (&self.catalog, &self.objects);
        let context = PlanContext { inputs, catalog, objects, etcd_speed: 1.0 };
        make(&mut self.plans, &context)
    }
}

fn case() -> impl Strategy<Value = Case> {
    let routes = select(vec![Route::Cache, Route::Snapshot, Route::Etcd]);
    let pooled = prop_oneof![Just(None), (1u64..1 << 31).prop_map(|n| Some(Bytes(n)))];
    let client = (any::<Option<u32>>(), 0u32..100);
    (resource(), read(), routes, pooled, 0.0..=1.0, client).prop_map(
        |(mut inputs, read, route, pooled, page, (drain, idle))| {
            let (matching, stored) = Made::of(&inputs).context(&inputs).items_of(&read);
            let items = (matching as f64 * page) as u64;
            let fleet = &mut inputs.fleets[0];
            fleet.drain_rate = drain.map(|n| ByteRate(1 + u64::from(n)));
            fleet.idle_watches = idle;
            fleet.behaviour = Behaviour::Reflector {
                read: read.clone(),
                watch_list: true,
                watch: true,
                bookmarks: true,
            };
            let made = Made::of(&inputs);
            let pooled = pooled.filter(|_| made.context(&inputs).uses_pool(FleetId(0), &read));
            Case {
                inputs,
                read,
                list: ListShape { route, items, scanned: stored, pooled, pace: Pace::default() },
            }
        },
    )
}

/// Everything that a step takes at once, in one phase.
fn largest_step(plan: &RequestPlan) -> u64 {
    let taken = |step: &Step| match step {
        Step::Take(_, n) | Step::Litter(_, n) | Step::TakeKernel(_, n) => n.0,
        _ => 0,
    };
    let steps = plan.phases.iter().flat_map(|phase| phase.start.iter().chain(&phase.end));
    steps.map(taken).max().unwrap_or(0)
}

fn server(inputs: &Inputs, made: &Made) -> Server {
    let settings = Arc::new(ServerSettings {
        cores: 4.0,
        cpu_limit: None,
        procs: 1.0,
        hardware: made.catalog.hardware.clone(),
        local_clients: false,
        gc: GcSettings { gogc: Some(100), memory_limit: None },
        memory_high: None,
        etcd_cores: 2.0,
        request_timeout: SimSpan::secs(60),
        scan: made.catalog.scan_weights(inputs),
        owners: made.catalog.owners.names.len(),
    });
    let mut server = Server::new(settings, of_cgroup(u64::MAX / 2));
    server.boot(SimTime::ZERO);
    server
}

/// What is neither garbage nor free nor the process's own.
fn held(server: &Server) -> u64 {
    let own = [Mechanism::ProcessBase, Mechanism::Garbage, Mechanism::FreedPages, Mechanism::Pools];
    let other = Mechanism::ALL.into_iter().filter(|mechanism| !own.contains(mechanism));
    other.map(|mechanism| server.memory.ledger.mechanism(mechanism)).sum()
}

/// Serves a request until it has finished, or through so many events and a part of the next wait.
fn serve(case: &Case, made: &Made, plan: PlanId, events: Option<(usize, f64)>) -> Server {
    let mut server = server(&case.inputs, made);
    if let Some(pooled) = case.list.pooled {
        // As another request of the fleet has left it.
        let entry = made.catalog.fleet_owner(FleetId(0)).entry(Mechanism::ResponseBuffer);
        server.memory.step(Step::Take(entry, pooled));
        server.memory.step(Step::Pool(entry, pooled));
        assert_eq!(server.memory.unpool(entry, false), Some(pooled.0));
    }
    let request =
        server.start(&made.plans.made, plan, Tag::Client(ClientId(7)), true, SimTime::ZERO);
    let mut finished = Vec::new();
    let (most, part) = events.unwrap_or((usize::MAX, 0.0));
    let mut now = SimTime::ZERO;
    for _ in 0..most.min(100_000) {
        server.process(&made.plans.made, now, &mut finished);
        server.collect(now);
        server.check();
        if !finished.is_empty() {
            break;
        }
        server.refresh(&made.plans.made);
        now = server.next_event();
        server.settle(now);
    }
    if events.is_none() {
        assert!(finished.iter().any(|done| done.tag == Tag::Client(ClientId(7))), "it never ends");
    }
    server.process(&made.plans.made, now, &mut finished);
    server.collect(now);
    server.refresh(&made.plans.made);
    let wait = server.next_event().since(now).scale(part);
    server.settle(now + wait);
    server.process(&made.plans.made, now + wait, &mut finished);
    server.collect(now + wait);
    server.abort(&made.plans.made, request, now + wait);
    server.check();
    server
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn finished_requests_hold_nothing(case in case()) {
        let mut made = Made::of(&case.inputs);
        let list = made.with(&case.inputs, |plans, context| plans.list(context, FleetId(0), &case.read, case.list, false));
        made.plans.made.get(list).check(0);

        let watch_list = made.with(&case.inputs, |plans, context| plans.watch_list(context, FleetId(0), &case.read, 10, false));
        let watches = 1 + u64::from(case.inputs.fleets[0].idle_watches);
        made.plans.made.get(watch_list).check(IDLE_WATCH.times(watches).0);
        for missed in [0, 1, 700] {
            let watch = made.with(&case.inputs, |plans, context| plans.watch(context, FleetId(0), opening(watches), missed, 100));
            made.plans.made.get(watch).check(IDLE_WATCH.times(watches).0);
        }
    }

    /// A server that has started holds what one that has been up for long holds.
    #[test]
    fn starting_ends_where_warm_begins(case in case()) {
        let inputs = &case.inputs;
        let mut made = Made::of(inputs);
        let warm = |made: &Made, wanted: Mechanism| {
            let held = made.catalog.warm_holdings(inputs, ResourceId(0)).into_iter();
            held.filter(|(mechanism, _)| *mechanism == wanted).map(|(_, n)| n.0).sum::<u64>()
        };
        // One plan a version.
        let cache = made.with(inputs, |plans, context| plans.cache(context, ResourceId(0)));
        let objects = warm(&made, Mechanism::WatchCacheObjects);
        let objects = objects / u64::from(inputs.resources[ResourceId(0)].caches());
        let plan = made.plans.made.get(cache);
        let taken = plan.holdings(plan.phases.len() - 1, oomcast::engine::fluid::PARTS);
        let outside: u64 = taken.kernel.iter().map(|(_, n)| n).sum();
        plan.check(objects + outside);

        if let Some(loopback) = made.with(inputs, |plans, context| plans.loopback(context, ResourceId(0))) {
            let copies = warm(&made, Mechanism::LoopbackInformers);
            made.plans.made.get(loopback).check(copies);
        }
    }

    /// What comes at once is small: a few items, a window, a gzip writer. All else grows along
    /// lines, so that a limit is crossed at an instant.
    #[test]
    fn steps_are_small(case in case()) {
        let mut made = Made::of(&case.inputs);
        let inputs = &case.inputs;
        let mut plans = vec![
            made.with(inputs, oomcast::model::plane::plans::PlanCache::boot),
            made.with(inputs, |plans, context| plans.list(context, FleetId(0), &case.read, case.list, false)),
            made.with(inputs, |plans, context| plans.watch_list(context, FleetId(0), &case.read, 10, false)),
            made.with(inputs, |plans, context| plans.watch(context, FleetId(0), opening(100), 5_000, 1_000)),
            made.with(inputs, |plans, context| plans.watch_list(context, FleetId(0), &case.read, 1_000, false)),
            made.with(inputs, |plans, context| plans.cache(context, ResourceId(0))),
        ];
        plans.extend(made.with(inputs, oomcast::model::plane::plans::PlanCache::rest));
        plans.extend(made.with(inputs, |plans, context| plans.loopback(context, ResourceId(0))));
        let profile = &made.catalog.profiles[ResourceId(0)];
        let item = profile.json.max(profile.stored).max(profile.event_copy).0;
        for plan in plans {
            let step = largest_step(made.plans.made.get(plan));
            prop_assert!(step <= (4 << 20) + 16 * item, "{step} at once, items of {item}");
        }
    }
}

proptest! {
    #![proptest_config(cases(300))]

    /// A server that serves a LIST to its end, or cuts it anywhere, keeps garbage at most.
    #[test]
    fn cut_requests_leave_garbage_only(case in case(), events in 0usize..40, part in 0.0..1.0) {
        let mut made = Made::of(&case.inputs);
        let list = made.with(&case.inputs, |plans, context| plans.list(context, FleetId(0), &case.read, case.list, false));
        prop_assert_eq!(held(&serve(&case, &made, list, None)), 0, "finished");
        let cut = serve(&case, &made, list, Some((events, part)));
        prop_assert_eq!(held(&cut), 0, "cut after {} events", events);

        let watch_list = made.with(&case.inputs, |plans, context| plans.watch_list(context, FleetId(0), &case.read, 10, false));
        let plain = Case { list: ListShape { pooled: None, ..case.list }, ..case.clone() };
        let cut = serve(&plain, &made, watch_list, Some((events % 4, part)));
        let watches = 1 + u64::from(case.inputs.fleets[0].idle_watches);
        let left = held(&cut);
        prop_assert!(left == 0 || left == IDLE_WATCH.times(watches).0, "{left} left");
    }
}

proptest! {
    #![proptest_config(cases(150))]

    /// Many requests of a kind, served together, some of them cut: to the byte, nothing stays.
    #[test]
    fn crowds_leave_garbage_only(
        case in case(),
        moves in prop::collection::vec((any::<u8>(), 0u64..3_000_000, any::<bool>()), 1..60),
    ) {
        let mut made = Made::of(&case.inputs);
        let list = ListShape { pooled: None, ..case.list };
        let plan = made.with(&case.inputs, |plans, context| plans.list(context, FleetId(0), &case.read, list, false));
        let mut server = server(&case.inputs, &made);
        let (mut now, mut finished) = (SimTime::ZERO, Vec::new());
        let mut requests = Vec::new();
        for (chosen, wait, cut) in moves {
            let at = now + SimSpan::nanos(wait * u64::from(chosen));
            now = run_until(&mut server, &made, now, at, &mut finished);
            if cut && !requests.is_empty() {
                let request = requests.swap_remove(usize::from(chosen) % requests.len());
                server.abort(&made.plans.made, request, now);
            } else {
                requests.push(server.start(&made.plans.made, plan, Tag::Client(ClientId(7)), true, now));
            }
        }
        // Some of the rest are cut, too, at instants at which something happens.
        while let Some(left) = requests.iter().position(|request| server.serves(*request)) {
            if finished.len() % 3 == 1 {
                server.abort(&made.plans.made, requests[left], now);
            }
            let next = next_change(&mut server, &made, now, &mut finished);
            now = run_until(&mut server, &made, now, next, &mut finished);
        }
        server.process(&made.plans.made, now, &mut finished);
        server.collect(now);
        server.check();
        prop_assert_eq!(held(&server), 0);
        prop_assert_eq!(server.in_flight(), 0);
    }
}

fn next_change(
    server: &mut Server,
    made: &Made,
    now: SimTime,
    finished: &mut Vec<Finished>,
) -> SimTime {
    server.process(&made.plans.made, now, finished);
    server.collect(now);
    server.refresh(&made.plans.made);
    server.next_event()
}

/// Serves until `end`.
fn run_until(
    server: &mut Server,
    made: &Made,
    mut now: SimTime,
    end: SimTime,
    finished: &mut Vec<Finished>,
) -> SimTime {
    loop {
        let next = next_change(server, made, now, finished);
        server.check();
        now = next.min(end);
        server.settle(now);
        if now == end {
            return now;
        }
    }
}

/// Pages share plans: their number does not grow with that of the pages.
#[test]
fn scans_are_rounded_a_little() {
    let mut distinct = std::collections::BTreeSet::new();
    for left in (0..1_000_000_000u64).step_by(9_973).chain(0..1_000) {
        let rounded = rounded_scan(left);
        assert!(rounded >= left && rounded as f64 <= left as f64 * 1.016, "{left}: {rounded}");
        distinct.insert(rounded);
    }
    assert!(distinct.len() < 2_000, "{} plans", distinct.len());
    assert!((0..128).all(|left| rounded_scan(left) == left));
}

/// The check is worth something: it finds a leak and a double drop.
#[test]
fn bad_plans_are_found() {
    let inputs = inputs(BURST, &[]);
    let mut made = Made::of(&inputs);
    let Behaviour::Reflector { read, .. } = &inputs.fleets[0].behaviour else {
        panic!("a reflector");
    };
    let shape = ListShape {
        route: Route::Cache,
        items: 200,
        scanned: 200,
        pooled: None,
        pace: Pace::default(),
    };
    let id =
        made.with(&inputs, |plans, context| plans.list(context, FleetId(0), read, shape, false));
    let good = made.plans.made.get(id).clone();
    good.check(0);
    let entry = made.catalog.fleet_owner(FleetId(0)).entry(Mechanism::ResponseBuffer);
    for step in [Step::Take(entry, Bytes(1)), Step::Drop(entry, Bytes(1))] {
        let mut bad = good.clone();
        bad.phases[0].start.push(step);
        let check = std::panic::catch_unwind(|| bad.check(0));
        assert!(check.is_err(), "{step:?} passes");
    }
}
