//! What quiet reflectors have seen, and reads of data older than was seen before.

use oomcast::results::{Counters, RunRecord};
use oomcast::units::SimSpan;

use crate::dynamics::run;

/// Three servers are rolled; reflectors watch a resource that nobody writes.
fn rolled(etcd: &str, reflector: &str) -> Counters {
    let record = run(
        "version = \"1.34\"\nreplicas = 3",
        "15m",
        &format!(
            r#"
[etcd]
{etcd}

[balancer]
check-interval = "1s"
fall = 1
rise = 1

[objects.configmaps]
count = 2_000
size = "1kB"

[[clients]]
name = "agents"
count = 300
reflector = {{ resource = "configmaps", watch-list = false{reflector} }}

[[events]]
name = "roll"
at = "5m"
roll = {{ every = "2m" }}
"#
        ),
    );
    record.counters
}

#[test]
fn progress_notifications_spare_quiet_reflectors_their_relists() {
    let rare = rolled("", "");
    let often = rolled("progress-notify-interval = \"5s\"", "");
    // Of those on the second and the third server some move to one that has started since.
    assert!(rare.requests_gone >= 50, "{rare:?}");
    // Not those that came back to the first server while it was in rotation still.
    assert!(often.requests_gone * 2 < rare.requests_gone, "{often:?} {rare:?}");
    assert!(rare.lists_ok > often.lists_ok, "{often:?} {rare:?}");
}

#[test]
fn without_bookmarks_notifications_do_not_reach_the_clients() {
    let often = "progress-notify-interval = \"5s\"";
    let without = rolled(often, ", bookmarks = false");
    assert!(without.requests_gone > 2 * rolled(often, "").requests_gone, "{without:?}");
}

/// A kubelet restarts against a server whose cache does not follow etcd (kubernetes#59848).
fn time_travel(version: &str, read: &str, event: &str) -> RunRecord {
    run(
        &format!("version = \"{version}\"\nreplicas = 2"),
        "5m",
        &format!(
            r#"
[balancer]
policy = "random"

[objects.pods]
count = 3_000
size = "4kB"
writes = "10/s"

[[clients]]
name = "kubelets"
count = 40
reflector = {{ resource = "pods", selected = "1%", watch-list = false{read} }}

[[events]]
name = "lag"
at = "1m"
{event}

[[events]]
name = "restart"
at = "2m"
restart = {{ client = "kubelets" }}
"#
        ),
    )
}

const LAG: &str = "lag = { apiserver = 1, lasts = \"2m\" }";

#[test]
fn a_restarted_kubelet_sees_older_data_at_a_server_that_lags() {
    let stale = time_travel("1.28", "", LAG).counters.stale_reads;
    // Those that came from the other server and land here.
    assert!((4..=20).contains(&stale), "{stale}");
    assert_eq!(time_travel("1.28", "", "").counters.stale_reads, 0);
    let over = "lag = { apiserver = 1, lasts = \"30s\" }";
    assert_eq!(time_travel("1.28", "", over).counters.stale_reads, 0, "it has caught up");
}

#[test]
fn consistent_reads_are_never_stale_and_fall_back_to_etcd() {
    for (version, falls_back) in [("1.30", false), ("1.32", true), ("1.34", true)] {
        let record = time_travel(version, ", resource-version = \"\"", LAG);
        let counters = record.counters;
        assert_eq!(counters.stale_reads, 0, "{version}");
        assert_eq!(counters.lists_fallback_to_etcd > 0, falls_back, "{version}: {counters:?}");
        assert!(counters.lists_from_etcd >= counters.lists_fallback_to_etcd);
        // The cache is given 3 s to become fresh.
        let restart = record.phases.last().expect("the restart");
        let took = restart.settled_at.expect("all have listed").since(restart.start);
        assert_eq!(took >= SimSpan::secs(3), falls_back, "{version}: {took}");
    }
}
