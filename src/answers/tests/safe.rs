//! What is not known must not be told as safe.

use super::super::advise::{Question, advise};
use super::super::assess::{Plan, breaking, headroom};
use super::super::certain::{too_close, with_error};
use super::super::remedies::{Case, TABLE};
use super::super::storms::{note, storms};
use super::{TEXT, forecast_of, grows, set};
use crate::experiment::{Replications, Trial, Variant, find};
use crate::model::RunOptions;
use crate::model::node::memory_limit;
use crate::results::{AdviseResult, Answer, AssessResult};
use crate::scenario::measure::Condition;
use crate::scenario::{Overlay, Template, Vary};
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
    assert_eq!(wide.answer, Answer::Yes);
    let limit = wide.base.highest_bytes.scale(1.1).0 >> 20;
    let close = advised(&set(&[few, &format!("apiserver.memory-limit={limit}MiB")]), 59);
    assert_eq!(close.base.wrong.count, 0, "{:#?}", close.base);
    assert!(close.verdict.starts_with("Too close to call: 0 of 59"), "{}", close.verdict);
    assert_eq!(close.answer, Answer::NotKnown);
}

/// The error of the model is in every answer that names a value: what is clearly safe by it is nearer than
/// what the draws alone say, and at its border the interval of the peak touches the limit.
#[test]
fn a_breaking_point_has_the_error_of_the_model() {
    let ask = |variant: &Variant, vary: &str| {
        let vary = Vary::parse(vary).expect("it is valid");
        let range = Some(vary.range);
        let until = Condition::OOM;
        let question = find::Question { knob: vary.knob, range, until, probability: 0.05 };
        let mut found = find::find(variant, &question, two(4), |_| {}).expect("it runs");
        with_error(variant, &question, &mut found, two(4)).expect("it runs");
        found
    };
    let found = ask(&set(&[]), "clients.heavy.count=1..30");
    let bracket = found.bracket.as_ref().expect("it breaks");
    let model = found.model.as_ref().expect("kills are asked for");
    let safe = model.safe.as_ref().expect("one reader is safe").number;
    let past = model.past.as_ref().expect("thirty are not").number;
    assert!(model.open && safe < bracket.safe.value.number, "{found:#?}");
    assert!(past >= bracket.past.value.number, "{found:#?}");
    let borders = format!("clearly safe up to {safe}, clearly past from {past} on");
    assert!(found.verdict.ends_with(&borders), "{}", found.verdict);
    let close_at = |count: f64| {
        let there = set(&[&format!("clients.heavy.count={count}")]);
        let mut trial = Trial::new(&there, two(4));
        trial.grow(4).expect("it runs");
        too_close(there.scenario(), &trial.runs)
    };
    assert!(!close_at(safe) && close_at(safe + 1.0) && close_at(past - 1.0) && !close_at(past));
    // Less of a limit is dangerous; and what holds everywhere may do so by the draws only.
    let limits = ask(&set(&[]), "apiserver.memory-limit=2GiB..40GiB");
    let (bracket, model) = (limits.bracket.expect("it breaks"), limits.model.expect("asked for"));
    let [safe, past] = [model.safe, model.past].map(|end| end.expect("inside").number);
    assert!(past < bracket.past.value.number && bracket.safe.value.number < safe);
    let most =
        format!("clients.heavy.count=1..{:.0}", found.bracket.expect("it").safe.value.number);
    let never = ask(&set(&[]), &most);
    assert!(never.is_too_close(), "{never:#?}");
    assert!(never.verdict.ends_with("error of the model: too close to call"), "{}", never.verdict);
    let wide = ask(&set(&["apiserver.memory-limit=64GiB"]), "clients.heavy.count=1..3");
    assert!(!wide.is_too_close() && !wide.verdict.contains("error"), "{}", wide.verdict);
}

/// So has the date of a forecast, and what a remedy buys.
#[test]
fn a_date_has_the_error_of_the_model() {
    let result = forecast_of(&grows("\"clients.heavy.count=+1 per month\""), two(4), 200);
    let found = result.storms[0].when.as_ref().expect("it is searched");
    let (bracket, model) = (found.bracket.as_ref(), found.model.as_ref());
    let date = bracket.expect("it breaks").safe.value.number;
    let sure = model.expect("kills count").safe.as_ref().expect("today is safe").number;
    assert!(sure < date, "{found:#?}");
    assert!(
        result.verdict.contains("; by the error of the model clearly safe up to "),
        "{}",
        result.verdict
    );
    let best = &result.remedies[0];
    assert!(best.bought_least.is_some(), "{best:#?}");
    assert!(result.verdict.contains(&best.by_error()), "{}", result.verdict);
}

/// Jitter that spreads starts past a later event would look harmless only because that comes too early.
#[test]
fn jitter_is_for_clients_that_start_and_not_past_an_event() {
    let variant = with(&[]);
    let (overlay, dose) = built(&variant, "start-jitter", 60.0, None).expect("it can be");
    assert!(overlay.contains("start-jitter = \"60s\"") && dose == "up to 1m", "{overlay}");
    assert!(overlay.contains("duration = \"420s\""), "{overlay}");
    let later = [(
        START,
        "start = { client = \"heavy\", over = \"10s\" }\n[[events]]\n\
        name = \"lost\"\nat = \"2m\"\nkill = { apiserver = 0 }",
    )];
    let because = built(&with(&later), "start-jitter", 60.0, None).expect_err("it meets the kill");
    assert!(because.contains("a later event would fall into"), "{because}");
    assert!(built(&with(&later), "start-jitter", 30.0, None).is_ok());
    let own = [("start = \"stopped\"", "start = \"running\""), (START, "kill = { apiserver = 0 }")];
    let because = built(&with(&own), "start-jitter", 60.0, None).expect_err("nobody starts");
    assert!(because.contains("by their own back-off"), "{because}");
}

/// As the objects that ended the incident: for all kinds of the operator's group, by the API's default
/// precedence; earlier where a flow schema of Kubernetes, or the scenario's own, would come first.
#[test]
fn a_priority_level_is_written_as_its_clients_are_matched() {
    let agent = |namespace: &str| {
        let user = format!("count = 8\nuser = \"system:serviceaccount:{namespace}:agent\"");
        let custom =
            ("[objects.secrets]", "[objects.secrets]\nshape = \"custom\"\ngroup = \"a.io\"");
        built(&with(&[("count = 8", &user), custom]), "apf-level", 5.0, None).expect("it can be").0
    };
    let own = agent("d8-cni-cilium");
    for expected in ["precedence = 1000", "resources = [\"*\"]", "api-groups = [\"a.io\"]"] {
        assert!(own.contains(expected), "{expected}: {own}");
    }
    assert!(agent("kube-system").contains("precedence = 450"));
    let schema = "[[apf.flow-schemas]]\nname = \"own\"\nlevel = \"workload-low\"\nprecedence = 700\n\
        verbs = [\"list\"]\napi-groups = [\"*\"]\nresources = [\"*\"]\n\
        groups = [\"system:authenticated\"]\n[[events]]";
    let behind = with(&[("[[events]]", schema)]);
    let (built_in, _) = built(&behind, "apf-level", 5.0, None).expect("it can be");
    assert!(built_in.contains("precedence = 699"), "{built_in}");
    assert!(built_in.contains("resources = [\"secrets\"]"), "{built_in}");
}

/// A key that changes nothing does not hide that runs were stopped.
#[test]
fn what_changes_nothing_may_be_incomplete_too() {
    let text = [(START, "start = { client = \"heavy\", count = 2 }")];
    let variant = with(&text).with(&["run.max-events=100".to_owned()]).expect("it is valid");
    let vary = Vary::parse("clients.heavy.count=2..8").expect("it is valid");
    let range = Some(vary.range);
    let until = Condition::OOM;
    let question = find::Question { knob: vary.knob, range, until, probability: 0.05 };
    let found = find::find(&variant, &question, two(2), |_| {}).expect("it runs");
    assert!(found.idle && found.incomplete > 0, "{found:#?}");
    assert!(found.verdict.starts_with("Incomplete, "), "{}", found.verdict);
}

#[test]
fn too_few_runs_without_a_failure_are_no_failure_of_remedies() {
    let few = advised(&set(&["clients.heavy.count=2", "apiserver.memory-limit=64GiB"]), 3);
    assert!(few.verdict.starts_with("Not known: 0 of 3 runs go wrong"), "{}", few.verdict);
    assert!(few.verdict.ends_with("-n 59 can"), "{}", few.verdict);
    assert_eq!(few.answer, Answer::NotKnown);
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
