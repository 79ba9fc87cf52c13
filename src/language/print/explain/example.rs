//! An example of every key, from what kind of value it takes.

use super::Step;
use crate::language::table::example::example;
use crate::language::table::{Key, Kind, Presence};

/// Lines of a scenario that set the last key of the path.
pub(crate) fn of(path: &[Step]) -> String {
    let mut lines = Vec::new();
    let (mut header, mut dotted) = (String::new(), String::new());
    let Some((last, outer)) = path.split_last() else {
        return String::new();
    };
    for step in outer {
        let name = step.key.name;
        let prefix = if header.is_empty() { name.to_owned() } else { format!("{header}.{name}") };
        match step.key.kind {
            Kind::List { .. } => {
                lines.push(format!("[[{prefix}]]"));
                header = prefix;
            }
            Kind::Named { .. } => {
                header = format!("{prefix}.pods");
                lines.push(format!("[{header}]"));
            }
            // A table of an entry reads better as a dotted key below the entry.
            _ if lines.is_empty() => header = prefix,
            _ => {
                dotted.push_str(name);
                dotted.push('.');
            }
        }
    }
    if lines.is_empty() && !header.is_empty() && !is_list(last.key) {
        lines.push(format!("[{header}]"));
    }
    match last.key.kind {
        Kind::Table(_) | Kind::Named { .. } | Kind::List { .. } => {
            table(last.key, &header, &dotted, &mut lines);
        }
        _ => lines.push(format!("{dotted}{} = {}", last.key.name, value(last.key))),
    }
    lines.join("\n")
}

const fn is_list(key: &Key) -> bool {
    matches!(key.kind, Kind::List { .. }) || is_named(key)
}

const fn is_named(key: &Key) -> bool {
    matches!(key.kind, Kind::Named { .. })
}

/// A table with the keys that it must have, or else its first.
fn table(key: &Key, header: &str, dotted: &str, lines: &mut Vec<String>) {
    let (Kind::Table(inner) | Kind::Named { table: inner, .. } | Kind::List { table: inner, .. }) =
        key.kind
    else {
        return;
    };
    let scalar = |inner: &&Key| !matches!(inner.kind, Kind::Table(_)) && !is_list(inner);
    // The name of an entry may stand for one of its keys.
    let named = |inner: &&Key| is_named(key) && inner.entry_name;
    let required = |inner: &&Key| inner.presence == Presence::Required && !named(inner);
    let mut keys: Vec<&Key> = inner.keys.iter().filter(scalar).filter(required).collect();
    if keys.is_empty() && !inner.keys.iter().any(|inner| named(&inner)) {
        keys.extend(inner.keys.iter().find(scalar));
    }
    let pairs = keys.iter().map(|inner| format!("{} = {}", inner.name, value(inner)));
    let path =
        if header.is_empty() { key.name.to_owned() } else { format!("{header}.{}", key.name) };
    match key.kind {
        Kind::List { .. } => lines.push(format!("[[{path}]]")),
        Kind::Named { .. } => lines.push(format!("[{path}.pods]")),
        _ if header.is_empty() => lines.push(format!("[{path}]")),
        _ => {
            let pairs: Vec<String> = pairs.collect();
            lines.push(format!("{dotted}{} = {{ {} }}", key.name, pairs.join(", ")));
            return;
        }
    }
    lines.extend(pairs);
}

/// A value that the key at the path takes.
fn value(key: &Key) -> String {
    // Profiles alone have none of their own.
    example(key).unwrap_or_else(|| "{ large = { node = { memory = \"64GiB\" } } }".to_owned())
}
