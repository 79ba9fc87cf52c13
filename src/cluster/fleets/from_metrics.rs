//! Fleets without an audit log: from open watches, the number of nodes, and what is known of common
//! agents.
//!
//! Watches of a resource that are as many as nodes, or a multiple, are those of agents on every node; what
//! is left over are controllers. Kubelets, Cilium and kube-proxy are known by what they watch. Whether
//! the others read everything or what is on their node, the events tell that were sent: each change
//! of an object goes to everyone who reads it.

use std::collections::BTreeMap;

use super::{Cluster, Fleet, Fleets, Read, ReadKind, Selected};
use crate::cluster::findings::Source;
use crate::units::SimSpan;

/// Watches on a resource, on all servers together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpenWatches {
    /// On all of it, or by selectors.
    pub wide: u64,
    /// On single objects or namespaces.
    pub narrow: u64,
    /// To how many watches a change goes, if that was seen.
    pub receivers: Option<f64>,
}

/// Watches by resource (`plural.group`), and the file they are from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AllWatches {
    /// By resource.
    pub open: BTreeMap<String, OpenWatches>,
    /// Lists per second of what comes again between two scrapes, by resource.
    pub lists: BTreeMap<String, f64>,
    /// Where they are from.
    pub source: Source,
}

/// Resources that every server watches itself: one watch each is its own.
const OWN: [&str; 5] = ["namespaces", "pods", "secrets", "services", "nodes"];
/// More watches of a resource are no matter of controllers and their replicas (assumed).
const MOST_CONTROLLERS: u64 = 10;
/// Share of the nodes that an agent may miss.
const MISSING: f64 = 0.2;
/// Kubelets of this release on watch Secrets and `ConfigMaps` one by one.
const KUBELET: &str = "system:node:{member}";
const SLICES: &str = "endpointslices.discovery.k8s.io";

/// Fleets from open watches.
#[must_use]
pub fn from_metrics(watches: &AllWatches, cluster: &Cluster<'_>) -> Fleets {
    let nodes = u64::from(cluster.nodes.unwrap_or(0));
    let mut left = Left { open: watches.open.clone(), nodes, source: watches.source.clone() };
    let mut fleets = Vec::new();
    if nodes >= 2 {
        fleets.extend(left.kubelets());
        let cilium = ["ciliumendpoints.cilium.io", "ciliumidentities.cilium.io"];
        fleets.extend(left.agents(
            "cilium-agent",
            "kube-system:cilium",
            &cilium,
            &["services", SLICES],
        ));
        fleets.extend(left.agents(
            "kube-proxy",
            "kube-system:kube-proxy",
            &["services", SLICES],
            &[],
        ));
        for number in 1..=8 {
            fleets.extend(left.unknown_agents(number));
        }
    }
    fleets.extend(left.controllers());
    fleets.extend(pollers(watches));
    let mut notes = vec![
        "clients are guessed from open watches: metrics say how many watch what and how often it is \
         listed, but not who, nor with which selectors"
            .to_owned(),
    ];
    if cluster.nodes.is_none() {
        notes
            .push("without the number of nodes, agents cannot be told from controllers".to_owned());
    }
    let fleets: Vec<Fleet> = fleets.into_iter().filter(|fleet| fleet.members > 0).collect();
    Fleets { notes: if fleets.is_empty() { Vec::new() } else { notes }, fleets }
}

/// Watches that no fleet accounts for yet.
struct Left {
    open: BTreeMap<String, OpenWatches>,
    nodes: u64,
    source: Source,
}

impl Left {
    fn wide(&self, resource: &str) -> u64 {
        self.open.get(resource).map_or(0, |open| open.wide)
    }

    fn everywhere(&self, count: u64) -> bool {
        count as f64 >= self.nodes as f64 * (1.0 - MISSING)
    }

    fn take(&mut self, resource: &str) {
        if let Some(open) = self.open.get_mut(resource) {
            open.wide = open.wide.saturating_sub(self.nodes);
        }
    }

    fn fleet(&self, name: &str, account: &str, reads: Vec<Read>) -> Fleet {
        let user = match account {
            "" => String::new(),
            account => format!("system:serviceaccount:{account}"),
        };
        Fleet {
            name: name.to_owned(),
            user,
            members: u32::try_from(self.nodes).unwrap_or(u32::MAX),
            per_node: true,
            reads,
            source: self.source.clone(),
            evidence: "as many watches as nodes".to_owned(),
            ..Fleet::default()
        }
    }

    /// One kubelet per node: its Pods, its Node, all Services, and single Secrets and `ConfigMaps`.
    fn kubelets(&mut self) -> Option<Fleet> {
        let narrow = |left: &Self, resource: &str| left.open.get(resource).map_or(0, |o| o.narrow);
        let single = narrow(self, "secrets") + narrow(self, "configmaps");
        if !self.everywhere(self.wide("pods")) && !self.everywhere(narrow(self, "nodes")) {
            return None;
        }
        let mut reads = vec![read("pods", Selected::OwnNode), read("nodes", Selected::OwnNode)];
        if self.everywhere(self.wide("services")) {
            reads.push(read("services", Selected::All));
            self.take("services");
        }
        self.take("pods");
        for resource in ["nodes", "secrets", "configmaps"] {
            if let Some(open) = self.open.get_mut(resource) {
                open.narrow = 0;
            }
        }
        let mut fleet = self.fleet("kubelet", "", reads);
        KUBELET.clone_into(&mut fleet.user);
        fleet.groups = vec!["system:nodes".to_owned()];
        fleet.idle_watches = u32::try_from(single / self.nodes).unwrap_or(u32::MAX);
        Some(fleet)
    }

    /// Agents that are known by what they watch, and may watch more.
    fn agents(&mut self, name: &str, account: &str, by: &[&str], more: &[&str]) -> Option<Fleet> {
        if !by.iter().all(|resource| self.everywhere(self.wide(resource))) {
            return None;
        }
        let also = more.iter().filter(|resource| self.everywhere(self.wide(resource)));
        let resources: Vec<&str> = by.iter().chain(also).copied().collect();
        let reads = resources.iter().map(|resource| read(resource, Selected::All)).collect();
        for resource in &resources {
            self.take(resource);
        }
        Some(self.fleet(name, account, reads))
    }

    /// Agents of which nothing else is known: one of everything that is watched from every node.
    fn unknown_agents(&mut self, number: u32) -> Option<Fleet> {
        let resources: Vec<String> =
            self.open.keys().filter(|r| self.everywhere(self.wide(r))).cloned().collect();
        let reads = resources.iter().map(|resource| {
            // Kubelets and agents that read their own node are one receiver of each change together.
            let receivers = self.open.get(resource).and_then(|open| open.receivers);
            let some = receivers.is_some_and(|receivers| receivers < self.nodes as f64 / 2.0);
            let own_node = some && resource == "pods";
            read(resource, if own_node { Selected::OwnNode } else { Selected::All })
        });
        let reads: Vec<Read> = reads.collect();
        for resource in &resources {
            self.take(resource);
        }
        let fleet = self.fleet(&format!("node-agents-{number}"), "", reads);
        (!fleet.reads.is_empty()).then_some(fleet)
    }

    /// What is left. Watches of many kinds by a few each are controllers that read many resources: the
    /// first has one of everything, the next one of what is left, and so on. What is watched by more is a
    /// fleet of its own.
    fn controllers(&mut self) -> Vec<Fleet> {
        let mut left: BTreeMap<&str, u64> = BTreeMap::new();
        let mut idle: BTreeMap<&str, u64> = BTreeMap::new();
        for (resource, open) in &self.open {
            let own = u64::from(OWN.contains(&resource.as_str()));
            let members = open.wide.saturating_sub(own);
            left.insert(resource, members);
            idle.insert(resource, open.narrow.checked_div(members).unwrap_or(0));
        }
        let fleet = |name: String, members: u64, resources: &[&str]| {
            let idle: u64 = resources.iter().filter_map(|resource| idle.get(resource)).sum();
            Fleet {
                name,
                members: u32::try_from(members).unwrap_or(u32::MAX),
                reads: resources.iter().map(|resource| read(resource, Selected::All)).collect(),
                idle_watches: u32::try_from(idle).unwrap_or(u32::MAX),
                source: self.source.clone(),
                evidence: "watches that are not one per node".to_owned(),
                ..Fleet::default()
            }
        };
        let mut fleets = Vec::new();
        for (resource, members) in &left {
            if *members > MOST_CONTROLLERS {
                let plural = resource.split('.').next().unwrap_or(resource);
                fleets.push(fleet(format!("{plural}-watchers"), *members, &[resource]));
            }
        }
        left.retain(|_, members| (1..=MOST_CONTROLLERS).contains(members));
        let mut number = 1;
        while let Some(members) = left.values().copied().min() {
            let resources: Vec<&str> = left.keys().copied().collect();
            fleets.push(fleet(format!("controllers-{number}"), members, &resources));
            for count in left.values_mut() {
                *count -= members;
            }
            left.retain(|_, count| *count > 0);
            number += 1;
        }
        fleets
    }
}

/// What is listed again and again, as one client that does all of it: each page is a list.
fn pollers(watches: &AllWatches) -> Option<Fleet> {
    let reads = watches.lists.iter().map(|(resource, rate)| Read {
        kind: ReadKind::Poller(SimSpan::from_secs_f64(1.0 / rate)),
        limit: None,
        resource_version: String::new(),
        list_seen: true,
        ..read(resource, Selected::All)
    });
    let reads: Vec<Read> = reads.collect();
    (!reads.is_empty()).then(|| Fleet {
        name: "pollers".to_owned(),
        members: 1,
        reads,
        source: watches.source.clone(),
        evidence: "lists between two scrapes".to_owned(),
        ..Fleet::default()
    })
}

/// A reflector as client-go has it.
fn read(resource: &str, selected: Selected) -> Read {
    Read {
        resource: resource.to_owned(),
        kind: ReadKind::Reflector,
        selected,
        share_assumed: false,
        selector: String::new(),
        namespace: None,
        limit: Some(500),
        resource_version: "0".to_owned(),
        list_seen: false,
    }
}
