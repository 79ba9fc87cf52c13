//! Fleets without an audit log.

use super::{Cluster, Fleets};

/// Watches on a resource that are open on all servers together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenWatches {
    /// The resource, by `plural.group`.
    pub resource: String,
    /// Whether they are on single objects or namespaces, and not on all.
    pub narrow: bool,
    /// How many.
    pub count: u64,
}

/// Fleets from open watches.
#[must_use]
pub fn from_metrics(_open: &[OpenWatches], _cluster: &Cluster<'_>) -> Fleets {
    Fleets::default()
}
