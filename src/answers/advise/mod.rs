//! Which change prevents it? Every remedy of the table on the same draws, ranked.
//!
//! # The simplest model
//!
//! What a run that goes wrong is, is said in one place for all answers about storms
//! ([`Condition::WRONG`]). A remedy suffices if the upper end of the 95 % interval of that probability is not above the one
//! allowed: with 5 % none of 59 runs may go wrong.
//!
//! 1. Each remedy is tried at its strongest dose in up to eight runs.
//! 2. Those that survive are tried in full, in the order in which they would be shown, so that a bound
//!    on the work ends with what is least likely to be first. The least dose that suffices is found by
//!    bisection over the doses of the table, and of the first three also between the last of these that
//!    fails and the first that does not.
//! 3. They are tried again with other draws, the first three first: a dose that was chosen for surviving
//!    these may owe it to luck. What was not is marked.
//! 4. One that failed is held against the scenario in eight runs, pair by pair, and said to help or to harm
//!    only where a sign test says so.
//! 5. Where none suffices, the best are combined by twos.

mod dose;
mod lab;
mod paired;
mod rank;
mod words;

use lab::{Lab, Row};
use rank::rank;

use super::binding;
use super::certain::too_close;
use super::remedies::{Case, Remedy, TABLE};
use crate::experiment::{ReplicateError, Replications, Trial, Variant, proportion};
use crate::results::{AdviseResult, Answer, FORMAT_VERSION, RemedyState};
use crate::scenario::measure::Condition;
use crate::units::{Bytes, Sort};

/// Replications after which it is looked whether going on is worth it.
const STEPS: [u32; 3] = [2, 8, 24];
/// Replications of a first look: the fewest in which a sign test can show a difference ([`paired`]).
const LOOK: u32 = 8;
/// Replications of the scenario beyond which more tell nothing, once it is known that it goes wrong.
const PAIRS: u32 = 59;
/// Remedies that are tried again with other draws before all others.
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

/// Runs without which no remedy can be shown to suffice: of the scenario, its worst again, of the remedy.
#[must_use]
pub fn least_runs(replications: u32) -> u32 {
    PAIRS.min(replications).saturating_add(1).saturating_add(replications)
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
    let scenario = variant.scenario();
    // What the command line sets would hide what a remedy sets.
    let variant = &variant.settled();
    let most_wrong = allowed(plan.replications, question.probability);
    let mut base = Trial::new(variant, plan);
    let mut runs = 0;
    for step in STEPS.into_iter().chain([PAIRS, plan.replications]) {
        runs += base.grow(step.min(question.most_runs.saturating_sub(1)))?;
        progress(runs);
        let (ran, wrong) = (base.runs.len() as u32, wrong(&base));
        // All go wrong, or clearly too many: more of them would tell nothing.
        if ran >= LOOK && wrong == ran || ran >= PAIRS && wrong > most_wrong {
            break;
        }
    }
    if base.runs.is_empty() {
        return Err(ReplicateError::Stopped);
    }
    let worst = base.worst()?;
    runs += 1;
    let case = Case::new(variant.scenario(), &worst, question.max_memory);
    let mut lab = Lab { variant, question, plan, base: &base, runs, progress, most_wrong, kept: 0 };
    let rows = lab.all(&case)?;
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
        base_too_close: too_close(variant.scenario(), &base.runs),
        shown_wrong: base.share(&Condition::WRONG).count
            > allowed(base.runs.len() as u32, question.probability),
        answer: Answer::NotKnown,
        held: binding::holder(holders),
        runs: lab.runs,
        most_runs: question.most_runs,
        warnings: Vec::new(),
        remedies: rows.into_iter().map(|(row, _)| row).collect(),
    };
    result.warnings = words::warnings(&result);
    result.answer = result.prevented();
    result.verdict = words::verdict(&result);
    Ok(result)
}

impl Lab<'_> {
    /// All remedies, best first.
    fn all(&mut self, case: &Case<'_>) -> Result<Vec<Row>, ReplicateError> {
        let mut rows: Vec<Row> = Vec::new();
        for remedy in self.question.remedies() {
            rows.push(self.looked_at(remedy, case)?);
        }
        let mut rows = rank(rows);
        let mut confirmed = 0;
        for row in rows.iter_mut().filter(|(row, _)| row.state == RemedyState::Undecided) {
            // The rest of the work is for the best, once they are known.
            self.kept =
                if confirmed < CONFIRMED { 0 } else { CONFIRMED as u32 * self.plan.replications };
            self.settle(row, case, confirmed < CONFIRMED)?;
            if confirmed < CONFIRMED && row.0.state <= RemedyState::TooClose {
                self.confirm(row)?;
                confirmed += usize::from(row.0.is_confirmed());
            }
        }
        self.kept = 0;
        let mut rows = rank(rows);
        for row in rows.iter_mut().take(CONFIRMED) {
            self.confirm(row)?;
        }
        for row in rows.iter_mut().filter(|(row, _)| row.state > RemedyState::Undecided) {
            self.compare(row)?;
        }
        if self.left() > 0 && !rows.iter().any(|(row, _)| row.state <= RemedyState::Undecided) {
            let pairs = self.pairs(&rows)?;
            rows.extend(pairs);
        }
        let mut rows = rank(rows);
        for row in &mut rows {
            self.confirm(row)?;
        }
        // One that is not confirmed does not come before one that is.
        let mut rows = rank(rows);
        rows.order_by_key(|(row, _)| (row.state, row.asks_less, !row.is_confirmed()));
        Ok(rows)
    }
}
