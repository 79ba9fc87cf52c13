//! The servers and what they stand on.

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::findings::{Findings, Found, LevelSeats, Server, Source};
use crate::cluster::material::Material;
use crate::cluster::metrics::Scrape;
use crate::cluster::metrics::servers::ServerScrapes;
use crate::cluster::objects::{ApiserverPod, NodeFact};
use crate::model::release::Release;
use crate::units::{Bytes, SimSpan, Sort, parse_bytes};

/// Most seats that a priority level may ever have.
const UPPER: &str = "apiserver_flowcontrol_upper_limit_seats";
/// Seats of a level; the second is the name up to 1.25.
const NOMINAL: [&str; 2] = [
    "apiserver_flowcontrol_nominal_limit_seats",
    "apiserver_flowcontrol_request_concurrency_limit",
];

/// Flags that decide something in a scenario.
const FLAGS: [&str; 11] = [
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
    "etcd-healthcheck-timeout",
];
/// The gauge of Go without a limit: the largest `int64` (runtime/metrics, Go 1.24).
const NO_LIMIT: f64 = 9.2e18;

pub(super) fn infer(material: &Material, findings: &mut Findings) {
    let scraped = material.servers.iter().map(scraped);
    let mut servers: Vec<Server> = scraped.collect();
    let pods = &material.objects.apiservers;
    // Pods and scrapes rarely share a name; servers of a cluster are configured alike.
    let mut left: Vec<&ApiserverPod> = pods.iter().collect();
    for server in &mut servers {
        let named = left.iter().position(|pod| pod.name == server.name).unwrap_or(0);
        let pod = (named < left.len()).then(|| left.remove(named));
        if let Some(pod) = pod.or(pods.first()) {
            configured(server, pod);
        }
    }
    for pod in left {
        let mut server = Server { name: pod.name.clone(), ..Server::default() };
        configured(&mut server, pod);
        servers.push(server);
    }
    for server in &mut servers {
        let control = &material.objects.control;
        for (name, value) in control.arguments.iter().filter(|(name, _)| FLAGS.contains(&&***name))
        {
            let source = Source::new(format!("apiServerArguments.{name}"), &control.arguments_file);
            server.flags.entry(name.clone()).or_insert(Found::new(value.clone(), source));
        }
    }
    findings.servers = servers;
    tell_different(findings);
    findings.replicas = replicas(material, findings);
    inflight(material, findings);
    gates(material, findings);
    nodes(material, findings);
    etcd(material, findings);
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

/// Limits that servers have in different sizes: the tightest server dies first.
fn tell_different(findings: &mut Findings) {
    let limits = |of: fn(&Server) -> Option<Bytes>| {
        let all = || findings.servers.iter().filter_map(of);
        all().min().zip(all().max()).filter(|(least, most)| least < most)
    };
    let memory = limits(|server| Some(server.memory_limit.as_ref()?.value));
    let soft = limits(|server| server.gomemlimit.as_ref()?.value);
    let command = "kubectl -n kube-system get pods -l component=kube-apiserver -o json";
    for (what, found) in [("memory-limit", memory), ("gomemlimit", soft)] {
        if let Some((least, most)) = found {
            let what = format!("{what}: servers have {least} to {most}, all are taken for {least}");
            findings.assume(&what, command);
        }
    }
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
    let without = pod.probes_without_etcd;
    server.probes_without_etcd = without.then(|| Found::new(true, source("livenessProbe")));
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

/// Static manifests, which are one of each server: as many as addresses, or as files.
fn manifests(pods: &[ApiserverPod]) -> usize {
    let manifests = pods.iter().filter(|pod| pod.node.is_empty());
    let of = |pod: &ApiserverPod| {
        let address = pod.flags.get("advertise-address").filter(|address| !address.contains('$'));
        address.unwrap_or(&pod.file).clone()
    };
    manifests.map(of).collect::<BTreeSet<_>>().len()
}

/// How many servers: their Pods, or the leases by which they know each other; else whatever is most of
/// scrapes, control-plane nodes, static manifests and addresses of the Service `kubernetes` (which can be a balancer's).
fn replicas(material: &Material, findings: &mut Findings) -> Option<Found<u16>> {
    let objects = &material.objects;
    let scraped = material.servers.len();
    let masters: Vec<&NodeFact> = objects.nodes.iter().filter(|node| node.control_plane).collect();
    let placed: Vec<&ApiserverPod> =
        objects.apiservers.iter().filter(|pod| !pod.node.is_empty()).collect();
    let noun = if scraped == 1 { "process" } else { "processes" };
    let processes = format!("{scraped} {noun}, process_start_time_seconds");
    let first = |at: Option<&String>| at.cloned().unwrap_or_default();
    let pods =
        (placed.len(), "Pods of kube-apiserver".to_owned(), first(placed.first().map(|p| &p.file)));
    let leases = objects.control.leases().map(|(count, file)| {
        (count as usize, "leases of kube-apiservers".to_owned(), file.to_owned())
    });
    let mut others = vec![
        (scraped, processes, first(material.servers.first().map(|server| &server.last.file))),
        (masters.len(), "control-plane nodes".to_owned(), first(masters.first().map(|n| &n.file))),
    ];
    let most = if masters.is_empty() { usize::MAX } else { masters.len() };
    others.push((
        // A server is on a control-plane node: what is beyond these is a copy.
        manifests(&objects.apiservers).min(most),
        "manifests of kube-apiserver".to_owned(),
        first(objects.apiservers.first().map(|pod| &pod.file)),
    ));
    others.extend(objects.control.addresses.as_ref().map(|(count, file)| {
        (*count as usize, "addresses of the Service kubernetes".to_owned(), file.clone())
    }));
    let most = others.into_iter().rev().max_by_key(|(count, ..)| *count);
    // Fewer Pods than control-plane nodes are a part of a list.
    let pods = Some(pods).filter(|(count, ..)| *count >= masters.len());
    let sure = [leases, pods].into_iter().flatten();
    let sure = sure.filter(|(count, ..)| *count > 0 && *count >= scraped);
    let sure = sure.max_by_key(|(count, ..)| *count);
    let (count, what, file) = sure.or(most).filter(|(count, ..)| *count > 0)?;
    if scraped > 0 && count > scraped {
        let told = format!(
            "replicas: {count} by {what}, but metrics of {scraped}; requests and watches of the others \
             are taken for as many"
        );
        findings.assume(&told, "scrape every server: curl -k https://NODE:6443/metrics");
    }
    Some(Found::new(u16::try_from(count.min(32)).unwrap_or(1), Source::new(what, file)))
}

/// How the seats of a server are usually split: (sum, for reads, for writes).
///
/// Sources: defaults of `k8s.io/apiserver/pkg/server/config.go` (1.34); of large clusters those of
/// `cluster/gce/gci/configure-helper.sh`; of `OpenShift` those of cluster-kube-apiserver-operator.
const USUAL: [(u32, u32, u32); 3] = [(600, 400, 200), (2000, 1500, 500), (4000, 3000, 1000)];

/// The in-flight limits: flags, or the seats of a server, which are their sum. How they are split only
/// matters without API Priority and Fairness.
fn inflight(material: &Material, findings: &mut Findings) {
    let flag = |name: &str| {
        let mut all = findings.servers.iter().filter_map(|server| server.flags.get(name));
        all.find_map(|flag| Some((flag.value.parse::<u32>().ok()?, flag.source.clone())))
    };
    let (reads, writes) = (flag(FLAGS[0]), flag(FLAGS[1]));
    if let Some((_, source)) = reads.as_ref().or(writes.as_ref()) {
        let of = |flag: &Option<(u32, Source)>, default| flag.as_ref().map_or(default, |(v, _)| *v);
        let value = (of(&reads, USUAL[0].1), of(&writes, USUAL[0].2));
        let mut source = source.clone();
        if reads.is_none() || writes.is_none() {
            source.what += " (of the other, the default)";
        }
        findings.inflight = Some(Found::new(value, source));
        return;
    }
    let Some((seats, what, file)) = material.servers.iter().find_map(|server| seats(&server.last))
    else {
        return;
    };
    let usual = USUAL.into_iter().find(|(sum, ..)| *sum == seats);
    let (_, reads, writes) = usual.unwrap_or((seats, seats - seats / 3, seats / 3));
    if seats != USUAL[0].0 {
        let what = format!(
            "max-requests-inflight {reads} and max-mutating-requests-inflight {writes}: their sum, {seats}, \
             is exported and is all that API Priority and Fairness goes by; the split is the usual one"
        );
        let command = "kubectl -n kube-system get pods -l component=kube-apiserver -o json";
        findings.assume(&what, command);
    }
    findings.inflight = Some(Found::new((reads, writes), Source::new(what, file)));
}

/// All seats of a server, how that is known, and the file. A level without a limit of borrowing, such as
/// `exempt` and `catch-all`, may have all of them beyond its own.
fn seats(scrape: &Scrape) -> Option<(u32, String, String)> {
    let nominal = |level: &str| {
        let all = scrape.get(NOMINAL[0]).iter();
        all.filter(|series| series.label("priority_level") == level).map(|s| s.value).next()
    };
    let beyond = scrape.get(UPPER).iter().filter_map(|series| {
        let level = series.label("priority_level");
        let own = nominal(level).or((level == "exempt").then_some(0.0))?;
        Some(series.value - own)
    });
    let most = beyond.filter(|seats| *seats >= 1.0).reduce(f64::max);
    // Seats of levels are rounded up each; the servers' own limits are round.
    let rounded = || {
        let all =
            NOMINAL.into_iter().map(|metric| scrape.get(metric)).find(|all| !all.is_empty())?;
        let sum: f64 = all.iter().map(|series| series.value.max(0.0)).sum();
        let least = sum - all.len() as f64;
        let round = [100.0, 50.0, 10.0].into_iter().map(|unit| (sum / unit).floor() * unit);
        let found = round.filter(|seats| *seats >= 1.0 && *seats > least).fold(0.0, f64::max);
        (found > 0.0).then_some((found, "sum of the seats of all levels".to_owned()))
    };
    let what = format!("{UPPER} less {}", NOMINAL[0]);
    let (seats, what) = most.map(|seats| (seats, what)).or_else(rounded)?;
    Some((seats as u32, what, scrape.file.clone()))
}

/// Gates whose state is not the default of the release.
fn gates(material: &Material, findings: &mut Findings) {
    const ENABLED: &str = "kubernetes_feature_enabled";
    let Some(minor) = findings.release.as_ref().map(|found| found.value.minor) else { return };
    let Some(mut defaults) = Release::of_minor(minor) else { return };
    let mut told: BTreeMap<String, Found<bool>> = BTreeMap::new();
    let control = &material.objects.control;
    let flagged = control.arguments.get("feature-gates");
    let mut flagged: Vec<_> =
        flagged.map(|gates| (gates, &control.arguments_file)).into_iter().collect();
    for pod in &material.objects.apiservers {
        flagged.extend(pod.flags.get("feature-gates").map(|gates| (gates, &pod.file)));
    }
    for (gates, file) in flagged {
        for (name, on) in gates.split(',').filter_map(|gate| gate.split_once('=')) {
            let source = Source::new("--feature-gates", file);
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
}

/// Where etcd is, and what it takes.
fn etcd(material: &Material, findings: &mut Findings) {
    let objects = &material.objects;
    let servers = objects.apiservers.iter().find_map(|pod| {
        let all = pod.flags.get("etcd-servers")?;
        let local = ["127.0.0.1", "localhost", "[::1]"].iter().any(|host| all.contains(host));
        Some(Found::new(local, Source::new("--etcd-servers", pod.file.clone())))
    });
    let pods = objects.etcd_pods.as_ref();
    let pods = pods.map(|file| Found::new(true, Source::new("Pods of etcd", file.clone())));
    // Members of a stacked etcd are asked by the addresses of the nodes, too.
    findings.nodes.etcd_beside = pods.or(servers);
    findings.nodes.etcd_memory.clone_from(&material.etcd.memory);
}

/// Priority levels with their nominal seats.
fn levels(scrape: &Scrape) -> Vec<LevelSeats> {
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
    levels.order_by(|a, b| a.name.cmp(&b.name));
    levels
}
