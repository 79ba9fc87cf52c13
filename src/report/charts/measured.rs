//! A measured curve of resident memory and the predicted one, on the same axes.

use std::path::Path;

use crate::results::{Timeline, TimelinePoint};
use crate::units::{Bytes, SimTime};

use super::frame::{self, Key, MARGIN, SMALL};
use super::palette::{GOAL, LIVE, MUTED, RED, RESIDENT};
use super::plot::Plot;
use super::scale;
use super::scene::{Anchor, Item, PAGE_WIDTH, Rect, Scene};
use super::{ChartError, thin};

const HEIGHT: f64 = 480.0;
const NAME: &str = "measured-run";

/// A measured run and its prediction: what the chart is drawn from.
#[derive(Clone, Copy, Debug)]
pub struct MeasuredRun<'a> {
    /// The finding.
    pub title: &'a str,
    /// What was run, and how.
    pub subtitle: &'a str,
    /// Measured resident memory; only `resident` and `at` count.
    pub measured: &'a Timeline,
    /// Predicted.
    pub predicted: &'a Timeline,
    /// What was predicted before a fit.
    pub before: Option<&'a Timeline>,
    /// The memory limit.
    pub limit: Option<Bytes>,
    /// The right end of the time axis.
    pub end: SimTime,
}

/// Writes the chart as `<stem>.svg` and `<stem>.png` into a folder that is there, and returns both
/// names.
///
/// # Errors
/// When a file cannot be written or the chart cannot be painted.
pub fn write_measured_run(
    folder: &Path,
    stem: &str,
    run: &MeasuredRun,
) -> Result<[String; 2], ChartError> {
    super::write_one(folder, stem, &scene(run))
}

/// Draws the chart.
pub(super) fn scene(run: &MeasuredRun) -> Scene {
    let measured = cut(run.measured, run.end);
    let predicted = cut(run.predicted, run.end);
    let before = run.before.map(|before| cut(before, run.end));
    let mut scene = Scene::new(NAME, run.title, &describe(&measured, &predicted), HEIGHT);
    let y = frame::heading(&mut scene, run.title, run.subtitle);
    let peak = |t: &Timeline| frame::peak_of(t).map_or(Bytes::ZERO, |p| p.1);
    let highest = peak(&measured).max(peak(&predicted));
    let highest = before.as_ref().map_or(highest, |before| highest.max(peak(before)));
    let limits: Vec<Bytes> = run.limit.into_iter().collect();
    let top = y + 44.0;
    let height = HEIGHT - top - 58.0;
    let bytes = scale::top_of(highest, &limits, height, 12.0);
    let axis = scale::byte_axis(bytes, 7);
    let left = MARGIN + frame::axis_width(&axis);
    let area = Rect { x: left, y: top, w: PAGE_WIDTH - MARGIN - left, h: height };
    let plot = Plot::over_time(area, run.end, bytes);
    let mut keys = keys(run, &measured);
    let limit = run.limit.filter(|limit| frame::limit_shown(&plot, *limit));
    if limit.is_some() {
        keys.push((Key::Line(RED, 1.5), "memory limit"));
    }
    frame::keys(&mut scene, y, &keys);
    frame::byte_ticks(&mut scene, &plot, &axis);
    scene.label(
        (area.x - frame::LABEL_LEFT, area.y - 4.0),
        axis.unit,
        (SMALL, true),
        MUTED,
        Anchor::End,
    );
    if let Some(before) = &before {
        for line in thin::lines(&plot, before, |p| p.resident) {
            scene.dashed(line, GOAL, 1.6, super::DASH);
        }
    }
    for (timeline, colour) in [(&measured, LIVE), (&predicted, RESIDENT)] {
        for line in thin::lines(&plot, timeline, |p| p.resident) {
            scene.line(line, colour, 2.2);
        }
        if let Some((at, peak)) = about_peak(timeline) {
            scene.items.push(Item::Dot(plot.point(at, peak), 4.0, colour));
        }
    }
    if let Some(limit) = limit {
        frame::limit_line(&mut scene, &plot, limit);
    }
    frame::base_line(&mut scene, area);
    frame::time_axis(&mut scene, &plot, true);
    let caption = "time since the burst began (m:ss)";
    frame::caption_below(&mut scene, area, caption);
    scene
}

/// What the lines mean.
fn keys(run: &MeasuredRun, measured: &Timeline) -> Vec<(Key, &'static str)> {
    let mut keys = Vec::new();
    if !measured.points.is_empty() {
        keys.push((Key::Line(LIVE, 2.2), "measured"));
    }
    keys.push((Key::Line(RESIDENT, 2.2), "predicted"));
    if run.before.is_some() {
        keys.push((Key::Dashes(GOAL), "predicted before the fit"));
    }
    keys
}

/// A timeline up to an instant, and up to the end of the process: what is drawn.
fn cut(timeline: &Timeline, end: SimTime) -> Timeline {
    let mut points: Vec<TimelinePoint> = Vec::new();
    for point in &timeline.points {
        if point.at > end {
            points.extend(points.last().map(|last| between(last, point, end)));
            break;
        }
        points.push(point.clone());
        if point.resident == Bytes::ZERO && points.len() > 1 {
            break;
        }
    }
    Timeline { points, ..timeline.clone() }
}

/// The resident memory at an instant between two points, on the straight line.
fn between(a: &TimelinePoint, b: &TimelinePoint, at: SimTime) -> TimelinePoint {
    let part = at.since(a.at).as_secs_f64() / b.at.since(a.at).as_secs_f64().max(1e-9);
    let (low, high) = (a.resident.as_f64(), b.resident.as_f64());
    TimelinePoint { at, resident: Bytes::from_f64(low + (high - low) * part), ..a.clone() }
}

/// Where the line first is within a thousandth of its peak: what creeps up later is not the peak.
fn about_peak(timeline: &Timeline) -> Option<(SimTime, Bytes)> {
    let (_, peak) = frame::peak_of(timeline).filter(|p| p.1 > Bytes::ZERO)?;
    let near = |p: &&TimelinePoint| p.resident >= peak.scale(0.999);
    timeline.points.iter().find(near).map(|p| (p.at, p.resident))
}

fn describe(measured: &Timeline, predicted: &Timeline) -> String {
    let peak = |name: &str, timeline: &Timeline| match frame::peak_of(timeline) {
        Some((at, peak)) => format!("{name} peaks at {peak} at {at}"),
        None => format!("{name} was not recorded"),
    };
    format!(
        "Resident memory over time: {}; {}.",
        peak("measured", measured),
        peak("predicted", predicted)
    )
}
