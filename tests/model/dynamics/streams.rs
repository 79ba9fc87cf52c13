//! Watch events on their way: what a cache that does not follow etcd holds up, and what the network and
//! the readers take. The conservation laws of bytes hold after every event of these runs.

use crate::dynamics::saturation::{WATCHED, run};
use oomcast::results::{Outcome, RunRecord};

/// Bytes of the events of a watched run that came in so many seconds.
fn due(seconds: f64) -> f64 {
    100.0 * 40.0 * 10_000.0 * seconds
}

fn sent(run: &RunRecord) -> f64 {
    run.counters.bytes_sent.as_f64()
}

fn lagging(at: &str, lasts: &str, set: &[&str]) -> RunRecord {
    let lag = format!("lag = {{ apiserver = 0, lasts = \"{lasts}\" }}");
    run(&format!("{WATCHED}[[events]]\nname = \"lag\"\nat = \"{at}\"\n{lag}\n"), set)
}

/// Five minutes; the cache stands still for the last three.
#[test]
fn nothing_is_sent_while_a_cache_lags() {
    let lagging = lagging("2m", "1h", &[]);
    assert!((sent(&lagging) / due(120.0) - 1.0).abs() < 0.02, "{}", sent(&lagging));
}

/// 80 events fit into the channels of every watch: they come afterwards, and nothing is lost.
#[test]
fn what_a_short_lag_holds_up_comes_afterwards() {
    let short = lagging("2m", "2s", &[]);
    assert!((sent(&short) / due(300.0) - 1.0).abs() < 0.01, "{}", sent(&short));
    assert_eq!((short.counters.watches_terminated, short.outcome), (0, Outcome::Absorbed));
}

/// 2,400 do not: what was held up is more than the channels hold, and every watch is ended once.
#[test]
fn a_long_lag_ends_in_a_flood() {
    let long = lagging("2m", "60s", &[]);
    assert!((100..200).contains(&long.counters.watches_terminated), "{:?}", long.counters);
    assert!(long.counters.events_replayed >= 100 * 2_000, "{:?}", long.counters);
    assert_eq!(long.outcome, Outcome::Degraded);
    // What they missed they are given from the ring.
    assert!((sent(&long) / due(300.0) - 1.0).abs() < 0.1, "{}", sent(&long));
}

/// 40 MB per second are due, 10 go.
#[test]
fn streams_go_no_faster_than_the_network() {
    let narrow = run(WATCHED, &["hardware.network=10MB/s"]);
    assert!(sent(&narrow) <= 10e6 * 300.0 * 1.001, "{}", sent(&narrow));
    assert!(sent(&narrow) >= 10e6 * 300.0 * 0.8, "{}", sent(&narrow));
    assert!(narrow.counters.watches_terminated >= 100, "{:?}", narrow.counters);
    assert_eq!(narrow.outcome, Outcome::Degraded);
}

/// Watches alone, without a reader's list: each is due 400 kB per second.
#[test]
fn a_watcher_that_drains_too_slowly_is_ended() {
    let watched = |drain: &str| {
        let text = WATCHED.replace(
            "reflector = { resource = \"pods\", encoding = \"json\", watch-list = false }",
            &format!("drain-rate = \"{drain}\"\nwatcher = {{ resource = \"pods\" }}"),
        );
        run(&text, &[])
    };
    let slow = watched("100kB/s");
    assert!(slow.counters.watches_terminated >= 100, "{:?}", slow.counters);
    // What a watch is given that comes back is not bounded so.
    assert!(sent(&slow) < due(300.0) * 0.7, "{}", sent(&slow));
    assert_eq!(watched("1MB/s").counters.watches_terminated, 0);
}
