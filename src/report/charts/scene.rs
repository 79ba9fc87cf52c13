//! A chart as a list of shapes, before it becomes an SVG or a PNG.
//!
//! Lengths are pixels of the 1200-pixel-wide page, y downwards. The charts only ever build scenes, so a
//! test can ask one whether two texts overlap or a line leaves the page.

#[cfg(test)]
use super::font;
use super::palette::Colour;
pub(super) use super::point::Point;

/// Width of every chart.
pub(super) const PAGE_WIDTH: f64 = 1200.0;
/// Height of a chart that needs no more.
pub(super) const PAGE_HEIGHT: f64 = 675.0;

/// An upright rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    /// Left edge.
    pub(super) x: f64,
    /// Top edge.
    pub(super) y: f64,
    /// Width.
    pub(super) w: f64,
    /// Height.
    pub(super) h: f64,
}

impl Rect {
    /// Right edge.
    pub(super) fn right(&self) -> f64 {
        self.x + self.w
    }

    /// Bottom edge.
    pub(super) fn bottom(&self) -> f64 {
        self.y + self.h
    }
}

/// Which point of a text its position names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    /// The left end.
    Start,
    /// The middle.
    Middle,
    /// The right end.
    End,
}

/// A line of text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Label {
    /// Where on the baseline.
    pub(super) at: Point,
    /// What it says.
    pub(super) text: String,
    /// Pixels an em.
    pub(super) size: f64,
    /// Bold?
    pub(super) bold: bool,
    /// Its colour.
    pub(super) colour: Colour,
    /// What `at` names.
    pub(super) anchor: Anchor,
}

#[cfg(test)]
impl Label {
    /// The box the text covers, with a reserve for viewers with a wider font.
    pub(super) fn bounds(&self) -> Rect {
        let w = font::width(&self.text, self.size, self.bold);
        let x = match self.anchor {
            Anchor::Start => self.at.0,
            Anchor::Middle => self.at.0 - w / 2.0,
            Anchor::End => self.at.0 - w,
        };
        Rect { x, y: self.at.1 - 0.76 * self.size, w, h: self.size }
    }
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stroke {
    /// Its colour.
    pub(super) colour: Colour,
    /// Its width.
    pub(super) width: f64,
    /// Lengths of dash and gap, unless solid.
    pub(super) dash: Option<(f64, f64)>,
}

/// One shape.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    /// A filled rectangle.
    Box(Rect, Colour),
    /// The area between two lines that both run from left to right.
    Area {
        /// The upper line.
        upper: Vec<Point>,
        /// The lower line.
        lower: Vec<Point>,
        /// The fill.
        fill: Colour,
    },
    /// A line through points.
    Path(Vec<Point>, Stroke),
    /// A filled circle.
    Dot(Point, f64, Colour),
    /// A text.
    Text(Label),
}

/// A whole chart.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scene {
    /// The file's name without its ending.
    pub(super) name: &'static str,
    /// The finding: heading, and `<title>` of the SVG.
    pub(super) title: String,
    /// What is drawn, for those who cannot see it: `<desc>` of the SVG.
    pub(super) description: String,
    /// Height of the page.
    pub(super) height: f64,
    /// The shapes, the lowest first.
    pub(super) items: Vec<Item>,
}

impl Scene {
    /// A white page.
    pub(super) fn new(name: &'static str, title: &str, description: &str, height: f64) -> Self {
        Self {
            name,
            title: printable(title),
            description: printable(description),
            height,
            items: Vec::new(),
        }
    }

    /// A filled rectangle.
    pub(super) fn rect(&mut self, area: Rect, fill: Colour) {
        if area.w > 0.0 && area.h > 0.0 {
            self.items.push(Item::Box(area, fill));
        }
    }

    /// A solid line; one point alone becomes a dot.
    pub(super) fn line(&mut self, points: Vec<Point>, colour: Colour, width: f64) {
        self.path(points, colour, width, None);
    }

    /// A dashed line.
    pub(super) fn dashed(
        &mut self,
        points: Vec<Point>,
        colour: Colour,
        width: f64,
        dash: (f64, f64),
    ) {
        self.path(points, colour, width, Some(dash));
    }

    fn path(
        &mut self,
        mut points: Vec<Point>,
        colour: Colour,
        width: f64,
        dash: Option<(f64, f64)>,
    ) {
        points.dedup();
        match points.as_slice() {
            [] => {}
            [only] => self.items.push(Item::Dot(*only, width.max(1.5) * 1.4, colour)),
            _ => self.items.push(Item::Path(points, Stroke { colour, width, dash })),
        }
    }

    /// A cross of the given half width.
    pub(super) fn cross(&mut self, (x, y): Point, half: f64, colour: Colour, width: f64) {
        self.line(vec![(x - half, y - half), (x + half, y + half)], colour, width);
        self.line(vec![(x - half, y + half), (x + half, y - half)], colour, width);
    }

    /// A text at the left end of its baseline.
    pub(super) fn text(&mut self, at: Point, text: &str, size: f64, colour: Colour) {
        self.label(at, text, (size, false), colour, Anchor::Start);
    }

    /// A text; `face` is its size and whether it is bold.
    pub(super) fn label(
        &mut self,
        at: Point,
        text: &str,
        (size, bold): (f64, bool),
        colour: Colour,
        anchor: Anchor,
    ) {
        if !text.is_empty() {
            self.items.push(Item::Text(Label {
                at,
                text: printable(text),
                size,
                bold,
                colour,
                anchor,
            }));
        }
    }
}

/// Without the characters XML cannot hold.
fn printable(text: &str) -> String {
    let bad = |c: char| c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}');
    text.replace(bad, " ")
}
