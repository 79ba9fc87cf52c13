//! A text as a tree of our own: spans everywhere, tables in the order of the text. TOML is read here, YAML
//! and JSON in [`yaml`](super::yaml).

use serde_json::{Map, Number, Value};
use toml::de::{DeArray, DeTable, DeValue};

use crate::language::text::span::Span;
use crate::units::Sort as _;

/// A value and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Where: for a table under a header, the header; for one of YAML's block style, its first key.
    pub(crate) span: Span,
    /// What.
    pub(crate) item: Item,
    /// The value as typed, for an override: a `--set` may leave the quotes out.
    pub(crate) raw: Option<String>,
}

/// A value.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    /// Nothing: as if it were not there. TOML has none.
    Null,
    /// A string.
    Text(String),
    /// An integer; `None` past 128 bits.
    Integer(Option<i128>),
    /// A float.
    Float(f64),
    /// `true` or `false`.
    Flag(bool),
    /// A date or time.
    Datetime,
    /// An array.
    Array(Vec<Node>),
    /// A table.
    Table(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The key.
    pub(crate) name: String,
    /// Where the key is.
    pub(crate) at: Span,
    /// The value.
    pub(crate) node: Node,
}

impl Node {
    /// A value at a place.
    pub(crate) fn new(span: Span, item: Item) -> Self {
        Self { span, item, raw: None }
    }

    /// An empty table at a place.
    pub(crate) fn table(span: Span) -> Self {
        Self::new(span, Item::Table(Vec::new()))
    }

    /// A scalar as a `--set` gives it: a TOML value, or else the text itself.
    pub(crate) fn from_raw(text: &str, span: Span) -> Self {
        let (value, errors) = DeValue::parse_recoverable(text);
        let value = from_value(value.into_inner(), span, Place::Value(span)).item;
        let item = match value {
            // `4_000m` is cores, though the parser takes it for an integer.
            Item::Integer(None) if text.ends_with('m') => Item::Text(text.to_owned()),
            value if errors.is_empty() => value,
            _ => Item::Text(text.to_owned()),
        };
        let scalar = !matches!(item, Item::Array(_) | Item::Table(_));
        let raw = scalar.then(|| text.to_owned());
        Self { span, item, raw }
    }

    /// Whether it is an array with an entry of this name.
    pub(crate) fn has_entry(&self, name: Option<&str>) -> bool {
        match &self.item {
            Item::Array(items) => name.is_some() && items.iter().any(|item| item.name() == name),
            _ => false,
        }
    }

    /// The `name` of a table that has one.
    pub(crate) fn name(&self) -> Option<&str> {
        self.get("name")?.text()
    }

    /// The text, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        if let Item::Text(text) = &self.item { Some(text) } else { None }
    }

    /// The entries, if it is a table.
    pub(crate) fn entries(&self) -> &[Entry] {
        if let Item::Table(entries) = &self.item { entries } else { &[] }
    }

    /// The items, if it is an array.
    pub(crate) fn items(&self) -> &[Self] {
        if let Item::Array(items) = &self.item { items } else { &[] }
    }

    /// The value of a key of a table.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        self.entries().iter().find(|entry| entry.name == name).map(|entry| &entry.node)
    }

    /// As JSON; what JSON cannot say is `null`. Recursion is bounded: so is the depth of what is read.
    pub(crate) fn to_json(&self) -> Value {
        match &self.item {
            Item::Null | Item::Datetime => Value::Null,
            Item::Flag(flag) => Value::Bool(*flag),
            Item::Integer(number) => {
                number.and_then(Number::from_i128).map_or(Value::Null, Value::Number)
            }
            Item::Float(number) => Number::from_f64(*number).map_or(Value::Null, Value::Number),
            Item::Text(text) => Value::String(text.clone()),
            Item::Array(items) => items.iter().map(Self::to_json).collect(),
            Item::Table(entries) => {
                let entry = |entry: &Entry| (entry.name.clone(), entry.node.to_json());
                Value::Object(entries.iter().map(entry).collect::<Map<_, _>>())
            }
        }
    }

    /// The value of a key of a table.
    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Self> {
        match &mut self.item {
            Item::Table(entries) => {
                entries.iter_mut().find(|entry| entry.name == name).map(|entry| &mut entry.node)
            }
            _ => None,
        }
    }

    /// Takes a key out of a table.
    pub(crate) fn take(&mut self, name: &str) -> Option<Self> {
        let Item::Table(entries) = &mut self.item else {
            return None;
        };
        let index = entries.iter().position(|entry| entry.name == name)?;
        Some(entries.remove(index).node)
    }

    /// What kind of value it is, with its article.
    pub(crate) fn type_name(&self) -> &'static str {
        match self.item {
            Item::Null => "nothing",
            Item::Text(_) => "a string",
            Item::Integer(_) => "an integer",
            Item::Float(_) => "a float",
            Item::Flag(_) => "a boolean",
            Item::Datetime => "a date or time",
            Item::Array(_) => "an array",
            Item::Table(_) => "a table",
        }
    }
}

/// What is no TOML: where, and what the parser says.
pub(crate) type SyntaxError = (Span, String);

/// Parses the text of a source. What could be read comes back, with the syntax errors.
pub(crate) fn parse(source: usize, text: &str) -> (Node, Vec<SyntaxError>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    let errors = errors.into_iter().map(|error| {
        let range = error.span().unwrap_or(text.len()..text.len());
        let at = Span { source, start: range.start, end: range.end };
        (at, error.message().to_owned())
    });
    let whole = Span { source, start: 0, end: 0 };
    let item = from_table(table.into_inner(), Place::Source(source));
    (Node::new(whole, item), errors.collect())
}

/// Where the parts of a parsed text stand.
#[derive(Clone, Copy)]
enum Place {
    /// Each at its range of a source.
    Source(usize),
    /// All at the value of an override.
    Value(Span),
}

impl Place {
    fn of(self, range: &std::ops::Range<usize>) -> Span {
        match self {
            Self::Source(source) => Span { source, start: range.start, end: range.end },
            Self::Value(span) => span,
        }
    }
}

/// Recursion is bounded: the text has passed `nesting::too_deep`.
fn from_value(value: DeValue<'_>, span: Span, place: Place) -> Node {
    let item = match value {
        DeValue::String(text) => Item::Text(text.into_owned()),
        DeValue::Integer(n) => Item::Integer(i128::from_str_radix(n.as_str(), n.radix()).ok()),
        DeValue::Float(x) => Item::Float(x.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(flag) => Item::Flag(flag),
        DeValue::Datetime(_) => Item::Datetime,
        DeValue::Array(array) => Item::Array(from_array(array, place)),
        DeValue::Table(table) => from_table(table, place),
    };
    Node::new(span, item)
}

fn from_array(array: DeArray<'_>, place: Place) -> Vec<Node> {
    let nodes = array.into_iter().map(|item| {
        let span = place.of(&item.span());
        from_value(item.into_inner(), span, place)
    });
    nodes.collect()
}

fn from_table(table: DeTable<'_>, place: Place) -> Item {
    let mut entries: Vec<Entry> = table
        .into_iter()
        .map(|(key, value)| {
            let at = place.of(&key.span());
            let span = place.of(&value.span());
            Entry {
                name: key.into_inner().into_owned(),
                at,
                node: from_value(value.into_inner(), span, place),
            }
        })
        .collect();
    entries.order_by_key(|entry| entry.at);
    Item::Table(entries)
}
