//! What a scenario must have: apart from the structure, since a file that inherits need not have it all.

use serde_json::{Map, Value, json};

use crate::language::table::{Kind, Presence, Table};

/// The key with which a file is laid over others.
const INHERITS: &str = "inherits";

/// Where the needs stand in the schema's root.
pub(super) const PARTS: [&str; 3] = ["if", "then", "else"];

/// The needs of a scenario, to stand in the schema's root.
pub(crate) fn of_root(root: &Table) -> Map<String, Value> {
    let needs = of(root).map(Value::Object).unwrap_or_default();
    let values = [json!({ "required": [INHERITS] }), json!({}), needs];
    PARTS.into_iter().map(str::to_owned).zip(values).collect()
}

/// The keys that a table must have.
pub(crate) fn required(table: &Table) -> Vec<&'static str> {
    let required = table.keys.iter().filter(|key| key.presence == Presence::Required);
    required.map(|key| key.name).collect()
}

/// What an entry of named tables needs: not what its name stands for.
fn of_entry(table: &Table) -> Option<Map<String, Value>> {
    let mut needs = of(table)?;
    if let Some(Value::Array(required)) = needs.get_mut("required") {
        let named = |name: &Value| table.keys.iter().any(|key| key.entry_name && key.name == name);
        required.retain(|name| !named(name));
        if required.is_empty() {
            needs.remove("required");
        }
    }
    (!needs.is_empty()).then_some(needs)
}

/// What a table needs, and the tables inside it; nothing, if all may be left out.
fn of(table: &Table) -> Option<Map<String, Value>> {
    let mut inner = Map::new();
    for key in table.keys {
        let needs = match key.kind {
            Kind::Table(table) => of(table).map(Value::Object),
            Kind::Named { table, .. } => {
                of_entry(table).map(|needs| json!({ "additionalProperties": needs }))
            }
            Kind::List { table, .. } => of(table).map(|needs| json!({ "items": needs })),
            _ => None,
        };
        inner.extend(needs.map(|needs| (key.name.to_owned(), needs)));
    }
    let mut all = Map::new();
    let required = required(table);
    if !required.is_empty() {
        all.insert("required".to_owned(), json!(required));
    }
    if let Some(group) = table.one_of.filter(|group| group.required) {
        let any: Vec<Value> = group.any().map(|key| json!({ "required": [key] })).collect();
        all.insert("anyOf".to_owned(), json!(any));
    }
    if !inner.is_empty() {
        all.insert("properties".to_owned(), Value::Object(inner));
    }
    (!all.is_empty()).then_some(all)
}
