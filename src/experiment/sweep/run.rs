//! The points of a sweep on all processors; each is handed over as it finishes.

use rayon::prelude::*;

use super::super::replicate::{ReplicateError, in_this_pool, pool};
use super::super::uncertain::draw_overrides;
use super::condense::figures;
use super::points::Points;
use crate::engine::stop;
use crate::model::RunOptions;
use crate::results::{PointRow, PointValue, RunRecord};
use crate::scenario::sweep::SweepPlan;
use crate::scenario::{Diagnostics, Scenario, Template, Value};

/// What to do.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// The scenario that the points vary.
    pub template: &'a Template,
    /// What is varied.
    pub plan: &'a SweepPlan,
    /// The points of the whole sweep.
    pub points: &'a Points<'a>,
    /// Which of them to run.
    pub which: &'a [u32],
    /// Threads to use; `None`: one a processor. The rows do not depend on it.
    pub threads: Option<usize>,
}

/// Why a sweep stopped before its last point.
#[derive(Debug, thiserror::Error)]
pub enum SweepError<E> {
    /// There are no threads to run on.
    #[error(transparent)]
    Threads(ReplicateError),
    /// Whoever takes the rows refused one.
    #[error(transparent)]
    Refused(E),
}

/// Runs points. `run` is one replication of a point's scenario; `each` takes the rows, from any
/// thread and in any order. A point that cannot be run makes a row that says why.
///
/// # Errors
/// No threads; the first refusal of `each`, after which no further point is begun. When the process is
/// asked to end, no further replication is begun, and a point that lacks some makes no row.
pub fn sweep<E: Send>(
    task: &Task<'_>,
    run: &(impl Fn(&Scenario, RunOptions) -> RunRecord + Sync),
    each: &(impl Fn(PointRow) -> Result<(), E> + Sync),
) -> Result<(), SweepError<E>> {
    let threads = pool(task.threads).map_err(SweepError::Threads)?;
    let one = |point: &u32| row(task, *point, run).map_or(Ok(()), each);
    // Points vary in length, and the last must not hold up a thread's share: give them out singly.
    threads
        .install(|| task.which.par_iter().with_max_len(1).try_for_each(one))
        .map_err(SweepError::Refused)
}

/// One point with all its replications; `None`: the process was asked to end before they were done.
fn row(
    task: &Task<'_>,
    point: u32,
    run: &(impl Fn(&Scenario, RunOptions) -> RunRecord + Sync),
) -> Option<PointRow> {
    if stop::asked() {
        return None;
    }
    let values = task.points.values(point);
    let shown = |value: &Value| PointValue { text: value.to_string(), number: value.coordinate() };
    let mut row =
        PointRow { point, values: values.iter().map(shown).collect(), figures: None, error: None };
    match point_runs(task, &values, run) {
        Ok(runs) => row.figures = Some(figures(&runs?)),
        Err(why) => row.error = Some(why),
    }
    Some(row)
}

fn point_runs(
    task: &Task<'_>,
    values: &[Value],
    run: &(impl Fn(&Scenario, RunOptions) -> RunRecord + Sync),
) -> Result<Option<Vec<RunRecord>>, String> {
    let varied = task.plan.vary.iter().zip(values);
    let overrides: Vec<String> = varied.map(|(vary, value)| vary.knob.set(value)).collect();
    let scenario = task.template.load(&overrides).map_err(|found| first_error(&found))?;
    let one = |replication| {
        // The seed is the same at every point: they differ by what is varied only.
        let options = RunOptions { seed: scenario.seed, replication, timelines: false };
        if scenario.uncertain.is_empty() {
            return Ok(run(&scenario, options));
        }
        let drawn = draw_overrides(&scenario.uncertain, scenario.seed, replication);
        let drawn = task.template.load(&[overrides.as_slice(), &drawn].concat());
        let drawn = drawn
            .map_err(|found| ReplicateError::Draw { replication, reason: first_error(&found) })?;
        Ok(run(&drawn, options))
    };
    match in_this_pool(scenario.replications, None, &one) {
        Ok(runs) => {
            let whole = runs.len() as u32 >= scenario.replications;
            Ok((whole || runs.iter().any(|run| run.cut_short)).then_some(runs))
        }
        Err(ReplicateError::Stopped) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// The first mistake in one sentence, without the file's path: rows do not depend on where it lies.
fn first_error(found: &Diagnostics) -> String {
    let Some(first) = found.first_error() else {
        return "the scenario is not valid".to_owned();
    };
    let place = &first.primary.place;
    let more = match found.errors() - 1 + found.hidden {
        0 => String::new(),
        1 => ", and 1 more mistake".to_owned(),
        n => format!(", and {n} more mistakes"),
    };
    let line = match place.file.as_str() {
        "--set" => String::new(),
        _ if place.line == 0 => String::new(),
        _ => format!(" (line {})", place.line),
    };
    format!("{}: {}{line}{more}", first.code.id(), first.message)
}
