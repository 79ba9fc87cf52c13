//! `remove`: what a layer takes away from those below it.
//!
//! `remove = true` in a table or in an entry of an array drops what is there of its name; other keys
//! beside it begin it from scratch. `remove = ["memory-limit"]` in a table drops these keys of it.

use crate::language::tell::code::Code;
use crate::language::tell::diagnostic::{Finding, Log, shown};
use crate::language::tell::suggest::nearest;
use crate::language::text::span::Span;
use crate::language::text::tree::{Entry, Item, Node};

/// The key that removes.
pub(crate) const REMOVE: &str = "remove";

/// What a table says of the one below it.
#[derive(Debug)]
pub(crate) enum Removal {
    /// It stays.
    Nothing,
    /// It begins from scratch; where nothing follows, it goes. Said at this place.
    Whole(Span),
    /// These keys of it go.
    Keys(Vec<(String, Span)>),
}

/// Takes the removal out of a table.
pub(crate) fn take(node: &mut Node, log: &mut Log) -> Removal {
    let Item::Table(entries) = &mut node.item else {
        return Removal::Nothing;
    };
    // A table of this name is an entry like any other.
    let is_removal =
        |entry: &Entry| entry.name == REMOVE && !matches!(entry.node.item, Item::Table(_));
    let Some(index) = entries.iter().position(is_removal) else {
        return Removal::Nothing;
    };
    let entry = entries.remove(index);
    match keys_of(&entry.node) {
        _ if matches!(entry.node.item, Item::Flag(true)) => Removal::Whole(entry.at),
        _ if matches!(entry.node.item, Item::Flag(false)) => Removal::Nothing,
        Some(keys) => Removal::Keys(keys),
        None => {
            let found = entry.node.type_name();
            let message = format!("`remove` must be `true` or a list of keys, not {found}");
            let finding = Finding::new(Code::WrongType, entry.node.span, message);
            let finding = finding.label(format!("this is {found}"));
            log.push(finding.help("for example: remove = [\"memory-limit\"]".to_owned()));
            Removal::Nothing
        }
    }
}

fn keys_of(node: &Node) -> Option<Vec<(String, Span)>> {
    let Item::Array(items) = &node.item else {
        return None;
    };
    let text = |item: &Node| match &item.item {
        Item::Text(text) => Some((text.clone(), item.span)),
        _ => None,
    };
    items.iter().map(text).collect()
}

/// Drops a key of a table, or the entry of this name of an array.
pub(crate) fn drop_key(base: &mut Node, (name, at): &(String, Span), log: &mut Log) {
    let index = match &base.item {
        Item::Table(entries) => entries.iter().position(|entry| entry.name == *name),
        Item::Array(items) => items.iter().position(|item| item.name() == Some(name)),
        _ => None,
    };
    match (&mut base.item, index) {
        (Item::Table(entries), Some(index)) => drop(entries.remove(index)),
        (Item::Array(items), Some(index)) => drop(items.remove(index)),
        _ => nothing_there(name, *at, Some(base), log),
    }
}

/// Reports a removal of what is not there.
pub(crate) fn nothing_there(name: &str, at: Span, base: Option<&Node>, log: &mut Log) {
    let message = format!("there is no `{}` to remove", shown(name));
    let finding = Finding::new(Code::NothingToRemove, at, message).label("no lower layer has it");
    let names: Vec<&str> = match base.map(|base| &base.item) {
        Some(Item::Table(entries)) => entries.iter().map(|entry| entry.name.as_str()).collect(),
        Some(Item::Array(items)) => items.iter().filter_map(Node::name).collect(),
        _ => Vec::new(),
    };
    let near = nearest(name, names).map(|near| format!("did you mean `{}`?", shown(near)));
    log.push(finding.help(near));
}

/// A table that lies on nothing: whatever it removes is not there.
pub(crate) fn fresh(node: &mut Node, log: &mut Log) {
    match take(node, log) {
        Removal::Whole(at) => {
            let name = node.name().unwrap_or("such entry").to_owned();
            nothing_there(&name, at, None, log);
        }
        Removal::Keys(keys) => {
            for (name, at) in &keys {
                nothing_there(name, *at, None, log);
            }
        }
        Removal::Nothing => {}
    }
    match &mut node.item {
        Item::Table(entries) => entries.iter_mut().for_each(|entry| fresh(&mut entry.node, log)),
        Item::Array(items) => items.iter_mut().for_each(|item| fresh(item, log)),
        _ => {}
    }
}

/// Takes out every removal, for a look at the rest of a layer.
pub(crate) fn strip(node: &mut Node) {
    match &mut node.item {
        Item::Table(entries) => {
            entries.retain(|e| e.name != REMOVE || matches!(e.node.item, Item::Table(_)));
            for entry in entries {
                strip(&mut entry.node);
            }
        }
        Item::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}
