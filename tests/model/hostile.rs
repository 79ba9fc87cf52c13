//! Legal but extreme: a run of bounded work, or a clear refusal. Never a panic (the invariants of
//! the model are on), never a hang, never more memory than the machine has.

use crate::support::{self, folder_with, oomcast};
use oomcast::model::{self, RunOptions};
use oomcast::results::{Outcome, RunRecord};
use oomcast::scenario::Scenario;
use proptest::prelude::*;
use proptest::sample::select;

pub(crate) const BASE: &str = r#"
schema = 1
name = "hostile"

[run]
duration = "10m"
max-events = 200_000

[apiserver]
version = "1.32"
replicas = 3

[node]
memory = "16GiB"
cores = 4

[objects.secrets]
count = 100
size = "100kB"

[objects.widgets]
count = 1_000
size = "2kB"
shape = "custom"

[objects.events]
count = 500
size = "1kB"

[[clients]]
name = "reflectors"
count = 20
reflector = { resource = "secrets" }

[[clients]]
name = "listers"
count = 5
lister = { resource = "widgets", rounds = "endless", pause = "1s" }

[[clients]]
name = "watchers"
count = 5
watcher = { resource = "events" }

[[events]]
name = "go"
at = "30s"
restart = { client = "reflectors" }
"#;

fn load(text: &str, set: &[&str]) -> Result<Scenario, String> {
    support::load(text, set).map_err(|mistakes| mistakes.render(false))
}

fn run_text(text: &str, set: &[&str]) -> RunRecord {
    let scenario = load(text, set).unwrap_or_else(|e| panic!("{e}"));
    let run =
        model::run(&scenario.inputs, RunOptions { seed: 1, replication: 0, timelines: false });
    let most = scenario.inputs.max_events;
    assert!(run.counters.engine_events <= most, "{} events", run.counters.engine_events);
    let duration = scenario.inputs.duration.0;
    assert!(run.end.0 == duration || (run.cut_short && run.end.0 <= duration), "{}", run.end);
    run
}

fn run(set: &[&str]) -> RunRecord {
    run_text(BASE, set)
}

pub(crate) fn refusal(text: &str, set: &[&str]) -> String {
    load(text, set).map(|s| s.name).expect_err("refused")
}

/// More bytes than there are in any cluster.
#[test]
fn absurd_amounts_are_refused() {
    let huge = ["objects.secrets.count=1_000_000_000", "objects.secrets.size='64MiB'"];
    assert!(refusal(BASE, &huge).contains("at most 1.00 TiB"));
    for key in ["json-size", "heap-size"] {
        let set = ["objects.secrets.count=1_000_000_000", "objects.secrets.size='1kB'"];
        let each = format!("objects.secrets.{key}='1GiB'");
        let told = refusal(BASE, &[set[0], set[1], &each]);
        assert!(told.contains(key) && told.contains("at most"), "{told}");
    }
    let versions = [
        "objects.widgets.count=200_000_000",
        "objects.widgets.size='5kB'",
        "objects.widgets.heap-size='50kB'",
        "objects.widgets.versions=32",
    ];
    assert!(refusal(BASE, &versions).contains("at most"));
}

#[test]
fn a_thousand_million_objects() {
    let many = ["objects.secrets.count=1_000_000_000", "objects.secrets.size='1kB'"];
    let told = load(BASE, &many).expect_err("they do not fit 16 GiB");
    assert!(told.contains("E0210"), "{told}");
    let node = [many[0], many[1], "node.memory='64TiB'", "node.cores=1024"];
    let run = run(&node);
    assert!(run.peak_resident().as_gib() > 2_000.0);
}

#[test]
fn a_million_clients_at_once() {
    let set = [
        "apiserver.replicas=32",
        "clients.reflectors.count=1_000_000",
        "run.max-events=2_000_000",
        "run.duration='2m'",
    ];
    let run = run(&set);
    assert!(run.counters.requests_made > 500_000, "{:?}", run.counters);
    assert!(!run.cut_short || run.end.as_secs_f64() > 30.0);
}

#[test]
fn pages_of_one_object() {
    for (version, from) in [("1.32", ""), ("1.34", ""), ("1.36", ""), ("1.34", "exact")] {
        let lister = format!(
            "clients.listers.lister={{ resource = 'widgets', limit = 1, resource-version = '{from}', rounds = 'endless' }}"
        );
        let set = [
            "objects.widgets.count=10_000_000",
            "node.memory='1TiB'",
            &format!("apiserver.version={version}"),
            &lister,
        ];
        let run = run(&set);
        assert!(run.counters.lists_ok > 500, "{version}: {:?}", run.counters);
    }
}

#[test]
fn no_pause_at_all() {
    for encoding in ["json", "table"] {
        let lister = format!(
            "clients.listers.lister={{ resource = 'events', encoding = '{encoding}', resource-version = '0', rounds = 'endless', pause = '0s' }}"
        );
        let empty =
            ["objects.events.count=0", "hardware.cpu-speed=100", "etcd.latency='0s'", &lister];
        let run = run(&empty);
        assert!(run.cut_short && run.counters.lists_ok > 1_000);
    }
}

#[test]
fn readers_at_a_kilobyte_a_second() {
    let set = ["clients.reflectors.drain-rate='1kB/s'", "run.duration='30d'"];
    assert!(run(&set).counters.requests_made > 20);
    let listers = ["clients.listers.drain-rate='1kB/s'", "clients.listers.decode-rate='1kB/s'"];
    assert!(run(&listers).counters.requests_made > 5);
}

#[test]
fn the_slowest_machine() {
    let set = [
        "hardware.cpu-speed=0.01",
        "hardware.network='1kB/s'",
        "hardware.page-fault-per-gb='1h'",
        "etcd.read-rate='1kB/s'",
        "etcd.latency='1h'",
        "apiserver.cpu-limit=0.1",
        "run.duration='30d'",
    ];
    let slow = run(&set);
    assert!(slow.counters.requests_made > 20);
    let cold: Vec<&str> = set.into_iter().chain(["apiserver.warm=false"]).collect();
    run(&cold);
}

#[test]
fn tiny_objects_and_none() {
    let set = ["objects.secrets.size='1B'", "objects.widgets.count=0", "objects.events.count=0"];
    let run = run(&set);
    assert!(run.counters.lists_ok > 50);
    assert_eq!(run.oom_kills(), 0);
    let empty = "schema = 1\nname = 'x'\n[run]\nduration = '1m'\n[apiserver]\nversion = '1.34'\n";
    assert_eq!(run_text(empty, &[]).outcome, Outcome::Absorbed);
}

/// Events have no watch cache: a watch goes to etcd.
#[test]
fn watches_without_a_cache() {
    let set = ["clients.watchers.start='stopped'", "events.go.restart.client='watchers'"];
    let run = run(&set);
    assert!(run.counters.watches_opened >= 5, "{:?}", run.counters);
}

#[test]
fn everything_cold() {
    for version in ["1.28", "1.31", "1.34", "1.37"] {
        let set = [&format!("apiserver.version={version}"), "apiserver.warm=false"];
        let run = run(&set);
        let (synced, started) = run.clients_synced;
        assert_eq!(synced, started, "{version}");
    }
}

fn events(actions: &[&str]) -> String {
    let one = |(i, action): (usize, &&str)| {
        format!("\n[[events]]\nname = \"hostile {i}\"\nat = \"60s\"\n{action}\n")
    };
    BASE.to_owned() + &actions.iter().enumerate().map(one).collect::<String>()
}

#[test]
fn all_servers_killed_at_one_instant() {
    let kill = ["kill = { apiserver = 0 }", "kill = { apiserver = 1 }", "kill = { apiserver = 2 }"];
    let once = run_text(&events(&kill), &[]);
    let (synced, started) = once.clients_synced;
    assert_eq!(synced, started, "they come back");
    assert_eq!(once.oom_kills(), 0);
    let twice: Vec<&str> =
        kill.into_iter().chain(kill).chain(["roll = { every = \"0s\" }"]).collect();
    run_text(&events(&twice), &[]);
}

#[test]
fn all_servers_cut_off_at_once() {
    let cut = |n| format!("partition = {{ apiserver = {n}, lasts = \"100s\" }}");
    let cuts = [cut(0), cut(1), cut(2)];
    let cuts: Vec<&str> = cuts.iter().map(String::as_str).collect();
    let run = run_text(&events(&cuts), &[]);
    assert!(run.counters.watches_lost > 0);
    let (synced, started) = run.clients_synced;
    assert_eq!(synced, started, "they come back");
}

#[test]
fn a_run_of_a_millisecond() {
    assert!(refusal(BASE, &["run.duration='1ms'"]).contains("at or after the end of the run"));
    let run = run(&["run.duration='1ms'", "events.go.at='0s'"]);
    assert_eq!(run.end.0, 1_000_000);
}

#[test]
fn the_collector_at_its_limits() {
    for gogc in ["1", "100000", "'off'"] {
        for limit in ["64MiB", "300MiB", "8GiB"] {
            let set = [
                &format!("apiserver.gogc={gogc}"),
                &format!("apiserver.gomemlimit='{limit}'"),
                "apiserver.other-garbage='1GB/s'",
                "apiserver.gomaxprocs=1",
            ];
            run(&set);
        }
    }
}

/// A limit below what the process needs to start: it dies and dies again, in bounded work.
#[test]
fn a_limit_that_nothing_fits() {
    for limit in ["64MiB", "100MiB", "200MiB"] {
        let set = [
            &format!("apiserver.memory-limit='{limit}'"),
            "run.duration='30d'",
            "apiserver.memory-high='64MiB'",
        ];
        let run = run(&set);
        assert!(run.oom_kills() > 3, "{limit}");
        assert!(run.outcome >= Outcome::CrashLoop, "{limit}: {:?}", run.outcome);
    }
}

/// Garbage faster than any memory.
#[test]
fn a_million_writes_a_second() {
    let set = [
        "objects.widgets.writes='1000000/s'",
        "objects.widgets.size='64MiB'",
        "objects.widgets.count=1",
        "run.duration='1h'",
    ];
    assert!(run(&set).oom_kills() > 0);
}

/// A million clients whose servers die again and again: the work of telling them counts.
#[test]
fn a_million_clients_in_a_crash_loop() {
    let set = [
        "apiserver.replicas=32",
        "apiserver.memory-limit='100MiB'",
        "clients.reflectors.count=1_000_000",
        "run.duration='30d'",
    ];
    assert!(run(&set).cut_short);
}

/// Ten thousand scenario events, each of which looks at every client.
#[test]
fn ten_thousand_restarts_of_a_million_clients() {
    let restart = "restart = { client = \"reflectors\" }";
    let text = events(&vec![restart; 9_999]);
    let run = run_text(&text, &["clients.reflectors.count=500_000"]);
    assert!(run.cut_short);
}

#[test]
fn time_outs_at_their_limits() {
    for timeout in ["1ms", "30d"] {
        let set =
            [&format!("apiserver.request-timeout='{timeout}'"), "balancer.check-interval='1ms'"];
        run(&set);
    }
    for inflight in ["1", "1000000"] {
        let set =
            [&format!("apiserver.max-requests-inflight={inflight}"), "clients.listers.count=1000"];
        run(&set);
    }
}

fn extreme() -> impl Strategy<Value = Vec<String>> {
    let choice = |key: &'static str, values: &'static [&'static str]| {
        prop_oneof![
            2 => Just(None),
            1 => select(values).prop_map(move |value| Some(format!("{key}={value}"))),
        ]
    };
    let servers = (
        choice(
            "apiserver.version",
            &["'1.28'", "'1.30'", "'1.31'", "'1.33'", "'1.34'", "'1.35'", "'1.36'", "'1.37'"],
        ),
        choice("apiserver.replicas", &["1", "2", "32"]),
        choice("apiserver.memory-limit", &["'64MiB'", "'256MiB'", "'400MiB'", "'1GiB'"]),
        choice("apiserver.memory-high", &["'64MiB'", "'300MiB'"]),
        choice("apiserver.cpu-limit", &["0.1", "1", "1000"]),
        choice("apiserver.gogc", &["1", "50", "1000", "'off'"]),
        choice("apiserver.gomemlimit", &["'64MiB'", "'300MiB'"]),
        choice("apiserver.request-timeout", &["'1ms'", "'1s'", "'30d'"]),
        choice("apiserver.warm", &["false"]),
        choice("apiserver.other-live-heap", &["'1B'", "'300MB'", "'10GB'"]),
        choice("apiserver.up-for", &["'0s'", "'30d'"]),
    );
    let machine = (
        choice("node.memory", &["'2GiB'", "'64TiB'"]),
        choice("node.cores", &["0.1", "1024"]),
        choice("node.oom-score-adj", &["-1000", "0", "1000"]),
        choice("hardware.cpu-speed", &["0.01", "100"]),
        choice("hardware.page-fault-per-gb", &["'0s'", "'1h'"]),
        choice("hardware.network", &["'1kB/s'", "'1MB/s'", "'400Gbit/s'"]),
        choice("hardware.cpu-noise", &["'0%'", "'100%'"]),
        choice("etcd.read-rate", &["'1kB/s'", "'100GB/s'"]),
        choice("etcd.latency", &["'0s'", "'1h'"]),
        choice("balancer.policy", &["'random'", "'round-robin'"]),
        choice("balancer.check-interval", &["'1ms'", "'1h'"]),
    );
    let objects = (
        choice("objects.secrets.count", &["0", "1", "20000"]),
        choice("objects.secrets.size", &["'1B'", "'40MiB'"]),
        choice("objects.widgets.versions", &["1", "32"]),
        choice("objects.widgets.writes", &["'0.001/s'", "'1000000/s'"]),
        choice("objects.widgets.watch-cache", &["false"]),
        choice("objects.secrets.json-size", &["'1B'", "'10MiB'"]),
        choice("objects.secrets.heap-size", &["'1B'", "'10MiB'"]),
    );
    let clients = (
        choice("clients.reflectors.count", &["1", "3000"]),
        choice("clients.reflectors.start", &["'stopped'"]),
        choice("clients.reflectors.idle-watches", &["1", "10000"]),
        choice("clients.reflectors.drain-rate", &["'1kB/s'", "'1MB/s'"]),
        choice("clients.reflectors.decode-rate", &["'1kB/s'", "'1GB/s'"]),
        choice(
            "clients.reflectors.reflector",
            &[
                "{ resource = 'secrets', encoding = 'json', watch-list = true }",
                "{ resource = 'secrets', encoding = 'json', watch-list = false, limit = 1 }",
                "{ resource = 'secrets', encoding = 'table', selected = '0%', watch = false }",
                "{ resource = 'widgets', selected = '50%', selector = true }",
                "{ resource = 'events', watch-list = true, watch = false }",
            ],
        ),
        choice("clients.listers.count", &["1", "3000"]),
        choice(
            "clients.listers.lister",
            &[
                "{ resource = 'widgets', rounds = 'endless', limit = 1, resource-version = 'exact' }",
                "{ resource = 'widgets', rounds = 'endless', limit = 7, all-pages = false }",
                "{ resource = 'secrets', encoding = 'json', rounds = 1000000000, resource-version = '0' }",
                "{ resource = 'events', rounds = 3, resource-version = 'not-older-than', limit = 10 }",
            ],
        ),
        choice("events.go.at", &["'0s'", "'1ns'", "'9m'"]),
    );
    (servers, machine, objects, clients).prop_map(|(a, b, c, d)| {
        let a = [a.0, a.1, a.2, a.3, a.4, a.5, a.6, a.7, a.8, a.9, a.10];
        let b = [b.0, b.1, b.2, b.3, b.4, b.5, b.6, b.7, b.8, b.9, b.10];
        let c = [c.0, c.1, c.2, c.3, c.4, c.5, c.6];
        let d = [d.0, d.1, d.2, d.3, d.4, d.5, d.6, d.7, d.8];
        a.into_iter().chain(b).chain(c).chain(d).flatten().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400, failure_persistence: None, ..ProptestConfig::default()
    })]

    /// Any mix of extremes is refused, or run with all invariants.
    #[test]
    fn mixed_extremes(extremes in extreme(), turmoil in any::<bool>()) {
        let actions = [
            "kill = { apiserver = 0 }",
            "partition = { apiserver = 0, lasts = \"1ms\" }",
            "slow-etcd = { speed = 0.001, lasts = \"2m\" }",
            "stop = { client = \"listers\", count = 3 }",
            "start = { client = \"listers\", over = \"1ms\" }",
            "restart = { client = \"watchers\", over = \"1h\" }",
            "roll = { every = \"100ms\" }",
        ];
        let text = if turmoil { events(&actions) } else { BASE.to_owned() };
        let mut set: Vec<&str> = extremes.iter().map(String::as_str).collect();
        set.push("run.max-events=10_000");
        match load(&text, &set) {
            Ok(_) => drop(run_text(&text, &set)),
            Err(told) => prop_assert!(told.contains("error["), "{told}"),
        }
    }
}

/// Thirty days of polls every millisecond are thousands of millions of events: the run is stopped,
/// says so, leaves what it knows, and ends with the code for it.
#[test]
fn too_much_work_ends_incomplete() {
    let polls = BASE
        .replace("10m", "30d")
        .replace("pause = \"1s\"", "pause = \"1ms\", resource-version = \"0\"");
    let folder = folder_with("hostile", "too-much-work", &[("s.toml", &polls)]);
    let output = oomcast(&folder, &["run", "s.toml", "-o", "out", "--format", "json"]);
    assert_eq!(output.status.code(), Some(4));
    let told = String::from_utf8_lossy(&output.stderr);
    for expected in
        ["incomplete", "run.max-events = 200000", "of 720h", "19 more were not started", "raise"]
    {
        assert!(told.contains(expected), "no {expected:?} in\n{told}");
    }
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&summary["incomplete"], &summary["replications"]), (&1.into(), &1.into()));
    let verdict = summary["verdict"].as_str().expect("a verdict");
    assert!(verdict.starts_with("Incomplete, stopped at "), "{verdict}");
    assert!(folder.join("out/summary.json").exists() && folder.join("out/charts").exists());
    let text = oomcast(&folder, &["run", "s.toml", "-o", "out"]);
    assert_eq!(text.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&text.stdout).starts_with("Incomplete"));
    // With work enough for its length, the same is complete.
    let short = ["run", "s.toml", "-o", "short", "-q", "--set", "run.duration=31s"];
    assert_eq!(oomcast(&folder, &short).status.code(), Some(0));
}
