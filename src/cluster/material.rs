//! Everything that was read, form by form, before anything is concluded from it.

use std::io::Read;
use std::path::PathBuf;

use serde_json::Value;

use super::etcd::Etcd;
use super::findings::{Findings, Skipped};
use super::metrics::samples::{MOST_BYTES, Samples};
use super::metrics::servers::{ServerScrapes, pair};
use super::metrics::{Scrape, prometheus, text};
use super::objects::Objects;
use super::read::{Input, Kind, gather};

/// What an answer of `/version` and the like may take; as values it takes some ten times as much.
const MOST_ANSWER_BYTES: u64 = 6 << 20;

/// What was read.
#[derive(Debug, Default)]
pub struct Material {
    /// Servers with their scrapes.
    pub servers: Vec<ServerScrapes>,
    /// Objects.
    pub objects: Objects,
    /// `gitVersion`, and the file it is from.
    pub version: Option<(String, String)>,
    /// etcd.
    pub etcd: Etcd,
    /// Audit logs, still to be read.
    pub audit: Vec<Input>,
}

impl Material {
    /// Reads what is at the paths. What was read and what was skipped goes to the findings.
    #[must_use]
    pub fn read(paths: &[PathBuf], findings: &mut Findings) -> Self {
        let gathered = gather(paths);
        findings.skipped.extend(gathered.skipped);
        let mut material = Self::default();
        let (mut scrapes, mut kept, mut left) = (Vec::new(), Samples::default(), MOST_BYTES);
        for input in gathered.inputs {
            if let Some(server) = other_server(&input) {
                let what =
                    format!("of {server}: the kube-apiserver's own logs have these requests, too");
                findings.skipped.push(Skipped::passed_over(input.name, what));
                continue;
            }
            findings.read.push((input.name.clone(), input.kind.label().to_owned()));
            let whole = |cost: &'static str, read: Result<(), String>| {
                read.err().map(|what| Skipped::file(&input.name, what, cost))
            };
            let skipped = match input.kind {
                Kind::Metrics => {
                    let found = text::read(&input, &mut kept, &mut left);
                    findings.skipped.extend(found.skipped);
                    let foreign = found.scrapes.is_empty() && !found.asked;
                    scrapes.extend(found.scrapes);
                    foreign.then(|| of_something_else(&input))
                }
                Kind::Prometheus => {
                    let text = input.open().map_err(|error| error.to_string());
                    let added = text
                        .and_then(|text| prometheus::read(&input.name, text, &mut kept, &mut left));
                    match added {
                        Ok(false) => Some(Skipped::passed_over(&input.name, UNASKED)),
                        added => whole("the figures of this answer", added.map(|_| ())),
                    }
                }
                Kind::Version => {
                    let read = small_json(&input).map(|version| {
                        let version = git_version(&version);
                        material.version =
                            version.map(|v| (v, input.name.clone())).or(material.version.take());
                    });
                    whole("the release, unless metrics tell it", read)
                }
                Kind::EtcdCounts => {
                    let read = small_json(&input);
                    let read = read.and_then(|all| material.etcd.add_counts(&input.name, &all));
                    whole("counts and sizes of objects, unless metrics tell them", read)
                }
                Kind::EtcdStatus => {
                    let read = small_json(&input);
                    let read = read.and_then(|all| material.etcd.add_status(&input.name, &all));
                    whole("the size of etcd's database", read)
                }
                Kind::Dump => None,
                Kind::ObjectsJson | Kind::ObjectsYaml => {
                    findings.skipped.extend(material.objects.read(&input));
                    None
                }
                Kind::Audit => {
                    material.audit.push(input);
                    continue;
                }
            };
            findings.skipped.extend(skipped);
        }
        let (of_etcd, scrapes): (Vec<Scrape>, Vec<Scrape>) =
            scrapes.into_iter().partition(Scrape::is_etcd);
        let (kept_of_etcd, kept): (Vec<Scrape>, Vec<Scrape>) =
            kept.scrapes().into_iter().partition(Scrape::is_etcd);
        of_etcd.iter().chain(&kept_of_etcd).for_each(|scrape| material.etcd.add_scrape(scrape));
        for usage in std::mem::take(&mut material.objects.etcd_usage) {
            material.etcd.add_memory(usage);
        }
        // What servers say themselves goes before what was kept of it.
        let (servers, skipped) = pair(scrapes);
        let (told, more_skipped) = pair(kept);
        findings.skipped.extend(skipped.into_iter().chain(more_skipped));
        material.servers = if servers.is_empty() { told } else { servers };
        material.leave_out_others(findings);
        material
    }
}

impl Material {
    /// Extension servers, such as metrics-server, have metrics of the same library, and store nothing.
    fn leave_out_others(&mut self, findings: &mut Findings) {
        let stores = |server: &ServerScrapes| server.last.counts_objects();
        if !self.servers.iter().any(stores) {
            return;
        }
        let (own, others) = std::mem::take(&mut self.servers).into_iter().partition(stores);
        self.servers = own;
        let others: Vec<ServerScrapes> = others;
        findings.skipped.extend(others.into_iter().map(|other| {
            let what =
                "an apiserver that counts no objects: an extension server, not counted as one";
            Skipped::passed_over(other.last.file, what)
        }));
    }

    /// How many servers there are for each whose metrics are here: what each does is taken for alike.
    #[must_use]
    pub fn unseen(&self, findings: &Findings) -> f64 {
        let all = findings.replicas.as_ref().map_or(0.0, |found| f64::from(found.value));
        (all / self.servers.len().max(1) as f64).max(1.0)
    }
}

/// The server that an audit log is of, if it is one behind the kube-apiserver: folders of a must-gather
/// are named after them.
fn other_server(input: &Input) -> Option<&'static str> {
    const OTHERS: [&str; 5] =
        ["openshift-apiserver", "oauth-apiserver", "oauth-server", "etcd", "monitoring"];
    let mut parts = input.name.split(['/', '\\']);
    let logs = input.kind == Kind::Audit && parts.any(|part| part == "audit_logs");
    parts.next().filter(|_| logs).and_then(|part| OTHERS.into_iter().find(|other| *other == part))
}

/// What is said of an answer about metrics that nothing here asks for.
const UNASKED: &str = "an answer about metrics that oomcast has no use for";

/// Metrics of a kubelet, a scheduler and the like: nobody asked for them, unless by name.
fn of_something_else(input: &Input) -> Skipped {
    let what = "metrics of something else than a kube-apiserver";
    if input.named {
        Skipped::file(&input.name, what, "nothing: oomcast has no use for them")
    } else {
        Skipped::passed_over(&input.name, what)
    }
}

/// A small JSON file, whole.
fn small_json(input: &Input) -> Result<Value, String> {
    let text = input.open().map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    let read = text.take(MOST_ANSWER_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MOST_ANSWER_BYTES {
        let most = MOST_ANSWER_BYTES >> 20;
        return Err(format!("more than {most} MiB"));
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    serde_json::from_slice(text).map_err(|error| error.to_string())
}

/// Of `/version`, or of `kubectl version -o json`: that of the server.
fn git_version(version: &Value) -> Option<String> {
    let own = version.get("gitVersion");
    let of_server = version.pointer("/serverVersion/gitVersion");
    of_server.or(own).and_then(Value::as_str).map(str::to_owned)
}
