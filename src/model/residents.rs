//! What the controller manager, the scheduler and kube-proxy on a server's node take of its memory.
//!
//! The simplest model: a process has its binary and what it needs without objects, and twice what its informers
//! hold, for Go lets the heap grow to twice what is live (GOGC=100).
//!
//! - The *controller manager* holds every built-in object decoded, for garbage collector and quota start the full
//!   informer wherever there is one, and custom resources as metadata (`ObjectOrMetadataInformerFactory`,
//!   k8s.io/controller-manager `pkg/informerfactory`; kubernetes#115699), and has a node in the graph of the garbage
//!   collector for each. Events are left out (`ignoredResources`, `pkg/controller/garbagecollector`).
//! - The *scheduler* holds Pods and Nodes decoded, and for each Pod what it computes of it (`PodInfo`).
//! - *kube-proxy* holds Services and `EndpointSlices`; without objects it is one of the node's daemons.
//!
//! All three are critical to node or cluster, and have etcd's `oom_score_adj` (`GetContainerOOMScoreAdjust`, kubelet
//! `pkg/kubelet/qos/policy.go`).
//!
//! Leader election leaves the other servers' controller managers and schedulers without informers; which node the
//! leaders are on changes, so each server's is taken to have them.

use crate::model::ids::{ResourceId, Table};
use crate::model::input::{Inputs, ResourceInput, Shape};
use crate::model::objects::ObjectProfile;
use crate::units::Bytes;

/// A controller manager without objects, in 10^6 bytes (assumed: 45 to 140. An empty `OpenShift` has it at 143,
/// openshift/cluster-kube-controller-manager-operator#106; one that does not lead at 17, kube-aws#1254).
pub(crate) const CONTROLLER_MANAGER: Bytes = Bytes(60_000_000);

/// A scheduler without objects (assumed: 20 to 60).
pub(crate) const SCHEDULER: Bytes = Bytes(40_000_000);

/// A custom resource's metadata, decoded (assumed: 1 to 3 kB: labels, annotations, owners, no managed fields).
pub(crate) const METADATA: Bytes = Bytes(1_500);

/// A node of the garbage collector's graph, with its keys in maps (assumed: 0.5 to 1.5 kB).
const GRAPH_NODE: Bytes = Bytes(800);

/// What the scheduler keeps of a Pod beside it: requests, affinity terms, places in queue and snapshot (assumed).
const POD_INFO: Bytes = Bytes(1_000);

/// Heap for a byte that is live.
const HEAP: u64 = 2;

/// What each of those beside a server has of its node's memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Residents {
    /// etcd while it reads nothing, and after a server has started beside it; nothing: it runs elsewhere.
    pub etcd: (Bytes, Bytes),
    /// What is set aside for etcd.
    pub etcd_rest: Bytes,
    /// See [`controllers`].
    pub controllers: Bytes,
}

impl Residents {
    /// What they have at the start of a run.
    #[must_use]
    pub fn at_start(inputs: &Inputs) -> Self {
        Self::with(inputs, inputs.etcd_takes(), controllers(inputs))
    }

    /// With so many objects of each resource, so much of them in etcd's raft log, and of each object so much
    /// `in_controllers`.
    #[must_use]
    pub fn of(
        inputs: &Inputs,
        objects: &Table<ResourceId, u64>,
        logged: Bytes,
        in_controllers: &Table<ResourceId, Bytes>,
    ) -> Self {
        let held = objects.iter().zip(in_controllers).map(|(count, each)| each.times(*count));
        let etcd = inputs.etcd_takes_for(objects.iter().copied(), logged);
        Self::with(inputs, etcd, controllers_holding(inputs, held.sum()))
    }

    fn with(inputs: &Inputs, etcd: (Bytes, Bytes), controllers: Bytes) -> Self {
        Self { etcd, etcd_rest: inputs.etcd_memory_for(etcd.1), controllers }
    }

    /// What they have that had `self` and would need `other` now: they keep the most.
    #[must_use]
    pub fn or_more(self, other: Self) -> Self {
        Self {
            etcd: (self.etcd.0.max(other.etcd.0), self.etcd.1.max(other.etcd.1)),
            etcd_rest: self.etcd_rest.max(other.etcd_rest),
            controllers: self.controllers.max(other.controllers),
        }
    }
}

/// RAM of controller manager, scheduler, and of what kube-proxy holds, at the start of a run.
#[must_use]
pub fn controllers(inputs: &Inputs) -> Bytes {
    let held = inputs.resources.iter().map(|one| in_controllers(one).times(one.count));
    controllers_holding(inputs, held.sum())
}

/// The same where they hold so much.
fn controllers_holding(inputs: &Inputs, held: Bytes) -> Bytes {
    let stated = inputs.node.controllers_memory;
    stated.unwrap_or(CONTROLLER_MANAGER + SCHEDULER + held.times(HEAP))
}

/// What they hold of an object.
pub(crate) fn in_controllers(resource: &ResourceInput) -> Bytes {
    let whole = ObjectProfile::of(resource).cached;
    match (resource.shape, resource.name.as_str()) {
        (_, "events") => Bytes::ZERO,
        (Shape::Custom | Shape::CustomBlob, _) => METADATA + GRAPH_NODE,
        (Shape::Blob | Shape::Typed, "pods") => whole.times(2) + GRAPH_NODE + POD_INFO,
        (Shape::Blob | Shape::Typed, "nodes" | "services" | "endpointslices") => {
            whole.times(2) + GRAPH_NODE
        }
        (Shape::Blob | Shape::Typed, _) => whole + GRAPH_NODE,
    }
}
