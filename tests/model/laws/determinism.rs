//! The same scenario and seed are the same bytes, whatever the threads; other seeds are not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::laws::world::{BURST, TURMOIL, inputs, run};
use crate::support::{done, folder_with, shipped};
use oomcast::experiment::{Replications, replicate};
use oomcast::model::input::Inputs;
use oomcast::model::{self, RunOptions};

fn replicated(inputs: &Inputs, threads: usize) -> (String, String) {
    let plan = Replications { seed: 11, replications: 6, threads: Some(threads) };
    let replicated = replicate(inputs, plan, |_| {}).expect("runs");
    let json = |value: &dyn erased::Json| value.json();
    (json(&replicated.runs), json(&replicated.worst))
}

/// Serialising without naming types.
mod erased {
    pub(super) trait Json {
        fn json(&self) -> String;
    }
    impl<T: serde::Serialize> Json for T {
        fn json(&self) -> String {
            serde_json::to_string(self).expect("plain data")
        }
    }
}

#[test]
fn one_thread_or_four() {
    for inputs in [
        inputs(BURST, &[]),
        inputs(TURMOIL, &[]),
        shipped("ha-cascade", &[]).inputs,
        shipped("kep-3157-buffered", &[]).inputs,
    ] {
        let one = replicated(&inputs, 1);
        assert_eq!(one, replicated(&inputs, 4));
        assert_eq!(one, replicated(&inputs, 1), "the second time");
    }
}

/// When the first replication is too much work, it stays alone, whoever had begun by then.
#[test]
fn cut_short_with_one_thread_or_four() {
    let inputs = inputs(TURMOIL, &["run.max-events=2000"]);
    let one = replicated(&inputs, 1);
    assert_eq!(one, replicated(&inputs, 4));
    assert!(one.1.contains("\"cut_short\":true"));
}

#[test]
fn recording_changes_nothing() {
    let inputs = inputs(TURMOIL, &[]);
    let with = |timelines| {
        let options = RunOptions { seed: 5, replication: 2, timelines };
        let mut record = model::run(&inputs, options);
        assert_eq!(record.timelines.is_empty(), !timelines);
        record.timelines.clear();
        // What is drawn of the activity is recorded with the timelines; its busiest seconds always.
        let activity = &mut record.activity;
        (activity.buckets, activity.windows, activity.kills) = Default::default();
        record
    };
    assert_eq!(with(false), with(true));
}

#[test]
fn seeds_and_replications_differ() {
    let inputs = inputs(TURMOIL, &[]);
    let first = run(&inputs, 1);
    let second = run(&inputs, 2);
    assert_ne!(first.trace_hash, second.trace_hash);
    assert_ne!(first.cpu(), second.cpu());
    let third = model::run(&inputs, RunOptions { seed: 1, replication: 1, timelines: false });
    assert_ne!(first.trace_hash, third.trace_hash);
}

/// Every file of a folder, by path.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).expect("readable") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let inside = path.strip_prefix(folder).expect("inside").to_owned();
                found.insert(inside, std::fs::read(&path).expect("readable"));
            }
        }
    }
    found
}

#[test]
fn folders_are_the_same_bytes() {
    let base = folder_with("laws", "same-bytes", &[("turmoil.toml", TURMOIL)]);
    let folder = |name: &str, extra: &[&str]| {
        let run = ["run", "turmoil.toml", "-n", "5", "--format", "json", "-o", name];
        let output = done(&base, &[&run[..], extra].concat());
        (files(&base.join(name)), output.stdout)
    };
    let one = folder("one", &["-j", "1"]);
    assert!(one.0.keys().any(|path| path.ends_with("timeline.csv")));
    assert!(one.0.keys().any(|path| path.extension().is_some_and(|e| e == "png")));
    for (name, extra) in [("four", ["-j", "4"]), ("again", ["-j", "1"])] {
        let other = folder(name, &extra);
        assert!(one.0.keys().eq(other.0.keys()), "{name}");
        for (path, bytes) in &one.0 {
            assert!(bytes == &other.0[path], "{name}: {} differs", path.display());
        }
        assert_eq!(one.1, other.1, "{name}: standard output");
    }
    let other = folder("other", &["--seed", "2"]);
    assert_ne!(one.0[Path::new("summary.json")], other.0[Path::new("summary.json")]);
}
