//! `[objects.*]`: what is stored, the largest first.

use std::collections::{BTreeMap, BTreeSet};

use super::clients::json_readers;
use super::lines::{ASSUMED, Lines, quoted, words};
use super::{exactly, grouped, names};
use crate::cluster::findings::{Findings, Found, Resource};
use crate::cluster::infer::is_custom;
use crate::scenario::builtin;
use crate::units::{Bytes, Sort};

/// Share of all stored bytes below which a resource is not worth an entry.
const NEGLIGIBLE: f64 = 0.000_5;
/// Writes per second, and open watches, that make it worth one nevertheless.
const WORTH_WRITES: f64 = 0.02;
const WORTH_WATCHES: u64 = 20;
/// Each costs a server far more than it takes in etcd.
const DEFINITIONS: &str = "customresourcedefinitions";
/// What an object is taken for whose size nothing tells.
const ASSUMED_SIZE: Bytes = Bytes(2_000);

/// What tells the size of objects.
const SIZE_COMMAND: &str = "kubectl get RESOURCE -A --show-managed-fields -o json > RESOURCE.json";

/// A resource of which there is something: how many and how large.
struct Stored<'f> {
    name: String,
    resource: &'f Resource,
    count: &'f Found<u64>,
    size: Bytes,
}

impl Stored<'_> {
    fn bytes(&self) -> f64 {
        self.size.as_f64() * self.count.value as f64
    }
}

pub(super) fn write(findings: &Findings, out: &mut Lines) {
    let names = names(findings);
    let mut all: Vec<Stored<'_>> = findings
        .resources
        .iter()
        .filter_map(|(key, resource)| {
            let count = resource.count.as_ref().filter(|count| count.value > 0)?;
            let size = resource.size.as_ref().map_or(ASSUMED_SIZE, |size| size.value);
            Some(Stored { name: names.get(key)?.clone(), resource, count, size })
        })
        .collect();
    all.order_by(|a, b| b.bytes().total_cmp(&a.bytes()).then(a.name.cmp(&b.name)));
    let total: f64 = all.iter().map(Stored::bytes).sum();
    let read = read_names(findings, &names);
    let worth = |stored: &Stored<'_>| {
        let writes = stored.resource.writes.as_ref().map_or(0.0, |writes| writes.value);
        let watches = stored.resource.watches.as_ref().map_or(0, |watches| watches.value);
        stored.bytes() >= NEGLIGIBLE * total
            || writes >= WORTH_WRITES
            || watches >= WORTH_WATCHES
            || read.contains(&stored.name)
            || stored.name == DEFINITIONS
    };
    let (kept, folded): (Vec<_>, Vec<_>) = all.into_iter().partition(worth);
    for stored in &kept {
        one(stored, findings, out);
    }
    if !folded.is_empty() {
        let bytes: f64 = folded.iter().map(Stored::bytes).sum();
        let share = 100.0 * bytes / total.max(1.0);
        let count: u64 = folded.iter().map(|stored| stored.count.value).sum();
        let names: Vec<&str> = folded.iter().map(|stored| stored.name.as_str()).collect();
        out.blank();
        let text = format!(
            "Left out: {count} objects of {} resources, {share:.2} % of the stored bytes: {}.",
            folded.len(),
            names.join(", ")
        );
        for line in textwrap::wrap(&text, 100) {
            out.comment(&line);
        }
    }
}

/// Resources that fleets read; they must be there.
fn read_names(findings: &Findings, names: &BTreeMap<String, String>) -> BTreeSet<String> {
    let reads = findings.fleets.iter().flat_map(|fleet| &fleet.reads);
    reads.filter_map(|read| names.get(&read.resource).cloned()).collect()
}

fn one(stored: &Stored<'_>, findings: &Findings, out: &mut Lines) {
    let Stored { name, resource, count, size } = stored;
    // What TOML takes without quotes; names of metrics may be anything.
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let key = if name.chars().all(bare) { name.clone() } else { quoted(name) };
    out.table(&format!("[objects.{key}]"));
    // What was assumed is told as it is.
    let told = !count.source.what.starts_with(ASSUMED);
    let by = told.then(|| counted_by(name, count.value, findings)).flatten();
    match by {
        Some((per, each, _)) => {
            out.commented("count", &grouped(each), &words(&count.source));
            out.plain("per", &format!("\"{per}\""));
        }
        None => out.found("count", &grouped(count.value), count),
    }
    match &resource.size {
        Some(found) => out.found("size", &exactly(found.value), found),
        None => out.assumed("size", &exactly(*size), SIZE_COMMAND),
    }
    // A key that changes nothing would be reported.
    let heard = resource.writes.is_some() || json_readers(findings).contains(name);
    match &resource.json_size {
        Some(json) if heard => out.found("json-size", &exactly(json.value), json),
        Some(json) => out.comment(&format!("{} as JSON, {}", json.value, words(&json.source))),
        None => {}
    }
    let own = builtin::is_known(name) && builtin::group_of(name) == resource.group;
    if !own {
        out.plain("shape", if is_custom(resource) { "\"custom\"" } else { "\"typed\"" });
        out.plain("group", &quoted(&resource.group));
    }
    if let Some(versions) = resource.versions.as_ref().filter(|versions| versions.value > 1) {
        out.found("versions", &versions.value.min(32).to_string(), versions);
    }
    if let Some(writes) = &resource.writes {
        let units = by.map_or(1.0, |(_, _, units)| units as f64);
        out.found("writes", &rate(writes.value / units), writes);
    }
    if let Some(writer) = &resource.writer {
        out.found("writer", &quoted(&writer.value), writer);
    }
    match &resource.watch_cache {
        Some(cached) => out.found("watch-cache", &cached.value.to_string(), cached),
        None if name == "events" => {
            out.assumed("watch-cache", "false", "watch_cache_capacity of the metrics");
        }
        None => {}
    }
}

/// What a count is by, how many of it each has, and how many of these there are: nodes where there is
/// one per node, Pods where there is one per Pod.
fn counted_by(name: &str, count: u64, findings: &Findings) -> Option<(&'static str, u64, u64)> {
    let nodes = findings.nodes.count.as_ref().map(|nodes| u64::from(nodes.value))?;
    let pods = findings.resources.get("pods").and_then(|pods| pods.count.as_ref())?.value;
    let per_node = name.ends_with("nodes") || name == "leases";
    if nodes > 1 && per_node && count.is_multiple_of(nodes) && count / nodes <= 4 {
        return Some(("node", count / nodes, nodes));
    }
    let whole = nodes > 0 && pods % nodes == 0 && pods / nodes <= 1000;
    (whole && pods > nodes && count == pods).then_some(("pod", 1, pods))
}

/// A rate with three digits, in the unit in which they can be read.
pub(super) fn rate(per_second: f64) -> String {
    let (value, unit) =
        if per_second >= 0.01 { (per_second, "s") } else { (per_second * 3600.0, "h") };
    // Three digits that count.
    let digits = match value {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        v if v >= 1.0 => 2,
        _ => 4,
    };
    format!("\"{value:.digits$}/{unit}\"")
}
