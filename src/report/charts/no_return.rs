//! `no-return`: how likely it was, at each instant, that it would still happen; and how near the limit
//! memory was by then.

use crate::results::{NoReturn, NoReturnPoint, PassedPoint};

use super::font;
use super::frame::{self, Key, SMALL};
use super::palette::{EVENT, GRID, LIVE, MUTED, RED, RESIDENT};
use super::plot::{Axis, Plot};
use super::scale::round_ticks;
use super::scene::{Anchor, Item, PAGE_HEIGHT, Point, Scene};

const NAME: &str = "no-return";
/// Room above the plot for the names of instants.
const ABOVE: f64 = 62.0;

/// Draws the chart.
pub(super) fn scene(found: &NoReturn) -> Scene {
    let description = format!(
        "Probability that {} follows from the state at each instant, with a 95 % band, beside the \
         memory of the server that is nearest to its limit. {}.",
        found.until, found.verdict
    );
    let mut scene = Scene::new(NAME, &found.verdict, &description, PAGE_HEIGHT);
    let subtitle = format!(
        "{} · Kubernetes {} · seed {}, replication {} · {} continuations at each of {} instants",
        font::fit(&found.scenario, frame::SUBTITLE, false, frame::NAME_ROOM),
        found.release,
        found.seed,
        found.replication,
        found.continuations,
        found.points.len()
    );
    let y = frame::heading(&mut scene, &found.verdict, &subtitle);
    let keys = [
        (Key::Line(RESIDENT, 2.2), "continuations in which it happens"),
        (Key::Patch(GRID), "95 % interval"),
        (Key::Line(LIVE, 1.6), "memory as a share of the limit"),
    ];
    frame::keys(&mut scene, y, &keys);
    let drawing = Drawing::new(found, y + ABOVE);
    drawing.draw(&mut scene);
    scene
}

struct Drawing<'a> {
    found: &'a NoReturn,
    plot: Plot<f64, f64>,
}

impl<'a> Drawing<'a> {
    fn new(found: &'a NoReturn, top: f64) -> Self {
        let area = frame::percent_area(top);
        let first = found.points.first().map_or(0.0, |point| point.at_seconds);
        let last = found.points.last().map_or(1.0, |point| point.at_seconds);
        let (low, high) = (first, found.happened_seconds.unwrap_or(last).max(first + 1e-3));
        let margin = (high - low) * 0.03;
        let across =
            Axis::linear(low - margin - found.began_seconds, high + margin - found.began_seconds);
        Self { found, plot: Plot { area, across, up: Axis::linear(0.0, 1.0) } }
    }

    fn at(&self, seconds: f64) -> f64 {
        seconds - self.found.began_seconds
    }

    fn points(&self, height: impl Fn(&NoReturnPoint) -> f64) -> Vec<Point> {
        let point = |p: &NoReturnPoint| self.plot.point(self.at(p.at_seconds), height(p).min(1.0));
        self.found.points.iter().map(point).collect()
    }

    fn draw(&self, scene: &mut Scene) {
        let (area, across) = (self.plot.area, self.plot.across);
        frame::percent_grid(scene, area);
        scene.items.push(Item::Area {
            upper: self.points(|point| point.happened.high),
            lower: self.points(|point| point.happened.low),
            fill: GRID.faded(0.8),
        });
        frame::base_line(scene, area);
        for (seconds, text) in round_ticks(across.low, across.high) {
            frame::tick_below(scene, area, self.plot.x(seconds), &text);
        }
        frame::caption_below(scene, area, "seconds after the first event");
        if self.found.points.iter().any(|point| point.visible.limit_share > 0.0) {
            scene.line(self.points(|point| point.visible.limit_share), LIVE, 1.6);
        }
        let n = f64::from(self.found.continuations.max(1));
        let mut line = self.points(|point| f64::from(point.happened.count) / n);
        if let Some(happened) = self.found.happened_seconds {
            line.push(self.plot.point(self.at(happened), 1.0));
        }
        scene.line(line, RESIDENT, 2.2);
        self.marks(scene);
    }

    /// Named instants. Each name stands on a row of its own: they can be close together.
    fn marks(&self, scene: &mut Scene) {
        let name = |passed: &PassedPoint| format!("P = {:.0} %", passed.probability * 100.0);
        let first = self.found.points.first().map_or(0.0, |point| point.at_seconds);
        let is_before =
            |passed: &&PassedPoint| passed.at_seconds <= first.min(self.found.began_seconds);
        // What is passed before the first event stands beside its name: it is the same place.
        let before = self.found.passed.iter().rfind(is_before);
        let event = before.map_or_else(
            || "first event".to_owned(),
            |passed| format!("first event, {} before it", name(passed)),
        );
        let mut marks = vec![(self.found.began_seconds, event, EVENT)];
        for passed in self.found.passed.iter().filter(|passed| !is_before(passed)) {
            // Where both are passed at once, the higher says all.
            let again = |(at, _, _): &mut (f64, _, _)| at.total_cmp(&passed.at_seconds).is_eq();
            if marks.len() > 1 {
                marks.pop_if(again);
            }
            marks.push((passed.at_seconds, name(passed), MUTED));
        }
        marks.extend(self.found.happened_seconds.map(|at| (at, self.found.until.clone(), RED)));
        for (row, (seconds, name, colour)) in (0_u8..).zip(&marks) {
            let x = self.plot.x(self.at(*seconds));
            let y = self.plot.area.y - 6.0 - 13.0 * f64::from(row % 4);
            scene.line(vec![(x, y + 2.0), (x, self.plot.area.bottom())], *colour, 1.2);
            let room = font::width(name, SMALL, true) + 8.0;
            let (at, anchor) = if x + room < self.plot.area.right() {
                (x + 4.0, Anchor::Start)
            } else {
                (x - 4.0, Anchor::End)
            };
            let ink = if *colour == RED { RED } else { MUTED };
            scene.label((at, y), name, (SMALL, true), ink, anchor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Item, NoReturn, PassedPoint, scene};
    use crate::results::NoReturnPoint;

    #[test]
    fn what_is_passed_before_the_first_event_has_no_place_of_its_own() {
        let point = |at_seconds| NoReturnPoint { at_seconds, ..NoReturnPoint::default() };
        let before = 59.999_999_999;
        let at = |probability, at| PassedPoint { probability, after_seconds: at, at_seconds: at };
        let found = NoReturn {
            began_seconds: 60.0,
            happened_seconds: Some(80.0),
            points: vec![point(before), point(60.0), point(70.0)],
            passed: vec![at(0.5, before), at(0.95, 70.0)],
            ..NoReturn::default()
        };
        let scene = scene(&found);
        let text = |item: &Item| match item {
            Item::Text(label) => Some(label.text.clone()),
            Item::Box(..) | Item::Area { .. } | Item::Path(..) | Item::Dot(..) => None,
        };
        let texts: Vec<String> = scene.items.iter().filter_map(text).collect();
        let has = |name: &str| texts.iter().any(|text| text == name);
        assert!(has("first event, P = 50 % before it"), "{texts:?}");
        assert!(has("P = 95 %") && !has("P = 50 %"), "{texts:?}");
    }
}
