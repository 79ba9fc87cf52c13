//! API Priority and Fairness of a scenario: what it says itself and what manifests say.
//!
//! Manifests are read (`manifest`, on top of `fields`) and translated into the tables in
//! which a scenario writes levels and flow schemas (`objects`). From there on both go the same way:
//! defaults, rules over several fields (`checks`), the model's objects (`build`), and the effective
//! scenario, which thereby needs no manifests any more.

pub(super) mod build;
mod checks;
mod fields;
mod manifest;
mod objects;

use std::path::Path;

use super::keys::apf::MOST_OBJECTS;
use crate::language::{Code, Finding, Log, Plain, Resolved, Span, State, Value};
use fields::Paths;

pub(super) use checks::check;

/// What the later stages need to know about the manifests.
#[derive(Debug, Default)]
pub(super) struct Origins {
    /// The paths of their fields and objects.
    paths: Paths,
    /// Whether some of them could not be read.
    partial: bool,
}

impl Origins {
    /// What a key is called where it was written: its path in a manifest, else its own name.
    fn name(&self, table: &Resolved, key: &str) -> String {
        table
            .given(key)
            .and_then(|at| self.paths.fields.get(&at))
            .map_or_else(|| key.to_owned(), String::clone)
    }
}

/// Reads the manifests that the scenario names, and adds their objects to its own.
pub(super) fn add_manifests(root: &mut Resolved, base: Option<&Path>, log: &mut Log) -> Origins {
    let Some(Value::Table(apf)) = root.value_mut("apf") else {
        return Origins { partial: true, ..Origins::default() };
    };
    let names = apf.texts("manifests").unwrap_or_default().to_vec();
    let bad = apf.is_bad("manifests");
    let manifests = manifest::read(&names, base, log);
    apf.take("manifests");
    append(apf, "levels", manifests.levels, log);
    append(apf, "flow-schemas", manifests.flow_schemas, log);
    Origins { paths: manifests.paths, partial: bad || manifests.partial }
}

fn append(apf: &mut Resolved, key: &str, mut tables: Vec<Resolved>, log: &mut Log) {
    if tables.is_empty() || apf.is_bad(key) {
        return;
    }
    let room = MOST_OBJECTS.saturating_sub(apf.list(key).len());
    if let Some(first) = tables.get(room) {
        let message = format!("there are more than {MOST_OBJECTS} `{key}` in total");
        log.push(
            Finding::new(Code::TooMany, first.span, message).label("the limit is exceeded here"),
        );
        tables.truncate(room);
    }
    if let Some(Value::List(present)) = apf.value_mut(key) {
        present.extend(tables);
    } else {
        apf.put(key, Span::default(), State::Set(Value::List(tables)));
    }
}

/// Fills what the API fills.
pub(super) fn defaults(root: &mut Resolved) {
    let Some(Value::Table(apf)) = root.value_mut("apf") else {
        return;
    };
    if let Some(Value::List(levels)) = apf.value_mut("levels") {
        levels.iter_mut().for_each(level_defaults);
    }
    if let Some(Value::List(schemas)) = apf.value_mut("flow-schemas") {
        schemas.iter_mut().for_each(schema_defaults);
    }
}

fn level_defaults(level: &mut Resolved) {
    let exempt = level.text("name") == Some("exempt");
    let text = |text: &str| Plain::Text(text.to_owned());
    level.fill("type", text(if exempt { "exempt" } else { "queue" }));
    level.fill("shares", Plain::Integer(if exempt { 0 } else { 30 }));
    level.fill("lendable", Plain::Percent(0.0));
    if level.text("type") == Some("queue") {
        for (key, value) in [("queues", 64), ("hand-size", 8), ("queue-length", 50)] {
            level.fill(key, Plain::Integer(value));
        }
    }
}

/// The simple form has one rule for resources, of everything unless it says otherwise.
fn schema_defaults(schema: &mut Resolved) {
    schema.fill("precedence", Plain::Integer(1000));
    if schema.given("rules").is_some() {
        return;
    }
    let at = schema.span;
    for key in ["verbs", "api-groups", "resources", "namespaces"] {
        schema.fill(key, Plain::Texts(vec![("*".to_owned(), at)]));
    }
    schema.fill("cluster-scope", Plain::Flag(true));
}
