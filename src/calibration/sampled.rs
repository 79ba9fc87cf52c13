//! A replay as monitoring would have seen it: one metric, sampled from time to time.

use crate::engine::statistics::nearest_rank;
use crate::model::input::Inputs;
use crate::model::{self, RunOptions};
use crate::results::{RunRecord, Timeline, TimelinePoint};
use crate::units::{Bytes, SimSpan, SimTime, Sort};
use crate::validation::compare::{Replay, median_or_never};
use crate::validation::series::Metric;

/// The part of a replay that a series shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// The event's name.
    pub event: String,
    /// When it begins in the scenario.
    pub begins: SimTime,
    /// How long the burst is.
    pub lasts: SimSpan,
    /// Time between samples.
    pub step: SimSpan,
    /// What was sampled.
    pub metric: Metric,
}

/// Instants of the first sample that are tried, evenly over a step.
const PHASES: u32 = 8;
/// Samples that are looked at in a window.
const MOST_SAMPLES: f64 = 10_000.0;

/// What samples of a replay show.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Seen {
    /// When the event begins, in bytes.
    pub(super) base: f64,
    /// The highest sample, in bytes: median over replications and instants of the first sample.
    pub(super) peak: f64,
    /// Spread of the logarithm of the highest sample over those instants.
    pub(super) sampling_spread: f64,
    /// Until all clients were done.
    pub(super) seconds: Option<f64>,
    /// Whether most replications lose a server in the window.
    pub(super) lost: bool,
}

/// Replays a scenario and samples it.
pub(super) fn replay(window: &Window, inputs: &Inputs, replay: Replay) -> Seen {
    let records = records(inputs, replay);
    let end = window.begins + window.lasts;
    let (mut bases, mut peaks, mut spreads) = (Vec::new(), Vec::new(), Vec::new());
    for record in &records {
        bases.push(highest_at(&record.timelines, window.begins));
        let mut found: Vec<f64> =
            (0..PHASES).map(|phase| highest_sample(&record.timelines, window, phase)).collect();
        found.order_by(f64::total_cmp);
        peaks.push(nearest_rank(&found, 0.5).unwrap_or(0.0));
        // Uniform between the extremes.
        let ends = (found.first().copied(), found.last().copied());
        let ratio = ends.1.unwrap_or(1.0).max(1.0) / ends.0.unwrap_or(1.0).max(1.0);
        spreads.push(libm::log(ratio) / 12.0_f64.sqrt());
    }
    let median = |mut values: Vec<f64>| {
        values.order_by(f64::total_cmp);
        nearest_rank(&values, 0.5).unwrap_or(0.0)
    };
    let within = |at: SimTime| at >= window.begins && at <= end;
    let lost = |record: &&RunRecord| {
        record.servers.iter().flat_map(|server| &server.oom_kills).any(|kill| within(kill.at))
    };
    let settled = |record: &RunRecord| {
        let phase = record.phases.iter().find(|phase| phase.name == window.event)?;
        Some(phase.settled_at?.since(phase.start).as_secs_f64())
    };
    Seen {
        base: seen(window.metric, median(bases)),
        peak: seen(window.metric, median(peaks)),
        sampling_spread: median(spreads),
        seconds: median_or_never(records.iter().map(settled)),
        lost: 2 * records.iter().filter(lost).count() > records.len(),
    }
}

/// The timeline of the server that is highest in the window, in the replication with the median peak,
/// beginning with the window.
pub(super) fn timeline(window: &Window, inputs: &Inputs, replay: Replay) -> Option<Timeline> {
    let records = records(inputs, replay);
    let mut peaks: Vec<(f64, &RunRecord)> = records
        .iter()
        .map(|record| (highest_sample(&record.timelines, window, 0), record))
        .collect();
    peaks.order_by(|a, b| a.0.total_cmp(&b.0));
    let (_, record) = nearest_rank(&peaks, 0.5)?;
    let highest = |timeline: &Timeline| {
        let points = timeline.points.iter().filter(|p| p.at >= window.begins);
        points.map(|p| p.resident).max()
    };
    let found = record.timelines.iter().max_by_key(|timeline| highest(timeline))?;
    let moved = |point: &TimelinePoint| TimelinePoint {
        at: SimTime::ZERO + point.at.since(window.begins),
        resident: Bytes::from_f64(seen(window.metric, point.resident.as_f64())),
        ..point.clone()
    };
    let points = found.points.iter().filter(|p| p.at >= window.begins).map(moved).collect();
    Some(Timeline { points, down: Vec::new(), levels: Vec::new(), ..found.clone() })
}

fn records(inputs: &Inputs, replay: Replay) -> Vec<RunRecord> {
    let one = |replication| {
        model::run(inputs, RunOptions { seed: replay.seed, replication, timelines: true })
    };
    (0..replay.replications.max(1)).map(one).collect()
}

/// The metric of so many resident bytes.
fn seen(metric: Metric, resident: f64) -> f64 {
    (resident - metric.leaves_out().as_f64()).max(1.0)
}

/// The highest sample of any server; `phase` of [`PHASES`] is when the first is taken.
fn highest_sample(timelines: &[Timeline], window: &Window, phase: u32) -> f64 {
    let least = SimSpan::from_secs_f64(window.lasts.as_secs_f64() / MOST_SAMPLES);
    let step = window.step.max(least).max(SimSpan::millis(1));
    let end = window.begins + window.lasts;
    let offset = step.scale((f64::from(phase) + 0.5) / f64::from(PHASES));
    let mut at = window.begins + offset;
    let mut highest = 0.0_f64;
    // A window shorter than a step has a sample all the same.
    loop {
        highest = highest.max(highest_at(timelines, at.min(end)));
        at += step;
        if at > end {
            return highest;
        }
    }
}

fn highest_at(timelines: &[Timeline], at: SimTime) -> f64 {
    timelines.iter().map(|timeline| timeline.resident_at(at)).fold(0.0, f64::max)
}
