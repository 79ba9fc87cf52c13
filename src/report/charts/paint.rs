//! Scenes become files: SVG with real text, PNG with two pixels for each of the page's.
//!
//! plotters' backends write both. Its bitmap backend smooths neither wide lines nor the placing of
//! letters, so the coverage of each pixel is computed here and handed to it.

use std::path::Path;

use plotters::prelude::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontFamily, FontStyle, IntoTextStyle, RGBAColor, ShapeStyle};

use super::palette::{self, Colour};
use super::scene::{Anchor, Item, Label, PAGE_WIDTH, Point, Rect, Scene, Stroke};
use super::{ChartError, font};

/// plotters' SVG has whole numbers only: it is drawn this much larger and scaled by its view box.
const SVG_GRAIN: f64 = 4.0;
/// Pixels of the PNG for one of the page.
const PNG_SCALE: f64 = 2.0;

fn failed(error: impl std::fmt::Display) -> ChartError {
    ChartError::Draw(error.to_string())
}

fn colour(c: Colour) -> RGBAColor {
    RGBAColor(c.rgb.0, c.rgb.1, c.rgb.2, c.opacity)
}

/// The dashes of a line; a line that winds too much to show them stays whole.
fn dashes(points: &[Point], stroke: &Stroke) -> Vec<Vec<Point>> {
    let length = |a: &Point, b: &Point| (b.0 - a.0).hypot(b.1 - a.1);
    let total: f64 = points.windows(2).map(|w| length(&w[0], &w[1])).sum();
    let Some((on, off)) = stroke.dash.filter(|_| total < 4.0 * PAGE_WIDTH) else {
        return vec![points.to_vec()];
    };
    let (mut done, mut dash): (Vec<Vec<Point>>, Vec<Point>) = (Vec::new(), Vec::new());
    let (mut drawing, mut left) = (true, on);
    dash.extend(points.first());
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        let mut rest = length(&from, &to);
        while rest > left {
            let part = left / rest;
            from = (from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part);
            rest -= left;
            if drawing {
                dash.push(from);
                done.push(std::mem::take(&mut dash));
            } else {
                dash.push(from);
            }
            drawing = !drawing;
            left = if drawing { on } else { off };
        }
        left -= rest;
        if drawing {
            dash.push(to);
        }
    }
    if dash.len() > 1 {
        done.push(dash);
    }
    done
}

// ---- SVG ----

fn grain(value: f64) -> i32 {
    (value * SVG_GRAIN).round() as i32
}

fn grains(points: &[Point]) -> Vec<(i32, i32)> {
    let mut all: Vec<_> = points.iter().map(|p| (grain(p.0), grain(p.1))).collect();
    all.dedup();
    all
}

/// The scene as a self-contained SVG; equal scenes give equal bytes.
pub(super) fn svg(scene: &Scene) -> Result<String, ChartError> {
    let mut body = String::new();
    let size = (grain(PAGE_WIDTH) as u32, grain(scene.height) as u32);
    {
        let mut backend = SVGBackend::with_string(&mut body, size);
        let page = Rect { x: 0.0, y: 0.0, w: PAGE_WIDTH, h: scene.height };
        svg_item(&mut backend, &Item::Box(page, palette::PAPER))?;
        for item in &scene.items {
            svg_item(&mut backend, item)?;
        }
        backend.present().map_err(failed)?;
    }
    let shapes = body.split_once('>').map_or("", |(_, rest)| rest);
    Ok(format!("{}{shapes}", svg_head(scene, size)))
}

/// The opening tag, with a title and a description for screen readers.
fn svg_head(scene: &Scene, size: (u32, u32)) -> String {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let name = scene.name;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{PAGE_WIDTH}\" height=\"{}\" \
         viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{name}-title {name}-desc\" \
         stroke-linejoin=\"round\" stroke-linecap=\"round\">\n\
         <title id=\"{name}-title\">{}</title>\n<desc id=\"{name}-desc\">{}</desc>",
        scene.height,
        size.0,
        size.1,
        escape(&scene.title),
        escape(&scene.description)
    )
}

fn svg_item(backend: &mut SVGBackend, item: &Item) -> Result<(), ChartError> {
    let done = match item {
        Item::Box(r, fill) => backend.draw_rect(
            (grain(r.x), grain(r.y)),
            (grain(r.right()), grain(r.bottom())),
            &ShapeStyle::from(colour(*fill)).filled(),
            true,
        ),
        Item::Area { upper, lower, fill } => {
            let outline: Vec<Point> = upper.iter().chain(lower.iter().rev()).copied().collect();
            backend.fill_polygon(grains(&outline), &colour(*fill))
        }
        Item::Path(points, stroke) => {
            let width = grain(stroke.width).max(1) as u32;
            let style = ShapeStyle::from(colour(stroke.colour)).stroke_width(width);
            dashes(points, stroke)
                .iter()
                .try_for_each(|dash| backend.draw_path(grains(dash), &style))
        }
        Item::Dot(at, radius, fill) => backend.draw_circle(
            (grain(at.0), grain(at.1)),
            grain(*radius) as u32,
            &ShapeStyle::from(colour(*fill)).filled(),
            true,
        ),
        Item::Text(label) => return svg_text(backend, label),
    };
    done.map_err(failed)
}

fn svg_text(backend: &mut SVGBackend, label: &Label) -> Result<(), ChartError> {
    let style = if label.bold { FontStyle::Bold } else { FontStyle::Normal };
    let anchor = match label.anchor {
        Anchor::Start => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::End => HPos::Right,
    };
    let fill = colour(label.colour);
    // plotters divides by 1.24 and moves "top" down by 0.76 em.
    let style = (FontFamily::Name(font::FAMILY), label.size * SVG_GRAIN * 1.24, style, &fill)
        .into_text_style(&(PAGE_WIDTH as u32, PAGE_WIDTH as u32))
        .pos(Pos::new(anchor, VPos::Top));
    let at = (grain(label.at.0), grain(label.at.1 - 0.76 * label.size));
    backend.draw_text(&label.text, &style, at).map_err(failed)
}

// ---- PNG ----

/// Writes the scene as a PNG; equal scenes give equal bytes.
pub(super) fn png(scene: &Scene, path: &Path) -> Result<(), ChartError> {
    let size = ((PAGE_WIDTH * PNG_SCALE) as u32, (scene.height * PNG_SCALE).round() as u32);
    let backend = BitMapBackend::new(path, size);
    let mut canvas = Canvas { backend, size };
    canvas
        .backend
        .draw_rect(
            (0, 0),
            (size.0.cast_signed(), size.1.cast_signed()),
            &ShapeStyle::from(colour(palette::PAPER)).filled(),
            true,
        )
        .map_err(failed)?;
    for item in &scene.items {
        canvas.item(item);
    }
    canvas.backend.present().map_err(failed)
}

struct Canvas<'a> {
    backend: BitMapBackend<'a>,
    size: (u32, u32),
}

impl Canvas<'_> {
    /// Mixes a colour into a pixel. Writing to memory cannot fail, and pixels off the page are left out.
    fn dot(&mut self, x: i32, y: i32, fill: Colour, cover: f64) {
        let within = |v: i32, end| u32::try_from(v).is_ok_and(|v| v < end);
        let inside = within(x, self.size.0) && within(y, self.size.1);
        let alpha = fill.opacity * cover.clamp(0.0, 1.0);
        if inside && alpha > 0.0 {
            let mixed = colour(fill.faded(alpha));
            drop(self.backend.draw_pixel((x, y), mixed.to_backend_color()));
        }
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Box(r, fill) => {
                let corner = |x: f64, y: f64| (x * PNG_SCALE, y * PNG_SCALE);
                let upper = [corner(r.x, r.y), corner(r.right(), r.y)];
                let lower = [corner(r.x, r.bottom()), corner(r.right(), r.bottom())];
                self.area(&upper, &lower, *fill);
            }
            Item::Area { upper, lower, fill } => {
                let scaled = |line: &[Point]| -> Vec<Point> {
                    line.iter().map(|p| (p.0 * PNG_SCALE, p.1 * PNG_SCALE)).collect()
                };
                self.area(&scaled(upper), &scaled(lower), *fill);
            }
            Item::Path(points, stroke) => {
                for dash in dashes(points, stroke) {
                    for pair in dash.windows(2) {
                        self.segment(pair[0], pair[1], stroke.width, stroke.colour);
                    }
                }
            }
            Item::Dot(at, radius, fill) => self.segment(*at, *at, radius * 2.0, *fill),
            Item::Text(label) => self.text(label),
        }
    }

    fn text(&mut self, label: &Label) {
        let size = label.size * PNG_SCALE;
        let width = font::drawn_width(&label.text, size, label.bold);
        let shift = match label.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => width / 2.0,
            Anchor::End => width,
        };
        let at = (label.at.0 * PNG_SCALE - shift, (label.at.1 * PNG_SCALE).round());
        font::rasterise(&label.text, at, size, label.bold, |x, y, cover| {
            self.dot(x, y, label.colour, cover);
        });
    }

    /// Fills between two lines, a column of pixels at a time.
    fn area(&mut self, upper: &[Point], lower: &[Point], fill: Colour) {
        let (Some(first), Some(last)) = (upper.first(), upper.last()) else {
            return;
        };
        let (mut above, mut below) = (Walker::new(upper), Walker::new(lower));
        let columns = first.0.round().max(0.0) as i32..last.0.round() as i32;
        for x in columns {
            let middle = f64::from(x) + 0.5;
            let (top, bottom) = (above.at(middle), below.at(middle));
            let (from, to) = (top.floor() as i32, bottom.ceil() as i32);
            for y in from..to {
                let row = f64::from(y);
                let cover = (row + 1.0).min(bottom) - row.max(top);
                self.dot(x, y, fill, cover);
            }
        }
    }

    /// A straight line with round ends; every pixel is covered by how near it is.
    fn segment(&mut self, from: Point, to: Point, width: f64, fill: Colour) {
        let scale = |p: Point| (p.0 * PNG_SCALE, p.1 * PNG_SCALE);
        let (a, b) = (scale(from), scale(to));
        let half = width * PNG_SCALE / 2.0;
        let steep = (b.1 - a.1).abs() > (b.0 - a.0).abs();
        let turn = |p: Point| if steep { (p.1, p.0) } else { p };
        let (a, b) = (turn(a), turn(b));
        let (a, b) = if a.0 <= b.0 { (a, b) } else { (b, a) };
        let slope = if b.0 > a.0 { (b.1 - a.1) / (b.0 - a.0) } else { 0.0 };
        let reach = (half + 1.0) * slope.hypot(1.0);
        let limit = f64::from(self.size.0.max(self.size.1));
        let first = (a.0 - half - 1.0).max(0.0) as i32;
        let last = (b.0 + half + 1.0).min(limit) as i32;
        for u in first..=last {
            let middle = f64::from(u) + 0.5;
            let centre = a.1 + slope * (middle.clamp(a.0, b.0) - a.0);
            for v in (centre - reach).floor() as i32..=(centre + reach).ceil() as i32 {
                let near = distance((middle, f64::from(v) + 0.5), a, b);
                let (x, y) = if steep { (v, u) } else { (u, v) };
                self.dot(x, y, fill, half + 0.5 - near);
            }
        }
    }
}

/// From a point to the nearest of a straight line from `a` to `b`.
fn distance(p: Point, a: Point, b: Point) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let square = dx * dx + dy * dy;
    let along = if square > 0.0 {
        (((p.0 - a.0) * dx + (p.1 - a.1) * dy) / square).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (p.0 - a.0 - along * dx).hypot(p.1 - a.1 - along * dy)
}

/// Reads a line's height from left to right.
struct Walker<'a> {
    points: &'a [Point],
    next: usize,
}

impl<'a> Walker<'a> {
    fn new(points: &'a [Point]) -> Self {
        Self { points, next: 0 }
    }

    /// The height at `x`; calls must not go back.
    fn at(&mut self, x: f64) -> f64 {
        while self.points.get(self.next).is_some_and(|p| p.0 <= x) {
            self.next += 1;
        }
        let before = self.next.checked_sub(1).and_then(|i| self.points.get(i));
        match (before, self.points.get(self.next)) {
            (Some(a), Some(b)) => a.1 + (b.1 - a.1) * (x - a.0) / (b.0 - a.0),
            (Some(only), None) | (None, Some(only)) => only.1,
            (None, None) => 0.0,
        }
    }
}
