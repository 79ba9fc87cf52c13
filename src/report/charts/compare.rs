//! `compare`: the peaks of two variants on the same draws, and what changed.

use crate::results::{CompareResult, FigureChange};
use crate::units::Bytes;

use super::distribution::Distributions;
use super::font;
use super::frame::{self, Key, MARGIN, SMALL};
use super::palette::{Colour, GRID, INK, LINES, MUTED, RED};
use super::scene::{Anchor, PAGE_HEIGHT, PAGE_WIDTH, Rect, Scene};

const NAME: &str = "compare";
/// Width of the table at the right.
const TABLE: f64 = 400.0;
/// From the plot to the table.
const TABLE_GAP: f64 = 34.0;
/// Room for the labels at the left of the plot.
const LEFT: f64 = 54.0;
/// Room for the name of a variant in the row of keys.
const LABEL: f64 = 380.0;

/// What the chart is drawn from.
#[derive(Clone, Copy, Debug)]
pub struct CompareInput<'a> {
    /// What was found.
    pub result: &'a CompareResult,
    /// The highest resident set of each run of the first variant.
    pub first: &'a [Bytes],
    /// Of the second.
    pub second: &'a [Bytes],
}

/// Draws the chart.
pub(super) fn scene(input: &CompareInput) -> Scene {
    let result = input.result;
    let mut scene = Scene::new(NAME, &result.verdict, &describe(input), PAGE_HEIGHT);
    let subtitle =
        format!("{} pairs of runs on the same draws · seed {}", result.replications, result.seed);
    let y = frame::heading(&mut scene, &result.verdict, &subtitle);
    let axes = axes(input, y + 40.0);
    let keys = keys(&axes, input);
    let keys: Vec<(Key, &str)> = keys.iter().map(|(key, text)| (*key, text.as_str())).collect();
    frame::keys(&mut scene, y, &keys);
    axes.grid(&mut scene, "run");
    let (first, second) = (sorted(input.first), sorted(input.second));
    for (peaks, colour) in [(&first, LINES[0]), (&second, LINES[1])] {
        axes.band(&mut scene, peaks, colour.faded(0.13));
    }
    axes.limit_lines(&mut scene);
    scene.line(axes.steps(&first, 0.0), LINES[0], 3.2);
    // Equal sides stay visible: the second is dashed.
    scene.dashed(axes.steps(&second, 0.0), LINES[1], 2.2, super::DASH);
    table(&mut scene, result, axes.plot.area);
    scene
}

fn describe(input: &CompareInput) -> String {
    let result = input.result;
    format!(
        "Distribution of the peak memory of {} and {} over {} pairs of runs. {}.",
        result.first.label, result.second.label, result.replications, result.verdict
    )
}

/// Where the distributions are drawn.
fn axes(input: &CompareInput, top: f64) -> Distributions {
    let left = MARGIN + LEFT;
    let area = Rect {
        x: left,
        y: top,
        w: PAGE_WIDTH - MARGIN - TABLE - TABLE_GAP - left,
        h: PAGE_HEIGHT - frame::FOOT - top,
    };
    let limits = [input.result.first.limit_bytes, input.result.second.limit_bytes];
    Distributions::new(&[input.first, input.second].concat(), &limits, area)
}

fn keys(axes: &Distributions, input: &CompareInput) -> Vec<(Key, String)> {
    let label =
        |sign: &str, label: &str| format!("{sign}: {}", font::fit_name(label, SMALL, false, LABEL));
    let mut keys = vec![
        (Key::Line(LINES[0], 3.2), label("A", &input.result.first.label)),
        (Key::Dashes(LINES[1]), label("B", &input.result.second.label)),
        (Key::Patch(GRID), "95 % bands".to_owned()),
    ];
    if !axes.limits.is_empty() {
        keys.push((Key::Line(RED, frame::LIMIT_WIDTH), "memory limit".to_owned()));
    }
    keys
}

fn sorted(peaks: &[Bytes]) -> Vec<Bytes> {
    let mut sorted = peaks.to_vec();
    sorted.sort_unstable();
    sorted
}

/// What changed, with intervals.
fn table(scene: &mut Scene, result: &CompareResult, area: Rect) {
    let x = area.right() + 34.0;
    let mut y = area.y + 10.0;
    let mut row = |scene: &mut Scene, text: &str, bold: bool, colour: Colour, gap: f64| {
        let size = if bold { frame::NAME } else { SMALL };
        let text = font::fit(text, size, bold, TABLE);
        scene.label((x, y), &text, (size, bold), colour, Anchor::Start);
        y += gap;
    };
    for event in result.events.iter().filter(|e| e.first.count + e.second.count > 0) {
        let n = result.replications;
        let changed = event.first_only + event.second_only > 0;
        let text =
            format!("{}: {} to {} of {n}", event.metric, event.first.count, event.second.count);
        row(scene, &text, true, if changed { INK } else { MUTED }, 18.0);
        let detail = format!(
            "{:+.1} points · 95 % interval {:+.1} to {:+.1} · p {}",
            event.difference * 100.0,
            event.low * 100.0,
            event.high * 100.0,
            p_value(event.p_value)
        );
        row(scene, &detail, false, MUTED, 26.0);
    }
    for figure in result.figures.iter().filter(|f| f.higher + f.lower > 0).take(7) {
        row(scene, &heading(figure), true, INK, 18.0);
        let detail = format!("{} · 95 % interval {}", figure.change, figure.interval);
        row(scene, &detail, false, MUTED, 26.0);
    }
    if result.identical {
        row(scene, "Every pair of runs is equal", true, MUTED, 18.0);
    }
}

fn heading(figure: &FigureChange) -> String {
    let share = figure.relative.map_or_else(String::new, |r| format!(" ({:+.1} %)", r * 100.0));
    format!("{}: {} to {}{share}", figure.metric, figure.first, figure.second)
}

fn p_value(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}
