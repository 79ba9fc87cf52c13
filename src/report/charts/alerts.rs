//! `alert-leads`: how long before or after the first kill each alert fired, a dot per replication.

use crate::results::{AlertRow, AlertsResult};

use super::frame::{self, FOOT, Key, MARGIN, NAME, SIDE, SMALL};
use super::palette::{GRID, INK, MUTED, PUBLISHED, RED, RESIDENT};
use super::plot::{Axis, Plot};
use super::scale::round_ticks;
use super::scene::{Anchor, Item, PAGE_WIDTH, Rect, Scene};
use super::{DASH, font};

const CHART: &str = "alert-leads";
/// Alerts that have a row.
const MOST_ROWS: usize = 24;
/// Height of a row.
const ROW: f64 = 30.0;
/// Room above the rows.
const ABOVE: f64 = 150.0;
/// Alerts that fire later than this after the kill stand at the edge.
const LATEST: f64 = 120.0;
/// Room for names at the left and for verdicts at the right.
const LEFT: f64 = 300.0;
const RIGHT: f64 = 330.0;

/// Draws the chart.
pub(super) fn scene(result: &AlertsResult) -> Scene {
    let there = result.alerts.iter().filter(|row| row.lacks().is_none());
    let shown: Vec<&AlertRow> = there.take(MOST_ROWS).collect();
    let description = format!(
        "Time from each alert to the first kill, a dot per replication, for {} alerts. {}.",
        shown.len(),
        result.verdict
    );
    let subtitle = format!(
        "{} · Kubernetes {} · seed {} · {} replications, a kill in {} · scraped every {} s",
        font::fit(&result.scenario, frame::SUBTITLE, false, frame::NAME_ROOM),
        result.release,
        result.seed,
        result.replications,
        result.killed,
        result.scrape_seconds
    );
    let height = ABOVE + ROW * shown.len() as f64 + FOOT;
    let mut scene = Scene::new(CHART, &result.verdict, &description, height);
    let y = frame::heading(&mut scene, &result.verdict, &subtitle);
    let mut keys = vec![
        (Key::Line(RESIDENT, 6.0), "fires before, a dot per run"),
        (Key::Line(MUTED, 6.0), "fires after"),
        (Key::Line(RED, 2.0), "first kill"),
    ];
    let too_late = result.too_late.map(|point| point.lead_seconds().max(0.0));
    let of = result.too_late.map_or(0, |point| point.replication);
    let named = format!("too late (run {of})");
    keys.extend(too_late.map(|_| (Key::Dashes(PUBLISHED), &*named)));
    let top = frame::keys(&mut scene, y, &keys) + 14.0;
    let area = Rect {
        x: MARGIN + LEFT,
        y: top,
        w: PAGE_WIDTH - 2.0 * MARGIN - LEFT - RIGHT,
        h: ROW * shown.len().max(1) as f64,
    };
    let leads = || shown.iter().flat_map(|row| row.lead_seconds.iter().copied());
    let early = leads().chain(too_late).fold(60.0, f64::max);
    let late = leads().fold(-30.0, f64::min).max(-early.max(LATEST));
    let margin = (early - late) * 0.04;
    let across = Axis::linear(-early - margin, -late + margin);
    let plot = Plot { area, across, up: Axis::linear(0.0, 1.0) };
    for (seconds, text) in round_ticks(across.low, across.high) {
        let x = plot.x(seconds);
        scene.line(vec![(x, area.y), (x, area.bottom())], GRID, 1.0);
        frame::tick_below(&mut scene, area, x, &text);
    }
    frame::base_line(&mut scene, area);
    frame::caption_below(&mut scene, area, "seconds from the first kill");
    scene.line(plot.vertical(0.0), RED, 2.0);
    if let Some(lead) = too_late {
        scene.dashed(plot.vertical(-lead), PUBLISHED, 1.6, DASH);
    }
    for (place, row) in shown.iter().enumerate() {
        let y = area.y + ROW * (place as f64 + 0.5);
        draw(&mut scene, &plot, row, y);
    }
    scene
}

fn draw(scene: &mut Scene, plot: &Plot<f64, f64>, row: &AlertRow, y: f64) {
    let name = font::fit(&row.alert, NAME, true, LEFT - 16.0);
    let area = plot.area;
    scene.label((area.x - 10.0, y + frame::HALF_CAP), &name, (NAME, true), INK, Anchor::End);
    scene.line(vec![(area.x, y), (area.right(), y)], GRID, 1.0);
    for lead in &row.lead_seconds {
        let ink = if *lead > 0.0 { RESIDENT } else { MUTED };
        scene.items.push(Item::Dot((plot.x(-lead), y), 4.5, ink.faded(0.45)));
    }
    let lines = font::wrap(&row.verdict, SMALL, false, RIGHT - SIDE, 2);
    let first = y + frame::HALF_CAP - 7.5 * (lines.len() as f64 - 1.0);
    for (index, line) in lines.iter().enumerate() {
        let at = (area.right() + SIDE, first + 15.0 * index as f64);
        scene.label(at, line, (SMALL, false), MUTED, Anchor::Start);
    }
}
