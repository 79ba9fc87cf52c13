//! The texts a scenario is made of: the file, the `--set` overrides, the overlays, what is inherited and
//! the manifests that are named, with their positions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::language::text::span::Span;
use crate::language::text::tree::{Item, Node};

/// Lines longer than this are not quoted in diagnostics: nobody could read them.
const QUOTABLE: usize = 1000;

/// A position in a file (or in an override), with the line it is on.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Place {
    /// The file's name, or `--set`.
    pub file: String,
    /// Line, from 1; for `--set`, which of the overrides. 0: the file as a whole.
    pub line: usize,
    /// First column, in characters from 1.
    pub column: usize,
    /// One past the last column.
    pub end_column: usize,
    /// The line's text; empty where it is too long to quote.
    pub text: String,
}

struct Source {
    name: String,
    text: Arc<str>,
    /// Number of its first line: overrides count as `--set`'s line 1, 2, 3.
    first_line: usize,
    /// Where each line begins.
    lines: Vec<usize>,
    /// What paths in it are relative to, if not to the folder of the scenario's file.
    folder: Option<PathBuf>,
}

/// The file, the overrides, the overlays, what is inherited and the manifests.
pub(crate) struct Sources {
    all: Vec<Source>,
    /// What the chosen profiles say, with their names.
    profiles: BTreeMap<Span, Arc<str>>,
}

impl Sources {
    /// The file alone.
    pub(crate) fn new(name: &str, text: String) -> Self {
        Self { all: vec![Source::new(name, text, 1)], profiles: BTreeMap::new() }
    }

    /// Adds the n-th override, which becomes source n.
    pub(crate) fn add_override(&mut self, text: &str) -> usize {
        let ordinal = self.all.len();
        self.all.push(Source::new("--set", text.to_owned(), ordinal));
        ordinal
    }

    /// Adds an overlay, an inherited file or a manifest, and returns which source it becomes.
    pub(crate) fn add_file(&mut self, name: &str, text: String) -> usize {
        self.all.push(Source::new(name, text, 1));
        self.all.len() - 1
    }

    /// The text of a source.
    pub(crate) fn text(&self, source: usize) -> Arc<str> {
        self.all.get(source).map_or_else(|| Arc::from(""), |s| Arc::clone(&s.text))
    }

    /// Says what paths in a source are relative to.
    pub(crate) fn set_folder(&mut self, source: usize, folder: &Path) {
        if let Some(source) = self.all.get_mut(source) {
            source.folder = Some(folder.to_owned());
        }
    }

    /// What paths in a source are relative to, if not to the folder of the scenario's file.
    pub(crate) fn folder(&self, source: usize) -> Option<PathBuf> {
        self.all.get(source)?.folder.clone()
    }

    /// Notes that a part of the file is a chosen profile. Recursion is bounded as that of the tree.
    pub(crate) fn mark_profile(&mut self, name: &str, node: &Node) {
        self.profiles.insert(node.span, name.into());
        match &node.item {
            Item::Array(items) => items.iter().for_each(|item| self.mark_profile(name, item)),
            Item::Table(entries) => {
                for entry in entries {
                    self.mark_profile(name, &entry.node);
                }
            }
            _ => {}
        }
    }

    /// Where a value comes from, for people: `storm.toml:12`, `preset:objects:3`, `--set`.
    pub(crate) fn origin(&self, span: Span) -> String {
        let place = self.place(span);
        let line = match place.file.as_str() {
            "--set" => return place.file,
            file => format!("{file}:{}", place.line),
        };
        match self.profiles.get(&span) {
            Some(profile) => format!("profile {profile}, {line}"),
            None => line,
        }
    }

    /// The line of a span, for comparing.
    pub(crate) fn line_of(&self, span: Span) -> usize {
        self.all.get(span.source).map_or(0, |s| s.line_at(span.start))
    }

    /// The span as people read it: file, line, column and the line itself.
    pub(crate) fn place(&self, span: Span) -> Place {
        match self.all.get(span.source) {
            Some(source) => source.place(span),
            None => Place::default(),
        }
    }
}

impl Source {
    fn new(name: &str, text: String, first_line: usize) -> Self {
        let mut lines = vec![0];
        lines.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        Self { name: name.to_owned(), text: text.into(), first_line, lines, folder: None }
    }

    /// Index of the line that holds a byte.
    fn line_at(&self, byte: usize) -> usize {
        self.lines.partition_point(|start| *start <= byte).saturating_sub(1)
    }

    fn place(&self, span: Span) -> Place {
        let line = self.line_at(span.start);
        let begin = self.lines.get(line).copied().unwrap_or(0);
        let text = self.text.get(begin..).unwrap_or("");
        let text = text.split('\n').next().unwrap_or("");
        let text = text.strip_suffix('\r').unwrap_or(text);
        // A span over several lines is shown by its first line.
        let start = floor_boundary(text, span.start.saturating_sub(begin));
        let end = floor_boundary(text, span.end.saturating_sub(begin)).max(start);
        let chars = |to: usize| text.get(..to).map_or(0, |t| t.chars().count());
        Place {
            file: self.name.clone(),
            line: self.first_line + line,
            column: chars(start) + 1,
            end_column: chars(end) + 1,
            text: if text.len() <= QUOTABLE { text.to_owned() } else { String::new() },
        }
    }
}

/// The nearest character boundary at or before a byte, inside the text.
fn floor_boundary(text: &str, byte: usize) -> usize {
    let mut at = byte.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_and_lines() {
        let sources = Sources::new("f.toml", "a = 1\r\nnäme = \"x\"\n".into());
        let place = sources.place(Span::file(15, 18));
        assert_eq!((place.line, place.column, place.end_column), (2, 8, 11));
        assert_eq!(place.text, "näme = \"x\"");
        let past = sources.place(Span::file(900, 901));
        assert_eq!((past.line, past.column), (3, 1));
        let inside = sources.place(Span::file(9, 400));
        assert_eq!((inside.line, inside.column, inside.end_column), (2, 2, 11));
    }

    #[test]
    fn overrides_are_lines_of_set() {
        let mut sources = Sources::new("f.toml", String::new());
        assert_eq!(sources.add_override("a=1"), 1);
        assert_eq!(sources.add_override("b=2"), 2);
        let place = sources.place(Span { source: 2, start: 2, end: 3 });
        assert_eq!((place.file.as_str(), place.line, place.column), ("--set", 2, 3));
    }
}
