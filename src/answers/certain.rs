//! How far the error of the model moves a breaking point.
//!
//! # The simplest model
//!
//! At every value the peak has an interval that holds the real one in nine of ten runs
//! ([`peak_interval`]). Where all of it is below the limit, the value is clearly safe; where all of it is
//! above, clearly past; between these it is too close to call, as everywhere. From the safe end on peaks are
//! taken to rise, so that both borders are found by bisection over a few replications; the safe one is then
//! held against more of them, and taken back until they agree: a few do not show a rare mode. What goes
//! wrong beside kills for memory has no interval: the borders are never nearer to the answer than the luck
//! of the draws leaves it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::engine::stop;
use crate::experiment::find::{Grid, Question};
use crate::experiment::model_error::{UNLIMITED, peak_interval};
use crate::experiment::{ReplicateError, Replications, Trial, Variant};
use crate::results::{FindResult, FoundModel, FoundValue, FoundWhere, RunRecord};
use crate::scenario::Scenario;
use crate::scenario::measure::{Condition, Measure};
use crate::units::Bytes;
use crate::validation::domain;

/// Replications whose peaks are held against the limit at a value.
const LOOKED_AT: u32 = 8;
/// Replications that must agree where a value is called clearly safe: the fewest that can show 5 %.
const CONFIRMED: u32 = 59;

/// Whether the limit lies within the error of the model.
pub(super) fn too_close(scenario: &Scenario, runs: &[RunRecord]) -> bool {
    peak_interval(&scenario.inputs, runs, domain::circumstances(scenario)).too_close
}

/// Runs of the model that the borders take at most, on an axis of so many points.
pub(super) fn most_runs(points: usize, replications: u32) -> u64 {
    // Both ends, two bisections; a way back in growing strides; and at each point some without a memory limit.
    let steps = u64::from(points.max(2).ilog2() + 1);
    let runs = |most: u32| u64::from(replications.clamp(1, most) + UNLIMITED);
    (2 + 2 * steps) * runs(LOOKED_AT) + (steps + 1) * runs(CONFIRMED)
}

/// The points of a search, as it was made.
pub(super) struct Points<'a> {
    pub(super) count: usize,
    pub(super) value: &'a dyn Fn(usize) -> FoundValue,
    /// The scenario there, with uncertain values at their middle; `None`: it cannot be had.
    pub(super) at: &'a dyn Fn(usize) -> Option<Variant>,
}

/// Adds what the error of the model leaves open to what was found, and to its verdict.
///
/// # Errors
/// See [`ReplicateError`].
pub fn with_error(
    variant: &Variant,
    question: &Question,
    found: &mut FindResult,
    plan: Replications,
) -> Result<(), ReplicateError> {
    let knob = &question.knob;
    let (low, high) = (found.range.0.number, found.range.1.number);
    let grid = question
        .range
        .as_ref()
        .map_or_else(|| Grid::between(knob, low, high), |range| Grid::of(knob, range));
    let Ok(grid) = grid else { return Ok(()) };
    let number = |point| grid.value(point).and_then(|value| value.coordinate());
    let points = Points {
        count: grid.points(),
        value: &|point| FoundValue {
            text: grid.value(point).map_or_else(String::new, |value| value.to_string()),
            number: number(point).unwrap_or_default(),
        },
        at: &|point| variant.with(&[knob.set(&grid.value(point)?)]).ok(),
    };
    found.model = borders(&points, (&question.until, found), plan)?;
    found.verdict += &words(found);
    Ok(())
}

/// Where the error of the model leaves it open whether a server is killed; `None`: that is not asked, or
/// not known.
pub(super) fn borders(
    points: &Points<'_>,
    (until, found): (&Condition, &FindResult),
    plan: Replications,
) -> Result<Option<FoundModel>, ReplicateError> {
    let asked = matches!(until.measure, Measure::Oom | Measure::Wrong);
    let unknown = found.idle || found.cut || found.found == FoundWhere::Unknown;
    if !asked || unknown || points.count < 2 {
        return Ok(None);
    }
    let last = points.count - 1;
    let lab = Lab { points, plan, known: RefCell::default() };
    let (Some(first), Some(end)) = (lab.at(0)?, lab.at(last)?) else { return Ok(None) };
    let falling = match &found.bracket {
        Some(_) => found.falling,
        None => first.share > end.share,
    };
    // From the safe end.
    let real = |point: usize| if falling { last - point } else { point };
    let open = lab.first(last + 1, 0, real, |at| !at.is_clear)?;
    let open = match open {
        Some(open) if plan.replications > LOOKED_AT => lab.confirmed(open, real)?,
        open => open,
    };
    let past = match open {
        Some(open) => lab.first(last + 1, open, real, |at| at.is_past)?,
        None => None,
    };
    let (Some(open), Some(past)) = (open, past) else { return Ok(None) };
    let value = |point: usize| (points.value)(real(point));
    let mut model = FoundModel {
        safe: open.checked_sub(1).map(value),
        past: (past <= last).then(|| value(past)),
        open: open <= last && past > 0,
    };
    widen(&mut model, found, falling);
    Ok(Some(model))
}

/// Moves the borders out to the interval of the draws.
fn widen(model: &mut FoundModel, found: &FindResult, falling: bool) {
    let Some(bracket) = &found.bracket else {
        if found.found == FoundWhere::AlwaysPast {
            model.safe = None;
        }
        return;
    };
    let before = |a: &FoundValue, b: &FoundValue| (a.number < b.number) != falling;
    let nearer = bracket.low.as_ref().unwrap_or(&bracket.safe.value);
    if model.safe.as_ref().is_some_and(|safe| before(nearer, safe)) {
        model.safe = Some(nearer.clone());
    }
    model.open = true;
    let further = bracket.high.as_ref().unwrap_or(&bracket.past.value);
    if model.past.as_ref().is_some_and(|past| before(past, further)) {
        model.past = Some(further.clone());
    }
}

/// What is said of the borders behind a verdict; empty where they leave nothing open.
pub(super) fn words(found: &FindResult) -> String {
    let Some(model) = found.model.as_ref().filter(|model| model.open) else { return String::new() };
    match (found.found, &model.safe, &model.past) {
        (FoundWhere::NeverPast, Some(safe), _) => {
            format!(
                "; beyond {} the limit is within the error of the model: too close to call",
                safe.text
            )
        }
        (FoundWhere::NeverPast | FoundWhere::AlwaysPast, ..) => {
            "; the limit is within the error of the model: too close to call".to_owned()
        }
        (FoundWhere::Inside | FoundWhere::Unknown, safe, past) => format!(
            "; by the error of the model clearly safe {}, clearly past {}",
            side(safe.as_ref(), found.falling),
            side(past.as_ref(), !found.falling)
        ),
    }
}

/// `up to 3`, `from 8 on`.
fn side(border: Option<&FoundValue>, above: bool) -> String {
    match border {
        Some(value) if above => format!("from {} on", value.text),
        Some(value) => format!("up to {}", value.text),
        None => "nowhere in the range".to_owned(),
    }
}

/// What is seen at a point.
#[derive(Clone, Copy, Debug)]
struct Seen {
    /// The whole interval of the peak is below the limit.
    is_clear: bool,
    /// The whole interval is above it.
    is_past: bool,
    /// Its middle as a share of the limit.
    share: f64,
}

struct Lab<'a> {
    points: &'a Points<'a>,
    plan: Replications,
    known: RefCell<BTreeMap<usize, Seen>>,
}

impl Lab<'_> {
    /// `None`: it could not be run.
    fn at(&self, point: usize) -> Result<Option<Seen>, ReplicateError> {
        if let Some(seen) = self.known.borrow().get(&point) {
            return Ok(Some(*seen));
        }
        let seen = self.looked_at(point, LOOKED_AT)?;
        if let Some(seen) = seen {
            self.known.borrow_mut().insert(point, seen);
        }
        Ok(seen)
    }

    fn looked_at(&self, point: usize, replications: u32) -> Result<Option<Seen>, ReplicateError> {
        let Some(variant) = (self.points.at)(point).filter(|_| !stop::asked()) else {
            return Ok(None);
        };
        let mut trial = Trial::new(&variant, self.plan);
        trial.grow(replications)?;
        if trial.runs.is_empty() || stop::asked() {
            return Ok(None);
        }
        let scenario = variant.scenario();
        let peak = peak_interval(&scenario.inputs, &trial.runs, domain::circumstances(scenario));
        let limit = peak.limit_bytes;
        // A run that was cut short does not show how high it would have come.
        let whole = trial.runs.iter().all(|run| !run.cut_short);
        Ok(Some(Seen {
            is_clear: whole
                && !peak.without_limit
                && (peak.high_bytes < limit || limit == Bytes::ZERO),
            is_past: peak.low_bytes > limit,
            share: peak.peak_bytes.as_f64() / limit.as_f64().max(1.0),
        }))
    }

    /// The first point that is not clear, by more replications: the one found by few, or an earlier one.
    fn confirmed(
        &self,
        mut open: usize,
        real: impl Fn(usize) -> usize,
    ) -> Result<Option<usize>, ReplicateError> {
        let mut stride = 1;
        while let Some(last) = open.checked_sub(1) {
            let Some(seen) = self.looked_at(real(last), CONFIRMED)? else { return Ok(None) };
            if seen.is_clear {
                break;
            }
            open = open.saturating_sub(stride);
            stride *= 2;
        }
        Ok(Some(open))
    }

    /// The first point from `from` on of which something is true, as of all after it; `end`, where it is of
    /// none. `None`: that is not known.
    fn first(
        &self,
        end: usize,
        from: usize,
        real: impl Fn(usize) -> usize,
        is: impl Fn(&Seen) -> bool,
    ) -> Result<Option<usize>, ReplicateError> {
        let (mut low, mut high) = (from, end);
        // Both ends are known already, and mostly tell all.
        let mut ends = [end.saturating_sub(1), from].into_iter();
        while low < high {
            let point = ends.next().unwrap_or(usize::midpoint(low, high));
            let Some(seen) = self.at(real(point))? else { return Ok(None) };
            if is(&seen) { high = point } else { low = point + 1 }
        }
        Ok(Some(high))
    }
}
