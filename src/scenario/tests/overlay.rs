//! Tests of what is laid over a scenario.

use crate::model::input::Action;
use crate::scenario::{Code, Diagnostics, Layers, Overlay, Scenario, load_beside};
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

/// A client that nearly everything names.
const NAMED: &str = "[[clients]]\nname = \"b\"\ncount = 3\nstart = \"stopped\"\n\
    reflector = { resource = \"pods\" }\n\
    [[clients]]\nname = \"c\"\ncount = 3\nconnection = \"b\"\nreflector = { resource = \"pods\" }\n\
    [[events]]\nname = \"go\"\nat = \"1m\"\nstart = { client = \"b\" }\n\
    [[events]]\nname = \"judged\"\nat = \"2m\"\nrestart = { client = \"b\" }\n\
    [[events]]\nname = \"other\"\nat = \"3m\"\nrestart = { client = \"a\" }\n\
    [[expect]]\nname = \"e\"\nphase = \"judged\"\nmetric = \"peak\"\nquantile = \"50%\"\nat-most = \"8GiB\"\n\
    [[workloads]]\nname = \"grow\"\nkind = \"node-scale-out\"\nnodes = 2\nover = \"1m\"\njoins = [\"a\", \"b\"]\n\
    [objects.nodes]\ncount = 5\nsize = \"8kB\"\n[objects.leases]\ncount = 5\nsize = \"1kB\"\n\
    [sweep]\nvary = [\"clients.b.count=1,2\", \"events.go.start.count=1,2\", \"events.judged.restart.count=1,2\", \
    \"objects.pods.count=10,20\"]\n";

#[test]
fn a_client_is_removed_with_what_names_it() {
    let gone = "[[clients]]\nname = \"b\"\nremove = true\n";
    for (overlays, set) in
        [(vec![NAMED, gone], vec![]), (vec![NAMED], vec!["clients.b.remove=true"])]
    {
        let found = load(&overlays, &set).unwrap_or_else(|found| panic!("{found}"));
        let events: Vec<&str> = found.inputs.events.iter().map(|e| e.name.as_str()).collect();
        assert_eq!(events, ["judged", "other"]);
        assert_eq!(found.inputs.events[0].action, Action::Mark);
        let fleets: Vec<&str> = found.inputs.fleets.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(fleets, ["a", "c"]);
        assert_eq!(found.inputs.fleets[1].connections.of, None);
        assert_eq!(found.inputs.workloads.joins.len(), 1);
        assert_eq!(found.sweep.expect("the other axis stays").vary.len(), 1);
        let told: Vec<_> = found.notes.iter().filter(|n| n.code == Code::RemovedAlong).collect();
        assert_eq!(told.len(), 1);
        let help = told[0].help.as_deref().expect("what went");
        for part in ["event `go` goes", "`judged` stays", "workload `grow`", "`c` has", "[sweep]"] {
            assert!(help.contains(part), "{part} in {help}");
        }
    }
    // What the same layer gives anew keeps its events, and what it names anew must be there.
    let anew = format!(
        "{gone}[[clients]]\nname = \"b\"\ncount = 9\nreflector = {{ resource = \"pods\" }}\n"
    );
    assert_eq!(load(&[NAMED, &anew], &[]).expect("valid").inputs.events.len(), 3);
    let named =
        format!("{gone}[[events]]\nname = \"late\"\nat = \"4m\"\nstop = {{ client = \"b\" }}\n");
    let found = load(&[NAMED, &named], &[]).expect_err("there is no b");
    assert!(found.items.iter().any(|d| d.code == Code::UnknownReference), "{found}");
}
