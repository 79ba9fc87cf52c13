//! A key that can be varied.

use super::Unit;
use super::value::{self, Value};
use super::{Failed, Frame, found, not_variable};
use crate::language::layers::overrides::no_entry;
use crate::language::table::read::scalar;
use crate::language::table::uncertain::Uncertain;
use crate::language::table::walk::unknown_key;
use crate::language::table::write::path_part;
use crate::language::table::{Kind, Role, Table};
use crate::language::tell::code::Code;
use crate::language::tell::diagnostic::{Diagnostics, Finding, shown};
use crate::language::text::path::{Part, split};
use crate::language::text::span::Span;
use crate::language::text::tree::Node;

/// A key of a scenario that holds one value.
#[derive(Clone, Debug)]
pub struct Knob {
    /// As typed, without blanks around its parts.
    key: String,
    /// With their places in the text that was read.
    parts: Vec<Part>,
    kind: Kind,
}

/// The kind follows from the key.
impl PartialEq for Knob {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Knob {
    /// Reads a dotted key: `clients.agents.count`.
    ///
    /// # Errors
    /// A key that does not exist or cannot be varied.
    pub(crate) fn parse_in(root: &'static Table, key: &str) -> Result<Self, Diagnostics> {
        let with_value = format!("{key}=");
        let read = match split(&with_value, 0) {
            Some((parts, end)) if end == with_value.len() => {
                Self::of_parts(root, parts, Frame::ARGUMENT)
            }
            _ => {
                let at = Frame::ARGUMENT.at(0, key.len());
                let finding = Finding::new(Code::BadVary, at, "this is not a key");
                Err(Box::new(finding.help(Some("for example: clients.agents.count".to_owned()))))
            }
        };
        read.map_err(|finding| found(key, *finding))
    }

    pub(crate) fn of_parts(
        root: &'static Table,
        parts: Vec<Part>,
        frame: Frame,
    ) -> Result<Self, Failed> {
        let kind = kind_of(root, &parts, frame)?;
        let key = parts.iter().map(|part| path_part(&part.name)).collect::<Vec<_>>().join(".");
        Ok(Self { key, parts, kind })
    }

    /// The dotted key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// In what its values are counted; `None` for words, which have no order.
    #[must_use]
    pub const fn unit(&self) -> Option<Unit> {
        self.kind.unit()
    }

    /// Whether it takes whole numbers only.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self.kind, Kind::Integer { .. } | Kind::IntegerOr { .. })
    }

    pub(crate) const fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The override that sets a value, as of `--set`.
    #[must_use]
    pub fn set(&self, value: &Value) -> String {
        format!("{}={}", self.key, value.toml())
    }

    /// Reads a value, as in the file.
    ///
    /// # Errors
    /// What the key does not take.
    pub fn value(&self, text: &str) -> Result<Value, Diagnostics> {
        self.read(text, Frame::ARGUMENT).map_err(|finding| found(text, *finding))
    }

    /// The value nearest to a coordinate (see [`Value::coordinate`]) that the key takes. `None`: it
    /// takes words.
    #[must_use]
    pub fn at(&self, coordinate: f64) -> Option<Value> {
        value::at(&self.kind, coordinate)
    }

    pub(crate) fn read(&self, text: &str, frame: Frame) -> Result<Value, Failed> {
        read_as(&self.kind, &self.key, text, frame)
    }

    /// Whether a valid scenario, given by its effective text, has what the key names.
    pub(crate) fn check_in(
        &self,
        root: &'static Table,
        effective: &str,
    ) -> Result<(), Diagnostics> {
        match self.missing(root, effective, Frame::ARGUMENT) {
            Some(finding) => Err(found(&self.key, finding)),
            None => Ok(()),
        }
    }

    /// The value it has in an effective text, if that states one; of an uncertain one the median.
    pub(crate) fn current_in(&self, effective: &str, uncertain: &[Uncertain]) -> Option<Value> {
        let root = toml::Value::Table(effective.parse().ok()?);
        let found = self.parts.iter().try_fold(&root, |here, part| entry_of(here, &part.name))?;
        let text = match found {
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(n) => n.to_string(),
            toml::Value::Float(x) => x.to_string(),
            // Uncertain: its median.
            _ => {
                let uncertain = uncertain.iter().find(|input| input.key == self.key)?;
                uncertain.show(uncertain.distribution.at(0.5, 0.0))
            }
        };
        self.value(&text).ok()
    }

    /// What an effective scenario lacks of it.
    pub(crate) fn missing(
        &self,
        root: &'static Table,
        effective: &str,
        frame: Frame,
    ) -> Option<Finding> {
        let text = toml::Value::Table(effective.parse().ok()?);
        let (mut here, mut table) = (Some(&text), root);
        let mut parts = self.parts.iter();
        while let Some(part) = parts.next() {
            here = here.and_then(|value| value.get(&part.name));
            match table.key(&part.name)?.kind {
                Kind::Table(inner) => table = inner,
                Kind::Named { table: inner, .. } | Kind::List { table: inner, .. } => {
                    let name = parts.next()?;
                    let entry = here.and_then(|entries| entry_of(entries, &name.name));
                    if entry.is_none() {
                        let at = frame.at(name.at.start, name.at.end);
                        let named = Part { at, ..name.clone() };
                        return Some(no_entry(&part.name, &named, &here.map_or(vec![], names_of)));
                    }
                    (here, table) = (entry, inner);
                }
                _ => return None,
            }
        }
        None
    }
}

/// Reads a scalar of a kind that belongs to a key.
pub(crate) fn read_as(kind: &Kind, key: &str, text: &str, frame: Frame) -> Result<Value, Failed> {
    let at = frame.at(0, text.len());
    let node = Node::from_raw(text.trim(), at);
    match scalar(kind, &node) {
        Ok(plain) => Ok(Value::of(&plain)),
        Err(problem) => {
            let message = format!("`{}` {}", shown(key), problem.message);
            let finding = Finding::new(problem.code, at, message).label(problem.label);
            Err(Box::new(finding.help(problem.help)))
        }
    }
}

/// The kind of the key that parts lead to.
fn kind_of(root: &'static Table, parts: &[Part], frame: Frame) -> Result<Kind, Failed> {
    let place = |part: &Part| frame.at(part.at.start, part.at.end);
    let mut table = root;
    let mut rest = parts.iter();
    while let Some(part) = rest.next() {
        let at = place(part);
        let Some(key) = table.key(&part.name) else {
            return Err(Box::new(unknown_key(root, table, &part.name, at, true)));
        };
        if let Role::Outside { why, .. } = key.role {
            return Err(not_variable(key.name, at, why, None).into());
        }
        match key.kind {
            Kind::Table(inner) => table = inner,
            Kind::Named { table: inner, .. } | Kind::List { table: inner, .. } => {
                if rest.next().is_none() {
                    let help = format!("name one of them: {}.NAME", key.name);
                    return Err(not_variable(key.name, at, "there are many", Some(help)).into());
                }
                table = inner;
            }
            kind => {
                let gate = if matches!(kind, Kind::Flags(_)) { rest.next() } else { None };
                return match (rest.next(), gate) {
                    (None, Some(_)) => Ok(Kind::Flag),
                    (None, None) => value_kind(key.name, kind, at),
                    (Some(more), _) => {
                        let why = format!("`{}` has no keys of its own", key.name);
                        Err(not_variable(&more.name, place(more), &why, None).into())
                    }
                };
            }
        }
    }
    let last = parts.last();
    let (name, at) = last.map_or(("", frame.at(0, 0)), |part| (&part.name, place(part)));
    let names: Vec<&str> = table.keys.iter().map(|key| key.name).collect();
    let help = format!("name one of its keys: {}", names.join(", "));
    Err(not_variable(name, at, "it is a table", Some(help)).into())
}

/// A kind that holds one value.
fn value_kind(name: &str, kind: Kind, at: Span) -> Result<Kind, Failed> {
    match kind {
        Kind::Flags(_) => {
            let help = format!("name a gate: {name}.WatchList=true,false");
            Err(not_variable(name, at, "it is a table", Some(help)).into())
        }
        Kind::Texts { .. } | Kind::Deferred { .. } | Kind::Per(_) => {
            Err(not_variable(name, at, "it is not a single value", None).into())
        }
        kind => Ok(kind),
    }
}

/// A named table, or the entry of an array of tables that has a name, or else an index.
fn entry_of<'t>(entries: &'t toml::Value, name: &str) -> Option<&'t toml::Value> {
    let toml::Value::Array(items) = entries else {
        return entries.get(name);
    };
    let named = items.iter().find(|item| name_of(item) == Some(name));
    named.or_else(|| items.get(name.parse::<usize>().ok()?))
}

fn name_of(item: &toml::Value) -> Option<&str> {
    item.get("name").and_then(toml::Value::as_str)
}

fn names_of(entries: &toml::Value) -> Vec<String> {
    match entries {
        toml::Value::Array(items) => items.iter().filter_map(name_of).map(str::to_owned).collect(),
        toml::Value::Table(table) => table.keys().cloned().collect(),
        _ => Vec::new(),
    }
}
