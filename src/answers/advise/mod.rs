//! Which change prevents it? Every remedy of the table on the same draws, ranked.
//!
//! # The simplest model
//!
//! What a run that goes wrong is, is said in one place for all answers about storms
//! ([`Condition::WRONG`]). A remedy suffices if the upper end of the 95 % interval of that probability is not above the one
//! allowed: with 5 % none of 59 runs may go wrong. Each is tried at its strongest dose first, on a few
//! replications and then on more, and left as soon as it can no longer suffice. Of one that suffices, the
//! least dose is found by bisection over its doses, and tried again with other draws: a dose that was
//! chosen for surviving these may owe it to luck. Where none suffices, the best are combined by twos.

mod rank;

use rank::rank;

use super::binding;
use super::remedies::{Built, Case, Remedy, TABLE, text};
use crate::engine::paired::PairedCounts;
use crate::engine::stop;
use crate::experiment::model_error::peak_interval;
use crate::experiment::{
    ReplicateError, Replications, Trial, Variant, median_change, meets, proportion,
};
use crate::model::node::{cores, memory_limit};
use crate::results::{AdviseResult, FORMAT_VERSION, RemedyRow, RemedyState, RunRecord};
use crate::scenario::measure::Condition;
use crate::scenario::{Overlay, Scenario};
use crate::units::Bytes;
use crate::validation::domain;

/// Replications after which it is looked whether going on is worth it.
const STEPS: [u32; 3] = [2, 8, 24];
/// Remedies that are combined with one another where none suffices.
const COMBINED: usize = 4;
/// A change of the peak that counts, as a share.
const WORTH: f64 = 0.05;
/// Remedies that are tried again with other draws.
const CONFIRMED: usize = 3;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// In what share of runs it may go wrong.
    pub probability: f64,
    /// Only these remedies; empty: all.
    pub only: Vec<String>,
    /// Not these.
    pub without: Vec<String>,
    /// No server may be given more memory.
    pub max_memory: Option<Bytes>,
    /// Runs of the model, at most.
    pub most_runs: u32,
}

impl Question {
    fn asks_for(&self, name: &str) -> bool {
        let has = |names: &[String]| names.iter().any(|one| one == name);
        (self.only.is_empty() || has(&self.only)) && !has(&self.without)
    }

    /// The remedies asked for.
    pub fn remedies(&self) -> impl Iterator<Item = &'static Remedy> {
        TABLE.iter().filter(|remedy| self.asks_for(remedy.name))
    }
}

/// Replications that a remedy must survive, all of them, to suffice.
#[must_use]
pub fn enough(probability: f64) -> u32 {
    (1..10_000).find(|n| proportion(0, *n).high <= probability).unwrap_or(10_000)
}

/// Of some replications, how many may go wrong: the most with which the upper end of the interval is
/// not above the probability; none where they are too few even for that.
pub(super) fn allowed(replications: u32, probability: f64) -> u32 {
    let holds = |wrong: &u32| proportion(*wrong, replications).high <= probability;
    (0..replications).take_while(holds).last().unwrap_or(0)
}

/// How many went wrong.
fn wrong(trial: &Trial<'_>) -> u32 {
    trial.share(&Condition::WRONG).count
}

/// Tries the remedies. `progress` is called with the number of runs done.
///
/// # Errors
/// See [`ReplicateError`].
pub fn advise(
    variant: &Variant,
    question: &Question,
    plan: Replications,
    progress: &dyn Fn(u32),
) -> Result<AdviseResult, ReplicateError> {
    let mut base = Trial::new(variant, plan);
    let mut runs = 0;
    for step in STEPS.into_iter().chain([plan.replications]) {
        runs += base.grow(step.min(question.most_runs.saturating_sub(1)))?;
        // All go wrong: more of them would tell nothing.
        if base.runs.len() >= 8 && wrong(&base) as usize == base.runs.len() {
            break;
        }
    }
    if base.runs.is_empty() {
        return Err(ReplicateError::Stopped);
    }
    let worst = base.worst()?;
    runs += 1;
    let scenario = variant.scenario();
    let case = Case::new(scenario, &worst, question.max_memory);
    let most_wrong = allowed(plan.replications, question.probability);
    let mut lab = Lab { variant, question, plan, base: &base, runs, progress, most_wrong };
    let mut rows: Vec<Row> = Vec::new();
    for remedy in question.remedies() {
        rows.push(lab.remedy(remedy, &case)?);
    }
    if lab.left() > 0 && !rows.iter().any(|(row, _)| row.state <= RemedyState::TooClose) {
        let pairs = lab.pairs(&rows)?;
        rows.extend(pairs);
    }
    let mut rows = rank(rows);
    lab.confirm(&mut rows)?;
    let rows = rank(rows);
    let holders = worst.worst_server().map_or(&[][..], |server| &server.holders_at_peak);
    let mut result = AdviseResult {
        format_version: FORMAT_VERSION.to_owned(),
        scenario: scenario.name.clone(),
        scenario_hash: scenario.hash.clone(),
        release: scenario.inputs.release.version(),
        seed: plan.seed,
        replications: plan.replications,
        probability: question.probability,
        verdict: String::new(),
        base: base.figures(),
        held: binding::holder(holders),
        runs: lab.runs,
        most_runs: question.most_runs,
        warnings: Vec::new(),
        remedies: rows.into_iter().map(|(row, _)| row).collect(),
    };
    result.warnings = warnings(&result);
    result.verdict = verdict(&result);
    Ok(result)
}

/// Tries remedies within the bound on the work.
struct Lab<'a> {
    variant: &'a Variant,
    question: &'a Question,
    plan: Replications,
    base: &'a Trial<'a>,
    runs: u32,
    progress: &'a dyn Fn(u32),
    /// Of all replications, how many may go wrong if it is to suffice.
    most_wrong: u32,
}

/// A remedy at a dose, laid over the scenario.
struct Laid {
    built: Built,
    variant: Variant,
}

/// A remedy, and what was tried of it.
type Row = (RemedyRow, Option<Laid>);

/// A remedy that was tried.
struct Tried {
    runs: Vec<RunRecord>,
    row: RemedyRow,
}

impl Lab<'_> {
    /// A remedy at the least dose that suffices, else at its strongest.
    fn remedy(&mut self, remedy: &Remedy, case: &Case<'_>) -> Result<Row, ReplicateError> {
        let blank = RemedyRow {
            name: remedy.name.to_owned(),
            what: remedy.what.to_owned(),
            side_effects: remedy.side_effects.to_owned(),
            way_back: remedy.way_back.to_owned(),
            source: remedy.source.to_owned(),
            asks_less: remedy.asks_less,
            ..RemedyRow::default()
        };
        // A dose that is not possible, such as less than there is, leaves the others.
        let mut because = "there is nothing to change".to_owned();
        let doses = if remedy.doses.is_empty() { &[0.0][..] } else { remedy.doses };
        let mut possible: Vec<Laid> = Vec::new();
        for dose in doses {
            match remedy.built(case, *dose).and_then(|built| self.laid(remedy.name, built)) {
                Ok(laid) => possible.push(laid),
                Err(why) => because = why,
            }
        }
        let Some(mut best) = possible.len().checked_sub(1) else {
            let state = RemedyState::NotPossible;
            return Ok((RemedyRow { state, because: Some(because), ..blank }, None));
        };
        let mut tried = self.tried(&blank, &possible[best], self.plan)?;
        if tried.row.state <= RemedyState::TooClose && best > 0 {
            // The least dose that suffices, with draws that were not used to choose it.
            let mut low = 0;
            while low < best {
                let middle = usize::midpoint(low, best);
                let at = self.tried(&blank, &possible[middle], self.plan)?;
                if at.row.state <= tried.row.state {
                    (best, tried) = (middle, at);
                } else {
                    low = middle + 1;
                }
            }
            let strongest = possible.len() - 1;
            while best < strongest && !self.holds_again(&blank, &possible[best], &mut tried)? {
                if self.left() == 0 {
                    break;
                }
                best += 1;
                tried = self.tried(&blank, &possible[best], self.plan)?;
            }
        }
        Ok((tried.row, possible.into_iter().nth(best)))
    }

    /// The scenario under a remedy, or why that cannot be.
    fn laid(&self, name: &str, built: Built) -> Result<Laid, String> {
        let text = text(&[], &built.overlay).into_bytes();
        let laid = self.variant.over(Overlay { name: format!("{name}.toml"), text });
        let variant = laid.map_err(|found| {
            found.first_error().map_or_else(String::new, |error| error.message.clone())
        })?;
        Ok(Laid { built, variant })
    }

    fn left(&self) -> u32 {
        if stop::asked() { 0 } else { self.question.most_runs.saturating_sub(self.runs) }
    }

    fn grow(&mut self, trial: &mut Trial<'_>, to: u32) -> Result<(), ReplicateError> {
        let to = to.min(trial.runs.len() as u32 + self.left());
        self.runs += trial.grow(to)?;
        (self.progress)(self.runs);
        Ok(())
    }

    /// Tries a remedy, as long as it may suffice.
    fn tried(
        &mut self,
        blank: &RemedyRow,
        laid: &Laid,
        plan: Replications,
    ) -> Result<Tried, ReplicateError> {
        let mut trial = Trial::new(&laid.variant, plan);
        for step in STEPS.into_iter().chain([plan.replications]) {
            self.grow(&mut trial, step.min(plan.replications))?;
            if wrong(&trial) > self.most_wrong {
                break;
            }
        }
        let mut row = self.described(blank, &laid.built);
        let scenario = laid.variant.scenario();
        row.figures = trial.figures();
        row.peak_change = median_change(&self.base.runs, &trial.runs);
        (row.extra_bytes, row.extra_cores) = extra(self.variant.scenario(), scenario);
        row.state = self.state(&row, &trial.runs, scenario);
        Ok(Tried { runs: trial.runs, row })
    }

    fn described(&self, blank: &RemedyRow, built: &Built) -> RemedyRow {
        let comments = [
            format!("{}{}", blank.what, dose_in_words(&built.dose)),
            format!("Side effects: {}", blank.side_effects),
            format!("Way back: {}", blank.way_back),
            format!("For {}: oomcast run FILE --overlay THIS", self.variant.scenario().name),
        ];
        RemedyRow {
            dose: built.dose.clone(),
            overlay: text(&comments, &built.overlay),
            manifest: built.manifest.clone(),
            ..blank.clone()
        }
    }

    fn state(&self, row: &RemedyRow, runs: &[RunRecord], scenario: &Scenario) -> RemedyState {
        if runs.is_empty() {
            return RemedyState::NotTried;
        }
        let whole = runs.len() as u32 == self.plan.replications && row.figures.incomplete == 0;
        if !whole && row.figures.wrong.count <= self.most_wrong {
            return RemedyState::Undecided;
        }
        if whole && row.figures.wrong.high <= self.question.probability {
            let close =
                peak_interval(&scenario.inputs, runs, domain::circumstances(scenario)).too_close;
            return if close { RemedyState::TooClose } else { RemedyState::Suffices };
        }
        let pairs = || self.base.runs.iter().zip(runs);
        let wrong = |run| meets(&Condition::WRONG, run);
        let counts = PairedCounts::of(pairs().map(|(a, b)| (wrong(a), wrong(b))));
        let (low, high) = counts.difference_interval();
        // How bad it is where it goes wrong both times: kills.
        let kills = |runs: &[RunRecord]| -> usize {
            runs.iter()
                .take(self.base.runs.len().min(row.figures.replications as usize))
                .map(RunRecord::oom_kills)
                .sum()
        };
        let (before, after) = (kills(&self.base.runs) as f64, kills(runs) as f64);
        if low > 0.0 || row.peak_change > WORTH || after > before * 1.25 {
            RemedyState::Worse
        } else if high < 0.0 || row.peak_change < -WORTH || after < before * 0.75 {
            RemedyState::Helps
        } else {
            RemedyState::NoEffect
        }
    }

    /// Whether it suffices with draws of another seed, too; where there is no work left for that, it
    /// counts as if it did not.
    fn holds_again(
        &mut self,
        blank: &RemedyRow,
        laid: &Laid,
        tried: &mut Tried,
    ) -> Result<bool, ReplicateError> {
        if tried.row.confirmed.is_some() || tried.row.state > RemedyState::TooClose {
            return Ok(tried.row.state <= RemedyState::TooClose);
        }
        let seed = self.plan.seed.wrapping_add(1) & (i64::MAX as u64);
        let again = self.tried(blank, laid, Replications { seed, ..self.plan })?;
        tried.row.confirmed = (!again.runs.is_empty()).then_some(again.row.figures.wrong);
        let holds = again.row.state <= RemedyState::TooClose;
        if !holds {
            let open = [RemedyState::NotTried, RemedyState::Undecided];
            let undecided = open.contains(&again.row.state);
            tried.row.state = if undecided { RemedyState::Undecided } else { RemedyState::Helps };
        }
        Ok(holds)
    }

    /// The best remedies by twos, each at its strongest.
    fn pairs(&mut self, rows: &[Row]) -> Result<Vec<Row>, ReplicateError> {
        let mut best: Vec<(&RemedyRow, &Laid)> = rows
            .iter()
            .filter(|(row, _)| row.state == RemedyState::Helps)
            .filter_map(|(row, laid)| Some((row, laid.as_ref()?)))
            .collect();
        best.sort_by(|(a, _), (b, _)| {
            let (one, other) = (a.figures.wrong.high, b.figures.wrong.high);
            one.total_cmp(&other).then(a.peak_change.total_cmp(&b.peak_change))
        });
        best.truncate(COMBINED);
        let mut found = Vec::new();
        for (index, (a, first)) in best.iter().enumerate() {
            for (b, second) in best.iter().skip(index + 1) {
                let both = first.built.clone().and(second.built.clone());
                let join = |a: &str, b: &str| format!("{a} {b}");
                let blank = RemedyRow {
                    name: format!("{}+{}", a.name, b.name),
                    what: join(&a.what, &b.what),
                    side_effects: join(&a.side_effects, &b.side_effects),
                    way_back: join(&a.way_back, &b.way_back),
                    source: format!("{}; {}", a.source, b.source),
                    asks_less: a.asks_less || b.asks_less,
                    ..RemedyRow::default()
                };
                match self.laid(&blank.name, both) {
                    Ok(both) => {
                        found.push((self.tried(&blank, &both, self.plan)?.row, Some(both)));
                    }
                    Err(why) => {
                        let state = RemedyState::NotPossible;
                        found.push((RemedyRow { state, because: Some(why), ..blank }, None));
                    }
                }
            }
        }
        Ok(found)
    }

    /// Tries the first that suffice with other draws.
    fn confirm(&mut self, rows: &mut [Row]) -> Result<(), ReplicateError> {
        for (row, laid) in rows.iter_mut().take(CONFIRMED) {
            let Some(laid) = laid else { continue };
            let mut tried = Tried { runs: Vec::new(), row: row.clone() };
            if row.state <= RemedyState::TooClose && row.confirmed.is_none() && self.left() > 0 {
                self.holds_again(&row.clone(), laid, &mut tried)?;
                *row = tried.row;
            }
        }
        Ok(())
    }
}

fn dose_in_words(dose: &str) -> String {
    if dose.is_empty() { String::new() } else { format!(" Here: {dose}.") }
}

/// Memory and cores that all servers may use more than before.
fn extra(before: &Scenario, after: &Scenario) -> (Bytes, f64) {
    let of = |scenario: &Scenario| {
        let inputs = &scenario.inputs;
        let servers = inputs.apiserver.replicas;
        let memory = memory_limit(&inputs.apiserver, &inputs.node).limit.times(servers.into());
        (memory, cores(&inputs.apiserver, &inputs.node) * f64::from(servers))
    };
    let ((memory, cores), (more, faster)) = (of(before), of(after));
    (more - memory, (faster - cores).max(0.0))
}

fn verdict(result: &AdviseResult) -> String {
    let allowed = format!("{:.1}", result.probability * 100.0);
    let allowed = allowed.trim_end_matches(".0");
    let base = format!(
        "it goes wrong in {} of {} runs without",
        result.base.wrong.count, result.base.replications
    );
    if result.base.incomplete == 0 && result.base.wrong.high <= result.probability {
        return format!(
            "No remedy is needed: {} of {} runs go wrong (at most {:.1} %)",
            result.base.wrong.count,
            result.base.replications,
            result.base.wrong.high * 100.0
        );
    }
    let dose = |row: &RemedyRow| {
        if row.dose.is_empty() { String::new() } else { format!(" ({})", row.dose) }
    };
    match result.remedies.first() {
        Some(row) if row.state == RemedyState::Suffices => format!(
            "{}{} prevents it: {} of {} runs go wrong (at most {:.1} %), peak {} of {}; {base}",
            row.name,
            dose(row),
            row.figures.wrong.count,
            row.figures.replications,
            row.figures.wrong.high * 100.0,
            row.figures.highest_bytes,
            row.figures.limit_bytes
        ),
        Some(row) if row.state == RemedyState::TooClose => format!(
            "{}{} may prevent it: {} of {} runs go wrong, but its peak, {} of {}, is within the error \
             of the model; {base}",
            row.name,
            dose(row),
            row.figures.wrong.count,
            row.figures.replications,
            row.figures.highest_bytes,
            row.figures.limit_bytes
        ),
        _ => format!("No remedy tried keeps it at or below {allowed} %; {base}"),
    }
}

fn warnings(result: &AdviseResult) -> Vec<String> {
    let mut warnings = Vec::new();
    let untried = result.open();
    if untried > 0 {
        warnings.push(format!(
            "{untried} remedies were not tried, or not to the end: the work was stopped after {} of at \
             most {} runs",
            result.runs, result.most_runs
        ));
    }
    if proportion(0, result.replications).high > result.probability {
        warnings.push(format!(
            "{} replications cannot show that anything suffices: {} can",
            result.replications,
            enough(result.probability)
        ));
    }
    warnings
}
