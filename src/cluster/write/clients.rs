//! `[[clients]]`: a fleet is one entry, with a line for each resource that it reads.

use std::collections::BTreeSet;

use super::lines::{Lines, quoted, words};
use super::{TAKEN_MINOR, names};
use crate::cluster::findings::Findings;
use crate::cluster::fleet::{Fleet, Read, ReadKind, Selected};
use crate::cluster::fleets::asks_for_json;
use crate::cluster::infer::is_custom;
use crate::model::release::{NEWEST_MINOR, OLDEST_CLIENT_MINOR, OLDEST_MINOR, Release};

/// Something that a fleet reads: its table, its name there, the resource.
pub(super) struct Entry<'f> {
    table: &'static str,
    name: String,
    resource: String,
    read: &'f Read,
    /// Whether it is stored as JSON, so that no encoding is to be chosen.
    custom: bool,
}

/// What a fleet reads, in its order. Resources without objects are left out.
pub(super) fn entries<'f>(findings: &Findings, fleet: &'f Fleet) -> Vec<Entry<'f>> {
    let names = names(findings);
    let mut found: Vec<Entry<'f>> = Vec::new();
    for read in &fleet.reads {
        let of = findings.resources.get(&read.resource);
        let stored = of.and_then(|resource| resource.count.as_ref());
        let Some(resource) =
            names.get(&read.resource).filter(|_| stored.is_some_and(|c| c.value > 0))
        else {
            continue;
        };
        let table = table(read.kind);
        let same = |entry: &&Entry<'_>| entry.table == table && entry.resource == *resource;
        let name = match found.iter().filter(same).count() {
            0 => resource.clone(),
            twins => format!("{resource}-{}", twins + 1),
        };
        let custom = of.is_some_and(is_custom);
        found.push(Entry { table, name, resource: resource.clone(), read, custom });
    }
    found
}

pub(super) fn write(findings: &Findings, out: &mut Lines) {
    let nodes = findings.nodes.count.as_ref().map(|nodes| nodes.value);
    for fleet in &findings.fleets {
        let all = entries(findings, fleet);
        if all.is_empty() {
            left_out(fleet, out);
            continue;
        }
        out.table("[[clients]]");
        let schema =
            fleet.flow_schema.as_ref().map(|name| format!(", flow schema {}", shown(name)));
        let more = share(fleet) + &schema.unwrap_or_default();
        let evidence = [shown(&fleet.agent), fleet.evidence.clone() + &more];
        let evidence: Vec<&str> =
            evidence.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
        if !evidence.is_empty() {
            out.comment(&shown_long(&evidence.join(": ")));
        }
        out.plain("name", &quoted(&fleet.name));
        let source = words(&fleet.source);
        if fleet.per_node && nodes == Some(fleet.members) {
            out.commented("count", "1", &source);
            out.plain("per", "\"node\"");
        } else {
            out.commented("count", &fleet.members.max(1).to_string(), &source);
        }
        identity(fleet, &all, findings, out);
        let streams = streams(findings);
        for entry in &all {
            let bare = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
            let name = &entry.name;
            let name = if name.chars().all(bare) { name.clone() } else { quoted(name) };
            let key = format!("{}.{name}", entry.table);
            let told = source.clone() + &selection(entry.read);
            out.commented(&key, &reads(entry, fleet, streams), &told);
        }
    }
}

/// What it selects, in words: of a share it is not to be seen, and of a selector that is taken for all.
fn selection(read: &Read) -> String {
    let share = if read.share_assumed { ", its share of all is assumed" } else { "" };
    let namespace = read.namespace.as_ref();
    let namespace =
        namespace.map_or(String::new(), |one| format!("; in namespace {}{share}", shown(one)));
    let selector = match read.selected {
        Selected::All | Selected::Share(_) if !read.selector.is_empty() => {
            format!("; selects {}", shown(&read.selector))
        }
        Selected::All | Selected::Share(_) | Selected::OwnNode => String::new(),
    };
    namespace + &selector
}

/// A fleet that reads nothing: what it writes is with the objects.
fn left_out(fleet: &Fleet, out: &mut Lines) {
    let share = share(fleet);
    out.blank();
    let text = format!("Left out: {}, {}{share}: reads nothing.", fleet.name, fleet.evidence);
    out.comment(&shown_long(&text));
}

/// Its share of all requests, where that is known.
fn share(fleet: &Fleet) -> String {
    let percent = fleet.share * 100.0;
    if percent < 0.05 { String::new() } else { format!(", {percent:.1} % of the requests") }
}

/// Who the members are, and what else they hold.
fn identity(fleet: &Fleet, all: &[Entry<'_>], findings: &Findings, out: &mut Lines) {
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
    // They are held with the first read, which must be one that watches.
    let of = |name| all.iter().any(|entry| entry.table == name);
    let holds = of("reflectors") || of("watchers") && !of("listers");
    // Watches of what has no objects are there all the same.
    let watches = |kind| !matches!(kind, ReadKind::Poller(_));
    let read = all.iter().filter(|entry| watches(entry.read.kind)).count();
    let empty = fleet.reads.iter().filter(|read| watches(read.kind)).count() - read;
    let idle = u64::from(fleet.idle_watches) + empty as u64;
    if holds && idle > 0 {
        out.commented("idle-watches", &idle.min(10_000).to_string(), &words(&fleet.source));
    }
    if fleet.user.starts_with("system:node:") && fleet.name.contains("kubelet") {
        out.plain("heartbeats", "true");
    }
}

/// The table in which a read is written.
const fn table(kind: ReadKind) -> &'static str {
    match kind {
        ReadKind::Reflector | ReadKind::WatchList => "reflectors",
        ReadKind::Poller(_) => "listers",
        ReadKind::Watcher => "watchers",
    }
}

/// Whether reflectors of the servers' release stream their initial list.
fn streams(findings: &Findings) -> bool {
    let minor = findings.release.as_ref().map_or(TAKEN_MINOR, |found| found.value.minor);
    let release = Release::of_minor(minor.clamp(OLDEST_MINOR, NEWEST_MINOR));
    release.is_some_and(|release| release.watch_list && release.watch_list_client)
}

/// The inline table of a read.
fn reads(entry: &Entry<'_>, fleet: &Fleet, streams: bool) -> String {
    let read = entry.read;
    let mut keys = Vec::new();
    if entry.name != entry.resource {
        keys.push(format!("resource = {}", quoted(&entry.resource)));
    }
    if !matches!(read.kind, ReadKind::Watcher) {
        what(entry, fleet, streams, &mut keys);
    }
    if keys.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", keys.join(", ")) }
}

/// Which objects it reads, and how.
fn what(entry: &Entry<'_>, fleet: &Fleet, streams: bool, keys: &mut Vec<String>) {
    let read = entry.read;
    match read.selected {
        Selected::All => {}
        Selected::OwnNode => keys.push("own-node = true".to_owned()),
        Selected::Share(share) => {
            keys.push(format!("selected = \"{:.4}%\"", (share * 100.0).clamp(0.0, 100.0)));
        }
    }
    if speaks_json(fleet) && !entry.custom {
        keys.push("encoding = \"json\"".to_owned());
    }
    if let Some(limit) = read.limit.filter(|limit| *limit > 0) {
        keys.push(format!("limit = {limit}"));
    }
    match read.kind {
        ReadKind::Poller(period) => {
            let version = if read.resource_version == "0" { "0" } else { "" };
            keys.push(format!("resource-version = {}", quoted(version)));
            keys.push("rounds = \"endless\"".to_owned());
            let pause = (period.as_secs_f64() * 1000.0).round().max(1.0);
            keys.push(format!("pause = \"{pause}ms\""));
        }
        // Where it is what the release does anyway, it is not said.
        ReadKind::WatchList if !streams => keys.push("watch-list = true".to_owned()),
        ReadKind::Reflector if streams => keys.push("watch-list = false".to_owned()),
        ReadKind::WatchList | ReadKind::Reflector | ReadKind::Watcher => {}
    }
}

/// Whether the members ask for JSON, which takes more: so what does not tell is taken to. Of fleets that
/// metrics show, most are components of Kubernetes; what lists again and again is none.
fn speaks_json(fleet: &Fleet) -> bool {
    let polls = || fleet.reads.iter().all(|read| matches!(read.kind, ReadKind::Poller(_)));
    if fleet.agent.is_empty() { polls() } else { asks_for_json(&fleet.agent).unwrap_or(true) }
}

/// Names of resources that some entry reads as JSON.
pub(super) fn json_readers(findings: &Findings) -> BTreeSet<String> {
    let fleets = findings.fleets.iter().filter(|fleet| speaks_json(fleet));
    let entries = fleets.flat_map(|fleet| entries(findings, fleet));
    let reads =
        entries.filter(|entry| !entry.custom && !matches!(entry.read.kind, ReadKind::Watcher));
    reads.map(|entry| entry.resource).collect()
}

/// A line of comment, without what could end it.
fn shown_long(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// A name from a file as it may stand in a comment.
fn shown(name: &str) -> String {
    crate::language::shown(name)
}
