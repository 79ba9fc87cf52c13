//! Defaults that follow from other keys, references between tables, and figures by metric.

use std::collections::BTreeMap;

use super::builtin;
use super::identity;
use super::keys::{Family, Kind, NameForm};
use super::reads;
use super::release::{client_of, release_of};
use crate::language::table::walk::is_reference;
use crate::language::{
    Code, Finding, Log, Plain, Resolved, Span, State, Value, check_name, nearest, shown,
};
use crate::model::input::{FleetId, Id, ResourceId};
use crate::units::SimSpan;

/// Whether a shape is a custom resource's.
pub(super) fn is_custom(shape: &str) -> bool {
    shape.starts_with("custom")
}

/// Fills what follows from other keys.
pub(super) fn defaults(root: &mut Resolved, log: &mut Log) {
    if let Some(Value::Named(tables)) = root.value_mut("objects") {
        for (name, at, table) in tables {
            resource(name, *at, table, log);
        }
    }
    let shapes: BTreeMap<String, String> = root
        .named("objects")
        .iter()
        .filter_map(|(name, _, table)| Some((name.clone(), table.text("shape")?.to_owned())))
        .collect();
    let release = release_of(root);
    let streams = release.as_ref().is_some_and(|r| r.watch_list);
    let servers_clients = release.as_ref().is_some_and(|r| r.watch_list_client);
    if let Some(Value::List(clients)) = root.value_mut("clients") {
        for client in clients {
            identity::defaults(client, log);
            if client.given("connection").is_some() {
                // They are those of the other fleet.
                for key in ["connections", "heartbeats"] {
                    if client.given(key).is_none() {
                        client.take(key);
                    }
                }
            }
            let own = client_of(client);
            let watch_list = own.as_ref().map_or(servers_clients, |client| client.watch_list);
            let bookmarks = own.is_none_or(|client| client.bookmarks);
            reads::each_mut(client, reads::Kind::Lister, |read| read_defaults(read, &shapes, log));
            reads::each_mut(client, reads::Kind::Reflector, |read| {
                read_defaults(read, &shapes, log);
                read.fill("watch-list", Plain::Flag(streams && watch_list));
                read.fill("bookmarks", Plain::Flag(bookmarks));
            });
        }
    }
}

/// Whether a resource may have the name; that it may not is reported already.
fn is_plural(name: &str) -> bool {
    check_name(name, NameForm::Plural).is_ok()
}

fn resource(name: &str, at: Span, table: &mut Resolved, log: &mut Log) {
    if let Some(shape) = builtin::shape_of(name) {
        table.fill("shape", Plain::Text(shape.to_owned()));
    } else if matches!(table.slot("shape").map(|s| &s.state), Some(State::Absent))
        && is_plural(name)
    {
        let message =
            format!("`{}` is not a built-in resource: its shape must be stated", shown(name));
        let mut finding = Finding::new(Code::ShapeNeeded, at, message).label("`shape` is missing");
        let near = nearest(name, builtin::plurals());
        finding = finding.help(match near {
            Some(near) => format!("if `{near}` was meant, write so; else add shape = \"custom\""),
            None => "add shape = \"custom\", or \"custom-blob\" if one string dominates".to_owned(),
        });
        log.push(finding);
    }
    table.fill("group", Plain::Text(builtin::group_of(name).to_owned()));
    identity::writer(name, builtin::is_known(name), table, log);
    table.fill("watch-cache", Plain::Flag(name != "events"));
}

fn read_defaults(read: &mut Resolved, shapes: &BTreeMap<String, String>, log: &mut Log) {
    let shape = read.text("resource").and_then(|name| shapes.get(name));
    if let Some(shape) = shape {
        let custom = is_custom(shape);
        if custom && read.text("encoding") == Some("protobuf") {
            log.push(
                Finding::new(
                    Code::ProtobufCustom,
                    read.at("encoding"),
                    "custom resources have no protobuf encoding",
                )
                .label("the apiserver would answer in JSON")
                .help("write encoding = \"json\", or leave it out".to_owned()),
            );
        }
        let encoding = if custom { "json" } else { "protobuf" };
        read.fill("encoding", Plain::Text(encoding.to_owned()));
    }
    if read.flag("own-node") == Some(true) {
        read.fill("selector", Plain::Flag(true));
        if read.given("selected").is_none() {
            // What share that is follows from the size of the cluster.
            read.take("selected");
        }
    }
    if read.flag("namespaced") == Some(true) {
        read.fill("selector", Plain::Flag(false));
        if read.given("selected").is_none() && read.flag("own-node") != Some(true) {
            read.take("selected");
        }
    }
    if let Some(selected) = read.number("selected") {
        read.fill("selector", Plain::Flag(selected < 1.0));
    }
}

/// The names that references may name.
pub(super) struct Names {
    resources: Known,
    clients: Known,
    phases: Known,
    /// The first fleet of each client.
    fleets: Vec<FleetId>,
}

/// The names of one family with their indices; `None` while some are unknown.
struct Known {
    index: BTreeMap<String, usize>,
    whole: bool,
}

impl Names {
    /// The index of a name, if it is there.
    pub(super) fn index(&self, family: Family, name: &str) -> Option<usize> {
        self.of(family).index.get(name).copied()
    }

    /// The first fleet of a client, if it is there.
    pub(super) fn fleet(&self, name: &str) -> Option<FleetId> {
        self.fleets.get(self.index(Family::Client, name)?).copied()
    }

    /// The resource of a name, if it is there.
    pub(super) fn resource(&self, name: &str) -> Option<ResourceId> {
        self.index(Family::Resource, name).map(ResourceId::at)
    }

    fn of(&self, family: Family) -> &Known {
        match family {
            Family::Resource => &self.resources,
            Family::Client => &self.clients,
            Family::Phase => &self.phases,
        }
    }
}

/// Collects the names, and reports those that occur twice.
pub(super) fn names(root: &Resolved, complete: bool, log: &mut Log) -> Names {
    let objects = root.named("objects").iter().enumerate();
    let resources = Known {
        index: objects.map(|(i, (name, _, _))| (name.clone(), i)).collect(),
        whole: complete
            && !root.is_bad("objects")
            && root.named("objects").iter().all(|(name, _, _)| is_plural(name)),
    };
    let mut phases = listed(root, "events", "events", complete, log);
    for workload in root.list("workloads") {
        // One that begins with the run opens no phase.
        let later = workload.span_of("at").is_none_or(|at| at > SimSpan::ZERO);
        if let Some(name) = workload.text("name").filter(|_| later) {
            let next = phases.index.len();
            phases.index.entry(name.to_owned()).or_insert(next);
        }
    }
    let before = |next: &mut usize, client: &Resolved| {
        let first = *next;
        *next += reads::of(client).count();
        Some(FleetId::at(first))
    };
    Names {
        fleets: root.list("clients").iter().scan(0, before).collect(),
        resources,
        clients: listed(root, "clients", "clients", complete, log),
        phases,
    }
}

fn listed(root: &Resolved, key: &str, plural: &str, complete: bool, log: &mut Log) -> Known {
    let mut first: BTreeMap<&str, (usize, Span)> = BTreeMap::new();
    let mut whole = complete && !root.is_bad(key);
    for (i, table) in root.list(key).iter().enumerate() {
        let at = table.at("name");
        match table.text("name") {
            None => whole = false,
            Some(name) => match first.get(name) {
                None => {
                    first.insert(name, (i, at));
                }
                Some((_, before)) => {
                    let message = format!("two {plural} are named `{}`", shown(name));
                    log.push(
                        Finding::new(Code::DuplicateName, at, message)
                            .label("the second")
                            .related(Some(*before), "the first"),
                    );
                }
            },
        }
    }
    let names = first.into_iter();
    Known { index: names.map(|(name, (i, _))| (name.to_owned(), i)).collect(), whole }
}

/// Reports references to what is not there, wherever they stand.
pub(super) fn references(table: &Resolved, names: &Names, log: &mut Log) {
    for slot in &table.slots {
        let State::Set(value) = &slot.state else {
            continue;
        };
        match (slot.key.kind, value) {
            (Kind::Refer(family), Value::Plain(plain)) => {
                let known = names.of(family);
                if let Some(name) = is_reference(plain).filter(|n| !known.index.contains_key(*n))
                    && known.whole
                {
                    let at = slot.given.unwrap_or(table.span);
                    unknown(family, name, at, known, log);
                } else if is_reference(plain).is_none() && family != Family::Phase {
                    let at = slot.given.unwrap_or(table.span);
                    unknown(family, "", at, known, log);
                }
            }
            (_, Value::Table(inner)) => references(inner, names, log),
            (_, Value::List(tables)) => {
                for inner in tables {
                    references(inner, names, log);
                }
            }
            (_, Value::Named(tables)) => {
                for (_, _, inner) in tables {
                    references(inner, names, log);
                }
            }
            _ => {}
        }
    }
}

fn unknown(family: Family, name: &str, at: Span, known: &Known, log: &mut Log) {
    let noun = family.noun();
    let message = format!("there is no {noun} named `{}`", shown(name));
    let finding = Finding::new(Code::UnknownReference, at, message).label("not found");
    if log.is_full() {
        log.push(finding);
        return;
    }
    let near = nearest(name, known.index.keys().map(String::as_str));
    let some: Vec<String> = known.index.keys().take(5).map(|name| shown(name)).collect();
    log.push(finding.help(match near {
        Some(near) => format!("did you mean \"{}\"?", shown(near)),
        None if some.is_empty() => match family {
            Family::Resource => "add it: [objects.NAME] with count and size".to_owned(),
            _ => format!("the scenario has no {noun}s"),
        },
        None => format!("the {noun}s are: {}", some.join(", ")),
    }));
}
