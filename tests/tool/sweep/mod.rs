//! `oomcast sweep` and `oomcast merge`: the same bytes however a sweep was stopped, shared out or
//! spread over threads, and clear words for everything that cannot be.

mod folder;
mod kill;
mod mistakes;
mod shards;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A scenario whose replications take about a millisecond, with a grid of 24 points.
const STORM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/storm.toml");

/// An empty folder of this test's own.
fn scratch(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("sweep-{name}"));
    // Absent the first time.
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a scratch folder");
    path
}

/// The binary in a folder, away from the batch system that this test may itself run in.
fn oomcast(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oomcast"));
    command.args(arguments).current_dir(folder).env("NO_COLOR", "1");
    for variable in [
        "JOB_COMPLETION_INDEX",
        "SLURM_ARRAY_TASK_ID",
        "AWS_BATCH_JOB_ARRAY_INDEX",
        "OOMCAST_SHARDS",
    ] {
        command.env_remove(variable);
    }
    command
}

fn output(folder: &Path, arguments: &[&str]) -> Output {
    oomcast(folder, arguments).output().expect("the binary starts")
}

/// Runs what must succeed.
fn done(folder: &Path, arguments: &[&str]) -> Output {
    let output = output(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
    output
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Every file of a folder with its bytes, but for shards.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    collect(folder, "", &mut found);
    found
}

fn collect(folder: &Path, prefix: &str, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("shard-") {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{path}/"), found);
        } else {
            found.insert(path, fs::read(entry.path()).expect("a file"));
        }
    }
}

/// Asserts that two folders hold the same files with the same bytes.
fn assert_same(found: &Path, wanted: &Path, what: &str) {
    let (found, wanted) = (files(found), files(wanted));
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&wanted), "{what}");
    for (name, bytes) in &wanted {
        assert!(found.get(name) == Some(bytes), "{what}: {name} differs");
    }
}
