//! Remedies for people.

use super::format::{clock, grouped, proportion, whole_percent};
use super::page::{Mood, Page, Section};
use super::table::Table;
use crate::results::{AdviseResult, RemedyRow, RemedyState};
use crate::units::Bytes;

/// Remedies that are explained in full.
const EXPLAINED: usize = 3;

/// The page.
#[must_use]
pub fn page(result: &AdviseResult) -> Page {
    let first = result.remedies.first().map(|row| row.state);
    let mut page = Page {
        title: result.scenario.clone(),
        verdict: result.verdict.clone(),
        mood: match first {
            Some(RemedyState::Suffices) => Mood::Good,
            Some(RemedyState::TooClose) => Mood::Mixed,
            _ => Mood::Bad,
        },
        subject: format!(
            "Kubernetes {} · up to {} replications each · seed {} · {} of at most {} runs",
            result.release,
            result.replications,
            result.seed,
            grouped(result.runs.into()),
            grouped(result.most_runs.into())
        ),
        hashes: vec![result.scenario_hash.clone()],
        notes: result.warnings.clone(),
        ..Page::default()
    };
    page.section(tried(result));
    for row in good(result).take(EXPLAINED) {
        page.section(explained(row));
    }
    let names = |state| {
        let rows = result.remedies.iter().filter(move |row| row.state == state);
        rows.map(named).collect::<Vec<_>>().join(", ")
    };
    let mut rest = Section::default();
    for state in [RemedyState::NoEffect, RemedyState::NotTried] {
        let names = names(state);
        if !names.is_empty() {
            rest = rest.text(format!("{}: {names}", capital(state.label())));
        }
    }
    page.section(rest);
    let because = |row: &RemedyRow| Some((row.name.clone(), row.because.clone()?));
    let impossible = result.remedies.iter().filter_map(because).collect();
    page.section(Section::new("Not possible here, because").items(impossible));
    page
}

fn good(result: &AdviseResult) -> impl Iterator<Item = &RemedyRow> {
    result.remedies.iter().filter(|row| row.state <= RemedyState::Helps)
}

fn named(row: &RemedyRow) -> String {
    if row.dose.is_empty() { row.name.clone() } else { format!("{} ({})", row.name, row.dose) }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn tried(result: &AdviseResult) -> Section {
    let worse = result.remedies.iter().filter(|row| row.state == RemedyState::Worse);
    let rows: Vec<&RemedyRow> = good(result).chain(worse).collect();
    let table = Table::of(&rows)
        .words("", |row| if row.on_front { "*" } else { "" }.to_owned())
        .words("remedy", |row| named(row))
        .at_most(34)
        .words("", |row| row.state.label().to_owned())
        .numbers("wrong", |row| format!("{}/{}", row.failed.count, row.figures.replications))
        .numbers("peak", |row| row.figures.peak_bytes.to_string())
        .numbers("of\nlimit", |row| {
            let share = row.figures.peak_bytes.as_f64() / row.figures.limit_bytes.as_f64().max(1.0);
            whole_percent(share)
        })
        .numbers("settled", |row| {
            row.figures.settled_seconds.map_or_else(|| "never".to_owned(), clock)
        })
        .numbers("429s", |row| grouped(row.figures.rejected))
        .words("adds", adds)
        .numbers("CPU seconds", |row| format!("{:.0}", row.figures.cpu_seconds))
        .markdown_only()
        .numbers("other draws", |row| {
            row.confirmed.map_or_else(|| "-".to_owned(), |p| format!("{} wrong", p.count))
        })
        .markdown_only();
    let held = result.held.as_ref().map_or_else(String::new, |held| format!("; {held}"));
    let heading = format!(
        "Wrong without: {}; peak {} of {}{held}",
        proportion(&result.base_failed, result.base.replications),
        result.base.peak_bytes,
        result.base.limit_bytes
    );
    let confirmed = result.remedies.iter().filter_map(|row| {
        let p = row.confirmed?;
        Some(format!("{}: with draws of another seed {} went wrong", named(row), p.count))
    });
    Section::new(heading)
        .table(table.done().warning(&[RemedyState::Worse.label()]))
        .legend(
            "wrong: a server is killed for memory, or not all has recovered by the end of the run",
        )
        .legend("*: no other is as good in everything and better in something")
        .legends(confirmed)
}

/// What is to be bought.
fn adds(row: &&RemedyRow) -> String {
    let mut parts = Vec::new();
    if row.extra_bytes > Bytes::ZERO {
        parts.push(row.extra_bytes.to_string());
    }
    if row.extra_cores > 0.0 {
        parts.push(format!("{:.0} cores", row.extra_cores));
    }
    parts.join(", ")
}

fn explained(row: &RemedyRow) -> Section {
    let items = [
        ("what", &row.what),
        ("side effects", &row.side_effects),
        ("way back", &row.way_back),
        ("source", &row.source),
    ];
    let items = items.map(|(name, text)| (name.to_owned(), text.clone())).to_vec();
    Section::new(named(row)).items(items)
}
