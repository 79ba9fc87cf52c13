//! A comparison for people and as rows.

use std::io::{self, Write};

use csv::Writer;

use super::format::{deviation, grouped, percent};
use super::page::{Mood, Page, Section};
use super::table::Table;
use crate::results::{CompareResult, ComparedSide, RunRecord, ToleranceRow};

/// Inputs shown; all are in `compare.json`.
const INPUTS: usize = 12;

/// The page of a comparison.
#[must_use]
pub fn page(result: &CompareResult) -> Page {
    let mut page = Page {
        title: "Comparison".to_owned(),
        verdict: result.verdict.clone(),
        mood: if result.tolerances.iter().any(|row| row.regressed) {
            Mood::Bad
        } else if result.identical {
            Mood::Good
        } else {
            Mood::Mixed
        },
        subject: format!(
            "{} pairs of runs on the same draws · seed {}",
            grouped(result.replications.into()),
            result.seed
        ),
        notes: result.warnings.clone(),
        ..Page::default()
    };
    page.section(tolerances(result));
    page.section(inputs(result));
    if !result.identical {
        page.section(figures(result));
        page.section(events(result));
    }
    page
}

fn inputs(result: &CompareResult) -> Section {
    let side = |sign: &str, side: &ComparedSide| {
        format!("{sign}: {} (Kubernetes {}, {})", side.label, side.release, side.scenario_hash)
    };
    let section = Section::titled("Inputs that differ")
        .text(side("A", &result.first))
        .text(side("B", &result.second));
    if result.inputs.is_empty() {
        return section.text("No input differs");
    }
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let table = Table::of(&result.inputs[..INPUTS.min(result.inputs.len())])
        .words("input", |input| input.key.clone())
        .at_most(36)
        .words("A", |input| value(&input.first))
        .at_most(18)
        .words("B", |input| value(&input.second))
        .at_most(18);
    let more = result.inputs.len().saturating_sub(INPUTS);
    let more = (more > 0).then(|| format!("and {more} more: see compare.json"));
    section.table(table).legends(more)
}

/// Figures that differ in some pair.
fn figures(result: &CompareResult) -> Section {
    let changed = result.figures.iter().filter(|figure| figure.higher + figure.lower > 0);
    let changed: Vec<_> = changed.collect();
    let table = Table::of(&changed)
        .words("median", |figure| figure.metric.clone())
        .numbers("A", |figure| figure.first.clone())
        .numbers("B", |figure| figure.second.clone())
        .numbers("B - A", |figure| figure.change.clone())
        .numbers("", |figure| figure.relative.map_or_else(|| "-".to_owned(), deviation))
        .numbers("95 % interval", |figure| figure.interval.clone())
        .numbers("pairs higher / lower", |figure| format!("{} / {}", figure.higher, figure.lower))
        .markdown_only();
    Section::titled("Figures").table(table)
}

/// Events that happened at all.
fn events(result: &CompareResult) -> Section {
    let points = |share: f64| format!("{:+.1}", share * 100.0);
    let happened = result.events.iter().filter(|event| event.first.count + event.second.count > 0);
    let happened: Vec<_> = happened.collect();
    let table = Table::of(&happened)
        .words("runs with", |event| event.metric.clone())
        .numbers("A", |event| event.first.count.to_string())
        .numbers("B", |event| event.second.count.to_string())
        .numbers("A only", |event| event.first_only.to_string())
        .numbers("B only", |event| event.second_only.to_string())
        .numbers("points", |event| points(event.difference))
        .numbers("95 % interval", |event| {
            format!("{} to {}", points(event.low), points(event.high))
        })
        .numbers("McNemar p", |event| p_value(event.p_value));
    Section::titled("Events").table(table)
}

fn p_value(p: f64) -> String {
    if p < 0.001 { "<0.001".to_owned() } else { format!("{p:.3}") }
}

fn tolerances(result: &CompareResult) -> Section {
    let table = Table::of(&result.tolerances)
        .words("", |row| if row.regressed { "WORSE" } else { "ok" }.to_owned())
        .words("tolerance", |row| row.metric.clone())
        .numbers("worse by", worse)
        .numbers("allowed", |row| percent(row.allowed))
        .words("", |row| sure(row).to_owned());
    Section::titled("Tolerances").table(table.done().warning(&["WORSE"]))
}

fn worse(row: &ToleranceRow) -> String {
    row.worse.map_or_else(|| "without bounds".to_owned(), |worse| deviation(worse + 0.0))
}

const fn sure(row: &ToleranceRow) -> &'static str {
    if row.certain { "" } else { "the interval reaches past the tolerance" }
}

/// Writes `pairs.csv`: peaks, kills and outcomes of each pair of runs.
///
/// # Errors
/// Those of the writer.
pub fn pairs_csv(out: &mut dyn Write, first: &[RunRecord], second: &[RunRecord]) -> io::Result<()> {
    let mut csv = Writer::from_writer(out);
    csv.write_record([
        "replication",
        "a_outcome",
        "b_outcome",
        "a_peak_resident_bytes",
        "b_peak_resident_bytes",
        "a_oom_kills",
        "b_oom_kills",
    ])?;
    for (a, b) in first.iter().zip(second) {
        csv.write_record([
            a.replication.to_string(),
            a.outcome.key().to_owned(),
            b.outcome.key().to_owned(),
            a.peak_resident().0.to_string(),
            b.peak_resident().0.to_string(),
            a.oom_kills().to_string(),
            b.oom_kills().to_string(),
        ])?;
    }
    csv.flush()
}
