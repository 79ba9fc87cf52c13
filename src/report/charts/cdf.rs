//! `peak-cdf`: in how many replications the peak stayed below a size, and how many met the limit.

use crate::units::{Bytes, Sort};

use super::distribution::Distributions;
use super::frame::{self, Key, MARGIN, SMALL};
use super::palette::{Colour, GRID, INK, LINES, MUTED, OTHER, RED};
use super::plot::Plot;
use super::scale::real_limit;
use super::scene::{Anchor, PAGE_HEIGHT, PAGE_WIDTH, Rect, Scene};
use super::{ChartInput, ServerPeaks, font};

const NAME: &str = "peak-cdf";
/// Width of the table at the right.
const TABLE: f64 = 330.0;
/// From the plot to the table.
const TABLE_GAP: f64 = 34.0;
/// Room for the labels at the left of the plot.
const LEFT: f64 = 54.0;

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
    curves.order_by_key(|c| {
        let highest = std::cmp::Reverse(c.sorted.last().copied());
        (std::cmp::Reverse(c.killed()), std::cmp::Reverse(c.quantile(0.5)), highest)
    });
    for (curve, colour) in curves.iter_mut().zip(LINES) {
        curve.colour = Some(colour);
    }
    let title = finding(curves.first()?);
    let mut scene = Scene::new(NAME, &title, &describe(&curves), PAGE_HEIGHT);
    let y = frame::heading(&mut scene, &title, &frame::subtitle(input, ""));
    let axes = axes(&curves, y + 40.0);
    frame::keys(&mut scene, y, &used_keys(&axes, &curves));
    axes.grid(&mut scene, "replication");
    axes.band(&mut scene, &curves[0].sorted, GRID.faded(0.8));
    axes.limit_lines(&mut scene);
    for curve in curves.iter().rev() {
        let (colour, width) = curve.colour.map_or((OTHER, 1.2), |c| (c, 2.2));
        scene.line(axes.steps(&curve.sorted, 0.0), colour, width);
    }
    read_off(&axes.plot, &mut scene, &curves[0]);
    table(&mut scene, &curves, axes.plot.area);
    Some(scene)
}

fn finding(worst: &Curve) -> String {
    let (killed, runs) = (worst.killed(), worst.sorted.len());
    let name = font::fit_name(worst.of.server, frame::TITLE, true, 420.0);
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

/// Where the distributions are drawn.
fn axes(curves: &[Curve], top: f64) -> Distributions {
    let left = MARGIN + LEFT;
    let area = Rect {
        x: left,
        y: top,
        w: PAGE_WIDTH - MARGIN - TABLE - TABLE_GAP - left,
        h: PAGE_HEIGHT - frame::FOOT - top,
    };
    let peaks: Vec<Bytes> = curves.iter().flat_map(|curve| curve.sorted.iter().copied()).collect();
    let limits: Vec<Bytes> = curves.iter().map(|curve| curve.of.limit).collect();
    Distributions::new(&peaks, &limits, area)
}

fn used_keys(axes: &Distributions, curves: &[Curve]) -> Vec<(Key, &'static str)> {
    let mut keys = vec![(Key::Patch(GRID), "95 % band of the worst server")];
    if curves.len() > LINES.len() {
        keys.push((Key::Line(OTHER, 1.2), "other servers"));
    }
    if !axes.limits.is_empty() {
        keys.push((Key::Line(RED, frame::LIMIT_WIDTH), "memory limit"));
    }
    if curves.first().is_some_and(|curve| curve.killed() > 0) {
        keys.push((Key::Line(RED, 5.0), "share of replications with an OOM kill"));
    }
    keys
}

/// P(OOM) of the worst server: what is missing to 100 % at the limit.
fn read_off(plot: &Plot<Bytes, f64>, scene: &mut Scene, worst: &Curve) {
    let Some(limit) = real_limit(worst.of.limit).filter(|_| worst.killed() > 0) else {
        return;
    };
    let (x, y) = (plot.x(limit), plot.y(worst.safe()));
    scene.line(vec![(x, y), (x, plot.area.y)], RED, 5.0);
    scene.dashed(vec![(plot.area.x, y), (x, y)], RED, 1.0, super::DASH);
    let text = format!("P(OOM) {}", percent(1.0 - worst.safe()));
    let middle = (f64::midpoint(y, plot.area.y) + 4.8).max(plot.area.y + 14.0);
    scene.label((x - 12.0, middle), &text, (14.0, true), RED, Anchor::End);
    if worst.safe() > 0.0 {
        let text = format!("no OOM kill in {}", percent(worst.safe()));
        let below = if y + 24.0 > plot.area.bottom() { -7.0 } else { 17.0 };
        scene.text((plot.area.x + 8.0, y + below), &text, SMALL, MUTED);
    }
}

fn percent(part: f64) -> String {
    format!("{:.0} %", part * 100.0)
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
        let name = font::fit_name(curve.of.server, frame::NAME, true, right - x - 28.0);
        scene.label((x + 28.0, y), &name, (frame::NAME, true), INK, Anchor::Start);
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
