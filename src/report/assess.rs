//! The one page of `assess`.

use super::advise;
use super::format::{clock, whole_percent};
use super::page::{Mood, Page, Section};
use super::run::replications;
use super::table::Table;
use crate::results::{AssessResult, RemedyState, StormRow};

/// Remedies shown.
const REMEDIES: usize = 3;

/// The page.
#[must_use]
pub fn page(result: &AssessResult) -> Page {
    let wrong = result.storms.iter().any(|row| row.failed.count > 0);
    let close = result.storms.iter().any(|row| row.too_close || row.because.is_some());
    let mut page = Page {
        title: result.scenario.clone(),
        verdict: result.verdict.clone(),
        mood: match (wrong, close) {
            (true, _) => Mood::Bad,
            (false, true) => Mood::Mixed,
            (false, false) => Mood::Good,
        },
        subject: format!(
            "Kubernetes {} · {} of each storm · seed {}",
            result.release,
            replications(result.replications),
            result.seed
        ),
        hashes: vec![result.scenario_hash.clone()],
        notes: result.warnings.clone(),
        ..Page::default()
    };
    page.section(storms(&result.storms, result.probability));
    let held = |row: &StormRow| Some((row.name.clone(), row.held.clone()?));
    page.section(
        Section::new("Who held the memory at the peak")
            .items(result.storms.iter().filter_map(held).collect()),
    );
    let breaking = result.breaking.iter().map(|input| {
        let factor = match input.factor {
            Some(factor) if input.beyond => format!("{factor} times or more"),
            Some(factor) => format!("{factor} times"),
            None => "none is safe".to_owned(),
        };
        (input.key.clone(), format!("{factor}. {}", input.verdict))
    });
    page.section(
        Section::new(format!("How far it may go in the worst storm, {}", result.worst))
            .items(breaking.collect()),
    );
    page.section(remedies(result));
    page
}

fn storms(rows: &[StormRow], allowed: f64) -> Section {
    let table = Table::of(rows)
        .words("storm", |row| row.name.clone())
        .at_most(16)
        .words("", |row| verdict(row, allowed).to_owned())
        .words("wrong (95 %)", |row| match row.figures.replications {
            0 => "-".to_owned(),
            n => format!(
                "{}/{n}, {} to {}",
                row.failed.count,
                whole_percent(row.failed.low).trim_end_matches(" %"),
                whole_percent(row.failed.high)
            ),
        })
        .numbers("highest", |row| row.figures.highest_bytes.to_string())
        .numbers("limit", |row| row.figures.limit_bytes.to_string())
        .numbers("settled", |row| row.figures.settled_seconds.map_or_else(|| "-".to_owned(), clock))
        .words("what", |row| row.what.clone())
        .markdown_only();
    let because = |row: &StormRow| Some(format!("{}: {}", row.name, row.because.clone()?));
    Section::titled("Storms")
        .table(table.done().warning(&["KILLED", "NO RECOVERY"]))
        .legend(
            "wrong: a server is killed for memory, or not all has recovered by the end of the run",
        )
        .legends(rows.iter().filter_map(because))
}

/// `holds` only where the interval says so.
fn verdict(row: &StormRow, allowed: f64) -> &'static str {
    match &row.figures {
        figures if figures.replications == 0 => "not run",
        figures if figures.incomplete > 0 => "unknown",
        figures if figures.oom.count > 0 => "KILLED",
        _ if row.failed.count > 0 => "NO RECOVERY",
        _ if row.too_close => "too close",
        _ if row.failed.high <= allowed => "holds",
        _ => "none wrong",
    }
}

fn remedies(result: &AssessResult) -> Section {
    let Some(advice) = &result.advice else { return Section::default() };
    let best = advice.remedies.iter().filter(|row| row.state <= RemedyState::Helps);
    let items = best.take(REMEDIES).map(|row| {
        let text = format!(
            "{}: {} of {} wrong, peak {}. {}",
            row.state.label(),
            row.failed.count,
            row.figures.replications,
            row.figures.peak_bytes,
            row.what
        );
        (advise::named(row), text)
    });
    Section::new(format!("What prevents it in {}", result.worst)).items(items.collect())
}
