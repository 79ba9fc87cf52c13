//! A rehearsal of alert rules for people and as rows.

use std::io::{self, Write};

use csv::Writer;

use super::page::{Mood, Page, Section};
use super::run::replications;
use super::table::Table;
use crate::results::{AlertRow, AlertsResult};

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
    let missing: Vec<(String, String)> = result.alerts.iter().filter_map(missing).collect();
    page.section(Section::new("What rules ask for and did not find").items(missing));
    page
}

fn alerts(result: &AlertsResult) -> Section {
    let table = Table::of(&result.alerts)
        .words("alert", |row| row.alert.clone())
        .at_most(34)
        .words("severity", |row| row.severity.clone())
        .markdown_only()
        .words("for", |row| row.wait.clone())
        .numbers("before\nthe kill", |row| row.fired_before.to_string())
        .numbers("after", |row| row.fired_after.to_string())
        .numbers("silent", |row| row.silent.to_string())
        .numbers("lead\n(s)", |row| {
            row.median_lead_seconds.map_or_else(String::new, |lead| format!("{lead:.0}"))
        })
        .numbers("false\nalarms", |row| row.false_alarms.to_string());
    // Those that were silent or late say so in the table.
    let told = |row: &&AlertRow| {
        row.fired_before + row.false_alarms + row.from_the_start > 0
            || row.empty.iter().any(|selector| selector.why.is_some())
    };
    let verdicts = result.alerts.iter().filter(told);
    let verdicts = verdicts.map(|row| (row.alert.clone(), row.verdict.clone()));
    Section::titled("Alerts")
        .table(table.done())
        .legend(
            "Runs in which it fired before the first kill, at it or after it, not at all; the median \
             lead of the first; runs without a kill in which it fired.",
        )
        .items(verdicts.collect())
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
        "false_alarms",
        "false_alarms_absorbed",
        "median_lead_s",
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
            row.false_alarms.to_string(),
            row.false_alarms_absorbed.to_string(),
            row.median_lead_seconds.map_or_else(String::new, |lead| format!("{lead:.3}")),
            row.verdict.clone(),
        ])?;
    }
    csv.flush()
}
