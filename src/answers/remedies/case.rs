//! What a remedy may look at: the scenario, and who held the memory.

use toml::{Table, Value};

use super::{all, merge};
use crate::answers::binding::heaviest;
use crate::model::input::Inputs;
use crate::results::RunRecord;
use crate::scenario::Scenario;
use crate::units::Bytes;

/// Share of what clients hold from which a client counts among those that hold the peak.
const HEAVY: f64 = 0.05;

/// How a client reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// As a reflector.
    Reflector,
    /// As a lister.
    Lister,
}

/// A read of a client, as the effective scenario has it.
#[derive(Clone, Debug)]
pub struct Read {
    /// The client.
    pub client: String,
    /// Its members.
    pub members: u32,
    /// Whether the client is among those that hold the peak.
    pub heavy: bool,
    /// Its kind.
    pub how: How,
    /// Where it is in the client: `["reflector"]`, `["reflectors", "pods"]`.
    path: Vec<String>,
    keys: Table,
}

impl Read {
    /// The text of a key; empty where it has none.
    #[must_use]
    pub fn text(&self, key: &str) -> &str {
        self.keys.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether a flag is set.
    #[must_use]
    pub fn flag(&self, key: &str) -> bool {
        self.keys.get(key).and_then(Value::as_bool).unwrap_or_default()
    }

    /// A number, if the key has one.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<i64> {
        self.keys.get(key).and_then(Value::as_integer)
    }

    /// Whether a key has this text.
    #[must_use]
    pub fn keys_has(&self, key: &str, text: &str) -> bool {
        self.keys.get(key).and_then(Value::as_str) == Some(text)
    }

    /// Whether a key has this flag.
    #[must_use]
    pub fn keys_has_flag(&self, key: &str, flag: bool) -> bool {
        self.keys.get(key).and_then(Value::as_bool) == Some(flag)
    }

    /// The resource.
    #[must_use]
    pub fn resource(&self) -> &str {
        match self.text("resource") {
            "" => self.path.last().map_or("", String::as_str),
            resource => resource,
        }
    }
}

/// A scenario in trouble.
#[derive(Debug)]
pub struct Case<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// What its clients read.
    pub reads: Vec<Read>,
    /// Clients that hold the peak, most first, each with the resource and what it holds of it.
    pub heavy: Vec<(String, String, Bytes)>,
    /// No server may be given more memory.
    pub max_memory: Option<Bytes>,
    effective: Table,
}

impl<'a> Case<'a> {
    /// A scenario whose worst run is known.
    #[must_use]
    pub fn new(scenario: &'a Scenario, worst: &RunRecord, max_memory: Option<Bytes>) -> Self {
        let holders = worst.worst_server().map_or(&[][..], |server| &server.holders_at_peak);
        let held = heaviest(holders);
        let total: Bytes = held.iter().map(|(_, _, bytes)| *bytes).sum();
        let mut heavy = held;
        heavy.retain(|(_, _, bytes)| bytes.as_f64() >= HEAVY * total.as_f64());
        // The text that oomcast wrote itself.
        let effective: Table = scenario.effective.parse().unwrap_or_default();
        let mut case = Self { scenario, reads: Vec::new(), heavy, max_memory, effective };
        case.reads = case.find_reads();
        case
    }

    /// What the model takes.
    #[must_use]
    pub const fn inputs(&self) -> &Inputs {
        &self.scenario.inputs
    }

    /// The entries of an array of the effective scenario.
    pub fn entries(&self, list: &str) -> impl Iterator<Item = &Table> {
        let items = self.effective.get(list).and_then(Value::as_array);
        items.into_iter().flatten().filter_map(Value::as_table)
    }

    /// The feature gates that the scenario sets.
    pub fn gates(&self) -> impl Iterator<Item = &str> {
        let gates = self.effective.get("apiserver").and_then(|server| server.get("feature-gates"));
        gates
            .and_then(Value::as_table)
            .into_iter()
            .flat_map(|gates| gates.keys().map(String::as_str))
    }

    fn find_reads(&self) -> Vec<Read> {
        const KINDS: [(&str, &str, How); 2] =
            [("reflector", "reflectors", How::Reflector), ("lister", "listers", How::Lister)];
        let mut found = Vec::new();
        for client in self.entries("clients") {
            let name = client.get("name").and_then(Value::as_str).unwrap_or_default();
            let fleet = self.inputs().fleets.iter().find(|fleet| fleet.name == name);
            let read = |how, path: &[&str], keys: &Table| Read {
                client: name.to_owned(),
                members: fleet.map_or(0, |fleet| fleet.count),
                heavy: self.heavy.iter().any(|(heavy, ..)| heavy == name),
                how,
                path: path.iter().map(|part| (*part).to_owned()).collect(),
                keys: keys.clone(),
            };
            for (one, many, how) in KINDS {
                if let Some(keys) = client.get(one).and_then(Value::as_table) {
                    found.push(read(how, &[one], keys));
                }
                for (entry, keys) in
                    client.get(many).and_then(Value::as_table).into_iter().flatten()
                {
                    found.extend(keys.as_table().map(|keys| read(how, &[many, entry], keys)));
                }
            }
        }
        found
    }

    /// An overlay that changes reads; `None` if it changes none.
    pub fn change_reads(&self, of: impl Fn(&Read) -> Option<Table>) -> Option<Table> {
        let changes = self.reads.iter().filter_map(|read| {
            let mut keys = of(read)?;
            for part in read.path.iter().rev() {
                keys = Table::from_iter([(part.clone(), Value::Table(keys))]);
            }
            keys.insert("name".to_owned(), read.client.clone().into());
            Some(entry("clients", keys))
        });
        let overlay = all(changes);
        (!overlay.is_empty()).then_some(overlay)
    }

    /// An overlay that changes entries of an array; `None` if it changes none.
    pub fn change(&self, list: &str, of: impl Fn(&Table) -> Option<Table>) -> Option<Table> {
        let changes = self.entries(list).filter_map(|item| {
            let mut keys = of(item)?;
            keys.insert("name".to_owned(), item.get("name")?.clone());
            Some(entry(list, keys))
        });
        let overlay = all(changes);
        (!overlay.is_empty()).then_some(overlay)
    }
}

/// An overlay with one entry of an array.
pub(super) fn entry(list: &str, keys: Table) -> Table {
    let mut overlay = Table::new();
    let items = Value::Array(vec![Value::Table(keys)]);
    merge(&mut overlay, Table::from_iter([(list.to_owned(), items)]));
    overlay
}
