//! Resources: how many objects, how large, how often written, how many watches.

use std::collections::{BTreeMap, BTreeSet};

use super::keys::{entry, resource_of};
use crate::cluster::etcd::SERVICES;
use crate::cluster::findings::{Findings, Found, Skipped, Source};
use crate::cluster::fleets::together;
use crate::cluster::material::Material;
use crate::cluster::metrics::servers::ServerScrapes;
use crate::cluster::metrics::{COUNTS, Scrape, Series};

/// The size of etcd's database, by its newer and its older name.
const DATABASE: [&str; 2] =
    ["apiserver_storage_size_bytes", "apiserver_storage_db_total_size_in_bytes"];

/// Changes that reached the watch cache; each server sees all of them.
const CHANGES: [&str; 2] =
    ["apiserver_storage_events_received_total", "apiserver_watch_cache_events_received_total"];
const REQUESTS: &str = "apiserver_request_total";
/// Requests whose answer is an object that was written.
const WRITING: [&str; 6] = ["POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"];
/// Subresources through which the object itself is written.
const WRITTEN_THROUGH: [&str; 6] = ["", "status", "scale", "binding", "finalize", "approval"];
/// Servers that started within so many seconds started together.
const TOGETHER_SECONDS: f64 = 60.0;
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
    if let Some(found) = of("nodes") {
        let found = found.map(|count| u32::try_from(count).unwrap_or(u32::MAX));
        match &findings.nodes.count {
            Some(before) if before.value >= found.value => {}
            before => {
                let fewer = before.as_ref().filter(|before| before.value > 0).map(|before| {
                    let (all, file) = (found.value, &found.source.file);
                    let what =
                        format!("{} Nodes, {file} says {all}: {all} are taken", before.value);
                    Skipped::passed_over(&before.source.file, what)
                });
                findings.skipped.extend(fewer);
                findings.nodes.count = Some(found);
            }
        }
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

/// What a server counts, by resource, and the metric: of several the newest.
pub(super) fn counted(scrape: &Scrape) -> BTreeMap<String, (u64, &'static str)> {
    let mut found = BTreeMap::new();
    for metric in COUNTS {
        for series in scrape.get(metric) {
            // -1: the server could not count them.
            if let Some(key) = resource_of(series).filter(|_| series.value >= 0.0) {
                found.entry(key).or_insert((series.value as u64, metric));
            }
        }
    }
    found
}

/// Counts of objects. A server counts every minute or two, and a young one says 0: the most counts.
fn counts(scrape: &Scrape, findings: &mut Findings) {
    for (key, (count, metric)) in counted(scrape) {
        let found = Found::new(count, Source::new(metric, scrape.file.clone()));
        let most = entry(findings, &key).count.get_or_insert_with(|| found.clone());
        if found.value > most.value {
            *most = found;
        }
    }
}

/// Counts of what is in etcd, where metrics have none.
fn in_etcd(material: &Material, findings: &mut Findings) {
    for (key, (count, _, file)) in &material.etcd.stored {
        let found = Found::new(*count, Source::new("object_count", file.clone()));
        entry(findings, key).count.get_or_insert(found);
    }
    if let Some((_, _, file)) = material.etcd.stored.get(SERVICES) {
        let what =
            format!("services and endpoints: {file} counts both together, half each is taken");
        findings.assume(&what, "kubectl get services -A --no-headers | wc -l");
    }
    for (group, counted) in &material.etcd.groups {
        of_group(group, counted, material, findings);
    }
}

/// Objects of a group that are counted together, evenly over its resources that are not counted by
/// themselves; all under the name of the group if none is known.
fn of_group(
    group: &str,
    (count, bytes, file): &(u64, crate::units::Bytes, String),
    material: &Material,
    findings: &mut Findings,
) {
    let of = |key: &str| key.split_once('.').is_some_and(|(_, of)| of == group);
    let counted = material.objects.counted.iter().filter(|(key, _)| of(key));
    let files: u64 = counted.map(|(_, counted)| counted.count).sum();
    let by_metrics = findings.resources.iter().any(|(key, found)| of(key) && found.count.is_some());
    let left = count.saturating_sub(files);
    if left == 0 || by_metrics {
        return;
    }
    let crds = material.objects.crds.keys().filter(|key| of(key));
    let crds = crds.filter(|key| !material.objects.counted.contains_key(*key));
    let mut keys: Vec<String> = crds.cloned().collect();
    if keys.is_empty() {
        keys.push(together(group));
    }
    let (each, size) = (left.div_ceil(keys.len() as u64), bytes.0 / (*count).max(1));
    let what = format!(
        "{group}: {file} counts {count} objects of all its resources together; {left} are taken for \
         {each} each of {}",
        keys.join(", ")
    );
    findings.assume(&what, "kubectl get --raw /metrics > metrics-0.txt");
    for key in keys {
        let resource = entry(findings, &key);
        let source = |what: &str| Source::new(what, file.clone());
        resource.count = Some(Found::new(each, source("object_count of the group")));
        let size = crate::units::Bytes(size);
        resource.size = Some(Found::new(size, source("object_size of the group")));
    }
}

/// Counts of objects in files, where metrics have none, or fewer.
fn listed(material: &Material, findings: &mut Findings) {
    let (mut used, mut young) = (false, BTreeMap::<String, u64>::new());
    for (key, counted) in &material.objects.counted {
        let source = Source::new("objects counted", counted.file.clone());
        let found = Found::new(counted.count, source);
        let count = &mut entry(findings, key).count;
        used |= count.is_none();
        let before = count.get_or_insert_with(|| found.clone());
        if found.value > before.value {
            let metrics = std::mem::replace(before, found);
            if metrics.value == 0 {
                *young.entry(metrics.source.file).or_default() += 1;
                continue;
            }
            // They come and go between the files.
            if counted.count > metrics.value + metrics.value / 4 + 2 {
                let what = format!(
                    "{} {key}, {} says {}: the larger is taken",
                    counted.count, metrics.source.file, metrics.value
                );
                let cost = "nothing if these files are of one cluster; are they?";
                findings.skipped.push(Skipped::file(&counted.file, what, cost));
            }
        }
    }
    for (file, resources) in young {
        let what = format!(
            "counts no objects of {resources} resources that the files have objects of: a young server \
             has not counted yet; those in the files are taken"
        );
        findings.skipped.push(Skipped::passed_over(file, what));
    }
    if used {
        let what = "counts: where metrics have none, the objects in the files are taken for all";
        findings.assume(what, "kubectl get --raw /metrics > metrics-0.txt");
    }
}

/// Whether a series counts successful requests that wrote.
fn wrote(series: &Series) -> bool {
    WRITING.contains(&series.label("verb"))
        && series.label("code").starts_with('2')
        && series.label("dry_run").is_empty()
        && WRITTEN_THROUGH.contains(&series.label("subresource"))
}

/// Objects that servers created and that are there: since the start they are changes that do not come
/// again. Of these the share that a server was asked for, by its place and resource. Events come and go.
fn created(material: &Material, findings: &Findings) -> Vec<BTreeMap<String, f64>> {
    let of = |server: &ServerScrapes| {
        let mut found: BTreeMap<String, f64> = BTreeMap::new();
        let posts = server.last.get(REQUESTS).iter();
        for series in posts.filter(|series| series.label("verb") == "POST" && wrote(series)) {
            let plain = series.label("subresource").is_empty();
            if let Some(key) = resource_of(series).filter(|key| plain && key != "events") {
                *found.entry(key).or_default() += series.value;
            }
        }
        found
    };
    let mut all: Vec<BTreeMap<String, f64>> = material.servers.iter().map(of).collect();
    let mut sums: BTreeMap<String, f64> = BTreeMap::new();
    for (key, count) in all.iter().flatten() {
        *sums.entry(key.clone()).or_default() += count;
    }
    for (key, count) in all.iter_mut().flatten() {
        let there = findings.resources.get(key).and_then(|found| found.count.as_ref());
        let there = there.map_or(0.0, |there| there.value as f64);
        *count *= (there / sums.get(key).copied().unwrap_or(1.0).max(1.0)).min(1.0);
    }
    all
}

/// Successful requests that wrote, by resource and server.
fn requests(server: &ServerScrapes) -> BTreeMap<String, (f64, f64)> {
    let mut found: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for (series, grown) in server.growth(REQUESTS) {
        if let Some(key) = resource_of(series).filter(|_| wrote(series)) {
            let sum = found.entry(key).or_insert((0.0, grown.seconds));
            sum.0 += grown.count;
        }
    }
    found
}

/// Write rates: changes that the watch caches saw, which every server sees; of resources without a
/// watch cache the requests, which add up over the servers.
fn writes(material: &Material, findings: &mut Findings) {
    // Means since the start have installations and old storms in them: two scrapes of one server go
    // before those of all others.
    let now = material.servers.iter().any(|server| server.earlier.is_some());
    let created = if now { Vec::new() } else { created(material, findings) };
    let servers = || {
        let all = material.servers.iter().enumerate();
        all.filter(move |(_, server)| server.earlier.is_some() || !now)
    };
    let all = findings.replicas.as_ref().map_or(0.0, |found| f64::from(found.value));
    let unseen = (all / servers().count().max(1) as f64).max(1.0);
    let mut rates: BTreeMap<String, (f64, Source)> = BTreeMap::new();
    for (place, server) in servers() {
        let own = created.get(place);
        for (key, (count, seconds)) in requests(server) {
            let source = Source::new(source_words(REQUESTS, server), server.last.file.clone());
            let once = own.and_then(|own| own.get(&key)).copied().unwrap_or(0.0);
            let rate = rates.entry(key).or_insert((0.0, source));
            rate.0 += (count - once).max(0.0) / seconds.max(1.0) * unseen;
        }
    }
    let seen = changes(material, &created, servers());
    rates.extend(seen);
    for (key, (rate, source)) in rates {
        if rate > 0.0 {
            let resource = entry(findings, &key);
            resource.writes = Some(Found::new(rate, source));
            resource.writes_since_start = !now;
        }
    }
}

/// Changes per second that the watch caches saw, by resource: of several servers the most.
fn changes<'m>(
    material: &Material,
    created: &[BTreeMap<String, f64>],
    servers: impl Iterator<Item = (usize, &'m ServerScrapes)>,
) -> BTreeMap<String, (f64, Source)> {
    let up = |server: &ServerScrapes| server.up_seconds().unwrap_or(0.0);
    let mut seen: BTreeMap<String, (f64, Source)> = BTreeMap::new();
    for (_, server) in servers {
        // What older servers were asked for may have been before this one started.
        let younger = material.servers.iter().zip(created);
        let younger: Vec<_> =
            younger.filter(|(other, _)| up(other) <= up(server) + TOGETHER_SECONDS).collect();
        let Some(metric) = CHANGES.into_iter().find(|m| !server.last.get(m).is_empty()) else {
            continue;
        };
        for (series, grown) in server.growth(metric) {
            let Some(key) = resource_of(series) else { continue };
            let once: f64 = younger.iter().filter_map(|(_, created)| created.get(&key)).sum();
            let rate = (grown.count - once).max(0.0) / grown.seconds.max(1.0);
            let source = Source::new(source_words(metric, server), server.last.file.clone());
            let most = seen.entry(key).or_insert((rate, source.clone()));
            if rate > most.0 {
                *most = (rate, source);
            }
        }
    }
    seen
}

/// The metric, and over which time it grew.
fn source_words(metric: &str, server: &ServerScrapes) -> String {
    let (since, seconds) = match (&server.earlier, server.up_seconds()) {
        (Some((earlier, seconds)), _) => (format!("since {}", earlier.file), *seconds),
        (None, up) => {
            let words = "since the start, less the creation of what is there";
            (words.to_owned(), up.unwrap_or(0.0))
        }
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
