//! A must-gather of `OpenShift`: its folders, with what `oc adm inspect`, `gather_etcd`,
//! `gather_priority_and_fairness` and `gather_audit_logs` (openshift/must-gather) leave in them.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::findings::Findings;
use super::{import, write};
use crate::units::Bytes;

const NODE: &str = "\
---
apiVersion: v1
kind: Node
metadata:
  name: NAME
  uid: uid-NAME
  labels:
    node-role.kubernetes.io/ROLE: \"\"
status:
  capacity: {cpu: \"8\", memory: 32895204Ki, pods: \"250\"}
  nodeInfo: {kubeletVersion: v1.29.6+aba1e8d}
";

const POD: &str = "
  apiVersion: v1
  kind: Pod
  metadata:
    name: kube-apiserver-NAME
    namespace: openshift-kube-apiserver
    uid: pod-NAME
    labels: {apiserver: \"true\", app: openshift-kube-apiserver}
  spec:
    nodeName: NAME
    containers:
    - name: kube-apiserver
      command: [/bin/bash, -ec]
      args:
      - |
        exec watch-termination --termination-touch-file=/var/log/kube-apiserver/.terminating -- \\
          hyperkube kube-apiserver --openshift-config=/etc/config/config.yaml -v=2 --permit-address-sharing
      env:
      - {name: GOGC, value: \"63\"}
      resources: {requests: {cpu: 265m, memory: 1Gi}}
      livenessProbe: {httpGet: {path: livez}}
    - name: kube-apiserver-check-endpoints
";

const CONFIG: &str = r#"---
apiVersion: v1
kind: ConfigMapList
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: config-11, namespace: openshift-kube-apiserver, uid: c11}
  data:
    config.yaml: '{"apiServerArguments":{"max-requests-inflight":["1"]}}'
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: config, namespace: openshift-kube-apiserver, uid: c}
  data:
    config.yaml: '{"apiServerArguments":{"max-requests-inflight":["3000"],"max-mutating-requests-inflight":["1000"],"shutdown-delay-duration":["70s"],"goaway-chance":["0"],"etcd-servers":["https://10.0.0.1:2379","https://localhost:2379"],"feature-gates":["StreamingCollectionEncodingToJSON=true","Other=false"]}}'
"#;

/// As `gather_etcd` prints them: keys of Services are those of Endpoints, too.
const COUNTS: &str = r#"{"etcd_resources":[
{"object_count":"4321","object_name":"/kubernetes.io/pods","object_size":"28M"},
{"object_count":"4","object_name":"/kubernetes.io/minions","object_size":"2.4M"},
{"object_count":"900","object_name":"/kubernetes.io/services","object_size":"1.1M"},
{"object_count":"212","object_name":"/kubernetes.io/apiextensions.k8s.io","object_size":"9.9M"},
{"object_count":"200","object_name":"/kubernetes.io/operators.coreos.com","object_size":"90M"},
{"object_count":"77","object_name":"/openshift.io/images","object_size":"812"}]}"#;

const FLOW: &str = "\
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: openshift-oauth-apiserver, uid: f}
spec:
  matchingPrecedence: 1000
  priorityLevelConfiguration: {name: workload-high}
  rules: []
";

fn event(id: &str, user: &str, second: u32) -> String {
    format!(
        r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"{id}","stage":"ResponseComplete","requestURI":"/api/v1/secrets","verb":"list","user":{{"username":"{user}"}},"sourceIPs":["10.0.0.7"],"userAgent":"op/v1","objectRef":{{"resource":"secrets","apiVersion":"v1"}},"responseStatus":{{"code":200}},"requestReceivedTimestamp":"2026-05-12T10:0{}:{:02}.1Z","stageTimestamp":"2026-05-12T10:0{}:{:02}.2Z"}}
"#,
        second / 60,
        second % 60,
        second / 60,
        second % 60
    )
}

fn put(folder: &Path, name: &str, text: &str) {
    let path = folder.join("must-gather.local.1/quay-io-sha256-2/").join(name);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("creates");
    let bytes = text.as_bytes();
    if path.extension().is_some_and(|ending| ending == "gz") {
        let file = std::fs::File::create(path).expect("creates");
        let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        packed.write_all(bytes).expect("writes");
        packed.finish().expect("writes");
    } else {
        std::fs::write(path, bytes).expect("writes");
    }
}

fn gathered() -> Findings {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/tmp/cluster/must-gather");
    let _ = std::fs::remove_dir_all(&folder);
    let pods = "namespaces/openshift-kube-apiserver/pods";
    let masters = ["master-0", "master-1", "master-2"];
    let mut list = "---\napiVersion: v1\nitems:\n".to_owned();
    for name in masters {
        let node = NODE.replace("NAME", name).replace("ROLE", "master");
        put(&folder, &format!("cluster-scoped-resources/core/nodes/{name}.yaml"), &node);
        let pod = POD.replace("NAME", name);
        list += &pod.trim_start_matches('\n').replacen("  api", "- api", 1);
        // Once more by itself, with its logs, its metrics and the state of flow control.
        let alone: String =
            pod.lines().map(|l| l.strip_prefix("  ").unwrap_or(l).to_owned() + "\n").collect();
        let at = format!("{pods}/kube-apiserver-{name}");
        put(&folder, &format!("{at}/kube-apiserver-{name}.yaml"), &format!("---\n{alone}"));
        let inside = format!("{at}/kube-apiserver/kube-apiserver");
        put(
            &folder,
            &format!("{inside}/logs/current.log"),
            &format!("I0512 10:00:00 {name} started 1\n"),
        );
        put(
            &folder,
            &format!("{inside}/api_priority_and_fairness/priority_levels"),
            "PriorityLevelName, A\n",
        );
        let log: String = (0..40)
            .map(|round| {
                event(&format!("{name}-{round}"), "system:serviceaccount:a:op", round * 10)
            })
            .collect();
        if name == "master-1" {
            put(&folder, &format!("audit_logs/kube-apiserver/{name}-audit.log.gz"), &log);
            // What is asked of an aggregated server is in the log of the kube-apiserver, too.
            put(
                &folder,
                &format!("audit_logs/openshift-apiserver/{name}-audit.log.gz"),
                &log.replace("op/v1", "x/v1"),
            );
        }
    }
    let worker = NODE.replace("NAME", "worker-0").replace("ROLE", "worker");
    put(&folder, "cluster-scoped-resources/core/nodes/worker-0.yaml", &worker);
    list += "kind: PodList\nmetadata: {}\n";
    put(&folder, "namespaces/openshift-kube-apiserver/core/pods.yaml", &list);
    put(&folder, "namespaces/openshift-kube-apiserver/core/configmaps.yaml", CONFIG);
    let etcd = "apiVersion: v1\nkind: Pod\nmetadata: {name: etcd-0, namespace: openshift-etcd}\nspec: {containers: [{name: etcd}]}\n";
    put(&folder, "namespaces/openshift-etcd/pods/etcd-0/etcd-0.yaml", etcd);
    let hosted = POD.replace("NAME", "guest").replace("openshift-kube-apiserver", "clusters-guest");
    put(&folder, "namespaces/clusters-guest/core/pods.yaml", &hosted.replace("\n  ", "\n"));
    put(&folder, "cluster-scoped-resources/flowcontrol.apiserver.k8s.io/flowschemas/o.yaml", FLOW);
    put(&folder, "etcd_info/object_count.json", COUNTS);
    put(
        &folder,
        "etcd_info/endpoint_status.json",
        r#"[{"Endpoint":"https://10.0.0.1:2379","Status":{"dbSize":123456789}}]"#,
    );
    put(&folder, "etcd_info/member_list.json", r#"{"header":{"member_id":1},"members":[]}"#);
    put(
        &folder,
        "monitoring/prometheus/prometheus-k8s-0/status/tsdb.json",
        r#"{"status":"success","data":{"headStats":{}}}"#,
    );
    put(&folder, "version", "openshift/must-gather\n4.16.3-202407\n");
    put(&folder, "event-filter.html", "<html></html>\n");
    put(&folder, "audit_logs/kube-apiserver.audit_logs_listing", "master-1 audit.log\n");
    import(&[folder])
}

#[test]
fn a_must_gather_is_read_as_it_is() {
    let found = gathered();
    let lost: Vec<_> = found.skipped.iter().filter(|one| one.cost.is_some()).collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert_eq!(found.release.as_ref().map(|release| release.value.minor), Some(29));
    assert_eq!(found.replicas.as_ref().map(|replicas| replicas.value), Some(3));
    assert_eq!(found.inflight.as_ref().map(|inflight| inflight.value), Some((3000, 1000)));
    assert_eq!(found.database.as_ref().map(|size| size.value), Some(Bytes(123_456_789)));
    assert_eq!(found.nodes.etcd_beside.as_ref().map(|beside| beside.value), Some(true));
    assert_eq!(found.nodes.count.as_ref().map(|nodes| nodes.value), Some(4));
    let resource = |key: &str| {
        let resource = &found.resources[key];
        let size = resource.size.as_ref().map(|size| size.value);
        (resource.count.as_ref().map(|count| count.value), size)
    };
    assert_eq!(resource("pods"), (Some(4321), Some(Bytes(6_795))));
    assert_eq!(resource("customresourcedefinitions.apiextensions.k8s.io").0, Some(212));
    assert_eq!((resource("services").0, resource("endpoints").0), (Some(450), Some(450)));
    let together = resource("operators.operators.coreos.com");
    assert_eq!(together, (Some(200), Some(Bytes((90 << 20) / 200))));
    assert!(!found.resources.contains_key("images"));
    let server = &found.servers[0];
    assert_eq!(server.gogc.as_ref().and_then(|gogc| gogc.value), Some(63));
    let delay = server.flags.get("shutdown-delay-duration").map(|flag| flag.value.as_str());
    assert_eq!(delay, Some("70s"));
    let fleets: Vec<&str> = found.fleets.iter().map(|fleet| fleet.name.as_str()).collect();
    assert_eq!(fleets, ["op"]);
    assert!(found.assumed.iter().any(|one| one.what.contains("audit logs of 1 of 3 servers")));
    let names = write::Names { scenario: "a".into(), manifest: "a.json".into() };
    let text = write::scenario(&found, &names);
    // Nothing counts Secrets: what reads them is there nevertheless, and what was taken is told.
    assert!(text.contains("listers.secrets = "), "{text}");
    let told = write::assumed(&text);
    assert!(told.iter().any(|one| one.what == "objects.secrets: count = 1_000"), "{told:?}");
    assert!(
        text.contains("shutdown-delay = \"70s\" # apiServerArguments.shutdown-delay-duration"),
        "{text}"
    );
}
