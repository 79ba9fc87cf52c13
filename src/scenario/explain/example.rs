//! An example of every key, from what kind of value it takes.

use super::Step;
use super::lookup::dotted as path_of;
use crate::scenario::keys::{Key, Kind, Presence, example};

/// Lines of a scenario that set the last key of the path.
pub(super) fn of(path: &[Step]) -> String {
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
            table((&path_of(path), last.key), &header, &dotted, &mut lines);
        }
        _ => lines.push(format!("{dotted}{} = {}", last.key.name, value(&path_of(path), last.key))),
    }
    lines.join("\n")
}

const fn is_list(key: &Key) -> bool {
    matches!(key.kind, Kind::List { .. } | Kind::Named { .. })
}

/// A table with the keys that it must have, or else its first.
fn table((place, key): (&str, &Key), header: &str, dotted: &str, lines: &mut Vec<String>) {
    let (Kind::Table(inner) | Kind::Named { table: inner, .. } | Kind::List { table: inner, .. }) =
        key.kind
    else {
        return;
    };
    let scalar = |inner: &&Key| !matches!(inner.kind, Kind::Table(_)) && !is_list(inner);
    let required = |inner: &&Key| inner.presence == Presence::Required;
    let mut keys: Vec<&Key> = inner.keys.iter().filter(scalar).filter(required).collect();
    if keys.is_empty() {
        keys.extend(inner.keys.iter().find(scalar));
    }
    let each = if matches!(key.kind, Kind::Named { .. }) { ".*" } else { "" };
    let pairs = keys.iter().map(|inner| {
        format!("{} = {}", inner.name, value(&format!("{place}{each}.{}", inner.name), inner))
    });
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
fn value(path: &str, key: &Key) -> String {
    // Profiles alone have none of their own.
    example(path, key).unwrap_or_else(|| "{ large = { node = { memory = \"64GiB\" } } }".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::lookup::all;
    use crate::scenario::{Code, Layers, Overlay, load_beside};

    const BASE: &str = "schema = 1\nname = \"base\"\n[run]\nduration = \"10m\"\n[apiserver]\n\
        version = \"1.34\"\n";

    /// What is incomplete is no matter; that a value does not fit its key is.
    #[test]
    fn every_key_has_an_example_that_reads() {
        let wrong = [
            Code::Syntax,
            Code::UnknownKey,
            Code::WrongType,
            Code::BadQuantity,
            Code::OutOfBounds,
            Code::NotAChoice,
            Code::BadName,
            Code::UnknownRelease,
            Code::BadVary,
            Code::BadSpread,
        ];
        let mut seen = 0;
        for place in all() {
            let text = place.text();
            let example = text.example();
            let (path, codes) = (text.path(), text.codes());
            assert!(example.contains(text.key.name), "{path}:\n{example}");
            assert!(!text.forms().is_empty() && !text.left_out().is_empty() && !codes.is_empty());
            let overlay =
                Overlay { name: "example".to_owned(), text: example.clone().into_bytes() };
            let layers = Layers { overlays: &[overlay], ..Layers::default() };
            if let Err(found) = load_beside("base", BASE.as_bytes(), layers, None, false) {
                let bad = found.items.iter().find(|d| wrong.contains(&d.code));
                assert!(bad.is_none(), "{path}:\n{example}\n{found}");
            }
            seen += 1;
        }
        assert!(seen > 100);
    }
}
