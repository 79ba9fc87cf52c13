//! Diagnostics as text: the look of rustc, or one line each.

use std::fmt;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::code::Severity;
use super::diagnostic::{Diagnostic, Diagnostics, Label, Place};

impl Diagnostic {
    /// With the quoted line, a caret and the help, as rustc prints it.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
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
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help));
        }
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group])
    }

    /// On one line: `file:line:column: error[E0101]: message`.
    #[must_use]
    pub fn short(&self) -> String {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let code = self.code.id();
        format!("{}: {severity}[{code}]: {}", self.primary.place, self.message)
    }
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
        let mut text = String::new();
        for diagnostic in &self.items {
            text.push_str(&diagnostic.render(colour));
            text.push_str("\n\n");
        }
        text.push_str(&self.closing());
        text
    }

    /// `3 errors, 1 warning`.
    fn closing(&self) -> String {
        let mut parts = Vec::new();
        for (severity, word) in
            [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")]
        {
            let count = self.items.iter().filter(|d| d.severity == severity).count();
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
