//! In which inputs two scenarios differ.

use std::collections::{BTreeMap, BTreeSet};

use super::Scenario;
use super::keys;
use crate::language::Role;
use crate::language::table::write::path_part;

/// A key whose values differ, as TOML; `None`: it is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The key as `--set` takes it.
    pub key: String,
    /// In the first.
    pub first: Option<String>,
    /// In the second.
    pub second: Option<String>,
}

/// The inputs in which two scenarios differ, defaults included, by key.
#[must_use]
pub fn differences(first: &Scenario, second: &Scenario) -> Vec<Difference> {
    let mut outside = BTreeSet::new();
    keys::visit(|path, key| {
        if matches!(key.role, Role::Outside { .. }) {
            outside.insert(path.to_owned());
        }
    });
    let [first, second] = [first, second].map(|scenario| {
        let mut values = BTreeMap::new();
        if let Ok(table) = scenario.effective.parse::<toml::Table>() {
            flatten("", &toml::Value::Table(table), &outside, &mut values);
        }
        values
    });
    let keys: BTreeSet<&String> = first.keys().chain(second.keys()).collect();
    let differing = keys.into_iter().filter(|key| first.get(*key) != second.get(*key));
    differing
        .map(|key| Difference {
            key: key.clone(),
            first: first.get(key).cloned(),
            second: second.get(key).cloned(),
        })
        .collect()
}

/// Every scalar below a value by its key. Entries of arrays of tables go by their names.
fn flatten(
    path: &str,
    value: &toml::Value,
    outside: &BTreeSet<String>,
    values: &mut BTreeMap<String, String>,
) {
    if outside.contains(path) {
        return;
    }
    let below =
        |part: &str| if path.is_empty() { part.to_owned() } else { format!("{path}.{part}") };
    match value {
        // A distribution is one value.
        toml::Value::Table(table) if !table.contains_key("dist") => {
            for (key, inner) in table {
                flatten(&below(&path_part(key)), inner, outside, values);
            }
        }
        toml::Value::Array(items) if items.iter().any(toml::Value::is_table) => {
            for (index, item) in items.iter().enumerate() {
                let name = item.get("name").and_then(toml::Value::as_str);
                let part = name.map_or_else(|| index.to_string(), path_part);
                flatten(&below(&part), item, outside, values);
            }
        }
        scalar => {
            values.insert(path.to_owned(), scalar.to_string());
        }
    }
}
