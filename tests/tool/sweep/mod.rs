//! `oomcast sweep` and `oomcast merge`: the same bytes however a sweep was stopped, shared out or
//! spread over threads, and clear words for everything that cannot be.

mod folder;
mod kill;
mod mistakes;
mod shards;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::folder;

/// A scenario whose replications take about a millisecond, with a grid of 24 points.
const STORM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/storm.toml");

fn scratch(name: &str) -> PathBuf {
    folder("sweep", name)
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
