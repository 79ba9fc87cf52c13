//! Several servers, several copies, several clusters: what belongs together, and what is told apart.

use super::audit::planted::{Planted, Who};
use super::findings::Findings;
use super::tests::{OLD, POD, found};
use crate::units::Bytes;

fn replicas(found: &Findings) -> Option<u16> {
    found.replicas.as_ref().map(|replicas| replicas.value)
}

/// Of each thing passed over or skipped: its file, the beginning of what is said, and whether it costs.
fn told(found: &Findings) -> Vec<(&str, &str, bool)> {
    let one = |one: &super::findings::Skipped| one.cost.is_some();
    found.skipped.iter().map(|s| (s.file.as_str(), s.what.as_str(), one(s))).collect()
}

/// Manifests without an address are the same to the byte on every server.
#[test]
fn the_same_manifest_in_the_folders_of_three_servers_is_three_servers() {
    let files: Vec<(String, &str)> =
        (1..=3).map(|n| (format!("cp-{n}/kube-apiserver.yaml"), POD)).collect();
    let mut files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (&**name, *text)).collect();
    files.push(("metrics.txt", OLD));
    let all = found("same-manifests", &files);
    assert_eq!(replicas(&all), Some(3));
    assert_eq!(all.memory_limit().map(|limit| limit.value), Some(Bytes::gib(8)));
    assert_eq!(all.skipped, []);
    // A copy beside it is one, and so is what is beyond the control-plane nodes.
    let copies = [("cp/a.yaml", POD), ("cp/b.yaml", POD), ("metrics.txt", OLD)];
    assert_eq!(replicas(&found("copied-manifests", &copies)), Some(1));
    let node = "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"a\",\
        \"labels\":{\"node-role.kubernetes.io/control-plane\":\"\"}}}";
    files.push(("node.json", node));
    assert_eq!(replicas(&found("more-manifests", &files)), Some(1));
}

/// What the kubelet serves at `/pods` has static Pods under another uid than the API.
#[test]
fn a_static_pod_is_one_whoever_lists_it() {
    let pod = |uid: &str| {
        POD.replace("  namespace: kube-system", &format!("  namespace: kube-system\n  uid: {uid}"))
            .replace("spec:\n", "spec:\n  nodeName: cp-1\n")
    };
    let (api, kubelet) = (pod("11-aa"), pod("77ff"));
    let found = found("mirror", &[("pods.yaml", &api), ("kubelet.yaml", &kubelet), ("m.txt", OLD)]);
    assert_eq!((replicas(&found), found.servers.len()), (Some(1), 1));
    assert_eq!(found.resources["pods"].count.as_ref().map(|count| count.value), Some(30));
}

/// One Pod of three was saved: the nodes say that there are more.
#[test]
fn a_part_of_the_pods_is_not_all_servers() {
    let node = |name: &str| {
        format!(
            "{{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{{\"name\":\"{name}\",\
             \"labels\":{{\"node-role.kubernetes.io/control-plane\":\"\"}}}}}}"
        )
    };
    let nodes = ["a", "b", "c"].map(node).join(",");
    let nodes = format!("{{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{nodes}]}}");
    let pod = POD.replace("spec:\n", "spec:\n  nodeName: a\n");
    let found = found("one-pod", &[("pod.yaml", &pod), ("nodes.json", &nodes), ("m.txt", OLD)]);
    assert_eq!(replicas(&found), Some(3));
}

/// One scrape of a server that has seen an installation: 30 Pods were created, and each written twice.
#[test]
fn objects_that_are_there_are_not_created_again_and_again() {
    let wrote = |verb: &str, resource: &str, count: u32| {
        format!(
            "apiserver_request_total{{code=\"201\",dry_run=\"\",group=\"\",resource=\"{resource}\",\
             subresource=\"\",verb=\"{verb}\"}} {count}\n"
        )
    };
    let changes = "apiserver_storage_events_received_total{resource=\"pods\"} 90\n\
        apiserver_storage_events_received_total{resource=\"services\"} 7\n";
    let events = "apiserver_storage_objects{resource=\"events\"} 500\n";
    let own = wrote("POST", "pods", 30) + &wrote("POST", "services", 7);
    let text = OLD.to_owned() + changes + events + &own + &wrote("POST", "events", 500);
    let found = found("created", &[("metrics.txt", &text)]);
    let writes = |key: &str| found.resources[key].writes.as_ref().map(|writes| writes.value);
    // Events come and go: those that are there are as many as come in an hour.
    assert_eq!(
        (writes("pods"), writes("services"), writes("events")),
        (Some(0.6), None, Some(5.0))
    );
    let source = &found.resources["pods"].writes.as_ref().expect("writes").source.what;
    assert!(source.contains("since the start, less the creation of what is there"), "{source}");
}

#[test]
fn files_of_another_cluster_are_told() {
    let node = |i: u32| {
        format!("{{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{{\"name\":\"n{i}\"}}}}")
    };
    let nodes: Vec<String> = (0..240).map(node).collect();
    let nodes =
        format!("{{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{}]}}", nodes.join(","));
    let mut log = Planted::default();
    let who = Who { user: "u", pod: "", address: "10.0.0.1", agent: "a" };
    for second in 0..10 {
        log.request("list", "/api/v1/pods", who, f64::from(second) * 10.0);
    }
    // Two months before the log was written.
    let metrics = OLD.replace("start_time_seconds 1000", "start_time_seconds 1773000000");
    let files = [("metrics.txt", &*metrics), ("nodes.json", &nodes), ("audit.log", &log.text())];
    let found = found("another", &files);
    assert_eq!(
        told(&found),
        [
            ("nodes.json", "240 nodes, metrics.txt says 3: the larger is taken", true),
            ("audit.log", "is 65 days away from metrics.txt", true)
        ]
    );
}

/// A young server says 0 of what it has not counted; that is no other cluster.
#[test]
fn what_a_young_server_has_not_counted_is_in_the_files() {
    let young = OLD.replace("\"services\"} 7", "\"services\"} 0");
    let services = "apiVersion: v1\nkind: ServiceList\nitems:\n- metadata: {name: a}\n";
    let found = found("not-counted", &[("metrics.txt", &young), ("services.yaml", services)]);
    assert_eq!(found.resources["services"].count.as_ref().map(|count| count.value), Some(1));
    let told = told(&found);
    assert!(
        matches!(told[..], [("metrics.txt", what, false)] if what.contains("young")),
        "{told:?}"
    );
}

/// The image that made a must-gather is in the name of its folder; most of its lists are empty.
#[test]
fn long_folders_are_left_out_and_copies_are_summed_up() {
    let folder = format!("must-gather/quay-io-image-sha256-{}/", "5".repeat(64));
    let empty = "apiVersion: v1\nkind: PodList\nitems: []\n";
    let files: Vec<(String, &str)> = (10..30)
        .map(|n| (format!("{folder}namespaces/{n}/pods.yaml"), empty))
        .chain([(format!("{folder}metrics.txt"), OLD), ("must-gather/log".to_owned(), "hi")])
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (&**name, *text)).collect();
    let found = found("long-folders", &files);
    let names: Vec<&str> = found.read.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["metrics.txt", "namespaces/10/pods.yaml"]);
    assert_eq!(found.skipped.len(), 6);
    let (file, what, _) = told(&found)[0];
    let first = "the same as namespaces/10/pods.yaml: used once";
    assert_eq!((file, what), ("namespaces/11/pods.yaml", first));
    assert!(found.skipped[4].what.ends_with("so are 14 more files"), "{:?}", found.skipped[4]);
}

/// Whether a client asks for JSON is in no log; what it selects is in the scenario as it was seen.
#[test]
fn unknown_agents_are_taken_for_json_and_selectors_are_shown() {
    let mut log = Planted::default();
    let agents = ["ledger/v0.1 (linux/amd64)", "kube-scheduler/v1.30.1 (linux/amd64)", "curl/8.1"];
    let paths = ["/api/v1/pods?labelSelector=app%3Dx", "/api/v1/pods", "/api/v1/namespaces/a/pods"];
    for ((agent, path), user) in agents.into_iter().zip(paths).zip(["a", "b", "c"]) {
        log.reflector(path, Who { user, pod: "", address: "10.0.0.1", agent }, 1.0, 300.0);
    }
    let found = found("encodings", &[("metrics.txt", OLD), ("audit.log", &log.text())]);
    let names = super::write::Names { scenario: "a".into(), manifest: "a.json".into() };
    let text = super::write::scenario(&found, &names);
    crate::scenario::load("a.toml", text.as_bytes(), &[]).expect("valid");
    let read = |user: &str| {
        let mut lines = text.lines().filter(|line| line.starts_with("reflectors.pods"));
        let source = format!("# requests of {user}, audit.log");
        lines.find(|line| line.contains(&source)).unwrap_or_else(|| panic!("{source}:\n{text}"))
    };
    assert!(read("a").contains("encoding = \"json\"") && read("a").ends_with("; selects app=x"));
    assert!(!read("b").contains("encoding") && read("b").ends_with(", audit.log"), "{}", read("b"));
    assert!(read("c").contains("; in namespace a, its share of all is assumed"), "{}", read("c"));
    let told: Vec<&str> = found.assumed.iter().map(|one| one.what.as_str()).collect();
    let expected = "encoding of ledger: JSON, as client-go asks for unless told otherwise";
    assert!(told.contains(&expected), "{told:?}");
}

/// Components watch and write protobuf: there what crosses the API is no larger than what is stored.
#[test]
fn leases_tell_whether_sizes_are_of_protobuf() {
    let metrics = |lease: u32| {
        format!(
            "{OLD}apiserver_storage_objects{{resource=\"leases.coordination.k8s.io\"}} 4\n\
             apiserver_request_body_size_bytes_sum{{resource=\"leases.coordination.k8s.io\",verb=\"update\"}} 11000\n\
             apiserver_request_body_size_bytes_count{{resource=\"leases.coordination.k8s.io\",verb=\"update\"}} 20\n\
             apiserver_watch_events_sizes_sum{{group=\"coordination.k8s.io\",kind=\"Lease\",version=\"v1\"}} {}\n\
             apiserver_watch_events_sizes_count{{group=\"coordination.k8s.io\",kind=\"Lease\",version=\"v1\"}} 100\n",
            lease * 100
        )
    };
    let stored = |test: &str, lease: u32| {
        let found = found(test, &[("metrics.txt", &metrics(lease))]);
        let told = |what: &str| found.assumed.iter().any(|one| one.what.starts_with(what));
        assert!(told("sizes of deployments.apps, leases.coordination.k8s.io: estimated"));
        found.resources["deployments.apps"].size.as_ref().map(|size| size.value)
    };
    assert_eq!(stored("protobuf", 480), Some(Bytes(3_000)));
    assert_eq!(stored("json", 750), Some(Bytes(2_333)));
}
