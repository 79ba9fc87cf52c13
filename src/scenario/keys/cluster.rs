//! The size of the cluster, and what is counted by it.

use super::Kind;
use crate::language::table::Units;
use crate::language::table::declare::table;
use crate::language::table::typed::{Earlier, Typed, earlier, integer};

table! {
    Cluster = CLUSTER: "the cluster";
    // A test of GKE had 130 000.
    /// Nodes: kubectl get nodes --no-headers | wc -l.
    nodes: Option<i64> = integer(1, 200_000).optional();
    /// Pods per node, on average.
    pods_per_node: Option<i64> = integer(1, 1000).optional();
    /// Namespaces: kubectl get namespaces --no-headers | wc -l.
    namespaces: Option<i64> = integer(1, 1_000_000).optional();
}

/// What counts may be by.
pub(in crate::scenario) static UNITS: Units = Units {
    counted: &[("node", "nodes"), ("pod", "pods"), ("namespace", "namespaces")],
    total: "cluster",
};

/// What the counts of a resource or a fleet are counted by.
pub(super) const PER: Typed<Earlier> = earlier(Kind::Per(&UNITS)).may_be_empty().doc(
    "What `count`, `writes` and `gets` are counted by: \"node\", \"pod\" or \"namespace\" of [cluster], several \
     of them, as in \"100 nodes\", or \"cluster\"; totals are rounded up. A layer that sets another count \
     must repeat it: without `per` that count is a total. `--set` leaves `per` as it is.",
);

/// Which objects a reader asks for.
pub(super) const OWN_NODE: Typed<Earlier> = earlier(Kind::Flag)
    .may_be_empty()
    .doc("Reads the objects of its own node only: `selected` is one of cluster.nodes.");
