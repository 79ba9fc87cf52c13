//! Answers about a small storm that kills.

use std::cell::Cell;

use super::advise::{Question, advise, enough};
use super::assess::{Plan, assess, most_runs};
use crate::experiment::{Replications, Variant, apf_plan};
use crate::results::{AdviseResult, RemedyState};
use crate::scenario::{Overlay, Template, load_file};

const TEXT: &str = r#"
    schema = 1
    name = "small"
    [run]
    duration = "4m"
    [apiserver]
    version = "1.32"
    memory-limit = "6GiB"
    [objects.secrets]
    count = 400
    size = "1MB"
    [[clients]]
    name = "heavy"
    count = 8
    start = "stopped"
    reflector = { resource = "secrets", encoding = "json", watch-list = false }
    [[events]]
    name = "storm"
    at = "1m"
    start = { client = "heavy" }
    [[expect]]
    name = "none"
    metric = "oom"
    phase = "storm"
    at-most = "100%"
"#;

fn variant() -> Variant {
    Variant::load(&Template::of_text("small", TEXT.as_bytes(), &[]), &[]).expect("it is valid")
}

fn ask(only: &[&str], replications: u32, most_runs: u32) -> AdviseResult {
    let question = Question {
        probability: 0.05,
        only: only.iter().map(|name| (*name).to_owned()).collect(),
        without: Vec::new(),
        max_memory: None,
        most_runs,
    };
    let plan = Replications { seed: 1, replications, threads: Some(2) };
    let done = Cell::new(0);
    let result = advise(&variant(), &question, plan, &|runs| done.set(runs)).expect("it runs");
    assert!(result.runs <= most_runs && done.get() <= most_runs, "{}", result.runs);
    result
}

#[test]
fn a_remedy_suffices_only_where_the_interval_says_so() {
    assert_eq!((enough(0.05), enough(0.01)), (59, 299));
    let all = ask(&["streamed-lists", "more-at-once", "bookmarks"], 59, 1_000);
    assert_eq!(all.base_failed.count, all.base.replications, "{all:#?}");
    let of = |name: &str| all.remedies.iter().find(|row| row.name == name).expect("it is there");
    let streamed = of("streamed-lists");
    assert!(streamed.state <= RemedyState::TooClose, "{streamed:#?}");
    assert_eq!((streamed.failed.count, streamed.figures.replications), (0, 59));
    assert_eq!(of("bookmarks").state, RemedyState::NotPossible);
    assert!(of("more-at-once").state >= RemedyState::NoEffect);
    // The same survival in fewer replications proves too little.
    let few = ask(&["streamed-lists"], 20, 1_000);
    assert!(few.remedies[0].state > RemedyState::TooClose, "{few:#?}");
    assert!(!few.warnings.is_empty());
    // What is left untried by the bound is said to be.
    let bounded = ask(&["protobuf", "memory"], 59, 12);
    let untried = bounded.remedies.iter().filter(|row| row.state == RemedyState::NotTried);
    assert!(untried.count() > 0, "{bounded:#?}");
}

#[test]
fn the_manifest_says_what_the_overlay_says() {
    let found = ask(&["apf-level"], 59, 1_000);
    let row = &found.remedies[0];
    let overlay = Overlay { name: "o".into(), text: row.overlay.clone().into_bytes() };
    let laid = apf_plan(variant().over(overlay).expect("it is an overlay").scenario());
    let folder = std::env::temp_dir().join(format!("oomcast-manifest-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("m.yaml"), row.manifest.as_ref().expect("objects"))
        .expect("written");
    let file = folder.join("s.toml");
    std::fs::write(&file, format!("{TEXT}\n[apf]\nmanifests = [\"m.yaml\"]\n")).expect("written");
    let applied = apf_plan(&load_file(&file, &[]).expect("kubectl would take it"));
    std::fs::remove_dir_all(&folder).expect("removed");
    assert_eq!(laid, applied);
    assert!(laid.fleets[0].level.starts_with("limit-"), "{laid:#?}");
}

#[test]
fn a_page_of_storms() {
    let plan = Plan { probability: 0.05, most_advice: 0 };
    let replications = Replications { seed: 1, replications: 2, threads: Some(2) };
    let result = assess(&variant(), &plan, replications, &|_| {}).expect("it runs");
    assert!(most_runs(&plan, 2) > 14);
    let names: Vec<&str> = result.storms.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names[..2], ["steady", "as written"]);
    assert!(names.contains(&"lose-a-server") && names.contains(&"cold-start"), "{names:?}");
    assert!(result.storms.iter().all(|row| row.because.is_none()), "{:#?}", result.storms);
    assert_eq!(result.storms[0].failed.count, 0);
    assert_eq!(result.worst, "as written");
    assert!(result.verdict.starts_with("NOT SAFE"), "{}", result.verdict);
    assert!(result.breaking.iter().any(|input| input.key == "clients.heavy.count"));
}
