//! Rules over events: their times, and whom they move.

use std::collections::BTreeSet;

use super::derive::Names;
use super::keys::Family;
use crate::language::{Code, Finding, Log, Resolved, Value, shown};
use crate::units::Sort as _;

/// Checks the events, which are sorted by time.
pub(super) fn check(root: &Resolved, names: &Names, log: &mut Log) {
    let duration = root.table("run").and_then(|run| run.span_of("duration"));
    let mut started = BTreeSet::new();
    let mut stopped = BTreeSet::new();
    let mut unsure = root.is_bad("events");
    for event in root.list("events") {
        if let (Some(at), Some(duration)) = (event.span_of("at"), duration)
            && at >= duration
        {
            let message = format!("the event is at or after the end of the run ({duration})");
            let finding = Finding::new(Code::AfterTheEnd, event.at("at"), message);
            log.push(finding.label("too late"));
        }
        server(root, event, log);
        if let Some(inner) = event.table("kill") {
            node_comes_back(inner, log);
        }
        if let Some(inner) = event.table("partition") {
            whole_server(inner, log);
        }
        let cut_off = event.table("partition");
        if let Some((fleet, inner)) = cut_off.and_then(|i| Some((fleet(root, names, i)?, i))) {
            members(root, fleet, inner, log);
        }
        for action in ["start", "stop", "restart"] {
            let Some(inner) = event.table(action) else {
                unsure |= event.is_bad(action);
                continue;
            };
            let Some(fleet) = fleet(root, names, inner) else {
                unsure = true;
                continue;
            };
            members(root, fleet, inner, log);
            if action == "stop" {
                stopped.insert(fleet);
            } else {
                if action == "start" && !started.contains(&fleet) && !stopped.contains(&fleet) {
                    already_running(root, fleet, inner, log);
                }
                started.insert(fleet);
            }
        }
    }
    if !unsure {
        never_started(root, &started, log);
    }
}

/// Index of the fleet that an action moves.
fn fleet(root: &Resolved, names: &Names, action: &Resolved) -> Option<usize> {
    let index = names.index(Family::Client, action.text("client")?)?;
    (index < root.list("clients").len()).then_some(index)
}

/// An action cannot move more members than there are.
fn members(root: &Resolved, fleet: usize, action: &Resolved, log: &mut Log) {
    let Some(fleet) = root.list("clients").get(fleet) else {
        return;
    };
    let (moved, there) = (action.count::<u64>("count"), fleet.count::<u64>("count"));
    if let (Some(moved), Some(there)) = (moved, there)
        && moved > there
    {
        let name = shown(fleet.name());
        let message = format!("`{name}` has {there} members, not {moved}");
        log.push(
            Finding::new(Code::MoreThanMembers, action.at("count"), message)
                .label("more than there are")
                .related(fleet.given("count"), "its members"),
        );
    }
}

/// Servers are counted from 0.
fn server(root: &Resolved, event: &Resolved, log: &mut Log) {
    let replicas = root.table("apiserver").and_then(|a| a.count::<u16>("replicas"));
    for action in ["kill", "partition", "lag", "defragment"] {
        let Some(inner) = event.table(action) else {
            continue;
        };
        if let (Some(index), Some(replicas)) = (inner.count::<u16>("apiserver"), replicas)
            && index >= replicas
        {
            let message = format!("there is no apiserver {index}");
            let help = format!("they are counted from 0 to {}", replicas.saturating_sub(1));
            let finding = Finding::new(Code::NoSuchServer, inner.at("apiserver"), message);
            log.push(finding.label("no such server").help(help));
        }
    }
}

/// A server is cut off whole.
fn whole_server(partition: &Resolved, log: &mut Log) {
    if partition.given("count").is_some() && partition.given("apiserver").is_some() {
        let message = "an apiserver is cut off from all its clients";
        log.push(
            Finding::new(Code::NoEffect, partition.at("count"), message)
                .label("has no effect")
                .related(partition.given("apiserver"), "this cuts a server off")
                .help("name the fleet with `client` instead of `apiserver`".to_owned()),
        );
    }
}

/// Only a node that was lost comes back.
fn node_comes_back(kill: &Resolved, log: &mut Log) {
    if kill.given("lasts").is_some() && kill.text("manner") != Some("node") {
        let message = "the kubelet restarts a process that ended; only a lost node stays away";
        log.push(
            Finding::new(Code::NoEffect, kill.at("lasts"), message)
                .label("has no effect")
                .help("add manner = \"node\", or leave it out".to_owned()),
        );
    }
}

fn already_running(root: &Resolved, fleet: usize, action: &Resolved, log: &mut Log) {
    let Some(fleet) = root.list("clients").get(fleet) else {
        return;
    };
    if fleet.text("start") == Some("running") {
        let name = shown(fleet.name());
        let message = format!("`{name}` is already running: there is nothing to start");
        log.push(
            Finding::new(Code::NoEffect, action.at("client"), message)
                .label("has no effect")
                .related(Some(fleet.at("name")), "runs already")
                .help("add start = \"stopped\" to the client".to_owned()),
        );
    }
}

fn never_started(root: &Resolved, started: &BTreeSet<usize>, log: &mut Log) {
    let joined: Vec<&str> = root
        .list("workloads")
        .iter()
        .filter_map(|workload| workload.texts("joins"))
        .flat_map(|names| names.iter().map(|(name, _)| name.as_str()))
        .collect();
    for (i, fleet) in root.list("clients").iter().enumerate() {
        let joins = fleet.text("name").is_some_and(|name| joined.contains(&name));
        if fleet.text("start") == Some("stopped") && !started.contains(&i) && !joins {
            let name = shown(fleet.name());
            log.push(
                Finding::new(
                    Code::NeverStarts,
                    fleet.at("start"),
                    format!("no event starts `{name}`"),
                )
                .label("stays stopped for the whole run"),
            );
        }
    }
}

/// Sorts events as the model takes them: by time, those of the same time as written.
pub(super) fn sort(root: &mut Resolved) {
    if let Some(Value::List(events)) = root.value_mut("events") {
        events.order_by_key(|event| event.span_of("at"));
    }
}
