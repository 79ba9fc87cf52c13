//! Measured values renewed in a scenario that a person has edited since.
//!
//! The rule: a value is renewed if it still ends in the comment of its source, in both texts: what, and a
//! file. A value without one, or with words of its own, is the person's, and so is everything else: comments,
//! keys, profiles, events, tables. What was measured and is not there yet is added; reads of a client that
//! are no longer found go.

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, Value};

use super::lines::ASSUMED;
use crate::cluster::source::ESTIMATED;

/// Tables of what a client reads.
const READS: [&str; 3] = ["reflectors", "listers", "watchers"];
/// Tables whose keys are renewed one by one.
const TABLES: [&str; 4] = ["cluster", "apiserver", "node", "apf"];

/// What an update did, key by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Update {
    /// The text.
    pub text: String,
    /// Keys that have another value now: `objects.pods.count: 2_400, was 2_310`.
    pub renewed: Vec<String>,
    /// Keys and tables that were not there.
    pub added: Vec<String>,
    /// Keys whose values are a person's own, and were measured as well.
    pub kept: Vec<String>,
    /// Reads of clients that are no longer found.
    pub removed: Vec<String>,
    /// Resources and clients of the file that are no longer found.
    pub gone: Vec<String>,
}

/// Renews a scenario by what an import writes now.
///
/// # Errors
/// Why one of the texts is not TOML, with its line.
pub fn update(edited: &str, imported: &str) -> Result<Update, String> {
    let parse = |text: &str| text.parse::<DocumentMut>().map_err(|error| error.to_string());
    let (mut old, new) = (parse(edited)?, parse(imported)?);
    let mut update = Update::default();
    for name in TABLES {
        let Some(from) = new.get(name).and_then(Item::as_table) else { continue };
        match old.get_mut(name).map(Item::as_table_mut) {
            Some(Some(to)) => renew(name, to, from, &mut update),
            Some(None) => update.kept.push(name.to_owned()),
            None => {
                old.insert(name, Item::Table(unplaced(from)));
                update.added.push(name.to_owned());
            }
        }
    }
    objects(&mut old, &new, &mut update);
    clients(&mut old, &new, &mut update);
    update.text = old.to_string();
    Ok(update)
}

/// A table that takes its place after those that are there.
fn unplaced(table: &Table) -> Table {
    let mut table = table.clone();
    table.set_position(None);
    table
}

/// The comment at the end of a value's line.
fn comment(value: &Value) -> &str {
    let suffix = value.decor().suffix().and_then(|suffix| suffix.as_str()).unwrap_or_default();
    suffix.trim().trim_start_matches('#').trim()
}

/// Whether a value was measured: it has a comment of this program.
fn measured(value: &Value) -> bool {
    let comment = comment(value);
    !comment.is_empty() && !comment.starts_with(ASSUMED)
}

/// Whether a comment names a source: what, and a file; or that it was assumed.
fn names_source(comment: &str) -> bool {
    let assumed = comment.strip_prefix(ASSUMED).is_some_and(|rest| rest.starts_with(':'));
    let file = comment.rsplit_once(", ").map(|(_, file)| match file.rsplit_once(" and ") {
        Some((first, more)) if more.ends_with(" more") => first,
        _ => file,
    });
    let is_file = |file: &str| {
        let name = file.rsplit('/').next().unwrap_or(file);
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        let plain = |text: &str| !text.is_empty() && text.chars().all(char::is_alphanumeric);
        !file.contains(' ') && (plain(ending) || file.contains('/'))
    };
    assumed || comment == ESTIMATED || file.is_some_and(is_file)
}

/// Renews the keys of a table.
fn renew(path: &str, to: &mut Table, from: &Table, update: &mut Update) {
    let mut with_count = false;
    for (key, item) in from {
        let Some(value) = item.as_value().filter(|value| measured(value)) else { continue };
        let name = format!("{path}.{key}");
        match to.get_mut(key).map(Item::as_value_mut) {
            Some(Some(there))
                if names_source(comment(there)) || comment(there) == comment(value) =>
            {
                let same = there.to_string().trim() == value.to_string().trim();
                let plain = |value: &Value| value.clone().decorated("", "").to_string();
                if plain(there) != plain(value) {
                    update.renewed.push(format!("{name}: {}, was {}", plain(value), plain(there)));
                }
                if !same {
                    let decor = there.decor().clone();
                    *there = value.clone();
                    if let Some(prefix) = decor.prefix() {
                        there.decor_mut().set_prefix(prefix.clone());
                    }
                }
                with_count |= key == "count";
            }
            Some(_) => update.kept.push(name),
            None => {
                to.insert(key, item.clone());
                update.added.push(name);
            }
        }
    }
    // What a count is by belongs to it.
    if with_count {
        match from.get("per") {
            Some(per) => {
                to.insert("per", per.clone());
            }
            None => {
                to.remove("per");
            }
        }
    }
}

/// Renews what a client reads.
fn reads(path: &str, to: &mut Table, from: &Table, update: &mut Update) {
    for kind in READS {
        let new = from.get(kind).and_then(Item::as_table);
        let path = format!("{path}.{kind}");
        let Some(own) = to.get_mut(kind).and_then(Item::as_table_mut) else {
            if let Some(new) = new.filter(|_| !to.contains_key(kind)) {
                to.insert(kind, Item::Table(new.clone()));
                update.added.extend(new.iter().map(|(name, _)| format!("{path}.{name}")));
            }
            continue;
        };
        let nothing = Table::new();
        let new = new.unwrap_or(&nothing);
        renew(&path, own, new, update);
        let old = own.iter().filter(|(name, item)| {
            let value = item.as_value().filter(|value| measured(value));
            !new.contains_key(name) && value.is_some_and(|value| names_source(comment(value)))
        });
        let old: Vec<String> = old.map(|(name, _)| name.to_owned()).collect();
        for name in old {
            own.remove(&name);
            update.removed.push(format!("{path}.{name}"));
        }
    }
}

fn objects(old: &mut DocumentMut, new: &DocumentMut, update: &mut Update) {
    let Some(from) = new.get("objects").and_then(Item::as_table) else { return };
    let there = old.entry("objects").or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let Some(to) = there.as_table_mut() else { return update.kept.push("objects".to_owned()) };
    for (name, item) in from {
        let Some(table) = item.as_table() else { continue };
        let path = format!("objects.{name}");
        match to.get_mut(name).map(Item::as_table_mut) {
            Some(Some(own)) => renew(&path, own, table, update),
            Some(None) => update.kept.push(path),
            None => {
                to.insert(name, Item::Table(unplaced(table)));
                update.added.push(path);
            }
        }
    }
    let gone = to.iter().filter(|(name, _)| !from.contains_key(name));
    update.gone.extend(gone.map(|(name, _)| format!("objects.{name}")));
}

fn clients(old: &mut DocumentMut, new: &DocumentMut, update: &mut Update) {
    let Some(from) = new.get("clients").and_then(Item::as_array_of_tables) else { return };
    let there = old.entry("clients").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    let Some(to) = there.as_array_of_tables_mut() else {
        return update.kept.push("clients".to_owned());
    };
    let name_of = |table: &Table| table.get("name").and_then(Item::as_str).map(str::to_owned);
    for table in from {
        let Some(name) = name_of(table) else { continue };
        let path = format!("clients.{name}");
        let there = to.iter().position(|own| name_of(own).as_ref() == Some(&name));
        match there.and_then(|there| to.get_mut(there)) {
            Some(own) => {
                renew(&path, own, table, update);
                reads(&path, own, table, update);
            }
            None => {
                to.push(unplaced(table));
                update.added.push(path);
            }
        }
    }
    let known: Vec<String> = from.iter().filter_map(name_of).collect();
    let gone = to.iter().filter_map(name_of).filter(|name| !known.contains(name));
    update.gone.extend(gone.map(|name| format!("clients.{name}")));
}

#[cfg(test)]
mod tests {
    use super::update;

    const EDITED: &str = "\
# My own words.
name = \"mine\"

[apiserver]
# why this one
replicas = 1 # 1 process, metrics-0.txt
gomemlimit = \"3GiB\" # my own sizing
memory-limit = \"8GiB\"
gogc = 50 # limits, old.json

[objects.pods]
count = 10 # apiserver_storage_objects, metrics-0.txt
size = \"5kB\" # sizes, metrics-0.txt

[objects.widgets]
count = 3
size = \"1kB\"

[profiles.next.cluster]
nodes = 9

[[clients]]
name = \"agent\"
reflectors.pods = { own-node = true } # requests of agent, audit.log
reflectors.nodes = {} # requests of agent, audit.log and 2 more
reflectors.jobs = {}
";
    const IMPORTED: &str = "\
name = \"imported\"

[apiserver]
replicas = 3 # 3 processes, metrics-0.txt
memory-limit = \"16GiB\" # limits.memory, pods.json
gomemlimit = \"9GiB\" # limits.memory, pods.json
gogc = 100 # assumed: nothing says it

[objects.pods]
count = 4 # apiserver_storage_objects, metrics-1.txt
per = \"node\"
size = \"6kB\" # sizes, metrics-1.txt

[objects.secrets]
count = 7 # apiserver_storage_objects, metrics-1.txt

[[clients]]
name = \"agent\"
reflectors.pods = {} # requests of agent, audit.log
listers.secrets = { pause = \"2s\" } # requests of agent, audit.log

[[clients]]
name = \"kubelet\"
count = 3 # audit.log
";

    #[test]
    fn measured_values_are_renewed_and_the_rest_is_kept() {
        let updated = update(EDITED, IMPORTED).expect("TOML");
        let expected = "\
# My own words.
name = \"mine\"

[apiserver]
# why this one
replicas = 3 # 3 processes, metrics-0.txt
gomemlimit = \"3GiB\" # my own sizing
memory-limit = \"8GiB\"
gogc = 50 # limits, old.json

[objects.pods]
count = 4 # apiserver_storage_objects, metrics-1.txt
size = \"6kB\" # sizes, metrics-1.txt
per = \"node\"

[objects.widgets]
count = 3
size = \"1kB\"

[objects.secrets]
count = 7 # apiserver_storage_objects, metrics-1.txt

[profiles.next.cluster]
nodes = 9

[[clients]]
name = \"agent\"
reflectors.pods = {} # requests of agent, audit.log
reflectors.jobs = {}
listers.secrets = { pause = \"2s\" } # requests of agent, audit.log

[[clients]]
name = \"kubelet\"
count = 3 # audit.log
";
        assert_eq!(updated.text, expected);
        assert_eq!(updated.kept, ["apiserver.memory-limit", "apiserver.gomemlimit"]);
        let added = ["objects.secrets", "clients.agent.listers.secrets", "clients.kubelet"];
        assert_eq!(updated.added, added);
        assert_eq!(updated.removed, ["clients.agent.reflectors.nodes"]);
        assert_eq!(updated.gone, ["objects.widgets"]);
        assert_eq!(updated.renewed[0], "apiserver.replicas: 3, was 1");
    }
}
