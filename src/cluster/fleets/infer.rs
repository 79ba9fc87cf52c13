//! From what was read to fleets.

use std::collections::BTreeMap;

use super::from_metrics::AllWatches;
use super::{Cluster, Fleet, Fleets, Selected, flows, from_audit, from_metrics};
use crate::cluster::audit::{self, Audit, Log};
use crate::cluster::findings::{Findings, Found, Skipped, Source};
use crate::cluster::infer::resource_of;
use crate::cluster::material::Material;
use crate::model::apf::defaults::with_defaults;
use crate::model::release::{NEWEST_MINOR, OLDEST_MINOR, Release};

const LONGRUNNING: &str = "apiserver_longrunning_requests";
const EVENTS_SENT: &str = "apiserver_watch_events_total";

/// Adds the fleets to the findings: from audit logs, else from metrics.
pub fn infer(material: &Material, findings: &mut Findings) {
    let given: Vec<_> = material.objects.apf.values().filter_map(flows::schema).collect();
    let minor = findings.release.as_ref().map_or(NEWEST_MINOR, |found| found.value.minor);
    let release = Release::of_minor(minor.clamp(OLDEST_MINOR, NEWEST_MINOR));
    let schemas = release.map_or(given.clone(), |release| with_defaults(&[], &given, &release).1);
    let cluster = Cluster {
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
    writes(&found, findings);
    selectors(&found, findings);
    findings.fleets = found.fleets;
}

/// Selectors that are told of.
const MOST_SELECTORS: usize = 10;

/// What a selector leaves is not in a log: it is taken for everything.
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
}

/// Write rates of resources, and who writes most of them. Rates of metrics go before those of the log.
fn writes(found: &Fleets, findings: &mut Findings) {
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
    if audit.counted.duplicates > 0 {
        let first = logs.first().map(|log| log.name.clone()).unwrap_or_default();
        let what =
            format!("{} events that the logs have twice: counted once", audit.counted.duplicates);
        findings.skipped.push(Skipped::passed_over(first, what));
    }
    audit
}

/// Watches that are open on all servers, and to how many each change goes.
fn open_watches(material: &Material, findings: &Findings) -> AllWatches {
    let unseen = material.unseen(findings);
    let mut all = AllWatches::default();
    let mut sent: BTreeMap<String, f64> = BTreeMap::new();
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
        for (series, grown) in server.growth(EVENTS_SENT) {
            if let Some(resource) = resource_of(series) {
                *sent.entry(resource).or_default() += grown.count / grown.seconds.max(1.0) * unseen;
            }
        }
    }
    for (resource, open) in &mut all.open {
        let written = findings.resources.get(resource).and_then(|found| found.writes.as_ref());
        let written = written.map(|found| found.value).filter(|rate| *rate > 0.0);
        open.receivers = written.and_then(|written| Some(sent.get(resource)? / written));
    }
    all
}
