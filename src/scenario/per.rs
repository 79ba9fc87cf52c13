//! `per` before a text is checked: what becomes of it when a count is laid over another.

use crate::language::text::path::Part;
use crate::language::text::tree::Entry;
use crate::language::{Code, Finding, Item, Node, Span, shown};

/// A count that is written again is a total, unless `per` is written with it; so are writes. What
/// stays below is counted as it was.
pub(super) fn unbind(base: &mut Vec<Entry>, over: &[Entry]) {
    let has = |entries: &[Entry], name: &str| entries.iter().any(|entry| entry.name == name);
    if has(over, "writes") && !has(over, "writes-per") {
        base.retain(|entry| entry.name != "writes-per");
    }
    let Some(index) = base.iter().position(|entry| entry.name == "per") else {
        return;
    };
    if has(over, "per") {
        return;
    }
    let of_writes = |entry: Entry| Entry { name: "writes-per".to_owned(), ..entry };
    if has(over, "count") {
        let per = base.remove(index);
        if has(base, "writes") && !has(base, "writes-per") && !has(over, "writes") {
            base.push(of_writes(per));
        }
    } else if let Some(writes) = over.iter().find(|entry| entry.name == "writes")
        && !has(over, "writes-per")
    {
        let item = Item::Text("cluster".to_owned());
        let node = Node { span: writes.node.span, item, raw: None };
        base.push(of_writes(Entry { name: String::new(), at: writes.at, node }));
    }
}

/// A count by node, pod or namespace that a `--set` gives.
pub(super) fn note(root: &mut Node, parts: &[Part], (key, at): (&str, Span)) -> Option<Finding> {
    let per = counted_per(root, parts)?;
    let message = format!("this count is per {per} and will be multiplied");
    let finding = Finding::new(Code::CountedPer, at, message).label(format!("per {per}"));
    let table = key.strip_suffix("count").unwrap_or(key);
    Some(finding.help(format!("for a total add --set {table}per=cluster")))
}

/// What a count that is set is counted by, if by anything.
fn counted_per(root: &mut Node, parts: &[Part]) -> Option<String> {
    let [table, entry, count] = parts else {
        return None;
    };
    if count.name != "count" || !["objects", "clients"].contains(&table.name.as_str()) {
        return None;
    }
    let entries = root.get_mut(&table.name)?;
    let entry = match &mut entries.item {
        Item::Array(items) => items.iter_mut().find(|item| item.name() == Some(&entry.name))?,
        _ => entries.get_mut(&entry.name)?,
    };
    match &entry.get_mut("per")?.item {
        Item::Text(per) if per != "cluster" => Some(shown(per)),
        _ => None,
    }
}
