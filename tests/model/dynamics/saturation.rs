//! Servers whose writes and watch events are more than their processors: nothing is lost, what is late
//! shows, and what API Priority and Fairness turns away costs nothing. The conservation laws of the
//! backlog hold after every event of these runs.

use crate::support;
use oomcast::results::{Outcome, RunRecord};

/// 100 watchers of Pods of 5 kB that are written at 40 per second: 0.24 cores of four.
pub(crate) const WATCHED: &str = r#"
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

pub(crate) fn run(text: &str, set: &[&str]) -> RunRecord {
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

/// More writes than four cores can do: what is let in is what they can do, however many come, and keeps the
/// server busy without falling further and further behind.
#[test]
fn as_many_writes_are_let_in_as_the_processors_do() {
    let let_in = |rate: u32| {
        let writes = format!("objects.pods.writes={rate}/s");
        let busy = run(WATCHED, &["clients.watchers.count=1", &writes]);
        let used = busy.cpu().as_secs_f64();
        assert!(used > 4.0 * 300.0 * 0.85 && used <= 4.0 * 300.0 * 1.001, "{used} CPU-seconds");
        f64::from(rate) - busy.counters.writes_rejected as f64 / 300.0
    };
    let few = let_in(2_000);
    for rate in [4_000, 12_000] {
        let many = let_in(rate);
        assert!((many / few - 1.0).abs() < 0.1, "{many} and {few} writes per second");
    }
}

/// Without API Priority and Fairness nothing is turned away; what waits for longer than the request
/// time-out is answered 504.
#[test]
fn writes_that_wait_for_too_long_time_out() {
    let set = ["apf.enabled=false", "clients.watchers.count=1", "node.cores=1"];
    let calm = run(WATCHED, &set);
    assert_eq!(calm.counters.writes_timed_out, 0);
    let busy = run(WATCHED, &[&set[..], &["objects.pods.writes=2000/s"]].concat());
    assert!(busy.counters.writes_timed_out > 10_000, "{:?}", busy.counters);
    assert_eq!(busy.outcome, Outcome::Degraded);
}
