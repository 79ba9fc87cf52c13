//! Tests of what is laid over a scenario.

use crate::scenario::{Diagnostics, Layers, Overlay, Scenario, load_beside};
use crate::units::Bytes;

const BASE: &str = "schema = 1\nname = \"base\"\n[run]\nduration = \"5m\"\n\
    [apiserver]\nversion = \"1.32\"\nmemory-limit = \"8GiB\"\n[node]\nmemory = \"16GiB\"\n\
    [objects.pods]\ncount = 100\nsize = \"5kB\"\n\
    [[clients]]\nname = \"a\"\ncount = 2\nreflector = { resource = \"pods\" }\n";

fn load(overlays: &[&str], set: &[&str]) -> Result<Scenario, Diagnostics> {
    let named = |(index, text): (usize, &&str)| Overlay {
        name: format!("over-{index}.toml"),
        text: text.as_bytes().to_vec(),
    };
    let overlays: Vec<Overlay> = overlays.iter().enumerate().map(named).collect();
    let overrides: Vec<String> = set.iter().map(|s| (*s).to_owned()).collect();
    let layers = Layers { overlays: &overlays, overrides: &overrides, ..Layers::default() };
    let loaded = load_beside("base.toml", BASE.as_bytes(), layers, None, false);
    loaded.map(|(scenario, _)| scenario)
}

#[test]
fn later_layers_win_key_by_key() {
    let overlays = [
        "[hardware]\ncpu-speed = 0.5\n[calibration]\ntyped-heap = 1.25\n",
        "[hardware]\nnetwork = \"1GB/s\"\ncpu-speed = 0.75\n[objects.pods]\ncount = 300\n",
    ];
    let found = load(&overlays, &["objects.pods.count=400"]).expect("valid").inputs;
    assert_eq!(found.hardware.cpu_speed.to_bits(), 0.75_f64.to_bits());
    assert_eq!(found.hardware.network.0, 1_000_000_000);
    assert_eq!(found.calibration.typed_heap.to_bits(), 1.25_f64.to_bits());
    assert_eq!(found.resources[0].count, 400);
    assert_eq!(found.resources[0].size, Bytes(5_000), "what is not named stays");
    assert_eq!(found.apiserver.memory_limit, Some(Bytes::gib(8)));
}

#[test]
fn entries_of_arrays_merge_by_name() {
    let overlay = "[[clients]]\nname = \"a\"\ncount = 7\n\
        [[clients]]\nname = \"b\"\ncount = 1\nreflector = { resource = \"pods\" }\n";
    let found = load(&[overlay], &[]).expect("valid").inputs;
    let fleets: Vec<_> = found.fleets.iter().map(|f| (f.name.as_str(), f.count)).collect();
    assert_eq!(fleets, [("a", 7), ("b", 1)]);
}

#[test]
fn mistakes_keep_their_place() {
    let mistakes = load(&["[hardware]\ncpu-speed = \"fast\"\nnetwrk = 1\n"], &[]);
    let mistakes = mistakes.expect_err("two mistakes");
    let places: Vec<_> = mistakes
        .items
        .iter()
        .map(|d| (d.primary.place.file.as_str(), d.primary.place.line, d.primary.place.column))
        .collect();
    assert_eq!(places, [("over-0.toml", 2, 13), ("over-0.toml", 3, 1)]);
    let syntax = load(&["[hardware\n"], &[]).expect_err("no TOML");
    assert_eq!(syntax.items[0].primary.place.file, "over-0.toml");
    let deep = format!("a = {}1{}", "[".repeat(500), "]".repeat(500));
    let deep = load(&[&deep], &[]).expect_err("too deep");
    assert_eq!(deep.items[0].primary.place.file, "over-0.toml");
    assert!(load(&["\u{0}"], &[]).is_err());
}

#[test]
fn a_scalar_in_place_of_a_table_is_a_mistake() {
    assert!(load(&["clients = 3\n"], &[]).is_err());
    assert!(load(&["apiserver = \"x\"\n"], &[]).is_err());
}
