//! A rehearsal of alert rules for people and as rows.

use std::collections::BTreeMap;
use std::io::{self, Write};

use csv::Writer;

use super::format::clock;
use super::page::{Mood, Page, Section};
use super::run::replications;
use super::table::Table;
use crate::results::{AlertRow, AlertsResult, TooLate};

/// The page.
#[must_use]
pub fn page(result: &AlertsResult) -> Page {
    let warned = result.alerts.iter().any(|row| row.fired_before > row.from_the_start);
    let mut page = Page {
        title: result.scenario.clone(),
        verdict: result.verdict.clone(),
        mood: match (result.killed, warned) {
            (0, _) => Mood::Good,
            (_, true) => Mood::Mixed,
            (_, false) => Mood::Bad,
        },
        subject: format!(
            "Kubernetes {} · {} · a kill in {} · scraped every {} s, evaluated every {} s · seed {}",
            result.release,
            replications(result.replications),
            result.killed,
            result.scrape_seconds,
            result.evaluate_seconds,
            result.seed
        ),
        hashes: vec![result.scenario_hash.clone()],
        notes: result.warnings.clone(),
        ..Page::default()
    };
    page.section(alerts(result));
    page.notes.extend(cannot_fire(result));
    let there = result.alerts.iter().filter(|row| row.lacks().is_none());
    let missing: Vec<(String, String)> = there.filter_map(missing).collect();
    page.section(Section::new("What rules ask for and did not find").items(missing));
    page
}

fn alerts(result: &AlertsResult) -> Section {
    let there: Vec<AlertRow> =
        result.alerts.iter().filter(|row| row.lacks().is_none()).cloned().collect();
    let mut table = Table::of(&there)
        .words("alert", |row| row.alert.clone())
        .at_most(34)
        .words("severity", |row| row.severity.clone())
        .markdown_only()
        .words("for", |row| row.wait.clone());
    // A line of the terminal has room for one of them.
    let known = result.too_late.is_some();
    if known {
        table = table.markdown_only();
    }
    table = table
        .numbers("before\nthe kill", |row| row.fired_before.to_string())
        .numbers("after", |row| row.fired_after.to_string())
        .numbers("silent", |row| row.silent.to_string());
    if known {
        table = table.markdown_only();
    }
    table = table
        .numbers("lead\n(s)", |row| {
            row.median_lead_seconds.map_or_else(String::new, |lead| format!("{lead:.0}"))
        })
        .numbers("false\nalarms", |row| row.false_alarms.to_string())
        .numbers("fires,\nno kill", |row| row.fired_no_kill.to_string())
        .markdown_only();
    if known {
        table = table.numbers("before too\nlate (s)", |row| {
            row.before_too_late_seconds.map_or_else(String::new, |seconds| format!("{seconds:.0}"))
        });
    }
    // Those that were silent or late say so in the table.
    let told = |row: &&AlertRow| {
        row.fired_before + row.resolved_before + row.from_the_start > 0
            || row.false_alarms + row.fired_no_kill > 0
            || row.error.is_some()
    };
    let verdicts = there.iter().filter(told);
    let verdicts = verdicts.map(|row| (row.alert.clone(), row.verdict.clone()));
    Section::titled("Alerts")
        .table(table.done())
        .legend(
            "Runs in which it fired before the first kill and still did or had resolved at most 1 min \
             before it; at the kill or after it; neither; the median lead of the first; absorbed runs in \
             which it fired.",
        )
        .legends(result.too_late.map(|point| too_late(&point)))
        .items(verdicts.collect())
}

/// What the point of no return is.
fn too_late(point: &TooLate) -> String {
    format!(
        "Too late: in replication {} the kill at {} followed from {} on, {:.0} s before it, in 95 % of {} \
         continuations or more. Negative: the alert fires when it is too late.",
        point.replication,
        clock(point.first_kill_seconds),
        clock(point.passed.at_seconds),
        point.lead_seconds(),
        point.continuations
    )
}

/// Alerts that ask for what the model lacks, by metric.
fn cannot_fire(result: &AlertsResult) -> Option<String> {
    let mut by_metric: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in &result.alerts {
        if let Some(metric) = row.lacks() {
            by_metric.entry(metric).or_default().push(&row.alert);
        }
    }
    let count: usize = by_metric.values().map(Vec::len).sum();
    let one = |(metric, alerts): (&&str, &Vec<&str>)| format!("{metric}: {}", alerts.join(", "));
    let all: Vec<String> = by_metric.iter().map(one).collect();
    (count > 0).then(|| {
        format!(
            "{count} of {} alerts cannot fire here, for the model lacks what they ask for: {}",
            result.alerts.len(),
            all.join("; ")
        )
    })
}

/// The selectors of an alert that selected nothing.
fn missing(row: &AlertRow) -> Option<(String, String)> {
    let one = |selector: &crate::results::EmptySelector| match &selector.why {
        Some(why) => format!("{} ({why})", selector.selector),
        None => format!("{} (no series has these labels in any run)", selector.selector),
    };
    let all: Vec<String> = row.empty.iter().map(one).collect();
    (!all.is_empty()).then(|| (row.alert.clone(), all.join("; ")))
}

/// Writes `alerts.csv`: one row per alert.
///
/// # Errors
/// Those of the writer.
pub fn rows_csv(out: &mut dyn Write, result: &AlertsResult) -> io::Result<()> {
    let mut csv = Writer::from_writer(out);
    csv.write_record([
        "alert",
        "severity",
        "for",
        "fired_before",
        "fired_after",
        "silent",
        "resolved_before",
        "false_alarms",
        "fired_no_kill",
        "median_lead_s",
        "before_too_late_s",
        "verdict",
    ])?;
    for row in &result.alerts {
        csv.write_record([
            row.alert.clone(),
            row.severity.clone(),
            row.wait.clone(),
            row.fired_before.to_string(),
            row.fired_after.to_string(),
            row.silent.to_string(),
            row.resolved_before.to_string(),
            row.false_alarms.to_string(),
            row.fired_no_kill.to_string(),
            row.median_lead_seconds.map_or_else(String::new, |lead| format!("{lead:.3}")),
            row.before_too_late_seconds.map_or_else(String::new, |lead| format!("{lead:.3}")),
            row.verdict.clone(),
        ])?;
    }
    csv.flush()
}
