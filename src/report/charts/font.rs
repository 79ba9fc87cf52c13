//! The embedded font: measuring, shortening and wrapping text, and drawing it pixel by pixel.
//!
//! Inter, reduced to Latin, Greek and Cyrillic (`fonts/README.md`). An SVG names the font and lets the
//! viewer draw; a PNG is drawn from the outlines here, so that no library of the system is needed.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};

use super::point::Point;
use crate::report::format;

/// What an SVG asks for: Inter where it is installed, else what every system has.
pub(super) const FAMILY: &str = "Inter, Helvetica Neue, Arial, Liberation Sans, sans-serif";

/// Viewers without Inter draw wider: fits are decided with this reserve.
const fn reserve(bold: bool) -> f64 {
    if bold { 1.1 } else { 1.04 }
}

static REGULAR: LazyLock<Option<FontRef<'static>>> = LazyLock::new(|| {
    FontRef::try_from_slice(include_bytes!("fonts/Inter-Regular-subset.ttf")).ok()
});
static BOLD: LazyLock<Option<FontRef<'static>>> =
    LazyLock::new(|| FontRef::try_from_slice(include_bytes!("fonts/Inter-Bold-subset.ttf")).ok());

/// The face and its scale for `size` pixels an em.
fn face(size: f64, bold: bool) -> Option<(&'static FontRef<'static>, PxScale)> {
    let font = if bold { &BOLD } else { &REGULAR }.as_ref()?;
    let scale = font.height_unscaled() / font.units_per_em()?;
    Some((font, PxScale::from(size as f32 * scale)))
}

/// Width of a text in pixels, with the reserve for other fonts.
pub(super) fn width(text: &str, size: f64, bold: bool) -> f64 {
    let Some((font, scale)) = face(size, bold) else {
        return text.chars().count() as f64 * size * 0.6;
    };
    let scaled = font.as_scaled(scale);
    let advance = |c| f64::from(scaled.h_advance(scaled.glyph_id(c)));
    text.chars().map(advance).sum::<f64>() * reserve(bold)
}

/// The text, or as much of its beginning as fits with an ellipsis behind it.
pub(super) fn fit(text: &str, size: f64, bold: bool, room: f64) -> String {
    if width(text, size, bold) <= room {
        return text.to_owned();
    }
    let mut short = String::new();
    for c in text.chars() {
        short.push(c);
        if width(&short, size, bold) + width("…", size, bold) > room {
            short.pop();
            break;
        }
    }
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

/// The text, or as much of its beginning and end as fits with an ellipsis between: names often differ
/// at the end.
pub(super) fn fit_name(text: &str, size: f64, bold: bool, room: f64) -> String {
    if width(text, size, bold) <= room {
        return text.to_owned();
    }
    let all: Vec<char> = text.chars().collect();
    let short = |kept: usize| -> String {
        let (head, tail) = (&all[..kept.div_ceil(2)], &all[all.len() - kept / 2..]);
        head.iter().chain(&['…']).chain(tail).collect()
    };
    let fitting = (0..all.len()).map(short);
    fitting.take_while(|s| width(s, size, bold) <= room).last().unwrap_or_else(|| "…".to_owned())
}

/// The text broken at spaces into at most `lines` lines; the last one is shortened to fit.
pub(super) fn wrap(text: &str, size: f64, bold: bool, room: f64, lines: usize) -> Vec<String> {
    let mut done: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in format::words(text) {
        let longer = if line.is_empty() { word.clone() } else { format!("{line} {word}") };
        let last = done.len() + 1 >= lines;
        if !last && !line.is_empty() && width(&longer, size, bold) > room {
            done.push(std::mem::replace(&mut line, word));
        } else {
            line = longer;
        }
    }
    done.push(line);
    done.iter().map(|l| fit(l, size, bold, room)).collect()
}

/// Calls `dot(x, y, coverage)` for every pixel the text touches; `at` is the left end of the baseline.
pub(super) fn rasterise(
    text: &str,
    at: Point,
    size: f64,
    bold: bool,
    mut dot: impl FnMut(i32, i32, f64),
) {
    let Some((font, scale)) = face(size, bold) else {
        return;
    };
    let scaled = font.as_scaled(scale);
    let mut x = at.0 as f32;
    for c in text.chars() {
        let id = scaled.glyph_id(c);
        let glyph = Glyph { id, scale, position: point(x, at.1 as f32) };
        x += scaled.h_advance(id);
        if let Some(outline) = font.outline_glyph(glyph) {
            let corner = outline.px_bounds().min;
            let (left, top) = (corner.x as i32, corner.y as i32);
            outline.draw(|dx, dy, cover| {
                dot(
                    left.saturating_add_unsigned(dx),
                    top.saturating_add_unsigned(dy),
                    f64::from(cover),
                );
            });
        }
    }
}

/// Width without the reserve, as [`rasterise`] draws it.
pub(super) fn drawn_width(text: &str, size: f64, bold: bool) -> f64 {
    width(text, size, bold) / reserve(bold)
}

#[cfg(test)]
mod tests {
    use super::{face, fit, fit_name, width, wrap};

    #[test]
    fn both_faces_are_there_and_know_the_signs() {
        use ab_glyph::Font;
        for bold in [false, true] {
            let (font, _) = face(12.0, bold).expect("embedded font");
            for c in "aZ0é·…×≥≤→–—✓ЖΩ".chars() {
                assert_ne!(font.glyph_id(c).0, 0, "{c} is missing");
            }
        }
    }

    #[test]
    fn long_texts_are_cut_with_an_ellipsis() {
        assert_eq!(fit("short", 12.0, false, 200.0), "short");
        let cut = fit(&"very-long-name-".repeat(40), 12.0, false, 200.0);
        assert!(cut.ends_with('…') && width(&cut, 12.0, false) <= 200.0);
        assert_eq!(fit("abc", 12.0, false, 0.0), "…");
        let name = "kube-apiserver-of-some-cluster-in-the-cloud-7";
        let cut = fit_name(name, 12.0, false, 120.0);
        assert!(cut.starts_with("kube-") && cut.contains('…') && cut.ends_with("-7"), "{cut}");
        assert_eq!(fit_name("abc", 12.0, false, 0.0), "…");
    }

    #[test]
    fn wrapping_keeps_every_word_until_the_last_line() {
        let text = "one two three four five six seven eight nine ten";
        let lines = wrap(text, 20.0, true, 260.0, 2);
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|l| width(l, 20.0, true) <= 260.0));
        assert_eq!(wrap(text, 20.0, true, 5000.0, 2), vec![text.to_owned()]);
        assert_eq!(wrap("", 20.0, true, 100.0, 2), vec![String::new()]);
    }
}
