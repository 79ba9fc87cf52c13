//! What scenarios are composed of: inherited files and presets, profiles, counts by the size of the
//! cluster, and where each value comes from.

mod cli;
mod cluster;
mod diagnostics;
mod felt;
mod inherit;
mod keys;
mod manifests;
mod mistakes;
mod presets;
mod quantities;
#[path = "../support/readers.rs"]
mod readers;
mod replayed;
mod schema;
#[path = "../support/mod.rs"]
mod support;

use std::path::PathBuf;

use oomcast::scenario::{Diagnostics, Scenario, Template};
use support::strings;

/// A whole scenario to lay things over.
const BASE: &str = "schema = 1\nname = \"base\"\n[run]\nduration = \"5m\"\n\
    [apiserver]\nversion = \"1.33\"\nmemory-limit = \"8GiB\"\n[node]\nmemory = \"16GiB\"\n\
    [objects.pods]\ncount = 100\nsize = \"5kB\"\nwrites = \"2/s\"\n\
    [[clients]]\nname = \"a\"\ncount = 2\nreflector = { resource = \"pods\" }\n";

/// A folder of a test with some files in it.
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    support::folder_with("language", name, files)
}

/// Loads `main.toml` among files.
fn load(name: &str, files: &[(&str, &str)], set: &[&str]) -> Result<Scenario, Diagnostics> {
    oomcast::scenario::load_file(&folder(name, files).join("main.toml"), &strings(set))
}

/// Code, file and line of each finding.
fn places(found: &Diagnostics) -> Vec<(&'static str, String, usize)> {
    let place = |d: &oomcast::scenario::Diagnostic| {
        let file = PathBuf::from(&d.primary.place.file);
        let file = file.file_name().expect("a name").to_string_lossy().into_owned();
        (d.code.id(), file, d.primary.place.line)
    };
    found.items.iter().map(place).collect()
}

fn profiles(of: &str, chosen: &[&str]) -> Result<Scenario, Diagnostics> {
    Template::of_text("t.toml", of.as_bytes(), &[]).with_profiles(&strings(chosen)).load(&[])
}
