//! The JSON Schema of scenario files, for editors and linters: made from the table of [`keys`].
//!
//! Draft 7, which both [Taplo](https://taplo.tamasfe.dev) and
//! [Tombi](https://tombi-toml.github.io/tombi) take. It knows the structure, the words and the forms of
//! quantities, not the rules over several keys: `oomcast check` does.

pub(crate) mod forms;
mod needs;

use std::collections::BTreeMap;

use crate::language::table::example::example;

use serde_json::{Map, Value, json};

use crate::language::layers::removal::REMOVE;
use crate::language::table::quantity::Unit;
use crate::language::table::read::LONGEST_TEXT;
use crate::language::table::uncertain::{QUANTILES, may_be};
use crate::language::table::{Flags, Key, Kind, NameForm, OneOf, Presence, Table};

/// What a file is checked as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// A scenario that can be run.
    Whole,
    /// A part of one: a preset, an overlay. Nothing is required.
    Part,
}

/// The schema as indented JSON.
#[must_use]
pub(crate) fn json(root: &'static Table, extent: Extent) -> String {
    let mut schema = schema(root);
    if let (Extent::Part, Value::Object(map)) = (extent, &mut schema) {
        map.retain(|key, _| key != "x-taplo" && !needs::PARTS.contains(&key.as_str()));
        map.insert("title".into(), json!("oomcast partial scenario"));
        let what = "A part of a scenario, such as a preset or an overlay: nothing is required.";
        map.insert("description".into(), json!(what));
    }
    // Keys and strings only: this cannot fail.
    serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
}

/// The schema.
pub(crate) fn schema(root: &'static Table) -> Value {
    let mut generator = Generator { root, tables: BTreeMap::new(), forms: BTreeMap::new() };
    let mut schema = generator.table(root, "");
    let definitions = generator.finish();
    if let Value::Object(map) = &mut schema {
        map.insert("$schema".into(), json!("http://json-schema.org/draft-07/schema#"));
        map.insert("title".into(), json!("oomcast scenario"));
        map.insert("definitions".into(), Value::Object(definitions));
        map.extend(needs::of_root(root));
    }
    schema
}

/// Collects the definitions that keys refer to.
struct Generator {
    root: &'static Table,
    tables: BTreeMap<String, Value>,
    forms: BTreeMap<Unit, Value>,
}

impl Generator {
    fn finish(self) -> Map<String, Value> {
        let forms = self.forms.into_iter().map(|(form, value)| (uncertain_name(form), value));
        let plain = Unit::ALL.map(|unit| (unit.name().to_owned(), plain_form(unit)));
        forms.chain(plain).chain(self.tables).collect()
    }

    /// A table in full.
    fn table(&mut self, table: &'static Table, path: &str) -> Value {
        let mut properties = Map::from_iter([(REMOVE.to_owned(), removal())]);
        for key in table.keys {
            let path =
                if path.is_empty() { key.name.to_owned() } else { format!("{path}.{}", key.name) };
            properties.insert(key.name.to_owned(), self.key(key, &path));
        }
        let mut schema = Map::from_iter([
            ("type".to_owned(), json!("object")),
            ("description".to_owned(), json!(capital(table.what))),
            ("properties".to_owned(), Value::Object(properties)),
            ("additionalProperties".to_owned(), json!(false)),
        ]);
        if let Some(group) = table.one_of {
            schema.insert("not".to_owned(), two_of(group));
        }
        let required = needs::required(table);
        if !required.is_empty() {
            schema.insert("x-taplo".to_owned(), json!({ "initKeys": required }));
        }
        Value::Object(schema)
    }

    /// Partial scenarios by name. What composes a scenario stands in none of them.
    fn profiles(&mut self) -> Value {
        let name = "profile";
        if !self.tables.contains_key(name) {
            self.tables.insert(name.to_owned(), Value::Null);
            let mut part = self.table(self.root, "");
            let composing = |key: &&Key| matches!(key.kind, Kind::Inherits | Kind::Profiles);
            if let Value::Object(map) = &mut part {
                map.remove("x-taplo");
                map.insert("description".to_owned(), json!("A partial scenario."));
                if let Some(Value::Object(properties)) = map.get_mut("properties") {
                    for key in self.root.keys.iter().filter(composing) {
                        properties.remove(key.name);
                    }
                }
            }
            self.tables.insert(name.to_owned(), part);
        }
        json!({
            "type": "object",
            "additionalProperties": reference(name),
            "propertyNames": self::name(NameForm::Slug),
        })
    }

    /// A reference to a table.
    fn refer(&mut self, table: &'static Table, path: &str) -> Value {
        let name = definition(table);
        if !self.tables.contains_key(&name) {
            // The place is taken first: tables may hold one another.
            self.tables.insert(name.clone(), Value::Null);
            let schema = self.table(table, path);
            self.tables.insert(name.clone(), schema);
        }
        reference(&name)
    }

    /// A key of a table.
    fn key(&mut self, key: &Key, path: &str) -> Value {
        let mut schema = self.value(key, path);
        if let Value::Object(map) = &mut schema {
            // What stands beside `$ref` does not count in draft 7.
            if let Some(reference) = map.remove("$ref") {
                map.insert("allOf".to_owned(), json!([{ "$ref": reference }]));
            }
            map.insert("description".to_owned(), json!(described(key)));
            if let Presence::Default(text) = key.presence {
                map.insert("default".to_owned(), value_of(text));
            }
            if let Some(example) = example(key) {
                map.insert("examples".to_owned(), json!([value_of(&example)]));
            }
        }
        schema
    }

    fn value(&mut self, key: &Key, path: &str) -> Value {
        let certain = match key.kind {
            Kind::Table(inner) => return self.refer(inner, path),
            Kind::List { table: inner, max } => {
                let items = self.refer(inner, path);
                return json!({ "type": "array", "items": items, "maxItems": max });
            }
            Kind::Named { table: inner, names, max } => {
                let each = self.refer(inner, &format!("{path}.*"));
                return json!({
                    "type": "object",
                    "additionalProperties": each,
                    "propertyNames": name(names),
                    "maxProperties": max,
                });
            }
            Kind::Profiles => return self.profiles(),
            kind => scalar(&kind),
        };
        let Some(unit) = key.kind.unit().filter(|_| may_be(key)) else {
            return certain;
        };
        self.forms.entry(unit).or_insert_with(|| uncertain(unit));
        json!({ "anyOf": [certain, reference(&uncertain_name(unit))] })
    }
}

/// A value that is no table, and certain.
pub(crate) fn scalar(kind: &Kind) -> Value {
    match *kind {
        Kind::Text { max } => json!({ "type": "string", "maxLength": max }),
        Kind::Name(form) => name(form),
        Kind::Refer(_) => json!({ "type": "string" }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Integer { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::IntegerOr { min, max, word } => json!({ "anyOf": [
            { "type": "integer", "minimum": min, "maximum": max },
            { "type": "string", "enum": [word] },
        ]}),
        Kind::IntegerOrPercent { max } => json!({ "anyOf": [
            { "type": "integer", "minimum": 1, "maximum": max },
            reference(Unit::Percent.name()),
        ]}),
        Kind::Number { min, max } => json!({ "type": "number", "minimum": min, "maximum": max }),
        Kind::Cores { min, max } => json!({ "anyOf": [
            { "type": "number", "minimum": min, "maximum": max },
            { "type": "string", "pattern": Unit::Cores.pattern() },
        ]}),
        Kind::Size { .. } => reference(Unit::Bytes.name()),
        Kind::Span { .. } => reference(Unit::Seconds.name()),
        Kind::Rate { .. } => reference(Unit::BytesPerSecond.name()),
        Kind::PerSecond { .. } => reference(Unit::PerSecond.name()),
        Kind::Percent { .. } => reference(Unit::Percent.name()),
        Kind::Choice(words) => json!({ "type": "string", "enum": words }),
        Kind::Minor { oldest, newest, .. } => {
            let minors: Vec<String> = (oldest..=newest).map(|minor| format!("1.{minor}")).collect();
            json!({ "type": "string", "enum": minors })
        }
        Kind::Flags(flags) => self::flags(flags),
        Kind::Texts { max } => json!({
            "type": "array",
            "items": { "type": "string", "pattern": forms::PRINTABLE, "maxLength": LONGEST_TEXT },
            "maxItems": max,
        }),
        Kind::Deferred { kinds, .. } => {
            let kinds: Vec<Value> = kinds.iter().map(scalar).collect();
            json!({ "anyOf": kinds })
        }
        Kind::Per(_) => json!({ "type": "string", "pattern": forms::PER_WHAT }),
        Kind::Inherits => json!({ "anyOf": [
            { "type": "string", "minLength": 1 },
            { "type": "array", "items": { "type": "string", "minLength": 1 } },
        ]}),
        Kind::Table(_) | Kind::Named { .. } | Kind::List { .. } | Kind::Profiles => json!({}),
    }
}

fn flags(flags: &Flags) -> Value {
    let flag = |(name, text): (&str, String)| {
        (name.to_owned(), json!({ "type": "boolean", "description": text }))
    };
    let all: Map<String, Value> = (flags.all)().into_iter().map(flag).collect();
    json!({ "type": "object", "properties": all, "additionalProperties": false })
}

fn name(form: NameForm) -> Value {
    let (pattern, most) = match form {
        NameForm::Slug => (forms::SLUG, 100),
        NameForm::Subdomain => (forms::SUBDOMAIN, 253),
        NameForm::Plural => (forms::PLURAL, 253),
        NameForm::Free => (forms::VISIBLE, 100),
    };
    json!({ "type": "string", "pattern": pattern, "maxLength": most })
}

/// Some two keys of a group.
fn two_of(group: OneOf) -> Value {
    let mut pairs = Vec::new();
    for (i, first) in group.keys.iter().enumerate() {
        pairs.extend(
            group.keys.iter().skip(i + 1).map(|second| json!({ "required": [first, second] })),
        );
    }
    json!({ "anyOf": pairs })
}

/// What takes away from that which is inherited.
fn removal() -> Value {
    json!({
        "description": "Drops what is inherited of this table, or these keys of it.",
        "anyOf": [{ "type": "boolean" }, { "type": "array", "items": { "type": "string" } }],
    })
}

fn plain_form(unit: Unit) -> Value {
    let (examples, _) = unit.examples();
    let mut schema = if unit.is_bare() {
        let bare = json!({ "type": if unit == Unit::Count { "integer" } else { "number" } });
        if unit == Unit::Cores {
            json!({ "anyOf": [bare, { "type": "string", "pattern": unit.pattern() }] })
        } else {
            bare
        }
    } else {
        json!({ "type": "string", "pattern": unit.pattern(), "examples": examples })
    };
    if let Value::Object(map) = &mut schema {
        map.insert("description".to_owned(), json!(unit.meaning()));
    }
    schema
}

fn uncertain_name(unit: Unit) -> String {
    format!("uncertain-{}", unit.name())
}

/// A range, or a distribution.
pub(crate) fn uncertain(unit: Unit) -> Value {
    let figure = || reference(unit.name());
    let quantiles = || QUANTILES.iter().map(|(name, _)| ((*name).to_owned(), figure()));
    let law = |laws: &[&str]| json!({ "type": "string", "enum": laws });
    let fixed = |law_name: &str, names: &[&str], text: &str| {
        let figures = names.iter().map(|name| ((*name).to_owned(), figure()));
        let dist = ("dist".to_owned(), law(&[law_name]));
        let properties: Map<String, Value> = figures.chain([dist]).collect();
        let required: Vec<&str> = ["dist"].into_iter().chain(names.iter().copied()).collect();
        json!({
            "type": "object", "description": text, "properties": properties,
            "required": required, "additionalProperties": false,
        })
    };
    let by_quantiles: Map<String, Value> = quantiles().collect();
    let named: Map<String, Value> =
        quantiles().chain([("dist".to_owned(), law(&["lognormal", "normal"]))]).collect();
    json!({ "anyOf": [
        {
            "type": "string", "pattern": unit.range(), "examples": [unit.examples().1],
            "description": "Uncertain: 90 of 100 draws lie between the two (lognormal).",
        },
        {
            "type": "object", "description": "Uncertain: lognormal, by two quantiles.",
            "properties": by_quantiles, "minProperties": 2, "maxProperties": 2,
            "additionalProperties": false,
        },
        {
            "type": "object", "description": "Uncertain: a distribution by two quantiles.",
            "properties": named, "required": ["dist"], "minProperties": 3, "maxProperties": 3,
            "additionalProperties": false,
        },
        fixed("uniform", &["from", "to"], "Uncertain: equally likely between the two."),
        fixed("triangular", &["from", "mode", "to"], "Uncertain: likeliest at the mode."),
    ]})
}

/// What a key means, and what follows when it is left out.
fn described(key: &Key) -> String {
    match key.presence {
        Presence::Derived(words) => format!("{} Left out: {words}.", key.doc),
        _ => key.doc.to_owned(),
    }
}

/// A value as the tables of keys write it: TOML, or text without its quotes.
fn value_of(text: &str) -> Value {
    let parsed: Option<toml::Table> = format!("value = {text}").parse().ok();
    let value = parsed.and_then(|table| serde_json::to_value(table.get("value")?).ok());
    value.unwrap_or_else(|| json!(text))
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{name}") })
}

/// The name of a table among the definitions: what it describes, without the article.
pub(crate) fn definition(table: &Table) -> String {
    let words = table.what.split(' ').filter(|word| !["a", "an", "the"].contains(word));
    words.collect::<Vec<_>>().join("-")
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + chars.as_str() + "."
}
