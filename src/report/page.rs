//! A result for people, written once: sections of tables, lines and notes, with a verdict on top.
//!
//! Two printers read it: [`terminal`](super::terminal), which fits it to a width, and
//! [`markdown`](super::markdown), for comments on pull requests. What a verb has to say stands in the
//! file of its result ([`run`](super::run), [`find`](super::find) ...), and nowhere twice.

use super::table::Table;
use crate::results::Answer;

/// What the verdict says, for its colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mood {
    /// Nothing went wrong.
    Good,
    /// Something to look at.
    #[default]
    Mixed,
    /// A kill, a regression, a failed expectation.
    Bad,
}

impl Mood {
    /// That of an answer to whether it is safe.
    pub(super) const fn of(answer: Answer) -> Self {
        match answer {
            Answer::Yes => Self::Good,
            Answer::NotKnown => Self::Mixed,
            Answer::No => Self::Bad,
        }
    }
}

/// A result for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// What was run: the heading in Markdown.
    pub(super) title: String,
    /// The answer in one sentence.
    pub(super) verdict: String,
    pub(super) mood: Mood,
    /// Release, replications, seed.
    pub(super) subject: String,
    /// Hashes that name the inputs exactly; Markdown only.
    pub(super) hashes: Vec<String>,
    pub(super) sections: Vec<Section>,
    /// Lines below the subject; on the terminal only.
    pub(super) closing: Vec<String>,
    /// Notes and warnings.
    pub(super) notes: Vec<String>,
    /// A file to show whole, with its language; Markdown only.
    pub(super) listing: Option<(&'static str, String)>,
}

impl Page {
    /// Adds a section, unless there is nothing in it.
    pub(super) fn section(&mut self, section: Section) {
        if !section.blocks.is_empty() {
            self.sections.push(section);
        }
    }

    /// Adds a line for the end of the terminal's form, such as the time that it took.
    pub fn close_with(&mut self, line: String) {
        self.closing.push(line);
    }
}

/// A part of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Section {
    /// Shown by both printers.
    pub(super) heading: String,
    /// Shown in Markdown where there is no heading: on the terminal the table speaks for itself.
    pub(super) title: &'static str,
    pub(super) blocks: Vec<Block>,
}

/// What a section is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Block {
    Table(Table),
    /// A paragraph.
    Text(String),
    /// What helps to read the table above it.
    Legend(String),
    /// Lines that begin with a time or a name.
    Items(Vec<(String, String)>),
}

impl Section {
    /// A section with a heading.
    pub(super) fn new(heading: impl Into<String>) -> Self {
        Self { heading: heading.into(), ..Self::default() }
    }

    /// A section with a heading in Markdown only.
    pub(super) fn titled(title: &'static str) -> Self {
        Self { title, ..Self::default() }
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Adds a table, unless it has no rows.
    pub(super) fn table(mut self, table: impl Into<Table>) -> Self {
        let table = table.into();
        if !table.is_empty() {
            self.blocks.push(Block::Table(table));
        }
        self
    }

    /// Adds a paragraph.
    pub(super) fn text(mut self, text: impl Into<String>) -> Self {
        self.blocks.push(Block::Text(text.into()));
        self
    }

    /// Adds a legend.
    pub(super) fn legend(mut self, text: impl Into<String>) -> Self {
        self.blocks.push(Block::Legend(text.into()));
        self
    }

    /// Adds legends.
    pub(super) fn legends(self, texts: impl IntoIterator<Item = String>) -> Self {
        texts.into_iter().fold(self, Self::legend)
    }

    /// Adds items, unless there are none.
    pub(super) fn items(mut self, items: Vec<(String, String)>) -> Self {
        if !items.is_empty() {
            self.blocks.push(Block::Items(items));
        }
        self
    }
}
