//! How runs end, told from what clients and servers went through.

use crate::support;
use oomcast::experiment::meets;
use oomcast::results::{Outcome, RunRecord};
use oomcast::scenario::measure::Condition;

const READER: &str = r#"
schema = 1
name = "reader"
[run]
duration = "10m"
[apiserver]
version = "1.34"
[node]
memory = "32GiB"
cores = 8
[objects.secrets]
count = 400
size = "1MB"
[[clients]]
name = "reader"
count = 1
start = "stopped"
drain-rate = "1MB/s"
reflector = { resource = "secrets", encoding = "json", watch-list = false }
[[events]]
name = "go"
at = "1m"
start = { client = "reader" }
"#;

pub(crate) const WRITES: &str = r#"
schema = 1
name = "writes"
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
writes = "50/s"
[[clients]]
name = "watchers"
count = 100
reflector = { resource = "pods", encoding = "json", watch-list = false }
"#;

fn run(text: &str, set: &[&str]) -> RunRecord {
    support::run(&support::valid(text, set).inputs, 1)
}

#[test]
fn a_list_that_never_fits_its_time_out_is_no_recovery() {
    let slow = run(READER, &[]);
    assert_eq!(slow.clients_synced, (0, 1));
    assert_eq!(slow.oom_kills(), 0);
    assert_eq!(slow.outcome, Outcome::NonRecovering);
    // Twenty times as fast, it fits.
    let fast = run(READER, &["clients.reader.drain-rate=20MB/s"]);
    assert_eq!(fast.outcome, Outcome::Absorbed);
}

#[test]
fn a_client_that_gave_up_lacks_its_list() {
    let gave_up = run(READER, &["clients.reader.retries=never"]);
    assert_eq!(gave_up.clients_synced, (0, 1));
    assert_eq!(gave_up.outcome, Outcome::NonRecovering);
}

#[test]
fn rejected_writes_are_not_absorbed() {
    let calm = run(WRITES, &[]);
    assert_eq!((calm.outcome, calm.counters.writes_rejected), (Outcome::Absorbed, 0));
    let busy = run(WRITES, &["objects.pods.writes=3200/s"]);
    assert!(busy.counters.writes_rejected > 1_000, "{:?}", busy.counters);
    assert_eq!(busy.outcome, Outcome::Degraded);
}

#[test]
fn a_server_that_cannot_keep_up_is_not_absorbed() {
    // All writes are admitted: there are seats enough, but not processors.
    let set = ["apiserver.max-mutating-requests-inflight=50000", "objects.pods.writes=1200/s"];
    let busy = run(WRITES, &[set[0], set[1], "node.cores=1"]);
    assert_eq!(busy.counters.requests_failed, 0);
    assert_eq!(busy.outcome, Outcome::Degraded);
}

/// The scenario of [`WRITES`] with one more event.
fn writes_with(event: &str) -> RunRecord {
    run(&format!("{WRITES}[[events]]\nname = \"e\"\nat = \"1m\"\n{event}\n"), &[])
}

#[test]
fn what_does_not_answer_at_the_end_has_not_recovered() {
    for event in ["partition = { apiserver = 0, lasts", "etcd-outage = { lasts"] {
        let lasting = writes_with(&format!("{event} = \"1h\" }}"));
        assert_eq!(lasting.outcome, Outcome::NonRecovering, "{event}");
        let passing = writes_with(&format!("{event} = \"20s\" }}"));
        assert_ne!(passing.outcome, Outcome::NonRecovering, "{event}");
    }
}

/// The first phase settles at once; who starts in the second never has its list.
#[test]
fn what_never_settles_has_no_duration() {
    let text = format!(
        "{READER}[[clients]]\nname = \"other\"\ncount = 1\nstart = \"stopped\"\n\
         reflector = {{ resource = \"secrets\", watch-list = false }}\n\
         [[events]]\nname = \"first\"\nat = \"30s\"\nstart = {{ client = \"other\" }}\n"
    );
    let long = Condition::parse("duration>5m").expect("a condition");
    let run_of = |set: &[&str]| run(&text, set);
    let slow = run_of(&[]);
    assert_eq!(slow.clients_synced, (1, 2));
    assert!(meets(&long, &slow), "{:?}", slow.phases);
    assert!(!meets(&long, &run_of(&["clients.reader.drain-rate=20MB/s"])));
}
