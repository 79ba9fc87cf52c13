//! Whole folders of small files, in the forms of other releases and distributions.

use std::fmt::Write;
use std::path::PathBuf;

use super::findings::Findings;
use super::{import, write};
use crate::units::{Bytes, SimSpan};

/// What is found in a folder with these files.
pub(super) fn found(test: &str, files: &[(&str, &str)]) -> Findings {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/tmp/cluster").join(test);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("creates");
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("creates");
        std::fs::write(path, text).expect("writes");
    }
    import(&[folder])
}

/// A server of 1.30 under another distribution: objects without a group of their own, no sizes.
pub(super) const OLD: &str = "\
# HELP kubernetes_build_info Build.\r
kubernetes_build_info{git_version=\"v1.30.4-eks-a737599\",minor=\"30+\"} 1\r
process_start_time_seconds 1000\r
process_resident_memory_bytes 5e8\r
apiserver_storage_objects{resource=\"pods\"} 30\r
apiserver_storage_objects{resource=\"nodes\"} 3\r
apiserver_storage_objects{resource=\"deployments.apps\"} 12\r
apiserver_storage_objects{resource=\"secrets\"} -1\r
apiserver_storage_objects{resource=\"services.serving.knative.dev\"} 5\r
apiserver_storage_objects{resource=\"services\"} 7\r
apiserver_flowcontrol_read_vs_write_current_requests_count{phase=\"executing\"} 1e11\r
apiserver_request_total{code=\"200\",dry_run=\"\",group=\"\",resource=\"pods\",subresource=\"status\",verb=\"PATCH\"} 40\r
apiserver_request_total{code=\"201\",dry_run=\"\",group=\"\",resource=\"pods\",subresource=\"exec\",verb=\"POST\"} 40\r
apiserver_request_total{code=\"409\",dry_run=\"\",group=\"\",resource=\"pods\",subresource=\"\",verb=\"PUT\"} 40\r
apiserver_request_total{code=\"200\",dry_run=\"All\",group=\"\",resource=\"pods\",subresource=\"\",verb=\"PUT\"} 40\r
apiserver_watch_events_sizes_sum{group=\"apps\",kind=\"Deployment\",version=\"v1\"} 304000\r
apiserver_watch_events_sizes_count{group=\"apps\",kind=\"Deployment\",version=\"v1\"} 100\r
kubernetes_feature_enabled{name=\"ConsistentListFromCache\",stage=\"ALPHA\"} 1\r
";

#[test]
fn an_older_release_is_read_by_its_own_names() {
    let second = OLD.replace("start_time_seconds 1000", "start_time_seconds 1009");
    let found = found("old", &[("metrics-0.txt", OLD), ("metrics-1.txt", &second)]);
    assert_eq!(found.release.as_ref().map(|release| release.value.minor), Some(30));
    assert_eq!(found.replicas.as_ref().map(|replicas| replicas.value), Some(2));
    let count = |key: &str| found.resources[key].count.as_ref().map(|count| count.value);
    assert_eq!((count("pods"), count("deployments.apps")), (Some(30), Some(12)));
    assert!(found.resources.get("secrets").is_none_or(|secrets| secrets.count.is_none()));
    // 40 successful requests in 100 s on each of two servers.
    let writes = found.resources["pods"].writes.as_ref().map(|writes| writes.value);
    assert_eq!(writes, Some(0.8));
    let json = found.resources["deployments.apps"].json_size.as_ref().map(|json| json.value);
    assert_eq!(json, Some(Bytes(3_000)));
    assert_eq!(found.gates.get("ConsistentListFromCache").map(|gate| gate.value), Some(true));
    let names = write::names(&found);
    assert_eq!(names["services"], "services");
    assert_eq!(names["services.serving.knative.dev"], "services.serving.knative.dev");
}

#[test]
fn servers_of_several_clusters_are_told() {
    let other = OLD.replace("v1.30.4", "v1.31.0").replace("time_seconds 1000", "time_seconds 9");
    let other = other.replace("\"pods\"} 30", "\"pods\"} 9000");
    let found = found("mixed", &[("metrics-0.txt", OLD), ("metrics-1.txt", &other)]);
    let told: Vec<&str> = found.skipped.iter().map(|one| one.what.as_str()).collect();
    assert_eq!(
        told,
        ["of another release than metrics-0.txt", "stores 9027 objects, metrics-0.txt 57"]
    );
}

#[test]
fn a_file_of_two_scrapes_is_two_servers() {
    let both = OLD.to_owned() + &OLD.replace("start_time_seconds 1000", "start_time_seconds 1009");
    let found = found("both", &[("metrics.txt", &both)]);
    assert_eq!(found.replicas.map(|replicas| replicas.value), Some(2));
}

pub(super) const POD: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: kube-apiserver-cp-1
  namespace: kube-system
spec:
  containers:
  - name: kube-apiserver
    command: [kube-apiserver, --etcd-servers=https://127.0.0.1:2379, --max-requests-inflight=800]
    args:
    - --feature-gates=WatchList=true,Unknown=true
    - --goaway-chance
    - \"0.001\"
    env:
    - {name: GOGC, value: \"50\"}
    - name: GOMEMLIMIT
      valueFrom: {resourceFieldRef: {resource: limits.memory}}
    resources:
      limits: {memory: 8Gi, cpu: 3500m}
    livenessProbe: {httpGet: {path: /livez}}
";

#[test]
fn a_static_manifest_tells_flags_environment_and_limits() {
    let version = "{\"major\":\"1\",\"minor\":\"33\",\"gitVersion\":\"v1.33.2+rke2r1\"}";
    let pods = "apiVersion: v1\nkind: List\nitems: []\n";
    let metrics = OLD.replace("v1.30.4-eks-a737599", "v1.33.2+rke2r1");
    let files = [
        ("kube-apiserver.yaml", POD),
        ("version.json", version),
        ("empty.yaml", pods),
        ("metrics-0.txt", &metrics),
    ];
    let found = found("static", &files);
    assert_eq!(found.release.as_ref().map(|release| release.value.minor), Some(33));
    let server = &found.servers[0];
    assert_eq!(server.memory_limit.as_ref().map(|limit| limit.value), Some(Bytes::gib(8)));
    assert_eq!(server.cpu_limit.as_ref().map(|limit| limit.value), Some(3.5));
    assert_eq!(server.gogc.as_ref().and_then(|gogc| gogc.value), Some(50));
    assert_eq!(server.gomemlimit.as_ref().and_then(|limit| limit.value), Some(Bytes::gib(8)));
    assert_eq!(server.probes.as_ref().map(|probes| probes.value), Some(true));
    assert_eq!(found.inflight.as_ref().map(|inflight| inflight.value), Some((800, 200)));
    assert_eq!(found.nodes.etcd_beside.as_ref().map(|beside| beside.value), Some(true));
    let names = write::Names { scenario: "a".into(), manifest: "a.json".into() };
    let text = write::scenario(&found, &names);
    let scenario = crate::scenario::load("a.toml", text.as_bytes(), &[]).expect("valid");
    assert_eq!(scenario.inputs.apiserver.gogc, Some(50));
    assert!(scenario.inputs.apiserver.livez_etcd);
    // A platform that probes without etcd, and lets it take longer.
    let platform = POD
        .replace("path: /livez", "path: \"livez?exclude=etcd\"")
        .replace("--max-requests-inflight=800", "--etcd-healthcheck-timeout=9s");
    let text = write::scenario(
        &super::tests::found(
            "static-platform",
            &[("kube-apiserver.yaml", &platform), ("metrics-0.txt", &metrics)],
        ),
        &names,
    );
    let scenario = crate::scenario::load("a.toml", text.as_bytes(), &[]).expect("valid");
    assert!(!scenario.inputs.apiserver.livez_etcd);
    assert_eq!(scenario.inputs.apiserver.etcd_healthcheck_timeout, SimSpan::secs(9));
}

#[test]
fn lists_of_kubectl_are_counted_and_weighed_in_both_forms() {
    let object = |i: u32| {
        format!(
            "{{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{{\"name\":\"s{i}\",\"managedFields\":[]}}}}"
        )
    };
    let json = format!(
        "{{\"apiVersion\":\"v1\",\"items\":[{},{}],\"kind\":\"List\",\"metadata\":{{\"remainingItemCount\":8}}}}",
        object(1),
        object(2)
    );
    let yaml = "\
apiVersion: v1
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: a, managedFields: []}
  data:
    text: |
      - not an item
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: b, managedFields: []}
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: b, managedFields: []}
- {broken: [here
kind: List
";
    let found = found("lists", &[("secrets.json", &json), ("configmaps.yaml", yaml)]);
    let count = |key: &str| found.resources[key].count.as_ref().map(|count| count.value);
    assert_eq!((count("secrets"), count("configmaps")), (Some(10), Some(2)));
    let size = found.resources["secrets"].json_size.as_ref().map(|size| size.value);
    assert_eq!(size, Some(Bytes(object(1).len() as u64)));
    let places: Vec<_> = found.skipped.iter().map(|one| (one.file.as_str(), one.line)).collect();
    assert_eq!(places, [("configmaps.yaml", Some(16))]);
}

#[test]
fn a_family_in_two_places_is_one_scrape() {
    let (head, pods) =
        ("apiserver_storage_objects{resource=\"pods\"} 30\r\n", "objects{resource=\"pods\"}");
    let apart = OLD.replace(head, "") + head;
    assert!(apart.contains(pods));
    let found = found("apart", &[("metrics.txt", &apart)]);
    assert_eq!(found.replicas.map(|replicas| replicas.value), Some(1));
    assert_eq!(found.resources["pods"].count.as_ref().map(|count| count.value), Some(30));
}

/// What a database of a monitoring system has of two servers, by two replicas of it, 60 s apart.
#[test]
fn samples_of_a_monitoring_system_go_by_their_times() {
    let mut text = String::new();
    for (server, start) in [("10.0.0.1:6443", 1000), ("10.0.0.2:6443", 1500)] {
        for replica in ["a", "b"] {
            let labels =
                format!("job=\"apiserver\",instance=\"{server}\",prometheus_replica=\"{replica}\"");
            for (at, count) in [(5000.25, 100), (5030.25, 130), (5060.25, 160)] {
                let _ = write!(
                    text,
                    "process_start_time_seconds{{{labels}}} {start} {at}\n\
                     apiserver_storage_objects{{{labels},resource=\"pods\"}} 50 {at}\n\
                     apiserver_request_total{{{labels},verb=\"PUT\",code=\"200\",resource=\"pods\"}} \
                     {count} {at}\n"
                );
            }
        }
    }
    text +=
        "process_start_time_seconds{job=\"node\",instance=\"10.0.0.9:9100\"} 1 5000.25\n# EOF\n";
    let found = found("dump", &[("dump.openmetrics", &text)]);
    assert_eq!(found.skipped, []);
    assert_eq!(found.replicas.as_ref().map(|replicas| replicas.value), Some(2));
    let writes = found.resources["pods"].writes.as_ref().map(|writes| writes.value);
    assert_eq!(writes, Some(2.0));
}

/// Levels of which `exempt` is not exported, and of a server with other limits.
#[test]
fn seats_tell_the_limits_of_a_server() {
    let seats = |upper: &str| {
        let level = |name: &str, seats: u32| {
            format!(
                "apiserver_flowcontrol_nominal_limit_seats{{priority_level=\"{name}\"}} {seats}\n"
            )
        };
        let text = OLD.to_owned() + &level("catch-all", 80) + &level("system", 3921) + upper;
        let found = found("seats", &[("metrics.txt", &text)]);
        found.inflight.map(|inflight| inflight.value)
    };
    assert_eq!(seats(""), Some((3000, 1000)));
    let upper = "apiserver_flowcontrol_upper_limit_seats{priority_level=\"catch-all\"} 1980\n";
    assert_eq!(seats(upper), Some((1267, 633)));
}

const LEASE: &str = r#"{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"apiserver-NAME","namespace":"kube-system","labels":{"apiserver.kubernetes.io/identity":"kube-apiserver"}},"spec":{"renewTime":"2026-05-12T10:TIME:00.000000Z"}}"#;

/// Three servers by their leases, a fourth that is gone; metrics of one of them, and of etcd.
#[test]
fn one_of_three_servers_stands_for_all() {
    let leases: Vec<String> = [("a", "30"), ("b", "30"), ("c", "31"), ("gone", "05")]
        .iter()
        .map(|(name, time)| LEASE.replace("NAME", name).replace("TIME", time))
        .collect();
    let leases =
        format!("{{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{}]}}", leases.join(","));
    let watches =
        "apiserver_longrunning_requests{resource=\"pods\",scope=\"cluster\",verb=\"WATCH\"} 20\n";
    let etcd = "etcd_server_has_leader 1\nprocess_resident_memory_bytes 3e8\nprocess_start_time_seconds 7\n";
    let files = [
        ("metrics.txt", &*(OLD.to_owned() + watches)),
        ("leases.json", &leases),
        ("etcd.txt", etcd),
        ("README.md", "# Notes\n\nOf our cluster.\n"),
        ("kubelet.txt", "kubelet_running_pods 3\n"),
    ];
    let found = found("one-of-three", &files);
    assert!(found.skipped.iter().all(|one| one.cost.is_none()), "{:?}", found.skipped);
    assert_eq!(found.skipped.len(), 2);
    assert_eq!(found.replicas.as_ref().map(|replicas| replicas.value), Some(3));
    assert_eq!(found.resources["pods"].watches.as_ref().map(|watches| watches.value), Some(60));
    assert_eq!(found.nodes.etcd_memory.as_ref().map(|bytes| bytes.value), Some(Bytes(300_000_000)));
    assert!(
        found.assumed.iter().any(|one| one.what.contains("metrics of 1")),
        "{:?}",
        found.assumed
    );
}

#[test]
fn the_watch_cache_of_a_resource_can_be_off() {
    let pod = POD.replace("--etcd-servers", "--watch-cache-sizes=pods#0,nodes#500, --etcd-servers");
    let found = found("sizes", &[("kube-apiserver.yaml", &pod), ("metrics.txt", OLD)]);
    let cached = |key: &str| found.resources[key].watch_cache.as_ref().map(|cached| cached.value);
    assert_eq!((cached("pods"), cached("nodes")), (Some(false), None));
}

/// Sizes of all Pods where only those of the control plane are in the files.
#[test]
fn a_handful_of_objects_does_not_stand_for_all() {
    let metrics = OLD.replace("\"pods\"} 30", "\"pods\"} 2400")
        + "apiserver_watch_events_sizes_sum{group=\"\",kind=\"Pod\",version=\"v1\"} 504000\n\
           apiserver_watch_events_sizes_count{group=\"\",kind=\"Pod\",version=\"v1\"} 100\n";
    let json = |name, files: &[(&str, &str)]| {
        let found = found(name, files);
        (found.resources["pods"].json_size.as_ref().map(|size| size.value), found)
    };
    let both = [("kube-apiserver.yaml", POD), ("metrics.txt", &metrics)];
    assert_eq!(json("handful", &both).0, Some(Bytes(5_000)));
    // Where nothing else tells the size it is taken, and said.
    let pods = OLD.replace("\"pods\"} 30", "\"pods\"} 2400");
    let (_, found) = json("handful-alone", &[("kube-apiserver.yaml", POD), ("metrics.txt", &pods)]);
    assert!(found.assumed.iter().any(|one| one.what.contains("2400 is taken for that of a few")));
    // JSON that is less than what is stored is of other objects.
    let stored = "apiserver_resource_objects{group=\"\",resource=\"secrets\"} 2\n\
                  apiserver_resource_size_estimate_bytes{group=\"\",resource=\"secrets\"} 8000\n";
    let secrets: Vec<String> = (0..2)
        .map(|i| format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s{i}}}\n---\n"))
        .collect();
    let files = [("secrets.yaml", &*secrets.concat()), ("metrics.txt", &(OLD.to_owned() + stored))];
    let found = self::found("less-than-stored", &files);
    let size = found.resources["secrets"].json_size.as_ref().map(|size| size.value.0);
    assert!(size.is_some_and(|size| size > 4_000), "{size:?}");
    assert!(found.skipped.iter().any(|one| one.what.contains("not the same")));
}

/// A limit in plain bytes, of the middle one of three servers, each with its own manifest.
#[test]
fn the_tightest_of_several_manifests_counts_in_any_form_of_its_quantities() {
    let pod = |memory: &str| {
        POD.replace("memory: 8Gi, cpu: 3500m", &format!("memory: {memory}, cpu: 1.5"))
    };
    let manifests = [pod("16Gi"), pod("\"8589934592\""), pod("1.6e10")];
    let files = [
        ("m1/kube-apiserver.yaml", &*manifests[0]),
        ("m2/kube-apiserver.yaml", &manifests[1]),
        ("m3/kube-apiserver.yaml", &manifests[2]),
        ("metrics.txt", OLD),
    ];
    let found = found("manifests", &files);
    assert_eq!(found.replicas.as_ref().map(|replicas| replicas.value), Some(3));
    assert_eq!(found.memory_limit().map(|limit| limit.value), Some(Bytes::gib(8)));
    assert_eq!(found.gomemlimit().map(|limit| limit.value), Some(Bytes::gib(8)));
    assert_eq!(found.cpu_limit().map(|limit| limit.value), Some(1.5));
    assert!(found.assumed.iter().any(|one| one.what.contains("servers have")));
}

#[test]
fn flow_control_that_is_off_is_off_and_what_is_assumed_is_told() {
    let pod = POD
        .replace("--goaway-chance", "--enable-priority-and-fairness=false\n    - --goaway-chance");
    let found = found("apf-off", &[("kube-apiserver.yaml", &pod), ("metrics.txt", OLD)]);
    let names = write::Names { scenario: "a".into(), manifest: "a.json".into() };
    let text = write::scenario(&found, &names);
    assert!(text.contains("[apf]\nenabled = false # --enable-priority-and-fairness"), "{text}");
    let told: Vec<String> = write::assumed(&text).into_iter().map(|one| one.what).collect();
    assert!(told.contains(&"node: memory = \"64GiB\"".to_owned()), "{told:?}");
    assert!(
        told.iter().any(|one| one.starts_with("objects.") && one.contains("size = ")),
        "{told:?}"
    );
}

/// A list whose head says the kind of its items, as `kubectl get --raw` has it, as YAML.
#[test]
fn items_without_a_kind_have_that_of_their_list() {
    let list = "kind: SecretList\napiVersion: v1\nmetadata: {remainingItemCount: 3}\nitems:\n\
                - metadata: {name: a}\n- metadata: {name: b}\n";
    let found = found("headed", &[("secrets.yaml", list)]);
    assert_eq!(found.resources["secrets"].count.as_ref().map(|count| count.value), Some(5));
}

/// A young server that has counted little yet, a list of Nodes that breaks off, an extension server.
#[test]
fn the_larger_of_several_counts_is_taken_and_told() {
    let young = OLD.replace("start_time_seconds 1000", "start_time_seconds 1009");
    let young = young.replace("\"pods\"} 30", "\"pods\"} 0");
    let node = "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"a\"}}";
    let extension = "apiserver_request_total{verb=\"GET\",code=\"200\"} 3\n\
        apiserver_flowcontrol_read_vs_write_current_requests_count{phase=\"executing\"} 1e11\n\
        apiserver_flowcontrol_nominal_limit_seats{priority_level=\"system\"} 3\n\
        process_start_time_seconds 7\n";
    let files = [
        ("metrics-0.txt", &*young),
        ("metrics-1.txt", OLD),
        ("node.json", node),
        ("metrics-server.txt", extension),
    ];
    let found = found("young", &files);
    assert_eq!(found.replicas.as_ref().map(|replicas| replicas.value), Some(2));
    assert_eq!(found.resources["pods"].count.as_ref().map(|count| count.value), Some(30));
    assert_eq!(found.nodes.count.as_ref().map(|count| count.value), Some(3));
    let told: Vec<(&str, bool)> =
        found.skipped.iter().map(|one| (one.file.as_str(), one.cost.is_some())).collect();
    let expected = [("metrics-server.txt", false), ("node.json", false), ("metrics-1.txt", false)];
    assert_eq!(told, expected, "{:?}", found.skipped);
}

/// Lists of tools that sort keys: items, which have no kind, come before the kind of their list.
#[test]
fn a_list_may_say_its_kind_after_its_items() {
    let yaml =
        "apiVersion: v1\nitems:\n- metadata: {name: a}\n- metadata: {name: b}\nkind: SecretList\n";
    let json = "{\"apiVersion\":\"v1\",\"items\":[{\"metadata\":{\"name\":\"a\"}}],\"kind\": \"ConfigMapList\"}";
    let none = "{\"apiVersion\":\"v1\",\"items\":[{\"metadata\":{\"name\":\"a\"}}]}";
    let files = [("secrets.yaml", yaml), ("configmaps.json", json), ("none.json", none)];
    let found = found("kind-after", &files);
    let count = |key: &str| found.resources[key].count.as_ref().map(|count| count.value);
    assert_eq!((count("secrets"), count("configmaps")), (Some(2), Some(1)));
    assert!(found.skipped.iter().any(|one| one.file == "none.json" && one.cost.is_some()));
}

/// Windows PowerShell writes what it redirects so.
#[test]
fn utf16_is_named() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/tmp/cluster/utf16");
    std::fs::create_dir_all(&folder).expect("creates");
    let text: Vec<u8> = OLD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(folder.join("metrics.txt"), [&[0xff, 0xfe][..], &text].concat())
        .expect("writes");
    let found = import(&[folder]);
    assert!(found.skipped[0].what.starts_with("UTF-16") && found.skipped[0].cost.is_some());
}
