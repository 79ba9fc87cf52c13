//! What is not known must not be told as safe.

use super::super::advise::{Question, advise};
use super::super::assess::{Plan, breaking, headroom};
use super::super::remedies::{Case, TABLE};
use super::super::storms::{note, storms};
use super::{TEXT, forecast_of, grows, set};
use crate::experiment::{Replications, Variant};
use crate::model::RunOptions;
use crate::model::node::memory_limit;
use crate::results::{AdviseResult, AssessResult};
use crate::scenario::{Overlay, Template};
use crate::units::Bytes;

/// The small storm with some of its text replaced.
fn with(changes: &[(&str, &str)]) -> Variant {
    let text = changes.iter().fold(TEXT.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    Variant::load(&Template::of_text("small", text.as_bytes(), &[]), &[]).expect("it is valid")
}

const START: &str = "start = { client = \"heavy\" }";

fn two(replications: u32) -> Replications {
    Replications { seed: 1, replications, threads: Some(2) }
}

/// A key whose events have numbers of their own would be told as headroom: the whole range holds.
#[test]
fn a_key_that_changes_nothing_is_no_headroom() {
    let variant = with(&[(START, "start = { client = \"heavy\", count = 2 }")]);
    let plan = Plan { probability: 0.05, most_advice: 0 };
    let of = |key| {
        breaking(&variant, key, false, &plan, two(2)).expect("it runs").expect("it is searched")
    };
    let idle = of("clients.heavy.count");
    assert!(idle.idle && !idle.beyond && idle.factor.is_none(), "{idle:#?}");
    assert!(idle.verdict.contains("has a number of its own: `storm` 2"), "{idle:#?}");
    let felt = of("objects.secrets.count");
    assert!(!felt.idle && felt.factor.is_some(), "{felt:#?}");
    let told = |breaking| {
        let worst = "as written".to_owned();
        headroom(&AssessResult { worst, breaking, ..AssessResult::default() })
    };
    let headline = told(vec![idle.clone()]);
    assert_eq!(
        headline,
        "; clients.heavy.count changes nothing in as written: how far is not known"
    );
    let both = told(vec![idle, felt]);
    assert!(both.contains("objects.secrets.count may") && both.ends_with(&headline), "{both}");
}

/// Built storms take the scenario's events out: what these start runs in the storms all the same.
#[test]
fn fleets_that_events_start_are_in_the_built_storms() {
    let twice = "start = { client = \"heavy\", count = 2 }\n[[events]]\nname = \"off\"\nat = \"2m\"\n\
                 stop = { client = \"heavy\" }\n[[events]]\nname = \"more\"\nat = \"3m\"\n\
                 start = { client = \"heavy\", count = 3 }";
    let nodes = ("[objects.secrets]", "[cluster]\nnodes = 8\n[objects.secrets]");
    let per_node = ("count = 8", "count = 1\nper = \"node\"");
    let cases = [
        (with(&[]), 8),
        (with(&[(START, twice)]), 3),
        (with(&[nodes, per_node, (START, twice)]), 3),
        (with(&[nodes, per_node]), 8),
    ];
    for (variant, members) in cases {
        let told = note(variant.scenario()).expect("it is told");
        assert!(told.ends_with(&format!("heavy ({members})")), "{told}");
        let storms = storms(&variant);
        let agents = storms.iter().find(|storm| storm.row.name == "restart-agents");
        let what = &agents.expect("the fleet can restart").row.what;
        assert!(what.starts_with(&format!("All {members} members of heavy restart")), "{what}");
        for storm in storms.iter().filter(|storm| storm.row.from == "built") {
            let because = &storm.row.because;
            let variant = storm.variant.as_ref().unwrap_or_else(|| panic!("{because:?}"));
            let heavy = &variant.scenario().inputs.fleets[0];
            assert_eq!((heavy.running, heavy.count), (true, members), "{}", storm.row.name);
        }
    }
    assert_eq!(note(with(&[("start = \"stopped\"", "start = \"running\"")]).scenario()), None);
}

fn advised(variant: &Variant, replications: u32) -> AdviseResult {
    // Not possible here: what is told is of the scenario itself.
    let question = Question {
        probability: 0.05,
        only: vec!["bookmarks".to_owned()],
        without: Vec::new(),
        max_memory: None,
        most_runs: 100,
    };
    advise(variant, &question, two(replications), &|_| {}).expect("it runs")
}

/// `run` and `assess` call it too close; so does `advise`.
#[test]
fn a_scenario_that_is_too_close_to_call_may_need_a_remedy() {
    let few = "clients.heavy.count=2";
    let wide = advised(&set(&[few, "apiserver.memory-limit=64GiB"]), 59);
    assert!(!wide.base_too_close, "{:#?}", wide.base);
    assert!(wide.verdict.starts_with("No remedy is needed: 0 of 59"), "{}", wide.verdict);
    let limit = wide.base.highest_bytes.scale(1.1).0 >> 20;
    let close = advised(&set(&[few, &format!("apiserver.memory-limit={limit}MiB")]), 59);
    assert_eq!(close.base.wrong.count, 0, "{:#?}", close.base);
    assert!(close.verdict.starts_with("Too close to call: 0 of 59"), "{}", close.verdict);
}

#[test]
fn too_few_runs_without_a_failure_are_no_failure_of_remedies() {
    let few = advised(&set(&["clients.heavy.count=2", "apiserver.memory-limit=64GiB"]), 3);
    assert!(few.verdict.starts_with("Not known: 0 of 3 runs go wrong"), "{}", few.verdict);
    assert!(few.verdict.ends_with("-n 59 can"), "{}", few.verdict);
}

/// The overlay of a remedy, and its dose in words.
fn built(
    variant: &Variant,
    name: &str,
    dose: f64,
    most: Option<Bytes>,
) -> Result<(String, String), String> {
    let options = RunOptions { seed: 1, replication: 0, timelines: true };
    let worst = variant.run(0, options, &[]).expect("it runs");
    let case = Case::new(variant.scenario(), &worst, most);
    let remedy = TABLE.iter().find(|remedy| remedy.name == name).expect("a row");
    let built = remedy.built(&case, dose)?;
    Ok((toml::to_string(&built.overlay).expect("TOML"), built.dose))
}

/// A failure that comes while a slower rollout is not done yet meets few clients: no remedy.
#[test]
fn a_rollout_is_not_paced_past_a_failure() {
    let with = |later: &str| {
        let events = format!(
            "start = {{ client = \"heavy\", over = \"2s\" }}\n[[events]]\nname = \"later\"\n\
             at = \"3m\"\n{later}"
        );
        with(&[(START, &events)])
    };
    let kill = with("kill = { apiserver = 0 }");
    let because = built(&kill, "paced-rollout", 120.0, None).expect_err("it meets the kill");
    assert!(because.starts_with("a later event would fall into"), "{because}");
    built(&kill, "paced-rollout", 100.0, None).expect("it is done before");
    // Further starts only add to it.
    built(&with(START), "paced-rollout", 120.0, None).expect("nothing fails");
}

/// Without a limit of its own a server has what its node leaves: rounding that up exceeds what is allowed.
#[test]
fn a_larger_node_keeps_to_max_memory() {
    let node = "[node]\nmemory = \"10GiB\"\nsystem-memory = \"700MiB\"";
    let variant = with(&[("memory-limit = \"6GiB\"", node)]);
    let limit = |variant: &Variant| memory_limit(&variant.scenario().inputs).limit;
    let most = Bytes::mib(10_103);
    let (text, dose) = built(&variant, "memory", 2.0, Some(most)).expect("there is room");
    let overlay = Overlay { name: "o".to_owned(), text: text.into_bytes() };
    let then = limit(&variant.over(overlay).expect("it is an overlay"));
    assert!(then <= most && then > limit(&variant), "{then} of {most}");
    assert_eq!(dose, then.to_string());
}

/// Storms that hold all the time, by four runs.
fn forecast_with(limit_mib: u64) -> String {
    let variant = grows("\"objects.secrets.count=+1% per year\"");
    let limit = format!("apiserver.memory-limit={limit_mib}MiB");
    let result = forecast_of(&variant.with(&[limit]).expect("it is valid"), two(4), 0);
    assert!(result.storms.iter().all(|storm| !storm.holds(0.05)), "{result:#?}");
    assert!(result.warnings.iter().any(|text| text.ends_with("-n 59 can")), "{result:#?}");
    result.verdict
}

#[test]
fn a_forecast_of_few_runs_shows_nothing() {
    let verdict = forecast_with(64 << 10);
    assert!(verdict.starts_with("Not shown: no storm goes wrong"), "{verdict}");
    assert!(verdict.contains("4 replications cannot show that: -n 59 can"), "{verdict}");
}

#[test]
fn a_forecast_knows_the_error_of_the_model() {
    let wide = advised(&set(&["clients.heavy.count=2", "apiserver.memory-limit=64GiB"]), 4);
    let verdict = forecast_with(wide.base.highest_bytes.scale(1.1).0 >> 20);
    assert!(verdict.starts_with("Too close to call: no storm goes wrong"), "{verdict}");
}
