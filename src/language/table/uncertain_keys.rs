//! Which keys of a checked tree are uncertain.

use super::resolved::{Resolved, State, Value};
use super::uncertain::Uncertain;
use super::write::path_part;

/// Every uncertain key of a checked tree, in the order of the tree.
pub(crate) fn collect(root: &Resolved) -> Vec<Uncertain> {
    let mut found = Vec::new();
    visit(root, "", &mut found);
    found
}

fn visit(table: &Resolved, prefix: &str, found: &mut Vec<Uncertain>) {
    for slot in &table.slots {
        let path = format!("{prefix}{}", slot.key.name);
        if let Some(spread) = &slot.spread {
            found.push(spread.of_key(path, slot.key.kind));
            continue;
        }
        let State::Set(value) = &slot.state else {
            continue;
        };
        match value {
            Value::Table(inner) => visit(inner, &format!("{path}."), found),
            Value::Named(tables) => {
                for (name, _, inner) in tables {
                    visit(inner, &format!("{path}.{}.", path_part(name)), found);
                }
            }
            Value::List(tables) => {
                for inner in tables {
                    visit(inner, &format!("{path}.{}.", path_part(inner.name())), found);
                }
            }
            Value::Plain(_) | Value::Flags(_) => {}
        }
    }
}
