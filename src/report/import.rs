//! `oomcast import` for people: what was read, what the cluster is, how well the scenario fits it, and
//! what would tell more.

use super::format::percent;
use super::page::{Mood, Page, Section};
use super::table::Table;
use crate::results::{ImportCheck, Imported};
use crate::units::Bytes;

/// An idle server that is predicted within this is predicted well.
const GOOD: f64 = 0.15;

/// The page of an import.
#[must_use]
pub fn page(imported: &Imported) -> Page {
    let mut page = Page {
        verdict: verdict(imported),
        mood: if skipped(imported) == 0 { Mood::Good } else { Mood::Mixed },
        ..Page::default()
    };
    page.section(
        Section::titled("Read").table(
            Table::of(&imported.read)
                .words("read", |(file, _)| file.clone())
                .words("what it is", |(_, what)| what.clone()),
        ),
    );
    page.section(
        Section::titled("Found").table(
            Table::of(&imported.found)
                .words("found", |fact| fact.what.clone())
                .at_most(20)
                .words("value", |fact| fact.value.clone())
                .at_most(27)
                .words("from", |fact| fact.evidence.clone())
                .at_most(27),
        ),
    );
    page.section(checks(imported));
    page.section(list("Changed", imported.changes.iter().cloned()));
    page.section(list(
        "Assumed, and what tells it",
        imported.assumed.iter().map(|(what, command)| (what.clone(), command.clone())),
    ));
    page.section(list(
        "Missing, and what gives it",
        imported.missing.iter().map(|(what, command)| (what.clone(), command.clone())),
    ));
    page.section(list(
        "Skipped",
        imported.skipped.iter().filter_map(|one| {
            let cost = one.cost.as_ref()?;
            Some((format!("{}: {}", one.place, one.what), format!("costs {cost}")))
        }),
    ));
    let passed_over = imported.skipped.iter().filter(|one| one.cost.is_none());
    page.section(list(
        "Passed over, nothing is lost by it",
        passed_over.map(|one| (format!("{}: {}", one.place, one.what), String::new())),
    ));
    page
}

/// What was skipped and costs something.
fn skipped(imported: &Imported) -> usize {
    imported.skipped.iter().filter(|one| one.cost.is_some()).count()
}

fn verdict(imported: &Imported) -> String {
    let files = match imported.read.len() {
        1 => "1 file".to_owned(),
        n => format!("{n} files"),
    };
    let skipped = match skipped(imported) {
        0 => String::new(),
        n => format!("; {n} skipped"),
    };
    let scenario = &imported.scenario;
    format!("{scenario} is what {files} say of the cluster{skipped}")
}

/// Lines with what to do about each below it.
fn list(heading: &str, lines: impl Iterator<Item = (String, String)>) -> Section {
    let lines: Vec<(String, String)> = lines.collect();
    if lines.is_empty() {
        return Section::new(heading);
    }
    let lines = lines.into_iter().flat_map(|(what, then)| {
        std::iter::once(format!("  {what}"))
            .chain((!then.is_empty()).then(|| format!("      {then}")))
    });
    Section::new(heading).legends(lines)
}

/// How the scenario at rest compares.
fn checks(imported: &Imported) -> Section {
    let mut section = Section::titled("Check");
    let resident: Vec<(&String, Bytes, Bytes)> = imported
        .checks
        .iter()
        .filter_map(|check| match check {
            ImportCheck::Resident { server, predicted, measured } => {
                Some((server, *predicted, *measured))
            }
            ImportCheck::Seats { .. } => None,
        })
        .collect();
    let error = |row: &(&String, Bytes, Bytes)| row.1.as_f64() / row.2.as_f64().max(1.0) - 1.0;
    section = section.table(
        Table::of(&resident)
            .words("idle resident memory", |row| row.0.clone())
            .numbers("predicted", |row| row.1.to_string())
            .numbers("measured", |row| row.2.to_string())
            .numbers("error", |row| percent(error(row)))
            .words("", |row| if error(row).abs() <= GOOD { "ok" } else { "OFF" }.to_owned()),
    );
    for check in &imported.checks {
        if let ImportCheck::Seats { levels, different } = check {
            section = section.legend(seats(*levels, different));
        }
    }
    section
}

fn seats(levels: usize, different: &[(String, Option<i64>, i64)]) -> String {
    if different.is_empty() {
        return format!("seats of all {levels} priority levels as the servers have them");
    }
    let one = |(name, predicted, measured): &(String, Option<i64>, i64)| {
        let predicted = predicted.map_or_else(|| "none".to_owned(), |seats| seats.to_string());
        format!("{name} {predicted} instead of {measured}")
    };
    let all: Vec<String> = different.iter().map(one).collect();
    format!("seats of {} of {levels} priority levels differ: {}", different.len(), all.join(", "))
}
