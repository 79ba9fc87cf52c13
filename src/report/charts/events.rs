//! Names of events above a plot, staggered so that none covers another or is cut by another's line.

use crate::results::PhaseRecord;
use crate::units::{SimTime, Sort};

use super::font;
use super::palette::{EVENT, FAINT, INK, MUTED};
use super::plot::{Plot, Value};
use super::scene::{Anchor, Scene};

/// Size of the names.
const SIZE: f64 = 12.0;
/// From one row of names to the next.
pub(super) const ROW: f64 = 17.0;
/// Free pixels between two names.
const GAP: f64 = 10.0;
/// More events than this have paler lines.
const MANY: usize = 12;
/// From an event's line to its name.
const INDENT: f64 = 5.0;

/// A name with its place.
#[derive(Clone, Debug, PartialEq)]
struct Named {
    /// From the left edge of the plot.
    x: f64,
    row: usize,
    text: String,
    width: f64,
    killed: bool,
    leftwards: bool,
}

impl Named {
    fn span(&self) -> (f64, f64) {
        if self.leftwards {
            (self.x - INDENT - self.width, self.x)
        } else {
            (self.x, self.x + INDENT + self.width)
        }
    }
}

/// The rows of names above one column of plots.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct EventStrip {
    named: Vec<Named>,
    starts: Vec<SimTime>,
    /// Rows in use.
    pub(super) rows: usize,
    /// Events with a line but without room for their name.
    pub(super) unnamed: usize,
}

impl EventStrip {
    /// Finds room for as many names as possible; events that brought a kill come first.
    pub(super) fn new<Y: Value>(
        phases: &[PhaseRecord],
        plot: &Plot<SimTime, Y>,
        rows: usize,
        longest: f64,
    ) -> Self {
        let mut order: Vec<&PhaseRecord> =
            phases.iter().filter(|p| !p.name.trim().is_empty()).collect();
        order.order_by_key(|p| p.start);
        let in_time = arrange(&order, plot, rows, longest);
        let starts = order.iter().map(|p| p.start).collect();
        order.order_by_key(|p| (p.oom_kills == 0, p.start));
        let kills_first = arrange(&order, plot, rows, longest);
        let worth = |all: &[Named]| (all.iter().filter(|n| n.killed).count(), all.len());
        let named = if worth(&in_time) >= worth(&kills_first) { in_time } else { kills_first };
        Self {
            rows: named.iter().map(|n| n.row + 1).max().unwrap_or(0),
            unnamed: order.len() - named.len(),
            starts,
            named,
        }
    }

    /// How many names are missing, in words.
    pub(super) fn rest(&self) -> String {
        let plural = if self.unnamed == 1 { "" } else { "s" };
        format!("… {} more event{plural}", self.unnamed)
    }

    /// Pixels the strip needs above the plot.
    pub(super) fn height(&self) -> f64 {
        self.rows as f64 * ROW + if self.rows > 0 { 4.0 } else { 0.0 }
    }

    /// Draws the names, directly above the plot.
    pub(super) fn draw<Y: Value>(&self, scene: &mut Scene, plot: &Plot<SimTime, Y>) {
        let top = plot.area.y - self.height();
        for name in &self.named {
            let baseline = top + name.row as f64 * ROW + 12.0;
            let (x, up) = (plot.area.x + name.x, baseline - 10.0);
            scene.line(vec![(x, up), (x, plot.area.y)], EVENT, 1.0);
            let (start, anchor) = if name.leftwards {
                (x - INDENT, Anchor::End)
            } else {
                (x + INDENT, Anchor::Start)
            };
            let colour = if name.killed { INK } else { MUTED };
            scene.label((start, baseline), &name.text, (SIZE, name.killed), colour, anchor);
        }
    }

    /// Draws a thin line through a plot for each event.
    pub(super) fn lines<Y: Value>(&self, scene: &mut Scene, plot: &Plot<SimTime, Y>) {
        let mut last = f64::NEG_INFINITY;
        let colour = if self.starts.len() > MANY { FAINT } else { EVENT };
        for start in &self.starts {
            let x = plot.x(*start);
            if x - last >= 1.5 && x > plot.area.x + 0.5 {
                scene.line(vec![(x, plot.area.y), (x, plot.area.bottom())], colour, 0.75);
                last = x;
            }
        }
    }
}

/// Gives each event in turn the highest row where its name is clear of the names before.
fn arrange<Y: Value>(
    order: &[&PhaseRecord],
    plot: &Plot<SimTime, Y>,
    rows: usize,
    longest: f64,
) -> Vec<Named> {
    let mut named: Vec<Named> = Vec::new();
    let right = plot.area.w + 8.0;
    for phase in order {
        let killed = phase.oom_kills > 0;
        let text = font::fit(phase.name.trim(), SIZE, killed, longest);
        let width = font::width(&text, SIZE, killed);
        let x = plot.x(phase.start) - plot.area.x;
        // To the left only where there is no room at the right edge.
        let leftwards = x + INDENT + width > right;
        let mut name = Named { x, row: 0, text, width, killed, leftwards };
        let inside = name.span().0 >= -1.0;
        while name.row < rows && !named.iter().all(|old| apart(old, &name)) {
            name.row += 1;
        }
        if inside && name.row < rows {
            named.push(name);
        }
    }
    named
}

/// Whether two names and the lines below them keep clear of each other.
fn apart(a: &Named, b: &Named) -> bool {
    let (a_from, a_to) = a.span();
    let (b_from, b_to) = b.span();
    if a.row == b.row {
        return a_to + GAP <= b_from || b_to + GAP <= a_from;
    }
    // The upper name's line runs down through the lower name's row.
    let (upper, (from, to)) = if a.row < b.row { (a, (b_from, b_to)) } else { (b, (a_from, a_to)) };
    upper.x < from - 0.5 || upper.x > to + 3.0 || (upper.x - from).abs() < 0.5
}

#[cfg(test)]
mod tests {
    use super::{EventStrip, apart};
    use crate::report::charts::plot::Plot;
    use crate::report::charts::scene::Rect;
    use crate::results::PhaseRecord;
    use crate::units::{Bytes, SimSpan, SimTime};

    fn plot() -> Plot {
        let area = Rect { x: 60.0, y: 200.0, w: 900.0, h: 300.0 };
        Plot::over_time(area, SimTime::ZERO + SimSpan::secs(600), Bytes::gib(1))
    }

    fn phase(name: &str, second: u64, oom_kills: u32) -> PhaseRecord {
        PhaseRecord {
            name: name.into(),
            start: SimTime::ZERO + SimSpan::secs(second),
            peak_resident: Bytes::ZERO,
            oom_kills,
            ..PhaseRecord::default()
        }
    }

    #[test]
    fn forty_events_never_overlap_and_kills_keep_their_names() {
        let phases: Vec<_> = (0..40)
            .map(|i| phase(&format!("rollout of service {i}"), i * 15, u32::from(i == 33)))
            .collect();
        let strip = EventStrip::new(&phases, &plot(), 3, 180.0);
        assert!(strip.named.len() >= 8 && strip.named.len() + strip.unnamed == 40);
        assert!(strip.named.iter().any(|n| n.text.ends_with("33")));
        for (i, a) in strip.named.iter().enumerate() {
            assert!(strip.named[i + 1..].iter().all(|b| apart(a, b)), "{a:?}");
        }
    }

    #[test]
    fn an_event_at_the_end_is_named_to_its_left() {
        let strip = EventStrip::new(&[phase("all clients synced", 599, 0)], &plot(), 3, 180.0);
        assert!(strip.named[0].leftwards);
        assert_eq!((strip.rows, strip.unnamed), (1, 0));
    }
}
