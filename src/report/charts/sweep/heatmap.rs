//! `sweep-heatmap`: the risk over two keys, with the line at 5 %.

use crate::results::{AxisRecord, PointFigures, PointRow, PointValue, RISK, SweepSummary};

use super::{Scale, levels, shown, sound, subtitle, title};
use crate::report::charts::font;
use crate::report::charts::frame::{self, MARGIN, SMALL};
use crate::report::charts::palette::{AXIS, Colour, GRID, INK, MUTED, PAPER, RED, RESIDENT};
use crate::report::charts::scene::{Anchor, Item, PAGE_WIDTH, Rect, Scene};

const NAME: &str = "sweep-heatmap";
const HEIGHT: f64 = 720.0;
/// Most cells in a row or a column: more would be narrower than five pixels.
pub(super) const MOST_CELLS: usize = 150;
/// Most points of a design that is no grid: more hide each other.
pub(super) const MOST_DOTS: usize = 20_000;
/// Steps of the colour bar.
const SHADES: u32 = 40;

/// What the colours say.
#[derive(Clone, Copy, PartialEq)]
enum Shown {
    /// The share of replications with a kill.
    Risk,
    /// The 95th percentile of the peak as a share of the limit, where nothing is ever killed.
    Peak,
}

impl Shown {
    fn share(self, figures: &PointFigures) -> f64 {
        match self {
            Self::Risk => figures.oom_share(),
            Self::Peak => {
                let limit = figures.limit_bytes.as_f64().max(1.0);
                (figures.peak_resident_bytes.p95.as_f64() / limit).min(1.0)
            }
        }
    }

    /// From which share on a colour is too dark for dark text.
    fn dark(self) -> f64 {
        if self == Self::Risk { 0.55 } else { 0.75 }
    }

    fn colour(self, share: f64) -> Colour {
        let full = if self == Self::Risk { RED } else { RESIDENT };
        let mix = |paper: u8, ink: u8| {
            (f64::from(paper) + (f64::from(ink) - f64::from(paper)) * share).round() as u8
        };
        let (p, f) = (PAPER.rgb, full.rgb);
        Colour { rgb: (mix(p.0, f.0), mix(p.1, f.1), mix(p.2, f.2)), opacity: 1.0 }
    }
}

/// The cells of the map.
struct Map<'a> {
    area: Rect,
    columns: Vec<PointValue>,
    rows: Vec<PointValue>,
    /// By column, then row from the bottom.
    cells: Vec<Vec<Option<&'a PointRow>>>,
    what: Shown,
}

/// Draws the chart.
pub(super) fn scene(sweep: &SweepSummary, across: &AxisRecord, upwards: &AxisRecord) -> Scene {
    let title = &title(sweep);
    if sound(&sweep.rows).next().is_none() {
        return frame::empty(NAME, title, &subtitle(sweep), "No point could be run.");
    }
    let killed = sound(&sweep.rows).any(|(_, figures)| figures.oom.count > 0);
    let what = if killed { Shown::Risk } else { Shown::Peak };
    let mut scene = Scene::new(NAME, title, &describe(sweep, across, upwards), HEIGHT);
    let y = frame::heading(&mut scene, title, &subtitle(sweep));
    colour_bar(&mut scene, what, y + 4.0, &remark(sweep));
    let rows = levels(&sweep.rows, 1, MOST_CELLS);
    let widths = rows.iter().map(|value| font::width(&shown(upwards, value), SMALL, false));
    let left = MARGIN + 30.0 + widths.fold(0.0, f64::max).min(170.0);
    let top = y + 58.0;
    let area = Rect { x: left, y: top, w: PAGE_WIDTH - MARGIN - left, h: HEIGHT - 66.0 - top };
    if sweep.head.design.kind == "grid" {
        let map = Map::new(sweep, area, what, rows);
        map.draw(&mut scene);
        map.line_of_risk(&mut scene);
        map.labels(&mut scene, across, upwards);
    } else {
        scattered(&mut scene, sweep, area, what, (across, upwards));
    }
    captions(&mut scene, area, across, upwards);
    scene
}

fn describe(sweep: &SweepSummary, across: &AxisRecord, upwards: &AxisRecord) -> String {
    let cells: Vec<String> = sound(&sweep.rows)
        .take(60)
        .map(|(row, figures)| {
            let texts: Vec<&str> = row.values.iter().map(PointValue::label).collect();
            let (count, n) = (figures.oom.count, figures.replications);
            format!("{}: OOM in {count} of {n}", texts.join(" and "))
        })
        .collect();
    format!("P(OOM) over {} and {}. {}.", across.key, upwards.key, cells.join("; "))
}

impl<'a> Map<'a> {
    fn new(sweep: &'a SweepSummary, area: Rect, what: Shown, rows: Vec<PointValue>) -> Self {
        let columns = levels(&sweep.rows, 0, MOST_CELLS);
        let mut cells = vec![vec![None; rows.len()]; columns.len()];
        for row in &sweep.rows {
            let [a, b] = row.values.as_slice() else { continue };
            let at = |levels: &[PointValue], value| levels.iter().position(|l| l == value);
            if let (Some(x), Some(y)) = (at(&columns, a), at(&rows, b)) {
                cells[x][y] = Some(row);
            }
        }
        Self { area, columns, rows, cells, what }
    }

    fn cell(&self, column: usize, row: usize) -> Rect {
        let w = self.area.w / self.columns.len().max(1) as f64;
        let h = self.area.h / self.rows.len().max(1) as f64;
        let y = self.area.bottom() - h * (row as f64 + 1.0);
        Rect { x: self.area.x + w * column as f64, y, w, h }
    }

    fn draw(&self, scene: &mut Scene) {
        for (x, column) in self.cells.iter().enumerate() {
            for (y, row) in column.iter().enumerate() {
                let cell = self.cell(x, y);
                match row.and_then(|row| row.figures.as_ref()) {
                    Some(figures) => self.known(scene, cell, figures),
                    None => hatched(scene, cell),
                }
            }
        }
        let a = self.area;
        let corners = [(a.x, a.y), (a.right(), a.y), (a.right(), a.bottom()), (a.x, a.bottom())];
        scene.line([&corners[..], &corners[..1]].concat(), AXIS, 1.0);
    }

    fn known(&self, scene: &mut Scene, cell: Rect, figures: &PointFigures) {
        let share = self.what.share(figures);
        scene.rect(cell, self.what.colour(share));
        if cell.w >= 12.0 && cell.h >= 12.0 {
            let right = vec![(cell.right(), cell.y), (cell.right(), cell.bottom())];
            scene.line(right, GRID, 0.7);
            scene.line(vec![(cell.x, cell.y), (cell.right(), cell.y)], GRID, 0.7);
        }
        let ink = if share > self.what.dark() { PAPER } else { INK };
        let count = format!("{}/{}", figures.oom.count, figures.replications);
        let middle = (cell.x + cell.w / 2.0, cell.y + cell.h / 2.0);
        let room = |text: &str, size| font::width(text, size, false) + 6.0 <= cell.w;
        if !room(&count, SMALL) || cell.h < 17.0 {
            return;
        }
        let peak = figures.peak_resident_bytes.p95.to_string();
        if room(&peak, 11.0) && cell.h >= 36.0 {
            scene.label((middle.0, middle.1 - 2.0), &count, (SMALL, true), ink, Anchor::Middle);
            scene.label((middle.0, middle.1 + 13.0), &peak, (11.0, false), ink, Anchor::Middle);
        } else {
            scene.label((middle.0, middle.1 + 4.4), &count, (SMALL, true), ink, Anchor::Middle);
        }
    }

    /// Whether a cell lies above the line of 5 %; `None` outside the map and where nothing is known.
    fn above(&self, column: Option<usize>, row: Option<usize>) -> Option<bool> {
        let row = (*self.cells.get(column?)?.get(row?)?)?;
        row.figures.as_ref().map(|figures| figures.oom_share() > RISK)
    }

    /// Along the edges between cells within 5 % and cells above.
    fn line_of_risk(&self, scene: &mut Scene) {
        for x in 0..self.columns.len() {
            for y in 0..self.rows.len() {
                let Some(here) = self.above(Some(x), Some(y)) else { continue };
                let cell = self.cell(x, y);
                let differs = |other: Option<bool>| other.is_some_and(|other| other != here);
                if differs(self.above(Some(x + 1), Some(y))) {
                    let edge = vec![(cell.right(), cell.y), (cell.right(), cell.bottom())];
                    scene.line(edge, INK, 3.0);
                }
                if differs(self.above(Some(x), Some(y + 1))) {
                    scene.line(vec![(cell.x, cell.y), (cell.right(), cell.y)], INK, 3.0);
                }
            }
        }
    }

    fn labels(&self, scene: &mut Scene, across: &AxisRecord, upwards: &AxisRecord) {
        let mut free = f64::NEG_INFINITY;
        for (index, value) in self.columns.iter().enumerate() {
            let cell = self.cell(index, 0);
            let x = cell.x + cell.w / 2.0;
            let text = font::fit_name(&shown(across, value), SMALL, false, 160.0);
            let half = font::width(&text, SMALL, false) / 2.0;
            if x - half > free {
                let at = (x, self.area.bottom() + 19.0);
                scene.label(at, &text, (SMALL, false), MUTED, Anchor::Middle);
                free = x + half + 8.0;
            }
        }
        let mut free = f64::INFINITY;
        for (index, value) in self.rows.iter().enumerate() {
            let cell = self.cell(0, index);
            let y = cell.y + cell.h / 2.0 + 4.4;
            if y < free {
                let text = font::fit_name(&shown(upwards, value), SMALL, false, 170.0);
                let at = (self.area.x - frame::LABEL_LEFT, y);
                scene.label(at, &text, (SMALL, false), MUTED, Anchor::End);
                free = y - 16.0;
            }
        }
    }
}

/// A point that could not be run.
fn hatched(scene: &mut Scene, cell: Rect) {
    scene.rect(cell, GRID);
    let mut start = 9.0 - cell.h;
    while start < cell.w {
        let low = (start.max(0.0), cell.h - (start.max(0.0) - start));
        let end = (start + cell.h).min(cell.w);
        let high = (end, cell.h - (end - start));
        let at = |(x, y): (f64, f64)| (cell.x + x, cell.y + y);
        scene.line(vec![at(low), at(high)], AXIS, 0.8);
        start += 9.0;
    }
}

/// Drawn points where they lie.
fn scattered(
    scene: &mut Scene,
    sweep: &SweepSummary,
    area: Rect,
    what: Shown,
    (across, upwards): (&AxisRecord, &AxisRecord),
) {
    let (columns, rows) = (levels(&sweep.rows, 0, MOST_CELLS), levels(&sweep.rows, 1, MOST_CELLS));
    let inner = Rect { x: area.x + 14.0, y: area.y + 14.0, w: area.w - 28.0, h: area.h - 28.0 };
    let part = |levels: &[PointValue], value: &PointValue| {
        let scale = Scale::of(levels);
        match (scale, value.number) {
            (Some(scale), Some(number)) => scale.position(number),
            _ => {
                let index = levels.iter().position(|level| level == value).unwrap_or(0);
                (index as f64 + 0.5) / levels.len().max(1) as f64
            }
        }
    };
    let frame = [(area.x, area.y), (area.x, area.bottom()), (area.right(), area.bottom())];
    scene.line(frame.to_vec(), AXIS, 1.0);
    let radius = (170.0 / (sweep.rows.len().max(1) as f64).sqrt()).clamp(3.0, 9.0);
    for (row, figures) in sound(&sweep.rows).step_by(1 + sweep.rows.len() / MOST_DOTS) {
        let [a, b] = row.values.as_slice() else { continue };
        let at = (inner.x + inner.w * part(&columns, a), inner.bottom() - inner.h * part(&rows, b));
        let rim = if figures.oom_share() > RISK { INK } else { AXIS };
        scene.items.push(Item::Dot(at, radius + 1.2, rim));
        scene.items.push(Item::Dot(at, radius, what.colour(what.share(figures))));
    }
    for (levels, axis, level) in [(&columns, across, true), (&rows, upwards, false)] {
        for value in [levels.first(), levels.last()].into_iter().flatten() {
            let text = font::fit_name(&shown(axis, value), SMALL, false, 160.0);
            let share = part(levels, value);
            let (at, anchor) = if level {
                ((inner.x + inner.w * share, area.bottom() + 19.0), Anchor::Middle)
            } else {
                ((area.x - frame::LABEL_LEFT, inner.bottom() - inner.h * share + 4.4), Anchor::End)
            };
            scene.label(at, &text, (SMALL, false), MUTED, anchor);
        }
    }
}

/// What the colours mean.
fn colour_bar(scene: &mut Scene, what: Shown, y: f64, remark: &str) {
    let words = match what {
        Shown::Risk => "P(OOM): replications with a kill",
        Shown::Peak => "no kills: 95th percentile of the peak, of the limit",
    };
    scene.text((MARGIN, y + 14.0), words, SMALL, INK);
    let mut x = MARGIN + font::width(words, SMALL, false) + 14.0;
    scene.text((x, y + 14.0), "0 %", SMALL, MUTED);
    x += font::width("0 %", SMALL, false) + 6.0;
    for shade in 0..SHADES {
        let colour = what.colour(f64::from(shade) / f64::from(SHADES - 1));
        let w = 4.0;
        scene.rect(Rect { x: x + w * f64::from(shade), y: y + 3.0, w: w + 0.5, h: 14.0 }, colour);
    }
    x += 4.0 * f64::from(SHADES) + 8.0;
    scene.text((x, y + 14.0), "100 %", SMALL, MUTED);
    x += font::width("100 %", SMALL, false) + 26.0;
    if what == Shown::Risk && !remark.starts_with("dark") {
        scene.line(vec![(x, y + 10.0), (x + 21.0, y + 10.0)], INK, 3.0);
        scene.text((x + 28.0, y + 14.0), "5 % risk", SMALL, INK);
        x += 28.0 + font::width("5 % risk", SMALL, false) + 26.0;
    }
    scene.text((x, y + 14.0), remark, SMALL, MUTED);
}

/// How to read the cells, or the dots of drawn points.
fn remark(sweep: &SweepSummary) -> String {
    if sweep.head.design.kind != "grid" {
        return "dark rim: above 5 %".to_owned();
    }
    let missing = sweep.rows.iter().any(|row| row.figures.is_none());
    let hatched = if missing { "; hatched: could not be run" } else { "" };
    format!("in the cells: kills / replications, peak p95{hatched}")
}

fn captions(scene: &mut Scene, area: Rect, across: &AxisRecord, upwards: &AxisRecord) {
    let text = font::fit_name(&across.key, SMALL, true, area.w);
    let at = (area.x + area.w / 2.0, area.bottom() + 43.0);
    scene.label(at, &text, (SMALL, true), INK, Anchor::Middle);
    let text = font::fit_name(&upwards.key, SMALL, true, area.w);
    scene.label((MARGIN, area.y - 8.0), &text, (SMALL, true), INK, Anchor::Start);
}
