//! Overlays: partial scenarios laid over a file before it is checked, key by key.
//!
//! Tables merge by key and arrays of tables by the `name` of their entries; what an overlay has of the
//! same name takes the place of what was there, anything else is added, and `removal` takes away. Every
//! value keeps the place where it was written, so that a mistake in an overlay is told with the overlay's
//! line. What a file inherits, and its profiles, are laid down in the same way.

use super::diagnostic::Log;
use super::removal::{self, REMOVE, Removal};
use super::tree::{Entry, Item, Node};

/// What is laid over a scenario file: first its profiles, then the overlays, one after the other, then
/// the overrides.
#[derive(Clone, Copy, Debug, Default)]
pub struct Layers<'a> {
    /// Names of profiles of the file.
    pub profiles: &'a [String],
    /// Partial scenarios.
    pub overlays: &'a [Overlay],
    /// `key=value` of `--set`.
    pub overrides: &'a [String],
}

/// A partial scenario: TOML with some of the keys of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlay {
    /// What diagnostics call it.
    pub name: String,
    /// Its text.
    pub text: Vec<u8>,
}

/// Lays a tree over another. Recursion is bounded: both have passed `nesting::too_deep`.
pub(super) fn merge(base: &mut Node, mut over: Node, log: &mut Log) {
    match removal::take(&mut over, log) {
        Removal::Keys(keys) => keys.iter().for_each(|key| removal::drop_key(base, key, log)),
        Removal::Whole(_) => {
            base.item = match base.item {
                Item::Array(_) => Item::Array(Vec::new()),
                _ => Item::Table(Vec::new()),
            }
        }
        Removal::Nothing => {}
    }
    match (&mut base.item, over.item) {
        (Item::Table(into), Item::Table(from)) => {
            unbind(into, &from);
            for entry in from {
                merge_entry(into, entry, log);
            }
        }
        (Item::Array(into), Item::Array(from)) if all_named(into) && all_named(&from) => {
            let mut before = into.len();
            for item in from {
                let all = into.len();
                merge_item(into, before, item, log);
                before -= all.saturating_sub(into.len());
            }
        }
        (_, item) => {
            *base = Node { item, ..over };
            removal::fresh(base, log);
        }
    }
}

fn merge_entry(base: &mut Vec<Entry>, mut over: Entry, log: &mut Log) {
    let found = base.iter().position(|entry| entry.name == over.name);
    let Some((index, entry)) = found.and_then(|at| Some((at, base.get_mut(at)?))) else {
        removal::fresh(&mut over.node, log);
        base.push(over);
        return;
    };
    if !matches!(over.node.item, Item::Table(_) | Item::Array(_)) {
        entry.at = over.at;
    }
    if goes(&over.node) {
        base.remove(index);
    } else {
        stands_at(&mut entry.node, &over.node);
        merge(&mut entry.node, over.node, log);
    }
}

/// What a table lacks is told where the scenario's own file has it, if it does.
fn stands_at(base: &mut Node, over: &Node) {
    if base.span.source != 0 {
        base.span = over.span;
    }
}

/// A count that is written anew is a total again, unless `per` is written with it; so are writes. What
/// stays below is counted as it was.
fn unbind(base: &mut Vec<Entry>, over: &[Entry]) {
    let has = |entries: &[Entry], name: &str| entries.iter().any(|entry| entry.name == name);
    if has(over, "writes") && !has(over, "writes-per") {
        base.retain(|entry| entry.name != "writes-per");
    }
    let Some(index) = base.iter().position(|entry| entry.name == "per") else {
        return;
    };
    if has(over, "per") {
        return;
    }
    let of_writes = |entry: Entry| Entry { name: "writes-per".to_owned(), ..entry };
    if has(over, "count") {
        let per = base.remove(index);
        if has(base, "writes") && !has(base, "writes-per") && !has(over, "writes") {
            base.push(of_writes(per));
        }
    } else if let Some(writes) = over.iter().find(|entry| entry.name == "writes")
        && !has(over, "writes-per")
    {
        let item = Item::Text("cluster".to_owned());
        let node = Node { span: writes.node.span, item, raw: None };
        base.push(of_writes(Entry { name: String::new(), at: writes.at, node }));
    }
}

/// Lays an entry over those that were there before its array came.
fn merge_item(base: &mut Vec<Node>, before: usize, mut over: Node, log: &mut Log) {
    let same = |item: &Node| item.name() == over.name();
    let Some(index) = base.iter().take(before).position(same) else {
        removal::fresh(&mut over, log);
        base.push(over);
        return;
    };
    if goes(&over) {
        base.remove(index);
    } else if let Some(item) = base.get_mut(index) {
        stands_at(item, &over);
        merge(item, over, log);
    }
}

/// Whether a table removes what is below it and puts nothing in its place.
fn goes(over: &Node) -> bool {
    let Item::Table(entries) = &over.item else {
        return false;
    };
    let removes =
        |entry: &Entry| entry.name == REMOVE && matches!(entry.node.item, Item::Flag(true));
    entries.iter().any(removes) && entries.iter().all(|e| removes(e) || e.name == "name")
}

/// Whether an array is of tables that all have a name.
fn all_named(items: &[Node]) -> bool {
    items.iter().all(|item| item.name().is_some())
}

#[cfg(test)]
mod tests {
    use crate::scenario::{Diagnostics, Layers, Overlay, Scenario, load_beside};
    use crate::units::Bytes;

    const BASE: &str = "schema = 1\nname = \"base\"\n[run]\nduration = \"5m\"\n\
        [apiserver]\nversion = \"1.32\"\nmemory-limit = \"8GiB\"\n[node]\nmemory = \"16GiB\"\n\
        [objects.pods]\ncount = 100\nsize = \"5kB\"\n\
        [[clients]]\nname = \"a\"\ncount = 2\nreflector = { resource = \"pods\" }\n";

    fn load(overlays: &[&str], set: &[&str]) -> Result<Scenario, Diagnostics> {
        let named = |(index, text): (usize, &&str)| Overlay {
            name: format!("over-{index}.toml"),
            text: text.as_bytes().to_vec(),
        };
        let overlays: Vec<Overlay> = overlays.iter().enumerate().map(named).collect();
        let overrides: Vec<String> = set.iter().map(|s| (*s).to_owned()).collect();
        let layers = Layers { overlays: &overlays, overrides: &overrides, ..Layers::default() };
        let loaded = load_beside("base.toml", BASE.as_bytes(), layers, None, false);
        loaded.map(|(scenario, _)| scenario)
    }

    #[test]
    fn later_layers_win_key_by_key() {
        let overlays = [
            "[hardware]\ncpu-speed = 0.5\n[calibration]\ntyped-heap = 1.25\n",
            "[hardware]\nnetwork = \"1GB/s\"\ncpu-speed = 0.75\n[objects.pods]\ncount = 300\n",
        ];
        let found = load(&overlays, &["objects.pods.count=400"]).expect("valid").inputs;
        assert_eq!(found.hardware.cpu_speed.to_bits(), 0.75_f64.to_bits());
        assert_eq!(found.hardware.network.0, 1_000_000_000);
        assert_eq!(found.calibration.typed_heap.to_bits(), 1.25_f64.to_bits());
        assert_eq!(found.resources[0].count, 400);
        assert_eq!(found.resources[0].size, Bytes(5_000), "what is not named stays");
        assert_eq!(found.apiserver.memory_limit, Some(Bytes::gib(8)));
    }

    #[test]
    fn entries_of_arrays_merge_by_name() {
        let overlay = "[[clients]]\nname = \"a\"\ncount = 7\n\
            [[clients]]\nname = \"b\"\ncount = 1\nreflector = { resource = \"pods\" }\n";
        let found = load(&[overlay], &[]).expect("valid").inputs;
        let fleets: Vec<_> = found.fleets.iter().map(|f| (f.name.as_str(), f.count)).collect();
        assert_eq!(fleets, [("a", 7), ("b", 1)]);
    }

    #[test]
    fn mistakes_keep_their_place() {
        let mistakes = load(&["[hardware]\ncpu-speed = \"fast\"\nnetwrk = 1\n"], &[]);
        let mistakes = mistakes.expect_err("two mistakes");
        let places: Vec<_> = mistakes
            .items
            .iter()
            .map(|d| (d.primary.place.file.as_str(), d.primary.place.line, d.primary.place.column))
            .collect();
        assert_eq!(places, [("over-0.toml", 2, 13), ("over-0.toml", 3, 1)]);
        let syntax = load(&["[hardware\n"], &[]).expect_err("no TOML");
        assert_eq!(syntax.items[0].primary.place.file, "over-0.toml");
        let deep = format!("a = {}1{}", "[".repeat(500), "]".repeat(500));
        let deep = load(&[&deep], &[]).expect_err("too deep");
        assert_eq!(deep.items[0].primary.place.file, "over-0.toml");
        assert!(load(&["\u{0}"], &[]).is_err());
    }

    #[test]
    fn a_scalar_in_place_of_a_table_is_a_mistake() {
        assert!(load(&["clients = 3\n"], &[]).is_err());
        assert!(load(&["apiserver = \"x\"\n"], &[]).is_err());
    }
}
