//! Diagnostics as text: the look of rustc, or one line each.

use std::fmt;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::language::tell::code::Severity;
use crate::language::tell::diagnostic::{Diagnostic, Diagnostics, Label};
use crate::language::text::source::Place;

impl Diagnostic {
    /// With the quoted line, a caret and the help, as rustc prints it.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        self.paint(&if colour { Renderer::styled() } else { Renderer::plain() }, "")
    }

    /// The same in lines of at most `width` columns, as far as words allow.
    #[must_use]
    pub fn render_at(&self, colour: bool, width: usize) -> String {
        let mut folded = self.clone();
        let head = format!("{}[{}]: ", self.word(), self.code.id()).len();
        folded.message = fold(&self.message, width.saturating_sub(head));
        folded.help = self.help.as_ref().map(|help| fold(help, width.saturating_sub(HELP)));
        // Beside the caret; what does not fit there follows below.
        let mut below = String::new();
        let margin = 4 + self.primary.place.line.max(1).ilog10() as usize + 1;
        let words = self.primary.text.chars().count();
        if self.primary.place.end_column + margin + words > width {
            below = fold(&std::mem::take(&mut folded.primary.text), width.saturating_sub(HELP));
        }
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        folded.paint(&renderer.term_width(width), &below)
    }

    fn paint(&self, renderer: &Renderer, below: &str) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let title = level.primary_title(&self.message).id(self.code.id());
        let mut group = Group::with_title(title);
        group = quote(group, &self.primary, AnnotationKind::Primary);
        for label in &self.related {
            group = quote(group, label, AnnotationKind::Context);
        }
        if !below.is_empty() {
            group = group.element(Level::NOTE.message(below));
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help));
        }
        renderer.render(&[group])
    }

    const fn word(&self) -> &'static str {
        match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }

    /// On one line: `file:line:column: error[E0101]: message`.
    #[must_use]
    pub fn short(&self) -> String {
        let (severity, code) = (self.word(), self.code.id());
        format!("{}: {severity}[{code}]: {}", self.primary.place, self.message)
    }
}

/// Columns that a help line begins with: the margin of the quoted line, `= help: `.
const HELP: usize = 14;

fn fold(text: &str, width: usize) -> String {
    let options = textwrap::Options::new(width.max(20)).break_words(false);
    textwrap::fill(text, options)
}

/// Adds a place to a report: quoted where it can be, named otherwise.
fn quote<'a>(group: Group<'a>, label: &'a Label, kind: AnnotationKind) -> Group<'a> {
    let place = &label.place;
    if place.line == 0 {
        return group.element(Origin::path(&place.file));
    }
    if place.text.is_empty() {
        let origin = Origin::path(&place.file).line(place.line).char_column(place.column);
        let group = group.element(origin);
        if label.text.is_empty() {
            return group;
        }
        return group.element(Level::NOTE.message(&label.text));
    }
    let byte = |column: usize| {
        let mut starts = place.text.char_indices().map(|(at, _)| at);
        starts.nth(column.saturating_sub(1)).unwrap_or(place.text.len())
    };
    let mark = kind.span(byte(place.column)..byte(place.end_column));
    let mark = if label.text.is_empty() { mark } else { mark.label(&label.text) };
    group.element(
        Snippet::source(&place.text).line_start(place.line).path(&place.file).annotation(mark),
    )
}

impl Diagnostics {
    /// All of them as rustc prints them, with a closing count.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        self.joined(|diagnostic| diagnostic.render(colour))
    }

    /// The same in lines of at most `width` columns, as far as words allow.
    #[must_use]
    pub fn render_at(&self, colour: bool, width: usize) -> String {
        self.joined(|diagnostic| diagnostic.render_at(colour, width))
    }

    fn joined(&self, each: impl Fn(&Diagnostic) -> String) -> String {
        let mut text = String::new();
        for diagnostic in &self.items {
            text.push_str(&each(diagnostic));
            text.push_str("\n\n");
        }
        text.push_str(&self.closing());
        text
    }

    /// `3 errors, 1 warning`.
    #[must_use]
    pub fn closing(&self) -> String {
        let mut parts = Vec::new();
        for (severity, word) in
            [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")]
        {
            let count = self.count(severity);
            if count > 0 {
                let plural = if count == 1 { "" } else { "s" };
                parts.push(format!("{count} {word}{plural}"));
            }
        }
        if self.hidden > 0 {
            parts.push(format!("{} more not shown", self.hidden));
        }
        parts.join(", ")
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            return write!(f, "{}", self.file);
        }
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}
