//! `apf`: the priority levels of the worst server: seats in use below their limit, and below that
//! the requests that wait for one and those answered 429.

use std::cmp::Reverse;

use crate::report::format::grouped;
use crate::results::{LevelPoint, LevelTimeline, ServerRecord, Timeline};

use super::counts::{CountPlot, above, axis};
use super::events::EventStrip;
use super::frame::{self, Key, MARGIN, SMALL};
use super::palette::{self, Colour, INK, MUTED, REJECTED, SEAT_LIMIT, SEATS, WAITING};
use super::plot::Plot;
use super::scale;
use super::scene::{Anchor, Item, PAGE_HEIGHT, PAGE_WIDTH, Point, Rect, Scene};
use super::{ChartInput, DASH, font, thin};
use crate::units::Sort as _;

const NAME: &str = "apf";
/// More levels than this are not drawn; the ones under most pressure are.
const MOST: usize = 6;
/// Width of the column at the right.
const GUTTER: f64 = 208.0;
/// Height of the strip of rejections, and the room above and below it.
const STRIP: f64 = 15.0;
const STRIP_GAP: f64 = 5.0;
/// From the seats of a level to its waiting requests, and from one level to the next.
const INNER_GAP: f64 = 16.0;
const GAP: f64 = 22.0;
/// Least heights of a plot of seats and of one of waiting requests.
const LEAST: (f64, f64) = (76.0, 50.0);

/// Draws the chart; nothing when no level was used or recorded.
pub(super) fn scene(input: &ChartInput) -> Option<Scene> {
    let server = input.worst_server();
    let timeline = server.and_then(|s| input.timelines.iter().find(|t| t.server == s.name))?;
    let order = by_pressure(timeline);
    let worst = order.first()?;
    let shown: Vec<&LevelTimeline> = {
        let most = &order[..order.len().min(MOST)];
        // As listed everywhere else: by name, exempt ones last.
        let mut shown = most.to_vec();
        shown.order_by_key(|level| (level.exempt, level.name.as_str()));
        shown
    };
    let subtitle = frame::subtitle(input, &frame::worst_run(input));
    let title = finding(timeline, worst);
    let mut scene = Scene::new(NAME, &title, &describe(timeline, &shown), PAGE_HEIGHT);
    let y = frame::heading(&mut scene, &title, &subtitle);
    let y = frame::keys(&mut scene, y, &used_keys(timeline, server, &shown)) + 8.0;
    Page::new(input, timeline, server, &shown, y).draw(&mut scene, order.len() - shown.len());
    Some(scene)
}

fn highest(level: &LevelTimeline, read: impl Fn(&LevelPoint) -> u64) -> u64 {
    level.points.iter().map(read).max().unwrap_or(0)
}

fn rejected(level: &LevelTimeline) -> u64 {
    level.points.last().map_or(0, |point| point.rejected)
}

/// Whether a level made anyone wait or go away.
fn pressed(level: &LevelTimeline) -> bool {
    rejected(level) > 0 || highest(level, |p| p.waiting) > 0
}

/// The levels: not exempt first, most rejections first, then most waiting, most seats, by name.
fn by_pressure(timeline: &Timeline) -> Vec<&LevelTimeline> {
    let mut levels: Vec<&LevelTimeline> = timeline.levels.iter().collect();
    levels.order_by_key(|level| {
        let pressure = (rejected(level), highest(level, |p| p.waiting));
        (level.exempt, Reverse((pressure, highest(level, |p| p.seats))), level.name.as_str())
    });
    levels
}

fn finding(timeline: &Timeline, worst: &LevelTimeline) -> String {
    let server = font::fit_name(&timeline.server, frame::TITLE, true, 300.0);
    let level = font::fit_name(&worst.name, frame::TITLE, true, 300.0);
    if !pressed(worst) {
        return format!("No request has to wait for a seat on {server}");
    }
    let answered = match rejected(worst) {
        0 => "none is rejected".to_owned(),
        1 => "1 is rejected".to_owned(),
        n => format!("{} are rejected", grouped(n)),
    };
    let waiting = grouped(highest(worst, |p| p.waiting));
    format!("{level} is the bottleneck of {server}: up to {waiting} requests wait, {answered}")
}

fn describe(timeline: &Timeline, shown: &[&LevelTimeline]) -> String {
    let levels: Vec<String> = shown
        .iter()
        .map(|level| {
            format!(
                "{}: {} nominal seats, at most {} in use, at most {} requests waiting, {} rejected",
                level.name,
                level.nominal_seats,
                highest(level, |p| p.seats),
                highest(level, |p| p.waiting),
                rejected(level)
            )
        })
        .collect();
    format!(
        "Seats in use and their limit, waiting and rejected requests of each priority level of {} \
         over time. {}.",
        timeline.server,
        levels.join("; ")
    )
}

fn used_keys(
    timeline: &Timeline,
    server: Option<&ServerRecord>,
    shown: &[&LevelTimeline],
) -> Vec<(Key, &'static str)> {
    let mut keys = vec![(Key::Patch(SEATS.faded(0.45)), "seats in use")];
    if shown.iter().any(|level| !level.exempt) {
        keys.push((Key::Line(SEAT_LIMIT, 1.6), "limit in force"));
        keys.push((Key::Dashes(palette::GOAL), "nominal limit"));
    }
    if shown.iter().any(|level| highest(level, |p| p.waiting) > 0) {
        keys.push((Key::Patch(WAITING.faded(0.55)), "requests waiting"));
    }
    if shown.iter().any(|level| rejected(level) > 0) {
        keys.push((Key::Patch(REJECTED), "rejected (429)"));
    }
    if !frame::kills_of(server).is_empty() {
        keys.push((Key::Cross, "OOM kill"));
    }
    if !timeline.down.is_empty() {
        keys.push((Key::Patch(palette::DOWN), "not serving"));
    }
    keys
}

/// Where the plots of one level are.
struct Panel<'a> {
    level: &'a LevelTimeline,
    seats: CountPlot,
    waiting: Option<CountPlot>,
    rejected: Option<Rect>,
}

/// All plots of the chart.
struct Page<'a> {
    timeline: &'a Timeline,
    server: Option<&'a ServerRecord>,
    strip: EventStrip,
    panels: Vec<Panel<'a>>,
}

impl<'a> Page<'a> {
    fn new(
        input: &ChartInput<'a>,
        timeline: &'a Timeline,
        server: Option<&'a ServerRecord>,
        shown: &[&'a LevelTimeline],
        top: f64,
    ) -> Self {
        let left = MARGIN + axis_width(shown);
        let end = scale::end_of(input.duration, input.timelines);
        let width = PAGE_WIDTH - MARGIN - GUTTER - left;
        let plot = |y, h, highest: u64| -> CountPlot {
            Plot::over_time(Rect { x: left, y, w: width, h }, end, above(highest))
        };
        let strip = EventStrip::new(input.phases, &plot(0.0, 100.0, 1), 4, 240.0);
        let top = top + strip.height().max(18.0);
        let waits = |level: &LevelTimeline| highest(level, |p| p.waiting) > 0;
        let rejects = |level: &LevelTimeline| rejected(level) > 0;
        // What has a fixed height goes off; the rest is shared by weight.
        let count = |has: &dyn Fn(&LevelTimeline) -> bool| {
            shown.iter().filter(|level| has(level)).count() as f64
        };
        let fixed = GAP * (shown.len() as f64 - 1.0)
            + INNER_GAP * count(&waits)
            + (STRIP + STRIP_GAP) * count(&rejects);
        let weight = shown.len() as f64 + 0.62 * count(&waits);
        let unit = (PAGE_HEIGHT - frame::FOOT - top - fixed) / weight;
        let (high, low) = (unit.max(LEAST.0), (unit * 0.62).max(LEAST.1));
        let mut y = top;
        let mut panel = |level: &'a LevelTimeline| {
            let seats =
                plot(y, high, highest(level, |p| p.seats.max(p.limit)).max(level.nominal_seats));
            y += high;
            let waiting = waits(level).then(|| {
                let waiting = plot(y + INNER_GAP, low, highest(level, |p| p.waiting));
                y = waiting.area.bottom();
                waiting
            });
            let rejected = rejects(level).then(|| {
                let strip = Rect { x: left, y: y + STRIP_GAP, w: width, h: STRIP };
                y = strip.bottom();
                strip
            });
            y += GAP;
            Panel { level, seats, waiting, rejected }
        };
        let panels = shown.iter().map(|level| panel(level)).collect();
        Self { timeline, server, strip, panels }
    }

    fn draw(&self, scene: &mut Scene, hidden: usize) {
        for panel in &self.panels {
            panel.draw(scene, self.timeline, &self.strip);
            let (seats, kills) = (&panel.seats, frame::kills_of(self.server));
            frame::kills_in_row(scene, seats, seats.area.y, kills);
        }
        let (Some(first), Some(last)) = (self.panels.first(), self.panels.last()) else { return };
        self.strip.draw(scene, &first.seats);
        if self.strip.unnamed > 0 {
            let at = (first.seats.area.right() + frame::SIDE, first.seats.area.y - 12.0);
            scene.text(at, &self.strip.rest(), 12.0, MUTED);
        }
        let mut foot = last.seats;
        foot.area = last.foot();
        frame::time_axis(scene, &foot, true);
        frame::time_caption(scene, &foot);
        scene.height = (foot.area.bottom() + frame::FOOT).ceil().max(PAGE_HEIGHT);
        if hidden > 0 {
            let text = format!("… {hidden} more levels");
            let at = (foot.area.right() + frame::SIDE, foot.area.bottom() + 39.0);
            scene.text(at, &text, SMALL, MUTED);
        }
    }
}

/// Pixels that the labels of all axes need.
fn axis_width(shown: &[&LevelTimeline]) -> f64 {
    let highest = |level: &&LevelTimeline| highest(level, |p| p.seats.max(p.limit).max(p.waiting));
    let digits = grouped(shown.iter().map(highest).max().unwrap_or(0));
    font::width(&digits, SMALL, false).max(font::width("waiting", SMALL, true)) + 12.0
}

impl Panel<'_> {
    /// The lowest area of the panel.
    fn foot(&self) -> Rect {
        let waiting = self.waiting.map(|plot| plot.area);
        self.rejected.or(waiting).unwrap_or(self.seats.area)
    }

    fn draw(&self, scene: &mut Scene, timeline: &Timeline, strip: &EventStrip) {
        let whole = Rect { h: self.foot().bottom() - self.seats.area.y, ..self.seats.area };
        frame::down_spans(scene, &self.seats.moved(whole), timeline);
        axis(scene, &self.seats, "seats");
        area(scene, &self.seats, self.level, SEATS, |p| p.seats);
        strip.lines(scene, &self.seats);
        let nominal = self.level.nominal_seats;
        if !self.level.exempt && nominal <= self.seats.top() {
            scene.dashed(self.seats.horizontal(nominal), palette::GOAL, 1.0, DASH);
        }
        if !self.level.exempt {
            for line in steps(&self.seats, self.level, |p| p.limit) {
                scene.line(line, SEAT_LIMIT, 1.6);
            }
        }
        frame::base_line(scene, self.seats.area);
        if let Some(plot) = &self.waiting {
            axis(scene, plot, "waiting");
            area(scene, plot, self.level, WAITING, |p| p.waiting);
            strip.lines(scene, plot);
            frame::base_line(scene, plot.area);
        }
        if let Some(area) = self.rejected {
            self.rejections(scene, area);
        }
        self.side(scene);
    }

    /// A bar for every few pixels in which requests were answered 429, the higher the more.
    fn rejections(&self, scene: &mut Scene, area: Rect) {
        const BAR: f64 = 3.0;
        let plot = self.seats.moved(area);
        let mut bars = vec![0_u64; (area.w / BAR) as usize + 1];
        let mut before = 0;
        for point in &self.level.points {
            let bar = ((plot.x(point.at) - area.x) / BAR) as usize;
            bars[bar] += point.rejected.saturating_sub(before);
            before = point.rejected;
        }
        let most = bars.iter().copied().max().unwrap_or(0).max(1) as f64;
        for (index, count) in bars.iter().enumerate().filter(|(_, count)| **count > 0) {
            let x = area.x + index as f64 * BAR;
            let h = (area.h * *count as f64 / most).max(2.5);
            let w = BAR.min(area.right() - x).max(1.0);
            scene.rect(Rect { x: x.min(area.right() - w), y: area.bottom() - h, w, h }, REJECTED);
        }
        frame::base_line(scene, area);
        let at = (area.x - frame::LABEL_LEFT, area.bottom() - 3.0);
        scene.label(at, "429", (SMALL, true), MUTED, Anchor::End);
    }

    /// The level's name and figures, to the right of its plots.
    fn side(&self, scene: &mut Scene) {
        let x = self.seats.area.right() + frame::SIDE;
        let room = GUTTER - frame::SIDE;
        let name = font::fit_name(&self.level.name, frame::NAME, true, room);
        let mut y = self.seats.area.y + frame::SIDE_BASELINE;
        scene.label((x, y), &name, (frame::NAME, true), INK, Anchor::Start);
        let mut say = |y: f64, text: &str, colour: Colour| {
            let text = font::fit(text, SMALL, false, room);
            scene.label((x, y), &text, (SMALL, false), colour, Anchor::Start);
        };
        y += frame::SIDE_STEP;
        say(y, &format!("up to {} seats in use", grouped(highest(self.level, |p| p.seats))), SEATS);
        y += frame::SIDE_STEP;
        if self.level.exempt {
            say(y, "exempt: no limit", MUTED);
        } else {
            let (least, most) = self.limits();
            let nominal = grouped(self.level.nominal_seats);
            if least == most {
                say(y, &format!("limit {least}"), SEAT_LIMIT);
            } else {
                say(y, &format!("limit {least} to {most}"), SEAT_LIMIT);
            }
            if least != most || nominal != most {
                say(y + frame::SIDE_STEP, &format!("nominal {nominal}"), MUTED);
            }
        }
        if let Some(plot) = &self.waiting {
            let waiting = grouped(highest(self.level, |p| p.waiting));
            say(plot.area.y + frame::SIDE_BASELINE, &format!("up to {waiting} waiting"), WAITING);
        }
        if let Some(area) = self.rejected {
            let count = grouped(rejected(self.level));
            say(area.bottom() - 3.0, &format!("{count} rejected"), REJECTED);
        }
    }

    /// The lowest and the highest limit while a process was there.
    fn limits(&self) -> (String, String) {
        let limits = || self.level.points.iter().map(|p| p.limit).filter(|limit| *limit > 0);
        let text = |limit: Option<u64>| grouped(limit.unwrap_or(0));
        (text(limits().min()), text(limits().max()))
    }
}

/// A figure of a level as steps: it stays as it is until the next point. Where it is 0 there is no
/// line.
fn steps(
    plot: &CountPlot,
    level: &LevelTimeline,
    read: impl Fn(&LevelPoint) -> u64,
) -> Vec<Vec<Point>> {
    let xs: Vec<f64> = level.points.iter().map(|p| plot.x(p.at)).collect();
    let values: Vec<u64> = level.points.iter().map(read).collect();
    let kept = thin::survivors(&xs, &values);
    let ends = kept.iter().skip(1).map(|i| xs[*i]).chain([plot.area.right()]);
    let mut lines: Vec<Vec<Point>> = Vec::new();
    let mut line: Vec<Point> = Vec::new();
    for (i, end) in kept.iter().zip(ends) {
        if values[*i] == 0 {
            lines.push(std::mem::take(&mut line));
            continue;
        }
        let y = plot.y(values[*i]);
        match line.last_mut() {
            // Going on at the same height is one line, not two that meet.
            Some(last) if last.1.to_bits() == y.to_bits() => last.0 = end,
            _ => line.extend([(xs[*i], y), (end, y)]),
        }
    }
    lines.push(line);
    lines.retain(|line| line.len() > 1);
    lines
}

/// The area below a figure's steps, with its outline.
fn area(
    scene: &mut Scene,
    plot: &CountPlot,
    level: &LevelTimeline,
    colour: Colour,
    read: impl Fn(&LevelPoint) -> u64,
) {
    let base = plot.area.bottom();
    for line in steps(plot, level, read) {
        let (Some(first), Some(last)) = (line.first().copied(), line.last().copied()) else {
            continue;
        };
        let mut outline = vec![(first.0, base)];
        outline.extend(&line);
        outline.push((last.0, base));
        scene.items.push(Item::Area {
            lower: vec![(first.0, base), (last.0, base)],
            fill: colour.faded(0.32),
            upper: line,
        });
        scene.line(outline, colour.faded(0.85), 0.9);
    }
}
