//! Findings as a scenario: TOML in the style of `oomcast init`, every value with its source.
//!
//! A value that was measured ends in a comment with the metric or field and its file; one that was
//! taken for want of better says `assumed`. [`update`] goes by these comments.

mod clients;
mod lines;
mod names;
mod objects;
mod storms;
mod update;

use super::findings::{Assumed, Findings, Server};
use crate::model::input::NodeInput;
use crate::model::release::{NEWEST_MINOR, OLDEST_MINOR};
use crate::units::Bytes;
use lines::{ASSUMED, Lines, quoted};

pub use names::names;
pub use update::{Update, update};

/// What stands at the top of the file.
const HEAD: &str = "\
# Imported from a running cluster. Every value says where it comes from; `assumed` marks what no file
# told, with the command that does. It runs as it is.
#
#   oomcast check FILE                          every mistake in it
#   oomcast run FILE                            the idle cluster
#   oomcast run FILE --profile restart-agents   a storm; more at the end of the file
#   oomcast import FOLDER --update FILE         renews what was measured, and keeps your changes
";
/// Tables with the same assumption that are told by their names.
const MOST_TABLES: usize = 12;
/// The release that is taken where none is found.
const TAKEN_MINOR: u8 = 34;

/// How a scenario is called, and what lies beside it.
#[derive(Clone, Debug)]
pub struct Names {
    /// The scenario's name.
    pub scenario: String,
    /// The file of flow schemas and priority levels, relative to the scenario's.
    pub manifest: String,
}

/// The text of the scenario.
#[must_use]
pub fn scenario(findings: &Findings, names: &Names) -> String {
    let mut out = Lines::new(HEAD);
    out.blank();
    out.plain("schema", "1");
    out.plain("name", &quoted(&names.scenario));
    let version =
        findings.release.as_ref().map_or("unknown", |found| found.value.git_version.as_str());
    out.plain("description", &quoted(&format!("Imported from a cluster of Kubernetes {version}.")));
    cluster(findings, &mut out);
    apiserver(findings, &mut out);
    node(findings, &mut out);
    // Nothing that a server exports tells it: its durations contain waiting, and its CPU time all it does.
    out.table("[hardware]");
    out.assumed("cpu-speed", "1.0", "oomcast speed, on a control-plane node");
    out.table("[run]");
    out.plain("duration", "\"10m\"");
    out.plain("replications", "10");
    apf(findings, names, &mut out);
    objects::write(findings, &mut out);
    clients::write(findings, &mut out);
    storms::write(findings, &mut out);
    out.text
}

/// API Priority and Fairness: switched off by its flag, or the objects of it.
fn apf(findings: &Findings, names: &Names, out: &mut Lines) {
    let off = findings.servers.iter().find_map(|server| {
        server.flags.get("enable-priority-and-fairness").filter(|flag| flag.value == "false")
    });
    if off.is_none() && findings.apf.is_none() {
        return;
    }
    out.table("[apf]");
    if let Some(off) = off {
        return out.found("enabled", "false", off);
    }
    if let Some(apf) = &findings.apf {
        let manifests = format!("[{}]", quoted(&names.manifest));
        let what = format!("{}, {}", apf.source.what, digest(&apf.value.1));
        out.commented("manifests", &manifests, &format!("{what}, {}", apf.source.file));
    }
}

fn cluster(findings: &Findings, out: &mut Lines) {
    let Some(nodes) = findings.nodes.count.as_ref().filter(|nodes| nodes.value > 0) else { return };
    out.table("[cluster]");
    out.found("nodes", &grouped(nodes.value.into()), nodes);
    let pods = findings.resources.get("pods").and_then(|pods| pods.count.as_ref());
    if let Some(pods) = pods.filter(|pods| pods.value > 0) {
        let per = (pods.value as f64 / f64::from(nodes.value)).round().clamp(1.0, 1000.0);
        out.found("pods-per-node", &format!("{per}"), pods);
    }
    if let Some(namespaces) = findings.namespaces.as_ref().filter(|found| found.value > 0) {
        out.found("namespaces", &grouped(namespaces.value), namespaces);
    }
}

fn apiserver(findings: &Findings, out: &mut Lines) {
    out.table("[apiserver]");
    match &findings.release {
        Some(found) => {
            let minor = found.value.minor.clamp(OLDEST_MINOR, NEWEST_MINOR);
            let what = format!("{} ({})", found.source.what, found.value.git_version);
            let file = &found.source.file;
            out.commented("version", &format!("\"1.{minor}\""), &format!("{what}, {file}"));
        }
        None => out.assumed("version", &format!("\"1.{TAKEN_MINOR}\""), "kubectl version -o json"),
    }
    match &findings.replicas {
        Some(found) => out.found("replicas", &found.value.to_string(), found),
        None => out.assumed(
            "replicas",
            "1",
            "kubectl get nodes -l node-role.kubernetes.io/control-plane",
        ),
    }
    if let Some(limit) = findings.memory_limit() {
        out.found("memory-limit", &exactly(limit.value), limit);
    }
    let first = findings.servers.first();
    if let Some(limit) = findings.cpu_limit() {
        out.found("cpu-limit", &format!("{}", limit.value), limit);
    }
    if let Some(limit) = findings.gomemlimit() {
        out.found("gomemlimit", &exactly(limit.value), &limit);
    }
    if let Some(gogc) = first.and_then(|server| server.gogc.as_ref())
        && gogc.value != Some(100)
    {
        let text = gogc.value.map_or_else(|| "\"off\"".to_owned(), |percent| percent.to_string());
        out.found("gogc", &text, gogc);
    }
    if let Some(processors) = first.and_then(|server| server.gomaxprocs.as_ref()) {
        out.found("gomaxprocs", &processors.value.clamp(1, 1024).to_string(), processors);
    }
    if let Some(found) = &findings.inflight {
        out.found("max-requests-inflight", &found.value.0.to_string(), found);
        out.found("max-mutating-requests-inflight", &found.value.1.to_string(), found);
    }
    if let Some(first) = first {
        flags(first, out);
    }
    if !findings.gates.is_empty() {
        let all = findings.gates.iter().map(|(name, found)| format!("{name} = {}", found.value));
        let all = all.collect::<Vec<_>>().join(", ");
        if let Some(found) = findings.gates.values().next() {
            out.found("feature-gates", &format!("{{ {all} }}"), found);
        }
    }
}

/// Flags that are keys of their own.
fn flags(server: &Server, out: &mut Lines) {
    const SPANS: [(&str, &str); 4] = [
        ("etcd-healthcheck-timeout", "etcd-healthcheck-timeout"),
        ("request-timeout", "request-timeout"),
        ("shutdown-delay-duration", "shutdown-delay"),
        ("shutdown-watch-termination-grace-period", "shutdown-watch-termination-grace-period"),
    ];
    for (flag, key) in SPANS {
        if let Some(found) = server.flags.get(flag)
            && crate::units::parse_span(&found.value).is_ok()
        {
            out.found(key, &quoted(&found.value), found);
        }
    }
    if let Some(found) = server.flags.get("goaway-chance")
        && let Ok(chance) = found.value.parse::<f64>()
        && (0.0..=0.02).contains(&chance)
    {
        out.found("goaway-chance", &format!("{chance:?}"), found);
    }
    if let Some(found) = server.flags.get("shutdown-send-retry-after") {
        out.found("shutdown-send-retry-after", &(found.value == "true").to_string(), found);
    }
    if let Some(found) = &server.probes {
        out.found("probes", &found.value.to_string(), found);
    }
    if let Some(found) = &server.probes_without_etcd {
        out.found("livez-etcd", &(!found.value).to_string(), found);
    }
}

fn node(findings: &Findings, out: &mut Lines) {
    const NODES: &str = "kubectl get nodes -o json > nodes.json";
    out.table("[node]");
    let known = findings.nodes.control_plane_memory.as_ref();
    let memory = known.map_or(Bytes::gib(64), |found| found.value);
    match known {
        Some(found) => out.found("memory", &exactly(memory), found),
        None => out.assumed("memory", &exactly(memory), NODES),
    }
    match &findings.nodes.control_plane_cores {
        Some(found) => out.found("cores", &format!("{}", found.value), found),
        None => out.assumed("cores", "8", NODES),
    }
    let nodes = &findings.nodes;
    let stored = findings.resources.values().filter_map(|resource| {
        Some((resource.count.as_ref()?.value, resource.size.as_ref()?.value))
    });
    let etcd = NodeInput::etcd_memory(None, stored, memory).round_up(1 << 20);
    match (&nodes.etcd_beside, &nodes.etcd_memory) {
        (Some(found), _) if !found.value => out.found("etcd-memory", "\"0B\"", found),
        (_, Some(memory)) => out.found("etcd-memory", &exactly(memory.value), memory),
        (Some(found), None) => {
            let what =
                format!("{}: on the same nodes; its size by the objects stored", found.source.what);
            out.commented("etcd-memory", &exactly(etcd), &format!("{what}, {}", found.source.file));
        }
        (None, None) => {
            let command = "kubectl -n kube-system get pods -l component=etcd";
            out.assumed("etcd-memory", &exactly(etcd), command);
        }
    }
}

/// What a scenario says of the text of its manifest, so that an update knows whether a person edited it.
#[must_use]
pub fn digest(manifest: &str) -> String {
    format!("digest {:016x}", crate::units::Fnv::new().bytes(manifest.as_bytes()).value())
}

/// Every value of a scenario's text that is marked as assumed: its key and value, and the command that
/// tells it. Keys of several tables that have one command are one.
#[must_use]
pub fn assumed(text: &str) -> Vec<Assumed> {
    let mark = format!(" # {ASSUMED}: ");
    let mut table = "";
    let mut found: Vec<(String, &str, Vec<&str>)> = Vec::new();
    for line in text.lines() {
        if line.starts_with('[') {
            table = line.trim_matches(['[', ']']);
        }
        let Some((value, command)) = line.split_once(&mark) else { continue };
        // Of all profiles that take the same, the first.
        let of = table.split('.').next().filter(|part| *part == "profiles").unwrap_or(table);
        match found.iter_mut().find(|(v, c, _)| v == value && *c == command) {
            Some((_, _, tables)) if of == "profiles" && tables.contains(&of) => {}
            Some((_, _, tables)) => tables.push(of),
            None => found.push((value.to_owned(), command, vec![of])),
        }
    }
    let one = |(value, command, tables): (String, &str, Vec<&str>)| {
        let more = tables.len().saturating_sub(MOST_TABLES);
        let mut tables = tables[..tables.len() - more].join(", ");
        if more > 0 {
            tables = format!("{tables} and {more} more");
        }
        Assumed { what: format!("{tables}: {value}"), command: command.to_owned() }
    };
    found.into_iter().map(one).collect()
}

/// A size without rounding, in quotes.
fn exactly(bytes: Bytes) -> String {
    format!("\"{bytes:#}\"")
}

/// A count with its thousands apart.
fn grouped(count: u64) -> String {
    crate::language::grouped(i64::try_from(count).unwrap_or(i64::MAX))
}
