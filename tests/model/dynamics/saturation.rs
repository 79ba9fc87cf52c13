//! Servers whose writes and watch events are more than their processors: nothing is lost, what is late
//! shows, and what API Priority and Fairness turns away costs nothing. The conservation laws of the
//! backlog hold after every event of these runs.

use crate::support;
use oomcast::results::{Outcome, RunRecord};

/// 100 watchers of Pods of 5 kB that are written at 40 per second: 0.24 cores of four.
const WATCHED: &str = r#"
schema = 1
name = "watched"
[run]
duration = "5m"
[apiserver]
version = "1.32"
[node]
memory = "32GiB"
cores = 4
[objects.pods]
count = 5_000
size = "5kB"
json-size = "10kB"
writes = "40/s"
[[clients]]
name = "watchers"
count = 100
reflector = { resource = "pods", encoding = "json", watch-list = false }
"#;

/// Seats for all writes there may be.
const SEATS: &str = "apiserver.max-mutating-requests-inflight=1000000";

fn run(text: &str, set: &[&str]) -> RunRecord {
    support::run(&support::valid(text, set).inputs, 1)
}

#[test]
fn watch_events_are_bytes_sent() {
    let watched = run(WATCHED, &[]);
    let due = 100.0 * 40.0 * 10_000.0 * 300.0;
    let sent = watched.counters.bytes_sent.as_f64();
    assert!((sent / due - 1.0).abs() < 0.01, "{sent} of {due}");
    assert_eq!(watched.outcome, Outcome::Absorbed);
}

/// A spike of Pods is so much work, however fast they come.
#[test]
fn a_spike_costs_the_same_however_steep_it_is() {
    let spike = |over: &str| {
        let text = format!(
            "{}\n[[workloads]]\nname = \"spike\"\nkind = \"hpa-spike\"\nat = \"30s\"\n\
             pods = 3_000\nover = \"{over}\"\nlasts = \"10m\"\n",
            WATCHED
                .replace("count = 100", "count = 1")
                .replace("duration = \"5m\"", "duration = \"8m\"")
        );
        let run = run(&text, &[SEATS]);
        assert_eq!(run.counters.writes_rejected, 0, "{over}");
        (run.cpu().as_secs_f64(), run.outcome)
    };
    let (flat, calm) = spike("4m");
    let (steep, late) = spike("5s");
    // The collector runs less often when garbage comes fast.
    assert!((steep / flat - 1.0).abs() < 0.1, "{steep} against {flat} CPU-seconds");
    assert_eq!((calm, late), (Outcome::Absorbed, Outcome::Degraded));
}

#[test]
fn a_saturated_server_uses_its_cores_and_ends_the_watches_that_it_cannot_serve() {
    let busy = run(WATCHED, &[SEATS, "objects.pods.writes=600/s"]);
    let used = busy.cpu().as_secs_f64();
    assert!(used > 4.0 * 300.0 * 0.97 && used <= 4.0 * 300.0 * 1.001, "{used} CPU-seconds");
    assert!(busy.counters.watches_terminated >= 100, "{:?}", busy.counters);
    assert_eq!(busy.outcome, Outcome::Degraded);
}

/// Twice the writes that four cores can do: half of them are turned away, and those that are not keep
/// the server busy without falling further and further behind.
#[test]
fn writes_beyond_the_processors_are_turned_away() {
    let busy = run(WATCHED, &["clients.watchers.count=1", "objects.pods.writes=2000/s"]);
    let used = busy.cpu().as_secs_f64();
    assert!(used > 4.0 * 300.0 * 0.85 && used <= 4.0 * 300.0 * 1.001, "{used} CPU-seconds");
    let turned_away = busy.counters.writes_rejected as f64 / (2_000.0 * 300.0);
    assert!((0.35..0.65).contains(&turned_away), "{turned_away} of the writes");
}
