//! The result of a run for people: the answer first, then what supports it.

use std::time::Duration;

use super::format::{
    clock, deviation, grouped, headroom, proportion, short_count, under_pressure, whole_percent,
};
use super::judged;
use super::page::{Mood, Page, Section};
use super::story::Story;
use super::table::Table;
use super::without;
use crate::results::{
    ActivitySummary, ApiserverSummary, Outcome, OutcomeCount, PublishedRow, Summary,
};
use crate::units::Bytes;

/// Holders shown; the rest is one row, and all are in `attribution.csv`.
const HOLDERS: usize = 6;
/// Lines of the story on a terminal of 80 columns; all of it is in `story.txt`.
const STORY_LINES: usize = 12;

/// The page of a run, with the story of its worst replication.
#[must_use]
pub fn page(summary: &Summary, story: Option<&Story>) -> Page {
    let mut page = Page {
        title: summary.scenario.clone(),
        verdict: summary.verdict.clone(),
        mood: mood(summary),
        subject: format!(
            "Kubernetes {} · {} · seed {}",
            summary.release,
            replications(summary.replications),
            summary.seed
        ),
        hashes: vec![summary.scenario_hash.clone()],
        notes: summary.warnings.clone(),
        ..Page::default()
    };
    page.section(expectations(summary));
    page.section(servers(summary));
    page.section(holders(summary));
    page.section(without::section(summary.leave_one_out.as_ref()));
    if let Some(story) = story.filter(|story| story.len() > 1) {
        let heading = format!("What happened in replication {}", story.replication());
        page.section(Section::new(heading).items(story.short(STORY_LINES, 80)));
    }
    page.section(saturation(summary));
    page.section(calls(summary));
    page.section(levels(summary));
    page.section(phases(summary));
    page.section(
        Section::titled("Published figures")
            .table(published(&summary.published))
            .legends(off(&summary.published)),
    );
    page.section(outcomes(summary));
    page.section(uncertain(summary));
    page
}

/// How long it took, and how much faster than the control plane itself that is.
#[must_use]
pub fn speed(summary: &Summary, wall: Duration) -> String {
    let simulated = summary.simulated_seconds * f64::from(summary.replications);
    let seconds = wall.as_secs_f64().max(1e-3);
    let digits = match seconds {
        s if s < 1.0 => 3,
        s if s < 10.0 => 2,
        _ => 1,
    };
    format!(
        "{} simulated in {seconds:.digits$} s: {} times faster than real time",
        clock(simulated),
        grouped((simulated / seconds).round() as u64)
    )
}

/// `1 replication`, `2 000 replications`.
pub(super) fn replications(n: u32) -> String {
    match n {
        1 => "1 replication".to_owned(),
        n => format!("{} replications", grouped(n.into())),
    }
}

fn mood(summary: &Summary) -> Mood {
    let absorbed = summary.outcomes.get(Outcome::Absorbed.key()) == Some(&summary.replications);
    if summary.oom.count > 0 || judged::failed(summary) {
        Mood::Bad
    } else if summary.incomplete == 0 && absorbed {
        Mood::Good
    } else {
        Mood::Mixed
    }
}

fn dash() -> String {
    "-".to_owned()
}

fn servers(summary: &Summary) -> Section {
    let table = Table::of(&summary.apiservers)
        .words("apiserver", |server| short_name(&server.name).to_owned())
        .at_most(12)
        .numbers("limit", |server| server.limit_bytes.to_string())
        .numbers("peak\np50", |server| server.peak_resident_bytes.median.to_string())
        .numbers("peak\np95", |server| server.peak_resident_bytes.p95.to_string())
        .numbers("peak\nmax", |server| server.peak_resident_bytes.max.to_string())
        .numbers("head-\nroom", |server| {
            let room = headroom(server.peak_resident_bytes.max, server.limit_bytes);
            room.map_or_else(dash, whole_percent)
        })
        .numbers("OOM\nruns", |server| server.runs_with_oom.to_string())
        .numbers("first\nkill", |server| time(server.first_oom_seconds))
        .numbers("back\nafter", |server| match server.back_after_seconds {
            _ if server.runs_with_oom == 0 => dash(),
            Some(seconds) => clock(seconds),
            None => "never".to_owned(),
        });
    Section::titled("Memory")
        .table(table)
        .legends(scraped(summary))
        .legends(etcd(summary))
        .legends(whole_node(summary))
}

/// What the fullest node had to hold, and who takes it.
fn whole_node(summary: &Summary) -> Option<String> {
    let most = summary.on_fullest_node()?;
    let node = &most.node;
    let beside = [
        ("etcd", node.etcd_bytes),
        ("controller manager and scheduler", node.controllers_bytes),
        ("agents", node.daemons_bytes),
        ("system", node.system_bytes),
    ];
    let beside = beside.iter().filter(|(_, bytes)| *bytes > Bytes::ZERO);
    let beside: Vec<String> = beside.map(|(who, bytes)| format!("{who} {bytes}")).collect();
    (node.memory_bytes > Bytes::ZERO).then(|| {
        format!(
            "the whole node of {}: up to {} of {}, with {}",
            most.name,
            node.peak_bytes.max,
            node.memory_bytes,
            beside.join(", ")
        )
    })
}

/// What etcd took on a node for LISTs that it served at once, where that is more than it has anyway, and whether it
/// was killed.
fn etcd(summary: &Summary) -> Option<String> {
    let of = |server: &&ApiserverSummary| (server.runs_with_etcd_oom, server.etcd_peak_bytes);
    let most = summary.apiservers.iter().max_by_key(of)?;
    let (name, peak, rest) = (&most.name, most.etcd_peak_bytes, most.etcd_rest_bytes);
    let took =
        format!("etcd beside {name} took up to {peak} for LISTs that it served ({rest} at rest)");
    match (most.runs_with_etcd_oom, summary.replications) {
        (0, _) => (peak > rest).then_some(took),
        (_, 1) => Some(format!("{took} and was killed")),
        (runs, _) => Some(format!("{took} and was killed in {runs} runs")),
    }
}

/// Share of a run in which work waits for a processor from which on a server counts as saturated, however much of
/// its processors it uses.
const SATURATED: f64 = 0.25;

/// How busy the servers were and how much was missing, where threads stood still or much work waited.
fn saturation(summary: &Summary) -> Section {
    let lacking = |server: &&ApiserverSummary| {
        let pressure = &server.pressure;
        pressure.throttled_seconds > 0.0
            || pressure.memory_some > 0.0
            || pressure.cpu_some >= SATURATED
    };
    let servers: Vec<&ApiserverSummary> = summary.apiservers.iter().filter(lacking).collect();
    let table = Table::of(&servers)
        .words("apiserver", |server| short_name(&server.name).to_owned())
        .at_most(12)
        .numbers("CPU\nused", |server| whole_percent(server.pressure.cpu_utilisation))
        .numbers("throttled\nCPU time", |server| clock(server.pressure.throttled_seconds))
        .numbers("CPU\nsome", |server| whole_percent(server.pressure.cpu_some))
        .numbers("CPU\nfull", |server| whole_percent(server.pressure.cpu_full))
        .numbers("memory\nsome", |server| whole_percent(server.pressure.memory_some))
        .numbers("memory\nfull", |server| whole_percent(server.pressure.memory_full));
    let table = if servers.iter().any(|server| server.pressure.io_full > 0.0) {
        table.numbers("I/O\nfull", |server| whole_percent(server.pressure.io_full))
    } else {
        table
    };
    let section = Section::titled("Saturation").table(table);
    if servers.is_empty() {
        return section;
    }
    let busiest = servers.iter().max_by(|a, b| a.pressure.cpu_some.total_cmp(&b.pressure.cpu_some));
    let saturated = busiest.filter(|server| server.pressure.cpu_some >= SATURATED).map(|server| {
        let (used, waits) = (server.pressure.cpu_utilisation, server.pressure.cpu_some);
        let (used, waits) = (whole_percent(used), whole_percent(waits));
        format!(
            "{} is saturated: it uses {used} of its CPU, yet work waits {waits} of the time",
            server.name
        )
    });
    section
        .legend("(median of the runs; some, full: share of the run in which somebody, or everybody, waited)")
        .legends(saturated)
}

/// What a usual scrape interval would have shown of the highest peak, where it misses much of it.
fn scraped(summary: &Summary) -> Option<String> {
    const SECONDS: u64 = 30;
    const MISSED: f64 = 0.95;
    let truth = summary.worst_peak_bytes;
    let seen = summary.scraped_peaks.iter().find(|seen| seen.interval_seconds == SECONDS)?;
    (seen.peak_bytes.as_f64() < MISSED * truth.as_f64()).then(|| {
        format!(
            "true peak {truth}; a {SECONDS} s scrape of {} saw {} ({} to {}, depending on when it falls)",
            summary.worst_server, seen.peak_bytes, seen.lowest_bytes, seen.highest_bytes
        )
    })
}

fn short_name(server: &str) -> &str {
    server.strip_prefix("apiserver-").unwrap_or(server)
}

fn time(seconds: Option<f64>) -> String {
    seconds.map_or_else(dash, clock)
}

fn holders(summary: &Summary) -> Section {
    let total = summary.worst_peak_bytes;
    let heading = format!(
        "Held at the highest peak: {total} in {} at {} (replication {})",
        summary.worst_server,
        clock(summary.worst_peak_seconds),
        summary.worst_replication
    );
    let share = |bytes: Bytes| whole_percent(bytes.as_f64() / total.as_f64().max(1.0));
    let (shown, rest) =
        summary.holders_at_peak.split_at(HOLDERS.min(summary.holders_at_peak.len()));
    let table = Table::of(shown)
        .numbers("bytes", |holder| holder.bytes.to_string())
        .numbers("share", |holder| share(holder.bytes))
        .words("mechanism", |holder| holder.mechanism.label().to_owned())
        .words("client", |holder| holder.client.clone())
        .at_most(18)
        .words("resource", |holder| holder.resource.clone())
        .at_most(18);
    let section = Section::new(heading);
    if rest.is_empty() {
        return section.table(table);
    }
    let bytes = rest.iter().map(|holder| holder.bytes).sum();
    let others = format!("{} others", rest.len());
    section.table(table.done().and([format!("{bytes}"), share(bytes), others]))
}

/// How often clients came back and listed, where a server was lost or refused anything.
fn calls(summary: &Summary) -> Section {
    let of = |key: &str| summary.activity.iter().find(|row| row.key == key);
    let many = |key: &str| of(key).filter(|row| row.total.max > 0);
    let busiest = |row: &ActivitySummary| {
        let all = grouped(row.total.median);
        format!("{all} {} (up to {} per second)", row.name, grouped(row.busiest_second.median))
    };
    let bare = |row: &ActivitySummary| format!("{} {}", grouped(row.total.median), row.name);
    let first = ["connections", "lists"].into_iter().filter_map(many).map(busiest);
    let rest = ["lists_from_etcd", "gone_410", "rejected_429"].into_iter().filter_map(many);
    let counts: Vec<String> = first.chain(rest.map(bare)).collect();
    let kinds: Vec<&ActivitySummary> =
        summary.activity.iter().filter(|row| row.total.max > 0).collect();
    let table = Table::of(&kinds)
        .words("per run", |row| row.name.clone())
        .markdown_only()
        .numbers("p50", |row| grouped(row.total.median))
        .markdown_only()
        .numbers("max", |row| grouped(row.total.max))
        .markdown_only()
        .numbers("busiest second p50", |row| grouped(row.busiest_second.median))
        .markdown_only()
        .numbers("busiest second max", |row| grouped(row.busiest_second.max))
        .markdown_only();
    let section = Section::titled("Calls of clients");
    if many("connections").or(many("gone_410")).or(many("rejected_429")).is_none() {
        return section.table(table);
    }
    section.text(format!("Clients, median of the runs: {}", counts.join(", "))).table(table)
}

/// The priority levels in which requests waited or were rejected.
fn levels(summary: &Summary) -> Section {
    let Some(bottleneck) = &summary.bottleneck_level else {
        return Section::default();
    };
    let levels = under_pressure(summary);
    let table = Table::of(&levels)
        .words("priority level", |level| level.name.clone())
        .at_most(22)
        .numbers("nominal\nseats", |level| level.nominal_seats.to_string())
        .numbers("seats\np50", |level| level.peak_seats.median.to_string())
        .numbers("seats\nmax", |level| level.peak_seats.max.to_string())
        .numbers("waiting\np50", |level| short_count(level.peak_waiting.median))
        .numbers("waiting\nmax", |level| short_count(level.peak_waiting.max))
        .numbers("429s\np50", |level| short_count(level.rejected.median))
        .numbers("429s\nmax", |level| short_count(level.rejected.max))
        .numbers("dispatched p50", |level| short_count(level.dispatched.median))
        .markdown_only();
    let section = Section::new(format!("Bottleneck: priority level {bottleneck}")).table(table);
    let Some(largest) = &summary.largest_flow_schema else {
        return section;
    };
    let share = largest.bytes.as_f64() / summary.worst_peak_bytes.as_f64().max(1.0);
    section.text(format!(
        "Clients matched by flow schema {} held {} of the peak",
        largest.name,
        whole_percent(share)
    ))
}

fn phases(summary: &Summary) -> Section {
    let table = Table::of(&summary.phases)
        .words("phase", |phase| phase.name.clone())
        .at_most(20)
        .numbers("starts", |phase| clock(phase.start_seconds))
        .numbers("peak p50", |phase| phase.peak_resident_bytes.median.to_string())
        .numbers("p95", |phase| phase.peak_resident_bytes.p95.to_string())
        .numbers("max", |phase| phase.peak_resident_bytes.max.to_string())
        .numbers("OOM runs", |phase| phase.runs_with_oom.to_string())
        .numbers("settled", |phase| time(phase.settled_after_seconds));
    Section::titled("Phases").table(table)
}

/// Published figures; the terminal leaves the sources out, for the line must fit.
pub(super) fn published(rows: &[PublishedRow]) -> Table {
    let table = Table::of(rows)
        .words("", |row| if row.within { "ok" } else { "OFF" }.to_owned())
        .words("phase", phase_of)
        .at_most(16)
        .words("figure", |row| row.metric.clone())
        .numbers("published", |row| row.published.clone())
        .at_most(24)
        .numbers("predicted", |row| row.predicted.clone())
        .at_most(12)
        .numbers("error", |row| row.error.map_or_else(dash, deviation))
        .words("source", |row| row.source.clone())
        .markdown_only();
    table.done().warning(&["OFF"])
}

/// What is known of figures that are off.
pub(super) fn off(rows: &[PublishedRow]) -> impl Iterator<Item = String> + '_ {
    let mut notes: Vec<(&str, Vec<String>)> = Vec::new();
    for row in rows.iter().filter(|row| !row.within && !row.note.is_empty()) {
        let phase = phase_of(row);
        match notes.iter_mut().find(|(note, _)| *note == row.note) {
            Some((_, phases)) if phases.contains(&phase) => {}
            Some((_, phases)) => phases.push(phase),
            None => notes.push((&row.note, vec![phase])),
        }
    }
    notes.into_iter().map(|(note, phases)| format!("{}: {note}", phases.join(", ")))
}

fn phase_of(row: &PublishedRow) -> String {
    if row.phase.is_empty() { "whole run".to_owned() } else { row.phase.clone() }
}

fn outcomes(summary: &Summary) -> Section {
    let n = summary.replications;
    let known = Outcome::ALL
        .iter()
        .filter_map(|outcome| Some((outcome.key(), summary.outcome_intervals.get(outcome.key())?)));
    let (seen, never): (Vec<(&str, &OutcomeCount)>, Vec<_>) =
        known.partition(|(_, interval)| interval.count > 0);
    let mut rows: Vec<(String, String)> =
        seen.iter().map(|(key, p)| ((*key).to_owned(), proportion(p, n))).collect();
    rows.extend(summary.peak_quantiles.iter().filter(|_| n > 1).map(|estimate| {
        (format!("peak {}", judged::quantile(estimate.quantile)), judged::estimate(estimate))
    }));
    rows.extend(summary.peak_interval.as_ref().map(|interval| {
        let without = if interval.without_limit { ", without a memory limit" } else { "" };
        let ends = format!("{} to {} (9 of 10{without})", interval.low_bytes, interval.high_bytes);
        ("real peak".to_owned(), ends)
    }));
    let table = Table::of(&rows)
        .words("outcome", |row: &(String, String)| row.0.clone())
        .words("replications (95 % interval)", |row| row.1.clone());
    let wider = summary.peak_interval.iter().flat_map(|interval| &interval.widened);
    let mut section = Section::titled("Outcomes")
        .table(table)
        .legends(wider.map(|why| format!("(real peak: {why})")));
    // What never happened is one line: all of these have the same interval.
    if let Some((_, interval)) = never.first() {
        let names: Vec<&str> = never.iter().map(|(outcome, _)| *outcome).collect();
        let each = proportion(interval, n).replace(" (", " each, ").replace(')', "");
        section = section.legend(format!("never seen: {} ({each})", names.join(", ")));
    }
    section.legends(summary.stopping_rule.map(|rule| judged::rule(&rule, n)))
}

/// What is due to inputs that are not known exactly.
fn uncertain(summary: &Summary) -> Section {
    let Some(uncertainty) = &summary.uncertainty else {
        return Section::default();
    };
    let table = Table::of(&uncertainty.inputs)
        .words("uncertain input", |input| input.key.clone())
        .at_most(36)
        .words("distribution", |input| input.law.clone())
        .markdown_only()
        .numbers("p5", |input| input.drawn[0].clone())
        .at_most(12)
        .numbers("p50", |input| input.drawn[1].clone())
        .at_most(12)
        .numbers("p95", |input| input.drawn[2].clone())
        .at_most(12)
        .numbers("peak", judged::correlation);
    Section::titled("Uncertain inputs")
        .table(table)
        .legend("(peak: rank correlation with the peak, -1 to 1)")
        .legends(judged::splits(uncertainty))
}

fn expectations(summary: &Summary) -> Section {
    let table = Table::of(&summary.expectations)
        .words("", |row| judged::sign(row).to_owned())
        .words("expected", |row| row.name.clone())
        .at_most(20)
        .words("of", judged::subject)
        .numbers("wanted", |row| row.wanted.clone())
        .numbers("found", |row| row.found.clone());
    let unsure = summary.expectations.iter().filter(|row| !row.certain);
    let notes = unsure.map(|row| format!("{}: {}", row.name, judged::sure(row)));
    Section::titled("Expectations").table(table.done().warning(&["FAIL", "warn"])).legends(notes)
}
