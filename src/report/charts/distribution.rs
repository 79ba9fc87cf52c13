//! Distributions of peaks over replications, as steps: what `peak-cdf` and `compare` share.

use std::collections::BTreeSet;

use crate::units::Bytes;

use super::frame;
use super::palette::{Colour, RED};
use super::plot::{Axis, Plot};
use super::scale::{self, ByteAxis, real_limit};
use super::scene::{Item, Point, Rect, Scene};

/// ln(2 / 0.05) / 2: the 95 % band of Dvoretzky, Kiefer, Wolfowitz and Massart is its root over n's.
const BAND: f64 = 1.844_439_727_056_968;
/// Ticks of the axis of bytes.
const TICKS: usize = 10;
/// What the upper end of the axis leaves free: 40 of 700 pixels.
const FREE: (f64, f64) = (700.0, 40.0);

/// The plot: bytes to the right, share of replications upwards.
pub(super) struct Distributions {
    pub(super) plot: Plot<Bytes, f64>,
    axis: ByteAxis,
    /// The limits inside the plot.
    pub(super) limits: BTreeSet<Bytes>,
}

impl Distributions {
    /// Axes for these peaks and limits.
    pub(super) fn new(peaks: &[Bytes], limits: &[Bytes], area: Rect) -> Self {
        let highest = peaks.iter().max().copied().unwrap_or_default();
        let lowest = peaks.iter().min().copied().unwrap_or_default();
        let high = scale::top_of(highest, limits, FREE.0, FREE.1);
        let across = Axis::linear(low_end(lowest, high), high);
        let inside = limits.iter().copied().filter_map(real_limit).filter(|l| across.holds(*l));
        Self {
            plot: Plot { area, across, up: Axis::linear(0.0, 1.0) },
            axis: scale::byte_axis_within(across.low, high, TICKS),
            limits: inside.collect(),
        }
    }

    /// Grid, ticks and what the axes show: of a `replication`, of a `run`.
    pub(super) fn grid(&self, scene: &mut Scene, of: &str) {
        let area = self.plot.area;
        frame::percent_grid(scene, area);
        frame::base_line(scene, area);
        for (bytes, text) in &self.axis.ticks {
            frame::tick_below(scene, area, self.plot.x(*bytes), text);
        }
        let caption = format!(
            "highest resident set of a {of} ({}); upwards: share of {of}s at or below it",
            self.axis.unit
        );
        frame::caption_below(scene, area, &caption);
    }

    /// The steps of sorted peaks from the left edge to the right.
    pub(super) fn steps(&self, sorted: &[Bytes], shift: f64) -> Vec<Point> {
        let area = self.plot.area;
        let mut points = vec![(area.x, self.plot.y(shift))];
        for (rank, bytes) in sorted.iter().enumerate() {
            let x = self.plot.x(*bytes);
            let before = points.last().map_or(0.0, |point| point.1);
            let share = (rank as f64 + 1.0) / sorted.len() as f64;
            points.extend([(x, before), (x, self.plot.y(share + shift))]);
        }
        points.push((area.right(), points.last().map_or(0.0, |point| point.1)));
        points
    }

    /// The 95 % band of sorted peaks.
    pub(super) fn band(&self, scene: &mut Scene, sorted: &[Bytes], fill: Colour) {
        let wide = (BAND / sorted.len().max(1) as f64).sqrt();
        let (upper, lower) = (self.steps(sorted, wide), self.steps(sorted, -wide));
        scene.items.push(Item::Area { upper, lower, fill });
    }

    /// The limits that are inside the plot.
    pub(super) fn limit_lines(&self, scene: &mut Scene) {
        for limit in &self.limits {
            scene.line(self.plot.vertical(*limit), RED, frame::LIMIT_WIDTH);
        }
    }
}

/// Where the axis begins: at zero, or nearer when all peaks are far from it.
fn low_end(lowest: Bytes, high: Bytes) -> Bytes {
    let lowest = lowest.min(high.scale(0.95));
    let margin = (high - lowest).scale(0.25);
    if lowest.scale(2.0) > high { lowest - margin } else { Bytes::ZERO }
}
