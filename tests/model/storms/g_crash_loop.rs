//! G. The crash loop against the herd: the kubelet starts a container again at once, then 10, 20, 40
//! and 80 s after its death, while a reflector makes about 6.5 attempts more in its first two minutes.
//! So each of the first starts meets a herd that has not spread.

use crate::storms::{assert_near, logged, run};
use oomcast::results::LogKind;

/// A server that never comes into rotation: every dial is refused.
#[test]
fn a_reflector_knocks_six_times_and_a_half_in_two_minutes() {
    for version in ["1.34", "1.36"] {
        let run = run(&format!(
            r#"
schema = 1
name = "closed"
[run]
duration = "2m"
[apiserver]
version = "{version}"
warm = false
[node]
memory = "32GiB"
[balancer]
rise = 1_000
[objects.pods]
count = 10
size = "4kB"
[[clients]]
name = "reflectors"
count = 2_000
start-jitter = "0s"
reflector = {{ resource = "pods", watch-list = false }}
"#
        ));
        let attempts = run.counters.requests_failed as f64 / 2_000.0;
        assert_near("attempts after the first", attempts - 1.0, 6.5, 0.2);
    }
}

#[test]
fn the_first_five_restarts_each_meet_the_herd() {
    let run = run(r#"
schema = 1
name = "loop"
[run]
duration = "8m"
[apiserver]
version = "1.30"
memory-limit = "2GiB"
[node]
memory = "8GiB"
cores = 4
[balancer]
check-interval = "1s"
fall = 2
rise = 1
[objects.configmaps]
count = 2_000
size = "30kB"
[[clients]]
name = "agents"
count = 300
start = "stopped"
drain-rate = "20MB/s"
reflector = { resource = "configmaps", encoding = "json", gzip = false }
[[events]]
name = "rollout"
at = "30s"
start = { client = "agents" }
"#);
    let deaths = logged(&run, LogKind::OomKill, "");
    let starts = logged(&run, LogKind::Started, "");
    assert!(deaths.len() >= 6, "{deaths:?}");
    let delays: Vec<f64> =
        deaths.iter().zip(&starts).take(6).map(|(death, start)| start - death).collect();
    for (found, expected) in delays.iter().zip([0.0, 10.0, 20.0, 40.0, 80.0, 160.0]) {
        assert_near("from death to start", *found, expected, 1e-6);
    }
    // No life lasts long: the herd is there when the server is.
    for (start, death) in starts.iter().zip(&deaths[1..]).take(5) {
        assert!(death - start < 35.0, "started at {start}, dead at {death}");
    }
}
