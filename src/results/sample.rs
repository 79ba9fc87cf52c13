//! What a scrape of the control plane finds: every server as it is at an instant.
//!
//! The model: a scrape takes no time and disturbs nothing. What a process counts begins at 0 with it,
//! so counters reset at a restart as those of a real process do. A server answers its own scrape while
//! it serves; the kubelet, node-exporter and kube-state-metrics are others, and answer always.

use super::PressureRecord;
use crate::units::{Bytes, SimSpan, SimTime};

/// Instants of scrapes of a replication, from one to the next `interval`, up to the end of the run. When
/// the first falls is chance in reality: here it moves on by the golden section of the interval from
/// replication to replication, in whole seconds, so that replications cover it evenly. It is 0 in
/// replication 0.
#[must_use]
pub fn scrape_instants(replication: u32, interval: SimSpan, end: SimTime) -> Vec<SimTime> {
    const GOLDEN_SECTION: f64 = 0.618_033_988_749_895;
    let seconds = interval.as_secs_f64();
    let first = (f64::from(replication) * GOLDEN_SECTION).fract() * seconds;
    let mut at = SimTime::ZERO + SimSpan::secs(first as u64);
    let mut instants = Vec::new();
    while at <= end && interval > SimSpan::ZERO {
        instants.push(at);
        at += interval;
    }
    instants
}

/// A server at an instant, as far as anybody exports it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerSample {
    /// When: after all that happened at that instant.
    pub at: SimTime,
    /// The server's name: `apiserver-0` ...
    pub server: String,
    /// Whether it answers a scrape: it serves.
    pub answers: bool,
    /// Kills for memory so far.
    pub oom_kills: u64,
    /// Restarts of the container so far.
    pub restarts: u64,
    /// The memory of its node, and what of it is available; `None`: the node is lost.
    pub node: Option<(Bytes, Bytes)>,
    /// cgroup limit of its memory, if one binds before the node.
    pub cgroup_limit: Option<Bytes>,
    /// Whether etcd has a leader.
    pub etcd_has_leader: bool,
    /// Its process, if there is one.
    pub process: Option<ProcessSample>,
}

/// A process at an instant; counters are of this process.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProcessSample {
    /// How long it has been there.
    pub age: SimSpan,
    /// Resident memory.
    pub resident: Bytes,
    /// What the cgroup is charged for: without the binary's pages that it shares.
    pub charged: Bytes,
    /// Heap in use: live objects and garbage not yet freed.
    pub heap: Bytes,
    /// The collector's goal.
    pub heap_goal: Bytes,
    /// Freed pages that the runtime has not returned.
    pub heap_free: Bytes,
    /// Collections.
    pub gc_cycles: u64,
    /// CPU time.
    pub cpu: SimSpan,
    /// What it has lacked.
    pub pressure: PressureRecord,
    /// Its CPU limit, in cores.
    pub cpu_limit: Option<f64>,
    /// Bytes written to clients.
    pub sent: Bytes,
    /// Reads being served.
    pub in_flight: u64,
    /// Reads waiting for a seat.
    pub in_queue: u64,
    /// By resource, in their order.
    pub resources: Vec<ResourceSample>,
    /// By priority level, by name.
    pub levels: Vec<LevelSample>,
}

/// A resource on a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceSample {
    /// API group; empty for the core group.
    pub group: String,
    /// `pods` ...
    pub resource: String,
    /// Objects stored.
    pub objects: u64,
    /// Open watches.
    pub watches: u64,
    /// Requests so far.
    pub requests: RequestCounts,
    /// Its watch cache; `None`: it has none.
    pub cache: Option<CacheSample>,
}

/// The watch cache of a resource in a process; a custom resource has one per version, counted together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheSample {
    /// Events that its ring has room for.
    pub capacity: u64,
    /// Events received from etcd so far.
    pub received: u64,
    /// How often it was filled so far.
    pub initializations: u64,
}

/// How requests of clients for a resource were answered by a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestCounts {
    /// LISTs (and pages) in full.
    pub list_ok: u64,
    /// LISTs with 429.
    pub list_rejected: u64,
    /// LISTs (pages) with 410.
    pub list_gone: u64,
    /// LISTs with 504.
    pub list_timed_out: u64,
    /// Watches and watch-lists with 429.
    pub watch_rejected: u64,
    /// Watches with 410.
    pub watch_gone: u64,
}

/// A priority level on a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LevelSample {
    /// Its name.
    pub name: String,
    /// Its nominal limit, in seats.
    pub nominal_seats: u64,
    /// The limit in force, in seats.
    pub limit_seats: u64,
    /// Seats in use.
    pub seats: u64,
    /// Requests executing.
    pub executing: u64,
    /// Requests waiting.
    pub waiting: u64,
    /// Requests dispatched so far.
    pub dispatched: u64,
    /// Requests rejected so far.
    pub rejected: u64,
}

#[cfg(test)]
mod tests {
    use super::scrape_instants;
    use crate::units::{SimSpan, SimTime};

    #[test]
    fn schedules_of_replications_lie_apart() {
        let at = |seconds| SimTime::ZERO + SimSpan::secs(seconds);
        let of = |replication| scrape_instants(replication, SimSpan::secs(30), at(60));
        assert_eq!(of(0), [at(0), at(30), at(60)]);
        assert_eq!((of(1)[0], of(2)[0], of(3)[0]), (at(18), at(7), at(25)));
        assert_eq!(of(1), [at(18), at(48)]);
        assert!(scrape_instants(0, SimSpan::ZERO, at(60)).is_empty());
    }
}
