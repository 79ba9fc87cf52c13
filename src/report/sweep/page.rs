//! A sweep for people.

use std::time::Duration;

use crate::report::format::{clean, clock, grouped, percent};
use crate::report::page::{Mood, Page, Section};
use crate::report::table::Table;
use crate::results::{
    OutcomeCount, Overview, PointFigures, PointRow, PointValue, Sensitivity, SweepHead,
    SweepSummary,
};
use crate::units::Bytes;

/// Keys that have a column on the terminal.
const AXES: usize = 3;
/// Widest value.
const VALUE: usize = 14;

/// The page of a sweep.
#[must_use]
pub fn page(sweep: &SweepSummary<Overview>) -> Page {
    let (head, seen) = (&sweep.head, &sweep.rows);
    let mut page = Page {
        title: format!("{}: sweep", head.scenario),
        verdict: sweep.verdict.clone(),
        mood: if seen.killed {
            Mood::Bad
        } else if sweep.failed + sweep.incomplete > 0 {
            Mood::Mixed
        } else {
            Mood::Good
        },
        subject: format!(
            "Kubernetes {} · {} points ({}) · {} runs · seed {}",
            head.release,
            grouped(seen.points.into()),
            head.design.kind,
            grouped(seen.replications),
            head.seed
        ),
        hashes: vec![head.scenario_hash.clone(), head.design_hash.clone()],
        notes: sweep.warnings.clone(),
        ..Page::default()
    };
    page.section(if sweep.sensitivity.is_empty() {
        points(sweep)
    } else {
        influence(&sweep.sensitivity)
    });
    page.section(failures(sweep));
    page
}

/// The line that makes a sweep again from the scenario in its folder, without `oomcast`: also one that
/// was merged.
#[must_use]
pub fn again(head: &SweepHead) -> String {
    let design = match head.design.kind.as_str() {
        "morris" => " --sensitivity".to_owned(),
        kind => format!(" --design {kind}"),
    };
    let samples = head.design.samples.map_or_else(String::new, |n| format!(" --samples {n}"));
    let axes =
        head.design.axes.iter().map(|axis| format!(" --vary '{}={}'", axis.key, axis.values));
    let axes: String = axes.collect();
    let (replications, seed) = (head.replications, head.seed);
    format!("sweep scenario.toml -n {replications} --seed {seed}{design}{samples}{axes}")
}

/// How long it took, for the end of the terminal's form.
#[must_use]
pub fn took(wall: Duration) -> String {
    format!("took {:.1} s", wall.as_secs_f64())
}

/// The last two parts of a dotted key: enough to tell keys apart in a narrow column.
fn short_key(key: &str) -> String {
    let parts: Vec<&str> = key.rsplitn(3, '.').take(2).collect();
    let short: Vec<&str> = parts.into_iter().rev().collect();
    clean(&short.join("."), 40)
}

fn points(sweep: &SweepSummary<Overview>) -> Section {
    let axes = &sweep.head.design.axes;
    let rows: Vec<(&PointRow, &PointFigures)> = sweep.rows.shown();
    let hidden = sweep.rows.run as usize - rows.len();
    let mut columns = Table::of(&rows);
    for (index, axis) in axes.iter().enumerate() {
        let short = short_key(&axis.key);
        let (first, last) = short.rsplit_once('.').unwrap_or(("", &short));
        let head = format!("{}\n{}", clean(first, VALUE), clean(last, VALUE));
        columns = columns
            .numbers(head, |(row, _)| {
                row.values.get(index).map_or_else(String::new, |value| value.label().to_owned())
            })
            .at_most(VALUE);
        if index >= AXES {
            columns = columns.markdown_only();
        }
    }
    let share =
        |figures: &PointFigures, p: &OutcomeCount| format!("{}/{}", p.count, figures.replications);
    let table = columns
        .numbers("OOM\nruns", |(_, figures)| share(figures, &figures.oom))
        .numbers("P(OOM)\n95 % CI", |(_, figures)| interval(&figures.oom))
        .numbers("cascade\nruns", |(_, figures)| share(figures, &figures.cascade))
        .numbers("peak\np50", |(_, figures)| figures.peak_resident_bytes.median.to_string())
        .numbers("peak\np95", |(_, figures)| figures.peak_resident_bytes.p95.to_string())
        .numbers("first\nkill", |(_, figures)| {
            figures.first_oom_seconds.map_or_else(|| "-".to_owned(), clock)
        });
    let mut section = Section::titled("Points").table(table);
    if hidden > 0 {
        let text = format!("the {} riskiest points; {hidden} more in points.csv", rows.len());
        section = section.legend(text);
    }
    section.table(
        Table::of(axes)
            .words("varied", |axis| axis.key.clone())
            .markdown_only()
            .words("values", |axis| axis.values.clone())
            .markdown_only(),
    )
}

/// `18 to 57 %`.
fn interval(p: &OutcomeCount) -> String {
    format!("{:.0} to {:.0} %", p.low * 100.0, p.high * 100.0)
}

fn influence(sensitivity: &[Sensitivity]) -> Section {
    let bytes = |bytes: f64| Bytes::from_f64(bytes).to_string();
    let table = Table::of(sensitivity)
        .words("\nkey", |one| short_key(&one.key))
        .at_most(26)
        .numbers("peak\nmean |effect|", |one| bytes(one.peak_bytes.mean_absolute))
        .numbers("peak\nmean", |one| signed(one.peak_bytes.mean))
        .numbers("peak\ndeviation", |one| bytes(one.peak_bytes.deviation))
        .numbers("P(OOM)\nmean |effect|", |one| percent(one.oom.mean_absolute));
    Section::titled("Influence").table(table).legend(
        "elementary effects (Morris) per whole range of the key; a large deviation: the effect \
         depends on the other keys",
    )
}

fn signed(bytes: f64) -> String {
    let sign = if bytes < 0.0 { "-" } else { "+" };
    format!("{sign}{}", Bytes::from_f64(bytes.abs()))
}

fn failures(sweep: &SweepSummary<Overview>) -> Section {
    if sweep.failed == 0 {
        return Section::default();
    }
    let named = &sweep.rows.failures;
    let heading = format!("{} of {} points could not be run:", sweep.failed, sweep.rows.points);
    let line = |row: &PointRow| {
        let values: Vec<&str> = row.values.iter().map(PointValue::label).collect();
        let why = row.error.as_deref().unwrap_or_default();
        clean(&format!("point {} ({}): {why}", row.point, values.join(", ")), 300)
    };
    let section = Section::new(heading).legends(named.iter().map(line));
    let more = sweep.failed as usize - named.len();
    section.legends((more > 0).then(|| format!("and {more} more: column `error` of points.csv")))
}
