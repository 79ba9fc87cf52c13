//! Counts by node, pod and namespace.

use oomcast::scenario::Scenario;

use crate::support::load as text;
use crate::{BASE, load, places};

fn per(per: &str) -> String {
    let counted = BASE.replace("count = 100\n", &format!("count = 3\nper = \"{per}\"\n"));
    counted + "[cluster]\nnodes = 50\npods-per-node = 30\nnamespaces = 8\n"
}

fn pods(scenario: &Scenario) -> (u64, f64) {
    let pods = &scenario.inputs.resources[0];
    (pods.count, pods.writes_per_second)
}

#[test]
fn counts_and_writes_are_multiplied() {
    let of = |by: &str| pods(&text(&per(by), &[]).expect("valid"));
    assert_eq!(of("node"), (150, 100.0));
    assert_eq!(of("pod"), (4_500, 3_000.0));
    assert_eq!(of("namespace"), (24, 16.0));
    assert_eq!(of("cluster"), (3, 2.0));
    assert_eq!(of("100 nodes"), (2, 1.0), "rounded up");
    assert_eq!(of("1_000 pods"), (5, 3.0));
    let fleet =
        BASE.replace("count = 2\n", "count = 2\nper = \"node\"\n") + "[cluster]\nnodes = 9\n";
    assert_eq!(text(&fleet, &[]).expect("valid").inputs.fleets[0].count, 18);
}

#[test]
fn the_size_of_the_cluster_can_be_set_and_varied() {
    let found = text(&per("node"), &["cluster.nodes=2000"]).expect("valid");
    assert_eq!(pods(&found).0, 6_000);
    let again = text(&found.effective, &["cluster.nodes=3000"]).expect("valid");
    assert_eq!(pods(&again).0, 9_000, "the effective scenario keeps what it is counted by");
    let knob = oomcast::scenario::Knob::parse("cluster.nodes").expect("a key");
    assert!(knob.check(&found).is_ok());
    assert_eq!(knob.current(&found).map(|value| value.to_string()).as_deref(), Some("2000"));
    let uncertain = text(&per("node"), &["cluster.nodes=400 to 600"]).expect("valid");
    assert_eq!(uncertain.uncertain.len(), 1);
    let drawn = text(&per("node"), &[&uncertain.uncertain[0].set(500.0)]).expect("valid");
    assert_eq!(pods(&drawn).0, 1_500);
}

#[test]
fn bounds_hold_for_totals() {
    let found = text(&per("pod"), &["cluster.nodes=200000", "objects.pods.count=900"]);
    let found = found.expect_err("5.4 thousand million");
    assert!(found.items.iter().any(|d| d.code.id() == "E0105"), "{}", found.render(false));
    let fleet =
        BASE.replace("count = 2\n", "count = 60\nper = \"node\"\n") + "[cluster]\nnodes = 20_000\n";
    let found = text(&fleet, &[]).expect_err("over a million");
    assert!(found.items.iter().any(|d| d.code.id() == "E0105"));
    let events = "[[events]]\nname = \"e\"\nat = \"1m\"\nstop = { client = \"a\", count = 5 }\n";
    let fleet = BASE.replace("count = 2\n", "count = 1\nper = \"node\"\n") + events;
    assert!(text(&format!("{fleet}[cluster]\nnodes = 5\n"), &[]).is_ok());
    assert!(text(&format!("{fleet}[cluster]\nnodes = 4\n"), &[]).is_err(), "more than there are");
}

#[test]
fn what_is_not_known_of_the_cluster_is_asked_for() {
    let unknown = per("pod").replace("pods-per-node = 30\n", "");
    let found = text(&unknown, &[]).expect_err("how many pods?");
    assert!(found.items.iter().all(|d| d.code.id() == "E0504"));
    assert!(found.items[0].message.contains("cluster.pods-per-node"));
    for bad in ["nod", "0 nodes", "ten nodes", "node pods", "", "2 node", "10nodes"] {
        let found = text(&per(bad), &[]).expect_err(bad);
        assert_eq!(found.items[0].code.id(), "E0106", "{bad}");
    }
    assert_eq!(
        text(&per("nodess"), &[]).expect_err("x").items[0].help.as_deref(),
        Some("did you mean \"node\"?")
    );
    let idle = text(&format!("{BASE}[cluster]\nnodes = 5\n"), &[]).expect("valid");
    assert_eq!(idle.notes[0].code.id(), "W0305", "nothing depends on it");
}

#[test]
fn a_reader_of_its_own_node_reads_a_share() {
    let own = BASE.replace("{ resource = \"pods\" }", "{ resource = \"pods\", own-node = true }");
    let sized = format!("{own}[cluster]\nnodes = 50\n");
    let found = text(&sized, &[]).expect("valid");
    let read = |scenario: &Scenario| match &scenario.inputs.fleets[0].behaviour {
        oomcast::model::input::Behaviour::Reflector { read, .. } => (read.selected, read.selector),
        other => panic!("{other:?}"),
    };
    assert_eq!(read(&found), (0.02, true));
    let again = text(&found.effective, &["cluster.nodes=100"]).expect("valid");
    assert_eq!(read(&again), (0.01, true));
    assert_eq!(places(&text(&own, &[]).expect_err("how many nodes?"))[0].0, "E0504");
    let both = sized.replace("own-node = true", "own-node = true, selected = \"5%\"");
    assert_eq!(places(&text(&both, &[]).expect_err("both"))[0].0, "E0107");
}

#[test]
fn a_count_laid_over_an_inherited_one_is_a_total() {
    let base = per("node");
    let over = |own: &str| {
        let own = format!("inherits = \"base.toml\"\n[objects.pods]\n{own}");
        pods(&load("totals", &[("main.toml", &own), ("base.toml", &base)], &[]).expect("valid"))
    };
    assert_eq!(over("count = 700\n"), (700, 100.0), "writes stay per node");
    assert_eq!(over("writes = \"9/s\"\n"), (150, 9.0), "the count stays per node");
    assert_eq!(over("count = 700\nwrites = \"9/s\"\n"), (700, 9.0));
    assert_eq!(over("count = 7\nper = \"node\"\n"), (350, 100.0));
    assert_eq!(over("per = \"namespace\"\n"), (24, 16.0));
    let set = text(&base, &["objects.pods.count=7"]).expect("valid");
    assert_eq!(pods(&set).0, 350, "--set changes the number only");
    assert_eq!(set.notes[0].code.id(), "N0403", "and says so");
}
