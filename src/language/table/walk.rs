//! The walk of the text's tree along the table of keys. Reports every mistake it meets.

use crate::language::table::plain::Plain;
use crate::language::table::read::{Problem, check_name, scalar};
use crate::language::table::resolved::{Resolved, Slot, State, Value};
use crate::language::table::uncertain;
use crate::language::table::write::scalar as written;
use crate::language::table::{Flags, Key, Kind, NameForm, OneOf, Presence, Table};
use crate::language::tell::code::Code;
use crate::language::tell::diagnostic::{Finding, Log, shown};
use crate::language::tell::suggest::nearest;
use crate::language::text::span::Span;
use crate::language::text::tree::{Entry, Item, Node};
use crate::units::{Sort, parse_bytes};

/// Walks a tree.
pub(crate) struct Walker<'l> {
    /// The table that all others are in.
    pub(crate) root: &'static Table,
    /// Where mistakes go.
    pub(crate) log: &'l mut Log,
    /// Whether the text could be parsed in full; else what is missing may have been lost.
    pub(crate) complete: bool,
}

/// What the text says about a key.
enum Given<'n> {
    Nothing,
    Entry(&'n Entry),
    /// It was misspelt, so that it is not missing.
    Misspelt,
}

impl Walker<'_> {
    /// Checks a table.
    pub(crate) fn table<'n>(
        &mut self,
        table: &'static Table,
        node: &Node,
        entries: impl IntoIterator<Item = &'n Entry>,
    ) -> Resolved {
        let mut given: Vec<Given> = table.keys.iter().map(|_| Given::Nothing).collect();
        for entry in entries {
            let known = |name: &str| table.keys.iter().position(|key| key.name == name);
            if let Some(slot) = known(&entry.name).and_then(|i| given.get_mut(i)) {
                *slot = Given::Entry(entry);
                continue;
            }
            let meant = self.unknown_key(table, entry);
            if let Some(slot) = meant.and_then(known).and_then(|i| given.get_mut(i))
                && matches!(slot, Given::Nothing)
            {
                *slot = Given::Misspelt;
            }
        }
        if let Some(group) = table.one_of {
            self.one_of(table, group, node, &given);
        }
        let slots = table.keys.iter().zip(given);
        Resolved {
            table,
            span: node.span,
            slots: slots.map(|(key, given)| self.slot(table, key, node.span, &given)).collect(),
        }
    }

    /// Reports a key that does not exist; comes back with the one that was meant.
    fn unknown_key(&mut self, table: &'static Table, entry: &Entry) -> Option<&'static str> {
        let meant = nearest_key(table, &entry.name);
        let advise = !self.log.is_full();
        self.log.push(unknown_key(self.root, table, &entry.name, entry.at, advise));
        meant
    }

    /// Checks that keys which exclude one another are not given together.
    fn one_of(&mut self, table: &'static Table, group: OneOf, node: &Node, given: &[Given]) {
        let members = || {
            let all = table.keys.iter().zip(given);
            all.filter(|(key, _)| group.keys.contains(&key.name))
        };
        let mut entries: Vec<&Entry> = members()
            .filter_map(|(_, given)| match given {
                Given::Entry(entry) => Some(*entry),
                _ => None,
            })
            .collect();
        entries.order_by_key(|entry| entry.at);
        let list = format!("`{}`", group.keys.join("`, `"));
        let any: Vec<&str> = group.any().collect();
        if let [first, second, ..] = entries.as_slice() {
            let message = format!("{} has both `{}` and `{}`", table.what, first.name, second.name);
            self.log.push(
                Finding::new(Code::OneOf, second.at, message)
                    .label("one too many")
                    .related(Some(first.at), "the first is here")
                    .help(format!("give one of {list}")),
            );
        }
        let mut all = table.keys.iter().zip(given).filter(|(key, _)| any.contains(&key.name));
        let none = all.all(|(_, given)| matches!(given, Given::Nothing));
        if group.required && none && self.complete {
            let message = format!("{} does nothing", table.what);
            self.log.push(
                Finding::new(Code::OneOf, node.span, message)
                    .label(format!("needs one of `{}`", any.join("`, `")))
                    .help(Some("for example: reflector = { resource = \"pods\" }".into())),
            );
        }
    }

    /// Checks one key.
    fn slot(&mut self, table: &Table, key: &'static Key, outer: Span, given: &Given) -> Slot {
        if let Given::Entry(entry) = given
            && uncertain::is_meant(&key.kind, &entry.node)
        {
            let (state, spread) = match uncertain::read(key, &entry.node, self.log) {
                Some((median, spread)) => (State::Set(Value::Plain(median)), Some(spread)),
                None => (State::Bad, None),
            };
            return Slot { key, given: Some(entry.node.span), state, usual: false, spread };
        }
        let (given, state) = match given {
            // What the parser makes up after a syntax error is nowhere in the text.
            Given::Entry(entry) if !self.complete && entry.node.span.is_empty() => {
                (None, State::Bad)
            }
            Given::Entry(entry) => (Some(entry.node.span), self.value(key, entry)),
            Given::Misspelt => (None, State::Bad),
            Given::Nothing => (None, self.left_out(table, key, outer)),
        };
        let usual = given.is_none() || is_default(key, &state);
        Slot { key, given, state, usual, spread: None }
    }

    fn left_out(&mut self, table: &Table, key: &'static Key, outer: Span) -> State {
        match (key.presence, key.kind) {
            (Presence::Required, kind) => {
                if self.complete {
                    let message = format!("{} needs `{}`", table.what, key.name);
                    let doc = key.doc.trim_end_matches('.');
                    let help = match kind {
                        Kind::Table(_) => format!("add [{}]: {doc}", key.name),
                        _ => format!("{doc}: {}", kind.expected()),
                    };
                    self.log.push(
                        Finding::new(Code::MissingKey, outer, message)
                            .label(format!("`{}` is missing", key.name))
                            .help(help),
                    );
                }
                State::Bad
            }
            (Presence::Default(_), _) => match default_of(key) {
                Some(plain) => State::Set(Value::Plain(plain)),
                None => State::Bad,
            },
            (Presence::Filled, Kind::Table(inner)) => {
                let nothing = Node::table(outer);
                State::Set(Value::Table(self.table(inner, &nothing, &[])))
            }
            _ => State::Absent,
        }
    }

    /// Checks a value that was given.
    fn value(&mut self, key: &'static Key, entry: &Entry) -> State {
        let value = match key.kind {
            Kind::Table(inner) => self.inner_table(key, inner, entry).map(Value::Table),
            Kind::Named { table, names, max } => self.named(key, (table, names, max), entry),
            Kind::List { table, max } => self.list(key, table, max, entry),
            Kind::Flags(flags) => self.flags(flags, key, entry),
            kind => match scalar(&kind, &entry.node) {
                Ok(plain) => {
                    self.decimal_limit(key, &entry.node);
                    Some(Value::Plain(plain))
                }
                Err(problem) => {
                    self.problem(key.name, entry.node.span, problem);
                    None
                }
            },
        };
        value.map_or(State::Bad, State::Set)
    }

    fn problem(&mut self, name: &str, at: Span, problem: Problem) {
        let message = format!("`{}` {}", shown(name), problem.message);
        self.log
            .push(Finding::new(problem.code, at, message).label(problem.label).help(problem.help));
    }

    /// Reports a value that is not of the structure its key takes.
    fn wrong_structure(&mut self, what: &str, wanted: &str, node: &Node, help: Option<String>) {
        let found = node.type_name();
        let message = format!("{what} must be {wanted}, not {found}");
        self.log.push(
            Finding::new(Code::WrongType, node.span, message)
                .label(format!("this is {found}"))
                .help(help),
        );
    }

    fn wrong_key(&mut self, key: &Key, entry: &Entry, help: Option<String>) {
        let what = format!("`{}`", key.name);
        self.wrong_structure(&what, &key.kind.expected(), &entry.node, help);
    }

    fn inner_table(&mut self, key: &Key, table: &'static Table, entry: &Entry) -> Option<Resolved> {
        if let Item::Table(entries) = &entry.node.item {
            return Some(self.table(table, &entry.node, entries));
        }
        let array = matches!(entry.node.item, Item::Array(_));
        let help = array.then(|| format!("there is only one: write `[{}]`", key.name));
        self.wrong_key(key, entry, help);
        None
    }

    fn named(
        &mut self,
        key: &Key,
        (table, names, max): (&'static Table, NameForm, usize),
        entry: &Entry,
    ) -> Option<Value> {
        let help = || Some(format!("write one table each, such as `[{}.pods]`", key.name));
        let Item::Table(entries) = &entry.node.item else {
            self.wrong_key(key, entry, help());
            return None;
        };
        self.too_many(key, entries.len(), max, entry.at);
        let mut tables = Vec::new();
        for inner in entries.iter().take(max) {
            if let Err(problem) = check_name(&inner.name, names) {
                self.problem(&inner.name, inner.at, problem);
            }
            if let Item::Table(keys) = &inner.node.item {
                let named = named_by_entry(table, inner, keys);
                let filled = self.table(table, &inner.node, keys.iter().chain(&named));
                tables.push((inner.name.clone(), inner.at, filled));
                continue;
            }
            let what = format!("`{}.{}`", key.name, shown(&inner.name));
            self.wrong_structure(&what, "a table", &inner.node, help());
            tables.push((inner.name.clone(), inner.at, Resolved::bad(table, inner.node.span)));
        }
        Some(Value::Named(tables))
    }

    fn list(
        &mut self,
        key: &Key,
        table: &'static Table,
        max: usize,
        entry: &Entry,
    ) -> Option<Value> {
        let Item::Array(items) = &entry.node.item else {
            let help = format!("write `[[{}]]` with two brackets", path_of(self.root, key));
            self.wrong_key(key, entry, Some(help));
            return None;
        };
        self.too_many(key, items.len(), max, entry.at);
        let mut tables = Vec::new();
        for item in items.iter().take(max) {
            if let Item::Table(keys) = &item.item {
                tables.push(self.table(table, item, keys));
                continue;
            }
            let what = format!("an entry of `{}`", key.name);
            let help = format!("write `[[{}]]` for each", path_of(self.root, key));
            self.wrong_structure(&what, "a table", item, Some(help));
            tables.push(Resolved::bad(table, item.span));
        }
        Some(Value::List(tables))
    }

    fn too_many(&mut self, key: &Key, found: usize, max: usize, at: Span) {
        if found > max {
            let message = format!("`{}` has {found} entries; at most {max} are allowed", key.name);
            self.log.push(Finding::new(Code::TooMany, at, message));
        }
    }

    fn flags(&mut self, flags: &Flags, key: &Key, entry: &Entry) -> Option<Value> {
        let Item::Table(entries) = &entry.node.item else {
            self.wrong_key(key, entry, None);
            return None;
        };
        let mut gates = Vec::new();
        for gate in entries {
            if let Item::Flag(on) = gate.node.item {
                gates.push((gate.name.clone(), on, gate.at));
                continue;
            }
            let what = format!("{} `{}`", flags.noun, shown(&gate.name));
            self.wrong_structure(&what, "`true` or `false`", &gate.node, None);
        }
        gates.sort();
        Some(Value::Flags(gates))
    }

    /// Warns of `8GB` where `8GiB` was probably meant.
    fn decimal_limit(&mut self, key: &Key, node: &Node) {
        let (Kind::Size { limit: true, .. }, Item::Text(text)) = (key.kind, &node.item) else {
            return;
        };
        let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || "._ ".contains(c));
        let (unit, Some(limit)) = (unit.trim(), parse_bytes(text).ok()) else {
            return;
        };
        if unit.contains('i') || unit == "B" {
            return;
        }
        let digits = text.trim().trim_end_matches(unit).trim_end();
        let binary = format!("{}iB", unit.trim_end_matches('B').to_uppercase());
        let message = format!("`{}` is in decimal units", key.name);
        self.log.push(
            Finding::new(Code::DecimalLimit, node.span, message)
                .label(format!("this is {limit}"))
                .help(format!("write \"{digits}{binary}\" if that was meant")),
        );
    }
}

/// What the name of an entry of named tables stands for, where its keys lack it.
fn named_by_entry(table: &Table, entry: &Entry, keys: &[Entry]) -> Option<Entry> {
    let key = table.keys.iter().find(|key| key.entry_name)?;
    let item = Item::Text(entry.name.clone());
    let node = Node { span: entry.at, item, raw: None };
    let lacking = !keys.iter().any(|given| given.name == key.name);
    lacking.then(|| Entry { name: key.name.to_owned(), at: entry.at, node })
}

/// The default of a key, if it has one.
fn default_of(key: &Key) -> Option<Plain> {
    match key.presence {
        Presence::Default(text) => scalar(&key.kind, &Node::from_raw(text, Span::default())).ok(),
        _ => None,
    }
}

/// Whether a key was given its default.
fn is_default(key: &Key, state: &State) -> bool {
    match (state, default_of(key)) {
        (State::Set(Value::Plain(given)), Some(default)) => written(given) == written(&default),
        _ => false,
    }
}

fn nearest_key(table: &'static Table, name: &str) -> Option<&'static str> {
    nearest(name, table.keys.iter().map(|key| key.name))
}

/// A key that a table does not have; with advice where it will be read.
pub(crate) fn unknown_key(
    root: &'static Table,
    table: &'static Table,
    name: &str,
    at: Span,
    advise: bool,
) -> Finding {
    let message = format!("unknown key `{}` in {}", shown(name), table.what);
    let finding = Finding::new(Code::UnknownKey, at, message).label("no such key");
    if !advise {
        return finding;
    }
    let elsewhere = root.paths_of(name);
    finding.help(match (nearest_key(table, name), elsewhere.as_slice()) {
        (Some(meant), _) => format!("did you mean `{meant}`?"),
        (None, [path]) => format!("there is a key of this name elsewhere: `{path}`"),
        (None, [first, second, ..]) => {
            format!("there are keys of this name elsewhere: `{first}`, `{second}`")
        }
        (None, []) => {
            let names: Vec<&str> = table.keys.iter().map(|key| key.name).collect();
            format!("its keys are {}", names.join(", "))
        }
    })
}

/// The dotted path of a key where its name is the only one of its kind, else the name.
fn path_of(root: &'static Table, key: &Key) -> String {
    match root.paths_of(key.name).as_slice() {
        [path] => path.clone(),
        _ => key.name.to_owned(),
    }
}

/// The empty string stands for "the whole run", and is no reference.
pub(crate) fn is_reference(plain: &Plain) -> Option<&str> {
    match plain {
        Plain::Text(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}
