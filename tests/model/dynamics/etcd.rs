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
    assert!(most(&record, Mechanism::WatchCacheObjects) < STORE * 1.001);
}

#[test]
fn nothing_is_written_without_etcd() {
    // A killed server's ring begins empty, so that it shows every write.
    let record = run(
        "version = \"1.32\"",
        "3m",
        "[objects.configmaps]\ncount = 2_000\nsize = \"10kB\"\nwrites = \"100/s\"\n\
         [[events]]\nname = \"kill\"\nat = \"10s\"\nkill = { apiserver = 0 }\n\
         [[events]]\nname = \"outage\"\nat = \"40s\"\netcd-outage = { lasts = \"15s\" }\n",
    );
    let ring = |seconds| at(&record, Mechanism::WatchCacheEventRing, seconds);
    let grown = |from: f64, to: f64| ring(to) - ring(from);
    let usual = grown(25.0, 38.0);
    assert!(usual > 13.0 * 100.0 * 10_000.0, "{usual}");
    assert!(grown(41.0, 54.0).abs() < 1.0, "{}", grown(41.0, 54.0));
    // What could not be written is not made up for.
    assert!((grown(57.0, 70.0) / usual - 1.0).abs() < 0.01, "{}", grown(57.0, 70.0));
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
        "version = \"1.34\"\nreplicas = 2",
        "6m",
        "[objects.pods]\ncount = 20_000\nsize = \"5kB\"\n\
         [[events]]\nname = \"out\"\nat = \"1m\"\netcd-outage = { lasts = \"2m\" }\n\
         [[events]]\nname = \"kill\"\nat = \"70s\"\nkill = { apiserver = 0 }\n\
         # What another server no longer waits for, this one still does.\n\
         [[events]]\nname = \"other\"\nat = \"100s\"\nkill = { apiserver = 1 }\n",
    );
    let store = |seconds| at(&record, Mechanism::WatchCacheObjects, seconds);
    assert!(store(175.0) < 1.0);
    assert!((store(350.0) - STORE).abs() < 1.0, "{}", store(350.0));
    // Its own informers wait for etcd too, and with them its readiness.
    let informers = |seconds| at(&record, Mechanism::LoopbackInformers, seconds);
    assert!(informers(175.0) < 1.0 && (informers(350.0) / informers(50.0) - 1.0).abs() < 0.01);
}

#[test]
fn watch_lists_that_fail_become_lists() {
    let record = run(
        "version = \"1.34\"",
        "3m",
        "[objects.pods]\ncount = 2_000\nsize = \"5kB\"\n\
         [[clients]]\nname = \"agents\"\ncount = 30\nstart = \"stopped\"\n\
         reflector = { resource = \"pods\", watch-list = true }\n\
         [[events]]\nname = \"outage\"\nat = \"1m\"\netcd-outage = { lasts = \"20s\" }\n\
         [[events]]\nname = \"start\"\nat = \"70s\"\nstart = { client = \"agents\" }\n",
    );
    let counters = record.counters;
    assert_eq!((record.clients_synced, counters.lists_ok), ((30, 30), 30), "{counters:?}");
    // A watch-list that fails is not asked for again; calls fail until the server's health checks pass.
    assert_eq!(counters.watch_lists_begun, 30, "{counters:?}");
    assert!(counters.requests_failed >= 30, "{counters:?}");
}

/// Before 1.31 a LIST without a version goes to etcd: of one namespace, with its prefix.
#[test]
fn a_list_of_one_namespace_reads_no_others() {
    let peak = |namespaced: bool| {
        let lists = format!(
            r#"
[objects.pods]
count = 20_000
size = "5kB"

[[clients]]
name = "controllers"
count = 40
start = "stopped"
lister = {{ resource = "pods", selected = "5%", namespaced = {namespaced} }}

[[events]]
name = "lists"
at = "5s"
start = {{ client = "controllers" }}
"#
        );
        run("version = \"1.28\"", "30s", &lists).peak_resident().as_f64()
    };
    let (one, all) = (peak(true), peak(false));
    assert!(one < 0.4 * all, "{one} of {all}");
}
