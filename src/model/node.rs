//! The machine under a server: processors, the memory at which the kernel kills, the kubelet's
//! restarts.

use super::apiserver::server::{EtcdRoom, Limits, NodeRoom};
use super::costs;
use super::input::{ApiserverInput, Inputs, NodeInput};
use super::release::Release;
use super::residents::Residents;
use crate::units::{Bytes, SimSpan, SimTime};

/// `oom_score_adj` of etcd as a static pod (docs/facts/memory.md section 4.2).
const ETCD_SCORE_ADJ: i64 = -997;

/// A CPU limit lowers GOMAXPROCS to no less than this, from Go 1.25 (`adjustCgroupGOMAXPROCS`, Go
/// `runtime/cgroup_linux.go`): a server with half a core has two Ps.
pub(crate) const LEAST_PROCESSORS: f64 = 2.0;

/// Why a server can be killed at its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKind {
    /// cgroup `memory.max`.
    Cgroup,
    /// The node is out of memory; its ordinary processes were killed before.
    Node,
}

/// How much memory a server may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLimit {
    /// What a user calls the limit.
    pub limit: Bytes,
    /// Resident memory above which the kernel kills the process.
    pub kill_at: Bytes,
    /// Which limit that is.
    pub kind: LimitKind,
}

/// The limit that binds first at the start of a run: see [`limits`].
#[must_use]
pub fn memory_limit(inputs: &Inputs) -> MemoryLimit {
    limits(inputs, Residents::at_start(inputs)).first
}

/// Where a server's memory ends with these beside it.
///
/// A cgroup kills at `memory.max`, but does not charge all of the binary's pages to it. Without a
/// cgroup limit the node runs out: the kernel kills the process of highest badness, resident +
/// adj × RAM / 1000 (docs/facts/memory.md section 4.2). Ordinary processes score above a static pod's
/// -997, so they die first and leave their memory; then the larger of apiserver and etcd
/// ([`NodeRoom`]).
#[must_use]
pub fn limits(inputs: &Inputs, others: Residents) -> Limits {
    let node_limit = node_limit(inputs, &others);
    let limit = inputs.apiserver.memory_limit;
    let cgroup = limit.map_or(Bytes(u64::MAX), |limit| limit + costs::BINARY_UNCHARGED);
    let first = match limit {
        Some(limit) if cgroup <= node_limit => {
            MemoryLimit { limit, kill_at: cgroup, kind: LimitKind::Cgroup }
        }
        _ => MemoryLimit { limit: node_limit, kill_at: node_limit, kind: LimitKind::Node },
    };
    Limits { first, cgroup, node: room(inputs, &others), others }
}

/// Where the memory of a server's node ends.
fn room(inputs: &Inputs, others: &Residents) -> NodeRoom {
    let Residents { etcd: (idle, started), etcd_rest: rest, controllers } = *others;
    let node = &inputs.node;
    let for_both = node.memory - node.system_memory - controllers;
    let first = daemons_die_first(node, others);
    NodeRoom {
        without_etcd: if first { for_both } else { for_both - node.daemons_memory },
        daemons: if first { node.daemons_memory } else { Bytes::ZERO },
        etcd: (rest > Bytes::ZERO).then_some(EtcdRoom { rest, idle, started }),
        handicap: handicap(node),
        min: inputs.apiserver.memory_min.unwrap_or_default(),
        low: inputs.apiserver.memory_low.unwrap_or_default(),
    }
}

/// By how many bytes more etcd must be resident than the apiserver to score higher: their `oom_score_adj` in
/// thousandths of the node's memory. One of -1000 is not killed (`OOM_SCORE_ADJ_MIN`, Linux `mm/oom_kill.c`) while there
/// is an etcd to kill; without one the node hangs, which counts as its death here.
fn handicap(node: &NodeInput) -> i64 {
    match i64::from(node.oom_score_adj) {
        ..=-1000 => i64::MIN,
        adj => (adj - ETCD_SCORE_ADJ).saturating_mul((node.memory.0 / 1000).cast_signed()),
    }
}

/// cgroup `memory.high`: stated, or as the kubelet sets it with the feature gate `MemoryQoS`: floor to a page of
/// request + factor × (limit - request), where what pods can have of the node stands for no limit (KEP-2570,
/// docs/facts/memory.md section 4.4; `memory.min` or `memory.low` is the request).
#[must_use]
pub fn memory_high(inputs: &Inputs) -> Option<Bytes> {
    const PAGE: u64 = 4096;
    let apiserver = &inputs.apiserver;
    apiserver.memory_high.or_else(|| {
        let factor = apiserver.memory_throttling_factor?;
        let request = apiserver.memory_min.max(apiserver.memory_low).unwrap_or_default();
        let allocatable = inputs.node.memory - inputs.node.system_memory;
        let limit = apiserver.memory_limit.unwrap_or(allocatable);
        let high = request + (limit - request).scale(factor);
        Some(Bytes(high.0 / PAGE * PAGE))
    })
}

/// Resident memory of a server at which its node is out of memory, with etcd at rest.
fn node_limit(inputs: &Inputs, others: &Residents) -> Bytes {
    let left = left_of(&inputs.node, others);
    let daemons = inputs.node.daemons_memory;
    if daemons_die_first(&inputs.node, others) { left } else { left - daemons }
}

/// What is left of a node for its server and ordinary processes.
fn left_of(node: &NodeInput, others: &Residents) -> Bytes {
    node.memory - node.system_memory - others.etcd_rest - others.controllers
}

/// Whether ordinary processes, of `oom_score_adj` 0, score above a server that has all that is left.
fn daemons_die_first(node: &NodeInput, others: &Residents) -> bool {
    let adj = i128::from(node.oom_score_adj) * i128::from(node.memory.0) / 1000;
    let own = i128::from((left_of(node, others) - node.daemons_memory).0) + adj;
    adj < 0 && own < i128::from(node.daemons_memory.0)
}

/// Cores a server may use at once: the node's, and no more than its [`processors`], which bound the threads
/// that run Go code at once (package runtime).
#[must_use]
pub fn threads(apiserver: &ApiserverInput, node: &NodeInput, release: &Release) -> f64 {
    node.cores.min(processors(apiserver, node, release))
}

/// Its CPU limit, where that is less.
#[must_use]
pub fn cpu_limit(apiserver: &ApiserverInput, node: &NodeInput, release: &Release) -> Option<f64> {
    apiserver.cpu_limit.filter(|limit| *limit < threads(apiserver, node, release))
}

/// Cores it may use in the mean.
#[must_use]
pub fn cores(apiserver: &ApiserverInput, node: &NodeInput, release: &Release) -> f64 {
    cpu_limit(apiserver, node, release).unwrap_or_else(|| threads(apiserver, node, release))
}

/// Whether clients on the server's node take processor time from it: they run on the cores that it
/// leaves, if it leaves one.
#[must_use]
pub fn clients_contend(apiserver: &ApiserverInput, node: &NodeInput, release: &Release) -> bool {
    node.local_clients && node.cores.ceil() - cores(apiserver, node, release).ceil() < 1.0
}

/// GOMAXPROCS: set, or the node's processors; from Go 1.25 no more than the CPU limit, rounded up
/// (docs/facts/memory.md section 4.1).
#[must_use]
pub fn processors(apiserver: &ApiserverInput, node: &NodeInput, release: &Release) -> f64 {
    if let Some(procs) = apiserver.gomaxprocs {
        return f64::from(procs.max(1));
    }
    let cores = node.cores.ceil().max(1.0);
    match apiserver.cpu_limit {
        Some(limit) if release.gomaxprocs_follows_limit => {
            limit.ceil().max(LEAST_PROCESSORS).min(cores)
        }
        _ => cores,
    }
}

/// The kubelet's crash-loop back-off: the first restart at once, then 10 s doubling to 5 min,
/// forgotten after 10 min of health (docs/facts/clients.md section 5.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CrashLoopBackOff {
    deaths: u32,
    started: SimTime,
}

impl CrashLoopBackOff {
    const INITIAL: SimSpan = SimSpan::secs(10);
    const MAX: SimSpan = SimSpan::secs(300);
    const RESET: SimSpan = SimSpan::secs(600);

    /// The container started.
    pub fn started(&mut self, now: SimTime) {
        self.started = now;
    }

    /// The container died: how long until it is started again.
    pub fn died(&mut self, now: SimTime) -> SimSpan {
        if now.since(self.started) > Self::RESET {
            self.deaths = 0;
        }
        self.deaths += 1;
        match self.deaths {
            1 => SimSpan::ZERO,
            n => Self::INITIAL.times(1 << (n - 2).min(10)).min(Self::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crash_loop_back_off() {
        let mut back_off = CrashLoopBackOff::default();
        let delays: Vec<u64> =
            (0..8).map(|n| back_off.died(SimTime(n)).0 / 1_000_000_000).collect();
        assert_eq!(delays, [0, 10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(back_off.died(SimTime(0) + SimSpan::secs(601)), SimSpan::ZERO);
    }
}
