//! The terminal result: the answer first, then what supports it, then where to look next.
//!
//! Readable at 80 columns and without colour.

use std::time::Duration;

use anstyle::{AnsiColor, Style};

use super::format::{
    clean, clock, deviation, grouped, headroom, largest_flow_schema, note, proportion, sentence,
    short_count, under_pressure, whole_percent, wrapped,
};
use super::judged;
use super::story::Story;
use super::table::Columns;
use crate::results::{
    ActivitySummary, ApiserverSummary, Outcome, PeakInterval, PublishedRow, Summary,
};

/// Holders shown; the rest is one line.
const HOLDERS: usize = 6;
/// Lines of the story, with its heading.
const STORY_LINES: usize = 13;
/// Characters of a line.
const WIDTH: usize = 80;

/// What the terminal shows beside the summary.
#[derive(Clone, Copy, Debug, Default)]
pub struct Screen<'a> {
    /// Wall-clock time of the run.
    pub wall: Duration,
    /// What happened in the worst replication.
    pub story: Option<&'a Story>,
    /// Files and folders written, for the reader to open.
    pub written: &'a [String],
    /// A command worth trying next, as typed.
    pub next: Option<&'a str>,
    /// Whether to style with ANSI sequences.
    pub styled: bool,
}

/// Renders the result of a run.
#[must_use]
pub fn render(summary: &Summary, screen: &Screen<'_>) -> String {
    let mut parts =
        vec![coloured(summary, screen.styled, &sentence(&summary.verdict)), servers(summary)];
    parts.extend(holders(summary));
    parts.extend(screen.story.and_then(story));
    parts.extend(calls(summary));
    parts.extend(levels(summary));
    parts.extend(phases(summary));
    parts.extend(published(summary));
    parts.push(outcomes(summary));
    parts.extend(uncertain(summary));
    parts.extend(expectations(summary));
    parts.push(footer(summary, screen));
    parts.join("\n")
}

/// The verdict alone, on one line.
#[must_use]
pub fn headline(summary: &Summary, styled: bool) -> String {
    coloured(summary, styled, &clean(&summary.verdict, usize::MAX))
}

/// The verdict, or its lines, in the colour of what it says.
fn coloured(summary: &Summary, styled: bool, verdict: &str) -> String {
    if !styled {
        return format!("{verdict}\n");
    }
    let colour = if summary.oom.count > 0 || judged::failed(summary) {
        AnsiColor::Red
    } else if summary.incomplete == 0
        && summary.outcomes.get(Outcome::Absorbed.key()) == Some(&summary.replications)
    {
        AnsiColor::Green
    } else {
        AnsiColor::Yellow
    };
    let style = Style::new().bold().fg_color(Some(colour.into()));
    format!("{style}{verdict}{style:#}\n")
}

fn servers(summary: &Summary) -> String {
    let mut table = Columns::new(&[
        "<\napiserver",
        "\nlimit",
        "peak\np50",
        "peak\np95",
        "peak\nmax",
        "head-\nroom",
        "OOM\nruns",
        "first\nkill",
        "back\nafter",
    ]);
    for server in &summary.apiservers {
        table.row(&server_row(server));
    }
    table.finish()
}

fn server_row(server: &ApiserverSummary) -> [String; 9] {
    let peak = server.peak_resident_bytes;
    let dash = || "-".to_owned();
    let back = match server.back_after_seconds {
        _ if server.runs_with_oom == 0 => dash(),
        Some(seconds) => clock(seconds),
        None => "never".to_owned(),
    };
    let name = server.name.strip_prefix("apiserver-").unwrap_or(&server.name);
    [
        clean(name, 12),
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

fn holders(summary: &Summary) -> Option<String> {
    let total = summary.worst_peak_bytes;
    if summary.holders_at_peak.is_empty() {
        return None;
    }
    let mut table = Columns::new(&["bytes", "share", "<mechanism", "<client", "<resource"]);
    let share = |bytes: crate::units::Bytes| whole_percent(bytes.as_f64() / total.as_f64());
    for holder in summary.holders_at_peak.iter().take(HOLDERS) {
        table.row(&[
            holder.bytes.to_string(),
            share(holder.bytes),
            holder.mechanism.label().to_owned(),
            clean(&holder.client, 18),
            clean(&holder.resource, 18),
        ]);
    }
    let rest = summary.holders_at_peak.iter().skip(HOLDERS);
    let count = rest.len();
    if count > 0 {
        let bytes = rest.map(|h| h.bytes).sum();
        let other = format!("{count} others");
        table.row(&[format!("{bytes}"), share(bytes), other, String::new(), String::new()]);
    }
    Some(format!(
        "Held at the highest peak: {total} in {} at {} (replication {})\n{}",
        clean(&summary.worst_server, 20),
        clock(summary.worst_peak_seconds),
        summary.worst_replication,
        table.finish()
    ))
}

/// What happened, in a few lines with times.
fn story(story: &Story) -> Option<String> {
    let told = story.short(STORY_LINES - 1, WIDTH);
    // The end alone is no story.
    (story.len() > 1).then(|| {
        let heading = format!("What happened in replication {}", story.replication());
        lines([heading].into_iter().chain(told))
    })
}

/// How often clients came back and listed, where a server was lost or refused anything.
fn calls(summary: &Summary) -> Option<String> {
    let of = |key: &str| summary.activity.iter().find(|row| row.key == key);
    let many = |key: &str| of(key).filter(|row| row.total.max > 0);
    many("connections").or(many("gone_410")).or(many("rejected_429"))?;
    let busiest = |row: &ActivitySummary| {
        let all = grouped(row.total.median);
        format!("{all} {} (up to {} a second)", row.name, grouped(row.busiest_second.median))
    };
    let bare = |row: &ActivitySummary| format!("{} {}", grouped(row.total.median), row.name);
    let first = ["connections", "lists"].into_iter().filter_map(many).map(busiest);
    let rest = ["lists_from_etcd", "gone_410", "rejected_429"].into_iter().filter_map(many);
    let said: Vec<String> = first.chain(rest.map(bare)).collect();
    let text = format!("Clients, median of the runs: {}", said.join(", "));
    Some(lines(wrapped(&text, WIDTH).into_iter()))
}

/// The priority levels in which requests waited or were rejected.
fn levels(summary: &Summary) -> Option<String> {
    let bottleneck = summary.bottleneck_level.as_ref()?;
    let mut table = Columns::new(&[
        "<\npriority level",
        "nominal\nseats",
        "seats\np50",
        "seats\nmax",
        "waiting\np50",
        "waiting\nmax",
        "429s\np50",
        "429s\nmax",
    ]);
    for level in under_pressure(summary) {
        table.row(&[
            clean(&level.name, 22),
            level.nominal_seats.to_string(),
            level.peak_seats.median.to_string(),
            level.peak_seats.max.to_string(),
            short_count(level.peak_waiting.median),
            short_count(level.peak_waiting.max),
            short_count(level.rejected.median),
            short_count(level.rejected.max),
        ]);
    }
    let share = largest_flow_schema(summary).map_or_else(String::new, |(name, share)| {
        format!("Flow schema {} held {share} of the peak\n", clean(name, 40))
    });
    Some(format!("Bottleneck: priority level {}\n{}{share}", clean(bottleneck, 40), table.finish()))
}

fn phases(summary: &Summary) -> Option<String> {
    if summary.phases.is_empty() {
        return None;
    }
    let mut table =
        Columns::new(&["<phase", "starts", "peak p50", "p95", "max", "OOM runs", "settled"]);
    for phase in &summary.phases {
        let peak = phase.peak_resident_bytes;
        table.row(&[
            clean(&phase.name, 20),
            clock(phase.start_seconds),
            peak.median.to_string(),
            peak.p95.to_string(),
            peak.max.to_string(),
            phase.runs_with_oom.to_string(),
            phase.settled_after_seconds.map_or_else(|| "-".to_owned(), clock),
        ]);
    }
    Some(table.finish())
}

fn published(summary: &Summary) -> Option<String> {
    (!summary.published.is_empty()).then(|| figures(&summary.published))
}

/// Published figures without the sources, which `summary.md` has: the line must fit.
pub(super) fn figures(rows: &[PublishedRow]) -> String {
    let mut table = Columns::new(&["<", "<published", "<figure", "wanted", "predicted", "error"]);
    for row in rows {
        table.row(&[
            if row.within { "ok" } else { "OFF" }.to_owned(),
            phase_of(row),
            row.metric.clone(),
            clean(&row.published, 20),
            clean(&row.predicted, 12),
            row.error.map_or_else(|| "-".to_owned(), deviation),
        ]);
    }
    let off = rows.iter().filter(|row| !row.within && !row.note.is_empty());
    let notes = off.map(|row| format!("  {}: {}", phase_of(row), clean(&row.note, 200)));
    table.finish() + &lines(notes)
}

fn phase_of(row: &PublishedRow) -> String {
    if row.phase.is_empty() {
        return "whole run".to_owned();
    }
    clean(&row.phase, 16)
}

fn outcomes(summary: &Summary) -> String {
    let intervals = |outcome: &Outcome| summary.outcome_intervals.get(outcome.key());
    let (seen, never): (Vec<&Outcome>, Vec<&Outcome>) =
        Outcome::ALL.iter().partition(|o| intervals(o).is_some_and(|p| p.count > 0));
    let row = |outcome: &Outcome| {
        let value = proportion(intervals(outcome)?, summary.replications);
        Some(format!("  {:<14} {value}", outcome.key()))
    };
    let mut rows: Vec<String> = seen.into_iter().filter_map(row).collect();
    // What never happened is one line: all of these have the same interval.
    if let Some(p) = never.first().and_then(|outcome| intervals(outcome)) {
        let names: Vec<&str> = never.iter().map(|outcome| outcome.key()).collect();
        rows.push(format!("  none of the others: {}", names.join(", ")));
        rows.push(format!("  {:<14} each {}", "", proportion(p, summary.replications)));
    }
    let peaks = summary.peak_quantiles.iter().filter(|_| summary.replications > 1);
    rows.extend(peaks.map(|q| {
        let name = format!("peak {}", judged::quantile(q.quantile));
        format!("  {name:<14} {}", judged::estimate(q))
    }));
    rows.extend(summary.peak_interval.as_ref().map(with_model_error));
    rows.extend(
        summary
            .stopping_rule
            .map(|rule| format!("  {}", judged::rule(&rule, summary.replications))),
    );
    format!("Outcomes (95 % intervals)\n{}", lines(rows.into_iter()))
}

/// Where the real peak lies, with the error of the model.
fn with_model_error(interval: &PeakInterval) -> String {
    let without = if interval.without_limit { " without a memory limit" } else { "" };
    format!(
        "  {:<14} {} to {} in 9 of 10 real servers{without}",
        "real peak", interval.low_bytes, interval.high_bytes
    )
}

/// What is due to inputs that are not known exactly.
fn uncertain(summary: &Summary) -> Option<String> {
    let uncertainty = summary.uncertainty.as_ref()?;
    let mut table = Columns::new(&["<uncertain input", "p5", "p50", "p95", "peak"]);
    for input in &uncertainty.inputs {
        let [low, middle, high] = &input.drawn;
        table.row(&[
            clean(&input.key, 36),
            clean(low, 12),
            clean(middle, 12),
            clean(high, 12),
            judged::correlation(input),
        ]);
    }
    let splits = judged::splits(uncertainty).into_iter().flat_map(|line| wrapped(&line, 76));
    let splits = splits.map(|line| format!("  {line}"));
    let note = "  (peak: rank correlation with the peak, -1 to 1)".to_owned();
    Some(table.finish() + &lines([note].into_iter().chain(splits)))
}

fn expectations(summary: &Summary) -> Option<String> {
    if summary.expectations.is_empty() {
        return None;
    }
    let mut table = Columns::new(&["<", "<expected", "<of", "wanted", "found"]);
    for row in &summary.expectations {
        table.row(&[
            judged::sign(row).to_owned(),
            judged::name(row),
            judged::subject(row),
            row.wanted.clone(),
            row.found.clone(),
        ]);
    }
    let unsure = summary.expectations.iter().filter(|row| !row.certain);
    let notes = unsure.map(|row| format!("  {}: {}", judged::name(row), judged::sure(row)));
    Some(table.finish() + &lines(notes))
}

fn footer(summary: &Summary, screen: &Screen<'_>) -> String {
    let runs = match summary.replications {
        1 => "1 replication".to_owned(),
        n => format!("{} replications", grouped(n.into())),
    };
    let subject = format!(
        "{} · Kubernetes {} · {runs} · seed {}",
        clean(&summary.scenario, 40),
        summary.release,
        summary.seed,
    );
    let warnings = summary.warnings.iter().map(|warning| note(warning));
    let written = screen.written.iter().map(|path| format!("wrote {path}"));
    let next = screen.next.map(|next| format!("next: {next}"));
    lines(
        [subject, speed(summary, screen.wall)]
            .into_iter()
            .chain(warnings)
            .chain(written)
            .chain(next),
    )
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.fold(String::new(), |text, line| text + &line + "\n")
}

/// How long it took, and how much faster than the control plane itself that is.
fn speed(summary: &Summary, wall: Duration) -> String {
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
