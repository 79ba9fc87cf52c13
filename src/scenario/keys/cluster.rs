//! Keys that compose a scenario: what it inherits, its profiles, the size of the cluster.

use super::Presence::Optional;
use super::{Key, Kind, Table, integer, key};
use crate::language::table::Units;

/// What lies below the file.
pub(super) const INHERITS: Key = key(
    "inherits",
    Kind::Inherits,
    Optional,
    "Files (relative to this one) and presets that this file is laid over, the first lowest: \
     [\"base.toml\", \"preset:fleet-kubelet\"]. Tables merge by key, [[clients]] and the like by name; \
     `remove = true` in an entry drops what is inherited of its name, `remove = [\"memory-limit\"]` in \
     a table drops these keys of it.",
);

/// Variants of the file.
pub(super) const PROFILES: Key = key(
    "profiles",
    Kind::Profiles,
    Optional,
    "Partial scenarios by name; `--profile NAME` lays one over the file.",
);

/// How large the cluster is.
pub(super) const CLUSTER_KEY: Key = key(
    "cluster",
    Kind::Table(&CLUSTER),
    Optional,
    "How large the cluster is, for what is counted `per` node, pod or namespace.",
);

static CLUSTER: Table = Table {
    what: "the cluster",
    one_of: None,
    keys: &[
        // A test of GKE had 130 000.
        key(
            "nodes",
            integer(1, 200_000),
            Optional,
            "Nodes: kubectl get nodes --no-headers | wc -l.",
        ),
        key("pods-per-node", integer(1, 1000), Optional, "Pods a node, on average."),
        key(
            "namespaces",
            integer(1, 1_000_000),
            Optional,
            "Namespaces: kubectl get namespaces --no-headers | wc -l.",
        ),
    ],
};

/// What counts may be by.
pub(in crate::scenario) static UNITS: Units = Units {
    counted: &[("node", "nodes"), ("pod", "pods"), ("namespace", "namespaces")],
    total: "cluster",
};

/// What the counts of a resource or a fleet are counted by.
pub(super) const PER: Key = key(
    "per",
    Kind::Per(&UNITS),
    Optional,
    "What `count` and `writes` are counted by: \"node\", \"pod\" or \"namespace\" of [cluster], several \
     of them, as in \"100 nodes\", or \"cluster\"; totals are rounded up. Whatever lays another count over \
     an inherited one says so anew: without `per` it is a total. `--set` leaves it as it is.",
);

/// Where writes are counted otherwise.
pub(super) const WRITES_PER: Key = key(
    "writes-per",
    Kind::Per(&UNITS),
    Optional,
    "What `writes` are counted by, where that differs from `per`: \"cluster\" for a total.",
);

/// Which objects a reader asks for.
pub(super) const OWN_NODE: Key = key(
    "own-node",
    Kind::Flag,
    Optional,
    "Reads the objects of its own node only: `selected` is one of cluster.nodes.",
);
