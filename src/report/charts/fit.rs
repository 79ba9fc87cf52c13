//! Predicted against measured peaks, before and after a fit.

use std::path::Path;

use crate::results::{CalibrationResult, FigureKind};
use crate::units::{Bytes, Sort};

use super::frame::{self, Key, MARGIN, SMALL};
use super::palette::{AXIS, GRID, INK, LIVE, MUTED, RESIDENT, RESIDENT_FILL};
use super::plot::{Axis, Plot};
use super::scene::{Anchor, Item, PAGE_WIDTH, Rect, Scene};
use super::{ChartError, font};

const HEIGHT: f64 = 860.0;
const NAME: &str = "fit";
/// The band about the diagonal that counts as close.
const CLOSE: f64 = 0.1;
/// Names that are written beside their dots: the worst.
const NAMED: usize = 6;
/// Width of the list at the right.
const LIST: f64 = 330.0;

/// A peak of an observation.
struct Dot<'r> {
    id: &'r str,
    measured: f64,
    before: f64,
    after: f64,
}

impl Dot<'_> {
    fn error(&self) -> f64 {
        self.after / self.measured - 1.0
    }
}

/// Both axes: bytes, at equal ratios.
type Axes = Plot<f64, f64>;

/// Writes `fit.svg` and `fit.png` into a folder that is there, and returns both names.
///
/// # Errors
/// When a file cannot be written or the chart cannot be painted.
pub fn write_fit(
    folder: &Path,
    title: &str,
    result: &CalibrationResult,
) -> Result<[String; 2], ChartError> {
    super::write_one(folder, NAME, &scene(title, result))
}

/// Draws the chart.
pub(super) fn scene(title: &str, result: &CalibrationResult) -> Scene {
    let dots = dots(result);
    let subtitle = format!(
        "peaks of {}, each predicted before the fit and after it; seed {}, {} replications",
        font::fit_name(&result.scenario, frame::SUBTITLE, false, frame::NAME_ROOM),
        result.seed,
        result.replications
    );
    if dots.is_empty() {
        return frame::empty(NAME, title, &subtitle, "no peak was observed");
    }
    let mut scene = Scene::new(NAME, title, &describe(&dots), HEIGHT);
    let y = frame::heading(&mut scene, title, &subtitle);
    let keys = [
        (Key::Line(LIVE, 6.0), "before"),
        (Key::Line(RESIDENT, 6.0), "after"),
        (Key::Patch(RESIDENT_FILL), "within 10 % of measured"),
    ];
    let top = frame::keys(&mut scene, y, &keys) + 20.0;
    let side = (HEIGHT - top - 58.0).min(PAGE_WIDTH - 2.0 * MARGIN - LIST - 60.0);
    let area = Rect { x: MARGIN + 60.0, y: top, w: side, h: side };
    let values = || dots.iter().flat_map(|dot| [dot.measured, dot.before, dot.after]);
    let low = values().fold(f64::INFINITY, f64::min).max(1.0) / 1.25;
    let high = values().fold(0.0, f64::max) * 1.25;
    let bytes = Axis::logarithmic(low, high);
    let axes = Axes { area, across: bytes, up: bytes };
    grid(&mut scene, &axes);
    for dot in &dots {
        let x = axes.x(dot.measured);
        let (before, after) = ((x, axes.y(dot.before)), (x, axes.y(dot.after)));
        scene.line(vec![before, after], LIVE.faded(0.55), 1.5);
        scene.items.push(Item::Dot(before, 4.0, LIVE));
    }
    for dot in &dots {
        scene.items.push(Item::Dot((axes.x(dot.measured), axes.y(dot.after)), 5.0, RESIDENT));
    }
    worst(&mut scene, &axes, &dots);
    scene
}

fn dots(result: &CalibrationResult) -> Vec<Dot<'_>> {
    let peak = |one: &crate::results::FittedObservation| {
        one.figures.iter().find(|figure| figure.kind == FigureKind::Peak).cloned()
    };
    let dot = |one| -> Option<Dot<'_>> {
        let figure = peak(one)?;
        let (measured, before, after) = (figure.measured, figure.before, figure.after);
        (measured > 0.0).then_some(Dot { id: &one.id, measured, before, after })
    };
    result.observations.iter().filter_map(dot).collect()
}

fn grid(scene: &mut Scene, axes: &Axes) {
    let area = axes.area;
    // Straight lines stay straight between logarithms; the corners are where the band meets the frame.
    let (low, high) = (axes.up.low, axes.up.high);
    let through = |points: [(f64, f64); 3]| -> Vec<(f64, f64)> {
        points.iter().map(|(measured, predicted)| (axes.x(*measured), axes.y(*predicted))).collect()
    };
    scene.items.push(Item::Area {
        upper: through([(low, low * (1.0 + CLOSE)), (high / (1.0 + CLOSE), high), (high, high)]),
        lower: through([(low, low), (low * (1.0 + CLOSE), low), (high, high / (1.0 + CLOSE))]),
        fill: RESIDENT_FILL,
    });
    for bytes in ticks(low, high) {
        let text = tick_text(bytes);
        scene.line(axes.vertical(bytes), GRID, 1.0);
        scene.line(axes.horizontal(bytes), GRID, 1.0);
        frame::tick_below(scene, area, axes.x(bytes), &text);
        frame::label_left(scene, area, axes.y(bytes), &text);
    }
    scene.line(vec![(area.x, area.bottom()), (area.right(), area.y)], AXIS, 1.3);
    let bottom = area.bottom();
    let corner = vec![(area.x, area.y), (area.x, bottom), (area.right(), bottom)];
    scene.line(corner, AXIS, 1.0);
    let middle = (area.x + area.w / 2.0, bottom + 41.0);
    scene.label(middle, "measured peak, GiB", (SMALL, false), INK, Anchor::Middle);
    let above = (area.x - 48.0, area.y - 8.0);
    scene.label(above, "predicted peak, GiB", (SMALL, false), INK, Anchor::Start);
}

/// Round sizes in the range: 1, 2, 5 and their decades, in GiB.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let gib = Bytes::gib(1).as_f64();
    let decades = (-3..5).flat_map(|exponent| {
        [1.0, 1.5, 2.0, 3.0, 5.0, 7.0].map(|digit| digit * 10.0_f64.powi(exponent))
    });
    decades.map(|value| value * gib).filter(|bytes| (low..=high).contains(bytes)).collect()
}

fn tick_text(bytes: f64) -> String {
    let value = bytes / Bytes::gib(1).as_f64();
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The list of those that are furthest off after the fit.
fn worst(scene: &mut Scene, axes: &Axes, dots: &[Dot]) {
    let mut order: Vec<&Dot> = dots.iter().collect();
    order.order_by(|a, b| b.error().abs().total_cmp(&a.error().abs()).then(a.id.cmp(b.id)));
    let x = axes.area.right() + 44.0;
    let room = PAGE_WIDTH - MARGIN - x;
    let mut y = axes.area.y + 14.0;
    scene.label((x, y), "furthest off after the fit", (SMALL, true), INK, Anchor::Start);
    for dot in order.into_iter().take(NAMED) {
        y += 26.0;
        let id = font::fit_name(dot.id, SMALL, false, room);
        scene.label((x, y), &id, (SMALL, false), INK, Anchor::Start);
        y += 17.0;
        let text = format!(
            "{:+.1} %: {} measured, {} predicted",
            dot.error() * 100.0,
            Bytes::from_f64(dot.measured),
            Bytes::from_f64(dot.after)
        );
        scene.text((x, y), &text, SMALL, MUTED);
    }
}

fn describe(dots: &[Dot]) -> String {
    let rows: Vec<String> = dots
        .iter()
        .map(|dot| {
            let size = |bytes| Bytes::from_f64(bytes).to_string();
            let (measured, before, after) = (size(dot.measured), size(dot.before), size(dot.after));
            format!("{} {measured}, {before} before, {after} after", dot.id)
        })
        .collect();
    format!("Measured peaks and predictions: {}.", rows.join("; "))
}
