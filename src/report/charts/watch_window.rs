//! `watch-window`: how far back the watch cache of a resource goes on each server, beside the age of
//! what its watchers have seen last. A watch that breaks below that age cannot be resumed: its
//! client lists again.

use crate::results::{Activity, WatchWindow};
use crate::units::{SimSpan, SimTime};

use super::events::EventStrip;
use super::frame::{self, Key, MARGIN, SMALL};
use super::palette::{self, Colour, GRID, INK, LINES, MUTED};
use super::plot::{Axis, Plot};
use super::scale;
use super::scene::{Anchor, Item, PAGE_HEIGHT, PAGE_WIDTH, Point, Rect, Scene};
use super::{ChartInput, font};

const NAME: &str = "watch-window";
/// Most resources drawn.
const MOST: usize = 4;
const GUTTER: f64 = 210.0;
const GAP: f64 = 26.0;
/// Least height of a plot.
const LEAST: f64 = 120.0;
/// The lowest span on the axis.
const LOW: f64 = 1.0;
/// How many times the oldest age is far enough.
const FAR: u64 = 10;
/// Where the axis has lines: seconds, and what they say.
const TICKS: [(f64, &str); 8] = [
    (1.0, "1 s"),
    (10.0, "10 s"),
    (60.0, "1 min"),
    (600.0, "10 min"),
    (3_600.0, "1 h"),
    (36_000.0, "10 h"),
    (360_000.0, "4 d"),
    (3_600_000.0, "6 wk"),
];

/// Draws the chart; nothing when every cache goes back far enough all the time.
pub(super) fn scene(input: &ChartInput) -> Option<Scene> {
    let activity = input.activity?;
    let shown = shown(activity);
    let worst = worst(&shown)?;
    let title = finding(worst);
    let subtitle = frame::subtitle(input, &frame::worst_run(input));
    let mut scene = Scene::new(NAME, &title, &describe(&shown), PAGE_HEIGHT);
    let y = frame::heading(&mut scene, &title, &subtitle);
    let keys = keys(input, &shown);
    let keys: Vec<(Key, &str)> = keys.iter().map(|(key, text)| (*key, text.as_str())).collect();
    let y = frame::keys(&mut scene, y, &keys) + 8.0;
    Page::new(input, &shown, y).draw(&mut scene);
    Some(scene)
}

/// The resources with a filled cache that is too short at some time, most watchers first.
fn shown(activity: &Activity) -> Vec<&WatchWindow> {
    let short = |window: &&WatchWindow| least(window).is_some_and(|(_, s)| s < window.oldest_age);
    activity.windows.iter().filter(short).take(MOST).collect()
}

/// The one that is too short for most watchers.
fn worst<'a>(shown: &[&'a WatchWindow]) -> Option<&'a WatchWindow> {
    let refused = |window: &WatchWindow| window.watchers as f64 * most_too_old(window);
    shown.iter().copied().reduce(|a, b| if refused(b) > refused(a) { b } else { a })
}

/// When a filled cache reached back least, and how far.
fn least(window: &WatchWindow) -> Option<(SimTime, SimSpan)> {
    let points = window.points.iter();
    let least = points.filter_map(|p| Some((p.at, p.spans.iter().flatten().min().copied()?)));
    least.min_by_key(|(at, span)| (*span, *at))
}

/// The highest share of watchers that a filled cache is too short for.
fn most_too_old(window: &WatchWindow) -> f64 {
    let filled = |point: &crate::results::WindowPoint| {
        let both = point.spans.iter().zip(&point.too_old);
        both.filter(|(span, _)| span.is_some()).map(|(_, share)| *share).fold(0.0, f64::max)
    };
    window.points.iter().map(filled).fold(0.0, f64::max)
}

fn finding(window: &WatchWindow) -> String {
    let share = (most_too_old(window) * 100.0).round();
    let span = least(window).map_or(0.0, |(_, span)| span.as_secs_f64());
    let resource = font::fit(&window.resource, 23.0, true, 300.0);
    format!(
        "The watch cache of {resource} reaches back only {span:.1} s: too short for {share:.0} % \
         of its watchers"
    )
}

fn describe(shown: &[&WatchWindow]) -> String {
    let windows: Vec<String> = shown
        .iter()
        .map(|window| {
            let (at, span) = least(window).unwrap_or_default();
            format!(
                "{}: shortest {:.1} s, at {at}; watchers: {}",
                window.resource,
                span.as_secs_f64(),
                window.watchers
            )
        })
        .collect();
    format!(
        "Age of the oldest version that a watch can go on from, by server and over time, beside the age \
         of what watchers have seen last. {}.",
        windows.join("; ")
    )
}

fn keys(input: &ChartInput, shown: &[&WatchWindow]) -> Vec<(Key, String)> {
    let mut keys = vec![
        (Key::Patch(palette::SOME_RELIST), "some would list again".to_owned()),
        (Key::Patch(palette::MOST_RELIST), "most would list again".to_owned()),
    ];
    let servers = shown.iter().map(|window| lines_of(window)).max().unwrap_or(0);
    // What the other keys leave, for each with its sign.
    let room = 740.0 / servers.max(1) as f64 - 52.0;
    if servers > LINES.len() {
        keys.push((Key::Line(LINES[0].faded(0.6), 1.2), "a server".to_owned()));
    } else {
        for (index, timeline) in input.timelines.iter().enumerate().take(servers) {
            let name = font::fit_name(&timeline.server, SMALL, false, room);
            keys.push((Key::Line(LINES[index], 2.0), name));
        }
    }
    keys
}

fn lines_of(window: &WatchWindow) -> usize {
    window.points.iter().map(|point| point.spans.len()).max().unwrap_or(0)
}

/// Ages over time, at equal ratios.
type AgePlot = Plot<SimTime, f64>;

struct Page<'a> {
    shown: &'a [&'a WatchWindow],
    strip: EventStrip,
    first: AgePlot,
    step: f64,
}

impl<'a> Page<'a> {
    fn new(input: &'a ChartInput<'a>, shown: &'a [&'a WatchWindow], top: f64) -> Self {
        let spans = shown.iter().flat_map(|w| &w.points).flat_map(|p| p.spans.iter().flatten());
        let longest = spans.max().copied().unwrap_or_default();
        let oldest = shown.iter().map(|w| w.oldest_age).max().unwrap_or_default();
        // What goes back much further is drawn at the upper edge.
        let longest = longest.clamp(oldest, oldest.times(FAR));
        let left = MARGIN + font::width("10 min", SMALL, false) + 12.0;
        let area = Rect { x: left, y: 0.0, w: PAGE_WIDTH - MARGIN - GUTTER - left, h: LEAST };
        let end = scale::end_of(input.duration, input.timelines);
        let high = longest.as_secs_f64().max(10.0) * 1.15;
        let mut first = AgePlot {
            area,
            across: Axis::linear(SimTime::ZERO, end),
            up: Axis::logarithmic(LOW, high),
        };
        let strip = EventStrip::new(input.phases, &first, 4, 240.0);
        first.area.y = top + strip.height().max(18.0);
        let count = shown.len() as f64;
        let room = PAGE_HEIGHT - frame::FOOT - first.area.y - GAP * (count - 1.0);
        first.area.h = (room / count).max(LEAST);
        let step = first.area.h + GAP;
        Self { shown, strip, first, step }
    }

    fn draw(&self, scene: &mut Scene) {
        let mut plot = self.first;
        for (index, window) in self.shown.iter().enumerate() {
            plot.area.y = self.first.area.y + self.step * index as f64;
            self.panel(scene, &plot, window);
            frame::time_axis(scene, &plot, index + 1 == self.shown.len());
        }
        self.strip.draw(scene, &self.first);
        if self.strip.unnamed > 0 {
            let at = (self.first.area.right() + frame::SIDE, self.first.area.y - 12.0);
            scene.text(at, &self.strip.rest(), 12.0, MUTED);
        }
        frame::time_caption(scene, &plot);
        scene.height = (plot.area.bottom() + frame::FOOT).ceil().max(PAGE_HEIGHT);
    }

    fn panel(&self, scene: &mut Scene, plot: &AgePlot, window: &WatchWindow) {
        let area = plot.area;
        below(scene, plot, window, palette::SOME_RELIST, |_| window.oldest_age);
        below(scene, plot, window, palette::MOST_RELIST, |p| p.median_age);
        let mut free = f64::INFINITY;
        for (seconds, text) in TICKS.iter().filter(|(seconds, _)| *seconds <= plot.top()) {
            let y = plot.y(*seconds);
            scene.line(plot.horizontal(*seconds), GRID, 1.0);
            if free - y >= 16.0 {
                frame::label_left(scene, area, y, text);
                free = y;
            }
        }
        self.strip.lines(scene, plot);
        let servers = lines_of(window);
        for server in 0..servers {
            let crowd = servers > LINES.len();
            let own = LINES[server % LINES.len()];
            let colour: Colour = if crowd { LINES[0].faded(0.6) } else { own };
            for line in lines(plot, window, server) {
                scene.line(line, colour, if crowd { 1.2 } else { 2.0 });
            }
        }
        frame::base_line(scene, area);
        Self::side(scene, plot, window);
    }

    fn side(scene: &mut Scene, plot: &AgePlot, window: &WatchWindow) {
        let x = plot.area.right() + frame::SIDE;
        let mut y = plot.area.y + frame::SIDE_BASELINE;
        let resource = font::fit_name(&window.resource, frame::NAME, true, GUTTER - frame::SIDE);
        scene.label((x, y), &resource, (frame::NAME, true), INK, Anchor::Start);
        let (at, span) = least(window).unwrap_or_default();
        let median =
            window.points.iter().find(|p| p.at >= at).map_or(SimSpan::ZERO, |p| p.median_age);
        let lines = [
            format!("{} watchers", crate::report::format::grouped(window.watchers)),
            format!("last seen: half within {:.1} s,", median.as_secs_f64()),
            format!("all within {:.0} s", window.oldest_age.as_secs_f64()),
            format!("shortest span {:.1} s, at {at}", span.as_secs_f64()),
        ];
        for text in lines {
            y += frame::SIDE_STEP;
            let text = font::fit(&text, SMALL, false, GUTTER - frame::SIDE);
            scene.label((x, y), &text, (SMALL, false), MUTED, Anchor::Start);
        }
    }
}

/// The area below an age that changes with the writes.
fn below(
    scene: &mut Scene,
    plot: &AgePlot,
    window: &WatchWindow,
    fill: Colour,
    age: impl Fn(&crate::results::WindowPoint) -> SimSpan,
) {
    let base = plot.area.bottom();
    let mut upper: Vec<Point> =
        window.points.iter().map(|p| plot.point(p.at, age(p).as_secs_f64())).collect();
    if let Some(last) = upper.last().copied() {
        upper.insert(0, (plot.area.x, upper[0].1));
        upper.push((plot.area.right(), last.1));
        let lower = vec![(plot.area.x, base), (plot.area.right(), base)];
        scene.items.push(Item::Area { upper, lower, fill });
    }
}

/// The lines of a server; there is none where it has no filled cache.
fn lines(plot: &AgePlot, window: &WatchWindow, server: usize) -> Vec<Vec<Point>> {
    let mut lines = vec![Vec::new()];
    for point in &window.points {
        match point.spans.get(server).copied().flatten() {
            Some(span) => {
                let at = plot.point(point.at, span.as_secs_f64());
                lines.last_mut().into_iter().for_each(|line| line.push(at));
            }
            None => lines.push(Vec::new()),
        }
    }
    lines.retain(|line| !line.is_empty());
    lines
}
