//! `memory-timeline`: one small plot per server, all with the same axes. Over the curve is what scrapes of
//! usual intervals saw: dots, joined as dashboards join them, and no line where the server did not answer.

use crate::results::{Scrape, ScrapedPeak, ServerRecord, Timeline, scrapes};
use crate::units::{Bytes, SimSpan, SimTime, Sort};

use super::events::EventStrip;
use super::frame::{self, Key, MARGIN, SMALL};
use super::palette::{
    Colour, DOWN, GOAL, INK, LIVE, MUTED, PUBLISHED, RED, RED_BAND, REJECTED, RESIDENT,
    RESIDENT_FILL, SEATS,
};
use super::plot::Plot;
use super::scale::{self, ByteAxis, real_limit};
use super::scene::{Anchor, Item, PAGE_HEIGHT, PAGE_WIDTH, Rect, Scene};
use super::{ChartInput, DASH, font, thin};

const NAME: &str = "memory-timeline";
/// More servers than this are not drawn; the worst ones are.
const MOST: usize = 32;
/// Up to this many servers stand in one column, more in two.
const ONE_COLUMN: usize = 6;
/// Colours of scrape intervals, the shortest first, and widths of their lines.
const SCRAPES: [(Colour, f64); 3] = [(SEATS, 0.6), (REJECTED, 0.8), (MUTED, 1.0)];
/// The interval, in seconds, whose highest sample stands beside the plot: that of kube-prometheus.
const USUAL: u64 = 30;
/// Scrapes nearer to one another than so many pixels cannot be told from the curve: they are not drawn.
const SCRAPE_STEP: f64 = 8.0;
/// Room above the highest line for the time of a kill.
const HEAD: f64 = 21.0;

/// Draws the chart.
pub(super) fn scene(input: &ChartInput) -> Scene {
    let subtitle = frame::subtitle(input, &frame::worst_run(input));
    let shown = shown(input);
    if shown.iter().all(|t| t.points.is_empty()) {
        let why = "No memory timeline was recorded for this run.";
        return frame::empty(NAME, input.verdict, &subtitle, why);
    }
    let mut scene = Scene::new(NAME, input.verdict, &describe(input, &shown), PAGE_HEIGHT);
    let y = frame::heading(&mut scene, input.verdict, &subtitle);
    // What is drawn, and so the keys, depends on the width of a plot, not on where it begins.
    let keys = Grid::new(input, &shown, y).used_keys(input, &shown);
    let grid = Grid::new(input, &shown, frame::keys(&mut scene, y, &keys) + 8.0);
    let hidden = input.timelines.len() - shown.len();
    scene.height = grid.page_height() + if hidden > 0 { 18.0 } else { 0.0 };
    for (index, timeline) in shown.iter().enumerate() {
        grid.panel(&mut scene, input, index, timeline);
    }
    grid.notes(&mut scene, hidden);
    scene
}

/// All timelines, or the highest ones where there are too many, in their order.
fn shown<'a>(input: &ChartInput<'a>) -> Vec<&'a Timeline> {
    let peak = |t: &Timeline| frame::peak_of(t).map_or(Bytes::ZERO, |p| p.1);
    let mut order: Vec<usize> = (0..input.timelines.len()).collect();
    order.order_by_key(|i| (std::cmp::Reverse(peak(&input.timelines[*i])), *i));
    order.truncate(MOST);
    order.sort_unstable();
    order.into_iter().map(|i| &input.timelines[i]).collect()
}

fn describe(input: &ChartInput, shown: &[&Timeline]) -> String {
    let servers: Vec<String> = shown
        .iter()
        .filter_map(|t| frame::peak_of(t).map(|(at, peak)| (t, at, peak)))
        .map(|(t, at, peak)| {
            let kills = input.server(&t.server).map_or(0, |s| s.oom_kills.len());
            format!("{} peaks at {peak} at {at}, OOM kills: {kills}", t.server)
        })
        .collect();
    format!(
        "Resident memory, live heap and heap goal of each apiserver over time, with its limit. {}.",
        servers.join("; ")
    )
}

/// Where the plots are.
struct Grid {
    columns: usize,
    rows: usize,
    strip: EventStrip,
    axis: ByteAxis,
    first: Plot,
    column_step: f64,
    row_step: f64,
    gutter: f64,
}

impl Grid {
    fn new(input: &ChartInput, shown: &[&Timeline], top: f64) -> Self {
        let columns = if shown.len() > ONE_COLUMN { 2 } else { 1 };
        let rows = shown.len().div_ceil(columns);
        let between = if columns == 1 { 0.0 } else { 22.0 };
        let gutter = gutter(shown, if columns == 1 { 200.0 } else { 140.0 });
        let column = (PAGE_WIDTH - 2.0 * MARGIN - between) / columns as f64;
        let end = scale::end_of(input.duration, input.timelines);
        let bottom = frame::FOOT;
        let gap = 16.0;
        // The height of the strip of events depends on the plot's width only.
        let bytes = |height| Self::top(input, shown, height);
        let plot = |left: f64, y: f64, h: f64| {
            let area = Rect { x: MARGIN + left, y, w: column - left - gutter, h };
            Plot::over_time(area, end, bytes(h))
        };
        let longest = if columns == 1 { 260.0 } else { 230.0 };
        let names = |left| EventStrip::new(input.phases, &plot(left, 0.0, 100.0), 4, longest);
        let guess = names(50.0).height();
        let room = PAGE_HEIGHT - top - bottom - guess - gap * (rows - 1) as f64;
        let least = if columns == 1 { 92.0 } else { 84.0 };
        let height = (room / rows as f64).max(least);
        let axis = scale::byte_axis(bytes(height), ((height / 34.0) as usize).clamp(3, 9));
        let left = frame::axis_width(&axis);
        let strip = names(left);
        Self {
            columns,
            rows,
            axis,
            first: plot(left, top + strip.height().max(18.0), height),
            strip,
            column_step: column + between,
            row_step: height + gap,
            gutter,
        }
    }

    /// The upper end of the axis all plots share.
    fn top(input: &ChartInput, shown: &[&Timeline], height: f64) -> Bytes {
        let points = shown.iter().flat_map(|t| &t.points);
        let drawn = points.map(|p| p.resident.max(p.live_heap)).max();
        let servers = || shown.iter().filter_map(|t| input.server(&t.server));
        let peak = servers().map(|s| s.peak_resident).max();
        let highest = drawn.max(peak).unwrap_or_default();
        let published = input.published.map(|p| p.bytes);
        let limits: Vec<Bytes> = servers().map(|s| s.limit).chain(published).collect();
        scale::top_of(highest, &limits, height, HEAD)
    }

    fn used_keys(&self, input: &ChartInput, shown: &[&Timeline]) -> Vec<(Key, &'static str)> {
        let mut keys = vec![
            (Key::Line(RESIDENT, 2.2), "resident set"),
            (Key::Line(LIVE, 1.6), "live heap"),
            (Key::Dashes(GOAL), "heap goal"),
        ];
        let servers = || shown.iter().filter_map(|t| input.server(&t.server));
        if servers().any(|s| frame::limit_shown(&self.first, s.limit)) {
            keys.push((Key::Line(RED, 1.5), "memory limit"));
            keys.push((Key::Patch(RED_BAND), "90–100 % of it"));
        }
        if servers().any(|s| !s.oom_kills.is_empty()) {
            keys.push((Key::Cross, "OOM kill"));
        }
        if servers().any(|s| !s.etcd_kills.is_empty()) {
            keys.push((Key::Cross, frame::ETCD_KILLED));
        }
        if shown.iter().any(|t| !t.down.is_empty()) {
            keys.push((Key::Patch(DOWN), "not serving"));
        }
        if input.published.is_some_and(|p| p.bytes <= self.first.top()) {
            keys.push((Key::Dashes(PUBLISHED), "published"));
        }
        for (seen, (colour, width)) in self.drawn(input) {
            let text = match seen.interval_seconds {
                15 => "scrape 15 s",
                30 => "30 s",
                _ => "60 s",
            };
            keys.push((Key::Line(colour, width), text));
        }
        keys
    }

    /// The scrapes that can be told from the curve, with their line.
    fn drawn<'a>(&self, input: &ChartInput<'a>) -> Vec<(&'a ScrapedPeak, (Colour, f64))> {
        let at = |seconds: u64| self.first.x(SimTime::ZERO + SimSpan::secs(seconds));
        let told = |seen: &ScrapedPeak| at(seen.interval_seconds) - at(0) >= SCRAPE_STEP;
        input.scrapes.iter().zip(SCRAPES).filter(|(seen, _)| told(seen)).collect()
    }

    /// What scrapes saw of a server.
    fn scraped(&self, scene: &mut Scene, plot: &Plot, input: &ChartInput, timeline: &Timeline) {
        for (seen, (colour, width)) in self.drawn(input) {
            let first = SimSpan::secs(seen.first_seconds);
            let samples = scrapes(timeline, first, SimSpan::secs(seen.interval_seconds));
            for line in samples.split(|sample| sample.resident.is_none()) {
                let at =
                    |sample: &Scrape| Some(plot.point(sample.at, sample.resident?.min(plot.top())));
                let points: Vec<_> = line.iter().filter_map(at).collect();
                let dots = points.iter().map(|point| Item::Dot(*point, 1.0 + width, colour));
                scene.items.extend(dots);
                if points.len() > 1 {
                    scene.line(points, colour, width);
                }
            }
        }
    }

    fn page_height(&self) -> f64 {
        let last = self.first.area.bottom() + self.row_step * (self.rows - 1) as f64;
        (last + frame::FOOT).ceil().max(PAGE_HEIGHT)
    }

    fn plot(&self, index: usize) -> Plot {
        let (column, row) = (index / self.rows, index % self.rows);
        let mut plot = self.first;
        plot.area.x += self.column_step * column as f64;
        plot.area.y += self.row_step * row as f64;
        plot
    }

    fn panel(&self, scene: &mut Scene, input: &ChartInput, index: usize, timeline: &Timeline) {
        let plot = self.plot(index);
        let server = input.server(&timeline.server);
        let limit = server.map_or(Bytes::ZERO, |s| s.limit);
        frame::limit_band(scene, &plot, limit);
        frame::down_spans(scene, &plot, timeline);
        below_resident(scene, &plot, timeline);
        frame::byte_ticks(scene, &plot, &self.axis);
        self.strip.lines(scene, &plot);
        // What was seen lies below what was.
        self.scraped(scene, &plot, input, timeline);
        lines(scene, &plot, timeline);
        frame::limit_line(scene, &plot, limit);
        published(scene, &plot, input);
        frame::base_line(scene, plot.area);
        frame::kills(scene, &plot, frame::kills_of(server));
        frame::etcd_kills(scene, &plot, server);
        let lowest = index + 1 == self.rows || index % self.rows + 1 == self.rows;
        let last = lowest || index + 1 == input.timelines.len().min(MOST);
        frame::time_axis(scene, &plot, last);
        if index.is_multiple_of(self.rows) {
            self.strip.draw(scene, &plot);
            let at = (plot.area.x - frame::LABEL_LEFT, plot.area.y - 10.0);
            scene.label(at, self.axis.unit, (SMALL, true), MUTED, Anchor::End);
        }
        self.side(scene, input, &plot, timeline, server);
    }

    /// The server's name and figures, to the right of its plot.
    fn side(
        &self,
        scene: &mut Scene,
        input: &ChartInput,
        plot: &Plot,
        timeline: &Timeline,
        server: Option<&ServerRecord>,
    ) {
        let x = plot.area.right() + frame::SIDE;
        let room = self.gutter - frame::SIDE;
        let name = font::fit_name(&timeline.server, frame::NAME, true, room);
        let mut y = plot.area.y + frame::SIDE_BASELINE;
        scene.label((x, y), &name, (frame::NAME, true), INK, Anchor::Start);
        let mut say = |text: &str, bold: bool, colour| {
            y += frame::SIDE_STEP;
            let text = font::fit(text, SMALL, bold, room);
            scene.label((x, y), &text, (SMALL, bold), colour, Anchor::Start);
        };
        match frame::peak_of(timeline) {
            Some((_, peak)) => say(&format!("peak {peak}"), false, RESIDENT),
            None => say("nothing recorded", false, MUTED),
        }
        let seen = input.scrapes.iter().find(|seen| seen.interval_seconds == USUAL);
        let worst = input.worst_server().map(|worst| &worst.name) == Some(&timeline.server);
        if let Some(seen) = seen.filter(|_| worst) {
            let text = format!("{USUAL} s: {}", seen.peak_bytes);
            say(&text, false, SCRAPES[1].0);
        }
        let Some(server) = server else { return };
        if let Some(limit) = real_limit(server.limit) {
            let far = if limit > plot.top() { " ↑" } else { "" };
            say(&format!("limit {limit}{far}"), false, RED);
        }
        match server.oom_kills.len() {
            0 => {}
            1 => say("1 OOM kill", true, RED),
            n => say(&format!("{n} OOM kills"), true, RED),
        }
        match server.etcd_kills.len() {
            0 => {}
            1 => say("1 kill of etcd", true, RED),
            n => say(&format!("{n} kills of etcd"), true, RED),
        }
    }

    /// The caption of the time axis and what could not be shown.
    fn notes(&self, scene: &mut Scene, hidden: usize) {
        for column in 0..self.columns {
            let mut plot = self.first;
            plot.area.x += self.column_step * column as f64;
            plot.area.y += self.row_step * (self.rows - 1) as f64;
            frame::time_caption(scene, &plot);
        }
        let x = self.first.area.right() + frame::SIDE;
        if self.strip.unnamed > 0 {
            let text = self.strip.rest();
            scene.text((x, self.first.area.y - 12.0), &text, 12.0, MUTED);
        }
        if hidden > 0 {
            let text = format!("The {MOST} highest servers are shown; {hidden} more are not.");
            scene.text((MARGIN, scene.height - 10.0), &text, 12.0, MUTED);
        }
    }
}

/// Room for the names beside the plots.
fn gutter(shown: &[&Timeline], most: f64) -> f64 {
    let widths = shown.iter().map(|t| font::width(&t.server, frame::NAME, true));
    (14.0 + widths.fold(0.0, f64::max)).clamp(122.0, most)
}

/// The lines of one server.
fn lines(scene: &mut Scene, plot: &Plot, timeline: &Timeline) {
    for line in thin::lines(plot, timeline, |p| p.heap_goal) {
        scene.dashed(line, GOAL, 1.1, DASH);
    }
    for line in thin::lines(plot, timeline, |p| p.live_heap) {
        scene.line(line, LIVE, 1.6);
    }
    for line in thin::lines(plot, timeline, |p| p.resident) {
        scene.line(line, RESIDENT, 2.2);
    }
    if let Some((at, peak)) = frame::peak_of(timeline).filter(|p| p.1 > Bytes::ZERO) {
        scene.items.push(Item::Dot(plot.point(at, peak), 3.6, RESIDENT));
    }
}

/// The pale area below the line of resident memory.
fn below_resident(scene: &mut Scene, plot: &Plot, timeline: &Timeline) {
    let base = plot.area.bottom();
    for upper in thin::lines(plot, timeline, |p| p.resident) {
        if let [first, .., last] = upper.as_slice() {
            scene.items.push(Item::Area {
                lower: vec![(first.0, base), (last.0, base)],
                fill: RESIDENT_FILL.faded(0.75),
                upper,
            });
        }
    }
}

/// A published figure to compare with.
fn published(scene: &mut Scene, plot: &Plot, input: &ChartInput) {
    if let Some(mark) = input.published.filter(|p| p.bytes <= plot.top()) {
        let (area, y) = (plot.area, plot.y(mark.bytes));
        scene.dashed(vec![(area.x, y), (area.right(), y)], PUBLISHED, 1.3, DASH);
        let text = format!("{} {}", mark.label, mark.bytes);
        let text = font::fit(text.trim(), 12.0, false, area.w / 2.0);
        scene.text((area.x + 6.0, y - 5.0), &text, 12.0, PUBLISHED);
    }
}
