//! Overlays: partial scenarios laid over a file before it is checked, key by key.
//!
//! Tables merge by key and arrays of tables by the `name` of their entries; what an overlay has of the
//! same name takes the place of what was there, anything else is added, and `removal` takes away. Every
//! value keeps the place where it was written, so that a mistake in an overlay is reported with the overlay's
//! line. What a file inherits, and its profiles, are laid down in the same way.

use super::grammar::Grammar;
use crate::language::layers::removal::{self, REMOVE, Removal};
use crate::language::tell::diagnostic::Log;
use crate::language::text::span::Span;
use crate::language::text::tree::{Entry, Item, Node};

/// What is laid over a scenario file: first its profiles, then the overlays, one after the other, then
/// the overrides.
#[derive(Clone, Copy, Debug, Default)]
pub struct Layers<'a> {
    /// Names of profiles of the file.
    pub profiles: &'a [String],
    /// Partial scenarios.
    pub overlays: &'a [Overlay],
    /// `key=value` of `--set`.
    pub overrides: &'a [String],
}

/// A partial scenario: TOML with some of the keys of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlay {
    /// What diagnostics call it.
    pub name: String,
    /// Its text.
    pub text: Vec<u8>,
}

/// Lays a layer over the tree of those below it.
pub(crate) fn lay(grammar: &Grammar, root: &mut Node, over: Node, log: &mut Log) {
    for (list, name, at) in removed(root, &over) {
        (grammar.on_remove)(root, &list, (&name, at), log);
    }
    merge(grammar, root, over, log);
}

/// The entries of lists of the root that a layer removes, and does not give anew: the list, the name
/// and the place.
fn removed(root: &Node, over: &Node) -> Vec<(String, String, Span)> {
    let (Item::Table(below), Item::Table(entries)) = (&root.item, &over.item) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in entries {
        let Item::Array(items) = &entry.node.item else { continue };
        let names = || items.iter().filter(|item| !goes(item)).filter_map(Node::name);
        for item in items.iter().filter(|item| goes(item)) {
            let there = below
                .iter()
                .any(|list| list.name == entry.name && list.node.has_entry(item.name()));
            if let Some(name) = item.name().filter(|name| there && !names().any(|n| n == *name)) {
                found.push((entry.name.clone(), name.to_owned(), item.span));
            }
        }
    }
    found
}

/// Lays a tree over another. Recursion is bounded: both have passed `nesting::too_deep`.
fn merge(grammar: &Grammar, base: &mut Node, mut over: Node, log: &mut Log) {
    match removal::take(&mut over, log) {
        Removal::Keys(keys) => keys.iter().for_each(|key| removal::drop_key(base, key, log)),
        Removal::Whole(_) => {
            base.item = match base.item {
                Item::Array(_) => Item::Array(Vec::new()),
                _ => Item::Table(Vec::new()),
            }
        }
        Removal::Nothing => {}
    }
    match (&mut base.item, over.item) {
        (Item::Table(into), Item::Table(from)) => {
            (grammar.on_merge)(into, &from);
            for entry in from {
                merge_entry(grammar, into, entry, log);
            }
        }
        (Item::Array(into), Item::Array(from)) if all_named(into) && all_named(&from) => {
            let mut before = into.len();
            for item in from {
                let all = into.len();
                merge_item(grammar, into, before, item, log);
                before -= all.saturating_sub(into.len());
            }
        }
        (_, item) => {
            *base = Node { item, ..over };
            removal::fresh(base, log);
        }
    }
}

fn merge_entry(grammar: &Grammar, base: &mut Vec<Entry>, mut over: Entry, log: &mut Log) {
    let found = base.iter().position(|entry| entry.name == over.name);
    let Some((index, entry)) = found.and_then(|at| Some((at, base.get_mut(at)?))) else {
        removal::fresh(&mut over.node, log);
        base.push(over);
        return;
    };
    if !matches!(over.node.item, Item::Table(_) | Item::Array(_)) {
        entry.at = over.at;
    }
    if goes(&over.node) {
        base.remove(index);
    } else {
        stands_at(&mut entry.node, &over.node);
        merge(grammar, &mut entry.node, over.node, log);
    }
}

/// What a table lacks is reported where the scenario's own file has it, if it does.
fn stands_at(base: &mut Node, over: &Node) {
    if base.span.source != 0 {
        base.span = over.span;
    }
}

/// Lays an entry over those that were there before its array came.
fn merge_item(
    grammar: &Grammar,
    base: &mut Vec<Node>,
    before: usize,
    mut over: Node,
    log: &mut Log,
) {
    let same = |item: &Node| item.name() == over.name();
    let Some(index) = base.iter().take(before).position(same) else {
        removal::fresh(&mut over, log);
        base.push(over);
        return;
    };
    if goes(&over) {
        base.remove(index);
    } else if let Some(item) = base.get_mut(index) {
        stands_at(item, &over);
        merge(grammar, item, over, log);
    }
}

/// Whether a table removes what is below it and puts nothing in its place.
fn goes(over: &Node) -> bool {
    let Item::Table(entries) = &over.item else {
        return false;
    };
    let removes =
        |entry: &Entry| entry.name == REMOVE && matches!(entry.node.item, Item::Flag(true));
    entries.iter().any(removes) && entries.iter().all(|e| removes(e) || e.name == "name")
}

/// Whether an array is of tables that all have a name.
fn all_named(items: &[Node]) -> bool {
    items.iter().all(|item| item.name().is_some())
}
