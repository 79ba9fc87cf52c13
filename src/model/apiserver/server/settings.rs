//! What a server is given: constant settings, and the steady load besides requests.

use super::FanOut;
use crate::model::input::Hardware;
use crate::model::memory::go_heap::GcSettings;
use crate::model::memory::ledger::EntryId;
use crate::model::memory::pool::SyncPool;
use crate::model::memory::process::{ProcessMemory, ScanWeights};
use crate::units::{Bytes, SimTime};

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
    /// Resident memory at which the kernel kills it.
    pub kill_at: Bytes,
    /// cgroup `memory.high`, if set.
    pub memory_high: Option<Bytes>,
    /// Scan weights by owner.
    pub scan: ScanWeights,
    /// Number of ledger owners.
    pub owners: usize,
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
    /// Those that watch events keep busy, by fleet.
    pub fan_out: Vec<FanOut>,
    /// Garbage it makes: entry and bytes a second.
    pub litter: Vec<(EntryId, u64)>,
    /// What grows steadily.
    pub growth: Vec<Growth>,
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
