//! What is counted in a run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::Bytes;

/// Totals over all servers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counters {
    /// LISTs (and pages) answered in full.
    pub lists_ok: u64,
    /// Calls made: LISTs (and pages), watch-lists, watches. Each is answered, failed, rejected,
    /// timed out, gone, cancelled or open at the end.
    pub requests_made: u64,
    /// Calls answered.
    pub requests_answered: u64,
    /// Watches answered 410: the version was too old.
    pub requests_gone: u64,
    /// Calls whose client was stopped.
    pub requests_cancelled: u64,
    /// Calls that were being served, or waited for, when the run ended.
    pub requests_open: u64,
    /// LISTs that were answered from etcd rather than the watch cache.
    pub lists_from_etcd: u64,
    /// Requests cut by a dying server, a time-out or a lost connection.
    pub requests_failed: u64,
    /// Requests answered 429.
    pub requests_rejected: u64,
    /// Requests answered 504 or cut at the request time-out.
    pub requests_timed_out: u64,
    /// Watches opened.
    pub watches_opened: u64,
    /// Watches lost to a dying server or connection.
    pub watches_lost: u64,
    /// Garbage collections.
    pub gc_cycles: u64,
    /// Bytes written to clients.
    pub bytes_sent: Bytes,
    /// Events the engine processed.
    pub engine_events: u64,
    /// Connections that clients opened after the start.
    #[serde(default)]
    pub connections_opened: u64,
    /// LISTs (and pages) that a server began to answer.
    #[serde(default)]
    pub lists_begun: u64,
    /// Watch-lists that a server began to answer.
    #[serde(default)]
    pub watch_lists_begun: u64,
    /// Watches that a server ended: their channel was full, or their cache was initialised again.
    #[serde(default)]
    pub watches_terminated: u64,
    /// Events that watches had missed and were given from the ring, each copied and encoded for one
    /// watch.
    #[serde(default)]
    pub events_replayed: u64,
    /// Caches (one per version of a custom resource) that were filled again in a running server.
    #[serde(default)]
    pub cache_reinitializations: u64,
    /// LISTs that were answered with data older than the client had seen before.
    #[serde(default)]
    pub stale_reads: u64,
    /// Consistent LISTs that waited in vain for the cache to be fresh, and were answered from etcd.
    #[serde(default)]
    pub lists_fallback_to_etcd: u64,
    /// Small LISTs of idle watches that were lost silently; not among `lists_ok`.
    #[serde(default)]
    pub idle_relists: u64,
    /// Connections that a server sent GOAWAY, or drained to shut down.
    #[serde(default)]
    pub connections_moved: u64,
    /// Times that a node became `NotReady` as its lease was not renewed.
    #[serde(default)]
    pub nodes_not_ready: u64,
    /// Most nodes that were `NotReady` at once.
    #[serde(default)]
    pub nodes_not_ready_peak: u64,
    /// Servers killed by the kubelet because a probe failed.
    #[serde(default)]
    pub probe_kills: u64,
    /// Kills of etcd by the kernel, for want of memory on a server's node.
    #[serde(default)]
    pub etcd_kills: u64,
    /// Times that the kernel killed ordinary processes on a server's node for want of memory.
    #[serde(default)]
    pub node_kills: u64,
    /// GETs at a rate that were answered 429 or that etcd did not answer; not among `requests_made`.
    #[serde(default)]
    pub gets_failed: u64,
    /// Writes answered 429; not among `requests_made`.
    #[serde(default)]
    pub writes_rejected: u64,
    /// Servers whose processors were too few: see [`Outcome`](super::Outcome), *fell behind*.
    #[serde(default)]
    pub servers_behind: u64,
    /// Writes answered 504, or that etcd could not take before they failed; not among `requests_made`.
    #[serde(default)]
    pub writes_timed_out: u64,
    /// Times that a server was lost: see [`Outcome`](super::Outcome).
    #[serde(default)]
    pub servers_lost: u64,
    /// Writes that came: updates, creations and deletions.
    #[serde(default)]
    pub writes: u64,
    /// Objects that were created in the run.
    #[serde(default)]
    pub objects_created: u64,
    /// Most objects stored at once, of all resources.
    #[serde(default)]
    pub objects_most: u64,
}

impl Counters {
    /// Requests that were cut off, timed out or rejected, reads and writes: what [`Outcome`](super::Outcome) calls failed.
    #[must_use]
    pub const fn failed(&self) -> u64 {
        self.requests_failed
            + self.requests_rejected
            + self.requests_timed_out
            + self.writes_rejected
            + self.writes_timed_out
            + self.gets_failed
    }
}
