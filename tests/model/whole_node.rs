//! The memory of a server's whole node: against a published table, and who is killed when it is out.

use crate::support;
use oomcast::results::{LogKind, Outcome, RunRecord};
use oomcast::units::Bytes;

/// What is in use on the node of a scenario of so many nodes and Pods on each, in 10^6 bytes.
fn whole_node(nodes: u32, pods_per_node: u32) -> f64 {
    let text = format!(
        r#"
schema = 1
name = "t"
inherits = [
  "preset:objects", "preset:fleet-kubelet", "preset:fleet-kube-proxy",
  "preset:fleet-kube-controller-manager", "preset:fleet-kube-scheduler",
]
[run]
duration = "5m"
[cluster]
nodes = {nodes}
pods-per-node = {pods_per_node}
namespaces = 5
[apiserver]
version = "1.28"
[node]
memory = "16GiB"
cores = 4
system-memory = "180MB"
daemons-memory = "0B" # a controller runs no Pods
[objects.pods]
size = "2.5kB"
[objects.configmaps]
count = 30
[objects.secrets]
count = 30
[[clients]]
name = "kubelets"
idle-watches-per-pod = 0 # Pods of one kind use the same ConfigMap
"#
    );
    let run = run(&text, &[]);
    let node = run.servers[0].node;
    let rest = node.etcd + node.controllers + node.daemons + node.system;
    assert!(node.peak >= run.servers[0].peak_resident + rest, "{node:?}");
    node.peak.as_f64() / 1e6
}

/// "Controller node measured memory consumption" of k0s, its page "System requirements": apiserver, etcd, controller
/// manager, scheduler, and 180 MB of Ubuntu. 1.22 is older than any release modelled.
#[test]
fn a_controller_of_k0s_takes_what_was_measured() {
    let published = [(1, 100, 600.0), (20, 100, 1_000.0), (100, 1, 1_000.0), (200, 100, 3_300.0)];
    for (nodes, pods_per_node, measured) in published {
        let ratio = whole_node(nodes, pods_per_node) / measured;
        assert!((0.67..1.5).contains(&ratio), "{nodes} nodes of {pods_per_node} Pods: {ratio}");
    }
}

/// Eight scripts that list 240 MB from etcd at the same time.
const DUMP: &str = r#"
schema = 1
name = "t"
run = { duration = "5m" }
apiserver = { version = "1.30" }
node = { memory = "12GiB", cores = 4 }
objects.pods = { count = 40_000, size = "6kB" }
clients = [{ name = "scripts", count = 8, start = "stopped", lister = { resource = "pods", resource-version = "" } }]
events = [{ name = "dump", at = "1m", start = { client = "scripts" } }]
"#;

fn run(text: &str, set: &[&str]) -> RunRecord {
    support::run(&support::valid(text, set).inputs, 1)
}

fn dump(set: &[&str]) -> RunRecord {
    run(DUMP, set)
}

fn told<'r>(run: &'r RunRecord, kind: LogKind, words: &str) -> Vec<(&'r str, f64)> {
    let entries = run.log.iter().filter(|e| e.kind == kind && e.message.contains(words));
    entries.map(|entry| (entry.subject.as_str(), entry.at.as_secs_f64())).collect()
}

#[test]
fn the_kernel_kills_etcd_where_it_is_larger_and_the_kubelet_starts_it_again() {
    let run = dump(&[]);
    let [kill] = &run.servers[0].etcd_kills[..] else { panic!("{:?}", run.log) };
    assert!(run.servers[0].oom_kills.is_empty());
    assert_eq!((run.oom_kills(), run.servers_killed(), run.counters.etcd_kills), (1, 1, 1));
    // Eight ranges, the values and the message of each with garbage: docs/incidents.md.
    assert!(kill.resident > Bytes::gib(6), "{}", kill.resident);
    let back = kill.back_at.expect("it comes back").since(kill.at).as_secs_f64();
    // 5 s, and 288 MB of file at 100 MB/s.
    assert!((7.0..9.0).contains(&back), "{back} s");
    // What read from it fails, and a single member takes its quorum along.
    assert!(run.counters.requests_failed > 0);
    let told = |kind, words| told(&run, kind, words).len();
    assert_eq!(
        (told(LogKind::NodeKill, "etcd is OOM killed"), told(LogKind::Event, "is back")),
        (1, 2)
    );
    // More memory, or an etcd that runs elsewhere, and nobody is killed.
    for spared in [&["node.memory=32GiB"][..], &["node.memory=20GiB", "node.etcd-memory=0B"]] {
        let run = dump(spared);
        assert_eq!((run.oom_kills(), run.counters.failed()), (0, 0), "{spared:?}");
    }
}

#[test]
fn the_scores_of_the_kernel_decide_who_is_killed() {
    // A server that is no static pod is killed before etcd, however small it is.
    let run = dump(&["node.oom-score-adj=-500", "node.memory=9GiB"]);
    assert!(!run.servers[0].oom_kills.is_empty(), "{:?}", run.log);
    // One of -1000 is never killed as long as there is an etcd.
    let run = dump(&["node.oom-score-adj=-1000", "node.memory=16GiB"]);
    assert!(!run.servers[0].etcd_kills.is_empty() && run.servers[0].oom_kills.is_empty());
}

#[test]
fn ordinary_processes_die_before_static_pods() {
    let run = dump(&[]);
    let ordinary = told(&run, LogKind::NodeKill, "ordinary processes");
    let etcd = told(&run, LogKind::NodeKill, "etcd is OOM killed");
    assert!(ordinary[0].1 < etcd[0].1, "{:?}", run.log);
    // Everybody waits for pages of programs before either.
    let waited = run.servers[0].pressure;
    assert!(waited.io.as_secs_f64() > 1.0 && waited.memory_full == waited.io, "{waited:?}");
    let none = dump(&["node.daemons-memory=0B"]);
    assert!(told(&none, LogKind::NodeKill, "ordinary processes").is_empty());
}

#[test]
fn a_quorum_outlives_one_member_and_no_more() {
    let three = |members: &[&str]| {
        let mut set = vec!["apiserver.replicas=3", "clients.scripts.count=24"];
        set.extend(members);
        dump(&set)
    };
    let run = three(&[]);
    let kills: usize = run.servers.iter().map(|server| server.etcd_kills.len()).sum();
    assert!(kills >= 2, "{:?}", run.log);
    let quorum_lost = |run: &RunRecord| {
        told(run, LogKind::Event, "etcd is back").iter().any(|(subject, _)| subject.is_empty())
    };
    assert!(quorum_lost(&run), "{:?}", run.log);
    // Four scripts, two of them on one server, whose etcd is killed: the others keep theirs.
    let one = three(&["clients.scripts.count=4", "node.memory=7000MiB"]);
    let killed: Vec<usize> = one.servers.iter().map(|server| server.etcd_kills.len()).collect();
    assert!(killed[0] > 0 && killed[1..] == [0, 0], "{killed:?}");
    assert!(!quorum_lost(&one), "{:?}", one.log);
    assert_ne!(one.outcome, Outcome::Absorbed);
}

#[test]
fn memory_low_keeps_the_pages_of_the_server() {
    let short = |set: &[&str]| dump(set).servers[0].pressure.memory_full.as_secs_f64();
    let (without, with) = (short(&[]), short(&["apiserver.memory-low=4GiB"]));
    assert!(with < without, "{with} {without}");
}

fn small(set: &[&str]) -> RunRecord {
    let text = r#"
schema = 1
name = "t"
run = { duration = "5m" }
apiserver = { version = "1.32" }
node = { memory = "5800MiB", cores = 4 }
objects.pods = { count = 10_000, size = "6kB" }
clients = [{ name = "agents", count = 80, start = "stopped", reflector = { resource = "pods" } }]
events = [{ name = "rollout", at = "1m", start = { client = "agents" } }]
"#;
    run(text, set)
}

/// A limit that the server does not come to saves nobody else on its node.
#[test]
fn a_limit_of_the_server_gives_the_others_no_memory() {
    let free = small(&[]);
    let peak = free.servers[0].peak_resident.0 >> 20;
    let limited = small(&[&format!("apiserver.memory-limit={}MiB", peak + 60)]);
    for run in [free, limited] {
        assert_eq!(run.oom_kills(), 0);
        assert!(run.counters.node_kills > 0, "{:?}", run.log);
        assert!(run.servers[0].pressure.io.as_secs_f64() > 1.0);
        assert!(run.outcome > Outcome::Absorbed);
    }
}

/// The raft log of etcd 3.5: 100,000 entries of 500 kB are heap, and no page of a file.
const LOGGED: &str = r#"
schema = 1
name = "t"
run = { duration = "3m" }
apiserver = { version = "1.32" }
node = { memory = "16GiB", cores = 8 }
objects.configmaps = { count = 1_000, size = "500kB", writes = "5/s" }
clients = [{ name = "scripts", count = 40, start = "stopped", lister = { resource = "configmaps", resource-version = "0" } }]
events = [{ name = "dump", at = "1m", start = { client = "scripts" } }]
"#;

#[test]
fn the_heap_of_etcd_is_not_taken_back() {
    let killed = run(LOGGED, &[]);
    assert!(killed.oom_kills() > 0, "{:?}", killed.servers[0].node);
    // Nor has a server more than the node while etcd is down.
    assert!(killed.servers[0].peak_resident < Bytes::gib(16));
    assert_eq!(run(LOGGED, &["node.memory=256GiB"]).oom_kills(), 0);
}

#[test]
fn lost_nodes_take_their_etcd_along() {
    let text = r#"
schema = 1
name = "t"
run = { duration = "4m" }
apiserver = { version = "1.32", replicas = 3 }
node = { memory = "32GiB", cores = 8 }
objects.pods = { count = 5_000, size = "6kB", writes = "50/s" }
events = [
  { name = "gone", at = "30s", kill = { apiserver = 0, manner = "node", lasts = "1m" } },
  { name = "gone-too", at = "40s", kill = { apiserver = 1, manner = "node", lasts = "1m" } },
]
"#;
    let lost = run(text, &[]);
    assert_eq!(told(&lost, LogKind::Event, "lost its quorum"), [("", 40.0)]);
    // From 40 s to 90 s, less the seven seconds that each waits.
    let failed = lost.counters.writes_timed_out as f64;
    assert!((1_800.0..2_600.0).contains(&failed), "{failed}");
    let elsewhere = run(text, &["node.etcd-memory=0B"]);
    assert!(told(&elsewhere, LogKind::Event, "quorum").is_empty());
    assert_eq!(elsewhere.counters.writes_timed_out, 0);
}

/// GETs go to etcd: while it has no quorum they fail. So do those that are turned away.
#[test]
fn gets_fail_without_etcd_and_without_seats() {
    let text = r#"
schema = 1
name = "t"
run = { duration = "3m" }
apiserver = { version = "1.32" }
node = { memory = "32GiB", cores = 8 }
objects.configmaps = { count = 1_000, size = "2kB", gets = "100/s" }
"#;
    let failed = |text: &str, set: &[&str]| run(text, set).counters.gets_failed;
    assert_eq!(failed(text, &[]), 0);
    let outage = "[[events]]\nname = \"down\"\nat = \"1m\"\netcd-outage = { lasts = \"20s\" }\n";
    let without_etcd = failed(&format!("{text}{outage}"), &[]);
    assert!((1_900..=2_100).contains(&without_etcd), "{without_etcd}");
    let many = [
        "objects.configmaps.gets=400000/s",
        "objects.configmaps.writer=system:serviceaccount:a:b",
        "apiserver.max-requests-inflight=5",
        "apiserver.max-mutating-requests-inflight=5",
    ];
    assert!(failed(text, &many) > 10_000);
}

/// The scavenger keeps a heap that grows slowly at its threshold, however often somebody looks at it meanwhile.
#[test]
fn memory_that_is_looked_at_often_grows_all_the_same() {
    let text = r#"
schema = 1
name = "t"
run = { duration = "4m" }
apiserver = { version = "1.31", replicas = 3 }
node = { memory = "10GiB", cores = 4 }
objects.pods = { count = 30_000, size = "6kB", writes = "30/s" }
objects.configmaps = { count = 500, size = "100kB", writes = "5/s" }
events = [{ name = "e0", at = "60s", start = { client = "scripts" } }]
[[clients]]
name = "scripts"
count = 8
start = "stopped"
lister = { resource = "pods", resource-version = "", rounds = "endless", pause = "5s" }
"#;
    // The check of the limit, in every debug build, is the test.
    let run = support::run(&support::valid(text, &[]).inputs, 646);
    assert!(run.counters.lists_ok > 10, "{:?}", run.counters);
}
