//! Counts by the size of the cluster: `per = "node"` and the like, multiplied out.
//!
//! The effective scenario keeps what was written, so that the size can still be varied; whatever comes
//! after it sees totals.

use super::keys::Kind;
use super::keys::cluster::{Cluster, UNITS};
use super::reads;
use crate::language::table::read::per_of;
use crate::language::table::resolved::Slot;
use crate::language::table::typed::FromTable;
use crate::language::{Code, Finding, Log, Plain, Resolved, Span, Value, grouped, shown};

/// How large the cluster is, as far as the scenario says.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    nodes: Option<i64>,
    pods_per_node: Option<i64>,
    namespaces: Option<i64>,
    /// Where the table is.
    at: Option<Span>,
    /// Whether it has mistakes of its own.
    unsure: bool,
}

impl Size {
    fn of(root: &Resolved) -> Self {
        let Some(cluster) = root.table("cluster") else {
            return Self { unsure: root.is_bad("cluster"), ..Self::default() };
        };
        let at = Some(cluster.span);
        match Cluster::from_table(cluster) {
            Some(Cluster { nodes, pods_per_node, namespaces }) => {
                Self { nodes, pods_per_node, namespaces, at, unsure: false }
            }
            None => Self { at, unsure: true, ..Self::default() },
        }
    }

    /// How many there are of a unit; else the key that would say so.
    fn total(&self, unit: &str) -> Result<i64, &'static str> {
        let nodes = self.nodes.ok_or("nodes");
        match unit {
            "pod" => Ok(nodes?.saturating_mul(self.pods_per_node.ok_or("pods-per-node")?)),
            "namespace" => self.namespaces.ok_or("namespaces"),
            "cluster" => Ok(1),
            _ => nodes,
        }
    }
}

/// Replaces counts by totals, everywhere.
pub(super) fn scale(root: &mut Resolved, log: &mut Log) {
    let size = Size::of(root);
    let mut used = false;
    if let Some(Value::Named(tables)) = root.value_mut("objects") {
        for (name, _, table) in tables {
            used |= ["per", "writes-per"].iter().any(|key| table.given(key).is_some());
            for (key, done) in [("writes", "written"), ("gets", "read")] {
                multiply_rate(table, (key, done), name, size, log);
            }
            multiply(table, name, size, log);
        }
    }
    if let Some(Value::List(clients)) = root.value_mut("clients") {
        for client in clients {
            used |= client.given("per").is_some();
            let name = client.name().to_owned();
            multiply(client, &name, size, log);
            used |= client.given("idle-watches-per-pod").is_some();
            watches_of_pods(client, size, log);
            for kind in [reads::Kind::Reflector, reads::Kind::Lister] {
                reads::each_mut(client, kind, |read| {
                    used |= read.given("own-node").or(read.given("namespaced")).is_some();
                    one_namespace(read, size, log);
                    own_node(read, size, log);
                });
            }
        }
    }
    if let (Some(at), false) = (size.at, used) {
        let finding =
            Finding::new(Code::NoEffect, at, "nothing depends on the size of the cluster");
        let help = "add per = \"node\" to what exists once per node";
        log.push(finding.label("has no effect").help(help.to_owned()));
    }
}

/// How often objects of a resource are written or read.
fn multiply_rate(
    table: &mut Resolved,
    (key, done): (&str, &str),
    name: &str,
    size: Size,
    log: &mut Log,
) {
    let own = if table.given("writes-per").is_some() { "writes-per" } else { "per" };
    // The size of the cluster is asked for once.
    if key != "writes" && table.number(key) == Some(0.0) {
        return;
    }
    if let (Some(rate), Some((each, total))) = (table.number(key), factor(table, own, size, log)) {
        let all = rate * total as f64 / each as f64;
        let most = table.slot(key).map_or(f64::INFINITY, most);
        let sound = (all <= most).then_some(Plain::PerSecond(all));
        if sound.is_none() {
            let message = format!("`{}` must not be {done} more than {most}/s", shown(name));
            let finding = Finding::new(Code::OutOfBounds, table.at(key), message);
            log.push(finding.label(format!("this is {all:.0}/s")).related(size.at, "the cluster"));
        }
        table.replace(key, sound);
    }
}

/// The count of a resource or fleet.
fn multiply(table: &mut Resolved, name: &str, size: Size, log: &mut Log) {
    if let (Some(count), Some((each, total))) =
        (table.count::<i64>("count"), factor(table, "per", size, log))
    {
        let all = rounded_up(count, total, each);
        let most = table.slot("count").map_or(f64::INFINITY, most);
        let sound = i64::try_from(all).ok().filter(|all| *all as f64 <= most);
        if sound.is_none() {
            let most = grouped(most as i64);
            let message = format!("`{}` must not count more than {most}", shown(name));
            let by = table.text("per").unwrap_or_default();
            let label = format!("{count} per {by}, {} in total", shown(&all.to_string()));
            let finding = Finding::new(Code::OutOfBounds, table.at("count"), message).label(label);
            log.push(finding.related(size.at, "the size of the cluster"));
        }
        table.replace("count", sound.map(Plain::Integer));
    }
}

/// The idle watches of a member whose node has so many Pods.
fn watches_of_pods(client: &mut Resolved, size: Size, log: &mut Log) {
    let Some(each) = client.number("idle-watches-per-pod") else { return };
    let pods = size.pods_per_node.ok_or("pods-per-node");
    let (Some(pods), Some(idle)) = (
        known(pods, client, "idle-watches-per-pod", size, log),
        client.count::<i64>("idle-watches"),
    ) else {
        return;
    };
    let all = idle.saturating_add((each * pods as f64).round() as i64);
    let sound = client.slot("idle-watches").map_or(f64::INFINITY, most) >= all as f64;
    if !sound {
        let message = "more idle watches than a member may have";
        let finding = Finding::new(Code::OutOfBounds, client.at("idle-watches-per-pod"), message);
        log.push(finding.label(format!("{all} in total")).related(size.at, "the cluster"));
    }
    client.replace("idle-watches", sound.then_some(Plain::Integer(all)));
}

/// By how many each is counted, and how many there are; nothing, where that is said of neither.
fn factor(table: &Resolved, key: &str, size: Size, log: &mut Log) -> Option<(i64, i64)> {
    let (each, unit) = table.text(key).and_then(|text| per_of(text, &UNITS))?;
    known(size.total(unit), table, key, size, log).map(|total| (each, total))
}

/// A fleet of one for each hundred nodes has a member in the smallest cluster, too.
fn rounded_up(count: i64, total: i64, each: i64) -> i128 {
    let each = i128::from(each);
    (i128::from(count) * i128::from(total) + each - 1) / each
}

/// The greatest value of a key.
fn most(slot: &Slot) -> f64 {
    match slot.key.kind {
        Kind::Integer { max, .. } => max as f64,
        Kind::PerSecond { max } => max,
        _ => f64::INFINITY,
    }
}

/// One reader that asks for one namespace, of whose size nothing is said.
fn one_namespace(read: &mut Resolved, size: Size, log: &mut Log) {
    let said = read.flag("own-node") == Some(true) || read.given("selected").is_some();
    if read.flag("namespaced") != Some(true) || said || read.is_bad("selected") {
        return;
    }
    if let Some(all) = known(size.total("namespace"), read, "namespaced", size, log) {
        read.fill("selected", Plain::Percent(100.0 / all as f64));
    }
}

/// One reader that asks for what is on its own node.
fn own_node(read: &mut Resolved, size: Size, log: &mut Log) {
    if read.flag("own-node") != Some(true) {
        return;
    }
    if let Some(selected) = read.given("selected") {
        let message = "`own-node` and `selected` both say which objects are read";
        let finding = Finding::new(Code::OneOf, selected, message).label("one too many");
        log.push(finding.related(read.given("own-node"), "the other is here"));
        return;
    }
    if let Some(nodes) = known(size.total("node"), read, "own-node", size, log) {
        read.fill("selected", Plain::Percent(100.0 / nodes as f64));
    }
}

/// A total, or the mistake that it is not known.
fn known(
    total: Result<i64, &'static str>,
    table: &Resolved,
    key: &str,
    size: Size,
    log: &mut Log,
) -> Option<i64> {
    let missing = match total {
        Ok(total) => return Some(total),
        Err(missing) => missing,
    };
    if !size.unsure {
        let message = format!("`{key}` needs `cluster.{missing}`");
        let finding = Finding::new(Code::NeedsCluster, table.at(key), message);
        let finding = finding.label("the number is not known");
        log.push(finding.help(format!("add {missing} to [cluster]")));
    }
    None
}
