//! What the charts share: heading, axes, limit line, restart gaps, kill marks and the row of keys.

use crate::results::{OomKill, ServerRecord, Timeline};
use crate::units::{Bytes, SimSpan, SimTime};

use super::ChartInput;
use super::font;
use super::palette::{AXIS, Colour, DOWN, GRID, INK, MUTED, PAPER, RED, RED_BAND};
use super::scale::{ByteAxis, Plot, clock, real_limit, time_ticks};
use super::scene::{Anchor, PAGE_WIDTH, Point, Rect, Scene};

/// Free pixels at the left and right of the page.
pub(super) const MARGIN: f64 = 32.0;
/// Size of ordinary text.
pub(super) const SMALL: f64 = 12.5;

const TITLE: f64 = 23.0;
const SUBTITLE: f64 = 14.0;

/// Draws the finding and the run's identity; returns the row below them.
pub(super) fn heading(scene: &mut Scene, title: &str, subtitle: &str) -> f64 {
    let room = PAGE_WIDTH - 2.0 * MARGIN;
    let mut y = 44.0;
    for line in font::wrap(title, TITLE, true, room, 2) {
        scene.label((MARGIN, y), &line, (TITLE, true), INK, Anchor::Start);
        y += 29.0;
    }
    y -= 4.0;
    let subtitle = font::fit(subtitle, SUBTITLE, false, room);
    scene.text((MARGIN, y), &subtitle, SUBTITLE, MUTED);
    y + 14.0
}

/// Scenario, release, seed and replications; `shown` says which of them the chart is about.
pub(super) fn subtitle(input: &ChartInput, shown: &str) -> String {
    let runs = match input.replications {
        1 => "1 replication".to_owned(),
        n => format!("{n} replications"),
    };
    let release = match input.release.trim() {
        "" => String::new(),
        release => format!(" · Kubernetes {release}"),
    };
    // A long name must not push the rest off the page.
    let scenario = font::fit(input.scenario, SUBTITLE, false, 420.0);
    let tail = if shown.is_empty() { String::new() } else { format!(" · {shown}") };
    format!("{scenario}{release} · seed {} · {runs}{tail}", input.seed)
}

/// `worst run shown`, where there were several.
pub(super) fn worst_run(input: &ChartInput) -> String {
    if input.replications > 1 {
        format!("worst run shown (replication {})", input.worst_replication)
    } else {
        String::new()
    }
}

/// A chart that has nothing to draw says why.
pub(super) fn empty(name: &'static str, title: &str, subtitle: &str, why: &str) -> Scene {
    let mut scene = Scene::new(name, title, why, 320.0);
    let y = heading(&mut scene, title, subtitle);
    let area =
        Rect { x: MARGIN, y: y + 12.0, w: PAGE_WIDTH - 2.0 * MARGIN, h: 320.0 - y - 12.0 - MARGIN };
    scene.rect(area, GRID.faded(0.5));
    let middle = (PAGE_WIDTH / 2.0, area.y + area.h / 2.0 + 5.0);
    scene.label(middle, why, (16.0, false), MUTED, Anchor::Middle);
    scene
}

/// Pixels the labels of an axis of bytes need.
pub(super) fn axis_width(axis: &ByteAxis) -> f64 {
    let widths = axis.ticks.iter().map(|t| font::width(&t.1, SMALL, false));
    widths.fold(font::width(axis.unit, SMALL, false), f64::max) + 10.0
}

/// Horizontal grid lines with their labels at the left.
pub(super) fn byte_ticks(scene: &mut Scene, plot: &Plot, axis: &ByteAxis) {
    let area = plot.area;
    for (bytes, text) in &axis.ticks {
        let y = plot.y(*bytes);
        if *bytes > Bytes::ZERO {
            scene.line(vec![(area.x, y), (area.right(), y)], GRID, 1.0);
        }
        let at = (area.x - 8.0, y + 4.4);
        scene.label(at, text, (SMALL, false), MUTED, Anchor::End);
    }
}

/// The base line, drawn above what stands on it.
pub(super) fn base_line(scene: &mut Scene, area: Rect) {
    let y = area.bottom();
    scene.line(vec![(area.x, y), (area.right(), y)], AXIS, 1.0);
}

/// The time axis below a plot; `labels` also writes the times.
pub(super) fn time_axis(scene: &mut Scene, plot: &Plot, labels: bool) {
    let area = plot.area;
    let y = area.bottom();
    for at in time_ticks(plot.end, (area.w / 80.0) as usize) {
        let x = plot.x(at);
        scene.line(vec![(x, y), (x, y + 4.0)], AXIS, 1.0);
        if labels {
            scene.label((x, y + 19.0), &clock(at), (SMALL, false), MUTED, Anchor::Middle);
        }
    }
}

/// What the time axis shows.
pub(super) fn time_caption(scene: &mut Scene, plot: &Plot) {
    let middle = plot.area.x + plot.area.w / 2.0;
    let hours = plot.end >= SimTime::ZERO + SimSpan::secs(3_600);
    let form = if hours { "h:mm:ss" } else { "m:ss" };
    let text = format!("time since the start of the scenario ({form})");
    let at = (middle, plot.area.bottom() + 39.0);
    scene.label(at, &text, (SMALL, false), MUTED, Anchor::Middle);
}

/// Whether a limit is inside a plot.
pub(super) fn limit_shown(plot: &Plot, limit: Bytes) -> bool {
    real_limit(limit).is_some_and(|l| l <= plot.top)
}

/// The pale band of the last tenth below a limit.
pub(super) fn limit_band(scene: &mut Scene, plot: &Plot, limit: Bytes) {
    if limit_shown(plot, limit) {
        let (high, low) = (plot.y(limit), plot.y(limit.scale(0.9)));
        let band = Rect { y: high, h: low - high, ..plot.area };
        scene.rect(band, RED_BAND);
    }
}

/// The limit's line.
pub(super) fn limit_line(scene: &mut Scene, plot: &Plot, limit: Bytes) {
    if limit_shown(plot, limit) {
        let y = plot.y(limit);
        scene.line(vec![(plot.area.x, y), (plot.area.right(), y)], RED, 1.5);
    }
}

/// Grey where the server was not serving.
pub(super) fn down_spans(scene: &mut Scene, plot: &Plot, timeline: &Timeline) {
    for (from, to) in &timeline.down {
        let x = plot.x(*from);
        let gap = Rect { x, w: (plot.x(*to) - x).max(1.0), ..plot.area };
        if from <= to {
            scene.rect(gap, DOWN);
        }
    }
}

/// A red cross at each kill, with its time where there is room.
pub(super) fn kills(scene: &mut Scene, plot: &Plot, kills: &[OomKill]) {
    let (mut free, mut last) = (plot.area.x - 4.0, f64::NEG_INFINITY);
    for kill in kills {
        let (x, y) = plot.point(kill.at, kill.resident);
        if x - last >= 3.0 {
            scene.cross((x, y), 5.0, PAPER, 4.5);
            scene.cross((x, y), 5.0, RED, 2.2);
            last = x;
        }
        let text = kill.at.to_string();
        let half = font::width(&text, 12.0, true) / 2.0;
        let middle =
            x.clamp(plot.area.x + half, (plot.area.right() - half).max(plot.area.x + half));
        if middle - half > free {
            let at = (middle, (y - 9.0).max(plot.area.y + 10.5));
            let half = font::drawn_width(&text, 12.0, true) / 2.0;
            let paper =
                Rect { x: middle - half - 2.0, y: at.1 - 10.5, w: 2.0 * half + 4.0, h: 13.0 };
            scene.rect(paper, PAPER.faded(0.85));
            scene.label(at, &text, (12.0, true), RED, Anchor::Middle);
            free = middle + half + 11.0;
        }
    }
}

/// The kills of a server.
pub(super) fn kills_of(server: Option<&ServerRecord>) -> &[OomKill] {
    server.map_or(&[], |s| s.oom_kills.as_slice())
}

/// A sign in the row of keys.
#[derive(Clone, Copy, Debug)]
pub(super) enum Key {
    /// A line of some width.
    Line(Colour, f64),
    /// A dashed line.
    Dashes(Colour),
    /// A filled area.
    Patch(Colour),
    /// A kill.
    Cross,
}

/// One row of signs and what they mean; returns the row below.
pub(super) fn keys(scene: &mut Scene, y: f64, keys: &[(Key, &str)]) -> f64 {
    let mut x = MARGIN;
    let middle = y + 11.0;
    for (key, text) in keys {
        sign(scene, (x, middle), *key);
        scene.text((x + 28.0, middle + 4.4), text, SMALL, INK);
        x += 28.0 + font::width(text, SMALL, false) + 22.0;
    }
    y + 24.0
}

fn sign(scene: &mut Scene, (x, y): Point, key: Key) {
    let ends = vec![(x, y), (x + 21.0, y)];
    match key {
        Key::Line(colour, width) => scene.line(ends, colour, width),
        Key::Dashes(colour) => scene.dashed(ends, colour, 1.3, super::DASH),
        Key::Cross => scene.cross((x + 14.0, y), 5.0, RED, 2.2),
        Key::Patch(colour) => {
            let patch = Rect { x, y: y - 6.0, w: 21.0, h: 12.0 };
            scene.rect(patch, colour);
        }
    }
}

/// When and how high a timeline is highest: its first highest point.
pub(super) fn peak_of(timeline: &Timeline) -> Option<(SimTime, Bytes)> {
    let highest = timeline.points.iter().map(|p| p.resident).max()?;
    let first = timeline.points.iter().find(|p| p.resident == highest)?;
    Some((first.at, highest))
}
