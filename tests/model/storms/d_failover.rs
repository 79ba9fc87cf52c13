//! D. The balancer fails over. The manner decides: reset, all clients watch again at once and list
//! nothing; silent, each notices after 30 to 45 s and every reflector lists.
//!
//! The envelope for 290,000 watches: 600 seats held for 10 ms are 60,000 a second, so at least 4.8 s of
//! full occupancy, with 429s that come back in lock step. At a twentieth of the size, seats included,
//! the figures in seconds stay. The envelope grants the herd every seat of a server; here a priority
//! level does so. It is a lower bound: 5.4 s of full occupancy are spread over 15.6 s, as the waves
//! leave the seats idle between them.

use crate::storms::{assert_near, run};
use oomcast::results::RunRecord;

/// Members with one watch each, on a server that takes 10 ms for each of 30 at once.
fn herd() -> RunRecord {
    run(r#"
schema = 1
name = "failover"
[run]
duration = "4m"
[apiserver]
version = "1.34"
max-requests-inflight = 20
max-mutating-requests-inflight = 10
[node]
memory = "64GiB"
cores = 9 # 3 ms of handshake and watch, 30 at once: 10 ms each
[hardware]
cpu-noise = "0%"
[[apf.levels]]
name = "herd"
shares = 1_000_000
type = "queue"
[[apf.flow-schemas]]
name = "herd"
level = "herd"
groups = ["*"]
distinguisher = "by-user"
[objects.pods]
count = 1_000
size = "4kB"
[[clients]]
name = "watchers"
count = 14_500
start-jitter = "0s"
flow-schema = "herd"
user = "watcher-{member}"
reflector = { resource = "pods", selected = "0.1%", watch-list = false }
[[events]]
name = "failover"
at = "10s"
failover = { manner = "reset" }
"#)
}

#[test]
fn reset_watches_come_back_without_a_list_and_in_lock_step() {
    let run = herd();
    let counters = run.counters;
    assert_eq!((counters.lists_ok, counters.requests_gone), (0, 0), "{counters:?}");
    assert_eq!((counters.watches_lost, counters.watches_opened), (14_500, 14_500));
    let level = run.timelines[0].levels.iter().find(|level| level.name == "herd");
    let points = &level.expect("the herd's level").points;
    let full: f64 = points
        .windows(2)
        .filter(|two| two[0].seats >= 29)
        .map(|two| (two[1].at - two[0].at.since(oomcast::units::SimTime::ZERO)).as_secs_f64())
        .sum();
    // 14,500 watches at 3,000 a second; whatever else the server does makes it slower.
    assert!((4.6..7.0).contains(&full), "{full} s of full occupancy");
    // Whoever is turned away comes back when Retry-After says so, which doubles with every wave: after
    // 1, 2, 4 and 8 s. The seats are idle between the waves.
    let mut waves = Vec::new();
    for two in points.windows(2).filter(|two| two[1].rejected > two[0].rejected) {
        let second = (two[1].at.as_secs_f64() - 10.0).floor();
        assert!(two[1].at.as_secs_f64() - 10.0 - second < 0.3, "{:?} is out of step", two[1]);
        waves.push(second);
    }
    waves.dedup();
    assert_eq!(waves, [0.0, 1.0, 3.0, 7.0]);
    let last = points.iter().rev().find(|point| point.seats > 0).expect("a seat in use");
    assert_near("the last is back", last.at.as_secs_f64() - 10.0, 15.6, 0.5);
}

/// Members with 58 watches, of whom the balancer forgets the connections.
fn silent(seconds: u64) -> RunRecord {
    run(&format!(
        r#"
schema = 1
name = "black-hole"
[run]
duration = "{seconds}s"
[apiserver]
version = "1.34"
replicas = 3
[node]
memory = "64GiB"
[objects.pods]
count = 1_000
size = "4kB"
[[clients]]
name = "kubelets"
count = 250
idle-watches = 57
reflector = {{ resource = "pods", selected = "0.1%" }}
[[events]]
name = "failover"
at = "10s"
failover = {{ manner = "silent" }}
"#
    ))
}

/// Reflectors with a watch of their own and 57 idle ones are 58 that list.
#[test]
fn watches_lost_silently_all_list_again() {
    let lists = |run: &RunRecord| run.counters.lists_ok + run.counters.idle_relists;
    assert_eq!(lists(&silent(39)), 0, "nobody notices for 30 s");
    // Pings fail over the next 15 s; a relist follows after 0.8 to 1.6 s.
    let half = lists(&silent(49)) as f64 / 14_500.0;
    assert_near("share that has listed after 39 s", half, (39.0 - 30.0 - 1.2) / 15.0, 0.1);
    let whole = silent(60);
    assert_eq!(lists(&whole), 14_500);
    assert_eq!(whole.counters.watches_opened, 14_500);
}
