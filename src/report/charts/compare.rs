//! `compare`: the peaks of two variants on the same draws, and what changed.

use crate::results::{CompareResult, FigureChange};
use crate::units::Bytes;

use super::font;
use super::frame::{self, Key, MARGIN, SMALL};
use super::palette::{AXIS, Colour, GRID, INK, LINES, MUTED, RED};
use super::scale::{self, real_limit};
use super::scene::{Anchor, Item, PAGE_HEIGHT, PAGE_WIDTH, Point, Rect, Scene};

const NAME: &str = "compare";
/// Width of the table at the right.
const TABLE: f64 = 400.0;
/// ln(2 / 0.05) / 2: the 95 % band of Dvoretzky, Kiefer, Wolfowitz and Massart is its root over n's.
const BAND: f64 = 1.844_439_727_056_968;

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
    let axes = Axes::new(input, y + 40.0);
    let keys = axes.keys(input);
    let keys: Vec<(Key, &str)> = keys.iter().map(|(key, text)| (*key, text.as_str())).collect();
    frame::keys(&mut scene, y, &keys);
    axes.draw(&mut scene);
    let sides = [(input.first, LINES[0]), (input.second, LINES[1])];
    for (peaks, colour) in sides {
        axes.band(&mut scene, peaks, colour);
    }
    for limit in axes.limits(input) {
        let x = axes.x(limit);
        scene.line(vec![(x, axes.area.y), (x, axes.area.bottom())], RED, 1.5);
    }
    for (index, (peaks, colour)) in sides.into_iter().enumerate() {
        let line = axes.steps(peaks, 0.0);
        // Equal sides stay visible: the second is dashed.
        if index == 0 {
            scene.line(line, colour, 3.2);
        } else {
            scene.dashed(line, colour, 2.2, super::DASH);
        }
    }
    table(&mut scene, result, axes.area);
    scene
}

fn describe(input: &CompareInput) -> String {
    let result = input.result;
    format!(
        "Distribution of the peak memory of {} and {} over {} pairs of runs. {}.",
        result.first.label, result.second.label, result.replications, result.verdict
    )
}

/// The plot: bytes to the right, share of replications upwards.
struct Axes {
    area: Rect,
    low: Bytes,
    high: Bytes,
    axis: scale::ByteAxis,
}

impl Axes {
    fn new(input: &CompareInput, top: f64) -> Self {
        let all = || input.first.iter().chain(input.second).copied();
        let highest = all().max().unwrap_or_default();
        let limits = [input.result.first.limit_bytes, input.result.second.limit_bytes];
        let high = scale::top_of(highest, &limits, 700.0, 40.0);
        let lowest = all().min().unwrap_or_default().min(high);
        let margin = (high - lowest).scale(0.25);
        let far = lowest.scale(2.0) > high;
        let low = if far { lowest - margin } else { Bytes::ZERO };
        let left = MARGIN + 54.0;
        let area = Rect {
            x: left,
            y: top,
            w: PAGE_WIDTH - MARGIN - TABLE - 34.0 - left,
            h: PAGE_HEIGHT - 62.0 - top,
        };
        Self { area, low, high, axis: scale::byte_axis_within(low, high, 8) }
    }

    fn keys(&self, input: &CompareInput) -> Vec<(Key, String)> {
        let label = |sign: &str, label: &str| {
            format!("{sign}: {}", font::fit_name(label, SMALL, false, 380.0))
        };
        let mut keys = vec![
            (Key::Line(LINES[0], 3.2), label("A", &input.result.first.label)),
            (Key::Dashes(LINES[1]), label("B", &input.result.second.label)),
            (Key::Patch(GRID), "95 % bands".to_owned()),
        ];
        if !self.limits(input).is_empty() {
            keys.push((Key::Line(RED, 1.5), "memory limit".to_owned()));
        }
        keys
    }

    fn limits(&self, input: &CompareInput) -> Vec<Bytes> {
        let limits = [input.result.first.limit_bytes, input.result.second.limit_bytes];
        let real = limits.into_iter().filter_map(real_limit);
        let mut inside: Vec<Bytes> =
            real.filter(|limit| (self.low..=self.high).contains(limit)).collect();
        inside.dedup();
        inside
    }

    fn x(&self, bytes: Bytes) -> f64 {
        let span = (self.high - self.low).as_f64().max(1.0);
        self.area.x + self.area.w * ((bytes - self.low).as_f64() / span).clamp(0.0, 1.0)
    }

    fn y(&self, share: f64) -> f64 {
        self.area.bottom() - self.area.h * share.clamp(0.0, 1.0)
    }

    fn draw(&self, scene: &mut Scene) {
        for quarter in 0..=4 {
            let y = self.y(f64::from(quarter) / 4.0);
            scene.line(vec![(self.area.x, y), (self.area.right(), y)], GRID, 1.0);
            let text = format!("{} %", quarter * 25);
            scene.label((self.area.x - 8.0, y + 4.4), &text, (SMALL, false), MUTED, Anchor::End);
        }
        let base = self.area.bottom();
        scene.line(vec![(self.area.x, base), (self.area.right(), base)], AXIS, 1.0);
        for (bytes, text) in &self.axis.ticks {
            let x = self.x(*bytes);
            scene.line(vec![(x, base), (x, base + 4.0)], AXIS, 1.0);
            scene.label((x, base + 19.0), text, (SMALL, false), MUTED, Anchor::Middle);
        }
        let caption = format!(
            "highest resident set of a run ({}); upwards: share of runs at or below it",
            self.axis.unit
        );
        let middle = (self.area.x + self.area.w / 2.0, base + 39.0);
        scene.label(middle, &caption, (SMALL, false), MUTED, Anchor::Middle);
    }

    /// The steps of the distribution from the left edge to the right.
    fn steps(&self, peaks: &[Bytes], shift: f64) -> Vec<Point> {
        let mut sorted = peaks.to_vec();
        sorted.sort_unstable();
        let mut points = vec![(self.area.x, self.y(shift))];
        for (rank, bytes) in sorted.iter().enumerate() {
            let x = self.x(*bytes);
            let before = points.last().map_or(0.0, |point| point.1);
            let share = (rank as f64 + 1.0) / sorted.len() as f64;
            points.extend([(x, before), (x, self.y(share + shift))]);
        }
        points.push((self.area.right(), points.last().map_or(0.0, |point| point.1)));
        points
    }

    fn band(&self, scene: &mut Scene, peaks: &[Bytes], colour: Colour) {
        let wide = (BAND / peaks.len().max(1) as f64).sqrt();
        scene.items.push(Item::Area {
            upper: self.steps(peaks, wide),
            lower: self.steps(peaks, -wide),
            fill: colour.faded(0.13),
        });
    }
}

/// What changed, with intervals.
fn table(scene: &mut Scene, result: &CompareResult, area: Rect) {
    let x = area.right() + 34.0;
    let mut y = area.y + 10.0;
    let mut row = |scene: &mut Scene, text: &str, bold: bool, colour: Colour, gap: f64| {
        let size = if bold { 13.5 } else { SMALL };
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
