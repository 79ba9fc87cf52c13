//! The result of a run for people: the answer first, then what supports it.

use std::time::Duration;

use super::format::{
    clock, deviation, grouped, headroom, proportion, short_count, under_pressure, whole_percent,
};
use super::judged;
use super::page::{Mood, Page, Section};
use super::story::Story;
use super::table::{Table, numbers, words};
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
    if let Some(story) = story.filter(|story| story.len() > 1) {
        let heading = format!("What happened in replication {}", story.replication());
        page.section(Section::new(heading).items(story.short(STORY_LINES, 80)));
    }
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
    let mut table = Table::new([
        words("apiserver").at_most(12),
        numbers("limit"),
        numbers("peak\np50"),
        numbers("peak\np95"),
        numbers("peak\nmax"),
        numbers("head-\nroom"),
        numbers("OOM\nruns"),
        numbers("first\nkill"),
        numbers("back\nafter"),
    ]);
    for server in &summary.apiservers {
        table.row(server_row(server));
    }
    Section::titled("Memory").table(table)
}

fn server_row(server: &ApiserverSummary) -> [String; 9] {
    let peak = server.peak_resident_bytes;
    let back = match server.back_after_seconds {
        _ if server.runs_with_oom == 0 => dash(),
        Some(seconds) => clock(seconds),
        None => "never".to_owned(),
    };
    [
        server.name.strip_prefix("apiserver-").unwrap_or(&server.name).to_owned(),
        server.limit_bytes.to_string(),
        peak.median.to_string(),
        peak.p95.to_string(),
        peak.max.to_string(),
        headroom(peak.max, server.limit_bytes).map_or_else(dash, whole_percent),
        server.runs_with_oom.to_string(),
        server.first_oom_seconds.map_or_else(dash, clock),
        back,
    ]
}

fn holders(summary: &Summary) -> Section {
    let total = summary.worst_peak_bytes;
    let heading = format!(
        "Held at the highest peak: {total} in {} at {} (replication {})",
        summary.worst_server,
        clock(summary.worst_peak_seconds),
        summary.worst_replication
    );
    let mut table = Table::new([
        numbers("bytes"),
        numbers("share"),
        words("mechanism"),
        words("client").at_most(18),
        words("resource").at_most(18),
    ]);
    let share = |bytes: Bytes| whole_percent(bytes.as_f64() / total.as_f64().max(1.0));
    let (shown, rest) =
        summary.holders_at_peak.split_at(HOLDERS.min(summary.holders_at_peak.len()));
    for holder in shown {
        table.row([
            holder.bytes.to_string(),
            share(holder.bytes),
            holder.mechanism.label().to_owned(),
            holder.client.clone(),
            holder.resource.clone(),
        ]);
    }
    if !rest.is_empty() {
        let bytes = rest.iter().map(|holder| holder.bytes).sum();
        table.row([format!("{bytes}"), share(bytes), format!("{} others", rest.len())]);
    }
    Section::new(heading).table(table)
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
    let mut table = Table::new(
        [
            words("per run"),
            numbers("p50"),
            numbers("max"),
            numbers("busiest second p50"),
            numbers("busiest second max"),
        ]
        .map(super::table::Column::markdown_only),
    );
    for row in summary.activity.iter().filter(|row| row.total.max > 0) {
        let (total, second) = (row.total, row.busiest_second);
        let counts = [total.median, total.max, second.median, second.max].map(grouped);
        table.row([row.name.clone()].into_iter().chain(counts).collect::<Vec<_>>());
    }
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
    let mut table = Table::new([
        words("priority level").at_most(22),
        numbers("nominal\nseats"),
        numbers("seats\np50"),
        numbers("seats\nmax"),
        numbers("waiting\np50"),
        numbers("waiting\nmax"),
        numbers("429s\np50"),
        numbers("429s\nmax"),
        numbers("dispatched\np50").markdown_only(),
    ]);
    for level in under_pressure(summary) {
        table.row([
            level.name.clone(),
            level.nominal_seats.to_string(),
            level.peak_seats.median.to_string(),
            level.peak_seats.max.to_string(),
            short_count(level.peak_waiting.median),
            short_count(level.peak_waiting.max),
            short_count(level.rejected.median),
            short_count(level.rejected.max),
            short_count(level.dispatched.median),
        ]);
    }
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
    let mut table = Table::new([
        words("phase").at_most(20),
        numbers("starts"),
        numbers("peak p50"),
        numbers("p95"),
        numbers("max"),
        numbers("OOM runs"),
        numbers("settled"),
    ]);
    for phase in &summary.phases {
        let peak = phase.peak_resident_bytes;
        table.row([
            phase.name.clone(),
            clock(phase.start_seconds),
            peak.median.to_string(),
            peak.p95.to_string(),
            peak.max.to_string(),
            phase.runs_with_oom.to_string(),
            phase.settled_after_seconds.map_or_else(dash, clock),
        ]);
    }
    Section::titled("Phases").table(table)
}

/// Published figures; the terminal leaves the sources out, for the line must fit.
pub(super) fn published(rows: &[PublishedRow]) -> Table {
    let mut table = Table::new([
        words(""),
        words("phase").at_most(16),
        words("figure"),
        numbers("published").at_most(24),
        numbers("predicted").at_most(12),
        numbers("error"),
        words("source").markdown_only(),
    ]);
    for row in rows {
        let sign = if row.within { "ok" } else { "OFF" };
        let error = row.error.map_or_else(dash, deviation);
        table.judged_row(
            !row.within,
            [
                sign.to_owned(),
                phase_of(row),
                row.metric.clone(),
                row.published.clone(),
                row.predicted.clone(),
                error,
                row.source.clone(),
            ],
        );
    }
    table
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
    let mut table = Table::new([words("outcome"), words("replications (95 % interval)")]);
    for (outcome, interval) in seen {
        table.row([outcome.to_owned(), proportion(interval, n)]);
    }
    for estimate in summary.peak_quantiles.iter().filter(|_| n > 1) {
        let name = format!("peak {}", judged::quantile(estimate.quantile));
        table.row([name, judged::estimate(estimate)]);
    }
    if let Some(interval) = &summary.peak_interval {
        let without = if interval.without_limit { ", without a memory limit" } else { "" };
        let ends = format!("{} to {} (9 of 10{without})", interval.low_bytes, interval.high_bytes);
        table.row(["real peak".to_owned(), ends]);
    }
    let mut section = Section::titled("Outcomes").table(table);
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
    let mut table = Table::new([
        words("uncertain input").at_most(36),
        words("distribution").markdown_only(),
        numbers("p5").at_most(12),
        numbers("p50").at_most(12),
        numbers("p95").at_most(12),
        numbers("peak"),
    ]);
    for input in &uncertainty.inputs {
        let [low, middle, high] = input.drawn.clone();
        let correlation = judged::correlation(input);
        table.row([input.key.clone(), input.law.clone(), low, middle, high, correlation]);
    }
    Section::titled("Uncertain inputs")
        .table(table)
        .legend("(peak: rank correlation with the peak, -1 to 1)")
        .legends(judged::splits(uncertainty))
}

fn expectations(summary: &Summary) -> Section {
    let mut table = Table::new([
        words(""),
        words("expected").at_most(20),
        words("of"),
        numbers("wanted"),
        numbers("found"),
    ]);
    for row in &summary.expectations {
        let cells = [row.name.clone(), judged::subject(row), row.wanted.clone(), row.found.clone()];
        let cells = [judged::sign(row).to_owned()].into_iter().chain(cells).collect::<Vec<_>>();
        table.judged_row(!row.holds, cells);
    }
    let unsure = summary.expectations.iter().filter(|row| !row.certain);
    let notes = unsure.map(|row| format!("{}: {}", row.name, judged::sure(row)));
    Section::titled("Expectations").table(table).legends(notes)
}
