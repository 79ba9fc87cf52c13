//! The checked tree: every key of the schema with its value, typed, defaults filled in.

use super::plain::Plain;
use super::write::scalar;
use crate::language::table::uncertain::Spread;
use crate::language::table::{Key, Table};
use crate::language::text::span::Span;
use crate::units::{Bytes, SimSpan};

/// A checked table: one slot for each key of its schema, in the schema's order.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// Its schema.
    pub(crate) table: &'static Table,
    /// Where the table is.
    pub(crate) span: Span,
    /// Its keys.
    pub(crate) slots: Vec<Slot>,
}

/// A key of a checked table.
#[derive(Debug)]
pub(crate) struct Slot {
    /// Its schema.
    pub(crate) key: &'static Key,
    /// Where the value is, if it was given.
    pub(crate) given: Option<Span>,
    /// Its value.
    pub(crate) state: State,
    /// Whether the value is the one that it would have if it were left out.
    pub(crate) usual: bool,
    /// How the value is distributed, where it is uncertain; the value is then the median.
    pub(crate) spread: Option<Spread>,
}

/// Whether a key has a value.
#[derive(Debug)]
pub(crate) enum State {
    /// It was left out and has no default.
    Absent,
    /// It was given, but wrongly; that is reported already.
    Bad,
    /// It has one.
    Set(Value),
}

/// A checked value or a structure of them.
#[derive(Debug)]
pub(crate) enum Value {
    /// A scalar.
    Plain(Plain),
    /// Flags by name, with their places.
    Flags(Vec<(String, bool, Span)>),
    /// A table.
    Table(Resolved),
    /// Tables by name, with the names' places.
    Named(Vec<(String, Span, Resolved)>),
    /// An array of tables.
    List(Vec<Resolved>),
}

impl Resolved {
    /// A table of which nothing is known yet.
    pub(crate) fn blank(table: &'static Table, span: Span) -> Self {
        let slots = table.keys.iter().map(|key| Slot {
            key,
            given: None,
            state: State::Absent,
            usual: false,
            spread: None,
        });
        Self { table, span, slots: slots.collect() }
    }

    /// A table that was given wrongly: nothing of it is known, and that is reported already.
    pub(crate) fn bad(table: &'static Table, span: Span) -> Self {
        let mut bad = Self::blank(table, span);
        bad.slots.iter_mut().for_each(|slot| slot.state = State::Bad);
        bad
    }

    /// Sets a key, as if it had been given at a place.
    pub(crate) fn put(&mut self, name: &str, at: Span, state: State) {
        if let Some(slot) = self.slot_mut(name) {
            slot.given = Some(at);
            slot.state = state;
        }
    }

    /// The slot of a key of the table.
    pub(crate) fn slot(&self, name: &str) -> Option<&Slot> {
        let found = self.slots.iter().find(|slot| slot.key.name == name);
        debug_assert!(found.is_some(), "{} has no key `{name}`", self.table.what);
        found
    }

    fn slot_mut(&mut self, name: &str) -> Option<&mut Slot> {
        let found = self.slots.iter_mut().find(|slot| slot.key.name == name);
        debug_assert!(found.is_some(), "{} has no key `{name}`", self.table.what);
        found
    }

    /// Where a key is given another value than it has when it is left out.
    pub(crate) fn said(&self, name: &str) -> Option<Span> {
        self.slot(name).filter(|slot| !slot.usual)?.given
    }

    fn value(&self, name: &str) -> Option<&Value> {
        match &self.slot(name)?.state {
            State::Set(value) => Some(value),
            _ => None,
        }
    }

    /// A scalar, if the key has a sound one.
    pub(crate) fn plain(&self, name: &str) -> Option<&Plain> {
        match self.value(name)? {
            Value::Plain(plain) => Some(plain),
            _ => None,
        }
    }

    /// Where the value of a key is, or the table if it was left out.
    pub(crate) fn at(&self, name: &str) -> Span {
        self.given(name).unwrap_or(self.span)
    }

    /// Where the value of a key is, if it was given.
    pub(crate) fn given(&self, name: &str) -> Option<Span> {
        self.slot(name).and_then(|slot| slot.given)
    }

    /// Whether a key was given wrongly.
    pub(crate) fn is_bad(&self, name: &str) -> bool {
        self.slot(name).is_some_and(|slot| matches!(slot.state, State::Bad))
    }

    /// Gives a key that was left out a value.
    pub(crate) fn fill(&mut self, name: &str, plain: Plain) {
        let Some(slot) = self.slot_mut(name) else { return };
        match &slot.state {
            State::Absent => {
                slot.state = State::Set(Value::Plain(plain));
                slot.usual = true;
            }
            State::Set(Value::Plain(given)) => slot.usual = scalar(given) == scalar(&plain),
            _ => {}
        }
    }

    /// Makes a key as if it had been left out.
    pub(crate) fn take(&mut self, name: &str) {
        if let Some(slot) = self.slot_mut(name) {
            slot.given = None;
            slot.state = State::Absent;
        }
    }

    /// Replaces a value by its parsed form, or marks it as wrong.
    pub(crate) fn replace(&mut self, name: &str, plain: Option<Plain>) {
        if let Some(slot) = self.slot_mut(name) {
            slot.state = plain.map_or(State::Bad, |plain| State::Set(Value::Plain(plain)));
        }
    }

    /// The name of an entry; empty, if its table has none.
    pub(crate) fn name(&self) -> &str {
        if self.table.key("name").is_some() { self.text("name").unwrap_or("") } else { "" }
    }

    /// A string.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.plain(name)? {
            Plain::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A list of strings with their places.
    pub(crate) fn texts(&self, name: &str) -> Option<&[(String, Span)]> {
        match self.plain(name)? {
            Plain::Texts(texts) => Some(texts),
            _ => None,
        }
    }

    /// A boolean.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        match self.plain(name)? {
            Plain::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    /// A non-negative integer of the type the model takes.
    pub(crate) fn count<T: TryFrom<i64>>(&self, name: &str) -> Option<T> {
        match self.plain(name)? {
            Plain::Integer(n) => T::try_from(*n).ok(),
            _ => None,
        }
    }

    /// A number.
    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        match self.plain(name)? {
            Plain::Number(x) | Plain::PerSecond(x) => Some(*x),
            Plain::Percent(x) => Some(*x / 100.0),
            _ => None,
        }
    }

    /// A size.
    pub(crate) fn size(&self, name: &str) -> Option<Bytes> {
        match self.plain(name)? {
            Plain::Size(bytes) => Some(*bytes),
            _ => None,
        }
    }

    /// A span of time.
    pub(crate) fn span_of(&self, name: &str) -> Option<SimSpan> {
        match self.plain(name)? {
            Plain::Span(span) => Some(*span),
            _ => None,
        }
    }

    /// A table.
    pub(crate) fn table(&self, name: &str) -> Option<&Self> {
        match self.value(name)? {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// Flags by name.
    pub(crate) fn flags(&self, name: &str) -> &[(String, bool, Span)] {
        match self.value(name) {
            Some(Value::Flags(flags)) => flags,
            _ => &[],
        }
    }

    /// Named tables.
    pub(crate) fn named(&self, name: &str) -> &[(String, Span, Self)] {
        match self.value(name) {
            Some(Value::Named(tables)) => tables,
            _ => &[],
        }
    }

    /// An array of tables.
    pub(crate) fn list(&self, name: &str) -> &[Self] {
        match self.value(name) {
            Some(Value::List(tables)) => tables,
            _ => &[],
        }
    }

    /// A structure, to change it.
    pub(crate) fn value_mut(&mut self, name: &str) -> Option<&mut Value> {
        match &mut self.slot_mut(name)?.state {
            State::Set(value) => Some(value),
            _ => None,
        }
    }
}
