//! The levels and fleets that `oomcast show --apf` shows.

use std::path::Path;

use oomcast::experiment::apf_plan;
use oomcast::report::{Screen, apf::page};
use oomcast::scenario::load_file;

fn plan(file: &str, overrides: &[&str]) -> oomcast::results::ApfPlan {
    let overrides: Vec<String> = overrides.iter().map(|one| (*one).to_owned()).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    match load_file(&path, &overrides) {
        Ok(scenario) => apf_plan(&scenario),
        Err(found) => panic!("{found}"),
    }
}

#[test]
fn the_deckhouse_cluster_has_the_seats_of_its_masters() {
    let plan = plan("tests/data/deckhouse.toml", &[]);
    let levels = plan.levels.iter().filter(|level| level.response != "exempt");
    let seats: Vec<(&str, i64)> =
        levels.map(|level| (level.name.as_str(), level.nominal_seats)).collect();
    assert_eq!(
        seats,
        [
            ("catch-all", 12),
            ("d8-serviceaccounts", 12),
            ("deckhouse-pod", 24),
            ("global-default", 47),
            ("leader-election", 24),
            ("node-high", 93),
            ("system", 70),
            ("workload-high", 93),
            ("workload-low", 231),
        ]
    );
    assert_eq!((plan.server_seats, plan.nominal_seats), (600, 606));
    let text = page(&plan).terminal(&Screen::default());
    insta::assert_snapshot!("deckhouse", text);
    for width in [40, 80, 120] {
        let text = page(&plan).terminal(&Screen { width, ..Screen::default() });
        assert!(text.lines().all(|line| line.chars().count() <= width), "{width}: {text}");
    }
}

#[test]
fn the_incident_has_a_level_of_its_own() {
    let plan = plan("scenarios/cilium-restart-apf.toml", &[]);
    let agents = &plan.fleets[0];
    assert_eq!(
        (agents.flow_schema.as_str(), agents.level.as_str()),
        ("cilium-pods", "cilium-pods")
    );
    let level = plan.levels.iter().find(|level| level.given).expect("given");
    assert_eq!((level.name.as_str(), level.shares, level.nominal_seats), ("cilium-pods", 5, 12));
    assert_eq!(
        (level.queues, level.hand_size, level.queue_length_limit),
        (Some(16), Some(4), Some(50))
    );
    // Its servers were older than wide LISTs and borrowing.
    assert_eq!(
        (level.min_seats, level.max_seats, agents.seats, agents.at_once),
        (12, 12, 1, Some(12))
    );
    let text = page(&plan).terminal(&Screen::default());
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    insta::assert_snapshot!("incident", text);
}

#[test]
fn seats_follow_the_release() {
    let file = "tests/data/deckhouse.toml";
    let seats = |overrides: &[&str]| -> Vec<u64> {
        plan(file, overrides).fleets.iter().map(|fleet| fleet.seats).collect()
    };
    // Up to 1.33 by number; from 1.34 by size, of which a list from the cache has at most 10 seats.
    assert_eq!(seats(&[]), [1, 10, 10, 10]);
    assert_eq!(seats(&["apiserver.version=1.36", "objects.pods.count=40"]), [1, 10, 3, 3]);
    // A watch-list is priced like a list where the server offers it.
    let watch_list = "clients.controllers.reflector.watch-list=true";
    let of = |release: &str| plan(file, &[watch_list, release]).fleets[3].clone();
    assert_eq!(
        (of("apiserver.version=1.34").request, of("apiserver.version=1.34").seats),
        ("watch-list", 10)
    );
    assert_eq!(of("apiserver.version=1.31").request, "list");
}

/// The size of what has no watch cache is known in 1.34 only; else an object counts as 1.5 MB.
#[test]
fn uncached_resources_are_taken_for_large() {
    let seats = |release: &str| {
        let overrides = ["objects.pods.watch-cache=false", "objects.pods.count=40", release];
        plan("tests/data/deckhouse.toml", &overrides).fleets[2].seats
    };
    let sized = seats("apiserver.version=1.34");
    let (guessed, by_number) = (seats("apiserver.version=1.36"), seats("apiserver.version=1.33"));
    assert_eq!((by_number, sized, guessed), (1, 3, 10));
}

#[test]
fn without_it_two_numbers_are_all() {
    let plan = plan("tests/data/deckhouse.toml", &["apf.enabled=false"]);
    insta::assert_snapshot!("off", page(&plan).terminal(&Screen::default()));
}

#[test]
fn a_named_flow_schema_overrides_the_rules() {
    let plan = plan("tests/data/deckhouse.toml", &["clients.controllers.flow-schema=system-nodes"]);
    assert_eq!(plan.fleets[3].level, "system");
}
