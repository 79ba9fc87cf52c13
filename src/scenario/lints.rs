//! What a valid scenario says, but probably does not mean: herds, more than Kubernetes is tested
//! with, gates that a release locks, keys without effect.

use super::derive::{Names, is_custom};
use super::keys::Family;
use super::reads::{self, Read};
use super::release::release_of;
use crate::language::{Code, Finding, Log, Resolved, Span, grouped, shown};
use crate::model::release::Release;
use crate::units::{Bytes, SimSpan};

/// Members that should not start at once.
const MANY_MEMBERS: u64 = 1000;

/// Objects with which Kubernetes is tested, by resource (docs/facts/clients.md section 4.2: sig-scalability,
/// thresholds.md).
const TESTED: [(&str, u64); 6] = [
    ("nodes", 5_000),
    ("pods", 150_000),
    ("services", 10_000),
    ("namespaces", 10_000),
    ("events", 1_000_000),
    // Any other.
    ("", 150_000),
];
/// The same: stored bytes of one resource.
const TESTED_BYTES: Bytes = Bytes(1_500_000_000);
/// The same: pods of a node.
const TESTED_PODS: u64 = 110;

/// Checks a tree without mistakes.
pub(super) fn check(root: &Resolved, names: &Names, log: &mut Log) {
    herds(root, names, log);
    if let Some(apiserver) = root.table("apiserver") {
        locked_gates(root, apiserver, log);
        collector(apiserver, log);
        server_keys(root, apiserver, log);
    }
    for (name, _, table) in root.named("objects") {
        tested(name, table, log);
        object_keys(root, name, table, log);
    }
    definitions(root, log);
    probes(root, log);
    pods_per_node(root, log);
    admission_keys(root, log);
    audit_keys(root, log);
    for fleet in root.list("clients") {
        fleet_keys(fleet, log);
        page_size(root, fleet, log);
    }
}

/// Large fleets that an event starts all at once.
fn herds(root: &Resolved, names: &Names, log: &mut Log) {
    let fleets = root.list("clients");
    let mut reported = vec![false; fleets.len()];
    for event in root.list("events") {
        for action in ["start", "restart"].iter().filter_map(|action| event.table(action)) {
            let index = action.text("client").and_then(|name| names.index(Family::Client, name));
            let Some((fleet, reported)) =
                index.and_then(|i| fleets.get(i).zip(reported.get_mut(i)))
            else {
                continue;
            };
            let all = fleet.count::<u64>("count").unwrap_or(0);
            let moved = action.count::<u64>("count").unwrap_or(all);
            // Who writes "0s" means it.
            let meant = fleet.given("start-jitter").or(action.given("over")).is_some();
            if *reported || meant || moved < MANY_MEMBERS {
                continue;
            }
            *reported = true;
            let name = shown(fleet.name());
            let moved = grouped(i64::try_from(moved).unwrap_or(i64::MAX));
            let message = format!("{moved} members of `{name}` start at the same moment");
            let finding = Finding::new(Code::NoJitter, action.at("client"), message);
            let finding = finding.label("no jitter").related(fleet.given("count"), "its members");
            log.push(finding.help(
                "add over = \"30s\" here, or start-jitter = \"10s\" to the client; \"0s\" if that \
                 is meant"
                    .to_owned(),
            ));
        }
    }
}

/// Gates that the release has, and does not let anybody change.
fn locked_gates(root: &Resolved, apiserver: &Resolved, log: &mut Log) {
    let Some(release) = release_of(root) else {
        return;
    };
    for (name, on, at) in apiserver.flags("feature-gates") {
        let locked = Release::gate(name).is_some_and(|gate| gate.is_locked_in(release.minor));
        if locked && !on {
            let minor = release.minor;
            let name = shown(name);
            let message = format!("Kubernetes 1.{minor} locks the feature gate `{name}` to true");
            let finding = Finding::new(Code::LockedGate, *at, message);
            log.push(
                finding
                    .label("a real kube-apiserver would not start")
                    .help("the prediction is of a server that could be built so".to_owned()),
            );
        }
    }
}

/// `GOGC=off` alone lets the heap grow for ever.
fn collector(apiserver: &Resolved, log: &mut Log) {
    let limited = apiserver.size("gomemlimit").is_some();
    if apiserver.text("gogc") == Some("off") && !limited {
        let message = "without `gomemlimit` the collector never runs";
        let finding = Finding::new(Code::CollectorOff, apiserver.at("gogc"), message);
        log.push(
            finding
                .label("the heap grows until the server is killed")
                .help("add a gomemlimit below the memory limit, or leave gogc out".to_owned()),
        );
    }
}

/// Custom resources with fewer definitions, which a server holds too, than there are resources.
fn definitions(root: &Resolved, log: &mut Log) {
    let objects = root.named("objects").iter();
    let defined = objects.clone().find(|(name, ..)| name == "customresourcedefinitions");
    let custom =
        |(.., table): &&(String, Span, Resolved)| table.text("shape").is_some_and(is_custom);
    let custom: Vec<_> = objects.filter(custom).collect();
    let count = defined.and_then(|(.., table)| table.count::<u64>("count")).unwrap_or(0);
    let Some((name, at, _)) = custom.first().filter(|_| count < custom.len() as u64) else {
        return;
    };
    let finding = match defined {
        None => {
            let message = format!("the definition of `{}` is not counted", shown(name));
            Finding::new(Code::NoDefinitions, *at, message).label("a custom resource")
        }
        Some((.., table)) => {
            let message = format!("{} custom resources have {count} definitions", custom.len());
            let finding = Finding::new(Code::NoDefinitions, table.at("count"), message);
            finding.label("too few").related(Some(*at), "a custom resource")
        }
    };
    log.push(finding.help(
        "each definition holds 1 to 3 MB on every server: [objects.customresourcedefinitions] has the \
         count of `kubectl get crds` and their size; or inherit preset:objects-crds"
            .to_owned(),
    ));
}

/// etcd is away for longer than probes as kubeadm has them let a server live, and nothing is said of them.
fn probes(root: &Resolved, log: &mut Log) {
    const LET_LIVE: SimSpan = SimSpan::secs(72);
    if root.table("apiserver").is_some_and(|apiserver| apiserver.given("probes").is_some()) {
        return;
    }
    for event in root.list("events") {
        let Some(outage) = event.table("etcd-outage") else { continue };
        if outage.span_of("lasts").is_some_and(|lasts| lasts > LET_LIVE) {
            let message = "the kubelet of a kubeadm cluster kills every server meanwhile: /livez includes etcd";
            let finding = Finding::new(Code::NoProbes, outage.at("lasts"), message);
            log.push(finding.label("longer than 72 s").help(
                "write [apiserver] probes = true, with livez-etcd = false if they ask livez?exclude=etcd; false if \
                 there are none"
                    .to_owned(),
            ));
        }
    }
}

/// More than what Kubernetes is tested with, of one resource.
fn tested(name: &str, table: &Resolved, log: &mut Log) {
    let Some(count) = table.count::<u64>("count") else {
        return;
    };
    let most = TESTED.iter().find(|(plural, _)| *plural == name || plural.is_empty());
    let most = most.map_or(u64::MAX, |(_, most)| *most);
    let number = |n: u64| grouped(i64::try_from(n).unwrap_or(i64::MAX));
    let name = shown(name);
    if count > most {
        let message = format!("more `{name}` than the {} Kubernetes is tested with", number(most));
        log.push(Finding::new(Code::BeyondTested, table.at("count"), message).label(BEYOND));
        return;
    }
    let Some(total) = table.size("size").map(|size| size.times(count)) else {
        return;
    };
    if total > TESTED_BYTES {
        let message = format!("`{name}` stores {total}; Kubernetes is tested with {TESTED_BYTES}");
        let finding = Finding::new(Code::BeyondTested, table.at("count"), message).label(BEYOND);
        log.push(finding.related(table.given("size"), "of this size"));
    }
}

const BEYOND: &str = "beyond what upstream tests";

fn pods_per_node(root: &Resolved, log: &mut Log) {
    let of = |plural| root.named("objects").iter().find(|(name, _, _)| name == plural);
    let (Some((_, _, pods)), Some((_, _, nodes))) = (of("pods"), of("nodes")) else {
        return;
    };
    let count = |table: &Resolved| table.count::<u64>("count").unwrap_or(0);
    if count(nodes) > 0 && count(pods) > count(nodes).saturating_mul(TESTED_PODS) {
        let each = count(pods) / count(nodes);
        let message =
            format!("{each} pods per node; Kubernetes is tested with at most {TESTED_PODS}");
        let finding = Finding::new(Code::BeyondTested, pods.at("count"), message).label(BEYOND);
        log.push(finding.related(nodes.given("count"), "on this many nodes"));
    }
}

/// A key that nothing depends on as things are.
fn idle(table: &Resolved, key: &str, why: &str, help: &str, log: &mut Log) {
    let Some(at) = table.said(key) else {
        return;
    };
    let message = format!("`{key}` has no effect: {why}");
    log.push(
        Finding::new(Code::NoEffect, at, message).label("has no effect").help(help.to_owned()),
    );
}

fn server_keys(root: &Resolved, apiserver: &Resolved, log: &mut Log) {
    if apiserver.flag("warm") == Some(false) {
        for key in ["up-for", "idle-resident"] {
            idle(apiserver, key, "the servers start cold", "leave it out, or warm = true", log);
        }
    }
    if apiserver.given("memory-high").is_some() {
        let why = "`memory-high` is stated";
        idle(apiserver, "memory-throttling-factor", why, "leave one of them out", log);
    }
    let cores = root.table("node").and_then(|node| node.number("cores"));
    if let (Some(limit), Some(cores)) = (apiserver.number("cpu-limit"), cores)
        && limit > cores
    {
        let why = format!("the node has {cores} cores");
        idle(apiserver, "cpu-limit", &why, "raise node.cores, or leave it out", log);
    }
    if apiserver.count::<u16>("replicas") == Some(1)
        && let Some(balancer) = root.table("balancer")
    {
        idle(balancer, "policy", "there is one apiserver", "raise apiserver.replicas", log);
    }
}

fn object_keys(root: &Resolved, name: &str, table: &Resolved, log: &mut Log) {
    if table.count::<u32>("versions").unwrap_or(1) == 1 {
        let why = "an object of one version is never converted";
        idle(table, "conversion-latency", why, "leave it out, or raise versions", log);
    }
    let built_in = table.text("shape").is_some_and(|shape| !is_custom(shape));
    let written = |event: &Resolved| event.given("write").is_some();
    let writes = table.number("writes").is_some_and(|rate| rate > 0.0)
        || root.list("events").iter().any(written);
    let json = |fleet: &Resolved| {
        reads::of(fleet).filter(|read| read.kind != reads::Kind::Watcher).any(
            |Read { table, .. }| {
                table.text("resource") == Some(name) && table.text("encoding") != Some("protobuf")
            },
        )
    };
    if built_in && !writes && !root.list("clients").iter().any(json) {
        let why = "no client reads these objects as JSON";
        idle(table, "json-size", why, "leave it out, or add encoding = \"json\" to a client", log);
    }
}

/// What is said of an audit log that records nothing, or of batches where there are none.
fn audit_keys(root: &Resolved, log: &mut Log) {
    let Some(audit) = root.table("audit") else { return };
    let level = |key| audit.text(key).is_some_and(|level| level != "none");
    let webhook = audit.text("backend") == Some("webhook");
    let batch = audit.text("mode").map_or(webhook, |mode| mode == "batch");
    let batches = ["buffer-size", "batch-max-size", "batch-max-wait"];
    let (off, help) = ("the policy records nothing", "add level = \"metadata\"");
    if level("level") || level("reads") {
        for key in batches.into_iter().filter(|_| !batch) {
            idle(audit, key, "events are not batched", "add mode = \"batch\"", log);
        }
        for key in ["batch-max-wait", "throttle-qps"].into_iter().filter(|_| !(batch && webhook)) {
            idle(audit, key, "it is of webhooks in batch mode", "leave it out", log);
        }
    } else {
        for key in ["backend", "mode", "latency", "throttle-qps"].into_iter().chain(batches) {
            idle(audit, key, off, help, log);
        }
    }
    for event in root.list("events").iter().filter(|event| event.table("audit-outage").is_some()) {
        if !webhook || !level("level") && !level("reads") {
            let help = "add backend = \"webhook\" and a level to [audit]";
            idle(event, "audit-outage", "there is no audit webhook", help, log);
        }
    }
}

/// What is said of priority levels where there are none.
fn admission_keys(root: &Resolved, log: &mut Log) {
    let Some(apf) = root.table("apf").filter(|apf| apf.flag("enabled") == Some(false)) else {
        return;
    };
    let (why, help) = ("API Priority and Fairness is off", "leave it out, or enabled = true");
    for key in ["manifests", "levels", "flow-schemas"] {
        idle(apf, key, why, help, log);
    }
    for fleet in root.list("clients") {
        idle(fleet, "flow-schema", why, help, log);
    }
}

fn fleet_keys(fleet: &Resolved, log: &mut Log) {
    if reads::of(fleet).all(|read| read.kind == reads::Kind::Watcher) {
        for key in ["drain-rate", "decode-rate"] {
            idle(fleet, key, "a watcher reads no list", "leave it out", log);
        }
    }
    // Those of a client are held with its first read.
    if reads::of(fleet).next().is_some_and(|read| read.kind == reads::Kind::Lister) {
        let help = "use a reflector or watcher";
        idle(fleet, "idle-watches", "a lister holds no watches", help, log);
    }
    for Read { table: lister, .. } in
        reads::of(fleet).filter(|read| read.kind == reads::Kind::Lister)
    {
        if lister.given("limit").is_none() {
            idle(lister, "all-pages", "there is no `limit`", "add limit = 500", log);
        }
        if lister.count::<u64>("rounds") == Some(1) {
            idle(lister, "pause", "there is one round", "add rounds = \"endless\"", log);
        }
    }
}

/// A filled watch cache answers resourceVersion 0 in full (`shouldListFromStorage` and `GetList` of the
/// cacher); while it is cold, the limit decides where the LIST goes.
fn page_size(root: &Resolved, fleet: &Resolved, log: &mut Log) {
    let cold = root.table("apiserver").and_then(|apiserver| apiserver.flag("warm")) == Some(false);
    let colder = ["kill", "roll", "etcd-outage"];
    let colder = |event: &Resolved| colder.iter().any(|action| event.given(action).is_some());
    if cold || root.list("events").iter().any(colder) {
        return;
    }
    for read in ["reflector", "lister"].iter().filter_map(|kind| fleet.table(kind)) {
        let resource = read.text("resource");
        let cached = |(name, _, table): &&(String, Span, Resolved)| {
            Some(name.as_str()) == resource && table.flag("watch-cache") != Some(false)
        };
        if read.text("resource-version") == Some("0")
            && root.named("objects").iter().any(|o| cached(&o))
        {
            let why = "a filled watch cache ignores it with resource-version = \"0\"";
            let help = "leave it out, or resource-version = \"\" for pages from etcd";
            idle(read, "limit", why, help, log);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::scenario::{Code, load};
    use crate::units::SimSpan;

    #[test]
    fn defaults_that_are_spelt_out_have_no_effect_and_are_no_mistake() {
        let text = "schema = 1\nname = \"a\"\n[run]\nduration = \"1m\"\n[apiserver]\n\
            version = \"1.34\"\nwarm = false\nup-for = \"24h\"\n[node]\nmemory = \"8GiB\"\n";
        let found = load("a.toml", text.as_bytes(), &[]).expect("valid");
        assert_eq!(found.notes, []);
        let other = text.replace("24h", "1h");
        let found = load("a.toml", other.as_bytes(), &[]).expect("valid");
        assert_eq!(found.notes.first().map(|note| note.code), Some(Code::NoEffect));
        assert_eq!(found.inputs.apiserver.up_for, SimSpan::secs(3600));
    }
}
