//! Counts of what is read, where nothing counts it: reads of it are a load all the same.

use std::collections::BTreeSet;

use super::Fleets;
use crate::cluster::findings::{Findings, Found, Skipped, Source};
use crate::cluster::infer::entry;
use crate::cluster::material::Material;

/// Pods on a node, and objects of any other resource (assumed).
const PODS_A_NODE: u64 = 30;
const OBJECTS: u64 = 1_000;
/// What tells them. The word marks the value in the scenario.
const COMMAND: &str = "assumed: kubectl get RESOURCE -A --no-headers | wc -l";
/// Groups of APIs that compute their objects and store none.
const COMPUTED: &str = "metrics.k8s.io";

/// Takes counts for resources that fleets read and nothing counts. Servers count all that they store.
pub(super) fn assume(found: &Fleets, material: &Material, findings: &mut Findings) {
    nodes(found, findings);
    let counted = material.servers.iter().any(|server| server.last.counts_objects());
    let reads = found.fleets.iter().flat_map(|fleet| &fleet.reads);
    let read: BTreeSet<&String> = reads.map(|read| &read.resource).collect();
    let unknown = |key: &&String| {
        let known = findings.resources.get(*key).is_some_and(|found| found.count.is_some());
        !known && !key.ends_with(COMPUTED)
    };
    let unknown: Vec<String> = read.into_iter().filter(unknown).cloned().collect();
    if counted && !unknown.is_empty() {
        let file = material.servers.first().map(|server| server.last.file.clone());
        let what =
            format!("counts no objects of {}: reads of them are left out", unknown.join(", "));
        findings.skipped.push(Skipped::passed_over(file.unwrap_or_default(), what));
        return;
    }
    for key in unknown {
        take(&key, findings);
    }
}

/// As many nodes as kubelets, where fewer are known.
fn nodes(found: &Fleets, findings: &mut Findings) {
    let mut fleets = found.fleets.iter();
    let Some(fleet) = fleets.find(|fleet| fleet.user.starts_with("system:node:")) else { return };
    let kubelets = Found::new(fleet.members, Source::new("kubelets", &fleet.source.file));
    match &findings.nodes.count {
        Some(known) if u64::from(kubelets.value) * 10 <= u64::from(known.value) * 11 => return,
        Some(known) => {
            let (few, all) = (known.value, kubelets.value);
            let what = format!(
                "{few} Nodes, {} has {all} kubelets: {all} are taken",
                kubelets.source.file
            );
            findings.skipped.push(Skipped::passed_over(&known.source.file, what));
        }
        None => {}
    }
    findings.nodes.count = Some(kubelets);
}

/// What is known of its group together, or the usual number.
fn take(key: &str, findings: &mut Findings) {
    let group = key.split_once('.').map_or("", |(_, group)| group);
    if let Some(together) = findings.resources.remove(&together(group)) {
        let resource = entry(findings, key);
        (resource.count, resource.size) = (together.count, together.size);
        return;
    }
    let nodes = findings.nodes.count.clone().map(|found| found.map(u64::from));
    let assumed = |count| Found::new(count, Source::new(COMMAND, ""));
    let count = match (key, nodes) {
        ("nodes", Some(nodes)) => nodes,
        ("pods", Some(nodes)) => assumed(nodes.value * PODS_A_NODE),
        _ => assumed(OBJECTS),
    };
    entry(findings, key).count = Some(count);
}

/// The name under which objects of a group are counted whose resources nothing tells apart.
pub(in crate::cluster) fn together(group: &str) -> String {
    format!("{}.{group}", group.split('.').next().unwrap_or_default())
}
