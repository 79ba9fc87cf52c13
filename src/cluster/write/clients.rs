//! `[[clients]]`: a fleet is one entry per resource that it reads, all on its connections.

use std::collections::BTreeSet;

use super::lines::{Lines, quoted, words};
use super::names;
use crate::cluster::findings::Findings;
use crate::cluster::fleet::{Fleet, Read, ReadKind, Selected};
use crate::model::release::{NEWEST_MINOR, OLDEST_CLIENT_MINOR};

/// An entry of a fleet: its name in the scenario, and what it reads.
pub(super) struct Entry<'f> {
    pub(super) name: String,
    pub(super) resource: String,
    pub(super) read: &'f Read,
}

/// The entries of a fleet, in the order of what it reads. Resources without objects have none.
pub(super) fn entries<'f>(findings: &Findings, fleet: &'f Fleet) -> Vec<Entry<'f>> {
    let names = names(findings);
    let mut found: Vec<Entry<'f>> = Vec::new();
    for read in &fleet.reads {
        let stored = findings.resources.get(&read.resource).and_then(|r| r.count.as_ref());
        let Some(resource) =
            names.get(&read.resource).filter(|_| stored.is_some_and(|c| c.value > 0))
        else {
            continue;
        };
        let name = match found.len() {
            0 => fleet.name.clone(),
            _ => format!("{}-{resource}", fleet.name),
        };
        let twins = found.iter().filter(|entry| entry.name.starts_with(&name)).count();
        let name = if twins > 0 { format!("{name}-{}", twins + 1) } else { name };
        found.push(Entry { name, resource: resource.clone(), read });
    }
    found
}

pub(super) fn write(findings: &Findings, out: &mut Lines) {
    let nodes = findings.nodes.count.as_ref().map(|nodes| nodes.value);
    for fleet in &findings.fleets {
        let all = entries(findings, fleet);
        let holds = |entry: &Entry<'_>| !matches!(entry.read.kind, ReadKind::Poller(_));
        let holder = all.iter().position(holds);
        for (at, entry) in all.iter().enumerate() {
            out.table("[[clients]]");
            if at == 0 {
                let evidence = if fleet.evidence.is_empty() {
                    String::new()
                } else {
                    format!(": {}", fleet.evidence)
                };
                out.comment(&format!("{}{evidence}", shown(&fleet.agent)));
            }
            out.plain("name", &quoted(&entry.name));
            if at > 0 {
                out.plain("connection", &quoted(&fleet.name));
            }
            let source = words(&fleet.source);
            if fleet.per_node && nodes == Some(fleet.members) {
                out.commented("count", "1", &source);
                out.plain("per", "\"node\"");
            } else {
                out.commented("count", &fleet.members.max(1).to_string(), &source);
            }
            identity(fleet, at == 0, holder == Some(at), findings, out);
            out.plain(behaviour(entry.read.kind), &reads(entry, fleet));
        }
    }
}

/// Who the members are, and what else they hold.
fn identity(fleet: &Fleet, first: bool, holds: bool, findings: &Findings, out: &mut Lines) {
    if !fleet.user.is_empty() {
        out.plain("user", &quoted(&fleet.user));
        let known = fleet.user.starts_with("system:");
        if !known && !fleet.groups.is_empty() {
            let groups: Vec<String> = fleet.groups.iter().take(100).map(|g| quoted(g)).collect();
            out.plain("groups", &format!("[{}]", groups.join(", ")));
        }
    }
    let own = findings.release.as_ref().map(|found| found.value.minor);
    if let Some(minor) = fleet.client_minor
        && own != Some(minor)
        && (OLDEST_CLIENT_MINOR..=NEWEST_MINOR).contains(&minor)
    {
        out.commented("client-version", &format!("\"1.{minor}\""), &shown(&fleet.agent));
    }
    if holds && fleet.idle_watches > 0 {
        out.commented(
            "idle-watches",
            &fleet.idle_watches.min(10_000).to_string(),
            &words(&fleet.source),
        );
    }
    if first && fleet.user.starts_with("system:node:") {
        out.plain("heartbeats", "true");
    }
}

/// The table in which the read is written.
const fn behaviour(kind: ReadKind) -> &'static str {
    match kind {
        ReadKind::Reflector | ReadKind::WatchList => "reflector",
        ReadKind::Poller(_) => "lister",
        ReadKind::Watcher => "watcher",
    }
}

/// The inline table of a read.
fn reads(entry: &Entry<'_>, fleet: &Fleet) -> String {
    let read = entry.read;
    let mut keys = vec![format!("resource = {}", quoted(&entry.resource))];
    if let ReadKind::Watcher = read.kind {
        return format!("{{ {} }}", keys.join(", "));
    }
    match read.selected {
        Selected::All => {}
        Selected::OwnNode => keys.push("own-node = true".to_owned()),
        Selected::Share(share) => {
            keys.push(format!("selected = \"{:.4}%\"", (share * 100.0).clamp(0.0, 100.0)));
        }
    }
    if speaks_json(&fleet.agent) {
        keys.push("encoding = \"json\"".to_owned());
    }
    if let Some(limit) = read.limit.filter(|limit| *limit > 0) {
        keys.push(format!("limit = {limit}"));
    }
    match read.kind {
        ReadKind::Poller(period) => {
            keys.push(format!("resource-version = {}", quoted(&read.resource_version)));
            keys.push("rounds = \"endless\"".to_owned());
            keys.push(format!(
                "pause = \"{}ms\"",
                (period.as_secs_f64() * 1000.0).round().max(1.0)
            ));
        }
        ReadKind::WatchList => keys.push("watch-list = true".to_owned()),
        ReadKind::Reflector => keys.push("watch-list = false".to_owned()),
        ReadKind::Watcher => {}
    }
    format!("{{ {} }}", keys.join(", "))
}

/// Whether a client asks for JSON: what is not written in Go, or leaves the agent of Go's own client.
/// Components of Kubernetes and controller-runtime ask for protobuf where there is one.
fn speaks_json(agent: &str) -> bool {
    const OTHERS: [&str; 9] = [
        "python",
        "Go-http-client",
        "curl",
        "okhttp",
        "java",
        "node-fetch",
        "axios",
        "fabric8",
        "Ruby",
    ];
    OTHERS.iter().any(|other| agent.to_ascii_lowercase().contains(&other.to_ascii_lowercase()))
}

/// Names of resources that some entry reads as JSON.
pub(super) fn json_readers(findings: &Findings) -> BTreeSet<String> {
    let fleets = findings.fleets.iter().filter(|fleet| speaks_json(&fleet.agent));
    let entries = fleets.flat_map(|fleet| entries(findings, fleet));
    let reads = entries.filter(|entry| !matches!(entry.read.kind, ReadKind::Watcher));
    reads.map(|entry| entry.resource).collect()
}

/// A name from a file as it may stand in a comment.
fn shown(name: &str) -> String {
    crate::language::shown(name)
}
