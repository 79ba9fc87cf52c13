//! `activity`: what clients and servers did: connections and LISTs, open watches of each server, and
//! what was refused, with every kill and restart.

use crate::report::format::grouped;
use crate::results::{Activity, ActivityBucket, ActivityKind};
use crate::units::SimTime;

use super::counts::{CountPlot, above, axis};
use super::events::EventStrip;
use super::frame::{self, Key, MARGIN, SMALL};
use super::palette::{self, Colour, DOWN, INK, LINES, MUTED, PAPER};
use super::plot::Plot;
use super::scale;
use super::scene::{Anchor, Item, PAGE_HEIGHT, PAGE_WIDTH, Point, Rect, Scene};
use super::{ChartInput, font};

const NAME: &str = "activity";
/// Width of the column at the right.
const GUTTER: f64 = 196.0;
/// More servers than this have no row and no line of their own.
const MOST: usize = 8;
/// From one row of a server to the next.
const ROW: f64 = 17.0;
/// Height of a strip of refusals.
const STRIP: f64 = 30.0;
const GAP: f64 = 22.0;
const STRIP_GAP: f64 = 14.0;
/// Least height of a plot.
const LEAST: f64 = 120.0;

/// Kinds that have a strip of their own scale, where there were any.
const STRIPS: [(ActivityKind, &str, Colour); 7] = [
    (ActivityKind::Connections, "conn.", palette::CONNECTIONS),
    (ActivityKind::Gone, "410", palette::GONE),
    (ActivityKind::Rejected, "429", palette::REJECTED),
    (ActivityKind::ListsFromEtcd, "etcd", palette::FROM_ETCD),
    (ActivityKind::Failed, "failed", palette::SEAT_LIMIT),
    (ActivityKind::TimedOut, "late", palette::TIMED_OUT),
    (ActivityKind::StaleReads, "stale", palette::STALE),
];

/// Kinds of the uppermost plot.
const CALLS: [(ActivityKind, Colour); 2] =
    [(ActivityKind::Lists, palette::LISTS), (ActivityKind::WatchLists, palette::WATCH_LISTS)];

/// The colour of a kind, where it is drawn.
pub(super) fn colour(kind: ActivityKind) -> Option<Colour> {
    let strips = STRIPS.iter().map(|(kind, _, colour)| (*kind, *colour));
    strips.chain(CALLS).find(|(of, _)| *of == kind).map(|(_, colour)| colour)
}

/// Draws the chart; nothing when nothing happened or was recorded.
pub(super) fn scene(input: &ChartInput) -> Option<Scene> {
    let activity = input.activity?;
    let idle = ActivityKind::ALL.iter().all(|kind| activity.highest(*kind) == 0);
    if idle || input.timelines.is_empty() {
        return None;
    }
    let title = finding(activity);
    let subtitle = frame::subtitle(input, &frame::worst_run(input));
    let mut scene = Scene::new(NAME, &title, &describe(activity), PAGE_HEIGHT);
    let y = frame::heading(&mut scene, &title, &subtitle);
    let y = frame::keys(&mut scene, y, &used_keys(input, activity)) + 8.0;
    Page::new(input, activity, y).draw(&mut scene);
    Some(scene)
}

/// All of a kind that the buckets hold.
fn total(activity: &Activity, kind: ActivityKind) -> u64 {
    activity.buckets.iter().map(|bucket| bucket.counts.get(kind)).sum()
}

fn finding(activity: &Activity) -> String {
    let busiest = |kind| activity.busiest(kind).count;
    let (lists, connections) = (
        busiest(ActivityKind::Lists) + busiest(ActivityKind::WatchLists),
        busiest(ActivityKind::Connections),
    );
    let mut parts = Vec::new();
    if lists > 0 {
        parts.push(format!("{} LISTs", grouped(lists)));
    }
    if connections > 0 {
        parts.push(format!("{} new connections", grouped(connections)));
    }
    let mut text = if parts.is_empty() {
        "No LIST and no new connection".to_owned()
    } else {
        format!("Up to {} per second", parts.join(" and "))
    };
    let answered = [(ActivityKind::Gone, "410"), (ActivityKind::Rejected, "429")];
    let answered: Vec<String> = answered
        .into_iter()
        .filter(|(kind, _)| total(activity, *kind) > 0)
        .map(|(kind, code)| format!("{} calls answered {code}", grouped(total(activity, kind))))
        .collect();
    if !answered.is_empty() {
        text.extend([format!("; {}", answered.join(", "))]);
    }
    text
}

fn describe(activity: &Activity) -> String {
    let kinds = ActivityKind::ALL.iter().filter(|kind| total(activity, **kind) > 0);
    let kinds: Vec<String> = kinds
        .map(|kind| {
            let second = activity.busiest(*kind);
            format!(
                "{}: {} in all, at most {} per second, at {}",
                kind.label(),
                grouped(total(activity, *kind)),
                grouped(second.count),
                second.at
            )
        })
        .collect();
    format!(
        "Calls of clients, open watches of each server and refusals over time. {}.",
        kinds.join("; ")
    )
}

fn used_keys(input: &ChartInput, activity: &Activity) -> Vec<(Key, &'static str)> {
    let mut keys = Vec::new();
    for (kind, colour) in CALLS {
        if activity.highest(kind) > 0 {
            let key = match kind {
                ActivityKind::Lists => Key::Patch(colour.faded(0.5)),
                _ => Key::Line(colour, 1.8),
            };
            keys.push((key, kind.label()));
        }
    }
    if input.servers.iter().any(|server| !server.oom_kills.is_empty()) {
        keys.push((Key::Cross, "OOM kill"));
    }
    if input.timelines.iter().any(|timeline| !timeline.down.is_empty()) {
        keys.push((Key::Patch(DOWN), "not serving"));
    }
    keys
}

/// Where everything is.
struct Page<'a> {
    input: &'a ChartInput<'a>,
    activity: &'a Activity,
    strip: EventStrip,
    rows: Rect,
    calls: Option<CountPlot>,
    watches: Option<CountPlot>,
    strips: Vec<(usize, CountPlot)>,
}

impl<'a> Page<'a> {
    fn new(input: &'a ChartInput<'a>, activity: &'a Activity, top: f64) -> Self {
        let calls = CALLS.iter().map(|(kind, _)| activity.highest(*kind)).max().unwrap_or(0);
        let watches = activity.buckets.iter().flat_map(|bucket| &bucket.servers);
        let watches = watches.map(|server| server.watches).max().unwrap_or(0);
        let left = MARGIN + axis_width(calls.max(watches));
        let width = PAGE_WIDTH - MARGIN - GUTTER - left;
        let end = scale::end_of(input.duration, input.timelines);
        let plot = |y, h, highest: u64| -> CountPlot {
            Plot::over_time(Rect { x: left, y, w: width, h }, end, above(highest))
        };
        let strip = EventStrip::new(input.phases, &plot(0.0, 100.0, 1), 4, 240.0);
        let rows = if input.timelines.len() > MOST { 0 } else { input.timelines.len() };
        let rows =
            Rect { x: left, y: top + strip.height().max(18.0), w: width, h: rows as f64 * ROW };
        let refused: Vec<usize> =
            (0..STRIPS.len()).filter(|i| activity.highest(STRIPS[*i].0) > 0).collect();
        let plots = f64::from(u8::from(calls > 0) + u8::from(watches > 0));
        let fixed = rows.h + plots * GAP + refused.len() as f64 * (STRIP + STRIP_GAP);
        let room = PAGE_HEIGHT - frame::FOOT - rows.y - fixed;
        let high = (room / plots.max(1.0)).max(LEAST);
        let mut y = rows.bottom() + if rows.h > 0.0 { GAP * 0.6 } else { 0.0 };
        let mut next = |highest: u64| {
            (highest > 0).then(|| {
                let plot = plot(y, high, highest);
                y = plot.area.bottom() + GAP;
                plot
            })
        };
        let (calls, watches) = (next(calls), next(watches));
        let strips = refused
            .into_iter()
            .map(|i| {
                let strip = plot(y, STRIP, activity.highest(STRIPS[i].0));
                y = strip.area.bottom() + STRIP_GAP;
                (i, strip)
            })
            .collect();
        Self { input, activity, strip, rows, calls, watches, strips }
    }

    fn draw(&self, scene: &mut Scene) {
        let strips = self.strips.iter().map(|(_, plot)| *plot);
        let plots: Vec<CountPlot> =
            self.calls.into_iter().chain(self.watches).chain(strips).collect();
        let (Some(first), Some(last)) = (plots.first(), plots.last()) else { return };
        let rows = first.moved(self.rows);
        for plot in &plots {
            self.strip.lines(scene, plot);
        }
        let uppermost = if self.rows.h > 0.0 { rows } else { *first };
        self.strip.draw(scene, &uppermost);
        if self.strip.unnamed > 0 {
            let at = (first.area.right() + frame::SIDE, uppermost.area.y - 12.0);
            scene.text(at, &self.strip.rest(), 12.0, MUTED);
        }
        self.servers(scene, &rows);
        if let Some(plot) = &self.calls {
            self.calls(scene, plot);
        }
        if let Some(plot) = &self.watches {
            self.watches(scene, plot);
        }
        for (index, plot) in &self.strips {
            self.refusals(scene, plot, *index);
        }
        for plot in &plots {
            frame::base_line(scene, plot.area);
            frame::time_axis(scene, plot, false);
        }
        frame::time_axis(scene, last, true);
        frame::time_caption(scene, last);
        scene.height = (last.area.bottom() + frame::FOOT).ceil().max(PAGE_HEIGHT);
    }

    /// A row per server: its colour while it serves, grey while it does not, a cross at each kill.
    fn servers(&self, scene: &mut Scene, plot: &CountPlot) {
        if self.rows.h <= 0.0 {
            return;
        }
        for (index, timeline) in self.input.timelines.iter().enumerate() {
            let middle = self.rows.y + (index as f64 + 0.5) * ROW;
            let bar = Rect { x: self.rows.x, y: middle - 3.0, w: self.rows.w, h: 6.0 };
            scene.rect(bar, colour_of(index));
            for (from, to) in &timeline.down {
                let x = plot.x(*from);
                let w = (plot.x(*to) - x).max(1.5).min(bar.right() - x);
                let gap = Rect { x, y: bar.y - 1.0, w, h: bar.h + 2.0 };
                scene.rect(gap, PAPER);
                scene.rect(Rect { y: bar.y, h: bar.h, ..gap }, DOWN);
            }
            let server = self.input.server(&timeline.server);
            frame::kills_in_row(scene, plot, middle, frame::kills_of(server));
            let x = self.rows.right() + frame::SIDE;
            let name = font::fit_name(&timeline.server, SMALL, true, GUTTER - frame::SIDE);
            scene.label((x, middle + 4.4), &name, (SMALL, true), colour_of(index), Anchor::Start);
        }
    }

    fn calls(&self, scene: &mut Scene, plot: &CountPlot) {
        axis(scene, plot, &self.per());
        let mut says = Vec::new();
        for (kind, colour) in CALLS {
            if self.activity.highest(kind) == 0 {
                continue;
            }
            let line = self.steps(plot, |bucket| bucket.counts.get(kind));
            if kind == ActivityKind::Lists {
                fill(scene, plot, &line, colour.faded(0.42));
            }
            scene.line(line, colour, 1.3);
            let all = grouped(total(self.activity, kind));
            says.push((format!("{all} {}", kind.label()), true, colour));
            let busiest = grouped(self.activity.busiest(kind).count);
            says.push((format!("up to {busiest} per second"), false, MUTED));
        }
        side(scene, plot, &says);
    }

    fn watches(&self, scene: &mut Scene, plot: &CountPlot) {
        axis(scene, plot, "open");
        for index in 0..self.input.timelines.len() {
            let of = |bucket: &ActivityBucket| bucket.servers.get(index).map_or(0, |s| s.watches);
            let crowd = self.input.timelines.len() > MOST;
            let (colour, width) =
                if crowd { (LINES[0].faded(0.6), 1.0) } else { (colour_of(index), 1.8) };
            scene.line(self.levels(plot, of), colour, width);
        }
        let most = |bucket: &ActivityBucket| bucket.servers.iter().map(|s| s.watches).max();
        let most = self.activity.buckets.iter().filter_map(most).max().unwrap_or(0);
        let says = [
            ("open watches".to_owned(), true, INK),
            (format!("up to {} per server", grouped(most)), false, MUTED),
        ];
        side(scene, plot, &says);
    }

    /// The number of one kind of refusal, bucket by bucket.
    fn refusals(&self, scene: &mut Scene, plot: &CountPlot, index: usize) {
        let (kind, code, colour) = STRIPS[index];
        let line = self.steps(plot, |bucket| bucket.counts.get(kind));
        fill(scene, plot, &line, colour.faded(0.6));
        scene.line(line, colour, 0.9);
        let at = (plot.area.x - frame::LABEL_LEFT, plot.area.bottom() - 3.0);
        scene.label(at, code, (SMALL, true), MUTED, Anchor::End);
        let says = [
            (format!("{} {}", grouped(total(self.activity, kind)), kind.label()), true, colour),
            (
                format!("up to {} {}", grouped(self.activity.highest(kind)), self.per()),
                false,
                MUTED,
            ),
        ];
        side(scene, plot, &says);
    }

    /// What the counts of a bucket are counts of: `per s`, `per 3 s`.
    fn per(&self) -> String {
        match self.activity.width.0 / 1_000_000_000 {
            0 | 1 => "per s".to_owned(),
            seconds => format!("per {seconds} s"),
        }
    }

    /// Counts as steps, one per bucket, from the base and back to it. Of a long calm only the ends.
    fn steps(&self, plot: &CountPlot, read: impl Fn(&ActivityBucket) -> u64) -> Vec<Point> {
        let mut line = vec![(plot.area.x, plot.area.bottom())];
        for (index, bucket) in self.activity.buckets.iter().enumerate() {
            let y = plot.y(read(bucket));
            let (from, to) = (self.x(plot, index), self.x(plot, index + 1));
            match line.last_mut() {
                Some(last) if last.1.to_bits() == y.to_bits() => last.0 = to,
                _ => line.extend([(from, y), (to, y)]),
            }
        }
        let end = line.last().map_or(plot.area.x, |last| last.0);
        line.push((end, plot.area.bottom()));
        line
    }

    /// A figure as it was at the end of each bucket.
    fn levels(&self, plot: &CountPlot, read: impl Fn(&ActivityBucket) -> u64) -> Vec<Point> {
        let buckets = self.activity.buckets.iter().enumerate();
        let point =
            |(i, bucket): (usize, &ActivityBucket)| (self.x(plot, i + 1), plot.y(read(bucket)));
        let first = self.activity.buckets.first().map(|b| (plot.area.x, plot.y(read(b))));
        first.into_iter().chain(buckets.map(point)).collect()
    }

    fn x(&self, plot: &CountPlot, bucket: usize) -> f64 {
        let at: SimTime = self.activity.start_of(bucket);
        plot.x(at)
    }
}

fn colour_of(server: usize) -> Colour {
    LINES[server % LINES.len()]
}

/// Pixels that the labels of all axes need.
fn axis_width(highest: u64) -> f64 {
    let names = ["per 60 s", "failed"].map(|name| font::width(name, SMALL, true));
    names.into_iter().fold(font::width(&grouped(highest), SMALL, false), f64::max) + 12.0
}

fn fill(scene: &mut Scene, plot: &CountPlot, line: &[Point], fill: Colour) {
    let (Some(first), Some(last)) = (line.first(), line.last()) else { return };
    let base = plot.area.bottom();
    let lower = vec![(first.0, base), (last.0, base)];
    scene.items.push(Item::Area { upper: line.to_vec(), lower, fill });
}

/// Lines to the right of a plot.
fn side(scene: &mut Scene, plot: &CountPlot, says: &[(String, bool, Colour)]) {
    let mut y = plot.area.y + frame::SIDE_BASELINE;
    for (text, bold, colour) in says {
        let text = font::fit(text, SMALL, *bold, GUTTER - frame::SIDE);
        let at = (plot.area.right() + frame::SIDE, y);
        scene.label(at, &text, (SMALL, *bold), *colour, Anchor::Start);
        y += frame::SIDE_STEP;
    }
}
