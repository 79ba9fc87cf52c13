//! `tornado`: which keys move the peak, and which way.

use crate::results::{Effect, Sensitivity, SweepSummary};
use crate::units::Bytes;

use super::{subtitle, title};
use crate::report::charts::font;
use crate::report::charts::frame::{self, Key, MARGIN};
use crate::report::charts::palette::{AXIS, INK, LIVE, MUTED, RESIDENT};
use crate::report::charts::plot::Axis;
use crate::report::charts::scene::{Anchor, PAGE_WIDTH, Rect, Scene};

const NAME: &str = "tornado";
/// Room for the names at the left and the figures at the right.
const NAMES: f64 = 300.0;
const FIGURES: f64 = 190.0;
/// Height of a key.
const STEP: f64 = 56.0;

/// The parts of an effect that lower and raise the figure; together they are as long as it is strong.
fn parts(effect: &Effect) -> (f64, f64) {
    ((effect.mean_absolute - effect.mean) / 2.0, f64::midpoint(effect.mean_absolute, effect.mean))
}

/// Draws the chart.
pub(super) fn scene(sweep: &SweepSummary) -> Scene {
    let keys = &sweep.sensitivity;
    let height = 236.0 + STEP * keys.len() as f64;
    let mut scene = Scene::new(NAME, &title(sweep), &describe(keys), height);
    let y = frame::heading(&mut scene, &title(sweep), &subtitle(sweep));
    let legend = [
        (Key::Patch(LIVE), "raises the median peak"),
        (Key::Patch(RESIDENT), "lowers it"),
        (Key::Line(INK, 1.3), "mean ± standard deviation: wide where the other keys matter too"),
    ];
    let top = frame::keys(&mut scene, y, &legend) + 42.0;
    let left = MARGIN + NAMES;
    let area = Rect {
        x: left,
        y: top,
        w: PAGE_WIDTH - MARGIN - FIGURES - left,
        h: STEP * keys.len() as f64,
    };
    let axis = Effects::new(keys, area);
    let right = area.right() + 24.0;
    scene.label(
        (right, top - 12.0),
        "mean |effect| on the peak,",
        (11.5, false),
        MUTED,
        Anchor::Start,
    );
    scene.label((right, top + 1.0), "on P(OOM)", (11.5, false), MUTED, Anchor::Start);
    for (row, one) in keys.iter().enumerate() {
        bar(&mut scene, &axis, one, top + STEP * (row as f64 + 0.5));
    }
    axis.draw(&mut scene);
    scene
}

fn describe(keys: &[Sensitivity]) -> String {
    let rows: Vec<String> = keys
        .iter()
        .map(|one| {
            let (mean, absolute) = (signed(one.peak_bytes.mean), one.peak_bytes.mean_absolute);
            format!("{}: mean {mean}, mean of absolute {}", one.key, Bytes::from_f64(absolute))
        })
        .collect();
    format!("Elementary effects on the median peak per whole range of a key. {}.", rows.join("; "))
}

fn signed(bytes: f64) -> String {
    let sign = if bytes < 0.0 { "−" } else { "+" };
    format!("{sign}{}", Bytes::from_f64(bytes.abs()))
}

/// Bytes to both sides of none.
struct Effects {
    area: Rect,
    bytes: Axis<f64>,
}

impl Effects {
    fn new(keys: &[Sensitivity], area: Rect) -> Self {
        let ends = |one: &Sensitivity| {
            let effect = &one.peak_bytes;
            let (lower, raise) = parts(effect);
            let low = (-lower).min(effect.mean - effect.deviation);
            (low, raise.max(effect.mean + effect.deviation))
        };
        let low = keys.iter().map(|one| ends(one).0).fold(0.0, f64::min);
        let high = keys.iter().map(|one| ends(one).1).fold(0.0, f64::max);
        let most = (high - low).max(1.0);
        Self { area, bytes: Axis::linear(low - 0.03 * most, high + 0.03 * most) }
    }

    fn x(&self, bytes: f64) -> f64 {
        self.area.x + self.area.w * self.bytes.part(bytes)
    }

    fn draw(&self, scene: &mut Scene) {
        let (top, bottom) = (self.area.y, self.area.bottom());
        let zero = self.x(0.0);
        scene.line(vec![(zero, top), (zero, bottom + 5.0)], AXIS, 1.2);
        let wide = self.bytes.high - self.bytes.low;
        let axis = crate::report::charts::scale::byte_axis(Bytes::from_f64(wide), 8);
        for (bytes, text) in &axis.ticks {
            for sign in [-1.0, 1.0] {
                let at = sign * bytes.as_f64();
                if !self.bytes.holds(at) || bytes.0 == 0 && sign < 0.0 {
                    continue;
                }
                let text = match (bytes.0, sign < 0.0) {
                    (0, _) => "0".to_owned(),
                    (_, true) => format!("−{text}"),
                    (_, false) => format!("+{text}"),
                };
                frame::tick_below(scene, self.area, self.x(at), &text);
            }
        }
        let caption =
            format!("change of the median peak over the whole range of the key ({})", axis.unit);
        frame::caption_below(scene, self.area, &caption);
    }
}

fn bar(scene: &mut Scene, axis: &Effects, one: &Sensitivity, middle: f64) {
    let effect = &one.peak_bytes;
    let name = font::fit_name(&one.key, frame::NAME, true, NAMES - 14.0);
    scene.label((axis.area.x - 14.0, middle + 4.8), &name, (frame::NAME, true), INK, Anchor::End);
    let (lower, raise) = parts(effect);
    let zero = axis.x(0.0);
    let thick = STEP * 0.5;
    let part =
        |from: f64, to: f64| Rect { x: from, y: middle - thick / 2.0, w: to - from, h: thick };
    scene.rect(part(axis.x(-lower), zero), RESIDENT);
    scene.rect(part(zero, axis.x(raise)), LIVE);
    let (from, to) =
        (axis.x(effect.mean - effect.deviation), axis.x(effect.mean + effect.deviation));
    if to - from > 1.0 {
        scene.line(vec![(from, middle), (to, middle)], INK, 1.3);
        for end in [from, to] {
            scene.line(vec![(end, middle - 5.0), (end, middle + 5.0)], INK, 1.3);
        }
    }
    let right = axis.area.right() + 24.0;
    let strength = Bytes::from_f64(effect.mean_absolute).to_string();
    scene.label((right, middle - 1.0), &strength, (frame::NAME, true), INK, Anchor::Start);
    let oom = format!("P(OOM) {:.0} % points", one.oom.mean_absolute * 100.0);
    scene.text((right, middle + 15.0), &oom, 12.0, MUTED);
}
