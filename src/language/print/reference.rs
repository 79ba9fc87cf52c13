//! The reference of scenario files as Markdown: every key, and every code of a diagnostic.

use crate::language::table::example::example;
use crate::language::table::uncertain::may_be;
use crate::language::table::{Key, Kind, Presence, Table};
use crate::language::tell::code::Code;

/// A section for each table, with a row for each key.
#[must_use]
pub(crate) fn keys(root: &'static Table) -> String {
    let mut pages = Pages::default();
    pages.section(root, "", None);
    pages.text
}

/// A row for each code.
#[must_use]
pub(crate) fn codes() -> String {
    let mut text = "| code | meaning |\n|---|---|\n".to_owned();
    for code in Code::ALL {
        line(&mut text, &format!("| `{}` | {} |", code.id(), code.meaning()));
    }
    text
}

#[derive(Default)]
struct Pages {
    text: String,
    /// Tables that have a section, and the header it stands under.
    seen: Vec<(*const Table, String)>,
}

impl Pages {
    /// The section of a table, then those of the tables in it.
    fn section(&mut self, table: &'static Table, path: &str, key: Option<&Key>) {
        let header = key.map_or_else(|| "The file itself".to_owned(), |key| header(path, key));
        let known = self.seen.iter().find(|(known, _)| std::ptr::eq(*known, table));
        if let Some((_, known)) = known {
            let text = format!("\n### {header}\n\nAs {known}.");
            line(&mut self.text, &text);
            return;
        }
        self.seen.push((table, header.clone()));
        line(&mut self.text, &format!("\n### {header}\n"));
        if let Some(key) = key {
            line(&mut self.text, &format!("{}\n", key.doc));
        }
        if let Some(group) = table.one_of {
            let keys = |keys: &[&str]| format!("`{}`", keys.join("`, `"));
            let count = if group.required { "Exactly one" } else { "At most one" };
            let or = if group.or.is_empty() {
                String::new()
            } else {
                format!(", or any of {} (also beside it)", keys(group.or))
            };
            line(&mut self.text, &format!("{count} of {}{or}.\n", keys(group.keys)));
        }
        line(&mut self.text, "| key | takes | default | example | |\n|---|---|---|---|---|");
        for key in table.keys {
            line(&mut self.text, &row(key));
        }
        for key in table.keys {
            match key.kind {
                Kind::Table(inner) | Kind::List { table: inner, .. } => {
                    self.section(inner, &join(path, key.name), Some(key));
                }
                Kind::Named { table: inner, .. } => {
                    self.section(inner, &join(&join(path, key.name), "*"), Some(key));
                }
                _ => {}
            }
        }
    }
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// How the table is written in a file.
fn header(path: &str, key: &Key) -> String {
    let parts: Vec<&str> = path.split('.').collect();
    let inline = parts.len() > 2 && !matches!(key.kind, Kind::Named { .. });
    match key.kind {
        Kind::List { .. } if !inline => format!("`[[{path}]]`"),
        Kind::Named { .. } => format!("`[{}NAME]`", path.trim_end_matches('*')),
        // Below an array of tables, a table is written inline.
        Kind::Table(_) if parts.len() == 1 => format!("`[{path}]`"),
        _ => format!("`{}` of {}", key.name, parts.get(..parts.len() - 1).unwrap_or(&[]).join(".")),
    }
}

fn row(key: &Key) -> String {
    let spread = may_be(key);
    let takes = key.kind.takes() + if spread { "; may be uncertain" } else { "" };
    let left_out = match key.presence {
        Presence::Required => "**required**".to_owned(),
        Presence::Optional => String::new(),
        Presence::Default(text) => {
            format!("`{}`", if text == "\"\"" { text } else { text.trim_matches('"') })
        }
        Presence::Derived(words) => words.to_owned(),
        Presence::Filled => "with its defaults".to_owned(),
    };
    let example = example(key).map(|text| format!("`{text}`")).unwrap_or_default();
    let cells = [takes, left_out, example, key.doc.to_owned()].map(|cell| cell.replace('|', "\\|"));
    format!("| `{}` | {} |", key.name, cells.join(" | "))
}
