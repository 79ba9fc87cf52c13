//! The layer rule and the house rules, held by reading the sources.
//!
//! `scan` takes sources apart, `rules` judges them; both are tested on planted offenders, so that a
//! scanner which sees nothing cannot pass for a clean house.

mod circles;
mod idle;
mod planted;
mod rules;
mod scan;

use std::collections::BTreeSet;
use std::path::Path;

use scan::Source;

/// Every Rust source below a folder of the repository.
fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    scan::walk(root, &root.join(folder), &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// `src`, `tests` and `benches`.
pub(crate) fn everything() -> Vec<Source> {
    ["src", "tests", "benches"].into_iter().flat_map(sources).collect()
}

fn hold(offences: &[String]) {
    assert!(offences.is_empty(), "\n{}\n", offences.join("\n"));
}

#[test]
fn the_scanner_sees_the_sources() {
    let paths: Vec<String> = sources("src").into_iter().map(|source| source.path).collect();
    let rooms = [
        "units",
        "engine",
        "results",
        "model",
        "scenario",
        "experiment",
        "validation",
        "cluster",
        "answers",
        "calibration",
    ];
    for room in rooms.into_iter().chain(["report", "cli"]) {
        let inside = format!("src/{room}/");
        assert!(paths.iter().any(|path| path.starts_with(&inside)), "nothing in {inside}");
    }
    assert!(paths.len() > 100, "only {} files", paths.len());
    let uses = sources("src").iter().flat_map(scan::Source::crate_paths).count();
    assert!(uses > 300, "only {uses} paths into the crate");
}

#[test]
fn imports_run_one_way() {
    hold(&rules::layers(&sources("src")));
}

#[test]
fn servers_and_clients_stay_apart() {
    hold(&rules::apart(&sources("src")));
}

#[test]
fn the_model_and_the_engine_stay_pure() {
    hold(&rules::purity(&sources("src")));
}

#[test]
fn only_the_command_line_prints() {
    hold(&rules::printing(&sources("src")));
}

#[test]
fn no_file_is_too_long() {
    hold(&rules::lengths(&everything()));
}

#[test]
fn no_function_is_too_long() {
    hold(&rules::long_functions(&everything()));
}

#[test]
fn files_do_not_import_each_other_in_circles() {
    let sources = sources("src");
    let rooms: BTreeSet<&str> = sources.iter().map(Source::room).collect();
    for room in rooms {
        let circles = circles::circles(&sources, room);
        assert!(circles.is_empty(), "{room}: files in circles: {circles:#?}");
    }
}

#[test]
fn what_the_model_offers_is_used() {
    hold(&idle::idle(&sources("src")));
}

#[test]
fn every_file_says_what_it_is() {
    hold(&rules::module_docs(&everything()));
}

#[test]
fn nothing_is_left_undone_or_ignored() {
    hold(&rules::leftovers(&everything()));
}
