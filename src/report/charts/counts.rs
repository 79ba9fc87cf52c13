//! Axes of counts: seats, requests, calls, watches.

use crate::report::format::grouped;
use crate::units::SimTime;

use super::frame::{self, SMALL};
use super::palette::{GRID, MUTED};
use super::plot::Plot;
use super::scene::{Anchor, Scene};

/// A plot of seats, requests or watches over time.
pub(super) type CountPlot = Plot<SimTime, u64>;

/// The upper end of an axis of counts: a little above the highest.
pub(super) fn above(highest: u64) -> u64 {
    (highest.max(1) as f64 * 1.09).ceil() as u64
}

/// Ticks of an axis of counts: about `most` of them, at whole numbers.
fn count_ticks(top: u64, most: usize) -> Vec<u64> {
    let room = top.div_ceil(most.max(1) as u64).max(1);
    let tens = (0..19).map(|exponent| 10_u64.pow(exponent));
    let steps = tens.flat_map(|ten| [1, 2, 5].map(|n| ten.saturating_mul(n)));
    let step = steps.into_iter().find(|step| *step >= room).unwrap_or(u64::MAX);
    (0..=top / step).map(|i| i * step).collect()
}

/// Grid lines and what they stand for.
pub(super) fn axis(scene: &mut Scene, plot: &CountPlot, name: &str) {
    let area = plot.area;
    // The name of the axis takes the place of the highest tick.
    let free = |tick: &u64| plot.y(*tick) > area.y + 16.0;
    let most = ((area.h - 16.0) / 34.0).max(1.0) as usize;
    // Finer ones where only zero is left; they stay clear of each other.
    let mut finer = (most..most + 3).map(|most| count_ticks(plot.top(), most));
    let ticks = finer.find(|ticks| ticks.iter().filter(|tick| free(tick)).count() > 1);
    for tick in ticks.unwrap_or_else(|| vec![0]).into_iter().filter(free) {
        scene.line(plot.horizontal(tick), GRID, 1.0);
        frame::label_left(scene, area, plot.y(tick), &grouped(tick));
    }
    let at = (area.x - frame::LABEL_LEFT, area.y + 5.0);
    scene.label(at, name, (SMALL, true), MUTED, Anchor::End);
}

#[cfg(test)]
mod tests {
    use super::count_ticks;

    #[test]
    fn ticks_of_counts_are_whole_and_few() {
        assert_eq!(count_ticks(368, 4), [0, 100, 200, 300]);
        assert_eq!(count_ticks(1, 5), [0, 1]);
        assert_eq!(count_ticks(12, 3), [0, 5, 10]);
        for top in [1, 9, 4_768, u64::MAX] {
            assert!(count_ticks(top, 4).len() <= 5, "{top}");
        }
    }
}
