//! A fleet of clients, as it was seen.

use super::source::Source;
use crate::units::SimSpan;

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
    /// Whether a share was assumed: nothing tells how many objects are in its namespaces.
    pub share_assumed: bool,
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
