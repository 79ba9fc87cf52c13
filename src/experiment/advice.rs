//! What a valid scenario probably does not mean, told by the model: memory that an idle server already
//! exceeds, LISTs that go to etcd, sweeps that take hours. All of it is cheap to find out.

use std::collections::BTreeSet;

use crate::model::apiserver::route::{CacheState, Route, honours_limit, route_list};
use crate::model::apiserver::watch::IDLE_WATCH;
use crate::model::input::{Action, Behaviour, EventInput, Inputs, ReadInput};
use crate::model::node::{LimitKind, memory_high, memory_limit};
use crate::model::plane::database::{DEFAULT_QUOTA, Database};
use crate::model::{self, RunOptions};
use crate::scenario::sweep::SweepPlan;
use crate::scenario::{Code, Diagnostic, ReadAnchor, Scenario};
use crate::units::{Bytes, SimSpan};

/// Work of a run that is tried out to tell what all cost.
const TRIED_EVENTS: u64 = 100_000;
/// Processor time of an event of the engine: assumed, within a factor of three of what the shipped
/// scenarios take in an optimised build.
const EVENT: SimSpan = SimSpan::nanos(2_000);
/// Processor time of a sweep worth a warning.
const LONG: SimSpan = SimSpan::secs(2 * 3600);

/// What the model has to say about a scenario, by place.
#[must_use]
pub fn advice(scenario: &Scenario) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = idle_above_limit(scenario).into_iter().collect();
    found.extend(past_quota(scenario));
    found.extend(reads_of_etcd(scenario));
    found
}

/// Resident memory of a warm server that nobody asks anything: what it caches, the watches open
/// on it, and the heap up to the collector's next cycle.
#[must_use]
pub fn idle_memory(inputs: &Inputs) -> Bytes {
    let mut idle = inputs.clone();
    idle.fleets.clear();
    idle.events.clear();
    idle.duration = SimSpan::millis(1);
    idle.apiserver.warm = true;
    idle.apiserver.replicas = 1;
    idle.apiserver.memory_limit = None;
    idle.apiserver.memory_high = None;
    idle.apiserver.memory_throttling_factor = None;
    idle.node.memory = Bytes::gib(1 << 20);
    let options = RunOptions { seed: 1, replication: 0, timelines: false };
    let alone = model::run(&idle, options).peak_resident();
    let watches = inputs.fleets.iter().filter(|fleet| fleet.running).map(|fleet| {
        let holds = match fleet.behaviour {
            Behaviour::Reflector { watch, .. } => watch,
            Behaviour::Watcher { .. } => true,
            Behaviour::Lister { .. } => false,
        };
        u64::from(holds) * u64::from(fleet.count) * (1 + u64::from(fleet.idle_watches))
    });
    let replicas = u64::from(inputs.apiserver.replicas.max(1));
    alone + IDLE_WATCH.times(watches.sum::<u64>() / replicas)
}

/// An idle server is killed, or throttled for good.
fn idle_above_limit(scenario: &Scenario) -> Option<Diagnostic> {
    let inputs = &scenario.inputs;
    let allowed = memory_limit(inputs);
    let needed = idle_memory(inputs);
    if needed > allowed.kill_at {
        let (whose, key) = match allowed.kind {
            LimitKind::Cgroup => ("it may have", "apiserver.memory-limit"),
            LimitKind::Node => ("the node leaves it", "node.memory"),
        };
        let message =
            format!("an idle server is predicted to take {needed}, but {whose} {}", allowed.limit);
        let diagnostic =
            Diagnostic::new(Code::IdleAboveLimit, scenario.anchors.memory.clone(), message);
        let help = format!("raise {key}, or check count and size of the objects");
        return Some(diagnostic.label("dies before anything happens").help(help));
    }
    let high = memory_high(inputs).filter(|high| needed > *high)?;
    let message =
        format!("an idle server is predicted to take {needed}, but memory.high is {high}");
    let diagnostic = Diagnostic::new(Code::IdleAboveLimit, scenario.anchors.high.clone(), message);
    let help = "raise apiserver.memory-high, or check count and size of the objects";
    Some(diagnostic.label("throttled before anything happens").help(help))
}

/// What is stored is more than etcd's quota: at the start, and, where none is stated, also with all that the
/// scenario creates (whatever it deletes before).
fn past_quota(scenario: &Scenario) -> Option<Diagnostic> {
    let inputs = &scenario.inputs;
    let (start, created) = (Database::at_the_start(inputs), created(inputs));
    let stored = inputs.resources.iter().map(|resource| resource.size.times(resource.count)).sum();
    let place = scenario.anchors.stored.clone();
    if let Some(quota) = inputs.etcd.quota {
        let file = start.file(stored);
        let message =
            format!("etcd's file is predicted to be {file} at the start, its quota is {quota}");
        let found = Diagnostic::new(Code::PastQuota, place, message);
        let help = "raise etcd.quota, or check count and size of the objects";
        return (file > quota).then(|| found.label("no write is ever taken").help(help));
    }
    let file = start.file(stored + created);
    let message =
        format!("etcd's file is predicted to be {file}; its default quota is {DEFAULT_QUOTA}");
    let found = Diagnostic::new(Code::PastQuota, place, message);
    let help =
        "state etcd.quota, the cluster's --quota-backend-bytes, to see writes refused past it";
    (file > DEFAULT_QUOTA).then(|| found.label("past the quota writes fail").help(help))
}

/// Bytes of all objects that the events and workloads of a scenario create.
fn created(inputs: &Inputs) -> Bytes {
    let of_event = |event: &EventInput| match event.action {
        Action::Create { resource, count, .. } => Some((resource, count)),
        _ => None,
    };
    let flows = inputs.workloads.flows.iter();
    let of_flows = flows.map(|flow| (flow.resource, u64::try_from(flow.net).unwrap_or(0)));
    let all = inputs.events.iter().filter_map(of_event).chain(of_flows);
    all.map(|(resource, count)| inputs.resources[resource].size.times(count)).sum()
}

/// LISTs that are read from etcd although the servers are warm.
fn reads_of_etcd(scenario: &Scenario) -> Vec<Diagnostic> {
    let inputs = &scenario.inputs;
    let fleets = inputs.fleets.iter().zip(&scenario.anchors.reads);
    let found = fleets.filter_map(|(fleet, anchor)| {
        let anchor = anchor.as_ref()?;
        let read = match &fleet.behaviour {
            Behaviour::Reflector { watch_list: true, .. } if inputs.release.watch_list => {
                return None;
            }
            Behaviour::Reflector { read, .. } | Behaviour::Lister { read, .. } => read,
            Behaviour::Watcher { .. } => return None,
        };
        let all_pages = !matches!(fleet.behaviour, Behaviour::Lister { all_pages: false, .. });
        from_etcd(inputs, &fleet.name, read, all_pages, anchor)
    });
    // What is meant is said once for each client, whatever it reads so.
    let mut said = BTreeSet::new();
    found.filter(|one| one.code != Code::AskedEtcd || said.insert(one.message.clone())).collect()
}

fn from_etcd(
    inputs: &Inputs,
    fleet: &str,
    read: &ReadInput,
    all_pages: bool,
    anchor: &ReadAnchor,
) -> Option<Diagnostic> {
    let enabled = inputs.resources[read.resource].watch_cache;
    let (release, cache) = (&inputs.release, CacheState { enabled, ready: true });
    let first = route_list(release, cache, read, false);
    let pages = all_pages && honours_limit(first, read);
    let what = match first {
        Route::Etcd => "LISTs",
        _ if pages && route_list(release, cache, read, true) == Route::Etcd => "the further pages",
        _ => return None,
    };
    let why = if enabled {
        format!("with Kubernetes 1.{} ", release.minor)
    } else {
        "without a watch cache ".to_owned()
    };
    let name: String = fleet.chars().take(40).flat_map(char::escape_debug).collect();
    let message = format!("{why}{what} of `{name}` are read from etcd");
    let code = if anchor.stated { Code::AskedEtcd } else { Code::ReadsEtcd };
    let found = Diagnostic::new(code, anchor.at.clone(), message)
        .label("each is fetched, decoded and held whole");
    Some(match (anchor.stated, enabled) {
        (true, _) => found,
        (false, true) => found.help(
            "resource-version = \"0\" lets the watch cache answer; write \"\" if etcd is meant",
        ),
        (false, false) => found.help("write watch-cache = false to the resource if that is meant"),
    })
}

/// Predicted work of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SweepCost {
    /// Points.
    pub points: u32,
    /// Runs of each.
    pub replications: u32,
    /// Processor time of all of them, roughly.
    pub time: SimSpan,
}

/// What a sweep costs, if each point costs what the scenario as it stands does. `None`: the plan
/// makes no sweep.
#[must_use]
pub fn sweep_cost(scenario: &Scenario, plan: &SweepPlan) -> Option<SweepCost> {
    let points = plan.points().ok()?;
    let runs = f64::from(points) * f64::from(scenario.replications);
    let time = run_time(scenario).scale(runs);
    Some(SweepCost { points, replications: scenario.replications, time })
}

/// Processor time of a run of the scenario as it stands, roughly.
#[must_use]
pub fn run_time(scenario: &Scenario) -> SimSpan {
    let mut tried = scenario.inputs.clone();
    tried.max_events = tried.max_events.min(TRIED_EVENTS);
    let options = RunOptions { seed: scenario.seed, replication: 0, timelines: false };
    let record = model::run(&tried, options);
    let done = record.end.since(crate::units::SimTime::ZERO).as_secs_f64();
    let share = if record.cut_short { done / tried.duration.as_secs_f64() } else { 1.0 };
    let events = record.counters.engine_events as f64 / share.max(1e-9);
    let events = events.min(scenario.inputs.max_events as f64);
    SimSpan::from_secs_f64(EVENT.as_secs_f64() * events)
}

/// A warning, if a sweep takes hours.
#[must_use]
pub fn long_sweep(scenario: &Scenario, plan: &SweepPlan) -> Option<Diagnostic> {
    let cost = sweep_cost(scenario, plan).filter(|cost| cost.time >= LONG)?;
    let hours = (cost.time.as_secs_f64() / 3600.0).round();
    let (points, runs) = (cost.points, cost.replications);
    let message =
        format!("{points} points of {runs} replications take about {hours} hours of a processor");
    let place = scenario.anchors.sweep.clone().unwrap_or_default();
    let found = Diagnostic::new(Code::LongSweep, place, message).label("this is a lot");
    Some(found.help(
        "fewer points or replications; --shard I/N runs a part on each of N machines, and a \
         sweep that is stopped goes on with --resume",
    ))
}
