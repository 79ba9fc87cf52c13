//! A page on a terminal: the verdict first, then what supports it, then where to look next. No line
//! is longer than the terminal is wide, but for paths and commands, which are there to be copied.

use anstyle::{AnsiColor, Style};

use super::format::{clean, wrap};
use super::page::{Block, Mood, Page, Section};

/// The terminal, and what a verb shows beside its page.
#[derive(Clone, Copy, Debug)]
pub struct Screen<'a> {
    /// Columns.
    pub width: usize,
    /// Whether to style with ANSI sequences.
    pub styled: bool,
    /// Files and folders written, for the reader to open.
    pub written: &'a [String],
    /// A command worth trying next, as typed.
    pub next: Option<&'a str>,
}

impl Default for Screen<'_> {
    fn default() -> Self {
        Self { width: 80, styled: false, written: &[], next: None }
    }
}

impl Page {
    /// The verdict alone, on one line.
    #[must_use]
    pub fn headline(&self, styled: bool) -> String {
        self.coloured(&clean(&self.verdict, usize::MAX), styled)
    }

    /// The page in lines that fit the terminal.
    #[must_use]
    pub fn terminal(&self, screen: &Screen<'_>) -> String {
        let width = screen.width;
        let mut parts = Vec::new();
        if !self.verdict.is_empty() {
            let verdict = wrap(&clean(&self.verdict, usize::MAX), width, "", "").join("\n");
            parts.push(self.coloured(&verdict, screen.styled));
        }
        parts.extend(self.sections.iter().map(|section| section.terminal(width)));
        // Some sections have rows for Markdown only.
        parts.retain(|part| !part.is_empty());
        let mut footer = String::new();
        if !self.subject.is_empty() {
            let title = [self.title.as_str(), self.subject.as_str()].join(" · ");
            add(&mut footer, wrap(&clean(&title, usize::MAX), width, "", ""));
        }
        for line in &self.closing {
            add(&mut footer, wrap(line, width, "", ""));
        }
        for note in &self.notes {
            add(&mut footer, wrap(&clean(&format!("note: {note}"), 400), width, "", ""));
        }
        add(&mut footer, screen.written.iter().map(|path| format!("wrote {path}")));
        add(&mut footer, screen.next.map(|next| format!("next: {next}")));
        if !footer.is_empty() {
            parts.push(footer);
        }
        parts.join("\n")
    }

    fn coloured(&self, verdict: &str, styled: bool) -> String {
        if !styled {
            return format!("{verdict}\n");
        }
        let colour = match self.mood {
            Mood::Good => AnsiColor::Green,
            Mood::Mixed => AnsiColor::Yellow,
            Mood::Bad => AnsiColor::Red,
        };
        let style = Style::new().bold().fg_color(Some(colour.into()));
        format!("{style}{verdict}{style:#}\n")
    }
}

impl Section {
    fn terminal(&self, width: usize) -> String {
        let mut text = String::new();
        if !self.heading.is_empty() {
            add(&mut text, wrap(&self.heading, width, "", ""));
        }
        for block in &self.blocks {
            match block {
                Block::Table(table) => add(&mut text, table.lines(width)),
                Block::Text(line) => add(&mut text, wrap(line, width, "", "")),
                Block::Legend(line) => add(&mut text, wrap(line, width, "  ", "  ")),
                Block::Items(items) => items_on(items, width, &mut text),
            }
        }
        text
    }
}

/// Items with their labels in a column of their own, where they leave room for the rest.
fn items_on(items: &[(String, String)], width: usize, text: &mut String) {
    let longest = items.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
    // Times of a run of hours have eight characters.
    let column = longest.max(8);
    for (label, item) in items {
        if column <= width / 3 {
            let rest = " ".repeat(column + 2);
            add(text, wrap(item, width, &format!("{label:>column$}  "), &rest));
        } else {
            add(text, wrap(&format!("{label}: {item}"), width, "  ", "    "));
        }
    }
}

fn add(text: &mut String, lines: impl IntoIterator<Item = String>) {
    text.extend(lines.into_iter().map(|line| line + "\n"));
}
