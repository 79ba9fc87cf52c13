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
use super::idle::{self, Course};
use super::measure::meets;
use super::replicate::{ReplicateError, Replications};
use super::variant::Variant;
use crate::engine::stop;
use crate::model::RunOptions;
use crate::results::{FindResult, FoundShare, FoundValue};
use crate::scenario::measure::{Condition, Measure};
use crate::scenario::{Diagnostics, Knob, Range, Unit, Value};

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
    let knob = &question.knob;
    let current = knob.current(variant.scenario());
    let lab = Lab::new(variant, question.until, plan.seed);
    let mut tried = Vec::new();
    let grid = match &question.range {
        Some(range) => Grid::of(knob, range)?,
        None => lab.range(question, current.as_ref(), plan, &mut tried)?,
    };
    let axis = Axis {
        key: knob.key(),
        unit: knob.unit().map_or("", Unit::suffix).trim_start_matches('_'),
        points: grid.points(),
        current: current.as_ref().map(words::found_value),
        value: &|point| {
            let value = grid.value(point);
            value.map_or_else(FoundValue::default, |value| words::found_value(&value))
        },
        set: &|point, _| grid.value(point).map(|value| knob.set(&value)).into_iter().collect(),
    };
    match lab.search(&axis, question.probability, plan, progress) {
        Ok((mut found, felt)) => {
            if !felt && axis.points > 1 {
                let ends = [0, axis.points - 1].map(|end| (axis.set)(end, 0)).concat();
                let equal = "all runs are equal at every value tried";
                let effective = &*variant.scenario().effective;
                found.warnings.push(idle::note(&[(effective, ends)], axis.key, equal));
                found.verdict = words::changes_nothing(&found);
                found.idle = true;
            }
            Ok(found)
        }
        Err(FindError::Replicate(ReplicateError::Stopped)) if !tried.is_empty() => {
            let search = axis.search(question.probability, plan);
            Ok(words::of_pilots(variant.scenario(), &question.until, &search, &axis, tried))
        }
        Err(error) => Err(error),
    }
}

/// Points in an order along which something is searched: the values of a key, the days of a forecast.
#[derive(Clone)]
pub struct Axis<'a> {
    /// What it is called.
    pub key: &'a str,
    /// In what it is counted: `bytes`, `months`; empty: things.
    pub unit: &'a str,
    /// How many points there are.
    pub points: usize,
    /// What the scenario itself has.
    pub current: Option<FoundValue>,
    /// What a point is called, and where it lies.
    pub value: &'a (dyn Fn(usize) -> FoundValue + Sync),
    /// The overrides that make a replication of the scenario what it is at a point.
    pub set: &'a (dyn Fn(usize, u32) -> Vec<String> + Sync),
}

impl Axis<'_> {
    fn search(&self, probability: f64, plan: Replications) -> Search {
        Search {
            seed: plan.seed,
            replications: plan.replications.max(1),
            threads: plan.threads,
            points: self.points,
            probability,
        }
    }
}

/// Finds from which point on something is too likely; and whether any run differed from that of the same
/// replication at another point. Where none did, nothing along the axis changes anything.
///
/// # Errors
/// See [`FindError`].
pub fn find_along(
    variant: &Variant,
    axis: &Axis<'_>,
    (until, probability): (Condition, f64),
    plan: Replications,
    progress: impl Fn(u32) + Sync,
) -> Result<(FindResult, bool), FindError> {
    Lab::new(variant, until, plan.seed).search(axis, probability, plan, progress)
}

/// A value inside the range that the scenario cannot have, though it can have the ends.
fn drawn(replication: u32, error: &FindError) -> ReplicateError {
    ReplicateError::Draw { replication, reason: error.to_string() }
}

/// Runs the scenario at points of an axis.
struct Lab<'a> {
    variant: &'a Variant,
    until: Condition,
    seed: u64,
    /// Scenarios by the overrides that made them.
    loaded: Mutex<BTreeMap<Vec<String>, Arc<Variant>>>,
    /// How each replication went at the first value it was tried at.
    seen: Mutex<BTreeMap<u32, Course>>,
    /// Whether one went otherwise at another value.
    felt: AtomicBool,
    /// Runs that recover no more, though no server is killed, where kills are asked for.
    unrecovered: AtomicU32,
}

impl<'a> Lab<'a> {
    fn new(variant: &'a Variant, until: Condition, seed: u64) -> Self {
        Self {
            variant,
            until,
            seed,
            loaded: Mutex::default(),
            seen: Mutex::default(),
            felt: AtomicBool::new(false),
            unrecovered: AtomicU32::new(0),
        }
    }

    fn search(
        self,
        axis: &Axis<'_>,
        probability: f64,
        plan: Replications,
        progress: impl Fn(u32) + Sync,
    ) -> Result<(FindResult, bool), FindError> {
        let ends = [0, axis.points.saturating_sub(1)].map(|end| (axis.set)(end, 0));
        // A range that no scenario can have should be told before the work.
        for end in &ends {
            self.at(end.clone())?;
        }
        let search = axis.search(probability, plan);
        let run = |point: usize, replication| {
            let at = self.at((axis.set)(point, replication)).map_err(|e| drawn(replication, &e))?;
            self.happens(&at, replication)
        };
        let found = find_with(run, &search, progress)?;
        // Fewer than were asked for, where it was stopped.
        let search = Search { replications: found.breaking_points.len() as u32, ..search };
        let scenario = self.variant.scenario();
        let mut result = words::result(scenario, &self.until, &search, axis, &found);
        let unrecovered = self.unrecovered.into_inner();
        if unrecovered > 0 {
            result.warnings.push(format!(
                "in {unrecovered} runs without {} not all recovers by the end: --until {} counts these, \
                 too",
                self.until,
                Condition::WRONG
            ));
        }
        Ok((result, self.felt.into_inner()))
    }

    fn at(&self, set: Vec<String>) -> Result<Arc<Variant>, FindError> {
        let lock = || self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(variant) = lock().get(&set) {
            return Ok(Arc::clone(variant));
        }
        let variant = self.variant.with(&set).map_err(FindError::Invalid)?;
        let variant = Arc::new(variant);
        lock().insert(set, Arc::clone(&variant));
        Ok(variant)
    }

    fn happens(&self, at: &Variant, replication: u32) -> Result<Happened, ReplicateError> {
        let options = RunOptions { seed: self.seed, replication, timelines: false };
        let record = at.run(replication, options, &[])?;
        let until = &self.until;
        if until.measure == Measure::Oom
            && !meets(until, &record)
            && meets(&Condition::WRONG, &record)
        {
            self.unrecovered.fetch_add(1, Ordering::Relaxed);
        }
        self.note_course(replication, idle::course(&record));
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
        question: &Question,
        current: Option<&Value>,
        plan: Replications,
        tried: &mut Vec<Tried>,
    ) -> Result<Grid, FindError> {
        let knob = &question.knob;
        let centre = current.and_then(Value::coordinate).filter(|x| *x > 0.0);
        let centre = centre.ok_or_else(|| FindError::NoValue(knob.key().to_owned()))?;
        let pilots = plan.replications.clamp(1, PILOTS);
        // Half-way between the probability and certainty: further out, runs cost more and tell less.
        let enough = (f64::from(pilots) * f64::midpoint(1.0, question.probability)).ceil();
        let mut ends = [End::new(centre), End::new(centre)];
        for doubling in 0..=DOUBLINGS {
            for (index, sign) in [(0, -1), (1, 1)] {
                let settled = ends[index].settled(&ends[1 - index], enough as u32);
                if ends[index].stuck || doubling > 0 && settled || stop::asked() {
                    continue;
                }
                let plan = Replications { replications: pilots, ..plan };
                let value = knob.at(centre * libm::exp2(f64::from(sign * doubling)));
                tried.extend(self.extend(&mut ends[index], (knob, value), doubling, plan)?);
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
        (knob, value): (&Knob, Option<Value>),
        doublings: i32,
        plan: Replications,
    ) -> Result<Option<Tried>, FindError> {
        // The scenario itself is sound: past here it is not.
        let known = value.and_then(|value| Some((self.at(vec![knob.set(&value)]).ok()?, value)));
        let Some((variant, value)) = known else {
            end.stuck = true;
            return Ok(None);
        };
        let at = value.coordinate().unwrap_or(end.at);
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
