//! Where a valid scenario says what is judged later, when more is known than its text: by those who
//! may run the model.

use super::reads::{self, Read};
use crate::language::text::source::Place;
use crate::language::{Log, Resolved};

/// Places of a valid scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anchors {
    /// What bounds the memory of a server: its limit, else the node's memory.
    pub memory: Place,
    /// What sets `memory.high`, else the same.
    pub high: Place,
    /// etcd's quota, else the resource of which most is stored.
    pub stored: Place,
    /// `[sweep]`, if there is one: what it varies.
    pub sweep: Option<Place>,
    /// How each fleet reads; `None` for fleets that only watch.
    pub reads: Vec<Option<ReadAnchor>>,
}

/// Where a fleet says how it reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadAnchor {
    /// The `resourceVersion`, else the reflector or lister as a whole.
    pub at: Place,
    /// Whether the text itself says what decides who answers: the `resourceVersion`, or that the
    /// resource has no watch cache.
    pub stated: bool,
}

/// The places of a tree without mistakes.
pub(super) fn of(root: &Resolved, log: &Log) -> Anchors {
    let limit = root.table("apiserver").and_then(|table| table.given("memory-limit"));
    let node = root.table("node").and_then(|table| table.given("memory"));
    let memory = limit.or(node).unwrap_or_else(|| root.at("apiserver"));
    let sweep = root.table("sweep").map(|table| table.at("vary"));
    let high = ["memory-high", "memory-throttling-factor"];
    let high = root
        .table("apiserver")
        .and_then(|table| high.iter().find_map(|key| table.given(key)))
        .unwrap_or(memory);
    let quota = root.table("etcd").and_then(|table| table.given("quota"));
    let most = root.named("objects").iter().max_by_key(|(.., table)| {
        let (count, size) = (table.count("count"), table.size("size"));
        size.unwrap_or_default().times(count.unwrap_or_default())
    });
    let most = most.map_or_else(|| root.at("objects"), |(.., table)| table.at("count"));
    Anchors {
        memory: log.sources.place(memory),
        high: log.sources.place(high),
        stored: log.sources.place(quota.unwrap_or(most)),
        sweep: sweep.map(|at| log.sources.place(at)),
        reads: root
            .list("clients")
            .iter()
            .flat_map(reads::of)
            .map(|r| read(root, &r, log))
            .collect(),
    }
}

fn read(root: &Resolved, read: &Read, log: &Log) -> Option<ReadAnchor> {
    let read = Some(read).filter(|read| read.kind != reads::Kind::Watcher)?.table;
    let version = read.given("resource-version");
    let resource = read.text("resource");
    let mut objects = root.named("objects").iter();
    let resource = objects.find(|(name, _, _)| Some(name.as_str()) == resource);
    let no_cache = resource.is_some_and(|(_, _, table)| table.given("watch-cache").is_some());
    let at = log.sources.place(version.unwrap_or(read.span));
    Some(ReadAnchor { at, stated: version.is_some() || no_cache })
}
