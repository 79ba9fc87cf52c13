//! H. A `DaemonSet` is rolled out: one at a time there is one LIST in flight, with 10 % a tenth of the
//! fleet's, with all of them all at once. Peaks go with that number, not with the bytes.

use crate::storms::{assert_near, run};
use oomcast::results::{Mechanism, RunRecord};

fn rollout(max_unavailable: &str, duration: &str) -> RunRecord {
    run(&format!(
        r#"
schema = 1
name = "rollout"
[run]
duration = "{duration}"
[apiserver]
version = "1.32"
[node]
memory = "128GiB"
cores = 16
[hardware]
cpu-noise = "0%"
[apf]
enabled = false
[objects.configmaps]
count = 1_000
size = "30kB"
[[clients]]
name = "agents"
count = 100
drain-rate = "30MB/s"
reflector = {{ resource = "configmaps", encoding = "json", gzip = false, watch-list = false }}
[[events]]
name = "rollout"
at = "10s"
rollout = {{ client = "agents", max-unavailable = {max_unavailable}, start-time = "10s" }}
"#
    ))
}

fn most_in_flight(run: &RunRecord) -> u32 {
    let points = run.timelines.iter().flat_map(|timeline| &timeline.points);
    points.map(|point| point.in_flight).max().unwrap_or(0)
}

#[test]
fn peaks_of_a_rollout_go_with_its_concurrency() {
    let one = rollout("1", "25m");
    let tenth = rollout("\"10%\"", "5m");
    let all = rollout("\"100%\"", "2m");
    for run in [&one, &tenth, &all] {
        // Each lists once, whatever the order.
        assert_eq!(run.counters.lists_ok, 100);
        assert_eq!(run.clients_synced, (100, 100));
    }
    assert_eq!([&one, &tenth, &all].map(most_in_flight), [1, 10, 100]);
    let sent = |run: &RunRecord| run.counters.bytes_sent.as_f64();
    assert_near("bytes sent", sent(&all) / sent(&one), 1.0, 1e-9);
    // Buffers of 32 MiB that were held at the peak.
    let buffers = |run: &RunRecord| {
        let held = run.servers[0].holders_at_peak.iter();
        held.filter(|h| h.mechanism == Mechanism::ResponseBuffer)
            .map(|h| h.bytes.0 >> 25)
            .sum::<u64>()
    };
    assert_eq!([&one, &tenth, &all].map(buffers), [1, 10, 100]);
    // What a LIST of 30 MB adds, buffered and read slowly. One at a time adds fifteen times its size: each
    // list runs on a P that is drawn among the eight in play and leaves its buffer there, in the pool, until
    // two collections have passed. Ten at once, whose buffers are live, add 2.9 times theirs.
    let above = |run: &RunRecord| {
        let rest = run.timelines[0].points[0].resident.as_f64();
        (run.peak_resident().as_f64() - rest) / 30e6
    };
    let (one, tenth, all) = (above(&one), above(&tenth), above(&all));
    assert_near("a tenth of the fleet against one", tenth / one, 2.0, 0.3);
    assert_near("the fleet against a tenth of it", all / tenth, 6.4, 1.0);
}
