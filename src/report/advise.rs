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
    let mut page = Page {
        title: result.scenario.clone(),
        verdict: result.verdict.clone(),
        mood: Mood::of(result.answer),
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
    for section in tried(result) {
        page.section(section);
    }
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

pub(super) fn named(row: &RemedyRow) -> String {
    if row.dose.is_empty() { row.name.clone() } else { format!("{} ({})", row.name, row.dose) }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// One section for each state that calls for figures.
fn tried(result: &AdviseResult) -> Vec<Section> {
    let of = |state| {
        let rows = result.remedies.iter().filter(|row| row.state == state);
        let rows: Vec<&RemedyRow> = rows.collect();
        Section::new(capital(state.label())).table(table(&rows).done())
    };
    let states = [
        RemedyState::Suffices,
        RemedyState::TooClose,
        RemedyState::Undecided,
        RemedyState::Helps,
        RemedyState::Worse,
    ];
    let mut sections: Vec<Section> =
        states.into_iter().map(of).filter(|section| !section.is_empty()).collect();
    let held = result.held.as_ref().map_or_else(String::new, |held| format!("; {held}"));
    let heading = format!(
        "Without a remedy: {} go wrong; highest peak {} of {}{held}",
        proportion(&result.base.wrong, result.base.replications),
        result.base.highest_bytes,
        result.base.limit_bytes
    );
    sections.insert(0, Section::default().text(heading));
    let mut legend = Section::default()
        .text(
            "wrong: a server is killed for memory, or not all has recovered by the end of the run",
        )
        .text("*: no other is as good in everything and better in something");
    if result.remedies.iter().any(|row| row.asks_less) {
        legend = legend
            .text("?: clients get less than before: only who runs them knows if that will do");
    }
    if result.remedies.iter().any(|row| row.state <= RemedyState::TooClose) {
        legend = legend.text("again: wrong with draws of another seed; -: not confirmed so");
    }
    if result.remedies.iter().any(|row| shown_by_pairs(row.state)) {
        legend = legend.text(
            "helps, worse: a sign test of the pairs of runs on the same draws says so (p of at most 1 %)",
        );
    }
    sections.push(legend);
    sections
}

/// Whether a state is what pairs of runs show.
const fn shown_by_pairs(state: RemedyState) -> bool {
    matches!(state, RemedyState::Helps | RemedyState::NoEffect | RemedyState::Worse)
}

/// Wrong with other draws.
fn again(row: &RemedyRow) -> String {
    match row.confirmed {
        Some(wrong) => format!("{}/{}", wrong.count, row.confirmed_in),
        None => "-".to_owned(),
    }
}

fn table<'r>(rows: &'r [&'r RemedyRow]) -> super::table::Columns<'r, &'r RemedyRow> {
    let share = |row: &RemedyRow| {
        row.figures.highest_bytes.as_f64() / row.figures.limit_bytes.as_f64().max(1.0)
    };
    let mark = |row: &RemedyRow| match (row.on_front, row.asks_less) {
        (_, true) => "?",
        (true, false) => "*",
        (false, false) => "",
    };
    let mut table = Table::of(rows)
        .words("", move |row| mark(row).to_owned())
        .words("remedy", |row| named(row))
        .at_most(31)
        .numbers("wrong", |row| {
            format!("{}/{}", row.figures.wrong.count, row.figures.replications)
        });
    if rows.iter().any(|row| row.state <= RemedyState::TooClose || row.confirmed.is_some()) {
        table = table.numbers("again", |row| again(row));
    }
    table
        .numbers("highest peak", |row| row.figures.highest_bytes.to_string())
        .markdown_only()
        .numbers("highest,\nof limit", move |row| whole_percent(share(row)))
        .numbers("settled", |row| {
            row.figures.settled_seconds.map_or_else(|| "never".to_owned(), clock)
        })
        .numbers("429s", |row| grouped(row.figures.rejected))
        .words("adds", |row| adds(row))
        .numbers("CPU seconds", |row| format!("{:.0}", row.figures.cpu_seconds))
        .markdown_only()
}

/// What is to be bought.
fn adds(row: &RemedyRow) -> String {
    let mut parts = Vec::new();
    if row.extra_bytes > Bytes::ZERO {
        parts.push(row.extra_bytes.to_string());
    }
    if row.extra_cores > 0.0 {
        parts.push(format!("{:.0} cores", row.extra_cores));
    }
    parts.join(",\n")
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

#[cfg(test)]
mod tests {
    use super::{again, table};
    use crate::results::{OutcomeCount, RemedyRow, RemedyState, TrialFigures};
    use crate::units::Bytes;

    #[test]
    fn what_is_not_confirmed_is_marked_and_the_table_fits() {
        let figures = TrialFigures {
            replications: 59,
            rejected: 55_231,
            settled_seconds: Some(738.0),
            peak_bytes: Bytes::gib(3),
            limit_bytes: Bytes::gib(4),
            ..TrialFigures::default()
        };
        let open = RemedyRow {
            name: "paced-rollout".to_owned(),
            dose: "over 20m".to_owned(),
            state: RemedyState::Suffices,
            extra_bytes: Bytes::gib(14),
            extra_cores: 16.0,
            figures,
            ..RemedyRow::default()
        };
        let wrong = OutcomeCount { count: 1, ..OutcomeCount::default() };
        let cut = RemedyRow { confirmed: Some(wrong), confirmed_in: 24, ..open.clone() };
        assert_eq!((again(&open), again(&cut)), ("-".to_owned(), "1/24".to_owned()));
        assert!(!open.is_confirmed() && !cut.is_confirmed());
        let lines = table(&[&open, &cut]).done().lines(80);
        assert!(lines[1].contains("wrong  again"), "{lines:#?}");
    }
}
