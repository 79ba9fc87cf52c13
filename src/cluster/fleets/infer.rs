//! From what was read to fleets.

use std::collections::{BTreeMap, BTreeSet};

use super::from_metrics::AllWatches;
use super::{
    Cluster, Fleet, Fleets, Selected, asks_for_json, counts, flows, from_audit, from_metrics,
    plural_group,
};
use crate::cluster::audit::{self, Audit, Log, Micros, Verb};
use crate::cluster::findings::{Findings, Found, Resource, Skipped, Source};
use crate::cluster::infer::resource_of;
use crate::cluster::material::Material;
use crate::model::apf::defaults::with_defaults;
use crate::model::release::{NEWEST_MINOR, OLDEST_MINOR, Release};

const LONGRUNNING: &str = "apiserver_longrunning_requests";
const REQUESTS: &str = "apiserver_request_total";
/// Lists between two scrapes from which on something is listed again and again.
const LEAST_LISTS: f64 = 2.0;
const EVENTS_SENT: &str = "apiserver_watch_events_total";

/// Adds the fleets to the findings: from audit logs, else from metrics.
pub fn infer(material: &Material, findings: &mut Findings) {
    let given: Vec<_> = material.objects.apf.values().filter_map(flows::schema).collect();
    let minor = findings.release.as_ref().map_or(NEWEST_MINOR, |found| found.value.minor);
    let release = Release::of_minor(minor.clamp(OLDEST_MINOR, NEWEST_MINOR));
    let schemas = release.map_or(given.clone(), |release| with_defaults(&[], &given, &release).1);
    let (bytes, shares) = (bytes(findings), shares(material, findings));
    let cluster = Cluster {
        bytes: Some(&bytes),
        shares: Some(&shares),
        nodes: findings.nodes.count.as_ref().map(|found| found.value),
        namespaces: findings.namespaces.as_ref().map(|found| found.value),
        servers: findings.replicas.as_ref().map(|found| found.value),
        flow_schemas: &schemas,
    };
    let audit = read(material, findings);
    let mut found = Fleets::default();
    if audit.requests > 0 {
        let names: Vec<&str> = material.audit.iter().map(|input| input.name.as_str()).collect();
        found = from_audit(&audit, &words(&names), &cluster);
    }
    if found.fleets.is_empty() {
        found = from_metrics(&open_watches(material, findings), &cluster);
    }
    for note in &found.notes {
        findings.assume(note, "the file of --audit-log-path on each control-plane node");
    }
    counts::assume(&found, material, findings);
    writes(&found, &audit, findings);
    selectors(&found, findings);
    encodings(&found, findings);
    findings.fleets = found.fleets;
}

/// Between an audit log and metrics of one cluster (assumed): two weeks.
const MOST_APART_SECONDS: f64 = 14.0 * 86_400.0;
/// Selectors that are told of.
const MOST_SELECTORS: usize = 10;
/// Fleets that are told of by their names.
const MOST_NAMES: usize = 8;

/// Bytes of all objects by resource.
fn bytes(findings: &Findings) -> BTreeMap<String, f64> {
    let of = |(key, resource): (&String, &Resource)| {
        let (count, size) = (resource.count.as_ref()?, resource.size.as_ref()?);
        Some((key.clone(), count.value as f64 * size.value.as_f64()))
    };
    findings.resources.iter().filter_map(of).collect()
}

/// Shares of namespaces, of resources of which at least half of the objects are in the files.
fn shares(material: &Material, findings: &Findings) -> BTreeMap<(String, String), f64> {
    let mut found = BTreeMap::new();
    for (key, counted) in &material.objects.counted {
        let all = findings.resources.get(key).and_then(|resource| resource.count.as_ref());
        if all.is_some_and(|all| counted.seen * 2 >= all.value) {
            for (namespace, count) in &counted.namespaces {
                let share = *count as f64 / counted.seen.max(1) as f64;
                found.insert((key.clone(), namespace.clone()), share);
            }
        }
    }
    found
}

/// What a selector leaves is not in a log: it is taken for everything. What is in a namespace neither.
fn selectors(found: &Fleets, findings: &mut Findings) {
    let reads = found.fleets.iter().flat_map(|fleet| fleet.reads.iter().map(move |r| (fleet, r)));
    let by_selector =
        reads.filter(|(_, read)| read.selected == Selected::All && !read.selector.is_empty());
    for (fleet, read) in by_selector.take(MOST_SELECTORS) {
        let (name, resource, selector) = (&fleet.name, &read.resource, &read.selector);
        let what = format!("{name} selects {resource} by {selector}: taken for all of them");
        let command = format!("kubectl get {resource} -A -l '{selector}' --no-headers | wc -l");
        findings.assume(&what, &command);
    }
    let reads = found.fleets.iter().flat_map(|fleet| fleet.reads.iter().map(move |r| (fleet, r)));
    for (fleet, read) in reads.filter(|(_, read)| read.share_assumed).take(MOST_SELECTORS) {
        let Selected::Share(share) = read.selected else { continue };
        let (name, resource, percent) = (&fleet.name, &read.resource, share * 100.0);
        let namespace = read.namespace.as_deref();
        let which =
            namespace.map_or("some namespaces".to_owned(), |one| format!("namespace {one}"));
        let what = format!("{name} reads {resource} of {which}: taken for {percent:.2} % of all");
        let command = format!("kubectl get {resource} -A -o json > {resource}.json");
        findings.assume(&what, &command);
    }
}

/// What asks for JSON is told by no log: client-go does unless it is told otherwise, and takes more.
fn encodings(found: &Fleets, findings: &mut Findings) {
    let unknown = |fleet: &&Fleet| {
        !fleet.agent.is_empty() && !fleet.reads.is_empty() && asks_for_json(&fleet.agent).is_none()
    };
    let names: Vec<&str> =
        found.fleets.iter().filter(unknown).map(|fleet| fleet.name.as_str()).collect();
    let Some(first) = names.get(..names.len().min(MOST_NAMES)).filter(|names| !names.is_empty())
    else {
        return;
    };
    let more = names.len() - first.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let what = format!(
        "encoding of {}{more}: JSON, as client-go asks for unless told otherwise",
        first.join(", ")
    );
    findings.assume(&what, "their flag --kube-api-content-type, or ContentType in their source");
}

/// Write rates of resources, and who writes most of them. Rates between two scrapes go before those of
/// the log, and those before means since the start.
fn writes(found: &Fleets, audit: &Audit, findings: &mut Findings) {
    let kinds = audit.clients.iter().flat_map(|client| &client.kinds);
    let written: BTreeSet<String> = kinds
        .filter(|kind| kind.verb.is_some_and(Verb::writes) && kind.count > 0)
        .map(|kind| plural_group(&kind.target.resource, &kind.target.group))
        .collect();
    let mut rates: BTreeMap<&str, (f64, f64, &Fleet)> = BTreeMap::new();
    for fleet in &found.fleets {
        for write in &fleet.writes {
            let rate = write.rate * f64::from(fleet.members);
            let (sum, most, writer) = rates.entry(&write.resource).or_insert((0.0, rate, fleet));
            *sum += rate;
            if rate > *most {
                (*most, *writer) = (rate, fleet);
            }
        }
    }
    // Of what the log has writes, but no steady ones, a mean since the start is one of the past.
    for (key, resource) in &mut findings.resources {
        if resource.writes_since_start && written.contains(key) {
            resource.writes = None;
        }
    }
    for (resource, (rate, _, writer)) in rates {
        if let Some(resource) = findings.resources.get_mut(resource) {
            resource.writes.get_or_insert(Found::new(rate, writer.source.clone()));
            if !writer.user.is_empty() {
                resource.writer = Some(Found::new(writer.user.clone(), writer.source.clone()));
            }
        }
    }
}

/// The files as one source: the first, and how many more.
fn words(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

fn read(material: &Material, findings: &mut Findings) -> Audit {
    let log = |input: &'_ crate::cluster::read::Input| {
        let input = input.clone();
        Log { name: input.name.clone(), open: Box::new(move || input.lines()) }
    };
    let logs: Vec<Log<'_>> = material.audit.iter().map(log).collect();
    let audit = audit::read(&logs);
    findings.skipped.extend(audit.skipped.iter().cloned());
    tell_apart(material, &audit, findings);
    if audit.counted.duplicates > 0 {
        let first = logs.first().map(|log| log.name.clone()).unwrap_or_default();
        let what =
            format!("{} events that the logs have twice: counted once", audit.counted.duplicates);
        findings.skipped.push(Skipped::passed_over(first, what));
    }
    audit
}

/// A log of another time than the metrics is perhaps one of another cluster.
fn tell_apart(material: &Material, audit: &Audit, findings: &mut Findings) {
    let Some(name) = material.audit.first().map(|input| &input.name) else { return };
    let scrapes = material.servers.iter().filter_map(|server| {
        let started = server.last.value("process_start_time_seconds");
        let scraped = started.zip(server.up_seconds()).map(|(start, up)| start + up);
        Some((server.last.unix_seconds.or(scraped)?, &server.last.file))
    });
    // Prometheus may have kept the time of a later answer.
    let Some((scraped, file)) = scrapes.max_by(|(a, _), (b, _)| a.total_cmp(b)) else { return };
    let seconds = |micros: Micros| micros.0 as f64 / 1e6;
    let apart = (scraped - seconds(audit.to)).max(seconds(audit.from) - scraped);
    if audit.requests > 0 && apart > MOST_APART_SECONDS {
        let what = format!("is {:.0} days away from {file}", apart / 86_400.0);
        let cost = "nothing if both are of one cluster, and it has not changed; is it so?";
        findings.skipped.push(Skipped::file(name, what, cost));
    }
}

/// Watches that are open on all servers, and to how many each change goes.
fn open_watches(material: &Material, findings: &Findings) -> AllWatches {
    let unseen = material.unseen(findings);
    let mut all = AllWatches::default();
    let mut sent: BTreeMap<String, f64> = BTreeMap::new();
    let mut lists_of: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for server in &material.servers {
        for series in server.last.get(LONGRUNNING).iter().filter(|s| s.label("verb") == "WATCH") {
            let Some(resource) = resource_of(series) else { continue };
            all.source = Source::new(LONGRUNNING, server.last.file.clone());
            let open = all.open.entry(resource).or_default();
            let count = (series.value.max(0.0) * unseen).round() as u64;
            match series.label("scope") {
                "resource" | "namespace" => open.narrow += count,
                _ => open.wide += count,
            }
        }
        // Since the start they are the first lists of all watchers.
        let twice = server.earlier.is_some();
        for (series, grown) in server.growth(REQUESTS).into_iter().filter(|_| twice) {
            let lists = series.label("verb") == "LIST" && grown.count > 0.0;
            if let Some(resource) = resource_of(series).filter(|_| lists) {
                let lists = lists_of.entry(resource).or_insert((0.0, grown.seconds));
                lists.0 += grown.count * unseen;
            }
        }
        for (series, grown) in server.growth(EVENTS_SENT) {
            if let Some(resource) = resource_of(series) {
                *sent.entry(resource).or_default() += grown.count / grown.seconds.max(1.0) * unseen;
            }
        }
    }
    let again = lists_of.into_iter().filter(|(_, (count, _))| *count >= LEAST_LISTS);
    all.lists = again.map(|(resource, (count, seconds))| (resource, count / seconds)).collect();
    for (resource, open) in &mut all.open {
        let written = findings.resources.get(resource).and_then(|found| found.writes.as_ref());
        let written = written.map(|found| found.value).filter(|rate| *rate > 0.0);
        open.receivers = written.and_then(|written| Some(sent.get(resource)? / written));
    }
    all
}
