//! Is it safe? The steady state and the standard storms on one page, how far the cluster may grow, and
//! what prevents the worst.
//!
//! # The simplest model
//!
//! A storm is the scenario as written, one of its profiles of a standard name, or, where it has none,
//! one built from its fleets, in place of its events. What a run that goes wrong is, is said in one place
//! ([`Condition::WRONG`]), and how many of them may, too (`allowed`): of the storms, of the breaking
//! points, of the remedies. The most dangerous storm is the one that goes wrong most often, of equals the
//! one with the highest peak. In it, the two inputs behind most of the peak are searched for their
//! breaking points, with the replications of the storm: upwards to four times the scenario's value where
//! the storm holds, else, since there is no headroom, downwards to a quarter of it. Where it goes wrong
//! too often, remedies are tried, and the best three of them in the other storms that go wrong, too. A
//! storm of which no run goes wrong is called safe only where the
//! interval says so, and one of which a run was cut short is not known.

use super::advise::{Question, advise, allowed};
use super::binding::{heaviest, holder};
use super::certain::{self, too_close, with_error};
use super::storms::{Storm, note, storms};
use crate::engine::stop;
use crate::experiment::find::{self, FindError};
use crate::experiment::{ReplicateError, Replications, Trial, Variant, proportion};
use crate::results::{
    AdviseResult, Answer, AssessResult, BreakingInput, FORMAT_VERSION, FindResult, FoundShare,
    FoundWhere, RemedyElsewhere, RemedyState, RunRecord, StormRow, StormState, TrialFigures,
};
use crate::scenario::measure::Condition;
use crate::scenario::storms::NAMES;
use crate::scenario::{Knob, Overlay, Scenario, Vary};

/// Inputs that are searched.
const INPUTS: usize = 2;
/// Remedies that are tried in the other storms that go wrong, too.
const REMEDIES: usize = 3;
/// Values of a search below and above the scenario's: quarters of its fourth, and of it.
const STEPS: f64 = 4.0;
/// How many values that are, about.
const VALUES: usize = 13;

/// How much of it.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// In what share of runs a storm may go wrong.
    pub probability: f64,
    /// Runs of the search for remedies, at most; 0: none are tried.
    pub most_advice: u32,
}

/// Runs of the model that all of it takes, at most.
#[must_use]
pub fn most_runs(plan: &Plan, replications: u32) -> u32 {
    let storms = NAMES.len() as u32 + 2;
    // Both ends, a bisection of 13 values, four probes, both sides, and a scan if they disagree.
    let search =
        replications * (2 + 4 + 4 + 2 + 13) + certain::most_runs(VALUES, replications) as u32;
    let elsewhere =
        if plan.most_advice > 0 { REMEDIES as u32 * (storms - 1) * replications } else { 0 };
    storms * (replications + 1) + INPUTS as u32 * search + plan.most_advice + elsewhere
}

/// A storm that was run, and its worst run.
type Ran = (StormRow, Option<Variant>, Option<RunRecord>);

/// Assesses a scenario. `progress` is called with the number of steps done.
///
/// # Errors
/// See [`ReplicateError`].
pub fn assess(
    variant: &Variant,
    plan: &Plan,
    replications: Replications,
    progress: &dyn Fn(u32),
) -> Result<AssessResult, ReplicateError> {
    let scenario = variant.scenario();
    let mut tried: Vec<Ran> = Vec::new();
    for (step, storm) in (1..).zip(storms(variant)) {
        tried.push(run(storm, plan.probability, replications)?);
        progress(step);
    }
    let danger = |(row, variant, _): &Ran| {
        let figures = &row.figures;
        let share = figures.highest_bytes.as_f64() / figures.limit_bytes.as_f64().max(1.0);
        let ran = variant.is_some() && figures.replications > 0;
        ran.then(|| {
            f64::from(figures.wrong.count) / f64::from(figures.replications.max(1)) * 1e3 + share
        })
    };
    let worst = tried
        .iter()
        .filter(|storm| danger(storm).is_some())
        .max_by(|a, b| danger(a).unwrap_or(0.0).total_cmp(&danger(b).unwrap_or(0.0)));
    let Some((row, Some(dangerous), Some(record))) = worst else {
        return Err(ReplicateError::Stopped);
    };
    let mut result = AssessResult {
        format_version: FORMAT_VERSION.to_owned(),
        scenario: scenario.name.clone(),
        scenario_hash: scenario.hash.clone(),
        release: scenario.inputs.release.version(),
        seed: replications.seed,
        replications: replications.replications,
        probability: plan.probability,
        worst: row.name.clone(),
        ..AssessResult::default()
    };
    for key in inputs(dangerous.scenario(), record) {
        if result.breaking.len() < INPUTS && !stop::asked() {
            let wrong = row.state.is_wrong();
            result.breaking.extend(breaking(dangerous, &key, wrong, plan, replications)?);
        }
    }
    progress(NAMES.len() as u32 + 3);
    if row.state.is_wrong() && plan.most_advice > 0 && !stop::asked() {
        let question = Question {
            probability: plan.probability,
            only: Vec::new(),
            without: Vec::new(),
            max_memory: None,
            most_runs: plan.most_advice,
        };
        let enough = super::advise::enough(plan.probability);
        let more = Replications { replications: enough, ..replications };
        let advice = advise(dangerous, &question, more, &|_| {})?;
        progress(NAMES.len() as u32 + 4);
        result.elsewhere = elsewhere(&advice, &tried, &result.worst, replications)?;
        result.advice = Some(advice);
    }
    result.storms = tried.into_iter().map(|(row, ..)| row).collect();
    result.warnings = warnings(&result);
    result.warnings.extend(note(scenario));
    result.answer = result.is_safe();
    result.verdict = verdict(&result);
    Ok(result)
}

fn run(storm: Storm, probability: f64, plan: Replications) -> Result<Ran, ReplicateError> {
    let Storm { mut row, variant } = storm;
    let Some(variant) = variant else { return Ok((row, None, None)) };
    let mut trial = Trial::new(&variant, plan);
    if !stop::asked() {
        trial.grow(plan.replications)?;
    }
    if trial.runs.is_empty() {
        row.because = Some("stopped before it was run".to_owned());
        return Ok((row, None, None));
    }
    row.figures = trial.figures();
    row.state = state(variant.scenario(), &row.figures, &trial.runs, (probability, plan));
    let worst = trial.worst()?;
    row.held = worst.worst_server().and_then(|server| holder(&server.holders_at_peak));
    Ok((row, Some(variant), Some(worst)))
}

/// What became of a storm, with or without a remedy.
fn state(
    scenario: &Scenario,
    figures: &TrialFigures,
    runs: &[RunRecord],
    (probability, plan): (f64, Replications),
) -> StormState {
    match figures.wrong.count {
        wrong if wrong > allowed(figures.replications, probability) => {
            if figures.oom.count > 0 {
                StormState::Killed
            } else {
                StormState::NoRecovery
            }
        }
        _ if figures.incomplete > 0 || figures.replications < plan.replications => {
            StormState::Unknown
        }
        _ if too_close(scenario, runs) => StormState::TooClose,
        _ if figures.wrong.high <= probability => StormState::Holds,
        _ => StormState::NoneWrong,
    }
}

/// The best remedies in the other storms that go wrong.
fn elsewhere(
    advice: &AdviseResult,
    tried: &[Ran],
    worst: &str,
    plan: Replications,
) -> Result<Vec<RemedyElsewhere>, ReplicateError> {
    let mut found = Vec::new();
    let best = advice.remedies.iter().filter(|row| row.state <= RemedyState::Helps);
    for remedy in best.take(REMEDIES) {
        let others = tried.iter().filter(|(row, ..)| row.state.is_wrong() && row.name != worst);
        for (storm, variant, _) in others {
            let Some(variant) = variant.as_ref().filter(|_| !stop::asked()) else { continue };
            let mut row = RemedyElsewhere {
                remedy: remedy.name.clone(),
                storm: storm.name.clone(),
                ..RemedyElsewhere::default()
            };
            let text = remedy.overlay.clone().into_bytes();
            let overlay = Overlay { name: format!("{}.toml", remedy.name), text };
            match variant.settled().over(overlay) {
                Ok(laid) => {
                    let mut trial = Trial::new(&laid, plan);
                    trial.grow(plan.replications)?;
                    row.figures = trial.figures();
                    let asked = (advice.probability, plan);
                    row.state = state(laid.scenario(), &row.figures, &trial.runs, asked);
                }
                Err(mistakes) => {
                    row.because = Some(mistakes.first_message());
                }
            }
            found.push(row);
        }
    }
    Ok(found)
}

/// Keys behind the peak, the most dangerous first: the size of the cluster, the members of the client
/// that holds most, the objects that it reads.
fn inputs(scenario: &Scenario, worst: &RunRecord) -> Vec<String> {
    let holders = worst.worst_server().map_or(&[][..], |server| &server.holders_at_peak);
    let quoted = |name: &str| {
        let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.chars().all(bare) { name.to_owned() } else { toml::Value::from(name).to_string() }
    };
    let mut keys = vec!["cluster.nodes".to_owned()];
    for (client, resource, _) in heaviest(holders) {
        keys.push(format!("clients.{}.count", quoted(&client)));
        keys.push(format!("objects.{}.count", quoted(&resource)));
    }
    let known = |key: &String| {
        let knob = Knob::parse(key).ok();
        knob.and_then(|knob| knob.current(scenario)).and_then(|value| value.coordinate()).is_some()
    };
    let mut seen = Vec::new();
    keys.retain(|key| {
        known(key) && !seen.contains(key) && {
            seen.push(key.clone());
            true
        }
    });
    keys
}

/// How far a key may go: upwards from what there is, or, where that goes wrong, below it. `None`: it
/// cannot be searched.
pub(super) fn breaking(
    variant: &Variant,
    key: &str,
    wrong_now: bool,
    plan: &Plan,
    replications: Replications,
) -> Result<Option<BreakingInput>, ReplicateError> {
    let knob = Knob::parse(key).ok();
    let Some(now) = knob.and_then(|k| k.current(variant.scenario())?.coordinate()) else {
        return Ok(None);
    };
    let (low, high) = if wrong_now { (now / STEPS, now) } else { (now, now * STEPS) };
    let step = ((high - low) / (3.0 * STEPS)).floor().max(1.0);
    let (low, high) = (low.floor().max(1.0), high.ceil());
    let Ok(vary) = Vary::parse(&format!("{key}={low:.0}..{high:.0}:{step:.0}")) else {
        return Ok(None);
    };
    let n = replications.replications.max(1);
    let question = find::Question {
        knob: vary.knob,
        range: Some(vary.range),
        until: Condition::WRONG,
        // As many of the runs as may go wrong of a storm.
        probability: f64::from(allowed(n, plan.probability)) / f64::from(n),
    };
    match find::find(variant, &question, replications, |_| {}) {
        Ok(mut found) => {
            with_error(variant, &question, &mut found, replications)?;
            Ok(Some(input(key, now, &found)))
        }
        // Values that the scenario cannot have.
        Err(
            FindError::Grid(_)
            | FindError::NoValue(_)
            | FindError::Invalid(_)
            | FindError::Replicate(ReplicateError::Stopped),
        ) => Ok(None),
        Err(FindError::Replicate(error)) => Err(error),
    }
}

fn input(key: &str, now: f64, found: &FindResult) -> BreakingInput {
    let at = |share: &FoundShare| {
        let wrong = share.happened.count;
        format!("at {} {wrong} of {} runs go wrong", share.value.text, found.replications)
    };
    let (number, verdict) = match (&found.bracket, found.found) {
        (Some(bracket), _) => {
            let sides = format!("{}, {}", at(&bracket.safe), at(&bracket.past));
            (Some(bracket.safe.value.number), sides)
        }
        (None, FoundWhere::AlwaysPast) => (None, found.curve.first().map_or_else(String::new, at)),
        (None, FoundWhere::NeverPast | FoundWhere::Inside | FoundWhere::Unknown) => {
            (Some(found.range.1.number), found.curve.last().map_or_else(String::new, at))
        }
    };
    let incomplete = found.incomplete.max(u64::from(found.cut));
    let stopped = format!("{incomplete} runs were stopped for the work they took, or by Ctrl-C");
    // What was cut short counts as safe in a search: here it must not.
    let known = incomplete == 0 && !found.idle;
    // Why it changes nothing, where that is known, is in the note.
    let idle = found.warnings.last().filter(|_| found.idle);
    // Downwards: what is told to hold must not be more than what does.
    let factor = |number: f64| (number / now * 100.0).floor() / 100.0;
    let sure = found.model.as_ref().and_then(|model| model.safe.as_ref());
    BreakingInput {
        key: key.to_owned(),
        factor: number.filter(|_| known).map(factor),
        sure_factor: sure.filter(|_| known).map(|safe| factor(safe.number)),
        beyond: known && found.found == FoundWhere::NeverPast,
        incomplete,
        idle: found.idle,
        verdict: match idle {
            _ if incomplete > 0 => stopped,
            Some(note) => note.clone(),
            None => verdict,
        },
    }
}

/// The names of storms of a state, with how many runs go wrong where some do.
fn named(result: &AssessResult, of: impl Fn(StormState) -> bool) -> Option<String> {
    let name = |row: &StormRow| match row.figures.wrong.count {
        0 => row.name.clone(),
        wrong => format!("{} ({wrong} of {})", row.name, row.figures.replications),
    };
    let names: Vec<String> = result.storms.iter().filter(|row| of(row.state)).map(name).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// What is left in the most dangerous storm, and what cannot be said of it.
pub(super) fn headroom(result: &AssessResult) -> String {
    let known = known_headroom(result);
    let idle: Vec<&str> =
        result.breaking.iter().filter(|input| input.idle).map(|input| input.key.as_str()).collect();
    if idle.is_empty() {
        return known;
    }
    let (keys, worst) = (idle.join(", "), &result.worst);
    let verb = if idle.len() == 1 { "changes" } else { "change" };
    format!("{known}; {keys} {verb} nothing in {worst}: how far is not known")
}

fn known_headroom(result: &AssessResult) -> String {
    let wrong = result.storms.iter().any(|row| row.state.is_wrong());
    let Some(input) = result.tightest().filter(|input| !input.idle) else {
        return if wrong { "; no headroom".to_owned() } else { String::new() };
    };
    let (key, worst) = (&input.key, &result.worst);
    let sure = match (input.factor, input.sure_factor) {
        (Some(factor), Some(sure)) if sure >= factor => String::new(),
        (_, Some(sure)) => format!(" (by the error of the model surely with {sure} times)"),
        (_, None) => {
            " (no value tried is far enough from the limit for the error of the model)".to_owned()
        }
    };
    match (wrong, input.factor) {
        (true, Some(factor)) => {
            format!("; no headroom: {worst} holds with {factor} times {key}{sure}")
        }
        (true, None) if input.incomplete == 0 => {
            format!("; no headroom: in {worst} not even a quarter of {key} holds")
        }
        (true, None) => "; no headroom".to_owned(),
        (false, None) => format!("; how far {key} may grow is not known"),
        (false, Some(factor)) if input.beyond => {
            format!("; {key} may grow {factor} times or more in {worst}{sure}")
        }
        (false, Some(factor)) if factor <= 1.0 => {
            format!("; no headroom found: {worst} holds with {key} as it is{sure}")
        }
        (false, Some(factor)) => {
            format!("; {key} may be {factor} times what it is in {worst}{sure}")
        }
    }
}

fn verdict(result: &AssessResult) -> String {
    let headroom = headroom(result);
    if let Some(wrong) = named(result, StormState::is_wrong) {
        return format!("NOT SAFE: it goes wrong in {wrong}{headroom}");
    }
    if let Some(unknown) = named(result, |state| state == StormState::Unknown) {
        return format!("Not known: runs of {unknown} were stopped before their end{headroom}");
    }
    if let Some(close) = named(result, |state| state == StormState::TooClose) {
        return format!(
            "Too close to call: no run goes wrong, but the limit is within the error of the model in \
             {close}{headroom}"
        );
    }
    let ran: Vec<&StormRow> =
        result.storms.iter().filter(|row| row.state != StormState::NotRun).collect();
    let high = ran.iter().map(|row| row.figures.wrong.high).fold(0.0, f64::max) * 100.0;
    let sure = match result.is_safe() {
        Answer::Yes => "Safe",
        Answer::No | Answer::NotKnown => "Not shown to be safe: no run goes wrong",
    };
    let of = if ran.len() < result.storms.len() {
        format!("{} of {}", ran.len(), result.storms.len())
    } else {
        ran.len().to_string()
    };
    format!("{sure} in {of} storms (each at most {high:.1} %){headroom}")
}

fn warnings(result: &AssessResult) -> Vec<String> {
    let mut warnings = Vec::new();
    let n = result.replications;
    if proportion(0, n).high > result.probability {
        warnings.push(format!(
            "{n} replications cannot show that a storm is safe: -n {} can",
            super::advise::enough(result.probability)
        ));
    }
    let not: Vec<&str> = result
        .storms
        .iter()
        .filter(|row| row.because.is_some())
        .map(|row| row.name.as_str())
        .collect();
    if !not.is_empty() {
        warnings.push(format!("not run: {}", not.join(", ")));
    }
    warnings.extend(result.advice.iter().flat_map(|advice| advice.warnings.clone()));
    warnings
}
