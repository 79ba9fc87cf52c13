//! What failures do to servers and clients: small scenarios, run with all invariants on.

use oomcast::model::{self, RunOptions};
use oomcast::results::{Mechanism, RunRecord};
use oomcast::scenario;
use oomcast::units::SimTime;

const NODE: &str = "[node]\nmemory = \"64GiB\"\n";

/// Runs a scenario of `duration` on one apiserver of a release, unless `body` says otherwise.
fn run(version: &str, duration: &str, body: &str) -> RunRecord {
    let head = format!(
        "schema = 1\nname = \"t\"\n[run]\nduration = \"{duration}\"\n\
         [apiserver]\nversion = \"{version}\"\n"
    );
    let node = if body.contains("[node]") { "" } else { NODE };
    let text = format!("{head}{body}\n{node}");
    let loaded = scenario::load("t.toml", text.as_bytes(), &[]).expect("a valid scenario");
    model::run(&loaded.inputs, RunOptions { seed: 1, replication: 0, timelines: true })
}

/// Bytes of a mechanism at the last point before `seconds`.
fn bytes_at(run: &RunRecord, mechanism: Mechanism, seconds: u64) -> u64 {
    let at = SimTime(seconds * 1_000_000_000);
    let point = run.timelines[0].points.iter().rev().find(|point| point.at <= at);
    point.map_or(0, |point| point.by_mechanism[mechanism as usize].0)
}

/// `times` restarts of the fleet `listers`, ten seconds apart from `first` on.
fn restarts(first: u64, times: u64) -> String {
    use std::fmt::Write;
    let mut events = String::new();
    for n in 0..times {
        let at = first + 10 * n;
        let _ = write!(
            events,
            "[[events]]\nname = \"r{n}\"\nat = \"{at}s\"\nrestart = {{ client = \"listers\" }}\n"
        );
    }
    events
}

#[test]
fn lists_that_are_cut_while_they_decode_leave_and_drop_nothing() {
    // Twenty members at different places of one phase are cut at the same instant.
    let body = r#"
[etcd]
latency = "5s"
[objects.configmaps]
count = 4000
size = "50kB"
[[clients]]
name = "listers"
count = 20
lister = { resource = "configmaps", encoding = "json", gzip = false, rounds = "endless" }
"#;
    let run = self::run("1.30", "10m", &format!("{body}{}", restarts(30, 40)));
    assert!(run.counters.lists_ok > 0);
}

#[test]
fn a_pooled_buffer_of_a_list_that_is_cut_is_dropped() {
    // Every LIST takes a buffer from the pool and is cut while it waits for etcd.
    let body = r#"
[etcd]
latency = "5s"
[objects.configmaps]
count = 1000
size = "50kB"
[[clients]]
name = "listers"
count = 20
lister = { resource = "configmaps", encoding = "json", gzip = false, rounds = "endless" }
[[events]]
name = "end"
at = "200s"
stop = { client = "listers" }
"#;
    let run = self::run("1.30", "10m", &format!("{body}{}", restarts(20, 12)));
    assert_eq!(bytes_at(&run, Mechanism::ResponseBuffer, 599), 0);
}
