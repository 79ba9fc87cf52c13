//! Rates of writes that change, and objects that come and go.

use oomcast::results::{Mechanism, RunRecord};

use crate::dynamics::{at, mistakes, run};

const ONE: &str = "version = \"1.32\"";

/// `ConfigMaps` of 10 kB: a superseded version is 10.7 kB and 1.5 kB more, an event 128 bytes.
const EVENT: f64 = 128.0;
const VERSION: f64 = 10_000.0 + 700.0 + 1_500.0;
const CACHED: f64 = 10_000.0 + 1_550.0;

fn config_maps(events: &str) -> RunRecord {
    run(
        ONE,
        "10m",
        &format!(
            "[objects.configmaps]\ncount = 2_000\nsize = \"10kB\"\nwrites = \"1/s\"\n{events}"
        ),
    )
}

fn ring(record: &RunRecord, seconds: f64) -> f64 {
    at(record, Mechanism::WatchCacheEventRing, seconds)
}

#[test]
fn a_rate_of_writes_is_as_before_when_its_time_is_over() {
    let record = config_maps(
        "[[events]]\nname = \"burst\"\nat = \"1m\"\n\
         write = { resource = \"configmaps\", rate = \"200/s\", lasts = \"30s\" }\n",
    );
    let grown = ring(&record, 89.0) - ring(&record, 61.0);
    // Some of the first events take the places of others.
    assert!((grown / (28.0 * 200.0 * (VERSION + EVENT)) - 1.0).abs() < 0.05, "{grown}");
    // One write a second more fills what the burst has made room for, slowly.
    let after = ring(&record, 150.0) - ring(&record, 100.0);
    assert!((after / (50.0 * (VERSION + EVENT)) - 1.0).abs() < 0.1, "{after}");
}

fn churned(over: &str) -> RunRecord {
    config_maps(&format!(
        "[[events]]\nname = \"come\"\nat = \"1m\"\n\
         create = {{ resource = \"configmaps\", count = 4_000, over = \"{over}\" }}\n\
         [[events]]\nname = \"go\"\nat = \"5m\"\n\
         delete = {{ resource = \"configmaps\", count = 4_000, over = \"{over}\" }}\n"
    ))
}

#[test]
fn what_is_created_and_deleted_leaves_the_store_as_it_was() {
    for over in ["1s", "40s"] {
        let record = churned(over);
        let store = |seconds| at(&record, Mechanism::WatchCacheObjects, seconds);
        assert!((store(50.0) - 2_000.0 * CACHED).abs() < 1.0, "{}", store(50.0));
        assert!((store(200.0) - 6_000.0 * CACHED).abs() < 1.0, "{}", store(200.0));
        assert!((store(400.0) - store(50.0)).abs() < 1.0, "{} {}", store(400.0), store(50.0));
    }
}

#[test]
fn objects_come_a_step_at_a_time() {
    let record = churned("40s");
    let half = at(&record, Mechanism::WatchCacheObjects, 80.0);
    assert!((half / (4_000.0 * CACHED) - 1.0).abs() < 0.04, "{half}");
}

#[test]
fn creations_keep_no_version_alive_and_deletions_two() {
    let record = run(
        ONE,
        "10m",
        "[objects.configmaps]\ncount = 2_000\nsize = \"10kB\"\n\
         [[events]]\nname = \"come\"\nat = \"1m\"\n\
         create = { resource = \"configmaps\", count = 4_000, over = \"40s\" }\n\
         [[events]]\nname = \"go\"\nat = \"5m\"\n\
         delete = { resource = \"configmaps\", count = 4_000, over = \"40s\" }\n",
    );
    // All within 75 s: the ring doubles from 100 events to 6,400, of 8 bytes a slot.
    let slots = 6_400.0 * 8.0;
    let created = ring(&record, 200.0);
    assert!((created - slots - 4_000.0 * EVENT).abs() < 2.0 * EVENT, "{created}");
    // 2,400 deletions find room, the others take the places of creations.
    let deleted = ring(&record, 400.0);
    let full = slots + 6_400.0 * EVENT + 4_000.0 * 2.0 * VERSION;
    assert!((deleted / full - 1.0).abs() < 1e-3, "{deleted} {full}");
}

#[test]
fn no_more_is_deleted_than_there_is() {
    let record = config_maps(
        "[[events]]\nname = \"all\"\nat = \"1m\"\n\
         delete = { resource = \"configmaps\", count = 1_000_000, over = \"10s\" }\n",
    );
    assert!(at(&record, Mechanism::WatchCacheObjects, 100.0) < 1.0);
}

/// Bytes of two lists: before and after 4,000 objects more.
#[test]
fn lists_and_new_servers_find_the_present_number_of_objects() {
    let record = run(
        ONE,
        "10m",
        r#"
[objects.configmaps]
count = 2_000
size = "10kB"

[[clients]]
name = "before"
count = 1
start = "stopped"
lister = { resource = "configmaps", gzip = false }

[[clients]]
name = "after"
count = 1
start = "stopped"
lister = { resource = "configmaps", gzip = false }

[[events]]
name = "few"
at = "30s"
start = { client = "before" }

[[events]]
name = "come"
at = "1m"
create = { resource = "configmaps", count = 4_000, over = "10s" }

[[events]]
name = "many"
at = "2m"
start = { client = "after" }

[[events]]
name = "kill"
at = "5m"
kill = { apiserver = 0 }
"#,
    );
    let sent = |name: &str| {
        let phase = record.phases.iter().find(|phase| phase.name == name).expect("a phase");
        phase.bytes_sent.as_f64()
    };
    assert!((sent("few") / 20e6 - 1.0).abs() < 0.01, "{}", sent("few"));
    assert!((sent("many") / 60e6 - 1.0).abs() < 0.01, "{}", sent("many"));
    let store = |seconds| at(&record, Mechanism::WatchCacheObjects, seconds);
    assert!((store(500.0) - 6_000.0 * CACHED).abs() < 1.0, "a cold cache is filled with all");
}

/// A LIST of 1,000 objects and more takes ten seats up to 1.33: the count that says so is taken again
/// and again.
#[test]
fn seats_follow_the_objects_that_were_counted() {
    let peak_seats = |events: &str| {
        let record = run(
            ONE,
            "10m",
            &format!(
                "[objects.configmaps]\ncount = 10\nsize = \"1kB\"\n\
                 [[clients]]\nname = \"lister\"\ncount = 1\nstart = \"stopped\"\n\
                 lister = {{ resource = \"configmaps\" }}\n\
                 [[events]]\nname = \"list\"\nat = \"8m\"\nstart = {{ client = \"lister\" }}\n{events}"
            ),
        );
        let levels = &record.servers[0].levels;
        levels.iter().map(|level| level.peak_seats).max().unwrap_or_default()
    };
    let created = "[[events]]\nname = \"come\"\nat = \"1m\"\n\
                   create = { resource = \"configmaps\", count = 5_000 }\n";
    assert_eq!(peak_seats(""), 1);
    assert!(peak_seats(created) >= 10, "{}", peak_seats(created));
}

#[test]
fn actions_on_resources_are_checked() {
    let text = mistakes(
        "[objects.pods]\ncount = 1\nsize = \"1kB\"\n\
         [[events]]\nname = \"a\"\nat = \"1s\"\ncreate = { resource = \"podz\", count = 1 }\n\
         [[events]]\nname = \"b\"\nat = \"2s\"\nwrite = { resource = \"pods\", rate = 3 }\n\
         [[events]]\nname = \"c\"\nat = \"3s\"\ndelete = { resource = \"pods\", count = 0 }\n",
    );
    for part in ["did you mean \"pods\"?", "\"100/s\"", "`count`"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}
