//! Watchers slower than their events, and what a watch is given that comes back.

use oomcast::results::{Counters, Mechanism, RunRecord};

use crate::dynamics::{at, run};

/// 60 agents that decode so fast watch custom resources of 2 kB, written 500 times a second.
fn agents(decode: &str, duration: &str) -> RunRecord {
    run(
        "version = \"1.32\"",
        duration,
        &format!(
            r#"
[objects.ciliumendpoints]
count = 8_000
size = "2kB"
shape = "custom"
writes = "500/s"

[[clients]]
name = "agents"
count = 60
idle-watches = 4
decode-rate = "{decode}"
reflector = {{ resource = "ciliumendpoints", watch-list = false }}
"#
        ),
    )
}

#[test]
fn only_watchers_slower_than_their_events_are_ended() {
    let fast = agents("2MB/s", "5m");
    assert_eq!((fast.counters.watches_terminated, fast.counters.events_replayed), (0, 0));
    let events = fast.counters.engine_events;
    // 4 MiB and two channels of 100 events fill in (4.19 + 0.4) / 0.5 s, up to a fifth sooner.
    let slow = agents("500kB/s", "9s");
    assert!((1..60).contains(&slow.counters.watches_terminated), "{:?}", slow.counters);
    assert_eq!(agents("500kB/s", "7s").counters.watches_terminated, 0);
    let slow = agents("500kB/s", "5m").counters;
    assert!(slow.watches_terminated >= 60 && slow.events_replayed > 60 * 100, "{slow:?}");
    // An event of the engine for each end, and some for the watch after it.
    assert!(slow.engine_events < events + 40 * slow.watches_terminated, "{slow:?} {events}");
}

#[test]
fn who_falls_out_of_the_ring_lists_again() {
    // The ring holds 51,200 events at most; 250 a second more than the agents take: 205 s.
    let before = agents("500kB/s", "150s").counters;
    assert_eq!((before.requests_gone, before.lists_ok), (0, 0), "{before:?}");
    let after = agents("500kB/s", "6m");
    assert!(
        after.counters.requests_gone >= 60 && after.counters.lists_ok >= 60,
        "{:?}",
        after.counters
    );
}

#[test]
fn a_slower_reader_falls_out_of_the_ring_sooner() {
    // 51,200 events at 350 a second are 146 s, at 50 a second 1,024 s.
    let (slow, slower) = (agents("900kB/s", "4m").counters, agents("300kB/s", "4m").counters);
    assert!(slow.watches_terminated > 0 && slower.watches_terminated > 0);
    assert_eq!(slow.requests_gone, 0, "{slow:?}");
    assert!(slower.requests_gone >= 60, "{slower:?}");
}

/// One of two servers dies; kubelets that watch a tenth of the pods go on where they were.
fn failover(writes: &str, members: u32) -> Counters {
    let record = run(
        "version = \"1.32\"\nreplicas = 2",
        "3m",
        &format!(
            r#"
[balancer]
check-interval = "100ms"
fall = 1
rise = 300

[objects.configmaps]
count = 2_000
size = "10kB"
writes = "{writes}"

[[clients]]
name = "agents"
count = {members}
reflector = {{ resource = "configmaps", selected = "10%", selector = true }}

[[events]]
name = "kill"
at = "2m"
kill = {{ apiserver = 0 }}
"#
        ),
    );
    record.counters
}

#[test]
fn a_watch_that_comes_back_is_given_what_it_missed() {
    assert_eq!(failover("0/s", 100).events_replayed, 0);
    // Its last event is a second old on average, at 100 writes a second of which it sees ten: less.
    let few = failover("100/s", 100).events_replayed;
    assert!(few <= 50 * 10, "{few}");
    let more = failover("100/s", 400).events_replayed;
    assert!(more >= few, "{few} {more}");
}

/// Watch-lists of what is written so often that their channel is full in a moment.
fn streamed(writes: &str) -> Counters {
    let record = run(
        "version = \"1.34\"",
        "40s",
        &format!(
            r#"
[objects.ciliumendpoints]
count = 20_000
size = "2kB"
shape = "custom"
writes = "{writes}"

[[clients]]
name = "agents"
count = 20
start = "stopped"
decode-rate = "10MB/s"
reflector = {{ resource = "ciliumendpoints", watch-list = true }}

[[events]]
name = "start"
at = "10s"
start = {{ client = "agents", over = "1s" }}
"#
        ),
    );
    record.counters
}

#[test]
fn a_watch_list_ends_when_its_channel_is_full() {
    assert_eq!(streamed("0/s").watches_terminated, 0);
    // 86 events in 1.4 s, of 3.6 s that the list takes: the bookmark is queued by then, so that all
    // get their list, and each must watch again.
    let some = streamed("60/s");
    assert_eq!((some.lists_ok, some.watches_terminated), (20, 20), "{some:?}");
    assert!(some.events_replayed > 20 * 60, "{some:?}");
    // 100 events in 0.1 s: most are cut before that, and begin again with nothing.
    let busy = streamed("1_000/s");
    assert!(busy.watches_terminated > 4 * some.watches_terminated, "{busy:?} {some:?}");
}

/// What 20 watch-lists of 10,000 config maps leave on the server, and what is left after their clients
/// have stopped.
fn left_by_watch_lists(version: &str) -> (f64, f64) {
    let record = run(
        &format!("version = \"{version}\"\nfeature-gates = {{ WatchList = true }}"),
        "10m",
        r#"
[objects.configmaps]
count = 10_000
size = "10kB"

[[clients]]
name = "agents"
count = 20
start = "stopped"
reflector = { resource = "configmaps", watch-list = true }

[[events]]
name = "go"
at = "1m"
start = { client = "agents" }

[[events]]
name = "stop"
at = "5m"
stop = { client = "agents" }
"#,
    );
    assert_eq!(record.counters.watch_lists_begun, 20, "{:?}", record.counters);
    (at(&record, Mechanism::WatchStream, 280.0), at(&record, Mechanism::WatchStream, 400.0))
}

#[test]
fn an_old_watch_keeps_the_arrays_of_its_interval_until_it_ends() {
    let (old, new) = (left_by_watch_lists("1.32"), left_by_watch_lists("1.36"));
    // 24 bytes per object.
    let kept = 20.0 * 24.0 * 10_000.0;
    assert!((old.0 - new.0 - kept).abs() < 1.0, "{old:?} {new:?}");
    assert_eq!((old.1, new.1), (0.0, 0.0));
}
