//! What is legal, but probably a mistake: each warning at its place, and none for what ships.

use std::path::{Path, PathBuf};

use oomcast::experiment::{advice, idle_memory, long_sweep, sweep_cost};
use oomcast::model::{self, RunOptions};
use oomcast::scenario::{Scenario, Severity, load, load_file};
use oomcast::units::Bytes;

use super::VALID;

const SMALL: &str = "schema = 1
name = \"small\"
[run]
duration = \"3m\"
[apiserver]
version = \"1.32\"
replicas = 2
[node]
memory = \"32GiB\"
[objects.pods]
count = 5_000
size = \"5kB\"
[[clients]]
name = \"agents\"
count = 40
start = \"stopped\"
reflector = { resource = \"pods\" }
[[events]]
name = \"rollout\"
at = \"1m\"
start = { client = \"agents\", over = \"10s\" }
";

fn sound(text: &str) -> Scenario {
    load("s.toml", text.as_bytes(), &[]).unwrap_or_else(|found| panic!("{text}\n{found}"))
}

/// `code line:column` of everything that is told about a valid scenario.
fn told(text: &str) -> Vec<String> {
    let scenario = sound(text);
    let sweep = scenario.sweep.as_ref().and_then(|plan| long_sweep(&scenario, plan));
    let all = scenario.notes.iter().cloned().chain(advice(&scenario)).chain(sweep);
    all.map(|one| {
        let place = one.primary.place;
        format!("{} {}:{}", one.code.id(), place.line, place.column)
    })
    .collect()
}

fn with(from: &str, to: &str) -> String {
    assert!(SMALL.contains(from), "{from}");
    SMALL.replacen(from, to, 1)
}

const TWO_GIB: &str = "[objects.configmaps]
count = 8_000
size = \"100kB\"
[objects.secrets]
count = 9_000
size = \"116kB\"
[objects.pods]";

#[test]
fn each_doubt_is_told_at_its_place() {
    let cases = [
        ("name = \"small\"", "name = \"small\"", ""),
        ("replicas = 2", "memory-limit = \"4GB\"", "W0301 7:16"),
        ("count = 40\n", "count = 4_000\n", ""),
        (", over = \"10s\"", "", ""),
        ("replicas = 2", "memory-limit = \"128MiB\"", "W0308 7:16"),
        ("count = 5_000", "count = 200_000", "W0310 11:9"),
        ("size = \"5kB\"", "size = \"400kB\"", "W0310 11:9 W0308 9:10 W0316 11:9"),
        (
            "[objects.pods]",
            "[objects.nodes]\ncount = 20\nsize = \"9kB\"\n[objects.pods]",
            "W0310 14:9",
        ),
        ("replicas = 2", "gogc = \"off\"", "W0313 7:8"),
        (
            "[objects.pods]",
            "[objects.widgets]\ncount = 9\nsize = \"9kB\"\nshape = \"custom\"\ngroup = \"x.io\"\n[objects.pods]",
            "W0314 10:10",
        ),
        (
            "[objects.pods]",
            "[objects.widgets]\ncount = 9\nsize = \"9kB\"\nshape = \"custom\"\ngroup = \"x.io\"\n[objects.customresourcedefinitions]\n\
             count = 9\nsize = \"9kB\"\n[objects.pods]",
            "",
        ),
        (
            "[objects.pods]",
            "[objects.gadgets]\ncount = 9\nsize = \"9kB\"\nshape = \"custom\"\ngroup = \"x.io\"\n\
             [objects.widgets]\ncount = 9\nsize = \"9kB\"\nshape = \"custom\"\ngroup = \"x.io\"\n\
             [objects.customresourcedefinitions]\ncount = 1\nsize = \"9kB\"\n[objects.pods]",
            "W0314 21:9",
        ),
        // The memory that a server has on its node, and what reclaims it.
        ("replicas = 2", "memory-high = \"40GiB\"", "W0307 7:15"),
        ("replicas = 2", "memory-min = \"40GiB\"", "W0307 7:14"),
        ("replicas = 2", "memory-low = \"40GiB\"", "W0307 7:14"),
        ("replicas = 2", "gomemlimit = \"40GiB\"", "W0307 7:14"),
        ("replicas = 2", "memory-min = \"4GiB\"\nmemory-high = \"3GiB\"", "W0307 7:14"),
        ("replicas = 2", "memory-low = \"4GiB\"\nmemory-high = \"3GiB\"", "W0307 7:14"),
        ("replicas = 2", "memory-high = \"128MiB\"", "W0308 7:15"),
        ("replicas = 2", "memory-throttling-factor = 0.001", "W0308 7:28"),
        // What etcd stores: 1.85 GB are 2.2 GB of its file, and those that are created count.
        ("[objects.pods]", TWO_GIB, "W0316 14:9"),
        ("[objects.pods]", &format!("[etcd]\nquota = \"8GiB\"\n{TWO_GIB}"), ""),
        ("[objects.pods]", &format!("[etcd]\nquota = \"2GiB\"\n{TWO_GIB}"), "W0316 11:9"),
        ("[objects.pods]", &TWO_GIB.replace("9_000", "5_000"), ""),
        (
            "[objects.pods]",
            &TWO_GIB.replace("9_000", "5_000").replace(
                "[objects.pods]",
                "[[events]]\nname = \"more\"\nat = \"2m\"\ncreate = { resource = \"secrets\", count = 9_000, \
                 over = \"30s\" }\n[objects.pods]",
            ),
            "W0316 11:9",
        ),
        ("replicas = 2", "gogc = \"off\"\ngomemlimit = \"9GiB\"", ""),
        ("\"1.32\"", "\"1.34\"\nfeature-gates = { ConsistentListFromCache = false }", "W0312 7:19"),
        ("\"1.32\"", "\"1.34\"\nfeature-gates = { ConsistentListFromCache = true }", ""),
        ("\"1.32\"", "\"1.33\"\nfeature-gates = { ConsistentListFromCache = false }", ""),
    ];
    for (from, to, expected) in cases {
        let found = told(&with(from, to));
        assert_eq!(found.join(" "), expected, "{to}");
    }
    let herd = with("count = 40\n", "count = 4_000\n").replace(", over = \"10s\"", "");
    assert_eq!(told(&herd), ["W0302 21:20"]);
    for spread in ["over = \"0s\"", "count = 900"] {
        let meant = with("count = 40\n", "count = 4_000\n").replace("over = \"10s\"", spread);
        assert_eq!(told(&meant), [""; 0], "{spread}");
    }
    // Who runs from the start and is never started does not start at once.
    let running = with("start = \"stopped\"\n", "").replace("count = 40", "count = 4_000");
    let running = running.split("[[events]]").next().expect("a head");
    assert_eq!(told(running), [""; 0]);
}

#[test]
fn lists_that_go_to_etcd_are_told() {
    let lister = |version: &str, keys: &str| {
        let read = format!("lister = {{ resource = \"pods\"{keys} }}");
        let text = with("reflector = { resource = \"pods\" }", &read).replace("1.32", version);
        told(&text).join(" ")
    };
    assert_eq!(lister("1.30", ""), "W0309 17:10");
    assert_eq!(lister("1.31", ""), "");
    assert_eq!(lister("1.30", ", resource-version = \"0\""), "");
    assert_eq!(lister("1.30", ", resource-version = \"\""), "N0404 17:50");
    assert_eq!(lister("1.32", ", resource-version = \"exact\""), "N0404 17:50");
    assert_eq!(lister("1.34", ", resource-version = \"exact\""), "");
    assert_eq!(lister("1.33", ", limit = 500"), "W0309 17:10");
    assert_eq!(lister("1.33", ", limit = 500, all-pages = false"), "");
    assert_eq!(lister("1.34", ", limit = 500"), "");
    let events =
        with("[objects.pods]", "[objects.events]\ncount = 9\nsize = \"1kB\"\n[objects.pods]");
    let events = events.replace("resource = \"pods\"", "resource = \"events\"");
    assert_eq!(told(&events), ["W0309 20:13"]);
    let meant = events.replace("count = 9", "watch-cache = false\ncount = 9");
    assert_eq!(told(&meant), ["N0404 21:13"]);
}

/// Keys without effect: with them and without the model does the same to the last event.
#[test]
fn keys_without_effect_have_none() {
    let watcher = "reflector = { resource = \"pods\" }";
    let cases = [
        ("replicas = 2", "replicas = 1\n[balancer]\npolicy = \"random\"", "replicas = 1"),
        ("replicas = 2", "warm = false\nup-for = \"1h\"", "warm = false"),
        ("replicas = 2", "warm = false\nidle-resident = \"2GiB\"", "warm = false"),
        ("replicas = 2", "cpu-limit = 64", ""),
        (
            "replicas = 2",
            "memory-high = \"4GiB\"\nmemory-throttling-factor = 0.9",
            "memory-high = \"4GiB\"",
        ),
        (
            "[objects.pods]",
            "[objects.customresourcedefinitions]\ncount = 1\nsize = \"9kB\"\n[objects.widgets]\ncount = 9\n\
             size = \"9kB\"\nshape = \"custom\"\ngroup = \"x.io\"\nconversion-latency = \"5ms\"\n[objects.pods]",
            "[objects.customresourcedefinitions]\ncount = 1\nsize = \"9kB\"\n[objects.widgets]\ncount = 9\n\
             size = \"9kB\"\nshape = \"custom\"\ngroup = \"x.io\"\n[objects.pods]",
        ),
        ("[objects.pods]", "[objects.pods]\njson-size = \"9kB\"", "[objects.pods]"),
        (
            watcher,
            "watcher = { resource = \"pods\" }\ndrain-rate = \"1MB/s\"",
            "watcher = { resource = \"pods\" }",
        ),
        (
            watcher,
            "watcher = { resource = \"pods\" }\ndecode-rate = \"1MB/s\"",
            "watcher = { resource = \"pods\" }",
        ),
        (
            watcher,
            "lister = { resource = \"pods\" }\nidle-watches = 9",
            "lister = { resource = \"pods\" }",
        ),
        (
            watcher,
            "lister = { resource = \"pods\", pause = \"3s\" }",
            "lister = { resource = \"pods\" }",
        ),
        (
            watcher,
            "lister = { resource = \"pods\", all-pages = false }",
            "lister = { resource = \"pods\" }",
        ),
        (
            watcher,
            "reflector = { resource = \"pods\" }\nflow-schema = \"exempt\"\n[apf]\nenabled = false",
            "reflector = { resource = \"pods\" }\n[apf]\nenabled = false",
        ),
    ];
    let options = RunOptions { seed: 3, replication: 0, timelines: false };
    for (from, to, without) in cases {
        let (with_key, plain) = (sound(&with(from, to)), sound(&with(from, without)));
        let told: Vec<&str> = with_key.notes.iter().map(|note| note.code.id()).collect();
        assert_eq!(told, ["W0305"], "{to}");
        assert_eq!(plain.notes, [], "{without}");
        let (a, b) = (model::run(&with_key.inputs, options), model::run(&plain.inputs, options));
        assert_eq!((a.trace_hash, a.peak_resident()), (b.trace_hash, b.peak_resident()), "{to}");
    }
}

/// The prediction of an idle server is that of the model: what a run without events peaks at.
#[test]
fn idle_memory_is_what_an_idle_run_takes() {
    let quiet = SMALL.split("[[clients]]").next().expect("a head");
    let scenario = sound(quiet);
    let options = RunOptions { seed: 5, replication: 0, timelines: false };
    let peak = model::run(&scenario.inputs, options).peak_resident();
    let idle = idle_memory(&scenario.inputs);
    let ratio = idle.as_f64() / peak.as_f64();
    assert!((0.8..1.25).contains(&ratio), "{idle} against {peak}");
    let more = sound(&quiet.replace("count = 5_000", "count = 50_000"));
    assert!(idle_memory(&more.inputs) > idle + Bytes::mib(400));
    // Just below and above the limit.
    let limited = |limit: Bytes| {
        let text = quiet.replace("replicas = 2", &format!("memory-limit = \"{}B\"", limit.0));
        advice(&sound(&text)).iter().map(|one| one.code.id()).collect::<Vec<_>>()
    };
    assert_eq!(limited(idle.scale(0.8)), ["W0308"]);
    assert_eq!(limited(idle.scale(1.1)), [""; 0]);
}

#[test]
fn long_sweeps_are_told_and_short_ones_are_not() {
    let sweep = |replications: u32, vary: &str| {
        let runs = format!("duration = \"3m\"\nreplications = {replications}");
        let text = with("duration = \"3m\"", &runs);
        format!("{text}[sweep]\nvary = [\"{vary}\"]\n")
    };
    assert_eq!(told(&sweep(20, "clients.agents.count=10..40:10")), [""; 0]);
    let long = sweep(100_000, "clients.agents.count=100..90000:1");
    assert_eq!(told(&long), ["W0311 24:8"]);
    let (long, short) = (sound(&long), sound(&sweep(20, "clients.agents.count=10..40:10")));
    let cost = |scenario: &Scenario| {
        sweep_cost(scenario, scenario.sweep.as_ref().expect("a sweep")).expect("a cost")
    };
    assert_eq!((cost(&short).points, cost(&short).replications), (4, 20));
    let per_run = |s: &Scenario| {
        cost(s).time.as_secs_f64() / f64::from(cost(s).points) / f64::from(cost(s).replications)
    };
    let ratio = per_run(&long) / per_run(&short);
    assert!((0.99..1.01).contains(&ratio), "a run costs the same in both: {ratio}");
}

fn shipped() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let entries = std::fs::read_dir(folder).expect("the scenarios");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "toml"));
    files.sort();
    files
}

#[test]
fn what_ships_is_clean() {
    let files = shipped();
    assert!(files.len() >= 9);
    for file in files {
        let scenario = load_file(&file, &[]).unwrap_or_else(|found| panic!("{found}"));
        let all = scenario.notes.iter().cloned().chain(advice(&scenario));
        let warned: Vec<String> =
            all.filter(|one| one.severity != Severity::Note).map(|one| one.short()).collect();
        assert_eq!(warned, [""; 0]);
    }
    let asked = told(VALID);
    assert_eq!(asked, ["N0404 62:50"], "everything.toml asks for pages");
}
