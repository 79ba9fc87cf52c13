//! Outages of etcd.

use oomcast::results::{Mechanism, RunRecord};

use crate::dynamics::{at, most, run};

fn outage(version: &str, event: &str) -> RunRecord {
    run(
        &format!("version = \"{version}\""),
        "6m",
        // A cache is filled in 20 s: a bucket of the timeline, 0.18 s, is less than 1 % of that.
        &format!(
            r#"
[etcd]
read-rate = "5MB/s"

[objects.pods]
count = 20_000
size = "5kB"
writes = "20/s"

[[clients]]
name = "kubelets"
count = 200
idle-watches = 3
reflector = {{ resource = "pods", selected = "0.5%" }}

[[clients]]
name = "any"
count = 1
start = "stopped"
lister = {{ resource = "pods", resource-version = "0", rounds = "endless", pause = "10s" }}

[[clients]]
name = "latest"
count = 1
start = "stopped"
lister = {{ resource = "pods", rounds = "endless", pause = "10s" }}

[[events]]
name = "outage"
at = "1m"
etcd-outage = {event}

[[events]]
name = "dump"
at = "62s"
start = {{ client = "any" }}

[[events]]
name = "kubectl"
at = "62s"
start = {{ client = "latest" }}

[[events]]
name = "stop dump"
at = "85s"
stop = {{ client = "any" }}

[[events]]
name = "stop kubectl"
at = "85s"
stop = {{ client = "latest" }}
"#
        ),
    )
}

/// Pods of 1.9 x 5 kB + 800 B.
const STORE: f64 = 20_000.0 * (1.9 * 5_000.0 + 800.0);

#[test]
fn a_short_outage_passes_unnoticed_by_watchers() {
    let record = outage("1.32", "{ lasts = \"25s\" }");
    let counters = record.counters;
    assert_eq!((counters.cache_reinitializations, counters.watches_terminated), (0, 0));
    // What a cache answers by itself goes on; a consistent read asks etcd, and fails after 7 s.
    assert!(counters.lists_ok >= 2 && counters.requests_failed >= 1, "{counters:?}");
    // Nothing is written meanwhile.
    let ring = |seconds| at(&record, Mechanism::WatchCacheEventRing, seconds);
    assert!((ring(84.0) - ring(61.0)).abs() < 1.0);
    assert!(most(&record, Mechanism::WatchCacheObjects) < STORE * 1.001);
}

#[test]
fn a_long_outage_has_every_cache_filled_anew_beside_its_old_contents() {
    for version in ["1.30", "1.34"] {
        let record = outage(version, "{ lasts = \"2m\" }");
        let counters = record.counters;
        assert_eq!(counters.cache_reinitializations, 1, "{version}");
        assert_eq!(counters.watches_terminated, 200 * 4, "{version}");
        let peak = most(&record, Mechanism::WatchCacheObjects);
        assert!((peak / (2.0 * STORE) - 1.0).abs() < 0.01, "old and new at once: {peak}");
        let raw = most(&record, Mechanism::EtcdRawResponse);
        assert!(raw >= 10_000.0 * 5_000.0, "a raw page: {raw}");
        let store = |seconds| at(&record, Mechanism::WatchCacheObjects, seconds);
        assert!((store(350.0) - STORE).abs() < 1.0, "{}", store(350.0));
        // Versions are older than the list: all list again, in the end.
        assert_eq!(counters.requests_gone, 200, "{version}");
        assert_eq!(record.clients_synced, (200, 200), "{version}");
    }
}

#[test]
fn watches_are_turned_away_with_429_while_caches_are_cold() {
    let counters = outage("1.34", "{ lasts = \"2m\" }").counters;
    // Retry-After grows from 1 s: many times in a minute and a half.
    assert!(counters.requests_rejected >= 200 * 5, "{counters:?}");
}

#[test]
fn a_compacted_etcd_costs_the_caches_at_once() {
    let record = outage("1.34", "{ lasts = \"5s\", compacted = true }");
    assert_eq!(record.counters.cache_reinitializations, 1);
    assert!(most(&record, Mechanism::WatchCacheObjects) > 1.9 * STORE);
}

#[test]
fn a_server_that_starts_meanwhile_fills_its_caches_when_etcd_is_back() {
    let record = run(
        "version = \"1.34\"",
        "6m",
        "[objects.pods]\ncount = 20_000\nsize = \"5kB\"\n\
         [[events]]\nname = \"out\"\nat = \"1m\"\netcd-outage = { lasts = \"2m\" }\n\
         [[events]]\nname = \"kill\"\nat = \"70s\"\nkill = { apiserver = 0 }\n",
    );
    let store = |seconds| at(&record, Mechanism::WatchCacheObjects, seconds);
    assert!(store(175.0) < 1.0);
    assert!((store(350.0) - STORE).abs() < 1.0, "{}", store(350.0));
}
