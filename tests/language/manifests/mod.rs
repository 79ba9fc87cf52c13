//! Manifests of API Priority and Fairness: what is read, what is refused and how that is told, and
//! what hostile files do.

mod hostile;
mod mistakes;
mod objects;
mod plan;

use std::fs;
use std::path::PathBuf;

use crate::support;
use oomcast::scenario::{Diagnostics, Scenario, load_file};

/// A scenario without anything else.
const SCENARIO: &str = r#"schema = 1
name = "t"
[run]
duration = "1m"
[apiserver]
version = "1.32"
[node]
memory = "8GiB"
"#;

/// A flow schema and its level, with nothing wrong.
const VALID: &str = include_str!("../../data/manifests/valid.yaml");

/// A folder of a test's own.
fn folder(name: &str) -> PathBuf {
    support::folder("manifests", name)
}

/// Loads a scenario with one manifest beside it; `more` is added to the scenario.
fn load_with(
    test: &str,
    file: &str,
    manifest: impl AsRef<[u8]>,
    more: &str,
) -> Result<Scenario, Diagnostics> {
    let folder = folder(test);
    let text = format!("{SCENARIO}[apf]\nmanifests = [\"{file}\"]\n{more}");
    fs::write(folder.join("t.toml"), text).expect("writes");
    fs::write(folder.join(file), manifest).expect("writes");
    load_file(&folder.join("t.toml"), &[])
}

/// The scenario of a manifest that is sound.
fn sound(test: &str, manifest: &str) -> Scenario {
    match load_with(test, "m.yaml", manifest, "") {
        Ok(scenario) => scenario,
        Err(found) => panic!("{found}"),
    }
}

/// Findings as text, with files by their names alone.
fn told(test: &str, found: &Diagnostics) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("manifests").join(test);
    found.render(false).replace(&format!("{}/", folder.display()), "")
}
