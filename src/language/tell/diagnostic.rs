//! Diagnostics as plain data, and the log that collects them.

use std::collections::BTreeSet;

use crate::language::tell::code::{Code, Severity};
use crate::language::text::source::{Place, Sources};
use crate::language::text::span::Span;
use crate::units::Sort as _;

/// At most this many are kept: past it, a file is broken throughout.
const KEPT: usize = 100;

/// A place and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Label {
    /// Where.
    pub place: Place,
    /// What; may be empty.
    pub text: String,
}

/// One finding about a scenario.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Diagnostic {
    /// How grave.
    pub severity: Severity,
    /// What kind of mistake.
    pub code: Code,
    /// One sentence.
    pub message: String,
    /// Where the mistake is.
    pub primary: Label,
    /// Other places that belong to it.
    pub related: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A finding at a place of a scenario that is valid.
    pub fn new(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self {
            severity: code.severity(),
            code,
            message: message.into(),
            primary: Label { place, text: String::new() },
            related: Vec::new(),
            help: None,
        }
    }

    /// The same with words at the place itself.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }
}

/// Findings, ordered by position.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Diagnostics {
    /// The findings kept.
    pub items: Vec<Diagnostic>,
    /// How many more there were.
    pub hidden: usize,
}

impl Diagnostics {
    /// Whether there is any error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.first_error().is_some()
    }

    /// The first error.
    #[must_use]
    pub fn first_error(&self) -> Option<&Diagnostic> {
        self.items.iter().find(|d| d.severity == Severity::Error)
    }

    /// What the first error says, without its place; empty if there is none.
    #[must_use]
    pub fn first_message(&self) -> String {
        self.first_error().map_or_else(String::new, |error| error.message.clone())
    }

    /// How many are errors.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.count(Severity::Error)
    }

    /// How many are of a severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.items.iter().filter(|d| d.severity == severity).count()
    }
}

impl std::error::Error for Diagnostics {}

/// A diagnostic before its spans are looked up.
pub(crate) struct Finding {
    code: Code,
    message: String,
    primary: (Span, String),
    related: Vec<(Span, String)>,
    help: Option<String>,
}

impl Finding {
    /// A finding at a place.
    pub(crate) fn new(code: Code, at: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            primary: (at, String::new()),
            related: Vec::new(),
            help: None,
        }
    }

    /// What to say at the place itself.
    pub(crate) fn label(mut self, text: impl Into<String>) -> Self {
        self.primary.1 = text.into();
        self
    }

    /// A second place, if it is known.
    pub(crate) fn related(mut self, at: Option<Span>, text: impl Into<String>) -> Self {
        self.related.extend(at.map(|at| (at, text.into())));
        self
    }

    /// What to do about it.
    pub(crate) fn help(mut self, text: impl Into<Option<String>>) -> Self {
        self.help = text.into();
        self
    }
}

/// Collects findings.
pub(crate) struct Log {
    /// The texts the spans point into.
    pub(crate) sources: Sources,
    found: Vec<(Span, Diagnostic)>,
    hidden: usize,
    errors: usize,
    /// Source and line of what could not be parsed: what else is wrong there is a guess.
    muted: BTreeSet<(usize, usize)>,
}

impl Log {
    /// An empty log.
    pub(crate) fn new(sources: Sources) -> Self {
        Self { sources, found: Vec::new(), hidden: 0, errors: 0, muted: BTreeSet::new() }
    }

    /// Whether further findings are only counted; spares the making of suggestions.
    pub(crate) fn is_full(&self) -> bool {
        self.found.len() >= KEPT
    }

    /// Whether any error was found.
    pub(crate) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// How many errors were found.
    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    /// Adds a syntax error: one per line, and nothing else of that line.
    pub(crate) fn push_syntax(&mut self, finding: Finding) {
        let at = finding.primary.0;
        let line = (at.source, self.sources.line_of(at));
        if !self.muted.contains(&line) {
            self.push(finding);
            self.muted.insert(line);
        }
    }

    /// Adds a finding.
    pub(crate) fn push(&mut self, finding: Finding) {
        let at = finding.primary.0;
        if self.muted.contains(&(at.source, self.sources.line_of(at))) {
            return;
        }
        self.errors += usize::from(finding.code.severity() == Severity::Error);
        if self.is_full() {
            self.hidden += 1;
            return;
        }
        let label = |(at, text): (Span, String)| Label { place: self.sources.place(at), text };
        let span = finding.primary.0;
        let diagnostic = Diagnostic {
            severity: finding.code.severity(),
            code: finding.code,
            message: finding.message,
            primary: label(finding.primary),
            related: finding.related.into_iter().map(label).collect(),
            help: finding.help,
        };
        self.found.push((span, diagnostic));
    }

    /// The findings by position; those of the same place in the order they were found.
    pub(crate) fn finish(mut self) -> Diagnostics {
        self.found.order_by_key(|(span, _)| (span.source, span.start));
        Diagnostics { items: self.found.into_iter().map(|(_, d)| d).collect(), hidden: self.hidden }
    }
}

/// A name from a file as it may appear in a message: short, and without control characters.
pub(crate) fn shown(name: &str) -> String {
    let mut text: String = name.chars().take(60).flat_map(char::escape_debug).collect();
    if name.chars().nth(60).is_some() {
        text.push('…');
    }
    text
}
