//! What is exact, read in a source, or published.

use super::{decimal, how, value};
use crate::model::client::go::PAGER_LIMIT;
use crate::model::costs;
use crate::model::memory::go_heap::{BACKGROUND_UTILIZATION, FORCE_GC_PERIOD, LIMITED_UTILIZATION};
use crate::model::node::LEAST_PROCESSORS;
use crate::model::release;
use crate::model::watchcache::capacity::{
    BLOCK_TIMEOUT, DEFAULT_HISTORY, LOWER_BOUND, RELIST_PAGE, UPPER_BOUND,
};
use crate::results::{Assumption, Held};

pub(super) fn rows() -> Vec<Assumption> {
    let mut rows = exact();
    rows.extend(source());
    rows.extend(more_source());
    rows.extend(published());
    rows
}

fn exact() -> Vec<Assumption> {
    let exact = |what, source, leans| how(Held::Exact, what, source, leans);
    vec![
        exact(
            "API Priority and Fairness: classification, seats, shuffle sharding, fair queuing, borrowing, \
             Retry-After",
            "k8s.io/apiserver `pkg/util/flowcontrol`, `tests/golden_cases/golden_apf`",
            "how many LISTs run at once, who waits, who gets 429",
        ),
        exact(
            "the ring of a watch cache: capacity, resumable versions, 410 Gone",
            "k8s.io/apiserver `storage/cacher`, `tests/golden_cases/golden_watchcache`",
            "who relists after a reconnect; memory of churn",
        ),
        exact(
            "growth of Go's slices and `bytes.Buffer`, buffers of JSON and protobuf lists; size classes; \
             `io.ReadAll` as of Go 1.26, for 1.36 and 1.37 only (assumed for older releases)",
            "Go `runtime`, `bytes`, apimachinery serialisers, `tests/golden_cases/golden_go.rs`",
            "peaks of buffered lists, starting servers",
        ),
        exact(
            "back-off of reflectors, before and since 1.36",
            "k8s.io/client-go `tools/cache`, `tests/golden_cases/golden_reflector.rs`",
            "how soon a herd comes back",
        ),
        exact(
            "every resident byte is in one entry of the ledger; the same seed is the same bytes",
            "`src/model/checks.rs`, looked at after every event in tests",
            "attribution of a peak",
        ),
    ]
}

fn source() -> Vec<Assumption> {
    let from = |what, shown: String, source, leans| {
        value(Held::Source, (what, shown), (source, ""), leans)
    };
    vec![
        from(
            "how long, and in how many slots, a watch cache keeps events",
            format!("{DEFAULT_HISTORY}; {LOWER_BOUND} to {UPPER_BOUND}"),
            "k8s.io/apiserver `storage/cacher/watch_cache.go`; follows the request timeout from 1.33",
            "who relists after a reconnect",
        ),
        from(
            "how long a read waits for the cache to be fresh before it gets 504",
            BLOCK_TIMEOUT.to_string(),
            "k8s.io/apiserver `storage/cacher/watch_cache.go` `blockTimeout`",
            "slow etcd, starting servers",
        ),
        from(
            "pages in which a cache fills itself; pages of client-go's pager",
            format!("{RELIST_PAGE}; {PAGER_LIMIT} objects"),
            "k8s.io/apiserver `storage/cacher`, k8s.io/client-go `tools/pager`",
            "memory of a starting server; paged lists",
        ),
        from(
            "the collector marks with this share of the processors, and at least so often",
            format!("{BACKGROUND_UTILIZATION}; {FORCE_GC_PERIOD}"),
            "Go `runtime/mgcpacer.go` `gcBackgroundUtilization`, `runtime/proc.go` `forcegcperiod`",
            "garbage in every peak",
        ),
        from(
            "a CPU limit lowers GOMAXPROCS to it, rounded up, from Go 1.25 (1.35), but not below",
            LEAST_PROCESSORS.to_string(),
            "Go `runtime/cgroup_linux.go` `adjustCgroupGOMAXPROCS`",
            "marking and pooled buffers of servers with a CPU limit",
        ),
        from(
            "share of the processors that the collector may take where GOMEMLIMIT decides the goal",
            LIMITED_UTILIZATION.to_string(),
            "Go `runtime/mgclimit.go` `gcCPULimiter`",
            "servers with GOMEMLIMIT below what they hold",
        ),
        from(
            "items of a streamed list that share a frame are smaller than",
            format!("{:#}", costs::STREAM_BUFFER),
            "golang.org/x/net `http2/server.go` `handlerChunkBufferSize`",
            "durations of streamed lists in protobuf",
        ),
        from(
            "what the scavenger leaves mapped above the heap goal",
            costs::RETAIN_EXTRA.to_string(),
            "Go `runtime/mgcscavenge.go` `retainExtraPercent`; measured 10 % after settled collections",
            "resident memory between bursts",
        ),
        from(
            "what a watch-list builds per object of the resource, up to 1.32, to 1.36 and from 1.37",
            format!(
                "{} B; {} B; {} B",
                costs::WATCH_LIST_INTERVAL + costs::WATCH_LIST_ATTRIBUTES,
                costs::WATCH_LIST_INTERVAL,
                costs::WATCH_LIST_INTERVAL_LAZY
            ),
            "k8s.io/apiserver `storage/cacher/watch_cache_interval.go`",
            "peaks of many watch-lists at once",
        ),
    ]
}

/// The rest of them: connections, restarts, releases.
fn more_source() -> Vec<Assumption> {
    let from = |what, shown: String, source, leans| {
        value(Held::Source, (what, shown), (source, ""), leans)
    };
    vec![
        from(
            "what leaves the heap ahead of a slow reader",
            format!("{:#}", costs::CLIENT_WINDOW),
            "window of a stream in `golang.org/x/net/http2` (client), `net.ipv4.tcp_wmem`",
            "slow clients",
        ),
        from(
            "a dying server's clients redial at once; a silent one is noticed after 30 to 45 s; sticky \
             connections, nothing moves one that is open",
            String::new(),
            "apimachinery `util/net/http.go`, k8s.io/client-go `transport/cache.go`",
            "cascades",
        ),
        from(
            "restarts after 10, 20, 40 ... 300 s; the killer takes the highest oom_score",
            String::new(),
            "kubelet `kuberuntime_manager.go`, KEP-4603; kernel `mm/oom_kill.c`; kubelet `qos/policy.go`",
            "crash loops, recovery",
        ),
        from(
            "what each release does",
            release::modelled(),
            "k8s.io/apiserver `features/kube_features.go` of each tag, change logs",
            "every comparison of releases; those that were measured: docs/fidelity.md",
        ),
    ]
}

fn published() -> Vec<Assumption> {
    let published = |what, shown: String, source, range, leans| {
        value(Held::Published, (what, shown), (source, range), leans)
    };
    vec![
        published(
            "figures of the shipped scenarios; the model has no constant of its own for any of them",
            String::new(),
            "KEP-3157, the list benchmark of KEP-5116, the Palark incident",
            "",
            "every run of these prints them beside the prediction",
        ),
        published(
            "a snapshot's own nodes, for each event in the ring, from 1.34",
            decimal(costs::RING_SNAPSHOT),
            "KEP-4988 (b-tree of degree 16, copy on write)",
            "1 to 2 KB",
            "churn on 1.34 and later",
        ),
    ]
}
