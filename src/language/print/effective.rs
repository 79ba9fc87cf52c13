//! The effective scenario: canonical TOML with every default filled in, and its hash.

use crate::language::table::resolved::{Resolved, Slot, State, Value};
use crate::language::table::uncertain::Spread;
use crate::language::table::write::{braces, brackets, key, scalar};
use crate::language::table::{Kind, Table};
use crate::units::Fnv;

/// Prints the checked tree; loading the result gives the same inputs.
pub(crate) fn print(root: &Resolved) -> String {
    printed(root, &[], &[])
}

/// 12 hex digits that name the scenario, whatever its seed, its replications and its sweep.
pub(crate) fn hash(root: &Resolved) -> String {
    let text = printed(root, &["seed", "replications"], &["sweep"]);
    let mut digits = format!("{:016x}", Fnv::new().bytes(text.as_bytes()).value());
    digits.truncate(12);
    digits
}

fn printed(root: &Resolved, skip_in_run: &[&str], skip: &[&str]) -> String {
    let mut text = String::new();
    let pairs =
        |table: &Resolved, skip: &[&str], text: &mut String| pairs(root.table, table, skip, text);
    pairs(root, &[], &mut text);
    for slot in &root.slots {
        let name = slot.key.name;
        let State::Set(value) = &slot.state else {
            continue;
        };
        if skip.contains(&name) {
            continue;
        }
        match value {
            Value::Table(table) => {
                let skip = if name == "run" { skip_in_run } else { &[] };
                text.extend(["\n[", name, "]\n"]);
                pairs(table, skip, &mut text);
                lists(root.table, table, name, &mut text);
            }
            Value::Named(tables) => {
                for (inner, _, table) in tables {
                    text.extend(["\n[", name, ".", &key(inner), "]\n"]);
                    pairs(table, &[], &mut text);
                }
            }
            Value::List(tables) => {
                for table in tables {
                    text.extend(["\n[[", name, "]]\n"]);
                    pairs(table, &[], &mut text);
                }
            }
            Value::Plain(_) | Value::Flags(_) => {}
        }
    }
    text
}

/// The arrays of tables of a section, with a header each.
fn lists(root: &Table, section: &Resolved, name: &str, text: &mut String) {
    for slot in &section.slots {
        if let State::Set(Value::List(tables)) = &slot.state {
            for table in tables {
                text.extend(["\n[[", name, ".", slot.key.name, "]]\n"]);
                pairs(root, table, &[], text);
            }
        }
    }
}

/// The keys of a table, one a line; at the root only the scalars, and no arrays of a section.
fn pairs(root: &Table, table: &Resolved, skip: &[&str], text: &mut String) {
    let is_root = std::ptr::eq(table.table, root);
    let is_section = root
        .keys
        .iter()
        .any(|key| matches!(key.kind, Kind::Table(inner) if std::ptr::eq(table.table, inner)));
    for slot in &table.slots {
        let State::Set(value) = &slot.state else {
            continue;
        };
        let structure = is_root && !matches!(value, Value::Plain(_))
            || is_section && matches!(value, Value::List(_));
        if structure || skip.contains(&slot.key.name) {
            continue;
        }
        text.extend([slot.key.name, " = ", &of_slot(slot, value), "\n"]);
    }
}

/// The value of a key inside a line, or its distribution where it is uncertain.
pub(crate) fn of_slot(slot: &Slot, value: &Value) -> String {
    slot.spread.as_ref().map_or_else(|| inline(value), Spread::print)
}

/// A value inside a line.
fn inline(value: &Value) -> String {
    match value {
        Value::Plain(plain) => scalar(plain),
        Value::Flags(gates) => {
            braces(gates.iter().map(|(name, on, _)| format!("{} = {on}", key(name))))
        }
        Value::Table(table) => inner(table),
        Value::List(tables) => brackets(tables.iter().map(inner)),
        Value::Named(_) => "{}".to_owned(),
    }
}

/// A table inside a line.
pub(crate) fn inner(table: &Resolved) -> String {
    braces(table.slots.iter().filter_map(|slot| match &slot.state {
        State::Set(value) => Some(format!("{} = {}", slot.key.name, of_slot(slot, value))),
        _ => None,
    }))
}
