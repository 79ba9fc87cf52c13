//! What the charts share: heading, axes, limit line, restart gaps, kill marks and the row of keys.

use crate::results::{OomKill, ServerRecord, Timeline};
use crate::units::{Bytes, SimSpan, SimTime};

use super::ChartInput;
use super::font;
use super::palette::{AXIS, Colour, DOWN, GRID, INK, MUTED, PAPER, RED, RED_BAND};
use super::plot::{Plot, Value};
use super::scale::{ByteAxis, clock, real_limit, time_ticks};
use super::scene::{Anchor, PAGE_HEIGHT, PAGE_WIDTH, Point, Rect, Scene};

/// Free pixels at the left and right of the page.
pub(super) const MARGIN: f64 = 32.0;
/// Size of ordinary text.
pub(super) const SMALL: f64 = 12.5;

/// Size of the finding and of the line below it.
pub(super) const TITLE: f64 = 23.0;
/// Of one that takes more than two lines.
const LONG_TITLE: f64 = 17.0;
pub(super) const SUBTITLE: f64 = 14.0;
/// Size of the names of servers, levels and resources beside their plots.
pub(super) const NAME: f64 = 13.5;
/// Pixels that a long scenario's name may take of the line below the finding.
pub(super) const NAME_ROOM: f64 = 420.0;
/// From the top of the page to the baseline of the finding, and between its lines.
const FIRST_BASELINE: f64 = 44.0;
const TITLE_STEP: f64 = 29.0;
/// From the middle of a line of small text to its baseline.
pub(super) const HALF_CAP: f64 = 4.4;
/// Length of a tick.
const TICK: f64 = 4.0;
/// From an axis to the baseline of the labels below it, and of its caption below these.
const LABEL_BELOW: f64 = 19.0;
const CAPTION_BELOW: f64 = 39.0;
/// From a vertical axis to the labels at its left.
pub(super) const LABEL_LEFT: f64 = 8.0;
/// Room below the lowest plot, for labels and caption.
pub(super) const FOOT: f64 = 62.0;
/// From a plot to the text at its right, and from its upper edge to the first baseline there.
pub(super) const SIDE: f64 = 14.0;
pub(super) const SIDE_BASELINE: f64 = 11.0;
/// Between the lines of the text beside a plot.
pub(super) const SIDE_STEP: f64 = 17.0;
/// Pixels between two labels of the time axis.
const TIME_STEP: f64 = 80.0;
/// Width of a limit's line.
pub(super) const LIMIT_WIDTH: f64 = 1.5;
/// Half the width of the cross of a kill, its line, and the rim that keeps it clear of what is below.
const CROSS: f64 = 5.0;
const CROSS_WIDTH: f64 = 2.2;
const CROSS_RIM: f64 = 4.5;
/// Crosses nearer than this are one.
pub(super) const CROSS_STEP: f64 = 3.0;
/// Size of the time at a kill.
const KILL_TEXT: f64 = 12.0;
/// Width of a sign in the row of keys, and from its left end to its text.
const SIGN: f64 = 21.0;
const SIGN_TEXT: f64 = 28.0;
/// Height of the row of keys, and between two of them.
const KEYS: f64 = 24.0;
const KEY_GAP: f64 = 22.0;

/// Draws the finding and the run's identity; returns the row below them.
pub(super) fn heading(scene: &mut Scene, title: &str, subtitle: &str) -> f64 {
    let room = PAGE_WIDTH - 2.0 * MARGIN;
    // A viewer of the SVG without Inter draws a bold line up to a fifth wider than it is measured here.
    let wrapped = |size: f64, lines| font::wrap(title, size, true, room / 1.1, lines);
    // A long finding ends in what qualifies it: it is drawn smaller rather than cut off.
    let (size, lines) = match wrapped(TITLE, usize::MAX) {
        lines if lines.len() <= 2 => (TITLE, lines),
        _ => (LONG_TITLE, wrapped(LONG_TITLE, 5)),
    };
    let mut y = FIRST_BASELINE;
    for line in lines {
        scene.label((MARGIN, y), &line, (size, true), INK, Anchor::Start);
        y += TITLE_STEP * size / TITLE;
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
    let scenario = font::fit(input.scenario, SUBTITLE, false, NAME_ROOM);
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

/// A label at the left of a plot, beside a row.
pub(super) fn label_left(scene: &mut Scene, area: Rect, y: f64, text: &str) {
    let at = (area.x - LABEL_LEFT, y + HALF_CAP);
    scene.label(at, text, (SMALL, false), MUTED, Anchor::End);
}

/// A tick below a plot with its label.
pub(super) fn tick_below(scene: &mut Scene, area: Rect, x: f64, text: &str) {
    let base = area.bottom();
    scene.line(vec![(x, base), (x, base + TICK)], AXIS, 1.0);
    scene.label((x, base + LABEL_BELOW), text, (SMALL, false), MUTED, Anchor::Middle);
}

/// What an axis below a plot shows.
pub(super) fn caption_below(scene: &mut Scene, area: Rect, text: &str) {
    let at = (area.x + area.w / 2.0, area.bottom() + CAPTION_BELOW);
    scene.label(at, text, (SMALL, false), MUTED, Anchor::Middle);
}

/// The plot below a row of the page, as wide as there is room beside labels of percentages.
pub(super) fn percent_area(top: f64) -> Rect {
    const LEFT: f64 = 54.0;
    const RIGHT: f64 = 24.0;
    let left = MARGIN + LEFT;
    Rect { x: left, y: top, w: PAGE_WIDTH - MARGIN - RIGHT - left, h: PAGE_HEIGHT - FOOT - top }
}

/// Horizontal grid lines at the quarters from 0 % to 100 %.
pub(super) fn percent_grid(scene: &mut Scene, area: Rect) {
    for quarter in 0..=4 {
        let y = area.bottom() - area.h * f64::from(quarter) / 4.0;
        scene.line(vec![(area.x, y), (area.right(), y)], GRID, 1.0);
        label_left(scene, area, y, &format!("{} %", quarter * 25));
    }
}

/// Horizontal grid lines with their labels at the left.
pub(super) fn byte_ticks<X: Value>(scene: &mut Scene, plot: &Plot<X>, axis: &ByteAxis) {
    for (bytes, text) in &axis.ticks {
        if *bytes > Bytes::ZERO {
            scene.line(plot.horizontal(*bytes), GRID, 1.0);
        }
        label_left(scene, plot.area, plot.y(*bytes), text);
    }
}

/// The base line, drawn above what stands on it.
pub(super) fn base_line(scene: &mut Scene, area: Rect) {
    let y = area.bottom();
    scene.line(vec![(area.x, y), (area.right(), y)], AXIS, 1.0);
}

/// The time axis below a plot; `labels` also writes the times.
pub(super) fn time_axis<Y: Value>(scene: &mut Scene, plot: &Plot<SimTime, Y>, labels: bool) {
    let area = plot.area;
    for at in time_ticks(plot.end(), (area.w / TIME_STEP) as usize) {
        let text = if labels { clock(at) } else { String::new() };
        tick_below(scene, area, plot.x(at), &text);
    }
}

/// What the time axis shows.
pub(super) fn time_caption<Y: Value>(scene: &mut Scene, plot: &Plot<SimTime, Y>) {
    let hours = plot.end() >= SimTime::ZERO + SimSpan::secs(3_600);
    let form = if hours { "h:mm:ss" } else { "m:ss" };
    caption_below(scene, plot.area, &format!("time since the start of the scenario ({form})"));
}

/// Whether a limit is inside a plot.
pub(super) fn limit_shown<X: Value>(plot: &Plot<X>, limit: Bytes) -> bool {
    real_limit(limit).is_some_and(|l| l <= plot.top())
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
        scene.line(plot.horizontal(limit), RED, LIMIT_WIDTH);
    }
}

/// Grey where the server was not serving.
pub(super) fn down_spans<Y: Value>(
    scene: &mut Scene,
    plot: &Plot<SimTime, Y>,
    timeline: &Timeline,
) {
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
    let area = plot.area;
    let (mut free, mut last) = (area.x - TICK, f64::NEG_INFINITY);
    for kill in kills {
        let (x, y) = plot.point(kill.at, kill.resident);
        if x - last >= CROSS_STEP {
            cross(scene, (x, y));
            last = x;
        }
        let text = kill.at.to_string();
        let half = font::width(&text, KILL_TEXT, true) / 2.0;
        let middle = x.clamp(area.x + half, (area.right() - half).max(area.x + half));
        if middle - half > free {
            // Above the cross, and inside the plot.
            let at = (middle, (y - 9.0).max(area.y + 10.5));
            let half = font::drawn_width(&text, KILL_TEXT, true) / 2.0;
            let paper =
                Rect { x: middle - half - 2.0, y: at.1 - 10.5, w: 2.0 * half + 4.0, h: 13.0 };
            scene.rect(paper, PAPER.faded(0.85));
            scene.label(at, &text, (KILL_TEXT, true), RED, Anchor::Middle);
            free = middle + half + 11.0;
        }
    }
}

/// A red cross with a pale rim.
pub(super) fn cross(scene: &mut Scene, at: Point) {
    scene.cross(at, CROSS, PAPER, CROSS_RIM);
    scene.cross(at, CROSS, RED, CROSS_WIDTH);
}

/// Crosses of kills in one row.
pub(super) fn kills_in_row<Y: Value>(
    scene: &mut Scene,
    plot: &Plot<SimTime, Y>,
    y: f64,
    kills: &[OomKill],
) {
    let mut last = f64::NEG_INFINITY;
    for x in kills.iter().map(|kill| plot.x(kill.at)) {
        if x - last >= CROSS_STEP {
            cross(scene, (x, y));
            last = x;
        }
    }
}

/// Crosses on the base line where the etcd on a server's node was killed.
pub(super) fn etcd_kills<Y: Value>(
    scene: &mut Scene,
    plot: &Plot<SimTime, Y>,
    server: Option<&ServerRecord>,
) {
    if let Some(server) = server {
        kills_in_row(scene, plot, plot.area.bottom(), &server.etcd_kills);
    }
}

/// What a cross on the base line means.
pub(super) const ETCD_KILLED: &str = "on the axis: OOM kill of etcd";

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
    let (mut x, mut y) = (MARGIN, y);
    for (key, text) in keys {
        let width = SIGN_TEXT + font::width(text, SMALL, false);
        if x > MARGIN && x + width > PAGE_WIDTH - MARGIN {
            (x, y) = (MARGIN, y + KEYS);
        }
        let middle = y + KEYS / 2.0 - 1.0;
        sign(scene, (x, middle), *key);
        scene.text((x + SIGN_TEXT, middle + HALF_CAP), text, SMALL, INK);
        x += width + KEY_GAP;
    }
    y + KEYS
}

fn sign(scene: &mut Scene, (x, y): Point, key: Key) {
    let ends = vec![(x, y), (x + SIGN, y)];
    match key {
        Key::Line(colour, width) => scene.line(ends, colour, width),
        Key::Dashes(colour) => scene.dashed(ends, colour, 1.3, super::DASH),
        Key::Cross => scene.cross((x + SIGN * 2.0 / 3.0, y), CROSS, RED, CROSS_WIDTH),
        Key::Patch(colour) => {
            let patch = Rect { x, y: y - 6.0, w: SIGN, h: 12.0 };
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
