//! Rules over events: their times, whom they move, and what was published of their phases.

use std::collections::BTreeSet;

use super::derive::Names;
use super::keys::{Family, Kind};
use crate::language::table::read::scalar;
use crate::language::table::resolved::{Plain, Resolved, Value};
use crate::language::tell::code::Code;
use crate::language::tell::diagnostic::{Finding, Log, shown};
use crate::language::text::source::Span;
use crate::language::text::tree::{Item, Node};
use crate::units::{Bytes, SimSpan};

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
            let message = format!("the event comes when the run of {duration} has ended");
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
        for action in ["partition", "rollout"] {
            let moved = event.table(action);
            if let Some((fleet, inner)) =
                moved.and_then(|inner| Some((fleet(root, names, inner)?, inner)))
            {
                members(root, fleet, inner, log);
            }
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
        let name = shown(fleet.text("name").unwrap_or(""));
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
    for action in ["kill", "partition", "lag"] {
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
        let message = "the kubelet restarts a process that ended, however long that takes";
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
        let name = shown(fleet.text("name").unwrap_or(""));
        let message = format!("`{name}` is running from the start: nothing is left to start");
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
            let name = shown(fleet.text("name").unwrap_or(""));
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

/// Reads the published figures as their metrics demand.
pub(super) fn figures(root: &mut Resolved, log: &mut Log) {
    if let Some(Value::List(tables)) = root.value_mut("published") {
        for table in tables {
            figure(table, log);
        }
    }
}

fn figure(table: &mut Resolved, log: &mut Log) {
    let Some(metric) = table.text("metric").map(str::to_owned) else {
        return;
    };
    let kind = match metric.as_str() {
        "oom" => Kind::Flag,
        "duration" => Kind::Span { min: SimSpan::ZERO, max: SimSpan(u64::MAX) },
        _ => Kind::Size { min: Bytes::ZERO, max: Bytes(u64::MAX), limit: false },
    };
    for key in ["value", "at-least", "at-most"] {
        let Some(written) = table.plain(key).cloned() else {
            continue;
        };
        match read(&kind, written) {
            Ok(plain) => table.replace(key, Some(plain)),
            Err(label) => {
                let message = format!("`{key}` of \"{metric}\" must be {}", kind.expected());
                log.push(Finding::new(Code::BadFigure, table.at(key), message).label(label));
                table.replace(key, None);
            }
        }
    }
    claim(table, &metric, log);
}

/// Reads a figure again, now that its kind is known.
fn read(kind: &Kind, written: Plain) -> Result<Plain, String> {
    let item = match written {
        Plain::Flag(flag) => Item::Flag(flag),
        // `--set` leaves quotes out, so that `true` may arrive as text.
        Plain::Text(text) if matches!(kind, Kind::Flag) => match text.as_str() {
            "true" => Item::Flag(true),
            "false" => Item::Flag(false),
            _ => Item::Text(text),
        },
        Plain::Text(text) => Item::Text(text),
        _ => Item::Datetime,
    };
    let node = Node { span: Span::default(), item, raw: None };
    scalar(kind, &node).map_err(|problem| problem.label)
}

/// A figure is a value or has bounds.
fn claim(table: &Resolved, metric: &str, log: &mut Log) {
    let given = |key| table.slot(key).is_some_and(|s| s.given.is_some()) || table.is_bad(key);
    let bounds = ["at-least", "at-most"];
    let mut wrong = |at: Span, message: String, label: &str| {
        log.push(Finding::new(Code::BadFigure, at, message).label(label));
    };
    let bound = bounds.into_iter().find(|key| given(key));
    match (given("value"), bound) {
        (true, Some(bound)) => {
            let message =
                format!("a figure has a `value` or bounds, not both `value` and `{bound}`");
            wrong(table.at(bound), message, "one too many");
        }
        (false, Some(bound)) if metric == "oom" => {
            let message = format!("\"oom\" takes `value`, not `{bound}`");
            wrong(table.at(bound), message, "true or false have no bounds");
        }
        (false, None) => {
            let label = "needs `value`, `at-least` or `at-most`";
            wrong(table.span, "a published figure has no figure".to_owned(), label);
        }
        _ => {}
    }
    let sizes = (table.size("at-least"), table.size("at-most"));
    let spans = (table.span_of("at-least"), table.span_of("at-most"));
    if matches!(sizes, (Some(low), Some(high)) if low > high)
        || matches!(spans, (Some(low), Some(high)) if low > high)
    {
        let message = "`at-least` lies above `at-most`".to_owned();
        wrong(table.at("at-least"), message, "no figure is between them");
    }
}

/// Sorts events as the model takes them: by time, those of the same time as written.
pub(super) fn sort(root: &mut Resolved) {
    if let Some(Value::List(events)) = root.value_mut("events") {
        events.sort_by_key(|event| event.span_of("at"));
    }
}
