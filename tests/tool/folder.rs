//! The run folder: the same bytes each time, nothing half-written, nothing of others overwritten.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::synthetic;
use crate::support::folder;
use oomcast::experiment::{Replicated, Replications, Subject, replicate_with, summarize};
use oomcast::report::folder::{FolderError, Identity, Manifest, RunFiles, RunFolder, Status};

/// A run folder that is not there yet.
fn scratch(name: &str) -> PathBuf {
    folder("folder", name).join("run")
}

fn identity(scenario: &str) -> Identity<'_> {
    Identity {
        tool_version: "0.0.0",
        scenario,
        scenario_hash: "0123456789ab",
        seed: 3,
        replications: 8,
        design_hash: None,
        command: "run scenario.toml",
    }
}

fn runs(threads: usize) -> Replicated {
    let plan = Replications { seed: 3, replications: 8, threads: Some(threads) };
    replicate_with(synthetic::cascade, plan, |_| {}).expect("runs")
}

fn write(path: &Path, threads: usize, extra: Option<&str>) -> Vec<String> {
    let replicated = runs(threads);
    let subject = Subject {
        scenario: "storm",
        scenario_hash: "0123456789ab",
        seed: 3,
        release: "1.32",
        published: &[],
        expectations: &[],
        warnings: &[],
        peak_interval: None,
    };
    let summary = summarize(&subject, &replicated);
    let mut folder = RunFolder::open(path, &identity("storm"), false).expect("opens");
    let files = RunFiles {
        effective: "name = \"storm\"\n",
        origins: "name = \"storm\"  # storm.toml:1\n",
        summary: &summary,
        runs: &replicated.runs,
        worst: &replicated.worst,
        others: &[],
    };
    folder.write_run(&files).expect("writes");
    if let Some(name) = extra {
        folder.write(name, |out| out.write_all(b"<svg/>")).expect("writes");
    }
    folder.write_report().expect("writes");
    folder.finish(Status::Complete).expect("finishes")
}

fn contents(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(path).expect("there").map(|e| e.expect("readable").path());
    entries
        .filter(|p| p.is_file())
        .map(|p| {
            let name = p.file_name().expect("named").to_string_lossy().into_owned();
            (name, fs::read(p).expect("readable"))
        })
        .collect()
}

fn manifest(path: &Path) -> Manifest {
    let bytes = fs::read(path.join("run.json")).expect("there");
    serde_json::from_slice(&bytes).expect("reads back")
}

#[test]
fn the_same_run_is_the_same_bytes() {
    let (a, b) = (scratch("same-a"), scratch("same-b"));
    write(&a, 1, None);
    write(&b, 4, None);
    write(&b, 2, None);
    assert_eq!(contents(&a), contents(&b));
    insta::assert_snapshot!(String::from_utf8_lossy(&contents(&a)["run.json"]));
}

#[test]
fn a_second_run_removes_what_it_did_not_write() {
    let path = scratch("stale");
    let files = write(&path, 1, Some("charts/memory.svg"));
    assert!(files.contains(&"charts/memory.svg".to_owned()));
    assert!(path.join("charts/memory.svg").exists());
    fs::write(path.join("mine.txt"), "of the user").expect("writes");
    write(&path, 1, None);
    assert!(!path.join("charts").exists());
    assert!(path.join("mine.txt").exists());
    assert_eq!(manifest(&path).status, Status::Complete);
}

#[test]
fn an_unfinished_folder_is_as_before() {
    let path = scratch("partial");
    let mut folder = RunFolder::open(&path, &identity("storm"), false).expect("opens");
    folder.write("a.txt", |out| out.write_all(b"a")).expect("writes");
    let failing = folder.write("b.txt", |out| {
        out.write_all(b"half")?;
        Err(std::io::Error::other("disk full"))
    });
    assert!(matches!(failing, Err(FolderError::Io { .. })));
    drop(folder);
    // Nothing of it is there.
    assert!(contents(&path).is_empty());
}

#[test]
fn opening_alone_changes_nothing() {
    let path = scratch("untouched");
    write(&path, 1, None);
    let before = contents(&path);
    RunFolder::open(&path, &identity("storm"), false).expect("opens");
    assert_eq!(contents(&path), before);
}

#[test]
fn folders_of_others_are_refused() {
    let path = scratch("foreign");
    fs::create_dir_all(&path).expect("creates");
    fs::write(path.join("thesis.doc"), "of the user").expect("writes");
    let open = |scenario, force| RunFolder::open(&path, &identity(scenario), force);
    assert!(matches!(open("storm", false), Err(FolderError::Foreign(_))));
    assert!(open("storm", true).is_ok());
    fs::remove_file(path.join("thesis.doc")).expect("removes");
    write(&path, 1, None);
    assert!(matches!(open("other", false), Err(FolderError::OtherScenario { .. })));
    assert!(open("other", true).is_ok());
}

#[test]
fn a_manifest_cannot_point_out_of_the_folder() {
    let path = scratch("inside");
    let outside = path.with_file_name("outside.txt");
    fs::write(&outside, "of the user").expect("writes");
    write(&path, 1, None);
    let mut edited = manifest(&path);
    edited.files.push("../outside.txt".into());
    edited.files.push(outside.to_string_lossy().into_owned());
    let text = serde_json::to_string(&edited).expect("plain data");
    fs::write(path.join("run.json"), text).expect("writes");
    write(&path, 1, None);
    assert!(outside.exists());
}

#[test]
fn names_make_safe_folders() {
    let path = identity("../a b/c").default_path(Path::new("output"));
    assert_eq!(path, Path::new("output/---a-b-c-0123456789ab"));
}
