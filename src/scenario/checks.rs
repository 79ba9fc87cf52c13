//! Rules over several keys: memory that must fit, totals, gates.

use std::collections::BTreeMap;

use super::build::LEASES;
use super::derive::{Names, is_custom};
use super::keys::Family;
use super::reads::{self, Read};
use super::release::{default_release, release_of};
use crate::language::{Code, Finding, Log, Resolved, grouped, nearest, shown};
use crate::model::input::NodeInput;
use crate::model::release::Release;
use crate::units::Bytes;

/// Members of all fleets together.
const MOST_MEMBERS: i64 = 2_000_000;
/// Watches of all members together.
const MOST_WATCHES: i64 = 50_000_000;
/// Stored bytes of one resource.
const MOST_STORED: Bytes = Bytes::gib(1 << 10);
/// Bytes of one resource in any other form, all versions together.
const MOST_HELD: Bytes = Bytes::gib(64 << 10);
/// What is kept of each replication until the result is made, for each named event, server, and priority
/// level of a server (sizes in memory, rounded up), and the most of all replications together.
const KEPT_EVENT: Bytes = Bytes(160);
const KEPT_SERVER: Bytes = Bytes(400);
const KEPT_LEVEL: Bytes = Bytes(160);
const MOST_KEPT: Bytes = Bytes::gib(1);
/// Priority levels of the default configuration.
const LEVELS: u64 = 8;
/// etcd's default `--max-request-bytes`.
const LARGE_OBJECT: Bytes = Bytes::kib(1536);

/// Checks everything but events.
pub(super) fn check(root: &Resolved, log: &mut Log) {
    if let Some(apiserver) = root.table("apiserver") {
        gates(apiserver, log);
        limits(root, apiserver, log);
        if let Some(node) = root.table("node") {
            node_memory(root, apiserver, node, log);
        }
    }
    streams(root, log);
    for (name, _, table) in root.named("objects") {
        resource(name, table, log);
    }
    fleets(root, log);
    connections(root, log);
    kept(root, log);
}

/// What all replications leave behind must fit into memory.
fn kept(root: &Resolved, log: &mut Log) {
    let Some(run) = root.table("run") else { return };
    let servers = root.table("apiserver").and_then(|server| server.count("replicas")).unwrap_or(1);
    let levels = LEVELS + root.table("apf").map_or(0, |apf| apf.list("levels").len() as u64);
    let events = (root.list("events").len() + root.list("workloads").len()) as u64;
    let each = KEPT_EVENT.times(events) + (KEPT_SERVER + KEPT_LEVEL.times(levels)).times(servers);
    let replications = run.count("replications").unwrap_or(1);
    let total = each.times(replications);
    if total > MOST_KEPT {
        let message = format!(
            "what {replications} replications leave would take {total}; at most {MOST_KEPT}"
        );
        let finding = Finding::new(Code::TotalTooLarge, run.at("replications"), message);
        let most = MOST_KEPT.0 / each.0.max(1);
        let help = format!(
            "with so many events, servers and priority levels at most {most} replications: -n {most}"
        );
        log.push(finding.label("too many with so many events and servers").help(help));
    }
}

/// Leaders are elected by writing leases.
pub(super) fn elections(root: &Resolved, names: &Names, log: &mut Log) {
    let elects = |client: &&Resolved| client.flag("leader-election") == Some(true);
    for client in root.list("clients").iter().filter(elects) {
        if names.index(Family::Resource, LEASES).is_none() && !root.is_bad("objects") {
            let message = "leaders are elected with leases, which are not there";
            let finding =
                Finding::new(Code::UnknownReference, client.at("leader-election"), message);
            let help = "add [objects.leases] with count and size".to_owned();
            log.push(finding.label("needs them").help(help));
        }
    }
}

/// Webhooks are sent writes to resources that are there.
pub(super) fn webhooks(root: &Resolved, names: &Names, log: &mut Log) {
    for webhook in root.list("webhooks") {
        for (name, at) in webhook.texts("resources").unwrap_or_default() {
            let known = name == "*" || names.index(Family::Resource, name).is_some();
            if known || root.is_bad("objects") {
                continue;
            }
            let message = format!("there is no resource named `{}`", shown(name));
            let finding = Finding::new(Code::UnknownReference, *at, message).label("not found");
            let known = root.named("objects").iter().map(|(name, ..)| name.as_str());
            log.push(finding.help(match nearest(name, known) {
                Some(near) => format!("did you mean \"{}\"?", shown(near)),
                None => "add it: [objects.NAME] with count and size".to_owned(),
            }));
        }
    }
}

/// Who shares connections with whom: with members that have some of their own.
fn connections(root: &Resolved, log: &mut Log) {
    for fleet in root.list("clients") {
        let Some(of) = fleet.text("connection") else { continue };
        let owner = root.list("clients").iter().find(|other| other.text("name") == Some(of));
        let at = fleet.at("connection");
        if owner.is_some_and(|owner| owner.text("connection").is_some()) {
            let name = shown(of);
            let message = if fleet.text("name") == Some(of) {
                format!("`{name}` cannot use its own connections")
            } else {
                format!("`{name}` has no connections of its own")
            };
            log.push(
                Finding::new(Code::BadConnection, at, message)
                    .label("name a fleet without `connection`")
                    .related(owner.and_then(|owner| owner.given("connection")), "it uses these"),
            );
        }
        for key in ["connections", "heartbeats"] {
            if let Some(at) = fleet.said(key) {
                let message = format!("`{key}` belongs to the fleet whose connections are used");
                log.push(
                    Finding::new(Code::BadConnection, at, message)
                        .label("not here")
                        .related(fleet.given("connection"), "these are another fleet's"),
                );
            }
        }
    }
}

/// Gates that the release does not have.
fn gates(apiserver: &Resolved, log: &mut Log) {
    let Some(release) = default_release(apiserver) else {
        return;
    };
    for (name, on, at) in apiserver.flags("feature-gates") {
        let one = BTreeMap::from([(name.clone(), *on)]);
        if release.with_gates(&one).is_ok() {
            continue;
        }
        let minor = release.minor;
        let message = format!("Kubernetes 1.{minor} has no feature gate `{}`", shown(name));
        let names = || Release::GATES.iter().map(|gate| gate.name);
        let help = match Release::gate(name).map(|gate| (gate.since, gate.gone)) {
            Some((_, Some(gone))) if minor >= gone => {
                format!("it is gone since 1.{gone}: always on")
            }
            Some((since, _)) => format!("it came with 1.{since}"),
            None => match nearest(name, names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    let names: Vec<&str> = names().collect();
                    format!("the gates that matter here are {}", names.join(", "))
                }
            },
        };
        let finding = Finding::new(Code::UnknownGate, *at, message).label("no such gate");
        log.push(finding.help(help));
    }
}

/// The order of the server's memory limits, the last of which is what the node has.
fn limits(root: &Resolved, apiserver: &Resolved, log: &mut Log) {
    let high = apiserver.size("memory-high");
    for key in ["memory-min", "memory-low"] {
        if high.is_some_and(|high| apiserver.size(key).is_some_and(|kept| kept > high)) {
            let message = format!("`{key}` is above `memory-high`");
            let finding = Finding::new(Code::LimitOrder, apiserver.at(key), message);
            let high = apiserver.given("memory-high");
            log.push(finding.label("not reclaimed").related(high, "reclaimed from here on"));
        }
    }
    let hard = apiserver.size("memory-limit").map(|limit| (limit, "`memory-limit`"));
    let node = root.table("node").and_then(|node| node.size("memory"));
    let node = node.map(|memory| (memory, "the memory of its node"));
    if let Some((limit, what)) = hard.or(node) {
        for key in ["memory-high", "memory-min", "memory-low", "gomemlimit"] {
            if apiserver.size(key).is_some_and(|soft| soft > limit) {
                let message = format!("`{key}` is above {what}");
                log.push(
                    Finding::new(Code::LimitOrder, apiserver.at(key), message)
                        .label("never reached")
                        .related(apiserver.given("memory-limit"), "the hard limit"),
                );
            }
        }
    }
    let Some(limit) = apiserver.size("memory-limit") else {
        return;
    };
    if apiserver.size("idle-resident").is_some_and(|idle| idle > limit) {
        log.push(
            Finding::new(
                Code::DoesNotFit,
                apiserver.at("idle-resident"),
                "an idle server already exceeds its memory limit",
            )
            .label("more than `memory-limit`")
            .related(apiserver.given("memory-limit"), "the limit"),
        );
    }
}

/// What the node's memory holds.
fn node_memory(root: &Resolved, apiserver: &Resolved, node: &Resolved, log: &mut Log) {
    let Some(memory) = node.size("memory") else {
        return;
    };
    if node.given("memory").is_none() {
        let message = format!("the node's memory is not stated: {memory} is assumed");
        let at = root.given("node").unwrap_or(apiserver.span);
        let finding = Finding::new(Code::AssumedNodeMemory, at, message)
            .label("the node under these is not described");
        log.push(finding.help(format!("write [node] memory = \"{memory:#}\"")));
    }
    let parts = ["etcd-memory", "system-memory", "daemons-memory", "controllers-memory"];
    let stored = root
        .named("objects")
        .iter()
        .filter_map(|(_, _, table)| Some((table.count("count")?, table.size("size")?)));
    let etcd = NodeInput::etcd_memory(node.size(parts[0]), stored, memory);
    let used = etcd + parts[1..].iter().filter_map(|key| node.size(key)).sum::<Bytes>();
    if used >= memory {
        let at = node.given("memory").unwrap_or_else(|| root.at("node"));
        let message = format!("no memory of the node ({memory}) is left for the apiserver");
        let by = if node.size(parts[0]).is_none() { " (by the objects stored)" } else { "" };
        let [etcd, system, daemons, controllers] = parts;
        let help =
            format!("`{etcd}`{by}, `{system}`, `{daemons}` and `{controllers}` add up to {used}");
        let finding = Finding::new(Code::DoesNotFit, at, message).label("too small");
        log.push(finding.help(help));
    }
    if apiserver.size("memory-limit").is_some_and(|limit| limit > memory) {
        let at = apiserver.at("memory-limit");
        let message = format!("`memory-limit` exceeds the node's memory of {memory}");
        log.push(
            Finding::new(Code::LimitAboveNode, at, message)
                .label("the node runs out first")
                .related(node.given("memory"), "the node"),
        );
    }
}

/// What to do about a behaviour that a gate brings.
fn needs(gate: &str) -> String {
    let since = Release::gate(gate)
        .map_or_else(String::new, |g| format!(", which came with 1.{}", g.since));
    format!("it needs the gate {gate}{since}")
}

/// `RangeStream` needs etcd and the apiserver.
fn streams(root: &Resolved, log: &mut Log) {
    let (Some(etcd), Some(release)) = (root.table("etcd"), release_of(root)) else {
        return;
    };
    if etcd.flag("range-stream") == Some(true) && !release.etcd_range_stream {
        let message = format!("Kubernetes 1.{} does not use RangeStream", release.minor);
        let finding = Finding::new(Code::NoEffect, etcd.at("range-stream"), message);
        log.push(finding.label("has no effect").help(needs("EtcdRangeStream")));
    }
}

fn resource(name: &str, table: &Resolved, log: &mut Log) {
    let name = shown(name);
    if let (Some(count), Some(size)) = (table.count::<u64>("count"), table.size("size")) {
        let total = size.times(count);
        if total > MOST_STORED {
            let message = format!("`{name}` would store {total}; at most {MOST_STORED}");
            log.push(
                Finding::new(Code::TotalTooLarge, table.at("count"), message)
                    .label("times the size")
                    .related(table.given("size"), "each"),
            );
        }
        if size > LARGE_OBJECT {
            let message = format!("objects of `{name}` are larger than etcd accepts");
            log.push(
                Finding::new(Code::LargeObject, table.at("size"), message)
                    .label("more than 1.5MiB")
                    .help("etcd's default --max-request-bytes is 1.5MiB".to_owned()),
            );
        }
    }
    for (key, copies) in [("json-size", 1), ("heap-size", table.count("versions").unwrap_or(1))] {
        let (Some(count), Some(size)) = (table.count::<u64>("count"), table.size(key)) else {
            continue;
        };
        let total = size.times(count).times(copies);
        if total > MOST_HELD {
            let message = format!("`{name}` would take {total}; at most {MOST_HELD}");
            let finding = Finding::new(Code::TotalTooLarge, table.at(key), message);
            log.push(finding.label("times the count").related(table.given("count"), "the count"));
        }
    }
    // Definitions serve versions of their own.
    let built_in = table.text("shape").is_some_and(|shape| !is_custom(shape))
        && name != "customresourcedefinitions";
    let several = table.count::<u32>("versions").is_some_and(|n| n > 1);
    for key in ["versions", "conversion-latency"] {
        if built_in && (key != "versions" || several) && table.given(key).is_some() {
            let message = format!("`{name}` is no custom resource and has one version");
            let finding = Finding::new(Code::VersionsOfBuiltIn, table.at(key), message);
            log.push(finding.label("only custom resources have several"));
        }
    }
}

/// Totals over the fleets.
fn fleets(root: &Resolved, log: &mut Log) {
    let release = release_of(root);
    let (mut members, mut watches) = (0i64, 0i64);
    for fleet in root.list("clients") {
        let count: i64 = fleet.count("count").unwrap_or(0);
        let idle: i64 = fleet.count("idle-watches").unwrap_or(0);
        let watches_of = |read: &Read| match read.kind {
            reads::Kind::Reflector => read.table.flag("watch") == Some(true),
            reads::Kind::Lister => false,
            reads::Kind::Watcher => true,
        };
        let watching = reads::of(fleet).filter(watches_of).count().cast_signed() as i64;
        let several = (reads::of(fleet).count().cast_signed() as i64).max(1);
        let more = count.saturating_mul(idle + watching);
        for (total, more, most, what) in [
            (&mut members, count.saturating_mul(several), MOST_MEMBERS, "members"),
            (&mut watches, more, MOST_WATCHES, "watches"),
        ] {
            let before = *total;
            *total = total.saturating_add(more);
            if before <= most && *total > most {
                let most = grouped(most);
                let message = format!("the clients have more than {most} {what} in total");
                let finding = Finding::new(Code::TotalTooLarge, fleet.at("count"), message);
                log.push(finding.label("the total exceeds the limit here"));
            }
        }
        for read in reads::of(fleet).filter(|read| read.kind == reads::Kind::Reflector) {
            if let Some(release) = &release {
                fallback(read.table, release, log);
            }
        }
        if let Some(at) = reads::empty(fleet) {
            let message = format!("`{}` reads nothing", shown(fleet.name()));
            let finding = Finding::new(Code::OneOf, at, message).label("no entries");
            log.push(finding.help("for example: reflectors.pods = {}".to_owned()));
        }
    }
}

/// A reflector that asks for what the servers do not have.
fn fallback(reflector: &Resolved, release: &Release, log: &mut Log) {
    if reflector.flag("watch-list") == Some(true) && !release.watch_list {
        let message = format!("Kubernetes 1.{} serves no WatchList here", release.minor);
        log.push(
            Finding::new(Code::NoEffect, reflector.at("watch-list"), message)
                .label("falls back to a LIST")
                .help("add feature-gates = { WatchList = true } to [apiserver]".to_owned()),
        );
    }
}
