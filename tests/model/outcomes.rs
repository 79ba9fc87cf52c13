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

/// All on the node want more than it has: others than the server are killed, which is not nothing.
#[test]
fn an_overcommitted_node_is_degraded() {
    let with =
        |agents: &str| run(READER, &["node.memory=8GiB", &format!("node.daemons-memory={agents}")]);
    let (fits, crowded) = (with("1GiB"), with("5GiB"));
    assert!(!fits.servers[0].node.overcommitted() && crowded.servers[0].node.overcommitted());
    let fast = |agents: &str| {
        let daemons = format!("node.daemons-memory={agents}");
        run(READER, &["node.memory=8GiB", "clients.reader.drain-rate=100MB/s", &daemons]).outcome
    };
    assert_eq!((fast("1GiB"), fast("5GiB")), (Outcome::Absorbed, Outcome::Degraded));
}

/// Clients have their lists, and a server with a cache that takes hours to fill turns their watches away.
#[test]
fn a_cold_cache_at_the_end_is_no_recovery() {
    let custom = "schema = 1\nname = \"cold\"\n[run]\nduration = \"6m\"\n[apiserver]\nversion = \"1.32\"\n\
        [node]\nmemory = \"8GiB\"\ncores = 4\n[objects.foos]\ncount = 20_000\nsize = \"6kB\"\n\
        shape = \"custom\"\nversions = 2\nconversion-latency = \"500ms\"\n[[clients]]\nname = \"agents\"\n\
        count = 2\nreflector = { resource = \"foos\" }\n[[events]]\nname = \"k\"\nat = \"1m\"\n\
        kill = { apiserver = 0 }";
    let slow = run(custom, &[]);
    assert_eq!(slow.unserved.cold, ["apiserver-0"]);
    assert_eq!(slow.outcome, Outcome::NonRecovering);
    assert_eq!(run(custom, &["objects.foos.conversion-latency=1ms"]).outcome, Outcome::Degraded);
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

/// A server that is killed three times within a minute and is down for 0, 10 and 20 s. The delays of a plain
/// client start over between: it fails nearly six times. Four times, if they went on as those of a reflector.
#[test]
fn delays_of_a_plain_client_start_over_with_success() {
    let kills = ["30s", "50s", "80s"].map(|at| {
        format!("[[events]]\nname = \"k{at}\"\nat = \"{at}\"\nkill = {{ apiserver = 0 }}\n")
    });
    let kills = kills.concat();
    let plain = run(&format!("{WRITES}{kills}"), &["clients.watchers.retries=back-off"]);
    assert_eq!(plain.clients_synced, (100, 100));
    let each = plain.counters.requests_failed as f64 / 100.0;
    assert!((4.8..7.0).contains(&each), "{each}");
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

/// A control plane that nobody asks for anything.
fn empty(event: &str, set: &[&str]) -> RunRecord {
    let text = WRITES.split("[[clients]]").next().expect("a head").replace("50/s", "0/s");
    run(&format!("{text}[[events]]\nname = \"e\"\n{event}\n"), set)
}

#[test]
fn a_server_that_is_lost_is_not_absorbed_though_nobody_asked() {
    for lost in [
        "at = \"1m\"\nkill = { apiserver = 0 }",
        "at = \"1m\"\nroll = { every = \"1m\" }",
        // It ends before the run does, and whoever was connected has not noticed.
        "at = \"4m50s\"\npartition = { apiserver = 0, lasts = \"5s\" }",
    ] {
        let run = empty(lost, &[]);
        assert_eq!((run.counters.failed(), run.counters.servers_lost), (0, 1), "{lost}");
        assert_eq!(run.outcome, Outcome::Degraded, "{lost}");
    }
    // Of three servers that are replaced one after the other, two serve.
    let rolled = empty("at = \"1m\"\nroll = { every = \"1m\" }", &["apiserver.replicas=3"]);
    assert_eq!((rolled.counters.servers_lost, rolled.outcome), (0, Outcome::Absorbed));
}

#[test]
fn a_server_whose_readyz_fails_at_the_end_has_not_recovered() {
    let roll = "at = \"4m\"\nroll = { every = \"10s\" }";
    let run = empty(roll, &["apiserver.replicas=3", "apiserver.shutdown-delay=10m"]);
    assert_eq!(run.unserved.stopping, ["apiserver-0", "apiserver-1", "apiserver-2"]);
    assert_eq!(run.outcome, Outcome::NonRecovering);
}

#[test]
fn who_does_not_answer_at_the_end_is_named() {
    let cut = writes_with("partition = { apiserver = 0, lasts = \"1h\" }").unserved;
    assert_eq!((cut.cut_off, cut.etcd), (vec!["apiserver-0".to_owned()], false));
    let etcd = writes_with("etcd-outage = { lasts = \"1h\" }").unserved;
    assert!(etcd.etcd && etcd.cut_off.is_empty() && etcd.down.is_empty());
}

/// Forty clients that list 100 MB again and again keep one core busy to the end.
#[test]
fn a_server_saturated_by_lists_is_not_absorbed() {
    let lists = |cores: &str, clients: &str| {
        let text = READER
            .replace("drain-rate = \"1MB/s\"\n", "")
            .replace("count = 400", "count = 100")
            .replace("reflector = { resource = \"secrets\", encoding = \"json\", watch-list = false }",
                "lister = { resource = \"secrets\", encoding = \"json\", rounds = \"endless\", pause = \"1s\" }");
        run(&text, &[cores, clients, "apiserver.request-timeout=10m"])
    };
    let busy = lists("node.cores=1", "clients.reader.count=40");
    assert_eq!((busy.oom_kills(), busy.counters.failed()), (0, 0), "{:?}", busy.counters);
    assert_eq!((busy.counters.servers_behind, busy.outcome), (1, Outcome::Degraded));
    assert_eq!(lists("node.cores=8", "clients.reader.count=1").outcome, Outcome::Absorbed);
}

/// 1 MB per second for 60 s, again and again: the answers are cut off, and what was sent was sent.
#[test]
fn answers_that_break_off_are_bytes_sent() {
    let slow = run(READER, &[]);
    assert_eq!(slow.counters.lists_ok, 0);
    let sent = slow.counters.bytes_sent.as_f64();
    assert!((100e6..=540e6 * 1.01 + 32e6).contains(&sent), "{sent}");
}

/// 50 writes per second for 60 s, of which those of the last seven seconds wait until etcd is back.
#[test]
fn writes_that_etcd_cannot_take_fail() {
    let out = writes_with("etcd-outage = { lasts = \"60s\" }");
    assert_eq!(out.counters.writes_timed_out, 50 * 53);
    let short = writes_with("etcd-outage = { lasts = \"5s\" }");
    assert_eq!((short.counters.writes_timed_out, short.outcome), (0, Outcome::Absorbed));
}
