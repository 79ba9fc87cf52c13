//! Workloads: what goes on in a cluster, as writes to the resources that it has.
//!
//! How many writes each causes is in docs/facts/clients.md section 4.1. Pods must be among the objects
//! where pods come and go, leases and nodes where nodes do; `events`, `endpointslices` and
//! `ciliumendpoints` are written where the scenario has them.

use super::derive::Names;
use super::keys::Family;
use crate::language::table::resolved::Resolved;
use crate::language::tell::code::Code;
use crate::language::tell::diagnostic::{Finding, Log, shown};
use crate::language::tell::suggest::nearest;
use crate::model::input::{FleetId, FlowInput, Id, JoinInput, WorkloadsInput};
use crate::units::{SimSpan, SimTime};

/// Writes to a pod from its creation until it runs, besides the creation: it is bound, and its status
/// is patched three or four times.
const POD_START_UPDATES: f64 = 1.0 + 3.5;
/// Writes to a pod that is deleted, besides the last: it is marked, and its status is patched once or
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
/// See the keys.
const PODS_PER_NODE: u64 = 30;
/// `MaxContainerBackOff` of the kubelet.
const RESTART_EVERY: SimSpan = SimSpan::secs(300);

/// What a kind must be given, and what it may be given besides `at` and `lasts`.
fn keys_of(kind: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match kind {
        "pod-churn" => (&["rate"], &["in-services"]),
        "node-heartbeats" => (&[], &["nodes"]),
        "hpa-spike" => (&["pods", "over", "lasts"], &["in-services"]),
        "node-scale-out" => (&["nodes", "over"], &["pods-per-node", "in-services", "joins"]),
        "crash-loop" => (&["pods"], &["every"]),
        _ => (&["resource", "rate"], &[]),
    }
}

/// The resources that must be there for a kind.
fn resources_of(kind: &str) -> &'static [&'static str] {
    match kind {
        "pod-churn" | "hpa-spike" | "crash-loop" => &["pods"],
        "node-heartbeats" => &["nodes", "leases"],
        "node-scale-out" => &["pods", "nodes", "leases"],
        _ => &[],
    }
}

/// Checks the workloads.
pub(super) fn check(root: &Resolved, names: &Names, log: &mut Log) {
    let duration = root.table("run").and_then(|run| run.span_of("duration"));
    for table in root.list("workloads") {
        let Some(kind) = table.text("kind") else { continue };
        keys(table, kind, log);
        if let (Some(at), Some(duration)) = (table.span_of("at"), duration)
            && at >= duration
        {
            let message = format!("the workload begins when the run of {duration} has ended");
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

fn keys(table: &Resolved, kind: &str, log: &mut Log) {
    let (must, may) = keys_of(kind);
    for key in must {
        if table.given(key).is_none() && !table.is_bad(key) {
            let message = format!("a workload of kind \"{kind}\" needs `{key}`");
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
            let message = format!("a workload of kind \"{kind}\" takes no `{name}`");
            let all: Vec<&str> = must.iter().chain(may).copied().collect();
            let help = format!("besides name, kind, at and lasts it takes {}", all.join(", "));
            log.push(Finding::new(Code::UnknownKey, at, message).label("not here").help(help));
        }
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
pub(super) fn expand(root: &Resolved, names: &Names) -> Option<WorkloadsInput> {
    let mut input = WorkloadsInput::default();
    for table in root.list("workloads") {
        let from = SimTime::ZERO + table.span_of("at")?;
        let mut work = Work { names, from, lasts: table.span_of("lasts"), input: &mut input };
        let services = table.number("in-services").unwrap_or(1.0);
        let rate = table.number("rate").unwrap_or(0.0);
        let nodes = table.count::<u64>("nodes");
        match table.text("kind")? {
            "pod-churn" => work.pod_churn(rate, services),
            "node-heartbeats" => work.heartbeats(nodes.unwrap_or(stored(root, "nodes")?)),
            "hpa-spike" => work.spike(table.count("pods")?, table.span_of("over")?, services),
            "node-scale-out" => {
                let pods = table.count("pods-per-node").unwrap_or(PODS_PER_NODE);
                work.scale_out((nodes?, pods), table.span_of("over")?, services);
                work.join(root, table)?;
            }
            "crash-loop" => {
                let every = table.span_of("every").unwrap_or(RESTART_EVERY);
                work.crash_loop(table.count("pods")?, every);
            }
            _ => work.writes(table.text("resource")?, rate),
        }
    }
    Some(input)
}

fn stored(root: &Resolved, name: &str) -> Option<u64> {
    root.named("objects").iter().find(|(known, ..)| known == name)?.2.count("count")
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

    /// So many pods a second come, run, and go.
    fn pod_churn(&mut self, rate: f64, services: f64) {
        // Creation and deletion are writes, too.
        self.writes("pods", rate * (1.0 + POD_START_UPDATES + POD_STOP_UPDATES + 1.0));
        self.writes("events", rate * POD_EVENTS);
        self.writes("endpointslices", rate * services * 2.0 * SLICE_WRITES);
        self.writes("ciliumendpoints", rate * (1.0 + CILIUM_UPDATES + 1.0));
    }

    fn heartbeats(&mut self, nodes: u64) {
        self.writes("leases", nodes as f64 / LEASE_PERIOD.as_secs_f64());
        self.writes("nodes", nodes as f64 / STATUS_PERIOD.as_secs_f64());
    }

    /// So many pods come over a span.
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
        let (rate, net) = (pods as f64 / over.as_secs_f64(), -whole(pods));
        self.flow("pods", rate * POD_STOP_UPDATES, net);
        self.writes("endpointslices", rate * services * SLICE_WRITES);
        self.flow("ciliumendpoints", 0.0, net);
    }

    /// So many nodes come over a span with so many pods each; their heartbeats go on.
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
    fn join(&mut self, root: &Resolved, table: &Resolved) -> Option<()> {
        for (name, _) in table.texts("joins").unwrap_or_default() {
            let mut fleets = root.list("clients").iter();
            let fleet = FleetId::at(fleets.position(|fleet| fleet.text("name") == Some(name))?);
            let (count, over) = (table.count("nodes")?, table.span_of("over")?);
            self.input.joins.push(JoinInput { fleet, count, from: self.from, over });
        }
        Some(())
    }
}

fn whole(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
