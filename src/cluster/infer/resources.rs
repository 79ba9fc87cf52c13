//! Resources: how many objects, how large, how often written, how many watches.

use std::collections::{BTreeMap, BTreeSet};

use super::keys::{entry, resource_of};
use crate::cluster::findings::{Findings, Found, Source};
use crate::cluster::material::Material;
use crate::cluster::metrics::Scrape;
use crate::cluster::metrics::servers::ServerScrapes;

/// The size of etcd's database, by its newer and its older name.
const DATABASE: [&str; 2] =
    ["apiserver_storage_size_bytes", "apiserver_storage_db_total_size_in_bytes"];

/// Objects by resource: from 1.34; from 1.21; before.
pub(super) const COUNTS: [&str; 3] =
    ["apiserver_resource_objects", "apiserver_storage_objects", "etcd_object_counts"];
/// Changes that reached the watch cache; each server sees all of them.
const CHANGES: [&str; 2] =
    ["apiserver_storage_events_received_total", "apiserver_watch_cache_events_received_total"];
const REQUESTS: &str = "apiserver_request_total";
/// Requests whose answer is an object that was written.
const WRITING: [&str; 6] = ["POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"];
/// Subresources through which the object itself is written.
const WRITTEN_THROUGH: [&str; 6] = ["", "status", "scale", "binding", "finalize", "approval"];
/// Definitions of custom resources.
pub(super) const CRDS: &str = "customresourcedefinitions.apiextensions.k8s.io";

pub(super) fn infer(material: &Material, findings: &mut Findings) {
    for server in &material.servers {
        counts(&server.last, findings);
    }
    in_etcd(material, findings);
    listed(material, findings);
    writes(material, findings);
    watches(material, findings);
    caches(material, findings);
    versions(material, findings);
    let of = |key: &str| findings.resources.get(key).and_then(|resource| resource.count.clone());
    (findings.crds, findings.namespaces) = (of(CRDS), of("namespaces"));
    if findings.nodes.count.is_none() {
        findings.nodes.count =
            of("nodes").map(|found| found.map(|count| u32::try_from(count).unwrap_or(u32::MAX)));
    }
    findings.database = DATABASE.into_iter().find_map(|metric| {
        let server = material.servers.first()?;
        // Of several: events are often in an etcd of their own.
        let all = server.last.get(metric).iter().map(|series| series.value);
        let bytes = all.filter(|bytes| *bytes > 0.0).reduce(|sum, bytes| sum + bytes)? as u64;
        let source = Source::new(metric, server.last.file.clone());
        Some(Found::new(crate::units::Bytes(bytes), source))
    });
    findings.database = findings.database.take().or_else(|| material.etcd.database.clone());
}

/// Counts of objects. Servers that started at different times may miss a resource: any one counts.
fn counts(scrape: &Scrape, findings: &mut Findings) {
    for metric in COUNTS {
        for series in scrape.get(metric) {
            // -1: the server could not count them.
            let Some(key) = resource_of(series).filter(|_| series.value >= 0.0) else { continue };
            let source = Source::new(metric, scrape.file.clone());
            let found = Found::new(series.value as u64, source);
            entry(findings, &key).count.get_or_insert(found);
        }
    }
}

/// Counts of what is in etcd, where metrics have none.
fn in_etcd(material: &Material, findings: &mut Findings) {
    for (key, (count, _, file)) in &material.etcd.stored {
        let found = Found::new(*count, Source::new("object_count", file.clone()));
        entry(findings, key).count.get_or_insert(found);
    }
}

/// Counts of objects in files, where metrics have none.
fn listed(material: &Material, findings: &mut Findings) {
    let mut used = false;
    for (key, counted) in &material.objects.counted {
        let source = Source::new("objects counted", counted.file.clone());
        let resource = entry(findings, key);
        used |= resource.count.is_none();
        resource.count.get_or_insert(Found::new(counted.count, source));
    }
    if used {
        let what = "counts: where metrics have none, the objects in the files are taken for all";
        findings.assume(what, "kubectl get --raw /metrics > metrics-0.txt");
    }
}

/// Successful requests that wrote, by resource and server.
fn requests(server: &ServerScrapes) -> BTreeMap<String, (f64, f64)> {
    let mut found: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for (series, grown) in server.growth(REQUESTS) {
        let wrote = WRITING.contains(&series.label("verb"))
            && series.label("code").starts_with('2')
            && series.label("dry_run").is_empty()
            && WRITTEN_THROUGH.contains(&series.label("subresource"));
        if let Some(key) = resource_of(series).filter(|_| wrote) {
            let sum = found.entry(key).or_insert((0.0, grown.seconds));
            sum.0 += grown.count;
        }
    }
    found
}

/// Write rates: changes that the watch caches saw, which every server sees; of resources without a
/// watch cache the requests, which add up over the servers.
fn writes(material: &Material, findings: &mut Findings) {
    let unseen = material.unseen(findings);
    let mut rates: BTreeMap<String, (f64, Source)> = BTreeMap::new();
    for server in &material.servers {
        for (key, (count, seconds)) in requests(server) {
            let source = Source::new(source_words(REQUESTS, server), server.last.file.clone());
            let rate = rates.entry(key).or_insert((0.0, source));
            rate.0 += count / seconds.max(1.0) * unseen;
        }
    }
    let mut seen: BTreeMap<String, (f64, Source)> = BTreeMap::new();
    for server in &material.servers {
        let Some(metric) = CHANGES.into_iter().find(|m| !server.last.get(m).is_empty()) else {
            continue;
        };
        for (series, grown) in server.growth(metric) {
            let Some(key) = resource_of(series) else { continue };
            let rate = grown.count / grown.seconds.max(1.0);
            let source = Source::new(source_words(metric, server), server.last.file.clone());
            let most = seen.entry(key).or_insert((rate, source.clone()));
            if rate > most.0 {
                *most = (rate, source);
            }
        }
    }
    rates.extend(seen);
    for (key, (rate, source)) in rates {
        if rate > 0.0 {
            entry(findings, &key).writes = Some(Found::new(rate, source));
        }
    }
}

/// The metric, and over which time it grew.
fn source_words(metric: &str, server: &ServerScrapes) -> String {
    let (since, seconds) = match (&server.earlier, server.up_seconds()) {
        (Some((earlier, seconds)), _) => (format!("since {}", earlier.file), *seconds),
        (None, up) => ("since the start".to_owned(), up.unwrap_or(0.0)),
    };
    format!("{metric} over {seconds:.0} s {since}")
}

/// Watches that are open, on all servers.
fn watches(material: &Material, findings: &mut Findings) {
    const LONGRUNNING: &str = "apiserver_longrunning_requests";
    let unseen = material.unseen(findings);
    for server in &material.servers {
        for series in server.last.get(LONGRUNNING).iter().filter(|s| s.label("verb") == "WATCH") {
            let Some(key) = resource_of(series) else { continue };
            let source = Source::new(LONGRUNNING, server.last.file.clone());
            let resource = entry(findings, &key);
            let sum = resource.watches.get_or_insert(Found::new(0, source));
            sum.value += (series.value.max(0.0) * unseen).round() as u64;
        }
    }
}

/// Resources without a watch cache: where the servers say which have one, and where flags switch it off.
fn caches(material: &Material, findings: &mut Findings) {
    const CAPACITY: &str = "watch_cache_capacity";
    if let Some(server) = material.servers.iter().find(|s| !s.last.get(CAPACITY).is_empty()) {
        let cached: BTreeSet<String> =
            server.last.get(CAPACITY).iter().filter_map(resource_of).collect();
        for (key, resource) in &mut findings.resources {
            let has = cached.contains(key);
            let usual = has && key != "events";
            // A resource of which nobody asked has none yet, and no objects either.
            if !usual && resource.count.as_ref().is_some_and(|count| count.value > 0) {
                let source = Source::new(CAPACITY, server.last.file.clone());
                resource.watch_cache = Some(Found::new(has, source));
            }
        }
    }
    let Some(flags) = findings.servers.first().map(|server| server.flags.clone()) else { return };
    let off = flags.get("watch-cache").filter(|flag| flag.value == "false");
    // A size of 0 switches it off; other sizes are those of the servers (1.19 and newer).
    let without: BTreeMap<&str, &Source> = flags
        .get("watch-cache-sizes")
        .into_iter()
        .flat_map(|flag| flag.value.split(',').map(move |size| (size, &flag.source)))
        .filter_map(|(size, source)| Some((size.trim().strip_suffix("#0")?, source)))
        .collect();
    for (key, resource) in &mut findings.resources {
        let source = off.map(|flag| &flag.source).or_else(|| without.get(key.as_str()).copied());
        if let Some(source) = source.filter(|_| resource.watch_cache.is_none()) {
            resource.watch_cache = Some(Found::new(false, source.clone()));
        }
    }
}

/// Versions of custom resources: from their definitions, or from the `OpenAPI` that was made of them.
fn versions(material: &Material, findings: &mut Findings) {
    const OPENAPI: &str = "apiextensions_openapi_v3_regeneration_count";
    for server in &material.servers {
        let mut seen: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for series in server.last.get(OPENAPI) {
            seen.entry(series.label("crd")).or_default().insert(series.label("version"));
        }
        for (key, versions) in seen {
            if let Some(resource) = findings.resources.get_mut(key) {
                let count = u32::try_from(versions.len()).unwrap_or(1);
                let source = Source::new(OPENAPI, server.last.file.clone());
                resource.versions = Some(Found::new(count, source));
            }
        }
    }
    for (key, (count, file)) in &material.objects.crds {
        let source = Source::new("spec.versions", file.clone());
        entry(findings, key).versions = Some(Found::new(*count, source));
    }
}
