//! A run as a Prometheus would have scraped it, in the text form that `promtool` reads.
//!
//! The model: samples of all servers at the instants of scrapes become series along one table of
//! metrics ([`FAMILIES`]). A series has a sample where its job answered and none elsewhere, so what a
//! dead server would have said is a gap; `up` says which. The file is `OpenMetrics` but for one thing:
//! counters are declared under the names of their samples (`# TYPE x_total counter`), as Prometheus'
//! older text form has it, because `promtool check metrics` reads that form only. Prometheus takes both.
//!
//! Time 0 of the run is [`START`] unless the user says otherwise, so equal runs are equal bytes.

mod families;
mod rehearsal;

use std::collections::BTreeMap;
use std::io::{self, Write};

pub use families::{FAMILIES, Family, Job, Kind, WITHOUT};
pub use rehearsal::{Rehearsal, Test, rehearsal};

use crate::results::{ProcessSample, RequestCounts, ResourceSample, ServerSample};
use crate::units::{SimSpan, SimTime};
use families::Read;

/// When runs begin, in seconds since 1970: 2026-01-01T00:00:00Z, a fixed date.
pub const START: u64 = 1_767_225_600;

/// The control plane that is scraped.
#[derive(Clone, Copy, Debug)]
pub struct Cluster<'a> {
    /// Value of the label `cluster`: the scenario's name.
    pub name: &'a str,
    /// Kubernetes version, such as 1.34: part of the label `image`.
    pub version: &'a str,
    /// Its minor: which metrics there are.
    pub minor: u32,
    /// When the run begins, in seconds since 1970.
    pub start: u64,
}

/// What scrapes of a replication found.
#[derive(Clone, Debug, Default)]
pub struct Scraped {
    /// Which.
    pub replication: u32,
    /// By instant and server.
    pub samples: Vec<ServerSample>,
}

/// Names and values.
type Labels = Vec<(&'static str, String)>;

/// A series of a replication.
#[derive(Clone, Debug)]
pub struct Series {
    /// The metric.
    pub family: &'static Family,
    /// Its labels, by name.
    pub labels: Labels,
    /// Scrapes in which it was seen, by number, and its values.
    pub points: Vec<(usize, f64)>,
}

/// The instants of scrapes, in order.
fn instants(samples: &[ServerSample]) -> Vec<SimTime> {
    let mut instants: Vec<SimTime> = samples.iter().map(|sample| sample.at).collect();
    instants.dedup();
    instants
}

/// The series of a replication, in the order of [`FAMILIES`].
#[must_use]
pub fn series(cluster: &Cluster<'_>, samples: &[ServerSample]) -> Vec<Series> {
    let mut all: BTreeMap<(usize, Labels), Vec<(usize, f64)>> = BTreeMap::new();
    let instants = instants(samples);
    for sample in samples {
        let scrape = instants.partition_point(|at| *at < sample.at);
        for (place, family) in FAMILIES.iter().enumerate() {
            let (first, last) = family.minors;
            if !(first..=last).contains(&cluster.minor) {
                continue;
            }
            for (own, value) in values(cluster, family, sample) {
                let labels = labels(cluster, family, &sample.server, own);
                all.entry((place, labels)).or_default().push((scrape, value));
            }
        }
    }
    let row = |((place, labels), points)| Series { family: &FAMILIES[place], labels, points };
    all.into_iter().map(row).collect()
}

/// Whether a job answers a scrape.
fn answers(job: Job, sample: &ServerSample) -> bool {
    match job {
        Job::Apiserver => sample.answers,
        Job::Kubelet | Job::Node | Job::Etcd => sample.node.is_some(),
        Job::KubeState => true,
    }
}

/// The labels that tell a resource from others.
type Named = fn(&ResourceSample) -> Labels;

/// What a metric has in a sample: labels of its own, and values.
fn values(cluster: &Cluster<'_>, family: &Family, sample: &ServerSample) -> Vec<(Labels, f64)> {
    let up = answers(family.job, sample);
    if let Read::Up = family.read {
        return vec![(Vec::new(), f64::from(u8::from(up)))];
    }
    let plain = |value: Option<f64>| value.map(|value| (Vec::new(), value)).into_iter().collect();
    let process = sample.process.as_ref().filter(|_| up);
    let by_resource = |read: fn(&ResourceSample) -> Option<u64>, labels: Named| {
        let resources = process.iter().flat_map(|process| &process.resources);
        resources.filter_map(|resource| Some((labels(resource), read(resource)? as f64))).collect()
    };
    match family.read {
        Read::Up => Vec::new(),
        Read::Server(read) => plain(read(sample).filter(|_| up)),
        Read::Process(read) => plain(process.map(read)),
        Read::Started => plain(process.map(|process| started(cluster, sample.at, process))),
        Read::Resource(read) => by_resource(read, grouped),
        Read::Qualified(read) => by_resource(read, qualified),
        Read::Level(read) => {
            let levels = process.iter().flat_map(|process| &process.levels);
            let label = |name: &String| vec![("priority_level", name.clone())];
            levels.map(|level| (label(&level.name), read(level) as f64)).collect()
        }
        Read::Requests => process.iter().flat_map(|p| &p.resources).flat_map(requests).collect(),
    }
}

fn started(cluster: &Cluster<'_>, at: SimTime, process: &ProcessSample) -> f64 {
    cluster.start as f64 + at.since(SimTime::ZERO).as_secs_f64() - process.age.as_secs_f64()
}

fn grouped(resource: &ResourceSample) -> Labels {
    vec![("group", resource.group.clone()), ("resource", resource.resource.clone())]
}

fn qualified(resource: &ResourceSample) -> Labels {
    let name = match resource.group.as_str() {
        "" => resource.resource.clone(),
        group => format!("{}.{group}", resource.resource),
    };
    vec![("resource", name)]
}

/// Answered requests for a resource; as on a real server there is no series before the first.
fn requests(resource: &ResourceSample) -> Vec<(Labels, f64)> {
    let RequestCounts {
        list_ok,
        list_rejected,
        list_gone,
        list_timed_out,
        watch_rejected,
        watch_gone,
    } = resource.requests;
    let rows = [
        ("LIST", 200, list_ok),
        ("LIST", 429, list_rejected),
        ("LIST", 410, list_gone),
        ("LIST", 504, list_timed_out),
        ("WATCH", 429, watch_rejected),
        ("WATCH", 410, watch_gone),
    ];
    let row = |(verb, code, count): (&str, u16, u64)| {
        let mut labels = grouped(resource);
        labels.extend([("verb", verb.to_owned()), ("code", code.to_string())]);
        (labels, count as f64)
    };
    rows.into_iter().filter(|(_, _, count)| *count > 0).map(row).collect()
}

/// All labels of a series, by name; empty ones are none, as to Prometheus.
fn labels(cluster: &Cluster<'_>, family: &Family, server: &str, own: Labels) -> Labels {
    const NAMESPACE: &str = "kube-system";
    let container = || {
        let container = ("container", "kube-apiserver".to_owned());
        let namespace = ("namespace", NAMESPACE.to_owned());
        [container, namespace, ("pod", format!("kube-apiserver-{server}"))]
    };
    let mut labels = own;
    let (job, port) = match family.job {
        Job::Apiserver => ("apiserver", 6443),
        Job::Kubelet => {
            labels.push(("metrics_path", "/metrics/cadvisor".to_owned()));
            if !matches!(family.read, Read::Up) {
                let image = format!("registry.k8s.io/kube-apiserver:v{}", cluster.version);
                labels.extend(container());
                labels.extend([("image", image), ("name", format!("kube-apiserver-{server}"))]);
            }
            labels.push(("node", server.to_owned()));
            ("kubelet", 10250)
        }
        Job::KubeState => {
            labels.extend(container());
            ("kube-state-metrics", 8080)
        }
        Job::Node => ("node-exporter", 9100),
        Job::Etcd => ("etcd", 2381),
    };
    let host = if family.job == Job::KubeState { "kube-state-metrics" } else { server };
    labels.extend(family.labels.iter().map(|(name, value)| (*name, (*value).to_owned())));
    labels.extend([
        ("cluster", cluster.name.to_owned()),
        ("instance", format!("{host}:{port}")),
        ("job", job.to_owned()),
    ]);
    labels.retain(|(_, value)| !value.is_empty());
    labels.sort();
    labels
}

/// `name{label="value",...}`.
fn selector(name: &str, labels: &Labels) -> String {
    let escaped =
        |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let pairs: Vec<String> =
        labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    format!("{name}{{{}}}", pairs.join(","))
}

/// Writes replications as one file; each series has the label `replication`.
///
/// # Errors
/// Those of the writer.
pub fn write(out: &mut dyn Write, cluster: &Cluster<'_>, runs: &[Scraped]) -> io::Result<()> {
    let runs: Vec<(u32, Vec<SimTime>, Vec<Series>)> = runs
        .iter()
        .map(|run| (run.replication, instants(&run.samples), series(cluster, &run.samples)))
        .collect();
    let mut before = "";
    for family in FAMILIES {
        let here = |series: &&Series| std::ptr::eq(series.family, family);
        if !runs.iter().any(|(_, _, all)| all.iter().any(|series| here(&series))) {
            continue;
        }
        if family.name != before {
            before = family.name;
            writeln!(out, "# HELP {before} {}", family.help)?;
            writeln!(out, "# TYPE {before} {}", family.kind.key())?;
        }
        for (replication, instants, all) in &runs {
            for series in all.iter().filter(here) {
                let mut labels = series.labels.clone();
                labels.push(("replication", replication.to_string()));
                labels.sort();
                let name = selector(family.name, &labels);
                for (scrape, value) in &series.points {
                    let since = instants.get(*scrape).map(|at| at.since(SimTime::ZERO));
                    let at = cluster.start + since.unwrap_or(SimSpan::ZERO).as_secs_f64() as u64;
                    writeln!(out, "{name} {value} {at}")?;
                }
            }
        }
    }
    writeln!(out, "# EOF")
}

#[cfg(test)]
mod tests;
