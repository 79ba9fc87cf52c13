//! Lines with no more points than there are pixels, and with every peak.

use crate::results::{Timeline, TimelinePoint};
use crate::units::Bytes;

use super::plot::Plot;
use super::scene::Point;

/// One figure of a timeline as lines in a plot. A line ends where it leaves the plot at the upper edge,
/// and where there is nothing: a dead server has no line.
pub(super) fn lines(
    plot: &Plot,
    timeline: &Timeline,
    read: impl Fn(&TimelinePoint) -> Bytes,
) -> Vec<Vec<Point>> {
    let xs: Vec<f64> = timeline.points.iter().map(|p| plot.x(p.at)).collect();
    let values: Vec<u64> = timeline.points.iter().map(|p| read(p).0).collect();
    let kept = survivors(&xs, &values);
    let (top, bottom) = (plot.area.y, plot.area.bottom());
    let high = plot.top().as_f64().max(1.0);
    let place = |i: &usize| (xs[*i], bottom - plot.area.h * (values[*i] as f64 / high));
    let points: Vec<Point> = kept.iter().map(place).collect();
    if let [only] = points.as_slice() {
        return vec![vec![(only.0, only.1.max(top))]];
    }
    let mut lines: Vec<Vec<Point>> = Vec::new();
    let mut line: Vec<Point> = Vec::new();
    for pair in points.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let cross = || (a.0 + (b.0 - a.0) * (top - a.1) / (b.1 - a.1), top);
        let nothing = a.1 >= bottom && b.1 >= bottom;
        if nothing || (a.1 < top && b.1 < top) {
            lines.push(std::mem::take(&mut line));
            continue;
        }
        if line.is_empty() {
            line.push(if a.1 < top { cross() } else { a });
        }
        if b.1 < top {
            line.push(cross());
            lines.push(std::mem::take(&mut line));
        } else {
            line.push(b);
        }
    }
    lines.push(line);
    lines.retain(|l| l.len() > 1);
    lines
}

/// Which points of a line to draw: of every pixel column the first, the first lowest, the first
/// highest and the last, so that what follows a column goes on from where it left off. `xs` are pixels in ascending order.
pub(in crate::report) fn survivors(xs: &[f64], values: &[u64]) -> Vec<usize> {
    let count = xs.len().min(values.len());
    let mut kept = Vec::new();
    let mut start = 0;
    while start < count {
        let column = xs[start].floor();
        let mut end = start + 1;
        while end < count && xs[end].floor() <= column {
            end += 1;
        }
        let pick = |better: fn(u64, u64) -> bool| {
            (start..end).fold(
                start,
                |best, i| {
                    if better(values[i], values[best]) { i } else { best }
                },
            )
        };
        let (low, high) = (pick(|a, b| a < b), pick(|a, b| a > b));
        kept.extend([start, low.min(high), low.max(high), end - 1]);
        start = end;
    }
    kept.dedup();
    kept
}

#[cfg(test)]
mod tests {
    use super::survivors;

    #[test]
    fn every_peak_of_a_long_line_survives() {
        let values: Vec<u64> = (0..50_000_u64).map(|i| (i * 7919) % 10_007).collect();
        let xs: Vec<f64> = (0..50_000).map(|i| f64::from(i) / 50.0).collect();
        let kept = survivors(&xs, &values);
        assert!(kept.len() <= 4_000 && kept.is_sorted());
        let highest = kept.iter().map(|i| values[*i]).max();
        assert_eq!(highest, values.iter().copied().max());
        for column in 0..1_000 {
            let all = (column * 50)..(column * 50 + 50);
            let best = all.clone().map(|i| values[i]).max();
            let drawn = kept.iter().filter(|i| all.contains(i)).map(|i| values[*i]).max();
            assert_eq!(best, drawn, "column {column}");
        }
    }

    #[test]
    fn short_lines_stay_whole() {
        assert_eq!(survivors(&[], &[]), Vec::<usize>::new());
        assert_eq!(survivors(&[3.0], &[7]), vec![0]);
        assert_eq!(survivors(&[0.0, 10.0, 10.0, 20.0], &[1, 9, 0, 2]), vec![0, 1, 2, 3]);
    }
}
