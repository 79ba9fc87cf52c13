//! Watch caches in whole runs: rings that grow and are lost, versions that are too old, the
//! consistency checker's pulse.

use crate::dynamics::{at, of};
use crate::support;
use oomcast::results::{Mechanism, RunRecord};

fn run(text: &str) -> RunRecord {
    support::run(&support::valid(text, &[]).inputs, 3)
}

const CHURN: &str = r#"
schema = 1
name = "churn"

[run]
duration = "8m"

[apiserver]
version = "1.32"
memory-limit = "8GiB"

[node]
memory = "16GiB"
cores = 4

[objects.configmaps]
count = 2_000
size = "10kB"
writes = "100/s"

[[events]]
name = "kill"
at = "60s"
kill = { apiserver = 0 }
"#;

#[test]
fn a_ring_is_lost_with_its_server_and_grows_again() {
    let record = run(CHURN);
    let ring = |seconds| at(&record, Mechanism::WatchCacheEventRing, seconds);
    // 75 s of 100 writes a second: 12,800 events, each with the version before.
    let full = ring(50.0);
    let event = 10_000.0 + 700.0 + 1_500.0 + 128.0 + 8.0;
    assert!((full / (12_800.0 * event) - 1.0).abs() < 0.02, "{full}");
    assert!(ring(61.0) < 0.02 * full, "a new process has no events");
    let down = record.timelines[0].down.iter().map(|(a, b)| (a.as_secs_f64(), b.as_secs_f64()));
    let down: Vec<(f64, f64)> = down.collect();
    assert!(down.len() == 1 && (down[0].0 - 60.0).abs() < 1e-6 && down[0].1 < 120.0, "{down:?}");
    let slope = (ring(150.0) - ring(100.0)) / 50.0;
    assert!((slope / (100.0 * event) - 1.0).abs() < 0.02, "{slope} bytes a second");
    // After 128 s it is full again, and stays so.
    assert!((ring(250.0) / full - 1.0).abs() < 1e-3 && (ring(470.0) / full - 1.0).abs() < 1e-3);
}

/// Two servers, of which one is killed; watchers see few events themselves.
fn failover(writes: &str) -> RunRecord {
    run(&format!(
        r#"
schema = 1
name = "failover"

[run]
duration = "2m"

[apiserver]
version = "1.32"
replicas = 2
memory-limit = "12GiB"

[node]
memory = "24GiB"
cores = 32

# Out of rotation before anybody dials again, and not back before all have.
[balancer]
check-interval = "100ms"
fall = 1
rise = 300

[objects.configmaps]
count = 2_000
size = "1kB"
writes = "{writes}"

[[clients]]
name = "agents"
count = 400
start = "running"
reflector = {{ resource = "configmaps", selected = "0.00001%", selector = true }}

[[events]]
name = "kill"
at = "60s"
kill = {{ apiserver = 0 }}
"#
    ))
}

#[test]
fn a_watch_goes_on_elsewhere_as_far_as_the_ring_reaches() {
    // 75 s of history, bookmarks of at most 60 s: nobody is too late.
    let slow = failover("50/s").counters;
    assert!(slow.watches_lost >= 150 && slow.requests_gone == 0, "{slow:?}");
    // 102,400 events of 5,000 a second are 20.5 s: two thirds saw their last bookmark before.
    let fast = failover("5_000/s").counters;
    let gone = fast.requests_gone as f64 / fast.watches_lost as f64;
    assert!((gone - 0.66).abs() < 0.1, "{gone}");
}

fn idle(version: &str, events: &str) -> RunRecord {
    run(&format!(
        r#"
schema = 1
name = "idle"

[run]
duration = "16m"

[apiserver]
version = "{version}"
memory-limit = "8GiB"

[node]
memory = "16GiB"
cores = 4

[objects.pods]
count = 30_000
size = "6kB"

{events}
"#
    ))
}

/// When pods begin to be decoded, in seconds, and the most bytes of them at once.
fn decoded(record: &RunRecord) -> (Vec<f64>, f64) {
    let points = record.timelines[0].points.iter();
    let decoded: Vec<(f64, f64)> =
        points.map(|p| (p.at.as_secs_f64(), of(p, Mechanism::DecodedObjects))).collect();
    let begins = decoded.windows(2).filter(|pair| pair[0].1 <= 1e6 && pair[1].1 > 1e6);
    (begins.map(|pair| pair[1].0).collect(), decoded.iter().map(|(_, b)| *b).fold(0.0, f64::max))
}

#[test]
fn every_cache_is_checked_against_etcd_every_five_to_seven_and_a_half_minutes() {
    assert!(decoded(&idle("1.33", "")).0.is_empty());
    let (begins, peak) = decoded(&idle("1.36", ""));
    assert!((2..=4).contains(&begins.len()), "checks at {begins:?} in 16 minutes");
    // A page of 10,000 pods at a time, not all 30,000.
    assert!(peak > 9_500.0 * 12_000.0 && peak < 30_000.0 * 12_000.0, "{peak}");
}

#[test]
fn checks_end_with_the_process_that_arranged_them() {
    let kill = |at: u32| {
        format!("[[events]]\nname = \"kill {at}\"\nat = \"{at}s\"\nkill = {{ apiserver = 0 }}\n")
    };
    let (begins, _) = decoded(&idle("1.36", &[20, 60, 110, 180].map(kill).concat()));
    // Each start fills the cache; then only the last process checks it.
    let checks = begins.iter().filter(|at| **at > 300.0).count();
    assert!((1..=3).contains(&checks), "{begins:?}");
}
