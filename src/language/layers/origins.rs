//! The effective scenario with the origin of every value.
//!
//! It is the scenario of `effective`, one key per line: tables inside a table are written with dotted keys,
//! so that each of their values has a line, and a comment, of its own. Loading it gives the same.

use crate::language::print::effective::of_slot;
use crate::language::table::read::grouped;
use crate::language::table::resolved::{Resolved, Slot, State, Value};
use crate::language::table::write::{key, path_part};
use crate::language::table::{Presence, Table};
use crate::language::text::source::Sources;
use crate::language::text::span::Span;

/// Where the column of comments may begin at most; longer lines push theirs out.
const WIDEST: usize = 44;

/// Characters of the words that say how a value was derived.
const MOST_WORDS: usize = 36;

/// The effective scenario, one value per line, with the origin of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotated {
    blocks: Vec<Block>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Block {
    /// `[run]`; empty for the root's own keys.
    header: String,
    lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    /// The key, as `--set` takes it.
    path: String,
    /// `key = value`.
    text: String,
    origin: String,
    /// What a count comes to in the whole cluster, where it is counted by something.
    total: Option<i64>,
}

impl Annotated {
    /// Of a checked tree.
    pub(crate) fn of(root: &Resolved, sources: &Sources) -> Self {
        let mut printer = Printer { root: root.table, sources, blocks: Vec::new() };
        printer.root(root);
        Self { blocks: printer.blocks }
    }

    /// Notes what counts come to, once they are multiplied by the size of the cluster.
    pub(crate) fn add_totals(&mut self, root: &Resolved) {
        for (name, _, table) in root.named("objects") {
            self.add_total(&format!("objects.{}.count", path_part(name)), table);
        }
        for table in root.list("clients") {
            let name = table.name();
            self.add_total(&format!("clients.{}.count", path_part(name)), table);
        }
    }

    fn add_total(&mut self, path: &str, table: &Resolved) {
        let (Some(_), Some(count)) = (table.given("per"), table.count("count")) else {
            return;
        };
        let mut lines = self.blocks.iter_mut().flat_map(|block| &mut block.lines);
        if let Some(line) = lines.find(|line| line.path == path) {
            line.total = Some(count);
        }
    }

    /// Each key, as `--set` takes it, with where its value comes from: `storm.toml:12`,
    /// `preset:objects:7`, `profile large, storm.toml:40`, `--set`, `default`, `derived: ...`.
    pub fn origins(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.blocks.iter().flat_map(|block| &block.lines);
        lines.map(|line| (line.path.as_str(), line.origin.as_str()))
    }

    /// The same without the folders of files, which differ from machine to machine.
    #[must_use]
    pub fn without_folders(mut self) -> Self {
        for line in self.blocks.iter_mut().flat_map(|block| &mut block.lines) {
            if !line.origin.starts_with("derived") {
                let name = |part: &str| part.rsplit(['/', '\\']).next().unwrap_or(part).to_owned();
                line.origin = line.origin.split(", ").map(name).collect::<Vec<_>>().join(", ");
            }
        }
        self
    }

    /// As TOML with comments.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        for block in &self.blocks {
            if !block.header.is_empty() {
                text.extend(["\n", &block.header, "\n"]);
            }
            let widths = block.lines.iter().map(|line| line.text.chars().count());
            let column = widths.filter(|width| *width <= WIDEST).max().unwrap_or(0);
            for line in &block.lines {
                let gap = column.saturating_sub(line.text.chars().count()) + 2;
                text.extend([&line.text, &*" ".repeat(gap), "# "]);
                // A file's name may hold anything; a comment ends with its line.
                text.extend(line.origin.chars().map(|c| if c.is_control() { '?' } else { c }));
                text +=
                    &line.total.map_or_else(String::new, |n| format!(": {} in total", grouped(n)));
                text.push('\n');
            }
        }
        text
    }
}

struct Printer<'a> {
    root: &'static Table,
    sources: &'a Sources,
    blocks: Vec<Block>,
}

impl Printer<'_> {
    fn root(&mut self, root: &Resolved) {
        self.block(String::new());
        for slot in &root.slots {
            if let State::Set(value @ Value::Plain(_)) = &slot.state {
                self.line("", slot.key.name, &of_slot(self.root, slot, value), self.origin(slot));
            }
        }
        for slot in &root.slots {
            let name = slot.key.name;
            match &slot.state {
                State::Set(Value::Table(table)) => self.section(name, table),
                State::Set(Value::Named(tables)) => {
                    for (inner, _, table) in tables {
                        self.block(format!("[{name}.{}]", key(inner)));
                        self.table(table, &format!("{name}.{}.", path_part(inner)), "", true);
                    }
                }
                State::Set(Value::List(tables)) => self.list(name, tables),
                _ => {}
            }
        }
    }

    /// A table of the root; its arrays of tables have headers of their own.
    fn section(&mut self, name: &str, table: &Resolved) {
        self.block(format!("[{name}]"));
        self.table(table, &format!("{name}."), "", false);
        for slot in &table.slots {
            if let State::Set(Value::List(tables)) = &slot.state {
                self.list(&format!("{name}.{}", slot.key.name), tables);
            }
        }
    }

    fn list(&mut self, name: &str, tables: &[Resolved]) {
        for table in tables {
            self.block(format!("[[{name}]]"));
            let entry = table.name();
            self.table(table, &format!("{name}.{}.", path_part(entry)), "", true);
        }
    }

    fn block(&mut self, header: String) {
        self.blocks.push(Block { header, lines: Vec::new() });
    }

    /// The keys of a table, those of inner tables dotted.
    fn table(&mut self, table: &Resolved, path: &str, prefix: &str, lists: bool) {
        for slot in &table.slots {
            let State::Set(value) = &slot.state else {
                continue;
            };
            let name = format!("{prefix}{}", slot.key.name);
            match value {
                Value::Table(inner) if !is_empty(inner) => {
                    self.table(inner, path, &format!("{name}."), lists);
                }
                Value::Named(tables) => {
                    for (entry, _, inner) in tables {
                        self.table(inner, path, &format!("{name}.{}.", key(entry)), lists);
                    }
                }
                Value::Flags(gates) if !gates.is_empty() => {
                    for (gate, on, at) in gates {
                        let origin = self.sources.origin(*at);
                        self.line(path, &format!("{name}.{}", key(gate)), &on.to_string(), origin);
                    }
                }
                Value::List(_) if !lists => {}
                value => {
                    self.line(path, &name, &of_slot(self.root, slot, value), self.origin(slot));
                }
            }
        }
    }

    fn line(&mut self, path: &str, name: &str, value: &str, origin: String) {
        let line = Line {
            path: format!("{path}{name}"),
            text: format!("{name} = {value}"),
            origin,
            total: None,
        };
        if let Some(block) = self.blocks.last_mut() {
            block.lines.push(line);
        }
    }

    fn origin(&self, slot: &Slot) -> String {
        match (slot.given, slot.key.presence) {
            (Some(at), _) if at != Span::default() => self.sources.origin(at),
            (_, Presence::Derived(words)) => format!("derived: {}", shortened(words)),
            (_, Presence::Default(_)) => "default".to_owned(),
            _ => "derived".to_owned(),
        }
    }
}

fn is_empty(table: &Resolved) -> bool {
    table.slots.iter().all(|slot| !matches!(slot.state, State::Set(_)))
}

/// The words up to where the line would grow too long.
fn shortened(words: &str) -> String {
    if words.chars().count() <= MOST_WORDS {
        return words.to_owned();
    }
    let mut text: String = words.chars().take(MOST_WORDS).collect();
    text.truncate(text.rfind(' ').unwrap_or(text.len()));
    text + " ..."
}
