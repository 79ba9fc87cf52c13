//! What shares a server's node grows with the objects that a run creates, and leaves the server less.

use oomcast::results::{RunRecord, ServerRecord};
use oomcast::units::Bytes;

use crate::support;

/// A server without a limit of its own on a node of 16 GiB, `stored` `ConfigMaps` of 100 kB, events, and four clients
/// that list them at the end.
fn storm(stored: u32, events: &str, sets: &[&str]) -> RunRecord {
    let text = format!(
        r#"
schema = 1
name = "t"
[run]
duration = "2m"
[apiserver]
version = "1.34"
[node]
memory = "16GiB"
cores = 8
[objects.configmaps]
count = {stored}
size = "100kB"
[[clients]]
name = "readers"
count = 4
start = "stopped"
reflector = {{ resource = "configmaps", encoding = "json", watch-list = false }}
[[events]]
name = "go"
at = "90s"
start = {{ client = "readers" }}
{events}
"#
    );
    support::run(&support::valid(&text, sets).inputs, 1)
}

const CREATE: &str = "[[events]]\nname = \"create\"\nat = \"10s\"\n\
    create = { resource = \"configmaps\", count = 19_000, over = \"30s\" }\n";
const DELETE: &str = "[[events]]\nname = \"delete\"\nat = \"60s\"\n\
    delete = { resource = \"configmaps\", count = 19_500, over = \"10s\" }\n";

fn server(record: &RunRecord) -> &ServerRecord {
    &record.servers[0]
}

/// Memory that the server may use, that etcd has on its node, and controllers.
fn shared(record: &RunRecord) -> (Bytes, Bytes, Bytes) {
    let server = server(record);
    (server.limit, server.node.etcd, server.node.controllers)
}

#[test]
fn objects_that_a_run_creates_weigh_on_the_node_like_those_that_were_there() {
    let (stored, created) = (storm(20_000, "", &[]), storm(1_000, CREATE, &[]));
    assert_eq!(shared(&stored), shared(&created));
    for record in [&stored, &created] {
        let server = server(record);
        let first = server.oom_kills.iter().chain(&server.etcd_kills).map(|kill| kill.at).min();
        let first = first.expect("their node is too small").as_secs_f64();
        assert!((90.0..120.0).contains(&first), "{first}");
    }
}

#[test]
fn what_is_deleted_gives_nothing_back() {
    let (created, deleted) =
        (storm(1_000, CREATE, &[]), storm(1_000, &format!("{CREATE}{DELETE}"), &[]));
    assert_eq!(shared(&created), shared(&deleted));
    assert!(shared(&deleted).1 > shared(&storm(1_000, "", &[])).1);
}

#[test]
fn what_is_stated_stays() {
    let stated = ["node.etcd-memory=1GiB", "node.controllers-memory=200MB"];
    let (stored, created) = (storm(20_000, "", &stated), storm(1_000, CREATE, &stated));
    for record in [&stored, &created] {
        let (_, etcd, controllers) = shared(record);
        assert_eq!((etcd, controllers), (Bytes::gib(1), Bytes(200_000_000)));
        assert!(server(record).oom_kills.is_empty() && server(record).etcd_kills.is_empty());
    }
    let elsewhere = ["node.etcd-memory=0B"];
    let (few, created) = (storm(1_000, "", &elsewhere), storm(1_000, CREATE, &elsewhere));
    let ((before, ..), (limit, etcd, controllers)) = (shared(&few), shared(&created));
    assert_eq!((etcd, before - limit), (Bytes::ZERO, controllers - shared(&few).2));
    assert!(before > limit);
}

/// etcd has the last 10,000 entries of its raft log in memory, and Go as much garbage again for three of four bytes.
#[test]
fn writes_in_a_run_fill_the_raft_log() {
    let write = |lasts: &str| {
        storm(
            4_000,
            &format!(
                "[[events]]\nname = \"write\"\nat = \"5s\"\n\
                 write = {{ resource = \"configmaps\", rate = \"200/s\", lasts = \"{lasts}\" }}\n"
            ),
            &["node.memory=64GiB"],
        )
    };
    let none = shared(&storm(4_000, "", &["node.memory=64GiB"])).1;
    let entries = |lasts: &str| (shared(&write(lasts)).1 - none).as_f64() / (1.75 * 100_000.0);
    let [second, filled, twice] = ["1s", "30s", "80s"].map(entries);
    // It is looked at ahead, a 32nd at a time. 4,000 entries are there before: each object once.
    assert!(second > 199.0 && second < 313.0, "{second}");
    assert!((filled - 6_000.0).abs() < 1.0 && (filled - twice).abs() < 1.0, "{filled} {twice}");
}
