//! `tests/data/every-key.toml` uses every key and every action there is, and can be run.

use std::collections::BTreeSet;

use crate::support::{root, run};
use oomcast::scenario::{self, keys};

/// Keys that name other files or partial scenarios: tests of their own hold them.
const COMPOSING: [&str; 3] = ["inherits", "profiles", "apf.manifests"];

fn text() -> String {
    std::fs::read_to_string(root().join("tests/data/every-key.toml")).expect("text")
}

/// The dotted paths of all keys that a text gives; the names of resources and reads count as `*`.
fn given(value: &toml::Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        toml::Value::Table(table) => {
            for (name, inner) in table {
                let named =
                    ["objects", "clients.reflectors", "clients.listers", "clients.watchers"];
                let name = if named.contains(&path) { "*" } else { name };
                let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                given(inner, &path, found);
                found.insert(path);
            }
        }
        toml::Value::Array(items) => items.iter().for_each(|item| given(item, path, found)),
        _ => {}
    }
}

#[test]
fn every_key_is_used_once() {
    let mut found = BTreeSet::new();
    given(&text().parse::<toml::Table>().expect("TOML").into(), "", &mut found);
    let mut missing = Vec::new();
    keys::visit(|path, _| {
        if !found.contains(path) && !COMPOSING.contains(&path) {
            missing.push(path.to_owned());
        }
    });
    assert!(missing.is_empty(), "tests/data/every-key.toml lacks {missing:?}");
}

#[test]
fn every_key_together_is_valid_and_runs() {
    let scenario = scenario::load("every-key.toml", text().as_bytes(), &[]);
    let scenario = scenario.unwrap_or_else(|mistakes| panic!("{}", mistakes.render(false)));
    let record = run(&scenario.inputs, 1);
    assert_eq!(record.end.0, scenario.inputs.duration.0);
    assert_eq!(scenario.inputs.events.len(), text().matches("[[events]]").count());
}
