//! Sizes of objects: as they are stored, and as JSON.
//!
//! From 1.34 the servers say what a resource takes in etcd. Before, and of resources that they do not
//! know, sizes follow from what crosses their API: objects in files, objects in watch events, bodies of
//! requests that create or replace one. What is JSON there and what protobuf, no metric says, but leases
//! do ([`is_protobuf`]); between both lie the overhead of JSON ([`json_of`]) and, of created objects, what
//! the server adds. Status and managed fields come later, so these sizes are told as estimates.

use std::collections::BTreeMap;

use super::keys::{entry, resource_of};
use super::resources::counted;
use crate::cluster::findings::{Findings, Found, Resource, Skipped, Source};
use crate::cluster::material::Material;
use crate::cluster::metrics::Series;
use crate::cluster::source::ESTIMATED;
use crate::units::{Bytes, Sort};

/// Objects that stand for any number of their kind.
const LEAST_SAMPLE: u64 = 100;
/// Bytes that the server adds to a created object: uid, times, versions, one entry of managed fields.
const ADDED_BYTES: f64 = 270.0;
/// What an entry of managed fields names, per byte of a built-in object: every field, up to those that
/// are repeated (endpoints, images) or hold one long text.
const NAMED_SHARE: f64 = 0.4;
const NAMED_BYTES: f64 = 2_500.0;
/// An entry more, of whoever writes the object later.
const WRITER_BYTES: f64 = 170.0;
/// JSON around an object in a watch event: its type, and the names of the fields.
const EVENT_BYTES: f64 = 40.0;
/// Watch events from which a mean is taken. Bookmarks are counted among them.
const LEAST_EVENTS: f64 = 30.0;
/// Leases, and how many must have been replaced and sent to compare both.
const LEASES: &str = "leases.coordination.k8s.io";
const LEAST_REPLACED: f64 = 10.0;
/// How the source of a size begins that follows from what crossed the API.
const ESTIMATE: &str = "estimated from";
/// Resources that are told of by their names.
const MOST_NAMED: usize = 8;
/// Size of a bookmark: an object without content.
const BOOKMARK_BYTES: f64 = 170.0;

/// Whether a resource is stored as JSON: it has a definition.
#[must_use]
pub(crate) fn is_custom(resource: &Resource) -> bool {
    /// Groups of Kubernetes itself that have a dot; those of others under `k8s.io` are custom.
    const OWN: [&str; 18] = [
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        "internal.apiserver.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
        "storagemigration.k8s.io",
    ];
    let group = resource.group.as_str();
    resource.versions.is_some() || group.contains('.') && !OWN.contains(&group)
}

/// JSON of an object, from its protobuf. Names of fields, quotes and timestamps make a fifth, and 200
/// bytes of metadata; endpoints and conditions are mostly names; Secrets are base64.
fn json_of(resource: &Resource, stored: f64) -> f64 {
    if is_custom(resource) {
        return stored;
    }
    match resource.plural.as_str() {
        "configmaps" => stored + 200.0,
        "secrets" => stored * 4.0 / 3.0 + 100.0,
        "endpointslices" | "endpoints" => stored * 1.6 + 200.0,
        _ => stored * 1.2 + 200.0,
    }
}

/// The protobuf of an object, from its JSON.
fn stored_of(resource: &Resource, json: f64) -> f64 {
    if is_custom(resource) {
        return json;
    }
    let (at_none, at_some) = (json_of(resource, 0.0), json_of(resource, 1000.0));
    ((json - at_none) / (at_some - at_none) * 1000.0).max(json / 3.0)
}

pub(super) fn infer(material: &Material, findings: &mut Findings) {
    let stored = stored(material);
    let (listed, crossed) = (listed(material, findings), crossed(material, findings));
    let keys: Vec<String> = findings.resources.keys().cloned().collect();
    let mut estimated: Vec<(u64, String)> = Vec::new();
    for key in keys {
        let resource = entry(findings, &key);
        let count = resource.count.as_ref().map_or(0, |found| found.value);
        if count == 0 {
            continue;
        }
        // Objects in files are what the API returned, if they are enough to stand for all.
        let all = listed.get(&key).filter(|(seen, _)| seen.stand_for(count)).map(|(_, json)| json);
        let few = listed.get(&key).map(|(_, json)| json);
        let json = all.or(crossed.get(&key)).or(few).cloned();
        let exact = stored.get(&key).cloned();
        let bytes = |bytes: f64| Bytes(bytes.round().max(1.0) as u64);
        // JSON is never less than what is stored of it.
        let told = all.filter(|(json, _)| exact.as_ref().is_none_or(|(size, _)| json >= size));
        let (size, json, source) = match (exact, json) {
            (Some((size, source)), _) => {
                let json = told.map_or_else(|| json_of(resource, size), |(json, _)| *json);
                (size, json, source)
            }
            (None, Some((json, source))) => (stored_of(resource, json), json, source),
            (None, None) => continue,
        };
        resource.size = Some(Found::new(bytes(size), source.clone()));
        if source.what.starts_with(ESTIMATE) && !is_custom(resource) {
            estimated.push(((size * count as f64) as u64, key.clone()));
        }
        if !is_custom(resource) {
            let source =
                told.map_or_else(|| Source::new(ESTIMATED, ""), |(_, source)| source.clone());
            resource.json_size = Some(Found::new(bytes(json), source));
        }
        match (all, told, few) {
            (Some((json, source)), None, _) => {
                let what = format!(
                    "{key}: objects of {json:.0} B as JSON, stored in {size:.0} B: not the same \
                     objects; the stored ones count"
                );
                findings.skipped.push(Skipped::passed_over(&source.file, what));
            }
            (None, _, Some((_, from))) if *from == source => few_stand_for(&key, count, findings),
            _ => {}
        }
    }
    tell_estimated(estimated, findings);
}

/// Sizes of what crossed the API. Of a small cluster of 1.34 whose sizes are known, those of Pods were a
/// quarter too small, and those of what controllers write often by a third.
fn tell_estimated(mut all: Vec<(u64, String)>, findings: &mut Findings) {
    all.order_by(|a, b| b.cmp(a));
    let named: Vec<&str> = all.iter().take(MOST_NAMED).map(|(_, key)| key.as_str()).collect();
    if named.is_empty() {
        return;
    }
    let more = all.len() - named.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let what = format!(
        "sizes of {}{more}: estimated from watch events and created objects, which lack status and \
         managed fields of later: the stored ones can be half as large again",
        named.join(", ")
    );
    findings.assume(&what, "kubectl get RESOURCE -A --show-managed-fields -o json > RESOURCE.json");
}

/// The size of all is that of a few.
fn few_stand_for(key: &str, count: u64, findings: &mut Findings) {
    let what =
        format!("objects.{key}: the size of {count} is taken for that of a few in the files");
    let command = format!("kubectl get {key} -A --show-managed-fields -o json > {key}.json");
    findings.assume(&what, &command);
}

/// Of how many objects a size is the mean.
struct Sample(u64);

impl Sample {
    /// A page of objects, or half of them; a handful of a control plane is like no others.
    fn stand_for(&self, count: u64) -> bool {
        self.0 >= LEAST_SAMPLE || self.0 * 2 >= count
    }
}

/// Mean JSON by resource.
type Seen = BTreeMap<String, (f64, Source)>;

/// Mean stored size, as the server estimates it (1.34) that counts most objects, or as it was counted
/// in etcd.
fn stored(material: &Material) -> Seen {
    const SIZES: &str = "apiserver_resource_size_estimate_bytes";
    let mut most: BTreeMap<String, u64> = BTreeMap::new();
    let mut found = Seen::new();
    for server in &material.servers {
        let counted = counted(&server.last);
        for series in server.last.get(SIZES).iter().filter(|series| series.value > 0.0) {
            let Some(key) = resource_of(series) else { continue };
            let count = counted.get(&key).map_or(0, |(count, _)| *count);
            let most = most.entry(key.clone()).or_default();
            if count > *most {
                *most = count;
                let source = Source::new(format!("{SIZES} / objects"), server.last.file.clone());
                found.insert(key, (series.value / count as f64, source));
            }
        }
    }
    for (key, (count, bytes, file)) in &material.etcd.stored {
        let source = Source::new("object_size / object_count", file.clone());
        let mean = bytes.as_f64() / (*count).max(1) as f64;
        found.entry(key.clone()).or_insert((mean, source));
    }
    found
}

/// Objects in files. `kubectl get` leaves the managed fields out unless it is asked for them.
fn listed(material: &Material, findings: &Findings) -> BTreeMap<String, (Sample, (f64, Source))> {
    let mut found = BTreeMap::new();
    for (key, counted) in &material.objects.counted {
        let all = counted.count.max(1) as f64;
        let without = counted.count.saturating_sub(counted.with_managed_fields) as f64;
        let json = counted.json_bytes as f64 / all;
        let resource = findings.resources.get(key);
        let plain = resource.is_none_or(|resource| is_custom(resource) || is_plain(resource));
        let named = if plain { 0.0 } else { NAMED_SHARE * json.min(NAMED_BYTES) };
        let mean = json + without / all * (named + ADDED_BYTES);
        let source = Source::new("JSON of the objects", counted.file.clone());
        found.insert(key.clone(), (Sample(counted.seen), (mean, source)));
    }
    found
}

/// Whether an object is mostly texts of its owner, of which managed fields name little.
fn is_plain(resource: &Resource) -> bool {
    ["configmaps", "secrets"].contains(&resource.plural.as_str())
}

/// Growth of sums and counts, by resource and over all servers.
type Sums = BTreeMap<String, (f64, f64, String)>;

/// The sums and counts of a histogram: as they grew between two scrapes, or as they stand.
fn sums(material: &Material, metric: &str, grown: bool, accept: fn(&Series) -> bool) -> Sums {
    let mut found = Sums::new();
    for server in material.servers.iter().filter(|server| !grown || server.earlier.is_some()) {
        for (part, suffix) in ["_sum", "_count"].into_iter().enumerate() {
            let name = format!("{metric}{suffix}");
            let values: Vec<(&Series, f64)> = if grown {
                server.growth(&name).into_iter().map(|(s, grown)| (s, grown.count)).collect()
            } else {
                server.last.get(&name).iter().map(|series| (series, series.value)).collect()
            };
            for (series, value) in values.into_iter().filter(|(s, v)| accept(s) && v.is_finite()) {
                let Some(key) = resource_of(series) else { continue };
                let sum = found.entry(key).or_insert((0.0, 0.0, server.last.file.clone()));
                *(if part == 0 { &mut sum.0 } else { &mut sum.1 }) += value;
            }
        }
    }
    found
}

/// Objects that crossed the API: in watch events, as JSON or protobuf, as the watchers asked for them;
/// and in requests that created one. Bookmarks make the first too small, and what the server fills in
/// the second: the larger counts.
fn crossed(material: &Material, findings: &Findings) -> Seen {
    const SENT: &str = "apiserver_watch_events_sizes";
    const BODIES: &str = "apiserver_request_body_size_bytes";
    let mut found = Seen::new();
    let mut add = |key: String, mean: f64, what: &str, file: String| {
        let most = found.entry(key).or_insert((0.0, Source::default()));
        if mean > most.0 {
            *most = (mean, Source::new(format!("{ESTIMATE} {what}"), file));
        }
    };
    // In a quiet time they are those of steady writes; the burst of an installation was not watched.
    let steady = sums(material, SENT, true, |_| true);
    let all = sums(material, SENT, false, |_| true);
    let replaced = sums(material, BODIES, false, |series| series.label("verb") == "update");
    let protobuf = is_protobuf(&all, &replaced);
    for (key, (sum, count, file)) in all {
        let quiet = steady.get(&key).filter(|(_, count, _)| *count >= LEAST_EVENTS);
        let (sum, count) = quiet.map_or((sum, count), |(sum, count, _)| (*sum, *count));
        let mean = sum / count.max(1.0) - EVENT_BYTES;
        if count >= LEAST_EVENTS && mean > 2.0 * BOOKMARK_BYTES {
            // Whoever watches Secrets, kubelets and the servers themselves, takes protobuf.
            let stored = findings.resources.get(&key).filter(|_| protobuf || key == "secrets");
            let mean = stored.map_or(mean, |stored| json_of(stored, mean));
            add(key, mean, SENT, file);
        }
    }
    let created = sums(material, BODIES, false, |series| series.label("verb") == "create");
    for (key, (sum, count, file)) in created {
        if let Some(resource) = findings.resources.get(&key).filter(|_| count >= 1.0 && sum > 0.0) {
            // Who watches as protobuf creates as protobuf: components do.
            let body = if protobuf { json_of(resource, sum / count) } else { sum / count };
            add(key, filled_in(resource, body), BODIES, file);
        }
    }
    found
}

/// Whether watch events are protobuf. Components replace their leases, whole and as protobuf: events of
/// the same leases are a third larger as JSON, and else as large, less bookmarks.
fn is_protobuf(sent: &Sums, replaced: &Sums) -> bool {
    let mean = |of: &Sums| {
        let (sum, count, _) = of.get(LEASES).filter(|(_, count, _)| *count >= LEAST_REPLACED)?;
        Some(sum / count)
    };
    mean(sent).zip(mean(replaced)).is_some_and(|(sent, replaced)| sent < replaced)
}

/// A created object as the server keeps it.
fn filled_in(resource: &Resource, body: f64) -> f64 {
    let written = if resource.writes.is_some() { WRITER_BYTES } else { 0.0 };
    if is_custom(resource) || is_plain(resource) {
        return body + ADDED_BYTES + written;
    }
    // Defaults: containers, tolerations and the volume of the token; addresses and policies.
    let defaults = match resource.plural.as_str() {
        "pods" => 1_500.0,
        "services" => 250.0,
        _ => 0.0,
    };
    body + NAMED_SHARE * body.min(NAMED_BYTES) + ADDED_BYTES + written + defaults
}
