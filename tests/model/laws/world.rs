//! Scenarios to hold the laws against.

use crate::support;
use oomcast::model::apiserver::server::{Limits, NodeRoom};
use oomcast::model::input::Inputs;
use oomcast::model::node::{LimitKind, MemoryLimit};
use oomcast::model::residents::Residents;
use oomcast::model::{self, RunOptions};
use oomcast::results::RunRecord;
use oomcast::units::Bytes;

/// A server that nothing bounds but a cgroup.
pub(crate) fn of_cgroup(kill_at: u64) -> Limits {
    let kill_at = Bytes(kill_at);
    let node = NodeRoom {
        without_etcd: Bytes(u64::MAX),
        daemons: Bytes::ZERO,
        etcd: None,
        handicap: 0,
        min: Bytes::ZERO,
        low: Bytes::ZERO,
    };
    let first = MemoryLimit { limit: kill_at, kill_at, kind: LimitKind::Cgroup };
    Limits { first, cgroup: kill_at, node, others: Residents::default() }
}

/// A burst of buffered lists on one server of 6 GiB.
pub(crate) const BURST: &str = r#"
schema = 1
name = "burst"

[run]
duration = "3m"

[apiserver]
version = "1.32"
memory-limit = "6GiB"
other-live-heap = "200MB"

[node]
memory = "16GiB"
cores = 4

[objects.secrets]
count = 200
size = "1MB"

[[clients]]
name = "informers"
count = 6
start = "stopped"
start-jitter = "2s"
reflector = { resource = "secrets", encoding = "json", watch-list = false }

[[events]]
name = "burst"
at = "30s"
start = { client = "informers" }
"#;

/// Every kind of client on three servers, of which one is killed, one cut off, and all are rolled;
/// lists time out, pages expire, queues overflow.
pub(crate) const TURMOIL: &str = r#"
schema = 1
name = "turmoil"

[run]
duration = "10m"

[apiserver]
version = "1.32"
replicas = 3
memory-limit = "2500MiB"
other-live-heap = "100MB"
other-garbage = "5MB/s"
request-timeout = "2s"
max-requests-inflight = 20

[node]
memory = "16GiB"
cores = 2

[objects.pods]
count = 8_000
size = "6kB"
writes = "30/s"

[objects.secrets]
count = 100
size = "500kB"

[objects.widgets]
count = 3_000
size = "3kB"
shape = "custom"

[[clients]]
name = "kubelets"
count = 60
idle-watches = 5
reflector = { resource = "pods", selected = "2%" }

[[clients]]
name = "agents"
count = 40
start = "stopped"
drain-rate = "4MB/s"
reflector = { resource = "pods", encoding = "json", watch-list = false }

[[clients]]
name = "streams"
count = 40
start = "stopped"
idle-watches = 3
reflector = { resource = "secrets", encoding = "json", watch-list = true }

[[clients]]
name = "pages"
count = 10
start = "stopped"
decode-rate = "50MB/s"
lister = { resource = "pods", encoding = "json", limit = 500, resource-version = "", rounds = 3, pause = "1s" }

[[clients]]
name = "pollers"
count = 20
lister = { resource = "widgets", rounds = "endless", pause = "2s", resource-version = "exact" }

[[clients]]
name = "watchers"
count = 10
watcher = { resource = "widgets" }

[[events]]
name = "agents"
at = "30s"
start = { client = "agents", over = "5s" }

[[events]]
name = "some stop"
at = "31s"
stop = { client = "agents", count = 8 }

[[events]]
name = "streams"
at = "40s"
start = { client = "streams" }

[[events]]
name = "pages"
at = "50s"
start = { client = "pages" }

[[events]]
name = "kill"
at = "1m"
kill = { apiserver = 0 }

[[events]]
name = "cut off"
at = "2m"
partition = { apiserver = 1, lasts = "90s" }

[[events]]
name = "slow"
at = "3m"
slow-etcd = { speed = 0.05, lasts = "1m" }

[[events]]
name = "agents again"
at = "3m10s"
restart = { client = "agents", over = "1s" }

[[events]]
name = "streams stop"
at = "3m11s"
stop = { client = "streams", count = 20 }

[[events]]
name = "agents stop"
at = "3m12s"
stop = { client = "agents", count = 10 }

[[events]]
name = "roll"
at = "5m"
roll = { every = "20s" }
"#;

/// The inputs of a scenario of these tests, changed.
pub(crate) fn inputs(text: &str, set: &[&str]) -> Inputs {
    support::valid(text, set).inputs
}

/// One run without timelines.
pub(crate) fn run(inputs: &Inputs, seed: u64) -> RunRecord {
    model::run(inputs, RunOptions { seed, replication: 0, timelines: false })
}
