//! Every key does something: on a scenario made to feel it, another value of it gives another run, or
//! a lint that says why not.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::root;
use oomcast::model::{self, RunOptions};
use oomcast::scenario::{self, Code, Scenario, keys};
use rayon::prelude::*;

/// Settings that differ from `every-key.toml` in one key, after `|` what the scenario needs besides to
/// feel it.
const FELT: &str = include_str!("felt.txt");

/// Keys that no run is to feel: what they are for.
const NOT_OF_A_RUN: [(&str, &str); 8] = [
    ("schema", "the form of the file"),
    ("name", "shown"),
    ("description", "shown"),
    ("run.replications", "how many runs"),
    ("run.seed", "which draws; model, `laws::determinism`"),
    ("sweep", "other scenarios"),
    ("growth", "the scenario later; library, `answers::tests`"),
    ("published", "judges runs"),
];

/// Keys that are felt elsewhere, and by which tests.
const FELT_ELSEWHERE: [(&str, &str); 18] = [
    (
        "apiserver.stall-at-limit",
        "model, `connections`: no server of this scenario comes to its limit",
    ),
    ("apiserver.memory-min", "tool, `docs`: the same"),
    ("apiserver.memory-low", "model, `whole_node`: only under pressure of the node"),
    ("apiserver.memory-throttling-factor", "tool, `docs`: the same; `memory-high` overrides it"),
    ("audit.rules", "model, `dynamics::audit`"),
    ("audit.throttle-burst", "library, `model::apiserver::audit`; batches of one event"),
    ("expect", "tool, `capacity`"),
    ("profiles", "language, `inherit`"),
    ("inherits", "language, `inherit`"),
    ("apf.manifests", "language, `manifests`"),
    ("apf.flow-schemas.namespaces", "golden_cases, `golden_apf`: lists of one namespace"),
    ("apf.flow-schemas.rules", "golden_cases, `golden_apf`; the list of rules is felt"),
    ("apf.levels.type", "`a_level_that_rejects_is_felt`"),
    ("apiserver.shutdown-send-retry-after", "model, `connections`"),
    ("clients.reflectors", "the keys of a reflector, which are felt; one by name is"),
    ("clients.listers", "the keys of a lister, which are felt; one by name is"),
    ("clients.watchers", "the keys of a watcher, which are felt; one by name is"),
    ("workloads.kind", "model, `dynamics::workloads`"),
];

fn text() -> String {
    std::fs::read_to_string(root().join("tests/data/every-key.toml")).expect("text")
}

/// The dotted path of the key that an override sets: without names of things.
fn key_of(set: &str) -> String {
    let path = set.split('=').next().expect("a path").trim();
    let mut parts: Vec<&str> = Vec::new();
    let mut quoted = path.split('"');
    // Names with blanks are quoted; there are no dots in them.
    while let Some(plain) = quoted.next() {
        parts.extend(plain.split('.').filter(|part| !part.is_empty()));
        parts.extend(quoted.next());
    }
    match parts[0] {
        "clients" | "workloads" | "events" | "webhooks" => drop(parts.remove(1)),
        "apf" if parts.len() > 3 => drop(parts.remove(2)),
        "objects" => parts[1] = "*",
        "apiserver" => parts.truncate(2),
        _ => {}
    }
    parts.join(".")
}

fn cases() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    let lines = FELT.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| {
        let (set, needs) = line.split_once(" | ").unwrap_or((line, ""));
        (set.trim(), needs.split(" ; ").map(str::trim).filter(|need| !need.is_empty()).collect())
    })
}

#[test]
fn every_key_is_felt() {
    let text = text();
    let load = |set: &[&str]| {
        let set: Vec<String> = set.iter().map(|set| (*set).to_owned()).collect();
        scenario::load("every-key.toml", text.as_bytes(), &set)
            .unwrap_or_else(|mistakes| panic!("{set:?}: {}", mistakes.render(false)))
    };
    let options = RunOptions { seed: 1, replication: 0, timelines: true };
    let run = |scenario: &Scenario| model::run(&scenario.inputs, options);
    let idle_in = |scenario: &Scenario| {
        scenario.notes.iter().filter(|note| note.code == Code::NoEffect).count()
    };
    let plain = run(&load(&[]));
    let is_inert = |(set, needs): &(&str, Vec<&str>)| {
        let other = load(&[needs.as_slice(), &[*set]].concat());
        let without = load(needs);
        let said = idle_in(&other) > idle_in(&without);
        let felt = run(&other);
        let same = if needs.is_empty() { felt == plain } else { felt == run(&without) };
        same && !said
    };
    let cases: Vec<_> = cases().collect();
    let inert: Vec<_> = cases.par_iter().filter(|case| is_inert(case)).collect();
    assert!(inert.is_empty(), "without any effect: {inert:#?}");
}

#[test]
fn no_key_is_left_out() {
    let felt: BTreeSet<String> = cases().map(|(set, _)| key_of(set)).collect();
    let listed = NOT_OF_A_RUN.iter().chain(&FELT_ELSEWHERE).map(|(key, _)| *key);
    let listed: Vec<&str> = listed.collect();
    let mut paths = Vec::new();
    keys::visit(|path, _| paths.push(path.to_owned()));
    let is_table = |path: &String| paths.iter().any(|p| p.starts_with(&format!("{path}.")));
    let under = |path: &str, table: &str| path == table || path.starts_with(&format!("{table}."));
    let left: Vec<&String> = paths
        .iter()
        .filter(|path| !is_table(path) && !felt.contains(*path))
        .filter(|path| !listed.iter().any(|known| under(path, known)))
        // Names, and what a reference leads to, are felt where they are read.
        .filter(|path| path.rsplit('.').next() != Some("name"))
        .collect();
    assert!(left.is_empty(), "no case of tests/language/felt.txt for {left:#?}");
}

/// What is at a path without its extension: a file, or all in a folder and below.
fn read_at(path: &Path) -> String {
    let mut all = std::fs::read_to_string(path.with_extension("rs")).unwrap_or_default();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                all += &std::fs::read_to_string(path).expect("text");
            }
        }
    }
    all
}

/// The tests that keys are left to are there, and know the key.
#[test]
fn tests_that_are_named_are_there() {
    for (key, why) in NOT_OF_A_RUN.iter().chain(&FELT_ELSEWHERE) {
        let mut parts = why.split('`');
        let (Some(before), Some(name)) = (parts.next(), parts.next()) else { continue };
        let last = key.rsplit('.').next().expect("a name");
        let text = match before.trim_end_matches([',', ' ']).rsplit("; ").next() {
            Some("") => {
                assert!(include_str!("felt.rs").contains(&format!("fn {name}(")), "{key}: {name}");
                continue;
            }
            Some("library") => read_at(&root().join("src").join(name.replace("::", "/"))),
            target => {
                let path = root().join("tests").join(target.expect("a target"));
                read_at(&path.join(name.replace("::", "/")))
            }
        };
        assert!(!text.is_empty(), "{key}: there is no {name}");
        // The recipes are run.
        let text = match name {
            "docs" => std::fs::read_to_string(root().join("docs/cookbook.md")).expect("text"),
            _ => text,
        };
        let knows = text.contains(last) || text.contains(&last.replace('-', "_"));
        assert!(knows, "{key}: {name} does not know it");
    }
}

/// A level of another type has other keys, so that no override says it.
#[test]
fn a_level_that_rejects_is_felt() {
    let queues = "type = \"queue\"\nshares = 20";
    let busy = text()
        .replace(queues, "type = \"queue\"\nshares = 1")
        .replace("borrowing-limit = \"100%\"", "borrowing-limit = \"0%\"")
        .replace("drain-rate = \"5MB/s\"", "drain-rate = \"10kB/s\"");
    assert!(busy != text(), "every-key.toml has changed");
    let only_queues = ["queues = 16", "hand-size = 4", "queue-length = 50"];
    let rejecting: Vec<&str> = busy.lines().filter(|line| !only_queues.contains(line)).collect();
    let rejecting = rejecting.join("\n").replace("type = \"queue\"", "type = \"reject\"");
    let [queued, rejected] = [busy, rejecting].map(|text| {
        let scenario = scenario::load("t.toml", text.as_bytes(), &[])
            .unwrap_or_else(|mistakes| panic!("{}", mistakes.render(false)));
        let options = RunOptions { seed: 1, replication: 0, timelines: false };
        model::run(&scenario.inputs, options).counters.requests_rejected
    });
    assert!(rejected > queued, "{rejected} rejected, {queued} where they queue");
}

/// What has no effect says so.
#[test]
fn a_limit_that_the_cache_ignores_is_reported() {
    let text = "schema = 1\nname = \"a\"\n[run]\nduration = \"1m\"\n[apiserver]\nversion = \"1.32\"\n\
        [node]\nmemory = \"8GiB\"\n[objects.secrets]\ncount = 10\nsize = \"1kB\"\n\
        [[clients]]\nname = \"readers\"\ncount = 2\nreflector = { resource = \"secrets\", limit = 5 }\n";
    let notes = |set: &[&str]| {
        let set: Vec<String> = set.iter().map(|set| (*set).to_owned()).collect();
        let scenario = scenario::load("a.toml", text.as_bytes(), &set).expect("valid");
        scenario.notes.iter().filter(|note| note.code == Code::NoEffect).count()
    };
    assert_eq!(notes(&[]), 1);
    assert_eq!(notes(&["clients.readers.reflector.resource-version=''"]), 0);
    assert_eq!(notes(&["apiserver.warm=false"]), 0, "cold caches pass such lists on to etcd");
    assert_eq!(notes(&["objects.secrets.watch-cache=false"]), 0);
}
