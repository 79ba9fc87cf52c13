//! `breaking-point`: how likely it is over the values of a key, and where it becomes too likely.

use crate::results::{FindResult, FoundShare, FoundWhere};
use crate::units::Bytes;

use super::font;
use super::frame::{self, Key, SMALL};
use super::palette::{GOAL, GRID, INK, LIVE, MUTED, RED, RED_BAND, RESIDENT};
use super::plot::{Axis, Plot};
use super::scale::{self, round_ticks};
use super::scene::{Anchor, Item, PAGE_HEIGHT, Point, Rect, Scene};

const NAME: &str = "breaking-point";

/// Draws the chart of a storm of a forecast.
pub(super) fn of_storm(name: &str, found: &FindResult) -> Scene {
    scene(&FindResult { verdict: format!("{name}: {}", found.verdict), ..found.clone() })
}

/// Draws the chart.
pub(super) fn scene(found: &FindResult) -> Scene {
    let mut scene = Scene::new(NAME, &found.verdict, &describe(found), PAGE_HEIGHT);
    let subtitle = format!(
        "{} · Kubernetes {} · seed {} · {} replications",
        font::fit(&found.scenario, frame::SUBTITLE, false, frame::NAME_ROOM),
        found.release,
        found.seed,
        found.replications
    );
    let y = frame::heading(&mut scene, &found.verdict, &subtitle);
    let axes = Axes::new(found, y + 40.0);
    frame::keys(&mut scene, y, &axes.keys(found));
    axes.answer_band(&mut scene, found);
    axes.grid(&mut scene, found);
    axes.band(&mut scene, &found.curve);
    let line = found.curve.iter().map(|share| axes.point(share, axes.share(share)));
    scene.line(line.collect(), RESIDENT, 2.2);
    if found.scanned {
        for share in &found.curve {
            scene.items.push(Item::Dot(axes.point(share, axes.share(share)), 3.0, RESIDENT));
        }
    }
    axes.allowed(&mut scene, found);
    axes.current(&mut scene, found);
    axes.answer(&mut scene, found);
    scene
}

fn describe(found: &FindResult) -> String {
    format!(
        "Probability of {} over {}, from {} to {}, with a 95 % band. {}.",
        found.until, found.key, found.range.0.text, found.range.1.text, found.verdict
    )
}

/// The plot: values to the right, probability upwards.
struct Axes {
    plot: Plot<f64, f64>,
    replications: f64,
}

impl Axes {
    fn new(found: &FindResult, top: f64) -> Self {
        let area = frame::percent_area(top);
        let (low, high) = window(found);
        let plot = Plot { area, across: Axis::linear(low, high), up: Axis::linear(0.0, 1.0) };
        Self { plot, replications: f64::from(found.replications.max(1)) }
    }

    fn keys(&self, found: &FindResult) -> Vec<(Key, &'static str)> {
        let mut keys = vec![
            (Key::Line(RESIDENT, 2.2), "share of replications in which it happens"),
            (Key::Patch(GRID), "95 % interval at each value"),
            (Key::Dashes(RED), "probability allowed"),
        ];
        if found.bracket.is_some() {
            keys.push((Key::Patch(RED_BAND), "95 % interval of the breaking point"));
        }
        if self.shown_current(found).is_some() {
            keys.push((Key::Dashes(GOAL), "in the scenario"));
        }
        keys
    }

    /// The scenario's value, where it is in the plot.
    fn shown_current(&self, found: &FindResult) -> Option<f64> {
        let number = found.current.as_ref()?.number;
        self.plot.across.holds(number).then_some(number)
    }

    fn share(&self, share: &FoundShare) -> f64 {
        f64::from(share.happened.count) / self.replications
    }

    fn point(&self, share: &FoundShare, height: f64) -> Point {
        self.plot.point(share.value.number, height)
    }

    fn grid(&self, scene: &mut Scene, found: &FindResult) {
        let (area, across) = (self.plot.area, self.plot.across);
        frame::percent_grid(scene, area);
        frame::base_line(scene, area);
        let (unit, ticks) = ticks(&found.unit, across.low, across.high);
        for (number, text) in ticks {
            frame::tick_below(scene, area, self.plot.x(number), &text);
        }
        let unit = if unit.is_empty() { String::new() } else { format!(" ({unit})") };
        let key = font::fit(&found.key, SMALL, false, 500.0);
        let caption = format!("{key}{unit}; upwards: probability of {}", found.until);
        frame::caption_below(scene, area, &caption);
    }

    fn band(&self, scene: &mut Scene, curve: &[FoundShare]) {
        let edge = |end: fn(&FoundShare) -> f64| -> Vec<Point> {
            curve.iter().map(|share| self.point(share, end(share))).collect()
        };
        scene.items.push(Item::Area {
            upper: edge(|share| share.happened.high),
            lower: edge(|share| share.happened.low),
            fill: GRID.faded(0.8),
        });
    }

    fn answer_band(&self, scene: &mut Scene, found: &FindResult) {
        let Some(bracket) = &found.bracket else {
            return;
        };
        let ends = [&bracket.low, &bracket.high].map(|end| end.as_ref().map(|v| v.number));
        let open = if found.falling {
            [self.plot.across.high, self.plot.across.low]
        } else {
            [self.plot.across.low, self.plot.across.high]
        };
        let xs = [ends[0].unwrap_or(open[0]), ends[1].unwrap_or(open[1])].map(|n| self.plot.x(n));
        let (from, to) = (xs[0].min(xs[1]), xs[0].max(xs[1]));
        scene.rect(Rect { x: from, w: (to - from).max(2.0), ..self.plot.area }, RED_BAND);
    }

    fn allowed(&self, scene: &mut Scene, found: &FindResult) {
        let y = self.plot.y(found.probability);
        scene.dashed(self.plot.horizontal(found.probability), RED, 1.3, super::DASH);
        let text = format!("{} %", (found.probability * 1e4).round() / 100.0);
        // At the end where the curve is not.
        let (x, anchor) = if found.falling {
            (self.plot.area.right() - 4.0, Anchor::End)
        } else {
            (self.plot.area.x + 4.0, Anchor::Start)
        };
        scene.label((x, y - 6.0), &text, (SMALL, true), RED, anchor);
    }

    fn current(&self, scene: &mut Scene, found: &FindResult) {
        if let Some(number) = self.shown_current(found) {
            scene.dashed(self.plot.vertical(number), GOAL, 1.3, super::DASH);
        }
    }

    fn answer(&self, scene: &mut Scene, found: &FindResult) {
        let Some(bracket) = &found.bracket else {
            return;
        };
        let (safe, past) = (&bracket.safe, &bracket.past);
        scene.line(self.plot.vertical(safe.value.number), LIVE, 2.0);
        let n = found.replications;
        let rows = [
            (format!("safe: {}", safe.value.text), INK, true),
            (format!("{} of {n} at it", safe.happened.count), MUTED, false),
            (format!("{} of {n} at {}", past.happened.count, past.value.text), MUTED, false),
        ];
        let widest = rows.iter().map(|row| font::width(&row.0, 14.0, true)).fold(0.0, f64::max);
        let x = self.plot.x(safe.value.number);
        // On the safe side, where the curve lies low, if there is room.
        let left_free = x - self.plot.area.x > widest + 12.0;
        let right_free = self.plot.area.right() - x > widest + 12.0;
        let on_left = if found.falling { !right_free } else { left_free };
        let (at, anchor) = if on_left { (x - 8.0, Anchor::End) } else { (x + 8.0, Anchor::Start) };
        for (index, (text, colour, bold)) in (0_u8..).zip(&rows) {
            let size = if *bold { 14.0 } else { SMALL };
            let y = self.plot.area.y + 16.0 + 18.0 * f64::from(index);
            scene.label((at, y), text, (size, *bold), *colour, anchor);
        }
    }
}

/// The part of the range in which something changes, with the scenario's value if that is near.
fn window(found: &FindResult) -> (f64, f64) {
    let (first, last) = (found.range.0.number, found.range.1.number);
    let mut low = f64::INFINITY;
    let mut high = f64::NEG_INFINITY;
    for pair in found.curve.windows(2) {
        let changes = pair[0].happened.count != pair[1].happened.count;
        if changes {
            low = low.min(pair[0].value.number);
            high = high.max(pair[1].value.number);
        }
    }
    if low >= high || found.found != FoundWhere::Inside {
        return (first, last.max(first + 1e-9));
    }
    let width = (high - low).max((last - first) / 100.0);
    if let Some(current) = &found.current
        && current.number > low - 3.0 * width
        && current.number < high + 3.0 * width
    {
        low = low.min(current.number);
        high = high.max(current.number);
    }
    let margin = (high - low).max((last - first) / 100.0) * 0.15;
    // Time begins today.
    if found.unit == "months" {
        return (first, (high + margin).min(last));
    }
    ((low - margin).max(first), (high + margin).min(last))
}

/// Ticks between two numbers of a unit, and what the unit is called on the axis.
fn ticks(unit: &str, low: f64, high: f64) -> (&'static str, Vec<(f64, String)>) {
    if unit == "bytes" {
        let (from, to) = (Bytes::from_f64(low), Bytes::from_f64(high));
        let axis = scale::byte_axis_within(from, to, 9);
        let ticks = axis.ticks.into_iter().map(|(bytes, text)| (bytes.as_f64(), text));
        return (axis.unit, ticks.collect());
    }
    let name = match unit {
        "s" => "seconds",
        "bytes_per_s" => "MB/s",
        "per_s" => "per second",
        "percent" => "%",
        "cores" => "cores",
        "months" => "months",
        _ => "",
    };
    let size = if unit == "bytes_per_s" { 1e6 } else { 1.0 };
    (name, round_ticks(low / size, high / size).map(|(x, text)| (x * size, text)).collect())
}

#[cfg(test)]
mod tests {
    use super::{round_ticks, ticks, window};
    use crate::results::{FindResult, FoundShare, FoundValue, FoundWhere, OutcomeCount};
    use crate::units::Bytes;

    #[test]
    fn time_begins_today() {
        let value = |number: f64| FoundValue { text: number.to_string(), number };
        let share = |(number, count)| FoundShare {
            value: value(number),
            happened: OutcomeCount { count, ..OutcomeCount::default() },
        };
        let found = |unit: &str| FindResult {
            unit: unit.to_owned(),
            found: FoundWhere::Inside,
            range: (value(0.0), value(24.0)),
            curve: [(0.0, 0), (15.0, 0), (16.0, 9), (24.0, 9)].map(share).to_vec(),
            ..FindResult::default()
        };
        assert!(window(&found("")).0 > 10.0);
        let (low, high) = window(&found("months"));
        assert!(low.abs() < 1e-9 && (16.0..20.0).contains(&high), "{low} {high}");
    }

    #[test]
    fn ticks_are_few_round_and_inside() {
        for (low, high) in [(0.0, 1.0), (100.0, 2_000.0), (17.0, 18.0), (0.001, 0.002), (0.0, 1e6)]
        {
            let found: Vec<(f64, String)> = round_ticks(low, high).collect();
            assert!((3..=11).contains(&found.len()), "{low} {high}: {found:?}");
            assert!(found.iter().all(|(x, _)| (low - 1e-9..=high + 1e-9).contains(x)));
        }
        let texts: Vec<String> = round_ticks(0.0, 45.0).map(|t| t.1).collect();
        assert_eq!(texts, ["0", "5", "10", "15", "20", "25", "30", "35", "40", "45"]);
        assert_eq!(ticks("bytes", 0.0, Bytes::gib(64).as_f64()).0, "GiB");
    }
}
