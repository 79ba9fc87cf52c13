//! What a server is given: constant settings, the memory that the others on its node leave it, and the steady load
//! besides requests.

use super::beside::NodeRoom;
use crate::model::ids::FleetId;
use crate::model::input::Hardware;
use crate::model::memory::go_heap::GcSettings;
use crate::model::memory::ledger::EntryId;
use crate::model::memory::pool::SyncPool;
use crate::model::memory::process::{ProcessMemory, ScanWeights};
use crate::model::node::MemoryLimit;
use crate::model::residents::Residents;
use crate::units::{Bytes, SimSpan, SimTime};

/// Constant settings of a server.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Cores it may use at once: the node's, but no more than GOMAXPROCS.
    pub cores: f64,
    /// Cores that its CPU limit grants it in the mean, if that is less.
    pub cpu_limit: Option<f64>,
    /// GOMAXPROCS.
    pub procs: f64,
    /// Speeds; `cpu_speed` includes the replication's noise.
    pub hardware: Hardware,
    /// Whether the clients take processor time from the server.
    pub local_clients: bool,
    /// GOGC, GOMEMLIMIT.
    pub gc: GcSettings,
    /// Cores that etcd may use.
    pub etcd_cores: f64,
    /// How long a write may take.
    pub request_timeout: SimSpan,
    /// cgroup `memory.high`, if set.
    pub memory_high: Option<Bytes>,
    /// Scan weights by owner.
    pub scan: ScanWeights,
    /// Number of ledger owners.
    pub owners: usize,
}

/// Where a server's memory ends, as long as the others on its node have what they have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The limit that binds first, with etcd at rest.
    pub first: MemoryLimit,
    /// Resident memory at which the kernel kills it at its cgroup's limit; the most there is: it has none.
    pub cgroup: Bytes,
    /// Where its node's memory ends.
    pub node: NodeRoom,
    /// The others on its node.
    pub others: Residents,
}

impl ServerSettings {
    pub(super) fn empty_memory(&self, pool: SyncPool, now: SimTime) -> ProcessMemory {
        ProcessMemory::new(self.gc, self.owners, self.scan.clone(), pool, now)
    }
}

/// A steady load besides requests: watch fan-out, writes, the idle process.
#[derive(Clone, Debug, Default)]
pub struct Background {
    /// Cores it keeps busy when it is done as it comes.
    pub cores: f64,
    /// Those of them that writes keep busy.
    pub write_cores: f64,
    /// Writes per second that are let in.
    pub writes_per_second: f64,
    /// Cores that the writes that come here would keep busy with all that follows from them, ...
    pub offered_cores: f64,
    /// ... and those that the writes that are let in do.
    pub admitted_cores: f64,
    /// Those that watch events keep busy, by fleet.
    pub fan_out: Vec<FanOut>,
    /// Garbage it makes: entry and bytes a second.
    pub litter: Vec<(EntryId, u64)>,
    /// What grows steadily.
    pub growth: Vec<Growth>,
    /// What requests leave behind for a while.
    pub held: Vec<Held>,
}

/// What a steady rate of requests leaves behind for a while each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Held {
    /// What it is.
    pub entry: EntryId,
    /// Bytes per second that come.
    pub per_second: f64,
    /// Bytes that there are once as many go as come.
    pub level: Bytes,
}

/// Watch events for the members of a fleet that watch on a server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FanOut {
    /// Whose.
    pub fleet: FleetId,
    /// Cores that they keep busy.
    pub cores: f64,
    /// Bytes per second that they are due.
    pub bytes_per_second: f64,
    /// Bytes per second that they take; `None`: all that comes.
    pub takes: Option<f64>,
    /// Bytes that wait in their channels and sockets when these are full.
    pub room: Bytes,
    /// How far behind they may be until their channels are full.
    pub lasts: SimSpan,
    /// Their channels were emptied, and cannot be full again before.
    pub not_before: SimTime,
    /// The cache does not follow etcd until then: nothing is dispatched.
    pub held: Option<SimTime>,
}

/// Live heap that grows at a constant rate, until it is worked out again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth {
    /// Of which entry.
    pub entry: EntryId,
    /// Bytes a second.
    pub per_second: u64,
    /// When the rate may change.
    pub until: SimTime,
}
