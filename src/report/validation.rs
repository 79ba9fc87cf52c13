//! `oomcast validate` for people: predictions beside measurements.

use super::format::{clean, percent};
use super::page::{Page, Section};
use super::run;
use super::table::Table;
use crate::results::{Coverage, ErrorSpread, Orderings, ReplayedRun, ReplayedServers, Validation};
use crate::units::Bytes;

/// The longest name of a run that fits into 80 columns.
const NAME: usize = 43;

/// The same beside the errors.
const WORST: usize = 26;

/// Most pairs ordered wrongly that are named.
const SHOWN_PAIRS: usize = 5;

/// The page of a validation: one row per run, then how far off all are.
#[must_use]
pub fn page(validation: &Validation) -> Page {
    let mut page =
        Page { verdict: headline(validation), notes: validation.notes.clone(), ..Page::default() };
    if !validation.runs.is_empty() {
        page.section(runs(validation));
        page.section(errors(validation));
    }
    for run in &validation.several_servers {
        page.section(servers(run));
    }
    page.section(holders(validation));
    for scenario in &validation.published {
        let heading = format!("Published figures: {}", scenario.scenario);
        let section = Section::new(heading).table(run::published(&scenario.rows));
        page.section(section.legends(run::off(&scenario.rows)));
    }
    page.section(domain(validation));
    page
}

/// How far off the predictions are, in one sentence; empty where there is neither run nor figure.
fn headline(validation: &Validation) -> String {
    let Some(peaks) = &validation.peaks else {
        let rows = || validation.published.iter().flat_map(|scenario| &scenario.rows);
        let within = rows().filter(|row| row.within).count();
        return match rows().count() {
            0 => String::new(),
            all => format!("{within} of {all} published figures are within bounds"),
        };
    };
    format!(
        "{} runs: error of the peak {} in the median, {} in the 90th percentile, {} at worst; {}",
        peaks.count,
        percent(peaks.median),
        percent(peaks.p90),
        percent(peaks.worst),
        losses(validation)
    )
}

fn runs(validation: &Validation) -> Section {
    let seconds = |value: Option<f64>| value.map_or_else(dash, |value| format!("{value:.1}"));
    let table = Table::of(&validation.runs)
        .words("peak of the resident set,\nGiB; errors in per cent", |run| run.id.clone())
        .at_most(NAME)
        .numbers("meas-\nured", |run| gib(run.measured_peak_bytes))
        .numbers("pre-\ndicted", |run| gib(run.predicted_peak_bytes))
        .numbers("\nerror", |run| signed(Some(run.error)))
        .numbers("given\nbase", |run| signed(run.error_from_before))
        .numbers("rise", |run| signed(run.rise_error))
        .markdown_only()
        .numbers("seconds measured", |run| seconds(run.measured_seconds))
        .markdown_only()
        .numbers("seconds predicted", |run| seconds(run.predicted_seconds))
        .markdown_only()
        .numbers("lost\nm/p", |run| lost(run).to_owned());
    Section::titled("Runs").table(table)
}

/// Whether the server was lost: measured / predicted.
fn lost(run: &ReplayedRun) -> &'static str {
    match (run.measured_killed, run.predicted_killed) {
        (false, false) => "-/-",
        (true, true) => "x/x",
        (true, false) => "x/-",
        (false, true) => "-/x",
    }
}

fn errors(validation: &Validation) -> Section {
    let seeds = match validation.replications {
        1 => "1 replication per run".to_owned(),
        n => format!("median of {n} replications per run"),
    };
    Section::new(format!("Absolute errors ({seeds}, seed {})", validation.seed))
        .table(spread_table("", "runs", &spreads(validation)))
        .legend(losses(validation))
        .legend(covered(validation))
        .legends(ordered(&validation.orderings))
}

/// A table of errors: what, how many, median, 90th percentile, worst, of what.
pub(super) fn spread_table(what: &str, of: &str, spreads: &[(&str, &ErrorSpread)]) -> Table {
    Table::of(spreads)
        .words(what, |(name, _)| (*name).to_owned())
        .numbers(of, |(_, spread)| spread.count.to_string())
        .numbers("median", |(_, spread)| percent(spread.median))
        .numbers("p90", |(_, spread)| percent(spread.p90))
        .numbers("worst", |(_, spread)| percent(spread.worst))
        .words("", |(_, spread)| spread.worst_id.clone())
        .at_most(WORST)
        .done()
}

/// The rows of the table of errors.
fn spreads(validation: &Validation) -> Vec<(&'static str, &ErrorSpread)> {
    [
        ("peak, blind", &validation.peaks),
        ("peak, given base", &validation.peaks_from_before),
        ("rise above base", &validation.rises),
        ("duration", &validation.durations),
    ]
    .into_iter()
    .filter_map(|(name, spread)| Some((name, spread.as_ref()?)))
    .collect()
}

fn losses(validation: &Validation) -> String {
    let losses = validation.losses;
    let unsure = match losses.too_close {
        0 => String::new(),
        n => format!("; of the others, too close to call: {n}"),
    };
    format!(
        "lost servers predicted: {} of {}; survivals predicted: {} of {}{unsure}",
        losses.lost_predicted, losses.lost, losses.survived_predicted, losses.survived
    )
}

/// How many measured peaks lie in the intervals of their predictions.
fn covered(validation: &Validation) -> String {
    let Coverage { runs, held, survived, held_left_out } = validation.coverage;
    format!(
        "peaks inside their intervals: {held} of {runs}; with intervals learned from the other runs \
         only: {held_left_out} of {survived}"
    )
}

/// Pairs of runs that differ in one setting, with those that are ordered wrongly.
fn ordered(orderings: &Orderings) -> Vec<String> {
    let Orderings { pairs, right, wrong } = orderings;
    let first = format!("pairs of runs with one difference, ordered right: {right} of {pairs}");
    let wrong = wrong.iter().take(SHOWN_PAIRS).map(|pair| {
        let [setting, lower, higher] =
            [&pair.setting, &pair.lower, &pair.higher].map(|name| clean(name, WORST));
        format!("{setting}: {lower} < {higher}")
    });
    [first].into_iter().chain(wrong).collect()
}

fn servers(run: &ReplayedServers) -> Section {
    let title = format!("{} ({} servers, {} clients)", run.id, run.servers, run.clients);
    let rows = figures(run);
    let table = Table::of(&rows)
        .words(title, |row: &[String; 3]| row[0].clone())
        .numbers("measured", |row| row[1].clone())
        .numbers("predicted", |row| row[2].clone());
    Section::default().table(table)
}

/// What is compared of several servers: name, measured, predicted.
fn figures(run: &ReplayedServers) -> Vec<[String; 3]> {
    let count = |n: Option<u32>| n.map_or_else(dash, |n| n.to_string());
    let row = |name: &str, measured, predicted| [name.to_owned(), measured, predicted];
    let (lost, first) = (run.measured_servers_lost, run.measured_first_death_seconds);
    vec![
        row("deaths", run.measured_deaths.to_string(), run.predicted_deaths.to_string()),
        row("servers that died", count(lost), run.predicted_servers_lost.to_string()),
        row("first death after", seconds(first), seconds(run.predicted_first_death_seconds)),
        row(
            "clients synced at the end",
            count(run.measured_synced),
            run.predicted_synced.to_string(),
        ),
        row(
            "highest peak",
            run.measured_peak_bytes.to_string(),
            run.predicted_peak_bytes.to_string(),
        ),
    ]
}

/// Who held the heap, in the profile and in the ledger.
fn holders(validation: &Validation) -> Section {
    let table = Table::of(&validation.holders)
        .words("heap in use, GiB", |row| clean(&row.run, NAME))
        .at_most(WORST)
        .numbers("at", |row| format!("{:.1} s", row.at_seconds))
        .words("who", |row| row.what.clone())
        .numbers("profile", |row| gib(row.measured_bytes))
        .numbers("ledger", |row| gib(row.predicted_bytes))
        .numbers("at most", |row| gib(row.predicted_most_bytes));
    Section::new("Holders against heap profiles").table(table)
}

fn domain(validation: &Validation) -> Section {
    let table = Table::of(&validation.domain)
        .words("validated domain", |row| row.what.clone())
        .markdown_only()
        .words("measured", |row| row.measured.clone())
        .markdown_only();
    Section::titled("Validated domain").table(table)
}

fn dash() -> String {
    "-".to_owned()
}

fn gib(bytes: Bytes) -> String {
    let value = bytes.as_gib();
    let digits = if value < 99.995 { 2 } else { 1 };
    format!("{value:.digits$}")
}

/// Signed per cent without the sign of per cent.
fn signed(error: Option<f64>) -> String {
    error.map_or_else(dash, |error| format!("{:+.1}", error * 100.0))
}

fn seconds(value: Option<f64>) -> String {
    value.map_or_else(dash, |value| format!("{value:.1} s"))
}
