//! `memory-stack`: what the memory of the worst server consisted of.

use crate::results::{Mechanism, NodeRecord, Timeline};
use crate::units::{Bytes, SimTime, Sort};

use super::events::EventStrip;
use super::frame::{self, Key, MARGIN, SMALL};
use super::palette::{self, AXIS, Colour, GRID, INK, MUTED, OTHER, RED};
use super::plot::Plot;
use super::scale::{self, real_limit};
use super::scene::{Anchor, Item, PAGE_HEIGHT, PAGE_WIDTH, Point, Rect, Scene};
use super::{ChartInput, font, thin};

const NAME: &str = "memory-stack";
/// Width of the table at the right.
const TABLE: f64 = 336.0;
/// Room above the highest layer for the time of a kill.
const HEAD: f64 = 26.0;

/// One layer of the stack.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layer {
    /// Its name.
    pub(super) label: &'static str,
    /// Its colour.
    pub(super) colour: Colour,
    /// The mechanisms in it, as places in [`Mechanism::ALL`].
    pub(super) members: Vec<usize>,
}

/// The layers from the base upwards: each mechanism that once held 1 % of the peak, and the others
/// together as the last.
pub(super) fn layers(timeline: &Timeline) -> Vec<Layer> {
    let peak = frame::peak_of(timeline).map_or(Bytes::ZERO, |p| p.1);
    let mut layers = Vec::new();
    let mut others = Vec::new();
    for (place, mechanism) in Mechanism::ALL.into_iter().enumerate() {
        let held = timeline.points.iter().map(|p| p.by_mechanism[place]).max();
        let held = held.unwrap_or_default();
        if held > Bytes::ZERO && held.as_f64() >= peak.as_f64() / 100.0 {
            layers.push(Layer {
                label: mechanism.label(),
                colour: palette::mechanism(mechanism),
                members: vec![place],
            });
        } else if held > Bytes::ZERO {
            others.push(place);
        }
    }
    if !others.is_empty() {
        layers.push(Layer { label: "other (each below 1 %)", colour: OTHER, members: others });
    }
    layers
}

/// The bytes in each layer at a point of the timeline.
pub(super) fn heights(timeline: &Timeline, layers: &[Layer], point: usize) -> Vec<Bytes> {
    let held = timeline.points.get(point).map(|p| &p.by_mechanism);
    let sum = |l: &Layer| held.map_or(Bytes::ZERO, |h| l.members.iter().map(|m| h[*m]).sum());
    layers.iter().map(sum).collect()
}

/// Draws the chart.
pub(super) fn scene(input: &ChartInput) -> Scene {
    let subtitle = frame::subtitle(input, &frame::worst_run(input));
    let Some((timeline, at, peak)) = worst(input) else {
        let title = "What filled the memory is not known";
        let why = "No memory timeline was recorded for this run.";
        return frame::empty(NAME, title, &subtitle, why);
    };
    let layers = layers(timeline);
    let place = timeline.points.iter().position(|p| p.resident == peak);
    let table = Table { heights: heights(timeline, &layers, place.unwrap_or(0)), layers, at, peak };
    let title = table.finding(&timeline.server);
    let mut scene = Scene::new(NAME, &title, &table.describe(timeline), PAGE_HEIGHT);
    let y = frame::heading(&mut scene, &title, &subtitle);
    let y = frame::keys(&mut scene, y, &used_keys(input, timeline, peak)) + 8.0;
    let plot = draw(&mut scene, input, timeline, &table, y);
    let limit = input.server(&timeline.server).map_or(Bytes::ZERO, |s| s.limit);
    let y = table.draw(&mut scene, &plot, limit);
    if let Some(server) = input.server(&timeline.server) {
        whole_node(&mut scene, &plot, &server.node, y);
    }
    scene
}

/// The timeline with the highest peak, when that was and how high.
fn worst<'a>(input: &ChartInput<'a>) -> Option<(&'a Timeline, SimTime, Bytes)> {
    let peaks = input.timelines.iter().filter_map(|t| {
        let (at, peak) = frame::peak_of(t)?;
        Some((t, at, peak))
    });
    // The first of equals, as in the other charts.
    peaks.reduce(|best, next| if next.2 > best.2 { next } else { best })
}

fn used_keys(input: &ChartInput, timeline: &Timeline, peak: Bytes) -> Vec<(Key, &'static str)> {
    let server = input.server(&timeline.server);
    let mut keys = vec![(Key::Line(INK, 1.4), "resident set")];
    let near = |l: Bytes| l <= scale::top_of(peak, &[l], 400.0, HEAD);
    if server.is_some_and(|s| real_limit(s.limit).is_some_and(near)) {
        keys.push((Key::Line(RED, 1.5), "memory limit"));
    }
    if !frame::kills_of(server).is_empty() {
        keys.push((Key::Cross, "OOM kill"));
    }
    if server.is_some_and(|s| !s.etcd_kills.is_empty()) {
        keys.push((Key::Cross, frame::ETCD_KILLED));
    }
    if !timeline.down.is_empty() {
        keys.push((Key::Patch(palette::DOWN), "not serving"));
    }
    keys
}

fn draw(
    scene: &mut Scene,
    input: &ChartInput,
    timeline: &Timeline,
    table: &Table,
    top: f64,
) -> Plot {
    let server = input.server(&timeline.server);
    let limit = server.map_or(Bytes::ZERO, |s| s.limit);
    let highest = server.map_or(Bytes::ZERO, |s| s.peak_resident).max(table.peak);
    let bytes = scale::top_of(highest, &[limit], 400.0, HEAD);
    let axis = scale::byte_axis(bytes, 9);
    let left = MARGIN + frame::axis_width(&axis);
    let area = Rect { x: left, y: top, w: PAGE_WIDTH - MARGIN - TABLE - 28.0 - left, h: 0.0 };
    let end = scale::end_of(input.duration, input.timelines);
    let mut plot = Plot::over_time(area, end, bytes);
    let strip = EventStrip::new(input.phases, &plot, 4, 240.0);
    plot.area.y = top + strip.height().max(18.0);
    plot.area.h = PAGE_HEIGHT - frame::FOOT - plot.area.y;
    frame::limit_band(scene, &plot, limit);
    frame::down_spans(scene, &plot, timeline);
    frame::byte_ticks(scene, &plot, &axis);
    areas(scene, &plot, timeline, &table.layers);
    strip.lines(scene, &plot);
    frame::limit_line(scene, &plot, limit);
    frame::base_line(scene, plot.area);
    let (x, y) = plot.point(table.at, table.peak);
    scene.dashed(vec![(x, y), (x, plot.area.bottom())], INK, 1.0, (3.0, 3.0));
    if frame::kills_of(server).is_empty() {
        scene.items.push(Item::Dot((x, y), 4.0, INK));
    }
    frame::kills(scene, &plot, frame::kills_of(server));
    frame::etcd_kills(scene, &plot, server);
    frame::time_axis(scene, &plot, true);
    frame::time_caption(scene, &plot);
    strip.draw(scene, &plot);
    let unit = (plot.area.x - frame::LABEL_LEFT, plot.area.y - 10.0);
    scene.label(unit, axis.unit, (SMALL, true), MUTED, Anchor::End);
    if strip.unnamed > 0 {
        let at = (plot.area.right() + 28.0, plot.area.y - 12.0);
        scene.text(at, &strip.rest(), 12.0, MUTED);
    }
    plot
}

/// The layers, each painted down to the base and then covered by those below it, so that no seams show.
fn areas(scene: &mut Scene, plot: &Plot, timeline: &Timeline, layers: &[Layer]) {
    let xs: Vec<f64> = timeline.points.iter().map(|p| plot.x(p.at)).collect();
    let totals: Vec<u64> = timeline.points.iter().map(|p| p.resident.0).collect();
    let kept = thin::survivors(&xs, &totals);
    let mut lines: Vec<Vec<Point>> = vec![Vec::with_capacity(kept.len()); layers.len()];
    for i in &kept {
        let mut sum = Bytes::ZERO;
        for (line, height) in lines.iter_mut().zip(heights(timeline, layers, *i)) {
            sum += height;
            line.push((xs[*i], plot.y(sum)));
        }
    }
    let base = plot.area.bottom();
    for (line, layer) in lines.into_iter().zip(layers).rev() {
        if let (Some(first), Some(last)) = (line.first(), line.last()) {
            scene.items.push(Item::Area {
                lower: vec![(first.0, base), (last.0, base)],
                fill: layer.colour,
                upper: line,
            });
        }
    }
    for line in thin::lines(plot, timeline, |p| p.resident) {
        scene.line(line, INK, 1.4);
    }
}

/// What stands beside the plot.
struct Table {
    layers: Vec<Layer>,
    heights: Vec<Bytes>,
    at: SimTime,
    peak: Bytes,
}

impl Table {
    /// The two largest layers at the peak.
    fn finding(&self, server: &str) -> String {
        let mut order: Vec<usize> = (0..self.layers.len()).collect();
        order.order_by_key(|i| (std::cmp::Reverse(self.heights[*i]), *i));
        let largest: Vec<String> = order
            .iter()
            .take(2)
            .filter(|i| self.heights[**i] > Bytes::ZERO)
            .map(|i| {
                let share = share(self.heights[*i], self.peak);
                format!("{} {share}", self.layers[*i].label)
            })
            .collect();
        let server = font::fit_name(server, frame::TITLE, true, 420.0);
        let head = format!("{server} at its peak of {}", self.peak);
        if largest.is_empty() {
            return head;
        }
        format!("{head}: {}", largest.join(", "))
    }

    fn describe(&self, timeline: &Timeline) -> String {
        let rows = self.layers.iter().zip(&self.heights);
        let rows: Vec<String> = rows.map(|(l, h)| format!("{} {h}", l.label)).collect();
        format!(
            "Resident memory of {} over time, stacked by what holds it. At its peak at {}: {}.",
            timeline.server,
            self.at,
            rows.join(", ")
        )
    }

    /// Draws it; where it ends.
    fn draw(&self, scene: &mut Scene, plot: &Plot, limit: Bytes) -> f64 {
        let x = plot.area.right() + 28.0;
        let right = PAGE_WIDTH - MARGIN;
        let shares = right - 44.0;
        let mut y = plot.area.y + 11.0;
        let head = format!("held at the peak, {}", self.at);
        scene.label((x, y), &head, (frame::NAME, true), INK, Anchor::Start);
        y += 12.0;
        let rows = self.layers.len() as f64;
        let step = ((plot.area.bottom() - y - 56.0) / rows.max(1.0)).clamp(17.0, 25.0);
        for (layer, height) in self.layers.iter().zip(&self.heights).rev() {
            y += step;
            let swatch = Rect { x, y: y - 10.5, w: 13.0, h: 13.0 };
            scene.rect(swatch, layer.colour);
            let colour = if *height > Bytes::ZERO { INK } else { MUTED };
            scene.text((x + 21.0, y), layer.label, SMALL, colour);
            let bytes = height.to_string();
            scene.label((shares, y), &bytes, (SMALL, false), colour, Anchor::End);
            let part = share(*height, self.peak);
            scene.label((right, y), &part, (SMALL, false), MUTED, Anchor::End);
        }
        y += 11.0;
        scene.line(vec![(x, y), (right, y)], AXIS, 1.0);
        y += 18.0;
        scene.label((x + 21.0, y), "resident set", (SMALL, true), INK, Anchor::Start);
        let peak = self.peak.to_string();
        scene.label((shares, y), &peak, (SMALL, true), INK, Anchor::End);
        if let Some(limit) = real_limit(limit) {
            y += 20.0;
            let far = if limit > plot.top() { "limit (above the plot)" } else { "limit" };
            scene.text((x + 21.0, y), far, SMALL, RED);
            scene.label((shares, y), &limit.to_string(), (SMALL, false), RED, Anchor::End);
        } else {
            scene.line(vec![(x, y + 9.0), (right, y + 9.0)], GRID, 1.0);
        }
        y
    }
}

/// What is in use on the server's node at most, with all that shares it.
fn whole_node(scene: &mut Scene, plot: &Plot, node: &NodeRecord, y: f64) {
    if node.memory == Bytes::ZERO {
        return;
    }
    let (x, right) = (plot.area.right() + 28.0, PAGE_WIDTH - MARGIN);
    let name = format!("whole node, of {}", node.memory);
    scene.text((x + 21.0, y + 20.0), &name, SMALL, MUTED);
    let bytes = node.peak.to_string();
    scene.label((right - 44.0, y + 20.0), &bytes, (SMALL, false), MUTED, Anchor::End);
}

/// A part of a whole in percent.
pub(super) fn share(part: Bytes, whole: Bytes) -> String {
    let percent = 100.0 * part.as_f64() / whole.as_f64().max(1.0);
    match part {
        Bytes::ZERO => "–".to_owned(),
        _ if percent < 0.5 => "< 1 %".to_owned(),
        _ => format!("{percent:.0} %"),
    }
}
