//! What remedies are made of, without trying them.

use super::super::remedies::{Built, Case, TABLE};
use crate::experiment::Variant;
use crate::model::RunOptions;
use crate::scenario::Template;
use crate::units::Bytes;

/// Kubelets, agents without a user of their own, and agents of a system namespace.
const FLEETS: &str = r#"
    schema = 1
    name = "fleets"
    [run]
    duration = "1m"
    [apiserver]
    version = "1.32"
    [node]
    memory = "16GiB"
    [objects.pods]
    count = 100
    [[clients]]
    name = "kubelets"
    count = 2
    reflector = { resource = "pods" }
    [[clients]]
    name = "agents"
    count = 2
    reflector = { resource = "pods" }
    [[clients]]
    name = "others"
    count = 2
    user = "system:serviceaccount:own:others"
    reflector = { resource = "pods" }
    [[clients]]
    name = "exempt"
    count = 2
    groups = ["system:masters"]
    reflector = { resource = "pods" }
"#;

/// A remedy of the table at a dose, where these clients hold so many GiB.
fn built(name: &str, dose: f64, limit: &str, held: &[(&str, u64)]) -> Result<Built, String> {
    let template = Template::of_text("fleets", FLEETS.as_bytes(), &[]);
    let limit = format!("apiserver.memory-limit={limit}");
    let variant = Variant::load(&template, &[limit]).expect("it is valid");
    let options = RunOptions { seed: 1, replication: 0, timelines: true };
    let run = variant.run(0, options, &[]).expect("it runs");
    let mut case = Case::new(variant.scenario(), &run, None);
    let heavy = held
        .iter()
        .map(|(client, gib)| ((*client).to_owned(), "pods".to_owned(), Bytes::gib(*gib)));
    case.heavy = heavy.collect();
    let remedy = TABLE.iter().find(|remedy| remedy.name == name).expect("a row");
    remedy.built(&case, dose)
}

/// A level with few seats for the agents must not hold the kubelets up, which hold the rest.
#[test]
fn kubelets_are_limited_only_where_they_hold_the_peak() {
    let of = |held: &[(&str, u64)]| built("apf-level", 1.0, "4GiB", held);
    let agents = of(&[("agents", 77), ("kubelets", 60), ("others", 20)]).expect("it can be");
    let manifest = agents.manifest.unwrap_or_default();
    assert!(!manifest.contains("system:nodes") && !manifest.contains("others"), "{manifest}");
    assert!(manifest.contains("or this matches nobody."), "{manifest}");
    assert_eq!((agents.also, agents.overlay.to_string().contains("system:nodes")), (None, false));
    // What comes near the first is limited with it.
    let both = of(&[("others", 50), ("agents", 40), ("kubelets", 10)]).expect("it can be");
    let manifest = both.manifest.unwrap_or_default();
    assert!(
        manifest.contains("name: limit-others") && manifest.contains("\"agents\""),
        "{manifest}"
    );
    assert!(manifest.contains("only the other subjects are limited"), "{manifest}");
    let kubelets = of(&[("kubelets", 50), ("agents", 40)]).expect("it can be");
    let manifest = kubelets.manifest.unwrap_or_default();
    assert!(manifest.contains("system:nodes") && !manifest.contains("\"agents\""), "{manifest}");
    assert!(manifest.starts_with("# LIMITS EVERY KUBELET"), "{manifest}");
    assert!(kubelets.also.is_some_and(|also| also.starts_with("LIMITS EVERY KUBELET")));
    let because = of(&[("exempt", 50), ("kubelets", 40)]).expect_err("others hold the peak");
    assert!(because.contains("exempt"), "{because}");
}

/// A tiny limit on a large node is no reason to say that nothing suffices.
#[test]
fn the_ladder_of_memory_reaches_what_the_node_has() {
    let memory = TABLE.iter().find(|remedy| remedy.name == "memory").expect("a row");
    let most = |limit: &str| {
        let strongest = *memory.doses.last().expect("a dose");
        let built = built("memory", strongest, limit, &[]).expect("it can be");
        let text = built.overlay["apiserver"]["memory-limit"].as_str().expect("a size").to_owned();
        let limit = crate::units::parse_bytes(&text).expect("a size");
        (limit, built.overlay.contains_key("node"))
    };
    let (limit, larger_node) = most("300MiB");
    assert!(limit > Bytes::gib(8) && limit < Bytes::gib(16) && !larger_node, "{limit}");
    assert_eq!(most("4GiB"), (Bytes::gib(32), true));
}
