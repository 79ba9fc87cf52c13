//! `attribution-peak`: which client and resource held the memory of the worst server at its peak.

use crate::results::{Holder, ServerRecord};
use crate::units::{Bytes, Sort};

use super::frame::{self, MARGIN, SMALL};
use super::palette::{self, AXIS, Colour, INK, MUTED, OTHER};
use super::scene::{Anchor, PAGE_HEIGHT, PAGE_WIDTH, Rect, Scene};
use super::stack::share;
use super::{ChartInput, font};

const NAME: &str = "attribution-peak";
/// Bars of their own; the rest is one more.
const MOST: usize = 10;
/// Room for the names at the left and the figures at the right.
const NAMES: f64 = 330.0;
const FIGURES: f64 = 150.0;

/// One bar.
struct Bar {
    name: String,
    detail: String,
    bytes: Bytes,
    colour: Colour,
}

/// Draws the chart.
pub(super) fn scene(input: &ChartInput) -> Scene {
    let holders = input.worst_server().map(|s| (s, bars(s)));
    let Some((server, bars)) = holders.filter(|(_, bars)| !bars.is_empty()) else {
        let title = "Who held the memory is not known";
        let why = "The run recorded no holders at the peak.";
        let subtitle = frame::subtitle(input, &frame::worst_run(input));
        return frame::empty(NAME, title, &subtitle, why);
    };
    let total: Bytes = server.holders_at_peak.iter().map(|h| h.bytes).sum();
    let title = finding(server, total);
    let subtitle = frame::subtitle(input, &frame::worst_run(input));
    let mut scene = Scene::new(NAME, &title, &describe(server, &bars), PAGE_HEIGHT);
    let y = frame::heading(&mut scene, &title, &subtitle) + 14.0;
    let note = format!(
        "{}, {} resident at {}: bytes by mechanism, client and resource",
        font::fit_name(&server.name, SMALL, false, 300.0),
        server.peak_resident,
        server.peak_at
    );
    scene.text((MARGIN, y + 8.0), &note, SMALL, INK);
    draw(&mut scene, &bars, total, y + 26.0);
    scene
}

/// Who a holder is, without the mechanism.
fn whose(holder: &Holder) -> String {
    match (holder.client.trim(), holder.resource.trim()) {
        ("", "") => "the server itself".to_owned(),
        ("", resource) => resource.to_owned(),
        (client, "") => client.to_owned(),
        (client, resource) => format!("{client} · {resource}"),
    }
}

/// The largest holders first, what holds nothing left out.
fn sorted(server: &ServerRecord) -> Vec<&Holder> {
    let mut holders: Vec<&Holder> =
        server.holders_at_peak.iter().filter(|h| h.bytes > Bytes::ZERO).collect();
    holders.order_by_key(|h| (std::cmp::Reverse(h.bytes), h.mechanism, &h.client, &h.resource));
    holders
}

fn bars(server: &ServerRecord) -> Vec<Bar> {
    let holders = sorted(server);
    // One holder alone is not "other": it gets its bar.
    let own = if holders.len() == MOST + 1 { MOST + 1 } else { MOST };
    let (large, small) = holders.split_at(own.min(holders.len()));
    let bar = |h: &&Holder| Bar {
        name: h.mechanism.label().to_owned(),
        detail: whose(h),
        bytes: h.bytes,
        colour: palette::mechanism(h.mechanism),
    };
    let mut bars: Vec<Bar> = large.iter().map(bar).collect();
    if !small.is_empty() {
        bars.push(Bar {
            name: "other".to_owned(),
            detail: format!("{} smaller holders", small.len()),
            bytes: small.iter().map(|h| h.bytes).sum(),
            colour: OTHER,
        });
    }
    bars
}

/// The largest holder that acts for a client, else the largest of all.
fn finding(server: &ServerRecord, total: Bytes) -> String {
    let holders = sorted(server);
    let name = font::fit_name(&server.name, frame::TITLE, true, 300.0);
    let of = |client: &str| -> Bytes {
        let same = holders.iter().filter(|h| h.client.trim() == client);
        same.map(|h| h.bytes).sum()
    };
    let clients = holders.iter().map(|h| h.client.trim()).filter(|c| !c.is_empty());
    let largest = clients.max_by_key(|c| (of(c), std::cmp::Reverse(*c)));
    if let Some(client) = largest.filter(|c| of(c).as_f64() >= 0.1 * total.as_f64()) {
        let part = share(of(client), total);
        let client = font::fit(client, frame::TITLE, true, 380.0);
        return format!("{part} of {name}’s peak memory was held for {client}");
    }
    match holders.first() {
        Some(h) => {
            let part = share(h.bytes, total);
            format!("{part} of {name}’s peak memory was {}", h.mechanism.label())
        }
        None => format!("{name} held nothing at its peak"),
    }
}

fn describe(server: &ServerRecord, bars: &[Bar]) -> String {
    let rows: Vec<String> =
        bars.iter().map(|b| format!("{} ({}) {}", b.name, b.detail, b.bytes)).collect();
    format!("Memory of {} at its peak by holder: {}.", server.name, rows.join(", "))
}

fn draw(scene: &mut Scene, bars: &[Bar], total: Bytes, top: f64) {
    let x = MARGIN + NAMES;
    let room = PAGE_WIDTH - MARGIN - FIGURES - x;
    let longest = bars.iter().map(|b| b.bytes).max().unwrap_or_default().as_f64().max(1.0);
    let step = ((PAGE_HEIGHT - MARGIN - top) / bars.len() as f64).min(56.0);
    let thick = (step * 0.62).min(30.0);
    for (row, bar) in bars.iter().enumerate() {
        let middle = top + step * (row as f64 + 0.5);
        let names = NAMES - 14.0;
        let name = font::fit(&bar.name, frame::NAME, true, names);
        let detail = font::fit(&bar.detail, 12.0, false, names);
        scene.label((x - 14.0, middle - 3.0), &name, (frame::NAME, true), INK, Anchor::End);
        scene.label((x - 14.0, middle + 13.0), &detail, (12.0, false), MUTED, Anchor::End);
        let area = Rect {
            x,
            y: middle - thick / 2.0,
            w: (room * bar.bytes.as_f64() / longest).max(1.5),
            h: thick,
        };
        scene.rect(area, bar.colour);
        let bytes = bar.bytes.to_string();
        let at = (area.right() + 10.0, middle + 4.8);
        scene.label(at, &bytes, (frame::NAME, true), INK, Anchor::Start);
        let after = at.0 + font::width(&bytes, frame::NAME, true) + 8.0;
        scene.text((after, at.1), &share(bar.bytes, total), frame::NAME, MUTED);
    }
    let bottom = top + step * bars.len() as f64;
    scene.line(vec![(x, top), (x, bottom)], AXIS, 1.0);
}
