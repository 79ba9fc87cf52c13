//! Fleets of a measured cluster, and of planted ones.

use super::{
    AllWatches, Cluster, Fleet, Fleets, OTHERS, OpenWatches, ReadKind, Selected, from_audit,
    from_metrics,
};
use crate::cluster::audit::planted::{Planted, Who, audit};
use crate::cluster::audit::{Log, read};
use crate::cluster::read::{Input, Kind};
use crate::model::apf::config::FlowSchema;
use crate::model::release::Release;

const MEASURED: &str = "tests/data/cluster/audit.log.gz";

fn fleets(log: &Planted) -> Fleets {
    from_audit(&log.audit(), "audit.log", &Cluster::default())
}

fn named<'f>(found: &'f Fleets, name: &str) -> &'f Fleet {
    let names: Vec<&str> = found.fleets.iter().map(|fleet| fleet.name.as_str()).collect();
    found.fleets.iter().find(|f| f.name == name).unwrap_or_else(|| panic!("{name}: {names:?}"))
}

/// Each read as a line.
fn reads(fleet: &Fleet) -> Vec<String> {
    let mut reads: Vec<String> = fleet
        .reads
        .iter()
        .map(|read| {
            let plural = read.resource.split('.').next().unwrap_or_default();
            let selected = match read.selected {
                Selected::All => String::new(),
                Selected::OwnNode => " of its node".to_owned(),
                Selected::Share(share) => format!(" {share:.2}"),
            };
            let kind = match read.kind {
                ReadKind::Reflector => "reflector".to_owned(),
                ReadKind::WatchList => "watch-list".to_owned(),
                ReadKind::Watcher => "watcher".to_owned(),
                ReadKind::Poller(period) => format!("poller {:.0} s", period.as_secs_f64()),
            };
            let limit = read.limit.map_or(String::new(), |limit| format!(" limit {limit}"));
            format!("{kind} {plural}{selected} rv={}{limit}", read.resource_version)
        })
        .collect();
    reads.sort();
    reads
}

fn near(rate: f64, truth: f64) -> bool {
    (rate / truth - 1.0).abs() < 0.2
}

/// A fleet: name, members, flow schema, reads, writes per second and member.
type Truth<'t> = (&'t str, u32, &'t str, Vec<String>, &'t [(&'t str, f64)]);

/// The cluster of 60 nodes from which the log is: every client with its members and what it did.
#[test]
fn every_client_of_the_measured_cluster_is_found() {
    let input = Input {
        name: "audit.log.gz".to_owned(),
        path: MEASURED.into(),
        kind: Kind::Audit,
        named: true,
    };
    let log = Log { name: input.name.clone(), open: Box::new(move || input.lines()) };
    let audit = read(&[log]);
    assert_eq!(audit.skipped, []);
    let schemas = FlowSchema::defaults(&Release::of_minor(34).expect("known"));
    let cluster = Cluster { nodes: Some(60), flow_schemas: &schemas, ..Cluster::default() };
    let found = from_audit(&audit, "audit.log.gz", &cluster);
    let own = "reflector pods of its node rv=0";
    let all = |resources: &[&str]| -> Vec<String> {
        let mut all: Vec<String> =
            resources.iter().map(|resource| format!("reflector {resource} rv=0")).collect();
        all.sort();
        all
    };
    let manager = "pods services endpointslices nodes configmaps secrets deployments replicasets \
                   leases events";
    let manager: Vec<&str> = manager.split_whitespace().collect();
    let cilium = ["ciliumendpoints", "ciliumidentities", "services", "endpointslices"];
    let truth: [Truth<'_>; 8] = [
        (
            "kubelet",
            60,
            "system-nodes",
            vec![
                "reflector nodes of its node rv=0".into(),
                own.into(),
                "reflector services rv=0".into(),
            ],
            &[("leases.coordination.k8s.io", 0.1), ("nodes", 1.0 / 60.0)],
        ),
        (
            "kube-proxy",
            60,
            "kube-system-service-accounts",
            all(&["services", "endpointslices"]),
            &[],
        ),
        (
            "kube-controller-manager",
            1,
            "kube-controller-manager",
            all(&manager),
            &[("deployments.apps", 1.0)],
        ),
        (
            "kube-scheduler",
            1,
            "kube-scheduler",
            all(&["pods", "nodes", "services"]),
            &[("pods", 5.0)],
        ),
        ("cilium-agent", 60, "kube-system-service-accounts", all(&cilium), &[]),
        ("fluent-bit", 60, "service-accounts", vec![own.into()], &[]),
        (
            "inventory",
            1,
            "service-accounts",
            vec!["poller 15 s pods rv=".into(), "poller 30 s configmaps rv= limit 500".into()],
            &[],
        ),
        (
            "report-operator",
            1,
            "service-accounts",
            all(&["policyreports", "pods"]),
            &[("policyreports.wgpolicyk8s.io", 2.0)],
        ),
    ];
    for (name, members, schema, expected, writes) in truth {
        let fleet = named(&found, name);
        assert_eq!((fleet.members, fleet.per_node), (members, members == 60), "{name}");
        assert_eq!(fleet.flow_schema.as_deref(), Some(schema), "{name}");
        assert_eq!(reads(fleet), expected, "{name}");
        assert_eq!(fleet.writes.len(), writes.len(), "{name}: {:?}", fleet.writes);
        for ((resource, rate), write) in writes.iter().zip(&fleet.writes) {
            assert_eq!(write.resource, *resource, "{name}");
            assert!(near(write.rate, *rate), "{name} writes {resource} at {}", write.rate);
        }
    }
    // The administrator, who created everything and went.
    let others = named(&found, OTHERS);
    assert_eq!((found.fleets.len(), others.writes.len(), others.idle_watches), (9, 0, 0));
    assert!(others.share > 0.2 && others.evidence.contains("kubectl"), "{}", others.evidence);
}

#[test]
fn members_are_pods_addresses_or_watches_at_once() {
    let agent = "my-agent/v1.2";
    let user = "system:serviceaccount:tools:my-agent";
    for form in ["pods", "addresses", "watches"] {
        let (mut one, mut two) = (Planted::default(), Planted::default());
        for number in 0..30_u32 {
            let (pod, address) = (format!("my-agent-{number}"), format!("10.0.0.{number}"));
            let pod = if form == "pods" { pod.as_str() } else { "" };
            let address = if form == "addresses" { address.as_str() } else { "192.168.0.1" };
            let who = Who { user, pod, address, agent };
            // Two servers, each with its own log.
            let log = if number % 3 == 0 { &mut one } else { &mut two };
            log.reflector("/api/v1/pods", who, f64::from(number) / 10.0, 1_300.0);
        }
        // Identifiers are the servers' own.
        let logs = [one.text().replace("id-", "one-"), two.text()];
        let found = audit(&[&logs[0], &logs[1]]);
        let found =
            from_audit(&found, "audit.log", &Cluster { nodes: Some(30), ..Cluster::default() });
        let fleet = named(&found, "my-agent");
        assert_eq!((fleet.members, fleet.per_node), (30, true), "{form}: {}", fleet.evidence);
        assert_eq!(reads(fleet), ["reflector pods rv=0 limit 500"]);
    }
}

#[test]
fn streamed_initial_lists_and_selectors_and_namespaces() {
    let mut log = Planted::default();
    let who = Who {
        user: "system:serviceaccount:a:op",
        pod: "op-1",
        address: "10.1.1.1",
        agent: "manager/v0.0.0",
    };
    let streamed = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=";
    log.watch(&format!("/api/v1/secrets?{streamed}"), who, 1.0, Some(400.0));
    log.watch(&format!("/api/v1/configmaps?labelSelector=app%3Dop&{streamed}"), who, 1.0, None);
    for namespace in ["a", "b", "c"] {
        log.watch(
            &format!("/apis/apps/v1/namespaces/{namespace}/deployments?resourceVersion=7"),
            who,
            2.0,
            None,
        );
    }
    log.watch(
        "/api/v1/namespaces/a/configmaps?fieldSelector=metadata.name%3Dsettings&resourceVersion=7",
        who,
        3.0,
        None,
    );
    log.request("get", "/healthz", who, 700.0);
    let cluster = Cluster { namespaces: Some(12), ..Cluster::default() };
    let found = from_audit(&log.audit(), "audit.log", &cluster);
    let fleet = named(&found, "op");
    let expected = [
        "reflector deployments 0.25 rv=0 limit 500",
        "watch-list configmaps rv=0 limit 500",
        "watch-list secrets rv=0 limit 500",
    ];
    assert_eq!(reads(fleet), expected);
    // Two of the three namespaces, and the single object.
    assert_eq!(fleet.idle_watches, 3);
    let labelled = fleet.reads.iter().find(|read| read.resource == "configmaps");
    assert_eq!(labelled.map(|read| read.selector.as_str()), Some("app=op"));
}

#[test]
fn pollers_keep_their_period_through_jitter_pauses_and_pages() {
    let mut log = Planted::default();
    let who = |user| Who { user, pod: "", address: "10.2.2.2", agent: "python-requests/2.32" };
    for round in 0..60_u32 {
        let jitter = f64::from(round * 7 % 5);
        let at = f64::from(round) * 20.0 + jitter;
        // A pause of four rounds.
        if !(20..24).contains(&round) {
            log.request(
                "list",
                "/api/v1/pods?limit=100",
                who("system:serviceaccount:m:poller"),
                at,
            );
            for page in 1..4 {
                let page = format!("/api/v1/pods?limit=100&continue=p{page}");
                log.request("list", &page, who("system:serviceaccount:m:poller"), at + 0.1);
            }
        }
        // A Job that is a Pod of its own each time.
        let pod = format!("job-{round}");
        let job = Who { pod: &pod, ..who("system:serviceaccount:m:job") };
        log.request("list", "/api/v1/nodes?resourceVersion=0", job, at + 3.0);
    }
    let found = fleets(&log);
    assert_eq!(reads(named(&found, "poller")), ["poller 20 s pods rv= limit 100"]);
    assert_eq!(reads(named(&found, "job")), ["poller 20 s nodes rv=0"]);
}

#[test]
fn of_replicas_the_active_one_counts_and_leases_are_writes() {
    let mut log = Planted::default();
    for number in 0..3 {
        let pod = format!("ctl-{number}");
        let who = Who {
            user: "system:serviceaccount:x:ctl",
            pod: &pod,
            address: "10.3.3.3",
            agent: "ctl/v3 (linux/amd64) leader-election",
        };
        if number == 1 {
            log.reflector("/api/v1/pods", who, 5.0, 900.0);
            log.reflector("/api/v1/nodes", who, 5.0, 900.0);
        }
        for second in 0..450 {
            let (verb, at) = (if number == 1 { "update" } else { "get" }, f64::from(second) * 2.0);
            let lease = "/apis/coordination.k8s.io/v1/namespaces/x/leases/ctl";
            log.request(verb, lease, who, at);
        }
    }
    let found = fleets(&log);
    let fleet = named(&found, "ctl");
    assert_eq!((fleet.members, fleet.reads.len()), (1, 2), "{}", fleet.evidence);
    assert!(near(fleet.writes[0].rate, 0.5), "{:?}", fleet.writes);
}

#[test]
fn a_burst_is_no_rate() {
    let mut log = Planted::default();
    let who = Who {
        user: "system:serviceaccount:x:op",
        pod: "op-1",
        address: "10.3.3.3",
        agent: "op/v3",
    };
    let admin = Who { user: "admin", pod: "", address: "10.3.3.4", agent: "helm/v3" };
    for write in 0..3_000_u32 {
        log.request(
            "create",
            "/api/v1/namespaces/x/configmaps",
            who,
            10.0 + f64::from(write) / 200.0,
        );
        log.request("create", "/api/v1/namespaces/x/secrets", admin, f64::from(write) / 300.0);
    }
    for write in 0..100_u32 {
        log.request(
            "patch",
            "/api/v1/namespaces/x/configmaps/a",
            who,
            30.0 + f64::from(write) * 10.0,
        );
        log.request(
            "create",
            "/api/v1/namespaces/x/configmaps",
            who,
            30.0 + f64::from(write) * 5.0,
        );
    }
    log.request("list", "/api/v1/secrets", admin, 1_000.0);
    let found = fleets(&log);
    let fleet = named(&found, "op");
    // One patch in ten seconds, and half of the time one more in five.
    assert!(near(fleet.writes[0].rate, 0.1 + 0.1), "{:?}", fleet.writes);
    let others = named(&found, OTHERS);
    assert!(
        others.writes.is_empty() && others.evidence.contains("3001 lists"),
        "{}",
        others.evidence
    );
}

#[test]
fn controllers_with_users_of_their_own_are_one_program() {
    let mut log = Planted::default();
    let agent = "kube-controller-manager/v1.31.0 (linux/amd64) kubernetes/abc/shared-informers";
    let manager =
        Who { user: "system:kube-controller-manager", pod: "", address: "10.0.0.9", agent };
    log.reflector("/apis/apps/v1/replicasets", manager, 0.0, 700.0);
    for write in 0..350 {
        let user = "system:serviceaccount:kube-system:replicaset-controller";
        let who = Who { user, ..manager };
        log.request("create", "/api/v1/namespaces/a/pods", who, f64::from(write) * 2.0);
    }
    let found = fleets(&log);
    let fleet = named(&found, "kube-controller-manager");
    assert_eq!((found.fleets.len(), fleet.client_minor), (1, Some(31)));
    assert_eq!(fleet.user, "system:kube-controller-manager");
    assert!(near(fleet.writes[0].rate, 0.5), "{:?}", fleet.writes);
}

#[test]
fn names_are_those_of_programs_and_unique() {
    let mut log = Planted::default();
    for (user, agent) in [
        ("system:serviceaccount:monitoring:prometheus-k8s", "Prometheus/2.45.0"),
        ("system:serviceaccount:other:prometheus", "Prometheus/2.45.0"),
        (
            "system:serviceaccount:argocd:argocd-application-controller",
            "argocd-application-controller/v0.0.0 (linux/amd64)",
        ),
        ("system:serviceaccount:cert-manager:cert-manager", "Go-http-client/2.0"),
        ("system:serviceaccount:web:default", "okhttp/3.12"),
        ("alice", ""),
        ("", ""),
    ] {
        let who = Who { user, pod: "", address: "10.0.0.9", agent };
        log.reflector("/api/v1/pods", who, 0.0, 700.0);
    }
    let found = fleets(&log);
    let mut names: Vec<&str> = found.fleets.iter().map(|fleet| fleet.name.as_str()).collect();
    names.sort_unstable();
    let expected = [
        "alice",
        "argocd-application-controller",
        "cert-manager",
        "prometheus",
        "prometheus-other",
        "unknown",
        "web-default",
    ];
    assert_eq!(names, expected);
}

/// The open watches of the measured cluster, without its audit log.
#[test]
fn fleets_from_open_watches() {
    let mut watches = AllWatches::default();
    for (resource, wide, narrow, receivers) in [
        ("pods", 124, 0, Some(5.0)),
        ("nodes", 3, 60, Some(4.0)),
        ("services", 183, 0, None),
        ("endpointslices.discovery.k8s.io", 122, 0, None),
        ("ciliumendpoints.cilium.io", 60, 0, None),
        ("ciliumidentities.cilium.io", 60, 0, None),
        ("policyreports.wgpolicyk8s.io", 1, 0, None),
    ] {
        watches.open.insert(resource.to_owned(), OpenWatches { wide, narrow, receivers });
    }
    watches.lists.insert("pods".to_owned(), 4.0 / 63.0);
    let found = from_metrics(&watches, &Cluster { nodes: Some(60), ..Cluster::default() });
    assert_eq!(reads(named(&found, "pollers")), ["poller 16 s pods rv="]);
    let of = |name: &str| {
        let fleet = named(&found, name);
        (
            fleet.members,
            reads(fleet).join(", ").replace(" rv=0 limit 500", "").replace("reflector ", ""),
        )
    };
    assert_eq!(of("kubelet"), (60, "nodes of its node, pods of its node, services".to_owned()));
    assert_eq!(of("cilium-agent").0, 60);
    assert_eq!(of("kube-proxy"), (60, "endpointslices, services".to_owned()));
    assert_eq!(of("node-agents-1"), (60, "pods of its node".to_owned()));
    // Three watch Pods, two of them Nodes also, one everything.
    let everything = "endpointslices, nodes, pods, policyreports, services";
    assert_eq!(of("controllers-1"), (1, everything.to_owned()));
    assert_eq!(of("controllers-2"), (1, "endpointslices, nodes, pods, services".to_owned()));
    assert_eq!(of("controllers-3"), (1, "pods".to_owned()));
    assert!(found.notes[0].contains("guessed"));
    assert!(from_metrics(&AllWatches::default(), &Cluster::default()).fleets.is_empty());
}

/// Agents behind a balancer that rewrites their addresses, told apart by the nodes that they ask for.
#[test]
fn pollers_behind_one_address_are_as_many_as_their_nodes() {
    let mut log = Planted::default();
    let user = "system:serviceaccount:m:agent";
    let who = Who { user, pod: "", address: "10.2.2.2", agent: "agent/v1" };
    for round in 0..20_u32 {
        for node in 0..60_u32 {
            let uri = format!("/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-{node}");
            log.request("list", &uri, who, f64::from(round) * 30.0 + f64::from(node) / 2.0);
        }
    }
    let found = fleets(&log);
    let fleet = named(&found, "agent");
    assert_eq!(fleet.members, 60, "{}", fleet.evidence);
    assert_eq!(reads(fleet), ["poller 30 s pods of its node rv="]);
}

/// A log of one server of two that nothing else tells of: its kubelets are half of the nodes.
#[test]
fn kubelets_that_are_missing_tell_of_other_servers() {
    let mut log = Planted::default();
    for node in 0..27_u32 {
        let (user, pod) = (format!("system:node:n{node}"), format!("cilium-{node}"));
        let kubelet = Who { user: &user, pod: "", address: "10.0.0.1", agent: "kubelet/v1.31.0" };
        log.reflector("/api/v1/services", kubelet, 1.0, 900.0);
        let user = "system:serviceaccount:kube-system:cilium";
        let cilium = Who { user, pod: &pod, address: "10.0.0.2", agent: "cilium-agent/1.17" };
        log.reflector("/api/v1/pods", cilium, 1.0, 900.0);
    }
    let cluster = Cluster { nodes: Some(60), servers: Some(1), ..Cluster::default() };
    let found = from_audit(&log.audit(), "audit.log", &cluster);
    for name in ["kubelet", "cilium-agent"] {
        assert_eq!(
            (named(&found, name).members, named(&found, name).per_node),
            (60, true),
            "{name}"
        );
    }
    assert!(found.notes[0].contains("kubelets of 27 of 60 nodes"), "{:?}", found.notes);
    // More kubelets than nodes: of these some are missing.
    let few = Cluster { nodes: Some(12), ..Cluster::default() };
    let found = from_audit(&log.audit(), "audit.log", &few);
    assert!(named(&found, "kubelet").per_node && named(&found, "cilium-agent").per_node);
}

/// More fleets than are told apart: the one that costs most stays, the small ones are one together.
#[test]
fn small_fleets_are_folded_with_all_that_they_read() {
    let mut log = Planted::default();
    let inventory = "system:serviceaccount:tools:inventory";
    let poller = Who { user: inventory, pod: "", address: "10.3.3.9", agent: "python-requests/2" };
    for round in 0..40_u32 {
        log.request("list", "/api/v1/pods", poller, f64::from(round) * 15.0);
    }
    for number in 0..70_u32 {
        let user = format!("system:serviceaccount:ns{number}:operator-{number}");
        let agent = format!("op{number}/v1");
        let who = Who { user: &user, pod: "", address: "10.3.3.3", agent: &agent };
        for path in ["/api/v1/services", "/api/v1/nodes", "/apis/apps/v1/deployments"] {
            log.reflector(path, who, 5.0, 600.0);
        }
    }
    let found = fleets(&log);
    assert_eq!(reads(named(&found, "inventory")), ["poller 15 s pods rv="]);
    let others = named(&found, OTHERS);
    assert_eq!((others.members, others.reads.len(), others.idle_watches), (11, 3, 0));
    assert!(others.reads.iter().all(|read| read.selected == Selected::All), "{others:?}");
    assert!(others.share > 0.1, "{}", others.share);
}

#[test]
fn the_share_of_a_namespace_is_that_of_its_objects_where_they_are_known() {
    let mut log = Planted::default();
    let user = "system:serviceaccount:prod:agent";
    let who = Who { user, pod: "agent-1", address: "10.3.3.3", agent: "agent/v1" };
    log.reflector("/api/v1/namespaces/prod/pods", who, 5.0, 600.0);
    let selected = |cluster: Cluster<'_>| {
        let read = named(&from_audit(&log.audit(), "a", &cluster), "agent").reads[0].clone();
        (read.selected, read.share_assumed)
    };
    let known = Cluster { namespaces: Some(16), ..Cluster::default() };
    assert_eq!(selected(known), (Selected::Share(1.0 / 16.0), true));
    let shares = [(("pods".to_owned(), "prod".to_owned()), 0.95)].into();
    assert_eq!(
        selected(Cluster { shares: Some(&shares), ..known }),
        (Selected::Share(0.95), false)
    );
}

/// What lists every 15 s and also watches is both, however short the log is.
#[test]
fn a_poller_may_watch_what_it_lists() {
    let mut log = Planted::default();
    let user = "system:serviceaccount:m:ksm";
    let who = Who { user, pod: "ksm-1", address: "10.3.3.3", agent: "ksm/v2" };
    log.reflector("/api/v1/pods", who, 0.0, 150.0);
    for round in 1..10_u32 {
        log.request("list", "/api/v1/pods", who, f64::from(round) * 15.0);
    }
    let found = fleets(&log);
    let kinds = reads(named(&found, "ksm"));
    assert!(kinds.iter().any(|kind| kind.starts_with("poller 15 s pods")), "{kinds:?}");
}
