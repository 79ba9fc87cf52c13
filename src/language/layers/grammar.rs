//! What the layers know of the language that they compose.

use crate::language::table::Table;
use crate::language::tell::diagnostic::{Finding, Log};
use crate::language::text::path::Part;
use crate::language::text::span::Span;
use crate::language::text::tree::{Entry, Node};

/// A language: its tables, what its files may inherit, and what keys that belong together ask for when
/// one of them is laid over a tree.
pub(crate) struct Grammar {
    /// The table of a file.
    pub(crate) root: &'static Table,
    /// What may be inherited by name.
    pub(crate) presets: &'static [Preset],
    /// Changes the entries of a table before others are merged into it.
    pub(crate) on_merge: fn(&mut Vec<Entry>, &[Entry]),
    /// What is to be said of a `--set` before it changes the tree.
    pub(crate) on_set: OnSet,
    /// Takes what else belongs to an entry of a list of the root out of the tree, before a layer
    /// removes the entry.
    pub(crate) on_remove: OnRemove,
}

/// The tree, the name of the list, and that of the entry with the place where it is removed.
pub(crate) type OnRemove = fn(&mut Node, &str, (&str, Span), &mut Log);

/// Judges a `--set`: the tree, its key as parts, and its key as typed with the place of its value.
pub(crate) type OnSet = fn(&mut Node, &[Part], (&str, Span)) -> Option<Finding>;

/// A preset: a text that files may inherit by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its name, without `preset:`.
    pub name: &'static str,
    /// What kind of thing it describes.
    pub group: &'static str,
    /// Its TOML.
    pub text: &'static str,
}

impl Preset {
    /// One line: what it is.
    #[must_use]
    pub fn summary(&self) -> &'static str {
        self.text.lines().next().unwrap_or("").trim_start_matches(['#', ' '])
    }
}
