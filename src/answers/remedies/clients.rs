//! Remedies on the side of clients: how they read, and when they start.

use std::cell::Cell;

use toml::{Table, Value};

use super::case::{Case, How, Read};
use super::fairness::is_custom;
use super::{Built, all, set};
use crate::model::input::{Action, EventInput, FleetId};
use crate::units::{SimSpan, SimTime, parse_span};

/// What a run lasts after the last start.
const AFTER: SimSpan = SimSpan::secs(5 * 60);

type Result = std::result::Result<Built, &'static str>;

fn built(overlay: Option<Table>, otherwise: &'static str) -> Result {
    overlay.map(Built::plain).ok_or(otherwise)
}

/// The initial list as a stream, on both sides.
pub(super) fn watch_list(case: &Case<'_>, _: f64) -> Result {
    let streams = |read: &Read| {
        let can = read.how == How::Reflector && read.heavy && !read.flag("watch-list");
        can.then(|| set("watch-list", true))
    };
    let changed = case
        .change_reads(streams)
        .ok_or("no reflector that holds the peak lists: they stream already, or are listers")?;
    let gate =
        (!case.inputs().release.watch_list).then(|| set("apiserver.feature-gates.WatchList", true));
    Ok(Built::plain(all([changed].into_iter().chain(gate))))
}

pub(super) fn protobuf(case: &Case<'_>, _: f64) -> Result {
    let built_in = |name: &str| {
        let found = case.inputs().resources.iter().find(|resource| resource.name == name);
        found.is_some_and(|found| !is_custom(found))
    };
    let change = |read: &Read| {
        let json = read.heavy && read.text("encoding") == "json" && built_in(read.resource());
        json.then(|| set("encoding", "protobuf"))
    };
    built(case.change_reads(change), "no client that holds the peak reads built-in objects as JSON")
}

pub(super) fn from_cache(case: &Case<'_>, _: f64) -> Result {
    let latest = |read: &Read| read.keys_has("resource-version", "");
    let change = |read: &Read| latest(read).then(|| set("resource-version", "0"));
    built(
        case.change_reads(change),
        "no client asks for the latest version: lists are from the cache",
    )
}

pub(super) fn pages(case: &Case<'_>, _: f64) -> Result {
    const PAGE: i64 = 500;
    let change = |read: &Read| {
        // A reflector pages by itself, unless it was given a limit of its own; version 0 is not paged.
        let whole = match (read.how, read.number("limit")) {
            (_, Some(limit)) => limit > PAGE,
            (How::Lister, None) => read.text("resource-version") != "0",
            (How::Reflector, None) => false,
        };
        whole.then(|| set("limit", PAGE))
    };
    built(case.change_reads(change), "no client reads whole lists that could be had in pages")
}

pub(super) fn own_node(case: &Case<'_>, _: f64) -> Result {
    /// Fleets of fewer members are not there once per node.
    const LEAST: u32 = 10;
    let change = |read: &Read| {
        let all = read.heavy
            && read.resource() == "pods"
            && read.members >= LEAST
            && read.text("selected") == "100%";
        all.then(|| set("selected", format!("{:.4}%", 100.0 / f64::from(read.members))))
    };
    built(case.change_reads(change), "no fleet that holds the peak reads all Pods")
}

pub(super) fn bookmarks(case: &Case<'_>, _: f64) -> Result {
    let change = |read: &Read| {
        let without = read.how == How::Reflector && read.keys_has_flag("bookmarks", false);
        without.then(|| set("bookmarks", true))
    };
    built(case.change_reads(change), "every reflector asks for bookmarks")
}

/// Client-go of 1.18: growing delays with jitter.
pub(super) fn back_off(case: &Case<'_>, _: f64) -> Result {
    let old = |client: &Table| {
        let version = client.get("client-version").and_then(Value::as_str)?;
        let minor: u8 = version.strip_prefix("1.")?.parse().ok()?;
        let flat = crate::model::release::ClientGo::of_minor(minor)?.flat_back_off;
        flat.then(|| set("client-version", "1.18"))
    };
    built(case.change("clients", old), "no client is older than client-go 1.18")
}

/// Starts and rollouts spread over this many seconds, within a run that lasts that long.
pub(super) fn paced(case: &Case<'_>, seconds: f64) -> Result {
    let over = SimSpan::from_secs_f64(seconds);
    let (ends, meets) = (Cell::new(case.inputs().duration), Cell::new(false));
    let slower = |event: &Table| {
        let start = event.get("start").and_then(Value::as_table).filter(|_| planned(case, event));
        if let Some(start) = start {
            let slower = span_of(start, "over").is_none_or(|now| now < over);
            return slower.then(|| (set("start.over", format!("{seconds:.0}s")), over));
        }
        let rollout = event.get("rollout").and_then(Value::as_table)?;
        let (fewer, takes) = fewer_at_once(case, rollout, over)?;
        Some((set("rollout.max-unavailable", fewer), takes))
    };
    let change = |event: &Table| {
        let (keys, takes) = slower(event)?;
        let name = event.get("name").and_then(Value::as_str)?;
        let typed = case.inputs().events.iter().find(|typed| typed.name == name)?;
        if meets_another(case, typed.at, takes) {
            meets.set(true);
            return None;
        }
        ends.set(ends.get().max(typed.at.since(SimTime::ZERO) + takes + AFTER));
        Some(keys)
    };
    let changed = case.change("events", change).ok_or(if meets.get() {
        "a later event would fall into the slower rollout, and meet fewer clients than as written"
    } else {
        "nothing is rolled out: nobody paces clients that restart or come back by themselves, such as \
         after the loss of a server"
    })?;
    let overlay = all([changed].into_iter().chain(longer(case, ends.get())));
    Ok(Built { overlay, dose: format!("over {over}"), ..Built::default() })
}

/// Whether something happens while clients start that meets all of them where they start faster: it
/// would look harmless only because it comes too early.
fn meets_another(case: &Case<'_>, start: SimTime, takes: SimSpan) -> bool {
    let harmless = |action: &Action| {
        matches!(action, Action::Mark | Action::Start { .. } | Action::Rollout { .. })
    };
    let within = |other: &EventInput| other.at > start && other.at <= start + takes;
    case.inputs().events.iter().any(|other| within(other) && !harmless(&other.action))
}

/// Starts of the clients that hold the peak spread by themselves, within a run that lasts that long.
pub(super) fn jitter(case: &Case<'_>, seconds: f64) -> Result {
    let over = SimSpan::from_secs_f64(seconds);
    let (ends, meets) = (Cell::new(case.inputs().duration), Cell::new(false));
    let change = |client: &Table| {
        let name = client.get("name").and_then(Value::as_str)?;
        if !case.heavy.iter().any(|(heavy, ..)| heavy == name) {
            return None;
        }
        let inputs = case.inputs();
        let mut ids = inputs.fleet_ids();
        let id =
            ids.find(|id| inputs.fleets[*id].name == name && inputs.fleets[*id].part.is_none())?;
        let begins = starts(case, id);
        if begins.is_empty() || inputs.fleets[id].start_jitter >= over {
            return None;
        }
        if begins.iter().any(|(at, takes)| meets_another(case, *at, *takes + over)) {
            meets.set(true);
            return None;
        }
        for (at, takes) in begins {
            ends.set(ends.get().max(at.since(SimTime::ZERO) + takes + over + AFTER));
        }
        Some(set("start-jitter", format!("{seconds:.0}s")))
    };
    let changed = case.change("clients", change).ok_or(if meets.get() {
        "a later event would fall into the spread starts, and meet fewer clients than as written"
    } else {
        "the clients that hold the peak do not start here, or with as much jitter already: clients that come \
         back after the loss of a server do so by their own back-off"
    })?;
    let overlay = all([changed].into_iter().chain(longer(case, ends.get())));
    Ok(Built { overlay, dose: format!("up to {over}"), ..Built::default() })
}

/// When members of a fleet start, and over which span somebody else spreads them.
fn starts(case: &Case<'_>, id: FleetId) -> Vec<(SimTime, SimSpan)> {
    let inputs = case.inputs();
    // Of servers that are cold at the start every list begins then.
    let cold = inputs.fleets[id].running && !inputs.apiserver.warm;
    let mut found: Vec<(SimTime, SimSpan)> =
        cold.then_some((SimTime::ZERO, SimSpan::ZERO)).into_iter().collect();
    for event in &inputs.events {
        if let Action::Start { fleet, over, .. } | Action::Restart { fleet, over, .. } =
            &event.action
            && *fleet == id
        {
            found.push((event.at, *over));
        }
    }
    found
}

/// A run that lasts until then, if that is longer.
fn longer(case: &Case<'_>, end: SimSpan) -> Option<Table> {
    (end > case.inputs().duration)
        .then(|| set("run.duration", format!("{:.0}s", end.as_secs_f64().ceil())))
}

fn span_of(table: &Table, key: &str) -> Option<SimSpan> {
    table.get(key).and_then(Value::as_str).and_then(|text| parse_span(text).ok())
}

/// Whether somebody decides when clients start: not if they do at the instant at which others restart,
/// or at which servers, the network or etcd fail. Then they are part of that.
fn planned(case: &Case<'_>, event: &Table) -> bool {
    const FAILURES: [&str; 8] = [
        "restart",
        "kill",
        "partition",
        "slow-etcd",
        "failover",
        "etcd-outage",
        "defragment",
        "lag",
    ];
    let at = span_of(event, "at");
    let fails = |other: &Table| FAILURES.iter().any(|failure| other.contains_key(*failure));
    !case.entries("events").any(|other| span_of(other, "at") == at && fails(other))
}

/// How many members of a rollout may be down at once if it is to take this long, and how long it then
/// takes; `None`: not fewer than now.
fn fewer_at_once(case: &Case<'_>, rollout: &Table, over: SimSpan) -> Option<(i64, SimSpan)> {
    let client = rollout.get("client").and_then(Value::as_str)?;
    let fleet = case.inputs().fleets.iter().find(|fleet| fleet.name == client)?;
    let members = f64::from(fleet.count);
    let now = match rollout.get("max-unavailable")? {
        Value::Integer(count) => *count as f64,
        Value::String(share) => members * share.trim_end_matches('%').parse::<f64>().ok()? / 100.0,
        _ => return None,
    };
    let each = span_of(rollout, "start-time")?;
    let fewer = (members * each.as_secs_f64() / over.as_secs_f64()).floor().max(1.0);
    let takes = SimSpan::from_secs_f64(members * each.as_secs_f64() / fewer);
    (fewer < now).then_some((fewer as i64, over.max(takes)))
}

/// A pause of this many seconds between the lists of endless listers.
pub(super) fn slower_pollers(case: &Case<'_>, seconds: f64) -> Result {
    let change = |read: &Read| {
        let endless = read.how == How::Lister && read.text("rounds") == "endless";
        let pause = parse_span(read.text("pause")).unwrap_or_default();
        (endless && pause < SimSpan::from_secs_f64(seconds))
            .then(|| set("pause", format!("{seconds:.0}s")))
    };
    let overlay = case.change_reads(change).ok_or("no client polls by lists without end")?;
    Ok(Built { overlay, dose: format!("every {seconds:.0} s"), ..Built::default() })
}
