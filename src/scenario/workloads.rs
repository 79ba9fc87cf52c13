//! Workloads: what goes on in a cluster, as writes to the resources that it has.
//!
//! How many writes each causes is in docs/facts/clients.md section 4.1. Pods must be among the objects
//! where pods come and go, leases and nodes where nodes do; `events`, `endpointslices` and
//! `ciliumendpoints` are written where the scenario has them.

mod hpa;

use self::hpa::Hpa;
use super::derive::Names;
use super::keys::Family;
use super::keys::load::Objects;
use super::keys::workloads::{Workload, WorkloadKind};
use crate::language::table::typed::Word;
use crate::language::{Code, Finding, Log, Resolved, Value, nearest, shown};
use crate::model::input::{BeginInput, FlowInput, JoinInput, WorkloadsInput};
use crate::units::{SimSpan, SimTime};

/// Writes to a pod from its creation until it runs, in addition to the creation: it is bound, and its status
/// is patched three or four times.
const POD_START_UPDATES: f64 = 1.0 + 3.5;
/// Writes to a pod that is deleted, in addition to the last: it is marked, and its status is patched once or
/// twice.
const POD_STOP_UPDATES: f64 = 1.0 + 1.5;
/// Events about a pod until it runs.
const POD_EVENTS: f64 = 5.0;
/// Writes to the `EndpointSlice` of a pod for each change of its readiness, without batching.
const SLICE_WRITES: f64 = 1.0;
/// Updates of a new `CiliumEndpoint`.
const CILIUM_UPDATES: f64 = 1.5;
/// Calls for each restart of a container (KEP-4603): taken for three patches of the pod's status ...
const RESTART_PATCHES: f64 = 3.0;
/// ... and two events (the division is assumed).
const RESTART_EVENTS: f64 = 2.0;
/// `NodeLeaseDurationSeconds` 40 times a quarter.
const LEASE_PERIOD: SimSpan = SimSpan::secs(10);
/// `NodeStatusReportFrequency`.
const STATUS_PERIOD: SimSpan = SimSpan::secs(300);

/// What a kind must be given, and what it may be given in addition to `at` and `lasts`.
fn keys_of(kind: WorkloadKind) -> (&'static [&'static str], &'static [&'static str]) {
    match kind {
        WorkloadKind::PodChurn => (&["rate"], &["in-services"]),
        WorkloadKind::NodeHeartbeats => (&[], &["nodes"]),
        WorkloadKind::HpaSpike => (&["pods", "over", "lasts"], &["in-services"]),
        WorkloadKind::Hpa => (
            &["pods", "least", "over"],
            &["period", "start-time", "up-window", "down-window", "in-services"],
        ),
        WorkloadKind::NodeScaleOut => {
            (&["nodes", "over"], &["pods-per-node", "in-services", "joins"])
        }
        WorkloadKind::CrashLoop => (&["pods"], &["every"]),
        WorkloadKind::CustomResourceUpdates => (&["resource", "rate"], &[]),
    }
}

/// The resources that must be there for a kind.
fn resources_of(kind: WorkloadKind) -> &'static [&'static str] {
    match kind {
        WorkloadKind::PodChurn
        | WorkloadKind::HpaSpike
        | WorkloadKind::Hpa
        | WorkloadKind::CrashLoop => &["pods"],
        WorkloadKind::NodeHeartbeats => &["nodes", "leases"],
        WorkloadKind::NodeScaleOut => &["pods", "nodes", "leases"],
        WorkloadKind::CustomResourceUpdates => &[],
    }
}

/// Checks the workloads.
pub(super) fn check(root: &Resolved, names: &Names, log: &mut Log) {
    let duration = root.table("run").and_then(|run| run.span_of("duration"));
    for table in root.list("workloads") {
        let Some(word) = table.text("kind") else { continue };
        let Some(kind) = WorkloadKind::from_word(word) else { continue };
        keys(table, (word, kind), log);
        if kind == WorkloadKind::Hpa {
            load_of_hpa(table, log);
        }
        if let (Some(at), Some(duration)) = (table.span_of("at"), duration)
            && at >= duration
        {
            let message =
                format!("the workload begins at or after the end of the run ({duration})");
            log.push(Finding::new(Code::AfterTheEnd, table.at("at"), message).label("too late"));
        }
        for resource in resources_of(kind) {
            if names.index(Family::Resource, resource).is_none() && !root.is_bad("objects") {
                let message = format!("the workload writes {resource}, which are not there");
                let finding = Finding::new(Code::UnknownReference, table.at("kind"), message);
                let help = format!("add [objects.{resource}] with count and size");
                log.push(finding.label("needs them").help(help));
            }
        }
        joins(root, table, log);
    }
}

fn keys(table: &Resolved, (word, kind): (&str, WorkloadKind), log: &mut Log) {
    let (must, may) = keys_of(kind);
    for key in must {
        if table.given(key).is_none() && !table.is_bad(key) {
            let message = format!("a workload of kind \"{word}\" needs `{key}`");
            let doc = table.slot(key).map_or("", |slot| slot.key.doc);
            let finding = Finding::new(Code::MissingKey, table.at("kind"), message);
            log.push(finding.label(format!("`{key}` is missing")).help(doc.to_owned()));
        }
    }
    let known = ["name", "kind", "at", "lasts"];
    for slot in &table.slots {
        let name = slot.key.name;
        let fits = [&known[..], must, may].iter().any(|keys| keys.contains(&name));
        if let Some(at) = slot.given.filter(|_| !fits) {
            let message = format!("a workload of kind \"{word}\" takes no `{name}`");
            let all: Vec<&str> = must.iter().chain(may).copied().collect();
            let help = format!("apart from name, kind, at and lasts it takes {}", all.join(", "));
            log.push(Finding::new(Code::UnknownKey, at, message).label("not here").help(help));
        }
    }
}

/// The load of an autoscaler has a height above its lowest, and comes to both in each period.
fn load_of_hpa(table: &Resolved, log: &mut Log) {
    if let (Some(least), Some(pods)) = (table.count::<u64>("least"), table.count::<u64>("pods"))
        && least > pods
    {
        let message = format!("`least` is {least}, more than the {pods} of `pods`");
        let finding = Finding::new(Code::OutOfBounds, table.at("least"), message);
        log.push(finding.label("the lowest load").related(table.given("pods"), "its height"));
    }
    if let (Some(over), Some(period)) = (table.span_of("over"), table.span_of("period"))
        && over > period.scale(0.5)
    {
        let message = format!(
            "the load rises over {over} and falls over {over}, more than its period of {period}"
        );
        let finding = Finding::new(Code::OutOfBounds, table.at("over"), message);
        let finding = finding.label("at most half of the period");
        log.push(finding.related(table.given("period"), "the period"));
    }
}

/// Fleets that join are fleets, and have a member for each node.
fn joins(root: &Resolved, table: &Resolved, log: &mut Log) {
    let fleets = || root.list("clients").iter();
    for (name, at) in table.texts("joins").unwrap_or_default() {
        let Some(fleet) = fleets().find(|fleet| fleet.text("name") == Some(name)) else {
            let message = format!("there is no client named `{}`", shown(name));
            let mut finding = Finding::new(Code::UnknownReference, *at, message).label("not found");
            if let Some(near) = nearest(name, fleets().filter_map(|fleet| fleet.text("name"))) {
                finding = finding.help(format!("did you mean \"{}\"?", shown(near)));
            }
            log.push(finding);
            continue;
        };
        let (nodes, members) = (table.count::<u64>("nodes"), fleet.count::<u64>("count"));
        if let (Some(nodes), Some(members)) = (nodes, members)
            && nodes > members
        {
            let message = format!("`{}` has {members} members, not {nodes}", shown(name));
            log.push(
                Finding::new(Code::MoreThanMembers, *at, message)
                    .label("fewer than nodes that come")
                    .related(fleet.given("count"), "its members"),
            );
        }
    }
}

/// What the workloads do to the load.
pub(super) fn expand(
    workloads: Vec<Workload>,
    objects: &[(String, Objects)],
    names: &Names,
    duration: SimSpan,
) -> Option<WorkloadsInput> {
    let mut input = WorkloadsInput::default();
    for workload in workloads {
        let Workload {
            name,
            kind,
            at,
            lasts,
            rate,
            pods,
            least,
            period,
            start_time,
            up_window,
            down_window,
            nodes,
            pods_per_node,
            over,
            every,
            in_services,
            resource,
            joins,
        } = workload;
        let from = SimTime::ZERO + at;
        if at > SimSpan::ZERO {
            input.begins.push(BeginInput { name, kind: word(kind), from });
        }
        let mut work = Work { names, from, lasts, input: &mut input };
        match kind {
            WorkloadKind::PodChurn => work.pod_churn(rate?, in_services?),
            WorkloadKind::NodeHeartbeats => work.heartbeats(nodes.or(stored(objects, "nodes"))?),
            WorkloadKind::HpaSpike => work.spike(pods?, over?, in_services?),
            WorkloadKind::Hpa => {
                let hpa = Hpa {
                    most: pods?,
                    least: least?,
                    period: period?,
                    over: over?,
                    start_time: start_time?,
                    up_window: up_window?,
                    down_window: down_window?,
                };
                let lasts = lasts.unwrap_or(duration).min(duration - at);
                work.autoscale(hpa, lasts, in_services?);
            }
            WorkloadKind::NodeScaleOut => {
                work.scale_out((nodes?, pods_per_node?), over?, in_services?);
                work.join(&joins, u32::try_from(nodes?).ok()?, over?)?;
            }
            WorkloadKind::CrashLoop => work.crash_loop(pods?, every?),
            WorkloadKind::CustomResourceUpdates => work.writes(&resource?, rate?),
        }
    }
    Some(input)
}

/// What scenarios call a kind.
fn word(kind: WorkloadKind) -> &'static str {
    WorkloadKind::WORDS.get(kind as usize).copied().unwrap_or_default()
}

/// Leaves out the defaults of keys that a kind does not take.
pub(super) fn defaults(root: &mut Resolved) {
    let Some(Value::List(tables)) = root.value_mut("workloads") else { return };
    for table in tables {
        let Some(kind) = table.text("kind").and_then(WorkloadKind::from_word) else { continue };
        let (must, may) = keys_of(kind);
        let may_have_defaults = [
            "pods-per-node",
            "every",
            "in-services",
            "period",
            "start-time",
            "up-window",
            "down-window",
        ];
        for key in may_have_defaults {
            if table.given(key).is_none() && !must.contains(&key) && !may.contains(&key) {
                table.take(key);
            }
        }
    }
}

fn stored(objects: &[(String, Objects)], name: &str) -> Option<u64> {
    objects.iter().find(|(known, _)| known == name).map(|(_, objects)| objects.count)
}

/// A workload that is being expanded.
struct Work<'a> {
    names: &'a Names,
    from: SimTime,
    lasts: Option<SimSpan>,
    input: &'a mut WorkloadsInput,
}

impl Work<'_> {
    /// Writes, and objects that come or go, if the scenario has the resource.
    fn flow(&mut self, name: &str, per_second: f64, net: i64) {
        if let Some(resource) = self.names.resource(name)
            && (per_second > 0.0 || net != 0)
        {
            let (from, lasts) = (self.from, self.lasts);
            self.input.flows.push(FlowInput { resource, from, lasts, per_second, net });
        }
    }

    fn writes(&mut self, name: &str, per_second: f64) {
        self.flow(name, per_second, 0);
    }

    /// Pods that come, run, and go, per second.
    fn pod_churn(&mut self, rate: f64, services: f64) {
        // Creation and deletion are writes as well.
        self.writes("pods", rate * (1.0 + POD_START_UPDATES + POD_STOP_UPDATES + 1.0));
        self.writes("events", rate * POD_EVENTS);
        self.writes("endpointslices", rate * services * 2.0 * SLICE_WRITES);
        self.writes("ciliumendpoints", rate * (1.0 + CILIUM_UPDATES + 1.0));
    }

    fn heartbeats(&mut self, nodes: u64) {
        self.writes("leases", nodes as f64 / LEASE_PERIOD.as_secs_f64());
        self.writes("nodes", nodes as f64 / STATUS_PERIOD.as_secs_f64());
    }

    /// Pods come over a span.
    fn pods_come(&mut self, pods: u64, over: SimSpan, services: f64) {
        self.lasts = Some(over);
        let (rate, net) = (pods as f64 / over.as_secs_f64(), whole(pods));
        self.flow("pods", rate * POD_START_UPDATES, net);
        self.writes("events", rate * POD_EVENTS);
        self.writes("endpointslices", rate * services * SLICE_WRITES);
        self.flow("ciliumendpoints", rate * CILIUM_UPDATES, net);
    }

    /// They come, stay until the workload has lasted, and go as fast as they came.
    fn spike(&mut self, pods: u64, over: SimSpan, services: f64) {
        let stay = self.lasts.unwrap_or(SimSpan::ZERO).max(over);
        self.pods_come(pods, over, services);
        self.from += stay;
        self.pods_go(pods, over, services);
    }

    /// Pods come and go as an autoscaler has it.
    fn autoscale(&mut self, hpa: Hpa, lasts: SimSpan, services: f64) {
        let start = self.from;
        for (sync, step) in hpa.steps(lasts).into_iter().enumerate() {
            self.from = start + hpa::SYNC.times(sync as u64);
            let pods = step.unsigned_abs();
            match step.signum() {
                1 => self.pods_come(pods, hpa::SYNC, services),
                -1 => self.pods_go(pods, hpa::SYNC, services),
                _ => {}
            }
        }
    }

    /// Pods go over a span.
    fn pods_go(&mut self, pods: u64, over: SimSpan, services: f64) {
        self.lasts = Some(over);
        let (rate, net) = (pods as f64 / over.as_secs_f64(), -whole(pods));
        self.flow("pods", rate * POD_STOP_UPDATES, net);
        self.writes("endpointslices", rate * services * SLICE_WRITES);
        self.flow("ciliumendpoints", 0.0, net);
    }

    /// Nodes come over a span, each with its pods; their heartbeats go on.
    fn scale_out(&mut self, (nodes, pods): (u64, u64), over: SimSpan, services: f64) {
        let (start, end) = (self.from, self.lasts);
        self.lasts = Some(over);
        self.flow("nodes", 0.0, whole(nodes));
        self.flow("leases", 0.0, whole(nodes));
        self.pods_come(nodes.saturating_mul(pods), over, services);
        self.from = start + over;
        self.lasts = end;
        self.heartbeats(nodes);
        self.from = start;
        self.lasts = Some(over);
    }

    fn crash_loop(&mut self, pods: u64, every: SimSpan) {
        let restarts = pods as f64 / every.as_secs_f64();
        self.writes("pods", restarts * RESTART_PATCHES);
        self.writes("events", restarts * RESTART_EVENTS);
    }

    /// A member of each fleet that joins starts with each node.
    fn join(&mut self, fleets: &[String], count: u32, over: SimSpan) -> Option<()> {
        for name in fleets {
            let fleet = self.names.fleet(name)?;
            self.input.joins.push(JoinInput { fleet, count, from: self.from, over });
        }
        Some(())
    }
}

fn whole(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
