//! The fields of an object in a manifest: which there are, of what type, at what path.

use std::collections::BTreeMap;

use crate::language::text::tree::{Entry, Item, Node};
use crate::language::text::yaml::type_name;
use crate::language::{Code, Finding, Log, Span, grouped, nearest, one_of, shown};

/// Bytes that a string may have.
const LONGEST: usize = 1024;
/// Entries that a list may have.
const LONGEST_LIST: usize = 10_000;

/// Findings, and the paths of the fields met: `spec.rules[0].subjects`.
pub(super) struct Findings<'l> {
    /// Where mistakes go.
    pub(super) log: &'l mut Log,
    /// Their paths, for rules that are checked later.
    pub(super) paths: &'l mut Paths,
}

/// Paths by place: an object stands where its first field does.
#[derive(Debug, Default)]
pub(super) struct Paths {
    /// Of fields.
    pub(super) fields: BTreeMap<Span, String>,
    /// Of objects.
    pub(super) objects: BTreeMap<Span, String>,
}

/// A value that was found, and where it is.
pub(super) type Found<T> = Option<(T, Span)>;

/// An object whose fields are being read.
pub(super) struct Object<'n> {
    /// Its path, empty for the whole.
    pub(super) path: String,
    /// Where it is: the field that holds it.
    pub(super) at: Span,
    entries: &'n [Entry],
    /// Fields that are there under a wrong name.
    misspelt: Vec<&'static str>,
}

impl<'n> Object<'n> {
    /// The object at a path. Reports fields that are not among those `known`.
    pub(super) fn new(
        path: String,
        at: Span,
        node: &'n Node,
        known: &[&'static str],
        findings: &mut Findings,
    ) -> Option<Self> {
        findings.paths.objects.insert(at, path.clone());
        let Item::Table(entries) = &node.item else {
            findings.wrong_type(&path, "an object", node);
            return None;
        };
        let mut object = Self { path, at, entries, misspelt: Vec::new() };
        for entry in entries.iter().filter(|entry| !known.contains(&entry.name.as_str())) {
            object.unknown(entry, known, findings.log);
        }
        Some(object)
    }

    fn unknown(&mut self, entry: &Entry, known: &[&'static str], log: &mut Log) {
        let path = self.path_of(&shown(&entry.name));
        let message = format!("there is no field `{path}`");
        let finding = Finding::new(Code::UnknownField, entry.at, message).label("unknown field");
        if log.is_full() {
            log.push(finding);
            return;
        }
        // The names of before and after v1beta3 are further apart than a typing mistake.
        let renamed = known.iter().copied().find(|field| {
            entry.name.ends_with("ConcurrencyShares") && field.ends_with("ConcurrencyShares")
        });
        let meant = renamed.or_else(|| nearest(&entry.name, known.iter().copied()));
        self.misspelt.extend(known.iter().copied().find(|field| Some(*field) == meant));
        log.push(finding.help(match (renamed, meant) {
            (Some(renamed), _) => format!("in this API version it is `{renamed}`"),
            (None, Some(meant)) => format!("did you mean `{meant}`?"),
            (None, None) => format!("its fields are {}", known.join(", ")),
        }));
    }

    /// The path of a field.
    pub(super) fn path_of(&self, field: &str) -> String {
        if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) }
    }

    /// A field that is there and not null.
    pub(super) fn get(&self, field: &str) -> Option<&'n Entry> {
        let given = |entry: &&Entry| entry.name == field && !matches!(entry.node.item, Item::Null);
        self.entries.iter().find(given)
    }

    /// Whether a field is the integer 0, which the API takes for absent.
    pub(super) fn is_zero(&self, field: &str) -> bool {
        self.get(field).is_some_and(|entry| matches!(entry.node.item, Item::Integer(Some(0))))
    }

    /// Reports that a field is missing, unless it is there under a wrong name.
    pub(super) fn missing(&self, field: &str, help: &str, findings: &mut Findings) {
        if self.misspelt.contains(&field) {
            return;
        }
        let message = format!("the field `{}` is missing", self.path_of(field));
        let finding = Finding::new(Code::MissingField, self.at, message).label("required here");
        findings.log.push(finding.help(help.to_owned()));
    }

    /// A string.
    pub(super) fn text(&self, field: &str, findings: &mut Findings) -> Found<&'n str> {
        let entry = self.get(field)?;
        let path = self.path_of(field);
        let found = findings.text(&path, &entry.node)?;
        findings.paths.fields.insert(entry.node.span, path);
        Some((found, entry.node.span))
    }

    /// A string that is one of some words.
    pub(super) fn choice(
        &self,
        field: &str,
        words: &[&'static str],
        findings: &mut Findings,
    ) -> Found<&'static str> {
        let (text, at) = self.text(field, findings)?;
        if let Some(word) = words.iter().find(|word| **word == text) {
            return Some((word, at));
        }
        let message = format!("`{}` must be {}", self.path_of(field), one_of(words));
        let mut finding = Finding::new(Code::FieldValue, at, message).label("not one of these");
        let near = nearest(text, words.iter().copied());
        finding = finding.help(near.map(|near| format!("did you mean \"{near}\"?")));
        findings.log.push(finding);
        None
    }

    /// An integer within bounds.
    pub(super) fn integer(
        &self,
        field: &str,
        (min, max): (i64, i64),
        findings: &mut Findings,
    ) -> Found<i64> {
        let entry = self.get(field)?;
        let (path, at) = (self.path_of(field), entry.node.span);
        let Item::Integer(n) = entry.node.item else {
            findings.wrong_type(&path, "an integer", &entry.node);
            return None;
        };
        let fits = n.and_then(|n| i64::try_from(n).ok());
        let Some(n) = fits.filter(|n| (min..=max).contains(n)) else {
            let message = format!("`{path}` must be between {} and {}", grouped(min), grouped(max));
            let finding = Finding::new(Code::FieldValue, at, message).label("out of bounds");
            findings.log.push(finding);
            return None;
        };
        findings.paths.fields.insert(at, path);
        Some((n, at))
    }

    /// A boolean.
    pub(super) fn flag(&self, field: &str, findings: &mut Findings) -> Found<bool> {
        let entry = self.get(field)?;
        if let Item::Flag(flag) = entry.node.item {
            return Some((flag, entry.node.span));
        }
        findings.wrong_type(&self.path_of(field), "a boolean", &entry.node);
        None
    }

    /// An object.
    pub(super) fn object(
        &self,
        field: &str,
        known: &[&'static str],
        findings: &mut Findings,
    ) -> Option<Object<'n>> {
        let entry = self.get(field)?;
        Object::new(self.path_of(field), entry.at, &entry.node, known, findings)
    }

    /// The values of a list with their paths.
    pub(super) fn list(
        &self,
        field: &str,
        findings: &mut Findings,
    ) -> Found<Vec<(String, &'n Node)>> {
        let entry = self.get(field)?;
        let path = self.path_of(field);
        findings.paths.fields.insert(entry.at, path.clone());
        let Item::Array(items) = &entry.node.item else {
            findings.wrong_type(&path, "a list", &entry.node);
            return None;
        };
        if items.len() > LONGEST_LIST {
            let message = format!("`{path}` has more than {LONGEST_LIST} entries");
            findings.log.push(Finding::new(Code::TooMany, entry.at, message));
            return None;
        }
        let items = items.iter().enumerate().map(|(i, node)| (format!("{path}[{i}]"), node));
        Some((items.collect(), entry.at))
    }

    /// A list of objects.
    pub(super) fn objects(
        &self,
        field: &str,
        known: &[&'static str],
        findings: &mut Findings,
    ) -> Found<Vec<Object<'n>>> {
        let (items, at) = self.list(field, findings)?;
        let objects = items
            .into_iter()
            .filter_map(|(path, node)| Object::new(path, node.span, node, known, findings));
        Some((objects.collect(), at))
    }

    /// A list of strings; `None` if it is not there or any of them is wrong.
    pub(super) fn texts(&self, field: &str, findings: &mut Findings) -> Found<Vec<(String, Span)>> {
        let (items, at) = self.list(field, findings)?;
        let mut texts = Vec::with_capacity(items.len());
        let mut sound = true;
        for (path, node) in items {
            match findings.text(&path, node) {
                Some(text) => texts.push((text.to_owned(), node.span)),
                None => sound = false,
            }
        }
        sound.then_some((texts, at))
    }
}

impl Findings<'_> {
    /// A string that can be printed.
    fn text<'n>(&mut self, path: &str, node: &'n Node) -> Option<&'n str> {
        let Item::Text(text) = &node.item else {
            self.wrong_type(path, "a string", node);
            return None;
        };
        if text.len() > LONGEST || text.chars().any(char::is_control) {
            let message =
                format!("`{path}` must not have control characters or more than {LONGEST} bytes");
            self.log.push(Finding::new(Code::FieldValue, node.span, message));
            return None;
        }
        Some(text)
    }

    /// Reports a value of the wrong type.
    pub(super) fn wrong_type(&mut self, path: &str, wanted: &str, node: &Node) {
        let found = type_name(node);
        let what = if path.is_empty() { "a manifest".to_owned() } else { format!("`{path}`") };
        let message = format!("{what} must be {wanted}, not {found}");
        let finding =
            Finding::new(Code::FieldType, node.span, message).label(format!("this is {found}"));
        let help = match (&node.item, wanted) {
            (Item::Text(text), "an integer") if text.trim().parse::<i64>().is_ok() => {
                Some("write the number without quotes".to_owned())
            }
            (Item::Flag(_) | Item::Integer(_) | Item::Float(_), "a string") => {
                Some("write it in quotes".to_owned())
            }
            (Item::Text(_), "a list") => {
                Some("write it after a dash, on a line of its own".to_owned())
            }
            _ => None,
        };
        self.log.push(finding.help(help));
    }
}
