//! From what a user typed to the key that was meant.

use super::{KeyText, Step};
use crate::language::table::{Key, Kind, Table};
use crate::language::tell::code::Code;
use crate::language::tell::suggest::nearest;

/// What a word may mean.
#[derive(Debug)]
pub enum Found {
    /// A code.
    Code(Code),
    /// A key, by its path.
    Key(Place),
    /// One of several keys, by their paths.
    Several(Vec<String>),
    /// Nothing; the nearest thing there is.
    Nothing(Option<String>),
}

/// Where a key is.
#[derive(Clone, Debug)]
pub struct Place {
    path: Vec<Step>,
    key: &'static Key,
}

impl Place {
    /// What is known of the key.
    #[must_use]
    pub fn text(&self) -> KeyText<'_> {
        KeyText { path: &self.path, key: self.key }
    }
}

/// Every key, in the order of the table.
#[must_use]
pub(crate) fn all(root: &'static Table) -> Vec<Place> {
    let mut found = Vec::new();
    collect(root, &[], &mut found);
    found
}

fn collect(table: &'static Table, outer: &[Step], found: &mut Vec<Place>) {
    for key in table.keys {
        let path = [outer, &[Step { key }]].concat();
        if let Kind::Table(inner)
        | Kind::Named { table: inner, .. }
        | Kind::List { table: inner, .. } = key.kind
        {
            found.push(Place { path: path.clone(), key });
            collect(inner, &path, found);
        } else {
            found.push(Place { path, key });
        }
    }
}

/// The table that a key is in, below the root's.
fn table_of(place: &Place) -> Option<*const Table> {
    let (_, outer) = place.path.split_last()?;
    match outer.last()?.key.kind {
        Kind::Table(table) | Kind::Named { table, .. } | Kind::List { table, .. } => Some(table),
        _ => None,
    }
}

/// The dotted path; entries of named tables count as `*`.
pub(crate) fn dotted(path: &[Step]) -> String {
    let mut text = String::new();
    for (i, step) in path.iter().enumerate() {
        if i > 0 {
            text.push('.');
        }
        text.push_str(step.key.name);
        if matches!(step.key.kind, Kind::Named { .. }) && i + 1 < path.len() {
            text.push_str(".*");
        }
    }
    text
}

/// How many names of entries the parts hold if they lead along the path; `None`: they do not.
fn fits(path: &[Step], parts: &[&str]) -> Option<usize> {
    let (Some((step, path)), Some((part, parts))) = (path.split_first(), parts.split_first())
    else {
        return (path.is_empty() && parts.is_empty()).then_some(0);
    };
    if step.key.name != *part {
        return None;
    }
    let plain = fits(path, parts);
    let entries = matches!(step.key.kind, Kind::Named { .. } | Kind::List { .. });
    match (entries, parts.split_first()) {
        (true, Some((_, parts))) => {
            let named = fits(path, parts).map(|names| names + 1);
            [plain, named].into_iter().flatten().min()
        }
        _ => plain,
    }
}

/// What a user means: a code, a dotted path (with or without the names of entries), the end of one,
/// or a bare name.
#[must_use]
pub(crate) fn find(root: &'static Table, word: &str) -> Found {
    let word = word.trim().trim_matches(['`', '"', '[', ']']);
    if let Some(code) = Code::from_id(word) {
        return Found::Code(code);
    }
    let all = all(root);
    let parts: Vec<&str> = word.split('.').collect();
    let exact = all.iter().filter_map(|place| Some((fits(&place.path, &parts)?, place)));
    if let Some((_, place)) = exact.min_by_key(|(names, _)| *names) {
        return Found::Key(place.clone());
    }
    let ends = |place: &&Place| {
        let names: Vec<&str> = place.path.iter().map(|step| step.key.name).collect();
        names.ends_with(&parts)
    };
    let mut ending: Vec<&Place> = Vec::new();
    for place in all.iter().filter(ends) {
        // A table that stands in several places is explained once.
        let same =
            |known: &&Place| table_of(known).is_some_and(|table| table_of(place) == Some(table));
        if !ending.iter().any(same) {
            ending.push(place);
        }
    }
    match (ending.pop(), ending.as_slice()) {
        (Some(place), []) => Found::Key(place.clone()),
        (Some(last), _) => {
            let paths = ending.iter().chain([&last]).map(|place| dotted(&place.path));
            Found::Several(paths.collect())
        }
        (None, _) => Found::Nothing(meant(word, &all)),
    }
}

/// The nearest code, path or name.
fn meant(word: &str, all: &[Place]) -> Option<String> {
    let upper = word.to_ascii_uppercase();
    let code = nearest(&upper, Code::ALL.iter().map(|code| code.id()));
    let coded = word.len() == 5 && word.chars().skip(1).all(|c| c.is_ascii_digit());
    if let Some(code) = code.filter(|_| coded) {
        return Some(code.to_owned());
    }
    let paths: Vec<String> = all.iter().map(|place| dotted(&place.path)).collect();
    let names = all.iter().map(|place| place.key.name);
    let last = word.rsplit('.').next().unwrap_or(word);
    let near = nearest(word, paths.iter().map(String::as_str));
    near.or_else(|| nearest(last, names)).map(str::to_owned)
}
