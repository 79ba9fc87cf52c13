//! A line that is held at a threshold stays there: it does not cross it back and forth.

use crate::laws::world::{inputs, run};

/// Agents of a cluster of 400 nodes restart, and list 20,000 Pods from three servers that the kernel
/// throttles from 5 GiB on.
const THROTTLED: &str = r#"
schema = 1
name = "throttled"
[run]
duration = "9m"
[apiserver]
version = "1.32"
replicas = 3
memory-limit = "8GiB"
memory-high = "5GiB"
[node]
memory = "32GiB"
cores = 8
[objects.pods]
count = 20_000
size = "6kB"
writes = "30/s"
[[clients]]
name = "agents"
count = 400
start-jitter = "2s"
reflector = { resource = "pods", encoding = "json", watch-list = false }
[[events]]
name = "restart"
at = "5m"
restart = { client = "agents" }
"#;

#[test]
fn a_throttled_server_whose_freed_pages_are_scavenged_costs_no_storm_of_events() {
    // The law of thresholds holds in every second of it, and there are 30 events per client in all.
    let run = run(&inputs(THROTTLED, &[]), 1);
    assert!(run.counters.lists_begun > 100);
    assert!(run.counters.engine_events < 60_000, "{}", run.counters.engine_events);
}
