//! The rules on planted offenders.

use super::scan::{CratePath, Source};
use super::{circles, idle, rules};

fn paths(code: &str) -> Vec<String> {
    Source::new("src/x.rs", code).crate_paths().into_iter().map(|found| found.path).collect()
}

#[test]
fn use_trees_are_opened() {
    assert_eq!(paths("use crate::units::Bytes;"), ["units::Bytes"]);
    assert_eq!(
        paths("use crate::{model::{self, input::Inputs}, units::{Bytes, SimTime}};"),
        ["model::self", "model::input::Inputs", "units::Bytes", "units::SimTime"]
    );
    assert_eq!(
        paths("use crate::a::{\n    b,\n    c::{d, e},\n};\nfn f() -> crate::g::H { }"),
        ["a::b", "a::c::d", "a::c::e", "g::H"]
    );
    assert_eq!(paths("pub(crate) fn f() {} use mycrate::x; pub(in crate::y) mod z;"), ["y"]);
    assert_eq!(paths("let x = $crate::model::run();"), ["model::run"]);
    assert_eq!(paths("use crate::units::*;"), ["units"]);
}

#[test]
fn comments_and_literals_do_not_count() {
    let code = r##"
//! See crate::cli::main.
/* use crate::cli; /* nested */ still crate::cli */
const A: &str = "crate::cli \" crate::cli";
const B: &str = r#"crate::cli " "#;
const C: char = '"'; use crate::units::Bytes;
fn f<'a>(x: &'a str) -> char { '\'' } // crate::cli
"##;
    assert_eq!(paths(code), ["units::Bytes"]);
    let line = Source::new("src/x.rs", code).crate_paths();
    assert_eq!(line, [CratePath { path: "units::Bytes".into(), line: 6 }]);
}

fn offences(rule: fn(&[Source]) -> Vec<String>, path: &str, code: &str) -> usize {
    rule(&[Source::new(path, code)]).len()
}

#[test]
fn climbing_imports_are_caught() {
    let caught = |path, code| offences(rules::layers, path, code) == 1;
    assert!(caught("src/units/bytes.rs", "use crate::engine::Streams;"));
    assert!(caught("src/engine/queue.rs", "use crate::model::World;"));
    assert!(caught("src/results/run.rs", "use crate::model::World;"));
    assert!(caught("src/model/world/mod.rs", "use crate::scenario::Scenario;"));
    assert!(caught("src/model/world/mod.rs", "use crate::{scenario::Scenario, units::Bytes};"));
    assert!(caught("src/language/table/walk.rs", "use crate::scenario::keys::ROOT;"));
    assert!(caught("src/language/table/read.rs", "use crate::model::release::Release;"));
    assert!(caught("src/scenario/build.rs", "use crate::model::world::World;"));
    assert!(caught("src/scenario/build.rs", "use crate::model;"));
    assert!(caught("src/scenario/build.rs", "use crate::model::{input::Inputs, world::World};"));
    assert!(caught("src/scenario/build.rs", "use crate::model::apf::queue_set::QueueSet;"));
    assert!(caught("src/scenario/build.rs", "use crate::results::Summary;"));
    assert!(caught("src/experiment/mod.rs", "fn f() { crate::report::json(); }"));
    assert!(caught("src/report/text.rs", "use crate::model::RunOptions;"));
    assert!(caught("src/report/text.rs", "use crate::engine::statistics::Moments;"));
    assert!(caught("src/model/world/mod.rs", "use crate::cli::Exit;"));
    assert!(caught("src/attic/old.rs", "fn f() {}"), "an unknown room");
    assert!(caught("src/main.rs", "use crate::model;"));
}

#[test]
fn what_the_layers_allow_passes() {
    let passes = |path, code| offences(rules::layers, path, code) == 0;
    assert!(passes(
        "src/model/world/mod.rs",
        "use crate::{engine::Streams, results, units::Bytes};"
    ));
    assert!(passes("src/model/apf/mod.rs", "use crate::model::apf::queue_set::QueueSet;"));
    assert!(passes("src/scenario/build.rs", "use crate::model::input::Inputs;"));
    assert!(passes("src/scenario/build.rs", "use crate::model::apf::config::FlowSchema;"));
    assert!(passes("src/cli/run.rs", "use crate::{model, report, units};"));
}

#[test]
fn servers_that_know_clients_are_caught() {
    let caught = |path, code| offences(rules::apart, path, code) == 1;
    assert!(caught("src/model/plane/life.rs", "use crate::model::fleets::Fleets;"));
    assert!(caught(
        "src/model/plane/life.rs",
        "use crate::model::{fleets::Fleets, ids::ServerId};"
    ));
    assert!(caught("src/model/fleets/calls.rs", "use crate::model::plane::Plane;"));
    assert!(caught("src/model/event.rs", "use crate::model::world::World;"));
    let passes = |path, code| offences(rules::apart, path, code) == 0;
    assert!(passes("src/model/plane/life.rs", "use crate::model::plane::Plane;"));
    assert!(passes(
        "src/model/world/calls.rs",
        "use crate::model::{fleets::Fleets, plane::Plane};"
    ));
}

#[test]
fn impure_models_are_caught() {
    let caught = |path, code| offences(rules::purity, path, code) == 1;
    assert!(caught("src/model/world/mod.rs", "use serde::Serialize;"));
    assert!(caught("src/model/world/mod.rs", "#[derive(serde::Serialize)]"));
    assert!(caught("src/engine/mod.rs", "use toml;"));
    assert!(caught("src/engine/mod.rs", "let now = std::time::Instant::now();"));
    assert!(caught("src/model/input.rs", "use std::fs;"));
    assert!(caught("src/model/input.rs", "let f = std::fs::read(path);"));
    assert!(caught("src/results/run.rs", "use clap::Parser;"));
    let passes = |path, code| offences(rules::purity, path, code) == 0;
    assert!(passes("src/results/run.rs", "use serde::Serialize;"));
    assert!(passes("src/scenario/tree.rs", "use toml;"));
    assert!(passes("src/model/world/mod.rs", "let tomlike = clap_hands(observed);"));
}

#[test]
fn other_offences_are_caught() {
    let caught = |rule, path, code: &str| offences(rule, path, code) == 1;
    assert!(caught(rules::printing, "src/report/text.rs", "    println!(\"x\");"));
    assert!(caught(rules::printing, "src/model/world/mod.rs", "dbg!(x);"));
    assert!(!caught(rules::printing, "src/report/text.rs", "// println!(x)"));
    assert!(!caught(rules::printing, "src/cli/output.rs", "println!();"));
    assert!(caught(rules::lengths, "src/a.rs", &"x\n".repeat(601)));
    assert!(!caught(rules::lengths, "src/a.rs", &"x\n".repeat(600)));
    for silent in ["", "use x;", "//!\n", "/// Not of the module."] {
        assert!(caught(rules::module_docs, "src/a.rs", silent), "{silent:?}");
    }
    assert!(!caught(rules::module_docs, "src/a.rs", "//! Says what it is."));
    let left = ["fn f() { todo!() }", "unimplemented!();", "#[ignore]", "#[ignore = \"slow\"]"];
    for code in left {
        assert!(caught(rules::leftovers, "src/a.rs", code), "{code:?}");
    }
    assert!(caught(rules::leftovers, "src/a.rs", "// FIXME: later"));
    assert!(!caught(rules::leftovers, "src/a.rs", "// todo!(\"in a comment\")"));
}

#[test]
fn circles_are_found() {
    let file = |path: &str, code: &str| Source::new(path, code);
    let found = |sources: &[Source]| circles::circles(sources, "model");
    let round = [
        file("src/model/a.rs", "use crate::model::b::B;"),
        file("src/model/b.rs", "use super::c;"),
        file("src/model/c.rs", "use crate::model::{a::A, d};"),
        file("src/model/d.rs", "use crate::units::Bytes;"),
    ];
    assert_eq!(found(&round), [["model::a", "model::b", "model::c"]]);
    let family = [
        file("src/model/a/mod.rs", "pub use b::B; use crate::model::a::b;"),
        file("src/model/a/b.rs", "use super::A; #[cfg(test)]\nmod tests { use super::super::c; }"),
        file("src/model/c.rs", "use crate::model::a::b::B;"),
    ];
    assert!(found(&family).is_empty(), "a folder and its files are one");
}

#[test]
fn idle_items_are_found() {
    let code = "pub fn used() {}\npub const IDLE: u8 = 1;\npub struct Told;\n\
                pub const fn tested() {}\n#[cfg(test)]\nmod tests { fn t() { tested() } }";
    let sources = [
        Source::new("src/model/a.rs", code),
        Source::new("src/model/mod.rs", "pub use a::{IDLE, used};"),
        Source::new("src/cli/run.rs", "fn f(_: Told) { used() }"),
        Source::new("src/cli/tests.rs", "fn f() { IDLE }"),
    ];
    assert_eq!(idle::idle(&sources), ["src/model/a.rs: `IDLE`", "src/model/a.rs: `tested`"]);
}

#[test]
fn long_functions_are_found() {
    let long =
        format!("pub fn f(a: [u8; 3])\nwhere\n    A: B,\n{{\n{}}}\n", "    x();\n".repeat(90));
    let caught = |code: &str| offences(rules::long_functions, "src/a.rs", code);
    assert_eq!(caught(&long), 1);
    assert_eq!(caught(&long.replacen("    x();\n", "", 10)), 0);
    assert_eq!(caught(&format!("trait T {{ fn f();\n{}}}", "    const A: u8;\n".repeat(100))), 0);
}
