//! `sweep-lines`: the risk and the peak along one key.

use crate::results::{AxisRecord, PointFigures, RISK, SweepSummary};
use crate::units::Bytes;

use super::{Scale, levels, shown, sound, subtitle, title};
use crate::report::charts::frame::{self, Key, MARGIN, SMALL};
use crate::report::charts::palette::{
    Colour, GRID, INK, LINES, MUTED, PAPER, RED, RESIDENT, RESIDENT_FILL,
};
use crate::report::charts::plot::{Axis, Plot};
use crate::report::charts::scale;
use crate::report::charts::scene::{Anchor, Item, PAGE_WIDTH, Point, Rect, Scene};
use crate::report::charts::{DASH, font};

const NAME: &str = "sweep-lines";
const HEIGHT: f64 = 720.0;
/// Most values of the key that are drawn: more than the plot has pixels.
pub(super) const MOST_STOPS: usize = 2000;
/// Height of the upper plot.
const UPPER: f64 = 210.0;
/// The colour of the risk of a cascade.
const CASCADE: Colour = LINES[3];

/// A point of the key: where it stands, and what came of it.
struct Stop<'a> {
    x: f64,
    label: String,
    figures: Option<&'a PointFigures>,
}

/// Draws the chart.
pub(super) fn scene(sweep: &SweepSummary, axis: &AxisRecord) -> Scene {
    let stops_at = |area: Rect| stops(sweep, axis, area);
    let title = &title(sweep);
    if sound(&sweep.rows).next().is_none() {
        return frame::empty(NAME, title, &subtitle(sweep), "No point could be run.");
    }
    let mut scene = Scene::new(NAME, title, &describe(sweep, axis), HEIGHT);
    let y = frame::heading(&mut scene, title, &subtitle(sweep));
    let left = MARGIN + 56.0;
    let w = PAGE_WIDTH - MARGIN - left - 14.0;
    let upper = Rect { x: left, y: y + 34.0, w, h: UPPER };
    let below = upper.bottom() + 74.0;
    let lower = Rect { x: left, y: below, w, h: HEIGHT - frame::FOOT - below };
    let stops = stops_at(upper);
    // A line between words would say that something lies between them.
    let joined = Scale::of(&levels(&sweep.rows, 0, MOST_STOPS)).is_some();
    risk(&mut scene, upper, &stops, joined, y);
    peaks(&mut scene, lower, &stops, joined);
    ticks(&mut scene, upper, &stops, false);
    ticks(&mut scene, lower, &stops, true);
    let log = Scale::of(&levels(&sweep.rows, 0, MOST_STOPS)).is_some_and(|scale| scale.log);
    let caption = format!("{}{}", axis.key, if log { " (logarithmic)" } else { "" });
    let caption = font::fit_name(&caption, SMALL, false, w);
    let at = (lower.x + lower.w / 2.0, lower.bottom() + 41.0);
    scene.label(at, &caption, (SMALL, true), INK, Anchor::Middle);
    scene
}

fn stops<'a>(sweep: &'a SweepSummary, axis: &AxisRecord, area: Rect) -> Vec<Stop<'a>> {
    let levels = levels(&sweep.rows, 0, MOST_STOPS);
    let scale = Scale::of(&levels);
    let count = levels.len().max(1) as f64;
    let stop = |(index, level): (usize, &crate::results::PointValue)| {
        let part = match (&scale, level.number) {
            (Some(scale), Some(number)) => scale.position(number),
            _ => (index as f64 + 0.5) / count,
        };
        let row = sweep.rows.iter().find(|row| row.values.first() == Some(level));
        Stop {
            x: area.x + area.w * part,
            label: shown(axis, level),
            figures: row.and_then(|row| row.figures.as_ref()),
        }
    };
    levels.iter().enumerate().map(stop).collect()
}

fn describe(sweep: &SweepSummary, axis: &AxisRecord) -> String {
    let rows: Vec<String> = sound(&sweep.rows)
        .take(40)
        .map(|(row, figures)| {
            let value = row.values.first().map_or(String::new(), |value| shown(axis, value));
            let (count, n) = (figures.oom.count, figures.replications);
            let peak = figures.peak_resident_bytes;
            format!("{value}: OOM in {count} of {n}, peak {} (p95 {})", peak.median, peak.p95)
        })
        .collect();
    format!("P(OOM) and peak memory along {}. {}.", axis.key, rows.join("; "))
}

/// The upper plot: how many replications had a kill.
fn risk(scene: &mut Scene, area: Rect, stops: &[Stop<'_>], joined: bool, y: f64) {
    let row = |share: f64| area.bottom() - area.h * share.clamp(0.0, 1.0);
    let known = || stops.iter().filter_map(|stop| Some((stop.x, stop.figures?)));
    let cascades = known().any(|(_, figures)| figures.cascade.count > 0);
    let mut keys = vec![
        (Key::Line(RED, 2.2), "P(OOM): replications with a kill"),
        (Key::Patch(RED.faded(0.14)), "95 % interval"),
        (Key::Dashes(RED), "5 % risk"),
    ];
    if cascades {
        keys.push((Key::Dashes(CASCADE), "P(cascade): two servers or more"));
    }
    frame::keys(scene, y, &keys);
    frame::percent_grid(scene, area);
    crossing(scene, area, stops, joined);
    let interval = |figures: &PointFigures| (row(figures.oom.high), row(figures.oom.low));
    if joined {
        scene.items.push(Item::Area {
            upper: known().map(|(x, figures)| (x, interval(figures).0)).collect(),
            lower: known().map(|(x, figures)| (x, interval(figures).1)).collect(),
            fill: RED.faded(0.14),
        });
    } else {
        for (x, figures) in known() {
            let (high, low) = interval(figures);
            scene.line(vec![(x, high), (x, low)], RED.faded(0.3), 5.0);
        }
    }
    let at = row(RISK);
    scene.dashed(vec![(area.x, at), (area.right(), at)], RED, 1.3, DASH);
    trace(scene, known().map(|(x, f)| (x, row(f.oom_share()))).collect(), RED, joined);
    if cascades {
        let share = |figures: &PointFigures| {
            f64::from(figures.cascade.count) / f64::from(figures.replications.max(1))
        };
        let line = known().map(|(x, figures)| (x, row(share(figures)))).collect();
        // Where every kill is a cascade both lines are one: the upper is dashed.
        if joined {
            scene.dashed(line, CASCADE, 2.2, DASH);
        } else {
            trace(scene, line, CASCADE, false);
        }
    }
    frame::base_line(scene, area);
}

/// A line with its points, or the points alone.
fn trace(scene: &mut Scene, points: Vec<Point>, colour: Colour, joined: bool) {
    // Many points run together to a line by themselves.
    if points.len() <= 60 {
        for point in &points {
            scene.items.push(Item::Dot(*point, 3.6, colour));
        }
    }
    if joined {
        scene.line(points, colour, 2.2);
    }
}

/// Where the risk passes the line, between two points that were run.
fn crossing(scene: &mut Scene, area: Rect, stops: &[Stop<'_>], joined: bool) {
    let known: Vec<(&Stop<'_>, bool)> =
        stops.iter().filter_map(|stop| Some((stop, stop.figures?.oom_share() > RISK))).collect();
    let crossings: Vec<_> = known.windows(2).filter(|pair| pair[0].1 != pair[1].1).collect();
    let [pair] = crossings.as_slice() else { return };
    let [(before, _), (after, _)] = pair else { return };
    if !joined {
        return;
    }
    let gap = Rect { x: before.x, w: after.x - before.x, ..area };
    scene.rect(gap, GRID.faded(0.8));
    let text = format!("crosses 5 % between {} and {}", before.label, after.label);
    let wide = font::width(&text, SMALL, true);
    let right = gap.right() + 8.0 + wide <= area.right();
    let (x, anchor) =
        if right { (gap.right() + 8.0, Anchor::Start) } else { (gap.x - 8.0, Anchor::End) };
    let paper = Rect {
        x: if right { x - 3.0 } else { x - wide - 3.0 },
        y: area.y + 5.0,
        w: wide + 6.0,
        h: 19.0,
    };
    scene.rect(paper, PAPER.faded(0.85));
    scene.label((x, area.y + 19.0), &text, (SMALL, true), INK, anchor);
}

/// The lower plot: how high memory went.
fn peaks(scene: &mut Scene, area: Rect, stops: &[Stop<'_>], joined: bool) {
    let known: Vec<(f64, &PointFigures)> =
        stops.iter().filter_map(|stop| Some((stop.x, stop.figures?))).collect();
    let highest = known.iter().map(|(_, f)| f.peak_resident_bytes.max).max().unwrap_or_default();
    let limits: Vec<Bytes> = known.iter().map(|(_, figures)| figures.limit_bytes).collect();
    let top = scale::top_of(highest, &limits, area.h, 14.0);
    let plot = Plot { area, across: Axis::linear(0.0, 1.0), up: Axis::linear(Bytes::ZERO, top) };
    let axis = scale::byte_axis(top, 6);
    frame::byte_ticks(scene, &plot, &axis);
    scene.label(
        (area.x - frame::LABEL_LEFT, area.y - 6.0),
        axis.unit,
        (SMALL, true),
        MUTED,
        Anchor::End,
    );
    let line = |of: fn(&PointFigures) -> Bytes| -> Vec<Point> {
        known.iter().map(|(x, figures)| (*x, plot.y(of(figures)))).collect()
    };
    let maxima = line(|figures| figures.peak_resident_bytes.max);
    let medians = line(|figures| figures.peak_resident_bytes.median);
    if joined {
        let (upper, lower) = (maxima, medians.clone());
        scene.items.push(Item::Area { upper, lower, fill: RESIDENT_FILL });
    } else {
        for (high, low) in maxima.iter().zip(&medians) {
            scene.line(vec![*high, *low], RESIDENT_FILL, 5.0);
        }
    }
    let shown = known.iter().filter(|(_, f)| frame::limit_shown(&plot, f.limit_bytes));
    let limit: Vec<Point> = shown.map(|(x, f)| (*x, plot.y(f.limit_bytes))).collect();
    let limited = !limit.is_empty();
    scene.line(limit, RED, 1.5);
    let p95 = line(|figures| figures.peak_resident_bytes.p95);
    scene.dashed(if joined { p95 } else { Vec::new() }, RESIDENT, 1.3, DASH);
    trace(scene, medians, RESIDENT, joined);
    frame::base_line(scene, area);
    let mut keys = vec![
        (Key::Line(RESIDENT, 2.2), "peak of a replication: median"),
        (Key::Dashes(RESIDENT), "95th percentile"),
        (Key::Patch(RESIDENT_FILL), "up to the highest"),
    ];
    if limited {
        keys.push((Key::Line(RED, 1.5), "memory limit"));
    }
    frame::keys(scene, area.y - 48.0, &keys);
}

/// Ticks at the points; their values where there is room.
fn ticks(scene: &mut Scene, area: Rect, stops: &[Stop<'_>], labels: bool) {
    let mut free = f64::NEG_INFINITY;
    for stop in stops {
        frame::tick_below(scene, area, stop.x, "");
        let half = font::width(&stop.label, SMALL, false) / 2.0;
        if labels && stop.x - half > free {
            let text = font::fit_name(&stop.label, SMALL, false, 160.0);
            frame::tick_below(scene, area, stop.x, &text);
            free = stop.x + half + 8.0;
        }
    }
}
