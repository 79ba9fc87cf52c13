//! The servers and what they stand on.

use std::collections::BTreeMap;

use crate::cluster::findings::{Findings, Found, LevelSeats, Server, Source};
use crate::cluster::material::Material;
use crate::cluster::metrics::Scrape;
use crate::cluster::metrics::servers::ServerScrapes;
use crate::cluster::objects::{ApiserverPod, NodeFact};
use crate::model::release::Release;
use crate::units::{Bytes, SimSpan, parse_bytes};

/// Most seats that a priority level may ever have.
const UPPER: &str = "apiserver_flowcontrol_upper_limit_seats";

/// Flags that decide something in a scenario.
const FLAGS: [&str; 10] = [
    "max-requests-inflight",
    "max-mutating-requests-inflight",
    "request-timeout",
    "goaway-chance",
    "shutdown-delay-duration",
    "shutdown-watch-termination-grace-period",
    "shutdown-send-retry-after",
    "enable-priority-and-fairness",
    "watch-cache",
    "watch-cache-sizes",
];
/// The gauge of Go without a limit: the largest `int64` (runtime/metrics, Go 1.24).
const NO_LIMIT: f64 = 9.2e18;

pub(super) fn infer(material: &Material, findings: &mut Findings) {
    let scraped = material.servers.iter().map(scraped);
    let mut servers: Vec<Server> = scraped.collect();
    let pods = &material.objects.apiservers;
    if servers.is_empty() {
        servers =
            pods.iter().map(|p| Server { name: p.name.clone(), ..Server::default() }).collect();
    }
    for (at, server) in servers.iter_mut().enumerate() {
        // Pods and scrapes rarely share a name; servers of a cluster are configured alike.
        let named = pods.iter().find(|pod| pod.name == server.name);
        if let Some(pod) = named.or(pods.get(at)).or(pods.first()) {
            configured(server, pod);
        }
    }
    findings.servers = servers;
    findings.replicas = replicas(material, findings);
    inflight(material, findings);
    gates(material, findings);
    nodes(material, findings);
    let last = material.servers.first().map(|server| &server.last);
    findings.levels = last.map(levels).unwrap_or_default();
    let objects = &material.objects;
    findings.apf = (!objects.apf.is_empty()).then(|| {
        let all: Vec<_> = objects.apf.values().collect();
        let list = serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": all });
        let text = serde_json::to_string_pretty(&list).unwrap_or_default() + "\n";
        let what = "FlowSchemas and PriorityLevelConfigurations";
        Found::new((all.len(), text), Source::new(what, objects.apf_file.clone()))
    });
}

/// What a server says of itself.
fn scraped(server: &ServerScrapes) -> Server {
    let scrape = &server.last;
    let found = |metric: &str| {
        let value = scrape.value(metric)?;
        Some(Found::new(value, Source::new(metric, scrape.file.clone())))
    };
    let gogc = |value: f64| (0.0..1e6).contains(&value).then_some(value as u32);
    let limit = |value: f64| (value < NO_LIMIT).then_some(Bytes(value as u64));
    Server {
        name: server.name.clone(),
        gomemlimit: found("go_gc_gomemlimit_bytes").map(|f| f.map(limit)),
        gogc: found("go_gc_gogc_percent").map(|f| f.map(gogc)),
        gomaxprocs: found("go_sched_gomaxprocs_threads").map(|f| f.map(|value| value as u32)),
        resident: found("process_resident_memory_bytes").map(|f| f.map(|v| Bytes(v as u64))),
        up_for: server.up_seconds().map(|seconds| {
            let source = Source::new("timing histograms", scrape.file.clone());
            Found::new(SimSpan::from_secs_f64(seconds), source)
        }),
        ..Server::default()
    }
}

/// What its Pod says.
fn configured(server: &mut Server, pod: &ApiserverPod) {
    let source = |what: &str| Source::new(what, pod.file.clone());
    let env = |name: &str| Some((pod.env.get(name)?, source(&format!("env {name}"))));
    server.memory_limit = pod.memory_limit.map(|l| Found::new(l, source("limits.memory")));
    server.cpu_limit = pod.cpu_limit.map(|l| Found::new(l, source("limits.cpu")));
    server.probes = Some(Found::new(pod.probes, source("livenessProbe")));
    for name in FLAGS {
        if let Some(value) = pod.flags.get(name) {
            let found = Found::new(value.clone(), source(&format!("--{name}")));
            server.flags.insert(name.to_owned(), found);
        }
    }
    if server.gomemlimit.is_none() {
        let limit = env("GOMEMLIMIT").map(|(text, s)| Found::new(quantity(text), s));
        server.gomemlimit = limit;
    }
    if server.gogc.is_none() {
        server.gogc = env("GOGC").map(|(text, s)| Found::new(text.parse().ok(), s));
    }
    if server.gomaxprocs.is_none() {
        let parsed = env("GOMAXPROCS").and_then(|(text, s)| Some((text.parse().ok()?, s)));
        server.gomaxprocs = parsed.map(|(processors, s)| Found::new(processors, s));
    }
}

/// Bytes as Go and Kubernetes write them: a number alone is bytes.
fn quantity(text: &str) -> Option<Bytes> {
    text.parse().map(Bytes).ok().or_else(|| parse_bytes(text).ok())
}

/// How many servers: their Pods, else whatever is more of scrapes and control-plane nodes.
fn replicas(material: &Material, findings: &mut Findings) -> Option<Found<u16>> {
    let pods = &material.objects.apiservers;
    let placed = pods.iter().filter(|pod| !pod.node.is_empty()).count();
    let scraped = material.servers.len();
    let masters: Vec<&NodeFact> =
        material.objects.nodes.iter().filter(|node| node.control_plane).collect();
    let count = |n: usize| u16::try_from(n.min(32)).unwrap_or(1);
    if placed > 0 && placed >= scraped {
        let source = Source::new("Pods of kube-apiserver", pods[0].file.clone());
        return Some(Found::new(count(placed), source));
    }
    if masters.len() > scraped {
        if scraped > 0 {
            let what = format!(
                "replicas: {} control-plane nodes, but metrics of {scraped}; requests and watches of \
                 the others are not counted",
                masters.len()
            );
            findings.assume(&what, "scrape every server: curl -k https://NODE:6443/metrics");
        }
        let source = Source::new("control-plane nodes", masters[0].file.clone());
        return Some(Found::new(count(masters.len()), source));
    }
    let first = material.servers.first()?;
    let noun = if scraped == 1 { "process" } else { "processes" };
    let what = format!("{scraped} {noun}, process_start_time_seconds");
    Some(Found::new(count(scraped), Source::new(what, first.last.file.clone())))
}

/// The in-flight limits: flags, or the seats of a server, which are their sum.
fn inflight(material: &Material, findings: &mut Findings) {
    let flag = |name: &str| {
        findings
            .servers
            .iter()
            .find_map(|server| server.flags.get(name))
            .and_then(|flag| Some((flag.value.parse::<u32>().ok()?, flag.source.clone())))
    };
    let (reads, writes) = (flag(FLAGS[0]), flag(FLAGS[1]));
    if let Some((_, source)) = reads.as_ref().or(writes.as_ref()) {
        let value =
            (reads.as_ref().map_or(400, |(v, _)| *v), writes.as_ref().map_or(200, |(v, _)| *v));
        findings.inflight = Some(Found::new(value, source.clone()));
        return;
    }
    // The exempt level may have all seats of the server.
    let told = material.servers.iter().find_map(|server| {
        let exempt =
            server.last.get(UPPER).iter().find(|s| s.label("priority_level") == "exempt")?;
        Some((exempt.value as u32, server.last.file.clone()))
    });
    let Some((seats, file)) = told.filter(|(seats, _)| *seats > 0) else { return };
    let value = if seats == 600 { (400, 200) } else { (seats - seats / 3, seats / 3) };
    if seats != 600 {
        let what = format!(
            "max-requests-inflight {} and max-mutating-requests-inflight {}: only their sum, {seats}, is \
             exported; taken for two to one",
            value.0, value.1
        );
        findings
            .assume(&what, "kubectl -n kube-system get pods -l component=kube-apiserver -o json");
    }
    let source = Source::new(format!("{UPPER}{{priority_level=\"exempt\"}}"), file);
    findings.inflight = Some(Found::new(value, source));
}

/// Gates whose state is not the default of the release.
fn gates(material: &Material, findings: &mut Findings) {
    const ENABLED: &str = "kubernetes_feature_enabled";
    let Some(minor) = findings.release.as_ref().map(|found| found.value.minor) else { return };
    let Some(mut defaults) = Release::of_minor(minor) else { return };
    let mut told: BTreeMap<String, Found<bool>> = BTreeMap::new();
    for pod in &material.objects.apiservers {
        let all = pod.flags.get("feature-gates").into_iter().flat_map(|gates| gates.split(','));
        for (name, on) in all.filter_map(|gate| gate.split_once('=')) {
            let source = Source::new("--feature-gates", pod.file.clone());
            told.insert(name.trim().to_owned(), Found::new(on.trim() == "true", source));
        }
    }
    for server in &material.servers {
        for series in server.last.get(ENABLED) {
            let source = Source::new(ENABLED, server.last.file.clone());
            let found = Found::new(series.value > 0.5, source);
            told.insert(series.label("name").to_owned(), found);
        }
    }
    for (name, found) in told {
        let Some(gate) = Release::gate(&name).filter(|gate| gate.is_of(minor)) else { continue };
        let default = *(gate.behaviour)(&mut defaults);
        if found.value != default && !gate.is_locked_in(minor) {
            findings.gates.insert(name, found);
        }
    }
}

/// The nodes, and where etcd is.
fn nodes(material: &Material, findings: &mut Findings) {
    let objects = &material.objects;
    let Some(first) = objects.nodes.first() else { return };
    let source = |what: &str| Source::new(what, first.file.clone());
    // A list with `limit` says how many more there are.
    let counted = objects.counted.get("nodes").map_or(0, |nodes| nodes.count);
    let count = u32::try_from(counted).unwrap_or(u32::MAX);
    findings.nodes.count = Some(Found::new(count, source("Nodes")));
    // The smallest dies first.
    let masters = || objects.nodes.iter().filter(|node| node.control_plane);
    let cores = masters().filter_map(|node| node.cores).reduce(f64::min);
    let memory = masters().filter_map(|node| node.memory).min();
    let of = "of the smallest control-plane node";
    findings.nodes.control_plane_cores =
        cores.map(|c| Found::new(c, source(&format!("capacity.cpu {of}"))));
    findings.nodes.control_plane_memory =
        memory.map(|m| Found::new(m, source(&format!("capacity.memory {of}"))));
    let servers = objects.apiservers.iter().find_map(|pod| {
        let all = pod.flags.get("etcd-servers")?;
        let local = ["127.0.0.1", "localhost", "[::1]"].iter().any(|host| all.contains(host));
        Some(Found::new(local, Source::new("--etcd-servers", pod.file.clone())))
    });
    let pods = objects.etcd_pods.as_ref();
    let pods = pods.map(|file| Found::new(true, Source::new("Pods of etcd", file.clone())));
    findings.nodes.etcd_beside = servers.or(pods);
}

/// Priority levels with their nominal seats.
fn levels(scrape: &Scrape) -> Vec<LevelSeats> {
    // The second is the name up to 1.25.
    const NOMINAL: [&str; 2] = [
        "apiserver_flowcontrol_nominal_limit_seats",
        "apiserver_flowcontrol_request_concurrency_limit",
    ];
    let metric = NOMINAL.into_iter().find(|metric| !scrape.get(metric).is_empty());
    let series = metric.map(|metric| scrape.get(metric)).unwrap_or_default();
    let level = |series: &crate::cluster::metrics::Series| LevelSeats {
        name: series.label("priority_level").to_owned(),
        nominal: Found::new(
            series.value as u32,
            Source::new(metric.unwrap_or_default(), scrape.file.clone()),
        ),
    };
    let mut levels: Vec<LevelSeats> = series.iter().map(level).collect();
    levels.sort_by(|a, b| a.name.cmp(&b.name));
    levels
}
