//! Remedies on the side of clients: how they read, and when they start.

use toml::{Table, Value};

use super::case::{Case, How, Read};
use super::{Built, all, set};
use crate::units::{SimSpan, parse_span};

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
        use crate::model::input::Shape;
        let found = case.inputs().resources.iter().find(|resource| resource.name == name);
        found.is_some_and(|found| !matches!(found.shape, Shape::Custom | Shape::CustomBlob))
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

/// Starts and restarts spread over a span of this many seconds, within a run that lasts that long.
pub(super) fn paced(case: &Case<'_>, seconds: f64) -> Result {
    /// What a run lasts after the last start.
    const AFTER: SimSpan = SimSpan::secs(5 * 60);
    let over = SimSpan::from_secs_f64(seconds);
    let span = |table: &Table, key: &str| {
        table.get(key).and_then(Value::as_str).and_then(|text| parse_span(text).ok())
    };
    let mut end = case.inputs().duration;
    for event in case.entries("events") {
        end = end.max(span(event, "at").unwrap_or_default() + over + AFTER);
    }
    let change = |event: &Table| {
        let mut change = Table::new();
        for action in ["start", "restart"] {
            let Some(table) = event.get(action).and_then(Value::as_table) else { continue };
            if span(table, "over").is_none_or(|now| now < over) {
                change = set(&format!("{action}.over"), format!("{seconds:.0}s"));
            }
        }
        (!change.is_empty()).then_some(change)
    };
    let changed = case
        .change("events", change)
        .ok_or("no event starts or restarts clients: nothing could be spread")?;
    let longer = (end > case.inputs().duration)
        .then(|| set("run.duration", format!("{:.0}s", end.as_secs_f64().ceil())));
    let overlay = all([changed].into_iter().chain(longer));
    Ok(Built { overlay, dose: format!("over {over}"), manifest: None })
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
    Ok(Built { overlay, dose: format!("every {seconds:.0} s"), manifest: None })
}
