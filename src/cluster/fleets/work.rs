//! What a client does: the kinds of its requests as reads and writes of a member.

use std::collections::BTreeMap;

use super::members::{by_node, of_one_object};
use super::{Cluster, Read, ReadKind, Selected, Write, plural_group};
use crate::cluster::audit::{Client, Kind, Target, Verb, VersionAsked};
use crate::units::SimSpan;

/// Lists of one instance from which on they come again and again.
const LEAST_ROUNDS: u64 = 3;
/// What users of programs begin with.
const ACCOUNT: &str = "system:serviceaccount:";
/// The share of a namespace of which nothing is known (assumed).
const NAMESPACE_SHARE: f64 = 0.1;

/// What a client does, of which a part of its members does.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Work {
    pub(super) reads: Vec<Read>,
    /// Reads that only some of the members do, by how many.
    pub(super) reads_of_some: BTreeMap<u64, Vec<Read>>,
    pub(super) writes: Vec<Write>,
    /// Watches per member that are no reads.
    pub(super) idle_watches: u64,
    /// Lists and writes that happened once.
    pub(super) once: u64,
}

impl Work {
    /// Whether nothing of it goes on.
    pub(super) fn is_over(&self) -> bool {
        self.reads.is_empty()
            && self.reads_of_some.is_empty()
            && self.writes.is_empty()
            && self.idle_watches == 0
    }
}

/// What a client of so many members does, in a log that lasts so long.
pub(super) fn work(client: &Client, members: u64, span: SimSpan, cluster: &Cluster<'_>) -> Work {
    let mut work = Work::default();
    let mut idle = 0.0;
    for kind in of_verb(client, Verb::Watch) {
        let per_member = kind.open as f64 / members as f64;
        if of_one_object(kind) && own_node(kind, client) != Some(Selected::OwnNode) {
            idle += per_member;
            continue;
        }
        let read = reflector(client, kind, per_member, cluster);
        if per_member < 0.5 {
            if kind.open > 0 {
                work.reads_of_some.entry(kind.open).or_default().push(read);
            }
            continue;
        }
        let further = (per_member.round() - 1.0).max(0.0);
        if matches!(read.selected, Selected::All) && (1.0..=8.0).contains(&further) {
            work.reads.extend(std::iter::repeat_n(read.clone(), further as usize));
        } else {
            idle += further;
        }
        work.reads.push(read);
    }
    work.idle_watches = idle.round() as u64;
    for kind in of_verb(client, Verb::List) {
        let watches = of_verb(client, Verb::Watch).find(|watch| same(&watch.target, &kind.target));
        let renewed = watches.map_or(0, |watch| watch.count.max(watch.open));
        match poller(client, kind, renewed, span, cluster) {
            Some((by, read)) if by * 2 < members => {
                work.reads_of_some.entry(by).or_default().push(read);
            }
            Some((_, read)) => work.reads.push(read),
            None => work.once += if watches.is_some() { 0 } else { kind.count },
        }
    }
    let (writes, once) = writes(client, members, span);
    work.writes = writes;
    work.once += once;
    work
}

fn of_verb(client: &Client, verb: Verb) -> impl Iterator<Item = &Kind> {
    client.kinds.iter().filter(move |kind| kind.verb == Some(verb))
}

fn same(one: &Target, other: &Target) -> bool {
    one == other
}

/// A watch as the reflector that it belongs to, with the list that went before it.
fn reflector(client: &Client, watch: &Kind, per_member: f64, cluster: &Cluster<'_>) -> Read {
    // client-go lists with resourceVersion=0 first; what comes without one are lists again.
    let list = of_verb(client, Verb::List)
        .filter(|list| same(&list.target, &watch.target))
        .max_by_key(|list| (list.version == VersionAsked::Any, list.count));
    let watch_list = watch.watch_lists * 2 > watch.count.min(watch.instances);
    let mut read = read(client, watch, per_member, cluster);
    read.kind = if watch_list { ReadKind::WatchList } else { ReadKind::Reflector };
    read.limit = list.map_or(Some(500), |list| list.limit);
    read.resource_version = version(list.map_or(VersionAsked::Any, |list| list.version));
    read.list_seen = list.is_some() || watch_list;
    read
}

fn version(asked: VersionAsked) -> String {
    match asked {
        VersionAsked::Any => "0".to_owned(),
        VersionAsked::Newest | VersionAsked::NotOlderThan | VersionAsked::Exact => String::new(),
    }
}

/// What is common to all reads.
fn read(client: &Client, kind: &Kind, per_member: f64, cluster: &Cluster<'_>) -> Read {
    let one_namespace = kind.target.namespaced && kind.namespaces <= 1;
    let resource = plural_group(&kind.target.resource, &kind.target.group);
    let known = cluster.shares.filter(|_| one_namespace);
    let known = known.and_then(|all| all.get(&(resource.clone(), kind.namespace.clone())));
    let own_node = own_node(kind, client);
    let share_assumed = own_node.is_none() && kind.target.namespaced && known.is_none();
    let selected = own_node.unwrap_or_else(|| {
        if let Some(share) = known {
            Selected::Share(*share)
        } else if kind.target.namespaced {
            let one = cluster.namespaces.map_or(NAMESPACE_SHARE, |all| 1.0 / all.max(1) as f64);
            let each = if one_namespace { 1.0 } else { per_member.max(1.0) };
            Selected::Share((one * each).min(1.0))
        } else {
            Selected::All
        }
    });
    Read {
        resource,
        kind: ReadKind::Reflector,
        selected,
        share_assumed,
        selector: kind.selector.clone(),
        namespace: one_namespace.then(|| kind.namespace.clone()),
        limit: kind.limit,
        resource_version: version(kind.version),
        list_seen: true,
    }
}

/// Whether it reads what belongs to the node that its member is on: Pods by `spec.nodeName`, the Node by
/// its name. A client with one selector for one node's name is such a member also.
fn own_node(kind: &Kind, client: &Client) -> Option<Selected> {
    let many = client.instances_at_once.max(kind.open).max(1);
    let own_name = kind.target.resource == "nodes"
        && kind.target.group.is_empty()
        && of_one_object(kind)
        && kind.selectors * 2 >= many;
    (by_node(kind) || own_name).then_some(Selected::OwnNode)
}

/// A list as a poller, and how many instances do it; `None` if it does not come again and again.
fn poller(
    client: &Client,
    list: &Kind,
    renewed: u64,
    span: SimSpan,
    cluster: &Cluster<'_>,
) -> Option<(u64, Read)> {
    // Behind one address, nodes are told apart by what is asked for.
    let instances = list.instances.max(1);
    let spread = if by_node(list) { (list.selectors / instances).max(1) } else { 1 };
    let by = alive(client, list) * spread;
    let rounds = list.count / (instances * spread);
    // A reflector lists again when its version is too old: that is none.
    let few = if list.period.is_some() { LEAST_ROUNDS + 1 } else { 4 * LEAST_ROUNDS };
    if renewed > 0 && (rounds < few || list.count < 3 * renewed) {
        return None;
    }
    let lasts = list.last.since(list.first);
    let gap = list.period.or(list.mean_gap).map(|gap| SimSpan(gap.0.saturating_mul(spread)));
    let (by, period) = match gap {
        Some(period) if rounds >= LEAST_ROUNDS => (by, period),
        // A program that has had the time for no more; a person lists twice by chance.
        Some(period)
            if rounds == 2 && period.0 >= span.0 / 4 && client.user.starts_with(ACCOUNT) =>
        {
            (by, period)
        }
        // Instances that list once, such as Pods of a CronJob: as one that comes again.
        _ if list.count > LEAST_ROUNDS && lasts.0 >= span.0 / 2 => {
            (1, SimSpan(lasts.0 / (list.count - 1)))
        }
        _ => return None,
    };
    let mut read = read(client, list, 1.0, cluster);
    read.kind = ReadKind::Poller(period);
    Some((by, read))
}

/// How many instances that do something live at once.
fn alive(client: &Client, kind: &Kind) -> u64 {
    let share = client.instances_at_once as f64 / client.instances.max(1) as f64;
    ((kind.instances as f64 * share).round() as u64).max(1)
}

/// What a member writes, and how many writes were no steady ones.
fn writes(client: &Client, members: u64, span: SimSpan) -> (Vec<Write>, u64) {
    let mut rates: BTreeMap<String, f64> = BTreeMap::new();
    let mut once = 0;
    for kind in client.kinds.iter().filter(|kind| kind.verb.is_some_and(Verb::writes)) {
        match rate(client, kind, span) {
            Some(rate) => {
                let resource = plural_group(&kind.target.resource, &kind.target.group);
                *rates.entry(resource).or_default() += rate;
                once += kind.burst;
            }
            None => once += kind.count,
        }
    }
    let per_member =
        |(resource, rate): (String, f64)| Write { resource, rate: rate / members as f64 };
    (rates.into_iter().map(per_member).collect(), once)
}

/// Steady writes per second of all members; `None` if there are none.
fn rate(client: &Client, kind: &Kind, span: SimSpan) -> Option<f64> {
    let life = client.last.since(client.first);
    let steady = kind.count - kind.burst;
    // A job that has come and gone.
    let gone = life.0 < span.0 / 8 && kind.count > LEAST_ROUNDS;
    if steady == 0 || gone {
        return None;
    }
    if kind.burst > 0 {
        return (steady > LEAST_ROUNDS && kind.steady_for.0 > 0)
            .then(|| steady as f64 / kind.steady_for.as_secs_f64());
    }
    if let Some(gap) = kind.period.or(kind.mean_gap).filter(|gap| gap.0 > 0)
        && kind.count > kind.instances
    {
        // Instances that wrote once only have no gap: they count with the others.
        let again = kind.count as f64 / kind.instances.max(1) as f64;
        if again >= 2.0 {
            return Some(alive(client, kind) as f64 / gap.as_secs_f64());
        }
    }
    let lasts = kind.last.since(kind.first);
    (kind.count > LEAST_ROUNDS && lasts.0 >= span.0 / 2)
        .then(|| (kind.count - 1) as f64 / lasts.as_secs_f64())
}
