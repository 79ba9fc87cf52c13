//! `find`: the breaking point of a scenario, over the values of one key.

mod grid;
mod search;
mod words;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

pub use grid::{Grid, GridError};
pub use search::{Answer, Bracket, Contradiction, Found, Happened, Search, Tally, find_with};

use super::estimate::proportion;
use super::idle;
use super::measure::{headroom, meets};
use super::replicate::{ReplicateError, Replications};
use super::variant::Variant;
use crate::engine::stop;
use crate::model::RunOptions;
use crate::results::{FindResult, FoundShare};
use crate::scenario::measure::{Condition, Measure};
use crate::scenario::{Diagnostics, Knob, Range, Value};

/// Replications that look for a range when none is given.
const PILOTS: u32 = 20;

/// Doublings and halvings of the scenario's value after which the search for a range gives up.
const DOUBLINGS: i32 = 8;

/// What to find.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The key to vary.
    pub knob: Knob,
    /// Over which values; `None`: as far from the scenario's value as it takes.
    pub range: Option<Range>,
    /// What is to happen.
    pub until: Condition,
    /// In what share of the replications it may.
    pub probability: f64,
}

/// Why nothing could be found.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FindError {
    /// The key has no values to search.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// The scenario does not state the key.
    #[error("the scenario does not set `{0}`: give a range to search, such as {0}=A..B")]
    NoValue(String),
    /// A value makes the scenario invalid.
    #[error("{0}")]
    Invalid(Diagnostics),
    /// The replications could not be carried out.
    #[error(transparent)]
    Replicate(#[from] ReplicateError),
}

/// Finds where something begins to happen, or ceases to.
///
/// `progress` is called with the number of replications whose breaking point is known.
///
/// # Errors
/// See [`FindError`].
pub fn find(
    variant: &Variant,
    question: &Question,
    plan: Replications,
    progress: impl Fn(u32) + Sync,
) -> Result<FindResult, FindError> {
    let current = question.knob.current(variant.scenario());
    let lab = Lab {
        variant,
        question,
        seed: plan.seed,
        loaded: Mutex::default(),
        seen: Mutex::default(),
        felt: AtomicBool::new(false),
        unrecovered: AtomicU32::new(0),
    };
    let mut tried = Vec::new();
    let grid = match &question.range {
        Some(range) => Grid::of(&question.knob, range)?,
        None => lab.range(current.as_ref(), plan, &mut tried)?,
    };
    // A range that no scenario can have should be told before the work.
    for end in [0, grid.points() - 1] {
        lab.at(&lab.value(&grid, end)?)?;
    }
    let search = Search {
        seed: plan.seed,
        replications: plan.replications.max(1),
        threads: plan.threads,
        points: grid.points(),
        probability: question.probability,
    };
    let run = |point: usize, replication| {
        let value = lab.value(&grid, point).map_err(|e| drawn(replication, &e))?;
        let at = lab.at(&value).map_err(|e| drawn(replication, &e))?;
        lab.happens(&at, replication)
    };
    let found = match find_with(run, &search, progress) {
        Err(ReplicateError::Stopped) if !tried.is_empty() => {
            let (scenario, current) = (variant.scenario(), current.as_ref());
            return Ok(words::of_pilots(scenario, question, &search, &grid, current, tried));
        }
        found => found?,
    };
    // Fewer than were asked for, where it was stopped.
    let search = Search { replications: found.breaking_points.len() as u32, ..search };
    let mut result =
        words::result(variant.scenario(), question, &search, &grid, current.as_ref(), &found);
    let unrecovered = lab.unrecovered.into_inner();
    if unrecovered > 0 {
        result.warnings.push(format!(
            "in {unrecovered} runs without {} not all recovers by the end: --until {} counts these, too",
            question.until,
            Condition::WRONG
        ));
    }
    if !lab.felt.into_inner() && grid.points() > 1 {
        let equal = "all runs are equal at every value tried";
        let ends = [0, grid.points() - 1].map(|point| grid.value(point));
        let sets: Vec<String> =
            ends.iter().flatten().map(|value| question.knob.set(value)).collect();
        let effective = &variant.scenario().effective;
        result.warnings.push(idle::note(effective, question.knob.key(), &sets, equal));
    }
    Ok(result)
}

/// A value inside the range that the scenario cannot have, though it can have the ends.
fn drawn(replication: u32, error: &FindError) -> ReplicateError {
    ReplicateError::Draw { replication, reason: error.to_string() }
}

/// Runs the scenario at values of the key.
struct Lab<'a> {
    variant: &'a Variant,
    question: &'a Question,
    seed: u64,
    /// Scenarios by the override that made them.
    loaded: Mutex<BTreeMap<String, Arc<Variant>>>,
    /// How each replication went at the first value it was tried at.
    seen: Mutex<BTreeMap<u32, Course>>,
    /// Whether one went otherwise at another value.
    felt: AtomicBool,
    /// Runs that recover no more, though no server is killed, where kills are asked for.
    unrecovered: AtomicU32,
}

/// How a run went: all events with their times, and the share of the limit that was left.
type Course = (u64, u64);

impl Lab<'_> {
    fn value(&self, grid: &Grid, point: usize) -> Result<Value, FindError> {
        let key = || self.question.knob.key().to_owned();
        grid.value(point).ok_or_else(|| GridError::NoOrder(key()).into())
    }

    fn at(&self, value: &Value) -> Result<Arc<Variant>, FindError> {
        let set = self.question.knob.set(value);
        let lock = || self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(variant) = lock().get(&set) {
            return Ok(Arc::clone(variant));
        }
        let variant = self.variant.with(std::slice::from_ref(&set)).map_err(FindError::Invalid)?;
        let variant = Arc::new(variant);
        lock().insert(set, Arc::clone(&variant));
        Ok(variant)
    }

    fn happens(&self, at: &Variant, replication: u32) -> Result<Happened, ReplicateError> {
        let options = RunOptions { seed: self.seed, replication, timelines: false };
        let record = at.run(replication, options, &[])?;
        let until = &self.question.until;
        if until.measure == Measure::Oom
            && !meets(until, &record)
            && meets(&Condition::WRONG, &record)
        {
            self.unrecovered.fetch_add(1, Ordering::Relaxed);
        }
        self.note_course(replication, (record.trace_hash, headroom(&record).to_bits()));
        Ok(match (meets(until, &record), record.cut_short) {
            (true, _) => Happened::Yes,
            (false, false) => Happened::No,
            (false, true) => Happened::Unknown,
        })
    }

    fn note_course(&self, replication: u32, course: Course) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen.entry(replication).or_insert(course) != course {
            self.felt.store(true, Ordering::Relaxed);
        }
    }

    /// A range around the scenario's value, by doubling and halving, at one end of which it happens
    /// in none of some replications and at the other in clearly more than are allowed; or as wide as
    /// is sensible. What was found to happen at the values tried is added to `tried`.
    fn range(
        &self,
        current: Option<&Value>,
        plan: Replications,
        tried: &mut Vec<Tried>,
    ) -> Result<Grid, FindError> {
        let knob = &self.question.knob;
        let centre = current.and_then(Value::coordinate).filter(|x| *x > 0.0);
        let centre = centre.ok_or_else(|| FindError::NoValue(knob.key().to_owned()))?;
        let pilots = plan.replications.clamp(1, PILOTS);
        // Half-way between the probability and certainty: further out, runs cost more and tell less.
        let enough = (f64::from(pilots) * f64::midpoint(1.0, self.question.probability)).ceil();
        let mut ends = [End::new(centre), End::new(centre)];
        for doubling in 0..=DOUBLINGS {
            for (index, sign) in [(0, -1), (1, 1)] {
                let settled = ends[index].settled(&ends[1 - index], enough as u32);
                if ends[index].stuck || doubling > 0 && settled || stop::asked() {
                    continue;
                }
                let plan = Replications { replications: pilots, ..plan };
                tried.extend(self.extend(&mut ends[index], centre, sign * doubling, plan)?);
            }
        }
        let [low, mut high] = ends.map(|end| end.at);
        if stop::asked() && high <= low {
            // Nothing of the range is run: any will do for what is told of the values tried.
            high = low * 2.0;
        }
        Ok(Grid::between(knob, low, high)?)
    }

    /// Moves an end of the range outwards, unless nothing is there; and what happened there.
    fn extend(
        &self,
        end: &mut End,
        centre: f64,
        doublings: i32,
        plan: Replications,
    ) -> Result<Option<Tried>, FindError> {
        let there = centre * libm::exp2(f64::from(doublings));
        let value = self.question.knob.at(there);
        // The scenario itself is sound: past here it is not.
        let known = value.and_then(|value| Some((self.at(&value).ok()?, value)));
        let Some((variant, value)) = known else {
            end.stuck = true;
            return Ok(None);
        };
        let at = value.coordinate().unwrap_or(centre);
        let run = |_, replication| self.happens(&variant, replication);
        let outcomes = search::outcomes(run, plan.replications, plan.threads)?;
        let of = |what| outcomes.iter().filter(|outcome| **outcome == what).count() as u32;
        let (happened, unknown) = (of(Happened::Yes), of(Happened::Unknown));
        // Runs that are too much work to finish say nothing, and further out there are only more.
        end.stuck = unknown > 0 || doublings != 0 && (at - end.at).abs() < f64::EPSILON;
        if unknown == 0 {
            (end.at, end.happened) = (at, happened);
        }
        let n = outcomes.len() as u32;
        let value = words::found_value(&value);
        Ok((n > 0).then(|| (FoundShare { value, happened: proportion(happened, n) }, n)))
    }
}

/// What happened at a value, in so many replications.
type Tried = (FoundShare, u32);

/// One end of a range in the making.
#[derive(Clone, Copy, Debug)]
struct End {
    at: f64,
    happened: u32,
    /// Whether it can go no further.
    stuck: bool,
}

impl End {
    const fn new(at: f64) -> Self {
        Self { at, happened: 0, stuck: false }
    }

    /// Whether this is the safe end of the two, or clearly the other one.
    const fn settled(&self, other: &Self, enough: u32) -> bool {
        self.happened == 0 && other.happened > 0
            || self.happened >= enough && other.happened < self.happened
    }
}
