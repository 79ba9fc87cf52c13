//! Answers about a small storm that kills.

mod remedies;
mod safe;

use std::cell::Cell;
use std::collections::BTreeSet;

use super::advise::{Question, advise, allowed, enough};
use super::assess::{Plan, assess, most_runs};
use super::forecast;
use super::no_return::{NoReturnQuestion, no_return};
use super::remedies::{Case, TABLE};
use crate::experiment::{Replications, Variant, apf_plan, find, proportion};
use crate::results::{
    AdviseResult, AssessResult, BreakingInput, ForecastResult, FoundWhere, RemedyElsewhere,
    RemedyRow, RemedyState, StormState,
};
use crate::scenario::measure::Condition;
use crate::scenario::{Overlay, Template, Vary, load_file};
use crate::units::Bytes;

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
    set(&[])
}

fn set(overrides: &[&str]) -> Variant {
    let overrides: Vec<String> = overrides.iter().map(|text| (*text).to_owned()).collect();
    let template = Template::of_text("small", TEXT.as_bytes(), &[]);
    Variant::load(&template, &overrides).expect("it is valid")
}

/// Nothing is killed, but no reader is done with its list before the time-out of requests.
fn too_slow() -> Variant {
    set(&["apiserver.memory-limit=64GiB", "clients.heavy.drain-rate=2MB/s"])
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

/// The memory limit of an overlay.
fn limit(row: &RemedyRow) -> Bytes {
    let overlay: toml::Table = row.overlay.parse().expect("it is TOML");
    let text = overlay["apiserver"]["memory-limit"].as_str().expect("it sets the limit");
    crate::units::parse_bytes(text).expect("a size")
}

/// The least dose is not as coarse as the doses of the table, and `--max-memory` is itself one.
#[test]
fn the_least_dose_lies_between_those_of_the_table() {
    let question = |max_memory| Question {
        probability: 0.05,
        only: vec!["memory".to_owned()],
        without: Vec::new(),
        max_memory,
        most_runs: 2_000,
    };
    let plan = Replications { seed: 1, replications: 59, threads: Some(2) };
    let of = |max_memory| {
        // What the command line sets does not hide what the remedy sets.
        let variant = set(&["apiserver.memory-limit=5GiB"]);
        let mut found = advise(&variant, &question(max_memory), plan, &|_| {}).expect("it runs");
        found.remedies.remove(0)
    };
    let row = of(None);
    assert!(row.state <= RemedyState::TooClose && row.is_confirmed(), "{row:#?}");
    let least = limit(&row);
    let doses = [1.25, 1.5, 2.0, 3.0, 4.0].map(|factor| Bytes::gib(5).scale(factor));
    assert!(!doses.contains(&least) && least < doses[4], "{least}");
    // The ladder steps over it, so that it must be tried itself.
    let most = of(Some(least));
    assert_eq!((most.state, limit(&most)), (row.state, least), "{most:#?}");
    // Less than there is is no dose.
    assert_eq!(of(Some(Bytes::gib(5))).state, RemedyState::NotPossible);
}

/// What was chosen for surviving some draws, and not tried with others, is marked.
#[test]
fn what_is_not_confirmed_is_marked() {
    let found = ask(&["streamed-lists"], 59, 8 + 1 + 59 + 10);
    let row = &found.remedies[0];
    assert!(row.state <= RemedyState::TooClose && !row.is_confirmed(), "{row:#?}");
    assert_eq!(row.confirmed_in, 10, "{row:#?}");
    assert!(found.verdict.contains("may prevent it"), "{}", found.verdict);
    assert!(found.warnings.iter().any(|text| text.contains("not confirmed")), "{found:#?}");
    let whole = ask(&["streamed-lists"], 59, 8 + 1 + 59 + 59);
    assert!(whole.remedies[0].is_confirmed(), "{whole:#?}");
    assert!(whole.warnings.is_empty(), "{whole:#?}");
    // Without a remedy that is possible, none was tried.
    let none = ask(&["bookmarks"], 59, 1_000);
    assert!(none.verdict.starts_with("No remedy was tried, none is possible"), "{}", none.verdict);
}

/// Nobody paces clients that restart by themselves, or start because others do.
#[test]
fn only_what_is_rolled_out_can_be_paced() {
    let paced = |events: &str| {
        let text = TEXT.replace("start = { client = \"heavy\" }", events);
        let template = Template::of_text("small", text.as_bytes(), &[]);
        let variant = Variant::load(&template, &[]).expect("it is valid");
        let options = crate::model::RunOptions { seed: 1, replication: 0, timelines: true };
        let worst = variant.run(0, options, &[]).expect("it runs");
        let case = Case::new(variant.scenario(), &worst, None);
        let remedy = TABLE.iter().find(|remedy| remedy.name == "paced-rollout").expect("a row");
        remedy.built(&case, 120.0).map(|built| toml::to_string(&built.overlay).expect("TOML"))
    };
    let start = paced("start = { client = \"heavy\", over = \"2s\" }").expect("it can be");
    assert!(start.contains("over = \"120s\""), "{start}");
    let rollout = "rollout = { client = \"heavy\", max-unavailable = 4, start-time = \"15s\" }";
    let rollout = paced(rollout).expect("it can be");
    assert!(rollout.contains("max-unavailable = 1"), "{rollout}");
    for own in [
        "restart = { client = \"heavy\", over = \"10s\" }",
        "start = { client = \"heavy\" }\n[[events]]\nname = \"lost\"\nat = \"1m\"\n\
         kill = { apiserver = 0 }",
    ] {
        let because = paced(own).expect_err("nobody decides it");
        assert!(because.contains("nothing is rolled out"), "{because}");
    }
}

#[test]
fn the_headroom_is_that_of_the_tightest_input() {
    let input = |key: &str, factor, incomplete| BreakingInput {
        key: key.to_owned(),
        factor,
        incomplete,
        ..BreakingInput::default()
    };
    let of = |inputs: &[BreakingInput]| {
        let result = AssessResult { breaking: inputs.to_vec(), ..AssessResult::default() };
        result.tightest().map(|input| input.key.clone()).unwrap_or_default()
    };
    let (wide, tight) = (input("wide", Some(4.0), 0), input("tight", Some(1.2), 0));
    let (none, unknown) = (input("none", None, 0), input("unknown", None, 3));
    assert_eq!(of(&[wide.clone(), tight.clone()]), "tight");
    assert_eq!(of(&[unknown, wide.clone()]), "wide");
    assert_eq!(of(&[tight, none, wide]), "none");
}

/// A remedy is found in the most dangerous storm, and tried in every other that goes wrong.
#[test]
fn remedies_are_tried_in_the_other_storms_that_go_wrong() {
    let plan = Plan { probability: 0.05, most_advice: 400 };
    let replications = Replications { seed: 1, replications: 2, threads: Some(2) };
    let text = TEXT.replace("start = \"stopped\"", "start = \"running\"");
    let text = text.replace("start = { client", "restart = { client");
    let template = Template::of_text("small", text.as_bytes(), &[]);
    let variant = Variant::load(&template, &[]).expect("it is valid");
    let result = assess(&variant, &plan, replications, &|_| {}).expect("it runs");
    let others: Vec<&str> = result
        .storms
        .iter()
        .filter(|row| row.state.is_wrong() && row.name != result.worst)
        .map(|row| row.name.as_str())
        .collect();
    assert!(!others.is_empty(), "{:#?}", result.storms);
    let best = result.advice.as_ref().map_or("", |advice| advice.remedies[0].name.as_str());
    let tried: Vec<&str> = result
        .elsewhere
        .iter()
        .filter(|row| row.remedy == best)
        .map(|row| row.storm.as_str())
        .collect();
    assert_eq!(tried, others);
    // Two runs show nothing.
    let none_wrong = |row: &RemedyElsewhere| row.state == StormState::NoneWrong;
    assert!(result.elsewhere.iter().any(none_wrong), "{:#?}", result.elsewhere);
}

#[test]
fn a_remedy_suffices_only_where_the_interval_says_so() {
    assert_eq!((enough(0.05), enough(0.01)), (59, 299));
    let all = ask(&["streamed-lists", "more-at-once", "bookmarks"], 59, 1_000);
    assert_eq!(all.base.wrong.count, all.base.replications, "{all:#?}");
    let of = |name: &str| all.remedies.iter().find(|row| row.name == name).expect("it is there");
    let streamed = of("streamed-lists");
    assert!(streamed.state <= RemedyState::TooClose, "{streamed:#?}");
    assert_eq!((streamed.figures.wrong.count, streamed.figures.replications), (0, 59));
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
    // What is not possible here is not among those that could be tried.
    let mut cut = bounded.clone();
    cut.remedies.extend(all.remedies.iter().filter(|row| row.name == "bookmarks").cloned());
    assert_eq!((cut.possible(), cut.remedies.len()), (2, 3), "{cut:#?}");
    // One that survives all it was given, when there was no work left for more, is not one that fails.
    let cut = ask(&["streamed-lists"], 59, 40);
    let row = &cut.remedies[0];
    assert_eq!((row.state, row.figures.wrong.count), (RemedyState::Undecided, 0), "{row:#?}");
    assert!(row.figures.replications > 20 && cut.open() == 1, "{row:#?}");
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
    // The scenario does not say who the client is: whoever applies it is told.
    let manifest = row.manifest.as_deref().unwrap_or_default();
    assert!(manifest.contains("\"default:heavy\": the scenario does not say"), "{manifest}");
    assert_eq!(laid, applied);
    assert!(laid.fleets[0].level.starts_with("limit-"), "{laid:#?}");
}

#[test]
fn as_many_may_go_wrong_as_the_interval_allows() {
    assert_eq!((allowed(10, 0.05), allowed(59, 0.05)), (0, 0));
    let most = allowed(200, 0.05);
    assert!(
        most > 0 && proportion(most, 200).high <= 0.05 && proportion(most + 1, 200).high > 0.05
    );
}

/// Storms, headroom and breaking points mean the same by "wrong", or a cluster that never recovers is
/// said to have room to grow.
#[test]
fn a_storm_that_does_not_recover_leaves_no_headroom() {
    let plan = Plan { probability: 0.05, most_advice: 0 };
    let replications = Replications { seed: 1, replications: 2, threads: Some(2) };
    let result = assess(&too_slow(), &plan, replications, &|_| {}).expect("it runs");
    let storm = result.storms.iter().find(|row| row.name == "as written").expect("it is there");
    assert_eq!((storm.state, storm.figures.oom.count), (StormState::NoRecovery, 0), "{storm:#?}");
    assert!(result.verdict.contains("no headroom"), "{}", result.verdict);
    assert!(!result.breaking.is_empty());
    for input in &result.breaking {
        assert!(!input.beyond && input.factor.is_none_or(|factor| factor < 1.0), "{input:#?}");
    }
    let objects = result.breaking.iter().find(|input| input.key == "objects.secrets.count");
    assert!(objects.expect("it is searched").factor.is_some(), "{:#?}", result.breaking);
}

#[test]
fn what_asks_for_kills_tells_of_runs_that_never_recover() {
    let plan = Replications { seed: 1, replications: 2, threads: Some(2) };
    let vary = Vary::parse("clients.heavy.count=4,8").expect("it is valid");
    let until = Condition::parse("oom").expect("it is valid");
    let question =
        find::Question { knob: vary.knob, range: Some(vary.range), until, probability: 0.0 };
    let found = find::find(&too_slow(), &question, plan, |_| {}).expect("it runs");
    assert_eq!(found.found, FoundWhere::NeverPast);
    assert!(found.warnings.iter().any(|text| text.contains("--until wrong")), "{found:#?}");
    let question = NoReturnQuestion { until, continuations: 1, replication: Some(0) };
    let found = no_return(&too_slow(), &question, plan, |_| {}).expect("it runs");
    assert!(found.warnings.iter().any(|text| text.contains("--until wrong")), "{found:#?}");
}

fn grows(rates: &str) -> Variant {
    let text = format!("{TEXT}\n[growth]\nfrom = \"2026-11-30\"\nrates = [{rates}]\n");
    let template = Template::of_text("small", text.as_bytes(), &[]);
    Variant::load(&template, &["clients.heavy.count=2".to_owned()]).expect("it is valid")
}

fn forecast_of(variant: &Variant, replications: Replications, most_advice: u32) -> ForecastResult {
    let growth = variant.scenario().growth.as_ref().expect("it grows");
    let plan = forecast::Plan {
        probability: 0.05,
        within_months: 12.0,
        from: growth.from,
        storms: vec!["as written".to_owned()],
        most_advice,
    };
    forecast::forecast(variant, growth, &plan, replications, &|_| {}).expect("it runs")
}

/// What is wrong today is not told as what holds until it gets better.
#[test]
fn a_storm_that_gets_better_is_wrong_now() {
    let plan = Replications { seed: 1, replications: 4, threads: Some(2) };
    let variant = grows("\"clients.heavy.count=-1 per month\"");
    let variant = variant.with(&["clients.heavy.count=12".to_owned()]).expect("it is valid");
    let result = forecast_of(&variant, plan, 0);
    let found = result.storms[0].when.as_ref().expect("it is searched");
    assert!(found.falling && found.bracket.is_some(), "{found:#?}");
    assert!(result.verdict.starts_with("Outgrown already: as written"), "{}", result.verdict);
    assert!(found.verdict.contains("of runs now, until"), "{}", found.verdict);
}

#[test]
fn where_nothing_could_be_forecast_nothing_is_called_safe() {
    let plan = Replications { seed: 1, replications: 2, threads: Some(2) };
    let result = forecast_of(
        &grows("\"objects.secrets.size=+4% per month\", \"cluster.nodes=+4% per month\""),
        plan,
        0,
    );
    assert!(result.storms.iter().all(|storm| storm.when.is_none()), "{result:#?}");
    assert!(result.verdict.starts_with("Not known"), "{}", result.verdict);
}

/// A key that grows beside an event with a number of its own changes nothing: that is not safe, but not
/// known, and the key is named.
#[test]
fn growth_that_changes_nothing_is_not_called_safe() {
    let text =
        TEXT.replace("start = { client = \"heavy\" }", "start = { client = \"heavy\", count = 2 }");
    let of = |rates: &str| {
        let text = format!("{text}\n[growth]\nrates = [{rates}]\n");
        let template = Template::of_text("small", text.as_bytes(), &[]);
        let plan = Replications { seed: 1, replications: 2, threads: Some(2) };
        forecast_of(&Variant::load(&template, &[]).expect("it is valid"), plan, 0)
    };
    let alone = of("\"clients.heavy.count=+1 per month\"");
    assert!(alone.storms[0].when.is_none() && alone.is_unknown(), "{alone:#?}");
    assert!(alone.verdict.starts_with("Not known"), "{}", alone.verdict);
    let note = "`clients.heavy.count` grows and changes nothing in as written; the event that starts it \
                has a number of its own: `storm` 2";
    assert_eq!(alone.warnings.iter().filter(|text| *text == note).count(), 1, "{alone:#?}");
    // Beside one that matters, it is named all the same, and the answer is that of the other.
    let both = of("\"objects.secrets.count=+1% per month\", \"clients.heavy.count=+1 per month\"");
    let storm = &both.storms[0];
    assert!(storm.when.is_some() && !both.is_unknown(), "{both:#?}");
    let idle: Vec<&str> = storm.idle.iter().map(|idle| idle.key.as_str()).collect();
    assert_eq!(idle, ["clients.heavy.count"], "{both:#?}");
    assert!(both.warnings.iter().any(|text| text == note), "{both:#?}");
    let named = "; clients.heavy.count changes nothing in as written: not forecast there";
    assert!(both.verdict.ends_with(named), "{}", both.verdict);
    // What goes wrong today does so whatever grows.
    let text =
        TEXT.replace("start = { client = \"heavy\" }", "start = { client = \"heavy\", count = 8 }");
    let text = format!("{text}\n[growth]\nrates = [\"clients.heavy.count=+1 per month\"]\n");
    let template = Template::of_text("small", text.as_bytes(), &[]);
    let plan = Replications { seed: 1, replications: 2, threads: Some(2) };
    let wrong = forecast_of(&Variant::load(&template, &[]).expect("it is valid"), plan, 0);
    assert!(wrong.verdict.starts_with("Outgrown already"), "{}", wrong.verdict);
}

#[test]
fn a_forecast_is_the_breaking_point_at_its_date() {
    let plan = Replications { seed: 1, replications: 4, threads: Some(2) };
    let variant = grows("\"clients.heavy.count=+1 per month\"");
    let result = forecast_of(&variant, plan, 0);
    let found = result.storms[0].when.as_ref().expect("it is searched");
    let bracket = found.bracket.as_ref().expect("it breaks within the year");
    let vary = Vary::parse("clients.heavy.count=2..14").expect("it is valid");
    let until = Condition::WRONG;
    let question =
        find::Question { knob: vary.knob, range: Some(vary.range), until, probability: 0.05 };
    let by_count = find::find(&variant, &question, plan, |_| {}).expect("it runs");
    let by_count = by_count.bracket.expect("it breaks in the range");
    for (date, count) in [(&bracket.safe, &by_count.safe), (&bracket.past, &by_count.past)] {
        let then = (2.0 + date.value.number).round();
        assert_eq!(then.to_bits(), count.value.number.to_bits(), "{date:?} {count:?}");
        assert_eq!(date.happened, count.happened);
    }
    assert!(bracket.safe.value.text.contains("months (2027-"), "{bracket:?}");
    assert!(result.verdict.starts_with("Outgrown first by as written"), "{}", result.verdict);
    let then = &result.growth[0];
    assert_eq!((then.now.as_str(), then.then.as_str()), ("2", "14"));
}

/// Servers that are added are still rolled at the end of a run that is as long as for those there were: they
/// are not lost for that.
#[test]
fn more_servers_make_a_roll_longer_not_wrong() {
    let text = r#"
        schema = 1
        name = "empty"
        [run]
        duration = "3m"
        [apiserver]
        version = "1.32"
        memory-limit = "2GiB"
        [growth]
        rates = ["apiserver.replicas=+1 per month"]
    "#;
    let template = Template::of_text("empty", text.as_bytes(), &[]);
    let variant = Variant::load(&template, &[]).expect("it is valid");
    let growth = variant.scenario().growth.as_ref().expect("it grows");
    let plan = forecast::Plan {
        probability: 0.05,
        within_months: 8.0,
        from: None,
        storms: vec!["roll".to_owned()],
        most_advice: 0,
    };
    let one = Replications { seed: 1, replications: 1, threads: Some(2) };
    let result = forecast::forecast(&variant, growth, &plan, one, &|_| {}).expect("it runs");
    let found = result.storms[0].when.as_ref().expect("it is searched");
    assert_eq!(found.found, FoundWhere::NeverPast, "{}", found.verdict);
}

#[test]
fn an_uncertain_rate_spreads_the_dates_on_any_number_of_threads() {
    let variant = grows("\"clients.heavy.count=+0.5 to 3 per month\"");
    let with = |threads| Replications { seed: 1, replications: 8, threads: Some(threads) };
    let result = forecast_of(&variant, with(1), 0);
    assert_eq!(result, forecast_of(&variant, with(2), 0));
    let found = result.storms[0].when.as_ref().expect("it is searched");
    let dates: BTreeSet<&str> = found
        .breaking_points
        .iter()
        .filter_map(|point| Some(point.past.as_ref()?.text.as_str()))
        .collect();
    assert!(dates.len() > 3, "{dates:?}");
}

#[test]
fn a_remedy_buys_months() {
    let plan = Replications { seed: 1, replications: 2, threads: Some(2) };
    let variant = grows("\"clients.heavy.count=+1 per month\"");
    let result = forecast_of(&variant, plan, 200);
    let best = result.remedies.first().expect("a remedy helps");
    assert!(best.bought_months > 0.0, "{best:#?}");
    assert!(result.verdict.contains(&format!("{} buys", best.name)), "{}", result.verdict);
}

#[test]
fn a_page_of_storms() {
    let plan = Plan { probability: 0.05, most_advice: 0 };
    let replications = Replications { seed: 1, replications: 2, threads: Some(2) };
    let result = assess(&variant(), &plan, replications, &|_| {}).expect("it runs");
    assert!(most_runs(&plan, 2) > 14);
    // A run that is shorter than the storms that say how long they last.
    let three = set(&["apiserver.replicas=3"]);
    let rolled = assess(&three, &plan, replications, &|_| {}).expect("it runs");
    assert!(rolled.storms.iter().any(|row| row.name == "roll"), "{:#?}", rolled.storms);
    assert!(rolled.storms.iter().all(|row| row.because.is_none()), "{:#?}", rolled.storms);
    let names: Vec<&str> = result.storms.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names[..2], ["steady", "as written"]);
    assert!(names.contains(&"lose-a-server") && names.contains(&"cold-start"), "{names:?}");
    assert!(result.storms.iter().all(|row| row.because.is_none()), "{:#?}", result.storms);
    assert_eq!(result.storms[0].figures.wrong.count, 0);
    // What the scenario starts is there in the built storms, too.
    assert!(result.warnings.iter().any(|text| text.ends_with("heavy (8)")), "{result:#?}");
    assert!(result.verdict.starts_with("NOT SAFE"), "{}", result.verdict);
    assert!(result.verdict.contains("no headroom"), "{}", result.verdict);
    assert!(result.breaking.iter().any(|input| input.key == "clients.heavy.count"));
}
