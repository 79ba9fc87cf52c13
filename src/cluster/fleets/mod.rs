//! Who the clients of a cluster are, and what each of them does.
//!
//! # The simplest model
//!
//! A fleet is a client of the audit log ([`from_audit`]): one user, or a user per member, with one family
//! of user agents. Its members are the Pods, users, addresses or open watches that were there at once. A
//! watch on a collection is a reflector; lists of what is not watched are a poller, if they come again
//! and again; writes are a steady rate per member, without the one burst of an installation. Without an
//! audit log, fleets follow from open watches, nodes and what is known of common agents
//! ([`from_metrics`]): how many watch what, but neither who nor how.
//!
//! Everything that is seen ends in a fleet. What has nothing steady, or next to nothing, is one fleet,
//! the last.

mod flows;
mod from_audit;
mod from_metrics;
mod infer;
mod members;
mod names;
mod work;

#[cfg(test)]
mod tests;

pub use from_audit::from_audit;
pub use from_metrics::{AllWatches, OpenWatches, from_metrics};
pub use infer::infer;

use super::findings::Source;
use crate::model::apf::config::FlowSchema;
use crate::units::SimSpan;

/// The name of the fleet of all that is not worth one of its own.
pub const OTHERS: &str = "other-clients";

/// What is known of the cluster besides, and helps to read the clients.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cluster<'c> {
    /// Its nodes.
    pub nodes: Option<u32>,
    /// Its namespaces.
    pub namespaces: Option<u64>,
    /// Its flow schemas.
    pub flow_schemas: &'c [FlowSchema],
}

/// Clients that do the same: the members of a `DaemonSet`, the replicas of a controller.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fleet {
    /// The name people know: `kubelet`, `cilium-agent`.
    pub name: String,
    /// The user; `{member}` where each member has its own.
    pub user: String,
    /// Its groups.
    pub groups: Vec<String>,
    /// The user agent.
    pub agent: String,
    /// How many there are.
    pub members: u32,
    /// Whether there is one on every node.
    pub per_node: bool,
    /// The minor of its client-go, where the agent says it.
    pub client_minor: Option<u8>,
    /// The flow schema under which most of its requests fall.
    pub flow_schema: Option<String>,
    /// What a member reads.
    pub reads: Vec<Read>,
    /// What a member writes.
    pub writes: Vec<Write>,
    /// Watches per member on single objects, or on parts of a resource that a read stands for.
    pub idle_watches: u32,
    /// Its share of all requests, between 0 and 1.
    pub share: f64,
    /// Where it is from.
    pub source: Source,
    /// How much was seen: `60 users, 180 lists, 300 watches`.
    pub evidence: String,
}

/// What a member reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// The resource, by `plural.group` (`pods` for core).
    pub resource: String,
    /// How.
    pub kind: ReadKind,
    /// Which of its objects.
    pub selected: Selected,
    /// The selectors as they were seen first; empty: none.
    pub selector: String,
    /// The namespace it is confined to.
    pub namespace: Option<String>,
    /// `limit`, if it pages.
    pub limit: Option<u64>,
    /// Its first resourceVersion: empty, or `0`.
    pub resource_version: String,
    /// Whether a list was seen; else `limit` and `resource_version` are those of client-go.
    pub list_seen: bool,
}

/// How a member reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ReadKind {
    /// Lists, then watches.
    Reflector,
    /// Watches with `sendInitialEvents`.
    WatchList,
    /// Lists again and again; from the start of one list to the start of the next.
    Poller(SimSpan),
    /// Only watches.
    Watcher,
}

/// Which objects a member reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Selected {
    /// All, as far as is known: of a selector it is not.
    All,
    /// Those of its own node.
    OwnNode,
    /// This share of them: those of some namespaces.
    Share(f64),
}

/// What a member writes.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// The resource, by `plural.group`.
    pub resource: String,
    /// Writes per second of one member.
    pub rate: f64,
}

/// Fleets, and what to know about them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fleets {
    /// The fleets: the largest first, [`OTHERS`] last.
    pub fleets: Vec<Fleet>,
    /// What cannot be told from what was there, and what was taken instead.
    pub notes: Vec<String>,
}

/// `pods`, `leases.coordination.k8s.io`.
fn plural_group(plural: &str, group: &str) -> String {
    if group.is_empty() { plural.to_owned() } else { format!("{plural}.{group}") }
}
