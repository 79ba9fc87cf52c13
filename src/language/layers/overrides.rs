//! `--set key=value`: changes of the tree before it is checked.

use super::grammar::Grammar;
use crate::language::layers::removal;
use crate::language::table::Kind;
use crate::language::tell::code::Code;
use crate::language::tell::diagnostic::{Finding, Log, shown};
use crate::language::tell::suggest::nearest;
use crate::language::text::nesting;
use crate::language::text::path::{Part, split};
use crate::language::text::span::Span;
use crate::language::text::tree::{Entry, Item, Node};

/// Applies the override that is source `source`.
pub(crate) fn apply(grammar: &Grammar, root: &mut Node, source: usize, log: &mut Log) {
    let text = log.sources.text(source);
    let text = text.as_ref();
    let span = |start: usize, end: usize| Span { source, start, end };
    let Some((parts, value_at)) = split(text, source) else {
        let finding = Finding::new(
            Code::BadOverride,
            span(0, text.len()),
            "an override must be of the form key=value",
        );
        log.push(finding.help("for example: --set clients.informers.count=32".to_owned()));
        return;
    };
    let value = text.get(value_at..).unwrap_or("");
    let at = span(value_at, text.len());
    if parts.len() > nesting::DEEPEST || nesting::too_deep(value).is_some() {
        log.push(Finding::new(Code::TooDeep, at, "this nests too deeply"));
        return;
    }
    let node = Node::from_raw(value.trim(), at);
    if let Some(removed) = removes(&parts, &node) {
        if let [list, entry] = removed
            && root.get_mut(&list.name).is_some_and(|list| list.has_entry(Some(&entry.name)))
        {
            (grammar.on_remove)(root, &list.name, (&entry.name, entry.at), log);
        }
        if let Err(finding) = remove(root, removed, log) {
            log.push(*finding);
        }
        return;
    }
    let key = text.get(..value_at).unwrap_or("").trim_end_matches(['=', ' ']);
    if let Some(finding) = (grammar.on_set)(root, &parts, (key, at)) {
        log.push(finding);
    }
    if let Err(finding) = set(grammar, root, &parts, node) {
        log.push(*finding);
    }
}

/// The parts before `remove`, where that is set to `true`.
fn removes<'p>(parts: &'p [Part], value: &Node) -> Option<&'p [Part]> {
    let (last, path) = parts.split_last()?;
    (last.name == "remove" && matches!(value.item, Item::Flag(true)) && !path.is_empty())
        .then_some(path)
}

/// Drops what the parts lead to.
fn remove(root: &mut Node, parts: &[Part], log: &mut Log) -> Result<(), Failed> {
    let Some((last, path)) = parts.split_last() else {
        return Ok(());
    };
    let (mut here, mut outer) = (root, "the scenario");
    for part in path {
        here = descend(here, outer, part)?;
        outer = &part.name;
    }
    removal::drop_key(here, &(last.name.clone(), last.at), log);
    Ok(())
}

type Failed = Box<Finding>;

/// Puts the value where the parts lead, making tables on the way.
fn set(grammar: &Grammar, root: &mut Node, parts: &[Part], value: Node) -> Result<(), Failed> {
    let Some((last, path)) = parts.split_last() else {
        return Ok(());
    };
    if let [list, entry, ..] = parts
        && is_list(grammar, &list.name)
        && !has(root, &list.name)
    {
        return Err(no_entry(&list.name, entry, &[]).into());
    }
    let (mut here, mut outer) = (root, "the scenario");
    for part in path {
        here = descend(here, outer, part)?;
        outer = &part.name;
    }
    match &mut here.item {
        Item::Array(items) => *entry_of(items, outer, last)? = value,
        Item::Table(entries) => match entries.iter_mut().find(|entry| entry.name == last.name) {
            Some(entry) => {
                entry.at = last.at;
                entry.node = value;
            }
            None => entries.push(Entry { name: last.name.clone(), at: last.at, node: value }),
        },
        _ => return Err(not_a_table(outer, last).into()),
    }
    Ok(())
}

fn has(node: &Node, name: &str) -> bool {
    match &node.item {
        Item::Table(entries) => entries.iter().any(|entry| entry.name == name),
        _ => false,
    }
}

/// One step along the key. The entries of an array go by their names.
fn descend<'n>(here: &'n mut Node, outer: &str, part: &Part) -> Result<&'n mut Node, Failed> {
    match &mut here.item {
        Item::Table(entries) => {
            let found = entries.iter().position(|entry| entry.name == part.name);
            let index = found.unwrap_or(entries.len());
            if found.is_none() {
                entries.push(Entry {
                    name: part.name.clone(),
                    at: part.at,
                    node: Node::table(part.at),
                });
            }
            let entry = entries.get_mut(index);
            entry.map(|entry| &mut entry.node).ok_or_else(|| not_a_table(outer, part).into())
        }
        Item::Array(items) => entry_of(items, outer, part),
        _ => Err(not_a_table(outer, part).into()),
    }
}

/// The entry of an array of tables that has a name, or else an index.
fn entry_of<'n>(items: &'n mut [Node], outer: &str, part: &Part) -> Result<&'n mut Node, Failed> {
    let named = items.iter().position(|item| item.name() == Some(&part.name));
    let index = named.or_else(|| part.name.parse().ok().filter(|i| *i < items.len()));
    let Some(index) = index else {
        let names: Vec<String> = items.iter().filter_map(Node::name).map(str::to_owned).collect();
        return Err(no_entry(outer, part, &names).into());
    };
    items.get_mut(index).ok_or_else(|| no_entry(outer, part, &[]).into())
}

/// Whether a key of the root holds an array of tables.
fn is_list(grammar: &Grammar, name: &str) -> bool {
    grammar.root.key(name).is_some_and(|key| matches!(key.kind, Kind::List { .. }))
}

/// A name that none of the entries of a list has.
pub(crate) fn no_entry(outer: &str, part: &Part, names: &[String]) -> Finding {
    let message = format!("nothing here is named `{}`", shown(&part.name));
    let finding = Finding::new(Code::OverrideTarget, part.at, message).label("no such entry");
    let near = nearest(&part.name, names.iter().map(String::as_str));
    let help = match (near, names) {
        (Some(near), _) => format!("did you mean `{}`?", shown(near)),
        (None, []) => format!("`{}` has no named entries", shown(outer)),
        (None, _) => {
            let some: Vec<String> = names.iter().take(5).map(|name| shown(name)).collect();
            format!("the names are: {}", some.join(", "))
        }
    };
    finding.help(help)
}

fn not_a_table(outer: &str, part: &Part) -> Finding {
    let message = format!("`{}` cannot be set in {}", shown(&part.name), shown(outer));
    Finding::new(Code::OverrideTarget, part.at, message).label("this is not a table")
}
