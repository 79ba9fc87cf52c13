//! The memory of a server's whole node against a published table.

use crate::support;

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
    let run = support::run(&support::valid(&text, &[]).inputs, 1);
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
