//! The charts of a sweep: lines along one key, a map of two, bars of a screening.

mod chosen;
mod heatmap;
mod lines;
#[cfg(test)]
mod tests;
mod tornado;

use std::collections::BTreeSet;

use crate::results::{AxisRecord, PointFigures, PointRow, PointValue, SweepSummary};
use crate::units::Bytes;

use super::frame;
use super::scene::Scene;
pub use chosen::{Chosen, Levels};

/// The charts there is something to say in.
pub(super) fn scenes(sweep: &SweepSummary) -> Vec<Scene> {
    if !sweep.sensitivity.is_empty() {
        return vec![tornado::scene(sweep)];
    }
    match sweep.head.design.axes.as_slice() {
        [axis] => vec![lines::scene(sweep, axis)],
        [across, upwards] => vec![heatmap::scene(sweep, across, upwards)],
        // More keys than a page has directions: the tables say it better.
        _ => Vec::new(),
    }
}

/// The finding; quotes of code are for texts.
fn title(sweep: &SweepSummary) -> String {
    sweep.verdict.replace('`', "")
}

/// Scenario, release, design, seed and replications.
fn subtitle(sweep: &SweepSummary) -> String {
    let head = &sweep.head;
    format!(
        "{} · Kubernetes {} · {} points ({}) × {} replications · seed {}",
        super::font::fit(&head.scenario, frame::SUBTITLE, false, frame::NAME_ROOM),
        head.release,
        head.points,
        head.design.kind,
        head.replications,
        head.seed
    )
}

/// A value as an axis shows it: sizes rounded, all else as in the scenario.
fn shown(axis: &AxisRecord, value: &PointValue) -> String {
    match value.number {
        Some(bytes) if axis.column.ends_with("_bytes") => Bytes::from_f64(bytes).to_string(),
        _ => value.label().to_owned(),
    }
}

/// The distinct values of a key, ascending; words as they come. Of more than `most`, that many at even
/// distances, with both ends.
fn levels(rows: &[PointRow], which: usize, most: usize) -> Vec<PointValue> {
    let mut levels: Vec<PointValue> = Vec::new();
    let mut seen = BTreeSet::new();
    for value in rows.iter().filter_map(|row| row.values.get(which)) {
        if levels.last() != Some(value) && seen.insert(value.text.as_str()) {
            levels.push(value.clone());
        }
    }
    if levels.iter().all(|level| level.number.is_some()) {
        levels.sort_by(|a, b| a.number.unwrap_or(0.0).total_cmp(&b.number.unwrap_or(0.0)));
    }
    let last = levels.len().saturating_sub(1);
    if levels.len() > most {
        return (0..most).map(|place| levels[place * last / (most - 1)].clone()).collect();
    }
    levels
}

/// Positions from 0 to 1 of the values of a key: by their size where they have one, on a logarithmic
/// scale where they span more than it takes to tell the small ones apart; words side by side.
struct Scale {
    log: bool,
    low: f64,
    high: f64,
}

/// From this ratio of the ends on, a scale is logarithmic.
const WIDE: f64 = 30.0;

impl Scale {
    fn of(levels: &[PointValue]) -> Option<Self> {
        let numbers: Option<Vec<f64>> = levels.iter().map(|level| level.number).collect();
        let numbers = numbers?;
        let (low, high) = (*numbers.first()?, *numbers.last()?);
        let log = low > 0.0 && high / low > WIDE;
        (high > low).then_some(Self { log, low, high })
    }

    fn position(&self, number: f64) -> f64 {
        let part = if self.log {
            libm::log(number / self.low) / libm::log(self.high / self.low)
        } else {
            (number - self.low) / (self.high - self.low)
        };
        part.clamp(0.0, 1.0)
    }
}

/// Points that could be run, with their figures.
fn sound(rows: &[PointRow]) -> impl Iterator<Item = (&PointRow, &PointFigures)> {
    rows.iter().filter_map(|row| Some((row, row.figures.as_ref()?)))
}
