//! `peak-cdf`: in how many replications the peak stayed below a size, and how many met the limit.

use std::collections::BTreeSet;

use crate::units::Bytes;

use super::frame::{self, Key, MARGIN, SMALL};
use super::palette::{AXIS, Colour, GRID, INK, LINES, MUTED, OTHER, RED};
use super::scale::{self, real_limit};
use super::scene::{Anchor, Item, PAGE_HEIGHT, PAGE_WIDTH, Point, Rect, Scene};
use super::{ChartInput, ServerPeaks, font};

const NAME: &str = "peak-cdf";
/// Width of the table at the right.
const TABLE: f64 = 330.0;
/// ln(2 / 0.05) / 2: the 95 % band of Dvoretzky, Kiefer, Wolfowitz and Massart is its root over n's.
const BAND: f64 = 1.844_439_727_056_968;

/// One server's sorted peaks.
struct Curve<'a> {
    of: &'a ServerPeaks<'a>,
    sorted: Vec<Bytes>,
    colour: Option<Colour>,
}

impl Curve<'_> {
    fn quantile(&self, part: f64) -> Bytes {
        let rank = (self.sorted.len() as f64 * part).ceil() as usize;
        self.sorted.get(rank.max(1) - 1).copied().unwrap_or_default()
    }

    /// Share of the replications without a kill.
    fn safe(&self) -> f64 {
        1.0 - self.killed() as f64 / self.sorted.len().max(1) as f64
    }

    fn killed(&self) -> usize {
        (self.of.runs_with_oom as usize).min(self.sorted.len())
    }
}

/// Draws the chart; none below two replications.
pub(super) fn scene(input: &ChartInput) -> Option<Scene> {
    let mut curves: Vec<Curve> = input
        .peaks
        .iter()
        .filter(|p| p.peaks.len() >= 2)
        .map(|of| {
            let mut sorted = of.peaks.to_vec();
            sorted.sort_unstable();
            Curve { of, sorted, colour: None }
        })
        .collect();
    // The worst first: they have colours of their own and stand in the table.
    curves.sort_by_key(|c| {
        let highest = std::cmp::Reverse(c.sorted.last().copied());
        (std::cmp::Reverse(c.killed()), std::cmp::Reverse(c.quantile(0.5)), highest)
    });
    for (curve, colour) in curves.iter_mut().zip(LINES) {
        curve.colour = Some(colour);
    }
    let title = finding(curves.first()?);
    let mut scene = Scene::new(NAME, &title, &describe(&curves), PAGE_HEIGHT);
    let y = frame::heading(&mut scene, &title, &frame::subtitle(input, ""));
    let axes = Axes::new(&curves, y + 34.0);
    frame::keys(&mut scene, y, &axes.used_keys(&curves));
    axes.draw(&mut scene);
    axes.band(&mut scene, &curves[0]);
    axes.limits(&mut scene, &curves);
    for curve in curves.iter().rev() {
        axes.curve(&mut scene, curve);
    }
    axes.read_off(&mut scene, &curves[0]);
    table(&mut scene, &curves, axes.area);
    Some(scene)
}

fn finding(worst: &Curve) -> String {
    let (killed, runs) = (worst.killed(), worst.sorted.len());
    let name = font::fit_name(worst.of.server, 23.0, true, 420.0);
    if killed > 0 {
        let part = 100.0 * killed as f64 / runs as f64;
        return format!("{name} was OOM-killed in {killed} of {runs} replications ({part:.0} %)");
    }
    let highest = worst.sorted.last().copied().unwrap_or_default();
    match real_limit(worst.of.limit) {
        Some(limit) => format!(
            "No OOM kill in {runs} replications: {name} peaks at {highest} at most, {} of its limit",
            super::stack::share(highest, limit)
        ),
        None => format!("{name} peaks at {highest} at most in {runs} replications"),
    }
}

fn describe(curves: &[Curve]) -> String {
    let rows: Vec<String> = curves
        .iter()
        .map(|c| {
            let (median, p95) = (c.quantile(0.5), c.quantile(0.95));
            let runs = c.sorted.len();
            format!("{}: median {median}, p95 {p95}, OOM in {} of {runs}", c.of.server, c.killed())
        })
        .collect();
    format!("Distribution of the peak memory over the replications. {}.", rows.join("; "))
}

/// The plot: bytes to the right, share of replications upwards.
struct Axes {
    area: Rect,
    low: Bytes,
    high: Bytes,
    unit: &'static str,
    ticks: Vec<(Bytes, String)>,
}

impl Axes {
    fn new(curves: &[Curve], top: f64) -> Self {
        let all = curves.iter().flat_map(|c| c.sorted.iter().copied());
        let highest = all.max().unwrap_or_default();
        let limits: Vec<Bytes> = curves.iter().map(|c| c.of.limit).collect();
        let high = scale::top_of(highest, &limits, 700.0, 40.0);
        let all = curves.iter().flat_map(|c| c.sorted.iter().copied());
        let low = low_end(all.min().unwrap_or_default(), high);
        let mut axis = scale::byte_axis(high, 10);
        if low > Bytes::ZERO {
            axis = scale::byte_axis_within(low, high, 10);
        }
        let left = MARGIN + 54.0;
        Self {
            area: Rect {
                x: left,
                y: top + 6.0,
                w: PAGE_WIDTH - MARGIN - TABLE - 34.0 - left,
                h: PAGE_HEIGHT - 62.0 - top - 6.0,
            },
            low,
            high,
            unit: axis.unit,
            ticks: axis.ticks,
        }
    }

    fn used_keys(&self, curves: &[Curve]) -> Vec<(Key, &'static str)> {
        let mut keys = vec![(Key::Patch(GRID), "95 % band of the worst server")];
        if curves.len() > LINES.len() {
            keys.push((Key::Line(OTHER, 1.2), "other servers"));
        }
        if self.shown_limits(curves).next().is_some() {
            keys.push((Key::Line(RED, 1.5), "memory limit"));
        }
        if curves.first().is_some_and(|c| c.killed() > 0) {
            keys.push((Key::Line(RED, 5.0), "share of replications with an OOM kill"));
        }
        keys
    }

    /// The limits inside the plot.
    fn shown_limits(&self, curves: &[Curve]) -> impl Iterator<Item = Bytes> + use<> {
        let limits = curves.iter().filter_map(|c| real_limit(c.of.limit));
        let inside = limits.filter(|l| (self.low..=self.high).contains(l));
        inside.collect::<BTreeSet<Bytes>>().into_iter()
    }

    fn x(&self, bytes: Bytes) -> f64 {
        let span = (self.high - self.low).as_f64().max(1.0);
        let part = (bytes - self.low).as_f64() / span;
        self.area.x + self.area.w * part.clamp(0.0, 1.0)
    }

    fn y(&self, part: f64) -> f64 {
        self.area.bottom() - self.area.h * part.clamp(0.0, 1.0)
    }

    fn draw(&self, scene: &mut Scene) {
        for quarter in 0..=4 {
            let y = self.y(f64::from(quarter) / 4.0);
            let text = format!("{} %", quarter * 25);
            scene.line(vec![(self.area.x, y), (self.area.right(), y)], GRID, 1.0);
            scene.label((self.area.x - 8.0, y + 4.4), &text, (SMALL, false), MUTED, Anchor::End);
        }
        let base = self.area.bottom();
        scene.line(vec![(self.area.x, base), (self.area.right(), base)], AXIS, 1.0);
        for (bytes, text) in &self.ticks {
            let x = self.x(*bytes);
            scene.line(vec![(x, base), (x, base + 4.0)], AXIS, 1.0);
            scene.label((x, base + 19.0), text, (SMALL, false), MUTED, Anchor::Middle);
        }
        let middle = self.area.x + self.area.w / 2.0;
        let caption = format!(
            "highest resident set of a replication ({}); upwards: share of replications at or below it",
            self.unit
        );
        scene.label((middle, base + 39.0), &caption, (SMALL, false), MUTED, Anchor::Middle);
    }

    /// The steps of a curve from the left edge to the right.
    fn steps(&self, curve: &Curve, shift: f64) -> Vec<Point> {
        let count = curve.sorted.len() as f64;
        let mut points = vec![(self.area.x, self.y(shift.max(0.0)))];
        for (rank, bytes) in curve.sorted.iter().enumerate() {
            let x = self.x(*bytes);
            let before = points.last().map_or(0.0, |p| p.1);
            points.push((x, before));
            points.push((x, self.y((rank as f64 + 1.0) / count + shift)));
        }
        points.push((self.area.right(), points.last().map_or(0.0, |p| p.1)));
        points
    }

    fn band(&self, scene: &mut Scene, curve: &Curve) {
        let wide = (BAND / curve.sorted.len().max(1) as f64).sqrt();
        scene.items.push(Item::Area {
            upper: self.steps(curve, wide),
            lower: self.steps(curve, -wide),
            fill: GRID.faded(0.8),
        });
    }

    fn limits(&self, scene: &mut Scene, curves: &[Curve]) {
        for limit in self.shown_limits(curves) {
            let x = self.x(limit);
            scene.line(vec![(x, self.area.y), (x, self.area.bottom())], RED, 1.5);
        }
    }

    fn curve(&self, scene: &mut Scene, curve: &Curve) {
        let (colour, width) = curve.colour.map_or((OTHER, 1.2), |c| (c, 2.2));
        scene.line(self.steps(curve, 0.0), colour, width);
    }

    /// P(OOM) of the worst server: what is missing to 100 % at the limit.
    fn read_off(&self, scene: &mut Scene, worst: &Curve) {
        let Some(limit) = real_limit(worst.of.limit).filter(|_| worst.killed() > 0) else {
            return;
        };
        let (x, y) = (self.x(limit), self.y(worst.safe()));
        scene.line(vec![(x, y), (x, self.area.y)], RED, 5.0);
        scene.dashed(vec![(self.area.x, y), (x, y)], RED, 1.0, super::DASH);
        let text = format!("P(OOM) {}", percent(1.0 - worst.safe()));
        let middle = (f64::midpoint(y, self.area.y) + 4.8).max(self.area.y + 14.0);
        scene.label((x - 12.0, middle), &text, (14.0, true), RED, Anchor::End);
        if worst.safe() > 0.0 {
            let text = format!("no OOM kill in {}", percent(worst.safe()));
            let below = if y + 24.0 > self.area.bottom() { -7.0 } else { 17.0 };
            scene.text((self.area.x + 8.0, y + below), &text, SMALL, MUTED);
        }
    }
}

fn percent(part: f64) -> String {
    format!("{:.0} %", part * 100.0)
}

/// Where the axis begins: at zero, or nearer when all peaks are far from it.
fn low_end(lowest: Bytes, high: Bytes) -> Bytes {
    let lowest = lowest.min(high.scale(0.95));
    let margin = (high - lowest).scale(0.25);
    if lowest.scale(2.0) > high { lowest - margin } else { Bytes::ZERO }
}

/// The 95 % interval of a share after Wilson.
fn wilson(hits: usize, of: usize) -> (f64, f64) {
    const Z: f64 = 1.959_963_984_540_054;
    let n = of.max(1) as f64;
    let p = hits as f64 / n;
    let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

/// Figures of the servers with a colour of their own.
fn table(scene: &mut Scene, curves: &[Curve], area: Rect) {
    let (x, right) = (area.right() + 34.0, PAGE_WIDTH - MARGIN);
    let mut y = area.y + 10.0;
    for curve in curves.iter().filter(|c| c.colour.is_some()) {
        let colour = curve.colour.unwrap_or(OTHER);
        scene.line(vec![(x, y - 4.5), (x + 18.0, y - 4.5)], colour, 3.0);
        let name = font::fit_name(curve.of.server, 13.5, true, right - x - 28.0);
        scene.label((x + 28.0, y), &name, (13.5, true), INK, Anchor::Start);
        y += 19.0;
        let figures = format!("median {} · p95 {}", curve.quantile(0.5), curve.quantile(0.95));
        scene.text((x + 28.0, y), &figures, SMALL, INK);
        y += 18.0;
        let (low, high) = wilson(curve.killed(), curve.sorted.len());
        let (killed, runs) = (curve.killed(), curve.sorted.len());
        let chance = format!(
            "OOM in {killed} of {runs} · 95 % interval {:.0}–{}",
            low * 100.0,
            percent(high)
        );
        let colour = if killed > 0 { RED } else { MUTED };
        scene.text((x + 28.0, y), &chance, SMALL, colour);
        y += 18.0;
        if let Some(limit) = real_limit(curve.of.limit) {
            scene.text((x + 28.0, y), &format!("limit {limit}"), SMALL, MUTED);
            y += 18.0;
        }
        y += 14.0;
    }
    if curves.len() > LINES.len() {
        let text = format!("and {} more servers in grey", curves.len() - LINES.len());
        scene.text((x, y), &text, SMALL, MUTED);
    }
}

#[cfg(test)]
mod tests {
    use super::wilson;

    #[test]
    fn intervals_of_shares() {
        let near = |a: f64, b: f64| (a - b).abs() < 5e-4;
        let (low, high) = wilson(10, 20);
        assert!(near(low, 0.2993) && near(high, 0.7007));
        let (low, high) = wilson(0, 20);
        assert!(near(low, 0.0) && near(high, 0.1611));
        assert_eq!(wilson(0, 0).0.to_bits(), 0f64.to_bits());
    }
}
