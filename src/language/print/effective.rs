//! The effective scenario: canonical TOML with every default filled in, and its hash.

use crate::language::table::resolved::{Resolved, Slot, State, Value};
use crate::language::table::uncertain::Spread;
use crate::language::table::write::{braces, brackets, key, scalar};
use crate::language::table::{Kind, Role, Table};
use crate::units::Fnv;

/// Prints the checked tree; loading the result gives the same inputs.
pub(crate) fn print(root: &Resolved) -> String {
    Printer { root: root.table, hash: false }.root(root)
}

/// 12 hex digits that name the scenario, whatever its seed, its replications and its sweep.
pub(crate) fn hash(root: &Resolved) -> String {
    let text = Printer { root: root.table, hash: true }.root(root);
    let mut digits = format!("{:016x}", Fnv::new().bytes(text.as_bytes()).value());
    digits.truncate(12);
    digits
}

struct Printer {
    root: &'static Table,
    /// Whether the text is to be hashed, and what no name depends on left out.
    hash: bool,
}

impl Printer {
    /// The value of a key, if it has one that is printed.
    fn value<'s>(&self, slot: &'s Slot) -> Option<&'s Value> {
        let unhashed = matches!(slot.key.role, Role::Outside { hashed: false, .. })
            || slot.key.late && slot.usual;
        match &slot.state {
            State::Set(value) if !(self.hash && unhashed) => Some(value),
            _ => None,
        }
    }

    fn root(&self, root: &Resolved) -> String {
        let mut text = String::new();
        self.pairs(root, &mut text);
        for slot in &root.slots {
            let name = slot.key.name;
            match self.value(slot) {
                Some(Value::Table(table)) => {
                    text.extend(["\n[", name, "]\n"]);
                    self.pairs(table, &mut text);
                    self.lists(table, name, &mut text);
                }
                Some(Value::Named(tables)) => {
                    for (inner, _, table) in tables {
                        text.extend(["\n[", name, ".", &key(inner), "]\n"]);
                        self.pairs(table, &mut text);
                    }
                }
                Some(Value::List(tables)) => {
                    for table in tables {
                        text.extend(["\n[[", name, "]]\n"]);
                        self.pairs(table, &mut text);
                    }
                }
                Some(Value::Plain(_) | Value::Flags(_)) | None => {}
            }
        }
        text
    }

    /// The arrays of tables of a section, with a header each.
    fn lists(&self, section: &Resolved, name: &str, text: &mut String) {
        for slot in &section.slots {
            if let Some(Value::List(tables)) = self.value(slot) {
                for table in tables {
                    text.extend(["\n[[", name, ".", slot.key.name, "]]\n"]);
                    self.pairs(table, text);
                }
            }
        }
    }

    /// The keys of a table, one per line; at the root only the scalars, and no arrays of a section.
    fn pairs(&self, table: &Resolved, text: &mut String) {
        let is_root = std::ptr::eq(table.table, self.root);
        let is_section =
            self.root.keys.iter().any(
                |key| matches!(key.kind, Kind::Table(inner) if std::ptr::eq(table.table, inner)),
            );
        for slot in &table.slots {
            let Some(value) = self.value(slot) else {
                continue;
            };
            let structure = is_root && !matches!(value, Value::Plain(_))
                || is_section && matches!(value, Value::List(_));
            if !structure {
                text.extend([slot.key.name, " = ", &self.of_slot(slot, value), "\n"]);
            }
        }
    }

    /// The value of a key inside a line, or its distribution where it is uncertain.
    fn of_slot(&self, slot: &Slot, value: &Value) -> String {
        slot.spread.as_ref().map_or_else(|| self.inline(value), Spread::print)
    }

    /// A value inside a line.
    fn inline(&self, value: &Value) -> String {
        match value {
            Value::Plain(plain) => scalar(plain),
            Value::Flags(flags) => {
                braces(flags.iter().map(|(name, on, _)| format!("{} = {on}", key(name))))
            }
            Value::Table(table) => self.inner(table),
            Value::List(tables) => brackets(tables.iter().map(|table| self.inner(table))),
            Value::Named(tables) => {
                let pair = |(name, _, table): &(String, _, Resolved)| {
                    format!("{} = {}", key(name), self.inner(table))
                };
                braces(tables.iter().map(pair))
            }
        }
    }

    /// A table inside a line.
    fn inner(&self, table: &Resolved) -> String {
        let pair = |slot: &Slot| {
            let value = self.value(slot)?;
            Some(format!("{} = {}", slot.key.name, self.of_slot(slot, value)))
        };
        braces(table.slots.iter().filter_map(pair))
    }
}

/// The value of a key inside a line, or its distribution where it is uncertain.
pub(crate) fn of_slot(root: &'static Table, slot: &Slot, value: &Value) -> String {
    Printer { root, hash: false }.of_slot(slot, value)
}
