//! What goes with a client that a layer removes: whatever names it, and nothing else.

use crate::language::text::path::split;
use crate::language::text::tree::Entry;
use crate::language::{Code, Finding, Item, Log, Node, Span, shown};

/// Takes what names a client out of the tree, and says so.
pub(super) fn take_along(root: &mut Node, list: &str, (name, at): (&str, Span), log: &mut Log) {
    if list != "clients" {
        return;
    }
    let (mut gone, lost) = of_events(root, name);
    gone.extend(of_workloads(root, name));
    gone.extend(of_connections(root, name));
    let its = |path: &[&str]| match path {
        ["clients", entry, ..] => *entry == name,
        ["events", event, rest @ ..] => lost.iter().any(|(called, actions)| {
            let its = |action: &&str| actions.iter().any(|gone| gone == action);
            called == event && (actions.is_empty() || rest.first().is_some_and(its))
        }),
        _ => false,
    };
    gone.extend(of_texts(root, ("sweep", "vary"), its, "[sweep] varies none of it"));
    gone.extend(of_texts(root, ("growth", "rates"), its, "nothing of it is in [growth]"));
    if !gone.is_empty() {
        let message = format!("`{}` is removed with what names it", shown(name));
        let finding = Finding::new(Code::RemovedAlong, at, message).label("removed here");
        log.push(finding.help(gone.join("; ")));
    }
}

/// An event that lost actions, and which; none: it is gone itself.
type Lost = (String, Vec<String>);

/// What it did in events, in words, and what they lost. An event that does nothing any more goes, unless a
/// figure or an expectation belongs to its phase.
fn of_events(root: &mut Node, name: &str) -> (Vec<String>, Vec<Lost>) {
    let phases = phases_judged(root);
    let (mut gone, mut lost) = (Vec::new(), Vec::new());
    let mut stays = |event: &mut Node| {
        let called = event.name().unwrap_or("").to_owned();
        let Item::Table(entries) = &mut event.item else { return true };
        let mut actions = Vec::new();
        entries.retain_mut(|entry| {
            let its = entry.node.get_mut("client").is_some_and(|node| is(node, name));
            actions.extend(its.then(|| entry.name.clone()));
            !its
        });
        if actions.is_empty() {
            return true;
        }
        let bare = entries.iter().all(|entry| ["name", "at"].contains(&entry.name.as_str()));
        let stays = !bare || phases.contains(&called);
        let how = if stays { "stays without it" } else { "goes" };
        gone.push(format!("event `{}` {how}", shown(&called)));
        lost.push((called, if stays { actions } else { Vec::new() }));
        stays
    };
    if let Some(events) = items(root, "events") {
        events.retain_mut(&mut stays);
    }
    (gone, lost)
}

/// Its name among those that join with a workload.
fn of_workloads(root: &mut Node, name: &str) -> Vec<String> {
    let mut gone = Vec::new();
    for workload in items(root, "workloads").into_iter().flatten() {
        let called = shown(workload.name().unwrap_or(""));
        let joins = items(workload, "joins").map(|joins| (joins.len(), joins));
        if let Some((before, joins)) = joins {
            joins.retain(|joins| !is(joins, name));
            if joins.len() < before {
                gone.push(format!("workload `{called}` has none of it join"));
            }
        }
    }
    gone
}

/// Others that use its connections.
fn of_connections(root: &mut Node, name: &str) -> Vec<String> {
    let mut gone = Vec::new();
    for client in items(root, "clients").into_iter().flatten() {
        let called = shown(client.name().unwrap_or(""));
        let Item::Table(entries) = &mut client.item else { continue };
        let before = entries.len();
        let names_it = |entry: &Entry| entry.name == "connection" && is(&entry.node, name);
        entries.retain(|entry| !names_it(entry));
        if entries.len() < before {
            gone.push(format!("`{called}` has connections of its own"));
        }
    }
    gone
}

/// What a sweep varies of it, or how it grows; a table of nothing else goes.
fn of_texts(
    root: &mut Node,
    (table, key): (&'static str, &'static str),
    its: impl Fn(&[&str]) -> bool,
    told: &str,
) -> Vec<String> {
    let Some(texts) = root.get_mut(table).and_then(|table| items(table, key)) else {
        return Vec::new();
    };
    let before = texts.len();
    texts.retain(|text| match &text.item {
        Item::Text(text) => !split(text, 0).is_some_and(|(parts, _)| {
            its(&parts.iter().map(|part| part.name.as_str()).collect::<Vec<_>>())
        }),
        _ => true,
    });
    let (gone, left) = (before - texts.len(), texts.len());
    if gone > 0 && left == 0 {
        root.take(table);
    }
    if gone > 0 { vec![told.to_owned()] } else { Vec::new() }
}

/// Whether a value is the name.
fn is(node: &Node, name: &str) -> bool {
    matches!(&node.item, Item::Text(text) if text == name)
}

/// The phases that figures and expectations belong to.
fn phases_judged(root: &mut Node) -> Vec<String> {
    let mut found = Vec::new();
    for list in ["published", "expect"] {
        for claim in items(root, list).into_iter().flatten() {
            if let Some(Node { item: Item::Text(phase), .. }) = claim.get_mut("phase") {
                found.push(phase.clone());
            }
        }
    }
    found
}

/// The entries of an array that a table has.
fn items<'n>(table: &'n mut Node, list: &str) -> Option<&'n mut Vec<Node>> {
    match table.get_mut(list) {
        Some(Node { item: Item::Array(items), .. }) => Some(items),
        _ => None,
    }
}
