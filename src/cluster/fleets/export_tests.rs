//! A known cluster of three servers, its audit logs in the forms in which they come: whole or in pieces,
//! of all servers or of one, under policies that leave things out. What is found is what was there.

use super::{Cluster, Fleet, Fleets, ReadKind, Selected, from_audit};
use crate::cluster::audit::planted::{Planted, Who, audit};

const NODES: u32 = 30;
const SERVERS: usize = 3;
/// Seconds that the logs last.
const LASTS: f64 = 1_200.0;

/// Chance, the same each time.
struct Draw(u64);

impl Draw {
    /// Between 0 and 1.
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % 1_000_003) as f64 / 1_000_003.0
    }
}

/// The logs of the servers.
fn planted() -> [Planted; SERVERS] {
    let mut servers = [Planted::default(), Planted::default(), Planted::default()];
    let mut draw = Draw(0x2545_f491_4f6c_dd1d);
    for node in 0..NODES {
        let (name, address) = (format!("n{node}"), format!("10.0.0.{node}"));
        let server = (node as usize * 7 + 3) % SERVERS;
        let begin = draw.next() * 20.0;
        kubelet(&mut servers[server], &name, &address, begin);
        agents(&mut servers, &name, &address, (node as usize, begin));
    }
    controller(&mut servers[0]);
    poller(&mut servers[0], &mut draw);
    writer(&mut servers[0], &mut draw);
    person(&mut servers[0]);
    servers
}

/// Its Pods, its Node, all Services, and its lease.
fn kubelet(log: &mut Planted, name: &str, address: &str, begin: f64) {
    let user = format!("system:node:{name}");
    let who = Who { user: &user, pod: "", address, agent: "kubelet/v1.32.1 (linux/amd64)" };
    let pods = format!("/api/v1/pods?fieldSelector=spec.nodeName%3D{name}");
    let node = format!("/api/v1/nodes?fieldSelector=metadata.name%3D{name}");
    for path in [pods.as_str(), node.as_str(), "/api/v1/services"] {
        log.reflector(path, who, begin, LASTS);
    }
    let lease = format!("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{name}");
    for beat in 0..((LASTS - begin) / 10.0) as u32 {
        log.request("update", &lease, who, begin + f64::from(beat) * 10.0);
    }
}

/// Agents that only an address, only a node, or nothing but their watches tell apart.
fn agents(servers: &mut [Planted; SERVERS], name: &str, address: &str, (at, begin): (usize, f64)) {
    let account = |name: &str| format!("system:serviceaccount:agents:{name}");
    let (by_address, by_node, hidden) =
        (account("by-address"), account("by-node"), account("hidden"));
    let who = Who { user: &by_address, pod: "", address, agent: "Go-http-client/2.0" };
    let own = format!("/api/v1/pods?fieldSelector=spec.nodeName%3D{name}");
    servers[(at + 1) % SERVERS].reflector(&own, who, begin, LASTS);
    let node = format!("node:{name}");
    let who = Who { user: &by_node, pod: &node, address: "172.16.0.1", agent: "net-agent/v2" };
    let streamed = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=";
    let log = &mut servers[at % SERVERS];
    let mut from = begin;
    while from < LASTS {
        let path = if from > begin { "resourceVersion=7" } else { streamed };
        let to = from + 500.0;
        log.watch(&format!("/api/v1/nodes?{path}"), who, from, (to < LASTS).then_some(to));
        from = to;
    }
    let who = Who { user: &hidden, pod: "", address: "172.16.0.1", agent: "hidden/v1" };
    servers[(at + 2) % SERVERS].reflector(
        "/apis/discovery.k8s.io/v1/endpointslices",
        who,
        begin,
        LASTS,
    );
}

/// Three replicas, of which one is active: Deployments, and `ConfigMaps` of four namespaces.
fn controller(log: &mut Planted) {
    for replica in 0..3 {
        let pod = format!("ctl-{replica}");
        let user = "system:serviceaccount:x:ctl";
        let who = Who { user, pod: &pod, address: "10.3.3.3", agent: "ctl/v3 (linux/amd64)" };
        if replica == 1 {
            log.reflector("/apis/apps/v1/deployments", who, 5.0, LASTS);
            for space in ["a", "b", "c", "d"] {
                log.reflector(&format!("/api/v1/namespaces/{space}/configmaps"), who, 5.0, LASTS);
            }
        }
        for beat in 0..(LASTS / 2.0) as u32 {
            let verb = if replica == 1 { "update" } else { "get" };
            let lease = "/apis/coordination.k8s.io/v1/namespaces/x/leases/ctl";
            log.request(verb, lease, who, f64::from(beat) * 2.0);
        }
    }
}

/// All Pods in pages, every 45 s, give or take a fifth.
fn poller(log: &mut Planted, draw: &mut Draw) {
    let user = "system:serviceaccount:m:poller";
    let who = Who { user, pod: "", address: "10.2.2.2", agent: "python-requests/2.32" };
    let mut at = 3.0;
    while at < LASTS {
        log.request("list", "/api/v1/pods?limit=250", who, at);
        for page in 1..5 {
            let path = format!("/api/v1/pods?limit=250&continue=p{page}");
            log.request("list", &path, who, at + f64::from(page) / 10.0);
        }
        at += 45.0 * (0.8 + 0.4 * draw.next());
    }
}

/// Two Events per second, by chance.
fn writer(log: &mut Planted, draw: &mut Draw) {
    let user = "system:serviceaccount:w:writer";
    let who = Who { user, pod: "writer-1", address: "10.2.2.9", agent: "writer/v1" };
    let mut at = 0.0;
    while at < LASTS {
        log.request("create", "/api/v1/namespaces/w/events", who, at);
        at += -(1.0 - draw.next()).ln() / 2.0;
    }
}

/// `kubectl get -w`, three times for a minute.
fn person(log: &mut Planted) {
    let agent = "kubectl/v1.33.0 (darwin/arm64) kubernetes/abc";
    let who = Who { user: "alice", pod: "", address: "192.168.1.4", agent };
    for session in 0..3 {
        let at = 100.0 + 300.0 * f64::from(session);
        log.request("list", "/api/v1/pods?limit=500", who, at);
        log.watch("/api/v1/pods?resourceVersion=8", who, at + 0.1, Some(at + 60.0));
    }
}

/// The texts of the logs, each in pieces, of lines that pass.
fn texts(servers: &[Planted], pieces: usize, pass: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut texts = Vec::new();
    for (number, log) in servers.iter().enumerate() {
        let text = log.text().replace("\"id-", &format!("\"s{number}-"));
        let lines: Vec<&str> = text.lines().filter(|line| pass(line)).collect();
        for piece in lines.chunks(lines.len().div_ceil(pieces).max(1)) {
            texts.push(piece.join("\n") + "\n");
        }
    }
    texts
}

fn found(texts: &[String]) -> Fleets {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let (nodes, servers) = (Some(NODES), Some(SERVERS as u16));
    let cluster = Cluster { nodes, servers, namespaces: Some(40), ..Cluster::default() };
    from_audit(&audit(&texts), "audit.log", &cluster)
}

fn named<'f>(found: &'f Fleets, name: &str) -> &'f Fleet {
    let names: Vec<&str> = found.fleets.iter().map(|fleet| fleet.name.as_str()).collect();
    found.fleets.iter().find(|f| f.name == name).unwrap_or_else(|| panic!("{name}: {names:?}"))
}

/// What a fleet reads: the kind, the resource, and whether only of its node.
fn reads(fleet: &Fleet) -> Vec<String> {
    let mut reads: Vec<String> = fleet
        .reads
        .iter()
        .map(|read| {
            let kind = match read.kind {
                ReadKind::Reflector => "reflector",
                ReadKind::WatchList => "watch-list",
                ReadKind::Watcher => "watcher",
                ReadKind::Poller(_) => "poller",
            };
            let own = if read.selected == Selected::OwnNode { " of its node" } else { "" };
            format!("{kind} {}{own}", read.resource.split('.').next().unwrap_or_default())
        })
        .collect();
    reads.sort();
    reads
}

/// Fleets of which there is one per node.
fn per_node(found: &Fleets, form: &str) {
    let kubelet =
        ["reflector nodes of its node", "reflector pods of its node", "reflector services"];
    let truth: [(&str, &[&str]); 4] = [
        ("kubelet", &kubelet),
        ("by-address", &["reflector pods of its node"]),
        ("net-agent", &["watch-list nodes"]),
        ("hidden", &["reflector endpointslices"]),
    ];
    for (name, expected) in truth {
        let fleet = named(found, name);
        let members = (fleet.members, fleet.per_node);
        assert_eq!(members, (NODES, true), "{name}, {form}: {}", fleet.evidence);
        assert_eq!(reads(fleet), expected, "{name}, {form}");
    }
}

fn near(found: f64, truth: f64, what: &str) {
    assert!((found / truth - 1.0).abs() < 0.2, "{what}: {found} instead of {truth}");
}

/// Fleets of one.
fn singles(found: &Fleets, form: &str) {
    let controller = named(found, "ctl");
    assert_eq!(controller.members, 1, "{form}: {}", controller.evidence);
    assert!(reads(controller).contains(&"reflector deployments".to_owned()), "{form}");
    let spaces = controller.reads.iter().find(|read| read.resource == "configmaps");
    assert_eq!(spaces.map(|read| read.selected), Some(Selected::Share(0.1)), "{form}");
    let poller = named(found, "poller");
    let [read] = poller.reads.as_slice() else { panic!("{form}: {:?}", poller.reads) };
    let ReadKind::Poller(period) = read.kind else { panic!("{form}: {read:?}") };
    near(period.as_secs_f64(), 45.0, form);
    assert_eq!((poller.members, read.limit), (1, Some(250)), "{form}");
    // A person who looks now and then is no fleet that watches.
    assert!(!found.fleets.iter().any(|fleet| fleet.user == "alice" && !fleet.reads.is_empty()));
}

fn writes(found: &Fleets, form: &str) {
    let rate = |name: &str| named(found, name).writes.first().map_or(0.0, |write| write.rate);
    near(rate("writer"), 2.0, form);
    near(rate("kubelet"), 0.1, form);
    near(rate("ctl"), 0.5, form);
}

#[test]
fn a_known_cluster_is_found_in_all_logs_of_its_servers() {
    let servers = planted();
    for pieces in [1, 3] {
        let form = format!("{pieces} pieces");
        let found = found(&texts(&servers, pieces, &|_| true));
        per_node(&found, &form);
        singles(&found, &form);
        writes(&found, &form);
        assert!(
            !found.notes.iter().any(|note| note.contains("audit logs of")),
            "{:?}",
            found.notes
        );
    }
}

#[test]
fn policies_that_leave_things_out_hide_only_those() {
    let servers = planted();
    let pass = |line: &str| !line.contains("ResponseStarted");
    let ends = found(&texts(&servers, 2, &pass));
    singles(&ends, "ends of watches only");
    writes(&ends, "ends of watches only");
    let pass =
        |line: &str| line.contains("\"verb\":\"list\"") || line.contains("\"verb\":\"watch\"");
    let read = found(&texts(&servers, 1, &pass));
    per_node(&read, "reads only");
    singles(&read, "reads only");
    let pass =
        |line: &str| line.contains("\"verb\":\"update\"") || line.contains("\"verb\":\"create\"");
    let wrote = found(&texts(&servers, 1, &pass));
    assert_eq!(named(&wrote, "kubelet").members, NODES);
    writes(&wrote, "writes only");
}

#[test]
fn the_log_of_one_of_three_servers_tells_what_is_on_every_node() {
    let servers = planted();
    let found = found(&texts(&servers[..1], 2, &|_| true));
    per_node(&found, "one of three");
    singles(&found, "one of three");
    assert!(
        found.notes.iter().any(|note| note.contains("logs of 1 of 3 servers")),
        "{:?}",
        found.notes
    );
}
